"""A fault of the app itself, while a window is open: one sentence, and the window goes on.

What an exception carries may be a patient's; its class is not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from intake_app import process
from intake_app.core.words import _


def fault_words(kind: type[BaseException]) -> str:
    template = _(
        "The app met a fault of its own ({kind}). What was saved before is safe, and you can go "
        "on. Tell those who look after it."
    )
    return template.format(kind=kind.__name__)


def install(say: Callable[[str], None]) -> None:
    """Take the place of sys.excepthook, which Qt calls for whatever a slot raises, and of what Qt
    says by itself: that may quote a text on the screen."""

    def hook(kind: type[BaseException], _bug: BaseException, _trace: TracebackType | None) -> None:
        sentence = fault_words(kind)
        process.tell(sentence)
        with suppress(Exception):  # a window that is going away cannot say it
            if issubclass(kind, Exception):
                say(sentence)

    sys.excepthook = hook
    qInstallMessageHandler(_qt_says)


def _qt_says(kind: QtMsgType, context: QMessageLogContext, _text: str) -> None:
    if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg, QtMsgType.QtWarningMsg):
        process.tell(f"Qt: {kind.name} {context.category}")
