"""Wrong passwords at this computer, counted in `vault.tries`: they make the next one wait.

The file is no part of the record and is sealed by nothing, for nobody has unlocked yet: whoever can
delete it could as well copy the vault and guess elsewhere. Nothing but a password waits: neither
the clinic's numbers nor the recovery key, which cannot be guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from intake_app.core.errors import IntakeError
from intake_app.core.roster import still_to_wait, wait_after, wait_words
from intake_app.core.words import _
from intake_app.store import vault
from intake_app.store.codec import canonical, time_of, time_text
from intake_app.store.files import replace_file

FILE = "vault.tries"
NOBODY = "unknown"  # all names that nobody here has count as one


class TooManyTries(vault.WrongPassword):
    """A wrong password after which the next one has to wait, or one that came too early."""

    def __init__(self, wait: timedelta) -> None:
        template = _(
            "Too many wrong passwords for this name: the next try is possible in {wait}. The "
            "emergency key and the clinic's numbers work all the same."
        )
        IntakeError.__init__(self, template.format(wait=wait_words(wait)))
        self.wait = wait


@dataclass(frozen=True)
class Tries:
    """Wrong passwords in a row, when the last was, and how many the trail does not know yet."""

    failures: int
    last: str
    untold: int

    def wait(self, now: datetime) -> timedelta:
        return still_to_wait(self.failures, time_of(self.last), now)


def read(folder: Path) -> dict[str, Tries]:
    """By staff_id. Total: a file that cannot be read counts nothing."""
    try:
        held = json.loads((folder / FILE).read_bytes())
        return {key: _tries(**fields) for key, fields in held.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _tries(failures: int, last: str, untold: int) -> Tries:
    if type(failures) is not int or type(untold) is not int or time_of(last).tzinfo is None:
        raise ValueError
    return Tries(max(0, failures), last, max(0, untold))


def _keep(folder: Path, held: Mapping[str, Tries]) -> None:
    # A full or read-only disk must not keep anybody out.
    with suppress(OSError):
        if not held:
            (folder / FILE).unlink(missing_ok=True)
            return
        data = canonical({key: asdict(each) for key, each in held.items()})
        replace_file(folder / FILE, data.encode(), sync_folder=True)


def who(folder: Path, name: str) -> str:
    found = (id_ for id_, known in vault.read(folder).staff if _same(known, name))
    return next(found, NOBODY)


def _same(one: str, other: str) -> bool:
    return vault.folded(one) == vault.folded(other)


@contextmanager
def guarded(folder: Path, name: str, now: datetime) -> Iterator[None]:
    """Around one try at a password. It is counted before it is made, so that ending the process in
    between gains nothing, and forgotten once it was right."""
    key, held = who(folder, name), read(folder)
    before = held.get(key, Tries(0, time_text(now), 0))
    wait = before.wait(now)
    if wait:
        raise TooManyTries(wait)
    tried = Tries(before.failures + 1, time_text(now), before.untold + 1)
    _keep(folder, {**held, key: tried})
    try:
        yield
    except vault.WrongPassword:
        if wait_after(tried.failures):
            raise TooManyTries(wait_after(tried.failures)) from None
        raise
    except BaseException:
        _put_back(folder, key, before)
        raise
    _put_back(folder, key, Tries(0, before.last, before.untold))


def _put_back(folder: Path, key: str, tries: Tries) -> None:
    held = {**read(folder), key: tries}
    _keep(folder, {each: t for each, t in held.items() if t.failures or t.untold})


def forgive(folder: Path, staff_id: str) -> None:
    """Somebody need not wait any longer."""
    held = read(folder)
    if staff_id in held:
        _put_back(folder, staff_id, Tries(0, held[staff_id].last, held[staff_id].untold))


def told(folder: Path) -> None:
    """The trail knows of all of them now."""
    held = {key: Tries(t.failures, t.last, 0) for key, t in read(folder).items()}
    _keep(folder, {key: tries for key, tries in held.items() if tries.failures})
