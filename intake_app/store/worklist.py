"""The rows of the worklist: derived, and kept only to be quick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date, datetime
from itertools import starmap
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement

from intake_app.core.duplicates import together
from intake_app.core.model import WorklistRow
from intake_app.core.protocol import Protocol
from intake_app.core.safety import EscalationState
from intake_app.core.screening import Case, screened
from intake_app.core.words import _
from intake_app.core.worklist import Summary, limits, summary
from intake_app.store import clinic, finder, intakes, patients, schema
from intake_app.store.audit import APP_VERSION
from intake_app.store.codec import time_text
from intake_app.store.patients import BORN, NAME

OVERDUE, DONE, RECENT = "overdue", "done", "recent"
_SEEN = 10  # ux.md, section 2
_LATELY = 5000  # entries of the trail that are looked through for what somebody opened last

_kept = schema.summary
_OF_INTAKE = _kept.c.intake_id == bindparam("intake")
_OLD = _kept.select().where(_OF_INTAKE)
_NEW = _kept.update().where(_OF_INTAKE)


def keep(connection: Connection, case: Case, at: datetime, by: str) -> None:
    """The row of an intake as it is now that `by` changed it."""
    _keep(connection, case, (time_text(at), by))


def renew(connection: Connection, case: Case) -> None:
    """The row of an intake of which nothing new was recorded: whoever changed it last did."""
    _keep(connection, case, intakes.last_change(connection, case.intake.id))


def _keep(connection: Connection, case: Case, change: tuple[str, str]) -> None:
    """The later change counts: a clock may be set back. An upgraded row does not know its own.
    Only what differs is written: this runs at every key, and each index is a page to seal."""
    intake_id = case.intake.id
    found = connection.execute(_OLD, {"intake": intake_id}).mappings().first()
    old = dict(found) if found else {}
    known = (old["since"], old["owner"]) if old.get("since") else None
    since, owner = max(known, change) if known else intakes.last_change(connection, intake_id)
    new = {k: v for k, v in _row(case, since, owner).items() if old.get(k) != v}
    if not old:
        connection.execute(_kept.insert(), new)
    elif new:
        connection.execute(_NEW, {"intake": intake_id, **new})


def _row(case: Case, since: str, owner: str) -> dict[str, object]:
    return {
        **_fields(summary(case, since, owner)),
        "protocol_digest": case.protocol.digest,
        "app": APP_VERSION,
        "day": case.today.isoformat(),
    }


_NAMES = tuple(field.name for field in fields(Summary))


def _fields(of: Summary) -> dict[str, object]:
    """Without the copies of `asdict`: this runs at every key."""
    return {name: getattr(of, name) for name in _NAMES}


def _stale(today: date) -> CompoundSelect[tuple[str]]:
    """Ages and windows move on with the day, but not under a signature; and rules change. Each part
    is one range of an index: most rows are in none."""
    row, day = _kept.c, today.isoformat()
    parts = (
        row.app < APP_VERSION,
        row.app > APP_VERSION,
        and_(schema.UNSIGNED, row.day < day),
        and_(schema.UNSIGNED, row.day > day),
    )
    return union_all(*(select(row.intake_id).where(part) for part in parts))


def _is_stale(row: Any) -> ColumnElement[bool]:
    """`_stale` of a row that was found already."""
    of_another_day = (row.day != bindparam("today")) & (row.status != "signed")
    return or_(row.app != APP_VERSION, of_another_day)


# Open escalations first, then the strongest tier, then the soonest due, then the oldest.
_ORDER = (_kept.c.rank, _kept.c.opened)


_RAISED = _kept.c.escalation == EscalationState.RAISED.value
_LINE_LOST = (_kept.c.escalation == EscalationState.ACCEPTED.value) & (_kept.c.call != "")
_IN_DANGER = (
    select(_kept.c.intake_id)
    .where(or_(_RAISED, _LINE_LOST))
    .order_by(_RAISED.desc(), _kept.c.since, _kept.c.intake_id)
)


def in_danger(connection: Connection) -> Sequence[str]:
    """Open escalations that nobody accepted, or whose line is open or was lost."""
    return connection.execute(_IN_DANGER).scalars().all()


def stale(connection: Connection, today: date, most: int) -> Sequence[str]:
    """The intakes whose row is to be made anew, those that matter most first."""
    found = select(_kept.c.intake_id).where(_kept.c.intake_id.in_(_stale(today)))
    found = found.order_by(*_ORDER).limit(most)
    return connection.execute(found).scalars().all()


def count_stale(connection: Connection, today: date) -> int:
    found = select(func.count(_stale(today).subquery().c.intake_id.distinct()))
    return int(connection.execute(found).scalar_one())


# Rows as they are shown ---------------------------------------------------------------------------


def _in_tab(tab: str, now: datetime) -> ColumnElement[bool]:
    if not tab:
        return true()
    if tab == OVERDUE:
        return _overdue(now)
    here = _kept.c.tab == tab
    return here & (_kept.c.since >= limits(now).day) if tab == DONE else here


def _overdue(now: datetime) -> ColumnElement[bool]:
    """core.worklist.is_overdue, asked of every row at once."""
    at = limits(now)
    row = _kept.c
    waits = (row.now_since, at.now), (row.day_since, at.day), (row.routine_since, at.routine)
    passed = ((since != "") & (since < limit) for since, limit in waits)
    return and_(schema.UNDONE, or_(*passed))


def count(connection: Connection, now: datetime) -> dict[str, int]:
    """How many stand in each tab; of those done, the ones of today."""
    each = select(_kept.c.tab, func.count()).where(_kept.c.tab != DONE).group_by(_kept.c.tab)
    found = {tab: int(number) for tab, number in connection.execute(each)}
    for tab in (OVERDUE, DONE):
        one = select(func.count()).select_from(_kept).where(_in_tab(tab, now))
        found[tab] = int(connection.execute(one).scalar_one())
    return found


def rows(
    connection: Connection,
    now: datetime,
    tab: str = "",
    start: int = 0,
    most: int = -1,
    staff_id: str = "",
) -> tuple[WorklistRow, ...]:
    """`most` rows of a tab from place `start` on; all of every tab by default. What was opened
    lately is of one of the staff."""
    if tab == RECENT:
        return _rows_seen(connection, now, staff_id)[start:]
    page = select(_kept).where(_in_tab(tab, now)).order_by(*_ORDER).limit(most).offset(start)
    return _shown(connection, now, _with_names(page))


def found(connection: Connection, now: datetime, said: str) -> tuple[WorklistRow, ...]:
    """Every intake of those who match what somebody typed, whoever changed last first."""
    return rows_of(connection, now, finder.find(connection, said, now.date()))


def rows_of(
    connection: Connection, now: datetime, patient_ids: Sequence[str]
) -> tuple[WorklistRow, ...]:
    """Every intake of these patients, in their order, the latest first; and those without one. Who
    was said to be the same person stands beside them."""
    said = patients.said_same(connection)
    patient_ids = list(dict.fromkeys(n for id_ in patient_ids for n in together(id_, said)))
    intakes_ = _shown(connection, now, _OF_PATIENTS, patient_ids)
    of_each: dict[str, list[WorklistRow]] = {id_: [] for id_ in patient_ids}
    for row in sorted(intakes_, key=lambda row: row.opened, reverse=True):
        of_each[row.patient_id].append(row)
    return tuple(row for id_ in patient_ids for row in of_each[id_] or _alone(connection, id_))


def _alone(connection: Connection, patient_id: str) -> list[WorklistRow]:
    """Nobody whose intakes all turned out to be another's."""
    if patients.had_intakes(connection, patient_id):
        return []
    known = patients.load(connection, patient_id)
    born = known.born.text if known.born else ""
    return [WorklistRow("", known.name, known.record_number, "", 0, 0, 0, 0, "", born)]


def _rows_seen(connection: Connection, now: datetime, staff_id: str) -> tuple[WorklistRow, ...]:
    """The intakes that one of the staff opened last, as the trail has it; the latest first."""
    entry = schema.audit.c
    lately = select(entry.subject, entry.event, entry.actor).order_by(entry.seq.desc())
    part = lately.limit(_LATELY).subquery()
    seen = select(part.c.subject).where(
        part.c.actor == staff_id, part.c.event.in_(("chart_viewed", "intake_opened"))
    )
    subjects = connection.execute(seen).scalars()
    ids = list(dict.fromkeys(subject.partition(":")[2] for subject in subjects))[:_SEEN]
    found = {row.intake_id: row for row in _shown(connection, now, _OF_INTAKES, ids)}
    return tuple(found[id_] for id_ in ids if id_ in found)


def _with_names(page: Select[Any]) -> Select[Any]:
    """The page is cut first: names are looked up for its rows alone."""
    part = page.subquery()
    known = {
        "patient": NAME,
        "record_number": schema.patient.c.record_number,
        "born": BORN,
        "owner_name": func.coalesce(schema.staff.c.name, ""),
        "stale": _is_stale(part.c),
    }
    names = [field.name for field in fields(WorklistRow)]
    columns = [known[n] if n in known else part.c[n] for n in names]
    return (
        select(*columns)
        .select_from(part)
        .join(schema.patient, schema.patient.c.id == part.c.patient_id)
        .outerjoin(patients.SAID, patients.SAID.c.seq == patients.NEWEST)
        .outerjoin(schema.staff, schema.staff.c.id == part.c.owner)
        .order_by(part.c.rank, part.c.opened)
    )


def _of_some(column: ColumnElement[str]) -> Select[Any]:
    """Written once: to build it takes longer than to run it, and a search runs it at every key."""
    return _with_names(select(_kept).where(column.in_(bindparam("ids", expanding=True))))


_OF_PATIENTS, _OF_INTAKES = _of_some(_kept.c.patient_id), _of_some(_kept.c.intake_id)


def _shown(
    connection: Connection, now: datetime, rows_: Select[Any], ids: Sequence[str] = ()
) -> tuple[WorklistRow, ...]:
    given = {"today": now.date().isoformat(), "ids": list(ids)}
    return tuple(starmap(WorklistRow, connection.execute(rows_, given)))


def fault(connection: Connection, build: Callable[[str], Protocol]) -> str | None:
    """The one table of records that the trail does not cover has to come out the same again."""
    kept = {row.intake_id: row for row in connection.execute(select(_kept))}
    for found in intakes.opened(connection):
        row = kept.get(found.id)
        if row is None:
            return _("worklist: intake {intake} is missing").format(intake=found.id)
        if row.app != APP_VERSION:  # made by other rules; renewed when the worklist is opened
            continue
        protocol = build(clinic.protocol_text(connection, found.protocol_digest))
        intake = intakes.load(connection, found, protocol)
        case = screened(intake, protocol, date.fromisoformat(row.day))
        if _row(case, *intakes.last_change(connection, found.id)) != row._asdict():
            template = _("worklist: the row of intake {intake} differs from its record")
            return template.format(intake=found.id)
    return None
