"""A new recovery key: made, printed or written down, and typed back in part."""

from __future__ import annotations

from PySide6.QtCore import Signal

from intake_app.core.words import _
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Panel
from ui.widgets.key_paper import RecoveryKeyPanel


class NewPaperPanel(Panel):
    """`wanted` asks for a new key, `passed` says that it was typed back."""

    wanted = Signal()
    passed = Signal()
    turned = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._key: RecoveryKeyPanel | None = None
        said = _(
            "Whoever holds the paper can open every record. A new recovery key ends the old paper "
            "at once; make one when the paper may have been seen or is gone. Copies of the files "
            "that were made before still open with the paper of that day."
        )
        self._said = card(column([label(_("Recovery key"), "title"), label(said)]))
        self.setLayout(column([self._said]))

    def show_key(self, recovery_key: str, clinic: str) -> None:
        self.put_away()
        self._key = RecoveryKeyPanel()
        self._key.passed.connect(self.passed)
        self._key.turned.connect(self.turned)
        self._key.put(recovery_key, clinic)
        self._said.hide()
        self.layout().addWidget(self._key)  # type: ignore[union-attr]
        self._key.show()  # or it cannot take the focus yet
        self._key.entered()
        self.turned.emit()

    def put_away(self) -> None:
        if self._key is not None:
            self._key.setParent(None)
            self._key.deleteLater()
            self._key = None
            self._said.show()
            self.turned.emit()

    def main_words(self) -> str:
        return self._key.main_words() if self._key else _("Make a new recovery key")

    def main(self) -> None:
        if self._key:
            self._key.main()
        else:
            self.wanted.emit()

    def is_empty(self) -> bool:
        return self._key is None

    def entered(self) -> None:
        if self._key:
            self._key.entered()
