"""The scales: what each is, and its official text typed in item by item, attested by name."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListWidget, QWidget

from intake_app.core.instrument import Instrument
from intake_app.core.leaflet import leaflet
from intake_app.core.protocol import Protocol
from intake_app.core.words import _
from ui.theme import SHAPES
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Panel, SideBySide
from ui.widgets.wording import WordingPanel


class InstrumentsPanel(Panel):
    """`attested` and `chosen` are those of the form."""

    attested = Signal(str, object, str)
    chosen = Signal(object, str)

    def __init__(self, by: str) -> None:
        super().__init__()
        self._by = by
        self._instruments: list[Instrument] = []
        self._asked: frozenset[str] = frozenset()
        self._official: Mapping[str, str] = {}
        self._list = QListWidget()
        self._list.setAccessibleName(_("Scales"))
        self._list.setWordWrap(True)
        self._list.currentRowChanged.connect(lambda _place: self._show())
        self._about = label()
        self._place = column([])
        self._form: WordingPanel | None = None
        inside = QWidget()
        self._place.addWidget(card(column([self._about])))
        inside.setLayout(self._place)
        self.setLayout(column([SideBySide([self._list, inside], em=20)]))

    def put(self, protocol: Protocol, instruments: Mapping[str, Instrument]) -> None:
        """Those that the protocol asks come first."""
        self._asked = frozenset(protocol.instruments)
        self._official = protocol.official_wordings
        every = sorted(instruments.values(), key=lambda each: each.official_name.casefold())
        self._instruments = sorted(every, key=lambda each: each.id not in self._asked)
        here = max(0, self._list.currentRow())
        self._list.blockSignals(True)
        self._list.clear()
        self._list.addItems([self._line(each) for each in self._instruments])
        self._list.blockSignals(False)
        self._list.setMinimumHeight(self._list.fontMetrics().lineSpacing() * 14)
        self._list.setCurrentRow(min(here, len(self._instruments) - 1))
        self._show()

    def _line(self, instrument: Instrument) -> str:
        mark = SHAPES["done" if instrument.id in self._official else "unknown"]
        asked = _("asked") if instrument.id in self._asked else _("not asked by the protocol")
        worded = _("official text") if instrument.id in self._official else _("built-in wording")
        template = _("{mark} {name}: {asked}, {worded}")
        return template.format(mark=mark, name=instrument.official_name, asked=asked, worded=worded)

    def _show(self) -> None:
        place = self._list.currentRow()
        if not 0 <= place < len(self._instruments):
            return
        chosen = self._instruments[place]
        parts = (f"{heading}\n" + "\n".join(lines) for heading, lines in leaflet(chosen))
        self._about.setText("\n\n".join(parts))
        if self._form is not None:
            self._place.removeWidget(self._form)
            self._form.setParent(None)
            self._form.deleteLater()
        self._form = WordingPanel(chosen, self._by)
        self._form.attested.connect(self.attested)
        self._form.chosen.connect(self.chosen)
        self._form.put(self._official.get(chosen.id), chosen)
        self._place.addWidget(self._form)

    def main_words(self) -> str:
        return _("Attest this wording")

    def main(self) -> None:
        if self._form is not None:
            self._form.main()

    def entered(self) -> None:
        self._list.setFocus()
