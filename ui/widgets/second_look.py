"""An intake that a protocol adopted since would flag otherwise: what changes, and the words of
whoever looked again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from intake_app.core.difference import FlagChange
from intake_app.core.screening import Flag
from intake_app.core.words import _
from ui import words
from ui.widgets.basics import button, card, column, label
from ui.widgets.fields import Field


class SecondLook(QWidget):
    """`looked` carries the words."""

    looked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._said = label(look="unknown")
        self._words = Field(_("What the second look found"))
        self._words.edit.returnPressed.disconnect()
        self._words.edit.returnPressed.connect(self._tell)
        done = button(_("I have looked at it again"))
        done.clicked.connect(self._tell)
        self.setLayout(column([card(column([self._said, self._words, done]))]))
        self.hide()

    def put(self, changes: Sequence[FlagChange] | None) -> None:
        """None where nothing waits."""
        self.setVisible(changes is not None)
        self._words.put("")
        if changes is not None:
            self._said.setText("\n".join([_asked(), *map(_line, changes)]))

    def _tell(self) -> None:
        self.looked.emit(self._words.text())


def _asked() -> str:
    return _("? The protocol changed since. With it these answers would raise otherwise:")


def _line(change: FlagChange) -> str:
    flag = change.after or change.before
    name = flag.criterion.label if flag is not None else ""
    template = _("    {flag}: {before} before, now {after}")
    return template.format(flag=name, before=_weight(change.before), after=_weight(change.after))


def _weight(flag: Flag | None) -> str:
    if flag is None:
        return _("nothing")
    tier, due = words.tier_words()[flag.tier], words.due_words()[flag.due]
    return _("{tier}, {due} ({reason})").format(tier=tier, due=due, reason=flag.reason)
