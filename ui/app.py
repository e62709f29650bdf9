"""The windows of one run, one after another: set-up or unlock, then the frame with its screens."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from ui import faults, theme
from ui.keys import EmergencyKey
from ui.lock import IdleLock, hand_over, handed_over, replace_process
from ui.screens.unlock import UnlockScreen
from ui.system import SystemWatch

if TYPE_CHECKING:
    from intake_app.core.setup import NewPassword
    from intake_app.service import IntakeService
    from ui.main_window import MainWindow
    from ui.screens.emergency import NumbersOnly

_YOUNG = 10_000  # new objects between two looks of the collector: some twenty answers


@dataclass(frozen=True)
class Surroundings:
    """What a run stands in; tests give their own. `demo_password` is shown, and no secret; without
    a `look_file` light or dark and the size are not kept."""

    folder: Path
    clock: Callable[[], datetime]
    lock: Callable[[], None] = replace_process
    demo_password: str = ""
    look_file: Path | None = None


class FirstPaint(QObject):
    """Calls back once the window is painted, or soon in any case: it may be covered."""

    SOON_MS = 500

    def __init__(self, window: QWidget, then: Callable[[], None]) -> None:
        super().__init__(window)
        window.installEventFilter(self)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.timeout.connect(then)
        self._wait.start(self.SOON_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self._wait.start(0)
        return False


class App(QObject):
    """Keeps the window that is in front. `failed` carries a refusal to open."""

    failed = Signal(str)
    _opened = Signal(object, str)

    def __init__(self, app: QApplication, around: Surroundings) -> None:
        super().__init__(app)
        self._app = app
        self.around = around
        self.front: QWidget | None = None
        self.main: MainWindow | None = None
        self._numbers: NumbersOnly | None = None
        self.keys = EmergencyKey(app)
        self.keys.pressed.connect(self.emergency)
        self._opened.connect(self._enter)  # once, however often the first screen is shown
        theme.keep_in(app, around.look_file)
        theme.wear(app)
        app.styleHints().colorSchemeChanged.connect(lambda _scheme: theme.wear(app))

    def start(self) -> None:
        """Paint first; what takes long is loaded behind the first window."""
        if _is_taken(self.around.folder):
            self._lock_screen()
        else:
            QTimer.singleShot(0, self._first_start)

    def _lock_screen(self) -> None:
        shown = UnlockScreen()
        shown.tried.connect(self._unlock)
        shown.coded.connect(self._unlock_by_code)
        shown.papered.connect(self._recover)
        shown.emergency.connect(self.emergency)
        shown.restore.connect(lambda: self._restore(shown))
        self.failed.connect(shown.refuse)
        FirstPaint(shown, lambda: self._offer_names(shown))
        self._bring(shown)

    def _offer_names(self, shown: UnlockScreen) -> None:
        from intake_app import service  # noqa: PLC0415 - a quarter of a second, behind the window

        try:
            names, before = service.staff_names(self.around.folder), handed_over()
            demo = bool(self.around.demo_password)
            shown.offer(names, before.last, other=before.other, demo=demo)
        except IntakeError as refusal:
            shown.refuse(str(refusal))
        if self.around.demo_password:
            said = _("The password of this demo is on the next line, as it is typed:")
            shown.hint(f"{said}\n{self.around.demo_password}")

    def _unlock(self, name: str, password: str) -> None:
        from intake_app import service  # noqa: PLC0415

        folder, clock = self.around.folder, self.around.clock
        self._open(lambda: (service.open_vault(folder, name, password, clock), ""))

    def _unlock_by_code(self, code: str, new: NewPassword) -> None:
        from intake_app import service  # noqa: PLC0415

        folder, clock = self.around.folder, self.around.clock
        self._open(lambda: (service.open_by_code(folder, code, new, clock), ""))

    def _recover(self, recovery_key: str, new: NewPassword) -> None:
        from intake_app import service  # noqa: PLC0415

        folder, clock = self.around.folder, self.around.clock
        self._open(lambda: service.recover_vault(folder, recovery_key, new, clock))

    def _open(self, way: Callable[[], tuple[IntakeService, str]]) -> None:
        """Argon2id takes its third of a second on a thread of its own; the window stays alive.

        What opens comes with the new recovery key, "" where there is none."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        def work() -> None:
            try:
                opened = way()
            except IntakeError as refusal:
                self.failed.emit(str(refusal))
            except Exception as bug:  # noqa: BLE001 - or it would vanish with its thread
                self.failed.emit(faults.fault_words(type(bug)))
            else:
                self._opened.emit(*opened)

        worker = ThreadPoolExecutor(1)
        worker.submit(work)
        worker.shutdown(wait=False)

    def _restore(self, shown: UnlockScreen) -> None:
        """A backup in the place of the vault; whoever worked there then unlocks it."""
        from ui.widgets.restore import RestoreDialog  # noqa: PLC0415

        dialog = RestoreDialog(shown, self.around.folder, self.around.clock)
        dialog.restored.connect(self._restored)
        dialog.finished.connect(lambda _code: dialog.deleteLater())
        dialog.open()

    def _restored(self) -> None:
        self._lock_screen()
        if isinstance(self.front, UnlockScreen):
            self.front.say(_("✓ Restored, and equal to the backup row by row."))

    def _first_start(self) -> None:
        from intake_app import service  # noqa: PLC0415

        service.settle(self.around.folder)
        if _is_taken(self.around.folder):  # a restore that a kill cut short
            self._lock_screen()
            return
        from ui.screens.wizard import Wizard  # noqa: PLC0415

        shown = Wizard(self.around.folder, self.around.clock)
        shown.finished.connect(self._enter)
        self._bring(shown)

    def _enter(self, service: IntakeService, recovery_key: str = "") -> None:
        from ui.backing_up import AutomaticBackups  # noqa: PLC0415
        from ui.desk import Desk  # noqa: PLC0415
        from ui.main_window import MainWindow  # noqa: PLC0415

        desk = Desk(service, self.around.clock, self)
        self.main = MainWindow(desk)
        self.main.locking.connect(self.lock)
        self.main.changing.connect(self.change_person)
        self.main.emergency.connect(self.emergency)
        self._bring(self.main)
        self.main.take_place()
        if recovery_key:
            self.main.show_paper(recovery_key)
        QTimer.singleShot(0, spare_what_stays)  # behind the panel, which waits for the same moment
        self._backups = AutomaticBackups(desk, self.main.is_busy)
        self.main.leaving.connect(self._backups.after_work)
        self._idle = IdleLock(self._app, self.main.idle_limit)
        self._idle.due.connect(self.lock)
        self._system = SystemWatch(self)
        self._system.locking.connect(self._lock_with_the_system)
        QTimer.singleShot(0, self._system.listen)

    def _bring(self, window: QWidget) -> None:
        before, self.front = self.front, window
        if _is_too_large(window):
            window.showMaximized()
        else:
            window.show()
        window.activateWindow()
        if before is not None:
            before.close()
            before.deleteLater()

    # From everywhere --------------------------------------------------------------------------

    def emergency(self) -> None:
        """The panel; before anybody unlocked, the clinic's numbers alone."""
        if self.main is not None:
            self.main.open_panel()
        else:
            self._numbers_only()

    def _numbers_only(self) -> None:
        from ui.screens.emergency import NumbersOnly  # noqa: PLC0415

        if self._numbers is not None and self._numbers.isVisible():
            self._numbers.raise_()
            self._numbers.activateWindow()
            return
        self._numbers = NumbersOnly(self.around.folder, self.around.clock().date())
        if self.front is not None:
            self._numbers.left.connect(self.front.activateWindow)
        self._numbers.show()

    def lock(self) -> None:
        """Keep the place, close the records, end the process that knew the key."""
        self._leave(other=False)

    def change_person(self) -> None:
        """Somebody else at a shared desk: the lock, and one digit says who comes."""
        self._leave(other=True)

    def _lock_with_the_system(self) -> None:
        """Unasked, for nobody may be there to answer; not while nobody has accepted, or the place
        would be gone when the screen comes back."""
        if self.main is not None and self.main.idle_limit() is not None:
            self.lock()

    def _leave(self, *, other: bool) -> None:
        if self.main is None or not self.main.may_lock():
            return
        hand_over(self.main.desk.service.staff.name, other=other)
        self.main.leave()
        self.around.lock()

    def tell(self, sentence: str) -> None:
        """A sentence in whatever window is in front."""
        if self.main is not None:
            self.main.desk.refused.emit(sentence)
        elif (refuse := getattr(self.front, "refuse", None)) is not None:
            refuse(sentence)


def _is_too_large(window: QWidget) -> bool:
    """With its frame, for the screen that it opens on."""
    room = window.screen().availableGeometry()
    frame = 60  # px, the title bars of common desktops and something over
    return window.width() > room.width() or window.height() + frame > room.height()


def spare_what_stays() -> None:
    """The collector looks no more at what was loaded so far: going through all of it takes longer
    than a key may, and none of it is let go before the process ends."""
    gc.freeze()
    gc.set_threshold(_YOUNG)


def _is_taken(folder: Path) -> bool:
    """Whether anything lies there; an empty folder is a place for a new vault."""
    try:
        return any(folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        return True  # the unlock screen says what is in the way


def run(folder: Path, clock: Callable[[], datetime], demo_password: str = "") -> int:
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Ketamine intake")
    around = Surroundings(folder, clock, demo_password=demo_password, look_file=theme.look_file())
    house = App(app, around)
    faults.install(house.tell)
    house.start()
    return app.exec()
