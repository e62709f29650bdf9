"""Two panes: side by side where there is room, else under each other and scrolled."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QScrollArea, QWidget

from ui.theme import BODY
from ui.widgets.basics import row

_COMPACT_EM = 70  # below this width, in em, they stand under each other (ux.md, section 5)


class Panes(QScrollArea):
    """In a narrow window each pane is as high as the view, so that one of them is seen whole; what
    gets the focus is brought into view."""

    def __init__(self, first: QWidget, second: QWidget, shares: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._panes = (first, second)
        self._row = row(self._panes)
        for place, share in enumerate(shares):
            self._row.setStretch(place, share)
        inside = QWidget()
        inside.setLayout(self._row)
        self.setWidget(inside)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    @property
    def narrow(self) -> bool:
        em = self.fontMetrics().height() / 1.3 or BODY
        return self.width() < _COMPACT_EM * em

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._arrange()

    def _arrange(self) -> None:
        ways = QBoxLayout.Direction
        self._row.setDirection(ways.TopToBottom if self.narrow else ways.LeftToRight)
        least = self.viewport().height() if self.narrow else 0
        for pane in self._panes:
            pane.setMinimumHeight(least)

    def _follow(self, _old: QObject | None, now: QWidget | None) -> None:
        pane = next((each for each in self._panes if now and each.isAncestorOf(now)), None)
        if pane is not None and self.narrow:
            self.verticalScrollBar().setValue(pane.y())
