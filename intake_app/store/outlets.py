"""Files that leave the records for a place that somebody chose: a PDF, the result as JSON."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import combinations
from pathlib import Path

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from intake_app.store.files import UNFINISHED, replace_file
from intake_app.store.vault import FILE_NAME


class WrongPlace(IntakeError):
    """Said before anything is done."""


class CannotWrite(IntakeError):
    """The records are as they were; the file that was asked for is not there."""

    def __init__(self, path: Path, why: str) -> None:
        template = _(
            "The call is saved, but {file} cannot be written ({why}); choose another place."
        )
        super().__init__(template.format(file=_name(path), why=why))


def put(path: Path, data: bytes) -> None:
    """The old file or the new one, never half; whatever is no file, such as a pipe, is written."""
    with _told_of(path):
        _refuse_folder(path)
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            replace_file(path, data)


@contextmanager
def beside(path: Path, data: bytes) -> Iterator[Callable[[], None]]:
    """As `put`, in two steps: written beside its place, which may take as long as a drive that does
    not answer, and then put there by what this gives, so that no transaction waits for the first.
    Whatever was not put there is taken away. What is no file is written at once."""
    unfinished = _unfinished(path)
    with _told_of(path):
        _refuse_folder(path)
        is_file = path.is_file() or not path.exists()
        if is_file:
            replace_file(unfinished, data)
        else:
            path.write_bytes(data)

    def place() -> None:
        with _told_of(path):
            if is_file:
                os.replace(unfinished, path)

    try:
        yield place
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWrite(path, str(error.strerror)) from None


def refuse_records(path: Path, folder: Path) -> None:
    """Nothing may be written over records, or beside them: neither here nor in another vault."""
    for place in _places(path):
        if _is_same(place, folder) or (place / FILE_NAME).is_file():
            template = _(
                "{file} lies in the folder of the records, where nothing else may lie; nothing was "
                "done. Choose another place."
            )
            raise WrongPlace(template.format(file=_name(path)))


def prove(outlets: Sequence[Path], case: Path, folder: Path) -> None:
    """Before anything is recorded: each file can be made, and destroys nothing."""
    for path in outlets:
        refuse_records(path, folder)
    touched = [(case,), *((path, _unfinished(path)) for path in outlets)]
    for some, others in combinations(touched, 2):
        if any(_is_same(one, other) for one in some for other in others):
            template = _(
                "{file} is named for more than one thing; nothing was done. Give each file its own "
                "place."
            )
            raise WrongPlace(template.format(file=_name(others[0])))
    for path in outlets:
        _try(path)


def _try(path: Path) -> None:
    """By making a file beside it, which is taken away again."""
    try:
        _refuse_folder(path)
        if path.exists() and not path.is_file():
            return
        trial = _unfinished(path)
        trial.unlink(missing_ok=True)
        trial.touch(mode=0o600, exist_ok=False)
        trial.unlink()
    except OSError as error:
        template = _(
            "{file} cannot be written there ({why}); nothing was done. Choose another place."
        )
        raise WrongPlace(template.format(file=_name(path), why=error.strerror)) from None


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def _unfinished(path: Path) -> Path:
    return path.parent / (path.name + UNFINISHED)


def _name(path: Path) -> str:
    return path.name or str(path)


def _places(path: Path) -> Iterator[Path]:
    """Where it lies, and where what it links to lies."""
    target = Path(os.path.realpath(path))
    beside = Path(os.path.realpath(path.parent))
    yield from (target, *target.parents, beside, *beside.parents)


def _is_same(one: Path, other: Path) -> bool:
    """The disk knows best which names are one. What is not there yet is the same if only its case
    or its accents differ: there are disks that do not tell them apart."""
    try:
        return one.samefile(other)
    except OSError:
        return _plain(one) == _plain(other)


def _plain(path: Path) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()
