"""Rows of one intake <-> its values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, select, union_all

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
    Note,
    Signature,
    Source,
    Stage,
    State,
)
from intake_app.core.protocol import Protocol
from intake_app.core.words import _
from intake_app.store import patients, schema
from intake_app.store.codec import canonical, raw_value, time_of, value_text

SUBMITTED = "submitted"
LOOK_AGAIN, LOOKED_AGAIN = "look_again", "looked_again"  # the latest of the two speaks

_OPENED = select(schema.intake)
_ONE = _OPENED.where(schema.intake.c.id == bindparam("intake"))


def opened(connection: Connection) -> Sequence[Row[Any]]:
    """The row of every intake, oldest first."""
    return connection.execute(_OPENED.order_by(schema.intake.c.at)).all()


_UNSIGNED = (
    select(schema.intake.c.id)
    .where(~exists().where(schema.signature.c.intake_id == schema.intake.c.id))
    .order_by(schema.intake.c.at)
)


def unsigned(connection: Connection) -> Sequence[str]:
    """The id of every intake that nobody signed, oldest first."""
    return connection.execute(_UNSIGNED).scalars().all()


_LOOKS = select(schema.intake_move).where(schema.intake_move.c.move.in_((LOOK_AGAIN, LOOKED_AGAIN)))


def waiting(connection: Connection) -> Sequence[str]:
    """The id of every intake that waits for a second look, in the order of waiting."""
    rows = connection.execute(_LOOKS.order_by(schema.intake_move.c.seq)).all()
    latest = {row.intake_id: row.move for row in rows}
    return [intake_id for intake_id, move in latest.items() if move == LOOK_AGAIN]


def find(connection: Connection, intake_id: str) -> Row[Any]:
    """The row of an intake; `load` makes the whole of it."""
    row = connection.execute(_ONE, {"intake": intake_id}).first()
    if row is None:
        raise NotFound(_("such intake"))
    return row


def load(connection: Connection, found: Row[Any], protocol: Protocol) -> Intake:
    """The whole intake of a row, under the protocol that it was taken with."""
    rows = {table: _rows(connection, table, found.id) for table in _LOADED}
    signed = rows["signature"]
    if signed:
        rows["addendum"] = _rows(connection, "addendum", found.id)
    moved = rows["intake_patient"]
    moves = rows["intake_move"]
    return Intake(
        id=found.id,
        patient=patients.load(connection, moved[-1].patient_id if moved else found.patient_id),
        protocol_digest=found.protocol_digest,
        opened=time_of(found.at),
        calls=_calls(rows["call_event"]),
        answers=tuple(_answer(tuple(row), protocol) for row in rows["answer"]),
        medications=tuple(map(_medication, rows["medication"])),
        escalations=_escalations(rows["escalation_event"]),
        reviews=tuple(map(_review, rows["flag_review"])),
        submitted=next((time_of(m.at) for m in moves if m.move == SUBMITTED), None),
        look_again=_waits_for_a_look(moves),
        signature=_signature(signed[0]) if signed else None,
        addenda=tuple(map(_addendum, rows.get("addendum", ()))),
        notes=tuple(map(_note, rows["note"])),
    )


# Built once: this runs at every key.
_OF_INTAKE = {
    table.name: select(table)
    .where(table.c.intake_id == bindparam("intake"))
    .order_by(next(iter(table.primary_key.columns)))
    for table in schema.APPEND_ONLY
    if "intake_id" in table.c
}
_LOADED = tuple(name for name in _OF_INTAKE if name != "addendum")  # comes after a signature


# Whoever changed something of an intake, latest first.
_BY = union_all(
    select(schema.intake.c.at, schema.intake.c.by).where(schema.intake.c.id == bindparam("intake")),
    *(
        select(table.c.at, table.c.by).where(table.c.intake_id == bindparam("intake"))
        for table in schema.APPEND_ONLY
        if "intake_id" in table.c
    ),
).subquery()
_LAST = select(_BY).order_by(_BY.c.at.desc(), _BY.c.by.desc()).limit(1)


def _waits_for_a_look(moves: Sequence[Row[Any]]) -> bool:
    said = [row.move for row in moves if row.move in (LOOK_AGAIN, LOOKED_AGAIN)]
    return said[-1:] == [LOOK_AGAIN]


def last_change(connection: Connection, intake_id: str) -> tuple[str, str]:
    """When, as text, and by whom."""
    at, by = connection.execute(_LAST, {"intake": intake_id}).one()
    return at, by


def _rows(connection: Connection, table: str, intake_id: str) -> Sequence[Row[Any]]:
    """In the order of writing."""
    return connection.execute(_OF_INTAKE[table], {"intake": intake_id}).all()


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


@lru_cache(maxsize=4096)  # an answer's row never changes, and all of an intake's come at every key
def _answer(row: tuple[Any, ...], protocol: Protocol) -> Answer:
    _seq, id_, _intake, item, entry, state, text, source, note, wording, at, by = row
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
CALLER = "caller"
SETTLED = "="  # between what was settled and how: "recording=agreed"
TRIED = "tried"  # a call back that reached nobody: "tried=voicemail"


def _calls(rows: Iterable[Row[Any]]) -> tuple[Call, ...]:
    found: dict[str, Call] = {}
    for row in rows:
        if row.event == OPENED:
            stage, at = Stage(row.stage), time_of(row.at)
            found[row.call_id] = Call(row.call_id, stage, row.relationship, at, row.by)
        elif row.event == CALLER:
            known = found[row.call_id]
            found[row.call_id] = replace(known, relationship=row.relationship)
        elif SETTLED in row.event:
            found[row.call_id] = _with(found[row.call_id], row)
        else:
            end = CallEnd(row.event)
            found[row.call_id] = replace(found[row.call_id], ended=time_of(row.at), end=end)
    return tuple(found.values())


def _with(call: Call, row: Row[Any]) -> Call:
    what, _is, said = row.event.partition(SETTLED)
    if what == TRIED:
        return replace(call, tried=(*call.tried, (time_of(row.at), said)))
    return replace(call, settled=(*call.settled, (what, said)))


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


def _signature(row: Row[Any]) -> Signature:
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


def _note(row: Row[Any]) -> Note:
    return Note(row.text, row.item, time_of(row.at), row.by)


def _addendum(row: Row[Any]) -> Addendum:
    return Addendum(row.text, row.name, time_of(row.at), row.by)
