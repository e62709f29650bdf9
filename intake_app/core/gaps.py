"""What is still open of an intake, question by question: nothing here ever blocks a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from intake_app.core import agenda
from intake_app.core.agenda import MORE_TRIALS, Question
from intake_app.core.model import Stage, State
from intake_app.core.screening import NOT_ASKED, Case, OpenQuestion
from intake_app.core.words import _


class Why(IntEnum):
    """Why a question is open, in the order in which it is shown."""

    REPEAT = 1
    UNKNOWN = 2
    DECLINED = 3
    DEFERRED = 4
    NOT_ASKED = 5


def why_words() -> Mapping[Why, str]:
    return {
        Why.REPEAT: _("Repeat with the patient, alone or through a qualified interpreter"),
        Why.UNKNOWN: _("Does not know"),
        Why.DECLINED: _("Declined"),
        Why.DEFERRED: _("Ask later"),
        Why.NOT_ASKED: _("Not asked"),
    }


@dataclass(frozen=True, slots=True)
class Gap:
    """`key` is that of the agenda; `here` says that it belongs to the stage that was asked for."""

    key: str
    text: str
    why: Why
    stage: Stage
    here: bool


def gaps(case: Case, stage: Stage) -> tuple[Gap, ...]:
    """Everything open that is put in this stage, and what was put in vain in another."""
    asked = agenda.questions(agenda.agenda(case, stage))
    keys = {question.key for question in asked}
    open_ = open_of(case)
    found = [
        Gap(q.key, q.text, why, stage, here=True)
        for q in asked
        if (why := why_of(case, q, open_)) is not None
    ]
    found += [
        Gap(key, Question(key, question.item, question.entry).text, why, question.item.stage, False)
        for key, question in open_.items()
        if key not in keys and (why := _why(case, question)) is not Why.NOT_ASKED
    ]
    return tuple(sorted(found, key=lambda gap: gap.why))


def not_asked_elsewhere(case: Case, stage: Stage) -> Mapping[Stage, int]:
    """How many questions wait for another contact."""
    findings = case.screening.findings
    others = (q for q in case.screening.unanswered if q.item.stage is not stage)
    others = (q for q in others if not findings.is_left_out(q.item))
    return Counter(q.item.stage for q in others if q.state == NOT_ASKED)


def is_put(case: Case, key: str) -> bool:
    """Whether a question belongs to the contact that is open, or was last."""
    sections = agenda.agenda(case, agenda.stage_of(case))
    return any(question.key == key for question in agenda.questions(sections))


def _key(question: OpenQuestion) -> str:
    return f"{question.item.id}#{question.entry}" if question.entry else question.item.id


def open_of(case: Case) -> Mapping[str, OpenQuestion]:
    """What stands without an answer that counts, by the key of the agenda."""
    return {_key(question): question for question in case.screening.unanswered}


def why_of(case: Case, question: Question, open_: Mapping[str, OpenQuestion]) -> Why | None:
    """Why it is open, or None where it is not. `open_` is that of `open_of`."""
    if question.item is None:
        is_open = not question.answered and question.key != MORE_TRIALS
        return Why.NOT_ASKED if is_open else None
    return _why(case, open_[question.key]) if question.key in open_ else None


def _why(case: Case, question: OpenQuestion) -> Why:
    """An answer that stands and settles nothing has to come from the patient."""
    if question.state == NOT_ASKED:
        return Why.NOT_ASKED
    findings = case.screening.findings
    at = findings.at(question.entry) if question.entry else findings
    answers = at.find(question.item.name).answers
    if answers and answers[-1].value is not None:
        return Why.REPEAT
    return _STATES[State(question.state)]


_STATES = {
    State.UNKNOWN: Why.UNKNOWN,
    State.DECLINED: Why.DECLINED,
    State.DEFERRED: Why.DEFERRED,
    State.NOT_APPLICABLE: Why.UNKNOWN,
}
