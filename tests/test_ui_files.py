"""The app's own dialog for a folder or a file: no folder, however it behaves, holds a key."""

import os
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from ui import theme
from ui.keys import EmergencyKey
from ui.widgets import files
from ui.widgets.files import ask_existing, ask_folder

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def place(tmp_path):
    for folder in ("backups", "Clinic", ".hidden"):
        (tmp_path / folder).mkdir()
    (tmp_path / "form.json").write_text("{}")
    (tmp_path / "letter.pdf").write_text("")
    (tmp_path / "Clinic" / "of today").mkdir()
    return tmp_path


@pytest.fixture
def asked(qtbot, place, monkeypatch):
    """Opens a dialog in `place`; with it what was chosen."""
    theme.apply(QApplication.instance(), theme.Theme())
    monkeypatch.setattr(files, "usual_folder", lambda: str(place))
    below = QWidget()
    qtbot.addWidget(below)
    below.show()

    def ask(ending=""):
        taken = []
        if ending:
            dialog = ask_existing(below, "A file", ending, taken.append)
        else:
            dialog = ask_folder(below, "A folder", taken.append)
        qtbot.waitUntil(dialog.isActiveWindow)
        qtbot.waitUntil(lambda: dialog.listed.count() > 0)
        return dialog, taken

    return ask


def press(key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(QApplication.focusWidget(), key, modifiers)


def entries(dialog):
    return [dialog.listed.item(row).text() for row in range(1, dialog.listed.count())]


def beside(dialog):
    return dialog.path._problem._said.text()


def test_a_folder_is_found_by_keys(qtbot, asked, place):
    """In and up by Enter and Backspace. Seen to fail with: files among the folders; Backspace that
    does nothing."""
    dialog, taken = asked()
    assert entries(dialog) == ["backups/", "Clinic/"]
    dialog.listed.setFocus()
    press(Key.Key_Down)
    press(Key.Key_Down)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: entries(dialog) == ["of today/"])
    press(Key.Key_Backspace)
    qtbot.waitUntil(lambda: entries(dialog) == ["backups/", "Clinic/"])
    assert dialog.path.text() == str(place)
    press(Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: taken == [place])


def test_a_path_is_typed_and_a_wrong_one_is_refused_beside_it(qtbot, asked, place):
    """Seen to fail with: whatever is typed taken."""
    dialog, taken = asked()
    for wrong, why in (("nowhere", "nothing of that name"), ("form.json", "no folder")):
        dialog.path.put(str(place / wrong))
        press(Key.Key_Return)
        qtbot.waitUntil(lambda: why in beside(dialog))  # noqa: B023 - at once
        assert dialog.path.text() == str(place / wrong)
    dialog.path.edit.selectAll()
    QTest.keyClicks(dialog.path.edit, str(place / "Clinic"))
    qtbot.waitUntil(lambda: entries(dialog) == ["of today/"])
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: taken == [place / "Clinic"])


def test_a_file_is_found_by_keys(qtbot, asked, place):
    """Seen to fail with: a folder taken for a file; files of another kind listed."""
    dialog, taken = asked(".json")
    assert entries(dialog) == ["backups/", "Clinic/", "form.json"]
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: "no file" in beside(dialog))
    dialog.listed.setFocus()
    press(Key.Key_End)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: taken == [place / "form.json"])


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_a_folder_that_changes_all_the_time_holds_nothing(qtbot, asked):
    """Qt's own dialog watched each of its entries."""
    dialog, taken = asked()
    dialog.path.put("/proc")
    dialog._look()
    qtbot.waitUntil(lambda: f"{os.getpid()}/" in entries(dialog))
    dialog.path.put("/proc/self/task")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: taken == [Path("/proc/self/task")])


def test_a_folder_that_does_not_answer_holds_no_key(qtbot, asked, monkeypatch):
    """As a network drive that is gone. The emergency key is heard, Esc leaves, and a late word
    changes nothing. Seen to fail with: the disk asked where the keys are heard."""
    monkeypatch.setattr(files, "_SLOW_MS", 0)
    monkeypatch.setattr(files, "_DEAD_MS", 10)
    ear, heard = EmergencyKey(QApplication.instance()), []
    ear.pressed.connect(lambda: heard.append("F9"))
    dialog, taken = asked()
    answers = Event()
    monkeypatch.setattr(files, "_refused", lambda *_given: "" if answers.wait(60) else "late")
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: "does not answer yet" in dialog._said.text())
    press(Key.Key_F9)
    assert heard == ["F9"]
    press(Key.Key_Escape)
    with qtbot.waitSignal(dialog._working.ended):
        answers.set()
    assert taken == []
    QApplication.instance().removeEventFilter(ear)
