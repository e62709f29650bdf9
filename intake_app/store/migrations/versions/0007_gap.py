"""Where a trail that did not fit was gone on with, by whom and why."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    texts = ("before", "known", "found", "reason", "digest", "at", "by")
    op.create_table(
        "gap",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.PrimaryKeyConstraint("seq"),
    )
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER gap_no_{deed.lower()} BEFORE {deed} ON gap "
            "BEGIN SELECT RAISE(ABORT, 'gap is append-only'); END"
        )
