"""Unlock: a name, a password, and before anybody unlocked the emergency numbers all the same."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from intake_app.core.words import _
from ui import keys, theme
from ui.widgets.basics import Giving, button, card, column, label, row

_WIDEST_LINES = 30  # a line to type in is no longer than a person reads


class UnlockScreen(QWidget):
    """`tried` carries name and password; `emergency` and `restore` that a button was pressed."""

    tried = Signal(str, str)
    emergency = Signal()
    restore = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(_("Ketamine intake"))
        theme.look(self, "page")
        self._names = QComboBox()
        self._names.setAccessibleName(_("Your name"))
        self._password = QLineEdit()
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._password.setAccessibleName(_("Password"))
        self._password.setPlaceholderText(_("Password"))
        self._password.returnPressed.connect(self._try)
        self._hint = label(look="meta")
        self._hint.hide()
        self._said = label(look="meta")
        self._said.hide()
        self._problem = label(look="problem")
        self._problem.hide()
        self._open = button(_("Open the records   Enter"), "primary")
        self._open.clicked.connect(self._try)
        help_ = button(_("Emergency   F9"), "emergency", name=_("Emergency numbers"))
        help_.clicked.connect(self.emergency)
        self._restore = button(_("Restore a backup   Ctrl+Shift+R"), name=_("Restore a backup"))
        self._restore.clicked.connect(self.restore)
        keys.action(self, "restore", self.restore.emit)
        self._demo = label(_("DEMO: invented people, not real patients"), "demo")
        self._demo.hide()
        self._lay_out(help_)
        self.resize(1100, 700)
        self._password.setFocus()

    def _lay_out(self, help_: QWidget) -> None:
        parts = [
            label(_("Ketamine intake"), "title"),
            label(_("The records are locked."), "meta"),
            label(_("Your name"), "heading"),
            self._names,
            label(_("Password"), "heading"),
            self._password,
            self._hint,
            self._problem,
            self._said,
            self._open,
            self._restore,
        ]
        inside = Giving(card(column(parts), margin=24))
        inside.setMaximumWidth(self.fontMetrics().height() * _WIDEST_LINES)
        middle = row([inside])
        middle.insertStretch(0)
        middle.addStretch()
        middle.setStretch(1, 100)  # as wide as it may be
        top = row([help_])
        top.setAlignment(help_, Qt.AlignmentFlag.AlignRight)
        whole = column([self._demo, top], margin=8)
        whole.addStretch()
        whole.addLayout(middle)
        whole.addStretch()
        self.setLayout(whole)

    def offer(self, names: Sequence[str], chosen: str = "", *, demo: bool = False) -> None:
        self._names.addItems(list(names))
        if chosen in names:
            self._names.setCurrentText(chosen)
        self._demo.setVisible(demo)
        self._password.setFocus()

    def hint(self, text: str) -> None:
        """Stays, whatever is tried."""
        self._hint.setText(text)
        self._hint.show()

    def say(self, sentence: str) -> None:
        self._said.setText(sentence)
        self._said.show()

    def refuse(self, sentence: str) -> None:
        self._wait(busy=False)
        self._problem.setText(sentence)
        self._problem.show()
        self._password.selectAll()
        self._password.setFocus()

    def _try(self) -> None:
        if self._password.text() and self._names.currentText():
            self._wait(busy=True)
            self.tried.emit(self._names.currentText(), self._password.text())

    def _wait(self, *, busy: bool) -> None:
        self._said.setText(_("Opening the records…"))
        self._said.setVisible(busy)
        self._problem.hide()
        for each in (self._open, self._password, self._names):
            each.setEnabled(not busy)
