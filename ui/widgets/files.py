"""Dialogs for files and folders, none of them the system's, which is deaf to the emergency key, and
none of Qt's own, which looks at every entry while somebody waits: a folder that does not answer, or
changes all the time, held every key."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread

from PySide6.QtCore import QObject, QStandardPaths, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QListWidget, QWidget
from shiboken6 import isValid

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from ui import faults, keys, theme
from ui.widgets.basics import ENTERS, Foot, button, column, label
from ui.widgets.fields import Field

_SLOW_MS = 150  # nothing is said of a wait that is shorter
_DEAD_MS = 5_000
_MOST = 1_000  # entries of a folder that are listed
_UP = ".."


class _OnThread(QObject):
    """One piece of work on a thread of its own: a drive that does not answer holds nothing else.
    `ended` carries what came of it, or what refused it, "" where nothing did."""

    ended = Signal(object, str)

    def start(self, work: Callable[[], object]) -> None:
        def run() -> None:
            found, refusal = None, ""
            try:
                found = work()
            except IntakeError as said:
                refusal = str(said)
            except Exception as bug:  # noqa: BLE001 - or it would vanish with its thread
                refusal = faults.fault_words(type(bug))
            self.ended.emit(found, refusal)

        Thread(target=run, daemon=True).start()


class SaveDialog(QDialog):
    """Where a file is to be saved: a name, with a folder of its own or in the usual one.

    Nothing here asks the disk but the thread that writes: Qt's own dialog lists and looks while
    somebody types, and a folder that does not answer would hold every key.
    """

    def __init__(self, parent: QWidget, title: str, suggested: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        theme.look(self, "page")
        self._folder, self._suffix = Path(usual_folder()), Path(suggested).suffix
        self._replaced: Path | None = None
        self._writing = False
        self.name = Field(_("File name"))
        self.name.put(suggested)
        self.name.edit.returnPressed.disconnect()
        self.name.changed.connect(self._show_place)
        self._said = label(look="meta")
        self.save = button(_("Save   Enter"), "primary", name=_("Save"))
        self.save.setDefault(True)
        other = button(_("Another folder   Ctrl+Shift+F"), name=_("Another folder"))
        other.clicked.connect(self._ask_folder)
        keys.action(self, "another_folder", self._ask_folder)
        leave = button(_("Leave   Esc"), name=_("Leave, nothing is saved"))
        leave.clicked.connect(self.reject)
        for each in (other, leave):
            each.setAutoDefault(False)
        self.setLayout(column([self.name, self._said, Foot([self.save, other, leave])], margin=12))
        self.setMinimumWidth(self.fontMetrics().height() * 30)
        self._show_place()
        self.name.edit.selectAll()

    @property
    def place(self) -> Path:
        typed = Path(self.name.text()).expanduser()
        typed = typed if typed.suffix or not typed.name else typed.with_suffix(self._suffix)
        return self._folder / typed  # a whole path stays what it is

    def _show_place(self) -> None:
        self._replaced = None
        self._said.setText(_("Place: {place}").format(place=self.place))

    def _ask_folder(self) -> None:
        if not self._writing:
            ask_folder(self, _("Another folder"), self.choose)

    def choose(self, folder: Path) -> None:
        self._folder = folder
        self.name.put(self.place.name)
        self.name.setFocus()

    def write(self, write: Callable[[Path], object], then: Callable[[Path], object]) -> None:
        """On the thread; `then` here, once the file stands, also where this dialog was left."""
        place = self.place
        if self._writing:
            return
        if not self.name.text():
            self.name.refuse(_("A file needs a name; nothing was saved."))
            return
        self._writing = True
        self.save.setEnabled(False)
        for after, said in (
            (_SLOW_MS, _("Saving…")),
            (_DEAD_MS, _("That place does not answer yet; nothing is saved. Esc leaves it.")),
        ):
            QTimer.singleShot(after, self, lambda said=said: self._still(said))
        replaces = place == self._replaced

        def put() -> bool:
            """Whether a file stood there, which is not replaced unasked."""
            taken = not replaces and place.is_file()
            if not taken:
                write(place)
            return taken

        work = _OnThread()
        work.ended.connect(lambda taken, refusal: self._ended(work, place, then, refusal, taken))
        work.start(put)

    def _still(self, said: str) -> None:
        if self._writing:
            self._said.setText(said)

    def _ended(
        self,
        _kept: _OnThread,
        place: Path,
        then: Callable[[Path], object],
        refusal: str,
        taken: object,
    ) -> None:
        if not refusal and not taken:
            then(place)
        if not isValid(self):
            return
        self._writing = False
        self.save.setEnabled(True)
        self._show_place()
        if taken:
            template = _("{file} is there already. Enter once more replaces it.")
            self.name.refuse(template.format(file=place.name))
            self._replaced = place
        elif refusal:
            self.name.refuse(refusal)
        else:
            self.accept()


class PlaceDialog(QDialog):
    """Which folder; or, with an `ending`, which file of that kind. Its path can be typed or pasted,
    and below stands what is in the folder that is named. `chosen` carries the path."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget, title: str, ending: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        theme.look(self, "page")
        self._ending = ending
        self._entries: tuple[str, ...] = ()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SLOW_MS)
        self._soon.timeout.connect(self._look)
        self._asked = 0  # the latest look; what an earlier one finds is of another folder
        self.path = Field(_("File, or the folder that it is in") if ending else _("Folder"))
        self.path.edit.returnPressed.disconnect()
        self.path.edit.returnPressed.connect(self.take)
        self.path.edit.textEdited.connect(lambda _text: self._soon.start())
        self.listed = _Entries()
        self.listed.entered.connect(self._enter)
        self.listed.left.connect(lambda: self._go(_UP))
        self._said = label(look="meta")
        take = button(_("Take it   Ctrl+Enter"), "primary", name=_("Take it"))
        take.clicked.connect(self.take)
        keys.action(self, "main", self.take)
        leave = button(_("Leave   Esc"), name=_("Leave, nothing is chosen"))
        leave.clicked.connect(self.reject)
        whole = column([self.path, self.listed, self._said, Foot([take, leave])], margin=12)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self.resize(self.fontMetrics().height() * 34, self.fontMetrics().height() * 26)
        self._go(usual_folder())
        self.path.setFocus()

    def _go(self, to: str) -> None:
        """`to`: a whole path, or an entry of the folder that is named."""
        here = self._place()
        self.path.put(str(here.parent if to == _UP else here / to))
        self._look()

    def _place(self) -> Path:
        return Path(self.path.text()).expanduser()

    def _enter(self, row: int) -> None:
        name = _UP if row == 0 else self._entries[row - 1]
        self._go(name.rstrip("/"))
        if name.endswith("/") or name == _UP:
            self.listed.setFocus()
        else:
            self.take()

    def _look(self) -> None:
        place, ending = self._place(), self._ending
        self._on_thread(lambda: _inside(place, ending), self._show, "")

    def _show(self, found: object) -> None:
        """A path that is no folder, or half typed, leaves the list empty and refuses nothing."""
        self._entries = found if isinstance(found, tuple) else ()
        self.listed.clear()
        self.listed.addItems([_("..   one folder up"), *self._entries[:_MOST]])
        self.listed.setCurrentRow(0)
        more = len(self._entries) > _MOST
        self._said.setText(_("Not all are listed here; type the name.") if more else "")

    def take(self) -> None:
        place, ending = self._place(), self._ending
        if self.path.text():
            look = partial(_refused, place, ending)
            self._on_thread(look, partial(self._take, place), _("Looking…"))

    def _take(self, place: Path, refusal: object) -> None:
        if refusal:
            self.path.refuse(str(refusal))
        else:
            self.accept()
            self.chosen.emit(place)

    def _on_thread(
        self, look: Callable[[], object], then: Callable[[object], None], said: str
    ) -> None:
        self._asked += 1
        number, work = self._asked, _OnThread()

        def came(found: object, refusal: str) -> None:
            if isValid(self) and self.isVisible() and number == self._asked:
                self._asked += 1
                self._said.setText("")
                then(found)
                if refusal:
                    self.path.refuse(refusal)

        for after, words in (
            (_SLOW_MS, said),
            (_DEAD_MS, _("That place does not answer yet. Esc leaves it.")),
        ):
            QTimer.singleShot(after, self, lambda words=words: self._still(number, words))
        work.ended.connect(came)
        work.start(look)
        self._working = work  # until its word came

    def _still(self, number: int, said: str) -> None:
        if number == self._asked and said:
            self._said.setText(said)


class _Entries(QListWidget):
    """Enter goes into a folder, Backspace one up."""

    entered = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("In this folder: Enter goes in, Backspace one folder up"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemDoubleClicked.connect(lambda _item: self.entered.emit(self.currentRow()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTERS and not event.modifiers() and self.currentRow() >= 0:
            self.entered.emit(self.currentRow())
        elif event.key() == Qt.Key.Key_Backspace:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def _inside(place: Path, ending: str) -> tuple[str, ...]:
    """Folders, with a stroke behind them, and the files of that ending; nothing of what is hidden.
    Nothing where it is no folder that can be read."""
    found = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    found.append(f"{entry.name}/")
                elif ending and entry.name.lower().endswith(ending):
                    found.append(entry.name)
                if len(found) > _MOST:
                    break
    except OSError:
        return ()
    return tuple(sorted(found, key=str.casefold))


def _refused(place: Path, ending: str) -> str:
    if not place.exists():
        return _("There is nothing of that name.")
    if ending and not place.is_file():
        return _("That is no file; choose one in it.")
    if not ending and not place.is_dir():
        return _("That is no folder.")
    return ""


def ask_file(
    parent: QWidget,
    title: str,
    suggested: str,
    write: Callable[[Path], object],
    then: Callable[[Path], object],
) -> SaveDialog:
    """Where a file is to be saved; a name without an ending gets that of `suggested`. `write` runs
    on a thread, `then` here once the file stands."""
    dialog = SaveDialog(parent, title, suggested)
    dialog.save.clicked.connect(lambda: dialog.write(write, then))
    dialog.finished.connect(lambda _code: _closed(dialog))
    dialog.open()
    return dialog


def ask_existing(
    parent: QWidget, title: str, ending: str, then: Callable[[Path], object]
) -> PlaceDialog:
    """Which file is to be read."""
    return _asked(PlaceDialog(parent, title, ending), then)


def ask_folder(parent: QWidget, title: str, then: Callable[[Path], object]) -> PlaceDialog:
    return _asked(PlaceDialog(parent, title), then)


def _asked(dialog: PlaceDialog, then: Callable[[Path], object]) -> PlaceDialog:
    dialog.chosen.connect(then)
    dialog.finished.connect(lambda _code: _closed(dialog))
    dialog.open()
    return dialog


def _closed(dialog: QDialog) -> None:
    """Without a window manager nobody gives the keys back."""
    below = dialog.parentWidget()
    dialog.deleteLater()
    if below is not None:
        below.window().activateWindow()
        below.setFocus()


def usual_folder() -> str:
    places = QStandardPaths.StandardLocation
    documents = QStandardPaths.writableLocation(places.DocumentsLocation)
    home = QStandardPaths.writableLocation(places.HomeLocation)
    return documents if Path(documents).is_dir() else home
