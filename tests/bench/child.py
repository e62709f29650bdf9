"""One window in a process of its own, until it is painted: what it then prints is a figure.

`python -m tests.bench.child bare|first|worklist|memory|turn [FOLDER]`. Nothing is imported before
it is needed, since loading is most of what is measured.
"""

# ruff: noqa: PLC0415 - see above
from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

if TYPE_CHECKING:
    from ui.main_window import MainWindow


class Painted(QObject):
    """Calls when a widget of a class has been painted with all that is in it: a posted event comes
    after the painting, and before any timer. Made before the widget, or it is not heard."""

    def __init__(self, kind: type[QWidget], then: Callable[[], None]) -> None:
        super().__init__()
        self._then = then
        before = kind.paintEvent

        def paint(widget: QWidget, event: object) -> None:
            before(widget, event)  # type: ignore[arg-type]
            QCoreApplication.postEvent(self, QEvent(QEvent.Type.User))

        kind.paintEvent = paint  # type: ignore[assignment,method-assign]

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.User:
            self._then()
        return True


def _tell(figure: object = "painted") -> None:
    print(figure, flush=True)
    os._exit(0)


def bare(_folder: Path) -> None:
    class Bare(QMainWindow):
        pass

    _heard = Painted(Bare, _tell)
    app = QApplication(sys.argv[:1])
    shown = Bare()
    shown.resize(1100, 700)
    shown.show()
    app.exec()


def first(folder: Path) -> None:
    """As the command does it, but for the question whether there is a screen."""
    import main
    from ui.screens.unlock import UnlockScreen

    _heard = Painted(UnlockScreen, _tell)
    main._has_screen = lambda: True
    main.main(["--vault", str(folder)])


def worklist(folder: Path) -> None:
    """Seconds from Enter under the password to the painted rows."""
    from tests.bench.common import NAME, NOW, PASSWORD, use_fast_keys
    from ui.app import App, Surroundings
    from ui.screens.unlock import UnlockScreen

    use_fast_keys()
    app = QApplication(sys.argv[:1])
    house = App(app, Surroundings(folder, lambda: NOW))
    start = 0.0

    def enter() -> None:
        nonlocal start
        if not isinstance(house.front, UnlockScreen) or not house.front._names.count():
            QTimer.singleShot(10, enter)
            return
        start = time.perf_counter()
        house.front.tried.emit(NAME, PASSWORD)

    def painted() -> None:
        shown = house.main.screens["worklist"] if house.main is not None else None
        if shown is not None and shown._rows.rowCount():  # type: ignore[attr-defined]
            _tell(time.perf_counter() - start)

    heard: list[Painted] = []

    def listen(_service: object) -> None:
        """Before the window is built, and not before it is loaded anyway."""
        from ui.screens.worklist import WorklistScreen

        heard.append(Painted(WorklistScreen, painted))

    house._opened.connect(listen)
    house.start()
    QTimer.singleShot(0, enter)
    app.exec()


def _shown(folder: Path) -> tuple[QApplication, MainWindow]:
    from intake_app import service
    from tests.bench.common import NAME, NOW, PASSWORD, use_fast_keys
    from ui import theme
    from ui.desk import Desk
    from ui.main_window import MainWindow

    use_fast_keys()
    app = QApplication(sys.argv[:1])
    theme.apply(app, theme.Theme())
    desk = Desk(service.open_vault(folder, NAME, PASSWORD, lambda: NOW), lambda: NOW)
    window = MainWindow(desk)
    window.show()
    window.go("worklist")
    return app, window


def memory(folder: Path) -> None:
    """Resident MB with the call of an intake in front, after answers, the panel and a summary."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from tests.bench.common import resident_mb

    app, window = _shown(folder)
    desk = window.desk
    desk.open(desk.service.worklist()[0].intake_id)
    for screen in ("check", "review", "packet", "call"):
        window.go(screen)
        app.processEvents()
    window.open_panel()
    app.processEvents()
    window.panel().leave()
    for _unused in range(20):
        window.screens["call"].at("aneurysm_or_avm_ever")  # type: ignore[attr-defined]
        app.processEvents()
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_0)
    app.processEvents()
    _tell(resident_mb())


def turn(folder: Path) -> None:
    """Resident MB after the first tenth, the half and all of the intakes, opened one after another
    with every screen, and an answer in each mode."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from tests.bench.common import resident_mb

    app, window = _shown(folder)
    desk = window.desk
    call = window.screens["call"]
    found = []
    every = [row.intake_id for row in desk.service.worklist()]
    for number, intake_id in enumerate(every, start=1):
        desk.open(intake_id)
        for screen in ("check", "review", "call"):
            window.go(screen)
            app.processEvents()
        for as_list in (True, False):
            call.show_as(as_list=as_list)  # type: ignore[attr-defined]
            call.at("aneurysm_or_avm_ever")  # type: ignore[attr-defined]
            app.processEvents()
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_0)
            app.processEvents()
        window.go("worklist")
        app.processEvents()
        if number in (len(every) // 10, len(every) // 2, len(every)):
            found.append(f"{resident_mb():.1f}")
    _tell(" ".join(found))


if __name__ == "__main__":
    _KINDS = {"bare": bare, "first": first, "worklist": worklist, "memory": memory, "turn": turn}
    _KINDS[sys.argv[1]](Path(sys.argv[2]))
