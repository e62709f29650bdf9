"""screen(intake, protocol, today): what the answers raise, what is open, what is to obtain.

Flags are derived from the answers each time and never stored. The app collects, flags with a
shown basis, and escalates; it never decides treatment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from intake_app.core import facts, safety
from intake_app.core.condition import NOT_APPLICABLE, SomeOf, Span, is_undecided
from intake_app.core.facts import Age, Finding, Findings
from intake_app.core.instrument import Score
from intake_app.core.medication import cross_checked
from intake_app.core.model import (
    THE_PERSONS_OWN,
    Answer,
    Due,
    Intake,
    Medication,
    PartialDate,
    Source,
    Stage,
    State,
    Tier,
)
from intake_app.core.protocol import Block, Criterion, Item, Param, Protocol, Rule
from intake_app.core.words import _, _n


class FlagState(StrEnum):
    RAISED = "raised"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Flag:
    """What one criterion raises, with its basis. `key` tells the entries of a for_each apart.

    `tier` and `due` route; where a yes has its date or size open they are those of the strongest
    rule still possible. `stronger_open`: a stronger rule could still hold. `fault`: a rule could
    not be evaluated. `past`: nothing of it stands now. `escalates`: the clinic acts now.
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
    past: bool = False
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


class ToObtain(NamedTuple):
    """Something still missing that is no flag; `why` where there is an answer, and it is not there
    or no longer holds."""

    id: str
    label: str
    due: Due
    items: tuple[str, ...]
    why: str = ""

    @property
    def text(self) -> str:
        return f"{self.label}: {self.why}" if self.why else self.label


class OpenQuestion(NamedTuple):
    """An applicable item without an answer that counts; `reads` says what stands in its place."""

    item: Item
    entry: int
    state: str


@dataclass(frozen=True)
class Screening:
    """`unanswered`, `to_obtain` and `scores` are worked out when they are asked for."""

    flags: tuple[Flag, ...]
    suicide_risk: safety.SuicideRisk
    grounds: frozenset[str]
    findings: Findings = field(compare=False, repr=False)

    def flag(self, key: str) -> Flag | None:
        return next((flag for flag in self.flags if flag.key == key), None)

    @cached_property
    def unanswered(self) -> tuple[OpenQuestion, ...]:
        return tuple(_unanswered(self.findings))

    @cached_property
    def to_obtain(self) -> tuple[ToObtain, ...]:
        found = self.findings
        return (*_again(found), *_interpreter(found), *_guardian(found), *_missing(found))

    @property
    def scores(self) -> Mapping[str, Score]:
        """The begun instruments that sum, by id; exact or as bounds."""
        return {
            instrument.id: found
            for instrument in self.findings.protocol.instruments.values()
            if instrument.is_scored and (found := self.findings.score(instrument)) is not None
        }


@dataclass(frozen=True, slots=True)
class Case:
    """An intake with its screening: what every screen and page is shown from."""

    intake: Intake
    protocol: Protocol
    screening: Screening
    today: date


def screened(intake: Intake, protocol: Protocol, today: date) -> Case:
    return Case(intake, protocol, screen(intake, protocol, today), today)


def screen(intake: Intake, protocol: Protocol, today: date) -> Screening:
    findings = Findings(intake, protocol, today)
    flags = [
        flag
        for criterion in protocol.criteria
        for at in _readings(criterion, findings)
        if (flag := _flag(criterion, at)) is not None
    ]
    flags.sort(key=lambda flag: (-flag.tier, -flag.due))
    return Screening(
        flags=tuple(flags),
        suicide_risk=findings.suicide_risk,
        grounds=_grounds(flags, protocol),
        findings=findings,
    )


def _readings(criterion: Criterion, findings: Findings) -> Iterable[Findings]:
    return (findings,) if criterion.for_each is None else findings.each


def _grounds(flags: Iterable[Flag], protocol: Protocol) -> frozenset[str]:
    """The answers for which an escalation is open, or has to be raised; a counted no is none."""
    return frozenset(
        answer.id
        for flag in flags
        if flag.escalates
        for answer in flag.answers
        if answer.value is None or protocol.items[answer.item].is_yes(answer.value)
    )


class _Undecided(NamedTuple):
    """A rule, and the names that keep it open."""

    rule: Rule
    names: frozenset[str]


def _flag(criterion: Criterion, at: Findings) -> Flag | None:
    try:
        held, open_ = _decide(criterion, at)
        if not held and not at.rests_on_a_change(criterion):
            if not any(_may_be_asked_in_vain(rule, at) for rule in open_):
                return None  # as with most criteria
        return _Judgement(criterion, at, held, open_).flag()
    except Exception:  # noqa: BLE001 - a rule that cannot run is shown, never skipped
        return _fault(criterion, at)


def _may_be_asked_in_vain(rule: Rule, at: Findings) -> bool:
    """False only where whatever keeps a rule open is something that nobody asked for yet."""
    for found in map(at.find, rule.when.names):
        if found.openness is not facts.NOT_ASKED and is_undecided(found.value):
            return True
    return False


def _was_asked(open_: _Undecided, at: Findings) -> bool:
    return {at.find(name).openness for name in open_.names} != {facts.NOT_ASKED}


def _missing(findings: Findings) -> Iterable[ToObtain]:
    for criterion in findings.protocol.criteria:
        for at in _readings(criterion, findings) if criterion.to_obtain else ():
            with suppress(Exception):  # shown as a fault among the flags
                if missing := _Judgement(criterion, at, *_decide(criterion, at)).missing():
                    yield missing


def _decide(criterion: Criterion, at: Findings) -> tuple[list[Rule], list[Rule]]:
    """The rules that hold, and those that something keeps open."""
    held, open_, read = [], [], at.read
    for rule in criterion.rules:
        decided = rule.when.decide(read)
        if decided is None:
            open_.append(rule)
        elif decided:
            held.append(rule)
    return held, open_


class _Judgement:
    """One criterion on one intake: the rules that hold, and those that something keeps open."""

    def __init__(
        self, criterion: Criterion, at: Findings, held: list[Rule], open_: list[Rule]
    ) -> None:
        self._criterion = criterion
        self._at = at
        self._held = held
        self._undecided = [_Undecided(rule, rule.when.node.open(at.read)) for rule in open_]

    def flag(self) -> Flag | None:
        unknown = [open_ for open_ in self._undecided if self._is_unknown(open_)]
        if not self._held and not unknown:
            return self._taken_back()
        possible = [open_ for open_ in self._undecided if self._follows(open_)]
        return self._compose(possible, unknown)

    def _follows(self, open_: _Undecided) -> bool:
        """A yes holds, and only its date or size keeps a stronger rule open.

        Whoever was to ask for it: until somebody did, it may be recent or large.
        """
        if open_.rule.strength <= self._strength or not open_.names & open_.rule.measures:
            return False
        return any(open_.rule.reach & held.reach for held in self._held)

    def _taken_back(self) -> Flag | None:
        """Nothing holds any more, and an answer that raised this, or a yes, was changed."""
        back, lapsed = self._at.taken_back, self._lapsed
        asking = tuple(
            rule for rule in self._criterion.rules if rule in lapsed or rule.when.names & back
        )
        if not asking:
            return None
        told = self._told(asking)
        said = self._once_said() or [_("Was answered yes, later no.")]
        now = _("Nothing else stands here now.")
        return Flag(
            key=_key(self._criterion, self._at),
            criterion=self._criterion,
            tier=Tier.NOTE,
            due=Due.NONE,
            state=FlagState.UNRESOLVED,
            reasons=(*said[:-1], f"{said[-1]} {now}"),
            rules=asking,
            items=tuple(item.id for item in told),
            answers=self._history(told),
            was_yes=True,
            past=True,
        )

    @cached_property
    def _lapsed(self) -> list[Rule]:
        """Rules that would hold, stronger than what does, had no answer been changed."""
        if not self._at.rests_on_a_change(self._criterion):
            return []
        said = (o.rule for o in self._undecided if self._is_unknown(o) or self._follows(o))
        now = (*self._held, *said)
        return [
            rule
            for rule in self._criterion.rules
            if rule not in now and (not self._held or rule.strength > self._strength)
            if any(rule.when.decide(before.read) for before in self._at.before_changes)
        ]

    def _told(self, rules: Iterable[Rule]) -> list[Item]:
        """The questions that rules read and that were answered, in the order of the protocol."""
        asked = {q for rule in rules for q in chain(rule.reach, *rule.asks.values())}
        every = (i for i in self._at.protocol.by_name.values() if i.name in asked)
        return [item for item in every if self._at.history(item)]

    def _history(self, items: Iterable[Item]) -> tuple[Answer, ...]:
        return tuple(answer for item in items for answer in self._at.history(item))

    def _once_said(self) -> list[str]:
        template = _("Before an answer was changed: {reason}")
        return [template.format(reason=rule.reason) for rule in _telling(self._lapsed)]

    @property
    def _strength(self) -> tuple[Tier, Due]:
        return max((rule.strength for rule in self._held), default=_NOTHING)

    def _is_unknown(self, open_: _Undecided) -> bool:
        """Undecided because something was asked in vain, or answered too loosely to decide it.

        What is to obtain is listed instead; a refusal, or an answer taken back, flags even that.
        """
        if self._criterion.to_obtain:
            openness = {self._at.find(name).openness for name in open_.names}
            taken_back = facts.UNKNOWN in openness and self._is_taken_back(open_)
            return taken_back or facts.DECLINED in openness
        return _was_asked(open_, self._at)

    def _is_taken_back(self, open_: _Undecided) -> bool:
        found = [self._at.find(question) for question in self._open_questions(open_)]
        return any(
            each.openness is facts.UNKNOWN and any(a.value is not None for a in each.answers)
            for each in found
        )

    def _compose(self, possible: list[_Undecided], unknown: list[_Undecided]) -> Flag:
        counting = [*(open_.rule for open_ in possible), *self._held]
        counting.sort(key=lambda rule: rule.strength, reverse=True)
        routes = [(rule.tier, self._due(rule)) for rule in counting]
        reasons = [self._reason(rule) for rule in _telling(counting)]
        if unknown:
            # An undecided note alone raises no more than a note.
            most = max(open_.rule.tier for open_ in unknown)
            routes.append((min(self._criterion.unknown_tier, most), self._criterion.unknown_due))
            reasons.append(self._what_is_open(unknown))
        rules = (*counting, *(open_.rule for open_ in unknown if open_ not in possible))
        once, before = self._once_said(), self._history(self._told(self._lapsed))
        if not once and self._was_yes(rules):
            once.append(_("An answer was yes before."))
        return Flag(
            key=_key(self._criterion, self._at),
            criterion=self._criterion,
            tier=max(tier for tier, _due in routes),
            due=max(due for _tier, due in routes),
            state=FlagState.RAISED if self._held else FlagState.UNRESOLVED,
            reasons=tuple(dict.fromkeys((*reasons, *once))),
            rules=rules,
            items=self._items((*possible, *unknown)),
            answers=tuple(dict.fromkeys((*self._answers(rules), *before))),
            stronger_open=any(open_.rule.strength > self._strength for open_ in self._undecided),
            was_yes=bool(once),
            escalates=self._escalates(possible),
        )

    def _reason(self, rule: Rule) -> str:
        """What nobody said yet is not told as said."""
        if any(rule is held for held in self._held):
            return rule.reason
        return _("Not settled, so the strongest counts: {reason}").format(reason=rule.reason)

    def _due(self, rule: Rule) -> Due:
        """Where a rule reads the medicine list, the drug's own due counts if it is earlier."""
        name = f"medicine_tier_{self._criterion.id}"
        if name not in rule.when.names:
            return rule.due
        tier, due = self._at.listed_tiers.get(self._criterion.id, (None, rule.due))
        return max(rule.due, due) if tier is rule.tier else rule.due

    def _escalates(self, possible: list[_Undecided]) -> bool:
        """Stop and now; for a rule only still possible, once its question was asked in vain.

        While the line is open and the question simply comes next, nothing is raised yet.
        """
        if any(rule.strength == _STOP_NOW for rule in self._held):
            return True
        pressing = [open_ for open_ in possible if open_.rule.strength == _STOP_NOW]
        return any(
            self._at.find(name).openness is not facts.NOT_ASKED
            for open_ in pressing
            for name in open_.names & open_.rule.measures
        )

    def _items(self, undecided: Iterable[_Undecided]) -> tuple[str, ...]:
        """For what holds the questions that were answered, for what is open those to settle."""
        read = (q for rule in self._held for questions in rule.asks.values() for q in questions)
        answered = (q for q in read if any(at.find(q).answers for at in self._each(q)))
        open_ = (question for each in undecided for question in self._open_questions(each))
        by_name = self._at.protocol.by_name
        return tuple(by_name[question].id for question in dict.fromkeys((*answered, *open_)))

    def _open_questions(self, open_: _Undecided) -> Iterable[str]:
        settling = self._settling_trials(open_.names)
        for name, questions in open_.rule.asks.items():
            if name in open_.names:
                counts = settling and name in facts.COUNTS_OF_TRIALS
                yield from (q for q in questions if (q in settling if counts else self._is_open(q)))

    def _settling_trials(self, names: frozenset[str]) -> frozenset[str]:
        """The questions that settle the trials on record, for the counts among these names."""
        parts = chain.from_iterable(self._at.open_trials(names).values())
        return frozenset(chain.from_iterable(facts.SETTLED_BY[part] for part in parts))

    def _each(self, question: str) -> tuple[Findings, ...]:
        """Of what is asked once for each entry, one reading for each; where there is none, it was
        not asked."""
        at = self._at
        repeated = at.entry == 0 and at.protocol.by_name[question].id in at.protocol.repeated
        return (at.each or (at,)) if repeated else (at,)

    def _is_open(self, question: str) -> bool:
        return any(self._is_open_at(at, question) for at in self._each(question))

    @staticmethod
    def _is_open_at(at: Findings, question: str) -> bool:
        found = at.find(question)
        if question in facts.LIKE_ITEM_9 and not found.answers:
            return False  # nobody has to rate
        return found.value is None or isinstance(found.value, SomeOf | PartialDate)

    def _answers(self, rules: Iterable[Rule]) -> tuple[Answer, ...]:
        found = {
            answer.id: answer
            for rule in rules
            for name in rule.asks
            for answer in self._at.find(name).answers
        }
        return tuple(found.values())

    def _was_yes(self, rules: Iterable[Rule]) -> bool:
        """A yes was given and later taken back, changed or made unknown."""
        withdrawn = self._at.withdrawn.keys()
        return bool(withdrawn) and any(
            not withdrawn.isdisjoint(questions)
            for rule in rules
            for questions in rule.asks.values()
        )

    def _what_is_open(self, unknown: list[_Undecided]) -> str:
        by_name, names = self._at.protocol.by_name, {n for open_ in unknown for n in open_.names}
        # A date that is told decides whether a trial counts, or is named with that trial.
        trials = self._at.open_trials(names)
        questions = {question for open_ in unknown for question in self._open_questions(open_)}
        states = {
            reads(at, by_name[question])
            for question in questions
            for at in self._each(question)
            if self._is_open_at(at, question) and not (trials and at.read(question) is not None)
        }
        each = _("trial {entry}: {what}")
        states |= {each.format(entry=n, what=", ".join(w.values())) for n, w in trials.items()}
        if not states:
            return _("Not settled: the medicines are not listed.")
        return _("Not settled: {states}.").format(states="; ".join(sorted(states)))

    def missing(self) -> ToObtain | None:
        """What is to obtain: questions without an answer, or with one that decides too little."""
        read, by_name = self._at.read, self._at.protocol.by_name
        # Of a result without its date the date is missing.
        old = {name for name, age in self._at.aged.items() if age is not Age.NOT_DATED}
        own = [i.id for i in self._criterion.items if _is_missing(read(i.name)) or i.name in old]
        open_ = [by_name[q].id for each in self._undecided for q in self._open_questions(each)]
        lacking = {i.id: why for i in self._criterion.items if (why := self._lacking(i))}
        items = tuple(dict.fromkeys((*own, *open_, *lacking)))
        if not items:
            return None
        key, label = _key(self._criterion, self._at), self._criterion.label
        why = "; ".join(lacking.values())
        return ToObtain(key, label, self._criterion.unknown_due, items, why)

    def _lacking(self, item: Item) -> str:
        """What staff looked for and did not find, where no rule speaks of it; or what has run
        out."""
        value = self._at.read(item.name)
        if isinstance(value, PartialDate) and item.id.endswith(facts.TO_COME):
            return _run_out(value, self._at.today)
        unread = all(item.name not in rule.when.names for rule in self._criterion.rules)
        looked_for = item.observed and item.reassuring and unread
        return _("no") if looked_for and value is False else ""


# Options that say why there is no result; it is still to obtain.
_NO_RESULT = frozenset({"not_done", "not_checked", "not_available", "not_decided"})


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _NO_RESULT)


def _run_out(until: PartialDate, today: date) -> str:
    """It holds on its last day; of a month or a year nobody knows whether it still does."""
    if until.latest < today:
        return _("expired")
    begun = until.earliest is None or until.earliest < today
    return _("may have expired") if begun else ""


def _key(criterion: Criterion, at: Findings) -> str:
    return f"{criterion.id}#{at.entry}" if at.entry else criterion.id


def _fault(criterion: Criterion, at: Findings) -> Flag:
    return Flag(
        key=_key(criterion, at),
        criterion=criterion,
        tier=max(rule.tier for rule in criterion.rules),
        due=max(rule.due for rule in criterion.rules),
        state=FlagState.UNRESOLVED,
        reasons=(_("NOT EVALUATED: a rule could not run. Read the answers yourself."),),
        rules=criterion.rules,
        items=tuple(item.id for item in criterion.items),
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
_NOTHING = (Tier.NOTE, Due.NONE)


def _interpreter(findings: Findings) -> Iterable[ToObtain]:
    """Somebody without the training put the person's words into ours (45 CFR 92.201).

    The same day, while the suicide-risk screen waits to be repeated with the person.
    """
    untrained = Source.AD_HOC_INTERPRETER
    through = [answer for answer in findings.intake.answers if answer.source is untrained]
    if through:
        items = tuple(sorted({answer.item for answer in through}))
        finished = findings.suicide_risk.complete
        due = Due.BEFORE_SCHEDULING if finished else Due.SAME_DAY
        yield ToObtain("qualified_interpreter", _("A qualified interpreter"), due, items)


def _again(findings: Findings) -> Iterable[ToObtain]:
    """The suicide-risk screen is asked at each contact; what it said before stands beside it."""
    open_ = [item.id for item in findings.screen_items if findings.is_to_ask_again(item)]
    if open_:
        label = _("The suicide-risk screen, asked again at this contact")
        yield ToObtain("suicide_screen_again", label, Due.SAME_DAY, tuple(open_))


def _guardian(findings: Findings) -> Iterable[ToObtain]:
    """workflow.md, "Under 18"."""
    if findings.is_under_age:
        label = _("Who has custody or guardianship, with its papers")
        yield ToObtain("guardian_papers", label, Due.BEFORE_SCHEDULING, ("date_of_birth",))


def _unanswered(findings: Findings) -> list[OpenQuestion]:
    """In the order of asking; of an instrument a look mostly shows whether anything is open."""
    found: list[OpenQuestion] = []
    for block in findings.protocol.blocks:
        if block.instrument is None:
            _collect(block.items, findings, found)
            continue
        open_: Iterable[Item] = ()
        undecided: Iterable[Item] = block.items
        with suppress(Exception):  # its gate cannot run: each is looked into, and is open
            open_, undecided = _by_a_look(block, findings)
        found += [OpenQuestion(item, 0, NOT_ASKED) for item in open_]
        _collect(undecided, findings, found)
    return found


def _by_a_look(block: Block, findings: Findings) -> tuple[Iterable[Item], Iterable[Item]]:
    """The items of an instrument that are open, and those that have to be looked into. One that
    another question answers is open there, and not a second time here."""
    if block.instrument is not None and findings.is_untouched(block):
        return (() if findings.is_closed(block.instrument.id) else block.items), ()
    left = [item for item in block.items if not findings.is_plainly_answered(item)]
    takes = block.scale.takes
    return (), [
        item for item in left if item.id not in takes or not findings.is_answered_elsewhere(item)
    ]


def _collect(items: Iterable[Item], findings: Findings, found: list[OpenQuestion]) -> None:
    repeated, alone = findings.protocol.repeated, (findings,)
    for item in items:
        for at in findings.each if item.id in repeated else alone:
            try:
                value = at.read(item.name)
                if value is None or isinstance(value, SomeOf):
                    found.append(OpenQuestion(item, at.entry, _state_word(at.find(item.name))))
                elif item.name in findings.aged:
                    found.append(OpenQuestion(item, at.entry, State.UNKNOWN))
            except Exception:  # noqa: BLE001 - its gate cannot run: open, and a fault on its flag
                found.append(OpenQuestion(item, at.entry, NOT_ASKED))


NOT_ASKED = "not_asked"


def _state_word(found: Finding) -> str:
    """The state of an open question; a no that does not count is unknown."""
    if not found.answers:
        return NOT_ASKED
    latest = found.answers[-1].state
    return State.UNKNOWN if latest is State.ANSWERED else latest


def reads(findings: Findings, item: Item) -> str:
    """What stands for an item on screen and page; nothing open ever reads as a no, and no stale
    result as a current one."""
    said, age = _taken(findings, item) or _said(findings, item), aged_words(findings, item)
    return _("{age} (told: {said})").format(age=age, said=said) if age else said


def aged_words(findings: Findings, item: Item) -> str:
    """What is said of a result that is no current one; nothing of any other."""
    age = findings.aged.get(item.name)
    if age is None:
        return ""
    _when, most = findings.protocol.dated[item.name]
    return _age_words(int(most))[age].format(days=most)


def _age_words(days: int) -> Mapping[Age, str]:
    return {
        Age.STALE: _n(
            "OLD: no current result, it counts for {days} day",
            "OLD: no current result, it counts for {days} days",
            days,
        ),
        Age.MAYBE_STALE: _n(
            "MAY BE OLD: no current result, it counts for {days} day",
            "MAY BE OLD: no current result, it counts for {days} days",
            days,
        ),
        Age.NOT_DATED: _("NOT DATED: no current result"),
    }


def _said(findings: Findings, item: Item) -> str:
    found = findings.find(item.name)
    if not found.answers:
        if found.value is not None:
            return (
                _of_record(findings, item) or _through_gate(findings, item) or _("Not applicable")
            )
        return _not_asked(findings, item)
    own = tuple(answer for answer in found.answers if answer.item == item.id)
    if own != found.answers:
        return _by_a_detail(item, own)
    before, latest = found.answers[0], found.answers[-1]
    if latest.value is not None and (found.value is None or isinstance(found.value, SomeOf)):
        return _not_counted(item, latest)
    said = _STATE_WORDS[latest.state]() if latest.value is None else item.label(latest.value)
    if before is latest or before.value is None:
        return said
    return _("{said} (was {before})").format(said=said, before=item.label(before.value))


def _taken(findings: Findings, item: Item) -> str | None:
    """An item of a scale that another question answers, or what follows from some."""
    taken = findings.taken(item)
    if taken is None or findings.history(item):
        return None
    source = findings.protocol.by_name.get(findings.protocol.takes[item.id])
    if findings.find(item.name).value is NOT_APPLICABLE:
        return _through_gate(findings, item) or _("Not applicable")
    if source is not None:
        template = _("{said}, by the answer to: {question}")
        return template.format(said=reads(findings, source), question=source.ask)
    if taken.value is None:
        return _("Open, by what was told")
    said = _ends(item, taken.value) if isinstance(taken.value, Span) else _label(item, taken.value)
    return _("{said}, by what was told or recorded").format(said=said)


def _label(item: Item, known: object) -> str:
    """A number that was worked out has many digits; one is enough to read."""
    value = round(known, 1) if isinstance(known, Decimal) else known
    return item.label(value)  # type: ignore[arg-type]


def _of_record(findings: Findings, item: Item) -> str | None:
    known = findings.recorded(item)
    if known is None:
        return None
    template = _("{known}, by what was told of treatments and dates")
    return template.format(known=_ends(item, known))


def _ends(item: Item, known: Span | bool) -> str:
    if isinstance(known, bool):
        return item.label(known)
    if known.least == known.most:
        return f"{known.least} {item.unit}"
    if known.most is None:
        return _("{least} {unit} or more").format(least=known.least, unit=item.unit)
    template = _("{least} to {most} {unit}")
    return template.format(least=known.least, most=known.most, unit=item.unit)


def _through_gate(findings: Findings, item: Item) -> str | None:
    """A no to the question that leads here answers this one too, in the words that were asked."""
    gates = findings.protocol.gates_of.get(item.id, ())
    asked = next((gate for gate in gates if findings.find(gate.name).answers), None)
    if asked is None:
        return None
    if item.kind == "yes_no":
        return _("No, by the answer to: {question}").format(question=asked.ask)
    return _("Not asked, after a no to: {question}").format(question=asked.ask)


def _by_a_detail(item: Item, own: tuple[Answer, ...]) -> str:
    if not own:
        return _("Yes, by an answer to a detail")
    latest = own[-1]
    said = _STATE_WORDS[latest.state]() if latest.value is None else item.label(latest.value)
    return _("Yes, by an answer to a detail (answered: {said})").format(said=said)


def _not_counted(item: Item, answer: Answer) -> str:
    said = item.label(answer.value) if answer.value is not None else ""
    if item.kind == "date":
        return _("{said}: a day to come, to be asked again").format(said=said)
    if not item.safety:
        return _("As observed by another person, not scored: {said}").format(said=said)
    template = _("{why}; repeat with the patient, alone or through a qualified interpreter")
    if answer.source in THE_PERSONS_OWN:
        template = _("{why}; repeat with the patient alone")
    return template.format(why=why_no_no(answer))


def why_no_no(answer: Answer) -> str:
    """Why a no on an item of safety does not count."""
    if answer.source in THE_PERSONS_OWN:
        return _("Unknown: somebody may have listened, so the no does not count")
    return _("Unknown: the answer given for the person does not count")


_STATE_WORDS = {
    State.UNKNOWN: lambda: _("Does not know"),
    State.DECLINED: lambda: _("Declined"),
    State.DEFERRED: lambda: _("Ask later"),
    State.NOT_APPLICABLE: lambda: _("Not applicable"),
}


def _not_asked(findings: Findings, item: Item) -> str:
    if findings.is_left_out(item):
        return _("Not asked: under the clinic's least age")
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
        here = question.state == NOT_ASKED and item.stage in findings.held_stages
        if here and findings.is_put(item):
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


def unexplained(case: Case, medication: Medication) -> tuple[Criterion, ...]:
    """What a medicine speaks for and no answer does: ask what it is taken for. Of what is open, or
    raises a flag, that is said anyway; nothing is concluded from the medicine alone."""
    found, protocol = case.screening.findings, case.protocol
    flagged = {flag.criterion.id for flag in case.screening.flags}
    named = (
        protocol.by_criterion[name]
        for name in cross_checked(protocol.formulary, medication)
        if name in protocol.by_criterion and name not in flagged
    )
    return tuple(
        criterion
        for criterion in named
        if criterion.items
        and all(found.find(item.name).openness is facts.SETTLED for item in criterion.items)
    )


def sedation_together(case: Case) -> tuple[Flag, ...]:
    """The flags that add up to sedation and shallow breathing, where there are several."""
    found = tuple(f for f in case.screening.flags if f.criterion.id in _SEDATION)
    return found if len(found) > 1 else ()
