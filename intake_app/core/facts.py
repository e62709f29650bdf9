"""What a condition may ask: answers, and facts derived from them.

`Findings` looks each name up once per screening. A finding keeps apart why a value is undecided:
nobody asked yet, it is unknown, or the caller declined. None never turns into no.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, auto
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from typing import NamedTuple

from intake_app.core import medication as drugs
from intake_app.core import safety, treatment
from intake_app.core.condition import (
    NOT_APPLICABLE,
    NUMBER,
    OTHER,
    YES_NO,
    Condition,
    SomeOf,
    Span,
    Type,
)
from intake_app.core.instrument import (
    YES,
    Instrument,
    Result,
    Score,
    body_mass_index,
    score,
)
from intake_app.core.model import (
    COUNTS_FOR_A_NO,
    TELLS_OF_ANOTHER,
    Answer,
    BloodPressure,
    CallEnd,
    Due,
    Intake,
    PartialDate,
    Stage,
    State,
    Tier,
    Value,
)
from intake_app.core.protocol import (
    AGE,
    MIN_AGE,
    NONE_OF_THESE,
    RESULT,
    TELLS,
    Block,
    Criterion,
    Item,
    Protocol,
    is_within,
    result_name,
)


class Openness(IntEnum):
    """Why a name has no value; a greater one weighs more."""

    SETTLED = 0
    NOT_ASKED = 1
    UNKNOWN = 2
    DECLINED = 3


SETTLED, NOT_ASKED, UNKNOWN, DECLINED = Openness

Number = int | Decimal


class Age(Enum):
    """Why a result is no current one."""

    STALE = auto()
    MAYBE_STALE = auto()
    NOT_DATED = auto()


class Finding(NamedTuple):
    """A value, or why there is none, and the answers that it rests on.

    `value` is None where undecided, a Span where only a range is known.
    """

    value: object
    openness: Openness = SETTLED
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """`find` computes it; `asks` names the questions that settle it, `tells` what the questions
    of the suicide-risk screen tell of that settle it, `also` questions that count where asked."""

    type: Type
    find: Callable[[Findings], Finding]
    asks: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


# What most questions of an intake find: skipped by a branch, or not asked yet.
_SKIPPED = Finding(NOT_APPLICABLE)
_UNASKED = Finding(None, NOT_ASKED)


# The one kind of date that may lie ahead.
TO_COME = "_expiry"
# The questions that say whether anybody listens.
_CAN_TALK_FREELY = "can_talk_freely"
_PRIVACY = (_CAN_TALK_FREELY, "listener_present")


class _Found(dict[str, Finding]):
    """By name; what is looked up for the first time is worked out."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[str], object]) -> None:
        self._read = read

    def __missing__(self, name: str) -> Finding:
        self._read(name)
        return self[name]


class _Values(dict[str, object]):
    """The values of what was found; a dict of their own, since the rules read nothing else."""

    __slots__ = ("_items", "_of")

    def __init__(self, of: Findings) -> None:
        self._of = of
        self._items = of.protocol.by_name

    def __missing__(self, name: str) -> object:
        of, item = self._of, self._items.get(name)
        found = of.found[name] = _fact(name)(of) if item is None else of.item(item)
        self[name] = found.value
        return found.value


class Findings:
    """All that is known of one intake on one day, computed on demand."""

    def __init__(self, intake: Intake, protocol: Protocol, today: date, entry: int = 0) -> None:
        self.intake = intake
        self.protocol = protocol
        self.today = today
        self.entry = entry
        self._items = protocol.by_name
        self._known_elsewhere = protocol.takes.keys() | treatment.OF_RECORD
        history: dict[str, list[Answer]] = {}
        self._history = history
        self._changed: dict[str, None] = {}  # the questions that were not always answered alike
        for answer in intake.answers:
            if answer.entry and answer.entry != entry:
                continue
            told = history.get(answer.item)
            if told is None:
                history[answer.item] = [answer]
                continue
            if answer.value != told[0].value:
                self._changed[answer.item] = None
            told.append(answer)
        self.read = _Values(self).__getitem__  # what the rules do most
        self.found = _Found(self.read)
        self.find = self.found.__getitem__

    def at(self, entry: int) -> Findings:
        """The same findings, read for one entry of a for_each criterion."""
        return Findings(self.intake, self.protocol, self.today, entry)

    # One item ---------------------------------------------------------------------------------

    def history(self, item: Item) -> Sequence[Answer]:
        return self._history.get(item.id, ())

    @cached_property
    def each(self) -> tuple[Findings, ...]:
        """One reading for each entry of the for_each criteria, in their order."""
        entries = {answer.entry for answer in self.intake.answers} - {0}
        return tuple(self.at(entry) for entry in sorted(entries))

    def applicable(self, item: Item) -> bool | None:
        """False where a branch skips it, or the record has it; None while the branch is open, and
        then it is asked."""
        if item.id in self._known_elsewhere and not self.history(item) and self.is_known(item):
            return False
        asked = True if item.when is None else item.when.decide(self.read)
        if asked is False and item.instrument == self.protocol.suicide_screen:
            return item.when in self._reopened
        return asked

    def is_put(self, item: Item) -> bool:
        """Whether it is asked on this path: its branch is open by a yes, or by a gate that nobody
        could or would answer."""
        if self.is_left_out(item):
            return False
        asked = self.applicable(item)
        if asked is None and item.when is not None:
            return any(self._in_vain(name) for name in item.when.node.open(self.read))
        return asked is True

    def is_left_out(self, item: Item) -> bool:
        """Whether it is not put to somebody under age: beyond the safety block nothing clinical is
        (workflow.md, "Under 18")."""
        if item.id in self.protocol.safety_block:
            return False  # first of all: the birth date itself is one of them
        return item.stage in (Stage.CALL, Stage.SECOND_CONTACT) and self.is_under_age

    @cached_property
    def is_under_age(self) -> bool:
        """Whether whoever is told of is under the clinic's least age, on every day that the birth
        date may be."""
        criterion = self.protocol.by_criterion.get(AGE)
        if criterion is None or MIN_AGE not in criterion.params:
            return False
        age = self.read(AGE)
        most = age.most if isinstance(age, Span) else age
        return isinstance(most, int) and most < criterion.params[MIN_AGE].value  # type: ignore[operator]

    def _in_vain(self, gate: str) -> bool:
        """Asked, and open all the same. A no of whoever tells of another leaves it open too, to be
        asked of the person; what lies behind a no is not put to the one who gave it."""
        found, item = self.find(gate), self._items.get(gate)
        if found.openness <= NOT_ASKED:
            return False
        if item is None:
            return True
        history = self.history(item)
        return not _is_anothers_no(item, history) if history else self.is_put(item)

    @cached_property
    def _reopened(self) -> tuple[Condition | None, ...]:
        """Branches of the suicide-risk screen that a no closed and a yes behind them opens.

        After a no to thoughts of suicide, a method told all the same: intent and plan are asked.
        """
        screen = self.protocol.instruments[self.protocol.suicide_screen]
        return tuple(i.when for i in screen.items if self._ever_yes(i, self.history(i)))

    def item(self, item: Item) -> Finding:
        history = self._history.get(item.id)
        if history and item.safety and (reported := self._ever_yes(item, history)):
            return reported
        if item.name in self._implied:
            own = history[-1:] if history else ()
            return Finding(True, SETTLED, (*own, self._implied[item.name]))
        if history:
            return self._told_of(item, history)
        elsewhere = item.id in self._known_elsewhere
        if elsewhere and (taken := self.taken(item)) is not None:
            closed = item.when is not None and item.when.decide(self.read) is False
            return _SKIPPED if closed else taken
        asked = self.applicable(item) if item.when is not None or elsewhere else True
        if asked is False:
            return _SKIPPED
        why = self._why_not_asked(item, asked)
        return _UNASKED if why is NOT_ASKED else Finding(None, why)

    def _told_of(self, item: Item, history: Sequence[Answer]) -> Finding:
        asked = True if item.when is None else self.applicable(item)
        if asked is False:
            return self._told_all_the_same(item, history)
        found = self._finding_of(item, history)
        return found or Finding(None, self._why_not_asked(item, asked), (history[-1],))

    @cached_property
    def _implied(self) -> Mapping[str, Answer]:
        """By the name of a gate that is not a yes, the detail behind it that says yes.

        Who names a symptom has answered whether there is one, whatever the gate says.
        """
        found: dict[str, Answer] = {}
        for item, gates in self.protocol.behind_gates:
            history = self._history.get(item.id, ())
            told = self._told(item, gates[0], history) if history else None
            if told is not None:
                found |= {gate.name: told for gate in gates if not self._says_yes(gate)}
        return found

    def _told(self, item: Item, gate: Item, history: Sequence[Answer]) -> Answer | None:
        if item.safety and (reported := self._ever_yes(item, history)):
            return reported.answers[0]
        latest = history[-1]
        return latest if item.tells(latest.value) and not self._corrected(gate, latest) else None

    def _says_yes(self, gate: Item) -> bool:
        history = self._history.get(gate.id)
        return history is not None and history[-1].value is True

    def _told_all_the_same(self, item: Item, history: Sequence[Answer]) -> Finding:
        """What was said to a question that its branch skips counts, be it that it is unknown or
        declined; unless the branch was corrected after it.

        In the suicide-risk screen the branch itself says what is complete: there a refusal stays
        in sight, and opens nothing.
        """
        latest = history[-1]
        if self._changed and item.when is not None:
            gates = (self._items[name] for name in item.when.names if name in self._items)
            if any(self._corrected(gate, latest) for gate in gates):
                return _SKIPPED
        if latest.value is None and item.instrument == self.protocol.suicide_screen:
            return Finding(NOT_APPLICABLE, SETTLED, (latest,))
        return self._finding_of(item, history) or _SKIPPED

    def _corrected(self, gate: Item, detail: Answer) -> bool:
        """Whether the gate's answer was changed after the detail was told."""
        if gate.id not in self._changed:
            return False
        in_order = [answer.id for answer in self.intake.answers]
        return in_order.index(self._history[gate.id][-1].id) > in_order.index(detail.id)

    @cached_property
    def withdrawn(self) -> Mapping[str, Answer]:
        """By question, the last yes that a later answer no longer says."""
        found = {}
        for id_ in self._changed:
            history = self._history[id_]
            item, latest = self.protocol.items[id_], history[-1].value
            yes = next((a for a in reversed(history) if _denies(item, latest, a.value)), None)
            if yes is not None:
                found[item.name] = yes
        return found

    @cached_property
    def taken_back(self) -> frozenset[str]:
        """Questions, outside the safety block, whose yes became a no that counts.

        The no speaks; that there was a yes is shown to the clinician all the same.
        """
        found = (self._items[name] for name in self.withdrawn)
        return frozenset(
            item.name
            for item in found
            if not item.safety and self._history[item.id][-1].value is not None
        )

    def rests_on_a_change(self, criterion: Criterion) -> bool:
        """Whether an answer was changed that may change what its rules say."""
        return bool(self._changed) and not rests_on(self.protocol)[criterion.id].isdisjoint(
            self._changed
        )

    @cached_property
    def before_changes(self) -> tuple[Findings, ...]:
        """All that is known, had the answers that were changed stayed as they stood before: once
        for each way in which they stood together."""
        said: dict[str, Value | None] = {}
        ends: dict[tuple[Value | None, ...], int] = {}
        for n, answer in enumerate(self.intake.answers):
            if answer.item in self._changed and answer.entry in (0, self.entry):
                if said.get(answer.item, answer.value) != answer.value:
                    ends[tuple(map(said.get, self._changed))] = n
                said[answer.item] = answer.value
        ends.pop(tuple(map(said.get, self._changed)), None)
        return tuple(map(self._as_before, ends.values()))

    def _as_before(self, end: int) -> Findings:
        answers = (
            answer
            for n, answer in enumerate(self.intake.answers)
            if n < end or answer.item not in self._changed
        )
        intake = replace(self.intake, answers=tuple(answers))
        return Findings(intake, self.protocol, self.today, self.entry)

    def counts_for_a_no(self, answer: Answer) -> bool:
        """Whose no counts on an item of safety: the person alone, and with nobody listening."""
        return answer.source in COUNTS_FOR_A_NO and answer.id not in self._overheard

    @cached_property
    def _overheard(self) -> frozenset[str]:
        """Answers that somebody may have listened to: all of them, whenever that was noticed.

        Asked again once the person can talk freely, an answer counts.
        """
        said = [
            answer
            for answer in self.intake.answers
            if answer.item in _PRIVACY and answer.state is not State.DEFERRED
        ]
        heard = [answer for answer in said if not _says_alone(answer)]
        if not heard:
            return frozenset()
        alone_again = said[-1] not in heard and any(a.item == said[-1].item for a in heard)
        until = said[-1].id if alone_again and said[-1].item == _CAN_TALK_FREELY else None
        ids = (answer.id for answer in self.intake.answers)
        return frozenset(takewhile(lambda id_: id_ != until, ids))

    def _counted(self, item: Item, history: Sequence[Answer]) -> Answer | None:
        """The latest answer in a voice that the scale accepts; in the suicide-risk screen the
        latest of all, of which a no from the wrong voice is unknown."""
        if item.instrument is None or item.instrument == self.protocol.suicide_screen:
            return history[-1]
        accepted = self.protocol.instruments[item.instrument].may_answer
        counting = (a for a in reversed(history) if a.value is None or a.source in accepted)
        return next(counting, None)

    def _finding_of(self, item: Item, history: Sequence[Answer]) -> Finding | None:
        """What the counted answer says; None where it only put the question off."""
        latest = self._counted(item, history) if item.instrument else history[-1]
        if latest is None:
            return None
        if latest.value is not None:
            return self._valued(item, latest, history)
        if latest.state is State.NOT_APPLICABLE:
            return Finding(NOT_APPLICABLE, SETTLED, (latest,))
        if latest.state is State.DECLINED:
            return Finding(None, DECLINED, (latest,))
        known = [answer for answer in history if answer.value is not None]
        if latest.state is State.UNKNOWN or known:
            # "Ask later" after an answer withdraws it: what was known is unknown now.
            return Finding(None, UNKNOWN, (*known[-1:], latest))
        return None

    def _valued(self, item: Item, latest: Answer, history: Sequence[Answer]) -> Finding:
        if isinstance(latest.value, PartialDate) and self._is_to_come(item, latest.value):
            return Finding(None, UNKNOWN, (latest,))  # nobody had a stroke tomorrow: a slip
        if item.safety and not item.observed and not self.counts_for_a_no(latest):
            return Finding(None, UNKNOWN, (latest,))
        yes = self.withdrawn.get(item.name) if item.id in self._changed else None
        if yes is None or latest.source is yes.source or self.counts_for_a_no(latest):
            return Finding(latest.value, SETTLED, (latest,))
        # Taken back by neither the person nor the voice that said it.
        return Finding(None, UNKNOWN, (yes, latest))

    def _is_to_come(self, item: Item, when: PartialDate) -> bool:
        ahead = when.earliest is not None and when.earliest > self.today
        return ahead and not item.id.endswith(TO_COME)

    def _ever_yes(self, item: Item, history: Sequence[Answer]) -> Finding | None:
        """A yes once given on a safety item stands, whoever gave it and whatever came later.

        It is a clinician who closes its flag and its escalation, not a later no.
        """
        if item.id not in self._changed and history and not item.reports(history[0].value):
            return None  # as of most: every answer says what the first one said
        said = [answer for answer in history if item.reports(answer.value)]
        if not said:
            return None
        rests_on = (said[-1],) if history[-1] is said[-1] else (said[-1], history[-1])
        if item.kind == "multi_choice":
            return Finding(self._options_said(said, history[-1]), SETTLED, rests_on)
        if item.kind == "scale":
            return Finding(max(a.value for a in said), SETTLED, rests_on)  # type: ignore[type-var]
        return Finding(said[-1].value, SETTLED, rests_on)

    def _options_said(self, said: Sequence[Answer], latest: Answer) -> object:
        present = {code for a in said if isinstance(a.value, tuple) for code in a.value}
        present.discard(NONE_OF_THESE)
        whole = latest.state is State.ANSWERED and self.counts_for_a_no(latest)
        return tuple(sorted(present)) if whole else SomeOf(frozenset(present))

    def _why_not_asked(self, item: Item, asked: bool | None) -> Openness:
        if asked and not self._is_over:
            return NOT_ASKED
        if asked is None and item.when is not None:
            gates = item.when.node.open(self.read)
            in_vain = any(self.find(name).openness > NOT_ASKED for name in gates)
            if in_vain and not any(self._is_positive_refusal(name) for name in gates):
                return UNKNOWN
        return UNKNOWN if self.is_overdue(item) else NOT_ASKED

    def _is_positive_refusal(self, name: str) -> bool:
        """Whether declining was as good as a yes, and what is behind it simply comes next."""
        raises = self._items[name].raises if name in self._items else None
        return bool(raises and raises.declined) and self.find(name).openness is DECLINED

    @cached_property
    def _is_over(self) -> bool:
        """Whether anything may be overdue."""
        return self.call_is_over or self.intake.submitted is not None

    def is_overdue(self, item: Item) -> bool:
        """Not asked, and it should have been: the call ended, or the intake was submitted."""
        submitted = self.intake.submitted is not None
        if item.instrument == self.protocol.suicide_screen:
            return self.call_is_over or submitted
        return submitted and item.stage in self.held_stages and not self.is_left_out(item)

    @cached_property
    def call_is_over(self) -> bool:
        return bool(self.intake.calls) and self.intake.live_call is None

    @cached_property
    def held_stages(self) -> frozenset[Stage]:
        """Stages whose contact took place: what was not asked there was left out."""
        return frozenset({Stage.CALL, *(call.stage for call in self.intake.calls)})

    # Helpers for facts ------------------------------------------------------------------------

    @cached_property
    def screen(self) -> Mapping[str, Finding]:
        """By id, the questions of the suicide-risk screen."""
        return {item.id: self.find(item.name) for item in self.screen_items}

    @property
    def screen_items(self) -> tuple[Item, ...]:
        return self.protocol.instruments[self.protocol.suicide_screen].items

    def telling(self, *what: str) -> list[Finding]:
        """Those of the suicide-risk screen that tell of one of these."""
        return [self.screen[item.id] for item in self.screen_items if item.tells_of(*what)]

    @cached_property
    def later_contact(self) -> datetime | None:
        """Since when whoever calls is on the line, where it is not the first contact; a line that
        dropped and came back is one contact."""
        calls = self.intake.calls
        place = len(calls) - 1
        while place > 0 and calls[place - 1].end is CallEnd.DROPPED:
            place -= 1
        return calls[place].started if place > 0 else None

    def is_to_ask_again(self, item: Item) -> bool:
        """Whether a question of the suicide-risk screen was answered at an earlier contact and not
        at this one: it is asked again at each (clinical/README.md)."""
        since, history = self.later_contact, self.history(item)
        if since is None or item.instrument != self.protocol.suicide_screen or not history:
            return False
        return history[-1].at < since and self.is_put(item)

    @cached_property
    def screen_answers(self) -> tuple[Answer, ...]:
        return tuple(answer for found in self.screen.values() for answer in found.answers)

    @cached_property
    def suicide_risk(self) -> safety.SuicideRisk:
        screen = self.screen
        yes = {id_ for id_, found in screen.items() if found.value is True}
        unanswered = {
            id_: found.openness >= UNKNOWN for id_, found in screen.items() if found.value is None
        }
        declined = {id_ for id_ in unanswered if screen[id_].openness is DECLINED}
        return safety.suicide_risk(self.screen_items, yes, unanswered, declined)

    def score(self, instrument: Instrument) -> Score | None:
        """None while nobody whose voice counts has answered anything, and no record tells."""
        record = self._of_record if instrument.id == treatment.STAGING else {}
        if not record and not self._is_spoken_to(instrument):
            return None
        answers = {item.id: self._own_answer(item) for item in instrument.scored_items}
        if record:
            return treatment.staged(instrument, answers, record)
        return score(instrument, answers, self.intake.patient.sex)

    def _is_spoken_to(self, instrument: Instrument) -> bool:
        """Whether somebody whose voice counts has answered; what is known of other questions is
        enough only where nothing else makes up the scale."""
        takes = self.protocol.scales[instrument.id].takes
        if takes.keys() >= {item.id for item in instrument.scored_items}:
            own = (self._own_answer(item) for item in instrument.scored_items)
            return any(value is not None and not isinstance(value, State) for value in own)
        return instrument.id in self.begun and any(
            answer.value is None or answer.source in instrument.may_answer
            for item in instrument.scored_items
            for answer in self.history(item)
        )

    @cached_property
    def begun(self) -> frozenset[str | None]:
        """The instruments to one of whose questions somebody said something."""
        items = self.protocol.items
        return frozenset([items[id_].instrument for id_ in items.keys() & self._history.keys()])

    def is_closed(self, instrument: str) -> bool:
        """Whether the question that an instrument stands behind was answered no."""
        when = self.protocol.scales[instrument].when
        return when is not None and when.decide(self.read) is False

    def is_untouched(self, block: Block) -> bool:
        """Whether every question of an instrument is as open as on the first day.

        Most instruments of most intakes: what is not begun costs a look and no more.
        """
        instrument = block.instrument
        if instrument is None or instrument.id in self.begun:
            return False
        if instrument.id in (self.protocol.suicide_screen, treatment.STAGING):
            return False
        if block.scale.takes and not self.is_closed(instrument.id):
            return False
        return not any(item.name in self._implied for item in block.items if self._implied)

    def is_plainly_answered(self, item: Item) -> bool:
        """Whether a look shows that an item of an instrument has a value: answered by a voice that
        counts, and never otherwise. Of the others `item` knows."""
        history = self._history.get(item.id)
        if item.instrument is None or not history or item.safety or item.id in self._changed:
            return False
        latest = history[-1]
        accepted = self.protocol.instruments[item.instrument].may_answer
        return latest.value is not None and latest.source in accepted

    def taken(self, item: Item) -> Finding | None:
        """What is known already and answers an item of an instrument, be it that nobody knows;
        None where the item is asked itself."""
        name = self.protocol.takes.get(item.id)
        if name is None:
            return None
        found, fact = self.find(name), FACTS.get(name)
        if found.value is None and fact is not None and not fact.asks:
            return None  # nobody will ever be asked for it elsewhere
        return _in_unit_of(item, self._items.get(name), found)

    def is_answered_elsewhere(self, item: Item) -> bool:
        return not self.history(item) and self.taken(item) is not None

    def is_known(self, item: Item) -> bool:
        """Whether nobody is asked for an item, since another question or the record has it."""
        return self.recorded(item) is not None or self.taken(item) is not None

    def recorded(self, item: Item) -> Span | bool | None:
        """A part of the staging that what was told decides: nobody is asked for it again."""
        known = self._of_record.get(item.id) if item.instrument == treatment.STAGING else None
        return known if known is not None and treatment.is_settled(item, known) else None

    @cached_property
    def _of_record(self) -> treatment.Record:
        count = self.read("adequate_failed_trials")
        failures = Span(count, count) if isinstance(count, int) else count
        episode = self.date_of("episode_start")
        ever = self._ever_had("augmentation"), self._ever_had("other_treatments", "ect")
        return treatment.of_record(failures, episode, self.today, ever)  # type: ignore[arg-type]

    def _ever_had(self, name: str, option: str | None = None) -> bool | None:
        """Whether a list of treatments holds one, or any; None where nobody knows."""
        told = self.read(name) if name in self._items else None
        if not isinstance(told, tuple):
            return None
        return told != (NONE_OF_THESE,) if option is None else option in told

    def _own_answer(self, item: Item) -> Value | State | None:
        """The latest counted answer: a positive one that somebody else gave, or that was taken
        back, still raises its flag and is no part of the person's own score."""
        history = self.history(item)
        found = self._finding_of(item, history) if history else self._taken_by_own_voice(item)
        value = found.value if found is not None else None
        if isinstance(value, int | Decimal | str):
            return value
        in_vain = history or (found is not None and found.openness >= UNKNOWN)
        return State.UNKNOWN if in_vain and value is not NOT_APPLICABLE else None

    def _taken_by_own_voice(self, item: Item) -> Finding | None:
        found = self.taken(item)
        if found is None or item.instrument is None:
            return None
        accepted = self.protocol.instruments[item.instrument].may_answer
        counts = all(answer.source in accepted for answer in found.answers)
        return found if counts else Finding(None, UNKNOWN, found.answers)

    @cached_property
    def medicine_list(self) -> Openness:
        """SETTLED once there is a list, or the caller says that there is nothing to list."""
        if self.intake.medications or self.read("takes_medicines") is False:
            return SETTLED
        found = self.find("takes_medicines")
        if found.value is True:
            overdue = self.intake.submitted is not None
            return UNKNOWN if overdue else NOT_ASKED
        return found.openness

    @cached_property
    def listed_tiers(self) -> Mapping[str, tuple[Tier, Due]]:
        """By criterion, the strongest that the listed medicines raise."""
        protocol = self.protocol
        return drugs.listed_tiers(
            protocol.formulary, self.intake.medications, protocol.drug, protocol.route
        )

    @cached_property
    def trials(self) -> tuple[treatment.Trial, ...]:
        return treatment.told_apart(_trial(at) for at in self.each)

    def open_trials(self, counts: Collection[str]) -> Mapping[int, Mapping[str, str]]:
        """By entry, the parts of a trial that keep these counts open, with words for each. One
        from before this episode may still be open among those of all of life."""
        episode, found = self.date_of("episode_start"), {}
        for trial in self.trials:
            parts: dict[str, str] = {}
            for name in (each for each in COUNTS_OF_TRIALS if each in counts):
                here = name == _OF_THIS_EPISODE
                began = treatment.in_episode(trial, episode) if here else True
                by_class = name == _OF_CLASSES
                parts |= treatment.left_open(trial, self.trial_rules, began, by_class=by_class)
            if parts:
                found[trial.entry] = parts
        return found

    @cached_property
    def trial_rules(self) -> treatment.TrialRules:
        param = self.protocol.param
        return treatment.TrialRules(
            param("trial_adequacy_weeks", "min_weeks"),  # type: ignore[arg-type]
            param("trial_adequacy_weeks", "inadequate_improvement_below_pct"),  # type: ignore[arg-type]
            param("failed_adequate_trials", "scope") == "lifetime",
        )

    @cached_property
    def aged(self) -> Mapping[str, Age]:
        """By question, why the result that was told is no current one; a current one is not here.

        It counts as unknown: it raises what it raises, and reassures nobody.
        """
        found = {}
        for result, (when, most) in self.protocol.dated.items():
            if self._history.get(self._items[result].id) and self._is_told(result):
                age = _age_of_result(self, when, most)
                if age is not None:
                    found[result] = age
        return found

    def _is_told(self, name: str) -> bool:
        value = self.read(name)
        return value is not None and value is not NOT_APPLICABLE

    def date_of(self, name: str) -> PartialDate | None:
        value = self.read(name) if name in self.protocol.by_name else None
        return value if isinstance(value, PartialDate) else None


# By the unit that is asked and the one of a scale: what to multiply with.
UNITS = {("cm", "m"): Decimal("0.01")}


def _in_unit_of(item: Item, asked: Item | None, found: Finding) -> Finding:
    """In the unit of a scale's item; a number that nobody has, such as no height, is unknown."""
    value = found.value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return found
    if asked is not None and asked.unit != item.unit:
        value = value * UNITS[asked.unit, item.unit]
    if not is_within(item.limits, value):
        return found._replace(value=None, openness=UNKNOWN)
    return found._replace(value=value)


def _trial(at: Findings) -> treatment.Trial:
    """The answers of one entry; every field that is no answer is None."""
    told = {name: at.find(name) for name in _TRIAL if name in at.protocol.by_name}
    value = {n: None if f.value is NOT_APPLICABLE else f.value for n, f in told.items()}.get
    name = value("trial_medicine")
    sources = dict.fromkeys(answer.source for found in told.values() for answer in found.answers)
    return treatment.Trial(
        entry=at.entry,
        medicine=name,  # type: ignore[arg-type]
        drug_class=at.protocol.formulary.antidepressant_class(str(name)) if name else "",
        start=at.date_of("trial_start"),
        dose_mg=value("trial_dose_mg"),  # type: ignore[arg-type]
        weeks=value("trial_weeks"),  # type: ignore[arg-type]
        most_days=value("trial_taken_most_days"),  # type: ignore[arg-type]
        improvement_pct=value("trial_improvement_pct"),  # type: ignore[arg-type]
        end=value("trial_end"),  # type: ignore[arg-type]
        dose_reached=value("trial_dose_reached"),  # type: ignore[arg-type]
        sources=tuple(sources),
    )


def _age_of_result(findings: Findings, when: str, most: Number) -> Age | None:
    """None where every day that it may be of is recent enough, or where no date is asked for."""
    dated = findings.find(when)
    if dated.value is NOT_APPLICABLE and not dated.answers:
        return None
    days = _days_since(findings, when).value
    if days is None or days is NOT_APPLICABLE:
        return Age.NOT_DATED
    span = days if isinstance(days, Span) else Span(days, days)  # type: ignore[arg-type]
    if span.least is not None and span.least > most:
        return Age.STALE
    return None if span.most is not None and span.most <= most else Age.MAYBE_STALE


def _says_alone(answer: Answer) -> bool:
    """Whether the person says that nobody listens; another's word for it is none."""
    alone = answer.value is (answer.item == _CAN_TALK_FREELY)
    return alone and answer.source in COUNTS_FOR_A_NO


def _is_anothers_no(item: Item, history: Sequence[Answer]) -> bool:
    latest = history[-1]
    denied = latest.value is not None and latest.source in TELLS_OF_ANOTHER
    return denied and not any(item.reports(answer.value) for answer in history)


def _denies(item: Item, latest: Value | None, before: Value | None) -> bool:
    """Whether `latest` no longer says what `before` reported: whole, or one option of a list."""
    if isinstance(latest, tuple) and isinstance(before, tuple):
        return bool({*before} - {*latest, NONE_OF_THESE})
    return item.reports(before) and not item.reports(latest)


# Facts ----------------------------------------------------------------------------------------


def _combined(value: object, parts: Iterable[Finding]) -> Finding:
    """A derived value: its openness is that of its weightiest open part."""
    parts = tuple(parts)
    answers = tuple(answer for part in parts for answer in part.answers)
    if value is not None and not isinstance(value, Span):
        return Finding(value, SETTLED, answers)
    return Finding(value, max(part.openness for part in parts), answers)


def _any_yes(*tells: str) -> Callable[[Findings], Finding]:
    """Whether some screen item that tells of these was answered yes: Kleene or, with not
    applicable as no."""

    def find(findings: Findings) -> Finding:
        parts = findings.telling(*tells)
        return _combined(_kleene_or(part.value for part in parts), parts)

    return find


def _kleene_or(values: Iterable[object]) -> bool | None:
    seen = list(values)
    if any(value is True for value in seen):
        return True
    return None if any(value is None for value in seen) else False


def _any_open(findings: Findings, least: safety.Level = safety.Level.NONE_IDENTIFIED) -> object:
    """Whether a screen item was asked in vain of which a yes may come to raise that level."""
    items = findings.screen_items
    return any(
        findings.screen[item.id].openness >= UNKNOWN
        for item in items
        if findings.screen[item.id].value is None and safety.most_raised(item, items) >= least
    )


def _proxy_no(findings: Findings) -> object:
    return any(
        found.value is None and found.answers and found.answers[-1].value is False
        for found in findings.screen.values()
    )


def _intent_days(findings: Findings) -> Finding:
    reported = findings.find("suicide_intent_reported")
    if reported.value is True:
        return Finding(0, SETTLED, reported.answers)  # past-month items, no date
    return reported._replace(value=NOT_APPLICABLE if reported.value is False else None)


# What was done within three months was done: that answers whether anything was, whatever was said.
_behaviour_ever = _any_yes("behaviour", "recent")
# The screen asks about three months; 92 days so that no three months are cut short.
_THREE_MONTHS_DAYS = 92


def _behaviour_days(findings: Findings) -> Finding:
    ever, (recent, *_others) = _behaviour_ever(findings), findings.telling("recent")
    if ever.value is not True:
        return ever._replace(value=None if ever.value is None else NOT_APPLICABLE)
    spans = {True: Span(0, _THREE_MONTHS_DAYS), False: Span(_THREE_MONTHS_DAYS + 1, None)}
    return recent._replace(value=spans.get(recent.value))  # type: ignore[call-overload]


def _behaviour_dated(findings: Findings) -> Finding:
    recent, *_others = findings.telling("recent")
    if recent.value is not None:
        return recent._replace(value=True)
    asked = recent.openness >= UNKNOWN
    return recent._replace(value=False if asked else None)


def _escalation_open(findings: Findings) -> Finding:
    return Finding(safety.open_escalation(findings.intake) is not None)


# The question on death or self-harm of the other mood scales, and from how much it counts like a 1
# of item 9 of the PHQ-9: any of the QIDS; 2 of the MADRS is this product's own choice, no published
# cut-off (instruments facts, "PHQ-9 item 9 follow-up": knowledge).
LIKE_ITEM_9 = {"qids16_12": 1, "madrs_10": 2}


def _self_harm_item(findings: Findings) -> Finding:
    """Item 9 of the PHQ-9, or what counts like it: nobody has to ask the other scales."""
    own = findings.find("phq9_9")
    told = [
        found
        for name, least in LIKE_ITEM_9.items()
        if (found := _if_asked(findings, name)) and isinstance(found.value, int)
        if found.value >= least
    ]
    if not told:
        return own
    most = max(own.value if isinstance(own.value, int) else 0, 1)
    answers = (*own.answers, *(answer for found in told for answer in found.answers))
    return Finding(most, SETTLED, answers)


def _if_asked(findings: Findings, name: str) -> Finding | None:
    item = findings.protocol.by_name.get(name)
    return findings.find(name) if item is not None and findings.history(item) else None


def _self_harm_item_open(findings: Findings) -> Finding:
    own = findings.find("phq9_9")
    others = (found for name in LIKE_ITEM_9 if (found := _if_asked(findings, name)))
    found = next((each for each in (own, *others) if _is_asked_in_vain(each)), None)
    if found is None:
        return Finding(False, SETTLED, own.answers)
    return Finding(True, SETTLED, found.answers)


def _is_asked_in_vain(found: Finding) -> bool:
    """Somebody was asked; what was left out altogether is open, and said as such elsewhere."""
    observed = any(answer.value is not None for answer in found.answers)
    asked = bool(found.answers) and found.openness >= UNKNOWN
    return found.value is None and (asked or observed)


def _result(findings: Findings, name: str) -> Finding:
    """A result of an instrument: decided only where every way to fill in the rest gives it.

    A scale that nobody began decides nothing, however late it is: what its absence means, the
    questions of its criterion say.
    """
    instrument, result = findings.protocol.results[f"{RESULT}{name}"]
    found = findings.score(instrument)
    if found is None:
        return _SKIPPED if findings.is_closed(instrument.id) else _UNASKED
    code = found.decided(result.name)
    value = code == YES if code is not None and result.is_yes_no else code
    parts = [findings.find(item.name) for item in instrument.scored_items]
    return _combined(value, parts)


def _sex(findings: Findings) -> Finding:
    """As recorded for clinical use; where none is, nobody has been asked."""
    sex = findings.intake.patient.sex
    return Finding(sex) if sex in _RECORDED_SEXES else _UNASKED


_RECORDED_SEXES = ("male", "female")


def _mood_total(findings: Findings) -> Finding:
    instrument = findings.protocol.instruments["phq9"]
    parts = [findings.find(item.name) for item in instrument.scored_items]
    found = findings.score(instrument)
    if found is None:
        return _combined(None, parts)
    return _combined(
        found.total if found.total is not None else Span(found.least, found.most), parts
    )


def _age(findings: Findings) -> Finding:
    found = findings.find("date_of_birth")
    if not isinstance(found.value, PartialDate):
        return found
    youngest = years_between(found.value.latest, findings.today)
    if found.value.earliest is None:
        return found._replace(value=Span(youngest, None))
    oldest = years_between(found.value.earliest, findings.today)
    return found._replace(value=youngest if youngest == oldest else Span(youngest, oldest))


def _birth_date_differs(findings: Findings) -> Finding:
    """Whether the birth date told last cannot be the registered one."""
    registered = findings.intake.patient.born
    told = [
        answer
        for answer in findings.history(findings.protocol.by_name["date_of_birth"])
        if isinstance(answer.value, PartialDate)
    ]
    if registered is None or not told:
        return Finding(False)
    differs = not _may_be_one_day(told[-1].value, registered)  # type: ignore[arg-type]
    return Finding(differs, SETTLED, tuple(told[-1:]) if differs else ())


def _may_be_one_day(one: PartialDate, other: PartialDate) -> bool:
    starts = [day for day in (one.earliest, other.earliest) if day is not None]
    return not starts or max(starts) <= min(one.latest, other.latest)


def years_between(born: date, today: date) -> int:
    """Whole years; a birthday on 29 February is reached on 1 March of a common year."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _bmi(findings: Findings) -> Finding:
    height, weight = findings.find("height"), findings.find("weight")
    if isinstance(height.value, int | Decimal) and isinstance(weight.value, int | Decimal):
        index = _index(Decimal(height.value), Decimal(weight.value))
        openness = UNKNOWN if index is None else SETTLED
        return Finding(index, openness, (*height.answers, *weight.answers))
    return _combined(None, (height, weight))


def _index(height_cm: Decimal, weight_kg: Decimal) -> Decimal | None:
    """None where the height is nobody's: a slip, from which nothing follows."""
    try:
        return body_mass_index(weight_kg, height_cm * UNITS["cm", "m"])
    except ArithmeticError:
        return None


def _pressure(part: Callable[[BloodPressure], int]) -> Callable[[Findings], Finding]:
    def find(findings: Findings) -> Finding:
        found = findings.find("last_blood_pressure")
        reading = found.value
        return found._replace(value=part(reading)) if isinstance(reading, BloodPressure) else found

    return find


def _failed_trials(*, lifetime: bool) -> Callable[[Findings], Span]:
    def count(findings: Findings) -> Span:
        rules = replace(findings.trial_rules, lifetime=lifetime)
        return treatment.failed(findings.trials, rules, findings.date_of("episode_start"))

    return count


def _failed_classes(findings: Findings) -> Span:
    return treatment.failed_classes(findings.trials, findings.trial_rules)


def _of_trials(
    count: Callable[[Findings], Span], asks: tuple[str, ...]
) -> Callable[[Findings], Finding]:
    """A count; no trial on record is no count: nobody has asked yet, or it was left out."""

    def find(findings: Findings) -> Finding:
        parts = [at.find(name) for at in findings.each for name in asks]
        if not parts:
            first = findings.protocol.by_name[asks[0]]
            return Finding(None, UNKNOWN) if findings.is_overdue(first) else _UNASKED
        found = count(findings)
        return _combined(found.least if found.least == found.most else found, parts)

    return find


# NIAAA for men and women; the lower one from 65 on and where sex or age is not stated (knowledge).
_DRINKS_MAN_UNDER_65, _DRINKS_OTHERWISE = 14, 7


def _drinks_limit(findings: Findings) -> Finding:
    age = findings.read("age_years")
    under_65 = isinstance(age, int) and age < 65
    man = findings.intake.patient.sex == "male"
    return Finding(_DRINKS_MAN_UNDER_65 if man and under_65 else _DRINKS_OTHERWISE)


_HEART_ITEMS = (
    "heart_attack_ever",
    "heart_symptoms_recent",
    "heart_problem",
    "stroke_ever",
    "hypertension_ever",
)


def _heart_history(findings: Findings) -> Finding:
    parts = [findings.find(n) for n in _HEART_ITEMS if n in findings.protocol.by_name]
    return _combined(_kleene_or(part.value for part in parts), parts)


def _takes(class_id: str, *, least: Tier) -> Callable[[Findings], Finding]:
    """Whether the list holds a drug of a class, at least of a tier."""

    def find(findings: Findings) -> Finding:
        if findings.medicine_list is not SETTLED:
            return Finding(None, findings.medicine_list)
        formulary = findings.protocol.formulary
        held = (
            drug
            for medication in findings.intake.medications
            for drug in drugs.in_class(formulary, medication, class_id)
        )
        return Finding(any(drug.tier is not None and drug.tier >= least for drug in held))

    return find


def _unidentified(findings: Findings) -> Finding:
    if findings.medicine_list is not SETTLED:
        return Finding(None, findings.medicine_list)
    formulary = findings.protocol.formulary
    matches = [formulary.match(medication) for medication in findings.intake.medications]
    return Finding(sum(match.state is drugs.MatchState.NOT_CHECKED for match in matches))


def _benzodiazepines(findings: Findings) -> list[Decimal | None]:
    formulary = findings.protocol.formulary
    return [
        formulary.diazepam_mg(medication)
        for medication in findings.intake.medications
        if drugs.in_class(formulary, medication, "benzodiazepine")
    ]


def _diazepam_mg(findings: Findings) -> Finding:
    if findings.medicine_list is not SETTLED:
        return Finding(None, findings.medicine_list)
    amounts = _benzodiazepines(findings)
    known = sum((amount for amount in amounts if amount is not None), Decimal(0))
    return Finding(Span(known, None), NOT_ASKED) if None in amounts else Finding(known)


def _diazepam_open(findings: Findings) -> Finding:
    if findings.medicine_list is not SETTLED:
        return Finding(None, findings.medicine_list)
    return Finding(None in _benzodiazepines(findings))


def _setting(name: str) -> Callable[[Findings], Finding]:
    return lambda findings: Finding(getattr(findings.protocol, name))


def _days_since(findings: Findings, name: str) -> Finding:
    found = findings.find(name)
    when = found.value
    if not isinstance(when, PartialDate):
        return found
    least = max(0, (findings.today - when.latest).days)
    if when.earliest is None:
        return found._replace(value=Span(least, None))
    most = max(0, (findings.today - when.earliest).days)
    return found._replace(value=least if least == most else Span(least, most))


def _unknown(findings: Findings, name: str) -> Finding:
    """Asked, and unknown or declined. A no that does not count is unknown."""
    found = findings.find(name)
    unknown = found.value is None and any(a.state is not State.DEFERRED for a in found.answers)
    return Finding(unknown, SETTLED, found.answers)


def _medicine_tier(findings: Findings, criterion: str) -> Finding:
    if findings.medicine_list is not SETTLED:
        return Finding(None, findings.medicine_list)
    listed = findings.listed_tiers.get(criterion)
    return Finding(listed[0].word) if listed else _NONE_LISTED


_NONE_LISTED = Finding("none")
_LEVELS = Type("choice", frozenset(level.word for level in safety.Level))
_TIERS = Type("choice", frozenset({"none", *(tier.word for tier in Tier)}))

# What a condition may ask beside the items: one function and its place here.
_BEHAVIOUR = ("behaviour", "recent")
_MOOD = tuple(f"phq9_{number}" for number in range(1, 10))
_TRIALS = (
    "trial_medicine",
    "trial_weeks",
    "trial_dose_reached",
    "trial_taken_most_days",
    "trial_improvement_pct",
    "trial_end",
)
_DATED_TRIALS = (*_TRIALS, "trial_start", "episode_start")
_TRIAL = (*_TRIALS, "trial_start", "trial_dose_mg")
_LISTED = ("takes_medicines",)
_ROUTES = Type("choice", frozenset({"iv", "im", "nasal", "oral", "sublingual"}))
_DRUGS = Type("choice", frozenset({"ketamine", "esketamine"}))


def _of_screen(type_: Type, value: Callable[[Findings], object]) -> Fact:
    """A fact that the whole suicide-risk screen always decides: it says how open it is."""
    return Fact(
        type_,
        lambda findings: Finding(value(findings), SETTLED, findings.screen_answers),
        tells=TELLS,
    )


# The counts that rest on all trials together.
_OF_THIS_EPISODE, _OF_CLASSES = "adequate_failed_trials", "failed_trial_classes"
COUNTS_OF_TRIALS = (_OF_THIS_EPISODE, "adequate_failed_trials_lifetime", _OF_CLASSES)
# The questions that settle a part of a trial.
SETTLED_BY = {
    "began": ("trial_start", "episode_start"),
    "weeks": ("trial_weeks",),
    "dose_reached": ("trial_dose_reached",),
    "most_days": ("trial_taken_most_days",),
    "improvement_pct": ("trial_improvement_pct",),
    "end": ("trial_end",),
    "same_as": _TRIALS,
    "drug_class": ("trial_medicine",),
}
FACTS: dict[str, Fact] = {
    "suicide_level": _of_screen(_LEVELS, lambda f: f.suicide_risk.level.word),
    "suicide_level_ceiling": _of_screen(_LEVELS, lambda f: f.suicide_risk.ceiling.word),
    "suicide_screen_open": _of_screen(YES_NO, _any_open),
    "suicide_high_items_open": _of_screen(YES_NO, lambda f: _any_open(f, safety.Level.HIGH)),
    "source_is_proxy": _of_screen(YES_NO, _proxy_no),
    "suicide_ideation_reported": Fact(YES_NO, _any_yes("thoughts"), tells=("thoughts",)),
    "suicide_intent_reported": Fact(YES_NO, _any_yes("intent"), tells=("intent",)),
    "days_since_suicide_intent": Fact(NUMBER, _intent_days, tells=("intent",)),
    "suicide_behavior_ever": Fact(YES_NO, _behaviour_ever, tells=_BEHAVIOUR),
    "suicide_behavior_recency_known": Fact(YES_NO, _behaviour_dated, tells=_BEHAVIOUR),
    "days_since_suicide_behavior": Fact(NUMBER, _behaviour_days, tells=_BEHAVIOUR),
    "escalation_open": Fact(YES_NO, _escalation_open),
    "phq9_item9": Fact(NUMBER, _self_harm_item, ("phq9_9",), also=tuple(LIKE_ITEM_9)),
    "phq9_item9_open": Fact(YES_NO, _self_harm_item_open, ("phq9_9",), also=tuple(LIKE_ITEM_9)),
    "phq9_total": Fact(NUMBER, _mood_total, _MOOD),
    "sex": Fact(Type("choice", frozenset(_RECORDED_SEXES)), _sex),
    "age_years": Fact(NUMBER, _age, ("date_of_birth",)),
    "birth_date_differs": Fact(YES_NO, _birth_date_differs, ("date_of_birth",)),
    "bmi": Fact(NUMBER, _bmi, ("height", "weight")),
    "systolic": Fact(NUMBER, _pressure(lambda r: r.systolic), ("last_blood_pressure",)),
    "diastolic": Fact(NUMBER, _pressure(lambda r: r.diastolic), ("last_blood_pressure",)),
    _OF_THIS_EPISODE: Fact(
        NUMBER, _of_trials(_failed_trials(lifetime=False), _DATED_TRIALS), _DATED_TRIALS
    ),
    "adequate_failed_trials_lifetime": Fact(
        NUMBER, _of_trials(_failed_trials(lifetime=True), _TRIALS), _TRIALS
    ),
    _OF_CLASSES: Fact(NUMBER, _of_trials(_failed_classes, _TRIALS), _TRIALS),
    "drinks_limit": Fact(NUMBER, _drinks_limit),
    "heart_history": Fact(YES_NO, _heart_history, _HEART_ITEMS),
    "repeated_course": Fact(YES_NO, _setting("repeated_course")),
    "protocol_route": Fact(_ROUTES, _setting("route")),
    "protocol_drug": Fact(_DRUGS, _setting("drug")),
    "takes_antipsychotic": Fact(YES_NO, _takes("antipsychotic", least=Tier.NOTE), _LISTED),
    "takes_insulin_or_sulfonylurea": Fact(YES_NO, _takes("diabetes", least=Tier.REVIEW), _LISTED),
    "medicines_unidentified": Fact(NUMBER, _unidentified, _LISTED),
    "diazepam_equivalent_mg": Fact(NUMBER, _diazepam_mg, _LISTED),
    "diazepam_equivalent_open": Fact(YES_NO, _diazepam_open, _LISTED),
}


@lru_cache(maxsize=8)  # protocols at a time
def rests_on(protocol: Protocol) -> Mapping[str, frozenset[str]]:
    """By criterion, the ids of all questions whose answers may change what its rules say: those
    that they read, the gates before these, and the details that speak for a gate."""
    details: dict[str, set[str]] = {}
    for item, gates in protocol.behind_gates:
        for gate in gates:
            details.setdefault(gate.name, set()).add(item.name)
    found = {}
    for criterion in protocol.criteria:
        seen: set[str] = set()
        ahead = {name for rule in criterion.rules for name in rule.when.names}
        while ahead:
            seen |= ahead
            ahead = {n for name in ahead for n in _behind(name, protocol, details)} - seen
        known = (protocol.by_name[name] for name in seen & protocol.by_name.keys())
        found[criterion.id] = frozenset(item.id for item in known)
    return found


def _behind(name: str, protocol: Protocol, details: Mapping[str, set[str]]) -> Iterable[str]:
    item = protocol.by_name.get(name)
    if item is None:
        return questions(name, protocol.by_name)
    gates = item.when.names if item.when is not None else ()
    return (*gates, *details.get(name, ()))


def questions(name: str, items: Mapping[str, Item]) -> tuple[str, ...]:
    """The names of the questions behind a name that a condition may use."""
    for prefix in ("", "days_since_", "unknown_"):
        if name.removeprefix(prefix) in items:
            return (name.removeprefix(prefix),)
    fact = FACTS.get(name)
    if fact is None and name.startswith(RESULT):
        return _behind_result(name, items.values())
    if fact is None:
        return tuple(ask for ask in _LISTED if ask in items)
    told = (item.name for item in items.values() if item.tells_of(*fact.tells))
    return (*(ask for ask in (*fact.asks, *fact.also) if ask in items), *told)


def _behind_result(name: str, items: Iterable[Item]) -> tuple[str, ...]:
    """The scored questions of the instrument whose result has that name."""
    scored = [i for i in items if i.instrument and i.scored]
    own = [i for i in scored if name.startswith(result_name(i.instrument or "", ""))]
    longest = max((len(item.instrument or "") for item in own), default=0)
    return tuple(item.name for item in own if len(item.instrument or "") == longest)


def not_asked(name: str, items: Mapping[str, Item]) -> tuple[str, ...]:
    """What has to be asked so that a fact is ever settled, and is not.

    The whole screen tells of what it has; a fact about part of it needs that part.
    """
    fact = FACTS[name]
    part = fact.tells if fact.tells != TELLS else ()
    untold = (tell for tell in part if not any(item.tells_of(tell) for item in items.values()))
    return (*(ask for ask in fact.asks if ask not in items), *untold)


# Facts with the name of an item or a criterion in their own.
_FAMILIES: dict[str, Callable[[Findings, str], Finding]] = {
    "days_since_": _days_since,
    "unknown_": _unknown,
    "medicine_tier_": _medicine_tier,
    RESULT: _result,
}


@cache
def _fact(name: str) -> Callable[[Findings], Finding]:
    if name in FACTS:
        return FACTS[name].find
    prefix = next(prefix for prefix in _FAMILIES if name.startswith(prefix))
    maker, of = _FAMILIES[prefix], name.removeprefix(prefix)
    return lambda findings: maker(findings, of)


_ITEM_TYPES = {"yes_no": YES_NO, "number": NUMBER, "scale": NUMBER}


def type_of_result(result: Result) -> Type:
    return YES_NO if result.is_yes_no else Type("choice", frozenset(result.codes))


def types(items: Iterable[Item], criteria: Iterable[str]) -> dict[str, Type]:
    """Every name that a condition of a protocol may use, with its type; results come beside."""
    known = {name: fact.type for name, fact in FACTS.items()}
    for item in items:
        known[item.name] = type_of(item)
        known[f"unknown_{item.name}"] = YES_NO
        if item.kind == "date":
            known[f"days_since_{item.name}"] = NUMBER
    return known | {f"medicine_tier_{criterion}": _TIERS for criterion in criteria}


def type_of(item: Item) -> Type:
    if item.kind in ("choice", "multi_choice"):
        kind = "choice" if item.kind == "choice" else "list"
        return Type(kind, frozenset(str(option.code) for option in item.options))
    return _ITEM_TYPES.get(item.kind, OTHER)
