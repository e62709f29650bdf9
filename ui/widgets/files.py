"""Dialogs for files and folders, none of them the system's, which is deaf to the emergency key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

from PySide6.QtCore import QObject, QStandardPaths, QTimer, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QPushButton, QWidget
from shiboken6 import isValid

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from ui import faults, keys, theme
from ui.widgets.basics import Foot, button, column, label
from ui.widgets.fields import Field

_SLOW_MS = 150  # nothing is said of a wait that is shorter
_DEAD_MS = 5_000


class _Writing(QObject):
    """One write on a thread of its own: a drive that does not answer holds nothing else. `ended`
    carries what refused it, "" where nothing did, and whether a file stood there."""

    ended = Signal(str, bool)

    def start(self, place: Path, write: Callable[[Path], object], *, replaces: bool) -> None:
        def work() -> None:
            refusal, taken = "", False
            try:
                taken = not replaces and place.is_file()
                if not taken:
                    write(place)
            except IntakeError as said:
                refusal = str(said)
            except Exception as bug:  # noqa: BLE001 - or it would vanish with its thread
                refusal = faults.fault_words(type(bug))
            self.ended.emit(refusal, taken)

        Thread(target=work, daemon=True).start()


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
        work = _Writing()
        work.ended.connect(lambda refusal, taken: self._ended(work, place, then, refusal, taken))
        work.start(place, write, replaces=place == self._replaced)

    def _still(self, said: str) -> None:
        if self._writing:
            self._said.setText(said)

    def _ended(
        self,
        _kept: _Writing,
        place: Path,
        then: Callable[[Path], object],
        refusal: str,
        taken: bool,
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
    parent: QWidget, title: str, kinds: str, then: Callable[[Path], object]
) -> QFileDialog:
    """Which file is to be read."""
    dialog = _dialog(parent, title, then)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(kinds)
    return _opened(dialog)


def ask_folder(parent: QWidget, title: str, then: Callable[[Path], object]) -> QFileDialog:
    dialog = _dialog(parent, title, then)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _opened(dialog)


def _dialog(parent: QWidget, title: str, then: Callable[[Path], object]) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    dialog.setDirectory(usual_folder())
    dialog.fileSelected.connect(lambda place: then(Path(place)))
    return dialog


def _opened(dialog: QFileDialog) -> QFileDialog:
    name_all(dialog)
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


def name_all(dialog: QWidget) -> None:
    """Qt leaves some parts of its own file dialog without a name."""
    names = {
        "fileNameEdit": _("File name"),
        "fileTypeCombo": _("Kind of file"),
        "lookInCombo": _("Folder"),
    }
    for part in dialog.findChildren(QWidget):
        if not part.accessibleName() and part.objectName():
            part.setAccessibleName(
                names.get(part.objectName(), part.toolTip() or part.objectName())
            )
    for pressed in dialog.findChildren(QPushButton):
        pressed.setAccessibleName(pressed.text().replace("&", ""))
