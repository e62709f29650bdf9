"""What is typed while somebody speaks: dates, numbers and phone numbers in the forms people say.

A vague word gives a range that surely holds what was meant: rules decide only where every day of
the range decides, so that wider is the safe side. Whatever is not understood is refused in one
sentence, and the typed text stays where it was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date as _date
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import phonenumbers

from intake_app.core.errors import NotUnderstood
from intake_app.core.model import BloodPressure, PartialDate
from intake_app.core.words import _


@dataclass(frozen=True, slots=True)
class Understood:
    """`value` as it is recorded; `said` in words, for the screen to echo."""

    value: object
    said: str


def _plain(text: str) -> str:
    """One spelling: compatibility forms folded, no case, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", folded).strip().rstrip(" .,;!?")


_NUMBER_WORDS = {
    "zero": 0,
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
}


# Dates ------------------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec christmas xmas",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_SEASON = "(spring|summer|autumn|fall|winter)"
_YEAR = r"((?:18|19|20)\d\d)"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_COUNT = (
    r"(\d{1,3}|" + "|".join(_NUMBER_WORDS) + r"|couple|couple of|a couple of|few|a few|several)"
)
_UNIT = r"(day|week|month|year)s?"
_FILLER = re.compile(
    r"\b(?:about|around|approximately|roughly|maybe|perhaps|probably|i think|in|on|of|the)\b"
)
# A part of a year and its months; they overlap, since nobody means them to the day.
_PARTS = {
    "early": (1, 5),
    "beginning": (1, 4),
    "start": (1, 4),
    "mid": (4, 9),
    "middle": (4, 9),
    "late": (8, 12),
    "end": (9, 12),
}
_VAGUE_COUNTS = {"couple": (1, 3), "few": (2, 6), "several": (3, 10)}


def date(text: str, today: _date, *, day_first: bool = False, past: bool = True) -> PartialDate:
    """The days that were meant, in a form of `PartialDate.parse`; NotUnderstood otherwise.

    `day_first`: whether 3/4/2024 is the third of April. `past`: a day to come is refused.
    """
    said = _plain(text)
    found = next(_readings(said, _Reader(today, day_first)), None)
    if found is None:
        raise NotUnderstood(_("a date"), _("5 March 2024, spring 2024, last year, 3 weeks ago"))
    if past and (found.earliest or found.latest) > today:
        raise NotUnderstood(_("a day that has been"), _("5 March 2024, last year, 3 weeks ago"))
    return found


def _readings(said: str, reader: _Reader) -> Iterator[PartialDate]:
    shorter = re.sub(r"\s+", " ", _FILLER.sub(" ", said)).strip(" ,")
    for text in dict.fromkeys((said, shorter)):
        for pattern, read in _FORMS:
            match = pattern.fullmatch(text)
            if match is None:
                continue
            try:
                yield read(reader, *match.groups())
            except (ValueError, OverflowError):
                return  # such a day does not exist


@dataclass(frozen=True, slots=True)
class _Reader:
    today: _date
    day_first: bool

    def canonical(self, text: str) -> PartialDate:
        return PartialDate.parse(text)

    def year(self, year: str) -> PartialDate:
        return PartialDate.parse(year)

    def numeric(self, one: str, two: str, year: str) -> PartialDate:
        day, month = (one, two) if self.day_first else (two, one)
        return self._day(int(day), int(month), self._full(year))

    def month_year(self, month: str, year: str) -> PartialDate:
        return PartialDate.parse(f"{year}-{_MONTHS[month]:02}")

    def day_month_year(self, day: str, month: str, year: str) -> PartialDate:
        return self._day(int(day), _MONTHS[month], self._full(year))

    def month_day_year(self, month: str, day: str, year: str) -> PartialDate:
        return self.day_month_year(day, month, year)

    def day_month(self, day: str, month: str) -> PartialDate:
        """Without a year: the last one that has been."""
        number = _MONTHS[month]
        this = (number, int(day)) <= (self.today.month, self.today.day)
        return self._day(int(day), number, self.today.year - (not this))

    def month_day(self, month: str, day: str) -> PartialDate:
        return self.day_month(day, month)

    def season(self, season: str, year: str) -> PartialDate:
        return PartialDate.parse(f"{year}-{season}")

    def part(self, part: str, year: str) -> PartialDate:
        first, last = _PARTS[part]
        return PartialDate.parse(f"{year}-{first:02}..{year}-{last:02}")

    def day_word(self, word: str) -> PartialDate:
        back = {"today": 0, "this morning": 0, "yesterday": 1, "last night": 1}
        return self._back(back[word])

    def last(self, unit: str) -> PartialDate:
        """The calendar year or month before; of a week nobody knows where it began."""
        if unit == "year":
            return PartialDate.parse(str(self.today.year - 1))
        if unit == "month":
            end = self.today.replace(day=1) - timedelta(days=1)
            return PartialDate.parse(f"{end.year}-{end.month:02}")
        return self._span(14, 1)

    def this(self, unit: str) -> PartialDate:
        starts = {"year": self.today.replace(month=1, day=1), "month": self.today.replace(day=1)}
        start = starts.get(unit, self.today - timedelta(days=7))
        return PartialDate.parse(f"{start}..{self.today}")

    def last_month_named(self, month: str) -> PartialDate:
        number = _MONTHS[month]
        year = self.today.year - (number >= self.today.month)
        return PartialDate.parse(f"{year}-{number:02}")

    def last_season(self, season: str) -> PartialDate:
        """The last one that has begun, or the one before: "last autumn" is said of both."""
        years = (self.today.year, self.today.year - 1, self.today.year - 2)
        found = [PartialDate.parse(f"{year}-{season}") for year in years]
        begun = [each for each in found if each.earliest and each.earliest <= self.today]
        latest = begun[0]
        over = latest.latest < self.today
        first = latest if over else begun[1]
        return (
            first
            if over
            else PartialDate.parse(f"{first.earliest}..{min(latest.latest, self.today)}")
        )

    def ago(self, count: str, unit: str) -> PartialDate:
        """Half a unit to either side; of a vague count, its bounds."""
        least, most = self._count(count)
        days = {"day": 1, "week": 7, "month": 31, "year": 366}[unit]
        fewest = {"day": 1, "week": 7, "month": 28, "year": 365}[unit]
        slack = 0 if unit == "day" and most < 4 else -(-days // 2)
        slack += {"day": 0, "week": 0, "month": 1, "year": 2}[unit] * (unit != "day")
        if unit == "day" and most >= 4:
            slack = max(1, most // 4)
        return self._span(most * days + slack, max(0, least * fewest - slack))

    def more_than(self, count: str, unit: str) -> PartialDate:
        return PartialDate.parse(f"..{self.ago(count, unit).latest}")

    def less_than(self, count: str, unit: str) -> PartialDate:
        return PartialDate.parse(f"{self.ago(count, unit).earliest}..{self.today}")

    def before(self, year: str) -> PartialDate:
        return PartialDate.parse(f"..{int(year) - 1}")

    def since(self, year: str) -> PartialDate:
        return PartialDate.parse(f"{year}-01-01..{self.today}")

    def between(self, first: str, last: str) -> PartialDate:
        if int(last) < int(first):
            raise ValueError("the range ends before it starts")
        return PartialDate.parse(f"{first}..{last}")

    def decade(self, century: str | None, tens: str) -> PartialDate:
        """The seventies are of the last century, the tens of this."""
        start = int(f"{century or ('20' if int(tens) < 30 else '19')}{tens}")
        return PartialDate.parse(f"{start}..{start + 9}")

    def _count(self, word: str) -> tuple[int, int]:
        for vague, bounds in _VAGUE_COUNTS.items():
            if vague in word:
                return bounds
        number = int(word) if word.isdigit() else _NUMBER_WORDS[word]
        return number, number

    def _full(self, year: str) -> int:
        """A year of two digits is never one to come."""
        if len(year) == 4:
            return int(year)
        found = self.today.year // 100 * 100 + int(year)
        return found if found <= self.today.year else found - 100

    @staticmethod
    def _day(day: int, month: int, year: int) -> PartialDate:
        return PartialDate.parse(_date(year, month, day).isoformat())

    def _back(self, days: int) -> PartialDate:
        return PartialDate.parse((self.today - timedelta(days=days)).isoformat())

    def _span(self, most: int, least: int) -> PartialDate:
        first, last = (self.today - timedelta(days=days) for days in (most, least))
        return PartialDate.parse(first.isoformat() if first == last else f"{first}..{last}")


_TWO_OR_FOUR = r"'?(\d{2}|\d{4})"
_FORMS: tuple[tuple[re.Pattern[str], Callable[..., PartialDate]], ...] = tuple(
    (re.compile(pattern, re.ASCII), read)
    for pattern, read in (
        (
            r"(\d{4}(?:-\d{2}){0,2}|\d{4}-(?:spring|summer|autumn|fall|winter)|\S*\.\.\S+)",
            _Reader.canonical,
        ),
        (rf"{_YEAR}", _Reader.year),
        (rf"(\d{{1,2}})[/.\- ](\d{{1,2}})[/.\- ]{_TWO_OR_FOUR}", _Reader.numeric),
        (rf"{_DAY}[ .]*{_MONTH}[ ,]+{_TWO_OR_FOUR}", _Reader.day_month_year),
        (rf"{_MONTH} {_DAY}[ ,]+{_TWO_OR_FOUR}", _Reader.month_day_year),
        (rf"{_MONTH}[ ,]+{_YEAR}", _Reader.month_year),
        (rf"{_DAY}[ .]*{_MONTH}", _Reader.day_month),
        (rf"{_MONTH} {_DAY}", _Reader.month_day),
        (rf"{_SEASON}[ ,]+{_YEAR}", _Reader.season),
        (rf"({'|'.join(_PARTS)})[ -]+{_YEAR}", _Reader.part),
        (r"(today|this morning|yesterday|last night)", _Reader.day_word),
        (r"last (year|month|week)", _Reader.last),
        (r"this (year|month|week)", _Reader.this),
        (rf"last {_MONTH}", _Reader.last_month_named),
        (rf"(?:last|this) {_SEASON}", _Reader.last_season),
        (rf"(?:more than|over) {_COUNT} {_UNIT} ago", _Reader.more_than),
        (rf"(?:less than|under|within|within last) {_COUNT} {_UNIT}(?: ago)?", _Reader.less_than),
        (rf"{_COUNT} {_UNIT}(?: ago| back)", _Reader.ago),
        (rf"before {_YEAR}", _Reader.before),
        (rf"since {_YEAR}", _Reader.since),
        (rf"(?:between |from )?{_YEAR} ?(?:-|\u2013|or|and|to) ?{_YEAR}", _Reader.between),
        (r"(18|19|20)?(\d0)'?s", _Reader.decade),
    )
)


# Numbers ----------------------------------------------------------------------------------------

_AMOUNT = r"(\d+(?:[.,]\d+)?)"
# Exact by definition: the international yard and pound agreement, 1959.
_CM_PER_INCH = Decimal("2.54")
_KG_PER_POUND = Decimal("0.45359237")
_INCHES_PER_FOOT, _POUNDS_PER_STONE = 12, 14


def number(text: str, unit: str) -> Understood:
    """One number in `unit`; feet and inches, pounds and stone where the unit is cm or kg."""
    said = _plain(text).replace("\u2032", "'").replace("\u2033", '"').replace("\u2019", "'")
    said = said.replace("\u201d", '"')
    converted = _converted(said, unit)
    value = _amount(said, unit) if converted is None else converted
    if value is None:
        raise NotUnderstood(_("one number"), f"74, 74.5 {unit}".strip())
    whole = int(value) if value == value.to_integral_value() else value
    return Understood(whole, f"{whole} {unit}".strip())


def _amount(said: str, unit: str) -> Decimal | None:
    words = re.sub(rf"\s*{re.escape(unit.casefold())}s?$", "", said) if unit else said
    if words in _NUMBER_WORDS and words not in ("a", "an"):
        return Decimal(_NUMBER_WORDS[words])
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", words, re.ASCII):
        return Decimal(words.replace(",", ""))
    if re.fullmatch(r"\d{1,9}(?:[.,]\d{1,4})?", words, re.ASCII):
        return Decimal(words.replace(",", "."))
    return None


def _converted(said: str, unit: str) -> Decimal | None:
    for pattern, factor in _CONVERSIONS.get(unit, ()):
        match = pattern.fullmatch(said)
        if match is not None:
            big, small = (Decimal((part or "0").replace(",", ".")) for part in match.groups())
            return factor(big, small).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return None


_CONVERSIONS: dict[str, tuple[tuple[re.Pattern[str], Callable[[Decimal, Decimal], Decimal]], ...]]
_CONVERSIONS = {
    "cm": (
        (
            re.compile(
                rf"{_AMOUNT} ?(?:ft|foot|feet|') ?(?:{_AMOUNT} ?(?:in|inch|inches|\")?)?", re.ASCII
            ),
            lambda feet, inches: (feet * _INCHES_PER_FOOT + inches) * _CM_PER_INCH,
        ),
        (
            re.compile(rf"{_AMOUNT} ?(?:in|inch|inches|\")()", re.ASCII),
            lambda inches, _none: inches * _CM_PER_INCH,
        ),
        (
            re.compile(rf"{_AMOUNT} ?(?:m|meters?|metres?)()", re.ASCII),
            lambda metres, _none: metres * 100,
        ),
    ),
    "kg": (
        (
            re.compile(rf"{_AMOUNT} ?(?:st|stone) ?(?:{_AMOUNT} ?(?:lbs?|pounds?)?)?", re.ASCII),
            lambda stone, pounds: (stone * _POUNDS_PER_STONE + pounds) * _KG_PER_POUND,
        ),
        (
            re.compile(rf"{_AMOUNT} ?(?:lbs?|pounds?)()", re.ASCII),
            lambda pounds, _none: pounds * _KG_PER_POUND,
        ),
    ),
}


def blood_pressure(text: str) -> BloodPressure:
    """Upper and lower number in mmHg, in any of the ways in which they are read out."""
    match = re.fullmatch(
        r"(\d{2,3}) ?(?:/|over|on|-|\u2013| ) ?(\d{2,3})(?: ?mm ?hg)?", _plain(text), re.ASCII
    )
    if match is None:
        raise NotUnderstood(_("an upper and a lower number"), _("124/78, 124 over 78"))
    return BloodPressure(int(match[1]), int(match[2]))


# Phone numbers ------------------------------------------------------------------------------------


# Invented and local numbers are possible ones too.
_POSSIBLE = phonenumbers.Leniency.POSSIBLE


def phone(text: str, country: str) -> Understood:
    """Kept as it was typed; `said` reads it back, or says that it looks wrong. Never refused."""
    typed = text.strip()
    match = next(iter(phonenumbers.PhoneNumberMatcher(typed, country, _POSSIBLE)), None)
    if match is None:
        return Understood(typed, _("No phone number is seen in this; kept as typed."))
    found = match.number
    home = phonenumbers.country_code_for_region(country) == found.country_code
    forms = phonenumbers.PhoneNumberFormat
    shape = forms.NATIONAL if home else forms.INTERNATIONAL
    return Understood(
        typed, _("Read back: {number}").format(number=phonenumbers.format_number(found, shape))
    )
