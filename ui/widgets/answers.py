"""How a question is answered: by a number key, or by a typed value.

An editor shows one question and tells what was answered; it knows no rule and saves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from intake_app.core.model import State
from intake_app.core.protocol import NONE_OF_THESE, Item
from intake_app.core.words import _
from ui import theme
from ui.widgets.basics import WrappingButton, column, label, row

MOST_CHOICES = 7  # so that 7, 8 and 9 stay free


class Choice(NamedTuple):
    """`digit` is the key that answers, `value` what is recorded."""

    digit: int
    value: object
    words: str


def choices_of(item: Item) -> tuple[Choice, ...]:
    """The key is the instrument's own code where there is one; yes is 1 and no is 0."""
    if item.kind == "yes_no":
        return Choice(1, True, _("Yes")), Choice(0, False, _("No"))
    if item.kind == "scale":
        return tuple(Choice(int(o.code), o.code, o.label) for o in item.options)
    last = [o for o in item.options if o.code in (NONE_OF_THESE, "none")]
    first = [o for o in item.options if o not in last]
    start = 0 if len(first) >= MOST_CHOICES else 1
    numbered = [Choice(n, o.code, o.label) for n, o in enumerate(first, start)]
    return (*numbered, *(Choice(0, o.code, o.label) for o in last))


def state_words() -> dict[State, str]:
    return {
        State.UNKNOWN: _("Does not know"),
        State.DEFERRED: _("Ask later"),
        State.DECLINED: _("Declined"),
    }


STATE_DIGITS = {7: State.UNKNOWN, 8: State.DEFERRED, 9: State.DECLINED}


def digit_of(event: QKeyEvent) -> int | None:
    key = event.key()
    return key - Qt.Key.Key_0 if Qt.Key.Key_0 <= key <= Qt.Key.Key_9 else None


class _Answer(WrappingButton):
    """Leaves the arrows to whoever stands around it; a button of Qt's would take them."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS:
            event.ignore()
        else:
            super().keyPressEvent(event)


class ChoiceGroup(QWidget):
    """Buttons with their keys; one Tab stop, arrows inside. Keys pressed before the question is
    painted are ignored: nobody has read it yet. `states` is laid out beside the group, so that the
    choices may scroll and 7, 8 and 9 stay in view; it comes and goes with the group.

    Signals: `answered` carries the value of one choice or the tuple of several; `left_open` a
    State; `entered` says that Enter was pressed and answers nothing by itself.
    """

    answered = Signal(object)
    left_open = Signal(object)
    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.painted = False
        self.in_list = False  # there up and down go from question to question
        self._choices: tuple[Choice, ...] = ()
        self._several = False
        self._buttons = [_Answer() for _unused in range(MOST_CHOICES + 1)]
        self._states = {digit: _Answer() for digit in STATE_DIGITS}
        for place, each in enumerate(self._buttons):
            each.setCheckable(True)
            each.hide()  # until there is something to choose, it asks for no room
            each.clicked.connect(lambda _checked, place=place: self._choose(place))
        for digit, each in self._states.items():
            each.setCheckable(True)
            each.clicked.connect(lambda _checked, digit=digit: self._leave_open(digit))
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        self._narrow = False
        self._columns = 0
        self._lay_out(0)  # before they are taken in: Tab comes by in this order
        self.setLayout(column([self._grid]))
        self.states = QWidget()
        self.states.setLayout(row(self._states.values()))
        self.states.installEventFilter(self)

    def put(
        self,
        choices: Sequence[Choice],
        chosen: object = None,
        state: State | None = None,
        *,
        several: bool = False,
        may_stay_open: bool = True,
    ) -> None:
        """`chosen` and `state` are what is recorded now, if anything."""
        self.painted = False
        self._choices, self._several = tuple(choices), several
        self._lay_out(len(self._choices))
        for place, each in enumerate(self._buttons):
            shown = place < len(self._choices)
            if each.isHidden() is shown:
                each.setVisible(shown)
            if shown:
                choice = self._choices[place]
                each.say(f"{choice.digit}   {choice.words}")
                each.setChecked(self._is(choice.value, chosen))
        for digit, each in self._states.items():
            if each.isHidden() is may_stay_open:
                each.setVisible(may_stay_open)
            each.say(f"{digit}   {state_words()[STATE_DIGITS[digit]]}")
            each.setChecked(STATE_DIGITS[digit] is state)
        self._one_stop()
        self.update()

    def make_narrow(self, narrow: bool) -> None:
        if narrow is not self._narrow:
            self._narrow = narrow
            self._lay_out(len(self._choices))
            for each in (*self._buttons, *self._states.values()):
                theme.look(each, "answer_narrow" if narrow else "answer")

    def _lay_out(self, count: int) -> None:
        """Side by side where there are many, or where there is little room."""
        columns = 2 if self._narrow or count > 5 else 1
        if columns == self._columns:
            return
        self._columns = columns
        for place, each in enumerate(self._buttons):
            self._grid.addWidget(each, place // columns, place % columns)

    def _is(self, value: object, chosen: object) -> bool:
        if isinstance(chosen, tuple):
            return value in chosen
        return chosen is not None and type(value) is type(chosen) and value == chosen

    def _shown(self) -> list[_Answer]:
        return [each for each in (*self._buttons, *self._states.values()) if not each.isHidden()]

    def _one_stop(self) -> None:
        """Tab stops once: at what is chosen, else at the first choice."""
        shown = self._shown()
        stop = next((each for each in shown if each.isChecked()), shown[0] if shown else None)
        for each in shown:
            policy = Qt.FocusPolicy.StrongFocus if each is stop else Qt.FocusPolicy.ClickFocus
            each.setFocusPolicy(policy)
        if stop is not None:
            self.setFocusProxy(stop)

    def _choose(self, place: int) -> None:
        if not self._several:
            self.answered.emit(self._choices[place].value)
            return
        self._toggle(place)

    def _toggle(self, place: int) -> None:
        """None of these and the others exclude each other."""
        none = [n for n, choice in enumerate(self._choices) if choice.value == NONE_OF_THESE]
        for other, each in enumerate(self._buttons):
            if other != place and (place in none or other in none):
                each.setChecked(False)
        for each in self._states.values():
            each.setChecked(False)

    def commit(self) -> None:
        """Enter: several choices are answered together."""
        if not self._several:
            self.entered.emit()
            return
        chosen = tuple(
            choice.value
            for choice, each in zip(self._choices, self._buttons, strict=False)
            if each.isChecked()
        )
        if chosen:
            self.answered.emit(chosen)
        else:
            self.entered.emit()

    def _leave_open(self, digit: int) -> None:
        self.left_open.emit(STATE_DIGITS[digit])

    def press(self, digit: int) -> None:
        """What the number key does, from wherever it came."""
        if not self.painted:
            return
        place = next((n for n, c in enumerate(self._choices) if c.digit == digit), None)
        if place is not None:
            each = self._buttons[place]
            each.setChecked(not each.isChecked() if self._several else True)
            self._choose(place)
            if self._several and self._choices[place].value == NONE_OF_THESE:
                self.commit()  # there is nothing to add to it
        elif digit in self._states and not self._states[digit].isHidden():
            self._leave_open(digit)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.painted = True

    def setVisible(self, visible: bool) -> None:
        super().setVisible(visible)
        self.states.setVisible(visible)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A key at one of the states is a key of the group."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            self.keyPressEvent(event)
            return event.isAccepted()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = digit_of(event)
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if digit is not None and plain and not event.isAutoRepeat():
            self.press(digit)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            if self.painted and not event.isAutoRepeat():
                self.commit()
        elif event.key() in (_SIDEWAYS if self.in_list else _ARROWS):
            self._move(_ARROWS[event.key()])
        else:
            super().keyPressEvent(event)

    def _move(self, step: int) -> None:
        shown = self._shown()
        here = next((n for n, each in enumerate(shown) if each.hasFocus()), 0)
        shown[(here + step) % len(shown)].setFocus()


_ARROWS: dict[int, int] = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Right: 1,
}


_SIDEWAYS = (Qt.Key.Key_Left, Qt.Key.Key_Right)


# The window or a menu took the keys; nobody left the field, and half a word is no answer.
_STILL_HERE = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)


class KeptLine(QLineEdit):
    """A line whose keys wait until its question is painted: what comes earlier was meant for the
    question before. With nothing typed to undo, the undo keys are those of the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.painted = False
        theme.look(self, "answer")

    def unseen(self) -> None:
        """Another question stands here now."""
        self.painted = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.painted = True

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if not self.painted and event.key() not in _ELSEWHERE:
                return True
        if event.type() is QEvent.Type.ShortcutOverride and self._is_of_the_screen(event):
            event.ignore()
            return False
        return super().event(event)

    def _is_of_the_screen(self, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        back, again = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
        if event.matches(back):
            return not self.isUndoAvailable()
        return event.matches(again) and not self.isRedoAvailable()


_ELSEWHERE = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape)


class TypedLine(KeptLine):
    """Enter keeps what was typed, and so does leaving; Alt+7, 8, 9 leave the question open."""

    kept = Signal(str)
    left = Signal(str)
    left_open = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._recorded = ""

    def put(self, recorded: str, draft: str = "") -> None:
        self.unseen()
        self._recorded = recorded
        self.setText(draft or recorded)
        self.selectAll()

    @property
    def recorded(self) -> str:
        return self._recorded

    @property
    def is_new(self) -> bool:
        """Whether something stands here that is not recorded."""
        return bool(self.text().strip()) and self.text() != self._recorded

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = digit_of(event)
        if digit in STATE_DIGITS and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.left_open.emit(STATE_DIGITS[digit])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.kept.emit(self.text())
        elif event.key() == Qt.Key.Key_Backspace and not self.text():
            # One question back, but not by the key that was held to empty the line.
            event.setAccepted(event.isAutoRepeat())
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _STILL_HERE and self.is_new:
            self.left.emit(self.text())


class TypedAnswer(QWidget):
    """A line, what is wrong with it or how it was understood, and the three open states."""

    kept = Signal(str)
    left = Signal(str)
    left_open = Signal(object)
    edited = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.line = TypedLine()
        self.line.kept.connect(self.kept)
        self.line.left.connect(self.left)
        self.line.left_open.connect(self.left_open)
        self.line.textEdited.connect(self._edited)
        self._said = label(look="meta")
        self._problem = label(look="problem")
        self._states = [WrappingButton() for _unused in STATE_DIGITS]
        for each, (digit, state) in zip(self._states, STATE_DIGITS.items(), strict=True):
            each.say(f"Alt+{digit}   {state_words()[state]}")
            each.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab stops once, at the line
            each.clicked.connect(lambda _checked=False, state=state: self.left_open.emit(state))
        self._foot = QWidget()
        self._foot.setLayout(row(self._states))
        whole = column([self.line, self._problem, self._said, self._foot])
        whole.addStretch()
        self.setLayout(whole)
        self.setFocusProxy(self.line)
        self.refuse("")

    def put(
        self, name: str, recorded: str, hint: str, *, draft: str = "", open_: bool = True
    ) -> None:
        self.line.setAccessibleName(name)
        self.line.setPlaceholderText(hint)
        self.line.put(recorded, draft)
        self._foot.setVisible(open_)
        self._said.setText("")
        self.refuse("")

    @property
    def painted(self) -> bool:
        return self.line.painted

    def refuse(self, sentence: str) -> None:
        """The typed text stays."""
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))
        self.line.setAccessibleDescription(sentence)

    def understood(self, words: str) -> None:
        self._said.setText(words)

    def _edited(self, text: str) -> None:
        self.refuse("")
        self.edited.emit(text)
