"""Dates as far as they are known, and the values that an answer may have."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake_app.core.errors import WrongValue
from intake_app.core.model import BloodPressure, Call, Due, PartialDate, Stage, Tier, Value
from intake_app.core.protocol import Item, Protocol
from tests.conftest import ended, intake, on_the_line, some_values

# Partial dates ------------------------------------------------------------------------------------

DATES = [
    ("2024-03-05", "2024-03-05", "2024-03-05"),
    ("2024-02-29", "2024-02-29", "2024-02-29"),
    ("2024-03", "2024-03-01", "2024-03-31"),
    ("2024-02", "2024-02-01", "2024-02-29"),
    ("2023-02", "2023-02-01", "2023-02-28"),
    ("2024", "2024-01-01", "2024-12-31"),
    ("2024-spring", "2024-03-01", "2024-05-31"),
    ("2024-summer", "2024-06-01", "2024-08-31"),
    ("2024-autumn", "2024-09-01", "2024-11-30"),
    ("2024-Fall", "2024-09-01", "2024-11-30"),
    # Either winter of the year: the one it begins with or the one it ends with.
    ("2024-winter", "2023-12-01", "2025-02-28"),
    ("2027-winter", "2026-12-01", "2028-02-29"),
    ("..2024", None, "2024-12-31"),
    ("..2024-03-05", None, "2024-03-05"),
    ("2019..2024", "2019-01-01", "2024-12-31"),
    ("2024-03-05..2024-03-05", "2024-03-05", "2024-03-05"),
    (" 2024-autumn .. 2025 ", "2024-09-01", "2025-12-31"),
]


@pytest.mark.parametrize(("text", "earliest", "latest"), DATES)
def test_a_date_is_every_day_that_it_may_be(text: str, earliest: str | None, latest: str) -> None:
    """Seen to fail with: months of 30 days; a winter that ends before 29 February."""
    found = PartialDate.parse(text)
    assert found.earliest == (date.fromisoformat(earliest) if earliest else None)
    assert found.latest == date.fromisoformat(latest)
    assert found.text == text.strip().lower()


REFUSED = """2024-13 2024-02-30 2023-02-29 24 2024-3 2024-03-5 2024- -2024 2024-monsoon 03/05/2024
    2024.03.05 2024-03-05-06 .. 2024.. ..x 2025..2024 2024..2025..2026 yesterday 0000 2024-00 x"""


@pytest.mark.parametrize("text", ["", " ", *REFUSED.split(), "5 March 2024", "2024-03-05T10:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        PartialDate.parse(text)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_whole_day_is_itself(day: date) -> None:
    assert PartialDate.parse(day.isoformat()) == PartialDate(day, day, day.isoformat())


@given(st.text(alphabet="0123456789-. winterspgfalum", max_size=14))
@example("9999-winter")
@example("0001-winter")
def test_any_text_is_a_date_in_order_or_is_refused(text: str) -> None:
    try:
        found = PartialDate.parse(text)
    except ValueError:
        return
    assert found.earliest is None or found.earliest <= found.latest
    assert PartialDate.parse(found.text) == found


# Values of answers --------------------------------------------------------------------------------


def of_kind(protocol: Protocol, kind: str) -> Item:
    return next(item for item in protocol.items.values() if item.kind == kind)


PARSED: list[tuple[str, Any, Value]] = [
    ("yes_no", "yes", True),
    ("yes_no", "no", False),
    ("yes_no", True, True),
    ("yes_no", False, False),
    ("number", 0, 0),
    ("number", 7.5, Decimal("7.5")),
    ("number", Decimal("0.1"), Decimal("0.1")),
    ("blood_pressure", "124/78", BloodPressure(124, 78)),
    ("blood_pressure", " 124 / 78 ", BloodPressure(124, 78)),
    ("blood_pressure", [124, 78], BloodPressure(124, 78)),
    ("text", "  a friend ", "a friend"),
    ("date", "2024-03", PartialDate(date(2024, 3, 1), date(2024, 3, 31), "2024-03")),
    ("scale", 0, 0),
    ("scale", 3, 3),
]
NOT_PARSED: list[tuple[str, Any]] = [
    ("yes_no", "maybe"),
    ("yes_no", 1),
    ("yes_no", 0),
    ("yes_no", None),
    ("yes_no", ""),
    ("number", "7"),
    ("number", True),
    ("number", -1),
    ("number", 1_000_000),
    ("number", float("nan")),
    ("number", float("inf")),
    ("number", Decimal("NaN")),
    ("number", None),
    ("blood_pressure", "124"),
    ("blood_pressure", "78/124"),
    ("blood_pressure", "124/124"),
    ("blood_pressure", "400/80"),
    ("blood_pressure", "80/10"),
    ("blood_pressure", "124/78/60"),
    ("blood_pressure", "-124/-78"),
    ("blood_pressure", "12.4/7.8"),
    ("blood_pressure", "9" * 5000 + "/1"),
    ("blood_pressure", [True, 60]),
    ("text", ""),
    ("text", "   "),
    ("text", 5),
    ("date", "soon"),
    ("date", None),
    ("choice", "no such option"),
    ("choice", None),
    ("choice", ["message_ok"]),
    ("multi_choice", []),
    ("multi_choice", "chest_pain"),
    ("multi_choice", ["no such option"]),
    ("multi_choice", [["chest_pain"]]),
    ("scale", 7),
    ("scale", -1),
    ("scale", True),
    ("scale", "2"),
]


@pytest.mark.parametrize(("kind", "raw", "value"), PARSED)
def test_values(protocol: Protocol, kind: str, raw: object, value: Value) -> None:
    found = of_kind(protocol, kind).parse(raw)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("kind", "raw"), NOT_PARSED)
def test_what_does_not_fit_is_refused_without_being_repeated(
    protocol: Protocol, kind: str, raw: object
) -> None:
    """Seen to fail with: 1 as yes; a blank as text; the value in the message."""
    item = of_kind(protocol, kind)
    with pytest.raises(WrongValue) as caught:
        item.parse(raw)
    assert item.id in str(caught.value)
    repeated = isinstance(raw, str) and len(raw) > 3 and raw in str(caught.value).split(item.id)[1]
    assert not repeated or kind == "multi_choice"


def test_several_options_keep_the_order_of_the_question(protocol: Protocol) -> None:
    item = protocol.items["harm_detail"]
    assert item.parse(["a_child_at_risk", "means_to_act", "means_to_act"]) == (
        "means_to_act",
        "a_child_at_risk",
    )
    assert item.parse(["none_of_these"]) == ("none_of_these",)
    with pytest.raises(WrongValue):
        item.parse(["none_of_these", "has_a_plan"])


def test_what_reports_what_a_question_has_to_find(protocol: Protocol) -> None:
    yes = {
        "stroke_ever": (True, False),
        "can_talk_freely": (False, True),
        "phq9.9": (1, 0),
        "harm_detail": (("has_a_plan",), ("none_of_these",)),
    }
    for item, (found, not_found) in yes.items():
        assert protocol.items[item].is_yes(found)
        assert not protocol.items[item].is_yes(not_found)
    assert not protocol.items["caller_location"].is_yes("here")


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=2)
    ),
    max_leaves=4,
)


@given(st.data())
def test_anything_is_a_value_with_a_label_or_is_refused(
    protocol: Protocol, data: st.DataObject
) -> None:
    item = data.draw(st.sampled_from([*protocol.items.values()]))
    raw = data.draw(st.one_of(json_values, st.sampled_from(some_values(item))))
    try:
        value = item.parse(raw)
    except WrongValue:
        return
    assert item.label(value)
    assert item.is_yes(value) in (True, False)


def test_every_value_has_a_label(protocol: Protocol) -> None:
    for item in protocol.items.values():
        labels = [item.label(value) for value in some_values(item)]
        assert all(labels)
        assert len(set(labels)) == len(labels)
    assert protocol.items["height"].label(180) == "180 cm"
    assert str(BloodPressure(124, 78)) == "124/78"


# Order of urgency ---------------------------------------------------------------------------------


def test_tiers_and_dues_are_ordered() -> None:
    assert [tier.word for tier in sorted(Tier)] == ["note", "review", "stop"]
    assert [due.word for due in sorted(Due)] == [
        "none",
        "before_first_dose",
        "before_scheduling",
        "same_day",
        "now",
    ]


def test_the_live_call_is_the_latest_that_has_not_ended() -> None:
    first, second = on_the_line(), on_the_line(Stage.SECOND_CONTACT)
    calls: list[tuple[tuple[Call, ...], Call | None]] = [
        ((), None),
        ((first,), first),
        ((ended(),), None),
        ((ended(), second), second),
        ((first, second), second),
        ((first, ended(Stage.SECOND_CONTACT)), first),
    ]
    for made, live in calls:
        assert intake(calls=made).live_call == live
