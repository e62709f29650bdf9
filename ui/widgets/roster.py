"""Who may unlock, one's own password, and when the window locks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QListWidget

from intake_app.core import contacts, roster
from intake_app.core.model import Role, Staff, Standing
from intake_app.core.setup import LEAST_LETTERS
from intake_app.core.words import _
from ui.widgets.basics import button, card, column, label
from ui.widgets.fields import Field, Panel, PasswordPair, RoleBoxes, SideBySide
from ui.widgets.staffing import role_names


class Deed(NamedTuple):
    """Something done to somebody: its key, its words, and what it means before it is done."""

    keys: str
    words: Callable[[], str]
    means: Callable[[], str]
    to: Standing | None = None


# In the order of the buttons; the main button does what was chosen.
DEEDS = {
    "roles": Deed(
        "Alt+O", lambda: _("Change roles"), lambda: _("{name} works with these roles at once.")
    ),
    "suspend": Deed(
        "Alt+S",
        lambda: _("Suspend"),
        lambda: _("{name} cannot unlock until somebody reinstates them. Nothing else changes."),
        Standing.SUSPENDED,
    ),
    "reinstate": Deed(
        "Alt+I",
        lambda: _("Reinstate"),
        lambda: _("{name} can unlock again, with the password that they had."),
        Standing.HERE,
    ),
    "reset": Deed(
        "Alt+C",
        lambda: _("Reset by a one-time code"),
        lambda: _(
            "A code is shown once. With it {name} chooses a new password; the old one opens "
            "nothing from here on. What they signed stays proven."
        ),
        Standing.CODE,
    ),
    "lift": Deed(
        "Alt+T", lambda: _("Let try again"), lambda: _("{name} may try a password again at once.")
    ),
    "remove": Deed(
        "Alt+X",
        lambda: _("Remove"),
        lambda: _(
            "{name} never unlocks again, and the records get a new key and a new recovery key, "
            "which has to go on paper. What they did stays theirs by name. A copy of the files "
            "that was taken before stays readable to whoever could read it then."
        ),
        Standing.REMOVED,
    ),
}


class RosterPanel(Panel):
    """`wanted` carries a deed of `DEEDS`, whom it is done to, and the roles that were ticked."""

    wanted = Signal(str, object, object)
    turned = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._people: tuple[Staff, ...] = ()
        self._waiting: Mapping[str, timedelta] = {}
        self._deed = ""
        self._listed = QListWidget()
        self._listed.setAccessibleName(_("Who may unlock"))
        self._listed.setWordWrap(True)
        self._listed.setSpacing(2)
        self._listed.currentRowChanged.connect(lambda _row: self._rest())
        self._buttons = {}
        for name, deed in DEEDS.items():
            text = f"{deed.words()}   {deed.keys}"
            self._buttons[name] = button(text, name=deed.words())
            self._buttons[name].clicked.connect(lambda _on=False, name=name: self.choose(name))
            heard = QShortcut(QKeySequence(deed.keys), self)
            heard.activated.connect(lambda name=name: self.choose(name))
        self._roles = RoleBoxes()
        self._means = label(look="staff")
        self._code = label(look="callback")
        here = card(
            column([label(_("Who may unlock"), "title"), self._listed, *self._buttons.values()])
        )
        what = column([self._means, self._code, self._roles])
        what.addStretch()
        self.setLayout(column([SideBySide([here, card(what)])]))
        self._rest()

    def put(self, people: Sequence[Staff], waiting: Mapping[str, timedelta]) -> None:
        row = max(0, self._listed.currentRow())
        self._people, self._waiting = tuple(people), waiting
        self._listed.blockSignals(True)
        self._listed.clear()
        self._listed.addItems([self._line(member) for member in people])
        self._listed.blockSignals(False)
        self._listed.setCurrentRow(min(row, len(people) - 1))
        height = self._listed.fontMetrics().lineSpacing() * 2
        self._listed.setMinimumHeight(height * min(6, max(2, len(people))) + 16)
        self._rest()

    def _line(self, member: Staff) -> str:
        names = role_names()
        roles = ", ".join(names[role] for role in Role if role in member.roles)
        said = [roles, roster.standing_words()[member.standing]]
        if member.id in self._waiting:
            template = _("waits {wait} after wrong passwords")
            said.append(template.format(wait=roster.wait_words(self._waiting[member.id])))
        return _("{name}: {said}").format(name=member.name, said="; ".join(said))

    def _chosen(self) -> Staff | None:
        row = self._listed.currentRow()
        return self._people[row] if 0 <= row < len(self._people) else None

    def _rest(self) -> None:
        """Nothing is about to be done."""
        self._deed = ""
        self._roles.hide()
        self._code.hide()
        self._means.setText(_("Choose somebody, then what to do; Ctrl+Enter does it."))
        member = self._chosen()
        for name, shown in self._buttons.items():
            shown.setEnabled(member is not None and self._fits(name, member))
        self.turned.emit()

    def _fits(self, name: str, member: Staff) -> bool:
        to = DEEDS[name].to
        if name == "lift":
            return member.id in self._waiting
        if to is None:
            return member.standing is not Standing.REMOVED
        return to in roster.MOVES[member.standing]

    def choose(self, name: str) -> None:
        member = self._chosen()
        if member is None or not self._fits(name, member):
            return
        self._deed = name
        self._code.hide()
        self._roles.setVisible(name == "roles")
        self._roles.tick(member.roles)
        self._means.setText(DEEDS[name].means().format(name=member.name))
        self.turned.emit()

    def main_words(self) -> str:
        member = self._chosen()
        if not self._deed or member is None:
            return ""
        template = _("{deed}: {name}")
        return template.format(deed=DEEDS[self._deed].words(), name=member.name)

    def main(self) -> None:
        member = self._chosen()
        if self._deed and member is not None:
            self.wanted.emit(self._deed, member.id, self._roles.chosen())

    def show_code(self, code: str) -> None:
        """Until somebody else is chosen; it is kept nowhere."""
        self._means.setText(
            _(
                "Give this code by word of mouth or on paper, to this person alone. It opens once, "
                "from the unlock screen with Alt+C."
            )
        )
        self._code.setText(code)
        self._code.show()

    def is_empty(self) -> bool:
        return not self._deed

    def entered(self) -> None:
        self._listed.setFocus()


class OwnPasswordPanel(Panel):
    """`given` carries the old password and the new one twice."""

    given = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__()
        self._old = Field(_("Your password now"), secret=True)
        self._new = PasswordPair(LEAST_LETTERS)
        said = _("The records are not touched by it, and nobody else's password changes.")
        parts = [label(_("Your own password"), "title"), label(said, "meta"), self._old, self._new]
        self.setLayout(column([card(column(parts))]))

    def main_words(self) -> str:
        return _("Change my password")

    def main(self) -> None:
        self.given.emit(self._old.edit.text(), *self._new.texts())

    def is_empty(self) -> bool:
        return not self._old.edit.text() and not any(self._new.texts())

    def clear(self) -> None:
        self._old.put("")
        self._new.clear()

    def entered(self) -> None:
        self._old.setFocus()


class TwoNumbers(Panel):
    """Two whole numbers of the clinic; `kept` carries them as typed."""

    kept = Signal(str, str)

    def __init__(self, title: str, said: str, first: Field, second: Field, save: str) -> None:
        super().__init__()
        self.first, self.second, self._save = first, second, save
        parts = [label(title, "title"), label(said, "meta"), first, second]
        self.setLayout(column([card(column(parts))]))

    def put(self, first: int | None, second: int | None) -> None:
        for field, value in ((self.first, first), (self.second, second)):
            field.put("" if value is None else str(value))

    def main_words(self) -> str:
        return self._save

    def main(self) -> None:
        self.kept.emit(self.first.text(), self.second.text())

    def entered(self) -> None:
        self.first.setFocus()


def _whole(ends: tuple[int, int]) -> str:
    least, most = ends
    return _("A whole number from {least} to {most}.").format(least=least, most=most)


def locking_panel() -> TwoNumbers:
    """After how many minutes the window locks, without and with a line open."""
    said = _(
        "It cannot be turned off. While nobody has accepted an escalation it waits, and the "
        "time starts again once somebody has. Ctrl+Alt+L locks at once, Ctrl+Alt+P lets "
        "somebody else come to the desk."
    )
    idle = Field(_("Minutes without a touch until the window locks"), _whole(roster.IDLE_MINUTES))
    call = Field(_("The same while a line is open"), _whole(roster.CALL_MINUTES))
    return TwoNumbers(_("Locking"), said, idle, call, _("Save the minutes"))


def calling_back_panel() -> TwoNumbers:
    """How soon and how often a line that dropped is tried again."""
    said = _(
        "After a line that dropped, with no escalation open. What is left empty stands at its "
        "placeholder (minutes: {minutes}; tries: {tries}), and the call says so. With an "
        "escalation open its own steps hold."
    ).format(minutes=contacts.RETRY_MINUTES, tries=contacts.MOST_TRIES)
    again = Field(_("Minutes from one try to the next"), _whole(contacts.RETRY_RANGE))
    most = Field(_("Tries until a clinician decides"), _whole(contacts.TRIES_RANGE))
    return TwoNumbers(_("Calling back"), said, again, most, _("Save both"))
