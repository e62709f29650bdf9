"""Files that are either the old one or the new one, never half of either."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

UNFINISHED = ".new"


def replace_file(path: Path, data: bytes, *, sync_folder: bool = False) -> None:
    """The old file or the new one stands at `path` at every moment, whole.

    `sync_folder` makes the new name last through a power cut as well.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with _begun(unfinished) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    if sync_folder:
        sync(path.parent)


def _begun(path: Path) -> BinaryIO:
    try:
        return open(path, "xb", opener=_owner_only)
    except FileExistsError:  # what a killed save left
        path.unlink()
        return open(path, "xb", opener=_owner_only)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def sync(folder: Path) -> None:
    """Make the names in a folder last. Windows does this itself, and cannot be asked."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
