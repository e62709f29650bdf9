"""What taking back the last answer of a call writes, and putting it again: new answers, since
nothing of a record is ever changed or left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from intake_app.core.model import (
    COUNTS_FOR_A_NO,
    Answer,
    BloodPressure,
    Intake,
    PartialDate,
    Source,
    State,
    Value,
)
from intake_app.core.screening import Case

# The note of an answer that was written in this way; by it the record itself tells what can still
# be taken back, after a lock or a crash too.
TAKEN_BACK = "taken back"
PUT_AGAIN = "put again"


@dataclass(frozen=True, slots=True)
class Move:
    """The answer to record; `value` as Item.parse takes it."""

    item: str
    entry: int
    value: object
    state: State
    source: Source
    note: str


@dataclass
class _Deeds:
    done: list[Answer] = field(default_factory=list)
    undone: list[Answer] = field(default_factory=list)


def take_back(case: Case) -> Move | None:
    """What stood before the last answer; where nothing did, or a no that did not count where it
    was given, the question is open. A yes of safety stays: see Findings.item."""
    done = _deeds(case.intake).done
    if not done:
        return None
    last = done[-1]
    before = _before(case.intake, last)
    if before is None or (before.value is not None and not _counted(case, before)):
        return Move(last.item, last.entry, None, State.DEFERRED, last.source, TAKEN_BACK)
    return _again(before, TAKEN_BACK)


def put_again(case: Case) -> Move | None:
    """The answer that was taken back last, if none was given since."""
    undone = _deeds(case.intake).undone
    if not undone:
        return None
    last = undone[-1]
    if last.value is not None and not _counted(case, last):
        return Move(last.item, last.entry, None, State.DEFERRED, last.source, PUT_AGAIN)
    return _again(last, PUT_AGAIN)


def _again(said: Answer, note: str) -> Move:
    return Move(said.item, said.entry, _raw(said.value), said.state, said.source, note)


def _raw(value: Value | None) -> object:
    """What parses to it."""
    if isinstance(value, PartialDate):
        return value.text
    return str(value) if isinstance(value, BloodPressure) else value


def _counted(case: Case, said: Answer) -> bool:
    """Written anew it would be said now: a no of safety that somebody may have listened to must not
    come to count in this way."""
    item = case.protocol.items[said.item]
    if not item.safety or item.reports(said.value) or said.source not in COUNTS_FOR_A_NO:
        return True
    return case.screening.findings.counts_for_a_no(said)


def _deeds(intake: Intake) -> _Deeds:
    """By the answers of the latest contact, in their order."""
    found = _Deeds()
    for answer in _of_this_call(intake):
        if answer.note == TAKEN_BACK and found.done:
            found.undone.append(found.done.pop())
        elif answer.note == PUT_AGAIN and found.undone:
            found.undone.pop()
            found.done.append(answer)
        else:
            found.done.append(answer)
            found.undone.clear()
    return found


def _of_this_call(intake: Intake) -> tuple[Answer, ...]:
    """What the record itself brought along was said by nobody here."""
    since = intake.calls[-1].started if intake.calls else None
    return tuple(
        answer
        for answer in intake.answers
        if (since is None or answer.at >= since)
        and not (answer.item == "date_of_birth" and answer.source is Source.RECORD)
    )


def _before(intake: Intake, last: Answer) -> Answer | None:
    same = [a for a in intake.answers if (a.item, a.entry) == (last.item, last.entry)]
    place = same.index(last)
    return same[place - 1] if place else None
