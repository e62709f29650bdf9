"""The safety floor: the suicide-risk level, and the escalation with its only moves.

This is code and not content: no protocol, override or import can switch it off.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from intake_app.core.errors import WrongMove
from intake_app.core.model import Escalation, EscalationEvent, Intake, State, Value
from intake_app.core.words import _

if TYPE_CHECKING:
    from intake_app.core.protocol import Item


class Level(IntEnum):
    """Suicide-risk level; *none identified* is never "no risk"."""

    NONE_IDENTIFIED = 0
    LOW = 1
    MODERATE = 2
    HIGH = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class SuicideRisk:
    """`level` is the floor that the answers show, `ceiling` the highest that they still allow."""

    level: Level
    ceiling: Level
    complete: bool
    inconsistent: bool

    @property
    def word(self) -> str:
        """The level to print: an unfinished screen without a yes is *incomplete*, never none."""
        if self.level is Level.NONE_IDENTIFIED and not self.complete:
            return "incomplete"
        return self.level.word


def suicide_risk(
    items: Sequence[Item],
    yes: Container[str],
    unanswered: Mapping[str, bool],
    declined: Container[str] = (),
) -> SuicideRisk:
    """The level of a suicide-risk screen: the highest that one answer raises, never a sum.

    By item id; `yes`: answered yes by anyone. `unanswered`: required items without a counted
    answer, True where the item was asked (unknown, declined, a no that does not count) or can no
    longer be; `declined` are among them. Items that a branch skips are in neither. What an answer
    raises says the file of the screen, and core/floor.py what it has to raise at least.
    """
    raised = [_by_yes(item) for item in items if item.id in yes]
    raised += [item.raises.declined for item in items if item.raises and item.id in declined]
    if _is_undated(items, yes, unanswered):
        raised.append(Level.HIGH)  # behaviour of unknown date counts as recent until it is known
    floor = max(raised, default=Level.NONE_IDENTIFIED)
    possible = [most_raised(item, items) for item in items if item.id in unanswered]
    return SuicideRisk(
        level=floor,
        ceiling=max([floor, *possible]),
        complete=not unanswered,
        inconsistent=any(_is_behind_a_no(i, items, yes, unanswered) for i in items if i.id in yes),
    )


def most_raised(item: Item, items: Iterable[Item]) -> Level:
    """What a yes may come to raise, with when it was."""
    dated = items if item.tells_of("behaviour") else ()
    return max([_by_yes(item), *(_by_yes(i) for i in dated if i.tells_of("recent"))])


def _by_yes(item: Item) -> Level:
    return item.raises.yes if item.raises else Level.HIGH


def _is_undated(items: Iterable[Item], yes: Container[str], unanswered: Mapping[str, bool]) -> bool:
    told = any(item.tells_of("behaviour") for item in items if item.id in yes)
    return told and any(unanswered.get(i.id, False) for i in items if i.tells_of("recent"))


def _is_behind_a_no(
    item: Item, items: Iterable[Item], yes: Container[str], unanswered: Container[str]
) -> bool:
    """Thoughts told, and a no to every question that leads to them."""
    before = item.when.names if item.when is not None and item.tells_of("thoughts") else frozenset()
    gates = [each.id for each in items if each.name in before]
    return bool(gates) and not any(gate in yes or gate in unanswered for gate in gates)


def sheet_risk(items: Sequence[Item], sheet: Mapping[str, Value | State | None]) -> SuicideRisk:
    """Of a whole sheet, by item id, that nobody goes on with: None is not asked, and stays open.

    After a no to thoughts, a yes to one of the questions behind it opens the others.
    """
    said = {item.name: _yes_or_no(sheet.get(item.id)) for item in items}
    told = {item.when for item in items if said[item.name] is True}
    yes = {item.id for item in items if said[item.name] is True}
    unanswered = {
        item.id: True
        for item in items
        if said[item.name] is None
        and (item.when is None or item.when in told or item.when.decide(said.get) is not False)
    }
    declined = {id_ for id_ in unanswered if sheet.get(id_) is State.DECLINED}
    return suicide_risk(items, yes, unanswered, declined)


def _yes_or_no(value: Value | State | None) -> bool | None:
    return value if isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Asq:
    """`positive` and `ask_acuity` (whether the fifth question is due) are None while open."""

    word: str
    positive: bool | None
    ask_acuity: bool | None


def asq(sheet: Mapping[str, Value | State | None]) -> Asq:
    """The result of ASQ items "1" to "5"; a refusal of one to four is positive.

    A yes to the fifth is acute even where it was not due. Source: NIMH ASQ toolkit.
    """
    four = [sheet.get(item) for item in "1234"]
    now = _yes_or_no(sheet.get("5"))
    positive = any(said is True or said is State.DECLINED for said in four)
    due = True if positive else (False if all(said is False for said in four) else None)
    if now:
        return Asq("acute_positive", True, due)
    if positive:
        word = "positive_acuity_unknown" if now is None else "non_acute_positive"
        return Asq(word, True, True)
    return Asq("incomplete" if due is None else "negative", due, due)


class EscalationState(StrEnum):
    RAISED = "raised"
    ACCEPTED = "accepted"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How an escalation ended, in a clinician's judgement (escalation.md)."""

    HANDED_TO_CLINICIAN = "handed_to_clinician"
    CRISIS_LINE = "crisis_line"
    EMERGENCY_SERVICES_CONFIRMED = "emergency_services_confirmed"
    EMERGENCY_SERVICES_NOT_CONFIRMED = "emergency_services_not_confirmed"
    TRUSTED_PERSON = "trusted_person"
    NOT_REACHED = "not_reached"
    RAISED_IN_ERROR = "raised_in_error"


# The steps of the panel in their order; a clinic may reword or add, never remove.
STEPS = {
    "1": "Stay, and say who you are",
    "2": "Anything done already?",
    "3": "Where exactly, and who is there",
    "4": "A colleague phones the ladder",
    "5": "Distance from means",
    "6": "Hand over, and stay until they have them",
}

PERSON_FIELDS = (
    "who",
    "is_caller",
    "where",
    "phone",
    "phone_note",
    "company",
    "vehicle",
    "done_already",
    "means",
    "firearm",
    "free_to_speak",
    "age",
    "language",
    "county",
    "country",
    "way_in",
    "company_note",
    "reach",
    "done_note",
    "happening",
)

# What else is said with each move that staff make, beside a note and who did it.
MOVE_FIELDS = {
    "raised": ("reason",),
    "person": PERSON_FIELDS,
    "step": ("what", "rung", "how", "emergency_services", "not_possible", "call_back"),
    "accepted": (),
    "taken_over": (),
    "closed": ("outcome", "reason", "who_has_the_person", "next_contact", "welfare_check"),
    "safety_call": ("outcome", "reached_them", "welfare_check"),
    "reached": ("outcome", "reached_them", "welfare_check"),
}
# Whether a try to reach the person did.
REACHED, NOT_REACHED = "yes", "no"

_MOVES = {
    EscalationState.RAISED: {"person", "step", "accepted", "taken_over", "grounds"},
    EscalationState.ACCEPTED: {"person", "step", "taken_over", "closed", "grounds"},
    EscalationState.CLOSED: set(),
}
# Tries to reach the person, whatever else became of the escalation.
TRIES = frozenset({"safety_call", "reached"})


def state(escalation: Escalation) -> EscalationState:
    moves = [event.move for event in escalation.events]
    if "closed" in moves:
        return EscalationState.CLOSED
    return EscalationState.ACCEPTED if "accepted" in moves else EscalationState.RAISED


def check_move(escalation: Escalation, move: str) -> None:
    """Refuse any move that escalation.md does not know. Nothing but a closing move closes."""
    now = state(escalation)
    if move not in _MOVES[now] | TRIES:
        template = _(
            "The escalation is {now}; it has to be accepted and read back before a clinician "
            "closes it, and a closed one stays as it is. Nothing was changed."
        )
        raise WrongMove(template.format(now=now))


def is_open(escalation: Escalation) -> bool:
    return state(escalation) is not EscalationState.CLOSED


def open_escalation(intake: Intake) -> Escalation | None:
    return next((e for e in reversed(intake.escalations) if is_open(e)), None)


def event(escalation: Escalation, move: str) -> EscalationEvent | None:
    """The latest event of a kind."""
    return next((e for e in reversed(escalation.events) if e.move == move), None)


def person_at_risk(escalation: Escalation) -> dict[str, str]:
    """What is known of the person, later entries over earlier ones. Not the caller's record."""
    known: dict[str, str] = {}
    for happened in escalation.events:
        if happened.move in ("raised", "person"):
            known |= {k: v for k, v in happened.fields if k in PERSON_FIELDS}
    return known


def grounds(escalation: Escalation) -> frozenset[str]:
    """The answers that this escalation already covers."""
    return frozenset(
        ground
        for happened in escalation.events
        if happened.move in ("raised", "grounds")
        for ground in happened.get("grounds").split()
    )


def uncovered(intake: Intake, now: frozenset[str]) -> frozenset[str]:
    """Grounds of an escalation that none has covered yet."""
    return now.difference(*(grounds(e) for e in intake.escalations))


def is_settled(intake: Intake, now: frozenset[str]) -> bool:
    """Whether clinicians have closed every escalation that the grounds of now were raised for."""
    return open_escalation(intake) is None and not uncovered(intake, now)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that must happen and needs an outcome; derived, never ticked away by time. `tries`
    counts those in which nobody reached the person: they settle nothing."""

    what: str
    from_: datetime
    until: datetime
    tries: int = 0


# escalation.md: a safety call 24 to 72 h after the person was taken over.
_SAFETY_CALL = (timedelta(hours=24), timedelta(hours=72))


def call_after(over: datetime, what: str, tries: int) -> Task:
    """A safety call, a day to three days after something was over."""
    first, last = (over + wait for wait in _SAFETY_CALL)
    return Task(what, first, last, tries)


def is_taken_up(intake: Intake, said: datetime) -> bool:
    """Whether an escalation is open, or a clinician closed one, at or after that time."""
    ends = [event(escalation, "closed") for escalation in intake.escalations]
    return any(closed is None or closed.at >= said for closed in ends)


def tasks(intake: Intake) -> tuple[Task, ...]:
    every = (each for e in intake.escalations for each in (_safety_call(e), _confirmation(e)))
    return tuple(task for task in every if task is not None)


def _safety_call(escalation: Escalation) -> Task | None:
    """What was said before a clinician closed it is no call a day later."""
    over = event(escalation, "taken_over") or event(escalation, "accepted")
    later = _behind(escalation, event(escalation, "closed"))
    made = [e for e in escalation.events if e.move == "safety_call"]
    if over is None or any(_is_of_before(e) or (e in later and _settles(e)) for e in made):
        return None
    return call_after(over.at, "safety_call", tried_in_vain(escalation, "safety_call"))


def _confirmation(escalation: Escalation) -> Task | None:
    sent = _sent(escalation)
    later = _behind(escalation, sent)
    if sent is None or any(_settles(e) for e in later if e.move == "reached"):
        return None
    what = "confirm_that_they_reached_the_person"
    return Task(what, sent.at, sent.at, tried_in_vain(escalation, "reached"))


def _sent(escalation: Escalation) -> EscalationEvent | None:
    """Where emergency services were called last."""
    return next((e for e in reversed(escalation.events) if e.get("emergency_services")), None)


def _behind(
    escalation: Escalation, happened: EscalationEvent | None
) -> tuple[EscalationEvent, ...]:
    """What came after it; nothing, where it did not happen."""
    places = [n for n, e in enumerate(escalation.events, start=1) if e is happened]
    return escalation.events[places[-1] :] if places else ()


def _in_vain(events: Iterable[EscalationEvent], move: str) -> int:
    return sum(e.move == move and not _settles(e) for e in events)


def _settles(tried: EscalationEvent) -> bool:
    """The person was reached, or a clinician decided on a welfare check (workflow.md, "Nobody is
    lost")."""
    return tried.get("reached_them") != NOT_REACHED or bool(tried.get("welfare_check"))


def _is_of_before(tried: EscalationEvent) -> bool:
    """Recorded before it was asked whether somebody was reached: what it settled stays settled."""
    return not tried.get("reached_them")


def as_asked(fields: Mapping[str, str]) -> dict[str, str]:
    """Of a try: an outcome of these words alone says whether the person was reached."""
    said = fields.get("outcome", "").strip().lower().replace("_", " ")
    found = {"reached": REACHED, "not reached": NOT_REACHED}.get(said, "")
    return {"reached_them": found, **fields}


def tried_in_vain(escalation: Escalation, move: str) -> int:
    """How often nobody was reached for the task that `move` settles."""
    since = _sent(escalation) if move == "reached" else None
    return _in_vain(_behind(escalation, since) if since else escalation.events, move)


# Whom to phone ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder; `contact` is "Name, number", and empty where none is set.

    `minutes` is how long to wait before the next one, None on the last.
    """

    number: int
    key: str
    title: str
    contact: str
    minutes: int | None


# escalation.md, "The ladder": five minutes a rung, a placeholder until a clinician confirms it.
_MINUTES_A_RUNG = 5
_PEOPLE = ("on_call", "backup", "director")
_PAEDIATRIC = "paediatric"  # replaces the first rung for somebody under 18, where one is set
_EMERGENCY = "emergency"
# The numbers of a clinic; a clinic may keep others beside them.
NUMBERS = (*_PEOPLE, _PAEDIATRIC, "crisis_line", _EMERGENCY, "poison", "county_emergency")
# escalation.md: no clinic goes live with an empty rung 1 or 2, or without lines.
_NEEDED = ("on_call", "backup", "crisis_line", _EMERGENCY)


_TRIED = "tried."  # before the key of a number: the day on which somebody last dialled it
LATELY = timedelta(days=90)  # escalation.md, "Lines"; a placeholder


def tried_on(numbers: Mapping[str, str], key: str) -> date | None:
    """None where nobody dialled it, and where the day cannot be read."""
    try:
        return date.fromisoformat(numbers.get(_TRIED + key, ""))
    except ValueError:
        return None


def tried(days: Mapping[str, date]) -> dict[str, str]:
    """As they stand among the numbers."""
    return {_TRIED + key: day.isoformat() for key, day in days.items()}


def is_lately(day: date | None, today: date) -> bool:
    """A day to come is none: a clock was wrong."""
    return day is not None and timedelta() <= today - day <= LATELY


def number_words() -> Mapping[str, str]:
    """What each of `NUMBERS` is called."""
    return {
        "on_call": _("the on-call clinician"),
        "backup": _("the backup clinician"),
        "director": _("the medical director"),
        _PAEDIATRIC: _("the crisis route for somebody under 18"),
        "crisis_line": _("the crisis line"),
        _EMERGENCY: _("emergency services for the person's place"),
        "poison": _("the poison line"),
        "county_emergency": _("emergency services of the clinic's county"),
    }


def ladder(numbers: Mapping[str, str], *, minor: bool = False) -> tuple[Rung, ...]:
    """Those of the first three rungs that are set, and emergency services, always."""
    words = number_words()
    first = _PAEDIATRIC if minor and numbers.get(_PAEDIATRIC, "").strip() else _PEOPLE[0]
    people = [
        Rung(number, key, words[key], contact, _MINUTES_A_RUNG)
        for number, key in enumerate((first, *_PEOPLE[1:]), start=1)
        if (contact := numbers.get(key, "").strip())
    ]
    contact = numbers.get(_EMERGENCY, "").strip()
    return (*people, Rung(len(_PEOPLE) + 1, _EMERGENCY, words[_EMERGENCY], contact, None))


def ready_to_screen(numbers: Mapping[str, str]) -> tuple[str, ...]:
    """What is still missing before anybody may be screened, in words; empty where nothing is."""
    words = number_words()
    return tuple(words[key] for key in _NEEDED if not can_be_dialled(numbers.get(key, "")))


def can_be_dialled(contact: str) -> bool:
    """A name alone is nobody who could be phoned."""
    return any(sign.isdecimal() for sign in contact)
