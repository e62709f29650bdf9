"""Settings: what a clinic set up, and what it still lacks."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QListWidget, QStackedWidget, QWidget

from intake_app.core.setup import Part
from intake_app.core.words import _
from ui import keys, theme
from ui.desk import Desk
from ui.screens.base import Screen
from ui.widgets.backups import BackupPanel
from ui.widgets.basics import button, column, in_order, label, row, scrolled, stop_before
from ui.widgets.clinic_panels import ClinicPanels, lacking, part_words
from ui.widgets.fields import Panel
from ui.widgets.key_trial import KeyTrialPanel
from ui.widgets.trail import TrailPanel

_MOST = 0.3  # of the width, for the list of the parts; what is longer goes on in another line


class SettingsScreen(Screen):
    NAME = "settings"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._panels: ClinicPanels | None = None
        self._parts: list[tuple[Part | None, Panel]] = []
        self._others: dict[Panel, str] = {}
        self._list = QListWidget()
        self._list.setAccessibleName(_("Parts of the settings"))
        self._list.setWordWrap(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.currentRowChanged.connect(self._choose)
        self._list.itemActivated.connect(lambda _item: self._enter_panel())
        self._stack = QStackedWidget()
        self._said = label(look="calm")
        self._problem = label(look="problem")
        self._main = button("", "primary", name=_("Main button"))
        self._main.clicked.connect(self._do)
        foot = row([self._main])
        foot.addStretch()
        right = column([self._stack, self._said, self._problem, foot])
        right.setStretch(0, 1)
        beside = QWidget()
        beside.setLayout(right)
        whole = row([self._list, beside], spacing=12)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        keys.action(self, "main", self._do)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        leave.activated.connect(self._back)
        self._quiet()

    def _quiet(self) -> None:
        self._said.hide()
        self._problem.hide()

    def entered(self) -> None:
        """Built when it is first asked for: a start must not wait for settings."""
        if self._panels is None:
            self._build()
        if self._panels is not None:
            self._panels.put()
            for panel in self._own:
                panel.put()
        self._mark()
        self._quiet()
        self._list.setFocus()

    def _build(self) -> None:
        panels = self.desk.ask(lambda _service: ClinicPanels(self.desk, self))
        if panels is None:
            return
        self._panels = panels
        panels.kept.connect(self._kept)
        panels.new_paper.connect(lambda: self._go_to(Part.PAPER))
        for each in (panels.roster, panels.paper):
            each.turned.connect(self._dress)
        self._own = (BackupPanel(self.desk), TrailPanel(self.desk))
        self._others = {
            **panels.more,
            panels.instruments: _("Scales"),
            KeyTrialPanel(): _("Emergency key"),
            **dict(zip(self._own, (_("Backups"), _("Audit trail")), strict=True)),
        }
        self._parts = [*panels.panels.items(), *((None, each) for each in self._others)]
        for _part, panel in self._parts:
            inside = QWidget()
            inside.setLayout(column([panel]))
            inside.layout().addStretch()  # type: ignore[union-attr]
            self._stack.addWidget(scrolled(inside))
        self._list.addItems([""] * len(self._parts))
        self._list.setCurrentRow(0)

    def _mark(self) -> None:
        lacks, said = lacking(self.desk), part_words()
        for place, (part, panel) in enumerate(self._parts):
            if part is None:
                text = self._others[panel]
            else:
                mark = theme.SHAPES["unknown" if part in lacks else "done"]
                template = _("{mark} {part}, missing") if part in lacks else _("{mark} {part}")
                text = template.format(mark=mark, part=said[part])
            self._list.item(place).setText(text)
        self._fit()

    def _fit(self) -> None:
        wanted = self._list.sizeHintForColumn(0) + 48
        self._list.setFixedWidth(max(1, min(wanted, round(self.width() * _MOST))))

    def _choose(self, place: int) -> None:
        if not 0 <= place < len(self._parts):
            return
        self._quiet()
        if self._panels is not None and self._parts[place][1] is self._panels.instruments:
            self._panels.put_instruments()
        self._stack.setCurrentIndex(place)
        self._dress()

    def _dress(self) -> None:
        """The main button says what it does now."""
        if self._list.currentRow() < 0:
            return
        said = self._parts[self._list.currentRow()][1].main_words()
        in_order([stop_before(self.window()), self._main])  # behind what it acts on
        self._main.setVisible(bool(said))
        self._main.setText(_("{what}   Ctrl+Enter").format(what=said).replace("&", "&&"))
        self._main.setAccessibleName(said)

    def _go_to(self, part: Part) -> None:
        self._list.setCurrentRow(next(n for n, (p, _w) in enumerate(self._parts) if p is part))

    def show_paper(self, recovery_key: str) -> None:
        """A recovery key that was just made, to be put on paper."""
        if self._panels is not None:
            self._panels.show_paper(recovery_key)

    def _enter_panel(self) -> None:
        self._parts[self._list.currentRow()][1].entered()

    def _do(self) -> None:
        if self._parts:
            self._quiet()
            self._parts[self._list.currentRow()][1].main()

    def _kept(self, _part: object, said: str) -> None:
        self._quiet()
        self._said.setText(said)
        self._said.show()
        self._mark()

    def refuse(self, sentence: str) -> bool:
        self._quiet()
        self._problem.setText(sentence)
        self._problem.show()
        return True

    def _back(self) -> None:
        """Esc: from the panel to the list, from the list to where the work is."""
        if not self._list.hasFocus():
            self._list.setFocus()
            return
        case = self.desk.case
        self.go.emit("call" if case is not None and case.intake.live_call else "worklist")

    def hints(self) -> str:
        return _("Up and down choose · Enter goes in · Ctrl+Enter saves · Esc back · F9 emergency")
