"""Every table and column, once. Times are UTC ISO text, keys are UUID text, values are JSON text.

All tables but those of `MUTABLE` are append-only: triggers refuse UPDATE and DELETE, and what a
signature closes takes no more rows (each migration, for its tables).
"""

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text, text

# The migration that a database of this version of the app stands at.
HEAD = "0007"

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _intake() -> Column[str]:
    return Column("intake_id", Text, ForeignKey("intake.id"), nullable=False)


def _numbered(name: str, *columns: Column[Any]) -> Table:
    """A table whose rows keep the order in which they were written."""
    return Table(name, metadata, Column("seq", Integer, primary_key=True), *columns)


staff = Table(
    "staff",
    metadata,
    Column("id", Text, primary_key=True),
    _text("name"),
    _text("roles"),
    _text("at"),
    _text("by"),
)
# The latest row of a person says how they stand; the row of `staff` where there is none. `slot` is
# a place of vault.keys that the file is brought to at the next opening, "" where it stays.
staff_change = _numbered(
    "staff_change",
    Column("staff_id", Text, ForeignKey("staff.id"), nullable=False),
    _text("standing"),
    _text("roles"),
    _text("slot"),
    _text("at"),
    _text("by"),
)
# A public key that vault.keys holds no more, as hex: what was signed before it still verifies.
signing_key = _numbered(
    "signing_key",
    Column("staff_id", Text, ForeignKey("staff.id"), nullable=False),
    _text("public"),
    _text("at"),
    _text("by"),
)
# A key of the trail under an earlier vault key, as hex: the entries up to `last` are chained by it.
earlier_key = _numbered(
    "earlier_key", Column("last", Integer, nullable=False), _text("key"), _text("at"), _text("by")
)
# Where records that did not fit were gone on with: see gaps.py. `first` is the entry that says so,
# `before` the MAC that it is chained by, `known` what vault.head said.
gap = _numbered(
    "gap",
    Column("first", Integer, nullable=False),
    _text("before"),
    _text("known"),
    _text("found"),
    _text("reason"),
    _text("digest"),
    _text("at"),
    _text("by"),
)
setting = _numbered("setting", _text("name"), _text("value"), _text("at"), _text("by"))
protocol = Table(
    "protocol",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("name"),
    _text("version"),
    _text("content"),
    _text("at"),
    _text("by"),
)
patient = Table(
    "patient",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record_number", Text, nullable=False, unique=True),
    _text("name"),
    _text("born"),
    _text("sex"),
    _text("at"),
    _text("by"),
)
# The latest row of a patient says who it is; the row of `patient` where there is none.
patient_identity = _numbered(
    "patient_identity",
    Column("patient_id", Text, ForeignKey("patient.id"), nullable=False),
    _text("name"),
    _text("born"),
    _text("sex"),
    _text("at"),
    _text("by"),
)
# Of each pair the latest row says whether staff took the two for one person. Nothing of either
# record changes by it: their intakes are shown together.
patient_same = _numbered(
    "patient_same",
    Column("patient_id", Text, ForeignKey("patient.id"), nullable=False),
    Column("other_id", Text, ForeignKey("patient.id"), nullable=False),
    _text("same"),
    _text("at"),
    _text("by"),
)
intake = Table(
    "intake",
    metadata,
    Column("id", Text, primary_key=True),
    Column("patient_id", Text, ForeignKey("patient.id"), nullable=False),
    Column("protocol_digest", Text, ForeignKey("protocol.digest"), nullable=False),
    _text("at"),
    _text("by"),
)
# The latest row of an intake says whose it is; the row of `intake` where there is none.
intake_patient = _numbered(
    "intake_patient",
    _intake(),
    Column("patient_id", Text, ForeignKey("patient.id"), nullable=False),
    _text("at"),
    _text("by"),
)
intake_move = _numbered("intake_move", _intake(), _text("move"), _text("at"), _text("by"))
call_event = _numbered(
    "call_event",
    _intake(),
    _text("call_id"),
    _text("event"),
    _text("stage"),
    _text("relationship"),
    _text("at"),
    _text("by"),
)
answer = _numbered(
    "answer",
    Column("id", Text, nullable=False, unique=True),
    _intake(),
    _text("item"),
    Column("entry", Integer, nullable=False),
    _text("state"),
    _text("value"),
    _text("source"),
    _text("note"),
    _text("wording"),
    _text("at"),
    _text("by"),
)
medication = _numbered(
    "medication",
    Column("id", Text, nullable=False, unique=True),
    _intake(),
    _text("fields"),
    _text("source"),
    _text("at"),
    _text("by"),
)
note = _numbered("note", _intake(), _text("item"), _text("text"), _text("at"), _text("by"))
escalation_event = _numbered(
    "escalation_event",
    _intake(),
    _text("escalation_id"),
    _text("move"),
    _text("fields"),
    _text("at"),
    _text("by"),
)
flag_review = _numbered(
    "flag_review",
    _intake(),
    _text("flag"),
    _text("decision"),
    _text("reason"),
    _text("seen"),
    _text("at"),
    _text("by"),
)
signature = Table(
    "signature",
    metadata,
    Column("intake_id", Text, ForeignKey("intake.id"), primary_key=True),
    _text("name"),
    _text("disposition"),
    _text("reason"),
    _text("snapshot"),
    _text("record_hash"),
    _text("statement"),
    _text("signature"),
    _text("at"),
    _text("by"),
)
addendum = _numbered(
    "addendum",
    Column("id", Text, nullable=False, unique=True),
    _intake(),
    _text("text"),
    _text("name"),
    _text("statement"),
    _text("signature"),
    _text("at"),
    _text("by"),
)
summary = Table(
    "summary",
    metadata,
    Column("intake_id", Text, ForeignKey("intake.id"), primary_key=True),
    _text("patient_id"),
    _text("status"),
    Column("tier", Integer, nullable=False),
    Column("due", Integer, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("queries", Integer, nullable=False),
    Column("unanswered", Integer, nullable=False),
    _text("escalation"),
    _text("call"),
    _text("stage"),
    _text("owner"),
    _text("since"),
    _text("protocol_digest"),
    _text("day"),
    _text("app"),
    _text("tab"),
    Column("rank", Integer, nullable=False),
    _text("opened"),
    _text("now_since"),
    _text("day_since"),
    _text("routine_since"),
)
# What a patient is found by. FTS5 keeps its lists of the words beside it, in `finder_words`.
finder = _numbered("finder", _text("patient_id"), _text("words"))
place = Table(
    "place",
    metadata,
    Column("staff_id", Text, ForeignKey("staff.id"), primary_key=True),
    _text("fields"),
)
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    _text("at"),
    _text("zone"),
    _text("actor"),
    _text("role"),
    _text("event"),
    _text("subject"),
    _text("payload"),
    _text("app"),
    _text("mac"),
    _text("signature"),
)

for _table in (intake_move, call_event, answer, medication, escalation_event, flag_review):
    Index(f"ix_{_table.name}_intake", _table.c.intake_id)
for _table in (addendum, note, intake_patient):
    Index(f"ix_{_table.name}_intake", _table.c.intake_id)
Index("ix_summary_rank", summary.c.tab, summary.c.rank, summary.c.opened)
Index("ix_summary_since", summary.c.tab, summary.c.since)
Index("ix_summary_patient", summary.c.patient_id)
# What is of another day, and what waits, is looked for among those that are not done.
UNSIGNED, UNDONE = text("status != 'signed'"), text("tab != 'done'")
Index("ix_summary_app", summary.c.app)
Index("ix_summary_day", summary.c.day, sqlite_where=UNSIGNED)
_WAITS = (summary.c.now_since, summary.c.day_since, summary.c.routine_since)
Index("ix_summary_waits", *_WAITS, sqlite_where=UNDONE)
Index("ix_intake_of", intake.c.patient_id)
Index("ix_intake_patient_of", intake_patient.c.patient_id)
Index("ix_finder_patient", finder.c.patient_id, unique=True)
Index("ix_patient_identity_patient", patient_identity.c.patient_id)
# Whose number it is that somebody calls from is looked up during the call, in this index alone.
ONLY_PHONES = text("item = 'callback_number'")
_PHONE = (answer.c.intake_id, answer.c.state, answer.c.value)
Index("ix_answer_phone", *_PHONE, sqlite_where=ONLY_PHONES)

# Derived rows, and where each member of staff was: no part of the trail.
MUTABLE = (summary, finder, place)
APPEND_ONLY = tuple(table for table in metadata.sorted_tables if table not in MUTABLE)

# What a signature closes: nothing is added to these for a signed intake. Escalations go on.
CLOSED_BY_SIGNATURE = (
    intake_patient,
    intake_move,
    call_event,
    answer,
    medication,
    note,
    flag_review,
)

# The triggers of the migrations.
GUARDS = frozenset(
    {f"{table.name}_no_{deed}" for table in APPEND_ONLY for deed in ("update", "delete")}
    | {f"{table.name}_signed" for table in CLOSED_BY_SIGNATURE}
)


def guard(name: str) -> str:
    """The statement that makes one of them, as the migrations do."""
    table, _no, deed = name.rpartition("_no_")
    if table:
        refused = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        return f"CREATE TRIGGER {name} BEFORE {deed.upper()} ON {table} {refused}"
    table = name.removesuffix("_signed")
    return (
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "  # noqa: S608 - our names
        "WHEN EXISTS (SELECT 1 FROM signature WHERE intake_id = NEW.intake_id) "
        f"BEGIN SELECT RAISE(ABORT, '{table} of a signed intake'); END"
    )
