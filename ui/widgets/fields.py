"""Typed fields with their names and hints; two boxes that stand beside each other if they fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLineEdit, QScrollArea, QWidget

from intake_app.core.model import Role
from intake_app.core.words import _
from ui.theme import SHAPES
from ui.widgets.basics import WrappingButton, column, label, row


class Panel(QWidget):
    """A part of the set-up: shown from the clinic, told by signals of its own.

    Whoever holds it has the main button, and says what it does in the words of `main_words`.
    """

    def main_words(self) -> str:
        return ""

    def main(self) -> None:
        """What the main button does."""

    def is_empty(self) -> bool:
        """Whether nothing waits here to be kept, so that leaving loses nothing."""
        return True

    def entered(self) -> None:
        """The panel comes to the front; focus goes to where the work is."""


class Problem(QWidget):
    """What is wrong with the field beside it, until it is changed."""

    def __init__(self, at: QWidget) -> None:
        super().__init__()
        self._at = at
        self._said = label(look="problem")
        self.setLayout(column([self._said]))
        self.say("")

    def say(self, sentence: str) -> None:
        """The focus goes to the field, and both come into view."""
        self._said.setText(sentence)
        self.setVisible(bool(sentence))
        if sentence:
            self._at.setFocus()
            QTimer.singleShot(0, self, self._come_into_view)  # once there is room made for it

    def _come_into_view(self) -> None:
        page = self.parentWidget()
        while page is not None and not isinstance(page, QScrollArea):
            page = page.parentWidget()
        if page is not None:
            page.ensureWidgetVisible(self)
            page.ensureWidgetVisible(self._at)


class Field(QWidget):
    """A name, a line to type in, what is wrong with what is typed, and a hint that speaks of it."""

    changed = Signal()

    def __init__(self, name: str, hint: str = "", *, secret: bool = False) -> None:
        super().__init__()
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.textChanged.connect(lambda _text: self._changed())
        self.edit.returnPressed.connect(self._next)
        if secret:
            self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._title = label(name, "heading")
        self._title.setBuddy(self.edit)
        self._hint = label(look="meta")
        self._problem = Problem(self.edit)
        self.setLayout(column([self._title, self.edit, self._problem, self._hint], spacing=2))
        self.setFocusProxy(self.edit)
        self.say(hint)

    def _next(self) -> None:
        self.focusNextChild()

    def _changed(self) -> None:
        self.refuse("")
        self.changed.emit()

    def refuse(self, sentence: str) -> None:
        """Beside the line, and what was typed stays; "" takes it away."""
        self._problem.say(sentence)
        self.edit.setAccessibleDescription(sentence or self._hint.text())

    def text(self) -> str:
        return self.edit.text().strip()

    def put(self, text: str) -> None:
        self.edit.setText(text)

    def say(self, hint: str) -> None:
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.edit.setAccessibleDescription(hint)


class Tick(WrappingButton):
    """A box to tick that says so by a shape; Fusion's own can hardly be seen in the dark."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self.setCheckable(True)
        self.toggled.connect(lambda _on: self._mark())
        self._mark()

    def _mark(self) -> None:
        mark = SHAPES["done" if self.isChecked() else "info"]
        self.say(f"{mark}   {self._text}")
        self.setAccessibleName(self._text)


class PasswordPair(QWidget):
    """A password twice, and a box that shows both."""

    def __init__(self, least: int) -> None:
        super().__init__()
        hint = _(
            "At least {least} characters, without the name of the clinic or of the person. Several "
            "words are easy to keep in mind."
        ).format(least=least)
        self.first = Field(_("Password"), hint, secret=True)
        self.again = Field(_("The same password again"), secret=True)
        self._show = Tick(_("Show the passwords"))
        self._show.toggled.connect(self._reveal)
        self.setLayout(column([self.first, self.again, self._show]))

    def _reveal(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        for field in (self.first, self.again):
            field.edit.setEchoMode(mode)

    def texts(self) -> tuple[str, str]:
        """As typed, to the last space."""
        return self.first.edit.text(), self.again.edit.text()

    def clear(self) -> None:
        self.first.put("")
        self.again.put("")
        self._show.setChecked(False)


def role_words() -> Mapping[Role, str]:
    """What each role does, in its own words."""
    return {
        Role.COORDINATOR: _("Coordinator: takes the calls"),
        Role.CLINICIAN: _("Clinician: reviews, signs, decides on the protocol"),
        Role.FRONT_DESK: _("Front desk: registers, prints"),
        Role.ADMINISTRATOR: _("Administrator: staff, numbers, the clinic"),
    }


class RoleBoxes(QWidget):
    """One person may hold several roles. `always` is ticked and stays so."""

    def __init__(self, always: Role | None = None) -> None:
        super().__init__()
        self._always = always
        self._boxes = {role: Tick(said) for role, said in role_words().items()}
        if always is not None:
            self._boxes[always].setChecked(True)
            self._boxes[always].setEnabled(False)
        self._problem = Problem(next(iter(self._boxes.values())))
        boxes = self._boxes.values()
        for box in boxes:
            box.toggled.connect(lambda _on: self._problem.say(""))
        self.setLayout(column([label(_("Roles"), "heading"), self._problem, *boxes], spacing=2))

    def refuse(self, sentence: str) -> None:
        self._problem.say(sentence)

    def chosen(self) -> frozenset[Role]:
        return frozenset(role for role, box in self._boxes.items() if box.isChecked())

    def tick(self, roles: Iterable[Role]) -> None:
        for role, box in self._boxes.items():
            box.setChecked(role in roles or role is self._always)


class SideBySide(QWidget):
    """Parts beside each other, or below each other where they would be narrower than `em` each."""

    def __init__(self, parts: Iterable[QWidget], em: int = 24) -> None:
        super().__init__()
        self._parts = tuple(parts)
        self._em = em
        self._box = row(self._parts, spacing=12)
        for place in range(len(self._parts)):
            self._box.setStretch(place, 1)
        self.setLayout(self._box)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        least = self._em * self.fontMetrics().horizontalAdvance("M") * len(self._parts)
        beside = event.size().width() >= least
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._box.direction() is not way:
            self._box.setDirection(way)
            for each in self._parts:
                self._box.setAlignment(each, Qt.AlignmentFlag(0))
