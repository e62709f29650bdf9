"""Dates decide a rule only where every day that they may be does; results go stale."""

import operator
import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_app.core import facts
from intake_app.core.condition import NUMBER, Span, Type, parse
from intake_app.core.facts import Age, Findings
from intake_app.core.model import Answer, BloodPressure, PartialDate, State, Value
from intake_app.core.protocol import MAX_AGE_DAYS, Protocol, Rule
from intake_app.core.screening import Screening, reads, screen
from tests.conftest import TODAY, clean, days_ago, intake, said, unsaid

# A rule over a range of days ----------------------------------------------------------------------

_DAYS = "days_since_"
COMPARED = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def dated_rules(protocol: Protocol) -> Iterator[tuple[str, Rule]]:
    for criterion in protocol.criteria:
        for rule in criterion.rules:
            if any(name.startswith(_DAYS) for name in rule.when.names):
                yield criterion.id, rule


def drawn(chance: random.Random, kind: Type) -> object:
    """Some value that is known."""
    if kind.kind == "yes_no":
        return chance.random() < 0.5
    if kind.kind == "number":
        return chance.randrange(0, 600)
    options = sorted(kind.options or {""})
    one = chance.choice(options)
    return one if kind.kind == "choice" else (one,)


def ends(protocol: Protocol, criterion: str) -> list[int]:
    """Days on either side of every limit of a criterion."""
    limits = [p.value for p in protocol.by_criterion[criterion].params.values()]
    whole = [n for n in limits if isinstance(n, int) and not isinstance(n, bool)]
    return [0, 1, 900, *(n + step for n in whole for step in (-1, 0, 1))]


def test_a_rule_is_decided_exactly_where_every_day_decides_it(protocol: Protocol) -> None:
    """Every dated rule of the shipped protocol, over ranges that end at and beside its limits.

    Seen to fail with: the nearest day compared for the range; `<` for `<=` at the end of one.
    """
    types = facts.types(protocol.items.values(), [c.id for c in protocol.criteria])
    chance, outcomes = random.Random(1), set()  # noqa: S311 - the same ranges each time
    for criterion, rule in dated_rules(protocol):
        name = next(n for n in sorted(rule.when.names) if n.startswith(_DAYS))
        for _unused in range(400):
            known = {n: drawn(chance, types[n]) for n in sorted(rule.when.names - {name})}
            least, most = sorted(chance.choices(ends(protocol, criterion), k=2))
            days = range(least, most + 1)
            ways = {rule.when.decide({**known, name: day}.__getitem__) for day in days}
            found = rule.when.decide({**known, name: Span(least, most)}.__getitem__)
            assert found is (ways.pop() if len(ways) == 1 else None), (rule.when.text, known)
            outcomes.add((criterion, found))
    assert len({criterion for criterion, _found in outcomes}) >= 12
    assert {found for _criterion, found in outcomes} == {True, False, None}


@given(st.sampled_from(sorted(COMPARED)), st.integers(0, 900), st.integers(0, 900))
def test_an_open_past_decides_only_what_its_last_day_decides(
    sign: str, limit: int, least: int
) -> None:
    """Seen to fail with: an end that is not known taken for the last one that is."""
    ways = {COMPARED[sign](day, limit) for day in range(least, least + 1000)}  # beyond every limit
    recent = parse(f"days {sign} limit", {"days": NUMBER}, {"limit": limit})
    found = recent.decide({"days": Span(least, None)}.__getitem__)
    assert found is (ways.pop() if len(ways) == 1 else None)


# Results that go stale ----------------------------------------------------------------------------

# The six of the shipped protocol: result, its date, days that it counts, what opens the question,
# and a value that raises nothing and one that does.
RESULTS: list[tuple[str, str, int, tuple[Answer, ...], Value, Value]] = [
    ("last_blood_pressure", "blood_pressure_date", 90, (), BloodPressure(118, 76),
     BloodPressure(185, 96)),
    ("oxygen_saturation", "vitals_date", 30, (), 98, 88),
    ("ecg_abnormal", "ecg_date", 365, (said("stroke_ever", True),), False, True),
    ("liver_tests_abnormal", "liver_tests_date", 365, (), False, True),
    ("pregnancy_test_positive", "pregnancy_test_date", 7, (said("could_be_pregnant", True),),
     False, True),
    ("urine_test_result", "urine_test_date", 180, (), "normal", "abnormal"),
]  # fmt: skip
each_result = pytest.mark.parametrize("result", RESULTS, ids=lambda row: row[0])
Row = tuple[str, str, int, tuple[Answer, ...], Value, Value]


def look(protocol: Protocol, *answers: Answer) -> Screening:
    return screen(intake(*answers), protocol, TODAY)


def age(protocol: Protocol, result: Row, *dated: Answer) -> Age | None:
    name, _when, _most, before, good, _bad = result
    findings = Findings(intake(*before, said(name, good), *dated), protocol, TODAY)
    return findings.aged.get(name)


def test_every_limit_on_age_is_that_of_a_result(protocol: Protocol) -> None:
    """Seen to fail with: `dated` of the heart tracing left out."""
    assert dict(protocol.dated) == {name: (when, most) for name, when, most, *_rest in RESULTS}
    limited = {c.id for c in protocol.criteria if MAX_AGE_DAYS in c.params}
    assert limited == {c.id for c in protocol.criteria if c.dated}


@each_result
def test_a_result_counts_up_to_its_last_day(protocol: Protocol, result: Row) -> None:
    """Seen to fail with: `>=` for `>`; a month taken off the limit."""
    _name, when, most, *_rest = result
    found = {days: age(protocol, result, said(when, days_ago(days))) for days in (0, most)}
    assert set(found.values()) == {None}
    assert age(protocol, result, said(when, days_ago(most + 1))) is Age.STALE


@each_result
@given(first=st.integers(0, 500), length=st.integers(0, 400))
def test_a_result_of_a_range_of_days_is_stale_or_current_only_if_all_of_them_are(
    protocol: Protocol, result: Row, first: int, length: int
) -> None:
    """Seen to fail with: its nearest day alone; its farthest day alone."""
    _name, when, most, *_rest = result
    day = TODAY - timedelta(first)
    text = PartialDate.parse(f"{day - timedelta(length)}..{day}")
    stale = {days > most for days in range(first, first + length + 1)}
    expected = {(True,): Age.STALE, (False,): None}.get(tuple(stale), Age.MAYBE_STALE)
    assert age(protocol, result, said(when, text)) is expected


@each_result
def test_without_a_day_that_has_been_it_is_not_dated(protocol: Protocol, result: Row) -> None:
    """Seen to fail with: no date taken for today; a day to come as current."""
    _name, when, *_rest = result
    tomorrow = PartialDate.parse((TODAY + timedelta(1)).isoformat())
    states = (State.UNKNOWN, State.DECLINED, State.DEFERRED, State.NOT_APPLICABLE)
    for dated in ((), (said(when, tomorrow),), *((unsaid(when, state),) for state in states)):
        assert age(protocol, result, *dated) is Age.NOT_DATED, dated
    assert age(protocol, result, said(when, PartialDate.parse("..2027"))) is not None


@each_result
def test_an_old_result_reads_as_old_is_open_and_to_be_obtained(
    protocol: Protocol, result: Row
) -> None:
    """Seen to fail with: the old result left out of what is open; of what is to obtain; its words
    those of a current one."""
    name, when, most, before, good, _bad = result
    told = (*before, said(name, good))
    current = look(protocol, *told, said(when, days_ago(most)))
    old = look(protocol, *told, said(when, days_ago(most + 1)))
    item = protocol.by_name[name]
    assert reads(current.findings, item) == item.label(good)
    assert reads(old.findings, item).startswith("OLD: no current result")
    assert item.label(good) in reads(old.findings, item)
    for found, is_open in ((current, False), (old, True)):
        assert (item.id in [q.item.id for q in found.unanswered]) is is_open
        assert any(item.id in wanted.items for wanted in found.to_obtain) is is_open
    not_dated = look(protocol, *told)
    assert "NOT DATED" in reads(not_dated.findings, item)
    assert protocol.by_name[when].id in [i for w in not_dated.to_obtain for i in w.items]


@each_result
@given(days=st.one_of(st.none(), st.integers(0, 2000)))
def test_what_a_result_raises_it_raises_at_any_age(
    protocol: Protocol, result: Row, days: int | None
) -> None:
    """Age takes reassurance away, and nothing else. Seen to fail with: an old result without a
    value."""
    name, when, _most, before, _good, bad = result
    told = (*before, said(name, bad))
    dated = () if days is None else (said(when, days_ago(days)),)
    criterion = protocol.items[name].criterion
    fresh = look(protocol, *told, said(when, days_ago(0))).flag(criterion)
    found = look(protocol, *told, *dated).flag(criterion)
    assert fresh is not None
    assert found is not None
    assert (found.tier, found.due) >= (fresh.tier, fresh.due)
    assert set(fresh.reasons) <= set(found.reasons)


def test_where_no_date_is_asked_for_none_is_missing(protocol: Protocol) -> None:
    """A heart tracing that the protocol does not ask for. Seen to fail with: every result without
    a date as not dated."""
    answers = [a for a in clean(protocol) if a.item not in ("ecg_date", "ecg_abnormal")]
    found = look(protocol, *answers, said("ecg_abnormal", False))
    assert "ecg_abnormal" not in found.findings.aged


def test_a_result_that_was_never_told_has_no_age(protocol: Protocol) -> None:
    for name, *_rest in RESULTS:
        for answer in ((), (unsaid(name, State.UNKNOWN),)):
            assert look(protocol, *answer).findings.aged == {}


def test_the_day_that_it_is_makes_a_result_old(protocol: Protocol) -> None:
    """The same answers, opened again later. Seen to fail with: the age at the time of asking."""
    told = intake(
        said("last_blood_pressure", BloodPressure(118, 76)),
        said("blood_pressure_date", PartialDate.parse(TODAY.isoformat())),
    )
    later: date = TODAY + timedelta(91)
    assert screen(told, protocol, TODAY).findings.aged == {}
    assert screen(told, protocol, later).findings.aged == {"last_blood_pressure": Age.STALE}
