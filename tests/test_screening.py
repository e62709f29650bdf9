"""What the answers raise. Properties over near-clean records: all answered well, then a little
is changed, so that no alarm can hide behind another one."""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from intake_app import content
from intake_app.content import ParamDecision
from intake_app.core.condition import Condition, Read
from intake_app.core.facts import Findings
from intake_app.core.model import (
    COUNTS_FOR_A_NO,
    Answer,
    BloodPressure,
    Due,
    Intake,
    PartialDate,
    Source,
    Stage,
    State,
    Tier,
    Value,
)
from intake_app.core.protocol import Criterion, Item, Protocol
from intake_app.core.screening import (
    Case,
    Flag,
    FlagState,
    Screening,
    reads,
    resume_at,
    screen,
    sedation_together,
)
from tests.conftest import (
    NOW,
    TODAY,
    clean,
    days_ago,
    ended,
    escalated,
    intake,
    listed,
    on_the_line,
    reach,
    said,
    some_values,
    unsaid,
)

LOST = (State.UNKNOWN, State.DECLINED)
HEART = "recent_mi_acs"
BOTH_CALLS = (ended(), ended(Stage.SECOND_CONTACT))


def look(protocol: Protocol, *answers: Answer, **more: Any) -> Screening:
    return screen(intake(*answers, **more), protocol, TODAY)


def strength(found: Screening, criterion: str) -> tuple[int, int]:
    """The strongest tier and the earliest due that a criterion raises, over all its entries."""
    flags = [flag for flag in found.flags if flag.criterion.id == criterion]
    return max((f.tier for f in flags), default=0), max((f.due for f in flags), default=0)


def live_criteria(found: Screening) -> set[str]:
    """Criteria of which some rule holds or is undecided."""
    findings = found.findings
    return {
        criterion.id
        for criterion in findings.protocol.criteria
        for at in (findings.each if criterion.for_each else (findings,))
        for rule in criterion.rules
        if rule.when.decide(at.read) is not False
    }


def wanted(found: Screening) -> set[str]:
    return {item for entry in found.to_obtain for item in entry.items}


# Near-clean records -------------------------------------------------------------------------------

MEDICINES = ("lorazepam", "theophylline", "sertraline", "zorblaxin", "one for sleep", "Paxlovid")


@dataclass(frozen=True)
class Change:
    """One answer more, to a question as it stands, possibly in another voice."""

    item: Item
    value: Value | State
    source: Source

    def answer(self) -> Answer:
        entry = 1 if self.item.id.startswith("trial_") else 0
        if isinstance(self.value, State):
            return unsaid(self.item.id, self.value, self.source, entry=entry)
        return said(self.item.id, self.value, self.source, entry=entry)


def changes(protocol: Protocol, values: Iterable[Value | State] = ()) -> st.SearchStrategy[Change]:
    items = list(protocol.items.values())
    voices = st.sampled_from((Source.PATIENT_ALONE, Source.PATIENT_ALONE, *Source))

    def of(item: Item) -> st.SearchStrategy[Change]:
        known = [*values] or [*some_values(item), *State][:-1]
        known = [value for value in known if value is not State.ANSWERED]
        return st.builds(Change, st.just(item), st.sampled_from(known), voices)

    return st.sampled_from(items).flatmap(of)


CALLS = ((on_the_line(),), (ended(),), BOTH_CALLS, ())


@st.composite
def near_clean(draw: st.DrawFn, protocol: Protocol, *, most: int = 3) -> Intake:
    """A clean record of which some questions were not reached and at most `most` were changed."""
    left_out = set(draw(st.lists(st.sampled_from(sorted(protocol.items)), max_size=2)))
    kept = [answer for answer in clean(protocol) if answer.item not in left_out]
    more = [change.answer() for change in draw(st.lists(changes(protocol), max_size=most))]
    names = draw(st.lists(st.sampled_from(MEDICINES), max_size=1))
    return intake(
        *kept,
        *more,
        calls=draw(st.sampled_from(CALLS)),
        submitted=draw(st.sampled_from((None, NOW))),
        medications=tuple(map(listed, names)),
        escalations=draw(st.sampled_from(((), (escalated(),), (escalated("accepted", "closed"),)))),
    )


@pytest.fixture(scope="session")
def records(protocol: Protocol) -> st.SearchStrategy[Intake]:
    return near_clean(protocol)


def is_calm(found: Screening) -> bool:
    """What would reassure: nothing that a clinician has to look at."""
    return all(flag.tier is Tier.NOTE for flag in found.flags)


def test_nothing_is_raised_by_somebody_whom_nothing_speaks_against(protocol: Protocol) -> None:
    found = look(protocol, *clean(protocol), calls=BOTH_CALLS, submitted=NOW)
    assert (found.flags, found.to_obtain, found.unanswered) == ((), (), ())
    assert found.suicide_risk.word == "none_identified"
    assert not found.grounds


def test_enough_of_the_records_reach_the_reassuring_outcome(protocol: Protocol) -> None:
    """Or else the properties below would be true of alarms alone."""
    outcomes: Counter[bool] = Counter()

    @settings(max_examples=200, derandomize=True, database=None)
    @given(near_clean(protocol))
    def collect(taken: Intake) -> None:
        outcomes[is_calm(screen(taken, protocol, TODAY))] += 1

    collect()
    assert outcomes[True] >= 20
    assert outcomes[False] >= 20


# 1. Unknown is not no -----------------------------------------------------------------------------


@given(st.data())
def test_calm_means_that_every_question_of_safety_was_answered(
    protocol: Protocol, records: st.SearchStrategy[Intake], data: st.DataObject
) -> None:
    """Calm on a submitted intake: each safety item is a no in the person's own voice, or skipped.

    Seen to fail with: an unknown suicide item left out of `unanswered`; a relative's no that
    counts; declined read as no; `_is_overdue` always False.
    """
    taken = replace(data.draw(records), calls=BOTH_CALLS, submitted=NOW)
    found = screen(taken, protocol, TODAY)
    if not is_calm(found):
        return
    assert found.suicide_risk.complete
    for item in protocol.items.values():
        asked = item.safety and item.stage in found.findings.held_stages
        if not asked or found.findings.applicable(item) is False:
            continue
        if found.findings.applicable(item) is None:  # behind something that is to obtain
            assert item.id in wanted(found)
            continue
        answer = found.findings.find(item.name).answers[-1]  # the newest whose voice counts
        assert answer.item == item.id
        if answer.state is State.NOT_APPLICABLE:
            continue
        assert answer.value is not None
        assert not item.is_yes(answer.value)
        assert answer.source in COUNTS_FOR_A_NO


# 2. Losing information never reassures ------------------------------------------------------------


def bases(protocol: Protocol) -> Iterable[tuple[Item, list[Answer], dict[str, Any]]]:
    """For each question a clean record in which it is put."""
    for item in protocol.items.values():
        reached = reach(protocol, item)
        if reached is None or item.id in protocol.repeated:
            continue
        answers = [a for a in clean(protocol) if a.item != item.id]
        # What opens the gate is said once, so that no earlier yes stands against it.
        opened = {answer.item for answer in reached.answers}
        answers = [a for a in answers if a.item not in opened] + list(reached.answers)
        more = {"medications": reached.medications, "escalations": reached.escalations}
        yield item, answers, more


def test_almost_every_question_can_be_put(protocol: Protocol) -> None:
    """The rest hang on a setting: the drug, the route, or an age that the clinic sets."""
    unreached = {
        item.id
        for item in protocol.items.values()
        if item.id not in protocol.repeated and reach(protocol, item) is None
    }
    by_setting = {"rems_agreed", "rems_site_certified", "rems_enrolled", "grapefruit_often"}
    known = {id_ for id_, name in protocol.takes.items() if name != "sex"}
    assert unreached == by_setting | {"ecg_date"} | known


def is_no(item: Item, value: Value) -> bool:
    if item.kind in ("yes_no", "scale"):
        return value is False or value == 0
    return value in (("none_of_these",), "none")


# "Can you stay?": there a no is what is looked for, and the criterion calls a refusal a note.
NO_WEIGHS_MORE = {
    "can_stay",
    "fasting_possible",
    "may_contact_clinician",
    "pregnancy_test_agreed",
}


@pytest.mark.parametrize("lost", LOST)
def test_unknown_and_declined_are_never_weaker_than_no_item_by_item(
    protocol: Protocol, lost: State
) -> None:
    """For every question. Where it is only to obtain, unknown is listed with its due instead.

    Seen to fail with: `on_unknown` ignored; declined as no; a to-obtain entry left out.
    """
    for item, answers, more in bases(protocol):
        for value in some_values(item):
            if not is_no(item, value):
                continue
            given_no = look(protocol, *answers, said(item.id, value), **more)
            open_ = look(protocol, *answers, unsaid(item.id, lost), **more)
            for criterion in protocol.criteria:
                before, after = (strength(s, criterion.id) for s in (given_no, open_))
                listed_instead = lost is State.UNKNOWN and item.id in wanted(open_)
                if criterion.to_obtain and listed_instead:
                    continue
                least = min(before[0], Tier.NOTE) if item.id in NO_WEIGHS_MORE else before[0]
                assert after[0] >= least, (item.id, criterion.id)


def test_an_answer_taken_back_never_falls_silent(protocol: Protocol) -> None:
    """For every question and every value: a tier may fall, never to none.

    Seen to fail with: an answer taken back read as never asked; a withdrawn yes that clears.
    """
    for item, answers, more in bases(protocol):
        for value in some_values(item):
            given_ = said(item.id, value)
            before = look(protocol, *answers, given_, **more)
            for lost in (*LOST, State.DEFERRED):
                after = look(protocol, *answers, given_, unsaid(item.id, lost), **more)
                assert live_criteria(before) <= live_criteria(after), (item.id, value, lost)
                assert_kept(before, after, given_, item)


def assert_kept(before: Screening, after: Screening, taken_back: Answer, item: Item) -> None:
    for flag in before.flags:
        if flag.criterion.id != item.criterion:
            continue
        tier, _ = strength(after, flag.criterion.id)
        assert tier, (taken_back, flag.criterion.id)
        withdrawn = taken_back in flag.answers and item.reports(taken_back.value)
        kept = next(f for f in after.flags if f.key == flag.key)
        assert kept.was_yes or not withdrawn, taken_back


def raised(found: Screening) -> set[str]:
    return {flag.criterion.id for flag in found.flags if flag.state is FlagState.RAISED}


def test_what_was_raised_stays_in_sight_whatever_an_answer_or_its_gate_is_changed_to(
    protocol: Protocol,
) -> None:
    """For every question, every value and every other value, and every gate that led to it: a
    reading of 190/110 that becomes 130/80, "not pregnant after all", "no trouble with organs" after
    a tumor was named. Nothing of it is done by whoever signs without a look.

    Seen to fail with: `_lapsed` empty; only what a yes or a list said counted as said; gates left
    out; a rule that is open again, and that nobody asks for yet, taken for one that is shown; the
    answer that was changed left out of the basis.
    """
    for item, answers, more in bases(protocol):
        values = some_values(item)
        gates = [a for a in answers if item.when is not None and names(a) in item.when.names]
        shut = [said(a.item, not a.value) for a in gates if isinstance(a.value, bool)]
        without = raised(look(protocol, *answers, **more))
        for value in values:
            told = (*answers, said(item.id, value))
            first = look(protocol, *told, **more)
            before = raised(first) - without
            rests = {f.criterion.id for f in first.flags if told[-1] in f.answers}
            others = (said(item.id, other) for other in values if other != value)
            for changed in (*others, *shut) if before else ():
                after = look(protocol, *told, changed, **more)
                kept = {flag.criterion.id: flag for flag in after.flags}
                assert before <= kept.keys(), (item.id, value, changed.item, changed.value)
                for flag in (kept[id_] for id_ in before & rests):
                    lapsed = any(each.startswith("Before an answer") for each in flag.reasons)
                    assert not lapsed or told[-1] in flag.answers, (flag.key, item.id, value)


def test_what_is_told_after_a_change_counts_for_what_was_said_before_it(protocol: Protocol) -> None:
    """The height comes last: with the weight that was said first it is a very high index.
    Seen to fail with: all answers after the change left out of what was."""
    first, put_right = said("weight", 110), said("weight", 60)
    reasons = []
    for answers in ((first, HEIGHT, put_right), (first, put_right, HEIGHT)):
        flag = look(protocol, *answers).flag("bmi_and_weight")
        assert flag is not None
        assert flag.was_yes
        reasons.append(flag.reasons)
    assert reasons[0] == reasons[1]


HEIGHT = said("height", 150)


def test_a_no_that_somebody_heard_was_not_given_for_the_person(protocol: Protocol) -> None:
    """Seen to fail with: one sentence for every no that does not count; her own no before others
    called given for her."""
    heard = said("can_talk_freely", False), said("suicide.6", False)
    assert_reads(protocol, *heard, why="somebody may have listened")
    for source in set(Source) - COUNTS_FOR_A_NO:
        own = source is Source.PATIENT_WITH_OTHERS
        why = "somebody may have listened" if own else "given for the person"
        assert_reads(protocol, said("suicide.6", False, source), why=why)


def assert_reads(protocol: Protocol, *answers: Answer, why: str) -> None:
    flag = look(protocol, *answers).flag("suicide_behavior_recent")
    assert flag is not None
    assert why in flag.reason
    whys = ("somebody may have listened", "given for the person")
    assert sum(each in flag.reason for each in whys) == 1


A_TRIAL = [
    said("trial_medicine", "sertraline"),
    said("trial_start", PartialDate.parse("2025-06")),
    said("trial_dose_mg", 200),
    said("trial_weeks", 10),
    said("trial_taken_most_days", True),
    said("trial_improvement_pct", 10),
    said("trial_end", "no_benefit"),
    said("trial_dose_reached", "at_or_above_minimum"),
]
NO_DOSE = {"trial_dose_reached": "not_listed"}
EARLIER = {"trial_start": PartialDate.parse("2024")}
SAME_YEAR = {"trial_start": PartialDate.parse("2025")}
OF_NO_CLASS = {"trial_medicine": "a pill for the mood"}


@pytest.mark.parametrize(
    ("changes", "least_classes", "what", "items"),
    [
        ((NO_DOSE,), 1, "trial 1: whether the dose was enough", {"dose_reached"}),
        ((NO_DOSE, {}), 1, "trial 1: whether the dose was enough", {"dose_reached"}),
        ((NO_DOSE | EARLIER,), 1, "trial 1: whether the dose was enough", {"dose_reached"}),
        (
            (SAME_YEAR, {}),
            1,
            "trial 1: whether it began in this episode",
            {"start", "episode_start"},
        ),
        (
            (OF_NO_CLASS, {}),
            2,
            "trial 1: what kind of medicine it was",
            {"medicine"},
        ),
    ],
)
def test_what_keeps_a_count_of_trials_open_is_named_trial_by_trial(
    changes: tuple[dict[str, Value], ...], least_classes: int, what: str, items: set[str]
) -> None:
    """Seen to fail with: two settled dates named in place of a dose, among the reasons or what is
    to settle; the open trials of this episode named for a count of all of life; "the medicines are
    not listed" of a caller who has listed them."""
    decision = ParamDecision("failed_adequate_trials", "min_distinct_classes", least_classes, "Dr.")
    protocol = content.build(replace(content.shipped(), decisions=(decision,)))
    answers = [said("episode_start", PartialDate.parse("2025-03"))]
    for entry, change in enumerate(changes, 1):
        told = {answer.item: answer.value for answer in A_TRIAL} | change
        answers += [said(item, value, entry=entry) for item, value in told.items()]
    flag = look(protocol, *answers).flag("failed_adequate_trials")
    assert flag is not None
    assert flag.reasons[-1] == f"Not settled: {what}."
    if len(flag.reasons) == 1:  # nothing holds beside it: all items are to settle it
        assert {item.removeprefix("trial_") for item in flag.items} == items


def names(answer: Answer) -> str:
    return answer.item.replace(".", "_")


LATER = ("no", State.UNKNOWN, State.DECLINED, State.DEFERRED, State.NOT_APPLICABLE)


@pytest.mark.parametrize("later", LATER)
def test_a_yes_on_safety_keeps_its_flag_and_its_escalation(
    protocol: Protocol, later: str | State
) -> None:
    """Whatever the person, a relative or a record says later.

    Seen to fail with: `_ever_yes` only for the latest answer; grounds of the latest answer alone.
    """
    voices = random.Random(7)  # noqa: S311 - chance, no secret
    for item, answers, more in bases(protocol):
        if not item.safety:
            continue
        good = [value for value in some_values(item) if not item.is_yes(value)]
        for value in (v for v in some_values(item) if item.is_yes(v)):
            source = voices.choice(list(Source))
            told = said(item.id, value, voices.choice(list(Source)))
            back = unsaid(item.id, later, source) if isinstance(later, State) else None
            back = back or said(item.id, (good or [value])[0], source)
            before = look(protocol, *answers, told, **more)
            after = look(protocol, *answers, told, back, **more)
            assert before.grounds <= after.grounds, (item.id, value)
            for flag in before.flags:
                kept = after.flag(flag.key)
                assert kept is not None, (item.id, value, flag.key)
                assert (kept.tier, kept.due) >= (flag.tier, flag.due)
                assert kept.escalates >= flag.escalates
                assert kept.was_yes or told not in flag.answers or not good


@given(st.data())
def test_un_answering_never_empties_what_fired_or_is_undecided(
    protocol: Protocol, records: st.SearchStrategy[Intake], data: st.DataObject
) -> None:
    """Seen to fail with: an open gate that reads as not applicable; None as False in Every."""
    taken = data.draw(records)
    before = screen(taken, protocol, TODAY)
    answered = sorted({a.item for a in taken.answers} - protocol.repeated)
    item = data.draw(st.sampled_from(answered))
    for state in (*LOST, State.DEFERRED):
        lost = replace(taken, answers=(*taken.answers, unsaid(item, state)))
        after = screen(lost, protocol, TODAY)
        assert live_criteria(before) <= live_criteria(after), item
        if state is State.DECLINED:
            flagged = {flag.criterion.id for flag in before.flags}
            assert flagged <= {flag.criterion.id for flag in after.flags}, item


@given(st.data())
def test_a_suicide_answer_that_is_lost_routes_at_least_the_same_day(
    protocol: Protocol, records: st.SearchStrategy[Intake], data: st.DataObject
) -> None:
    """Seen to fail with: an incomplete screen routed by its floor."""
    taken = data.draw(records)
    screens = [i.id for i in protocol.instruments[protocol.suicide_screen].items if i.when is None]
    lost = unsaid(data.draw(st.sampled_from(screens)), data.draw(st.sampled_from(LOST)))
    found = screen(replace(taken, answers=(*taken.answers, lost)), protocol, TODAY)
    routes = [
        (flag.tier, flag.due)
        for flag in found.flags
        if flag.criterion.id in ("suicidal_thoughts_now", "suicide_intent_or_plan")
    ]
    assert max(routes, default=(0, 0)) >= (Tier.REVIEW, Due.SAME_DAY)
    assert found.suicide_risk.word != "none_identified"


# 4. What is worse never weighs less ---------------------------------------------------------------


@given(st.data())
def test_a_yes_in_place_of_a_no_never_lowers_its_criterion(
    protocol: Protocol, records: st.SearchStrategy[Intake], data: st.DataObject
) -> None:
    """Seen to fail with: rules in the wrong order and the last one counting."""
    taken = data.draw(records)
    items = [i for i in protocol.items.values() if i.safety and i.kind == "yes_no"]
    item = data.draw(st.sampled_from(items))
    worse = said(item.id, not item.reassuring)
    before = screen(taken, protocol, TODAY)
    after = screen(replace(taken, answers=(*taken.answers, worse)), protocol, TODAY)
    assert strength(after, item.criterion) >= strength(before, item.criterion)
    assert before.grounds <= after.grounds
    assert after.suicide_risk.level >= before.suicide_risk.level


@given(st.data())
def test_a_higher_self_harm_answer_never_weighs_less(
    protocol: Protocol, records: st.SearchStrategy[Intake], data: st.DataObject
) -> None:
    taken = data.draw(records)
    points = data.draw(st.integers(0, 2))
    lower, higher = (
        screen(replace(taken, answers=(*taken.answers, said("phq9.9", p))), protocol, TODAY)
        for p in (points, points + 1)
    )
    for criterion in ("suicidal_thoughts_now", "baseline_severity_phq9"):
        assert strength(higher, criterion) >= strength(lower, criterion)


# 9. Pure and total --------------------------------------------------------------------------------

EXTREME: list[Value] = [0, 999_999, *map(PartialDate.parse, ("9999", "0001-01-01", "..0001"))]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_answers_whatever_are_screened_and_screened_alike(
    protocol: Protocol, data: st.DataObject
) -> None:
    """Any number of answers, of any value, state and voice, in any order of asking."""
    drawn = data.draw(st.lists(changes(protocol), max_size=40))
    extreme = data.draw(st.lists(st.sampled_from([*protocol.items.values()]), max_size=5))
    more = [
        said(item.id, value)
        for item in extreme
        for value in EXTREME
        if (item.kind == "date") == isinstance(value, PartialDate)
        and item.kind in ("date", "number")
    ]
    taken = intake(
        *(change.answer() for change in drawn),
        *more,
        calls=data.draw(st.sampled_from(CALLS)),
        submitted=data.draw(st.sampled_from((None, NOW))),
        medications=tuple(map(listed, data.draw(st.lists(st.text(max_size=12), max_size=3)))),
    )
    found = screen(taken, protocol, TODAY)
    again = screen(replace(taken), protocol, TODAY)
    assert found == again
    assert repr(found.flags) == repr(again.flags)
    assert not any(flag.fault for flag in found.flags)
    for question in found.unanswered:
        assert reads(found.findings, question.item)
    assert resume_at(Case(taken, protocol, found, TODAY))


def test_the_intake_is_not_changed_by_being_screened(protocol: Protocol) -> None:
    taken = intake(*clean(protocol), medications=(listed("lorazepam"),))
    before = repr(taken)
    screen(taken, protocol, TODAY)
    assert repr(taken) == before


@dataclass(frozen=True)
class Broken:
    """A rule with a bug in it."""

    def decide(self, read: Read) -> bool | None:
        raise ArithmeticError

    def open(self, read: Read) -> frozenset[str]:
        raise ArithmeticError


def with_broken_rule(protocol: Protocol, criterion: Criterion) -> Protocol:
    last = criterion.rules[-1]
    broken = Condition(last.when.text, last.when.names, last.when.params, Broken())
    rules = (*criterion.rules[:-1], replace(last, when=broken))
    criteria = tuple(replace(c, rules=rules) if c is criterion else c for c in protocol.criteria)
    return replace(protocol, criteria=criteria)


def test_a_rule_that_cannot_run_is_a_visible_fault_and_hides_no_other(protocol: Protocol) -> None:
    """For every criterion. Seen to fail with: `return None` in place of the fault; the search for
    what is to obtain outside the guard."""
    answers = clean(protocol)
    for criterion in protocol.criteria:
        found = look(with_broken_rule(protocol, criterion), *answers, calls=BOTH_CALLS)
        assert found.to_obtain == ()
        faults = [flag for flag in found.flags if flag.fault]
        assert {flag.criterion.id for flag in faults} == {criterion.id}
        assert len(found.flags) == len(faults)
        for flag in faults:
            assert flag.tier == max(rule.tier for rule in criterion.rules)
            assert flag.due == max(rule.due for rule in criterion.rules)
            assert flag.state is FlagState.UNRESOLVED
            assert "NOT EVALUATED" in flag.reason


def test_a_gate_that_cannot_run_leaves_its_question_open(protocol: Protocol) -> None:
    item = protocol.items["stroke_date"]
    assert item.when is not None
    broken = replace(item, when=replace(item.when, node=Broken()))
    criterion = protocol.by_criterion["stroke_or_tia"]
    items = tuple(broken if i is item else i for i in criterion.items)
    criteria = tuple(replace(c, items=items) if c is criterion else c for c in protocol.criteria)
    found = look(replace(protocol, criteria=criteria), *clean(protocol), said("stroke_ever", True))
    flag = found.flag("stroke_or_tia")
    assert flag is not None
    assert flag.fault
    assert "stroke_date" in {question.item.id for question in found.unanswered}


# A yes taken back outside the safety block --------------------------------------------------------


def test_a_yes_that_became_a_no_stays_in_sight(protocol: Protocol) -> None:
    """Seen to fail with: `taken_back` empty; `_taken_back` returning None."""
    dated = said("heart_attack_date", PartialDate.parse("2026-11-01"))
    found = look(protocol, said("heart_attack_ever", True), dated, said("heart_attack_ever", False))
    flag = found.flag(HEART)
    assert flag is not None
    assert (flag.tier, flag.was_yes, flag.escalates) == (Tier.NOTE, True, False)
    assert flag.items == ("heart_attack_ever", "heart_attack_date")
    assert [answer.value for answer in flag.answers] == [True, False, dated.value]
    assert flag.reason.startswith("Before an answer was changed: Heart attack")
    assert flag.reason.endswith("Nothing else stands here now.")
    assert (flag.past, len(flag.reasons)) == (True, 1)


def test_a_yes_that_somebody_else_denies_is_unknown_and_was_yes(protocol: Protocol) -> None:
    found = look(
        protocol,
        said("heart_attack_ever", True),
        said("heart_attack_ever", False, Source.RELATIVE),
    )
    flag = found.flag(HEART)
    assert flag is not None
    assert (flag.tier, flag.was_yes) == (flag.criterion.unknown_tier, True)


def test_an_option_taken_out_of_a_list_stays_in_sight(protocol: Protocol) -> None:
    """Seen to fail with: `takes_back` for lists true only where nothing is left."""
    gate = said("heart_problem", True)
    first, second = ("high_lung_pressure", "valve"), ("valve",)
    found = look(protocol, gate, said("heart_kinds", first), said("heart_kinds", second))
    flag = found.flag("pulmonary_hypertension")
    assert flag is not None
    assert (flag.tier, flag.was_yes, flag.items) == (Tier.NOTE, True, ("heart_kinds",))


@pytest.mark.parametrize(
    ("before", "later"), [(False, False), (False, True), (True, True)], ids=str
)
def test_nothing_else_is_taken_back(protocol: Protocol, before: bool, later: bool) -> None:
    answers = (said("heart_attack_ever", before), said("heart_attack_ever", later))
    assert not look(protocol, *answers).findings.taken_back


def test_a_list_of_medicines_that_is_empty_is_named(protocol: Protocol) -> None:
    """Seen to fail with: the states joined where there is none."""
    answers = [a for a in clean(protocol) if a.item != "takes_medicines"]
    found = look(protocol, *answers, said("takes_medicines", True), calls=BOTH_CALLS, submitted=NOW)
    assert found.flags
    for flag in found.flags:
        assert not any(": ." in reason for reason in flag.reasons)
    assert any("medicines are not listed" in f.reasons[-1] for f in found.flags)


# 10. The basis ------------------------------------------------------------------------------------


@given(st.data())
def test_every_flag_shows_what_it_rests_on(
    protocol: Protocol, records: st.SearchStrategy[Intake], data: st.DataObject
) -> None:
    taken = data.draw(records)
    found = screen(taken, protocol, TODAY)
    for flag in found.flags:
        assert flag.reasons
        assert all(flag.reasons)
        assert flag.rules
        assert flag.criterion.citations
        assert set(flag.answers) <= set(taken.answers)
        assert flag.items or flag.criterion.for_each is None
        held = [rule for rule in flag.rules if rule.when.decide(reading(found, flag).read)]
        assert bool(held) is (flag.state is FlagState.RAISED)
        assert flag.tier >= max((rule.tier for rule in held), default=Tier.NOTE)
        assert flag.due >= max((rule.due for rule in held), default=Due.NONE)
        for param in flag.params:
            assert param.basis
            assert param is flag.criterion.params[param.name]
    order = [(-flag.tier, -flag.due) for flag in found.flags]
    assert order == sorted(order)
    keys = [flag.key for flag in found.flags]
    assert len(keys) == len(set(keys))


HEART_OPEN = (
    "breathless_lying_flat", "nyha_class", "rhythm_unstable", "valve_significant", "heart_problem",
    "takes_medicines",
)  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "key", "last", "items"),
    [
        ([said("stroke_ever", True)], "stroke_or_tia", None, ("stroke_ever",)),
        (
            [said("heart_attack_ever", True), unsaid("heart_attack_date", State.DECLINED)],
            HEART,
            "Not settled: Declined.",
            ("heart_attack_ever", "heart_attack_date"),
        ),
        (
            [unsaid("heart_problem", State.UNKNOWN)],
            "heart_failure_valve_arrhythmia",
            "Not settled: Does not know; Not asked.",
            HEART_OPEN,
        ),
    ],
)
def test_a_flag_names_its_questions_and_how_what_is_open_stands(
    protocol: Protocol,
    answers: list[Answer],
    key: str,
    last: str | None,
    items: tuple[str, ...],
) -> None:
    """Fails with: questions that nobody answered among those of what holds; none at all; what is
    open said as a medicine that is not listed; the weakest reason first."""
    flag = look(protocol, *answers).flag(key)
    assert flag is not None
    assert flag.items == items
    assert [reason for reason in flag.reasons if reason.startswith("Not settled")] == (
        [last] if last else []
    )
    assert flag.reason == flag.reasons[0]
    assert flag.rules[0].strength == max(rule.strength for rule in flag.rules)


@pytest.mark.parametrize(
    ("item", "value", "key", "route", "rest"),
    [
        (
            "callback_number", State.UNKNOWN, "call_location_and_callback",
            (Tier.REVIEW, Due.NOW), (("callback_number",), False, False),
        ),
        (
            "callback_permission", State.UNKNOWN, "call_location_and_callback",
            (Tier.NOTE, Due.BEFORE_SCHEDULING), (("callback_permission",), True, False),
        ),
        (
            "eating_disorder_ever", True, "eating_disorder_or_low_weight",
            (Tier.NOTE, Due.NONE), (("eating_disorder_ever",), True, False),
        ),
        (
            "heart_problem", State.UNKNOWN, "heart_failure_valve_arrhythmia",
            (Tier.REVIEW, Due.BEFORE_SCHEDULING), (HEART_OPEN, True, False),
        ),
        (
            "heart_attack_date", PartialDate.parse("2026"), HEART,
            (Tier.STOP, Due.BEFORE_SCHEDULING),
            (("heart_attack_ever", "heart_attack_date"), True, False),
        ),
        (
            "suicide.6a", State.UNKNOWN, "suicide_behavior_recent",
            (Tier.STOP, Due.NOW), (("suicide.6", "suicide.6a"), False, True),
        ),
    ],
)  # fmt: skip
def test_one_answer_alone_raises_this_and_no_more(
    protocol: Protocol,
    item: str,
    value: Value | State,
    key: str,
    route: tuple[Tier, Due],
    rest: tuple[tuple[str, ...], bool, bool],
) -> None:
    """Fails with: a rule lifted by what it does not read; the weakest of what is open; questions
    that keep nothing open; the "else" of a reason told beside it; a rule named twice; an escalation
    for a date that is no matter of now; what holds told once more as not settled."""
    before = reach(protocol, protocol.items[item])
    assert before is not None
    answer = unsaid(item, value) if isinstance(value, State) else said(item, value)
    flag = look(protocol, *before.answers, answer).flag(key)
    assert flag is not None
    assert (flag.tier, flag.due) == route
    assert (flag.items, flag.stronger_open, flag.escalates) == rest
    texts = [rule.when.text for rule in flag.rules]
    assert len(texts) == len(set(texts))
    assert not [r for r in flag.reasons if r.startswith("Not settled, so") and flag.escalates]
    assert len(flag.reasons) <= 1 + any(r.startswith("Not settled: ") for r in flag.reasons)


@pytest.mark.parametrize("state", LOST)
@pytest.mark.parametrize("item", ["means_within_reach", "firearm_access"])
def test_one_question_asked_in_vain_flags_beside_others_that_nobody_asked(
    protocol: Protocol, item: str, state: State
) -> None:
    """Fails with: silence until every rule of the criterion was asked in vain."""
    before = reach(protocol, protocol.items[item])
    assert before is not None
    record = {"escalations": before.escalations, "medications": before.medications}
    found = look(protocol, *before.answers, unsaid(item, state), **record)
    flag = found.flag(protocol.items[item].criterion)
    assert flag is not None
    assert item in flag.items


def test_the_earlier_due_comes_first_among_flags_of_one_tier(protocol: Protocol) -> None:
    """And only the flag whose own yes was taken back says so. Fails with: the later due first;
    every flag told as taken back."""
    there, back = said("heart_attack_ever", True), said("heart_attack_ever", False)
    taken = {"medications": (listed("prednisone"),)}
    found = look(protocol, said("takes_medicines", True), there, back, **taken)
    assert [(f.key, f.tier, f.was_yes) for f in found.flags] == [
        ("med_other", Tier.NOTE, False),
        (HEART, Tier.NOTE, True),
    ]


def reading(found: Screening, flag: Flag) -> Findings:
    _, _, entry = flag.key.partition("#")
    return found.findings.at(int(entry)) if entry else found.findings


# 11. Order ----------------------------------------------------------------------------------------


@given(st.data())
def test_the_order_of_different_questions_does_not_matter(
    protocol: Protocol, records: st.SearchStrategy[Intake], data: st.DataObject
) -> None:
    """The answers to one question keep their order; everything else may be shuffled.

    A change of mind on privacy or on a gate has to stand where it was made: what was said before
    it may no longer hold. Seen to fail with: the answers of trials in the order of recording.
    """
    taken = data.draw(records)
    gates = {gate.id for _item, all_gates in protocol.behind_gates for gate in all_gates}
    assume(not changed_its_mind(taken, gates | {"can_talk_freely", "listener_present"}))
    seed = data.draw(st.randoms(use_true_random=False))
    keys = sorted({(answer.item, answer.entry) for answer in taken.answers})
    seed.shuffle(keys)
    queues = {key: [a for a in taken.answers if (a.item, a.entry) == key] for key in keys}
    turns = [key for key in keys for _ in queues[key]]
    seed.shuffle(turns)
    shuffled = replace(taken, answers=tuple(queues[key].pop(0) for key in turns))
    one, other = screen(shuffled, protocol, TODAY), screen(taken, protocol, TODAY)
    assert one == other
    assert one.unanswered == other.unanswered


def changed_its_mind(taken: Intake, items: Container[str]) -> bool:
    said = {(a.item, a.value, a.state) for a in taken.answers if a.item in items}
    return len(said) > len({item for item, _value, _state in said})


def test_the_order_of_medicines_does_not_matter(protocol: Protocol) -> None:
    names = ["lorazepam", "theophylline", "zorblaxin", "Xanax"]
    first = look(protocol, said("takes_medicines", True), medications=[*map(listed, names)])
    last = look(protocol, said("takes_medicines", True), medications=[*map(listed, names[::-1])])
    assert [(f.key, f.tier, f.due) for f in first.flags] == [
        (f.key, f.tier, f.due) for f in last.flags
    ]


# The strongest rule still possible ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "tier"),
    [
        (said("heart_attack_date", days_ago(41)), Tier.STOP),
        (said("heart_attack_date", days_ago(42)), Tier.STOP),
        (said("heart_attack_date", days_ago(43)), Tier.REVIEW),
        (said("heart_attack_date", days_ago(183)), Tier.REVIEW),
        (said("heart_attack_date", days_ago(184)), Tier.REVIEW),
        (said("heart_attack_date", PartialDate.parse("2026")), Tier.STOP),
        (said("heart_attack_date", PartialDate.parse("..2026")), Tier.STOP),
        (said("heart_attack_date", PartialDate.parse("2026-06")), Tier.REVIEW),
        (said("heart_attack_date", PartialDate.parse("2019")), Tier.REVIEW),
        (unsaid("heart_attack_date", State.UNKNOWN), Tier.STOP),
        (unsaid("heart_attack_date", State.DECLINED), Tier.STOP),
        (unsaid("heart_attack_date", State.DEFERRED), Tier.STOP),
        (None, Tier.STOP),
    ],
)
def test_a_yes_with_its_date_open_counts_at_the_strongest_rule_still_possible(
    protocol: Protocol, date: Answer | None, tier: Tier
) -> None:
    """Seen to fail with: `possible = []`; the earliest day of a partial date."""
    answers = [said("heart_attack_ever", True), *([date] if date else [])]
    flag = look(protocol, *answers).flag(HEART)
    assert flag is not None
    assert flag.tier is tier


def test_what_might_be_stronger_is_said(protocol: Protocol) -> None:
    open_ = look(protocol, said("heart_attack_ever", True)).flag(HEART)
    known = look(
        protocol, said("heart_attack_ever", True), said("heart_attack_date", days_ago(900))
    ).flag(HEART)
    assert open_ is not None
    assert known is not None
    assert open_.stronger_open
    assert not known.stronger_open


def test_an_open_detail_that_is_no_date_or_size_lifts_nothing(protocol: Protocol) -> None:
    flag = look(protocol, said("heart_problem", True)).flag("heart_failure_valve_arrhythmia")
    assert flag is not None
    assert flag.tier is Tier.REVIEW
    assert flag.stronger_open


def test_a_size_that_a_later_contact_asks_for_lifts_at_once(protocol: Protocol) -> None:
    """Seen to fail with: only questions of a held stage lifting."""
    trouble = (said("alcohol_or_drug_use", True), said("substance_trouble", True))
    flag = look(protocol, *trouble).flag("substance_use_disorder")
    assert flag is not None
    assert (flag.tier, flag.stronger_open) == (Tier.REVIEW, True)


def test_a_listed_maoi_whose_last_day_nobody_asked_yet_counts_as_recent(protocol: Protocol) -> None:
    """Seen to fail with: only questions of a held stage lifting."""
    found = look(protocol, said("takes_medicines", True), medications=(listed("Nardil"),))
    flag = found.flag("med_maoi")
    assert flag is not None
    assert (flag.tier, flag.stronger_open) == (Tier.REVIEW, True)
    assert "longer ago" not in flag.reason


def test_a_note_on_a_medicine_is_not_lifted_by_an_unrelated_question(protocol: Protocol) -> None:
    taken = look(
        protocol,
        said("takes_medicines", True),
        said("seizure_ever", False),
        medications=(listed("Depakote"),),
    )
    flag = taken.flag("seizure_disorder")
    assert flag is not None
    assert flag.tier is Tier.NOTE


@pytest.mark.parametrize(
    ("born", "tier"),
    [("2008-11-23", None), ("2008-11-24", Tier.STOP), ("2008", Tier.REVIEW), ("2009", Tier.STOP)],
)
def test_an_age_that_is_known_too_loosely_is_not_silent(
    protocol: Protocol, born: str, tier: Tier | None
) -> None:
    """Seen to fail with: a range of years that leaves the rule open read as nothing asked."""
    flag = look(protocol, said("date_of_birth", PartialDate.parse(born))).flag("age_years")
    assert (flag.tier if flag else None) is tier


@pytest.mark.parametrize(
    ("told", "criterion", "never"),
    [
        (
            {"organ_problem": True, "organ_kinds": ("adrenal_tumor",)},
            "pheochromocytoma",
            "tumor rem",
        ),
        (
            {"organ_problem": True, "organ_kinds": ("overactive_thyroid",)},
            "hyperthyroidism",
            "normal",
        ),
        ({"anesthetic_allergy": True}, "hypersensitivity", "another"),
        ({"bipolar_ever": True}, "bipolar_or_past_mania", "on a mood stabiliser"),
        ({"energy_up": True}, "active_mania", "without little"),
        ({"eating_disorder_ever": True}, "eating_disorder_or_low_weight", "Past"),
        ({"head_problem": True}, "raised_intracranial_pressure", "Older"),
    ],
)
@pytest.mark.parametrize("submitted", [None, NOW])
def test_a_reason_says_nothing_that_nobody_answered(protocol, told, criterion, never, submitted):
    """What a stronger rule asks is open, and the weaker one stands alone: its words may not answer
    it. Fails with: the reasons as the criteria write them."""
    answers = [said(name, value) for name, value in told.items()]
    flag = look(protocol, *answers, submitted=submitted).flag(criterion)
    assert flag is not None
    assert not [reason for reason in flag.reasons if never in reason]


@pytest.mark.parametrize(
    ("often", "tier"),
    [
        (None, Tier.REVIEW),
        ("every_day", Tier.REVIEW),
        ("not_sure", Tier.REVIEW),
        ("some_days_each_week", Tier.NOTE),
        ("less_often", Tier.NOTE),
    ],
)
def test_a_benzodiazepine_counts_as_taken_daily_until_somebody_says_how_often(
    protocol, often, tier
):
    """Medications facts: on_match is the tier until frequency and dose are known. What is not
    settled is not told as said. Fails with: how often taken for no size; its reason as though
    somebody had said it."""
    taken = listed("lorazepam", dose_mg=Decimal("0.5"), per_day=Decimal(1))
    answers = [] if often is None else [said("benzodiazepine_often", often)]
    flag = look(protocol, *answers, medications=(taken,)).flag("med_benzodiazepine")
    assert flag is not None
    assert flag.tier is tier
    assert flag.reason.startswith("Not settled") is (often is None)


@pytest.mark.parametrize("source", sorted(Source))
def test_anothers_word_that_nobody_listens_makes_no_answer_count(protocol, source):
    """Fails with: the value of the answer taken, whoever gave it."""
    free = replace(said("can_talk_freely", True), source=source)
    noes = [said(f"suicide.{number}", False) for number in (1, 2, 6)]
    counts = source in COUNTS_FOR_A_NO
    assert look(protocol, free, *noes).suicide_risk.complete is counts
    before = said("can_talk_freely", False)
    assert look(protocol, before, free, *noes).suicide_risk.complete is counts


@pytest.mark.parametrize(
    ("item", "option"),
    [
        ("pdmp_result", "not_checked"),
        ("pdmp_result", "not_available"),
        ("drug_screen_result", "not_done"),
        ("urine_test_result", "not_done"),
    ],
)
def test_what_was_not_done_is_still_to_obtain(protocol, item, option):
    """Fails with: an option that says why there is no result taken for one."""
    wanted = [i for w in look(protocol, said(item, option)).to_obtain for i in w.items]
    assert item in wanted


def test_trials_that_nobody_asked_about_are_no_silent_gap(protocol):
    """Of a second contact that was submitted. Fails with: no trial taken for not asked yet."""
    calls = (ended(), ended(Stage.SECOND_CONTACT))
    assert look(protocol, calls=calls).flag("failed_adequate_trials") is None
    found = look(protocol, calls=calls, submitted=NOW).flag("failed_adequate_trials")
    assert found is not None
    assert found.state is FlagState.UNRESOLVED
    assert found.due is Due.BEFORE_SCHEDULING


def test_the_basis_of_a_count_of_trials_is_what_is_open_of_each(protocol):
    """Fails with: the questions of every trial read where nobody asks them."""
    answers = [
        replace(said(name, value), entry=entry)
        for entry in (1, 2)
        for name, value in (
            ("trial_medicine", "sertraline"),
            ("trial_dose_reached", "at_or_above_minimum"),
            ("trial_taken_most_days", True),
            ("trial_improvement_pct", 10),
        )
    ]
    weeks = [replace(said("trial_weeks", 10), entry=1)]
    weeks.append(replace(unsaid("trial_weeks", State.DECLINED), entry=2))
    flag = look(protocol, *answers, *weeks).flag("failed_adequate_trials")
    assert flag is not None
    assert "Declined" in flag.reason
    assert "trial_weeks" in flag.items


def test_item_nine_that_nobody_asked_is_not_told_as_declined(protocol):
    """It is open with its scale. Fails with: left out taken for asked in vain."""
    calls = (ended(), ended(Stage.SECOND_CONTACT))
    noes = [said(f"suicide.{number}", False) for number in (1, 2, 6)]
    found = look(protocol, *noes, calls=calls, submitted=NOW)
    reasons = " ".join(reason for flag in found.flags for reason in flag.reasons)
    assert "tem 9" not in reasons
    declined = look(protocol, *noes, unsaid("phq9.9", State.DECLINED), calls=calls, submitted=NOW)
    assert "tem 9" in " ".join(reason for flag in declined.flags for reason in flag.reasons)


# Later stages, submission, the end of the call ----------------------------------------------------


def test_a_question_of_a_later_stage_is_open_and_no_flag(protocol: Protocol) -> None:
    asked = {item.id for item in protocol.items.values() if item.stage is Stage.CALL}
    # What staff saw on the call opens a question of the call.
    call = [a for a in clean(protocol) if a.item in asked | {"confusion_observed"}]
    first = look(protocol, *call)
    assert first.flags == ()
    states = {question.state for question in first.unanswered}
    assert states == {"not_asked"}
    applicable = first.findings.applicable
    stages = {q.item.stage for q in first.unanswered if applicable(q.item) is True}
    assert stages == set(Stage) - {Stage.CALL}
    submitted = look(protocol, *call, calls=(ended(),), submitted=NOW)
    assert submitted.flags == ()


def test_every_question_left_out_of_a_held_stage_is_noticed_at_submission(
    protocol: Protocol,
) -> None:
    """Each is a flag, or an entry to obtain, or stands in the list of what was not answered.

    Seen to fail with: `_is_overdue` always False.
    """
    flagged = 0
    for item in protocol.items.values():
        if item.when is not None or item.id in protocol.repeated:
            continue
        kept = [answer for answer in clean(protocol) if answer.item != item.id]
        for more in ((), (unsaid(item.id, State.DEFERRED),)):
            before = look(protocol, *kept, *more, calls=BOTH_CALLS)
            after = look(protocol, *kept, *more, calls=BOTH_CALLS, submitted=NOW)
            open_ = {question.item.id for question in after.unanswered}
            # What the record decides is nobody's question.
            assert item.id in open_ or after.findings.is_known(item)
            raised = {f.key for f in after.flags} - {f.key for f in before.flags}
            flagged += bool(raised)
            held = item.stage in (Stage.CALL, Stage.SECOND_CONTACT)
            criterion = protocol.by_criterion[item.criterion]
            if held and not criterion.to_obtain and criterion.id in live_criteria(after):
                assert strength(after, criterion.id) > (0, 0), item.id
    assert flagged > 60


def test_the_end_of_the_call_opens_what_was_left_of_the_screen(protocol: Protocol) -> None:
    """Seen to fail with: `call_is_over` always False."""
    begun = [said("suicide.1", False), said("suicide.2", False)]
    live = look(protocol, *begun)
    over = look(protocol, *begun, calls=(ended(),))
    assert live.flag("suicidal_thoughts_now") is None
    flag = over.flag("suicidal_thoughts_now")
    assert flag is not None
    assert (flag.tier, flag.due) == (Tier.REVIEW, Due.SAME_DAY)
    again = look(protocol, *begun, calls=(ended(), on_the_line()))
    assert again.flag("suicidal_thoughts_now") is None


def test_other_questions_wait_for_submission(protocol: Protocol) -> None:
    found = look(
        protocol, *(said(f"suicide.{k}", False) for k in ("1", "2", "6")), calls=(ended(),)
    )
    assert found.flags == ()


# To obtain ----------------------------------------------------------------------------------------

PRESSURE = "last_blood_pressure"


def without(protocol: Protocol, *items: str) -> list[Answer]:
    return [answer for answer in clean(protocol) if answer.item not in items]


@pytest.mark.parametrize(
    ("answers", "entry", "tier"),
    [
        ([], True, None),
        ([unsaid(PRESSURE, State.UNKNOWN)], True, None),
        ([unsaid(PRESSURE, State.DEFERRED)], True, None),
        ([unsaid(PRESSURE, State.DECLINED)], True, Tier.REVIEW),
        ([said(PRESSURE, BloodPressure(118, 76))], False, None),
        ([said(PRESSURE, BloodPressure(150, 76))], False, Tier.REVIEW),
        (
            [said(PRESSURE, BloodPressure(190, 76)), unsaid(PRESSURE, State.UNKNOWN)],
            True,
            Tier.REVIEW,
        ),
    ],
)
@pytest.mark.parametrize("submitted", [None, NOW])
def test_what_is_missing_is_to_obtain_and_only_a_refusal_is_a_flag(
    protocol: Protocol, answers: list[Answer], entry: bool, tier: Tier | None, submitted: object
) -> None:
    """Seen to fail with: unknown flagged; declined only listed; a reading taken back forgotten."""
    kept = without(protocol, PRESSURE, "blood_pressure_date")
    dated = [said("blood_pressure_date", days_ago(3))] if not entry else []
    found = look(protocol, *kept, *answers, *dated, calls=BOTH_CALLS, submitted=submitted)
    listed_ = {wanted.id: wanted for wanted in found.to_obtain}
    assert ("bp_severe_or_hold" in listed_) is entry
    if entry:
        assert PRESSURE in listed_["bp_severe_or_hold"].items
        assert listed_["bp_severe_or_hold"].due is Due.BEFORE_FIRST_DOSE
    flag = found.flag("bp_severe_or_hold")
    assert (flag.tier if flag else None) is tier


def test_a_date_that_decides_too_little_is_to_obtain(protocol: Protocol) -> None:
    """Fails with: a reading without its date asked for once more."""
    kept = without(protocol, "blood_pressure_date")
    loose = look(protocol, *kept, said("blood_pressure_date", PartialDate.parse("2026")))
    assert "blood_pressure_date" in wanted(loose)
    exact = look(protocol, *kept, said("blood_pressure_date", days_ago(3)))
    assert "blood_pressure_date" not in wanted(exact)
    undated = look(protocol, *kept)
    assert PRESSURE not in wanted(undated)
    assert "blood_pressure_date" in wanted(undated)


@pytest.mark.parametrize(
    ("signed", "until", "why"),
    [
        (False, None, "no"),
        (True, days_ago(1), "expired"),
        (True, PartialDate.parse(str(TODAY.year)), "may have expired"),
        (True, days_ago(0), None),
        (True, days_ago(-30), None),
    ],
)
def test_a_release_that_is_missing_or_run_out_is_to_obtain(
    protocol: Protocol, signed: bool, until: PartialDate | None, why: str | None
) -> None:
    """Seen to fail with: a no taken for an answer that settles it; any date taken for one that
    holds; the last day taken for past."""
    kept = without(protocol, "release_signed", "release_expiry")
    dated = (said("release_expiry", until),) if until else ()
    found = look(protocol, *kept, said("release_signed", signed), *dated)
    entry = next((w for w in found.to_obtain if w.id == "release_of_information"), None)
    assert (entry.why if entry else None) == why
    if entry:
        assert entry.text == f"Release of information signed: {why}"
        assert entry.items == ("release_expiry" if signed else "release_signed",)


def test_what_an_untrained_interpreter_put_into_words_is_repeated_with_a_trained_one(
    protocol: Protocol,
) -> None:
    through = Source.AD_HOC_INTERPRETER
    found = look(protocol, *clean(protocol), said("stroke_ever", False, through))
    (entry,) = [w for w in found.to_obtain if w.id == "qualified_interpreter"]
    assert (entry.due, entry.items) == (Due.BEFORE_SCHEDULING, ("stroke_ever",))
    open_ = look(protocol, *without(protocol, "suicide.6"), said("suicide.6", False, through))
    (entry,) = [w for w in open_.to_obtain if w.id == "qualified_interpreter"]
    assert entry.due is Due.SAME_DAY


# Skipped, open ------------------------------------------------------------------------------------


def test_what_a_branch_skips_is_neither_open_nor_to_obtain(protocol: Protocol) -> None:
    found = look(protocol, *clean(protocol))
    skipped = {
        item.id for item in protocol.items.values() if found.findings.applicable(item) is False
    }
    assert {"heart_attack_date", "suicide.3", "suicide.6a", "harm_detail"} <= skipped
    assert not skipped & {question.item.id for question in found.unanswered}
    assert not skipped & wanted(found)


@pytest.mark.parametrize("state", LOST)
def test_behind_a_gate_that_is_unknown_everything_is_open(protocol: Protocol, state: State) -> None:
    found = look(protocol, *without(protocol, "heart_problem"), unsaid("heart_problem", state))
    open_ = {question.item.id for question in found.unanswered}
    assert {"heart_kinds", "breathless_lying_flat", "rhythm_unstable"} <= open_
    keys = {flag.key for flag in found.flags}
    assert {"heart_failure_valve_arrhythmia", "pulmonary_hypertension"} <= keys


def test_the_trials_are_judged_entry_by_entry(protocol: Protocol) -> None:
    short = said("trial_weeks", 2, entry=2)
    found = look(protocol, *clean(protocol), short)
    assert [flag.key for flag in found.flags] == [
        "failed_adequate_trials",
        "trial_adequacy_weeks#2",
    ]
    missing = [a for a in clean(protocol) if not (a.item == "trial_end" and a.entry == 1)]
    found = look(protocol, *missing)
    assert [(w.id, w.items) for w in found.to_obtain] == [
        ("trial_adequacy_weeks#1", ("trial_end",))
    ]
    assert [(q.item.id, q.entry) for q in found.unanswered] == [("trial_end", 1)]


@pytest.mark.parametrize(
    "lost", ["trial_start", "trial_weeks", "trial_taken_most_days", "trial_dose_reached"]
)
@pytest.mark.parametrize("state", LOST)
def test_a_count_of_trials_that_something_unknown_keeps_open_is_flagged(
    protocol: Protocol, lost: str, state: State
) -> None:
    found = look(protocol, *clean(protocol), unsaid(lost, state, entry=1))
    flag = found.flag("failed_adequate_trials")
    assert flag is not None
    assert (flag.tier, flag.state) == (Tier.REVIEW, FlagState.UNRESOLVED)
    beyond = look(protocol, *clean(protocol), said("trial_dose_reached", "not_listed", entry=1))
    assert beyond.flag("failed_adequate_trials") is not None


# Medicines and urgency ----------------------------------------------------------------------------


def test_the_earliest_due_of_a_listed_drug_counts(protocol: Protocol) -> None:
    """Fails with: the due of the rule alone; the later of the two."""
    counted = 0
    for drug_class in protocol.formulary.classes:
        for drug in drug_class.drugs:
            taken = (said("takes_medicines", True),)
            found = look(protocol, *taken, medications=(listed(drug.generic),))
            flag = found.flag(drug_class.criterion)
            if flag is not None and flag.tier is drug.tier:
                assert flag.due >= max(drug.due, *(rule.due for rule in flag.rules)), drug
                counted += 1
    assert counted > 200


@pytest.mark.parametrize(
    ("name", "criterion", "often", "tier", "due"),
    [
        ("prednisone", "med_other", None, Tier.NOTE, Due.BEFORE_FIRST_DOSE),
        ("caffeine (prescription)", "med_theophylline", None, Tier.REVIEW, Due.BEFORE_SCHEDULING),
        ("lorazepam", "med_benzodiazepine", "less_often", Tier.NOTE, Due.NONE),
    ],
)
def test_a_drug_hastens_the_rule_of_its_own_tier(
    protocol: Protocol, name: str, criterion: str, often: str | None, tier: Tier, due: Due
) -> None:
    """Fails with: the due of the drug left out; taken for a rule of another tier."""
    answers = [] if often is None else [said("benzodiazepine_often", often)]
    taken = listed(name, dose_mg=Decimal("0.5"), per_day=Decimal(1))
    flag = look(protocol, *answers, medications=(taken,)).flag(criterion)
    assert flag is not None
    assert (flag.tier, flag.due) == (tier, due)


def test_the_earliest_due_of_all_rules_that_hold_counts(protocol: Protocol) -> None:
    found = look(
        protocol,
        said("organ_problem", True),
        said("organ_kinds", ("liver",)),
        said("liver_kind", ("called_severe",)),
        said("jaundice_now", True),
    ).flag("severe_liver_disease")
    assert found is not None
    assert (found.tier, found.due) == (Tier.STOP, Due.SAME_DAY)


def test_the_flag_on_privacy_is_not_silenced_by_an_earlier_yes(protocol: Protocol) -> None:
    """Somebody comes in. Seen to fail with: `reassuring` left out of the protocol."""
    alone, joined = said("can_talk_freely", True), said("can_talk_freely", False)
    for answers in ((joined,), (alone, joined), (joined, alone)):
        found = look(protocol, *answers)
        flag = found.flag("private_to_talk")
        assert flag is not None
        assert (flag.tier, flag.due) == (Tier.REVIEW, Due.SAME_DAY)
        assert found.findings.applicable(protocol.items["listener_present"]) is True
    by_another = look(protocol, said("can_talk_freely", True, Source.RELATIVE))
    assert by_another.flag("private_to_talk") is not None


def test_several_sedatives_are_seen_together(protocol: Protocol) -> None:
    taken = intake(
        said("takes_medicines", True), medications=(listed("oxycodone"), listed("lorazepam"))
    )
    found = screen(taken, protocol, TODAY)
    together = sedation_together(Case(taken, protocol, found, TODAY))
    assert {flag.criterion.id for flag in together} == {"med_opioid", "med_benzodiazepine"}
    one = intake(said("takes_medicines", True), medications=(listed("oxycodone"),))
    assert sedation_together(Case(one, protocol, screen(one, protocol, TODAY), TODAY)) == ()


# What a review has seen, what a page reads --------------------------------------------------------


def test_what_a_review_has_seen_changes_with_the_answers(protocol: Protocol) -> None:
    first = said("stroke_ever", True)
    flags = [
        look(protocol, *answers).flag("stroke_or_tia")
        for answers in (
            [first],
            [first],
            [first, said("stroke_ever", True)],
            [first, unsaid("stroke_ever", State.UNKNOWN)],
            [first, said("stroke_date", days_ago(5))],
        )
    ]
    seen = [flag.seen for flag in flags if flag is not None]
    assert len(seen) == 5
    assert seen[0] == seen[1]
    assert len(set(seen)) == 4


def test_nothing_open_ever_reads_as_a_no(protocol: Protocol) -> None:
    item = protocol.items["psychosis_now"]
    cases: list[tuple[list[Answer], str]] = [
        ([], "Not asked"),
        ([said(item.id, False)], "No"),
        ([said(item.id, True)], "Yes"),
        ([said(item.id, True), said(item.id, False)], "No (was Yes)"),
        ([said(item.id, True), unsaid(item.id, State.UNKNOWN)], "Does not know (was Yes)"),
        ([said(item.id, True), unsaid(item.id, State.DECLINED)], "Declined (was Yes)"),
        ([unsaid(item.id, State.UNKNOWN)], "Does not know"),
        ([unsaid(item.id, State.DEFERRED)], "Ask later"),
        ([said("can_talk_freely", False)], "Not asked: not private"),
    ]
    for answers, text in cases:
        assert reads(look(protocol, *answers).findings, item) == text
    told = look(protocol, said(item.id, False, Source.RELATIVE))
    assert reads(told.findings, item).startswith("Unknown:")
    scale = look(protocol, said("phq9.1", 3, Source.RELATIVE))
    assert reads(scale.findings, protocol.items["phq9.1"]).startswith("As observed by another")
    open_ = look(protocol, escalations=(escalated(),))
    assert reads(open_.findings, item) == "Not asked: escalation"
    skipped = look(protocol, said("stroke_ever", False))
    after = reads(skipped.findings, protocol.items["stroke_date"])
    assert after == f"Not asked, after a no to: {protocol.items['stroke_ever'].ask}"


def test_a_call_goes_on_at_the_next_question_or_at_the_escalation(protocol: Protocol) -> None:
    def where(*answers: Answer, **more: Any) -> str:
        taken = intake(*answers, **more)
        return resume_at(Case(taken, protocol, screen(taken, protocol, TODAY), TODAY))

    assert where() == "callback_number"
    assert where(*without(protocol, "stroke_ever")) == "stroke_ever"
    assert where(*clean(protocol)) == "check_answers"
    assert where(*clean(protocol), escalations=(escalated(),)) == "escalation"
    assert where(*without(protocol, "stroke_ever"), said("stroke_ever", True)) == "stroke_date"


# A day later --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "gate", "flag", "days", "within"),
    [
        ("stroke_date", "stroke_ever", "stroke_or_tia", 183, Tier.STOP),
        ("seizure_date", "seizure_ever", "seizure_disorder", 365, Tier.STOP),
        (
            "psychiatric_care_date",
            "psychiatric_care_recent",
            "recent_psychiatric_discharge",
            92,
            None,
        ),
    ],
)
def test_windows_turn_on_the_day(
    protocol: Protocol, item: str, gate: str, flag: str, days: int, within: Tier | None
) -> None:
    """The limit itself counts as inside. Seen to fail with: `<` for `<=` in the condition."""
    protocol = replace(protocol, route="nasal")  # "any stroke is an exclusion" is for the others
    taken = intake(said(gate, True), said(item, days_ago(days)))
    on_the_day = screen(taken, protocol, TODAY).flag(flag)
    day_after = screen(taken, protocol, TODAY + timedelta(days=1)).flag(flag)
    assert on_the_day is not None
    assert day_after is not None
    assert (on_the_day.tier, on_the_day.due) > (day_after.tier, day_after.due)
    assert within is None or on_the_day.tier is within


def test_what_a_gate_answered_reads_in_the_words_that_were_asked(protocol: Protocol) -> None:
    """Only what was asked: behind a gate that nobody put, and in the suicide-risk screen, nothing.

    Seen to fail with: the nearest gate named although only the one before it was asked.
    """
    found = look(protocol, said("ketamine_ever", False), said("pregnancy_relevant", False))
    items = protocol.items
    for id_, gates in protocol.gates_of.items():
        text = reads(found.findings, items[id_])
        if {"ketamine_ever", "pregnancy_relevant"} & {gate.id for gate in gates}:
            verb = "No, by" if items[id_].kind == "yes_no" else "Not asked, after"
            assert text.startswith(verb)
            assert text.endswith(gates[-1].ask)
        else:
            assert not text.startswith(("No, by", "Not asked, after"))
    assert not any(id_.startswith(f"{protocol.suicide_screen}.") for id_ in protocol.gates_of)


# Read alike by itself, everywhere -----------------------------------------------------------------

VOICES = (Source.PATIENT_ALONE, Source.QUALIFIED_INTERPRETER, Source.RELATIVE, Source.REFERRER)


def answer_of(item: str, state: object, source: Source) -> tuple[Answer, ...]:
    if isinstance(state, State):
        return (unsaid(item, state, source),)
    return () if state is None else (said(item, state, source),)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", VOICES)
def test_none_is_identified_exactly_where_each_question_was_answered_no(
    protocol: Protocol, source: Source
) -> None:
    """Tested by itself, for what surrounds it could hide that one of them is not looked at.

    Seen to fail with: unknown read as no; a relative's no that counts.
    """
    unsaid_ones = (State.UNKNOWN, State.DECLINED, State.DEFERRED, None)
    for states in product((True, False, *unsaid_ones), repeat=3):
        parts = zip(("1", "2", "6"), states, strict=True)
        told = [a for part, said_ in parts for a in answer_of(f"suicide.{part}", said_, source)]
        risk = screen(intake(*told), protocol, TODAY).suicide_risk
        clear = states == (False,) * 3 and source in VOICES[:2]
        assert (risk.word == "none_identified") is clear, states


@pytest.mark.parametrize("source", VOICES)
def test_the_ninth_item_reads_as_zero_exactly_where_it_was_answered_zero(
    protocol: Protocol, source: Source
) -> None:
    """Seen to fail with: an item without an answer read as zero."""
    counts = source in protocol.instruments["phq9"].may_answer
    for state in (0, 1, 2, 3, State.UNKNOWN, State.DECLINED, State.DEFERRED, None):
        found = screen(intake(*answer_of("phq9.9", state, source)), protocol, TODAY).findings
        assert (found.read("phq9_item9") == 0) is (state == 0 and state is not None and counts)
        if isinstance(state, int) and state > 0:
            assert found.read("phq9_item9") == state  # a positive one counts from anyone


def plainly(found: Screening) -> str:
    """All that a screening says, in its order."""
    flags = [(f.key, f.seen, f.reasons, f.items, f.escalates) for f in found.flags]
    open_ = [(q.item.id, q.entry, q.state) for q in found.unanswered]
    scores = {id_: (s.least, s.most, s.bands, s.missing) for id_, s in found.scores.items()}
    return repr((flags, open_, scores, found.to_obtain, found.suicide_risk, sorted(found.grounds)))


def a_call_with_something_of_everything(protocol: Protocol) -> Intake:
    """Every answer by a number of its own, so that two processes say the same."""
    told = [*clean(protocol), said("suicide.2", True), unsaid("suicide.4", State.DECLINED)]
    told += [said("last_blood_pressure", BloodPressure(165, 95)), said("phq9.9", 1)]
    numbered = tuple(replace(answer, id=f"n{place}") for place, answer in enumerate(told))
    pills = tuple(replace(listed(name), id=name) for name in ("İSOTRETİNOİN", "lithium", "Xanax"))
    return intake(*numbered, medications=pills)


def test_neither_the_locale_nor_the_run_changes_what_is_said(protocol: Protocol) -> None:
    """In a process of its own, in Turkish, where a small I is another letter and a comma stands
    before a part, and with other places of everything in sets.

    Seen to fail with: the questions of a flag in the order of a set.
    """
    here = plainly(screen(a_call_with_something_of_everything(protocol), protocol, TODAY))
    program = (
        "import locale\n"
        "from contextlib import suppress\n"
        "with suppress(locale.Error):\n"
        "    locale.setlocale(locale.LC_ALL, '')\n"
        "from intake_app import content\n"
        "from intake_app.core.screening import screen\n"
        "from tests.conftest import TODAY\n"
        "from tests.test_screening import a_call_with_something_of_everything, plainly\n"
        "protocol = content.build(content.shipped())\n"
        "print(plainly(screen(a_call_with_something_of_everything(protocol), protocol, TODAY)))\n"
    )
    env = {**os.environ, "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}
    env["PYTHONPATH"] = str(Path(__file__).parents[1])
    env["PYTHONIOENCODING"] = "utf-8"
    there = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, check=True
    ).stdout.decode()
    assert there.strip() == here


def test_an_open_question_says_how_it_stands(protocol: Protocol) -> None:
    """Mutation found that nothing held this by itself. Seen to fail with: a no that
    does not count as answered; the number of the entry left out."""

    def stands(*answers: Answer, item: str, entry: int = 0) -> str | None:
        open_ = screen(intake(*answers), protocol, TODAY).unanswered
        found = [q.state for q in open_ if q.item.id == item and q.entry == entry]
        return found[0] if found else None

    assert stands(item="suicide.6") == "not_asked"
    assert stands(said("suicide.6", False), item="suicide.6") is None
    assert stands(said("suicide.6", False, Source.RELATIVE), item="suicide.6") == State.UNKNOWN
    for state in (State.UNKNOWN, State.DECLINED, State.DEFERRED):
        assert stands(unsaid("suicide.6", state), item="suicide.6") == state
        later = (
            unsaid("trial_weeks", State.DECLINED, entry=2),
            unsaid("trial_weeks", state, entry=2),
        )
        assert stands(*later, item="trial_weeks", entry=2) == state
