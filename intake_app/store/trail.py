"""Reading the audit trail: who did what, when, and to whose record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table, func, select

from intake_app.store import schema
from intake_app.store.codec import time_of, time_text
from intake_app.store.patients import IDENTITY, NAME

_OF_INTAKE = tuple(t for t in schema.APPEND_ONLY if "intake_id" in t.c and t is not schema.audit)


@dataclass(frozen=True, slots=True)
class Entry:
    """`record` is the record number of the patient whom it is about, where it is about one."""

    n: int
    at: datetime
    staff: str
    role: str
    event: str
    subject: str
    record: str


@dataclass(frozen=True)
class Wanted:
    """Which entries; an empty text and None leave it open. `patient`: a record number, or a part of
    a name for whoever may see names. `until` is the first moment that does not belong."""

    staff: str = ""
    event: str = ""
    patient: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(
    connection: Connection, wanted: Wanted, names: Mapping[str, str], *, by_name: bool
) -> Iterator[Entry]:
    """Newest first. `names` of staff by id. Unless `by_name`, a part of a patient's name finds
    nothing, whoever is a patient here."""
    owners = _owners(connection)
    subjects = _subjects(connection, wanted.patient, by_name) if wanted.patient.strip() else None
    for row in connection.execute(_chosen(wanted)):
        if subjects is None or row.subject in subjects:
            yield _entry(connection, row, names, owners)


def _chosen(wanted: Wanted) -> Select[Any]:
    table = schema.audit
    found = select(table).order_by(table.c.seq.desc())
    if wanted.staff:
        found = found.where(table.c.actor == wanted.staff)
    if wanted.event:
        found = found.where(table.c.event == wanted.event)
    if wanted.since is not None:
        found = found.where(table.c.at >= time_text(wanted.since))
    if wanted.until is not None:
        found = found.where(table.c.at < time_text(wanted.until))
    return found


def _entry(
    connection: Connection, row: Row[Any], names: Mapping[str, str], owners: _Owners
) -> Entry:
    return Entry(
        n=row.seq,
        at=time_of(row.at),
        staff=names.get(row.actor, row.actor),
        role=row.role,
        event=row.event,
        subject=row.subject,
        record=owners.of(connection, row.subject),
    )


@dataclass(frozen=True)
class _Owners:
    """The record number of each patient, and of the patient of each intake as it is now."""

    by_patient: Mapping[str, str]
    by_intake: Mapping[str, str]

    def of(self, connection: Connection, subject: str) -> str:
        table, _colon, key = subject.partition(":")
        if table == "patient":
            return self.by_patient.get(key, "")
        if table == "intake":
            return self.by_intake.get(key, "")
        found = schema.metadata.tables.get(table)
        if found is None or not key:
            return ""
        return self._of_row(connection, found, key)

    def _of_row(self, connection: Connection, table: Table, key: str) -> str:
        for column, known in (("intake_id", self.by_intake), ("patient_id", self.by_patient)):
            if column in table.c:
                owner = select(table.c[column]).where(_key(table) == key)
                return known.get(str(connection.execute(owner).scalar()), "")
        return ""


def _key(table: Table) -> Column[Any]:
    return next(iter(table.primary_key.columns))


def count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _owners(connection: Connection) -> _Owners:
    patient = select(schema.patient.c.id, schema.patient.c.record_number)
    by_patient = {row.id: row.record_number for row in connection.execute(patient)}
    found = select(schema.intake.c.id, schema.intake.c.patient_id)
    of = {row.id: row.patient_id for row in connection.execute(found)}
    moved = select(schema.intake_patient).order_by(schema.intake_patient.c.seq)
    of |= {row.intake_id: row.patient_id for row in connection.execute(moved)}
    return _Owners(by_patient, {id_: by_patient.get(owner, "") for id_, owner in of.items()})


def _subjects(connection: Connection, patient: str, by_name: bool) -> frozenset[str]:
    """Everything in the trail that is about the patients who are meant."""
    said = patient.strip().casefold()
    people = select(schema.patient.c.id, schema.patient.c.record_number, NAME).select_from(IDENTITY)
    meant = {
        row[0]
        for row in connection.execute(people)
        if said == row[1].casefold() or (by_name and said in row[2].casefold())
    }
    owners = _owners(connection)
    numbers = {owners.by_patient[id_] for id_ in meant}
    intakes = {id_ for id_, number in owners.by_intake.items() if number in numbers}
    found = {f"patient:{id_}" for id_ in meant} | {f"intake:{id_}" for id_ in intakes}
    found |= _rows_of(connection, (schema.patient_identity,), "patient_id", meant)
    return frozenset(found | _rows_of(connection, _OF_INTAKE, "intake_id", intakes))


def _rows_of(
    connection: Connection, tables: Iterable[Table], column: str, ids: set[str]
) -> set[str]:
    found = set()
    for table in tables:
        for id_ in ids:
            rows = select(_key(table)).where(table.c[column] == id_)
            found |= {f"{table.name}:{each}" for each in connection.execute(rows).scalars()}
    return found
