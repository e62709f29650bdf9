"""The audit trail: every change writes its entry in the same transaction, chained by HMAC.

An entry holds who, when, what and the hash of the row that it wrote; the row itself stays in its
own table, so that no patient data stands in the trail. `vault.head` anchors the newest entry
outside the database: an old copy put back is found, because the database then ends too early.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table, select, text

from intake_app.core.events import CHANGED, EVENTS, SIGNED
from intake_app.core.words import _
from intake_app.store import schema
from intake_app.store.codec import canonical, time_text
from intake_app.store.vault import Pen

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, in which of their roles."""

    id: str
    role: str
    pen: Pen | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: its number and its MAC as hex."""

    n: int
    mac: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that was looked at, for an entry that follows it."""

    actor: Actor
    at: datetime
    event: str
    subject: str


class Notes:
    """What is looked at in one transaction that writes nothing."""

    def __init__(self, actor: Actor, at: datetime) -> None:
        self._actor = actor
        self.at = at
        self.seen: list[Seen] = []

    def note(self, event: str, subject: str) -> None:
        """ValueError for an event that is not on the closed list."""
        _check_known(event)
        self.seen.append(Seen(self._actor, self.at, event, subject))


class Journal:
    """Writes rows and their audit entries together; there is no other way to write."""

    def __init__(
        self, connection: Connection, key: bytes, actor: Actor, at: datetime, head: Head
    ) -> None:
        self._connection = connection
        self._key = key
        self._actor = actor
        self.at = at
        self.head = head

    def write(self, table: Table, row: Mapping[str, object], event: str) -> None:
        """Insert a row; `at` and `by` are filled in."""
        whole = dict(row, at=time_text(self.at), by=self._actor.id)
        written = self._connection.execute(table.insert(), whole)
        key = written.inserted_primary_key
        subject = f"{table.name}:{key[0] if key else ''}"
        self.note(event, subject, payload_hash(table.name, whole))

    def note(self, event: str, subject: str, payload: str = "") -> None:
        """An entry for something that writes no row of its own, such as opening a chart.

        ValueError for an event that is not on the closed list: the transaction is undone.
        """
        _check_known(event)
        entry = {
            "seq": self.head.n + 1,
            "at": time_text(self.at),
            "zone": self.at.strftime("%z"),
            "actor": self._actor.id,
            "role": self._actor.role,
            "event": event,
            "subject": subject,
            "payload": payload,
            "app": APP_VERSION,
        }
        mac = entry_mac(self._key, self.head.mac, entry)
        signed = {"signature": self._signature(entry, mac)}
        self._connection.execute(schema.audit.insert(), {**entry, "mac": mac, **signed})
        self.head = Head(self.head.n + 1, mac)

    def _signature(self, entry: Mapping[str, object], mac: str) -> str:
        if not is_signed(entry):
            return ""
        if self._actor.pen is None:
            raise ValueError("an entry that needs the key of whoever did it")
        return self._actor.pen.sign(said_by_pen(entry["seq"], mac))


def _check_known(event: str) -> None:
    if event not in EVENTS:
        raise ValueError("an event that the trail does not know")


# Part of every entry, so that a reader of the trail knows which rules wrote it.
APP_VERSION = "0.2.0"
# What wrote entries before any was signed.
UNSIGNED_APP = "0.1.0"
# Who comes or restores with the recovery key alone has no key of their own.
BY_PAPER = "recovery key"


def is_signed(entry: Mapping[str, object]) -> bool:
    """Whether an entry carries the signature of whoever did it."""
    if entry["app"] == UNSIGNED_APP or entry["actor"] == BY_PAPER:
        return False
    return entry["event"] in SIGNED


def said_by_pen(n: object, mac: str) -> bytes:
    """The MAC is chained to all that came before, so a signature binds all of that too."""
    return canonical(["audit entry", n, mac]).encode()


def payload_hash(table: str, row: Mapping[str, object]) -> str:
    """SHA-256 over the row as written; its UUIDs keep it from being guessed."""
    return hashlib.sha256(canonical([table, dict(row)]).encode()).hexdigest()


def entry_mac(key: bytes, before: str, entry: Mapping[str, object]) -> str:
    body = canonical(dict(entry)).encode()
    previous = bytes.fromhex(before) if before else GENESIS
    return hmac.digest(key, previous + body, "sha256").hex()


def newest(connection: Connection) -> Head:
    last = select(schema.audit.c.seq, schema.audit.c.mac).order_by(schema.audit.c.seq.desc())
    row = connection.execute(last.limit(1)).first()
    return Head(row.seq, row.mac) if row else Head(0, "")


def newest_time(connection: Connection) -> str:
    last = select(schema.audit.c.at).order_by(schema.audit.c.seq.desc())
    return str(connection.execute(last.limit(1)).scalar_one())


def first_time(connection: Connection) -> str:
    first = select(schema.audit.c.at).order_by(schema.audit.c.seq)
    return str(connection.execute(first.limit(1)).scalar_one())


def changed_since(connection: Connection, n: int) -> bool:
    """Whether an entry after `n` tells of more than somebody looking."""
    entry = schema.audit.c
    found = select(entry.seq).where(entry.seq > n, entry.event.in_(CHANGED)).limit(1)
    return connection.execute(found).first() is not None


def latest_of(connection: Connection, *events: str) -> str:
    entry = schema.audit.c
    found = select(entry.event).where(entry.event.in_(events)).order_by(entry.seq.desc())
    return str(connection.execute(found.limit(1)).scalar() or "")


def latest_time(connection: Connection, *events: str) -> str:
    entry = schema.audit.c
    found = select(entry.at).where(entry.event.in_(events)).order_by(entry.seq.desc())
    return str(connection.execute(found.limit(1)).scalar() or "")


def mac_of(connection: Connection, n: int) -> str | None:
    """What entry `n` is chained by; an empty text before the first."""
    if n == 0:
        return ""
    return connection.execute(select(schema.audit.c.mac).where(schema.audit.c.seq == n)).scalar()


def first_fault(connection: Connection, key: bytes, head: Head) -> str | None:
    """The place of the first fault in the trail, or None. Total: whatever it reads, it answers."""
    try:
        return (
            chain_fault(connection, key) or head_fault(connection, head) or _rows_fault(connection)
        )
    except Exception as error:  # noqa: BLE001 - whatever cannot be read is a fault
        return _("audit trail: cannot be read ({kind})").format(kind=type(error).__name__)


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of the trail that has to fit: from entry `first` on, which is chained by `before`.
    All that came before it is frozen as it was found."""

    first: int = 1
    before: str = ""
    digest: str = ""


_WITH_GAPS = text("SELECT 1 FROM sqlite_master WHERE name = 'gap'")


def segment(connection: Connection) -> Segment:
    """The whole trail, unless an administrator went on with a gap: from the newest on, then."""
    if connection.execute(_WITH_GAPS).first() is None:
        return Segment()  # records of an earlier version
    newest_gap = select(schema.gap).order_by(schema.gap.c.seq.desc()).limit(1)
    row = connection.execute(newest_gap).first()
    return Segment(row.first, row.before, row.digest) if row else Segment()


def subjects_since(connection: Connection, first: int) -> dict[str, str]:
    """The hash of each row that entry `first` or a later one wrote."""
    entry = schema.audit.c
    wrote = select(schema.audit).where(entry.payload != "", entry.seq >= first)
    return {row.subject: row.payload for row in connection.execute(wrote)}


def frozen(connection: Connection, first: int) -> str:
    """A digest of all entries before `first`, and of all rows that none from there on wrote."""
    since = subjects_since(connection, first)
    held = [(row, hashed) for row, hashed, _of in _hashed_rows(connection) if row not in since]
    entries = schema.audit.select().where(schema.audit.c.seq < first)
    before = [list(row) for row in connection.execute(entries.order_by(schema.audit.c.seq))]
    return hashlib.sha256(canonical([before, sorted(held)]).encode()).hexdigest()


def _hashed_rows(connection: Connection) -> Iterator[tuple[str, str, tuple[str, object]]]:
    """Of each row of each table that the trail covers: its subject, its hash, its place."""
    for table in schema.APPEND_ONLY:
        if table is schema.audit:
            continue
        for row in connection.execute(select(table)):
            whole = dict(row._mapping)
            key = whole[next(iter(table.primary_key.columns)).name]
            if "seq" in whole:
                whole.pop("seq")
            yield f"{table.name}:{key}", payload_hash(table.name, whole), (table.name, key)


# Records of an earlier version have fewer columns, and are proven before they are upgraded.
_FROM = text("SELECT * FROM audit WHERE seq >= :first ORDER BY seq")


def chain_fault(connection: Connection, key: bytes, first: int = 1) -> str | None:
    """From entry `first` on each entry is there, unchanged, in its place."""
    part = segment(connection)
    if first <= part.first:
        first, before = part.first, part.before
    else:
        found = mac_of(connection, first - 1)
        if found is None:
            return _missing(first - 1)
        before = found
    earlier = earlier_keys(connection)
    rows = connection.execute(_FROM, {"first": first})
    for expected, row in enumerate(rows, start=first):
        entry = dict(row._mapping)
        mac = entry.pop("mac")
        signature = entry.pop("signature", "")
        if entry["seq"] != expected:
            return _missing(expected)
        if bool(signature) != is_signed(entry):
            return _("audit trail: entry {n} was changed").format(n=expected)
        chained_by = next((old for last, old in earlier if expected <= last), key)
        if not hmac.compare_digest(mac, entry_mac(chained_by, before, entry)):
            return _("audit trail: entry {n} was changed").format(n=expected)
        before = mac
    return None


_KEPT = text("SELECT 1 FROM sqlite_master WHERE name = 'earlier_key'")


def earlier_keys(connection: Connection) -> tuple[tuple[int, bytes], ...]:
    """(last entry, key) under each vault key before the present one, the oldest first."""
    if connection.execute(_KEPT).first() is None:
        return ()  # records of an earlier version, proven before they are upgraded
    rows = connection.execute(select(schema.earlier_key).order_by(schema.earlier_key.c.last))
    return tuple((row.last, bytes.fromhex(row.key)) for row in rows)


def _missing(n: int) -> str:
    return _("audit trail: entry {n} is missing").format(n=n)


def head_fault(connection: Connection, head: Head) -> str | None:
    """The trail holds the entry of the anchor, and after it no more than one transaction wrote: a
    crash may come between a commit and its anchor, and no second commit begins before (see
    `Records.change`). What comes after more is an older anchor, put back."""
    end = newest(connection).n
    if end < head.n:
        template = _("audit trail: ends at entry {end}, vault.head knows entry {known}")
        return template.format(end=end, known=head.n)
    if mac_of(connection, head.n) != head.mac:
        return _("audit trail: entry {n} differs from vault.head").format(n=head.n)
    if _transactions_after(connection, head.n) > 1:
        template = _("vault.head: knows entry {known} of {end}; an older one was put back")
        return template.format(known=head.n, end=end)
    return None


def _transactions_after(connection: Connection, n: int) -> int:
    """All entries of a transaction have one time and one actor: those of its Journal."""
    entry = schema.audit.c
    of_each = select(entry.at, entry.zone, entry.actor, entry.role).where(entry.seq > n).distinct()
    return len(connection.execute(of_each.limit(2)).all())


def _rows_fault(connection: Connection) -> str | None:
    """Every row has its entry and every entry its row, unchanged; what a gap froze is as it was."""
    part = segment(connection)
    noted = subjects_since(connection, part.first)
    if part.first > 1 and frozen(connection, part.first) != part.digest:
        template = _("what came before the gap at entry {n} was changed since")
        return template.format(n=part.first)
    for subject, hashed, (table, key) in _hashed_rows(connection):
        if part.first > 1 and subject not in noted:
            continue
        if noted.pop(subject, None) != hashed:
            template = _("{table}: row {key} differs from its audit entry")
            return template.format(table=table, key=key)
    if not noted:
        return None
    return _("{row}: is in the audit trail and nowhere else").format(row=next(iter(noted)))
