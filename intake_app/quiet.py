"""What this process leaves nowhere: temporary files outside its own folder, and words of a fault
other than its class. Light: it is loaded before everything else.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from types import TracebackType

from intake_app import process

_PREFIX = "ketamine-intake-"
_MARK = ".in-use"
# Where Python, Qt, SQLite and Windows look for the folder of temporary files.
_VARIABLES = ("TMPDIR", "TMP", "TEMP", "SQLITE_TMPDIR")


class PrivateFolder:
    """For everything that this process, and what it starts, writes for a moment: mode 0700, gone
    at the end. What killed processes left goes with the next start.

    The mark in it is locked while its process lives; the system lets go of it, whatever ends that.
    """

    def __init__(self) -> None:
        self._before = {name: os.environ.get(name) for name in _VARIABLES}
        root = _outside(Path(tempfile.gettempdir()))
        _sweep(root)
        self.path, self._mark = _claimed(root)
        os.environ.update(dict.fromkeys(_VARIABLES, str(self.path)))
        tempfile.tempdir = str(self.path)

    def wipe(self) -> None:
        """Also before another process takes the place of this one. A second time does nothing."""
        tempfile.tempdir = None
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        self._mark.close()
        shutil.rmtree(self.path, ignore_errors=True)


_mine: list[PrivateFolder] = []


@contextmanager
def begun() -> Iterator[None]:
    """From the first line of a run to its last."""
    say_classes_alone()
    # On a full disk there is no such folder. Then there is room for no other temporary file either.
    with suppress(OSError):
        _mine.append(PrivateFolder())
    try:
        yield
    finally:
        wipe()


def wipe() -> None:
    while _mine:
        _mine.pop().wipe()


def _outside(root: Path) -> Path:
    """A process that was started by another one of ours makes no folder inside the other's."""
    return root.parent if root.name.startswith(_PREFIX) else root


def _claimed(root: Path) -> tuple[Path, FileIO]:
    """Again, where a sweep of another start took the folder before its mark was locked."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        with suppress(FileNotFoundError):
            mark = FileIO(path / _MARK, "x")
            if _lock(mark) and (path / _MARK).stat().st_ino == os.fstat(mark.fileno()).st_ino:
                return path, mark
            mark.close()


def _sweep(root: Path) -> None:
    with suppress(OSError):
        for left in list(root.glob(f"{_PREFIX}*")):
            if _is_ours(left) and _is_abandoned(left / _MARK):
                shutil.rmtree(left, ignore_errors=True)


def _is_ours(left: Path) -> bool:
    if left.is_symlink() or not left.is_dir():
        return False
    return os.name != "posix" or left.stat().st_uid == os.getuid()


def _is_abandoned(mark: Path) -> bool:
    try:
        with FileIO(mark, "r+") as file:
            return _lock(file)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _lock(file: FileIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - Windows only

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - POSIX only

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# Words --------------------------------------------------------------------------------------------


def say_classes_alone() -> None:
    """Whatever Python or a library would print of a fault by itself: its class, never its words,
    which may be a patient's. A window puts its own sys.excepthook in the place of this one."""
    import logging  # noqa: PLC0415
    import threading  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    sys.excepthook = _unhandled
    sys.unraisablehook = lambda found: process.tell_fault(found.exc_type)
    threading.excepthook = lambda found: process.tell_fault(found.exc_type)
    warnings.showwarning = lambda _said, kind, *_where, **_more: process.tell(kind.__name__)

    class Scrubbed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            process.tell(f"{record.name}: {record.levelname}")

    logging.raiseExceptions = False  # or a record that cannot be put together prints its arguments
    logging.getLogger().handlers[:] = [Scrubbed(logging.WARNING)]


def _unhandled(
    kind: type[BaseException], _bug: BaseException, _trace: TracebackType | None
) -> None:
    process.tell_fault(kind)
