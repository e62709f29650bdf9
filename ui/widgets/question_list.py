"""All questions of a part as a list: number, question, answer as it reads, how it stands.

Shown from lines of the core; the row of the question that is put is the chosen one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from intake_app.core.lines import Line
from intake_app.core.words import _
from ui import theme

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_NUMBER, _TEXT, _SAID, _STANDING = range(4)
Role = Qt.ItemDataRole


class _Rows(QAbstractTableModel):
    """A row is told of anew only where it changed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[Line, ...] = ()

    def put(self, lines: Sequence[Line]) -> None:
        before, self.lines = self.lines, tuple(lines)
        if [line.key for line in before] != [line.key for line in lines]:
            self.beginResetModel()
            self.endResetModel()
            return
        for row, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row, 0), self.index(row, _STANDING))

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else _STANDING + 1

    def headerData(self, section: int, way: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if way is not Qt.Orientation.Horizontal or role != Role.DisplayRole:
            return None
        return (_("No."), _("Question"), _("Answer"), _("How it stands"))[section]

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """The title of a section is no stop."""
        if not self.lines[index.row()].key:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _Index, role: int = Role.DisplayRole) -> Any:
        line = self.lines[index.row()]
        if role == Role.DisplayRole:
            return _cells(line)[index.column()]
        if role in (Role.ToolTipRole, Role.AccessibleTextRole):
            return _whole(line) if index.column() == _TEXT else _cells(line)[index.column()]
        if role == Role.ForegroundRole:
            return _colour(_look(line))
        if role == Role.FontRole and not line.key:
            font = QFont(QApplication.font())
            font.setBold(True)
            return font
        return None


def _cells(line: Line) -> tuple[str, str, str, str]:
    number = str(line.number) if line.key else ""
    text = f"{line.text}   #" if line.noted else line.text
    return number, text, line.said, f"{_mark(line)}{line.standing}"


def _mark(line: Line) -> str:
    """A shape with the word: no state is a bare colour."""
    return f"{theme.SHAPES['unknown']} " if line.open and line.said else ""


def _whole(line: Line) -> str:
    """All that a row says, however narrow its columns are."""
    return " · ".join(part for part in _cells(line) if part)


def _look(line: Line) -> str:
    if line.closed or not line.key:
        return "muted"
    return "unknown" if line.open and line.said else "text"


def _colour(look: str) -> Any:
    return theme.current(QApplication.instance()).colour(look)  # type: ignore[arg-type]


class QuestionList(QTableView):
    """Signals: `wanted` carries the key of the question that was clicked; `heard` a key that is
    none of the list's own."""

    wanted = Signal(str)
    heard = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("All questions of this part"))
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab stops once, at the question below
        self._rows = _Rows()
        self.setModel(self._rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        across = self.horizontalHeader()
        across.setHighlightSections(False)
        across.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (_NUMBER, _TEXT, _SAID, _STANDING):
            across.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.clicked.connect(self._clicked)

    def put(self, lines: Sequence[Line], current: str) -> None:
        self._rows.put(lines)
        self.stand(current)

    def stand(self, key: str) -> None:
        """Choose the row of a question, and bring it into view with the one behind it."""
        row = next((n for n, line in enumerate(self._rows.lines) if line.key == key), -1)
        if row < 0 or row == self.currentIndex().row():
            return
        self.selectRow(row)
        self.scrollTo(self._rows.index(min(row + 1, self._rows.rowCount() - 1), _NUMBER))
        self.scrollTo(self._rows.index(row, _NUMBER))

    def shown(self) -> tuple[Line, ...]:
        return self._rows.lines

    def _clicked(self, index: QModelIndex) -> None:
        key = self._rows.lines[index.row()].key
        if key:
            self.wanted.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.heard.emit(event)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._share()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._share()

    def make_narrow(self, narrow: bool) -> None:
        """The titles of the columns give way: what stands in them speaks for itself."""
        self.horizontalHeader().setVisible(not narrow)
        self._share()

    def _share(self) -> None:
        """Half of the width to the question; the rows are as high as a line of text needs."""
        high = self.fontMetrics().height() + 10
        self.verticalHeader().setDefaultSectionSize(high)
        self.setMinimumHeight(high * 3 // 2)  # the chosen row, and that there are more
        number = self.fontMetrics().horizontalAdvance("0000") + 12
        rest = max(0, self.viewport().width() - number)
        across = self.horizontalHeader()
        across.resizeSection(_NUMBER, number)
        for column, share in ((_TEXT, 48), (_SAID, 22), (_STANDING, 30)):
            across.resizeSection(column, rest * share // 100)
