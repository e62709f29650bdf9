"""screen(intake, protocol, today): what the answers raise, what is open, what is to obtain.

Flags are derived from the answers each time and never stored. The app collects, flags with a
shown basis, and escalates; it never decides treatment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from intake_app.core import facts, safety
from intake_app.core.condition import SomeOf, Span
from intake_app.core.facts import Findings, Openness
from intake_app.core.instrument import Score
from intake_app.core.model import (
    Answer,
    Due,
    Intake,
    PartialDate,
    Source,
    Stage,
    State,
    Tier,
)
from intake_app.core.protocol import Criterion, Item, Param, Protocol, Rule
from intake_app.core.words import _


class FlagState(StrEnum):
    RAISED = "raised"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Flag:
    """What one criterion raises, with its basis. `key` tells the entries of a for_each apart.

    `tier` and `due` route; where a yes has its date or size open they are those of the strongest
    rule still possible. `stronger_open`: a stronger rule could still hold. `fault`: a rule could
    not be evaluated. `escalates`: the clinic acts now.
    """

    key: str
    criterion: Criterion
    tier: Tier
    due: Due
    state: FlagState
    reasons: tuple[str, ...]
    rules: tuple[Rule, ...]
    items: tuple[str, ...]
    answers: tuple[Answer, ...]
    stronger_open: bool = False
    was_yes: bool = False
    fault: bool = False
    escalates: bool = False

    @property
    def reason(self) -> str:
        return self.reasons[0]

    @property
    def params(self) -> tuple[Param, ...]:
        """The thresholds that its rules used."""
        used = dict.fromkeys(name for rule in self.rules for name in sorted(rule.when.params))
        return tuple(self.criterion.params[name] for name in used)

    @property
    def seen(self) -> str:
        """What a review of this flag has seen; a review lapses when it changes."""
        parts = (self.tier.word, self.due.word, self.state, *self.reasons)
        return " ".join((*parts, *sorted(answer.id for answer in self.answers)))


@dataclass(frozen=True, slots=True)
class ToObtain:
    """Something still missing that is no flag."""

    id: str
    label: str
    due: Due
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """An applicable item without an answer that counts; `reads` says what stands in its place."""

    item: Item
    entry: int
    state: str


@dataclass(frozen=True, slots=True)
class Screening:
    flags: tuple[Flag, ...]
    to_obtain: tuple[ToObtain, ...]
    unanswered: tuple[OpenQuestion, ...]
    suicide_risk: safety.SuicideRisk
    grounds: frozenset[str]
    findings: Findings

    def flag(self, key: str) -> Flag | None:
        return next((flag for flag in self.flags if flag.key == key), None)

    @property
    def scores(self) -> Mapping[str, Score]:
        """The begun instruments that sum, by id; exact or as bounds."""
        return {
            instrument.id: found
            for instrument in self.findings.protocol.instruments.values()
            if instrument.id != self.findings.protocol.suicide_screen
            and (found := self.findings.score(instrument)) is not None
        }


@dataclass(frozen=True, slots=True)
class Case:
    """An intake with its screening: what every screen and page is shown from."""

    intake: Intake
    protocol: Protocol
    screening: Screening
    today: date


def screen(intake: Intake, protocol: Protocol, today: date) -> Screening:
    findings = Findings(intake, protocol, today)
    flags: list[Flag] = []
    to_obtain: list[ToObtain] = []
    for criterion in protocol.criteria:
        for at in _readings(criterion, findings):
            judged = _Judgement(criterion, at)
            flag = judged.flag()
            if flag is not None:
                flags.append(flag)
            if criterion.to_obtain and (missing := judged.missing()):
                to_obtain.append(missing)
    flags.sort(key=lambda flag: (-flag.tier, -flag.due))
    return Screening(
        flags=tuple(flags),
        to_obtain=(*_interpreter(findings), *to_obtain),
        unanswered=tuple(_unanswered(findings)),
        suicide_risk=findings.suicide_risk,
        grounds=_grounds(flags, protocol),
        findings=findings,
    )


def _readings(criterion: Criterion, findings: Findings) -> Iterable[Findings]:
    if criterion.for_each is None:
        return (findings,)
    return findings.each


def _grounds(flags: Iterable[Flag], protocol: Protocol) -> frozenset[str]:
    """The answers for which an escalation is open, or has to be raised; a counted no is none."""
    return frozenset(
        answer.id
        for flag in flags
        if flag.escalates
        for answer in flag.answers
        if answer.value is None or protocol.items[answer.item].is_yes(answer.value)
    )


class _Judgement:
    """One criterion on one intake."""

    def __init__(self, criterion: Criterion, findings: Findings) -> None:
        self._criterion = criterion
        self._at = findings

    def flag(self) -> Flag | None:
        try:
            return self._flag()
        except Exception:  # noqa: BLE001 - a rule that cannot run is shown, never skipped
            return self._fault()

    def _flag(self) -> Flag | None:
        held: list[Rule] = []
        undecided: list[Rule] = []
        for rule in self._criterion.rules:
            decided = rule.when.decide(self._at.read)
            if decided is None:
                undecided.append(rule)
            elif decided:
                held.append(rule)
        if not undecided:
            return self._compose(held, [], []) if held else None
        possible = [rule for rule in undecided if held and self._follows(rule, held)]
        unknown = [rule for rule in undecided if self._is_unknown(rule)]
        if not held and not unknown:
            return None
        return self._compose(held, possible, unknown, undecided)

    def _follows(self, rule: Rule, held: list[Rule]) -> bool:
        """A yes holds, and only its date or size keeps a stronger rule open.

        Questions of a later stage that nobody asked yet are open, not unknown: they leave the
        flag where it is, marked that a stronger one is open.
        """
        if rule.strength <= max(r.strength for r in held):
            return False
        names = rule.when.open(self._at.read) & rule.measures
        shares = any(rule.reach & other.reach for other in held)
        return shares and any(self._is_due(name) for name in names)

    def _is_due(self, name: str) -> bool:
        found = self._at.find(name)
        if found.openness >= Openness.UNKNOWN or isinstance(found.value, Span):
            return True
        stages = {q.stage for q in self._questions(name) if self._at.read(q.name) is None}
        return bool(stages & self._at.held_stages)

    def _is_unknown(self, rule: Rule) -> bool:
        """Undecided because something was asked in vain; declined flags even what is to obtain."""
        names = rule.when.open(self._at.read)
        worst = max((self._at.find(name).openness for name in names), default=Openness.SETTLED)
        least = Openness.DECLINED if self._criterion.to_obtain else Openness.UNKNOWN
        return worst >= least

    def _compose(
        self,
        held: list[Rule],
        possible: list[Rule],
        unknown: list[Rule],
        undecided: list[Rule] | None = None,
    ) -> Flag:
        counting = sorted((*possible, *held), key=lambda r: r.strength, reverse=True)
        routes = [(rule.tier, self._due(rule)) for rule in counting]
        reasons = [rule.reason for rule in _telling(counting)]
        if unknown:
            # An undecided note alone raises no more than a note.
            most = max(rule.tier for rule in unknown)
            routes.append((min(self._criterion.unknown_tier, most), self._criterion.unknown_due))
            reasons.append(self._what_is_open(unknown))
        rules = tuple(dict.fromkeys((*counting, *unknown)))
        answers = self._answers(rules)
        strongest = max((rule.strength for rule in held), default=(Tier.NOTE, Due.NONE))
        return Flag(
            key=self._key,
            criterion=self._criterion,
            tier=max(tier for tier, _due in routes),
            due=max(due for _tier, due in routes),
            state=FlagState.RAISED if held else FlagState.UNRESOLVED,
            reasons=tuple(dict.fromkeys(reasons)),
            rules=rules,
            items=tuple(dict.fromkeys(item.id for item in self._items(held, possible, unknown))),
            answers=answers,
            stronger_open=any(rule.strength > strongest for rule in undecided or ()),
            was_yes=self._was_yes(rules),
            escalates=self._escalates(held, possible),
        )

    @property
    def _key(self) -> str:
        return f"{self._criterion.id}#{self._at.entry}" if self._at.entry else self._criterion.id

    def _due(self, rule: Rule) -> Due:
        """Where a rule reads the medicine list, the drug's own due counts if it is earlier."""
        name = f"medicine_tier_{self._criterion.id}"
        if name not in rule.when.names:
            return rule.due
        tier, due = self._at.listed_tier(self._criterion.id)
        return max(rule.due, due) if tier == rule.tier else rule.due

    def _escalates(self, held: list[Rule], possible: list[Rule]) -> bool:
        """Stop and now; for a rule only still possible, once its question was asked in vain.

        While the line is open and the question simply comes next, nothing is raised yet.
        """
        if any(rule.strength == _STOP_NOW for rule in held):
            return True
        pressing = [rule for rule in possible if rule.strength == _STOP_NOW]
        return any(
            self._at.find(name).openness is not Openness.NOT_ASKED
            for rule in pressing
            for name in rule.when.open(self._at.read) & rule.measures
        )

    def _questions(self, name: str) -> tuple[Item, ...]:
        return facts.questions(self._at.protocol, name)

    def _items(self, held: list[Rule], possible: list[Rule], unknown: list[Rule]) -> Iterable[Item]:
        """For what holds the questions that were answered, for what is open those to settle."""
        for rule in held:
            for name in sorted(rule.when.names):
                yield from (q for q in self._questions(name) if self._at.find(q.name).answers)
        for rule in (*possible, *unknown):
            for name in sorted(rule.when.open(self._at.read)):
                yield from (q for q in self._questions(name) if self._is_open(q))

    def _is_open(self, item: Item) -> bool:
        value = self._at.read(item.name)
        return value is None or isinstance(value, SomeOf | PartialDate)

    def _answers(self, rules: Iterable[Rule]) -> tuple[Answer, ...]:
        found = (
            answer
            for rule in rules
            for name in sorted(rule.when.names)
            for answer in self._at.find(name).answers
        )
        return tuple(dict.fromkeys(found))

    def _was_yes(self, rules: Iterable[Rule]) -> bool:
        """A yes was given and later taken back, changed or made unknown."""
        for rule in rules:
            for name in rule.when.names:
                for item in self._questions(name):
                    history = self._at.history(item)
                    said = [a.value is not None and item.is_yes(a.value) for a in history]
                    if any(said) and not said[-1]:
                        return True
        return False

    def _what_is_open(self, rules: list[Rule]) -> str:
        names = dict.fromkeys(n for r in rules for n in sorted(r.when.open(self._at.read)))
        items = {q.id: q for name in names for q in self._questions(name) if self._is_open(q)}
        states = {reads(self._at, item) for item in items.values()}
        return _("Not settled: {states}.").format(states="; ".join(sorted(states)))

    def missing(self) -> ToObtain | None:
        """What is to obtain: applicable questions of the criterion that have no answer."""
        wanted = (*self._criterion.items, *self._asked_elsewhere())
        items = tuple(q.id for q in wanted if self._at.find(q.name).value is None)
        if not items:
            return None
        return ToObtain(self._key, self._criterion.label, self._criterion.unknown_due, items)

    def _asked_elsewhere(self) -> Iterable[Item]:
        names = {name for rule in self._criterion.rules for name in rule.when.open(self._at.read)}
        own = {item.name for item in self._criterion.items}
        for name in sorted(names):
            yield from (q for q in self._questions(name) if q.name not in own)

    def _fault(self) -> Flag:
        strongest = max(rule.tier for rule in self._criterion.rules)
        return Flag(
            key=self._key,
            criterion=self._criterion,
            tier=strongest,
            due=max(rule.due for rule in self._criterion.rules),
            state=FlagState.UNRESOLVED,
            reasons=(_("NOT EVALUATED: a rule could not run. Read the answers yourself."),),
            rules=self._criterion.rules,
            items=tuple(item.id for item in self._criterion.items),
            answers=(),
            fault=True,
        )


def _telling(rules: list[Rule]) -> list[Rule]:
    """Without the weaker rules that read nothing new: they are the "else" of a stronger one."""
    return [
        rule
        for i, rule in enumerate(rules)
        if not any(rule.when.names <= other.when.names for other in rules[:i])
    ]


_STOP_NOW = (Tier.STOP, Due.NOW)


def _interpreter(findings: Findings) -> Iterable[ToObtain]:
    """Somebody without the training put the person's words into ours (45 CFR 92.201).

    The same day, while the suicide-risk screen waits to be repeated with the person.
    """
    through = [a for a in findings.intake.answers if a.source is Source.AD_HOC_INTERPRETER]
    if through:
        items = tuple(dict.fromkeys(answer.item for answer in through))
        finished = findings.suicide_risk.complete
        due = Due.BEFORE_SCHEDULING if finished else Due.SAME_DAY
        yield ToObtain("qualified_interpreter", _("A qualified interpreter"), due, items)


def _unanswered(findings: Findings) -> Iterable[OpenQuestion]:
    repeated = findings.protocol.repeated
    for item in findings.protocol.items.values():
        for at in findings.each if item.id in repeated else (findings,):
            value = at.read(item.name)
            if value is None or isinstance(value, SomeOf):
                yield OpenQuestion(item, at.entry, state_word(at, item))


NOT_ASKED = "not_asked"


def state_word(findings: Findings, item: Item) -> str:
    """The state of an open question; a no that does not count is unknown."""
    found = findings.find(item.name)
    if not found.answers:
        return NOT_ASKED
    latest = found.answers[-1].state
    return State.UNKNOWN if latest is State.ANSWERED else latest


def reads(findings: Findings, item: Item) -> str:
    """What stands for an item on screen and page; nothing open ever reads as a no."""
    found = findings.find(item.name)
    if not found.answers:
        if found.value is not None:
            return _("Not applicable")
        return _not_asked(findings, item)
    latest = found.answers[-1]
    if latest.value is None:
        return _STATE_WORDS[latest.state]()
    said = item.label(latest.value)
    if found.value is None or isinstance(found.value, SomeOf):
        return _said_by_other(item, said)
    if found.answers[0] is not latest:
        return _("{said} (was {before})").format(
            said=said, before=item.label(found.answers[0].value or False)
        )
    return said


def _said_by_other(item: Item, said: str) -> str:
    if item.safety:
        return _(
            "Unknown: the answer given for the person does not count; repeat with the patient, "
            "alone or through a qualified interpreter"
        )
    return _("As observed by another person, not scored: {said}").format(said=said)


_STATE_WORDS = {
    State.UNKNOWN: lambda: _("Does not know"),
    State.DECLINED: lambda: _("Declined"),
    State.DEFERRED: lambda: _("Ask later"),
    State.NOT_APPLICABLE: lambda: _("Not applicable"),
}


def _not_asked(findings: Findings, item: Item) -> str:
    if item.stage is Stage.CALL and findings.intake.escalations:
        return _("Not asked: escalation")
    private = findings.find("can_talk_freely") if _asks_privacy(findings) else None
    if item.safety and private and private.answers and private.value is not True:
        return _("Not asked: not private")
    return _("Not asked")


def _asks_privacy(findings: Findings) -> bool:
    return "can_talk_freely" in findings.protocol.by_name


def resume_at(case: Case) -> str:
    """Where a resumed call goes on: at the open escalation, else at the next question."""
    if safety.open_escalation(case.intake) is not None:
        return "escalation"
    findings = case.screening.findings
    for question in case.screening.unanswered:
        item = question.item
        asked = findings.applicable(item) or findings.item(item).openness >= Openness.UNKNOWN
        if question.state == NOT_ASKED and item.stage in findings.held_stages and asked:
            return item.id
    return "check_answers"


# What adds to sedation is seen together: each alone may look small.
_SEDATION = (
    "alcohol_and_cannabis_use",
    "med_benzodiazepine",
    "med_opioid",
    "med_cns_depressant_other",
    "sleep_apnea",
)


def sedation_together(case: Case) -> tuple[Flag, ...]:
    """The flags that add up to sedation and shallow breathing, where there are several."""
    found = tuple(f for f in case.screening.flags if f.criterion.id in _SEDATION)
    return found if len(found) > 1 else ()
