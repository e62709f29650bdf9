"""How medicines are listed: one a line as it is said, with names of the list offered under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from intake_app.core import dosing
from intake_app.core.medication import Formulary, MatchState, Suggestion
from intake_app.core.model import Medication
from intake_app.core.words import _, _n
from ui import announce, theme
from ui.theme import SHAPES
from ui.widgets.answers import KeptLine
from ui.widgets.basics import column, label

_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_NOTHING = -1


def _place_of(event: QKeyEvent) -> int | None:
    """Alt with 1 to 6: a name by its place; 7, 8 and 9 mean the same everywhere."""
    if not event.modifiers() & Qt.KeyboardModifier.AltModifier:
        return None
    place = event.key() - Qt.Key.Key_1
    return place if 0 <= place < 6 else None


def _state_lines() -> Mapping[MatchState, tuple[str, str]]:
    """Shape and words of the three states; that nothing is listed says nothing about harm."""
    return {
        MatchState.INTERACTION_LISTED: ("high", _("{shape} {name}: an interaction is listed")),
        MatchState.RECOGNISED: ("info", _("{shape} {name}: recognised, nothing in the list")),
        MatchState.NOT_CHECKED: (
            "unknown",
            _("{shape} {name}: not checked, nobody knows what it is"),
        ),
    }


def medicine_line(formulary: Formulary, medication: Medication) -> str:
    """A medicine as it was named, with what the list says of it."""
    match = formulary.match(medication)
    look, template = _state_lines()[match.state]
    names = ", ".join(dict.fromkeys(hit.drug.generic for hit in match.interactions))
    if match.possible:
        template = _("{shape} {name}: not checked, may be {names}")
    named = medication.name
    if medication.confirmed and medication.confirmed.casefold() not in named.casefold():
        named = _("{name}, taken as {confirmed}").format(
            name=medication.name, confirmed=medication.confirmed
        )
    line = template.format(shape=SHAPES[look], name=named, names=names)
    dose = dosing.words(medication)
    if dosing.is_unread(formulary, medication):
        dose = _("dose not read, as written")
    return f"{line}; {dose}" if dose else line


class MedicineList(QWidget):
    """The line keeps the focus: arrows walk the names below, Enter adds what is chosen there, or
    else the words as they were typed. No name is ever taken by itself.

    Signals: `named` carries the words for the record and the name that staff chose, or "";
    `finished` that an empty line was entered; `suggest` the words so far.
    """

    named = Signal(str, str)
    finished = Signal()
    suggest = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._offered: tuple[Suggestion, ...] = ()
        self.line = KeptLine()
        self.line.setAccessibleName(_("Medicine, as the caller names it"))
        self.line.setPlaceholderText(
            _("Name, strength, how often; Enter adds it, an empty line goes on")
        )
        self.line.returnPressed.connect(self._enter)
        self.line.textEdited.connect(self.suggest)
        self.line.installEventFilter(self)
        self._problem = label(look="problem")
        self._problem.hide()
        self._looks_like = label(
            _("Looks like (Alt+1 takes the first, Alt+2 the second; or arrow down, Enter)"), "meta"
        )
        self.near = self._list(_("Names on the list that look like it"))
        self.near.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the line hears its keys
        self.near.setMaximumHeight(120)
        self.near.itemClicked.connect(self._clicked)
        self.near.currentRowChanged.connect(self._say)
        self.listed = self._list(_("Medicines so far"))
        self.listed.setWordWrap(True)
        so_far = label(_("So far"), "heading")
        parts = [self.line, self._problem, self._looks_like, self.near, so_far, self.listed]
        self.setLayout(column(parts))
        self.setFocusProxy(self.line)
        self.offer(())

    @staticmethod
    def _list(name: str) -> QListWidget:
        found = QListWidget()
        theme.look(found, "lines")
        found.setAccessibleName(name)
        return found

    def put(self, lines: Sequence[str]) -> None:
        self.listed.clear()
        self.listed.addItems(list(lines))
        self.line.clear()
        self.refuse("")
        self.offer(())

    @property
    def painted(self) -> bool:
        return self.line.painted

    def offer(self, names: Sequence[Suggestion]) -> None:
        """In the place of those before, and none of them chosen."""
        self._offered = tuple(names)
        self.near.clear()
        self.near.addItems([str(each) for each in names])
        self.near.setCurrentRow(_NOTHING)
        for each in (self.near, self._looks_like):
            each.setVisible(bool(names))
        template = _n(
            "{count} name looks like it; arrow down to choose",
            "{count} names look like it; arrow down to choose",
            len(names),
        )
        self.line.setAccessibleDescription(template.format(count=len(names)) if names else "")

    def refuse(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))

    def _enter(self) -> None:
        chosen, said = self.near.currentRow(), self.line.text().strip()
        if chosen != _NOTHING:
            self._take(chosen)
        elif said:
            self.named.emit(said, "")
        else:
            self.finished.emit()

    def _clicked(self, picked: QListWidgetItem) -> None:
        self._take(self.near.row(picked))

    def _take(self, chosen: int) -> None:
        taken = self._offered[chosen]
        self.named.emit(taken.written, taken.name)
        self.line.setFocus()

    def _say(self, chosen: int) -> None:
        """To a screen reader: the focus stays in the line."""
        if chosen == _NOTHING or not self._offered:
            return
        announce.say(self.line, str(self._offered[chosen]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up from the first name is back to the words as they were typed."""
        if event.type() is not QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        place = _place_of(event)
        if place is not None and place < len(self._offered):
            self._take(place)
            return True
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or not self._offered:
            return False
        row = self.near.currentRow() + step
        self.near.setCurrentRow(max(_NOTHING, min(row, len(self._offered) - 1)))
        return True
