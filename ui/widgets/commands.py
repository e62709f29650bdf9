"""A list that is narrowed by typing: the commands of here and now (Ctrl+K), and the help (F1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QListWidget, QWidget

from intake_app.core.words import _
from ui import keys, theme
from ui.widgets.basics import ENTERS, Giving, card, column, label


class Entry(NamedTuple):
    """`run` is nothing where the line is only read."""

    words: str
    keys: str = ""
    run: Callable[[], object] | None = None


class Commands(QDialog):
    """Every word typed has to be in a line; Enter runs the one chosen, once this is gone."""

    def __init__(
        self, parent: QWidget, title: str, entries: Iterable[Entry], about: str = ""
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._over = parent
        self._entries = tuple(entries)
        self._listed: list[Entry] = []
        self.chosen: Entry | None = None
        self._about = label(about)
        above = Giving(card(column([self._about]), margin=0))
        above.setVisible(bool(about))
        self.line = QLineEdit()
        self.line.setAccessibleName(_("Type to narrow the list"))
        self.line.setPlaceholderText(_("Type to narrow the list"))
        self.line.textChanged.connect(lambda _text: self._fill())
        self.list = QListWidget()
        self.list.setAccessibleName(title)
        self.list.setWordWrap(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys are those of the line
        self.list.itemActivated.connect(lambda _item: self._choose())
        self._none = label(_("Nothing here is called so."), "meta")
        self.setLayout(column([above, self.line, self.list, self._none], margin=12))
        self._fill()
        self.line.setFocus()

    def _fill(self) -> None:
        wanted = self.line.text().casefold().split()
        self.list.clear()
        said = [f"{entry.words} {entry.keys}".casefold() for entry in self._entries]
        self._listed = [
            entry
            for entry, text in zip(self._entries, said, strict=True)
            if all(word in text for word in wanted)
        ]
        self.list.addItems([f"{entry.words}   {entry.keys}".strip() for entry in self._listed])
        self.list.setCurrentRow(0)
        self._none.setVisible(not self.list.count())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        steps |= {Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        if event.key() in ENTERS:
            self._choose()
        elif (step := steps.get(Qt.Key(event.key()))) is not None:
            last = self.list.count() - 1
            self.list.setCurrentRow(max(0, min(last, self.list.currentRow() + step)))
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        place = self.list.currentRow()
        if place >= 0 and self._listed[place].run is not None:
            self.chosen = self._listed[place]
            self.accept()

    def fit(self) -> None:
        """Over the window that it belongs to, as large as that lets it be."""
        around, look = self._over.size(), theme.current(QApplication.instance())  # type: ignore[arg-type]
        wide, high = min(look.px(640), around.width() - 32), min(look.px(560), around.height() - 32)
        self.resize(wide, high)

    def ask(self) -> None:
        self.fit()
        self.exec()
        self.deleteLater()
        if self.chosen is not None and self.chosen.run is not None:
            self.chosen.run()


def possible(owners: Iterable[QWidget], impossible: frozenset[str]) -> tuple[Entry, ...]:
    """The actions of these widgets that can be done now, each once: what is nearer comes first."""
    found: dict[str, QAction] = {}
    for owner in owners:
        for action in owner.actions():
            name = action.data()
            if name in keys.KEYS and name not in impossible and action.isEnabled():
                found.setdefault(name, action)
    return tuple(
        Entry(keys.KEYS[name].words(), keys.KEYS[name].keys, found[name].trigger)
        for name in keys.KEYS
        if name in found
    )


def whole_map() -> tuple[Entry, ...]:
    every = (*keys.KEYS.values(), *keys.BARE.values())
    return tuple(Entry(key.words(), key.keys) for key in every)
