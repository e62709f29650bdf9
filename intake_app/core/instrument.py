"""Published scales: a score is exact, or it is bounds. A blank is never a zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from intake_app.core.model import Source
from intake_app.core.protocol import Item


@dataclass(frozen=True, slots=True)
class Band:
    """Totals from `least` to `most`, both included, carry this word."""

    least: int
    most: int
    label: str


@dataclass(frozen=True, slots=True)
class Cutoff:
    name: str
    at_least: int


@dataclass(frozen=True)
class Instrument:
    """A scale as data. `may_answer`: whose voice gives a score; others only observe."""

    id: str
    title: str
    official_name: str
    wording: str
    scoring: str
    items: tuple[Item, ...]
    may_answer: frozenset[Source]
    bands: tuple[Band, ...] = ()
    cutoffs: tuple[Cutoff, ...] = ()
    recall: str = ""
    owner: str = ""
    licence: str = ""
    evidence_date: str = ""
    loinc: str = ""
    total_loinc: str = ""
    sources: tuple[str, ...] = ()

    @property
    def scored_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.scored)


@dataclass(frozen=True, slots=True)
class Score:
    """`least` and `most` that the total can still be, in points; equal when nothing is missing.

    `total` and `severity` are None while an item is missing, whatever the bounds say.
    """

    least: int
    most: int
    missing: tuple[str, ...]
    bands: tuple[str, ...]

    @property
    def total(self) -> int | None:
        return None if self.missing else self.least

    @property
    def severity(self) -> str | None:
        return None if self.missing or not self.bands else self.bands[0]


def score(instrument: Instrument, points: Mapping[str, int | None]) -> Score:
    """Score the items of `points`; one that is absent or None is missing."""
    return METHODS[instrument.scoring](instrument, points)


def _sum(instrument: Instrument, points: Mapping[str, int | None]) -> Score:
    least = most = 0
    missing = []
    for item in instrument.scored_items:
        value = points.get(item.id)
        if value is None:
            missing.append(item.id)
        codes = [int(option.code) for option in item.options] if value is None else [value]
        least += min(codes)
        most += max(codes)
    bands = tuple(b.label for b in instrument.bands if b.least <= most and least <= b.most)
    return Score(least, most, tuple(missing), bands)


# A scoring method: one function and its place here.
METHODS: dict[str, Callable[[Instrument, Mapping[str, int | None]], Score]] = {"sum": _sum}

# Not a number: the highest rule wins, never a sum. See core/safety.py.
SUICIDE_LEVEL = "suicide_level"
