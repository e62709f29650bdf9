"""Every question of a part of the work, in its sections: its number, its answer as it reads, how it
stands. What the list of a call shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from intake_app.core import agenda, gaps, opening
from intake_app.core.agenda import CALLER, MEDICINES, NAME, Question, Section
from intake_app.core.gaps import Why, why_words
from intake_app.core.model import Answer, Stage, State, relationship_words
from intake_app.core.protocol import Item
from intake_app.core.screening import Case, reads
from intake_app.core.words import _


@dataclass(frozen=True, slots=True)
class Line:
    """The title of a section has no `key` and no `number`. `noted`: a note is tied to it."""

    key: str
    number: int
    text: str
    said: str
    standing: str
    closed: bool = False
    open: bool = False
    noted: bool = False


def lines(case: Case, sections: Sequence[Section], stage: Stage) -> tuple[Line, ...]:
    """Also what was answered and is not asked on this path any more: it is kept, and says so."""
    numbers = agenda.numbered(sections)
    open_ = gaps.open_of(case)
    noted = {note.item for note in case.intake.notes if note.item}

    def line(question: Question) -> Line:
        why = None if question.closed else gaps.why_of(case, question, open_)
        return Line(
            key=question.key,
            number=numbers[question.key],
            text=question.text,
            said=_said(case, question, stage, why),
            standing=_standing(question, why),
            closed=question.closed,
            open=why is not None,
            noted=question.item is not None and question.item.id in noted,
        )

    def every() -> Iterator[Line]:
        for section in sections:
            yield Line("", 0, section.title, counted(section), "")
            yield from (line(question) for question in section.questions)

    return tuple(every())


def counted(section: Section) -> str:
    """Never that a section is done: nothing is before the intake is submitted."""
    template = _("{answered} of {asked} answered")
    return template.format(answered=section.answered, asked=section.asked)


def _standing(question: Question, why: Why | None) -> str:
    if question.closed:
        return _("Not on this path")
    if why is not None:
        return why_words()[why]
    return _("Answered") if question.answered else ""


def _said(case: Case, question: Question, stage: Stage, why: Why | None) -> str:
    if question.item is None:
        return _of_no_item(case, question, stage)
    if question.closed:
        return _kept(question.item, agenda.latest(case, question))
    if why is Why.NOT_ASKED:
        return ""
    findings = case.screening.findings
    return reads(findings.at(question.entry) if question.entry else findings, question.item)


def _kept(item: Item, latest: Answer | None) -> str:
    """As it was said: on its path it reads so again."""
    if latest is None:
        return ""
    return _kept_open()[latest.state] if latest.value is None else item.label(latest.value)


def _kept_open() -> dict[State, str]:
    return {
        State.UNKNOWN: _("Does not know"),
        State.DECLINED: _("Declined"),
        State.DEFERRED: _("Ask later"),
        State.NOT_APPLICABLE: _("Not applicable"),
    }


def _of_no_item(case: Case, question: Question, stage: Stage) -> str:
    intake = case.intake
    if question.key == CALLER:
        told = intake.calls[-1].relationship if intake.calls else ""
        return relationship_words().get(told, told)
    if question.key == NAME:
        return intake.patient.name
    if question.key == MEDICINES:
        return ", ".join(each.name for each in intake.medications)
    told = opening.settled(intake, question.key, stage)
    return opening.settled_words().get(question.key, {}).get(told, told)
