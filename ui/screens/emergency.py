"""The emergency panel: the next sentence, the place and the numbers, for whoever is on the phone.

Its own application-modal window above dialogs. It tells no one, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QDialog,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QTabBar,
    QWidget,
)

from intake_app import content, service
from intake_app.core import contacts, panel, review, safety
from intake_app.core.errors import IntakeError
from intake_app.core.model import CallEnd
from intake_app.core.screening import Case
from intake_app.core.words import _
from intake_app.service import IntakeService
from ui import announce, keys, theme
from ui.desk import Desk
from ui.theme import BODY, SHAPES
from ui.widgets.basics import (
    Foot,
    Giving,
    NoteEditor,
    WrappingButton,
    button,
    card,
    column,
    label,
    row,
    scrolled,
)
from ui.widgets.ladder import LadderList, LineList
from ui.widgets.outcome import AcceptForm, CloseForm, TaskList
from ui.widgets.person import PersonForm
from ui.widgets.steps import StepList
from ui.words import identity

_WIDE_EM, _MIDDLE_EM = 78, 55  # below these widths, in em, one area less is seen at a time
_KEYS_EM = 90  # from this width on the buttons at the foot have room for their keys
_LONGEST = 100  # minutes without an acceptance, as far as room is kept for their words
_LOW_EM = 30  # below this height title and hints give way
_OTHER_DIGITS = ("7", "8")  # what their buttons say: who is at risk, or how the call back went
_DRAFT_MS = 400


def countries() -> tuple[content.Country, ...]:
    """None where the list cannot be read: the panel opens all the same, and says find out now."""
    try:
        return content.countries()
    except IntakeError:
        return ()


def _announce(of: QWidget, words: str) -> None:
    """To a screen reader, at once; there is no sound: the headset is on."""
    announce.say(of, words, urgent=True)


class EmergencyPanel(QWidget):
    """Built once, shown at a key. Signals: `begun`, that a call record was started here, or that
    the line is open again; `left`, that the screen below is in front again; `wanted` the intake of
    somebody whose record does not lie open.

    A chart that only lies open is not whom the crisis is about: until staff say so by a key, the
    panel is about a person not yet named (decisions/0030).

    `waiting` holds every case for which nobody has accepted, by intake: the alert goes on for each,
    also when no case lies on the desk any more. `on_line` holds those whose call is open.
    """

    begun = Signal()
    left = Signal()
    wanted = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.desk = desk
        self.setWindowTitle(_("Emergency panel"))
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        theme.look(self, "page")
        self.waiting: dict[str, Case] = {}
        self.on_line: dict[str, Case] = {}
        self._about = ""  # the intake whose half typed words stand here
        self._named = ""  # the intake of the person at risk; nothing while nobody is named
        self._countries = countries()
        self._alerted: dict[str, int] = {}
        self._deaf = False
        self._build()
        self._trying: QLabel | None = None
        desk.case_changed.connect(self._case_changed)
        desk.refused.connect(self._refused)
        self._ticking = self._timer(1000, self._tick)
        self._ticking.start()
        self._draft = ("", "")
        self._keep_draft = self._timer(_DRAFT_MS, self.keep_place, once=True)
        if desk.case is not None:
            self._case_changed(desk.case)
        self._take_keys()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._see_focus)

    # What it is made of -------------------------------------------------------------------------

    def _timer(self, ms: int, slot: Callable[[], object], *, once: bool = False) -> QTimer:
        found = QTimer(self)
        found.setInterval(ms)
        found.setSingleShot(once)
        found.timeout.connect(slot)
        return found

    def _take_keys(self) -> None:
        """Digits stamp from everywhere; in a text field they are typed, and Alt+digit stamps."""
        for key in safety.STEPS:
            self._hear([key, f"Alt+{key}"], partial(self._digit, key))
            self._hear([f"Ctrl+{key}"], partial(self._not_possible, key))
        for key in _OTHER_DIGITS:
            self._hear([key, f"Alt+{key}"], partial(self._press, key))
        self._hear(["Esc"], self._escape)
        self._hear(["F6"], lambda: self._next_area(1))
        self._hear(["Shift+F6"], lambda: self._next_area(-1))
        for name, slot in {
            "copy_card": self._copy,
            "main": self._main,
            "clinician": self._to_closing,
            "dropped": self._drop,
            "new_call": self._start_record,
            "notes": self._to_notes,
        }.items():
            keys.action(self, name, slot)

    def _hear(self, sequences: list[str], slot: Callable[[], object]) -> None:
        found = QAction(self)
        found.setShortcuts([QKeySequence(each) for each in sequences])
        found.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        found.setAutoRepeat(False)
        found.triggered.connect(lambda _checked=False: slot())
        self.addAction(found)

    def _build(self) -> None:
        self._told, self._longest = label(look="banner"), ""
        self._demo = label(_("DEMO: invented people, not real patients"), "demo")
        self._demo.setVisible(self.desk.service.about.demo)
        self._title = label(look="title")
        self._echo = label(look="meta")
        self._echo.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._whereabouts = label(look="place")
        self._echo.hide()
        top = column([row([self._title, self._echo]), self._whereabouts], spacing=2)
        self._tabs = QTabBar()
        self._tabs.setAccessibleName(_("Parts of the panel"))
        self._tabs.setDrawBase(False)
        for said in (_("Steps"), _("Person at risk"), _("Whom to phone, card")):
            self._tabs.addTab(said)
        self._tabs.currentChanged.connect(lambda _place: self._show_areas())
        self._areas = [self._build_steps(), self._build_person(), self._build_help()]
        self._scrolls = [scrolled(area) for area in self._areas]
        steps, *others = self._scrolls
        ways = QSizePolicy.Policy
        steps.setSizePolicy(ways.Expanding, ways.Ignored)  # what is read aloud has its room first
        self._cards = [card(column([Giving(self._steps.read), steps]), margin=6)]
        self._cards += [card(column([each]), margin=6) for each in others]
        body = row(self._cards)
        for place, stretch in enumerate((10, 10, 11)):
            body.setStretch(place, stretch)
        whole = column(
            [
                self._demo,
                self._told,
                top,
                self._build_dropped(),
                self._tabs,
                body,
                self._build_foot(),
            ],
            margin=8,
            spacing=6,
        )
        whole.setStretch(5, 1)
        self._whole = whole
        self.setLayout(whole)
        for each in self.findChildren(QPushButton):
            each.setAutoDefault(True)  # Enter presses the one in focus

    def _build_dropped(self) -> QWidget:
        self._number = label(look="callback")
        self._lost = label(look="critical")
        self._again = button(_("They are on the line again   7"), "primary")
        self._again.clicked.connect(self._resume)
        self._no_one = button(_("Called back, not reached   8"))
        self._no_one.clicked.connect(self._not_reached)
        right = column([self._again, self._no_one], spacing=4)
        self._strip = row([self._number, self._lost, right])
        for place, stretch in enumerate((2, 3, 0)):
            self._strip.setStretch(place, stretch)
        self._dropped = _held(self._strip)
        self._dropped.hide()
        return self._dropped

    def _build_steps(self) -> QWidget:
        self._steps = StepList()
        self._steps.pressed.connect(self._stamp)
        self._steps.written.connect(self._write)
        self._problem = _problem_label()
        self._start = button(_("Start a call record   Ctrl+N"), "primary")
        self._start.clicked.connect(self._start_record)
        self._it_is, self._other = WrappingButton("choice"), WrappingButton("choice")
        self._it_is.clicked.connect(self._name_them)
        self._other.clicked.connect(self._want_the_other)
        return _area([self._start, self._it_is, self._other, self._problem, self._steps])

    def _build_person(self) -> QWidget:
        self._person = PersonForm(self._countries)
        self._person.typed.connect(self._typed)
        self._person.picked.connect(self._picked)
        self._person.edited.connect(self._edited)
        self._person_problem = _problem_label()
        title = label(_("PERSON AT RISK: not the caller's record"), "heading")
        return _area([title, self._person_problem, self._person])

    def _build_help(self) -> QWidget:
        self._ladder = LadderList()
        self._ladder.tried.connect(self._tried)
        self._accept = AcceptForm()
        self._accept.accepted.connect(self._accepted)
        self._accept.taken_over.connect(self._taken_over)
        self._tasks = TaskList()
        self._tasks.settled.connect(self._settle)
        self._closing = CloseForm()
        self._closing.closing.connect(self._close)
        self._closing.hide()
        self._card = label(look="dispatch")
        self._card.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lines = LineList()
        self._care = label(panel.care_words(), "staff")
        self._why = label(look="critical")
        self._notes_so_far = label(look="meta")
        self._notes = NoteEditor(_("Notes: Enter keeps a line with its time"), lines=2)
        self._notes.kept.connect(self._note)
        self._notes.textChanged.connect(self._keep_soon)
        accepted = label(_("WHO ACCEPTED"), "heading")
        dispatch = label(_("DISPATCH CARD   Ctrl+Shift+C copies it"), "heading")
        why = label(_("WHY"), "heading")
        notes = label(_("NOTES   Ctrl+L"), "heading")
        of_a_case = [
            *(accepted, self._accept, self._tasks, dispatch, self._card),
            *(why, self._why, self._care, notes, self._notes_so_far, self._notes),
        ]
        self._of_a_case = [each for each in of_a_case if each is not self._tasks]
        numbers = [label(_("WHOM TO PHONE"), "heading"), self._ladder]
        lines = [label(_("LINES"), "heading"), self._lines]
        return _area([self._closing, *numbers, *of_a_case[:5], *lines, *of_a_case[5:]])

    def _build_foot(self) -> QWidget:
        self._back = button("", name=_("Back to the call"))
        self._back.clicked.connect(self.leave)
        self._copy_it = button("", name=_("Copy the card"))
        self._copy_it.clicked.connect(self._copy)
        self._else = button(_("Somebody else   Ctrl+N"), name=_("Somebody else is in danger"))
        self._else.clicked.connect(self._somebody_else)
        self._close_it = button("", name=_("Close, clinician"))
        self._close_it.clicked.connect(self._to_closing)
        self._go = button("", "primary")
        self._go.clicked.connect(self._main)
        self._hints = label(
            _(
                "1-6 stamp a step (Alt+1-6 while typing) · again: a note · Ctrl+1-6 not possible · "
                "F6 next part · Ctrl+D call dropped · Ctrl+N somebody else · Esc back · "
                "Ctrl+Enter accepted, then close"
            ),
            "meta",
        )
        buttons = Foot([self._back, self._copy_it, self._else, self._close_it, self._go])
        return _held(column([buttons, self._hints], spacing=2))

    def _name_buttons(self) -> None:
        """With their keys where there is room for them; that of somebody else always."""
        case, width = self.case, self.width() / self._em()
        wide, middle = width >= _KEYS_EM, width >= _MIDDLE_EM
        raised = case is None or panel.is_raised(case)
        go = _("Accepted by") if raised else _("Close")
        for each, said, key in (
            (self._back, _("Back to the call") if wide else _("Back"), "Esc"),
            (self._copy_it, _("Copy the card") if middle else _("Copy"), "Ctrl+Shift+C"),
            (self._close_it, _("Close, clinician"), "Ctrl+Shift+K"),
            (self._go, go, "Ctrl+Enter"),
        ):
            each.setText(f"{said}   {key}" if wide else said)
        for each in (self._copy_it, self._else, self._go):
            each.setVisible(case is not None)
        self._close_it.setVisible(case is not None and raised and wide)
        self._go.setAccessibleName(go)

    def _em(self) -> float:
        return self.fontMetrics().height() / 1.3 or BODY

    # Opening and leaving ------------------------------------------------------------------------

    def open(self, *, by_itself: bool = False) -> None:
        """To the front; what has to be raised is raised once. `by_itself`: nobody pressed a key,
        so what is typed before it is seen was meant for the screen below."""
        if not self.isVisible():
            self._deaf = by_itself
            self._named = ""
            self._name_who_is_there(self.desk.case)
            self._begin()
            self._like_its_window()
            self.show()
        self.raise_()
        self.activateWindow()

    def _begin(self) -> None:
        case = self.case
        self._hide_problems()
        if case is not None and safety.open_escalation(case.intake) is None:
            self._change(
                self._problem,
                lambda s: s.raise_escalation(self._intake, _("panel opened by staff")),
            )
        self._fill_from_the_caller()
        self._show()
        self._focus_first()
        QTimer.singleShot(0, self._focus_first)  # once it is active, where it was not before

    def _fill_from_the_caller(self) -> None:
        case = self.case
        told = panel.from_the_caller(case) if case is not None else {}
        if told:
            self._change(
                self._person_problem, lambda s: s.stamp_escalation(self._intake, "person", told)
            )

    def _like_its_window(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.geometry())

    def _focus_first(self) -> None:
        case = self.case
        if case is not None and panel.standing(case) and panel.starts_in_the_place(case):
            self._to_area(1)
            self._person.lines["where"].setFocus()
        else:
            self._to_area(0)
            self._steps.setFocus()
        if case is None:  # by which key somebody is named
            QTimer.singleShot(0, lambda: self._scrolls[0].verticalScrollBar().setValue(0))

    def _escape(self) -> None:
        """The topmost layer first; what is typed stays."""
        if self._steps.leave_line():
            return
        if not self._closing.isHidden():
            self._closing.forget_password()
            self._closing.hide()
            self._steps.setFocus()
            return
        self.leave()

    def leave(self) -> None:
        """Back to the call; nothing is lost, and nothing is ended by it."""
        self._keep_typed()
        self.hide()
        self.left.emit()

    def _keep_typed(self) -> None:
        self._person.keep()
        self._notes.keep()

    def closeEvent(self, event: QCloseEvent) -> None:
        """As Esc: the frame's own button ends nothing either."""
        super().closeEvent(event)
        self.leave()

    # Shown ------------------------------------------------------------------------------------

    @property
    def case(self) -> Case | None:
        """Of the person at risk; None while nobody is named, whatever chart lies open below."""
        below = self.desk.case
        return below if below is not None and below.intake.id == self._named else None

    @property
    def _intake(self) -> str:
        return self.desk.intake_id

    def watch(self, case: Case) -> None:
        """Only that somebody accepted ends the alert for a case."""
        for those, is_one in (
            (self.waiting, panel.is_raised(case)),
            (self.on_line, case.intake.live_call is not None),
        ):
            if is_one:
                those[case.intake.id] = case
            else:
                those.pop(case.intake.id, None)

    @property
    def unaccepted(self) -> Case | None:
        """The one that waits longest."""
        return next(iter(self.waiting.values()), None)

    def _another(self) -> Case | None:
        """Who it may be besides the chart below: whoever waits longest, else whoever came on the
        line last."""
        may_be = (*self.waiting.values(), *reversed(self.on_line.values()))
        return next((each for each in may_be if not self._is_below(each)), None)

    def _is_below(self, case: Case) -> bool:
        return self.desk.case is not None and case.intake.id == self.desk.intake_id

    def _case_changed(self, case: Case) -> None:
        self.watch(case)
        self._name_who_is_there(case)
        if case.intake.id != self._about:
            self._about = case.intake.id
            self._draft = ("", "")
            self._echo.hide()
            self._person.forget()
            self._accept.empty()
            self._closing.empty()
            self._notes.clear()
            self._ladder.given.clear()
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        case, about = self.case, self.desk.service.about
        now = self.desk.running()
        self._show_who(case)
        self._show_areas()
        self._show_steps(case)
        self._show_told()
        for each in self._of_a_case:
            each.setVisible(case is not None)
        self._show_ladder(now)
        country = panel.person(case).get("country", "") if case else ""
        self._lines.put(
            panel.lines(about, country, self._countries),
            panel.lately_words(about, now.date(), country),
        )
        self._tasks.put({})
        self._dropped.setVisible(case is not None and panel.is_dropped(case))
        if case is not None:
            self._show_case(case)

    def _name_who_is_there(self, case: Case | None) -> None:
        if case is not None and panel.is_about(case, self.desk.now().tzinfo):
            self._named = case.intake.id

    def _show_who(self, case: Case | None) -> None:
        """Who it may be, while nobody is named: the chart below, or another."""
        below, another = self.desk.case, self._another()
        self._start.setVisible(case is None)
        self._it_is.setVisible(case is None and below is not None)
        self._other.setVisible(case is None and another is not None)
        if below is not None:
            template = _("It is {who}, whose record lies open   7")
            if panel.is_raised(below):
                template = _("It is {who}, whom nobody has accepted yet   7")
            self._it_is.say(template.format(who=identity(below)))
        if another is not None:
            template = _("It is {who}, whose call is open   8")
            if panel.is_raised(another):
                template = _("It is {who}, whom nobody has accepted yet   8")
            self._other.say(template.format(who=identity(another)))

    def _show_steps(self, case: Case | None) -> None:
        staff, about = self.desk.service.staff, self.desk.service.about
        speaker = panel.says(case, staff.name, about)
        steps = panel.steps(case, speaker, self.desk.now().tzinfo)
        self._steps.put(steps, panel.next_step(case, self.desk.running()) if case else "1")

    def _show_case(self, case: Case) -> None:
        staff, about = self.desk.service.staff, self.desk.service.about
        zone = self.desk.now().tzinfo
        self._person.show_case(case, about.country)
        self._card.setText(panel.dispatch_card(case, staff.name, about, zone))
        self._why.setText(panel.why_opened(case, zone))
        self._accept.put(panel.afterwards_words(case), raised=panel.is_raised(case))
        open_, most = review.tasks(case), contacts.most_tries(about)
        self._tasks.put({task.what: panel.task_line(task, zone, most) for task in open_})
        notes = [f"{panel.clock(n.at, zone)[:5]} {n.text}" for n in case.intake.notes[-3:]]
        self._notes_so_far.setText("\n".join(notes))
        self._number.setText(panel.says(case, staff.name, about).number or _("no number was given"))
        self._lost.setText(panel.dropped_words(case, self.desk.running()))

    def _show_told(self) -> None:
        case, about, now = self.case, self.desk.service.about, self.desk.now()
        told = panel.told_words(case, about.numbers, now.tzinfo)
        still = panel.realert_words(panel.realert(case, self.desk.running()))
        look = "alarm" if still else self._calm(case)
        shape = SHAPES["done" if look == "calm" else "critical"]
        words = f"{shape} {told} {still}".strip()
        if self._told.text() != words:
            self._told.setText(words)
            self._longest = f"{shape} {told} {panel.realert_words(_LONGEST)}"
            self._keep_room()
        theme.look(self._told, look)
        live = case.intake.live_call if case else None
        title = _("Emergency panel · everything so far is saved")
        if live is not None:
            seconds = max(0, int((now - live.started).total_seconds()))
            title += f" · {seconds // 60:02}:{seconds % 60:02}"
        self._title.setText(title)
        self._whereabouts.setText(
            panel.whereabouts(case) if case is not None else _("Person at risk: not named yet")
        )

    def _keep_room(self) -> None:
        """For the alert to come: what is read out below does not move when it does."""
        said = self._told.text()
        self._told.setMinimumHeight(0)
        if self.case is not None and panel.is_raised(self.case):
            self._told.setText(self._longest)
            self._told.setMinimumHeight(max(0, self._told.heightForWidth(self._told.width())))
            self._told.setText(said)

    @staticmethod
    def _calm(case: Case | None) -> str:
        found = panel.standing(case) if case else None
        told = found is not None and safety.event(found, "accepted") is not None
        return "calm" if told else "banner"

    def _tick(self) -> None:
        """The re-alert goes on while the panel is out of sight: announced once for each."""
        if not (self.waiting or self.isVisible()):
            return
        now = self.desk.running()
        for watched in self.waiting.values():
            self._alert_again(watched, panel.realert(watched, now))
        if self.isVisible():
            self._show_told()
            self._show_ladder(now)
            if self.case is not None:
                self._lost.setText(panel.dropped_words(self.case, now))

    def _alert_again(self, watched: Case, minutes: int) -> None:
        if minutes > self._alerted.get(watched.intake.id, 0):
            about, zone = self.desk.service.about, self.desk.now().tzinfo
            told = panel.told_words(watched, about.numbers, zone)
            words = f"{told} {panel.realert_words(minutes)}"
            _announce(self if self.isVisible() else self.parentWidget() or self, words)
        self._alerted[watched.intake.id] = minutes

    def _show_ladder(self, now: datetime) -> None:
        case, about = self.case, self.desk.service.about
        self._ladder.put(
            panel.ladder_lines(case, about.numbers, now),
            f"{panel.telling_words()}\n{panel.dialling_words(case, about, now.date())}",
            stamps=case is not None,
        )

    def told(self) -> str:
        """What stands across the top."""
        return self._told.text()

    # Changing ---------------------------------------------------------------------------------

    def _change(self, beside: QLabel, deed: Callable[[IntakeService], Case]) -> bool:
        """A refusal is shown beside what was tried; what is typed stays."""
        self._hide_problems()
        self._trying = beside
        saved = self.desk.change(deed)
        self._trying = None
        return saved

    @property
    def is_trying(self) -> bool:
        """A refusal belongs here, and not beside what is below."""
        return self._trying is not None

    def _refused(self, sentence: str) -> None:
        if self._trying is not None:
            self._say_problem(self._trying, sentence)

    @staticmethod
    def _say_problem(beside: QLabel, sentence: str) -> None:
        beside.setText(sentence)
        beside.setVisible(bool(sentence))

    def _hide_problems(self) -> None:
        for each in (
            self._problem,
            self._person_problem,
            self._accept.problem,
            self._closing.problem,
        ):
            each.hide()

    def _stamp_move(self, beside: QLabel, move: str, fields: Mapping[str, str]) -> bool:
        if self.case is None:
            return False
        return self._change(beside, lambda s: s.stamp_escalation(self._intake, move, fields))

    def _digit(self, key: str) -> None:
        """Once it is done, the same key adds a note."""
        if self._deaf or self.case is None:
            self._steps.look(key)
            return
        if panel.is_stamped(self.case, key):
            self._steps.ask(key, "note")
        else:
            self._stamp(key)

    def _not_possible(self, key: str) -> None:
        if self.case is not None:
            self._steps.ask(key, "not_possible")

    def _stamp(self, key: str) -> None:
        if self._stamp_move(self._problem, "step", {"step": key}):
            at = panel.clock(self.desk.now(), self.desk.now().tzinfo)
            self._tell(_("Step {key} stamped {at}").format(key=key, at=at))
            self._stay_on_steps()

    def _tell(self, words: str) -> None:
        """The last thing done, echoed."""
        self._echo.setText(f"{SHAPES['done']} {words}")
        self._echo.show()

    def _stay_on_steps(self) -> None:
        """The text of what comes next, unless somebody is typing elsewhere."""
        if self._steps.has_focus():
            self._steps.setFocus()

    def _write(self, key: str, kind: str, text: str) -> None:
        if self._stamp_move(self._problem, "step", {"step": key, kind: text}):
            self._steps.leave_line()

    def _typed(self, field: str, text: str) -> None:
        case = self.case
        if case is None:
            return
        item = panel.caller_item(case, field)
        if item is not None:
            source = self._person.voice()
            self._change(
                self._person_problem,
                lambda s: s.record_answer(self._intake, item, text, source=source),
            )
        if self._stamp_move(self._person_problem, "person", {field: text}):
            self._draft = ("", "")
            self._keep_soon()

    def _caller_is(self, code: str) -> None:
        """On the call as well: who calls is asked once."""
        case = self.case
        if case is None:
            return
        relationship, fields = panel.caller_is(case, code), panel.caller_fields(case, code)
        if relationship:
            self._change(self._person_problem, lambda s: s.set_caller(self._intake, relationship))
        if panel.person(self.case or case).get("is_caller") != code:
            self._stamp_move(self._person_problem, "person", fields)
        self._fill_from_the_caller()

    def _picked(self, field: str, code: str) -> None:
        case = self.case
        if case is None:
            return
        if field == "is_caller":
            self._caller_is(code)
            return
        item = panel.item_of(case, field)
        if item is not None:
            value, state = panel.answer_of(code)
            source = self._person.voice()
            saved = self._change(
                self._person_problem,
                lambda s: s.record_answer(self._intake, item, value, state=state, source=source),
            )
            if not saved:
                return
        words = panel.words_of(case, field, code)
        self._stamp_move(self._person_problem, "person", {field: words})

    def _edited(self, field: str, text: str) -> None:
        self._draft = (field, text)
        self._keep_soon()

    def _keep_soon(self) -> None:
        """Behind the key, so that nothing waits for it."""
        self._keep_draft.start()

    def _tried(self, key: str, how: str, to: str) -> None:
        fields = {"step": "4", "rung": key, "how": how}
        if key == panel.EMERGENCY and how == "reached":
            fields["emergency_services"] = to or _("called")
        if self._stamp_move(self._problem, "step", fields):
            self._ladder.given.clear()

    def _accepted(self, by: str, read_back: bool) -> None:
        missing = panel.missing_to_accept(by, read_back)
        if missing:
            self._say_problem(self._accept.problem, missing)
        else:
            self._stamp_move(self._accept.problem, "accepted", {"by": by, "read_back": "yes"})

    def _taken_over(self, by: str) -> None:
        self._stamp_move(self._accept.problem, "taken_over", {"by": by})

    def _settle(self, what: str, how: str, said: str) -> None:
        self._stamp_move(self._problem, panel.TASK_MOVES[what], panel.try_fields(how, said))

    def _close(self, given: Mapping[str, str]) -> None:
        """By a clinician's own name and password, for this one action; the call stays open."""
        case = self.case
        if case is None:
            return
        missing = panel.missing_to_close(case, given)
        if missing:
            self._say_problem(self._closing.problem, missing)
            return
        fields = {key: said for key, said in given.items() if key not in ("name", "password")}
        name, password = given["name"], given["password"]
        closed = self._change(
            self._closing.problem,
            lambda s: s.acting_as(name, password).close_escalation(self._intake, fields),
        )
        self._closing.forget_password()
        if closed:
            self._closing.empty()
            self._closing.hide()
            self._steps.setFocus()

    def _note(self, text: str) -> None:
        if self._change(self._problem, lambda s: s.add_note(self._intake, text)):
            self._notes.clear()
            self.keep_place()  # at once: what is in the record is not half written any more

    # The line ---------------------------------------------------------------------------------

    def _press(self, key: str) -> None:
        """The button that says this digit, where one is seen."""
        if self._deaf:
            return
        shown = {
            "7": (self._it_is, self._again),
            "8": (self._other, self._no_one),
        }[key]
        for each in shown:
            if each.isVisible():
                each.click()
                return

    def _name_them(self) -> None:
        """The chart below is that of the person at risk: said by a key, never taken for granted."""
        if self.case is None and self.desk.case is not None:
            self._named = self.desk.intake_id
            self._begin()

    def _want_the_other(self) -> None:
        another = self._another()
        if self.case is None and another is not None:
            self.wanted.emit(another.intake.id)
            self._begin()

    def _start_record(self) -> None:
        if self.case is not None:
            self._somebody_else()
        elif self._change(self._problem, lambda s: s.begin_call()):
            self._begin()
            self.begun.emit()

    def _somebody_else(self) -> None:
        """Another is in danger as well: the panel is for a person not yet named, and nothing of the
        one before ends. 7 leads back to them; the key once more begins a record."""
        self._keep_typed()
        self._hide_problems()
        self._named = ""
        self._show()
        self._focus_first()

    def _drop(self) -> None:
        case = self.case
        if case is not None and case.intake.live_call is not None:
            self._change(self._problem, lambda s: s.end_call(self._intake, CallEnd.DROPPED))
            self._to_area(0)

    def _resume(self) -> None:
        case = self.case
        if case is None or case.intake.live_call is not None:
            return
        last = case.intake.calls[-1]
        if self._change(
            self._problem, lambda s: s.open_call(self._intake, last.relationship, last.stage)
        ):
            self._focus_first()
            self.begun.emit()

    def _not_reached(self) -> None:
        self._stamp_move(self._problem, "step", {"step": "1", "call_back": _("not reached")})

    # Keys -------------------------------------------------------------------------------------

    def _copy(self) -> None:
        case = self.case
        if case is None:
            return
        QGuiApplication.clipboard().setText(self._card.text())
        self._tell(_("Card copied; it leaves the clipboard after a minute"))

    def _main(self) -> None:
        """To what ends the alert, and once it has ended to what closes."""
        case = self.case
        if case is None:
            return
        if not panel.is_raised(case):
            self._to_closing()
        elif self._accept.isAncestorOf(QApplication.focusWidget() or self):
            self._accept.press()
        else:
            self._to_area(2)
            self._accept.setFocus()
            self._see(self._accept)

    def _to_closing(self) -> None:
        case = self.case
        if case is None or safety.open_escalation(case.intake) is None:
            return
        self._to_area(2)
        self._closing.show()
        self._closing.setFocus()
        self._see(self._closing)

    def _to_notes(self) -> None:
        self._to_area(2)
        self._notes.setFocus()
        self._see(self._notes)

    def _see_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """What has the focus is in view, however it got it."""
        for each in self._scrolls:
            if now is not None and each.isAncestorOf(now):
                each.ensureWidgetVisible(now)

    def _see(self, part: QWidget) -> None:
        """Scroll to it, once it has its place."""
        QTimer.singleShot(0, lambda: self._scrolls[2].ensureWidgetVisible(part))

    # How it is laid out -----------------------------------------------------------------------

    def _next_area(self, step: int) -> None:
        firsts = [self._steps, self._person.lines["where"], self._accept.by]
        place = (self._area_in_focus() + step) % len(firsts)
        self._to_area(place)
        firsts[place].setFocus()

    def _area_in_focus(self) -> int:
        focused = QApplication.focusWidget()
        places = (n for n, a in enumerate(self._areas) if focused and a.isAncestorOf(focused))
        return next(places, 0)

    def _to_area(self, place: int) -> None:
        if self._tabs.isTabVisible(place):
            self._tabs.setCurrentIndex(place)

    def _show_areas(self) -> None:
        """All three where there is room; else the steps and the one chosen; else that one."""
        width, alone = self.width() / self._em(), self._tabs.isTabVisible(0)
        self._tabs.setTabVisible(1, self.case is not None)
        self._tabs.setTabVisible(0, width < _MIDDLE_EM)
        if width < _MIDDLE_EM and not alone:  # less room than before: what has the focus stays
            self._tabs.setCurrentIndex(self._area_in_focus())
        chosen = self._tabs.currentIndex()
        self._tabs.setVisible(width < _WIDE_EM)
        for place, each in enumerate(self._cards):
            steps = place == 0 and width >= _MIDDLE_EM
            seen = width >= _WIDE_EM or steps or place == chosen
            each.setVisible(seen and (place != 1 or self.case is not None))
        self._place_dropped(across=width >= _MIDDLE_EM)
        self._keep_room()
        low = self.height() / self._em() < _LOW_EM
        self._title.setVisible(not low)
        self._hints.setVisible(not low)
        self._name_buttons()

    def _place_dropped(self, *, across: bool) -> None:
        """Over the whole width; where there is none, above the steps, where it scrolls."""
        steps = self._areas[0].layout()
        place = self._whole if across else steps
        if isinstance(place, QBoxLayout) and place.indexOf(self._dropped) < 0:
            place.insertWidget(3 if across else 0, self._dropped)
            sideways = QBoxLayout.Direction.LeftToRight
            self._strip.setDirection(sideways if across else QBoxLayout.Direction.TopToBottom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_areas()
        QTimer.singleShot(0, lambda: self._see_focus(None, QApplication.focusWidget()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.layout() is not None:
            self._show_areas()

    def paintEvent(self, event: object) -> None:
        super().paintEvent(event)  # type: ignore[arg-type]
        self._deaf = False

    # Coming back ------------------------------------------------------------------------------

    def keep_place(self) -> bool:
        """What is half typed, beside the place of the screen below; encrypted, never screened.
        False only where something is typed and was refused."""
        if self.case is None:
            return True
        (field, text), note = self._draft, self._notes.toPlainText()
        half = {"panel_field": field, "panel_draft": text, "panel_note": note}
        self._trying = self._problem if note else self._person_problem
        kept = self.desk.keep_place({"intake_id": self._intake, **half}, beside=True)
        self._trying = None
        return kept or not (text or note)

    def take_place(self, place: Mapping[str, str]) -> None:
        field, text = place.get("panel_field", ""), place.get("panel_draft", "")
        line = self._person.lines.get(field)
        if line is not None and text:
            line.setText(text)
            self._draft = (field, text)
        self._notes.setPlainText(place.get("panel_note", ""))
        self.keep_place()


def _held(layout: QLayout) -> QWidget:
    found = QWidget()
    found.setLayout(layout)
    return found


def _area(parts: list[QWidget]) -> QWidget:
    """From the top down; what is left over is left at the foot."""
    layout = column(parts)
    layout.addStretch()
    return _held(layout)


def _problem_label() -> QLabel:
    found = label(look="problem")
    found.hide()
    return found


class NumbersOnly(QWidget):
    """While the records are locked: whom to phone, and no patient. `left` says that the window
    below has the keys again."""

    left = Signal()

    def __init__(self, folder: Path, today: date) -> None:
        super().__init__()
        about = service.posted_clinic(folder)
        self.setWindowTitle(_("Emergency numbers"))
        self.setWindowModality(Qt.WindowModality.ApplicationModal)
        theme.look(self, "page")
        told = label(look="banner")
        told.setText(f"{SHAPES['critical']} {panel.told_words(None, about.numbers, None)}")
        ladder, lines = LadderList(), LineList()
        rungs = [
            panel.RungLine(rung, f"{rung.title}: {rung.contact or _('find out now')}", "", False)
            for rung in safety.ladder(about.numbers)
        ]
        ladder.put(rungs, panel.dialling_words(None, about, today), stamps=False)
        lines.put(panel.lines(about, "", countries()), panel.lately_words(about, today))
        self._back = button(_("Back   Esc"))
        self._back.clicked.connect(self.close)
        inside = _area(
            [
                label(about.name, "title"),
                label(_("The records are locked: numbers only, no patients."), "meta"),
                ladder,
                label(_("LINES"), "heading"),
                lines,
            ]
        )
        whole = column([told, card(column([scrolled(inside)])), self._back], margin=8)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        theme.dress(self)
        self.resize(900, 640)
        self._back.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close()
        else:
            super().keyPressEvent(event)


class AskBeforeLeaving(QDialog):
    """An escalation that nobody accepted: the place and the phone would go from this screen, to the
    lock or with the app. `go` says on its button which."""

    def __init__(self, dispatch: str, go: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Nobody has accepted"))
        warning = label(
            _(
                "Nobody has accepted the escalation. The place and the phone go from this screen. "
                "Write the card down or copy it first; until somebody unlocks again there are the "
                "clinic's numbers only."
            ),
            "critical",
        )
        stay = button(_("Stay   Esc"), "primary")
        stay.clicked.connect(self.reject)
        copy = button(_("Copy the dispatch card   Ctrl+Shift+C"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(dispatch))
        leave = button(go)
        leave.clicked.connect(self.accept)
        keys.action(self, "copy_card", lambda: QGuiApplication.clipboard().setText(dispatch))
        text = scrolled(_area([label(dispatch, "dispatch")]))
        self.setLayout(column([warning, text, Foot([stay, copy, leave])], margin=12))
        self.resize(620, 560)
        stay.setFocus()
