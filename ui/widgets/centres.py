"""The emergency centres of other counties, one a line, with the day on which each was dialled."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPlainTextEdit

from intake_app.core import centres
from intake_app.core.model import Clinic
from intake_app.core.words import _
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Panel

_ROWS = 10


class CentresPanel(Panel):
    """`kept` carries the lines as typed."""

    kept = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._held = ""
        self._today = date.min
        self._title = label(_("One a line: county, state: number; day"), "heading")
        self.edit = QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        self.edit.setAccessibleName(self._title.text())
        self.edit.setPlaceholderText(_("Fairfield, Ohio: 740 555 0100; 2026-11-30"))
        self.edit.setMinimumHeight(self.edit.fontMetrics().lineSpacing() * _ROWS)
        self._title.setBuddy(self.edit)
        said = _(
            "The emergency number rings in the county of this phone. For callers elsewhere: the "
            "ten-digit number of the centre of their county. Dial each once; Alt+D in its line "
            "notes that it was dialled today. The panel shows it as soon as the county is typed."
        )
        heard = QShortcut(QKeySequence("Alt+D"), self)
        heard.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        heard.activated.connect(self.dialled)
        parts = [label(_("Centres elsewhere"), "title"), label(said, "meta"), self._title]
        self.setLayout(column([card(column([*parts, self.edit]))]))

    def put(self, about: Clinic, today: date) -> None:
        """The list as the records have it, and nothing of what is typed and not kept."""
        self._today = today
        self._held = centres.written(about)
        self.edit.setPlainText(self._held)

    def dialled(self) -> None:
        """Today, the number in whose line the cursor stands."""
        cursor = self.edit.textCursor()
        cursor.select(cursor.SelectionType.LineUnderCursor)
        if cursor.selectedText().strip():
            cursor.insertText(centres.dialled(cursor.selectedText(), self._today))

    def is_empty(self) -> bool:
        return self.edit.toPlainText().strip() == self._held

    def main_words(self) -> str:
        return _("Save the centres")

    def main(self) -> None:
        self.kept.emit(self.edit.toPlainText())

    def entered(self) -> None:
        self.edit.setFocus()
