"""Locking ends the process that knew the key: Python cannot wipe memory.

A fresh process takes its place and shows the unlock screen. Nothing is lost: nothing was unsaved.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QInputEvent
from PySide6.QtWidgets import QApplication

from intake_app import quiet

_SIGNS_OF_LIFE = (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel)
# What the next process is told, and nothing else: whose desk it was, and whether another comes.
_LAST, _OTHER = "INTAKE_LAST", "INTAKE_OTHER"


class Handover(NamedTuple):
    """Who was at the desk, by name, "" at a first start; and whether somebody else comes to it."""

    last: str = ""
    other: bool = False


def hand_over(last: str, *, other: bool) -> None:
    """For the process that takes the place of this one. Names stand in clear in vault.keys."""
    os.environ[_LAST] = last
    os.environ[_OTHER] = "1" if other else ""


def handed_over() -> Handover:
    """Once: a second lock says it anew."""
    last, other = (os.environ.pop(name, "") for name in (_LAST, _OTHER))
    return Handover(last, bool(other))


def replace_process() -> None:
    """Never returns. Password and other secrets of the environment do not go along."""
    for secret in ("INTAKE_PASSWORD", "INTAKE_RECOVERY_KEY"):
        os.environ.pop(secret, None)
    quiet.wipe()
    again = [sys.executable, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(sys.executable, again)  # noqa: S606 - this very program, anew
    import subprocess  # noqa: PLC0415 - the first window shall not wait for it

    subprocess.Popen(again)  # noqa: S603
    os._exit(0)


def running_seconds() -> float:
    """A clock that only runs forward, whatever the computer's time is set to. On Linux it runs on
    while the computer sleeps; where the system has no such clock, sleep does not count."""
    with_sleep = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if with_sleep is None else time.clock_gettime(with_sleep)


class IdleLock(QObject):
    """Tells when nobody touched anything for too long.

    `limit` says after how many minutes, as things are now; None holds it, and the time starts
    again once it may lock.
    """

    due = Signal()

    def __init__(
        self,
        app: QApplication,
        limit: Callable[[], float | None],
        seconds: Callable[[], float] = running_seconds,
    ) -> None:
        super().__init__(app)
        self._limit = limit
        self._seconds = seconds
        self._since = seconds()
        self._watch = QTimer(self)
        self._watch.setInterval(500)  # within a second of the limit: security.md, R8
        self._watch.timeout.connect(self.look)
        self._watch.start()
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QInputEvent) and event.type() in _SIGNS_OF_LIFE:
            self._since = self._seconds()
        return False

    def look(self) -> None:
        limit = self._limit()
        if limit is None:
            self._since = self._seconds()
        elif self._seconds() - self._since >= limit * 60:
            self._since = self._seconds()  # if whoever is asked does not let it lock
            self.due.emit()
