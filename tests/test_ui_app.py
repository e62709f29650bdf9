"""The app around its windows: the lock that ends a process, what is in front, what a title says.

"Seen to fail with" names the defect planted to prove a test.
"""

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from intake_app import service
from intake_app.core.agenda import questions
from intake_app.core.model import Stage
from intake_app.core.protocol import Item
from intake_app.store.database import LOCK, Records
from tests.hands import Hands
from tests.test_ui_gates import frame, records, walk  # noqa: F401 - fixtures
from tests.vaults import COORDINATOR, PASSWORD, Clock, open_clinic
from ui.app import App, Surroundings
from ui.screens.call import _HINTS, _understand
from ui.screens.emergency import NumbersOnly
from ui.screens.unlock import UnlockScreen
from ui.widgets.answers import TypedLine

ROOT = Path(__file__).parent.parent
PLAIN, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier

# The lock -----------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process of another number takes over")
def test_locking_replaces_the_process_that_knew_the_key(tmp_path):
    """A real process that opens, locks, and is seen to have been replaced. Seen to fail with: the
    unlock screen shown by the same process; the records not closed before; the password of the
    environment handed on."""
    open_clinic(tmp_path / "vault", Clock()).close()
    told = tmp_path / "told"
    command = [sys.executable, "-X", "utf8", "-m", "tests.locks_itself"]
    subprocess.run(
        [*command, str(tmp_path / "vault"), str(told)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "INTAKE_PASSWORD": "secret"},
        check=True,
        timeout=600,
        capture_output=True,
    )
    lines = [line.split(" | ") for line in told.read_text("utf-8").splitlines()]
    assert [line[1:] for line in lines] == [
        ["opened", "True", "True"],
        ["unlock screen", "False", "False"],
        ["records were released", "False", "False"],
    ]
    assert len({line[0] for line in lines}) == 1, "the same number: nothing of the old one is left"


# Another window comes to the front ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        (Qt.FocusReason.ActiveWindowFocusReason, False),
        (Qt.FocusReason.PopupFocusReason, False),
        (Qt.FocusReason.TabFocusReason, True),
        (Qt.FocusReason.MouseFocusReason, True),
        (Qt.FocusReason.ShortcutFocusReason, True),
        (Qt.FocusReason.OtherFocusReason, True),
    ],
)
def test_half_a_word_is_kept_on_leaving_the_field_and_on_nothing_else(qtbot, reason, kept):
    """Seen to fail with: `_STILL_HERE` empty."""
    line = TypedLine()
    qtbot.addWidget(line)
    told = []
    line.left.connect(told.append)
    line.put("")
    line.show()
    qtbot.waitUntil(lambda: line.painted)
    QTest.keyClicks(line, "14 Elm Str")
    QApplication.sendEvent(line, QFocusEvent(QEvent.Type.FocusOut, reason))
    assert told == (["14 Elm Str"] if kept else [])
    assert line.text() == "14 Elm Str"


def test_another_window_and_back_leaves_the_question_as_it_was(frame, qtbot):  # noqa: F811
    """Seen to fail with: `_STILL_HERE` without the other window."""
    window, call = frame.window, frame.window.screens["call"]
    assert frame.desk.open(frame.desk.service.worklist()[0].intake_id)
    window.go("call")
    call.at("caller_location")
    line = call._typed.line
    qtbot.waitUntil(lambda: line.painted)
    line.clear()
    QTest.keyClicks(line, "at the libr")
    count = len(frame.desk.case.intake.answers)
    other = QLineEdit()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(other.isActiveWindow)
    assert len(frame.desk.case.intake.answers) == count
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.waitUntil(line.hasFocus)
    assert line.text() == "at the libr"


def test_after_the_numbers_the_keys_are_where_they_were(qtbot, qapp, tmp_path):
    """Before anybody unlocked, by Esc. Seen to fail with: the password without the focus."""
    open_clinic(tmp_path / "vault", Clock()).close()
    house = App(qapp, Surroundings(tmp_path / "vault", Clock(), lock=lambda: None))
    house.start()
    shown = house.front
    assert isinstance(shown, UnlockScreen)
    qtbot.waitUntil(lambda: shown.isActiveWindow() and shown._names.count() > 0)
    QTest.keyClicks(QApplication.focusWidget(), "half a pass")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F9)
    qtbot.waitUntil(house._numbers.isActiveWindow)
    assert isinstance(house._numbers, NumbersOnly)
    QTest.keyClick(house._numbers, Qt.Key.Key_Escape)
    qtbot.waitUntil(shown._password.hasFocus)
    assert shown._password.text() == "half a pass"
    shown.close()
    qapp.removeEventFilter(house.keys)


# From the unlock screen on ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """Made once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("clinic") / "vault"
    open_clinic(folder, Clock()).close()
    return folder


@pytest.fixture
def start(qtbot, qapp, clinic, tmp_path):
    """The app at its unlock screen, as often as it is started; the password is typed by keys."""
    houses, folder = [], tmp_path / "vault"
    shutil.copytree(clinic, folder)

    def begin(**more):
        house = App(qapp, Surroundings(folder, Clock(), **more))
        houses.append(house)
        house.start()
        qtbot.waitUntil(lambda: house.front.isActiveWindow() and house.front._names.count() > 0)
        return house

    def unlock(house, password=PASSWORD):
        house.front._password.clear()
        QTest.keyClicks(QApplication.focusWidget(), password)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)

    yield SimpleNamespace(app=begin, unlock=unlock, folder=folder)
    for house in houses:
        qapp.removeEventFilter(house.keys)
        if house.main is not None:
            house.main.desk.close()
            house.main.close()
        house.front.close()
        house.deleteLater()


def test_the_password_of_the_demo_stands_on_a_line_of_its_own(start):
    """Nothing beside it can be read as part of it. Seen to fail with: one line for both."""
    house = start.app(demo_password="demo password, not a secret")
    assert house.front._hint.text().splitlines()[-1] == "demo password, not a secret"


def test_records_in_a_folder_that_takes_nothing_are_refused_in_one_sentence(qtbot, start):
    """What is typed stays, the emergency key is heard, and once the folder is mended the same Enter
    opens."""
    lock = start.folder / LOCK
    lock.unlink(missing_ok=True)
    lock.mkdir()  # a folder where the lock is to be made: refused for whoever runs the tests
    house = start.app()
    start.unlock(house)
    shown = house.front
    qtbot.waitUntil(shown._problem.isVisible)
    said = shown._problem.text()
    for part in ("cannot be written to", "make it writable", "Nothing in them was changed"):
        assert part in said
    assert shown._password.text() == PASSWORD
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F9)
    qtbot.waitUntil(house._numbers.isVisible)
    house._numbers.close()
    lock.rmdir()
    shown._try()
    qtbot.waitUntil(lambda: house.main is not None)


@pytest.mark.parametrize("typed", ["14 Elm Str", "7"])
def test_the_idle_lock_comes_to_its_end_and_unlocking_returns_to_the_half_word(qtbot, start, typed):
    """One minute, by the clinic's own setting, also while a line is open; nothing is asked. Seen to
    fail with: the place kept after the records were closed; the draft left out of it."""
    locked = []
    house = start.app(lock=lambda: locked.append(True))
    start.unlock(house)
    qtbot.waitUntil(lambda: house.main is not None and house.main.isActiveWindow())
    main = house.main
    office = main.desk.service._office
    office.about = replace(office.about, idle_minutes=1, call_minutes=1)
    hands = Hands(qtbot, main)
    hands.press(Qt.Key.Key_N, CTRL)
    hands.say("740 555 0163")
    hands.type(typed)
    idle = house._idle
    since = idle._since
    for seconds in (59, 61):
        assert not locked
        idle._seconds = lambda seconds=seconds: since + seconds
        idle.look()
    assert locked
    assert main.desk.closed
    assert not main.isVisible()
    again = start.app()
    start.unlock(again)
    qtbot.waitUntil(lambda: again.main is not None and again.main.isActiveWindow())
    back = Hands(qtbot, again.main)
    assert (again.main.screen_name, back.question) == ("call", "caller_location")
    assert back.call._typed.line.text() == typed
    assert back.call._typed.line.hasFocus()


# Titles -------------------------------------------------------------------------------------------


def test_no_title_of_a_window_names_a_person(frame):  # noqa: F811
    """The system lists them, also while the screen is shared. Seen to fail with: the title of the
    window set to whoever lies on the desk."""
    seen = set()
    for _state, _top in walk(frame):
        for each in QApplication.topLevelWidgets():
            seen.add(each.windowTitle())
    assert {"Ketamine intake", "Emergency panel", "Sign"} <= seen
    for title in seen:
        for word in ("Robin", "Achterberg", "P-0", "740", "Elm"):
            assert word not in title, title


# The records' turn --------------------------------------------------------------------------------


def test_another_thread_waits_until_the_anchor_of_a_change_is_written(tmp_path, monkeypatch):
    """Or vault.head would name somebody else's entry. Seen to fail with: no lock around a
    transaction."""
    opened = open_clinic(tmp_path / "vault", Clock())
    intake = opened.begin_call().intake.id
    write_head, others, early = Records._write_head, [], []
    done = threading.Event()

    def second():
        opened.record_answer(intake, "seizure_ever", False)
        done.set()

    def anchored(of):
        if not others:
            others.append(threading.Thread(target=second))
            others[0].start()
            early.append(done.wait(0.3))
        write_head(of)

    monkeypatch.setattr(Records, "_write_head", anchored)
    opened.record_answer(intake, "stroke_ever", False)
    others[0].join(timeout=10)
    assert early == [False]
    assert done.is_set()
    answers = opened.show(intake).intake.answers
    assert [answer.item for answer in answers] == ["stroke_ever", "seizure_ever"]
    opened.close()
    assert service.verify_vault(tmp_path / "vault", COORDINATOR, PASSWORD) is None


# Every part of the work, every kind of field -----------------------------------------------------


@pytest.mark.parametrize("size", [(1366, 768), (1024, 640)])
def test_every_part_of_the_work_is_reached_by_f3(frame, qtbot, size):  # noqa: F811
    """The clinician's questions too, and in a narrow window. Seen to fail with: the list of parts
    hidden with its column."""
    window, call = frame.window, frame.window.screens["call"]
    window.resize(*size)
    assert frame.desk.open(frame.desk.service.worklist()[0].intake_id)
    window.go("call")
    for place, stage in enumerate(Stage):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F3)
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
        view = call._stages.view()
        assert view.isVisible()
        for key in (Qt.Key.Key_Home, *(Qt.Key.Key_Down,) * place, Qt.Key.Key_Return):
            QTest.keyClick(view, key)
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None)
        assert call._stage is stage
        assert questions(call._sections), stage
        assert call._question is not None


_SAID = {"date": "3 weeks ago", "number": "two", "blood_pressure": "124 over 78", "text": "words"}
_BY_UNIT = {
    "cm": "5 ft 7",
    "kg": "163 pounds",
    "%": "98",
    "years": "34",
    "kg/m²": "24",
    "m": "1.75",
}
_BY_ITEM = {"stopbang.neck": "16 inches"}


def test_every_typed_field_takes_what_people_say(frame, protocol):  # noqa: F811
    """Heights, weights, results and their dates among them. Seen to fail with: a date that is
    read as a number."""
    assert frame.desk.open(frame.desk.service.worklist()[0].intake_id)
    items: list[Item] = [item for item in protocol.items.values() if item.kind in _HINTS]
    assert {"height", "weight", "last_blood_pressure", "blood_pressure_date"} <= {
        item.id for item in items
    }
    case = frame.desk.case
    for item in items:
        said = "31 December 2027" if item.id.endswith("_expiry") else _SAID[item.kind]
        said = _BY_UNIT.get(item.unit or "", said) if item.kind == "number" else said
        said = _BY_ITEM.get(item.id, said)
        value, _understood, _doubt = _understand(item, said, case, "US")
        assert item.parse(value) is not None, item.id


def test_the_unlock_window_waits_for_no_rule_and_no_page():
    """Seen to fail with: the words of the worklist's tabs imported with the keys."""
    heavy = (
        "('intake_app.core.facts', 'intake_app.core.packet', 'intake_app.content', 'sqlalchemy')"
    )
    code = f"import sys, ui.screens.unlock; print([m for m in {heavy} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=600
    )
    assert told.stdout.strip() == "[]"
