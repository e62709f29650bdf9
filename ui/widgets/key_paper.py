"""The recovery key: shown once, printed or written down, and typed back in part."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QKeySequence, QPainter, QShortcut
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo
from PySide6.QtWidgets import QDialog, QGridLayout, QListWidget, QStackedWidget, QWidget

from intake_app.core import setup
from intake_app.core.words import _
from ui.widgets.basics import button, card, column, label, row
from ui.widgets.fields import Field, Panel

_ACROSS = 3  # groups in a line


def _cannot_be_recovered() -> str:
    return _(
        "Whoever holds this paper can open every record, and without it nobody can once all "
        "passwords are lost: not the maker of this program either. It is shown this once and kept "
        "nowhere. Lock it away, outside this computer."
    )


class RecoveryKeyPanel(Panel):
    """Two steps: the key with its groups numbered, then two of them typed back without sight.

    `passed` says that both fit.
    """

    passed = Signal()
    turned = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._key = ""
        self._clinic = ""
        self._groups = QGridLayout()
        self._groups.setSpacing(12)
        self._print = button(_("Print it   Ctrl+P"), name=_("Print the recovery key"))
        heard = QShortcut(QKeySequence("Ctrl+P"), self)
        heard.setContext(Qt.ShortcutContext.WindowShortcut)
        heard.activated.connect(self.print_it)
        self._print.clicked.connect(self.print_it)
        self._said = label(look="meta")
        keep = row([self._print])
        keep.addStretch()
        shown = QWidget()
        shown.setLayout(
            column(
                [label(_cannot_be_recovered(), "staff"), card(self._groups), keep, self._said],
                spacing=12,
            )
        )
        self._fields: tuple[Field, ...] = ()
        self._back = QWidget()
        self._steps = QStackedWidget()
        self._steps.addWidget(shown)
        self._steps.addWidget(self._back)
        self.setLayout(column([self._steps]))

    def put(self, recovery_key: str, clinic: str) -> None:
        self._key, self._clinic = recovery_key, clinic
        for place, group in enumerate(setup.groups(recovery_key)):
            number = label(_("Group {number}").format(number=place + 1), "heading")
            letters = label(group, "callback", wrap=False)
            cell = column([number, letters], spacing=0)
            self._groups.addLayout(cell, place // _ACROSS, place % _ACROSS)
        self._ask_back()

    def _ask_back(self) -> None:
        self._places = setup.places_to_type(self._key)
        template = _("Group {number} of your paper")
        self._fields = tuple(Field(template.format(number=n + 1)) for n in self._places)
        said = label(_("Type these two groups from your paper. Capitals and spaces do not count."))
        inside = column([said, *self._fields], spacing=12)
        inside.addStretch()
        self._back.setLayout(inside)

    @property
    def types_back(self) -> bool:
        return self._steps.currentWidget() is self._back

    def show_again(self) -> None:
        self._steps.setCurrentIndex(0)
        self._print.setFocus()
        self.turned.emit()

    def main_words(self) -> str:
        return _("That is right") if self.types_back else _("I have it on paper")

    def main(self) -> None:
        if not self.types_back:
            self._steps.setCurrentWidget(self._back)
            self._fields[0].setFocus()
            self.turned.emit()
            return
        for place, field in zip(self._places, self._fields, strict=True):
            if not setup.is_group(self._key, place, field.text()):
                template = _("Group {number} is not as on the paper; compare it and type it again.")
                field.refuse(template.format(number=place + 1))
                return
        self.passed.emit()

    def entered(self) -> None:
        self._print.setFocus()

    def print_it(self) -> None:
        if self.types_back or not self.isVisible():
            return
        names = QPrinterInfo.availablePrinterNames()
        if not names:
            self._said.setText(
                _("No printer is set up on this computer: write the nine groups down by hand.")
            )
            return
        chosen = PrinterDialog(self, names)
        if chosen.exec() != QDialog.DialogCode.Accepted:
            return
        printed = print_key(chosen.printer(), self._key, self._clinic)
        self._said.setText(
            _("Sent to {printer}. Look whether all of it is on the paper.").format(
                printer=chosen.printer()
            )
            if printed
            else _("{printer} did not take it: choose another, or write the key down.").format(
                printer=chosen.printer()
            )
        )


class PrinterDialog(QDialog):
    """The app's own: a dialog of the system would swallow the emergency key."""

    def __init__(self, parent: QWidget, names: list[str]) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Print"))
        self._names = QListWidget()
        self._names.setAccessibleName(_("Printers"))
        self._chosen = tuple(names)
        self._names.addItems(names)
        usual = QPrinterInfo.defaultPrinterName()
        self._names.setCurrentRow(names.index(usual) if usual in names else 0)
        self._names.itemActivated.connect(lambda _item: self.accept())
        said = label(_("Enter prints, Esc goes back."), "meta")
        self.setLayout(column([label(_("Printers"), "title"), self._names, said], margin=16))
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("M") * 24)

    def printer(self) -> str:
        return self._chosen[self._names.currentRow()]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accept()
        else:
            super().keyPressEvent(event)


def print_key(printer: str, recovery_key: str, clinic: str) -> bool:
    """Straight to the printer: no file of it is left on the disk by us."""
    to = QPrinter(QPrinter.PrinterMode.HighResolution)
    to.setPrinterName(printer)
    to.setDocName(_("Ketamine intake"))  # spoolers show titles
    return draw_key(to, recovery_key, clinic)


def draw_key(to: QPrinter, recovery_key: str, clinic: str) -> bool:
    painter = QPainter()
    if not painter.begin(to):
        return False
    page = QRectF(painter.viewport())
    step = page.height() / 24
    lines = [
        (_("Recovery key"), 20, True),
        (clinic, 14, False),
        *((f"{n}   {group}", 18, True) for n, group in enumerate(setup.groups(recovery_key), 1)),
    ]
    for place, (text, points, bold) in enumerate(lines):
        painter.setFont(_font(points, bold=bold))
        painter.drawText(page.adjusted(0, step * (place + 1), 0, 0), text)
    painter.setFont(_font(11, bold=False))
    under = page.adjusted(0, step * (len(lines) + 2), 0, 0)
    flags = int(Qt.TextFlag.TextWordWrap.value)
    painter.drawText(under, flags, _cannot_be_recovered())
    return painter.end()


def _font(points: int, *, bold: bool) -> QFont:
    found = QFont()
    found.setPointSize(points)
    found.setBold(bold)
    return found
