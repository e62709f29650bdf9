"""Whom to phone: the ladder with its stamps, and the lines with their country."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from intake_app.core import panel
from intake_app.core.panel import Line, RungLine
from intake_app.core.words import _
from ui import theme
from ui.widgets.basics import column, label
from ui.widgets.person import ButtonRow

_RUNGS = 4  # three people and emergency services


class _RungRow(QWidget):
    pressed = Signal(str, str)

    def __init__(self, number: int) -> None:
        super().__init__()
        self._key = ""
        self._line: RungLine | None = None
        self._who = label()
        self._said = label(look="meta")
        self._buttons = ButtonRow(str(number), tuple(panel.how_words().items()))
        self._buttons.pressed.connect(lambda how: self.pressed.emit(self._key, how))
        self.setLayout(column([self._who, self._said, self._buttons], spacing=2))

    def put(self, line: RungLine) -> None:
        if line == self._line:
            return
        self._line = line
        self._key = line.rung.key
        now = _("PHONE NOW") + "  " if line.due else ""
        self._who.setText(f"{now}{line.rung.number}  {line.who}")
        theme.look(self._who, "rung_due" if line.due else "rung")
        self._said.setText(line.said)
        self._buttons.rename(line.rung.title)
        self._buttons.put("")

    def may_stamp(self, stamps: bool) -> None:
        self._buttons.setVisible(stamps)
        self._said.setVisible(stamps)


class LadderList(QWidget):
    """`tried` carries the key of a rung, how it went, and to whom it was given."""

    tried = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__()
        self._rows = [_RungRow(number) for number in range(_RUNGS)]
        for each in self._rows:
            each.pressed.connect(self._tried)
        self.given = QLineEdit()
        self.given.setAccessibleName(_("Emergency services: centre, name, incident number"))
        self._given_title = label(_("Given to: centre, name, incident number"), "meta")
        self._given_title.setBuddy(self.given)
        self.given.setPlaceholderText(_("Enter stamps it as given to them"))
        self.given.returnPressed.connect(lambda: self._tried(panel.EMERGENCY, "reached"))
        self._dialling = label(look="meta")
        self.setLayout(column([*self._rows, self._given_title, self.given, self._dialling]))

    def put(self, lines: Sequence[RungLine], dialling: str, *, stamps: bool) -> None:
        for place, each in enumerate(self._rows):
            each.setVisible(place < len(lines))
            if place < len(lines):
                each.put(lines[place])
            each.may_stamp(stamps)
        self.given.setVisible(stamps)
        self._given_title.setVisible(stamps)
        self._dialling.setText(dialling)

    def _tried(self, key: str, how: str) -> None:
        to = self.given.text().strip() if key == panel.EMERGENCY else ""
        self.tried.emit(key, how, to)


class LineList(QWidget):
    """Numbers to say or to dial. An empty one is said to be unknown."""

    def __init__(self) -> None:
        super().__init__()
        self._text = label()
        self._tested = label(look="caution")
        self.setLayout(column([self._text, self._tested]))

    def put(self, lines: Sequence[Line], tested: str) -> None:
        said = [
            f"{line.title}: {line.shown}" + (f"; {line.how}" if line.how else "") for line in lines
        ]
        self._text.setText("\n".join(said))
        self._tested.setText(f"{theme.SHAPES['caution']} {tested}")
