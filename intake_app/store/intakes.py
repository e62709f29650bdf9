"""Rows of one intake <-> its values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, select

from intake_app.core.errors import NotFound
from intake_app.core.model import (
    Addendum,
    Answer,
    Call,
    CallEnd,
    Decision,
    Disposition,
    Escalation,
    EscalationEvent,
    FlagReview,
    Intake,
    Medication,
    PartialDate,
    Patient,
    Signature,
    Source,
    Stage,
    State,
)
from intake_app.core.protocol import Protocol
from intake_app.core.words import _
from intake_app.store import schema
from intake_app.store.codec import canonical, raw_value, time_of, value_text

SUBMITTED = "submitted"


def load_patient(connection: Connection, patient_id: str) -> Patient:
    row = connection.execute(_PATIENT, {"patient": patient_id}).first()
    if row is None:
        raise NotFound(_("such patient"))
    born = PartialDate.parse(row.born) if row.born else None
    return Patient(row.id, row.record_number, row.name, born, row.sex or None)


_INTAKE = select(schema.intake).where(schema.intake.c.id == bindparam("intake"))
_PATIENT = select(schema.patient).where(schema.patient.c.id == bindparam("patient"))


def protocol_digest(connection: Connection, intake_id: str) -> str:
    row = connection.execute(_INTAKE, {"intake": intake_id}).first()
    if row is None:
        raise NotFound(_("such intake"))
    return str(row.protocol_digest)


def load(connection: Connection, intake_id: str, protocol: Protocol) -> Intake:
    """The whole intake, under the protocol that it was taken with."""
    row = connection.execute(_INTAKE, {"intake": intake_id}).one()
    moves = _rows(connection, schema.intake_move, intake_id)
    return Intake(
        id=row.id,
        patient=load_patient(connection, row.patient_id),
        protocol_digest=row.protocol_digest,
        opened=time_of(row.at),
        calls=_calls(_rows(connection, schema.call_event, intake_id)),
        answers=tuple(
            _answer(found, protocol) for found in _rows(connection, schema.answer, intake_id)
        ),
        medications=tuple(map(_medication, _rows(connection, schema.medication, intake_id))),
        escalations=_escalations(_rows(connection, schema.escalation_event, intake_id)),
        reviews=tuple(map(_review, _rows(connection, schema.flag_review, intake_id))),
        submitted=next((time_of(m.at) for m in moves if m.move == SUBMITTED), None),
        signature=_signature(connection, intake_id),
        addenda=tuple(map(_addendum, _rows(connection, schema.addendum, intake_id))),
    )


# Built once: this runs at every key.
_OF_INTAKE = {
    table.name: select(table)
    .where(table.c.intake_id == bindparam("intake"))
    .order_by(next(iter(table.primary_key.columns)))
    for table in schema.metadata.sorted_tables
    if "intake_id" in table.c
}


def _rows(connection: Connection, table: Table, intake_id: str) -> Sequence[Row[Any]]:
    return connection.execute(_OF_INTAKE[table.name], {"intake": intake_id}).all()


def answer_row(intake_id: str, answer: Answer) -> dict[str, object]:
    return {
        "id": answer.id,
        "intake_id": intake_id,
        "item": answer.item,
        "entry": answer.entry,
        "state": answer.state.value,
        "value": value_text(answer.value),
        "source": answer.source.value,
        "note": answer.note,
        "wording": answer.wording,
    }


_STATES = {state.value: state for state in State}
_SOURCES = {source.value: source for source in Source}


def _answer(row: Row[Any], protocol: Protocol) -> Answer:
    _seq, id_, _intake, item, entry, state, text, source, note, wording, at, by = tuple(row)
    value = None
    if state == State.ANSWERED:
        value = protocol.item(item).parse(raw_value(text))
    return Answer(
        id_, item, _STATES[state], value, _SOURCES[source], time_of(at), by, entry, note, wording
    )


def medication_row(intake_id: str, medication: Medication) -> dict[str, object]:
    fields = {
        "name": medication.name,
        "confirmed": medication.confirmed or "",
        "dose_mg": _number(medication.dose_mg),
        "per_day": _number(medication.per_day),
        "as_needed": medication.as_needed,
        "detail": medication.detail,
    }
    return {
        "id": medication.id,
        "intake_id": intake_id,
        "fields": canonical(fields),
        "source": medication.source.value,
    }


def _number(value: Decimal | None) -> str:
    return "" if value is None else str(value)


def _medication(row: Row[Any]) -> Medication:
    fields = json.loads(row.fields)
    return Medication(
        id=row.id,
        name=fields["name"],
        source=Source(row.source),
        at=time_of(row.at),
        by=row.by,
        confirmed=fields["confirmed"] or None,
        dose_mg=Decimal(fields["dose_mg"]) if fields["dose_mg"] else None,
        per_day=Decimal(fields["per_day"]) if fields["per_day"] else None,
        as_needed=fields["as_needed"],
        detail=fields["detail"],
    )


OPENED = "opened"


def _calls(rows: Iterable[Row[Any]]) -> tuple[Call, ...]:
    found: dict[str, Call] = {}
    for row in rows:
        if row.event == OPENED:
            found[row.call_id] = Call(
                row.call_id, Stage(row.stage), row.relationship, time_of(row.at), row.by
            )
        else:
            call = found[row.call_id]
            found[row.call_id] = Call(
                call.id,
                call.stage,
                call.relationship,
                call.started,
                call.by,
                time_of(row.at),
                CallEnd(row.event),
            )
    return tuple(found.values())


def _escalations(rows: Iterable[Row[Any]]) -> tuple[Escalation, ...]:
    found: dict[str, list[EscalationEvent]] = {}
    for row in rows:
        fields = tuple(sorted(json.loads(row.fields).items()))
        happened = EscalationEvent(row.move, time_of(row.at), row.by, fields)
        found.setdefault(row.escalation_id, []).append(happened)
    return tuple(Escalation(id_, tuple(events)) for id_, events in found.items())


def _review(row: Row[Any]) -> FlagReview:
    return FlagReview(
        row.flag, Decision(row.decision), row.reason, row.seen, time_of(row.at), row.by
    )


def _signature(connection: Connection, intake_id: str) -> Signature | None:
    row = next(iter(_rows(connection, schema.signature, intake_id)), None)
    if row is None:
        return None
    return Signature(
        staff=row.by,
        name=row.name,
        at=time_of(row.at),
        disposition=Disposition(row.disposition),
        reason=row.reason,
        record_hash=row.record_hash,
        statement=row.statement,
        signature=bytes.fromhex(row.signature),
    )


def _addendum(row: Row[Any]) -> Addendum:
    return Addendum(row.text, row.name, time_of(row.at), row.by)
