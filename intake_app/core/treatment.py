"""Antidepressant trials: which count as adequate, which of those failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from intake_app.core.condition import Span
from intake_app.core.model import PartialDate
from intake_app.core.words import _


@dataclass(frozen=True, slots=True)
class Trial:
    """One antidepressant trial. None stands for whatever is not known."""

    entry: int
    medicine: str | None = None
    drug_class: str = ""
    start: PartialDate | None = None
    dose_mg: int | Decimal | None = None
    weeks: int | Decimal | None = None
    most_days: bool | None = None
    improvement_pct: int | Decimal | None = None
    end: str | None = None
    dose_reached: str | None = None


@dataclass(frozen=True, slots=True)
class TrialRules:
    """The clinic's parameters of criterion trial_adequacy_weeks."""

    min_weeks: int | Decimal
    inadequate_below_pct: int | Decimal


class Verdict(Enum):
    """How a trial counts."""

    FAILED = auto()
    CURRENT = auto()
    HELPED = auto()
    TOO_SHORT = auto()
    TOO_LOW = auto()
    NOT_TAKEN = auto()
    OPEN = auto()


def _verdict_words() -> Mapping[Verdict, str]:
    return {
        Verdict.FAILED: _("adequate, not enough benefit: counted as failed"),
        Verdict.CURRENT: _("still being taken: not counted"),
        Verdict.HELPED: _("helped enough: not counted as failed"),
        Verdict.TOO_SHORT: _("too short: not an adequate trial"),
        Verdict.TOO_LOW: _("dose below the minimum: not an adequate trial"),
        Verdict.NOT_TAKEN: _("not taken on most days: not an adequate trial"),
        Verdict.OPEN: _("something is still open: not counted yet"),
    }


def verdict(trial: Trial, rules: TrialRules) -> str:
    """How a trial counts and why, in words for a person."""
    return _verdict_words()[judged(trial, rules)]


def judged(trial: Trial, rules: TrialRules) -> Verdict:
    """A trial with anything missing is open unless what is known already rules it out."""
    ruled_out = (
        (trial.end == "still_taking", Verdict.CURRENT),
        (trial.weeks is not None and trial.weeks < rules.min_weeks, Verdict.TOO_SHORT),
        (trial.dose_reached == "below_minimum", Verdict.TOO_LOW),
        (trial.most_days is False, Verdict.NOT_TAKEN),
        (_helped(trial, rules), Verdict.HELPED),
    )
    for holds, found in ruled_out:
        if holds:
            return found
    known = (trial.weeks, trial.most_days, trial.improvement_pct, trial.end)
    if None in known or trial.dose_reached != "at_or_above_minimum":
        return Verdict.OPEN
    return Verdict.FAILED


def _helped(trial: Trial, rules: TrialRules) -> bool:
    return trial.improvement_pct is not None and trial.improvement_pct >= rules.inadequate_below_pct


def in_episode(trial: Trial, episode: PartialDate | None) -> bool | None:
    """Whether the trial began in the current episode; None where the dates leave it open."""
    if trial.start is None or episode is None:
        return None
    if episode.earliest is None or trial.start.earliest is None:
        return None
    if trial.start.earliest >= episode.latest:
        return True
    return False if trial.start.latest < episode.earliest else None


def failed(
    trials: tuple[Trial, ...], rules: TrialRules, episode: PartialDate | None, *, lifetime: bool
) -> Span:
    """How many adequate trials failed: from those certain to all that may still count."""
    certain = possible = 0
    for trial in trials:
        where = True if lifetime else in_episode(trial, episode)
        found = judged(trial, rules)
        if where is False or found not in (Verdict.FAILED, Verdict.OPEN):
            continue
        possible += 1
        certain += found is Verdict.FAILED and where is True
    return Span(certain, possible)


def failed_classes(trials: tuple[Trial, ...], rules: TrialRules) -> Span:
    """Distinct drug classes among the failed trials; an unnamed one may be new or old."""
    sure = [t for t in trials if judged(t, rules) is Verdict.FAILED]
    maybe = [t for t in trials if judged(t, rules) is Verdict.OPEN]
    named = {t.drug_class for t in sure if t.drug_class}
    unnamed = sum(not t.drug_class for t in sure)
    new = {t.drug_class for t in maybe if t.drug_class} - named
    least = len(named) or (1 if unnamed else 0)
    return Span(least, len(named) + unnamed + len(new) + sum(not t.drug_class for t in maybe))
