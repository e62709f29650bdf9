"""Whether there is a screen to open a window on. Qt aborts where there is none, so it is asked
for before Qt is loaded."""

from __future__ import annotations

import ctypes
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

# Platforms of Qt that show nothing to anybody.
_BLIND = ("offscreen", "minimal", "vnc")
_PATIENCE_SECONDS = 2.0
_PAUSES_SECONDS = (0.0, 0.2, 0.5)


def has_screen(environ: Mapping[str, str]) -> bool:
    platform = environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if platform in _BLIND:
        return False
    if not sys.platform.startswith("linux"):
        return True
    if platform and platform not in ("xcb", "wayland"):
        return True  # such as eglfs: somebody chose it
    return _wayland_answers(environ) or _x_answers(environ.get("DISPLAY", ""))


def _wayland_answers(environ: Mapping[str, str]) -> bool:
    name = environ.get("WAYLAND_DISPLAY", "")
    if not name:
        return False
    path = Path(environ.get("XDG_RUNTIME_DIR", "/"), name)  # an absolute name stands for itself
    return _connects(socket.AF_UNIX, str(path))


def _x_answers(display: str) -> bool:
    """The server's socket, then its greeting: one that lets nobody in aborts Qt as well."""
    host, colon, number = display.rpartition(":")
    number = number.partition(".")[0]
    if not colon or not number.isdigit():
        return False
    if host in ("", "unix"):
        name = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X has its sockets
        found = _connects(socket.AF_UNIX, f"\0{name}") or _connects(socket.AF_UNIX, name)
    else:
        found = _connects(socket.AF_INET, (host, 6000 + int(number)))
    return found and _lets_in(display)


def _connects(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.settimeout(_PATIENCE_SECONDS)
        try:
            trial.connect(address)
        except (OSError, ValueError):
            return False
    return True


def _lets_in(display: str) -> bool:
    """With the caller's own authority; the library is the one that Qt uses.

    A bare server starts anew when its last client leaves, and is deaf meanwhile: so it is asked
    again, and the connection that it gave is kept until Qt has its own.
    """
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False  # Qt's own plug-in needs it too
    xcb.xcb_connect.restype = ctypes.c_void_p
    for pause in _PAUSES_SECONDS:
        time.sleep(pause)
        connection = ctypes.c_void_p(xcb.xcb_connect(display.encode(), None))
        if not xcb.xcb_connection_has_error(connection):
            return True
        xcb.xcb_disconnect(connection)
    return False
