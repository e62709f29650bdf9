"""The worklist: what waits, by tabs with counts; the most urgent first."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QLineEdit, QTabBar, QTableView

from intake_app.core.model import Due, Tier
from intake_app.core.review import worklist_tab
from intake_app.core.words import _
from intake_app.service import WorklistRow
from ui import keys, theme, words
from ui.desk import Desk
from ui.screens.base import Screen
from ui.theme import SHAPES
from ui.widgets.basics import Foot, column, label
from ui.widgets.clinic_panels import lacking_words

_Index = QModelIndex | QPersistentModelIndex
_SLICE = 5  # rows screened anew between two events: no key waits longer for them than for an answer
_PATIENT, _LESS, _NEXT = 1, (2, 3, 4), 5  # columns; born, record and open give way
_MEASURED_ROWS = 50  # of thousands; asking each for its width takes half a second


def tab_words() -> dict[str, str]:
    return {
        "interrupted": _("Interrupted"),
        "needs_review": _("Needs review"),
        "queries": _("Queries"),
        "drafts": _("Drafts"),
        "done": _("Done"),
    }


def _look(row: WorklistRow) -> str:
    if row.escalation:
        return "critical"
    if row.tier == Tier.STOP or (row.tier == Tier.REVIEW and row.due >= Due.SAME_DAY):
        return "high"
    return {int(Tier.REVIEW): "caution", int(Tier.NOTE): "info"}.get(row.tier, "muted")


def _severity(row: WorklistRow) -> str:
    if not row.tier and not row.escalation:
        return _("no flags raised")
    look = _look(row)
    return f"{SHAPES[look]} {words.look_words()[look]}"


def _next_step(row: WorklistRow) -> str:
    if row.escalation == "raised":
        return _("accept the escalation, read back")
    if row.escalation:
        return _("a clinician closes the escalation")
    if row.call == "dropped":
        return _("call back")
    if row.call == "open":
        return _("the call is open")
    steps = {
        "draft": _("go on, then submit"),
        "look_again": _("the protocol changed: look at it again"),
        "awaiting_review": _("review {count} flags, sign"),
        "signed": _("none"),
    }
    return steps[row.status].format(count=row.flags)


def _open_words(row: WorklistRow) -> str:
    template = _("{flags} flags, {open} unanswered")
    if row.stale:
        template = _("{flags} flags, {open} unanswered, as of another day")
    return template.format(flags=row.flags, open=row.unanswered)


def _whole_words(row: WorklistRow) -> str:
    """Everything of a row, for where its columns have no room."""
    parts = (
        _severity(row),
        row.patient or _("Name not asked yet"),
        row.born,
        row.record_number,
        _open_words(row),
        _next_step(row),
    )
    return " · ".join(part for part in parts if part)


class _Rows(QAbstractTableModel):
    """Holds the rows of one tab; paints only what is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[WorklistRow] = []
        self._now: datetime | None = None

    def put(self, rows: list[WorklistRow], now: datetime) -> None:
        self.beginResetModel()
        self.rows, self._now = rows, now
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        return len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 6

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (
                _("Severity"),
                _("Patient"),
                _("Born"),
                _("Record"),
                _("Open"),
                _("Next step"),
            )[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return (
                _severity(row),
                row.patient or _("Name not asked yet"),
                row.born,
                row.record_number,
                _open_words(row),
                _next_step(row),
            )[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.data(index)
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            look = theme.current(QApplication.instance())  # type: ignore[arg-type]
            return look.colour(_look(row))
        return None


class WorklistScreen(Screen):
    NAME = "worklist"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._all: dict[str, list[WorklistRow]] = {}
        self._tabs = QTabBar()
        self._tabs.setAccessibleName(_("What waits"))
        self._tabs.setDrawBase(False)
        for name, said in tab_words().items():
            self._tabs.setTabData(self._tabs.addTab(said), name)
        self._tabs.currentChanged.connect(lambda _place: self._filter())
        self._find = QLineEdit()
        self._find.setAccessibleName(_("Find by name, birth date or record number"))
        self._find.setPlaceholderText(_("Type to find   Ctrl+F"))
        self._find.textChanged.connect(lambda _text: self._filter())
        self._find.returnPressed.connect(self._open)
        self._rows = _Rows()
        self._table = _Table()
        self._table.setModel(self._rows)
        self._table.activated.connect(lambda _index: self._open())
        self._table.opened.connect(self._open)
        self._narrow = False
        self._left = 0
        self._renewing = QTimer(self)
        self._renewing.timeout.connect(self._renew)
        self._lay_out()
        keys.action(self, "find", self._find.setFocus)
        keys.action(self, "main", self._open)
        keys.action(self, "review", lambda: self._open("review"))
        keys.action(self, "packet", lambda: self._open("packet"))

    def _lay_out(self) -> None:
        self._empty, self._setup = label(look="meta"), label(look="info")
        self._whole = label(look="desk")
        self._setup.hide()
        top = Foot([self._tabs, self._find])
        whole = column([top, self._table, self._whole, self._empty, self._setup])
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self._table.selectionModel().currentRowChanged.connect(lambda *_places: self._say_whole())

    def entered(self) -> None:
        self._read()
        if not self._all[self._tabs.tabData(self._tabs.currentIndex())]:
            places = range(self._tabs.count())
            self._tabs.setCurrentIndex(
                next((n for n in places if self._all[self._tabs.tabData(n)]), 0)
            )
        lacks = lacking_words(self.desk)
        self._setup.setText(lacks)
        self._setup.setVisible(bool(lacks))
        self._table.setFocus()
        self._left = sum(each.stale for rows in self._all.values() for each in rows)
        if self._left:
            self._renewing.start(0)  # what is painted comes before any timer

    def _read(self) -> None:
        found = self.desk.ask(lambda service: service.worklist()) or ()
        self._all = {name: [] for name in tab_words()}
        for each in found:
            self._all[worklist_tab(each)].append(each)
        for place in range(self._tabs.count()):
            name = self._tabs.tabData(place)
            said = tab_words()[name]
            self._tabs.setTabText(place, f"{said} ({len(self._all[name])})")
        self._filter()

    def _renew(self) -> None:
        """One slice of the rows of another day; what cannot be renewed is not tried for ever."""
        left = self.desk.ask(lambda service: service.renew_worklist(_SLICE))
        if left is not None and 0 < left < self._left:
            self._left = left
            return
        self._renewing.stop()
        if left == 0:
            self._read_in_place()

    def _read_in_place(self) -> None:
        """Whoever was chosen stays chosen, and what is typed to find stays typed."""
        chosen = self._chosen()
        self._read()
        ids = [each.intake_id for each in self._rows.rows]
        if chosen is not None and chosen.intake_id in ids:
            self._table.selectRow(ids.index(chosen.intake_id))

    def hideEvent(self, event: QHideEvent) -> None:
        """Idle time is over: somebody works on another screen."""
        super().hideEvent(event)
        self._renewing.stop()

    def _filter(self) -> None:
        wanted = self._find.text().casefold().split()
        rows = self._all.get(self._tabs.tabData(self._tabs.currentIndex()), [])
        if wanted:
            everywhere = [each for rows_ in self._all.values() for each in rows_]
            rows = [each for each in everywhere if all(part in _text(each) for part in wanted)]
        self._rows.put(rows, self.desk.now())
        self._empty.setText(_("Nothing waiting here. Ctrl+N starts a call."))
        self._empty.setVisible(not rows)
        if rows:
            self._table.selectRow(0)
        self._say_whole()

    def _say_whole(self) -> None:
        chosen = self._chosen()
        self._whole.setText(_whole_words(chosen) if chosen else "")
        self._whole.setVisible(self._narrow and chosen is not None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.layout() is not None:
            self._fit()

    def _fit(self) -> None:
        """Where there is little room: who, how urgent, what next; the rest of whoever is chosen
        stands below."""
        self._narrow = self.width() < words.em(self) * words.COMPACT_EM
        theme.look(self._tabs, "narrow" if self._narrow else "")
        self._table.make_narrow(self._narrow)
        self._say_whole()

    def _chosen(self) -> WorklistRow | None:
        place = self._table.currentIndex().row()
        return self._rows.rows[place] if 0 <= place < len(self._rows.rows) else None

    def _open(self, screen: str = "") -> None:
        chosen = self._chosen()
        if chosen is not None and self.desk.open(chosen.intake_id):
            self.go.emit(screen or ("call" if chosen.status == "draft" else "review"))

    def hints(self) -> str:
        return _(
            "Enter opens · Ctrl+N new call · Ctrl+F find · Ctrl+R review · Ctrl+P summary on "
            "paper · Ctrl+Alt+L lock · F1 keys"
        )


def _text(row: WorklistRow) -> str:
    return f"{row.patient} {row.born} {row.record_number}".casefold()


class _Table(QTableView):
    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("Worklist"))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setResizeContentsPrecision(_MEASURED_ROWS)

    def make_narrow(self, narrow: bool) -> None:
        header, modes = self.horizontalHeader(), QHeaderView.ResizeMode
        header.setSectionResizeMode(modes.ResizeToContents)
        header.setSectionResizeMode(_NEXT, modes.Stretch)
        if narrow:
            header.setSectionResizeMode(_PATIENT, modes.Stretch)
        for column_ in _LESS:
            header.setSectionHidden(column_, narrow)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            super().keyPressEvent(event)
