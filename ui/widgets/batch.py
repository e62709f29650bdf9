"""Several summaries on paper, one after another: how far it is, and the key that ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from intake_app.core.errors import IntakeError
from intake_app.core.words import _, _n
from intake_app.service import WorklistRow
from ui.desk import Desk
from ui.widgets.basics import button, label, row
from ui.widgets.print_pages import draw, printer_named


def is_draft(each: WorklistRow) -> bool:
    return each.status != "signed"


class PrintBatch(QWidget):
    """Pages are made on the one worker and drawn one a turn of the loop: keys are heard meanwhile.
    `ended` says that nothing more comes, whatever the reason."""

    ended = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._waiting: list[WorklistRow] = []
        self._count = 0
        self._how = ("", 1, "")
        self._pages: Iterator[int] | None = None
        self._said = label(look="meta")
        self._bar = QProgressBar()
        self._bar.setAccessibleName(_("Summaries printed"))
        self._bar.setTextVisible(False)
        self._cancel = button(_("Cancel   Esc"), name=_("Print no more of them"))
        self._cancel.clicked.connect(self.cancel)
        parts = row([self._said, self._bar, self._cancel])
        parts.setStretch(0, 1)
        self.setLayout(parts)
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._draw_on)
        for each in (self, self._bar, self._cancel):
            each.hide()

    @property
    def running(self) -> bool:
        return not self._cancel.isHidden()

    def begin(self, rows: Sequence[WorklistRow], printer: str, copies: int, reason: str) -> None:
        self._waiting, self._count = list(rows), len(rows)
        self._how = (printer, copies, reason)
        self._bar.setRange(0, self._count)
        self._bar.setValue(0)  # an empty one is at -1
        for each in (self, self._bar, self._cancel):
            each.show()
        self._next()

    def cancel(self) -> None:
        """The one that is on its way is printed to its end: half a summary helps nobody."""
        self._waiting = []

    @property
    def _done(self) -> int:
        return self._bar.value()

    def _next(self) -> None:
        if not self._waiting:
            self._end("")
            return
        each = self._waiting.pop(0)
        self._say()
        if not self._kept(each):
            self._end("")
            return
        service = self._desk.service

        def made() -> bytes | str:
            try:
                return service.summary_to_print(each.intake_id)
            except IntakeError as refusal:
                return str(refusal)

        self._desk.in_background(made, lambda found: self._print(each.record_number, found))

    def _kept(self, each: WorklistRow) -> bool:
        """The reason of a draft comes first: no page leaves without it."""
        reason = self._how[2]
        if not reason or not is_draft(each):
            return True
        said = _("Draft printed: {reason}").format(reason=reason)
        return self._desk.ask(lambda service: service.add_note(each.intake_id, said)) is not None

    def _print(self, title: str, found: bytes | str) -> None:
        if isinstance(found, str):
            self._end(found)
            return
        try:
            printer = printer_named(*self._how[:2], title)
            self._pages = draw(found, None, printer)
        except IntakeError as refusal:
            self._end(str(refusal))
            return
        self._turn.start()

    def _draw_on(self) -> None:
        try:
            more = next(self._pages, None) if self._pages is not None else None
        except IntakeError as refusal:
            self._end(str(refusal))
            return
        except BaseException:
            self._end("")  # a fault of the app's own, said by whoever catches it; it counts nothing
            raise
        if more is None:
            self._turn.stop()
            self._pages = None
            self._bar.setValue(self._done + 1)
            self._next()

    def _say(self) -> None:
        template = _("Printing {number} of {count}")
        self._said.setText(template.format(number=self._done + 1, count=self._count))

    def _end(self, why: str) -> None:
        """How many are on paper, and which reason kept the others from it."""
        self._turn.stop()
        self._pages = None
        self._waiting = []
        template = _n(
            "{done} of {count} summary sent to the printer. {why}",
            "{done} of {count} summaries sent to the printer. {why}",
            self._count,
        )
        said = template.format(done=self._done, count=self._count, why=why).strip()
        self._said.setText(said)
        for each in (self._bar, self._cancel):
            each.hide()
        self.ended.emit()
