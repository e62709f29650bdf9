"""How staff stand at a clinic: who may be suspended, reset or removed, and how long wrong passwords
make wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from intake_app.core.errors import WrongMove
from intake_app.core.model import Role, Staff, Standing
from intake_app.core.words import _, _n

# From how somebody stands to how they may stand next. Whoever is removed stays removed: their name
# stays under what they did, and coming back is being added anew.
MOVES: dict[Standing, frozenset[Standing]] = {
    Standing.HERE: frozenset({Standing.SUSPENDED, Standing.CODE, Standing.REMOVED}),
    Standing.SUSPENDED: frozenset({Standing.HERE, Standing.REMOVED}),
    Standing.CODE: frozenset({Standing.CODE, Standing.SUSPENDED, Standing.REMOVED}),
    Standing.REMOVED: frozenset(),
}


def standing_words() -> dict[Standing, str]:
    return {
        Standing.HERE: _("works here"),
        Standing.SUSPENDED: _("suspended"),
        Standing.CODE: _("has a one-time code"),
        Standing.REMOVED: _("removed"),
    }


def check_move(by: Staff, member: Staff, to: Standing, everybody: Iterable[Staff]) -> None:
    """Raise WrongMove with one sentence."""
    if to not in MOVES[member.standing]:
        template = _("{name} is now: {standing}. That cannot be changed so; nothing was changed.")
        words = standing_words()[member.standing]
        raise WrongMove(template.format(name=member.name, standing=words))
    if member.id == by.id:
        raise WrongMove(
            _("Nobody suspends, resets or removes themselves; ask another administrator.")
        )
    if to is not Standing.HERE:
        check_administrator_left(member, frozenset(), everybody)


def check_roles(member: Staff, roles: frozenset[Role], everybody: Iterable[Staff]) -> None:
    if not roles:
        raise WrongMove(_("A member of staff needs a role; tick at least one."))
    if member.standing is Standing.REMOVED:
        raise WrongMove(_("Whoever is removed has no roles any more; nothing was changed."))
    check_administrator_left(member, roles, everybody)


def check_administrator_left(
    member: Staff, roles: frozenset[Role], everybody: Iterable[Staff]
) -> None:
    """Somebody who can unlock has to be able to let others in."""
    if Role.ADMINISTRATOR in roles or not is_administrator(member):
        return
    if not any(is_administrator(other) for other in everybody if other.id != member.id):
        template = _(
            "{name} is the last administrator who can unlock; make somebody else one first. "
            "Nothing was changed."
        )
        raise WrongMove(template.format(name=member.name))


def is_administrator(member: Staff) -> bool:
    return member.standing is Standing.HERE and Role.ADMINISTRATOR in member.roles


# Wrong passwords ----------------------------------------------------------------------------------

# security.md, R9: three are free, then the next one waits so many seconds; from the tenth on, 15
# minutes. It slows whoever sits at this computer, and nobody who copied the files.
FREE = 3
_WAITS = (5, 15, 30, 60, 60, 60)
_LONGEST = 15 * 60


def wait_after(failures: int) -> timedelta:
    """How long the next try has to wait after so many wrong ones in a row."""
    if failures <= FREE:
        return timedelta(0)
    place = failures - FREE - 1
    return timedelta(seconds=_WAITS[place] if place < len(_WAITS) else _LONGEST)


def still_to_wait(failures: int, last: datetime, now: datetime) -> timedelta:
    """Never longer than the whole wait: the clock may have been set back in between."""
    whole = wait_after(failures)
    return min(whole, max(timedelta(0), last + whole - now))


def wait_words(wait: timedelta) -> str:
    seconds = max(1, -(-int(wait.total_seconds() * 1000) // 1000))
    if seconds < 60:
        return _n("one second", "{n} seconds", seconds).format(n=seconds)
    minutes = -(-seconds // 60)
    return _n("one minute", "{n} minutes", minutes).format(n=minutes)


# How long nobody may touch anything ---------------------------------------------------------------

# security.md, R8: a clinic may set 1 to 15 minutes; it cannot be turned off. While a line is open
# the limit is another: our choice, see docs/decisions.
IDLE_MINUTES = (1, 15)
CALL_MINUTES = (15, 240)


def check_idle(minutes: int, in_call: int) -> None:
    check_within((minutes, IDLE_MINUTES), (in_call, CALL_MINUTES))


def check_within(*told: tuple[int | None, tuple[int, int]]) -> None:
    """WrongMove for a whole number outside its ends; None is none that was told."""
    for value, (least, most) in told:
        if value is not None and not least <= value <= most:
            template = _("It is a whole number from {least} to {most}; nothing was changed.")
            raise WrongMove(template.format(least=least, most=most))
