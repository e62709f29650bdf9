"""The only door to the service: run, announce, refuse in a sentence, work in the background."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from intake_app.core.errors import IntakeError, Unsaved
from intake_app.core.screening import Case
from intake_app.core.words import _
from intake_app.service import Clock, IntakeService

T = TypeVar("T")


class Desk(QObject):
    """One case at a time lies on the desk; every screen is shown from it.

    Signals: `case_changed` carries the Case after every change and every opening; `refused` one
    plain sentence; `saved` the time of the last commit; `unsaved` says that what was given is not
    in the records; `closing` comes before the records close.
    """

    case_changed = Signal(object)
    refused = Signal(str)
    saved = Signal(object)
    unsaved = Signal()
    closing = Signal()
    _done = Signal(object, object)

    def __init__(self, service: IntakeService, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.service = service
        self.clock = clock
        self.case: Case | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._done.connect(self._deliver)
        self._closed = False
        self._ran = (clock(), time.monotonic())
        self._place: dict[str, str] = {}
        self._beside: dict[str, str] = {}

    def now(self) -> datetime:
        return self.clock()

    def running(self) -> datetime:
        """The time by which anybody waits. It only runs forward: setting the computer's clock back
        ends no alert, and after a restart it goes on from the times of the record."""
        now = self.clock()
        at, since = self._ran
        now = max(now, at + timedelta(seconds=time.monotonic() - since))
        self._ran = (now, time.monotonic())
        return now

    @property
    def intake_id(self) -> str:
        if self.case is None:
            raise RuntimeError("no case lies on the desk")
        return self.case.intake.id

    def change(self, deed: Callable[[IntakeService], Case]) -> bool:
        """True once it is saved; on a refusal the screens show the last recorded state again."""
        if self._closed:
            return False
        try:
            case = deed(self.service)
        except IntakeError as refusal:
            self._refuse(refusal)
            return False
        except BaseException:
            self.unsaved.emit()  # a fault of the app's own, said by whoever catches it
            raise
        self.saved.emit(self.now())
        self.show(case)
        return True

    def ask(self, question: Callable[[IntakeService], T]) -> T | None:
        """Something that changes no case; None when it was refused."""
        answer = self._answer(question)
        self._tell_owed()
        return answer

    def _answer(self, question: Callable[[IntakeService], T]) -> T | None:
        if self._closed:
            return None
        try:
            return question(self.service)
        except IntakeError as refusal:
            self._refuse(refusal)
            return None

    def _tell_owed(self) -> None:
        if self.owed:
            self.unsaved.emit()

    @property
    def owed(self) -> str:
        """What to say while the disk refuses that somebody looked; "" while nothing is owed."""
        if self._closed or not self.service.owes:
            return ""
        return _(
            "The disk refuses to write. What is shown is what was saved; that you looked will be "
            "recorded when it writes again. Nothing new is kept until then."
        )

    def _refuse(self, refusal: IntakeError) -> None:
        if isinstance(refusal, Unsaved):
            self.unsaved.emit()
        self.refused.emit(str(refusal))

    def keep_place(
        self, fields: Mapping[str, str], *, beside: bool = False, aloud: bool = True
    ) -> bool:
        """Where this person is, with what is half typed; False where that was refused. `beside` the
        screen: on the panel, for the intake that it names, until the place is another's. `aloud`
        says so: of a place alone nobody loses anything."""
        if self._closed:
            return False
        if beside:
            self._beside = dict(fields)
        else:
            self._place = dict(fields)
        if self._beside.get("intake_id") != self._place.get("intake_id"):
            if beside:
                self._place = {"screen": "call"}
            else:
                self._beside = {}
        try:
            self.service.clinic.keep_place({**self._place, **self._beside})
        except IntakeError as refusal:
            if aloud:
                self._refuse(refusal)
            return False
        return True

    def open(self, intake_id: str) -> bool:
        case = self._answer(lambda service: service.show(intake_id))
        if case is not None:
            self._tell_owed()
            self.show(case)
        return case is not None

    def show(self, case: Case) -> None:
        self.case = case
        self.case_changed.emit(case)

    def clear(self) -> None:
        """No case lies on the desk any more."""
        self.case = None

    def in_background(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """`work` on the one worker, `then` here; what it raises is raised here too."""
        future = self._worker.submit(work)
        future.add_done_callback(lambda done: self._done.emit(done, then))

    def behind_the_others(self, work: Callable[[], None]) -> None:
        """`work` on the one worker, after what waits there already; comes back when it is done."""
        self._worker.submit(work).result()

    def _deliver(self, done: Future[T], then: Callable[[T], None]) -> None:
        if self._closed:
            return
        try:
            result = done.result()
        except IntakeError as refusal:
            self._refuse(refusal)
            return
        then(result)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Nothing is written after it, whatever a closing window still tells."""
        if self._closed:
            return
        self._closed = True
        self.closing.emit()
        self._worker.shutdown(wait=True)
        self.service.close()
