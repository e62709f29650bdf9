"""The official text of a scale: typed in from the official form, attested by name.

It is not shipped: it may be used only as it stands, and whoever types it answers for it.
"""

from __future__ import annotations

from PySide6.QtCore import Signal

from intake_app.core.instrument import Instrument
from intake_app.core.words import _
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Field, Panel


class WordingPanel(Panel):
    """`attested` carries instrument, texts by item, and the source."""

    attested = Signal(str, object, str)

    def __init__(self, instrument: Instrument, by: str) -> None:
        super().__init__()
        self._screen = instrument
        self._state = label(look="unknown")
        said = _(
            "Type each question word for word from the official form of the {name}. Empty or "
            "changed questions would be neither the official text nor a validated one. {by} "
            "attests it by name."
        ).format(name=self._screen.official_name, by=by)
        self._source = Field(
            _("Source"), _("Which form, which edition, where it comes from, read on which day")
        )
        self._fields = {
            item.id: Field(_question(number, item.topic))
            for number, item in enumerate(self._screen.items, start=1)
        }
        inside = [label(said, "staff"), self._source, *self._fields.values()]
        self.setLayout(column([self._state, card(column(inside))]))

    def put(self, official: str | None, instrument: Instrument) -> None:
        """`official` is where the text comes from, None while the built-in one is read out."""
        if official is None:
            self._state.setText(_("? UNVALIDATED WORDING: the built-in questions are read out."))
        else:
            template = _("✓ The official text is read out, for new intakes: {source}")
            self._state.setText(template.format(source=official))
            for item in instrument.items:
                self._fields[item.id].put(item.ask)

    def main_words(self) -> str:
        return _("Attest this wording")

    def main(self) -> None:
        texts = {item: field.text() for item, field in self._fields.items()}
        self.attested.emit(self._screen.id, texts, self._source.text())

    def is_empty(self) -> bool:
        return not any(field.text() for field in (self._source, *self._fields.values()))

    def entered(self) -> None:
        self._source.setFocus()


def _question(number: int, topic: str) -> str:
    return _("Question {number}: {topic}").format(number=number, topic=topic)
