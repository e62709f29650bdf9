"""Which patients staff said to be one person, and which they told apart again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patient_same",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.Column("same", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"]),
        sa.ForeignKeyConstraint(["other_id"], ["patient.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER patient_same_no_{deed.lower()} BEFORE {deed} ON patient_same "
            "BEGIN SELECT RAISE(ABORT, 'patient_same is append-only'); END"
        )
