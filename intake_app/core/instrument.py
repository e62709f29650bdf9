"""Published scales: a score is exact, or it is bounds. A blank is never a zero.

One principle carries everything: no score falls when the points of an answer rise. So an open
answer is scored at its least and at its most points, and the bounds are those of every way to fill
it in. The one thing without an order is a choice that other points depend on, such as sex in
STOP-Bang: an open choice is tried with each of its options.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import TypeVar

from intake_app.core.condition import NOT_APPLICABLE, Condition, Span
from intake_app.core.model import Source, Stage, State, Value
from intake_app.core.protocol import Citation, Item, Points

# The sex as recorded for clinical use, where a cut-off depends on it.
SEXES = ("male", "female", "not_stated")
NOT_STATED = "not_stated"
# The codes of a result that is one or the other.
YES, NO = "yes", "no"

# How freely the official wording may be shipped.
LICENCE_TIERS = ("free", "conditions", "topics_only")

Ends = tuple[Points, Points]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Band:
    """Totals from `least` to `most`, both included, carry this word."""

    least: int
    most: int
    label: str


@dataclass(frozen=True, slots=True)
class Domain:
    """A number of its own from some of the items, by id.

    `take` is "sum" or "greatest" of their points, or "count": how many have at least the points of
    `reach`.
    """

    name: str
    take: str
    items: tuple[str, ...]
    reach: Mapping[str, Points]


@dataclass(frozen=True, slots=True)
class Derived:
    """(total * times + plus) / over, shown to so many digits after the point."""

    name: str
    times: Decimal
    plus: Decimal
    over: Decimal
    digits: int

    def of(self, total: Points) -> Decimal:
        return (total * self.times + self.plus) / self.over


@dataclass(frozen=True, slots=True)
class Outcome:
    """`when` is None on the last one, which holds where none before it does."""

    code: str
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Result:
    """A named reading of the score: the first outcome that holds. `basis` says whose it is."""

    name: str
    title: str
    basis: str
    outcomes: tuple[Outcome, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(outcome.code for outcome in self.outcomes)

    @property
    def is_yes_no(self) -> bool:
        return self.codes == (YES, NO)


@dataclass(frozen=True, slots=True)
class Change:
    """What a difference between two scores means, and on whose word.

    `unit`: points, percent of the score before, percent_points of a derived percentage, or
    total_at_most for a total that is reached.
    """

    what: str
    amount: Decimal
    unit: str
    basis: str


@dataclass(frozen=True, slots=True)
class Example:
    """A sheet as its source gives it, proven at load: the answers in order and what they give."""

    answers: str
    outcome: str
    source: str


@dataclass(frozen=True)
class Instrument:
    """A scale as data. `may_answer`: whose voice gives a score; others only observe.

    `either`: ids of which one answered is enough, the rest then being blank. `rater`: who chooses
    the answers, patient or clinician.
    """

    id: str
    title: str
    official_name: str
    wording: str
    stage: Stage
    rater: str
    scoring: str
    items: tuple[Item, ...]
    may_answer: frozenset[Source]
    owner: str
    licence: str
    licence_tier: str
    permitted_use: str
    evidence_date: str
    sources: tuple[Citation, ...]
    bands: tuple[Band, ...]
    domains: tuple[Domain, ...]
    either: tuple[tuple[str, ...], ...]
    derived: tuple[Derived, ...]
    results: tuple[Result, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    recall: str
    loinc: str
    total_loinc: str
    examples: tuple[Example, ...] = ()  # proven on the scale itself

    @cached_property
    def scored_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.scored)

    @cached_property
    def choices(self) -> tuple[Item, ...]:
        return tuple(item for item in self.scored_items if item.kind == "choice")

    @cached_property
    def partners(self) -> Mapping[str, tuple[str, ...]]:
        """By id, the others of its `either`."""
        return {
            id_: tuple(other for other in group if other != id_)
            for group in self.either
            for id_ in group
        }

    @property
    def is_scored(self) -> bool:
        """Whether there is a number; a suicide-risk screen has a level instead."""
        return self.scoring in METHODS


@dataclass(frozen=True, slots=True)
class Score:
    """`least` and `most` that the total can still be, in points; equal when nothing is missing.

    `domains` and `derived` likewise, by name. `bands` and, by name, `results` are those that are
    still possible: a result with one code is decided, whatever is missing. `contradicted` are
    answers to items that another answer skips. `total` and `severity` are None while an item is
    missing, whatever the bounds say.
    """

    least: Points
    most: Points
    missing: tuple[str, ...]
    bands: tuple[str, ...]
    domains: Mapping[str, Ends]
    derived: Mapping[str, Ends]
    results: Mapping[str, tuple[str, ...]]
    contradicted: tuple[str, ...]

    @property
    def total(self) -> Points | None:
        return None if self.missing else self.least

    @property
    def severity(self) -> str | None:
        return None if self.missing or not self.bands else self.bands[0]

    def decided(self, result: str) -> str | None:
        """The code that every way of filling in what is missing gives."""
        codes = self.results[result]
        return codes[0] if len(codes) == 1 else None


def plain(points: Points) -> int | float:
    """For JSON."""
    return float(points) if isinstance(points, Decimal) else points


def shown(points: Points) -> str:
    """For people: two digits after the point at most."""
    return f"{points:.2f}".rstrip("0").rstrip(".") if isinstance(points, Decimal) else str(points)


def score(
    instrument: Instrument, answers: Mapping[str, Value | State | None], sex: str | None = None
) -> Score:
    """Score the values of `answers`, by item id; one that is absent or None is blank.

    A state says that the item was asked in vain: of two of which one answered is enough, the other
    may be blank, and declined it is still open.
    """
    values = {id_: v for id_, v in answers.items() if v is not None and not isinstance(v, State)}
    vain = {id_ for id_, v in answers.items() if isinstance(v, State)}
    still_open = [item for item in instrument.choices if item.id not in values]
    if not still_open:
        return _Sheet(instrument, values, vain, sex).score(())
    ids = tuple(item.id for item in still_open)
    codes = product(*(item.points for item in still_open))
    filled = ({**values, **dict(zip(ids, each, strict=True))} for each in codes)
    return _hull(instrument, [_Sheet(instrument, sheet, vain, sex).score(ids) for sheet in filled])


class _Sheet:
    """Answers with every choice settled, and everything else that is open at its ends."""

    def __init__(
        self,
        instrument: Instrument,
        answers: Mapping[str, Value],
        vain: Container[str],
        sex: str | None,
    ) -> None:
        self.instrument = instrument
        self.answers = answers
        self.vain = vain
        self.values: dict[str, object] = {"sex": sex if sex in SEXES else NOT_STATED}
        self.read = self.values.__getitem__
        self.missing: list[str] = []
        self.contradicted: list[str] = []
        asked = {item.id: self._look(item) for item in instrument.items}
        self.ends = {item.id: self._ends(item, asked[item.id]) for item in instrument.scored_items}
        self.domains = {domain.name: self._domain(domain) for domain in instrument.domains}

    def _look(self, item: Item) -> bool | None:
        """Keep what conditions read of an item; whether it is asked, None where that is open."""
        value = self.answers.get(item.id)
        asked = True if item.when is None else item.when.decide(self.read)
        if value is not None:
            self.values[item.name] = value
            return asked
        partners = self.instrument.partners.get(item.id, ())
        if item.id not in self.vain and any(other in self.answers for other in partners):
            asked = False
        self.values[item.name] = NOT_APPLICABLE if asked is False else _value(item)
        return asked

    def _ends(self, item: Item, asked: bool | None) -> Ends:
        value = self.answers.get(item.id)
        if value is None:
            return self._open_ends(item, asked)
        if asked is False:
            self.contradicted.append(item.id)
        if item.points and not item.steps:
            points = item.points[value]
            return points, points
        found = self._possible(item, value)
        if not found:  # an answer for which the scale has no points
            self.missing.append(item.id)
            found = [step.points for step in item.steps]
        return min(found), max(found)

    def _open_ends(self, item: Item, asked: bool | None) -> Ends:
        if asked is False:
            return 0, 0
        self.missing.append(item.id)
        found = self._possible(item, None)
        return (min(found), max(found)) if asked else (min(0, *found), max(0, *found))

    def _possible(self, item: Item, value: Value | None) -> list[Points]:
        if item.steps:
            return _first_that_may_hold([(s.points, s.when) for s in item.steps], self.read)
        if value is None:
            return list(item.points.values() or item.limits)
        return [value]  # type: ignore[list-item]

    def _domain(self, domain: Domain) -> Ends:
        ends = [self.ends[id_] for id_ in domain.items]
        if domain.take == "count":
            found = list(zip(ends, domain.reach.values(), strict=True))
            reached = [reach for (least, _most), reach in found if least >= reach]
            reachable = [reach for (_least, most), reach in found if most >= reach]
            return len(reached), len(reachable)
        take = sum if domain.take == "sum" else max
        return take([least for least, _most in ends]), take([most for _least, most in ends])

    def score(self, tried: tuple[str, ...]) -> Score:
        """`tried`: the choices that are open in truth."""
        instrument = self.instrument
        least, most = METHODS[instrument.scoring](self)
        derived = {d.name: (d.of(least), d.of(most)) for d in instrument.derived}
        named = {"total": (least, most), **self.domains, **derived}
        for name, (low, top) in named.items():
            self.values[name] = low if low == top else Span(low, top)
        missing = {*self.missing, *tried}
        return Score(
            least,
            most,
            tuple(item.id for item in instrument.scored_items if item.id in missing),
            tuple(b.label for b in instrument.bands if b.least <= most and least <= b.most),
            self.domains,
            derived,
            {
                result.name: tuple(
                    _first_that_may_hold([(o.code, o.when) for o in result.outcomes], self.read)
                )
                for result in instrument.results
            },
            tuple(id_ for id_ in self.contradicted if id_ not in tried),
        )


def _value(item: Item) -> object:
    """What a condition reads of an item that nobody answered."""
    if item.kind == "scale":
        codes = [int(option.code) for option in item.options]
        return Span(min(codes), max(codes))
    return Span(*item.limits) if item.limits else None


def _first_that_may_hold(
    rows: Iterable[tuple[T, Condition | None]], read: Callable[[str], object]
) -> list[T]:
    """Of rows of which the first that holds counts, those that may be it."""
    found = []
    for one, when in rows:
        holds = True if when is None else when.decide(read)
        if holds is not False:
            found.append(one)
        if holds:
            break
    return found


def _hull(instrument: Instrument, found: list[Score]) -> Score:
    """What some of the scores allow."""

    def ends(of: Callable[[Score], Ends]) -> Ends:
        each = [of(one) for one in found]
        return min(low for low, _top in each), max(top for _low, top in each)

    def named(of: Callable[[Score], Mapping[str, Ends]]) -> Mapping[str, Ends]:
        return {name: ends(lambda one: of(one)[name]) for name in of(first)}  # noqa: B023 - at once

    first = found[0]
    least, most = ends(lambda one: (one.least, one.most))
    return Score(
        least,
        most,
        first.missing,
        tuple(b.label for b in instrument.bands if any(b.label in one.bands for one in found)),
        named(lambda one: one.domains),
        named(lambda one: one.derived),
        {
            result.name: tuple(
                o.code
                for o in result.outcomes
                if any(o.code in one.results[result.name] for one in found)
            )
            for result in instrument.results
        },
        first.contradicted,
    )


def _sum(sheet: _Sheet) -> Ends:
    least, most = zip(*sheet.ends.values(), strict=True)
    return sum(least), sum(most)


def _sum_of_domains(sheet: _Sheet) -> Ends:
    least, most = zip(*sheet.domains.values(), strict=True)
    return sum(least), sum(most)


def _body_mass_index(sheet: _Sheet) -> Ends:
    """The first item is the weight, the second the height, of which more is less."""
    (light, heavy), (short, tall) = sheet.ends.values()
    return body_mass_index(light, tall), body_mass_index(heavy, short)


def body_mass_index(kilograms: Points, metres: Points) -> Decimal:
    """Not rounded: it is the unrounded one that is compared with a limit (WHO; knowledge)."""
    return Decimal(kilograms) / (metres * metres)


# A scoring method: one function and its place here.
METHODS: Mapping[str, Callable[[_Sheet], Ends]] = {
    "sum": _sum,
    "sum_of_domains": _sum_of_domains,
    "body_mass_index": _body_mass_index,
}

# Not numbers: the highest rule wins, never a sum. See core/safety.py.
SUICIDE_LEVEL, ASQ = SUICIDE_SCREENS = ("suicide_level", "asq")
