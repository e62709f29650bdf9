"""Who accepted, who took over, what came of it: the ends of an escalation, as forms."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from intake_app.core import panel, safety
from intake_app.core.words import _
from ui.widgets.basics import button, column, label
from ui.widgets.fields import Tick
from ui.widgets.person import narrow

_TASKS = tuple(panel.TASK_MOVES)


def _line(name: str, hint: str = "") -> QLineEdit:
    found = QLineEdit()
    found.setAccessibleName(name)
    found.setPlaceholderText(hint)
    return found


class AcceptForm(QWidget):
    """`accepted` carries a name and whether they read back; `taken_over` a name."""

    accepted = Signal(str, bool)
    taken_over = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.by = _line(_("Who accepts"), _("Name of the clinician or service"))
        self.read_back = Tick(_("They read back name, place, phone and why"))
        self.accept = button(_("Accepted, read back"), "primary")
        self.accept.clicked.connect(self.press)
        self.over = button(_("They have the person: taken over"))
        self.over.clicked.connect(lambda: self.taken_over.emit(self.by.text().strip()))
        self.problem = label(look="problem")
        self.problem.hide()
        self.after = label(look="meta")
        parts = [self.by, self.read_back, self.problem, self.accept, self.over, self.after]
        self.setLayout(column(parts))
        self.setFocusProxy(self.by)

    def press(self) -> None:
        self.accepted.emit(self.by.text().strip(), self.read_back.isChecked())

    def put(self, after: str, *, raised: bool) -> None:
        self.after.setText(after)
        self.accept.setVisible(raised)
        self.read_back.setVisible(raised)

    def empty(self) -> None:
        self.by.clear()
        self.read_back.setChecked(False)


def _closing_words() -> dict[str, str]:
    return {
        "reason": _("Reason, in words"),
        "who_has_the_person": _("Who has the person now"),
        "next_contact": _("Next contact: who, when"),
        "welfare_check": _("Result of the welfare check"),
        "name": _("Clinician's name"),
        "password": _("Clinician's password"),
    }


class CloseForm(QWidget):
    """A clinician closes, by name and password, on this screen. `closing` carries the fields."""

    closing = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.outcome = narrow(QComboBox())
        self.outcome.setAccessibleName(_("Outcome"))
        self.outcome.addItem(_("Outcome: choose"), "")
        for code, said in panel.outcome_words().items():
            self.outcome.addItem(said, str(code))
        self._lines = {field: _line(said) for field, said in _closing_words().items()}
        self._titles = {field: label(said, "meta") for field, said in _closing_words().items()}
        self._lines["password"].setEchoMode(QLineEdit.EchoMode.Password)
        self.press = button(_("Close the escalation"), "primary")
        self.press.clicked.connect(self._close)
        self._lines["password"].returnPressed.connect(self._close)
        self.problem = label(look="problem")
        self.problem.hide()
        note = label(
            _("A clinician alone closes, signed in as such here; the call stays open."), "staff"
        )
        parts: list[QWidget] = [note, self.outcome]
        for field, line in self._lines.items():
            self._titles[field].setBuddy(line)
            parts += [self._titles[field], line]
        self.setLayout(column([*parts, self.problem, self.press], spacing=3))
        self.setFocusProxy(self.outcome)
        self.outcome.currentIndexChanged.connect(lambda _place: self._ask_of_the_check())
        self._ask_of_the_check()

    def _ask_of_the_check(self) -> None:
        """The result of the welfare check belongs to one outcome alone."""
        asked = self.outcome.currentData() == safety.Outcome.NOT_REACHED
        self._titles["welfare_check"].setVisible(asked)
        self._lines["welfare_check"].setVisible(asked)

    def line(self, field: str) -> QLineEdit:
        return self._lines[field]

    def given(self) -> dict[str, str]:
        typed = {field: line.text().strip() for field, line in self._lines.items()}
        typed["password"] = self._lines["password"].text()  # a space may belong to it
        return {"outcome": str(self.outcome.currentData() or ""), **typed}

    def _close(self) -> None:
        self.closing.emit(self.given())

    def forget_password(self) -> None:
        self._lines["password"].clear()

    def empty(self) -> None:
        self.outcome.setCurrentIndex(0)
        for line in self._lines.values():
            line.clear()


class TaskList(QWidget):
    """What must still happen; a task ends once the person was reached, or with a welfare check that
    a clinician decided on. A try in vain is recorded, and the task stays.

    `settled` carries the task, how the try ended, and what came of it.
    """

    settled = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__()
        self._titles = {what: label(look="caution") for what in panel.task_words()}
        self.hows = {what: self._choice() for what in _TASKS}
        self.lines = {what: _line(_("Outcome")) for what in _TASKS}
        self._missing = {what: label(look="problem") for what in _TASKS}
        parts: list[QWidget] = []
        for what in _TASKS:
            self.lines[what].returnPressed.connect(lambda what=what: self._settle(what))
            parts += [self._titles[what], self.hows[what], self.lines[what], self._missing[what]]
        parts += [self._titles[what] for what in self._titles if what not in _TASKS]
        self.setLayout(column(parts, spacing=4))

    @staticmethod
    def _choice() -> QComboBox:
        found = narrow(QComboBox())
        found.addItem(_("Was the person reached? Choose"), "")
        for how, said in panel.try_words().items():
            found.addItem(said, how)
        return found

    def put(self, open_: Mapping[str, str]) -> None:
        """Words by task, of those that are open."""
        for what, title in self._titles.items():
            title.setText(f"\u25a0 {open_.get(what, '')}")
            title.setVisible(what in open_)
        for what in _TASKS:
            said = open_.get(what, "")
            for part in (self.hows[what], self.lines[what]):
                part.setVisible(what in open_)
            self._missing[what].hide()
            asked = _("Was the person reached? {task}").format(task=said or what)
            self.hows[what].setAccessibleName(asked)
            self.lines[what].setAccessibleName(_("Outcome of: {task}").format(task=said or what))
            self.lines[what].setPlaceholderText(_("What came of it; Enter records it"))
        self.setVisible(bool(open_))

    def _settle(self, what: str) -> None:
        text, how = self.lines[what].text().strip(), str(self.hows[what].currentData())
        if not text or not how:
            self._missing[what].setText(
                _("Not recorded: choose whether the person was reached, and say what came of it.")
            )
            self._missing[what].show()
            (self.lines[what] if how else self.hows[what]).setFocus()
            return
        self.settled.emit(what, how, text)
        self.lines[what].clear()
        self.hows[what].setCurrentIndex(0)
