"""A clinic's first day, by keys alone: set-up, the calls of ../shared/cases/1 and 2, review,
signature, paper. Run with Qt's own key events, or with real ones of an X server."""

import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListWidget, QWidget
from shiboken6 import isValid

from intake_app.core import review, safety, setup
from intake_app.core.agenda import CALLER, MEDICINES, MORE_TRIALS, NAME
from intake_app.core.model import Tier
from intake_app.core.opening import LANGUAGE, READ_BACK, RECORDING
from tests.vaults import Clock
from ui.app import App, Surroundings
from ui.screens.emergency import AskBeforeLeaving
from ui.screens.wizard import Wizard
from ui.widgets.answers import ChoiceGroup

PATIENCE_MS = 20_000
PASSWORD = "seven plain words in a row"
CLINICIAN, COORDINATOR = "Ines Okafor", "Dana Reyes"


def wait(until: Callable[[], object], what: str = "") -> None:
    """Events go on meanwhile."""
    clock = QElapsedTimer()
    clock.start()
    while not until():
        assert not clock.hasExpired(PATIENCE_MS), what or "waited in vain"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


class QtKeys:
    """Key events as Qt gets them from the system: sent to the window, passed on to whatever waits
    for keys there, an open list included."""

    def press(self, combo: str) -> None:
        pressed = QKeySequence(combo)[0]
        QTest.keyClick(QGuiApplication.focusWindow(), pressed.key(), pressed.keyboardModifiers())

    def type(self, text: str) -> None:
        for sign in text:
            QTest.keyClick(QGuiApplication.focusWindow(), sign)

    def close_by_frame(self) -> None:
        QTimer.singleShot(0, QGuiApplication.focusWindow().close)


_X_NAMES = {"Esc": "Escape", "Space": "space", "Backspace": "BackSpace", "PgDown": "Next"}
_KINDS = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride)
_MODIFIERS = (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta)


class XKeys(QObject):
    """Real keys of the X server, sent by xdotool, each waited for."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self._came = dict.fromkeys(_KINDS, 0)
        self._last = 0
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in self._came or event.key() in _MODIFIERS:
            return False
        if isinstance(watched, QWindow):
            self._came[kind] += 1
        elif kind is QEvent.Type.ShortcutOverride and event.timestamp() != self._last:
            self._last = event.timestamp()  # it goes from widget to widget: one key
            self._came[kind] += 1
        return False

    def _send(self, count: int, *words: str) -> None:
        """Any kind of event is enough: a shortcut shows no press, and a window may close on it
        before the key is let go."""
        wait(QGuiApplication.focusWindow, "no window takes the keys")
        wanted = {kind: number + count for kind, number in self._came.items()}
        subprocess.run(["xdotool", *words], check=True)
        came = self._came
        wait(lambda: any(came[kind] >= wanted[kind] for kind in wanted), "no key arrived")

    def press(self, combo: str) -> None:
        parts = [_X_NAMES.get(part, part) for part in combo.split("+")]
        # A capital letter would be typed with Shift.
        lower = {"Ctrl", "Shift", "Alt"} | {part for part in parts if len(part) == 1}
        named = [part.lower() if part in lower else part for part in parts]
        self._send(1, "key", "--clearmodifiers", "+".join(named))

    def close_by_frame(self) -> None:
        """The window manager's own key: the app hears of no key, it is told to close."""
        subprocess.run(["xdotool", "key", "--clearmodifiers", "alt+F4"], check=True)

    def type(self, text: str) -> None:
        self._send(len(text), "type", "--delay", "1", "--clearmodifiers", text)


class Walk:
    """Whoever sits at the keyboard, with what they see."""

    def __init__(self, app: QApplication, folder: Path, keys) -> None:
        self.clock = Clock()
        self.keys = keys
        self.app = App(app, Surroundings(folder, self.clock, lock=lambda: None))

    # Hands ------------------------------------------------------------------------------------

    def press(self, *combos: str) -> None:
        for combo in combos:
            self._ready()
            self.keys.press(combo)
            QApplication.processEvents()

    def type(self, text: str) -> None:
        self._ready()
        self.keys.type(text)
        QApplication.processEvents()

    def say(self, text: str) -> None:
        self.type(text)
        self.press("Return")

    def _ready(self) -> None:
        """A person reads before they press: the question is painted."""
        QApplication.processEvents()
        dialog = QApplication.activeModalWidget()
        if dialog is not None:
            wait(dialog.isActiveWindow, "the dialog never came to the front")
        wait(QApplication.focusWidget, "nothing has the focus")
        if self.app.main is not None and self.app.main.screen_name == "call":
            editor = self.call._editors.currentWidget()
            if hasattr(editor, "painted") and editor.isActiveWindow():
                wait(lambda: editor.painted, "the question was never painted")

    def to(self, name: str) -> None:
        """By Tab, as far as it takes."""
        seen = []
        for _unused in range(80):
            here = QApplication.focusWidget()
            seen.append(here.accessibleName() if here else "")
            if seen[-1].startswith(name):
                return
            self.press("Tab")
        raise AssertionError(f"{name} is not reached by Tab: {seen}")

    # Eyes -------------------------------------------------------------------------------------

    @property
    def main(self):
        return self.app.main

    @property
    def case(self):
        return self.main.desk.case

    @property
    def call(self):
        return self.main.screens["call"]

    @property
    def question(self) -> str:
        question = self.call._question
        return question.key if question else ""

    @staticmethod
    def seen(window: QWidget) -> str:
        found = [each.text() for each in window.findChildren(QLabel) if each.isVisible()]
        for listed in window.findChildren(QListWidget):
            if listed.isVisible():
                found += [listed.item(row).text() for row in range(listed.count())]
        return "\n".join(found)

    # First start ------------------------------------------------------------------------------

    def set_up(self) -> None:
        self.app.start()
        wait(lambda: isinstance(self.app.front, Wizard) and self.app.front.isActiveWindow())
        wizard = self.app.front
        self._numbers_and_back()
        self.press("Ctrl+Return")
        self.type("Harbour Infusion Clinic")
        self.press("Ctrl+Return")
        self._person(CLINICIAN, "Clinician")
        self.press("Ctrl+Return", "Ctrl+Return")
        wait(lambda: wizard.step == "key")
        key = "-".join(
            each.text() for each in wizard._key.findChildren(QLabel) if len(each.text()) == 4
        )
        self.press("Ctrl+Return")
        for place in setup.places_to_type(key):
            self.to(f"Group {place + 1} of your paper")
            self.type(setup.groups(key)[place].lower())
        self.press("Ctrl+Return")
        assert wizard.step == "numbers"
        self.type("Dr. Ines Okafor, 555 0110")
        self.press("Tab")
        self.type("Dr. Paul Lind, 555 0111")
        self.press("Ctrl+Return")
        assert wizard.step == "trial"
        self.press("F9", "Ctrl+Return")
        self._person(COORDINATOR, "Coordinator")
        for step in ("protocol", "wording", "ready"):
            self.press("Ctrl+Return" if step == "protocol" else "Ctrl+Shift+Return")
            assert wizard.step == step
        self.press("Ctrl+Return")
        wait(lambda: self.app.main is not None and self.app.main.isActiveWindow())

    def _numbers_and_back(self) -> None:
        self.press("F9")
        wait(self.app._numbers.isActiveWindow, "no numbers before anybody unlocked")
        self.press("Esc")
        wait(self.app.front.isActiveWindow, "the set-up has the keys again")

    def _person(self, name: str, role: str) -> None:
        self.type(name)
        self.to(role)
        self.press("Space")
        self.to("Password")
        self.type(PASSWORD)
        self.press("Tab")
        self.type(PASSWORD)

    # A call -----------------------------------------------------------------------------------

    def answer(self, given: Mapping[str, object], until: Callable[[], bool]) -> None:
        """Question by question: digits for choices, texts for lines. Everything else is a no, or
        not known where a no is no answer."""
        put: Counter[str] = Counter()
        while not until():
            key = self.question
            put[key] += 1
            assert put[key] < 4, f"{key} is put again and again: {put}"
            self._answer(key, given.get(key.partition("#")[0], self._no()))

    def _no(self) -> int:
        editor = self.call._editors.currentWidget()
        digits = [c.digit for c in editor._choices] if isinstance(editor, ChoiceGroup) else []
        return 0 if 0 in digits else 7

    def _answer(self, key: str, how: object) -> None:
        if key == MEDICINES:
            for name in how:
                self.say(name)
            self.press("Return")
        elif isinstance(how, str):
            self.say(how)
        elif not isinstance(self.call._editors.currentWidget(), ChoiceGroup):
            self.press(f"Alt+{how}")
        else:
            self._digits(key, how if isinstance(how, tuple) else (how,))
        if self.question == key and self.main.screen_name == "call":
            self.press("Return")  # a question of safety, or several choices
        assert self.question != key or self.main.screen_name != "call", f"{key} stays"

    def _digits(self, key: str, digits: tuple[int, ...]) -> None:
        for digit in digits:
            self.press(str(digit))
        if len(digits) > 1:
            self.press("Return")

    def stage(self, name: str) -> None:
        self.press("F3")
        wait(QApplication.activePopupWidget)
        self.keys.type(name[:6])
        self.press("Return")

    # Review and paper -------------------------------------------------------------------------

    def review(self) -> None:
        """Each flag by itself, by its keys; a stop takes words."""
        assert self.main.screen_name == "review"
        screen = self.main.screens["review"]
        while open_ := self._undecided():
            flag = self.case.screening.flag(screen._cards[screen._place].flag_key)
            assert flag in open_, "the focus goes to the next open flag"
            if flag.tier is Tier.NOTE and not flag.fault:
                self.press("A")
            elif review.needs_words(flag):
                self.press("C")
                self.type("seen and spoken about")
                self.press("Ctrl+Return")
            else:
                self.press("C", "1")
            assert len(self._undecided()) == len(open_) - 1, flag.key

    def _undecided(self):
        intake = self.case.intake
        return [f for f in self.case.screening.flags if review.standing(intake, f) is None]

    def sign(self, disposition: int) -> None:
        self.press("Ctrl+Return")
        wait(lambda: self.main.screens["review"]._dialog is not None)
        self.press(str(disposition))
        self.type("Seen with the whole record")
        self.press("Return", "Return")
        self.type(PASSWORD)
        self.press("Return")
        wait(lambda: self.case.intake.signature is not None)

    def save(self, path: Path) -> None:
        self.press("Ctrl+P")
        wait(lambda: self.main.screen_name == "packet")
        self.press("Ctrl+S")
        wait(lambda: self.main.screens["packet"]._files is not None)
        dialog = self.main.screens["packet"]._files
        self.to("File name")
        self.press("Ctrl+A")
        self.type(str(path))
        self.press("Return")
        wait(path.exists)
        wait(lambda: not (isValid(dialog) and dialog.isVisible()))


# The calls ------------------------------------------------------------------------------------

STRAIGHTFORWARD = {
    "callback_number": "937 555 0142",
    READ_BACK: 1,
    LANGUAGE: 1,
    RECORDING: 1,
    "caller_location": "14 Elm Street, flat 2, Dayton, Montgomery County, Ohio; at home",
    "callback_permission": 1,
    "can_talk_freely": 1,
    CALLER: 1,
    NAME: "Marta Velasquez",
    "date_of_birth": "21 August 1983",
    "primary_condition": 1,
    "last_blood_pressure": "124 over 78",
    "blood_pressure_date": "17 February 2026",
    "alcohol_or_drug_use": 1,
    "drinks_per_week": "1",
    "substances_used": (0,),
    "takes_medicines": 1,
    MEDICINES: ("bupropion XL 300 mg", "vitamin D"),
    "medicine_list_complete": 1,
    "escort_plan": 1,
}
SECOND = {
    RECORDING: 1,
    **{f"phq9.{n}": code for n, code in enumerate((2, 2, 3, 2, 2, 2, 1, 1, 0, 2), start=1)},
    **{f"gad7.{n}": code for n, code in enumerate((2, 1, 2, 1, 0, 1, 1), start=1)},
    "diagnosed_by_clinician": 1,
    "episode_start": "11 months ago",
    "earlier_episodes": 1,
    "augmentation": 8,
    "other_treatments": (1,),
    "other_treatments_detail": "CBT, twenty sessions",
    "other_treatments_helped": "a little",
    "treating_clinician": 1,
    "treating_clinician_name": "Dr. Hale, psychiatrist",
    "may_contact_clinician": 1,
    "decision_maker": 1,
    "escort_name": "her sister",
    "escort_stays": 1,
    "fasting_possible": 1,
    "no_driving_agreed": 1,
    "can_stay": 1,
    "emergency_contact_person": "Lucia, sister, 937 555 0190",
    "height": "170",
    "weight": "74 kg",
    "labs_where": "the hospital laboratory",
    "stimulant_time": "in the morning",
}
TRIALS = (
    ("sertraline", "March 2025", "200", "14", 1, "20", 1),
    ("venlafaxine XR", "August 2025", "225", "10", 1, "0", 1),
)


def straightforward(walk: Walk, paper: Path) -> None:
    walk.press("Ctrl+N")
    walk.answer(STRAIGHTFORWARD, until=lambda: walk.main.screen_name == "check")
    seen = walk.seen(walk.main)
    assert "no positive answer on an unvalidated screen" in seen, seen
    walk.press("Ctrl+E")
    wait(lambda: walk.case.intake.live_call is None)
    walk.press("F2")
    walk.stage("Second contact")
    assert walk.case.intake.live_call is not None
    for trial in TRIALS:
        walk.answer(SECOND, until=lambda: walk.question == MORE_TRIALS)
        walk.press("1")
        for part in trial:
            walk._answer(walk.question, part)
    walk.answer(SECOND, until=lambda: walk.question == MORE_TRIALS)
    walk.press("0")
    walk.answer(SECOND, until=lambda: walk.main.screen_name == "check")
    scores = walk.case.screening.scores
    assert (scores["phq9"].total, scores["phq9"].severity) == (15, "moderately severe")
    assert (scores["gad7"].total, scores["gad7"].severity) == (8, "mild")
    walk.press("Ctrl+E", "F2")
    walk.stage("Staff tasks")
    walk.answer({"release_signed": 1}, until=lambda: walk.main.screen_name == "check")
    walk.press("Ctrl+Return")
    wait(lambda: walk.main.screen_name == "worklist")
    walk.press("Ctrl+R")
    walk.review()
    walk.sign(5)
    walk.save(paper)


CRISIS = {
    "callback_number": "740 555 0163, a parent's phone",
    READ_BACK: 1,
    LANGUAGE: 1,
    RECORDING: 1,
    "caller_location": "Car park behind the library, Mill Street, Lancaster, Fairfield County",
    "callback_permission": 3,
    "can_talk_freely": 1,
    CALLER: 1,
    NAME: "Robin Achterberg",
    "date_of_birth": "11 Feb 1999",
    "suicide.1": 1,
    "suicide.2": 1,
    "suicide.3": 1,
}


def crisis(walk: Walk, paper: Path) -> None:
    in_danger(walk)
    handed_over(walk)
    walk.press("Ctrl+Return", "Ctrl+E", "Ctrl+Return")
    wait(lambda: walk.main.screen_name == "worklist")
    walk.press("Ctrl+F")
    walk.type("Achterberg")
    walk.press("Return")
    wait(lambda: walk.main.screen_name == "review")
    walk.review()
    walk.sign(1)
    walk.save(paper)


def in_danger(walk: Walk) -> None:
    """Until the line is there again and the panel is in front."""
    walk.press("Ctrl+N")
    walk.answer(CRISIS, until=lambda: walk.question == "suicide.4")
    walk.press("1")
    assert walk.case.screening.suicide_risk.word == "high"
    assert "This computer has told no one. Phone Dr. Ines Okafor, 555 0110" in walk.seen(walk.main)
    walk.press("Return", "1", "Return", "1", "Return", "1")  # plan, preparation, in mid-July
    walk.press("Ctrl+D")
    panel = walk.main.panel()
    wait(panel.isVisible)
    assert "Car park behind the library" in walk.seen(panel)
    walk.press("Esc")
    wait(walk.main.isActiveWindow)
    stays(walk)
    walk.press("Return")  # they are on the line again, and the panel is in front at once
    wait(lambda: panel.isVisible() and panel.isActiveWindow())


def stays(walk: Walk) -> None:
    """Nobody has accepted: neither the frame nor Ctrl+Q closes unasked, and the keys come back."""
    for ask in (walk.keys.close_by_frame, lambda: walk.press("Ctrl+Q")):
        asked = []
        look = QTimer()
        look.timeout.connect(lambda asked=asked, look=look: _stay(walk, asked, look))
        look.start(20)
        ask()
        wait(lambda asked=asked: asked, "nobody asked")
        wait(walk.main.isActiveWindow, "the call has the keys again")
        wait(lambda: walk.call.isAncestorOf(QApplication.focusWidget()), "and its question")
    assert walk.main.isVisible()


def _stay(walk: Walk, asked: list[bool], look: QTimer) -> None:
    dialog = QApplication.activeModalWidget()
    if isinstance(dialog, AskBeforeLeaving) and dialog.isActiveWindow():
        look.stop()
        asked.append(True)
        walk.keys.press("Esc")


def handed_over(walk: Walk) -> None:
    """Steps, acceptance, taking over, and a clinician's closing, all in the panel."""
    panel = walk.main.panel()
    walk.press("1", "2", "3", "4", "6")
    stamped = [e.get("step") for e in walk.case.intake.escalations[0].events if e.move == "step"]
    assert [step for step in stamped if step] == ["1", "2", "3", "4", "6"]
    walk.press("Ctrl+Return")
    walk.type(CLINICIAN)
    walk.to("They read back")
    walk.press("Space", "Ctrl+Return")
    wait(lambda: "accepted at" in walk.seen(panel))
    walk.to("They have the person")
    walk.press("Space", "Ctrl+Shift+K")
    walk.to("Outcome")
    walk.press("Down", "Tab")
    for text in ("Handed over, read back", "Dr. Okafor on the line", "Tomorrow, Dr. Okafor"):
        walk.type(text)
        walk.press("Tab")
    walk.type(CLINICIAN)
    walk.press("Tab")
    walk.type(PASSWORD)
    walk.press("Return")
    wait(lambda: safety.open_escalation(walk.case.intake) is None)
    walk.press("Esc")
    wait(walk.main.isActiveWindow)


def whole_day(app: QApplication, folder: Path, keys) -> Walk:
    """Set-up and both calls; the two papers are left beside the vault."""
    walk = Walk(app, folder / "vault", keys)
    walk.set_up()
    straightforward(walk, folder / "straightforward.pdf")
    walk.press("Ctrl+W")
    crisis(walk, folder / "crisis.pdf")
    return walk
