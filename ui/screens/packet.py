"""The summary on paper: looked at inside the app, saved, printed; a draft says so everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeyEvent
from shiboken6 import isValid

from intake_app.core.errors import IntakeError
from intake_app.core.screening import Case
from intake_app.core.words import _, _n
from ui import keys
from ui.desk import Desk
from ui.screens.base import Screen
from ui.theme import look
from ui.widgets.basics import Foot, button, card, column, label, row
from ui.widgets.files import SaveDialog, ask_file
from ui.widgets.pdf_view import PdfView
from ui.widgets.print_pages import PrintDialog, draw, page_range, printer_named

_SLOW_MS = 150  # nothing is said of a wait that is shorter


class PacketScreen(Screen):
    NAME = "packet"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._made_for = ""
        self._printing: Iterator[int] | None = None
        self._pages_to_print = 0
        self._dialog: PrintDialog | None = None
        self._files: SaveDialog | None = None
        self.view = PdfView()
        self.view.turned.connect(self._turned)
        self._state = label(look="staff")
        self._said = label(look="meta")
        self._page = label(look="meta", wrap=False)  # of the pages; `_said` is of files and print
        self._problem = label(look="problem")
        self._problem.hide()
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(_SLOW_MS)
        self._slow.timeout.connect(lambda: self._page.setText(_("Making the pages…")))
        self._next_page = QTimer(self)
        self._next_page.setInterval(0)
        self._next_page.timeout.connect(self._print_on)
        self._build()
        keys.action(self, "save_pdf", self.save)
        keys.action(self, "packet", self.print_)
        keys.action(self, "main", self.print_)
        keys.action(self, "review", lambda: self.go.emit("review"))

    def _build(self) -> None:
        print_ = button(_("Print   Ctrl+P"), "primary")
        print_.clicked.connect(self.print_)
        save = button(_("Save as PDF   Ctrl+S"))
        save.clicked.connect(self.save)
        back = button(_("Review   Ctrl+R"))
        back.clicked.connect(lambda: self.go.emit("review"))
        said = row([self._page, self._said])
        said.setStretch(1, 1)
        foot = Foot([print_, save, back])
        whole = column([self._state, self._problem, self.view, said, foot])
        whole.setStretch(2, 1)
        outer = column([card(whole)])
        self.setLayout(outer)

    # Shown from the case ----------------------------------------------------------------------

    def entered(self) -> None:
        self._problem.hide()
        self._said.setText("")
        self.view.clear()
        self._page.setText("")
        self.view.setFocus()
        if self.desk.case is not None:
            self.show_case(self.desk.case)

    def show_case(self, case: Case) -> None:
        """The pages are made on the one worker; what they were made for is remembered, so that
        a case that was left meanwhile is never shown under another's name."""
        signed = case.intake.signature is not None
        look(self._state, "calm" if signed else "staff")
        self._state.setText(
            _("✓ Signed by {name}").format(name=case.intake.signature.name)
            if case.intake.signature is not None
            else _("DRAFT, not signed. The pages say so too; printing asks for a reason.")
        )
        intake_id = case.intake.id
        self._made_for = intake_id
        self._slow.start()
        service = self.desk.service
        self.desk.in_background(
            lambda: (intake_id, service.summary_pdf(intake_id)), lambda made: self._show(*made)
        )

    def _show(self, intake_id: str, data: bytes) -> None:
        on_desk = self.desk.case
        if on_desk is None or on_desk.intake.id != intake_id or not self.isVisible():
            return
        self._slow.stop()
        page = self.view.page if self.view.count else 0
        self.view.put(data)
        self.view.turn(page)

    def _turned(self, page: int, count: int) -> None:
        self._page.setText(_("Page {page} of {count}").format(page=page + 1, count=count))

    # Saving -----------------------------------------------------------------------------------

    def save(self) -> None:
        """Written on a thread of its own: a drive that does not answer holds no key."""
        case = self.desk.case
        if case is None:
            return
        suggested = f"{case.intake.patient.record_number}.pdf"
        intake_id, service = case.intake.id, self.desk.service
        self._problem.hide()
        dialog = ask_file(
            self,
            _("Save as PDF"),
            suggested,
            lambda at: service.print_summary(intake_id, at),
            self._saved_in,
        )
        self._files = dialog
        dialog.finished.connect(lambda _code: self._put_away())

    def _put_away(self) -> None:
        self.window().activateWindow()
        self.view.setFocus()

    def _saved_in(self, place: Path) -> None:
        if isValid(self):
            self._said.setText(_("✓ Saved in {place}").format(place=place))

    # Printing ---------------------------------------------------------------------------------

    def print_(self) -> None:
        case = self.desk.case
        if case is None or self.view.pages is None:
            self.refuse(_("The pages are not made yet; wait a moment."))
            return
        if self._printing is not None:
            self.refuse(_("Pages are being printed already."))
            return
        dialog = PrintDialog(self, self.view.count, draft=case.intake.signature is None)
        dialog.chosen.connect(self._print_as)
        dialog.save_instead.connect(self.save)
        dialog.finished.connect(lambda _code: self._closed(dialog))
        self._dialog = dialog
        dialog.open()

    def _closed(self, dialog: PrintDialog) -> None:
        self._dialog = None
        dialog.deleteLater()
        self.view.setFocus()

    def _print_as(self, name: str, copies: int, pages: str, reason: str) -> None:
        """The note of a draft comes first: no page leaves without it."""
        case = self.desk.case
        if case is None or self.view.pages is None:
            return
        try:
            wanted = page_range(pages, self.view.count)
            printer = printer_named(name, copies, case.intake.patient.record_number)
        except IntakeError as refusal:
            self.refuse(str(refusal))
            return
        if reason and not self._kept(case.intake.id, reason):
            return
        data = self.desk.ask(lambda service: service.summary_to_print(case.intake.id))
        if data is None:
            return
        if self._dialog is not None:
            self._dialog.accept()
        self._pages_to_print = len(wanted)
        self._printing = draw(data, wanted, printer)
        self._next_page.start()

    def _kept(self, intake_id: str, reason: str) -> bool:
        text = _("Draft printed: {reason}").format(reason=reason)
        return self.desk.ask(lambda service: service.add_note(intake_id, text)) is not None

    def _print_on(self) -> None:
        """One page a turn of the loop, so that the keys are heard between pages."""
        if self._printing is None:
            self._next_page.stop()
            return
        try:
            done = next(self._printing, None)
        except IntakeError as refusal:
            self._printing = None
            self._said.setText("")
            self.refuse(str(refusal))
            return
        if done is None:
            self._printing = None
            count = self._pages_to_print
            template = _n(
                "✓ Sent to the printer: {count} page", "✓ Sent to the printer: {count} pages", count
            )
            self._said.setText(template.format(count=count))
        else:
            self._said.setText(
                _("Printing page {page} of {count}").format(page=done, count=self._pages_to_print)
            )

    def refuse(self, sentence: str) -> bool:
        self._slow.stop()
        if not self.view.count:
            self._page.setText("")  # "Making the pages…" is no longer so
        if self._dialog is not None:
            self._dialog.refuse(sentence)
            return True
        self._problem.setText(sentence)
        self._problem.show()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.view.keyPressEvent(event)

    def hints(self) -> str:
        return _(
            "PgUp PgDn turn · + - zoom · 0 usual size · Ctrl+P print · Ctrl+S save as PDF · "
            "Ctrl+R review · Ctrl+W worklist"
        )
