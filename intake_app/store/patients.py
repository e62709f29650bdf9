"""Rows of patients <-> values. The latest row of `patient_identity` says who somebody is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, union

from intake_app.core.duplicates import Known, Said, digits
from intake_app.core.errors import NotFound
from intake_app.core.model import PartialDate, Patient, State
from intake_app.core.words import _
from intake_app.store import schema

_first, _said = schema.patient, schema.patient_identity
SAID = _said
NEWEST = (
    select(func.max(_said.c.seq))
    .where(_said.c.patient_id == _first.c.id)
    .correlate(_first)
    .scalar_subquery()
)
IDENTITY = _first.outerjoin(_said, _said.c.seq == NEWEST)
NAME, BORN, SEX = (
    func.coalesce(_said.c[name], _first.c[name]).label(name) for name in ("name", "born", "sex")
)
_PATIENT = select(_first.c.id, _first.c.record_number, NAME, BORN, SEX).select_from(IDENTITY)
_ONE = _PATIENT.where(_first.c.id == bindparam("patient"))


def load(connection: Connection, patient_id: str) -> Patient:
    row = connection.execute(_ONE, {"patient": patient_id}).first()
    if row is None:
        raise NotFound(_("such patient"))
    return _patient(row)


def _patient(row: Any) -> Patient:
    born = PartialDate.parse(row.born) if row.born else None
    return Patient(row.id, row.record_number, row.name, born, row.sex or None)


def next_record_number(connection: Connection) -> str:
    count = connection.execute(select(func.count()).select_from(schema.patient)).scalar_one()
    return f"P-{count + 1:06d}"


def row(patient: Patient) -> dict[str, object]:
    return {"id": patient.id, "record_number": patient.record_number, **_who(patient)}


def identity_row(patient: Patient) -> dict[str, object]:
    return {"patient_id": patient.id, **_who(patient)}


def _who(patient: Patient) -> dict[str, object]:
    born = patient.born.text if patient.born else ""
    return {"name": patient.name, "born": born, "sex": patient.sex or ""}


def everybody(connection: Connection) -> tuple[Known, ...]:
    """All but those who were left without a name and without an intake."""
    return _known(connection, connection.execute(_PATIENT), None)


def known(connection: Connection, patient_id: str) -> Known | None:
    """One of `everybody`, or None where they are not among them."""
    found = _known(connection, connection.execute(_ONE, {"patient": patient_id}), patient_id)
    return found[0] if found else None


def _known(connection: Connection, people: Any, patient_id: str | None) -> tuple[Known, ...]:
    whose = _whose(connection, patient_id)
    phones: dict[str, set[str]] = {each: set() for each in whose.values()}
    for intake_id, number in _numbers(connection, None if patient_id is None else whose):
        phones[whose[intake_id]].add(number)
    for numbers in phones.values():
        numbers.discard("")
    return tuple(
        Known(id_, record_number, name, born, frozenset(phones.get(id_, ())))
        for id_, record_number, name, born, _sex in people
        if name or id_ in phones
    )


_MOVED = schema.intake_patient
_EVER_OF = union(
    select(schema.intake.c.id).where(schema.intake.c.patient_id == bindparam("patient")),
    select(_MOVED.c.intake_id).where(_MOVED.c.patient_id == bindparam("patient")),
)


def _whose(connection: Connection, patient_id: str | None) -> dict[str, str]:
    """The patient of each intake, of the latest row that says so; or the intakes of one."""
    ids = None
    if patient_id is not None:
        ids = connection.execute(_EVER_OF, {"patient": patient_id}).scalars().all()
    found: dict[str, str] = {}
    for table, key in ((schema.intake, "id"), (_MOVED, "intake_id")):
        rows = select(table.c[key], table.c.patient_id).order_by(table.primary_key.columns[0])
        if ids is not None:
            rows = rows.where(table.c[key].in_(ids))
        for intake_id, owner in connection.execute(rows):
            found[intake_id] = owner
    return {id_: owner for id_, owner in found.items() if patient_id in (None, owner)}


def had_intakes(connection: Connection, patient_id: str) -> bool:
    return connection.execute(_EVER_OF, {"patient": patient_id}).first() is not None


def ever_of(connection: Connection, intake_id: str) -> Sequence[str]:
    """Everybody whose intake this is or was."""
    first = select(schema.intake.c.patient_id).where(schema.intake.c.id == intake_id)
    later = select(_MOVED.c.patient_id).where(_MOVED.c.intake_id == intake_id)
    return connection.execute(union(first, later)).scalars().all()


def _numbers(connection: Connection, intake_ids: Iterable[str] | None) -> Iterator[tuple[str, str]]:
    """Of each intake the number that was told last."""
    answer = schema.answer
    told = select(answer.c.seq, answer.c.intake_id, answer.c.state, answer.c.value)
    if intake_ids is not None:
        told = told.where(answer.c.intake_id.in_(list(intake_ids)))
    rows = connection.execute(told.where(schema.ONLY_PHONES)).all()
    latest: dict[str, str] = {}
    for _seq, intake_id, state, value in sorted(rows):  # here, or SQLite would read every answer
        latest[intake_id] = digits(str(json.loads(value))) if state == State.ANSWERED else ""
    yield from latest.items()


_SAME = select(schema.patient_same).order_by(schema.patient_same.c.seq)


def said_same(connection: Connection) -> tuple[Said, ...]:
    """In the order of saying."""
    rows = connection.execute(_SAME)
    return tuple(Said(row.patient_id, row.other_id, row.same == SAME) for row in rows)


SAME, APART = "same", "apart"


def same_row(said: Said) -> dict[str, object]:
    how = SAME if said.same else APART
    return {"patient_id": said.patient, "other_id": said.other, "same": how}
