"""Every key in one table, and the one filter that hears the emergency key everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from intake_app.core.words import _


class Key(NamedTuple):
    keys: str
    words: Callable[[], str]


def _tab(name: str) -> str:
    # Loads the core, for which the unlock window shall not wait.
    from ui import words  # noqa: PLC0415

    return _("Worklist: {tab}").format(tab=words.tab_words()[name])


# What is heard where; the last column of the shortcut map.
KEYS = {
    "emergency": Key("F9", lambda: _("Emergency panel")),
    "new_call": Key("Ctrl+N", lambda: _("New call")),
    "worklist": Key("Ctrl+W", lambda: _("Worklist")),
    "find": Key("Ctrl+F", lambda: _("Find")),
    "lock": Key("Ctrl+Alt+L", lambda: _("Lock")),
    "change_person": Key("Ctrl+Alt+P", lambda: _("Change person")),
    "main": Key("Ctrl+Return", lambda: _("Go on: the main button")),
    "notes": Key("Ctrl+L", lambda: _("Notes")),
    "dropped": Key("Ctrl+D", lambda: _("The call dropped")),
    "end_call": Key("Ctrl+E", lambda: _("End the call")),
    "list": Key("F2", lambda: _("One question at a time, or all of them as a list")),
    "stage": Key("F3", lambda: _("Part of the work")),
    "source": Key("F4", lambda: _("Who answers")),
    "previous_section": Key("PgUp", lambda: _("Previous section")),
    "next_section": Key("PgDown", lambda: _("Next section")),
    "go_to": Key("Ctrl+G", lambda: _("Go to a question by its number or a word")),
    "take_back": Key("Ctrl+Z", lambda: _("Take back the last answer")),
    "put_again": Key("Ctrl+Shift+Z", lambda: _("Put it again")),
    "pace": Key("Ctrl+Shift+A", lambda: _("Go on by itself, or wait for Enter")),
    "person": Key("Ctrl+I", lambda: _("This person: calls, tasks, intakes")),
    "packet": Key("Ctrl+P", lambda: _("Summary on paper")),
    "save_pdf": Key("Ctrl+S", lambda: _("Save as PDF")),
    "review": Key("Ctrl+R", lambda: _("Review")),
    "copy_card": Key("Ctrl+Shift+C", lambda: _("Copy the dispatch card")),
    "clinician": Key("Ctrl+Shift+K", lambda: _("A clinician confirms here")),
    "bigger": Key("Ctrl++", lambda: _("Larger text")),
    "smaller": Key("Ctrl+-", lambda: _("Smaller text")),
    "dark": Key("Ctrl+Shift+D", lambda: _("Light or dark")),
    "settings": Key("Ctrl+,", lambda: _("Settings")),
    "quit": Key("Ctrl+Q", lambda: _("Close the app")),
    "tab_interrupted": Key("Ctrl+1", lambda: _tab("interrupted")),
    "tab_overdue": Key("Ctrl+2", lambda: _tab("overdue")),
    "tab_needs_review": Key("Ctrl+3", lambda: _tab("needs_review")),
    "tab_queries": Key("Ctrl+4", lambda: _tab("queries")),
    "tab_drafts": Key("Ctrl+5", lambda: _tab("drafts")),
    "tab_done": Key("Ctrl+6", lambda: _tab("done")),
    "tab_recent": Key("Ctrl+7", lambda: _tab("recent")),
    "check_trail": Key("Ctrl+Shift+V", lambda: _("Check the whole audit trail")),
    "export_trail": Key("Ctrl+T", lambda: _("Save entries of the audit trail")),
    "try_backup": Key("Ctrl+Shift+T", lambda: _("Try a backup, changing nothing")),
    "second_place": Key("Ctrl+Shift+P", lambda: _("Choose a second place for backups")),
    "no_second_place": Key("Ctrl+Shift+N", lambda: _("No second place for backups")),
    "copy_records": Key("Ctrl+Shift+O", lambda: _("Copy the records as they are")),
    "restore": Key("Ctrl+Shift+R", lambda: _("Restore a backup, while locked")),
    "another_folder": Key("Ctrl+Shift+F", lambda: _("Backup from another folder")),
    "palette": Key("Ctrl+K", lambda: _("Commands: all that can be done here, by words")),
    "help": Key("F1", lambda: _("Help: what this screen is for, and every key")),
}
# Heard where a question is answered, each by its own widget; for the map.
BARE = {
    "answer": Key("0-6", lambda: _("Answer with that code; with Alt from the notes too")),
    "open": Key("7, 8, 9", lambda: _("Does not know, ask later, declined; with Alt in a field")),
    "enter": Key("Enter", lambda: _("Go on")),
    "back": Key("Backspace", lambda: _("One question back")),
    "mark": Key("Space", lambda: _("Mark a row of the worklist; Ctrl+P prints all of them")),
    "rows": Key("Up, Down", lambda: _("Another row of the list")),
    "note_here": Key("#", lambda: _("A note tied to this question")),
    "note": Key("N", lambda: _("Notes")),
}
# On a machine whose F keys are media keys (ux.md, section 3).
EMERGENCY_KEYS = (
    QKeyCombination(Qt.Key.Key_F9),
    QKeyCombination(
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier, Qt.Key.Key_E
    ),
)

# Keys 7, 8 and 9 of every question, in the order of the keyboard.
STATE_KEYS = {
    Qt.Key.Key_7: "unknown",
    Qt.Key.Key_8: "deferred",
    Qt.Key.Key_9: "declined",
}


def action(owner: QWidget, name: str, slot: Callable[[], object]) -> QAction:
    """An action of a widget under its key of the table, with its words."""
    found = QAction(KEYS[name].words(), owner)
    found.setData(name)
    found.setShortcut(QKeySequence(KEYS[name].keys))
    found.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    found.triggered.connect(lambda _checked=False: slot())
    owner.addAction(found)
    return found


class EmergencyKey(QObject):
    """Hears the key in every widget, dialog, menu and list, and tells of it once.

    A QShortcut is silent under a modal dialog; so the application's events are filtered, and the
    key is taken at the first widget that would get it.
    """

    pressed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or not is_emergency(event):
            return False  # the quickest question first: every event of the application comes here
        kind = event.type()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        event.accept()
        if kind is QEvent.Type.KeyPress and isinstance(watched, QWidget):
            if not event.isAutoRepeat():
                self._close_popups()
                self.pressed.emit()
            return True
        return kind is QEvent.Type.ShortcutOverride

    @staticmethod
    def _close_popups() -> None:
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()


def is_emergency(event: QKeyEvent) -> bool:
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return any(
        event.key() == keys.key() and modifiers == keys.keyboardModifiers()
        for keys in EMERGENCY_KEYS
    )
