"""Backups: how old they are, one more now, the second place, a trial, a copy as it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from intake_app.core.backups import Backups, Place, age_words, warnings
from intake_app.core.words import _
from intake_app.service import Found, Made
from ui import keys
from ui.desk import Desk
from ui.theme import SHAPES
from ui.widgets.basics import Foot, button, card, column, label
from ui.widgets.fields import Panel
from ui.widgets.files import PlaceDialog, ask_folder

_AT = Qt.ItemDataRole.UserRole


def backup_words(desk: Desk) -> str:
    """What the worklist says of old backups; empty where all is well, and in a demo."""
    if desk.service.about.demo or desk.service.hold:
        return ""
    found = desk.ask(lambda service: service.backups.backup_state())
    said = warnings(found, desk.now()) if found is not None else ()
    if not said:
        return ""
    template = _("{mark} {warnings} Ctrl+, opens Backups.")
    return template.format(mark=SHAPES["caution"], warnings=" ".join(said))


class BackupPanel(Panel):
    """Asks the desk; what is refused is told by it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._files: PlaceDialog | None = None
        self._ages, self._warned = label(), label(look="staff")
        self._said = label(look="calm")
        self._said.hide()
        self._listed = QListWidget()
        self._listed.setAccessibleName(_("Backups on this computer"))
        self._listed.setMinimumHeight(self.fontMetrics().height() * 5)
        how = _(
            "To restore one: lock the records with Ctrl+Alt+L. The screen that asks for the "
            "password offers it. What stands here now is kept beside."
        )
        made = [label(_("Backups"), "title"), self._ages, self._warned, self._listed]
        made += [self._said, label(how, "meta")]
        self.setLayout(column([card(column([*made, *self._buttons()]))]))

    def _buttons(self) -> list[Foot]:
        found = []
        for key, said, slot in (
            ("try_backup", _("Try the chosen one   Ctrl+Shift+T"), self._try),
            ("second_place", _("Second place   Ctrl+Shift+P"), self._ask_place),
            ("no_second_place", _("No second place   Ctrl+Shift+N"), self._no_place),
            ("copy_records", _("Copy the records   Ctrl+Shift+O"), self._ask_copy),
        ):
            pressed = button(said, name=said.partition("   ")[0])
            pressed.clicked.connect(slot)
            keys.action(self, key, slot)
            found.append(pressed)
        return [Foot(found)]

    def put(self) -> None:
        found = self._desk.ask(lambda service: service.backups.backup_state())
        if found is not None:
            self._show(found)

    def _show(self, found: Backups) -> None:
        now = self._desk.now()
        lines = [_place_words(_("Beside the records"), found.here, now)]
        if found.elsewhere is not None:
            lines.append(_place_words(_("Second place"), found.elsewhere, now))
        self._ages.setText("\n".join(lines))
        said = " ".join(warnings(found, now))
        self._warned.setText(f"{SHAPES['caution']} {said}")
        self._warned.setVisible(bool(said))
        self._listed.clear()
        for at in found.here.made:
            item = QListWidgetItem(f"{at.strftime('%Y-%m-%d %H:%M:%S')}   {age_words(at, now)}")
            item.setData(_AT, at)
            self._listed.addItem(item)
        self._listed.setCurrentRow(0)

    def main_words(self) -> str:
        return _("Make a backup now")

    def entered(self) -> None:
        self._listed.setFocus()

    def main(self) -> None:
        self._tell(_("Making a backup, and proving it…"))
        self._desk.in_background(self._desk.service.backups.back_up, self._made)

    def _made(self, made: Made) -> None:
        self.put()
        self._tell(made.trouble or _("✓ A backup was made and proven."))

    def _try(self) -> None:
        chosen = self._listed.item(self._listed.currentRow())
        if not self._listed.count():
            self._tell(_("There is no backup yet to try."))
            return
        at: datetime = chosen.data(_AT)
        self._tell(_("Trying it…"))
        self._desk.in_background(lambda: self._desk.service.backups.try_restore(at), self._tried)

    def _tried(self, found: Found) -> None:
        template = _("✓ It verifies and would bring back {what}. Nothing was changed.")
        self._tell(template.format(what=found.words))

    def _ask_place(self) -> None:
        self._files = ask_folder(self, _("Second place for backups"), self._choose)

    def _no_place(self) -> None:
        self._choose(None)

    def _choose(self, path: Path | None) -> None:
        found = self._desk.ask(lambda service: service.backups.choose_second_place(path))
        if found is not None:
            self._show(found)
            self._tell(_("✓ Chosen; the next backup goes there too.") if path else _("✓ Ended."))

    def _ask_copy(self) -> None:
        self._files = ask_folder(self, _("Empty folder for a copy"), self._copy)

    def _copy(self, path: Path) -> None:
        copied = self._desk.ask(lambda service: service.backups.copy_records(path))
        if copied is not None:
            self._tell(_("✓ Copied, byte for byte, to {place}").format(place=copied))

    def _tell(self, said: str) -> None:
        self._said.setText(said)
        self._said.show()


def _place_words(name: str, place: Place, now: datetime) -> str:
    template = _("{name}, {path}: newest {age}. {trouble}")
    age = age_words(place.newest, now)
    path = place.path.replace("/", "/\u200b").replace("\\", "\\\u200b")  # may wrap there
    return template.format(name=name, path=path, age=age, trouble=place.trouble).strip()
