"""Backups: which of them are kept, when one is due, and what is said of their age."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake_app.core.words import _, _n

GENERATIONS = 3
# Our choice: what an hour's work is worth; and a lock soon after a backup makes no second one.
EVERY = timedelta(hours=1)
AFTER_WORK = timedelta(minutes=15)
# Our choice: from then on the worklist says so. The second place may be a disk that is fetched.
OLD = timedelta(days=1)
OLD_ELSEWHERE = timedelta(days=7)


@dataclass(frozen=True)
class Place:
    """Where backups are kept, and when each was made, newest first. `trouble` says why it cannot
    be reached, or what it cannot protect from."""

    path: str
    made: tuple[datetime, ...] = ()
    trouble: str = ""

    @property
    def newest(self) -> datetime | None:
        return self.made[0] if self.made else None


@dataclass(frozen=True)
class Backups:
    """`changed`: something was recorded after the newest; `failed`: the last try came to nothing;
    `since`: the first entry of the records."""

    here: Place
    elsewhere: Place | None
    changed: bool
    failed: bool
    since: datetime


def kept(made: Iterable[datetime]) -> frozenset[datetime]:
    """The newest of all, of an earlier day and of an earlier week; what is left of three
    generations is filled with the newest others. Days as the times themselves tell them."""
    order = sorted(made, reverse=True)
    if not order:
        return frozenset()
    newest = order[0]
    earlier_day = next((at for at in order if at.date() < newest.date()), None)
    week = newest.isocalendar()[:2]
    earlier_week = next((at for at in order if at.isocalendar()[:2] < week), None)
    found = [at for at in (newest, earlier_day, earlier_week) if at is not None]
    chosen = list(dict.fromkeys(found))
    chosen += [at for at in order if at not in chosen]
    return frozenset(chosen[:GENERATIONS])


def is_due(found: Backups, now: datetime, after: timedelta) -> bool:
    """A clock that was set back leaves a newest of tomorrow: that one is not waited for."""
    newest = found.here.newest
    return found.changed and (newest is None or not timedelta() <= now - newest < after)


def age_words(at: datetime | None, now: datetime) -> str:
    if at is None:
        return _("never")
    hours = int((now - at).total_seconds() // 3600)
    if hours < 1:
        return _("less than an hour ago")
    if hours < 48:
        return _n("{hours} hour ago", "{hours} hours ago", hours).format(hours=hours)
    days = hours // 24
    return _n("{days} day ago", "{days} days ago", days).format(days=days)


def warnings(found: Backups, now: datetime) -> Sequence[str]:
    """Whole sentences, the worst first; none where all is well."""
    said = []
    newest = found.here.newest
    old = newest is None or now - newest > OLD
    if found.failed:
        said.append(_("The last backup failed."))
    if found.changed and old and now - found.since > OLD:
        template = _("The newest backup: {age}, and something was recorded since.")
        said.append(template.format(age=age_words(newest, now)))
    if found.elsewhere is None:
        if now - found.since > OLD:
            said.append(_("All backups lie on this computer; no second place is chosen."))
    elif _is_behind(found, now):
        template = _("The second place has no backup of this week (newest: {age}). {trouble}")
        words = template.format(
            age=age_words(found.elsewhere.newest, now), trouble=found.elsewhere.trouble
        )
        said.append(words.strip())
    return tuple(said)


def _is_behind(found: Backups, now: datetime) -> bool:
    elsewhere, here = found.elsewhere, found.here.newest
    if elsewhere is None or here is None or elsewhere.newest == here:
        return False
    return elsewhere.newest is None or now - elsewhere.newest > OLD_ELSEWHERE
