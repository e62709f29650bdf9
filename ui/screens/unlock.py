"""Unlock: a name, a password, and before anybody unlocked the emergency numbers all the same.

Two more ways in stand behind it: a one-time code, and the recovery key on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLayout, QLineEdit, QWidget

from intake_app.core.words import _
from ui import keys, theme
from ui.widgets.basics import Foot, Giving, button, card, column, label, row
from ui.widgets.names import NamesBox

if TYPE_CHECKING:
    from ui.widgets.admission import AdmissionForm

_WIDEST_LINES = 30  # a line to type in is no longer than a person reads


class UnlockScreen(QWidget):
    """`tried` carries name and password, `coded` and `papered` a code or a recovery key with a
    NewPassword; `emergency` and `restore` say that a button was pressed."""

    tried = Signal(str, str)
    coded = Signal(str, object)
    papered = Signal(str, object)
    emergency = Signal()
    restore = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._forms: dict[str, AdmissionForm] = {}
        self.setWindowTitle(_("Ketamine intake"))
        theme.look(self, "page")
        self._names = NamesBox()
        self._names.setAccessibleName(_("Your name"))
        self._names.chosen.connect(self._to_password)
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
        code = button(_("I have a one-time code   Alt+C"), name=_("I have a one-time code"))
        code.clicked.connect(lambda: self._other_way("code"))
        paper = button(
            _("Nobody can unlock: recovery key   Alt+R"), name=_("Nobody can unlock: recovery key")
        )
        paper.clicked.connect(lambda: self._other_way("paper"))
        for pressed, way in (("Alt+C", "code"), ("Alt+R", "paper")):
            heard = QShortcut(QKeySequence(pressed), self)
            heard.activated.connect(lambda way=way: self._other_way(way))
        self._usual = QWidget()
        self._usual.setLayout(
            column(
                [
                    label(_("Your name"), "heading"),
                    self._names,
                    label(_("Password"), "heading"),
                    self._password,
                    self._hint,
                    self._open,
                    Foot([code, paper]),
                ]
            )
        )
        self._pages = column([self._usual])
        parts: list[QWidget | QLayout] = [
            label(_("Ketamine intake"), "title"),
            label(_("The records are locked."), "meta"),
            self._pages,
            self._problem,
            self._said,
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
        theme.dress(self)

    def offer(
        self, names: Sequence[str], last: str = "", *, other: bool = False, demo: bool = False
    ) -> None:
        """`last` was at the desk; with `other` somebody else comes, and one digit says who."""
        self._names.put(list(names))
        self._names.choose(last)
        self._demo.setVisible(demo)
        (self._names if other else self._password).setFocus()

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
        shown = next((f.secret.edit for f in self._forms.values() if f.isVisible()), None)
        (shown or self._password).selectAll()
        (shown or self._password).setFocus()

    def _to_password(self) -> None:
        self._password.clear()
        self._password.setFocus()

    def _try(self) -> None:
        if self._password.text() and self._names.name():
            self._wait(busy=True)
            self.tried.emit(self._names.name(), self._password.text())

    # Without a password ---------------------------------------------------------------------------

    def _other_way(self, way: str) -> None:
        """Made when it is first asked for: the first window must not wait for it."""
        from ui.widgets import admission  # noqa: PLC0415

        if way not in self._forms:
            form = admission.by_code() if way == "code" else admission.by_paper()
            told = self.coded if way == "code" else self.papered
            form.ready.connect(lambda secret, new: self._give(told, secret, new))
            form.left.connect(lambda: self._show(self._usual, self._password))
            self._forms[way] = form
            self._pages.addWidget(form)
        self._forms[way].name.put(self._names.name())
        self._show(self._forms[way], self._forms[way].secret.edit)

    def _show(self, page: QWidget, focus: QWidget) -> None:
        self._problem.hide()
        for each in (self._usual, *self._forms.values()):
            each.setVisible(each is page)
        focus.setFocus()

    def _give(self, told: SignalInstance, secret: str, new: object) -> None:
        self._wait(busy=True)
        told.emit(secret, new)

    def _wait(self, *, busy: bool) -> None:
        self._said.setText(_("Opening the records…"))
        self._said.setVisible(busy)
        self._problem.hide()
        for each in (self._usual, *self._forms.values()):
            each.setEnabled(not busy)
