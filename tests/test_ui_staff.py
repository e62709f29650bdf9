"""The window around keys: unlocking, another person, a code, the paper, and the panels of settings.

"Seen to fail with" names the defect planted to prove a test.
"""

import shutil
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from intake_app import service
from intake_app.core import setup
from intake_app.core.model import Role, Standing
from intake_app.core.setup import Part
from intake_app.store import vault
from tests.vaults import (
    ADMINISTRATOR,
    CLINICIAN,
    COORDINATOR,
    NUMBERS,
    PASSWORD,
    Clock,
    people,
)
from ui.app import App, Surroundings
from ui.keys import KEYS
from ui.screens.unlock import UnlockScreen
from ui.widgets.roster import DEEDS

NEW = "seven green kettles whistle"
KEY, CTRL, ALT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk") / "vault"
    about = service.Clinic("Test Clinic", numbers=NUMBERS)
    desk, paper = service.create_vault(folder, about, people(), Clock())
    desk.close()
    return SimpleNamespace(folder=folder, paper=paper)


@pytest.fixture
def desk(qtbot, qapp, made, tmp_path, monkeypatch):
    """A shared desk: `start` is what the next process does, on the same vault."""
    folder, clock, houses = shutil.copytree(made.folder, tmp_path / "vault"), Clock(), []

    def start():
        house = App(qapp, Surroundings(folder, clock, lock=lambda: None))
        houses.append(house)
        house.start()
        shown = house.front
        assert isinstance(shown, UnlockScreen)
        qtbot.waitUntil(lambda: shown.isActiveWindow() and shown._names.count() > 0)
        return house

    yield SimpleNamespace(start=start, folder=folder, clock=clock, paper=made.paper, qtbot=qtbot)
    for house in houses:
        if house.main is not None:
            house.main.desk.close()
            house.main.panel().hide()
            qapp.removeEventFilter(house._idle)
            house._idle._watch.stop()
        house.front.hide()
        house.front.close()
        qapp.removeEventFilter(house.keys)
        house.deleteLater()


def press(key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(QApplication.focusWidget() or QApplication.activeWindow(), key, modifiers)
    QApplication.processEvents()


def say(text):
    QTest.keyClicks(QApplication.focusWidget(), text)


def opened(desk, house):
    desk.qtbot.waitUntil(lambda: house.main is not None, timeout=10_000)
    desk.qtbot.waitUntil(house.main.isActiveWindow)
    return house.main


def enter(desk, house, name, password=PASSWORD):
    desk.qtbot.waitUntil(house.front.isActiveWindow)
    house.front._names.choose(name)
    house.front._password.setFocus()
    say(password)
    press(KEY.Key_Return)
    return opened(desk, house)


def close_old(house):
    """What ends with the process that is replaced."""
    house.main.panel().hide()
    house.main.hide()


# The unlock screen --------------------------------------------------------------------------------


def test_two_keys_bring_somebody_else_to_the_desk_and_each_returns_to_their_place(desk):
    """Seen to fail with: the focus left in the password; the place of the one before opened; the
    name of the one before chosen."""
    house = desk.start()
    window = enter(desk, house, COORDINATOR)
    assert window.desk.change(lambda s: s.begin_call())
    window.go("call")
    window.screens["call"].at("callback_number")
    intake = window.desk.intake_id
    assert KEYS["change_person"].keys == "Ctrl+Alt+P"
    press(KEY.Key_P, CTRL | ALT)  # one
    close_old(house)
    house = desk.start()
    names = [house.front._names.itemData(n) for n in range(house.front._names.count())]
    assert house.front._names.name() == COORDINATOR
    press(Qt.Key(KEY.Key_1 + names.index(CLINICIAN)))  # two
    assert house.front._names.name() == CLINICIAN
    assert QApplication.focusWidget() is house.front._password
    say(PASSWORD)
    press(KEY.Key_Return)
    window = opened(desk, house)
    assert window.desk.service.staff.name == CLINICIAN
    assert window.screen_name == "worklist"
    window.go("settings")
    press(KEY.Key_P, CTRL | ALT)
    close_old(house)
    house = desk.start()
    window = enter(desk, house, COORDINATOR)
    assert window.screen_name == "call"
    assert window.desk.intake_id == intake
    assert window.screens["call"]._question.key == "callback_number"


def test_a_plain_lock_keeps_the_name_and_asks_for_the_password(desk):
    """Seen to fail with: the first name of the list chosen."""
    house = desk.start()
    window = enter(desk, house, ADMINISTRATOR)
    assert window.desk.service.staff.name == ADMINISTRATOR
    press(KEY.Key_L, CTRL | ALT)
    close_old(house)
    house = desk.start()
    assert house.front._names.name() == ADMINISTRATOR
    assert QApplication.focusWidget() is house.front._password


def test_a_letter_finds_the_next_name(desk):
    """More than nine work in some clinics. Seen to fail with: the number in front searched."""
    names = desk.start().front._names
    names.setFocus()
    names.put([*"ABDEFGHIJ", "Zed", "Zoe"])
    for expected in ("Zed", "Zoe", "Zed"):
        press(KEY.Key_Z)
        assert names.name() == expected


def test_too_many_wrong_passwords_say_how_long_and_the_numbers_are_there(desk):
    """Seen to fail with: the sentence of a wrong password alone."""
    house = desk.start()
    shown = house.front
    shown._names.choose(COORDINATOR)
    for number in range(4):
        shown._password.setFocus()
        shown._problem.setText("")
        say(f"wrong {number}")
        press(KEY.Key_Return)
        desk.qtbot.waitUntil(lambda: bool(shown._problem.text()), timeout=10_000)
    assert "possible in" in shown._problem.text()
    assert shown._problem.isVisible()
    press(KEY.Key_F9)
    desk.qtbot.waitUntil(house._numbers.isActiveWindow)
    house._numbers.close()
    desk.clock.now += timedelta(minutes=1)
    assert enter(desk, house, COORDINATOR).desk.service.staff.name == COORDINATOR


def fill(form, secret, name, password=NEW):
    form.secret.put(secret)
    form.name.put(name)
    form._passwords.first.put(password)
    form._passwords.again.put(password)
    form._passwords.again.edit.setFocus()


def test_a_one_time_code_is_given_from_the_unlock_screen(desk):
    """By keys, and Esc goes back. Seen to fail with: Alt+C not heard."""
    ada = service.open_vault(desk.folder, ADMINISTRATOR, PASSWORD, desk.clock)
    ids = {member.name: member.id for member in ada.clinic.staff()}
    code = ada.clinic.reset_staff(ids[COORDINATOR])
    ada.close()
    house = desk.start()
    press(KEY.Key_C, ALT)
    form = house.front._forms["code"]
    assert QApplication.focusWidget() is form.secret.edit
    press(KEY.Key_Escape)
    assert QApplication.focusWidget() is house.front._password
    press(KEY.Key_C, ALT)
    fill(form, code, COORDINATOR, "short")
    press(KEY.Key_Return)
    desk.qtbot.waitUntil(house.front._problem.isVisible, timeout=10_000)
    assert "at least 15" in house.front._problem.text()
    assert form.secret.text() == code, "what was typed stays"
    fill(form, code, COORDINATOR)
    press(KEY.Key_Return)
    assert opened(desk, house).desk.service.staff.name == COORDINATOR


def test_the_paper_makes_an_administrator_and_shows_the_next_paper(desk):
    """Until two groups of it are typed back the settings say that it is missing. Seen to fail
    with: the new key shown nowhere; proven without typing."""
    house = desk.start()
    press(KEY.Key_R, ALT)
    fill(house.front._forms["paper"], desk.paper, "Newly Found")
    press(KEY.Key_Return)
    window = opened(desk, house)
    assert window.desk.service.staff.roles == {Role.ADMINISTRATOR}
    assert window.screen_name == "settings"
    settings = window.screens["settings"]
    panel = settings._panels.paper
    assert settings._parts[settings._list.currentRow()][1] is panel
    shown = panel._key._key
    assert shown != desk.paper
    assert Part.PAPER in lacking(window)
    type_back(panel, shown)
    assert Part.PAPER not in lacking(window)
    assert not window.desk.service.clinic.lacks_paper()


def lacking(window):
    found = window.desk.service
    return setup.missing(
        found.about,
        found.clinic.staff(),
        found.protocol(),
        lacks_paper=found.clinic.lacks_paper(),
    )


def type_back(panel, shown):
    press(KEY.Key_Return, CTRL)
    for place, field in zip(panel._key._places, panel._key._fields, strict=True):
        field.put(setup.groups(shown)[place].lower())
    press(KEY.Key_Return, CTRL)


# Settings -----------------------------------------------------------------------------------------


@pytest.fixture
def settings(desk):
    house = desk.start()
    window = enter(desk, house, ADMINISTRATOR)
    window.go("settings")
    found = window.screens["settings"]
    return SimpleNamespace(window=window, screen=found, panels=found._panels, desk=desk)


def at(settings, panel):
    listed = settings.screen._list
    listed.setCurrentRow([p for _part, p in settings.screen._parts].index(panel))
    panel.entered()
    QApplication.processEvents()


def choose(settings, name):
    roster = settings.panels.roster
    at(settings, roster)
    roster._listed.setCurrentRow([m.name for m in roster._people].index(name))


def do(deed):
    key = DEEDS[deed].keys.removeprefix("Alt+")
    press(Qt.Key[f"Key_{key}"], ALT)
    press(KEY.Key_Return, CTRL)


def stands(settings, name):
    everybody = settings.window.desk.service.clinic.staff()
    return next(member for member in everybody if member.name == name)


def test_staff_are_suspended_reinstated_given_roles_and_a_code_by_keys(settings):
    """Nothing is done before Ctrl+Enter. Seen to fail with: done by its key alone."""
    panels = settings.panels
    choose(settings, COORDINATOR)
    press(KEY.Key_S, ALT)
    assert stands(settings, COORDINATOR).standing is Standing.HERE
    assert settings.screen._main.accessibleName() == f"Suspend: {COORDINATOR}"
    press(KEY.Key_Return, CTRL)
    assert stands(settings, COORDINATOR).standing is Standing.SUSPENDED
    assert "suspended" in panels.roster._listed.currentItem().text()
    assert not panels.roster._buttons["suspend"].isEnabled()
    do("reinstate")
    assert stands(settings, COORDINATOR).standing is Standing.HERE
    press(KEY.Key_O, ALT)
    panels.roster._roles.tick({Role.CLINICIAN, Role.COORDINATOR})
    press(KEY.Key_Return, CTRL)
    assert stands(settings, COORDINATOR).roles == {Role.CLINICIAN, Role.COORDINATOR}
    do("reset")
    assert stands(settings, COORDINATOR).standing is Standing.CODE
    code = panels.roster._code.text()
    assert panels.roster._code.isVisible()
    assert len(vault.code_as_password(code)) == 16
    choose(settings, CLINICIAN)
    assert panels.roster._code.isHidden()


def test_who_waits_is_shown_and_let_go(settings):
    """Seen to fail with: the button for everybody."""
    for number in range(6):  # half a minute to wait: each reading of the clock takes a second of it
        settings.desk.clock.now += timedelta(minutes=1)
        with pytest.raises(vault.WrongPassword):
            settings.window.desk.service.acting_as(COORDINATOR, f"wrong {number}")
    settings.window.go("worklist")
    settings.window.go("settings")
    choose(settings, CLINICIAN)
    assert not settings.panels.roster._buttons["lift"].isEnabled()
    choose(settings, COORDINATOR)
    assert "waits" in settings.panels.roster._listed.currentItem().text()
    do("lift")
    assert settings.window.desk.service.clinic.lockouts() == {}
    assert "waits" not in settings.panels.roster._listed.currentItem().text()


def test_a_removal_leads_to_the_new_paper(settings):
    """Seen to fail with: the new recovery key dropped."""
    choose(settings, CLINICIAN)
    do("remove")
    assert stands(settings, CLINICIAN).standing is Standing.REMOVED
    panel = settings.panels.paper
    assert settings.screen._parts[settings.screen._list.currentRow()][1] is panel
    assert settings.window.desk.service.clinic.lacks_paper()
    type_back(panel, panel._key._key)
    assert not settings.window.desk.service.clinic.lacks_paper()


def test_the_last_administrator_is_refused_in_one_sentence(settings):
    """And the button of the roles stays. Seen to fail with: the refusal not shown."""
    choose(settings, ADMINISTRATOR)
    press(KEY.Key_O, ALT)
    settings.panels.roster._roles.tick({Role.CLINICIAN})
    press(KEY.Key_Return, CTRL)
    assert "last administrator" in settings.screen._problem.text()
    assert stands(settings, ADMINISTRATOR).roles == {Role.ADMINISTRATOR}


def test_ones_own_password_is_changed_in_the_window(settings):
    """Seen to fail with: the fields left filled; the old password not asked for."""
    panel = settings.panels.password
    at(settings, panel)
    for old, new, fits in (
        ("wrong", NEW, False),
        (PASSWORD, "short", False),
        (PASSWORD, NEW, True),
    ):
        panel._old.put(old)
        panel._new.first.put(new)
        panel._new.again.put(new)
        press(KEY.Key_Return, CTRL)
        assert panel.is_empty() is fits
    assert settings.window.desk.service.acting_as(ADMINISTRATOR, NEW).staff.name == ADMINISTRATOR


def test_the_minutes_of_the_lock_are_set_and_hold_at_once(settings):
    """Seen to fail with: the limit read once, when the window opens; no least."""
    window, panel = settings.window, settings.panels.locking
    at(settings, panel)
    assert window.idle_limit() == 10
    for typed, held in (("0", 10), ("never", 10), ("16", 10), ("3", 3)):
        panel.first.put(typed)
        press(KEY.Key_Return, CTRL)
        assert window.idle_limit() == held
    assert window.desk.service.about.idle_minutes == 3


def test_a_clinic_sets_how_soon_and_how_often_a_dropped_line_is_tried(settings):
    """Empty stands for the placeholder, before and after. Fails with: 0 taken for empty; what was
    refused kept."""
    window, panel = settings.window, settings.panels.calling_back
    at(settings, panel)
    for minutes, most, held in (
        ("", "", (None, None)),
        ("0", "3", (None, None)),
        ("soon", "3", (None, None)),
        ("9", "2", (9, 2)),
        ("9", "", (9, None)),
    ):
        panel.first.put(minutes)
        panel.second.put(most)
        press(KEY.Key_Return, CTRL)
        about = window.desk.service.about
        assert (about.retry_minutes, about.most_tries) == held
        assert panel.first.text() == minutes


def test_the_list_of_centres_is_typed_dialled_and_kept(settings):
    """What is refused stays typed. Fails with: the day put in another line; a refusal that empties
    the list; saved without the proof."""
    window, panel = settings.window, settings.panels.centres
    at(settings, panel)
    QTest.keyClicks(panel.edit, "Ross, Ohio: the sheriff")
    press(KEY.Key_Return, CTRL)
    assert not window.desk.service.about.centres
    assert panel.edit.toPlainText() == "Ross, Ohio: the sheriff"
    assert not panel.is_empty()
    panel.edit.setPlainText("Ross, Ohio: 740 555 0199\nPerry, Ohio: 740 555 0188")
    panel.edit.moveCursor(QTextCursor.MoveOperation.Start)
    panel.edit.setFocus()
    press(KEY.Key_D, ALT)
    press(KEY.Key_Return, CTRL)
    today = window.desk.now().date().isoformat()
    held = {"Ross, Ohio": f"740 555 0199; {today}", "Perry, Ohio": "740 555 0188"}
    assert window.desk.service.about.centres == held
    assert panel.is_empty()
    about = window.desk.service.about
    refused = replace(about, centres={"Ross, Ohio": "nobody"})
    assert window.desk.ask(lambda s: s.clinic.change_clinic(refused)) is None
    assert window.desk.service.about.centres == held


def test_the_lock_waits_longer_while_a_line_is_open(desk):
    """Up to the clinic's limit, and no longer. Seen to fail with: no limit while a line is open."""
    window = enter(desk, desk.start(), COORDINATOR)
    assert window.idle_limit() == 10
    assert window.desk.change(lambda s: s.begin_call())
    assert window.idle_limit() == 60
    intake = window.desk.intake_id
    assert window.desk.change(lambda s: s.raise_escalation(intake, "words that worry"))
    assert window.idle_limit() is None
    assert window.desk.change(
        lambda s: s.stamp_escalation(intake, "accepted", {"by": "Clive", "read_back": "yes"})
    )
    assert window.idle_limit() == 60
    assert window.desk.change(lambda s: s.end_call(intake))
    assert window.idle_limit() == 10


def test_the_systems_lock_locks_unless_nobody_has_accepted(desk):
    """Seen to fail with: the place taken from the screen by a closed lid."""
    house = desk.start()
    window = enter(desk, house, COORDINATOR)
    assert window.desk.change(lambda s: s.begin_call())
    intake = window.desk.intake_id
    assert window.desk.change(lambda s: s.raise_escalation(intake, "words that worry"))
    house._system.locking.emit()
    assert not window.desk._closed
    assert window.desk.change(
        lambda s: s.stamp_escalation(intake, "accepted", {"by": "Clive", "read_back": "yes"})
    )
    house._system.locking.emit()
    assert window.desk._closed
