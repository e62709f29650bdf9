"""The official text of a scale: typed in from the official form or
proposed by a file, attested by name.

It is not shipped: it may be used only as it stands, and whoever types it answers for it.
"""

from __future__ import annotations

from PySide6.QtCore import Signal

from intake_app.core.instrument import Instrument
from intake_app.core.words import _
from intake_app.imports import Questionnaire
from ui.widgets.basics import button, card, column, label
from ui.widgets.fields import Field, Panel, Tick
from ui.widgets.files import ask_existing

# What a person needs to know of a file beside its questions.
_TOLD = ("title", "version", "status", "publisher", "copyright")


class WordingPanel(Panel):
    """`attested` carries instrument, texts by item, and the source. `chosen` carries this panel
    and a file to be read; `propose` takes what it holds.

    What comes from a file is no text until it was ticked, item by item: without its tick it is
    told to nobody, and so counts as missing.
    """

    attested = Signal(str, object, str)
    chosen = Signal(object, str)

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
        self._ticks = {item: Tick(_("Compared with the official form")) for item in self._fields}
        self._load = button(_("Load from a FHIR Questionnaire"))
        self._load.clicked.connect(self._choose)
        self._about = label(look="info")
        inside = [label(said, "staff"), self._load, self._about, self._source]
        for item, field in self._fields.items():
            inside += [field, self._ticks[item]]
        self._put_away()
        self.setLayout(column([self._state, card(column(inside))]))

    def _put_away(self) -> None:
        """Nothing is proposed."""
        self._about.hide()
        for tick in self._ticks.values():
            tick.hide()

    def _choose(self) -> None:
        title = _("Load from a FHIR Questionnaire")
        ask_existing(self, title, ".json", lambda at: self.chosen.emit(self, str(at)))

    def propose(self, found: Questionnaire, file: str) -> None:
        """Each question with the item's own code, to be read and ticked."""
        proposed = found.proposed(self._screen)
        told = [found.about[name] for name in _TOLD if found.about.get(name)]
        template = _("{count} of {all} questions were found in {file} by their codes: {about}")
        self._about.setText(
            template.format(
                count=len(proposed), all=len(self._fields), file=file, about="; ".join(told)
            )
        )
        self._put_away()
        self._about.show()
        for item, question in proposed.items():
            field = self._fields[item]
            field.put(question.text)
            field.say(_("From the file, {link}: it counts once it is ticked.").format(
                link=question.link))  # fmt: skip
            self._ticks[item].setChecked(False)
            self._ticks[item].show()
        if not self._source.text():
            self._source.put(", ".join([*told[:2], file]))

    def put(self, official: str | None, instrument: Instrument) -> None:
        """`official` is where the text comes from, None while the built-in one is read out."""
        if official is None:
            self._state.setText(_("? UNVALIDATED WORDING: the built-in questions are read out."))
        else:
            self._put_away()
            template = _("✓ The official text is read out, for new intakes: {source}")
            self._state.setText(template.format(source=official))
            for item in instrument.items:
                self._fields[item.id].put(item.ask)
                self._fields[item.id].say("")

    def main_words(self) -> str:
        return _("Attest this wording")

    def main(self) -> None:
        texts = {
            item: field.text() for item, field in self._fields.items() if self._is_vouched(item)
        }
        if not self._source.text():
            self._source.refuse(_("An official text needs its source; nothing was changed."))
            return
        for item, field in self._fields.items():
            if not texts.get(item):
                field.refuse(self._lacks(item))
                return
        self.attested.emit(self._screen.id, texts, self._source.text())

    def _lacks(self, item: str) -> str:
        if self._is_vouched(item):
            return _("This question is still missing; nothing was changed. Type it from the form.")
        return _("Compare this question with the official form, and tick it; nothing was changed.")

    def _is_vouched(self, item: str) -> bool:
        """Typed by a person, or ticked by one."""
        return self._ticks[item].isHidden() or self._ticks[item].isChecked()

    def is_empty(self) -> bool:
        return not any(field.text() for field in (self._source, *self._fields.values()))

    def entered(self) -> None:
        self._source.setFocus()


def _question(number: int, topic: str) -> str:
    return _("Question {number}: {topic}").format(number=number, topic=topic)
