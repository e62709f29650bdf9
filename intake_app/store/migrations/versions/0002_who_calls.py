"""Who somebody is said to be, whose intake it is, notes, where staff were; more in the worklist."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("patient_identity", "intake_patient", "note")
_CLOSED_BY_SIGNATURE = ("intake_patient", "note")
_NEW_IN_SUMMARY = ("patient_id", "call", "stage", "owner", "since")


def upgrade() -> None:
    _tables()
    _indexes()
    _summary()
    for table in _APPEND_ONLY:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for table in _CLOSED_BY_SIGNATURE:
        op.execute(
            f"CREATE TRIGGER {table}_signed BEFORE INSERT ON {table} "  # noqa: S608 - our names
            "WHEN EXISTS (SELECT 1 FROM signature WHERE intake_id = NEW.intake_id) "
            f"BEGIN SELECT RAISE(ABORT, '{table} of a signed intake'); END"
        )


def _tables() -> None:
    op.create_table(
        "patient_identity",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("born", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "intake_patient",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("intake_id", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"]),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "note",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("intake_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "place",
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.PrimaryKeyConstraint("staff_id"),
    )


def _indexes() -> None:
    op.create_index("ix_patient_identity_patient", "patient_identity", ["patient_id"])
    op.create_index("ix_intake_patient_intake", "intake_patient", ["intake_id"])
    op.create_index("ix_note_intake", "note", ["intake_id"])
    op.create_index(
        "ix_answer_phone",
        "answer",
        ["intake_id", "state", "value"],
        sqlite_where=sa.text("item = 'callback_number'"),
    )


def _summary() -> None:
    """The rows stay, as those of an older version: the app makes them anew, a few at a time."""
    for name in _NEW_IN_SUMMARY:
        op.add_column("summary", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    count = sa.Column("queries", sa.Integer(), nullable=False, server_default="0")
    op.add_column("summary", count)
    op.execute(
        "UPDATE summary SET patient_id = "
        "(SELECT patient_id FROM intake WHERE intake.id = summary.intake_id)"
    )
