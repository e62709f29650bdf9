"""TrailService: the audit trail, looked at, proven and taken along."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from intake_app.core import review
from intake_app.core.words import _
from intake_app.store import audit, clinic, database, gaps, outlets, trail, verify
from intake_app.store.codec import time_of
from intake_app.store.trail import Entry, Wanted
from intake_app.transaction import Session

# How often all is proven where no backup did it (security.md, 4.3).
EVERY = timedelta(days=7)
# What a screen shows; a file holds all.
MOST_SHOWN = 500
_COLUMNS = ("n", "at", "staff", "role", "event", "subject", "record")


@dataclass(frozen=True)
class TrailState:
    """The end of the trail as it was proven: `seal` is what to compare with an earlier print.
    `gaps` names each that an administrator went on with: before it, nothing is proven."""

    count: int
    newest: datetime
    seal: str
    gaps: tuple[str, ...] = ()


class TrailService:
    """Who did what, for the same person."""

    def __init__(self, session: Session, more: verify.More) -> None:
        """`more` is what verify looks at beside the trail."""
        self._session = session
        self._more = more
        self._office = session.office

    def entries(self, wanted: Wanted) -> tuple[Entry, ...]:
        """The newest of those that are wanted, at most MOST_SHOWN."""
        with self._session.read("entries") as work:
            found = self._found(work.connection, wanted)
            shown = tuple(islice(found, MOST_SHOWN))
            work.journal.note("trail_viewed", "audit")
            return shown

    def check_trail(self) -> TrailState:
        """All that verify looks at, on a copy, so that no key waits for it; OnHold where something
        differs, and from then on nothing is written."""
        review.role_for(self._session.staff, "check_trail")
        records = self._office.records
        if records.hold:
            raise database.OnHold(records.hold)
        fault, head = verify.copy_fault(records, self._more)
        records.prove(fault)
        with self._session.change("check_trail") as work:
            work.journal.note("trail_checked", "audit")
            names = gaps.told(work.connection)
            return TrailState(head.n, work.journal.at, head.mac[:12], names)

    def is_check_due(self) -> bool:
        """Whether nobody proved everything for a week: by hand, for a backup, or by itself. A clock
        that was set back leaves a time to come: that one is not waited for."""
        if self._office.records.hold or self._office.about.demo:
            return False
        with self._session.look("is_check_due") as connection:
            last = audit.latest_time(connection, "trail_checked", "backed_up")
            last = last or audit.first_time(connection)
        return not timedelta() <= self._office.clock() - time_of(last) < EVERY

    def export_trail(self, wanted: Wanted, path: Path) -> Path:
        """All entries that are wanted, as CSV or as JSON lines, by the ending of the name."""
        written = _FORMS.get(path.suffix.lower())
        if written is None:
            template = _("{file} has to end in .csv or .jsonl; nothing was written.")
            raise outlets.WrongPlace(template.format(file=path.name))
        outlets.refuse_records(path, self._office.records.folder)
        with self._session.look("export_trail") as connection:
            verify.prove(self._office.records, connection)
            found = self._found(connection, wanted)
            data = written(map(_plain, found)).encode("utf-8")
        with outlets.beside(path, data) as place, self._session.view("export_trail") as work:
            work.journal.note("trail_exported", "audit")
            place()
        return path

    def _found(self, connection: Connection, wanted: Wanted) -> Iterator[Entry]:
        by_name = review.may(self._session.staff, "show")
        return trail.entries(connection, wanted, _names(connection), by_name=by_name)


def _names(connection: Connection) -> Mapping[str, str]:
    return {member.id: member.name for member in clinic.load_staff(connection).values()}


def _plain(entry: Entry) -> dict[str, str]:
    found = asdict(entry) | {"at": entry.at.isoformat()}
    return {name: str(found[name]) for name in _COLUMNS}


def _as_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """What a spreadsheet would take for a formula is marked as a text."""
    held = io.StringIO()
    out = csv.DictWriter(held, _COLUMNS)
    out.writeheader()
    for row in rows:
        out.writerow({name: _no_formula(text) for name, text in row.items()})
    return held.getvalue()


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _as_lines(rows: Iterable[Mapping[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


_FORMS: Mapping[str, Callable[[Iterable[Mapping[str, str]]], str]] = {
    ".csv": _as_csv,
    ".jsonl": _as_lines,
}
