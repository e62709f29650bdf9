"""The person at risk: their own record, field by field, kept on Enter, on leaving or on choosing.

Shows and tells; knows no rule and saves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLayout, QLineEdit, QWidget

from intake_app.core import panel
from intake_app.core.model import Source
from intake_app.core.screening import Case
from intake_app.core.words import _
from ui import theme, words
from ui.widgets.basics import WrappingButton, column, in_order, label, row, stop_before

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}


def narrow(box: QComboBox, letters: int = 8) -> QComboBox:
    """As wide as there is room, not as its longest entry."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(letters)
    return box


class ArrowButton(WrappingButton):
    """Leaves the arrows to the row or list that it stands in; Enter presses it."""

    def __init__(self, look: str) -> None:
        super().__init__(look)
        self.setAutoDefault(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if Qt.Key(event.key()) in _STEPS:
            event.ignore()
        else:
            super().keyPressEvent(event)


class ButtonRow(QWidget):
    """Buttons with one Tab stop and arrows inside; a chosen one has a tick before its words.

    Digits are no keys here: on the panel they stamp steps. `pressed` carries the code.
    """

    pressed = Signal(str)

    def __init__(self, name: str, options: Sequence[tuple[str, str]], columns: int = 4) -> None:
        super().__init__()
        self._name = name
        self._words = dict(options)
        self._buttons: dict[str, ArrowButton] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for place, (code, said) in enumerate(options):
            each = ArrowButton("choice")
            each.setCheckable(True)
            each.clicked.connect(lambda _checked=False, code=code: self._press(code))
            self._buttons[code] = each
            self._say(code, said)
            grid.addWidget(each, place // columns, place % columns)
        self.setLayout(grid)
        self.put("")

    def _press(self, code: str) -> None:
        self.put(self._chosen)  # what is recorded is shown, and nothing else
        self.pressed.emit(code)

    def _say(self, code: str, said: str) -> None:
        each = self._buttons[code]
        each.say(said)
        each.setAccessibleName(f"{self._name}: {self._words[code]}")

    def buttons(self) -> list[ArrowButton]:
        return list(self._buttons.values())

    def rename(self, name: str) -> None:
        self._name = name
        self.put(self._chosen)

    def put(self, chosen: str) -> None:
        self._chosen = chosen
        for code, each in self._buttons.items():
            tick = f"{theme.SHAPES['done']} " if code == chosen else ""
            self._say(code, tick + self._words[code])
            each.setChecked(code == chosen)
        stop = self._buttons.get(chosen) or next(iter(self._buttons.values()))
        for each in self._buttons.values():
            here = each is stop or each.hasFocus()
            policy = Qt.FocusPolicy.StrongFocus if here else Qt.FocusPolicy.ClickFocus
            each.setFocusPolicy(policy)
        self.setFocusProxy(stop)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        every = list(self._buttons.values())
        here = next((n for n, each in enumerate(every) if each.hasFocus()), 0)
        every[(here + step) % len(every)].setFocus()


class FieldLine(QLineEdit):
    """`kept` carries field and text, on Enter or on leaving, where it is new."""

    kept = Signal(str, str)

    def __init__(self, field: str, name: str, hint: str = "") -> None:
        super().__init__()
        self.field = field
        self._recorded = ""
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)

    @property
    def half_typed(self) -> bool:
        return self.text().strip() not in ("", self._recorded)

    def put(self, recorded: str) -> None:
        """What is half typed stays."""
        waiting = self.half_typed
        self._recorded = recorded
        if not waiting and self.text() != recorded:
            self.setText(recorded)
            self.setCursorPosition(0)  # of a long place the beginning is seen

    def keep(self) -> None:
        if self.half_typed:
            self.kept.emit(self.field, self.text().strip())
        elif not self.text().strip():
            self.setText(self._recorded)  # what was told stays

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.focusNextChild()  # which keeps it
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.keep()


class _Field(NamedTuple):
    name: Callable[[], str]
    hint: Callable[[], str]


# Typed fields of the person; the hint says what belongs there.
_TYPED = {
    "who": _Field(lambda: _("Name"), lambda: _("As they call themselves")),
    "where": _Field(
        lambda: _("Where are they now"),
        lambda: _("Street, unit, floor or entrance, city, state; or only what it looks like"),
    ),
    "county": _Field(lambda: _("County"), lambda: _("Decides which centre answers")),
    "way_in": _Field(lambda: _("Way in"), lambda: _("Door, code, dog")),
    "vehicle": _Field(lambda: _("Vehicle"), lambda: _("Make, colour, plate, moving?")),
    "phone": _Field(lambda: _("Their own phone"), lambda: _("Number")),
    "phone_note": _Field(lambda: _("Whose it is"), lambda: _("Who picks up, whom to ask for")),
    "done_note": _Field(lambda: _("Done already: what, how much, when"), lambda: ""),
    "company_note": _Field(lambda: _("With whom; a child there"), lambda: ""),
    "reach": _Field(lambda: _("Can we speak to them"), lambda: _("Now? Who can?")),
    "age": _Field(lambda: _("Age"), lambda: ""),
    "language": _Field(lambda: _("Language, deaf, relay"), lambda: ""),
    "happening": _Field(
        lambda: _("What is happening, in one line"), lambda: _("In the person's words")
    ),
}
_CHOSEN = {
    "is_caller": lambda: _("Is the caller the person at risk"),
    "done_already": lambda: _("Done already"),
    "firearm": lambda: _("Firearm in the home or vehicle"),
    "means": lambda: _("Other means within reach"),
    "company": lambda: _("Company"),
    "free_to_speak": lambda: _("Free to speak"),
}


class PersonForm(QWidget):
    """Signals: `typed` field and text; `picked` field and code; `edited` field and half a text."""

    typed = Signal(str, str)
    picked = Signal(str, str)
    edited = Signal(str, str)

    def __init__(self, countries: Sequence[panel.Country]) -> None:
        super().__init__()
        self.lines = {field: self._line(field) for field in _TYPED}
        self.choices: dict[str, ButtonRow] = {}
        self._choice_places: dict[str, QLayout] = {}
        self._protocol = ""
        theme.look(self.lines["where"], "answer")
        self._countries = narrow(QComboBox())
        self._countries.setAccessibleName(_("Country of the person"))
        for each in countries:
            self._countries.addItem(each.name, each.code)
        self._countries.addItem(_("another country"), panel.ELSEWHERE)
        self._countries.activated.connect(self._country)
        self.voices = narrow(QComboBox())
        self.voices.setAccessibleName(_("Who answers"))
        for source, said in words.source_words().items():
            self.voices.addItem(said, source)
        self._spoken_for: str | None = None
        self._build()

    def _line(self, field: str) -> FieldLine:
        found = FieldLine(field, _TYPED[field].name(), _TYPED[field].hint())
        found.kept.connect(self.typed)
        found.textEdited.connect(lambda text: self.edited.emit(field, text))
        return found

    def _build(self) -> None:
        parts: list[QLayout] = [
            self._choice("is_caller"),
            self._titled("who"),
            self._titled("where"),
            self._pair(
                self._titled("county"),
                column([label(_("Country"), "meta"), self._countries], spacing=2),
            ),
            self._pair(self._titled("way_in"), self._titled("vehicle")),
            self._pair(self._titled("phone"), self._titled("phone_note")),
            self._choice("done_already"),
            self._titled("done_note"),
            self._choice("firearm"),
            self._choice("means"),
            self._choice("company", columns=2),
            self._titled("company_note"),
            self._choice("free_to_speak"),
            self._titled("reach"),
            self._pair(self._titled("age"), self._titled("language")),
            self._titled("happening"),
            column([label(_("Who answers these questions"), "meta"), self.voices], spacing=2),
        ]
        self.setLayout(column(parts, spacing=6))

    @staticmethod
    def _pair(left: QLayout, right: QLayout) -> QLayout:
        both = row([left, right])
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        return both

    def _titled(self, field: str) -> QLayout:
        title = label(_TYPED[field].name(), "meta")
        title.setBuddy(self.lines[field])
        return column([title, self.lines[field]], spacing=2)

    def _choice(self, field: str, columns: int = 4) -> QLayout:
        place = column([label(_CHOSEN[field](), "meta")], spacing=2)
        self._choice_places[field] = place
        self._offer(field, None, columns)
        return place

    def _offer(self, field: str, case: Case | None, columns: int = 4) -> None:
        found = ButtonRow(_CHOSEN[field](), panel.choices(case, field), columns)
        found.pressed.connect(lambda code: self.picked.emit(field, code))
        if field in self.choices:
            before = stop_before(self.choices[field].buttons()[0])
            self._choice_places[field].replaceWidget(self.choices[field], found)
            in_order([before, *found.buttons()])
            self.choices[field].deleteLater()
        else:
            self._choice_places[field].addWidget(found)
        self.choices[field] = found

    def show_case(self, case: Case, country: str) -> None:
        if case.protocol.digest != self._protocol:
            self._protocol = case.protocol.digest
            self._offer("company", case, columns=2)  # its options are the protocol's
        known = panel.person(case)
        for field, line in self.lines.items():
            line.put(known.get(field, ""))
        for field, buttons in self.choices.items():
            buttons.put(panel.chosen(case, field))
        self._countries.setCurrentIndex(self._countries.findData(known.get("country") or country))
        self._show_voice(case)

    def _show_voice(self, case: Case) -> None:
        """As it follows from who is at risk; what staff chose stays until that changes."""
        follows = panel.voice(case)
        key = f"{case.intake.id} {follows}"
        if key != self._spoken_for:
            self._spoken_for = key
            self.voices.setCurrentIndex(self.voices.findData(follows))

    def voice(self) -> Source:
        return Source(self.voices.currentData())

    def country(self) -> str:
        return str(self._countries.currentData() or "")

    def _country(self, _place: int) -> None:
        self.typed.emit("country", self.country())

    def keep(self) -> None:
        """Keep what is half typed, as before the panel is left."""
        for line in self.lines.values():
            if line.half_typed:
                line.keep()

    def forget(self) -> None:
        """Another person: nothing half typed belongs to them."""
        for line in self.lines.values():
            line.clear()
            line.put("")
