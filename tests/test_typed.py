"""What is typed in a call: nothing is misread, and a vague word holds the day that was meant."""

import locale
from calendar import monthrange
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from intake_app.core import typed
from intake_app.core.errors import IntakeError, NotUnderstood
from intake_app.core.model import BloodPressure, PartialDate
from intake_app.core.protocol import Protocol
from tests.conftest import TODAY  # Monday, 2026-11-23

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
DIGITS = {"arabic": "٠١٢٣٤٥٦٧٨٩", "persian": "۰۱۲۳۴۵۶۷۸۹", "fullwidth": "０１２３４５６７８９"}


def when(text: str, today: date = TODAY, **how: bool) -> str:
    return typed.date(text, today, **how).text


def refused(text: str, **how: bool) -> str:
    with pytest.raises(NotUnderstood) as caught:
        typed.date(text, TODAY, **how)
    return str(caught.value)


# Dates, by example --------------------------------------------------------------------------------

SAID = {
    "2024-03-05": "2024-03-05",
    "2024/3/5": "2024-03-05",
    "3/5/2024": "2024-03-05",
    "3-5-24": "2024-03-05",
    "3 5 2024": "2024-03-05",
    "5 March 2024": "2024-03-05",
    "the 5th of March, 2024": "2024-03-05",
    "Mar 5 24": "2024-03-05",
    "Mar. 5, '24": "2024-03-05",
    "5mar2024": "2024-03-05",
    "5 mar": "2026-03-05",
    "mar 5": "2026-03-05",
    "5 dec": "2025-12-05",
    "29 feb": "2024-02-29",
    "march 24th": "2026-03-24",
    "march 24": "2024-03..2026-03-24",
    "march 98": "1998-03",
    "march '24": "2024-03",
    "march 2024": "2024-03",
    "3/2024": "2024-03",
    "2024": "2024",
    "2026": "2026..2026-11-23",
    "spring 2024": "2024-spring",
    "in the fall of 2024": "2024-fall",
    "winter 2019/20": "2019-12..2020-02",
    "early 2024": "2024-01..2024-06",
    "mid-2024": "2024-04..2024-09",
    "late 2024": "2024-07..2024-12",
    "end of 2024": "2024-09..2024-12",
    "end of last year": "2025-09..2025-12",
    "early March 2024": "2024-03-01..2024-03-16",
    "late 80s": "1985..1989",
    "in the 90s": "1990..1999",
    "the nineties": "1990..1999",
    "the 20s": "2020..2026-11-23",
    "last year": "2025",
    "this year": "2026..2026-11-23",
    "the year before last": "2024",
    "last month": "2026-10",
    "last week": "2026-11-09..2026-11-22",
    "last monday": "2026-11-16..2026-11-23",
    "on tuesday": "2026-11-10..2026-11-17",
    "yesterday": "2026-11-22",
    "today": "2026-11-23",
    "last night": "2026-11-22..2026-11-23",
    "5 hours ago": "2026-11-22..2026-11-23",
    "3 weeks ago": "2026-10-26..2026-11-09",
    "two or three weeks ago": "2026-10-26..2026-11-16",
    "a few weeks ago": "2026-09-28..2026-11-16",
    "about 2 months ago": "2026-08-23..2026-10-23",
    "a year ago": "2024-11-23..2026-05-23",
    "two years ago": "2023-11-23..2025-11-23",
    "a year and a half ago": "2023-11-23..2026-05-23",
    "twenty-five years ago": "1994-11-23..2008-11-23",
    "more than 5 years ago": "..2023-11-23",
    "in the last 3 weeks": "2026-10-26..2026-11-23",
    "in the last year": "2024-11-23..2026-11-23",
    "last autumn": "2025-autumn",
    "last march": "2025-03..2026-03",
    "last december": "2025-12",
    "in march": "2026-03",
    "christmas 2023": "2023-12",
    "last christmas": "2025-12",
    "new year 2024": "2023-12..2024-01",
    "before 2020": "..2019",
    "before March 2020": "..2020-03",
    "2020 or before": "..2020",
    "2019 or 2020": "2019..2020",
    "2020 or 2019": "2019..2020",
    "2019-2021": "2019..2021",
    "between 2019 and 2021": "2019..2021",
    "march or april 2024": "2024-03..2024-04",
    "5 or 6 march 2024": "2024-03-05..2024-03-06",
    "from march 2020 to june 2021": "2020-03..2021-06",
    "since 2019": "2019..2026-11-23",
    "from 2019 on": "2019..2026-11-23",
    "2019 on": "2019..2026-11-23",
    "about 2019": "2018..2020",
    "maybe back in 2019": "2018..2020",
    "maybe March 2024": "2024-02..2024-04",
}


@pytest.mark.parametrize(("text", "form"), SAID.items())
def test_what_people_say_is_understood(text: str, form: str) -> None:
    """Seen to fail with: half a unit on the near side of one left out ("a year ago"); "in the last
    year" read as the year before."""
    assert when(text) == form
    assert when(f"  {text.upper()}. ") == form


NO_DATES = (
    "", "   ", "?", "years ago", "when I was 20", "long ago", "as a child", "in my 20s", "5", "12",
    "march or", "0 years ago", "not 2019", "3/24", "5/3", "2019-", "..", "before", "the last march",
    "3 weeks", "20240305", "3²/4/2024", "1½/2/2024", "tomorrow", "5 march 2024 or so they say",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_DATES)
def test_what_cannot_be_computed_is_refused(text: str) -> None:
    """Seen to fail with: NFKC, which makes a 2 of a raised one; "the" stripped from "the last"."""
    assert "what was typed is kept" in refused(text)


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "13/4/2024", "31 april 2024", "feb 31", "31 feb", "2023-02-29", "2019-13"],
)
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    """Seen to fail with: month and day exchanged where only the other order exists."""
    assert "no such day" in refused(text)


def test_a_day_to_come_is_refused_where_the_past_is_asked_for() -> None:
    """Seen to fail with: the check left out."""
    for text in (
        "2027",
        "2026-11-24",
        "december 2026",
        "12/5/26",
        "since 2027",
        "this winter 2027",
    ):
        refused(text)
    assert "to come" in refused("2026-11-24")
    assert when("2027-03-05", past=False) == "2027-03-05"
    assert when("3/5/27", past=False) == "2027-03-05"
    assert when("2026", past=False) == "2026"


def test_without_its_year_a_day_to_come_is_asked_for_again() -> None:
    """Seen to fail with: the last one taken for it."""
    for text in ("5 march", "march 5", "march", "monday", "since 2019"):
        refused(text, past=False)


def test_the_country_orders_the_numbers() -> None:
    """Seen to fail with: the order kept."""
    assert when("3/4/2024") == "2024-03-04"
    for text in ("3/4/2024", "03.04.24", "3-4-24", "3. 4. 2024", "٣/٤/٢٠٢٤"):
        assert when(text, day_first=True) == "2024-04-03"
    assert when("13/4/2024", day_first=True) == "2024-04-13"
    assert "day, month, year" in refused("4/13/2024", day_first=True)
    assert when("2024-03-04", day_first=True) == "2024-03-04"


def test_a_year_of_two_digits_is_never_to_come() -> None:
    """Seen to fail with: the century of today for all of them."""
    assert when("5/6/26") == "2026-05-06"
    assert when("5/6/27") == "1927-05-06"
    assert when("5 june 71") == "1971-06-05"


# Dates, always ------------------------------------------------------------------------------------

sides = st.one_of(
    st.dates(date(1900, 1, 1), TODAY).map(str),
    st.dates(date(1900, 1, 1), TODAY).map(lambda day: str(day)[:7]),
    st.integers(1900, TODAY.year).map(str),
    st.builds(
        "{}-{}".format,
        st.integers(1901, TODAY.year),
        st.sampled_from(["spring", "summer", "autumn", "fall", "winter"]),
    ),
)
forms = st.one_of(
    sides, sides.map(lambda side: f"..{side}"), st.builds("{}..{}".format, sides, sides)
)


@given(forms, st.booleans())
@example(str(TODAY), False)
@example(f"..{TODAY}", True)
def test_each_canonical_form_stays_as_it_is(form: str, day_first: bool) -> None:
    """Seen to fail with: a form that ends today cut as well.

    What runs on beyond today is cut where the past is asked for, and keeps its start as written.
    """
    try:
        known = PartialDate.parse(form)
    except ValueError:
        assume(False)
    assert typed.date(form, TODAY, day_first=day_first, past=False) == known
    assume(known.earliest is None or known.earliest <= TODAY)
    found = typed.date(form, TODAY, day_first=day_first)
    if known.latest <= TODAY:
        assert found == known
    else:
        assert (found.earliest, found.latest) == (known.earliest, TODAY)
        assert found.text.startswith(form.partition("..")[0])


def back(today: date, count: int, unit: str) -> Iterator[date]:
    """The days on which it was so long ago, by the calendar and by a count of days."""
    length = {"day": 1, "week": 7, "month": 30, "year": 365}[unit]
    yield today - timedelta(count * length)
    if unit in ("month", "year"):
        months = count * (12 if unit == "year" else 1)
        year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
        yield date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


WORDS = {1: "one", 2: "two", 3: "three", 11: "eleven", 20: "twenty", 45: "forty-five"}


@given(
    days,
    st.integers(1, 80),
    st.sampled_from(["day", "week", "month", "year"]),
    st.sampled_from(["{} ago", "about {} ago", "{} ago or so", "{} back", "less than {} ago"]),
)
@example(date(2024, 2, 29), 1, "year", "{} ago")
@example(date(2026, 3, 31), 1, "month", "{} ago")
def test_so_long_ago_holds_the_day(today: date, count: int, unit: str, said: str) -> None:
    """Seen to fail with: no quarter for great counts (80 months of 30 days); no half on the near
    side of one."""
    plural = "" if count == 1 else "s"
    numbers = [str(count), *([WORDS[count]] if count in WORDS else []), *("a" * (count == 1))]
    for number in numbers:
        found = typed.date(said.format(f"{number} {unit}{plural}"), today)
        assert found.earliest is not None
        for day in back(today, count, unit):
            assert found.earliest <= day <= found.latest <= today


@given(days, st.one_of(st.integers(0, 14), st.integers(0, 400)))
def test_relative_words_hold_the_day(today: date, ago: int) -> None:
    """Seen to fail with: seven days for "last week"."""
    day = today - timedelta(ago)
    said = ["in the last 2 years", f"about {day}", f"{day:%Y}", f"{day.year} or {day.year - 1}"]
    month = "janfebmaraprmayjunjulaugsepoctnovdec"[day.month * 3 - 3 : day.month * 3]
    said += [f"{month} {day.year}", f"{day.day} {month} {day.year}"]
    if day.year == today.year - 1:
        said.append("last year")
    if (today.year - day.year) * 12 + today.month - day.month == 1:
        said.append("last month")
    if day.year == today.year - 1 and ago < 330:
        said += [f"last {month}", month]
    weekday = "montuewedthufrisatsun"[day.weekday() * 3 :][:3]
    monday = today - timedelta(today.weekday())
    if monday - timedelta(7) <= day < monday or ago == 7:
        said.append("last week")
    if 0 < ago < 7:
        said += ["this week", f"last {weekday}"]
    for text in said:
        found = typed.date(text, today)
        assert found.earliest is not None
        assert found.earliest <= day <= found.latest, text


VOCABULARY = (
    "last this the early mid late end of beginning before since until between and or to from about"
    " around a few couple two 3 12 24 98 2019 2024 2026 2027 9999 0 31 1st march feb may spring"
    " winter fall christmas new year day week month years decade ago back ish 90s 00s 1900s monday"
    " yesterday half more than less within past - / .. ' , . 2024-02-29 1/2/24 0000 hours"
)
phrases = st.lists(st.sampled_from(VOCABULARY.split()), max_size=7).map(" ".join)


@given(
    st.one_of(st.text(max_size=40), phrases, st.from_regex(r"[\d/. -]{1,12}", fullmatch=True)),
    days,
    st.booleans(),
)
@example("2026", TODAY, False)
@example("about 9999-12-31", TODAY, False)
def test_any_text_is_a_date_or_not_understood(text: str, today: date, day_first: bool) -> None:
    """Seen to fail with: OverflowError let through; the cut at today left out."""
    try:
        found = typed.date(text, today, day_first=day_first)
    except NotUnderstood:
        pass
    else:
        assert found.latest <= today
        assert found.earliest is None or found.earliest <= found.latest
        assert PartialDate.parse(found.text) == found
    try:
        found = typed.date(text, today, day_first=day_first, past=False)
    except NotUnderstood:
        return
    assert PartialDate.parse(found.text) == found


@given(st.sampled_from(sorted(SAID)), st.sampled_from(sorted(DIGITS)))
def test_digits_of_another_script_are_the_same_digits(text: str, script: str) -> None:
    """Seen to fail with: digits left as they are; the full-width slash left out."""
    other = text.translate(str.maketrans("0123456789", DIGITS[script]))
    assert when(other) == SAID[text]
    assert when("３／５／２０２４") == "2024-03-05"


def test_the_language_of_the_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen to fail with: the locale set before reading."""

    def asked(*_: object) -> None:
        raise AssertionError("the locale was asked")

    for name in ("setlocale", "getlocale", "localeconv", "nl_langinfo"):
        monkeypatch.setattr(locale, name, asked, raising=False)
    assert when("5 March 2024") == "2024-03-05"
    assert typed.number("74,5", "kg").value == Decimal("74.5")


def test_a_neck_is_no_height_and_a_bare_number_of_it_may_be_inches():
    """Seen to fail with: 41 cm refused as no likely height; 16 taken for centimetres."""
    neck = (10, 100)
    assert typed.number("41 cm", "cm", neck).value == typed.number("41", "cm", neck).value == 41
    assert typed.number("16 in", "cm", neck).value == Decimal("40.6")
    for said in ("16", "38", "170", "9 cm"):
        with pytest.raises(typed.NotUnderstood, match="41 cm, 16 in"):
            typed.number(said, "cm", neck)


def test_a_height_is_no_neck_and_a_refusal_names_the_range_and_the_unit():
    """Seen to fail with: a neck's examples for a height; 110 cm taken for inches; no range said."""
    tall = (30, 300)
    assert typed.number("110", "cm", tall).value == 110
    for said, why in (("67", "may be inches"), ("1.75", "from 30 to 300 cm")):
        with pytest.raises(typed.NotUnderstood, match=f"{why}.*170, 5 ft 7"):
            typed.number(said, "cm", tall)
    for said, unit, limits in (("930", "percent", (1, 100)), ("7000", "kg", (1, 700))):
        with pytest.raises(typed.NotUnderstood, match=f"{limits[0]} to {limits[1]} {unit}"):
            typed.number(said, unit, limits)
    with pytest.raises(typed.NotUnderstood, match="20 to 350 mmHg, the higher one first"):
        typed.blood_pressure("78/124")


# Refusals -----------------------------------------------------------------------------------------


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=9, max_size=12).map(lambda s: f"q{s}q"))
def test_a_refusal_never_repeats_what_was_typed(secret: str) -> None:
    """Seen to fail with: the text in the sentence; the ValueError beneath left chained."""
    for text in (
        secret,
        f"{secret} 2024-02-31",
        f"2024-02-31 {secret}",
        f"2-3 {secret}",
        "2024-02-31",
    ):
        for parse in (
            lambda said: typed.date(said, TODAY),
            lambda said: typed.number(said, "kg"),
            typed.blood_pressure,
        ):
            with pytest.raises(NotUnderstood) as caught:
                parse(text)
            assert secret not in str(caught.value)
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_refusal_keeps_and_shows_examples() -> None:
    """Seen to fail with: the examples left out of the template."""
    assert issubclass(NotUnderstood, IntakeError)
    assert "5 March 2024" in refused("years ago")
    for unit in ("kg", "cm", "weeks", ""):
        with pytest.raises(NotUnderstood, match=r"what was typed is kept\. Type it like \S+"):
            typed.number("well", unit)


# Numbers ------------------------------------------------------------------------------------------

NUMBERS = (
    ("74", "kg", 74, "74 kg"),
    ("74,5", "kg", Decimal("74.5"), "74.5 kg"),
    ("74.5 kg", "kg", Decimal("74.5"), "74.5 kg"),
    ("74½ kilos", "kg", Decimal("74.5"), "74.5 kg"),
    ("100", "kg", 100, "100 kg"),
    ("163 lb", "kg", Decimal("73.9"), "73.9 kg, from 163 lb"),
    ("163 pounds", "kg", Decimal("73.9"), "73.9 kg, from 163 lb"),
    ("11 st 8", "kg", Decimal("73.5"), "73.5 kg, from 11 st 8 lb"),
    ("11 stone", "kg", Decimal("69.9"), "69.9 kg, from 11 st"),
    ("170", "cm", 170, "170 cm"),
    ("5 ft 7", "cm", Decimal("170.2"), "170.2 cm, from 5 ft 7 in"),
    ("5'7\"", "cm", Decimal("170.2"), "170.2 cm, from 5 ft 7 in"),
    ("5’7”", "cm", Decimal("170.2"), "170.2 cm, from 5 ft 7 in"),
    ("5 foot 7 in", "cm", Decimal("170.2"), "170.2 cm, from 5 ft 7 in"),
    ("five foot seven", "cm", Decimal("170.2"), "170.2 cm, from 5 ft 7 in"),
    ("6 feet", "cm", Decimal("182.9"), "182.9 cm, from 6 ft"),
    ("67 in", "cm", Decimal("170.2"), "170.2 cm, from 67 in"),
    ("1.75 m", "cm", 175, "175 cm, from 1.75 m"),
    ("1,200", "mg/day", 1200, "1200 mg/day"),
    ("20 mg daily", "mg/day", 20, "20 mg/day"),
    ("0.125", "mg/day", Decimal("0.125"), "0.125 mg/day"),
    ("two", "times", 2, "2 times"),
    ("twice", "times", 2, "2 times"),
    ("none", "drinks per week", 0, "0 drinks per week"),
    ("10 drinks a week", "drinks per week", 10, "10 drinks per week"),
    ("three days a week", "days per week", 3, "3 days per week"),
    ("about 6 weeks", "weeks", 6, "6 weeks"),
    ("98%", "percent", 98, "98 percent"),
    ("0", "percent", 0, "0 percent"),
    ("٧٤", "kg", 74, "74 kg"),
    ("５", "", 5, "5"),
)


@pytest.mark.parametrize(("text", "unit", "value", "said"), NUMBERS)
def test_a_number_is_understood(text: str, unit: str, value: object, said: str) -> None:
    """Seen to fail with: what follows a comma dropped; tenths of a foot for inches; whole
    numbers left as decimals."""
    assert typed.number(text, unit) == typed.Understood(value, said)
    assert type(typed.number(text, unit).value) is type(value)


MISREADABLE = (
    ("1.200", "mg/day"), ("67", "cm"), ("1.75", "cm"), ("12", "kg"), ("3 months", "weeks"),
    ("6 drinks a day", "drinks per week"), ("2 g", "mg/day"), ("5'13", "cm"), ("11 st 15", "kg"),
    ("5.5 ft 7", "cm"), ("7²", "times"), ("-5", "times"), ("1e3", "mg/day"), ("nan", "kg"),
    ("inf", "kg"), ("a", "times"), ("none", "kg"), ("5 7", "cm"), ("1,20,300", "mg/day"),
    ("9 days", "days per week"), ("101", "percent"), ("1000000", ""), ("", "kg"), ("kg", "kg"),
    ("one sixty three pounds", "kg"), ("163 kg lb", "kg"), ("10;5", "kg"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "unit"), MISREADABLE)
def test_what_can_be_misread_is_refused(text: str, unit: str) -> None:
    """Seen to fail with: bounds left out; twelve inches and more; any word taken for a unit."""
    with pytest.raises(NotUnderstood):
        typed.number(text, unit)


@pytest.mark.parametrize(
    "text",
    ["a few", "some", "several", "2-3", "2 – 3", "2 to 3", "two or three", "less than 5", "5+"],
)
def test_a_range_asks_for_one_number(text: str) -> None:
    """Seen to fail with: the upper end taught where more weeks count as more treatment."""
    with pytest.raises(NotUnderstood, match="take the lower"):
        typed.number(text, "weeks")
    with pytest.raises(NotUnderstood, match="take the upper"):
        typed.number(text, "times")
    with pytest.raises(NotUnderstood, match="ask for one;"):
        typed.number(text, "percent")


UNITS = ("kg", "cm", "weeks", "times", "percent", "mg/day", "mmHg", "days per week", "")
amounts = st.from_regex(r"[\d.,' ]{1,8}(kg|lb|st|ft|in|m|\"|%)?", fullmatch=True)


@given(st.one_of(st.text(max_size=30), amounts, phrases), st.sampled_from(UNITS))
@example("1,2,3", "kg")
def test_any_text_is_a_number_or_not_understood(text: str, unit: str) -> None:
    """Seen to fail with: all that has digits and commas given to Decimal."""
    try:
        found = typed.number(text, unit)
    except NotUnderstood:
        return
    assert type(found.value) in (int, Decimal)
    assert 0 <= found.value < 1_000_000
    assert found.said.startswith(f"{found.value} {unit}".strip())


@given(st.integers(0, 999_998), st.sampled_from(["{}", "{:,}", "{}.5", "{},5", "{:,}.25"]))
def test_a_plain_number_is_that_number(number: int, shape: str) -> None:
    """Seen to fail with: what follows a comma dropped."""
    assume(number >= 1000 or "," not in shape or shape == "{},5")
    text = shape.format(number)
    expected = {"{}.5": Decimal("0.5"), "{},5": Decimal("0.5"), "{:,}.25": Decimal("0.25")}
    assert typed.number(text, "").value == number + expected.get(shape, 0)


@given(st.integers(3, 8), st.integers(0, 11), st.integers(4, 40), st.integers(0, 13))
def test_feet_and_stone_come_out_to_a_tenth(feet: int, inches: int, stone: int, lb: int) -> None:
    """Seen to fail with: 30 cm to the foot; rounding down."""
    assume(feet * 12 + inches <= 110)
    exact = (feet * 12 + inches) * Decimal("2.54")
    for text in (f"{feet} ft {inches}", f"{feet}'{inches}", f"{feet * 12 + inches} inches"):
        assert abs(typed.number(text, "cm").value - exact) <= Decimal("0.05")
    exact = (stone * 14 + lb) * Decimal("0.45359237")
    for text in (f"{stone} st {lb} lb", f"{stone} stone {lb}", f"{stone * 14 + lb} lbs"):
        assert abs(typed.number(text, "kg").value - exact) <= Decimal("0.05")


def test_every_unit_of_the_protocol_takes_its_own_name(protocol: Protocol) -> None:
    """Seen to fail with: percent known by its sign alone."""
    units = {item.unit for item in protocol.items.values() if item.kind == "number"}
    assert {"kg", "cm", "mg/day", "weeks"} <= units
    for unit in units:
        value = 170 if unit == "cm" else 74 if unit == "kg" else 5
        assert typed.number(f"{value} {unit}", unit).value == value
        assert typed.number(str(value), unit).value == value


# Blood pressure -----------------------------------------------------------------------------------


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_pressure_is_understood_as_the_item_takes_it(
    protocol: Protocol, upper: int, lower: int
) -> None:
    """Seen to fail with: upper and lower exchanged; a looser bound than the item's."""
    pressure = next(i for i in protocol.items.values() if i.kind == "blood_pressure")
    for shape in ("{}/{}", "{} over {}", "{} {}", "{}-{}", "{}–{}", " bp {} / {} mmHg. "):
        text = shape.format(upper, lower)
        if 20 <= lower < upper <= 350:
            found = typed.blood_pressure(text)
            assert found == BloodPressure(upper, lower)
            assert pressure.parse((found.systolic, found.diastolic)) == found
        else:
            with pytest.raises(NotUnderstood):
                typed.blood_pressure(text)


@given(st.one_of(st.text(max_size=20), amounts))
def test_any_text_is_a_pressure_or_not_understood(text: str) -> None:
    """Seen to fail with: no match let through."""
    with suppress(NotUnderstood):
        assert isinstance(typed.blood_pressure(text), BloodPressure)


# Phone numbers ------------------------------------------------------------------------------------

PHONES = (
    ("9375550142", "US", "(937) 555-0142"),
    ("937.555.0142", "US", "(937) 555-0142"),
    ("+1 937 555 0142", "US", "(937) 555-0142"),
    ("937 555 0142 extension 12", "US", "(937) 555-0142 ext. 12"),
    ("9375550142 x12", "US", "(937) 555-0142 ext. 12"),
    ("٩٣٧٥٥٥٠١٤٢", "US", "(937) 555-0142"),
    ("+49 30901820", "US", "+49 30 901820"),
    ("030/901820", "DE", "030 901820"),
    ("02079460018", "GB", "020 7946 0018"),
)


@pytest.mark.parametrize(("text", "country", "shape"), PHONES)
def test_a_phone_number_is_written_readably(text: str, country: str, shape: str) -> None:
    """Seen to fail with: the extension dropped; the international form at home."""
    assert typed.phone(text, country) == typed.Understood(shape, shape)
    assert typed.phone(shape, country).value == shape


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("555-0142", "US"),
        ("1234567890", "US"),
        ("911", "US"),
        ("937-555-0142", "elsewhere"),
        ("937-555-0142", ""),
        ("937-555-0142 / 937-555-0143", "US"),
        ("no phone", "US"),
    ],
)
def test_a_number_that_looks_wrong_is_kept_and_told(text: str, country: str) -> None:
    """Seen to fail with: seven digits written as if whole; NumberParseException let through."""
    found = typed.phone(text, country)
    assert (found.value, found.doubtful) == (text, True)
    assert "ept as typed" in found.said


def test_words_beside_a_number_are_kept() -> None:
    """Seen to fail with: the first number found taken for the whole."""
    text = "mom's cell 937-555-0142 or 937-555-0143 after six"
    found = typed.phone(text, "US")
    assert (found.value, found.doubtful) == (text, False)
    assert "(937) 555-0142; (937) 555-0143" in found.said


@given(
    st.one_of(st.text(max_size=40), st.from_regex(r"[\d+() x#./-]{1,20}", fullmatch=True)),
    st.sampled_from(["US", "GB", "DE", "ZZ", ""]),
)
def test_no_phone_number_is_ever_refused(text: str, country: str) -> None:
    """Seen to fail with: doubtful numbers written in the shape of a country."""
    found = typed.phone(text, country)
    assert isinstance(found.value, str)
    assert found.said
    if found.doubtful or any(sign.isalpha() and sign != "x" for sign in text):
        assert found.value == text.strip()
