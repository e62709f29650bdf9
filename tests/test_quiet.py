"""What a run leaves nowhere: temporary files, words of a fault, the clipboard, a connection.

"Seen to fail with" names the defect planted to prove a test.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from intake_app import quiet
from tests.test_ui_gates import frame, records, walk  # noqa: F401 - fixtures
from ui import clipboard, lock

ROOT = Path(__file__).parent.parent
CANARY = "Quentin Zauberstab"
posix = pytest.mark.skipif(os.name != "posix", reason="modes, kills and exec are POSIX")


def python(code, tmp_path, **more):
    told = {"TMPDIR": str(tmp_path), "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    given = {"cwd": ROOT, "env": {**os.environ, **told}, "text": True, "stdout": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, **{**given, **more}
    )


# The folder for temporary files -------------------------------------------------------------------

SHOW = """
import os, tempfile
from pathlib import Path
from PySide6.QtCore import QDir
from intake_app import quiet
with quiet.begun():
    place = tempfile.mkdtemp()
    print(place, QDir.tempPath(), oct(Path(place).parent.stat().st_mode), flush=True)
    Path(place, "page.pdf").write_text("x")
    input()
"""


@posix
def test_the_folder_for_temporary_files_is_private_and_gone_at_the_end(tmp_path):
    """Seen to fail with: the folder not wiped; Qt left to the system's; a sweep that asks no lock.

    A kill leaves it, and the next start takes it away; the one of a run that goes on stays."""
    runs = [python(SHOW, tmp_path, stdin=subprocess.PIPE) for _each in range(3)]
    places = []
    for run in runs:
        place, of_qt, mode = run.stdout.readline().split()
        places.append(Path(place).parent)
        assert (str(places[-1]), oct(0o40700)) == (of_qt, mode)
        assert places[-1].parent == tmp_path
    runs[0].send_signal(signal.SIGKILL)
    runs[0].wait()
    runs[1].communicate("\n")
    assert [place.exists() for place in places] == [True, False, True]
    stranger = tmp_path / "ketamine-intake-link"
    stranger.symlink_to(tmp_path / "kept", target_is_directory=True)
    (tmp_path / "kept").mkdir()
    again = python(SHOW, tmp_path, stdin=subprocess.PIPE)
    again.stdout.readline()
    assert [place.exists() for place in places] == [False, False, True]
    again.communicate("\n")
    runs[2].communicate("\n")
    assert {path.name for path in tmp_path.iterdir()} == {stranger.name, "kept"}
    for run in runs:
        run.stdout.close()
        run.stderr.close()
        run.stdin.close()


def test_a_full_disk_hinders_no_start(tmp_path, monkeypatch):
    """Seen to fail with: the error let through."""

    def full(**_named):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(quiet, "say_classes_alone", lambda: None)
        patch.setattr(quiet.tempfile, "mkdtemp", full)
        with quiet.begun():
            assert not quiet._mine


@posix
def test_what_takes_the_place_of_this_process_inherits_no_folder(tmp_path, monkeypatch):
    """The lock. Seen to fail with: the folder left, and its name left in the environment."""
    seen = []
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(quiet.tempfile, "tempdir", None)
    monkeypatch.setattr(quiet, "_mine", [quiet.PrivateFolder()])
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(lock.os, "execv", lambda *_: seen.append(os.environ["TMPDIR"]))
    monkeypatch.setattr(lock.os, "_exit", lambda *_: None)
    monkeypatch.setattr(subprocess, "Popen", lambda *_: None)
    lock.replace_process()
    assert seen == [str(tmp_path)]
    assert list(tmp_path.iterdir()) == []


# Words of a fault ---------------------------------------------------------------------------------

RAISE = """
import logging, sys, threading, warnings
from intake_app import quiet
who = sys.stdin.readline()
class Bad:
    def __del__(self): raise ZeroDivisionError(who)
with quiet.begun():
    Bad()
    thread = threading.Thread(target=lambda: {}[who]); thread.start(); thread.join()
    logging.getLogger("alembic").error("row %s", who)
    logging.getLogger("broken").error("%d", who)
    warnings.warn(who, UserWarning)
    if len(sys.argv) > 1:
        from ui import faults
        from PySide6.QtCore import QObject, Signal, qWarning
        from PySide6.QtWidgets import QApplication
        app = QApplication([])
        class Sender(QObject):
            sent = Signal()
        faults.install(lambda sentence: print(sentence, flush=True))
        qWarning(who)
        def slot(): raise BufferError(who)
        sender = Sender(); sender.sent.connect(slot); sender.sent.emit()
        def stop(): raise KeyboardInterrupt(who)
        sender.sent.disconnect(); sender.sent.connect(stop); sender.sent.emit()
    raise ValueError(who)
"""
SAID = ("ZeroDivisionError", "KeyError", "alembic: ERROR", "broken: ERROR", "UserWarning")


@pytest.mark.parametrize("window", [False, True])
def test_no_way_of_failing_says_more_than_a_class(tmp_path, window):
    """Seen to fail with: each of the hooks left out in turn; sys.__excepthook__ for what is no
    Exception."""
    code = RAISE if not window else RAISE.replace("if len(sys.argv) > 1:", "if True:")
    run = python(code, tmp_path, stdin=subprocess.PIPE)
    out, err = run.communicate(CANARY + "\n", timeout=600)
    assert run.returncode == 1
    for part in CANARY.split():
        assert part not in out + err
    assert "Traceback" not in err
    more = ("QtWarningMsg", "BufferError", "KeyboardInterrupt") if window else ()
    for kind in (*SAID, *more, "ValueError"):
        assert kind in err, kind
    assert ("BufferError" in out) is window


# The clipboard ------------------------------------------------------------------------------------


def copied(qtbot, text):
    line = QLineEdit(text)
    qtbot.addWidget(line)
    line.show()
    line.activateWindow()
    qtbot.waitUntil(line.isActiveWindow)
    line.selectAll()
    QTest.keySequence(line, "Ctrl+C")
    assert QGuiApplication.clipboard().text() == text
    return line


def test_what_is_copied_from_a_field_leaves_the_clipboard_in_time(qtbot, frame):  # noqa: F811
    """Seen to fail with: the card alone watched."""
    frame.window.findChild(clipboard.CleanClipboard)._wait.setInterval(30)
    copied(qtbot, CANARY)
    qtbot.waitUntil(lambda: not QGuiApplication.clipboard().text())


def test_the_clipboard_is_empty_once_the_records_close(qtbot, frame):  # noqa: F811
    """Lock and close go through it. Seen to fail with: `closing` not connected."""
    copied(qtbot, CANARY)
    frame.desk.close()
    assert not QGuiApplication.clipboard().text()


def test_what_another_program_copied_stays(qtbot, frame, monkeypatch):  # noqa: F811
    """Seen to fail with: the clipboard cleared whoever filled it."""
    monkeypatch.setattr(clipboard.QGuiApplication, "focusWindow", lambda: None)
    QGuiApplication.clipboard().setText("from elsewhere")
    frame.desk.close()
    assert QGuiApplication.clipboard().text() == "from elsewhere"
    QGuiApplication.clipboard().clear()


# Files of Qt's own --------------------------------------------------------------------------------

DIALOG = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from ui import app as window
from ui.widgets.files import PlaceDialog

def shown(house):
    folder = Path(sys.argv[0] or ".").resolve()
    dialog = PlaceDialog(None, "")
    dialog.path.put(CANARY)
    dialog._look()
    dialog.show()
    dialog.close()
    dialog.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QTimer.singleShot(0, QApplication.quit)

window.App.start = shown
from intake_app import quiet
with quiet.begun():
    window.run(Path("nowhere"), None)
"""


@posix
def test_no_folder_that_was_looked_at_is_kept(tmp_path):
    """A folder may be named after a person. Seen to fail with: Qt's own dialog, which keeps where
    it was in its settings."""
    person = tmp_path / CANARY
    person.mkdir()
    run = python(DIALOG.replace("CANARY", repr(str(person))), tmp_path)
    _out, err = run.communicate(timeout=600)
    assert run.returncode == 0, err
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in kept if CANARY.encode() in path.read_bytes()] == []


# No connection ------------------------------------------------------------------------------------

_connections: list[str] = []
_listening: list[bool] = []


def _hear(event, given):
    if not _listening or not event.startswith("socket."):
        return
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _connections.append(event)
    elif event in ("socket.connect", "socket.sendto") and isinstance(given[1], tuple):
        _connections.append(f"{event} {given[1]}")


@pytest.fixture
def connections():
    """What this process asks of a network while the test runs; a hook cannot be taken back."""
    if not _listening:
        sys.addaudithook(_hear)
    _connections.clear()
    _listening.append(True)
    yield _connections
    _listening.clear()
    sys.addaudithook(lambda *_: None)


def test_no_screen_asks_the_network_for_anything(frame, connections):  # noqa: F811
    """Every screen in every state. Native code is watched by `make faults`. Seen to fail with: a
    socket opened by the worklist; QtNetwork imported by a widget."""
    names = {name for name, _window in walk(frame)}
    assert len(names) > 5
    assert connections == []
    assert "PySide6.QtNetwork" not in sys.modules
    if sys.platform.startswith("linux"):
        assert "Qt6Network" not in Path("/proc/self/maps").read_text()


def test_a_connection_would_be_heard(connections):
    import socket  # noqa: PLC0415

    with socket.socket() as one, pytest.raises(OSError, match=r"."):
        one.connect(("127.0.0.1", 1))
    assert connections
