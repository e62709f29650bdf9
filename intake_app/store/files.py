"""Files that are either the old one or the new one, never half of either."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes, *, sync_folder: bool = False) -> None:
    """The old file or the new one stands at `path` at every moment, whole.

    `sync_folder` makes the new name last through a power cut as well.
    """
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)  # what a killed save left
    with open(unfinished, "xb", opener=_owner_only) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    if sync_folder:
        _sync_folder(path.parent)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    """Windows does this itself, and cannot be asked."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
