"""Qt's own dialogs for files and folders: the system's would be deaf to the emergency key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from intake_app.core.words import _


def ask_file(
    parent: QWidget, title: str, kinds: str, suggested: str, then: Callable[[Path], object]
) -> QFileDialog:
    """Where a file is to be saved. `kinds` as Qt writes them, the suffix of the first is added."""
    dialog = _dialog(parent, title, then)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(kinds)
    dialog.setDefaultSuffix(Path(suggested).suffix.lstrip("."))
    dialog.selectFile(suggested)
    return _opened(dialog)


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


def _closed(dialog: QFileDialog) -> None:
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
