"""Locking ends the process that knew the key: Python cannot wipe memory.

A fresh process takes its place and shows the unlock screen. Nothing is lost: nothing was unsaved.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

# security.md, R8: 10 minutes, a clinic may set 1 to 15; it cannot be turned off.
IDLE_MINUTES = 10
_SIGNS_OF_LIFE = (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel)


def replace_process() -> None:
    """Never returns. Password and other secrets of the environment do not go along."""
    os.environ.pop("INTAKE_PASSWORD", None)
    again = [sys.executable, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(sys.executable, again)  # noqa: S606 - this very program, anew
    subprocess.Popen(again)  # noqa: S603
    os._exit(0)


class IdleLock(QObject):
    """Tells when nobody touched anything for too long. `held` says that it has to wait.

    Measured by a clock that only runs forward: setting the computer's time changes nothing.
    """

    due = Signal()

    def __init__(
        self, app: QApplication, held: Callable[[], bool], minutes: float = IDLE_MINUTES
    ) -> None:
        super().__init__(app)
        self._held = held
        self._limit_ms = int(minutes * 60_000)
        self._since = QElapsedTimer()
        self._since.start()
        self._watch = QTimer(self)
        self._watch.setInterval(min(1000, max(1, self._limit_ms // 4)))
        self._watch.timeout.connect(self._look)
        self._watch.start()
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _SIGNS_OF_LIFE:
            self._since.restart()
        return False

    def _look(self) -> None:
        if self._held():
            self._since.restart()  # the time starts again once it may lock
        elif self._since.hasExpired(self._limit_ms):
            self._watch.stop()
            self.due.emit()
