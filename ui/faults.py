"""A fault of the app itself, while a window is open: one sentence, and the window goes on.

What an exception carries may be a patient's; its class is not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from intake_app.core.words import _


def fault_words(kind: type[BaseException]) -> str:
    template = _(
        "The app met a fault of its own ({kind}). What was saved before is safe, and you can go "
        "on. Tell those who look after it."
    )
    return template.format(kind=kind.__name__)


def install(say: Callable[[str], None]) -> None:
    """Take the place of sys.excepthook, which Qt calls for whatever a slot raises."""

    def hook(kind: type[BaseException], bug: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, bug, trace)
            return
        sentence = fault_words(kind)
        sys.stderr.write(f"{sentence}\n")
        with suppress(Exception):  # a window that is going away cannot say it
            say(sentence)

    sys.excepthook = hook
