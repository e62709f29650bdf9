"""Antidepressant trials: which are adequate, which failed, and how many there may be."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_app.core.condition import Span
from intake_app.core.model import PartialDate
from intake_app.core.treatment import (
    Trial,
    TrialRules,
    Verdict,
    failed,
    failed_classes,
    in_episode,
    judged,
    verdict,
)

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
    assert judged(trial(**changes), RULES) is expected


def test_every_verdict_is_said_in_words_of_its_own() -> None:
    """Seen to fail with: the words of TOO_LOW those of TOO_SHORT; one verdict without words."""
    said = {expected: verdict(trial(**changes), RULES) for changes, expected in VERDICTS}
    assert said.keys() == set(Verdict)
    assert len(set(said.values())) == len(Verdict)


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


@given(fields)
def test_a_trial_is_open_exactly_while_it_may_still_have_failed_or_not(
    known: dict[str, object],
) -> None:
    """Seen to fail with: anything missing counted as failed, or as ruled out."""
    ways = {judged(Trial(1, **way), RULES) is Verdict.FAILED for way in settled(known)}  # type: ignore[arg-type]
    found = judged(Trial(1, **known), RULES)  # type: ignore[arg-type]
    assert (found is Verdict.OPEN) is (len(ways) == 2)
    assert (found is Verdict.FAILED) is (ways == {True})


STARTS = ["2024-01-09", "2024-01-10", "2024-01-11", "2024-01", "2023", "2024", "..2023", "2025"]
EPISODES = ["2024-01-10", "2024-01", "2024", "..2024", "2023..2024"]


def days(when: PartialDate) -> list[int]:
    first = when.latest.toordinal() - 1200 if when.earliest is None else when.earliest.toordinal()
    return [*range(first, when.latest.toordinal() + 1, 7), when.latest.toordinal()]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("episode", EPISODES)
def test_in_episode_is_decided_only_where_the_dates_decide_it(start: str, episode: str) -> None:
    began, since = PartialDate.parse(start), PartialDate.parse(episode)
    ways = {a >= b for a, b in product(days(began), days(since))}
    found = in_episode(Trial(1, start=began), since)
    if found is not None:
        assert ways == {found}
    exact = None not in (began.earliest, since.earliest)
    assert found is not None or len(ways) == 2 or not exact


def test_without_dates_the_episode_is_open() -> None:
    assert in_episode(Trial(1), SINCE) is None
    assert in_episode(Trial(1, start=SINCE), None) is None


starts = st.sampled_from((None, "2023-05-01", "2024-05-01"))
trials = st.lists(st.tuples(fields, starts, st.sampled_from(("", "SSRI", "SNRI"))), max_size=3)
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
        is_open = judged(Trial(1, **known), RULES) is Verdict.OPEN  # type: ignore[arg-type]
        sheets = [dict(DONE), {**DONE, "weeks": 4}] if is_open else [known]
        dates = [start] if start else ["2023-05-01", "2024-05-01"]
        classes = [drug_class] if drug_class else ["SSRI", "SNRI", f"own {number}"]
        each.append([*product(sheets, dates, classes)])
    return [list(way) for way in product(*each)]


@given(trials, st.booleans())
def test_counts_are_bounds_over_every_way_to_settle_what_is_open(
    drawn: Drawn, lifetime: bool
) -> None:
    """Seen to fail with: an open trial as certain; a trial without a start as in the episode."""
    counts, classes = set(), set()
    for way in ways_to_settle(drawn):
        done = [t for t in made(way) if judged(t, RULES) is Verdict.FAILED]
        counts.add(sum(lifetime or in_episode(t, SINCE) is True for t in done))
        classes.add(len({t.drug_class for t in done}))
    assert failed(made(drawn), RULES, SINCE, lifetime=lifetime) == Span(min(counts), max(counts))
    assert failed_classes(made(drawn), RULES) == Span(min(classes), max(classes))
