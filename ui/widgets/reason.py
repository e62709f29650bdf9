"""The reason of a decision, given in place: coded reasons by their digit, or words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QListWidget, QWidget

from intake_app.core.model import Decision
from intake_app.core.words import _
from ui.widgets.answers import digit_of
from ui.widgets.basics import NoteEditor, button, column, label, row


def _asks() -> dict[Decision, str]:
    return {
        Decision.ACKNOWLEDGE: _("Acknowledge: the reason"),
        Decision.NEEDS_INFORMATION: _("Ask back: what is the coordinator to find out?"),
        Decision.ACCEPTED_WITH_CONDITION: _("Accept with a condition: which one?"),
        Decision.NOT_SUITABLE: _("Not suitable: the reason"),
    }


class _Codes(QListWidget):
    """Reasons that one digit gives; as high as what it holds."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("Reasons by number"))
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(lambda item: self.chosen.emit(self._texts[self.row(item)]))
        self._texts: tuple[str, ...] = ()

    def put(self, texts: Sequence[str]) -> None:
        self._texts = tuple(texts)
        self.clear()
        self.addItems([f"{n}   {text}" for n, text in enumerate(self._texts, start=1)])
        self.setCurrentRow(0)
        self._fit()

    def _fit(self) -> None:
        rows = sum(self.sizeHintForRow(n) for n in range(self.count()))
        self.setFixedHeight(rows + 2 * self.frameWidth() + 10)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()  # a narrower list wraps into more lines

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = digit_of(event)
        if digit is not None and 1 <= digit <= len(self._texts):
            self.chosen.emit(self._texts[digit - 1])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self._texts[self.currentRow()])
        else:
            super().keyPressEvent(event)


class ReasonEditor(QWidget):
    """Signals: `kept` carries the reason, `left` that nothing is decided."""

    kept = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.decision = Decision.ACKNOWLEDGE
        self._title = label(look="heading")
        self._codes = _Codes()
        self._codes.chosen.connect(self._take)
        self.words = NoteEditor(_("Reason in words"), lines=2)
        self.words.kept.connect(self.kept)
        self.words.left.connect(self.left)
        self._problem = label(look="problem")
        keep = button(_("Keep   Enter"), "primary", name=_("Keep this decision"))
        keep.clicked.connect(self.keep)
        leave = button(_("Leave it   Esc"), name=_("Leave this flag undecided"))
        leave.clicked.connect(self.left)
        foot = row([keep, leave])
        foot.addStretch()
        self.setLayout(column([self._title, self._codes, self.words, self._problem, foot]))
        self.hide()

    def ask(self, decision: Decision, codes: Sequence[str]) -> None:
        self.decision = decision
        self._title.setText(_asks()[decision])
        self._codes.setVisible(bool(codes))
        if codes:
            self._codes.put(codes)
        self.words.clear()
        self.words.setPlaceholderText(
            _("Or in words; a number then adds them to its reason.")
            if codes
            else _("In words. Enter keeps it.")
        )
        self._problem.hide()
        (self._codes if codes else self.words).setFocus()

    def keep(self) -> None:
        """Empty words are refused by the rule, in its own sentence."""
        self.kept.emit(self.words.toPlainText().strip())

    def _take(self, code: str) -> None:
        more = self.words.toPlainText().strip()
        self.kept.emit(f"{code}: {more}" if more else code)

    def refuse(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
