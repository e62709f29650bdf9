"""What staff read aloud, text by text: a clinic keeps the built-in words or puts in its own."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QPlainTextEdit

from intake_app.core.model import Clinic
from intake_app.core.scripts import Kind, scripts
from intake_app.core.words import _
from ui.theme import SHAPES
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Panel, SideBySide

_ROWS = 18


class ScriptsPanel(Panel):
    """`kept` carries the key of a text and the words as typed; no words: the built-in ones again.

    What was typed and not kept stays with its text while another one is looked at.
    """

    kept = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._scripts = tuple(scripts().values())
        self._own: dict[str, str] = {}
        self._typed: dict[str, str] = {}
        self.list = QListWidget()
        self.list.setAccessibleName(_("Texts"))
        self.list.setMinimumHeight(self.list.fontMetrics().height() * _ROWS)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(lambda _row: self._show())
        self._kind = label(look="heading")
        self._built_in = label(look="script")
        self._title = label(_("The words of this clinic"), "heading")
        self.edit = QPlainTextEdit()
        self.edit.setTabChangesFocus(True)
        self.edit.setAccessibleName(self._title.text())
        self.edit.setMaximumHeight(self.edit.fontMetrics().height() * 6)
        self.edit.textChanged.connect(self._keep_typed)
        self._title.setBuddy(self.edit)
        self.list.itemActivated.connect(lambda _item: self.edit.setFocus())
        self._hint = label(look="meta")
        said = _(
            "Everything that is read out beside the questions of the protocol, in the order of a "
            "call. Emptied and saved, a text is the built-in one again."
        )
        first = column([label(_("What is read aloud"), "title"), label(said, "meta"), self.list])
        parts = [self._kind, self._built_in, self._title, self.edit, self._hint]
        second = column(parts)
        for each in (first, second):
            each.addStretch()
        self.setLayout(column([SideBySide([card(first), card(second)])]))
        self.list.addItems([""] * len(self._scripts))
        self.list.setCurrentRow(0)

    def put(self, about: Clinic) -> None:
        """Typed words that were kept are the clinic's now; others stay."""
        self._own = dict(about.texts)
        self._typed = {
            key: text for key, text in self._typed.items() if text.strip() != self._own.get(key, "")
        }
        self._show()

    @property
    def _script_key(self) -> str:
        return self._scripts[max(0, self.list.currentRow())].key

    def _show(self) -> None:
        for place, each in enumerate(self._scripts):
            template = _("{mark} {kind}: {title}")
            mark = SHAPES["done" if each.key in self._own else "info"]
            text = template.format(mark=mark, kind=_kind_words()[each.kind], title=each.title)
            self.list.item(place).setText(text)
        shown = self._scripts[max(0, self.list.currentRow())]
        self._kind.setText(
            _("{kind} · built-in wording").format(kind=_kind_words()[shown.kind].upper())
        )
        self._built_in.setText(shown.text)
        typed = self._typed.get(shown.key, self._own.get(shown.key, ""))
        self.edit.blockSignals(True)
        self.edit.setPlainText(typed)
        self.edit.blockSignals(False)
        fields = " ".join(f"{{{name}}}" for name in shown.fields)
        template = _("{fields} are filled in by the call and stand in every wording of this text.")
        hint = template.format(fields=fields) if fields else _("Nothing is filled in here.")
        self._hint.setText(hint)
        self.edit.setAccessibleDescription(hint)

    def _keep_typed(self) -> None:
        self._typed[self._script_key] = self.edit.toPlainText()

    def is_empty(self) -> bool:
        return all(t.strip() == self._own.get(key, "") for key, t in self._typed.items())

    def main_words(self) -> str:
        return _("Save this text")

    def main(self) -> None:
        self.kept.emit(self._script_key, self.edit.toPlainText().strip())

    def entered(self) -> None:
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)


def _kind_words() -> dict[Kind, str]:
    return {
        Kind.ALOUD: _("Read aloud"),
        Kind.IF_ASKED: _("Read if asked"),
        Kind.STAFF: _("Not read, for staff"),
    }
