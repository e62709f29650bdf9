"""The six steps: what is read aloud, what is for staff alone, and which step is stamped."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from intake_app.core.panel import Step
from intake_app.core.words import _
from ui import theme
from ui.widgets.basics import column, label
from ui.widgets.person import ArrowButton


class _StepButton(ArrowButton):
    looked_at = Signal()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.looked_at.emit()


class StepList(QWidget):
    """One Tab stop, arrows inside; the text of the step in focus is the one to read. It is not in
    the list but in `read`, for a place where it stays in view.

    Signals: `pressed` carries the key of a step; `written` key, kind (note or not_possible), text.
    """

    pressed = Signal(str)
    written = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[Step, ...] = ()
        self._current = "1"
        self._heading = label(look="heading")
        self._aloud = label(look="script")
        self._note = label(look="staff")
        self._buttons: dict[str, _StepButton] = {}
        for key in "123456":
            each = _StepButton("step")
            each.clicked.connect(lambda _checked=False, key=key: self.pressed.emit(key))
            each.looked_at.connect(lambda key=key: self.look(key))
            self._buttons[key] = each
        self._line_title = label(look="meta")
        self.line = QLineEdit()
        self.line.returnPressed.connect(self._write)
        self._writing = ("", "")
        self.read = QWidget()
        self.read.setLayout(column([self._heading, self._aloud], spacing=6))
        self.setLayout(
            column(
                [
                    self._note,
                    self._line_title,
                    self.line,
                    *self._buttons.values(),
                ],
                spacing=6,
            )
        )
        self.leave_line()

    def put(self, steps: Sequence[Step], current: str) -> None:
        self._steps = tuple(steps)
        for step in self._steps:
            mark = theme.SHAPES["done"] if step.done else "–" if step.not_possible else "   "
            stamp = f"\n{step.stamp}" if step.stamp else ""
            self._buttons[step.key].say(f"{step.key}  {mark}  {step.title}{stamp}")
        self.look(current)

    def look(self, key: str) -> None:
        """Show the text of a step; the Tab stop is there."""
        self._current = key
        step = next((s for s in self._steps if s.key == key), None)
        for other, each in self._buttons.items():
            stop = other == key or each.hasFocus()
            each.setFocusPolicy(Qt.FocusPolicy.StrongFocus if stop else Qt.FocusPolicy.ClickFocus)
            theme.look(each, "step_now" if other == key else "step")
        self.setFocusProxy(self._buttons[key])
        if step is not None:
            self._heading.setText(_("READ ALOUD · step {key}").format(key=key))
            self._aloud.setText(f"“{step.aloud}”")
            self._note.setText(_("STAFF ONLY, do not read: {note}").format(note=step.note))

    @property
    def current(self) -> str:
        return self._current

    def has_focus(self) -> bool:
        return any(each.hasFocus() for each in self._buttons.values())

    # A note to a step, or why it was not possible -----------------------------------------------

    def ask(self, key: str, kind: str) -> None:
        titles = {
            "note": _("Note to step {key}: Enter keeps it, Esc leaves it"),
            "not_possible": _("Why step {key} is not possible: Enter keeps it, Esc leaves it"),
        }
        self._writing = (key, kind)
        self.look(key)
        self._line_title.setText(titles[kind].format(key=key))
        self.line.setAccessibleName(self._line_title.text())
        self._line_title.show()
        self.line.show()
        self.line.setFocus()

    def _write(self) -> None:
        text = self.line.text().strip()
        if text:
            self.written.emit(*self._writing, text)
        else:
            self.leave_line()

    def leave_line(self) -> bool:
        """True where a line was open."""
        was_open = not self.line.isHidden()
        self.line.clear()
        self.line.setAccessibleName(_("Note to a step"))
        had_focus = self.line.hasFocus()
        self._line_title.hide()
        self.line.hide()
        if had_focus:
            self.setFocus()
        return was_open

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None or not self.has_focus():
            super().keyPressEvent(event)
            return
        keys_ = list(self._buttons)
        place = (keys_.index(self._current) + step) % len(keys_)
        self._buttons[keys_[place]].setFocus()
