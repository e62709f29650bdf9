"""How staff stand, public keys of before, and keys of the trail under earlier vault keys."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = {
    "staff_change": ("staff_id", "standing", "roles", "slot"),
    "signing_key": ("staff_id", "public"),
    "earlier_key": ("key",),
}


def upgrade() -> None:
    for table, texts in _TABLES.items():
        more = [sa.Column("last", sa.Integer(), nullable=False)] if table == "earlier_key" else []
        belongs = [sa.ForeignKeyConstraint(["staff_id"], ["staff.id"])] if not more else []
        op.create_table(
            table,
            sa.Column("seq", sa.Integer(), nullable=False),
            *more,
            *(sa.Column(name, sa.Text(), nullable=False) for name in (*texts, "at", "by")),
            *belongs,
            sa.PrimaryKeyConstraint("seq"),
        )
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
