"""Scores: exact or bounds, never a number that a missing answer could still change."""

import tomllib
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_app import content
from intake_app.core.instrument import Instrument, score
from intake_app.core.model import Answer, State
from intake_app.core.protocol import Protocol
from intake_app.core.screening import screen
from tests.conftest import TODAY, intake, said, shared, unsaid

# As published: Kroenke 2001 and Spitzer 2006. The last total of each band.
BANDS = {
    "phq9": {
        4: "minimal",
        9: "mild",
        14: "moderate",
        19: "moderately severe",
        27: "severe",
    },
    "gad7": {4: "minimal", 9: "mild", 14: "moderate", 21: "severe"},
}
SIZE = {"phq9": 9, "gad7": 7}
SCALES = tuple(SIZE)


def severity(instrument: str, total: int) -> str:
    return next(word for most, word in BANDS[instrument].items() if total <= most)


def points(instrument: Instrument, answers: tuple[int | None, ...]) -> dict[str, int | None]:
    items = [item.id for item in instrument.scored_items]
    return dict(zip(items, answers, strict=True))


# Complete -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCALES)
def test_every_complete_answer_sheet_has_the_published_total_and_band(
    protocol: Protocol, name: str
) -> None:
    """All 4^9 and 4^7 of them. Seen to fail with: `codes = [0]` for an answered item of 3."""
    instrument = protocol.instruments[name]
    words = [severity(name, total) for total in range(3 * SIZE[name] + 1)]
    for sheet in product(range(4), repeat=SIZE[name]):
        found = score(instrument, points(instrument, sheet))
        total = sum(sheet)
        assert (found.total, found.severity, found.missing) == (total, words[total], ())
        assert found.least == found.most == total


# Incomplete ---------------------------------------------------------------------------------------


def completions(answers: tuple[int | None, ...]) -> Iterator[int]:
    """The total of every way to fill in the missing answers."""
    return map(sum, product(*(range(4) if a is None else (a,) for a in answers)))


def check_bounds(instrument: Instrument, answers: tuple[int | None, ...]) -> None:
    found = score(instrument, points(instrument, answers))
    totals = set(completions(answers))
    missing = [
        item.id
        for item, answer in zip(instrument.scored_items, answers, strict=True)
        if answer is None
    ]
    assert (found.least, found.most) == (min(totals), max(totals))
    assert list(found.missing) == missing
    assert set(found.bands) == {severity(instrument.id, total) for total in totals}
    if missing:
        assert found.total is None
        assert found.severity is None


@pytest.mark.parametrize(
    "sheet", [(0,) * 7, (3,) * 7, (1, 2, 0, 3, 1, 0, 2), (2, 2, 2, 1, 1, 1, 1)]
)
def test_gad7_bounds_are_those_of_all_completions_for_every_set_of_missing_answers(
    protocol: Protocol, sheet: tuple[int, ...]
) -> None:
    """Seen to fail with: a missing answer counted as 0; `total` shown when one is missing."""
    for size in range(8):
        for gone in combinations(range(7), size):
            left = tuple(None if i in gone else value for i, value in enumerate(sheet))
            check_bounds(protocol.instruments["gad7"], left)


@given(st.data())
def test_phq9_bounds_are_those_of_all_completions(protocol: Protocol, data: st.DataObject) -> None:
    """Seen to fail with: a missing answer counted as 0; bands of the least total alone."""
    gone = data.draw(st.sets(st.integers(0, 8), max_size=5))
    sheet = data.draw(st.tuples(*[st.integers(0, 3)] * 9))
    left = tuple(None if i in gone else value for i, value in enumerate(sheet))
    check_bounds(protocol.instruments["phq9"], left)


@given(st.tuples(*[st.one_of(st.none(), st.integers(0, 3))] * 9), st.integers(0, 8))
def test_a_worse_answer_never_lowers_a_bound(
    protocol: Protocol, sheet: tuple[int | None, ...], item: int
) -> None:
    instrument = protocol.instruments["phq9"]
    before = score(instrument, points(instrument, sheet))
    worse = 3 if sheet[item] is None else min(3, (sheet[item] or 0) + 1)
    after = score(instrument, points(instrument, (*sheet[:item], worse, *sheet[item + 1 :])))
    assert after.least >= before.least
    assert after.most >= before.most or sheet[item] is None


def test_the_item_on_daily_life_is_never_scored(protocol: Protocol) -> None:
    instrument = protocol.instruments["phq9"]
    sheet = points(instrument, (1,) * 9)
    assert score(instrument, {**sheet, "phq9.10": 3}) == score(instrument, sheet)


# Worked examples of the content files -------------------------------------------------------------


def example_rows() -> list[Any]:
    rows = []
    for name, text in content.shipped().files.items():
        if name.startswith("instruments/"):
            table = tomllib.loads(text)
            rows += [
                pytest.param(table["id"], row, id=f"{table['id']}-{i}")
                for i, row in enumerate(table["examples"])
            ]
    return rows


def answered(protocol: Protocol, name: str, sheet: list[Any]) -> list[Answer]:
    """The sheet as answers of the person alone: "-" not asked, "?" unknown, "x" declined."""
    found = []
    instrument = protocol.instruments[name]
    for item, value in zip(instrument.scored_items, sheet, strict=True):
        if value in ("?", "x"):
            found.append(unsaid(item.id, State.UNKNOWN if value == "?" else State.DECLINED))
        elif value != "-":
            found.append(said(item.id, bool(value) if item.kind == "yes_no" else value))
    return found


@pytest.mark.parametrize(("name", "row"), example_rows())
def test_the_worked_examples_hold(protocol: Protocol, name: str, row: dict[str, Any]) -> None:
    found = screen(intake(*answered(protocol, name, row["answers"])), protocol, TODAY)
    if name == protocol.suicide_screen:
        risk = found.suicide_risk
        shown: dict[str, object] = {
            "level": risk.word,
            "ceiling": risk.ceiling.word,
            "complete": risk.complete,
        }
    else:
        result = found.scores[name]
        shown = {
            "total": result.total,
            "severity": result.severity,
            "least": result.least,
            "most": result.most,
            "missing": list(result.missing),
        }
    expected = {key: value for key, value in row.items() if key not in ("answers", "source")}
    assert expected
    assert {key: shown[key] for key in expected} == expected


def test_every_instrument_has_worked_examples() -> None:
    named = {row.values[0] for row in example_rows()}
    assert named == {"phq9", "gad7", "suicide"}


# Published vectors --------------------------------------------------------------------------------

NAMES = {"PHQ-9": "phq9", "GAD-7": "gad7"}


def test_the_vectors_of_others_hold(protocol: Protocol) -> None:
    rows = [v for v in shared("instruments/vectors.json")["vectors"] if v["instrument"] in NAMES]
    assert len(rows) >= 15
    for row in rows:
        instrument = protocol.instruments[NAMES[row["instrument"]]]
        found = score(instrument, points(instrument, tuple(row["answers"])))
        expected = row["expected"]
        word = expected["severity"] and expected["severity"].replace("_", " ")
        assert (found.total, found.severity) == (expected["total"], word), row["id"]
        missing = [f"phq9.{number}" for number in expected.get("missing", ())]
        assert list(found.missing) == missing, row["id"]
        if "partial_sum" in expected:
            assert found.least == expected["partial_sum"], row["id"]
        if expected.get("positive_screen_ge10") is not None:
            cutoff = instrument.cutoffs[0].at_least
            assert (found.least >= cutoff) is expected["positive_screen_ge10"], row["id"]
