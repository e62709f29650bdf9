"""A straightforward call by hand, counted: how many questions, keys and typed characters it takes.
The case is resources/demo/cases/1-straightforward.toml, and what that file does not say is no."""

import tomllib

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from intake_app import service
from intake_app.core.agenda import CALLER, MEDICINES, NAME
from intake_app.core.opening import LANGUAGE, READ_BACK, RECORDING
from tests.hands import ALT, CTRL, ENTER, PLAIN, Hands
from tests.vaults import COORDINATOR, DEMO, PASSWORD, Clock, open_clinic
from ui import theme
from ui.desk import Desk
from ui.main_window import MainWindow
from ui.widgets.answers import ChoiceGroup

# ux.md, targets, and issue 6, "Measured".
QUESTIONS, OTHERS, TYPED = 34, 15, 80
# Of the call itself, and no questions of the screening: counted with the other keys.
OPENING = (CALLER, NAME, READ_BACK, LANGUAGE, RECORDING)
SETTLED = {
    "takes_medicines": True,
    CALLER: "self",
    LANGUAGE: "own",
    RECORDING: "agreed",
    READ_BACK: True,
}
# As a coordinator types what the case says: numbers and dates as they come, names of medicines
# taken from the list as soon as it offers them.
AS_TYPED = {
    "callback_number": "9375550142",
    "caller_location": "14 Elm 2 Dayton Montgomery",
    NAME: "Marta Velasquez",
    "date_of_birth": "8/21/83",
    "last_blood_pressure": "124/78",
    "blood_pressure_date": "17 feb",
    "drinks_per_week": "1",
}
MEDICINES_AS_TYPED = (("bupr", True), ("vit d", False))
CASE = tomllib.loads((DEMO / "1-straightforward.toml").read_text())
TOLD = {
    event["item"]: event["value"] for event in CASE["event"] if "value" in event and "item" in event
}


class Counting(Hands):
    """Keys and characters by what they were for."""

    def __init__(self, qtbot, window):
        super().__init__(qtbot, window)
        self.keys, self.typed, self.put = 0, 0, []

    def press(self, key, modifiers=PLAIN):
        self.keys += 1
        super().press(key, modifiers)

    def type(self, text):
        self.typed += len(text)
        super().type(text)

    @property
    def others(self):
        """All but one key for each line of the agenda."""
        return self.keys - len(self.put)

    def whole_call(self, *, begun=False):
        if not begun:
            self.press(Qt.Key.Key_N, CTRL)
        while self.window.screen_name == "call":
            assert self.question not in self.put, f"{self.question} is put twice"
            self.put.append(self.question)
            self.ready()
            self._answer(self.question)
        self.press(ENTER, CTRL)  # end the call
        self.press(ENTER, CTRL)  # and hand it on

    def _answer(self, key):
        editor = self.call._editors.currentWidget()
        if key == MEDICINES:
            self._medicines()
        elif isinstance(editor, ChoiceGroup):
            self._choose(editor, SETTLED.get(key, TOLD.get(key, False)))
        else:
            self.say(AS_TYPED[key])
        if self.question == key and self.window.screen_name == "call":
            self.press(ENTER)  # of safety, or several choices

    def _choose(self, editor, told):
        wanted = told if isinstance(told, list) else [told]
        for choice in editor._choices:
            if any(choice.value is each or choice.value == each for each in wanted):
                self.digit(choice.digit)

    def _medicines(self):
        for text, offered in MEDICINES_AS_TYPED:
            self.type(text)
            self.press(*((Qt.Key.Key_1, ALT) if offered else (ENTER,)))
        self.press(ENTER)


@pytest.fixture
def counting(qtbot, tmp_path):
    theme.apply(QApplication.instance(), theme.Theme())
    clock = Clock()
    open_clinic(tmp_path / "vault", clock).close()
    desk = Desk(service.open_vault(tmp_path / "vault", COORDINATOR, PASSWORD, clock), clock)
    window = MainWindow(desk)
    qtbot.addWidget(window, before_close_func=MainWindow.hide)
    window.show()
    window.take_place()
    found = Counting(qtbot, window)
    found.desk = desk
    yield found
    desk.close()


# What her own answers open: the date of a reading, and what she drinks and takes.
DETAILS = (
    "blood_pressure_date",
    "substance_trouble",
    "drinks_per_week",
    "substances_used",
    MEDICINES,
    "medicine_list_complete",
)


def test_a_straightforward_call_takes_no_more_questions_keys_and_characters_than_said(counting):
    """34 questions are put to everybody; six more are details that this caller's answers open, and
    are counted apart, so that another one is noticed. No mouse: there is none in it. Seen to fail
    with: a detail asked behind a no; Enter asked for at every answer; the place asked twice."""
    counting.whole_call()
    asked = [key for key in counting.put if key not in OPENING]
    assert set(DETAILS) <= set(asked)
    assert len(asked) - len(DETAILS) <= QUESTIONS, asked
    assert counting.others <= OTHERS, (counting.keys, counting.put)
    assert counting.typed <= TYPED
    assert counting.window.screen_name == "worklist"


def test_what_was_entered_is_what_the_case_says(counting):
    """Few keys are worth nothing if they record something else. Seen to fail with: yes and no
    exchanged in the hands; a name of the list not taken."""
    counting.press(Qt.Key.Key_N, CTRL)
    intake_id = counting.desk.intake_id
    counting.whole_call(begun=True)
    case = counting.desk.service.show(intake_id)
    items = case.protocol.items
    for answer in case.intake.answers:
        said = TOLD.get(answer.item)
        if said is not None:
            assert answer.value == items[answer.item].parse(said), answer.item
    assert case.screening.suicide_risk.word == "none_identified"
    assert case.intake.patient.name == CASE["patient"]["name"]
    assert case.intake.patient.born.text == CASE["patient"]["born"]
    assert [each.confirmed for each in case.intake.medications] == ["bupropion", None]
    assert case.intake.submitted is not None
