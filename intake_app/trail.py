"""TrailService: the audit trail, looked at, proven and taken along."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from intake_app.core.words import _
from intake_app.store import clinic, outlets, trail, verify
from intake_app.store.trail import Entry, Wanted
from intake_app.transaction import Session

# What a screen shows; a file holds all.
MOST_SHOWN = 500
_COLUMNS = ("n", "at", "staff", "role", "event", "subject", "record")


@dataclass(frozen=True)
class TrailState:
    """The end of the trail as it was proven: `seal` is what to compare with an earlier print."""

    count: int
    newest: datetime
    seal: str


class TrailService:
    """Who did what, for the same person."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._office = session.office

    def entries(self, wanted: Wanted) -> tuple[Entry, ...]:
        """The newest of those that are wanted, at most MOST_SHOWN."""
        with self._session.view("entries") as work:
            found = trail.entries(work.connection, wanted, _names(work.connection))
            shown = tuple(islice(found, MOST_SHOWN))
            work.journal.note("trail_viewed", "audit")
            return shown

    def check_trail(self) -> TrailState:
        """Every entry, every row that it is about and every signature; OnHold where one differs,
        and from then on nothing is written."""
        with self._session.change("check_trail") as work:
            records = self._office.records
            records.prove(verify.fault_now(work.connection, records.folder, records.keys))
            state = TrailState(work.journal.head.n, work.journal.at, work.journal.head.mac[:12])
            work.journal.note("trail_checked", "audit")
            return state

    def export_trail(self, wanted: Wanted, path: Path) -> Path:
        """All entries that are wanted, as CSV or as JSON lines, by the ending of the name."""
        written = _FORMS.get(path.suffix.lower())
        if written is None:
            template = _("{file} has to end in .csv or .jsonl; nothing was written.")
            raise outlets.WrongPlace(template.format(file=path.name))
        outlets.refuse_records(path, self._office.records.folder)
        with self._session.view("export_trail") as work:
            found = trail.entries(work.connection, wanted, _names(work.connection))
            data = written(map(_plain, found)).encode("utf-8")
            work.journal.note("trail_exported", "audit")
            outlets.put(path, data)
        return path


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
