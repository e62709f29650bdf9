"""Backups without being asked, every hour of work and after it, and a proof of everything where
there was none for a week. No call waits for either."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from PySide6.QtCore import QObject, QTimer

from intake_app.core.backups import AFTER_WORK, EVERY
from intake_app.core.errors import IntakeError
from ui.desk import Desk

_LOOK_MS = 60_000


class AutomaticBackups(QObject):
    """`busy` says that somebody is on the line, or that an escalation waits."""

    def __init__(self, desk: Desk, busy: Callable[[], bool]) -> None:
        super().__init__(desk)
        self._desk = desk
        self._busy = busy
        self._running = False
        self._watch = QTimer(self)
        self._watch.setInterval(_LOOK_MS)
        self._watch.timeout.connect(self.look)
        self._watch.start()

    def look(self) -> None:
        """Do in the background what is due; what fails is one sentence."""
        if self._desk.closed or self._running or self._busy():
            return
        if self._is_due(EVERY):
            self._begin(lambda: self._desk.service.backups.back_up().trouble)
        elif self._is_check_due():
            self._begin(self._check)

    def _begin(self, deed: Callable[[], str]) -> None:
        def told() -> str:
            try:
                return deed()
            except IntakeError as refusal:
                return str(refusal)

        self._running = True
        self._desk.in_background(told, self._done)

    def _done(self, trouble: str) -> None:
        self._running = False
        if trouble:
            self._desk.refused.emit(trouble)

    def _check(self) -> str:
        self._desk.service.trail.check_trail()
        return ""

    def _is_check_due(self) -> bool:
        with suppress(IntakeError):
            return self._desk.service.trail.is_check_due()
        return False

    def after_work(self) -> None:
        """Before the records close; that it failed is in the trail, and the worklist says so."""
        self._watch.stop()
        self._desk.behind_the_others(self._if_due)

    def _if_due(self) -> None:
        if self._is_due(AFTER_WORK):
            with suppress(IntakeError):
                self._desk.service.backups.back_up()

    def _is_due(self, after: timedelta) -> bool:
        with suppress(IntakeError):
            return self._desk.service.backups.is_due(after)
        return False
