"""What the system tells of its sleep and its own screen lock.

On Linux over D-Bus, which is a socket of this computer: logind says that it goes to sleep or that a
session is to lock, the desktop's screen saver that it came on. Elsewhere nothing is heard: see
docs/platforms.md.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import SLOT, QObject, Signal, Slot

_LOGIN = "org.freedesktop.login1"
# Where, which, and whether it carries a yes or no.
_SYSTEM = (
    ("/org/freedesktop/login1", f"{_LOGIN}.Manager", "PrepareForSleep", True),
    ("", f"{_LOGIN}.Session", "Lock", False),
)
_SESSION = (
    ("", "org.freedesktop.ScreenSaver", "ActiveChanged", True),
    ("", "org.gnome.ScreenSaver", "ActiveChanged", True),
)


class SystemWatch(QObject):
    """`locking` says that the system sleeps or locks. Without a bus it says nothing, ever."""

    locking = Signal()

    def listen(self) -> None:
        """To the buses of this computer; loaded only here, behind the first window."""
        if sys.platform != "linux":
            return
        try:
            from PySide6.QtDBus import QDBusConnection  # noqa: PLC0415
        except ImportError:
            return
        self.hear(QDBusConnection.systemBus(), QDBusConnection.sessionBus())

    def hear(self, system: object, session: object) -> None:
        for bus, told in ((system, _SYSTEM), (session, _SESSION)):
            if not bus.isConnected():  # type: ignore[attr-defined]
                continue
            for path, interface, name, says in told:
                slot = SLOT("_said(bool)") if says else SLOT("_lock()")
                bus.connect("", path, interface, name, self, slot)  # type: ignore[attr-defined]

    @Slot(bool)
    def _said(self, on: bool) -> None:
        if on:
            self.locking.emit()

    @Slot()
    def _lock(self) -> None:
        self.locking.emit()
