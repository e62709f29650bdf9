"""What is asked, in which order: the questions of one stage of the work, in sections.

Callers do not answer in order; the agenda is where the next question stands, not a corridor.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from intake_app.core.facts import Findings
from intake_app.core.model import Answer, Stage, State
from intake_app.core.opening import LANGUAGE, READ_BACK, RECORDING, number, settled
from intake_app.core.protocol import Criterion, Item
from intake_app.core.screening import Case
from intake_app.core.words import _

# Questions that are no items: who calls and for whom, the name, the list of medicines, one trial
# more.
CALLER = "caller"
NAME = "name"
MEDICINES = "medicines"
MORE_TRIALS = "more_trials"
_SETTLED = (READ_BACK, LANGUAGE, RECORDING)

# workflow.md, "Stages" 1 and 2: the line may drop at any second, so number and place come first.
# Of the line and whoever is on it, for whomever they call.
_OF_THE_LINE = (
    "callback_number",
    "caller_location",
    READ_BACK,
    "callback_permission",
    "can_talk_freely",
    "listener_present",
    LANGUAGE,
    RECORDING,
    CALLER,
)
_OPENING = (*_OF_THE_LINE, NAME, "date_of_birth")
_EMERGENCY = ("emergency_now", "emergency_symptoms")
# Then the suicide-risk screen; then these two criteria, before fit, money or mood (stage 3).
_SAFETY = ("recent_psychiatric_discharge", "harm_to_others")
# Asked in an escalation only, and there by the panel.
_BY_THE_PANEL = "lethal_means_and_support"


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the agenda. `item` is None for what is no item: CALLER, NAME, MEDICINES,
    MORE_TRIALS, and what is settled of the call itself (core/opening.py).

    `later`: it was put off, and stays open without being put again at every turn. `closed`: it was
    answered, and its branch was closed since; the answer is kept, and comes back with the branch.
    `again`: it was answered at an earlier contact, and is open at this one.
    """

    key: str
    item: Item | None = None
    entry: int = 0
    answered: bool = False
    later: bool = False
    closed: bool = False
    again: bool = False

    @property
    def text(self) -> str:
        """What a list calls it."""
        if self.item is None:
            return _no_items()[self.key]
        said = self.item.topic or self.item.ask
        template = _("{question} (trial {number})")
        return template.format(question=said, number=self.entry) if self.entry else said

    @property
    def of_the_line(self) -> bool:
        """Asked of whoever is on the line, and not of the person that the call is about."""
        return self.key in _OF_THE_LINE

    @property
    def careful(self) -> bool:
        """Whether the next question waits for Enter: nobody is hurried past these."""
        return self.item is not None and self.item.safety


@dataclass(frozen=True, slots=True)
class Section:
    """`before` names the script (core/scripts.py) that is read before its first question."""

    title: str
    questions: tuple[Question, ...]
    before: str = ""

    @property
    def asked(self) -> int:
        """How many are asked on this path."""
        return sum(not question.closed for question in self.questions)

    @property
    def answered(self) -> int:
        return sum(question.answered and not question.closed for question in self.questions)


def agenda(case: Case, stage: Stage) -> tuple[Section, ...]:
    """The sections of a stage; a branch that is closed is left out, one that is open is asked."""
    asked = _Asked(case, stage)
    sections = (*asked.opening(), *asked.the_rest())
    return tuple(section for section in sections if section.questions)


def stage_of(case: Case) -> Stage:
    """The stage of the latest contact; before any, the first call."""
    return case.intake.calls[-1].stage if case.intake.calls else Stage.CALL


def questions(sections: Iterable[Section]) -> tuple[Question, ...]:
    return tuple(question for section in sections for question in section.questions)


def following(sections: Iterable[Section], key: str | None) -> Question | None:
    """The first open question behind `key`, else the first that was passed over, else None."""
    every = questions(sections)
    keys = [question.key for question in every]
    start = keys.index(key) + 1 if key in keys else 0
    behind = (q for q in every[start:] if not (q.answered or q.closed))
    passed = (q for q in every[:start] if not (q.answered or q.later or q.closed))
    return next(behind, None) or next(passed, None)


def waits(case: Case, question: Question) -> bool:
    """Whether Enter is waited for: a question of safety, or an answer that calls for acting now."""
    said = latest(case, question)
    grounds = (flag.answers for flag in case.screening.flags if flag.escalates)
    return question.careful or (said is not None and any(said in found for found in grounds))


def latest(case: Case, question: Question) -> Answer | None:
    """What was said last, also where it counts for nothing; at this contact, of what is asked
    again."""
    if question.item is None or question.again:
        return None
    findings = case.screening.findings
    at = findings.at(question.entry) if question.entry else findings
    history = at.history(question.item)
    return history[-1] if history else None


def before(sections: Iterable[Section], question: Question) -> str:
    """The script that is read before this question: the first of its part, and not answered."""
    opens = (s.before for s in sections if s.questions[:1] == (question,))
    return "" if question.answered else next(opens, "")


def numbered(sections: Iterable[Section]) -> Mapping[str, int]:
    """The number of each question, by its key; 1 is the first of the part."""
    return {question.key: number for number, question in enumerate(questions(sections), start=1)}


def find(sections: Iterable[Section], wanted: str) -> tuple[Question, ...]:
    """The question of a number, else those in which every word wanted begins a word, in the order
    of asking; their own words before the title of their section. Accents and case do not count."""
    sections = tuple(sections)
    if wanted.strip().isdecimal():
        number = int(wanted)
        return questions(sections)[number - 1 : number] if number else ()
    starts = _words(wanted)
    own = [q for q in questions(sections) if starts and _begins(starts, _own(q))]
    titled = [
        q
        for section in sections
        for q in section.questions
        if starts and q not in own and _begins(starts, f"{section.title} {_own(q)}")
    ]
    return (*own, *titled)


def _own(question: Question) -> str:
    return f"{question.text} {question.item.ask}" if question.item else question.text


def _begins(starts: list[str], text: str) -> bool:
    words = _words(text)
    return all(any(word.startswith(start) for word in words) for start in starts)


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))


class _Asked:
    def __init__(self, case: Case, stage: Stage) -> None:
        self._case = case
        self._stage = stage
        self._findings = case.screening.findings

    def opening(self) -> Iterator[Section]:
        if self._stage is Stage.SECOND_CONTACT:
            yield Section(_("Recording"), tuple(self._named((RECORDING,))))
            yield self._screen()
        if self._stage is not Stage.CALL:
            return
        yield Section(_("Caller and place"), tuple(self._named(_OPENING)), "greeting")
        yield Section(_("Emergency now"), tuple(self._named(_EMERGENCY)))
        yield self._screen()
        items = (i for id_ in _SAFETY for i in self._case.protocol.by_criterion[id_].items)
        yield Section(
            _("Recent care, harm to others"), tuple(self._of_items(items, self._findings))
        )

    def _screen(self) -> Section:
        """The questions on suicide are of the call, and asked at each contact."""
        protocol = self._case.protocol
        screen = protocol.instruments[protocol.suicide_screen]
        asked = tuple(self._of_items(screen.items, self._findings, Stage.CALL))
        return Section(screen.title, asked, "before.suicide")

    def _named(self, keys: Iterable[str]) -> Iterator[Question]:
        for key in keys:
            if key in _SETTLED:
                yield from self._to_settle(key)
            elif key == CALLER:
                yield Question(CALLER, answered=bool(_relationship(self._case)))
            elif key == NAME:
                yield Question(NAME, answered=bool(self._case.intake.patient.name))
            elif key in self._case.protocol.items:
                yield from self._of_items((self._case.protocol.items[key],), self._findings)

    def _to_settle(self, what: str) -> Iterator[Question]:
        """Where no number is on record there is none to read back."""
        intake = self._case.intake
        if what != READ_BACK or number(intake):
            yield Question(what, answered=bool(settled(intake, what, self._stage)))

    def the_rest(self) -> Iterator[Section]:
        """Strongest tier first; what belongs together stays together."""
        titles = _titles()
        places = list(dict.fromkeys(titles.values()))
        mine = [c for c in self._case.protocol.criteria if self._is_mine(c)]
        mine.sort(key=lambda c: (places.index(titles[c.group]), -_tier(c)))
        for title, group in groupby(mine, key=lambda c: titles[c.group]):
            together = tuple(group)
            found = [question for criterion in together for question in self._of(criterion)]
            yield Section(title, tuple(found), _BEFORE.get(together[0].group, ""))

    def _is_mine(self, criterion: Criterion) -> bool:
        asked_before = {*_OPENING, *_EMERGENCY} if self._stage is Stage.CALL else set()
        if criterion.id == _BY_THE_PANEL:
            return False
        if self._stage is Stage.CALL and criterion.id in _SAFETY:
            return False
        return bool(criterion.asks) or not {item.id for item in criterion.items} <= asked_before

    def _of(self, criterion: Criterion) -> Iterator[Question]:
        protocol = self._case.protocol
        for instrument in criterion.asks:
            if instrument != protocol.suicide_screen:
                asked = (protocol.items[i.id] for i in protocol.instruments[instrument].items)
                yield from self._of_items(asked, self._findings)
        if criterion.for_each is not None:
            yield from self._of_trials(criterion)
            return
        done = {*_OPENING, *_EMERGENCY} if self._stage is Stage.CALL else set()
        for item in criterion.items:
            if item.id in done:
                continue
            yield from self._of_items((item,), self._findings)
            if item.id == "takes_medicines":
                yield from self._medicines(self._findings.read(item.name))

    def _medicines(self, taken: object) -> Iterator[Question]:
        """Right behind the yes; what was listed before a no is kept."""
        listed = bool(self._case.intake.medications)
        if (taken is True and not self._findings.is_under_age) or listed:
            yield Question(MEDICINES, answered=listed, closed=taken is False)

    def _of_trials(self, criterion: Criterion) -> Iterator[Question]:
        for at in self._findings.each:
            yield from self._of_items(criterion.items, at)
        first = criterion.items[0]
        if first.stage is self._stage and not self._findings.is_left_out(first):
            yield Question(MORE_TRIALS, entry=self.next_trial, later=True)

    @property
    def next_trial(self) -> int:
        return max((at.entry for at in self._findings.each), default=0) + 1

    def _of_items(
        self, items: Iterable[Item], at: Findings, stage: Stage | None = None
    ) -> Iterator[Question]:
        """Those that belong to `stage`, by default that of the agenda."""
        for item in items:
            if item.stage is not (stage or self._stage):
                continue
            history, again = at.history(item), at.is_to_ask_again(item)
            later = bool(history) and history[-1].state is State.DEFERRED and not again
            answered = bool(history) and not later and not again
            closed = bool(history) and at.applicable(item) is False
            if answered or closed or at.is_put(item):
                key = f"{item.id}#{at.entry}" if at.entry else item.id
                yield Question(key, item, at.entry, answered, later, closed, again)


def _no_items() -> Mapping[str, str]:
    return {
        CALLER: _("Who is calling"),
        READ_BACK: _("The call-back number, read back"),
        LANGUAGE: _("Language, interpreter"),
        RECORDING: _("May the call be recorded"),
        NAME: _("The person's name"),
        MEDICINES: _("Which medicines"),
        MORE_TRIALS: _("One more medicine tried for depression"),
    }


# The script that opens a section, by the group of its criteria.
_BEFORE = {
    "absolute_contraindication": "before.health",
    "relative_contraindication": "before.health",
    "caution": "before.health",
    "eligibility": "before.treatment",
    "logistics_safety": "before.practical",
}


def _titles() -> dict[str, str]:
    """What a section is called, by the group of its criteria, in the order of asking."""
    return {
        "absolute_contraindication": _("Health"),
        "relative_contraindication": _("Health"),
        "caution": _("Health"),
        "eligibility": _("Condition and treatment"),
        "medication_interaction": _("Medicines"),
        "logistics_safety": _("Practical matters"),
        "pretreatment_test": _("Tests and papers"),
    }


def _tier(criterion: Criterion) -> int:
    return max((rule.tier for rule in criterion.rules), default=0)


def _relationship(case: Case) -> str:
    return case.intake.calls[-1].relationship if case.intake.calls else ""


def next_trial(case: Case) -> int:
    """The number that one more antidepressant trial gets."""
    return _Asked(case, Stage.SECOND_CONTACT).next_trial
