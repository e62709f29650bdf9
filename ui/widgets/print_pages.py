"""Printing without the system's dialog, which would be deaf to the emergency key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QSpinBox, QWidget

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from ui import keys
from ui.widgets.basics import NoteEditor, button, column, label, row
from ui.widgets.pdf_view import POINTS_AN_INCH, Pages

DPI = 300
_MOST_COPIES = 20


class NotPrinted(IntakeError):
    """The paper did not come; the record is untouched."""


def page_range(text: str, count: int) -> tuple[int, ...]:
    """Pages from 0, from words such as "1-3, 5"; empty means all."""
    if not text.strip():
        return tuple(range(count))
    wanted: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,4})\s*(?:-\s*(\d{1,4})\s*)?", part)
        first = int(found[1]) if found else 0
        last = int(found[2] or found[1]) if found else 0
        if not 1 <= first <= last <= count:
            template = _("Pages are written such as 1-3, 5; there are {count}.")
            raise NotPrinted(template.format(count=count))
        wanted.update(range(first - 1, last))
    return tuple(sorted(wanted))


def draw(data: bytes, wanted: tuple[int, ...] | None, printer: QPrinter) -> Iterator[int]:
    """Draw page after page, all of them where none are named, and tell how many are done;
    NotPrinted when the printer goes."""
    pages, painter = Pages(data), QPainter()
    if not printer.isValid() or not painter.begin(printer):
        pages.close()
        raise _gone()
    try:
        for done, page in enumerate(wanted or range(len(pages)), start=1):
            if done > 1 and not printer.newPage():
                printer.abort()
                raise _gone()
            _draw_page(painter, pages, page, printer)
            yield done
    finally:
        painter.end()
        pages.close()
    if printer.printerState() in (QPrinter.PrinterState.Error, QPrinter.PrinterState.Aborted):
        raise _gone()


def _draw_page(painter: QPainter, pages: Pages, page: int, printer: QPrinter) -> None:
    """As large as the paper allows, its proportions kept."""
    width, height = pages.size(page)
    room = printer.pageLayout().fullRectPixels(printer.resolution())
    fits = min(room.width() / width, room.height() / height)
    place = QRectF(
        (room.width() - width * fits) / 2,
        (room.height() - height * fits) / 2,
        width * fits,
        height * fits,
    )
    painter.drawImage(place, pages.image(page, DPI / POINTS_AN_INCH))


def _gone() -> NotPrinted:
    return NotPrinted(
        _("The printer does not answer; nothing is lost. Choose another, or save the PDF.")
    )


def printer_named(name: str, copies: int, title: str) -> QPrinter:
    """NotPrinted if it is no longer there. `title` stands in the spooler, where others read it."""
    info = QPrinterInfo.printerInfo(name)
    if info.isNull():
        raise _gone()
    printer = QPrinter(info)
    dress(printer, title)
    printer.setCopyCount(copies)
    return printer


def dress(printer: QPrinter, title: str) -> None:
    printer.setDocName(title)
    printer.setCreator("")
    printer.setResolution(DPI)
    printer.setFullPage(True)


class PrintDialog(QDialog):
    """`chosen` carries printer, copies, pages and the reason of a draft; `save_instead` nothing.
    Of several summaries, whose `count` of pages is not known, all pages are printed, and none is
    saved instead."""

    chosen = Signal(str, int, str, str)
    save_instead = Signal()

    def __init__(self, parent: QWidget, count: int | None, *, draft: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Print"))
        self.setModal(True)
        self._draft = draft
        names = QPrinterInfo.availablePrinterNames()
        self._printers = QComboBox()
        self._printers.setAccessibleName(_("Printer"))
        self._printers.addItems(names)
        self._printers.setCurrentText(QPrinterInfo.defaultPrinterName())
        self._copies = QSpinBox()
        self._copies.setAccessibleName(_("Copies"))
        self._copies.setRange(1, _MOST_COPIES)
        self.pages = QLineEdit()
        self.pages.setAccessibleName(_("Pages, such as 1-3, 5"))
        self.pages.setPlaceholderText(_("all {count}").format(count=count))
        self._several = count is None
        self.reason = NoteEditor(_("Why a draft is printed"), lines=2)
        self.reason.kept.connect(lambda _text: self._tell())
        self.reason.left.connect(self.reject)
        self.problem = label(look="problem")
        self.problem.hide()
        self._lay(bool(names))
        keys.action(self, "main", self._tell if names else self._save)

    def _lay(self, there: bool) -> None:
        """Nothing is shown or hidden before it has its place: it would flash as a window."""
        none = label(_("No printer is set up on this computer."), "unknown")
        if not self._several:
            none.setText(
                _("No printer is set up on this computer. Save the summary as a PDF instead.")
            )
        pages = label(_("Pages"), wrap=False)
        line = row([label(_("Copies"), wrap=False), self._copies, pages, self.pages])
        why = label(_("This is a DRAFT, not signed. Why is it printed?"), "staff")
        if self._several:
            why.setText(_("DRAFTS are among them, not signed. Why are they printed?"))
        fields, asked = QWidget(), QWidget()
        asked.setLayout(column([why, self.reason]))
        fields.setLayout(column([label(_("Printer")), self._printers, line, asked]))
        print_ = button(_("Print   Ctrl+Enter"), "primary")
        print_.clicked.connect(self._tell)
        save = button(_("Save as PDF instead"), "" if there else "primary")
        save.clicked.connect(self._save)
        leave = button(_("Leave   Esc"), name=_("Leave, nothing is printed"))
        leave.clicked.connect(self.reject)
        whole = column([none, fields, self.problem, row([print_, save, leave])], margin=12)
        self.setLayout(whole)
        none.setVisible(not there)
        fields.setVisible(there)
        print_.setVisible(there)
        for each in (pages, self.pages, save):
            each.setVisible(not self._several)
        asked.setVisible(self._draft)
        self.setMinimumWidth(self.fontMetrics().height() * 26)
        (self._printers if there else leave if self._several else save).setFocus()

    def _tell(self) -> None:
        reason = self.reason.toPlainText().strip()
        if self._draft and not reason:
            self.refuse(_("A draft is printed with a reason only; nothing was printed."))
            self.reason.setFocus()
            return
        self.chosen.emit(
            self._printers.currentText(), self._copies.value(), self.pages.text(), reason
        )

    def _save(self) -> None:
        self.reject()
        self.save_instead.emit()

    def refuse(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()
