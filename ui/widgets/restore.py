"""Take a backup back, before anybody unlocked: tried first, or at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QListWidget, QListWidgetItem, QWidget

from intake_app import service
from intake_app.core.backups import age_words
from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from intake_app.service import Clock, Found, Secret
from ui import faults, keys, theme
from ui.widgets.basics import Foot, button, column, label, scrolled
from ui.widgets.fields import Field
from ui.widgets.files import PlaceDialog, ask_folder

_PATH = Qt.ItemDataRole.UserRole


class RestoreDialog(QDialog):
    """`restored` says that the vault is that of the backup now."""

    restored = Signal()
    _done = Signal(object, bool)
    _refused = Signal(str)

    def __init__(self, parent: QWidget, folder: Path, clock: Clock) -> None:
        super().__init__(parent)
        self._folder, self._clock = folder, clock
        self._files: PlaceDialog | None = None
        self.setWindowTitle(_("Restore a backup"))
        theme.look(self, "page")
        self._listed = QListWidget()
        self._listed.setAccessibleName(_("Backups beside the records"))
        self._listed.setMinimumHeight(self.fontMetrics().height() * 4)
        self._name = Field(_("Name, as it was then"))
        self._password = Field(_("Password of then"), secret=True)
        self._paper = Field(_("Or the recovery key from the paper"))
        self._said, self._problem = label(look="calm"), label(look="problem")
        self._buttons = [
            self._button("another_folder", _("Another folder   Ctrl+Shift+F"), self._ask),
            self._button("try_backup", _("Try it, changing nothing   Ctrl+Shift+T"), self._try),
            self._button("main", _("Restore it   Ctrl+Enter"), self._restore),
        ]
        back = button(_("Back   Esc"), name=_("Back"))
        back.clicked.connect(self.reject)
        self._lay_out(Foot([*self._buttons, back]))
        self._done.connect(self._finished)
        self._refused.connect(self._refuse)
        self._fill()
        self.resize(760, 560)

    def _button(self, key: str, said: str, slot: Callable[[], None]) -> QWidget:
        found = button(said, "primary" if key == "main" else "", name=said.partition("   ")[0])
        found.clicked.connect(slot)
        keys.action(self, key, slot)
        return found

    def _lay_out(self, foot: QWidget) -> None:
        why = _(
            "The backup is proven and compared row by row. The records that stand there now are "
            "kept beside it; an administrator or a clinician of then restores, or the paper."
        )
        inside = QWidget()
        told = column([label(_("Restore a backup"), "title"), label(why, "meta")])
        inside.setLayout(column([told, self._listed, self._name, self._password, self._paper]))
        for each in (self._said, self._problem):
            each.hide()
        whole = column([scrolled(inside), self._said, self._problem, foot], margin=12)
        whole.setStretch(0, 1)
        self.setLayout(whole)

    def _fill(self) -> None:
        now = self._clock()
        for at, path in sorted(service.backups_beside(self._folder).items(), reverse=True):
            self._add(f"{_local(at, now)}   {age_words(at, now)}", path)
        self._listed.setCurrentRow(0)

    def _add(self, said: str, path: Path) -> None:
        item = QListWidgetItem(said)
        item.setData(_PATH, str(path))
        self._listed.addItem(item)

    def _ask(self) -> None:
        self._files = ask_folder(self, _("Folder of a backup"), self.choose)

    def choose(self, path: Path) -> None:
        self._add(str(path), path)
        self._listed.setCurrentRow(self._listed.count() - 1)

    def _try(self) -> None:
        self._run(service.try_restore, restored=False)

    def _restore(self) -> None:
        folder, clock = self._folder, self._clock
        self._run(
            lambda source, secret: service.restore_vault(source, folder, secret, clock),
            restored=True,
        )

    def _run(self, work: Callable[[Path, Secret], Found], *, restored: bool) -> None:
        """On a thread: Argon2id and the proof take seconds, and the window stays alive."""
        chosen = self._listed.item(self._listed.currentRow())
        if not self._listed.count():
            self._refuse(_("No backup is chosen; choose its folder."))
            return
        source = Path(chosen.data(_PATH))
        secret = Secret(self._name.text(), self._password.edit.text(), self._paper.text())
        self._busy(_("Proving the backup…"))

        def run() -> None:
            try:
                found = work(source, secret)
            except IntakeError as refusal:
                self._refused.emit(str(refusal))
            except Exception as bug:  # noqa: BLE001 - or it would vanish with its thread
                self._refused.emit(faults.fault_words(type(bug)))
            else:
                self._done.emit(found, restored)

        worker = ThreadPoolExecutor(1)
        worker.submit(run)
        worker.shutdown(wait=False)

    def _busy(self, said: str) -> None:
        self._problem.hide()
        self._said.setText(said)
        self._said.show()
        for each in self._buttons:
            each.setEnabled(False)

    def _ready(self) -> None:
        for each in self._buttons:
            each.setEnabled(True)

    def _finished(self, found: Found, restored: bool) -> None:
        self._ready()
        if restored:
            self.restored.emit()
            self.accept()
            return
        template = _("✓ It verifies and would bring back {what}. Nothing was changed.")
        self._said.setText(template.format(what=found.words))

    def _refuse(self, sentence: str) -> None:
        self._ready()
        self._said.hide()
        self._problem.setText(sentence)
        self._problem.show()


def _local(at: datetime, now: datetime) -> str:
    return at.astimezone(now.tzinfo).strftime("%Y-%m-%d %H:%M:%S")
