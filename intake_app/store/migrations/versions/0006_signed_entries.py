"""The signature of whoever did it, beside the entries that carry one; none on what was before."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("signature", sa.Text(), nullable=False, server_default=""))
