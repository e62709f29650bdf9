"""The worklist: what waits, by tabs with counts; the most urgent first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QHideEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QHeaderView, QLineEdit, QTabBar, QTableView

from intake_app.core.model import Due, Stage, Tier
from intake_app.core.search import found_words
from intake_app.core.words import _, _n
from intake_app.core.worklist import is_overdue
from intake_app.service import RECENT, WorklistRow
from ui import keys, theme, words
from ui.desk import Desk
from ui.screens.base import Screen
from ui.theme import SHAPES
from ui.widgets.backups import backup_words
from ui.widgets.basics import ENTERS, Foot, column, label
from ui.widgets.batch import PrintBatch, is_draft
from ui.widgets.clinic_panels import lacking_words
from ui.widgets.print_pages import PrintDialog

_Index = QModelIndex | QPersistentModelIndex
_SLICE = 5  # rows screened anew between two events: no key waits longer for them than for an answer
_PATIENT, _LESS, _NEXT = 1, (2, 3, 4, 5), 6  # columns; born, stage, waiting and owner give way
_IN_VIEW = 30  # rows by which columns are as wide as they are; thousands would take half a second
# As numbers: a view asks over a thousand times for a screen full, of most roles in vain.
_WORDS = (int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.ToolTipRole))
_SPOKEN, _COLOUR = int(Qt.ItemDataRole.AccessibleTextRole), int(Qt.ItemDataRole.ForegroundRole)
_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
_PAGE = 100  # rows read at once, when the first of them is shown


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
    if not row.intake_id:
        return _("no intake yet")
    if row.escalation == "raised":
        return _("accept the escalation, read back")
    if row.escalation:
        return _("a clinician closes the escalation")
    if row.call == "dropped":
        return _("call back")
    if row.call == "open":
        return _("the call is open")
    steps = {
        "queries": _("find out what the clinician asks"),
        "draft": _("go on, then submit"),
        "look_again": _("the protocol changed: look at it again"),
        "awaiting_review": _n("review {count} flag, sign", "review {count} flags, sign", row.flags),
        "signed": _("none") if row.tab == "done" else _("a task of the escalation: Ctrl+I"),
    }
    return steps["queries" if row.tab == "queries" else row.status].format(count=row.flags)


def _open_words(row: WorklistRow) -> str:
    flags = _n("{flags} flag", "{flags} flags", row.flags).format(flags=row.flags)
    template = _("{flags}, {open} unanswered")
    if row.stale:
        template = _("{flags}, {open} unanswered, as of another day")
    return template.format(flags=flags, open=row.unanswered)


def _waiting(row: WorklistRow, now: datetime) -> str:
    """Since the oldest of what waits for a clinician; else since somebody did something."""
    if row.status in ("", "signed"):
        return ""
    waits = [each for each in (row.now_since, row.day_since, row.routine_since) if each]
    minutes = int(
        (now - datetime.fromisoformat(min(waits, default=row.since))).total_seconds() / 60
    )
    said = _("{count} min").format(count=max(0, minutes))
    if minutes >= 2 * 60:
        said = _("{count} h").format(count=minutes // 60)
    if minutes >= 48 * 60:
        days = minutes // (24 * 60)
        said = _n("{count} day", "{count} days", days).format(count=days)
    return _("{time}, overdue").format(time=said) if is_overdue(row, now) else said


def _cells(row: WorklistRow, now: datetime) -> tuple[str, ...]:
    return (
        _severity(row),
        row.patient or _("Name not asked yet"),
        row.born,
        words.stage_words()[Stage(row.stage)] if row.intake_id else "",
        _waiting(row, now),
        row.owner_name,
        _next_step(row),
    )


def _whole_words(row: WorklistRow, now: datetime) -> str:
    """Everything of a row, for where its columns have no room."""
    *first, last = _cells(row, now)
    parts = (*first, row.record_number, _open_words(row) if row.intake_id else "", last)
    return " · ".join(part for part in parts if part)


class _Rows(QAbstractTableModel):
    """The rows of one tab: as many as there are, and read as they are shown."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._pages: dict[int, tuple[WorklistRow, ...]] = {}
        self._said: dict[int, tuple[str, ...]] = {}  # a view asks for each cell many times
        self._fetch: Callable[[int], tuple[WorklistRow, ...]] = lambda _start: ()
        self.now: datetime | None = None
        self.marked: dict[str, WorklistRow] = {}  # by intake: to be printed together

    def mark(self, place: int) -> None:
        """Or no longer; somebody without an intake has nothing to print."""
        row = self.row(place)
        if row is None or not row.intake_id:
            return
        if self.marked.pop(row.intake_id, None) is None:
            self.marked[row.intake_id] = row
        self._say_again(place, place)

    def unmark(self) -> None:
        self.marked = {}
        self._say_again(0, self._count - 1)

    def _say_again(self, first: int, last: int) -> None:
        self._said = {}
        self.dataChanged.emit(self.index(first, 0), self.index(last, _NEXT))

    def put(
        self,
        first: tuple[WorklistRow, ...],
        count: int,
        now: datetime,
        fetch: Callable[[int], tuple[WorklistRow, ...]] = lambda _start: (),
    ) -> None:
        """As many rows as before: those alone that read otherwise are painted anew."""
        before, rows = dict(self._said), self._pages.get(0, ())
        same = count == self._count == len(first) == len(rows)
        if not same:
            self.beginResetModel()
        self._pages, self._count, self.now, self._fetch = {0: first}, count, now, fetch
        self._said = {}
        if not same:
            self.endResetModel()
            return
        for place, row in enumerate(first):
            if self._cells(place) != before.get(place) or _look(row) != _look(rows[place]):
                self.dataChanged.emit(self.index(place, 0), self.index(place, _NEXT))

    @property
    def rows(self) -> list[WorklistRow]:
        """Those that were read so far."""
        return [row for _number, page in sorted(self._pages.items()) for row in page]

    def row(self, place: int) -> WorklistRow | None:
        """None where there is none any more: another reading follows."""
        number = place // _PAGE if self._count > len(self._pages[0]) else 0
        if number not in self._pages:
            self._pages[number] = self._fetch(number * _PAGE)
        page = self._pages[number]
        inside = place - number * _PAGE
        return page[inside] if 0 <= inside < len(page) else None

    def rowCount(self, parent: _Index | None = None) -> int:
        return self._count

    def columnCount(self, parent: _Index | None = None) -> int:
        return _NEXT + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (
                _("Severity"),
                _("Patient"),
                _("Born"),
                _("Stage"),
                _("Waiting"),
                _("Owner"),
                _("Next step"),
            )[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in _WORDS:
            return self._cells(index.row())[index.column()]
        if role == _SPOKEN:
            row = self.row(index.row())
            whole = index.column() == 0 and row is not None and self.now is not None
            return _whole_words(row, self.now) if whole else self.data(index)  # type: ignore[arg-type]
        if role == _COLOUR and index.column() == 0:
            row = self.row(index.row())
            look = theme.current(QApplication.instance())  # type: ignore[arg-type]
            return look.colour(_look(row)) if row is not None else None
        return None

    def widest(self, column_: int, letters: QFontMetrics) -> int:
        """Of the rows that are in view at first."""
        places = range(min(self._count, _IN_VIEW))
        return max((letters.horizontalAdvance(self._cells(n)[column_]) for n in places), default=0)

    def _cells(self, place: int) -> tuple[str, ...]:
        if place not in self._said:
            row = self.row(place)
            said = _cells(row, self.now) if row and self.now else ("",) * self.columnCount()
            if row and row.intake_id in self.marked:
                marked = _("MARKED · {patient}").format(patient=said[_PATIENT])
                said = (*said[:_PATIENT], marked, *said[_PATIENT + 1 :])
            self._said[place] = said
        return self._said[place]


class WorklistScreen(Screen):
    NAME = "worklist"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._tabs = QTabBar()
        self._tabs.setAccessibleName(_("What waits"))
        self._tabs.setDrawBase(False)
        self._tabs.setUsesScrollButtons(True)
        for name, said in words.tab_words().items():
            self._tabs.setTabData(self._tabs.addTab(said), name)
        self._tabs.currentChanged.connect(lambda _place: self._turn())
        self._find = _Find()
        self._find.textChanged.connect(lambda _text: self._search())
        self._searching = False
        self._counts: Mapping[str, int] = {}
        self._rows = _Rows()
        self._table = _Table()
        self._table.setModel(self._rows)
        self._table.opened.connect(self._open)
        self._table.typed.connect(self._type)
        self._table.marked.connect(self._mark)
        self._table.left.connect(self._unmark)
        self._batch = PrintBatch(desk)
        self._print_dialog: PrintDialog | None = None
        self._find.opened.connect(self._open)
        self._find.moved.connect(self._move)
        self._narrow = False
        self._left = 0
        self._renewing = QTimer(self)
        self._renewing.timeout.connect(self._renew)
        self._lay_out()
        self._take_keys()

    def _take_keys(self) -> None:
        keys.action(self, "find", self._find.setFocus)
        keys.action(self, "main", self._open)
        keys.action(self, "review", lambda: self._open("review"))
        keys.action(self, "packet", self._print)
        for place, name in enumerate(words.tab_words()):
            keys.action(self, f"tab_{name}", partial(self._to_tab, place))

    def _lay_out(self) -> None:
        self._empty, self._setup = label(look="meta"), label(look="info")
        self._whole = label(look="desk")
        self._setup.hide()
        top = Foot([self._tabs, self._find])
        below = [self._whole, self._batch, self._empty, self._setup]
        whole = column([top, self._table, *below])
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self._table.selectionModel().currentRowChanged.connect(lambda *_places: self._say_whole())

    @property
    def _tab(self) -> str:
        return str(self._tabs.tabData(self._tabs.currentIndex()))

    def entered(self) -> None:
        """Where nothing waits any more, to the first tab in which something does."""
        counts = self._read()
        if not counts.get(self._tab) and not self._find.text():
            waiting = [n for n in range(self._tabs.count()) if counts.get(self._tabs.tabData(n))]
            self._tabs.setCurrentIndex(waiting[0] if waiting else 0)
        said = (lacking_words(self.desk), backup_words(self.desk))
        lacks = "\n".join(part for part in said if part)
        self._setup.setText(lacks)
        self._setup.setVisible(bool(lacks))
        self._table.setFocus()
        self._left = self.desk.ask(lambda service: service.renew_worklist(0)) or 0
        if self._left:
            self._renewing.start(0)  # what is painted comes before any timer

    def _to_tab(self, place: int) -> None:
        self._find.clear()
        self._tabs.setCurrentIndex(place)
        self._table.setFocus()

    def _turn(self) -> None:
        """Another tab shows what stands in it, and no search."""
        if self._find.text():
            self._find.clear()  # reads
        else:
            self._read()

    def _read(self) -> Mapping[str, int]:
        """The first page is read before the counts: rows of another day may change their tab."""
        tab = self._tab
        first = self.desk.ask(lambda service: service.worklist(tab, _PAGE))
        if first is None:  # the disk takes no entry of the trail; who waits is shown all the same
            first = self.desk.ask(lambda service: service.worklist_page(tab, 0, _PAGE))
        counts = self.desk.ask(lambda service: service.count_worklist()) or {}
        self._counts = counts
        self._show_tabs()
        for place in range(self._tabs.count()):
            name = self._tabs.tabData(place)
            said = words.tab_words()[name]
            self._tabs.setTabText(
                place, f"{said} ({counts.get(name, 0)})" if name != RECENT else said
            )
        if self._find.text():
            self._search()
        else:
            count = max(len(first), counts.get(tab, 0)) if first is not None else 0
            self._show(first, count, partial(self._page, tab))
        return counts

    def _show_tabs(self) -> None:
        """Where there is little room, those in which nothing stands give way."""
        for place in range(self._tabs.count()):
            name = self._tabs.tabData(place)
            stands = name == RECENT or self._counts.get(name) or name == self._tab
            self._tabs.setTabVisible(place, bool(stands) or not self._narrow)

    def _page(self, tab: str, start: int) -> tuple[WorklistRow, ...]:
        return self.desk.ask(lambda service: service.worklist_page(tab, start, _PAGE)) or ()

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

    # Several at once ------------------------------------------------------------------------------

    def _mark(self) -> None:
        """And on to the next row."""
        self._rows.mark(self._table.currentIndex().row())
        self._say_whole()
        self._move(1)

    def _unmark(self) -> None:
        """Esc: ends what is being printed first; the marks are another press."""
        if self._batch.running:
            self._batch.cancel()
            return
        self._rows.unmark()
        self._say_whole()

    def _print(self) -> None:
        """All that are marked; where none is, the one that is chosen is looked at first."""
        rows = list(self._rows.marked.values())
        if not rows:
            self._open("packet")
        elif not self._batch.running:
            dialog = PrintDialog(self, None, draft=any(map(is_draft, rows)))
            dialog.chosen.connect(
                lambda name, copies, _pages, why: self._print_all(dialog, rows, name, copies, why)
            )
            dialog.finished.connect(lambda _code: self._put_away(dialog))
            self._print_dialog = dialog
            dialog.open()

    def _print_all(
        self, dialog: PrintDialog, rows: list[WorklistRow], name: str, copies: int, why: str
    ) -> None:
        dialog.accept()
        self._rows.unmark()
        self._say_whole()
        self._batch.begin(rows, name, copies, why)

    def _put_away(self, dialog: PrintDialog) -> None:
        self._print_dialog = None
        dialog.deleteLater()
        self.window().activateWindow()
        self._table.setFocus()

    # Finding somebody -----------------------------------------------------------------------------

    def _type(self, text: str) -> None:
        """No key comes first: what is typed over the rows is looked for."""
        self._find.setFocus()
        self._find.insert(text)

    def _move(self, by: int) -> None:
        """Up and down among those found, while the letters go on."""
        place = max(0, min(self._rows.rowCount() - 1, self._table.currentIndex().row() + by))
        self._table.selectRow(place)

    def _search(self) -> None:
        """The first letter leaves an entry in the trail; the next ones wait for none."""
        said, went_on = self._find.text(), self._searching
        self._searching = bool(said.strip())
        if not self._searching:
            if went_on:
                self._read()
            return
        found = None if went_on else self.desk.ask(lambda service: service.search(said))
        if found is None:
            found = self.desk.ask(lambda service: service.search_on(said))
        self._show(found, len(found or ()))

    def _show(
        self,
        first: tuple[WorklistRow, ...] | None,
        count: int,
        fetch: Callable[[int], tuple[WorklistRow, ...]] = lambda _start: (),
    ) -> None:
        """None where nothing could be read: that is not nobody."""
        self._rows.put(first or (), count, self.desk.now(), fetch)
        self._table.fit_columns()
        said = found_words(count) if self._searching and count else ""
        if first is None:
            self._empty.setText(_("The list could not be read. Ctrl+W tries again."))
        else:
            self._empty.setText(said or self._empty_words())
        self._empty.setVisible(bool(said) or not count)
        if count:
            self._table.selectRow(0)
        self._say_whole()

    def _empty_words(self) -> str:
        if self._searching:
            return _("Nobody is found by this. Esc goes back; Ctrl+N starts a call.")
        return _("Nothing waiting here. Ctrl+N starts a call.")

    def _say_whole(self) -> None:
        chosen, count = self._chosen(), len(self._rows.marked)
        whole = _whole_words(chosen, self.desk.now()) if chosen else ""
        template = _("{count} marked") if self._narrow else _("{count} marked: Ctrl+P, or Esc")
        marks = template.format(count=count) if count else ""
        self._whole.setText(" · ".join(part for part in (marks, whole) if part))
        self._whole.setVisible(bool(marks or whole))

    def _fit(self) -> None:
        """Where there is little room: who, how urgent, what next; the rest of whoever is chosen
        stands below."""
        self._narrow = self.width() < words.em(self) * words.COMPACT_EM
        theme.look(self._tabs, "narrow" if self._narrow else "")
        self._show_tabs()
        self._table.make_narrow(self._narrow)
        self._say_whole()

    def _chosen(self) -> WorklistRow | None:
        place = self._table.currentIndex().row()
        return self._rows.row(place) if 0 <= place < self._rows.rowCount() else None

    def _open(self, screen: str = "") -> None:
        chosen = self._chosen()
        if chosen is None or not chosen.intake_id:
            return
        if self.desk.open(chosen.intake_id):
            self.go.emit(screen or ("call" if chosen.status == "draft" else "review"))

    def impossible(self) -> frozenset[str]:
        chosen = self._chosen()
        if chosen is not None and chosen.intake_id:
            return frozenset()
        return frozenset({"main", "review"} if self._rows.marked else {"main", "review", "packet"})

    def hints(self) -> str:
        return _(
            "Type to find · Enter opens · Ctrl+N new call · Ctrl+1 to 7 tabs · Ctrl+R review · "
            "Ctrl+P summary on paper, of each row that Space marks · Ctrl+K commands · F1 help"
        )


class _Find(QLineEdit):
    """Up and Down walk through those found, Enter opens, Esc ends the search."""

    opened = Signal()
    moved = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("Find by name, birth date, record number or phone"))
        self.setPlaceholderText(_("Type to find   Ctrl+F"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if event.key() in steps:
            self.moved.emit(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Escape:
            self.clear()
        elif event.key() in ENTERS and not event.modifiers():
            self.opened.emit()
        else:
            super().keyPressEvent(event)


class _Table(QTableView):
    opened = Signal()
    typed = Signal(str)
    marked = Signal()
    left = Signal()

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

    def make_narrow(self, narrow: bool) -> None:
        header, modes = self.horizontalHeader(), QHeaderView.ResizeMode
        header.setSectionResizeMode(modes.Fixed)
        header.setSectionResizeMode(_NEXT, modes.Stretch)
        if narrow:
            header.setSectionResizeMode(_PATIENT, modes.Stretch)
        for column_ in _LESS:
            header.setSectionHidden(column_, narrow)
        self.fit_columns()

    def fit_columns(self) -> None:
        """As wide as their words. Left to the header, every cell in view is asked for its size at
        every key of a search."""
        header, rows, letters = self.horizontalHeader(), self.model(), self.fontMetrics()
        for column_ in range(_NEXT):
            if header.sectionResizeMode(column_) is QHeaderView.ResizeMode.Fixed:
                least = header.sectionSizeHint(column_)
                wide = rows.widest(column_, letters) if isinstance(rows, _Rows) else 0
                self.setColumnWidth(column_, max(least, wide + letters.height()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        said, ends = event.text(), {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self.model().rowCount() - 1}
        if event.key() in ENTERS:
            self.opened.emit()
        elif event.key() == Qt.Key.Key_Space:
            self.marked.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in ends:  # of the rows; a table would go along one of them
            self.selectRow(ends[Qt.Key(event.key())])
        elif said.strip() and said.isprintable() and not event.modifiers() & _COMMANDS:
            self.typed.emit(said)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        self.opened.emit()
