"""Who works here, to be chosen by one key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox

from ui.widgets.basics import ENTERS


class NamesBox(QComboBox):
    """Who works here, by number: one digit chooses, and so does the first letter of a name.

    `chosen` says that a key chose, and not that somebody looks through the list.
    """

    chosen = Signal()

    def put(self, names: list[str]) -> None:
        self.clear()
        for place, name in enumerate(names, 1):
            self.addItem(f"{place}   {name}" if place < 10 else name, name)

    def name(self) -> str:
        return str(self.currentData() or "")

    def choose(self, name: str) -> None:
        self.setCurrentIndex(max(0, self.findData(name)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        place = event.key() - Qt.Key.Key_1
        if 0 <= place < min(9, self.count()):
            self.setCurrentIndex(place)
            self.chosen.emit()
        elif event.key() in ENTERS:
            self.chosen.emit()
        elif event.text().isalpha():
            self._by_letter(event.text())
        else:
            super().keyPressEvent(event)

    def _by_letter(self, letter: str) -> None:
        """The next name that begins with it, from the one that is shown on."""
        count = self.count()
        for step in range(1, count + 1):
            place = (self.currentIndex() + step) % count
            if str(self.itemData(place)).casefold().startswith(letter.casefold()):
                self.setCurrentIndex(place)
                return
