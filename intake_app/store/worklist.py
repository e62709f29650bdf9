"""The rows of the worklist: derived, and kept only to be quick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date, datetime
from itertools import starmap

from sqlalchemy import Connection, bindparam, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from intake_app.core.model import WorklistRow
from intake_app.core.protocol import Protocol
from intake_app.core.safety import EscalationState
from intake_app.core.screening import Case, screen
from intake_app.core.words import _
from intake_app.core.worklist import Summary, summary
from intake_app.store import clinic, intakes, schema
from intake_app.store.audit import APP_VERSION
from intake_app.store.codec import time_text
from intake_app.store.patients import BORN, IDENTITY, NAME

_kept = schema.summary
_of_intake = _kept.delete().where(_kept.c.intake_id == bindparam("intake"))
_OLD = _of_intake.returning(_kept.c.since, _kept.c.owner)


def keep(connection: Connection, case: Case, at: datetime, by: str) -> None:
    """The row of an intake as it is now that `by` changed it."""
    _keep(connection, case, (time_text(at), by))


def renew(connection: Connection, case: Case) -> None:
    """The row of an intake that nobody changed."""
    _keep(connection, case, ("", ""))


def _keep(connection: Connection, case: Case, change: tuple[str, str]) -> None:
    """The later change counts: a clock may be set back. An upgraded row does not know its own."""
    intake_id = case.intake.id
    old = connection.execute(_OLD, {"intake": intake_id}).first()
    known = (old.since, old.owner) if old and old.since else None
    since, owner = max(known, change) if known else intakes.last_change(connection, intake_id)
    connection.execute(_kept.insert(), _row(case, since, owner))


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


def _stale(today: date) -> ColumnElement[bool]:
    """Ages and windows move on with the day, but not under a signature; and rules change."""
    of_another_day = (_kept.c.day != today.isoformat()) & (_kept.c.status != "signed")
    return or_(_kept.c.app != APP_VERSION, of_another_day)


# Open escalations first, then the strongest tier, then the soonest due, then the oldest.
_ORDER = (
    (_kept.c.escalation != "").desc(),
    _kept.c.tier.desc(),
    _kept.c.due.desc(),
    schema.intake.c.at,
)


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
    found = select(_kept.c.intake_id).join(schema.intake, schema.intake.c.id == _kept.c.intake_id)
    found = found.where(_stale(today)).order_by(*_ORDER).limit(most)
    return connection.execute(found).scalars().all()


def count_stale(connection: Connection, today: date) -> int:
    found = select(func.count()).select_from(_kept).where(_stale(today))
    return int(connection.execute(found).scalar_one())


def rows(connection: Connection, today: date) -> tuple[WorklistRow, ...]:
    known = {
        "patient": NAME,
        "record_number": schema.patient.c.record_number,
        "born": BORN,
        "stale": _stale(today),
    }
    names = [field.name for field in fields(WorklistRow)]
    columns = [known[n] if n in known else _kept.c[n] for n in names]
    found = (
        select(*columns)
        .select_from(IDENTITY)
        .join(_kept, _kept.c.patient_id == schema.patient.c.id)
        .join(schema.intake, schema.intake.c.id == _kept.c.intake_id)
        .order_by(*_ORDER)
    )
    return tuple(starmap(WorklistRow, connection.execute(found)))


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
        today = date.fromisoformat(row.day)
        case = Case(intake, protocol, screen(intake, protocol, today), today)
        if _row(case, *intakes.last_change(connection, found.id)) != row._asdict():
            template = _("worklist: the row of intake {intake} differs from its record")
            return template.format(intake=found.id)
    return None
