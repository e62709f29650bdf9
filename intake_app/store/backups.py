"""Backups: each is a whole vault at rest, in a folder of its own, under the same keys.

So nothing is needed to read one but the app and a password of then, or the recovery key; `verify`
says of it what it says of a vault, and its `vault.head` anchors it. A folder without "unfinished"
in its name was proven after it was written.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher

from intake_app.core import backups as generations
from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from intake_app.store import database, outlets, schema, vault, verify
from intake_app.store.anchor import CLINIC, HEAD, KEYS
from intake_app.store.database import DATABASE, LOCK, Records
from intake_app.store.files import sync

FILES = (DATABASE, KEYS, HEAD, CLINIC)
_STAMP = "%Y-%m-%dT%H%M%SZ"
_STAMPED = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")


class NotBackedUp(IntakeError):
    """What there was before is as it was."""

    def __init__(self, why: str) -> None:
        template = _(
            "No backup was made: {why}. The records and the earlier backups are as they were."
        )
        super().__init__(template.format(why=why))


class Changed(NotBackedUp):
    """The copy does not verify: so the records do not, or the disk does not keep what it takes."""


class NotRestored(IntakeError):
    def __init__(self, why: str) -> None:
        template = _("Nothing was restored: {why}. What was there is as it was.")
        super().__init__(template.format(why=why))


def home(folder: Path) -> Path:
    """Beside the vault, so that it stays where the vault is replaced."""
    return folder.with_name(f"{folder.name}-backups")


def elsewhere(folder: Path, place: Path) -> Path:
    return place / f"{folder.name}-backups"


# Making -------------------------------------------------------------------------------------------


def make(records: Records, to: Path, more: verify.More) -> Path:
    """A consistent copy in the new folder `to`, proven after it was written. Whatever stops this,
    no half backup stands there. Changed where the copy does not verify."""
    with _unfinished(to) as making:
        records.copy_to(making)
        _prove(making, records.keys, more)
    return to


def send(backup: Path, to: Path, keys: vault.Keys, more: verify.More) -> Path:
    """The same backup in a second place, proven there too."""
    with _unfinished(to) as making:
        for name in FILES:
            shutil.copyfile(backup / name, making / name)
        _prove(making, keys, more)
    return to


def _prove(making: Path, keys: vault.Keys, more: verify.More) -> None:
    fault = verify.first_fault(making, keys, more)
    if fault is not None:
        raise Changed(_("the copy does not verify ({fault})").format(fault=fault))


@contextmanager
def _unfinished(to: Path) -> Iterator[Path]:
    try:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(to)
        making = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}-unfinished-"))
    except OSError as error:
        raise NotBackedUp(_refused(error)) from None
    try:
        yield making
        _last(making)
        database.move(making, to)
    except OSError as error:
        raise NotBackedUp(_refused(error)) from None
    except sqlcipher.Error as error:
        raise NotBackedUp(database.reason(error) or type(error).__name__) from None
    except (database.CannotOpen, database.NotSaved) as error:
        raise NotBackedUp(error.why) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _refused(error: OSError) -> str:
    return _("the disk refused ({why})").format(why=error.strerror)


def _sweep(to: Path) -> None:
    """What a killed backup left: nobody else makes one here while this vault is open."""
    for left in to.parent.glob(".*-unfinished-*"):
        whose = left.name[1:].partition("-unfinished-")[0]
        if whose != to.name and not _STAMPED.fullmatch(whose):
            continue
        names = {path.name.partition("-")[0] for path in left.iterdir()} if left.is_dir() else {"x"}
        if names <= {*FILES, LOCK}:
            shutil.rmtree(left, ignore_errors=True)


def _last(folder: Path) -> None:
    """Lasts through a power cut: each file, and their names."""
    for path in folder.iterdir():
        handle = os.open(path, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    sync(folder)


# Generations --------------------------------------------------------------------------------------


def stamped(place: Path, at: datetime) -> Path:
    return place / at.astimezone(UTC).strftime(_STAMP)


def free(place: Path, at: datetime) -> Path:
    """The folder for a backup of `at`; two in one second do not meet."""
    while stamped(place, at).exists():
        at += timedelta(seconds=1)
    return stamped(place, at)


def made(place: Path) -> dict[datetime, Path]:
    """When each backup in a place was made; total."""
    found = {}
    with suppress(OSError):
        for path in place.iterdir():
            if _STAMPED.fullmatch(path.name) and all((path / name).is_file() for name in FILES):
                at = datetime.strptime(path.name, _STAMP).replace(tzinfo=UTC)
                found[at] = path
    return found


def rotate(place: Path, zone: datetime) -> None:
    """Take away what is not one of the three generations; days are those of the clinic's zone."""
    found = {at.astimezone(zone.tzinfo): path for at, path in made(place).items()}
    for at in found.keys() - generations.kept(found):
        shutil.rmtree(found[at], ignore_errors=True)


# Restoring ----------------------------------------------------------------------------------------


def difference(one: Path, other: Path, keys: vault.Keys) -> str | None:
    """The first row in which two vaults at rest differ."""
    left = database.connect(one / DATABASE, keys.database)
    right = database.connect(other / DATABASE, keys.database)
    try:
        for table in schema.metadata.sorted_tables:
            statement = f"SELECT * FROM {table.name} ORDER BY 1"  # noqa: S608 - our names
            rows = zip_longest(left.execute(statement), right.execute(statement))
            for number, (before, after) in enumerate(rows, start=1):
                if before != after:
                    template = _("{table}: row {number} differs from the backup")
                    return template.format(table=table.name, number=number)
    finally:
        left.close()
        right.close()
    return None


@contextmanager
def taken_back(copy: Path, folder: Path, keys: vault.Keys) -> Iterator[Path]:
    """The copied backup beside the place of the vault, equal row by row; moved there when the
    block ends well. A vault that stands there is kept beside."""
    making = _beside(folder)
    try:
        for name in FILES:
            shutil.copyfile(copy / name, making / name)
        different = difference(copy, making, keys)
        if different is not None:
            raise NotRestored(different)
        yield making
        _last(making)
    except OSError as error:
        raise NotRestored(_refused(error)) from None
    except (database.CannotOpen, database.NotSaved) as error:
        raise NotRestored(error.why) from None
    except BaseException:
        raise
    else:
        _swap(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _beside(folder: Path) -> Path:
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        prefix = f".{folder.name}-unfinished-"
        return Path(tempfile.mkdtemp(dir=folder.parent, prefix=prefix))
    except OSError as error:
        raise NotRestored(_refused(error)) from None


def _ready(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}-restored")


def _swap(making: Path, folder: Path) -> None:
    """A kill at any step leaves the old vault or the new one: see `settle`."""
    try:
        with suppress(FileNotFoundError):
            shutil.rmtree(_ready(folder))
        making.rename(_ready(folder))
        sync(folder.parent)
        if folder.exists():
            if any(folder.iterdir()):
                _nobody_has(folder)
                folder.rename(kept(folder))
            else:
                folder.rmdir()
        _ready(folder).rename(folder)
        sync(folder.parent)
    except OSError as error:
        settle(folder)
        raise NotRestored(_refused(error)) from None
    except BaseException:
        settle(folder)
        raise


def _nobody_has(folder: Path) -> None:
    with verify.nobody_writes(folder):
        pass


def kept(folder: Path) -> Path:
    """A free name beside the vault, for what stood there."""
    for number in range(1, 1000):
        found = folder.with_name(f"{folder.name}-kept-{number}")
        if not found.exists():
            return found
    raise NotRestored(_("too many earlier vaults are kept beside it; move some away"))


def settle(folder: Path) -> None:
    """End what a kill cut short: where the old vault was kept aside already, the restored one
    comes to its place; where it was not, the old one stays."""
    ready = _ready(folder)
    if not ready.is_dir():
        return
    with suppress(OSError):
        if folder.exists():
            shutil.rmtree(ready)
        else:
            ready.rename(folder)
            sync(folder.parent)


# A copy as it is ----------------------------------------------------------------------------------


def copy_as_is(folder: Path, to: Path) -> Path:
    """Every file byte for byte, for somebody who examines it or for safe keeping."""
    outlets.refuse_records(to, folder)
    try:
        if to.exists() and any(to.iterdir()):
            raise outlets.WrongPlace(
                _("The folder for the copy is not empty; nothing was done. Choose a new one.")
            )
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name != LOCK:
                shutil.copyfile(path, to / path.name)
        _last(to)
    except OSError as error:
        raise NotBackedUp(_refused(error)) from None
    return to
