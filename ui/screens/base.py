"""What every screen is: it shows a case, it tells where to go, it says its keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from intake_app.core.screening import Case
from ui import theme
from ui.desk import Desk


class Screen(QWidget):
    """`go` names the screen that follows; `hinted` says that its keys are others now. A screen is
    shown from the case and asks no other."""

    go = Signal(str)
    hinted = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        theme.look(self, "page")

    def show_case(self, case: Case) -> None:
        """Called after every change while this screen is in front."""

    def entered(self) -> None:
        """Called when the screen comes to the front; focus goes to where the work is."""

    def _fit(self) -> None:
        """Called when the room or the size of the text changes."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.layout() is not None:
            self._fit()

    def hints(self) -> str:
        """The keys of this screen, one line."""
        return ""

    def impossible(self) -> frozenset[str]:
        """The keys of this screen that do nothing at the moment."""
        return frozenset()

    def refuse(self, sentence: str) -> bool:
        """Show a refusal beside its field; False leaves it to the window."""
        return False
