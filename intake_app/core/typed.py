"""What an intake coordinator types while somebody speaks: dates, numbers, pressures, phones.

A vague word gives a range that surely holds what was meant: rules decide only where every day of
the range decides, so that wider is the safe side. Whatever can be read in two ways is refused in
one sentence, or is a range that holds both; what was typed stays where it was typed. Digits of
any script count as digits. No clock and no locale: the day and the order of dates come from
outside.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Generic, TypeVar

import phonenumbers

from intake_app.core.errors import NotUnderstood
from intake_app.core.model import BloodPressure, PartialDate
from intake_app.core.words import _

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Understood(Generic[T]):
    """`value` as it is recorded; `said` in words, for the screen to echo, and a warning where the
    value is `doubtful`."""

    value: T
    said: str
    doubtful: bool = False


# One spelling -------------------------------------------------------------------------------------

_LONGEST = 80  # more than that is a story, and no value
_SIGNS = str.maketrans("’‘′“”″–—‑−٫٬", "'''\"\"\"----.,")


def _plain(text: str) -> str:
    """Small letters, ASCII digits and signs, single spaces. Nothing else is folded: a raised 2
    or a fraction must not turn into a digit."""
    digits = "".join(_ascii(sign) for sign in text.translate(_SIGNS))
    return " ".join(digits.lower().split()).rstrip(" ,;!?.").lstrip(" ,;")


def _ascii(sign: str) -> str:
    if "\uff01" <= sign <= "\uff5e":  # the full-width forms of ASCII, in the same order
        return chr(ord(sign) - 0xFEE0)
    return str(unicodedata.decimal(sign)) if sign.isdecimal() else sign


def _any(names: Iterable[str]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_ONES = "zero one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def _number_names() -> dict[str, int]:
    names = {name: number for number, name in enumerate([*_ONES.split(), *_TEENS.split()])}
    for tens, name in enumerate(_TENS.split(), start=2):
        names[name] = tens * 10
        for one, digit in enumerate(_ONES.split()[1:], start=1):
            names[f"{name} {digit}"] = names[f"{name}-{digit}"] = tens * 10 + one
    return names


_NUMBER_WORDS = _number_names()
_A_NUMBER_WORD = re.compile(rf"\b(?:{_any(_NUMBER_WORDS)})\b")


def _in_digits(said: str) -> str:
    return _A_NUMBER_WORD.sub(lambda match: str(_NUMBER_WORDS[match[0]]), said)


# Dates --------------------------------------------------------------------------------------------

_EARLIEST_YEAR = 1900  # nobody alive was born before; such a year is a slip of the finger


def date(
    text: str, today: datetime.date, *, day_first: bool = False, past: bool = True
) -> PartialDate:
    """The days that may have been meant, in a form of `PartialDate.parse`.

    `day_first`: 3/4/2024 is the third of April. `past`: a day to come is refused, and a range
    that runs on ends today. NotUnderstood where it is no date, or no such day exists.

    How wide: "N units ago" reaches one unit (or a quarter of N, if that is more) to either side,
    and half a unit on the near side of one; "about" adds a year, a month or a week to either end;
    "last march", if March was this year, holds the March before as well.
    """
    said = _plain(text)
    likes = _("5 March 2024, March 2024, spring 2024, last year, 3 weeks ago, before 2020")
    reader = _Reader(today, day_first, past)
    try:
        form = reader.read(said) if len(said) <= _LONGEST else None
        found = PartialDate.parse(form) if form else None
    except (ValueError, OverflowError):
        order = _("day, month, year") if day_first else _("month, day, year")
        trouble = _("There is no such day, with numbers taken as {order}").format(order=order)
        raise NotUnderstood(trouble, likes) from None
    if found is None:
        raise NotUnderstood(_("This is not understood as a date"), likes)
    if (found.earliest or found.latest).year < _EARLIEST_YEAR:
        raise NotUnderstood(_("This is too long ago for a date in a life"), likes)
    if not past or found.latest <= today:
        return found
    if found.earliest is not None and found.earliest > today:
        raise NotUnderstood(
            _("That is still to come, and this asks for a day that has been"), likes
        )
    return PartialDate.parse(f"{_start(found.text)}..{today}")


_MONTH_NAMES = (
    "january jan;february feb;march mar;april apr;may;june jun;july jul;august aug;"
    "september sept sep;october oct;november nov;december dec"
)
_MONTHS = {
    name: number
    for number, names in enumerate(_MONTH_NAMES.split(";"), start=1)
    for name in names.split()
}
# Months in which they may fall, in one country or another.
_FEASTS = {
    "christmas": (12, 12),
    "xmas": (12, 12),
    "easter": (3, 5),
    "thanksgiving": (10, 11),
    "halloween": (10, 11),
}
_NEW_YEAR = "new year"
_SEASONS = ("spring", "summer", "autumn", "fall", "winter")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DECADE_NAMES = "twenties thirties forties fifties sixties seventies eighties nineties"
_DECADES = {name: 10 * tens for tens, name in enumerate(_DECADE_NAMES.split(), start=2)}
# Twelfths of a year, a month or a decade; they overlap, since nobody means them to the day.
_PARTS = {
    "early": (0, 6),
    "first half": (0, 6),
    "beginning": (0, 4),
    "start": (0, 4),
    "mid": (3, 9),
    "middle": (3, 9),
    "late": (6, 12),
    "second half": (6, 12),
    "end": (8, 12),
}
# Least and most of a count that is none.
_VAGUE_COUNTS = {"couple": (2, 3), "few": (2, 6), "several": (3, 10)}
_UNIT_MONTHS = {"month": 1, "year": 12, "decade": 120}
_UNIT_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_DAYS_BACK = {"day before yesterday": 2, "yesterday": 1, "today": 0, "this morning": 0, "now": 0}


_MONTH = rf"({_any(_MONTHS)})\.?"
_PERIOD = rf"({_any([*_MONTHS, *_SEASONS, *_FEASTS])}|{_NEW_YEAR})(?:'s)?\.?(?: eve| day)?"
_YEAR = r"(\d{4})"
_SHORT_YEAR = r"'?(\d{4}|\d{2})"
_ORDINAL = r"(?:st|nd|rd|th)"
_GAP = r"(?:[ ,./-]{1,2})"
_COUNT = r"(\d{1,3}|an?|(?:a )?(?:couple|few)|several)"
_COUNTS = rf"{_COUNT}(?:(?: or | to | ?- ?){_COUNT})?"
_LONG_UNIT = r"(day|week|fortnight|month|year|decade)s?"
_AGO = r"(?: ago| back| earlier)"
_CANONICAL_SIDE = r"(?:\d{4}(?:-\d{2}(?:-\d{2})?)?|\d{4}-(?:spring|summer|autumn|fall|winter))"

# Said of a date without meaning, and said of one that is not sure.
_EMPTY = re.compile(r"\b(?:it was|that was|some ?time|back in|during|in|on|at(?! least)|the)(?= )")
_UNSURE = re.compile(
    r"\b(?:about|around|approximately|approx\.?|roughly|circa|ca\.?|maybe|perhaps|possibly|probably"
    r"|i think|i guess|almost|nearly|close to|just over|just under|a little over|or so)(?= |$)"
    r"|~|(?<=\d)-?ish\b"
)
# "Last year" is the year before; "in the last year" is all that lies between then and now.
_RECENT = re.compile(
    r"(?:it was |that was |some ?time )?"
    r"(?:(?:(?:with)?in|over|during) (?:the )?(?:last|past)|(?:the )?past|the last|last(?= \S+ ))"
    rf" (?:{_COUNTS} )?{_LONG_UNIT}"
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns words into a form of `PartialDate.parse`: None where they are no date, ValueError
    where they name a day that does not exist."""

    today: datetime.date
    day_first: bool
    past: bool

    def read(self, said: str) -> str | None:
        sure = " ".join(_in_digits(_UNSURE.sub(" ", said)).replace(" of ", " ").split())
        recent = _RECENT.fullmatch(sure)
        if recent is not None:
            return self.within(recent[1] or "1", recent[2], recent[3])
        if re.search(r"\bthe (?:last|past)\b", sure):
            return None
        form = self._whole(" ".join(_EMPTY.sub(" ", sure).split()).strip(" ,"))
        vague = _UNSURE.search(said) and not re.search(_AGO + "$", sure)
        return _widened(form) if form and vague else form

    def _whole(self, said: str) -> str | None:
        for read in (self._point, self._part, self._pair, self._open):
            form = read(said)
            if form is not None:
                return form
        return None

    def _point(self, said: str) -> str | None:
        for pattern, read in _POINTS:
            match = pattern.fullmatch(said)
            if match is not None:
                return read(self, *match.groups())
        return None

    def _part(self, said: str) -> str | None:
        """Early, mid or late in something; of anything else than a year, a month or ten years
        the whole."""
        match = re.fullmatch(rf"({_any(_PARTS)})[ -](.+)", said)
        form = self._point(match[2]) if match else None
        if match is None or form is None:
            return None
        first, last = _PARTS[match[1]]
        if re.fullmatch(r"\d{4}", form):
            return f"{form}-{first + 1:02}..{form}-{last:02}"
        if re.fullmatch(r"\d{4}-\d{2}", form):
            days = PartialDate.parse(form).latest.day
            return f"{form}-{first * days // 12 + 1:02}..{form}-{-(-last * days // 12):02}"
        if re.fullmatch(r"\d{3}0\.\.\d{3}9", form) and int(form[-4:]) - int(form[:4]) == 9:
            start = int(form[:4])
            return f"{start + first * 10 // 12}..{start - (-last * 10 // 12) - 1}"
        return form

    def _pair(self, said: str) -> str | None:
        said = re.sub(r"^(?:between|either|from) ", "", said)
        for joint in (" or ", " to ", " until ", " through ", " and ", " - ", "-", "/"):
            left, found, right = said.partition(joint)
            if found:
                form = self._both(left, right.strip(), sort=joint == " or ")
                if form is not None:
                    return form
        return None

    def _both(self, left: str, right: str, *, sort: bool) -> str | None:
        ends = [self._shared(left, right), self._point(right) or self._part(right)]
        days = [PartialDate.parse(form) for form in ends if form]
        if len(days) < 2 or any(day.earliest is None for day in days):
            return None
        if not sort and days[1].latest < (days[0].earliest or days[1].latest):
            return None
        first = min(days, key=lambda day: day.earliest or day.latest)
        last = max(days, key=lambda day: day.latest)
        return f"{_start(first.text)}..{_end(last.text)}"

    def _shared(self, left: str, right: str) -> str | None:
        """The left of a pair, with as much of the right as it lacks: "5 or 6 march 2024"."""
        words = right.split()
        if re.fullmatch(r"'?\d{4}", words[-1] if words else "") and not re.search(r"\d{4}", left):
            for taken in range(1, len(words)):
                form = self._point(f"{left} {' '.join(words[taken:])}")
                if form is not None:
                    return form
            return None
        return self._point(left) or self._part(left)

    def _open(self, said: str) -> str | None:
        for pattern, read in _OPEN:
            match = pattern.fullmatch(said)
            form = match and (self._point(match[1]) or self._part(match[1]) or self._pair(match[1]))
            if match and form:
                return read(self, form)
        return None

    # Open ends. Of a year "before" is sharp; who says "before christmas" may mean December.

    def before(self, form: str) -> str:
        return f"..{int(form) - 1:04}" if re.fullmatch(r"\d{4}", form) else self.until(form)

    def until(self, form: str) -> str:
        return f"..{_end(form)}"

    def since(self, form: str) -> str | None:
        start = PartialDate.parse(form).earliest
        if not self.past or start is None:
            return None
        return form if start > self.today else f"{_start(form)}..{self.today}"

    # Points ---------------------------------------------------------------------------------------

    def canonical(self, form: str) -> str:
        return form

    def year_first(self, year: str, month: str, day: str) -> str:
        return _day(int(year), int(month), int(day))

    def numeric(self, one: str, _sign: str, two: str, year: str) -> str:
        day, month = (one, two) if self.day_first else (two, one)
        return _day(self._full(year), int(month), int(day))

    def month_number(self, month: str, year: str) -> str:
        return f"{year}-{int(month):02}"

    def day_month_year(self, day: str, month: str, year: str) -> str:
        return _day(self._full(year), _MONTHS[month], int(day))

    def month_day_year(self, month: str, day: str, year: str) -> str:
        return self.day_month_year(day, month, year)

    def period_year(self, period: str, year: str) -> str:
        return _period(period, self._full(year))

    def year_period(self, year: str, period: str) -> str:
        return _period(period, int(year))

    def winter(self, year: str, next_year: str) -> str | None:
        first = int(year)
        if first + 1 not in (int(next_year), first // 100 * 100 + int(next_year)):
            return None
        return f"{first:04}-12..{first + 1:04}-02"

    def day_month(self, day: str, month: str) -> str | None:
        """Without a year: the last one that has been."""
        if not self.past:
            return None
        number = _MONTHS[month]
        if int(day) > monthrange(2024, number)[1]:
            raise ValueError("no such day in any year")
        for year in range(self.today.year, self.today.year - 9, -1):  # 1900 had no 29 February
            if int(day) <= monthrange(year, number)[1]:
                found = datetime.date(year, number, int(day))
                if found <= self.today:
                    return found.isoformat()
        return None

    def month_day(self, month: str, number: str, ordinal: str | None) -> str | None:
        """March 24 may be a day or a year: a range of both."""
        two_digits = len(number) == 2 and not ordinal and self.past
        year = self.period_year(month, number) if two_digits else None
        if int(number) not in range(1, 32):
            return year
        day = self.day_month(number, month)
        if year is None or day is None or not f"{self.today.year // 100}" <= year <= day:
            return day
        return f"{year}..{day}"

    def day_word(self, word: str) -> str:
        return (self.today - datetime.timedelta(_DAYS_BACK[word])).isoformat()

    def night(self) -> str:
        return self._between(1, 0)

    def weekday(self, word: str) -> str | None:
        """The last one, today's too, or the one a week before."""
        back = (self.today.weekday() - _WEEKDAYS.index(word[:3])) % 7
        return self._between(back + 7, back) if self.past else None

    def last(self, unit: str) -> str:
        """The calendar year or month before; of a week nobody knows on which day it begins."""
        if unit == "week":
            return self._between(14, 1)
        length = _UNIT_MONTHS[unit]
        return _shifted(self.today, -length).isoformat()[: 4 if unit == "year" else 7]

    def before_last(self, unit: str) -> str:
        if unit == "week":
            return self._between(21, 7)
        length = _UNIT_MONTHS[unit]
        return _shifted(self.today, -2 * length).isoformat()[: 4 if unit == "year" else 7]

    def this(self, unit: str) -> str:
        if unit == "week":
            return self._between(7, 0)
        return self.today.isoformat()[: 4 if unit == "year" else 7]

    def named(self, which: str | None, period: str) -> str | None:
        """A month, a season or a feast without its year."""
        if not self.past:
            return None
        if which == "this" and period != "winter":
            return _period(period, self.today.year)
        begun = list(self._begun(period))
        latest = PartialDate.parse(begun[0])
        running = latest.latest >= self.today
        if which == "last" and running and period not in (*_FEASTS, _NEW_YEAR):
            return begun[1]
        if running or (which == "last" and latest.latest.year == self.today.year):
            return f"{_start(begun[1])}..{_end(begun[0])}"
        return begun[0]

    def _begun(self, period: str) -> Iterator[str]:
        for year in range(self.today.year + 1, self.today.year - 4, -1):
            form = f"{year}-12..{year + 1}-02" if period == "winter" else _period(period, year)
            if (PartialDate.parse(form).earliest or self.today) <= self.today:
                yield form

    def decade(self, century: str | None, tens: str) -> str:
        """Without a century the last such ten years; "the 1900s" may be a hundred years."""
        if century is None:
            start = self.today.year // 100 * 100 + int(tens)
            start -= 100 if start > self.today.year else 0
            return f"{start}..{start + 9}"
        return f"{century}{tens}..{century}{'99' if tens == '00' else tens[0] + '9'}"

    def decade_word(self, word: str) -> str:
        return self.decade(None, str(_DECADES[word]))

    # So long ago ----------------------------------------------------------------------------------

    def ago(self, least: str, most: str | None, unit: str) -> str:
        near, far = self._reach(least, most, unit)
        return f"{far}..{near}"

    def half_ago(self, half: str) -> str:
        return self.ago({"year": "6", "month": "2", "decade": "5"}[half], None,
                        {"year": "month", "month": "week", "decade": "year"}[half])  # fmt: skip

    def and_a_half(self, count: str, unit: str) -> str:
        least = 1 if count in ("a", "an") else int(count)
        return self.ago(str(least), str(least + 1), unit)

    def unit_and_a_half(self, unit: str) -> str:
        return self.ago("1", "2", unit)

    def years_months(self, years: str, months: str) -> str:
        count = sum(int(n) * k for n, k in ((_one(years), 12), (_one(months), 1)))
        return self.ago(str(count), None, "month")

    def hours(self, least: str, most: str | None, unit: str) -> str:
        """Whole days, with a quarter to either side; minutes may have crossed midnight."""
        low, high = _counted(least, most)
        if unit.startswith("m"):
            low, high = 0, -(-high // 60)
        return self._between(-(-5 * high // (4 * 24)), 3 * low // (4 * 24))

    def longer(self, count: str, unit: str) -> str:
        return f"..{self._reach(count, None, unit)[0]}"

    def within(self, least: str, most: str | None, unit: str) -> str:
        return f"{self._reach(least, most, unit)[1]}..{self.today}"

    def _reach(
        self, least: str, most: str | None, unit: str
    ) -> tuple[datetime.date, datetime.date]:
        """The nearest and the farthest day."""
        low, high = _counted(least, most)
        if low == 0:
            raise ValueError("nothing is no time ago")
        far = self._before(high + max(1, -(-high // 4)), unit)
        if low > 1:
            return self._before(low - max(1, -(-low // 4)), unit), far
        half = {"day": 0, "week": 3, "fortnight": 7, "month": 14}
        if unit in half:
            return self.today - datetime.timedelta(half[unit]), far
        return _shifted(self.today, -_UNIT_MONTHS[unit] // 2), far

    def _before(self, count: int, unit: str) -> datetime.date:
        if unit in _UNIT_DAYS:
            return self.today - datetime.timedelta(count * _UNIT_DAYS[unit])
        return _shifted(self.today, -count * _UNIT_MONTHS[unit])

    def _between(self, most: int, least: int) -> str:
        first, last = (self.today - datetime.timedelta(days) for days in (most, least))
        return first.isoformat() if first == last else f"{first}..{last}"

    def _full(self, year: str) -> int:
        """A year of two digits: the last such one; where days to come are asked for, within the
        next twenty years."""
        if len(year) == 4:
            return int(year)
        found = self.today.year // 100 * 100 + int(year)
        return found if found <= self.today.year + (0 if self.past else 20) else found - 100


_POINTS: tuple[tuple[re.Pattern[str], Callable[..., str | None]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"((?:{_CANONICAL_SIDE})?\.\.{_CANONICAL_SIDE}|{_CANONICAL_SIDE})", _Reader.canonical),
        (rf"{_YEAR}[/. -](\d{{1,2}})[/. -](\d{{1,2}})", _Reader.year_first),
        (rf"(\d{{1,2}})([/. -]) ?(\d{{1,2}})\2 ?{_SHORT_YEAR}", _Reader.numeric),
        (rf"(\d{{1,2}})[/.-]{_YEAR}", _Reader.month_number),
        (rf"(\d{{1,2}}){_ORDINAL}?{_GAP}?{_MONTH}(?:{_GAP})?{_SHORT_YEAR}", _Reader.day_month_year),
        (rf"{_MONTH}{_GAP}?(\d{{1,2}}){_ORDINAL}?{_GAP}{_SHORT_YEAR}", _Reader.month_day_year),
        (rf"{_PERIOD}{_GAP}?(?:{_YEAR})", _Reader.period_year),
        (rf"{_PERIOD} ?'(\d{{2}})", _Reader.period_year),
        (rf"{_YEAR}{_GAP}{_PERIOD}", _Reader.year_period),
        (rf"winter {_YEAR} ?[/-] ?(\d{{4}}|\d{{2}})", _Reader.winter),
        (rf"(\d{{1,2}}){_ORDINAL}?{_GAP}?{_MONTH}", _Reader.day_month),
        (rf"{_MONTH}{_GAP}?(\d{{1,2}})({_ORDINAL})?", _Reader.month_day),
        (rf"({_any(_DAYS_BACK)})", _Reader.day_word),
        (r"last night|tonight", _Reader.night),
        (r"last (year|month|week)", _Reader.last),
        (r"(year|month|week) before last", _Reader.before_last),
        (r"this (year|month|week)", _Reader.this),
        (rf"(?:(last|this) )?{_PERIOD}", _Reader.named),
        (
            r"(?:last |this )?(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs?|ur)?(?:day)?",
            _Reader.weekday,
        ),
        (r"(18|19|20)?(\d0)'?s", _Reader.decade),
        (rf"({_any(_DECADES)})", _Reader.decade_word),
        (rf"{_COUNTS} {_LONG_UNIT}{_AGO}", _Reader.ago),
        (rf"{_COUNTS} (hour|minute|min|hr)s?{_AGO}", _Reader.hours),
        (rf"half an? (year|month|decade){_AGO}", _Reader.half_ago),
        (rf"(an?|\d{{1,2}}) and a half {_LONG_UNIT}{_AGO}", _Reader.and_a_half),
        (rf"an? {_LONG_UNIT} and a half{_AGO}", _Reader.unit_and_a_half),
        (rf"(an?|\d{{1,2}}) years?,?(?: and)? (an?|\d{{1,2}}) months?{_AGO}", _Reader.years_months),
        (rf"(?:more than|over|at least|longer than) {_COUNT} {_LONG_UNIT}{_AGO}", _Reader.longer),
        (rf"(\d{{1,3}})\+ ?{_LONG_UNIT}{_AGO}", _Reader.longer),
        (rf"(?:less than|under|within) {_COUNTS} {_LONG_UNIT}{_AGO}?", _Reader.within),
    )
)
_OPEN: tuple[tuple[re.Pattern[str], Callable[[_Reader, str], str | None]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"(?:before|prior to|earlier than) (.+)", _Reader.before),
        (r"(?:until|till|up to|by|no later than) (.+)", _Reader.until),
        (r"(.+) (?:or|and) (?:before|earlier)", _Reader.until),
        (r"(?:(?:ever )?since|after|from) (.+?)(?: on| onwards?)?", _Reader.since),
        (r"(.+) (?:on|onwards?)", _Reader.since),
        (r"(.+) (?:or|and) (?:later|after|since)", _Reader.since),
    )
)


def _start(form: str) -> str:
    return form.partition("..")[0]


def _end(form: str) -> str:
    return form.rpartition("..")[2]


def _day(year: int, month: int, day: int) -> str:
    return datetime.date(year, month, day).isoformat()


def _one(count: str) -> str:
    return "1" if count in ("a", "an") else count


def _counted(least: str, most: str | None) -> tuple[int, int]:
    """The lowest and the highest number of one count or of two."""
    found: list[int] = []
    for word in (least, most or least):
        vague = next((key for key in _VAGUE_COUNTS if key in word), None)
        found += _VAGUE_COUNTS[vague] if vague else [int(_one(word))]
    return min(found), max(found)


def _shifted(day: datetime.date, months: int) -> datetime.date:
    """So many months on, or the end of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _period(name: str, year: int) -> str:
    if name in _MONTHS:
        return f"{year:04}-{_MONTHS[name]:02}"
    if name in _FEASTS:
        first, last = _FEASTS[name]
        month = f"{year:04}-{first:02}"
        return month if first == last else f"{month}..{year:04}-{last:02}"
    if name == _NEW_YEAR:
        return f"{year - 1:04}-12..{year:04}-01"
    return f"{year:04}-{name}"


def _widened(form: str) -> str:
    start, end = _start(form), _end(form)
    return f"{_beside(start, -1)}..{_beside(end, 1)}"


def _beside(side: str, step: int) -> str:
    """The year, the month or the week beside; of a season the month."""
    if re.fullmatch(r"\d{4}", side):
        return f"{int(side) + step:04}"
    if not side:
        return side
    found = PartialDate.parse(side)
    day = found.latest if step > 0 else found.earliest or found.latest
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", side):
        return (day + datetime.timedelta(7 * step)).isoformat()
    return _shifted(day.replace(day=1), step).isoformat()[:7]


# Numbers ------------------------------------------------------------------------------------------

_AMOUNT = r"(\d[\d.,]*)"
# What may stand behind a number in this unit, beside the unit itself. Any other is refused.
_UNIT_WORDS = {
    "cm": r"cms?|centimet(?:er|re)s?",
    "kg": r"kgs?|kilos?|kilogram(?:me)?s?",
    "percent": r"%|per ?cent",
    "weeks": r"weeks?|wks?",
    "times": r"times?|x",
    "mg/day": r"(?:mgs?|milligrams?)(?: ?/ ?d(?:ay)?| an? day| per day| daily)?",
    "days per week": r"days?(?: an?| per| each| every)? ?(?:week)?",
    "drinks per week": r"drinks?(?: an?| per| each| every)? ?(?:week)?",
}
# A number outside is a slip, or of another unit (knowledge; the tallest person was 272 cm, the
# heaviest about 635 kg).
_LIKELY = {"cm": (50, 280), "kg": (20, 650), "percent": (0, 100), "days per week": (0, 7)}
_INCH = Decimal("2.54")
_LEAST_BARE_CM = Decimal(100)  # below it a number without its unit is one of inches
_COUNTED = ("times", "days per week", "drinks per week")
_COUNT_WORDS = {"none": 0, "never": 0, "nil": 0, "once": 1, "twice": 2}
_RANGE = re.compile(
    r"\d ?(?:-|to|or|and|bis|/) ?\d|\bfew\b|\bsome\b|\bseveral\b|\bcouple\b|\bmany\b|\blots?\b"
    r"|\bless\b|\bmore\b|\bunder\b|\bover\b|\bat (?:least|most)\b|\bup to\b|\d ?\+|[<>]"
)
_MOST = 1_000_000


def number(
    text: str, unit: str, limits: tuple[int | Decimal, ...] = ()
) -> Understood[int | Decimal]:
    """One number in `unit`; feet and inches, pounds and stone where the unit is cm or kg, to one
    decimal. NotUnderstood for a range, another unit, or what can be read in two ways (1.200).

    `limits`, both included, are the question's own; without them what is likely of a person."""
    said = _in_digits(_UNSURE.sub(" ", _plain(text).replace("½", ".5")))
    said = " ".join(said.split())
    least, most = limits or _LIKELY.get(unit, (0, _MOST - 1))
    is_small = unit == "cm" and most <= _LEAST_BARE_CM
    likes = _("41 cm, 16 in") if is_small else _examples(unit)
    if not said or len(said) > _LONGEST:
        raise NotUnderstood(_("This is not understood as one number"), likes)
    found = _amount(said, unit) or _converted(said, unit)
    if found is None and _RANGE.search(said):
        raise NotUnderstood(_more_than_one_words(unit), likes)
    if found is None:
        raise NotUnderstood(_("This is not understood as one number of the unit asked for"), likes)
    value, heard, bare = found
    if not least <= value <= most:
        trouble = _("This is no number from {least} to {most} {unit}: check it, and its unit")
        raise NotUnderstood(trouble.format(least=least, most=most, unit=unit), likes)
    if unit == "cm" and bare and value < min(_LEAST_BARE_CM, most / _INCH):
        raise NotUnderstood(_("Without its unit this may be inches: type the unit too"), likes)
    whole = int(value) if value == value.to_integral_value() else value.normalize()
    shown = f"{whole} {unit}".strip()
    echo = _("{value}, from {heard}").format(value=shown, heard=heard) if heard else shown
    return Understood(whole, echo)


def _examples(unit: str) -> str:
    if unit == "cm":
        return _("170, 5 ft 7, 67 in")
    return _("74.5, 163 lb, 11 st 8") if unit == "kg" else _("4, 12.5, two")


def _more_than_one_words(unit: str) -> str:
    """Which end to take. The upper is the cautious one, except where more would count as more
    treatment tried; a percentage may be either."""
    if unit == "percent":
        return _("That is not one number; ask for one")
    if unit in ("weeks", "mg/day"):
        return _("That is not one number; ask for one, or take the lower")
    return _("That is not one number; ask for one, or take the upper")


def _decimal(text: str) -> Decimal | None:
    """Point or comma; three digits behind a comma are thousands, behind a point nobody knows."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d{1,2})?", text):
        return Decimal(text.replace(",", ""))
    if re.fullmatch(r"\d{1,6}(?:[.,]\d{1,2})?|0?[.,]\d{1,3}", text):
        return Decimal(text.replace(",", "."))
    return None


def _amount(said: str, unit: str) -> tuple[Decimal, str, bool] | None:
    """The number, nothing, and whether it stood without its unit."""
    words = rf"{re.escape(unit.lower())}|{_UNIT_WORDS[unit]}" if unit in _UNIT_WORDS else None
    words = words or re.escape(unit.lower())
    match = re.fullmatch(rf"([\d.,]+|{_any(_COUNT_WORDS)}) ?({words})?", said)
    if match is None:
        return None
    if match[1] in _COUNT_WORDS:
        value = Decimal(_COUNT_WORDS[match[1]]) if unit in _COUNTED else None
    else:
        value = _decimal(match[1])
    return None if value is None else (value, "", not match[2])


@dataclass(frozen=True, slots=True)
class _Measure:
    """A unit and the smaller one that divides it, with how many make it one."""

    pattern: re.Pattern[str]
    name: str
    small: str
    into: int
    factor: Decimal


def _measure(pattern: str, name: str, small: str, into: int, factor: str) -> _Measure:
    return _Measure(re.compile(pattern), name, small, into, Decimal(factor))


# Exact by definition: the international yard and pound agreement, 1959.
_MEASURES = {
    "cm": (
        _measure(
            rf"{_AMOUNT} ?(?:ft|foot|feet|')\.?"
            rf"(?:,? ?(?:and )?{_AMOUNT} ?(?:in|inch|inches|\"|'')?)?",
            "ft", "in", 12, "30.48",
        ),
        _measure(rf"{_AMOUNT} ?(?:in|inch|inches|\")()", "in", "", 1, "2.54"),
        _measure(rf"{_AMOUNT} ?(?:m|met(?:er|re)s?)(?: ?(\d\d) ?(?:cm)?)?", "m", "cm", 100, "100"),
    ),
    "kg": (
        _measure(
            rf"{_AMOUNT} ?(?:st|stones?)\.?(?:,? ?(?:and )?{_AMOUNT} ?(?:lbs?|pounds?)?)?",
            "st", "lb", 14, "6.35029318",
        ),
        _measure(rf"{_AMOUNT} ?(?:lbs?|pounds?)()", "lb", "", 1, "0.45359237"),
    ),
}  # fmt: skip


def _converted(said: str, unit: str) -> tuple[Decimal, str, bool] | None:
    for measure in _MEASURES.get(unit, ()):
        match = measure.pattern.fullmatch(said)
        if match is not None:
            return _in_metric(measure, match[1], match[2] or "")
    return None


def _in_metric(measure: _Measure, large: str, small: str) -> tuple[Decimal, str, bool] | None:
    big, rest = _decimal(large), _decimal(small or "0")
    if big is None or rest is None or rest >= measure.into:
        return None
    if small and big != big.to_integral_value():
        return None
    value = (big + rest / measure.into) * measure.factor
    heard = f"{large} {measure.name}" + (f" {small} {measure.small}" if small else "")
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP), heard, False


# Blood pressure -----------------------------------------------------------------------------------


def blood_pressure(text: str) -> BloodPressure:
    """Upper and lower number in mmHg, in the ways in which they are read out."""
    said = " ".join(_UNSURE.sub(" ", _plain(text)).split())
    match = re.fullmatch(
        r"(?:bp )?(\d{2,3})(?: ?(?:/|\\|-|,|:) ?| (?:over|on|and) | )(\d{2,3})(?: ?mm ?hg)?", said
    )
    likes = _("124/78, 124 over 78")
    if match is None:
        raise NotUnderstood(_("This is not understood as an upper and a lower number"), likes)
    upper, lower = int(match[1]), int(match[2])
    # As `Item.parse`: wider than any reading in life; only a slip falls outside (knowledge).
    if not 20 <= lower < upper <= 350:
        raise NotUnderstood(
            _("These are no two numbers from 20 to 350 mmHg, the higher one first"), likes
        )
    return BloodPressure(upper, lower)


# Phone numbers ------------------------------------------------------------------------------------

_ONLY_A_NUMBER = re.compile(r"[\d\s()+./-]+(?:(?:ext(?:ension)?|x)\.?\s*\d{1,7})?")


def phone(text: str, country: str) -> Understood[str]:
    """The number as it is written in `country`, an ISO code, or internationally.

    Never refused, for it may be the only way back to a caller: whatever looks wrong, has words
    beside it or holds several numbers is kept as typed, and `said` tells so.
    """
    typed = text.strip()
    plain = "".join(_ascii(sign) for sign in text.translate(_SIGNS)).strip().lower()
    if not _ONLY_A_NUMBER.fullmatch(plain):
        return _phone_among_words(typed, plain, country)
    try:
        found = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        found = None
    if found is not None and phonenumbers.is_valid_number(found):
        shape = _shape(found, country)
        return Understood(shape, shape)
    local = phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY
    if found and phonenumbers.is_possible_number_with_reason(found) == local:
        return Understood(typed, _("The area code is missing: ask for it. Kept as typed."), True)
    said = _("This looks wrong for a phone number: read it back. Kept as typed.")
    return Understood(typed, said, True)


def _phone_among_words(typed: str, plain: str, country: str) -> Understood[str]:
    """Kept whole, since the words may matter; what is read in them is said."""
    found = [match.number for match in phonenumbers.PhoneNumberMatcher(plain, country)]
    if not found:
        said = _("No whole phone number is seen in this: read it back. Kept as typed.")
        return Understood(typed, said, True)
    numbers = "; ".join(_shape(number, country) for number in found)
    return Understood(typed, _("Kept as typed, with {numbers} in it").format(numbers=numbers))


def _shape(found: phonenumbers.PhoneNumber, country: str) -> str:
    forms = phonenumbers.PhoneNumberFormat
    home = phonenumbers.country_code_for_region(country) == found.country_code
    return phonenumbers.format_number(found, forms.NATIONAL if home else forms.INTERNATIONAL)
