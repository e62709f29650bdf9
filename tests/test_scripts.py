"""What is read aloud, built-in or the clinic's own: in the call, the panel, at the end."""

import re
import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from intake_app import service
from intake_app.core import closing, panel, scripts
from intake_app.core.agenda import _BEFORE, agenda, before, questions
from intake_app.core.errors import NotAllowed, WrongMove
from intake_app.core.lint import UNFIT
from intake_app.core.model import Clinic, Stage
from intake_app.core.screening import Case, screen
from intake_app.core.scripts import Kind
from tests.conftest import TODAY, intake, said
from tests.hands import CTRL, ENTER, Hands
from tests.vaults import ADMINISTRATOR, COORDINATOR, PASSWORD, Clock, open_clinic
from ui import theme
from ui.desk import Desk
from ui.main_window import MainWindow

Key = Qt.Key
KEYS = tuple(scripts.scripts())


def case_of(protocol, *answers, **more):
    found = intake(*answers, **more)
    return Case(found, protocol, screen(found, protocol, TODAY), TODAY)


# The texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_every_built_in_text_would_be_taken_as_a_clinics_own(key):
    """Seen to fail with: "You are safe now" in `closing.thanks`; a text of 600 characters."""
    built_in = scripts.scripts()[key]
    scripts.refuse({key: built_in.text})
    assert built_in.key == key
    assert built_in.title


def test_nothing_that_is_read_out_promises_secrecy_benefit_or_a_verdict():
    """Seen to fail with: "We will accept you" in `asked.fit`."""
    harmful = re.compile(
        r"\bsecret|\bconfidential|\bguarantee|\bpromise you\b|\bdon't worry\b|\byou qualify\b"
        r"|\baccept you\b|\bwill (?:help|work|get better)\b|\bcommitted\b|\blevel\b",
        re.IGNORECASE,
    )
    for each in scripts.scripts().values():
        assert not harmful.search(each.text), each.key
        assert not UNFIT.search(each.text), each.key


def test_the_three_kinds_are_all_there():
    """Seen to fail with: IF_ASKED texts made ALOUD."""
    assert {each.kind for each in scripts.scripts().values()} == set(Kind)
    assert len(scripts.if_asked()) >= 6


BROKEN = {
    "a field left out": ("greeting", "Thank you for calling, this is {name}."),
    "a field that nobody fills": ("closing.thanks", "Thank you, {name}."),
    "braces that are no name": ("closing.crisis", "Phone {line.__class__}."),
    "braces by number": ("closing.crisis", "Phone {0} {line}."),
    "a conversion": ("closing.crisis", "Phone {line!r}."),
    "an open brace": ("closing.crisis", "Phone {line"),
    "nothing": ("closing.thanks", "   "),
    "two lines": ("closing.thanks", "Thank you.\nGoodbye."),
    "too long": ("closing.thanks", "a" * 501),
    "a verdict": ("asked.fit", "You have been approved."),
    "words that harm": ("before.suicide", "Did anybody commit suicide?"),
    "another key": ("closing.never", "Goodbye."),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_text_that_cannot_be_read_out_is_refused_in_a_sentence(name):
    """Seen to fail with: each check of `_trouble` left out in turn."""
    key, text = BROKEN[name]
    with pytest.raises(WrongMove, match=r"Nothing was changed\.$"):
        scripts.refuse({key: text})


def test_an_own_text_is_said_and_one_that_no_longer_fits_is_not():
    """An older version may have taken it; a call must not end in an error. Seen to fail with:
    `_trouble` not asked in `said`."""
    assert scripts.said({"closing.thanks": "Thanks."}, "closing.thanks") == "Thanks."
    kept = {"closing.crisis": "Phone {number}."}
    assert "988" in scripts.said(kept, "closing.crisis", line="988")


def test_what_fills_a_text_is_never_read_as_a_field():
    """Braces in what a caller said stay braces."""
    found = scripts.said({}, "read_back", number="{place}", place="{number}")
    assert "{place}" in found
    assert "{number}" in found


@pytest.mark.parametrize(
    ("other", "closed", "number", "key"),
    [
        (False, False, "1", "step.1"),
        (True, False, "1", "step.1.other"),
        (False, True, "1", "step.1.closed"),
        (True, True, "1", "step.1.closed_other"),
        (True, True, "2", "step.2.other"),
        (False, True, "4", "step.4"),
        (True, True, "6", "step.6.other"),
    ],
)
def test_a_step_is_said_for_whom_it_is_about(other, closed, number, key):
    """Seen to fail with: the closed words of a caller said to somebody who calls for another."""
    values = {"name": "Dana", "clinic": "Test Clinic"}
    own = {key: scripts.scripts()[key].text + " Mine."}
    found = scripts.step(own, number, other=other, closed=closed, **values)
    assert found.endswith(" Mine.")


# Where they are said ------------------------------------------------------------------------------


def test_a_part_is_opened_by_its_script_once(protocol):
    """Seen to fail with: `question.answered` not asked in `before`."""
    fresh = agenda(case_of(protocol), Stage.CALL)
    said_before = {question.key: before(fresh, question) for question in questions(fresh)}
    assert said_before["callback_number"] == "greeting"
    assert said_before["suicide.1"] == "before.suicide"
    assert sorted(filter(None, said_before.values())) == [
        "before.health",
        "before.practical",
        "before.suicide",
        "before.treatment",
        "greeting",
    ]
    begun = agenda(case_of(protocol, said("suicide.1", False)), Stage.CALL)
    assert all(before(begun, question) != "before.suicide" for question in questions(begun))


def test_every_script_that_opens_a_part_is_a_text():
    """Seen to fail with: a misspelt key in `_BEFORE`."""
    assert set(_BEFORE.values()) <= set(KEYS)


def test_the_panel_and_the_end_of_a_call_say_what_the_clinic_put_in(protocol):
    """Seen to fail with: `clinic.texts` not handed to `step` and `said`."""
    own = {
        "step.4": "My colleague phones our clinician now.",
        "closing.crisis": "At any hour: {line}.",
    }
    clinic = Clinic("Test Clinic", numbers={"crisis_line": "988"}, texts=own)
    case = case_of(protocol)
    steps = panel.steps(case, panel.says(case, "Dana Reyes", clinic), None)
    assert steps[3].aloud == own["step.4"]
    assert "At any hour: 988." in closing.script(case, clinic)
    assert closing.wording(clinic) != closing.wording(Clinic("Test Clinic"))


# In the window ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def new_vault(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new") / "vault"
    open_clinic(folder, Clock()).close()
    return folder


@pytest.fixture
def unlocked(qtbot, new_vault, tmp_path):
    shutil.copytree(new_vault, tmp_path / "vault")
    open_desks = []

    def by(name):
        theme.apply(QApplication.instance(), theme.Theme())
        clock = Clock()
        desk = Desk(service.open_vault(tmp_path / "vault", name, PASSWORD, clock), clock)
        window = MainWindow(desk)
        qtbot.addWidget(window, before_close_func=MainWindow.hide)
        window.show()
        window.take_place()
        made = Hands(qtbot, window)
        made.desk = desk
        open_desks.append(desk)
        return made

    yield by
    for desk in open_desks:
        desk.close()


@pytest.fixture
def rewording(unlocked):
    """An administrator at the text that asks for the name."""
    hands = unlocked(ADMINISTRATOR)
    hands.window.go("settings")
    hands.settings = hands.window.screens["settings"]
    hands.words = hands.settings._panels.scripts
    listed = [panel for _part, panel in hands.settings._parts]
    hands.settings._list.setCurrentRow(listed.index(hands.words))
    hands.press(ENTER)
    assert hands.words.list.hasFocus()
    hands.words.list.setCurrentRow(KEYS.index("name"))
    hands.press(ENTER)
    assert hands.words.edit.hasFocus()
    return hands


def test_a_refused_text_stays_as_it_was_typed_and_changes_nothing(rewording):
    """Seen to fail with: `refuse` not asked in `change_clinic`; `_typed` not kept."""
    rewording.type("You have been approved, {name}.")
    rewording.press(ENTER, CTRL)
    assert "approved" in rewording.settings._problem.text()
    assert not rewording.desk.service.about.texts
    words = rewording.words
    for place in (KEYS.index("name"), 0, KEYS.index("name")):
        words.list.setCurrentRow(place)
    assert words.edit.toPlainText() == "You have been approved, {name}."
    assert not words.is_empty()


def test_an_administrator_rewords_a_text_by_keys_and_the_next_call_reads_it(rewording, unlocked):
    """Seen to fail with: `clinic.texts` not handed to `said` in the call."""
    rewording.type("Whose name shall I write down?")
    rewording.press(ENTER, CTRL)
    assert rewording.desk.service.about.texts == {"name": "Whose name shall I write down?"}
    assert rewording.words.is_empty()
    rewording.desk.close()

    calls = unlocked(COORDINATOR)
    calls.press(Key.Key_N, CTRL)
    assert "Thank you for calling Test Clinic" in calls.call._script.text()
    calls.call.at("name")
    assert "Whose name shall I write down?" in calls.call._script.text()
    with pytest.raises(NotAllowed):
        calls.desk.service.clinic.change_clinic(calls.desk.service.about)


def test_a_text_emptied_and_saved_is_the_built_in_one_again(rewording):
    """Seen to fail with: empty texts kept by `_keep_text`."""
    rewording.type("Whose name shall I write down?")
    rewording.press(ENTER, CTRL)
    rewording.words.edit.selectAll()
    rewording.press(Key.Key_Delete)
    rewording.press(ENTER, CTRL)
    assert not rewording.desk.service.about.texts


def test_what_callers_ask_is_one_key_and_a_word_away(unlocked):
    """Seen to fail with: `_if_asked` left out of the help."""
    hands = unlocked(COORDINATOR)
    hands.press(Key.Key_N, CTRL)
    (found,) = [e for e in hands.window._if_asked() if "What does it cost?" in e.words]
    assert "somebody call you about the costs" in found.words
    assert not any("{" in entry.words for entry in hands.window._if_asked())
