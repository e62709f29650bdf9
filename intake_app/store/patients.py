"""Rows of patients <-> values. The latest row of `patient_identity` says who somebody is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from intake_app.core.duplicates import Known, digits
from intake_app.core.errors import NotFound
from intake_app.core.model import PartialDate, Patient, State
from intake_app.core.words import _
from intake_app.store import schema

_first, _said = schema.patient, schema.patient_identity
_newest = (
    select(func.max(_said.c.seq))
    .where(_said.c.patient_id == _first.c.id)
    .correlate(_first)
    .scalar_subquery()
)
IDENTITY = _first.outerjoin(_said, _said.c.seq == _newest)
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
    whose = _whose(connection)
    phones: dict[str, set[str]] = {patient_id: set() for patient_id in whose.values()}
    for intake_id, number in _numbers(connection):
        phones[whose[intake_id]].add(number)
    for numbers in phones.values():
        numbers.discard("")
    return tuple(
        Known(id_, record_number, name, born, frozenset(phones.get(id_, ())))
        for id_, record_number, name, born, _sex in connection.execute(_PATIENT)
        if name or id_ in phones
    )


def _whose(connection: Connection) -> dict[str, str]:
    """The patient of each intake: of the latest row that says so."""
    found: dict[str, str] = {}
    for table, key in ((schema.intake, "id"), (schema.intake_patient, "intake_id")):
        rows = select(table.c[key], table.c.patient_id).order_by(table.primary_key.columns[0])
        for intake_id, patient_id in connection.execute(rows):
            found[intake_id] = patient_id
    return found


def _numbers(connection: Connection) -> Iterator[tuple[str, str]]:
    """Of each intake the number that was told last."""
    answer = schema.answer
    told = select(answer.c.seq, answer.c.intake_id, answer.c.state, answer.c.value)
    rows = connection.execute(told.where(schema.ONLY_PHONES)).all()
    latest: dict[str, str] = {}
    for _seq, intake_id, state, value in sorted(rows):  # here, or SQLite would read every answer
        latest[intake_id] = digits(str(json.loads(value))) if state == State.ANSWERED else ""
    yield from latest.items()
