"""Ways in without a password of one's own: a one-time code, or the recovery key on paper."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from intake_app.core.setup import LEAST_LETTERS, NewPassword
from intake_app.core.words import _
from ui.widgets.basics import button, column, label
from ui.widgets.fields import Field, PasswordPair


class AdmissionForm(QWidget):
    """`ready` carries what was typed from the paper, and a NewPassword; `left` goes back."""

    ready = Signal(str, object)
    left = Signal()

    def __init__(self, said: str, secret: str, name: str, do: str) -> None:
        super().__init__()
        self.secret = Field(secret)
        self.name = Field(name)
        self._passwords = PasswordPair(LEAST_LETTERS)
        self._do = button(do, "primary")
        self._do.clicked.connect(self._give)
        self._passwords.again.edit.returnPressed.connect(self._give)
        self._back = button(_("Back to the password   Esc"))
        self._back.clicked.connect(self.left)
        parts = [label(said), self.secret, self.name, self._passwords, self._do, self._back]
        self.setLayout(column(parts))

    def _give(self) -> None:
        password, again = self._passwords.texts()
        if self.secret.text() and self.name.text() and password:
            self.ready.emit(self.secret.text(), NewPassword(self.name.text(), password, again))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def by_code() -> AdmissionForm:
    return AdmissionForm(
        _("An administrator gave you a one-time code. It opens once, with a password of your own."),
        _("One-time code"),
        _("Your name, as it is known here"),
        _("Choose this password"),
    )


def by_paper() -> AdmissionForm:
    return AdmissionForm(
        _(
            "For when nobody can unlock. The recovery key on paper makes one person an "
            "administrator with a new password. The paper opens nothing afterwards: a new recovery "
            "key is shown, to be printed or written down."
        ),
        _("Recovery key, all nine groups"),
        _("Who is to be administrator: somebody known here, or a new name"),
        _("Open with the recovery key"),
    )
