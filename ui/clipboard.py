"""What this app put on the clipboard leaves it after a minute, and at once with the lock and the
close. What another program put there stays.

Not in our hands: a program that keeps a history of the clipboard.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication

KEPT_MS = 60_000


class CleanClipboard(QObject):
    """Watches what is copied from any field, and on X11 what is selected."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._clipboard = QGuiApplication.clipboard()
        self._ours: set[QClipboard.Mode] = set()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(KEPT_MS)
        self._wait.timeout.connect(self.clear)
        self._clipboard.changed.connect(self._changed)

    def _changed(self, mode: QClipboard.Mode) -> None:
        """Some systems do not tell whose it is: then it is ours if we were in front."""
        owns = {
            QClipboard.Mode.Clipboard: self._clipboard.ownsClipboard,
            QClipboard.Mode.Selection: self._clipboard.ownsSelection,
        }.get(mode, lambda: False)
        if owns() or QGuiApplication.focusWindow() is not None:
            self._ours.add(mode)
            self._wait.start()
        else:
            self._ours.discard(mode)

    def clear(self) -> None:
        ours, self._ours = self._ours, set()
        for mode in ours:
            self._clipboard.clear(mode)
        self._ours.clear()  # clearing is a change of our own
        self._wait.stop()
