"""Antidepressant trials: which count as adequate, which of those failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from itertools import product

from intake_app.core.condition import Span
from intake_app.core.instrument import Instrument, Score, score
from intake_app.core.model import PartialDate, Source, Value
from intake_app.core.protocol import Item
from intake_app.core.words import _

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Trial:
    """One antidepressant trial. None stands for whatever is not known.

    `weeks` taken at all, `improvement_pct` from 0 to 100, `sources` whose words these are;
    `same_as` the entry before it in which all is told alike: perhaps one trial, told twice.
    """

    entry: int
    medicine: str | None = None
    drug_class: str = ""
    start: PartialDate | None = None
    dose_mg: Number | None = None
    weeks: Number | None = None
    most_days: bool | None = None
    improvement_pct: Number | None = None
    end: str | None = None
    dose_reached: str | None = None
    sources: tuple[Source, ...] = ()
    same_as: int | None = None


def told_apart(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Each with the first before it that is told alike in everything."""
    first: dict[Trial, int] = {}
    found = []
    for trial in trials:
        entry = first.setdefault(replace(trial, entry=0, sources=()), trial.entry)
        found.append(trial if entry == trial.entry else replace(trial, same_as=entry))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class TrialRules:
    """What the clinic counts: parameters of trial_adequacy_weeks and of failed_adequate_trials.

    Failed is what made less of a difference than `inadequate_below_pct`. `lifetime`: every trial
    counts, not only those of this episode.
    """

    min_weeks: Number
    inadequate_below_pct: Number
    lifetime: bool = False


class Verdict(Enum):
    """How a trial counts; those that rule it out in the order in which they are said."""

    EARLIER = auto()
    CURRENT = auto()
    TOO_SHORT = auto()
    TOO_LOW = auto()
    NOT_TAKEN = auto()
    HELPED = auto()
    OPEN = auto()
    FAILED = auto()


def _verdict_words() -> Mapping[Verdict, str]:
    return {
        Verdict.EARLIER: _("before this episode: not counted here"),
        Verdict.CURRENT: _("still being taken: not counted"),
        Verdict.TOO_SHORT: _("too short: not an adequate trial"),
        Verdict.TOO_LOW: _("dose below the minimum: not an adequate trial"),
        Verdict.NOT_TAKEN: _("not taken on most days: not an adequate trial"),
        Verdict.HELPED: _("helped enough: not counted as failed"),
        Verdict.OPEN: _("not counted yet, still open: {what}"),
        Verdict.FAILED: _("adequate, not enough benefit: counted as failed"),
    }


_STILL_TAKING, _REACHED, _BELOW = "still_taking", "at_or_above_minimum", "below_minimum"


def verdict(trial: Trial, rules: TrialRules, began: bool | None = True) -> str:
    """How a trial counts and why, in words for a person: all that rules it out, or is open."""
    words = _verdict_words()
    what = ", ".join(_open_parts(trial, began).values())
    return "; ".join(words[each].format(what=what) for each in judged(trial, rules, began))


def judged(trial: Trial, rules: TrialRules, began: bool | None = True) -> tuple[Verdict, ...]:
    """All that rules a trial out; else open, while anything is; else that it failed.

    `began`: whether it did so in the episode that counts; None where the dates leave it open.
    """
    ruled_out = (
        (Verdict.EARLIER, began is False),
        (Verdict.CURRENT, trial.end == _STILL_TAKING),
        (Verdict.TOO_SHORT, trial.weeks is not None and trial.weeks < rules.min_weeks),
        (Verdict.TOO_LOW, trial.dose_reached == _BELOW),
        (Verdict.NOT_TAKEN, trial.most_days is False),
        (Verdict.HELPED, _helped(trial, rules)),
    )
    found = tuple(each for each, holds in ruled_out if holds)
    return found or (Verdict.OPEN if _open_parts(trial, began) else Verdict.FAILED,)


def left_open(
    trial: Trial, rules: TrialRules, began: bool | None = True, *, by_class: bool = False
) -> Mapping[str, str]:
    """Each part of a trial that keeps it from being counted or not, with words for it. Where
    classes are counted (`by_class`), also the class that nobody knows of one that failed."""
    verdict = judged(trial, rules, began)
    open_ = _open_parts(trial, began) if verdict == (Verdict.OPEN,) else {}
    if by_class and not trial.drug_class and (open_ or verdict == (Verdict.FAILED,)):
        open_["drug_class"] = _("what kind of medicine it was")
    return open_


def _helped(trial: Trial, rules: TrialRules) -> bool:
    return trial.improvement_pct is not None and trial.improvement_pct >= rules.inadequate_below_pct


def _open_parts(trial: Trial, began: bool | None) -> dict[str, str]:
    another = _("whether it is another than trial {entry}").format(entry=trial.same_as)
    parts = {
        "began": (began is None, _("whether it began in this episode")),
        "weeks": (trial.weeks is None, _("how many weeks")),
        "dose_reached": (trial.dose_reached != _REACHED, _("whether the dose was enough")),
        "most_days": (trial.most_days is None, _("whether it was taken on most days")),
        "improvement_pct": (trial.improvement_pct is None, _("how much it helped")),
        "end": (trial.end is None, _("why it ended")),
        "same_as": (trial.same_as is not None, another),
    }
    return {part: words for part, (is_open, words) in parts.items() if is_open}


def in_episode(trial: Trial, episode: PartialDate | None) -> bool | None:
    """Whether the trial began in the current episode; None where the dates leave it open."""
    if trial.start is None or episode is None:
        return None
    if trial.start.earliest is not None and trial.start.earliest >= episode.latest:
        return True
    before = episode.earliest is not None and trial.start.latest < episode.earliest
    return False if before else None


def began(trial: Trial, rules: TrialRules, episode: PartialDate | None) -> bool | None:
    """Whether the clinic looks at a trial at all: all of life, or this episode alone."""
    return True if rules.lifetime else in_episode(trial, episode)


def failed(trials: Iterable[Trial], rules: TrialRules, episode: PartialDate | None) -> Span:
    """How many adequate trials failed: from those certain to all that may still count."""
    found = [judged(trial, rules, began(trial, rules, episode)) for trial in trials]
    certain = found.count((Verdict.FAILED,))
    return Span(certain, certain + found.count((Verdict.OPEN,)))


def failed_classes(trials: Iterable[Trial], rules: TrialRules) -> Span:
    """Distinct drug classes among the failed trials of all of life; an unnamed one may be new or
    old."""
    found = [(trial.drug_class, judged(trial, rules)) for trial in trials]
    sure = [name for name, each in found if each == (Verdict.FAILED,)]
    maybe = [name for name, each in found if each == (Verdict.OPEN,)]
    named = set(filter(None, sure))
    new = set(filter(None, maybe)) - named
    least = len(named) or (1 if sure else 0)
    return Span(least, len(named) + sure.count("") + len(new) + maybe.count(""))


# Staging ------------------------------------------------------------------------------------------


def months_since(start: PartialDate | None, today: date) -> Span | None:
    """Months of an episode that are over or begun, since the staging method asks for "up to 12"
    and "more than 24": a day beyond 24 months is in the 25th. None where nobody knows the start.
    """
    if start is None or (start.earliest is not None and start.earliest > today):
        return None
    latest = min(start.latest, today)
    most = None if start.earliest is None else _months_begun(start.earliest, today)
    return Span(_months_begun(latest, today), most)


def _months_begun(start: date, today: date) -> int:
    whole = (today.year - start.year) * 12 + today.month - start.month
    return whole + (today.day > start.day) if whole else 1


# The instrument that is the Maudsley staging method, and what the record knows of its parts.
STAGING = "msm"
_DURATION, _FAILURES = f"{STAGING}.duration", f"{STAGING}.failures"
_AUGMENTATION, _ECT = f"{STAGING}.augmentation", f"{STAGING}.ect"
# What the record may tell of it.
OF_RECORD = frozenset({_DURATION, _FAILURES, _AUGMENTATION, _ECT})
Record = Mapping[str, Span | bool]


def of_record(
    failures: Span | None,
    episode: PartialDate | None,
    today: date,
    ever: tuple[bool | None, bool | None] = (None, None),
) -> Record:
    """By item of the staging: how many months this episode lasts, and the failed trials in it.

    `ever`: augmentation and ECT at some time in life. What never was, was not in this episode; of
    what once was, and of how severe it is, a clinician says it (Fekadu et al., J Clin Psychiatry
    2009).
    """
    found = {_DURATION: months_since(episode, today), _FAILURES: failures}
    never = {
        part: False for part, was in zip((_AUGMENTATION, _ECT), ever, strict=True) if was is False
    }
    return {part: span for part, span in found.items() if span is not None} | never


def is_settled(item: Item, known: Span | bool) -> bool:
    """Whether all that a part of the staging may be has the same points."""
    if isinstance(known, bool):
        return True
    points = set()
    for step in item.steps:
        holds = True if step.when is None else step.when.decide({item.name: known}.__getitem__)
        if holds is not False:
            points.add(step.points)
        if holds:
            return len(points) == 1
    return False  # it may have none, as no failed trial has


def staged(staging: Instrument, answers: Mapping[str, Value | None], record: Record) -> Score:
    """The stage from a clinician's `answers`, and from the record where there is none.

    A range is scored at its ends, since a longer episode and more failures lower no stage, but
    every end of one with every end of the other: no failure at all has no level, and so may be
    any. While its points are open a part is missing, and there are bounds and no stage.
    """
    unsaid = {part: known for part, known in record.items() if answers.get(part) is None}
    answers = {**answers, **{p: known for p, known in unsaid.items() if isinstance(known, bool)}}
    spans = {part: span for part, span in unsaid.items() if isinstance(span, Span)}
    farthest = {item.id: item.limits[-1] for item in staging.items if item.limits}
    ends = {p: {s.least, farthest[p] if s.most is None else s.most} for p, s in spans.items()}
    corners = [dict(zip(ends, each, strict=True)) for each in product(*ends.values())]
    found = [score(staging, {**answers, **corner}) for corner in corners]
    parts = {item.id: item for item in staging.items}
    missing = {part for part, span in spans.items() if not is_settled(parts[part], span)}
    missing |= {part for one in found for part in one.missing}
    least, most = min(one.least for one in found), max(one.most for one in found)
    return replace(
        found[0],
        least=least,
        most=most,
        missing=tuple(item.id for item in staging.scored_items if item.id in missing),
        bands=tuple(b.label for b in staging.bands if b.least <= most and least <= b.most),
        domains={name: _hull([one.domains[name] for one in found]) for name in found[0].domains},
    )


def _hull(found: Iterable[tuple[Number, Number]]) -> tuple[Number, Number]:
    least, most = zip(*found, strict=True)
    return min(least), max(most)
