"""Go to a question by its number or by words of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget

from intake_app.core import agenda
from intake_app.core.agenda import Section
from intake_app.core.words import _
from ui import theme
from ui.widgets.basics import column, label

_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_KEY = Qt.ItemDataRole.UserRole


class GoTo(QDialog):
    """The line keeps the focus; arrows walk what was found, Enter goes there. `wanted` carries the
    key of the question."""

    wanted = Signal(str)

    def __init__(self, sections: Sequence[Section], parent: QWidget) -> None:
        super().__init__(parent)
        self._sections = tuple(sections)
        self._numbers = agenda.numbered(self._sections)
        self.setWindowTitle(_("Go to a question"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.line = QLineEdit()
        self.line.setAccessibleName(_("Number or words of the question"))
        self.line.setPlaceholderText(_("Such as 41, or stroke"))
        self.line.textChanged.connect(self._search)
        self.line.returnPressed.connect(self._go)
        self.line.installEventFilter(self)
        self.found = QListWidget()
        self.found.setAccessibleName(_("Questions found"))
        self.found.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the line hears its keys
        self.found.setWordWrap(True)
        self.found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.found.itemClicked.connect(self._take)
        theme.look(self.found, "lines")
        self._none = label(_("Nothing in this part is called so. F3 has the other parts."), "meta")
        self.setLayout(column([self.line, self._none, self.found], margin=12))
        self.resize(560, 420)
        self._search("")

    def _search(self, text: str) -> None:
        every = agenda.questions(self._sections)
        found = agenda.find(self._sections, text) if text.strip() else every
        self.found.clear()
        for question in found:
            item = QListWidgetItem(f"{self._numbers[question.key]}   {question.text}")
            item.setData(_KEY, question.key)
            self.found.addItem(item)
        self.found.setCurrentRow(0)
        self._none.setVisible(not found)

    def _go(self) -> None:
        self._take(self.found.currentItem())

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            key = item.data(_KEY)
            self.accept()
            self.wanted.emit(key)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is not QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            return False
        row = self.found.currentRow() + step
        self.found.setCurrentRow(max(0, min(row, self.found.count() - 1)))
        return True
