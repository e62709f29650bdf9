"""What the worklist is sorted and counted by; who is found by which words."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXTS = ("tab", "opened", "now_since", "day_since", "routine_since")
# FTS5 reads the table beside it; the lengths of a prefix that need no merging of many lists.
_WORDS = (
    "CREATE VIRTUAL TABLE finder_words USING fts5(words, content='finder', content_rowid='seq', "
    "tokenize='unicode61 remove_diacritics 2', prefix='1 2 3 4 5 6 7')"
)
# Until the app makes them anew, each row stands where it is not overlooked.
_TAB = (
    "CASE WHEN escalation = 'raised' THEN 'interrupted' WHEN status = 'signed' THEN 'done' "
    "WHEN status = 'draft' THEN CASE WHEN call IN ('open', 'dropped') THEN 'interrupted' "
    "ELSE 'drafts' END ELSE 'needs_review' END"
)


def upgrade() -> None:
    for name in _TEXTS:
        op.add_column("summary", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    rank = sa.Column("rank", sa.Integer(), nullable=False, server_default="0")
    op.add_column("summary", rank)
    op.execute(
        f"UPDATE summary SET app = '', tab = {_TAB}, "  # noqa: S608 - our own words
        "rank = -(100 * (escalation != '') + 10 * tier + due), "
        "opened = (SELECT at FROM intake WHERE intake.id = summary.intake_id)"
    )
    op.create_index("ix_summary_rank", "summary", ["tab", "rank", "opened"])
    op.create_index("ix_summary_since", "summary", ["tab", "since"])
    op.create_index("ix_summary_patient", "summary", ["patient_id"])
    op.create_index("ix_summary_app", "summary", ["app"])
    unsigned, undone = sa.text("status != 'signed'"), sa.text("tab != 'done'")
    op.create_index("ix_summary_day", "summary", ["day"], sqlite_where=unsigned)
    waits = ["now_since", "day_since", "routine_since"]
    op.create_index("ix_summary_waits", "summary", waits, sqlite_where=undone)
    op.create_index("ix_intake_of", "intake", ["patient_id"])
    op.create_index("ix_intake_patient_of", "intake_patient", ["patient_id"])
    op.create_table(
        "finder",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_finder_patient", "finder", ["patient_id"], unique=True)
    op.execute(_WORDS)
