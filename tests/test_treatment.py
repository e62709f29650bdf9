"""Antidepressant trials: which are adequate, which failed, and how many there may be."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations, product
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake_app import content
from intake_app.core.agenda import agenda, questions
from intake_app.core.condition import Span
from intake_app.core.instrument import score
from intake_app.core.model import Answer, PartialDate, Source, Stage, Value
from intake_app.core.protocol import Protocol
from intake_app.core.screening import Case, reads, screen
from intake_app.core.treatment import (
    STAGING,
    Trial,
    TrialRules,
    Verdict,
    failed,
    failed_classes,
    in_episode,
    judged,
    months_since,
    of_record,
    staged,
    told_apart,
    verdict,
)
from tests.conftest import TODAY, clean, intake, on_the_line, said

RULES = TrialRules(min_weeks=6, inadequate_below_pct=50)
SINCE = PartialDate.parse("2024-01-10")
DONE = {
    "weeks": 8,
    "most_days": True,
    "improvement_pct": 10,
    "end": "no_benefit",
    "dose_reached": "at_or_above_minimum",
}


def trial(**changes: object) -> Trial:
    return Trial(1, **{**DONE, **changes})  # type: ignore[arg-type]


VERDICTS = [
    ({}, Verdict.FAILED),
    ({"weeks": 6}, Verdict.FAILED),
    ({"weeks": Decimal("5.9")}, Verdict.TOO_SHORT),
    ({"weeks": 0}, Verdict.TOO_SHORT),
    ({"dose_reached": "below_minimum"}, Verdict.TOO_LOW),
    ({"dose_reached": "not_listed"}, Verdict.OPEN),
    ({"most_days": False}, Verdict.NOT_TAKEN),
    ({"improvement_pct": 49}, Verdict.FAILED),
    ({"improvement_pct": 50}, Verdict.HELPED),
    ({"improvement_pct": 0}, Verdict.FAILED),
    ({"end": "side_effects"}, Verdict.FAILED),
    ({"end": "other_reason"}, Verdict.FAILED),
    ({"end": "still_taking"}, Verdict.CURRENT),
    ({"end": "still_taking", "weeks": 2}, Verdict.CURRENT),
    ({"weeks": None}, Verdict.OPEN),
    ({"most_days": None}, Verdict.OPEN),
    ({"improvement_pct": None}, Verdict.OPEN),
    ({"end": None}, Verdict.OPEN),
    ({"dose_reached": None}, Verdict.OPEN),
    ({"weeks": None, "most_days": False}, Verdict.NOT_TAKEN),
    ({"end": None, "improvement_pct": 80}, Verdict.HELPED),
    ({"dose_reached": None, "weeks": 3}, Verdict.TOO_SHORT),
]


@pytest.mark.parametrize(("changes", "expected"), VERDICTS)
def test_verdicts(changes: dict[str, object], expected: Verdict) -> None:
    """Seen to fail with: `<=` for `<` in weeks; not_listed as reached; improvement 0 as missing."""
    assert judged(trial(**changes), RULES)[0] is expected


def test_every_verdict_is_said_in_words_of_its_own() -> None:
    """Seen to fail with: the words of TOO_LOW those of TOO_SHORT; one verdict without words."""
    said = {expected: verdict(trial(**changes), RULES) for changes, expected in VERDICTS}
    said[Verdict.EARLIER] = verdict(trial(), RULES, began=False)
    assert said.keys() == set(Verdict)
    assert len(set(said.values())) == len(Verdict)


def test_all_that_rules_a_trial_out_is_said() -> None:
    """Seen to fail with: the first reason alone."""
    words = verdict(trial(weeks=2, most_days=False, dose_reached="below_minimum"), RULES)
    assert "too short" in words
    assert "most days" in words
    assert "below the minimum" in words
    assert words.count("; ") == 2
    both = verdict(trial(weeks=None, end=None), RULES)
    assert both.endswith("still open: how many weeks, why it ended")


def test_open_trials_of_no_known_class_may_each_be_one_of_its_own() -> None:
    """Seen to fail with: what may still be a class of its own taken away from the others."""
    unnamed = trial(weeks=None, drug_class="")
    assert failed_classes([unnamed, unnamed], RULES) == Span(0, 2)
    assert failed_classes([trial(drug_class="SSRI"), unnamed], RULES) == Span(1, 2)


OPENINGS = {
    "weeks": "how many weeks",
    "most_days": "taken on most days",
    "improvement_pct": "how much it helped",
    "end": "why it ended",
    "dose_reached": "the dose was enough",
}


@pytest.mark.parametrize("missing", [*OPENINGS, *combinations(OPENINGS, 2)])
def test_what_is_open_is_said_and_nothing_else(missing: str | tuple[str, str]) -> None:
    """Seen to fail with: the words of two openings exchanged."""
    names = {missing} if isinstance(missing, str) else set(missing)
    words = verdict(trial(**dict.fromkeys(names)), RULES)
    assert {name for name, said in OPENINGS.items() if said in words} == names
    assert "began in this episode" not in words
    assert "began in this episode" in verdict(trial(), RULES, began=None)


@pytest.mark.parametrize(
    "other", [{}, {"weeks": 12}, {"medicine": "citalopram"}, {"dose_mg": 40}, {"start": SINCE}]
)
def test_a_trial_told_alike_twice_counts_once_until_a_difference_is_told(
    other: dict[str, object],
) -> None:
    """Two that failed are enough for many clinics: one that was entered twice is not two.
    Seen to fail with: no trial taken for another; whose words these are compared as well."""
    once = trial(medicine="sertraline", sources=(Source.PATIENT_ALONE,))
    again = replace(once, entry=3, sources=(Source.RELATIVE,), **other)  # type: ignore[arg-type]
    apart = told_apart((once, replace(once, entry=2, weeks=9), again))
    assert [t.same_as for t in apart] == [None, None, None if other else 1]
    lifetime = replace(RULES, lifetime=True)
    assert failed(apart, lifetime, None) == (Span(3, 3) if other else Span(2, 3))
    said = verdict(apart[2], RULES)
    assert ("another than trial 1" in said) is not bool(other)


FIELDS: dict[str, tuple[object, ...]] = {
    "weeks": (4, 8),
    "most_days": (True, False),
    "improvement_pct": (10, 60),
    "end": ("no_benefit", "still_taking"),
    "dose_reached": ("at_or_above_minimum", "below_minimum"),
}
fields = st.fixed_dictionaries(
    {name: st.sampled_from((None, *values)) for name, values in FIELDS.items()}
)


def settled(known: dict[str, object]) -> list[dict[str, object]]:
    ways = [FIELDS[name] if value is None else (value,) for name, value in known.items()]
    return [dict(zip(known, way, strict=True)) for way in product(*ways)]


def has_failed(known: Mapping[str, object], rules: TrialRules = RULES) -> bool:
    return judged(Trial(1, **known), rules) == (Verdict.FAILED,)  # type: ignore[arg-type]


def is_open(known: Mapping[str, object], rules: TrialRules = RULES) -> bool:
    return judged(Trial(1, **known), rules) == (Verdict.OPEN,)  # type: ignore[arg-type]


@given(fields)
def test_a_trial_is_open_exactly_while_it_may_still_have_failed_or_not(
    known: dict[str, object],
) -> None:
    """Seen to fail with: anything missing counted as failed, or as ruled out."""
    ways = {has_failed(way) for way in settled(known)}
    assert is_open(known) is (len(ways) == 2)
    assert has_failed(known) is (ways == {True})


STARTS = ["2024-01-09", "2024-01-10", "2024-01-11", "2024-01", "2023", "2024", "..2023", "2025"]
EPISODES = ["2024-01-31..2024-03", "2024-01-10", "2024-01", "2024", "..2024", "2023..2024"]


def days(when: PartialDate) -> list[int]:
    first = when.latest.toordinal() - 1200 if when.earliest is None else when.earliest.toordinal()
    return [*range(first, when.latest.toordinal() + 1, 7), when.latest.toordinal()]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("episode", EPISODES)
def test_in_episode_is_decided_exactly_where_every_day_decides_it(start: str, episode: str) -> None:
    """Seen to fail with: an open past that leaves open what its last day rules out."""
    trial_start, since = PartialDate.parse(start), PartialDate.parse(episode)
    ways = {a >= b for a, b in product(days(trial_start), days(since))}
    assert in_episode(Trial(1, start=trial_start), since) is (
        ways.pop() if len(ways) == 1 else None
    )


def test_without_dates_the_episode_is_open() -> None:
    assert in_episode(Trial(1), SINCE) is None
    assert in_episode(Trial(1, start=SINCE), None) is None


starts = st.sampled_from((None, "2023-05-01", "2024-05-01"))
sheets = st.one_of(st.just(DONE), fields)  # else few would be adequate
trials = st.lists(st.tuples(sheets, starts, st.sampled_from(("", "SSRI", "SNRI"))), max_size=3)
Drawn = list[tuple[dict[str, object], str | None, str]]


def made(drawn: Drawn) -> tuple[Trial, ...]:
    return tuple(
        Trial(
            entry,
            drug_class=drug_class,
            start=PartialDate.parse(start) if start else None,
            **known,  # type: ignore[arg-type]
        )
        for entry, (known, start, drug_class) in enumerate(drawn, start=1)
    )


def ways_to_settle(drawn: Drawn) -> list[Drawn]:
    """What is open as failed or not failed, an open start before or in the episode, an unnamed
    class as one of the known or as one of its own."""
    each = []
    for number, (known, start, drug_class) in enumerate(drawn):
        sheets = [dict(DONE), {**DONE, "weeks": 4}] if is_open(known) else [known]
        dates = [start] if start else ["2023-05-01", "2024-05-01"]
        classes = [drug_class] if drug_class else ["SSRI", "SNRI", f"own {number}"]
        each.append([*product(sheets, dates, classes)])
    return [list(way) for way in product(*each)]


def rules_of(*, lifetime: bool) -> TrialRules:
    return replace(RULES, lifetime=lifetime)


@given(trials, st.booleans())
def test_counts_are_bounds_over_every_way_to_settle_what_is_open(
    drawn: Drawn, lifetime: bool
) -> None:
    """Seen to fail with: an open trial as certain; a trial without a start as in the episode."""
    counts, classes = set(), set()
    for way in ways_to_settle(drawn):
        done = [t for t in made(way) if judged(t, RULES) == (Verdict.FAILED,)]
        counts.add(sum(lifetime or in_episode(t, SINCE) is True for t in done))
        classes.add(len({t.drug_class for t in done}))
    found = failed(made(drawn), rules_of(lifetime=lifetime), SINCE)
    assert found == Span(min(counts), max(counts))
    assert failed_classes(made(drawn), RULES) == Span(min(classes), max(classes))


@given(trials, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter(drawn: Drawn, lifetime: bool, chance: Random) -> None:
    """Seen to fail with: only the trials before the first that is open counted."""
    mixed = chance.sample(drawn, len(drawn))
    rules = rules_of(lifetime=lifetime)
    assert failed(made(drawn), rules, SINCE) == failed(made(mixed), rules, SINCE)
    assert failed_classes(made(drawn), RULES) == failed_classes(made(mixed), RULES)


@given(trials, st.booleans(), st.integers(0, 12))
def test_more_weeks_and_a_lower_limit_never_count_fewer(
    drawn: Drawn, lifetime: bool, more: int
) -> None:
    """Seen to fail with: `>` for `<` in weeks."""
    rules = rules_of(lifetime=lifetime)
    longer: Drawn = [
        ({**known, "weeks": known["weeks"] + more if known["weeks"] else None}, start, of)  # type: ignore[operator]
        for known, start, of in drawn
    ]
    before, after = failed(made(drawn), rules, SINCE), failed(made(longer), rules, SINCE)
    assert (before.least, before.most) <= (after.least, after.most)
    assert before.least <= after.least  # type: ignore[operator]
    assert before.most <= after.most  # type: ignore[operator]
    lower = failed(made(drawn), replace(rules, min_weeks=rules.min_weeks - more), SINCE)
    assert before.least <= lower.least  # type: ignore[operator]
    assert before.most <= lower.most  # type: ignore[operator]


@given(trials)
def test_a_life_holds_at_least_what_its_episode_holds(drawn: Drawn) -> None:
    """Seen to fail with: the two exchanged."""
    episode = failed(made(drawn), RULES, SINCE)
    life = failed(made(drawn), rules_of(lifetime=True), SINCE)
    assert episode.least <= life.least  # type: ignore[operator]
    assert episode.most <= life.most  # type: ignore[operator]


# Staging ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "months"),
    [
        ("2026-11-23", 1),
        ("2026-10-23", 1),
        ("2026-10-22", 2),
        ("2025-11-23", 12),
        ("2025-11-22", 13),
        ("2024-11-23", 24),
        ("2024-11-22", 25),
    ],
)
def test_a_month_that_has_begun_counts(start: str, months: int) -> None:
    """Seen to fail with: whole months alone, so that 24 months and a day are "up to 24"."""
    assert months_since(PartialDate.parse(start), TODAY) == Span(months, months)


dates = st.dates(date(2022, 1, 1), TODAY)


@given(dates, dates)
def test_a_start_known_in_part_gives_every_length_that_it_may_have(one: date, other: date) -> None:
    """Seen to fail with: the least and the most exchanged; the last day alone."""
    first, last = sorted((one, other))
    found = months_since(PartialDate.parse(f"{first}..{last}"), TODAY)
    ways = [
        months_since(PartialDate.parse(date.fromordinal(day).isoformat()), TODAY)
        for day in range(first.toordinal(), last.toordinal() + 1)
    ]
    exact = [way.least for way in ways if way is not None]
    assert found == Span(min(exact), max(exact))  # type: ignore[type-var]


def test_a_start_that_is_open_or_to_come() -> None:
    """Seen to fail with: a start this year, up to its end, as one to come."""
    assert months_since(None, TODAY) is None
    assert months_since(PartialDate.parse("2027-01-01"), TODAY) is None
    assert months_since(PartialDate.parse("..2023"), TODAY) == Span(35, None)
    assert months_since(PartialDate.parse("2026"), TODAY) == Span(1, 11)


STAGE = content.instruments(content.shipped())[STAGING]
A_CLINICIANS: dict[str, tuple[Value, ...]] = {
    "msm.severity": ("mild", "severe_psychosis"),
    "msm.augmentation": (True, False),
    "msm.ect": (True, False),
}
clinicians = st.fixed_dictionaries(
    {part: st.sampled_from((None, *values)) for part, values in A_CLINICIANS.items()}
)
spans = st.tuples(st.integers(0, 30), st.integers(0, 6)).map(lambda s: Span(s[0], sum(s)))
few = st.tuples(st.integers(0, 3), st.integers(0, 9)).map(lambda s: Span(s[0], sum(s)))


def every_number(span: Span | None, top: int) -> list[int]:
    least, most = (0, top) if span is None else (span.least, span.most)
    return [*range(int(least or 0), int(top if most is None else most) + 1)]


@example(dict.fromkeys(A_CLINICIANS), Span(7, 13), Span(0, 1))
@given(clinicians, spans, st.one_of(st.none(), few))
def test_a_stage_is_that_of_every_number_that_the_record_allows(
    told: dict[str, Value | None], months: Span, failures: Span | None
) -> None:
    """Seen to fail with: the nearest ends alone; the two farthest alone, where no failure has any
    level; a stage though the points of its part are open."""
    record = {"msm.duration": months}
    record |= {} if failures is None else {"msm.failures": failures}
    found = staged(STAGE, told, record)
    ways = [
        score(STAGE, {**told, "msm.duration": long, "msm.failures": failed_ones})
        for long in every_number(months, 1200)
        for failed_ones in every_number(failures, 12)
    ]
    assert found.least == min(way.least for way in ways)
    assert found.most == max(way.most for way in ways)
    assert set(found.bands) == {band for way in ways for band in way.bands}
    for part, ends in found.domains.items():
        least, most = zip(*(way.domains[part] for way in ways), strict=True)
        assert ends == (min(least), max(most))
    exact = not any(way.missing for way in ways) and len({way.total for way in ways}) == 1
    assert (found.total is not None) is exact
    assert found.total == (ways[0].total if exact else None)


def test_a_clinicians_own_number_stands_before_the_record() -> None:
    """Seen to fail with: the count of the record in its place."""
    told: dict[str, Value | None] = {"msm.duration": 30, "msm.failures": 11}
    record = {"msm.duration": Span(2, 2), "msm.failures": Span(0, 1)}
    assert staged(STAGE, told, record) == score(STAGE, told)


def test_an_episode_of_an_open_past_may_be_as_long_as_any() -> None:
    """Seen to fail with: an open end as nothing known, so that 30 months may be one."""
    found = staged(STAGE, {}, {"msm.duration": Span(30, None)})
    assert found.domains["duration"] == (3, 3)
    assert "msm.duration" not in found.missing  # more than 24 months, whatever it is
    assert "msm.duration" in staged(STAGE, {}, {"msm.duration": Span(20, None)}).missing


def test_the_record_knows_the_length_and_the_failures_or_nothing() -> None:
    found = of_record(Span(1, 3), PartialDate.parse("2024"), TODAY)
    assert found == {"msm.duration": Span(23, 35), "msm.failures": Span(1, 3)}
    assert of_record(None, None, TODAY) == {}
    assert of_record(None, None, TODAY, (True, None)) == {}


def test_what_never_was_was_not_in_this_episode() -> None:
    """Seen to fail with: what once was taken for this episode."""
    for augmented, ect in product((True, False, None), repeat=2):
        found = of_record(None, None, TODAY, (augmented, ect))
        never = {"msm.augmentation": augmented, "msm.ect": ect}
        assert found == {part: was for part, was in never.items() if was is False}
        whole = staged(STAGE, {"msm.duration": 1, "msm.severity": "mild", "msm.failures": 1}, found)
        assert set(whole.missing) == {part for part, was in never.items() if was is not False}


def by_the_caller(protocol: Protocol) -> tuple[Answer, ...]:
    """Trials and dates, and nothing that a clinician judges."""
    return tuple(a for a in clean(protocol) if not a.item.startswith(f"{STAGING}."))


def test_the_stage_has_bounds_from_the_trials_alone_until_a_clinician_answers(
    protocol: Protocol,
) -> None:
    """Seen to fail with: no score until a clinician answers; trials that are not counted."""
    told = by_the_caller(protocol)
    found = screen(intake(*told), protocol, TODAY).scores[STAGING]
    assert found.domains["failures"] == (1, 1)
    assert found.domains["duration"] == (3, 3)
    assert (found.total, found.severity) == (None, None)
    assert found.missing == ("msm.severity", "msm.augmentation")
    assert STAGING not in screen(intake(), protocol, TODAY).scores
    judged = (
        said("msm.severity", "moderate"), said("msm.augmentation", True), said("msm.ect", False)
    )  # fmt: skip
    staged_now = screen(intake(*told, *judged), protocol, TODAY).scores[STAGING]
    assert (staged_now.total, staged_now.severity, staged_now.missing) == (8, "moderate", ())


def in_clinicians_part(protocol: Protocol, *answers: Answer) -> list[str]:
    taken = intake(*answers, calls=(on_the_line(Stage.CLINICIAN),))
    case = Case(taken, protocol, screen(taken, protocol, TODAY), TODAY)
    asked = questions(agenda(case, Stage.CLINICIAN))
    return [q.key for q in asked if q.key.startswith(f"{STAGING}.") and not q.answered]


def test_the_clinician_is_asked_for_what_the_record_does_not_say_and_for_nothing_twice(
    protocol: Protocol,
) -> None:
    """Seen to fail with: every part of the staging asked, whatever trials and dates say."""
    parts = [item.id for item in STAGE.items]
    assert in_clinicians_part(protocol) == parts
    told = by_the_caller(protocol)
    judged = ["msm.severity", "msm.augmentation"]  # ECT never was
    assert in_clinicians_part(protocol, *told) == judged
    found = screen(intake(*told), protocol, TODAY)
    assert not {"msm.duration", "msm.failures"} & {q.item.id for q in found.unanswered}
    months = reads(found.findings, protocol.items["msm.duration"])
    assert months == "35 months, by what was told of treatments and dates"
    open_ = [a for a in told if a.item != "trial_weeks"]
    assert in_clinicians_part(protocol, *open_) == ["msm.severity", "msm.failures", *judged[1:]]
    for stage in (Stage.CALL, Stage.SECOND_CONTACT):
        case = Case(intake(), protocol, screen(intake(), protocol, TODAY), TODAY)
        keys = [q.key for q in questions(agenda(case, stage))]
        assert not any(key.startswith(STAGING) for key in keys)


def test_a_clinicians_own_number_is_kept_beside_what_the_record_says(protocol: Protocol) -> None:
    told = (*by_the_caller(protocol), said("msm.failures", 4))
    found = screen(intake(*told), protocol, TODAY)
    assert found.scores[STAGING].domains["failures"] == (2, 2)
    assert reads(found.findings, protocol.items["msm.failures"]) == "4 trials"
