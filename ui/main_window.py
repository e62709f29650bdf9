"""The frame around every screen: whose chart it is, what was saved, and the emergency button."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QStackedWidget,
    QWidget,
)

from intake_app.core import contacts, panel, review, safety, scripts
from intake_app.core.gaps import is_put
from intake_app.core.screening import Case
from intake_app.core.words import _, _n
from ui import announce, keys, theme, words
from ui.clipboard import CleanClipboard
from ui.desk import Desk
from ui.screens.base import Screen
from ui.screens.call import CallScreen
from ui.screens.check import CheckScreen
from ui.screens.emergency import AskBeforeLeaving, EmergencyPanel
from ui.screens.packet import PacketScreen
from ui.screens.review import ReviewScreen
from ui.screens.settings import SettingsScreen
from ui.screens.worklist import WorklistScreen
from ui.widgets.about_person import AboutPerson
from ui.widgets.basics import button, card, column, label, row
from ui.widgets.commands import Commands, Entry, possible, whole_map

# A screen: one file in ui/screens and its place here. Screens do not know each other.
SCREENS: tuple[type[Screen], ...] = (
    WorklistScreen,
    CallScreen,
    CheckScreen,
    ReviewScreen,
    PacketScreen,
    SettingsScreen,
)


class MainWindow(QMainWindow):
    """Signals: `locking` asks for the lock, `changing` for it and somebody else; `emergency` says
    that the button was pressed; `leaving` that the records close next, and that nothing of them is
    seen any more."""

    locking = Signal()
    changing = Signal()
    emergency = Signal()
    leaving = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._lost = False
        self.setWindowTitle(_("Ketamine intake"))  # never a patient's name: windows are listed
        self._build()
        self._panel: EmergencyPanel | None = None
        self._flags = announce.Flags()
        self._resumed = ("", "")
        self._warned = False
        QTimer.singleShot(0, self.panel)  # built behind the first window, there at the key
        desk.case_changed.connect(self._show_case)
        desk.case_changed.connect(self._panel_by_itself)
        desk.saved.connect(self._say_saved)
        desk.unsaved.connect(self._say_unsaved)
        desk.refused.connect(self._refused)
        desk.closing.connect(CleanClipboard(self).clear)
        self._ticking = QTimer(self)
        self._ticking.setInterval(1000)
        self._ticking.timeout.connect(self._tick)
        self._ticking.start()
        self._placing = QTimer(self)
        self._placing.setSingleShot(True)
        self._placing.setInterval(400)
        self._placing.timeout.connect(self.keep_place)
        for name, slot in {
            "lock": self.locking.emit,
            "change_person": self.changing.emit,
            "worklist": lambda: self.go("worklist"),
            "settings": lambda: self.go("settings"),
            "person": self.about_person,
            "new_call": self._new_call,
            "bigger": lambda: theme.resize(_app(), 1),
            "smaller": lambda: theme.resize(_app(), -1),
            "dark": self._other_light,
            "help": self._help,
            "palette": self._commands,
            "quit": self.close,
        }.items():
            keys.action(self, name, slot)

    def _build(self) -> None:
        self._identity, self._place = label(look="title"), label(look="meta")
        self._timer, self._saved = label(look="meta", wrap=False), label(look="meta", wrap=False)
        self._emergency = button(_("Emergency   F9"), "emergency", name=_("Emergency panel"))
        self._emergency.clicked.connect(self.emergency)
        self._demo = label(_("DEMO: invented people, not real patients"), "demo")
        self._hold, self._clock = label(look="banner"), label(look="banner")
        self._banner, self._tasks = label(look="banner"), label(look="caution")
        self._problem, self._hints = label(look="problem"), label(look="meta")
        header = row(
            [
                column([self._identity, self._place], spacing=2),
                self._timer,
                self._saved,
                self._emergency,
            ]
        )
        header.setStretch(0, 1)
        self._stack = QStackedWidget()
        self.screens: dict[str, Screen] = {}
        for kind in SCREENS:
            screen = kind(self.desk)
            screen.go.connect(self.go)
            screen.hinted.connect(self._show_hints)
            if isinstance(screen, CheckScreen | ReviewScreen):
                screen.wanted.connect(self._to_question)
            self.screens[kind.NAME] = screen  # type: ignore[attr-defined]
            self._stack.addWidget(screen)
        self._whole = column(
            [
                self._demo,
                self._hold,
                self._clock,
                card(header, margin=8),
                self._banner,
                self._tasks,
                self._problem,
                self._stack,
                self._hints,
            ],
            margin=8,
        )
        self._whole.setStretch(7, 1)
        centre = QWidget()
        theme.look(centre, "page")
        centre.setLayout(self._whole)
        self.setCentralWidget(centre)
        theme.dress(self)
        self._demo.setVisible(self.desk.service.about.demo)
        self._show_hold()
        for each in (self._clock, self._banner, self._tasks, self._problem):
            each.hide()
        self.resize(1366, 768)

    # Where one is -----------------------------------------------------------------------------

    @property
    def screen_name(self) -> str:
        return next(n for n, s in self.screens.items() if s is self._stack.currentWidget())

    def go(self, name: str) -> None:
        screen = self.screens[name]
        self._drop_problem()
        self._stack.setCurrentWidget(screen)
        if name == "worklist":
            self.desk.clear()
            self._frame_without_case()
        screen.entered()
        self._show_hints()
        self._placing.start()  # behind the key, so that nothing waits for it

    def _show_hints(self) -> None:
        self._hints.setText(self.screens[self.screen_name].hints())

    def show_paper(self, recovery_key: str) -> None:
        """A recovery key that was just made: to be printed, and typed back."""
        self.go(SettingsScreen.NAME)
        settings = self.screens[SettingsScreen.NAME]
        if isinstance(settings, SettingsScreen):
            settings.show_paper(recovery_key)

    def _to_question(self, key: str) -> None:
        """Back to a question of the call, from where somebody saw that it is open."""
        call, case = self.screens[CallScreen.NAME], self.desk.case
        if case is None or not is_put(case, key):
            self._refused(_("That question belongs to another contact; it is asked there."))
        elif isinstance(call, CallScreen):
            call.show_case(case)
            call.at(key)
            self.go(CallScreen.NAME)

    def about_person(self) -> None:
        """All of whoever is in front: calls, what must still happen, intakes, one person or two."""
        if self.desk.case is None:
            return
        shown = AboutPerson(self.desk, self)
        shown.wanted.connect(self._open_intake)
        shown.finished.connect(lambda _how: self.activateWindow())
        shown.finished.connect(shown.deleteLater)
        shown.open()

    def _open_intake(self, intake_id: str) -> None:
        if self.desk.open(intake_id):
            case = self.desk.case
            self.go("review" if case is not None and case.intake.submitted else "call")

    def _new_call(self) -> None:
        if self.desk.change(lambda service: service.begin_call()):
            self.go("call")

    # Shown ------------------------------------------------------------------------------------

    def _show_case(self, case: Case) -> None:
        self._drop_problem()
        self._flags.follow(self, case)
        self._identity.setText(words.identity(case))
        self._place.setText(words.place(case))
        self._show_tasks(case)
        self._tick()
        screen = self._stack.currentWidget()
        if isinstance(screen, Screen):
            screen.show_case(case)

    def _say_saved(self, at: datetime) -> None:
        self._saved.setText(_("✓ Saved {at}").format(at=words.clock_time(at)))
        self._show_saved(lost=False)
        announce.say(self, _("Saved"))

    def _say_unsaved(self) -> None:
        """Until something is saved again, whatever screen comes to the front meanwhile."""
        self._saved.setText(_("{mark} NOT SAVED").format(mark=theme.SHAPES["critical"]))
        self._show_saved(lost=True)
        if self.desk.owed:
            announce.say(self, self.desk.owed, urgent=True)
            self._drop_problem()

    def _drop_problem(self) -> None:
        """What was refused is past; what the disk owes the trail is not, as long as it does."""
        self._problem.setText(self.desk.owed)
        self._problem.setVisible(bool(self.desk.owed))

    def _show_saved(self, *, lost: bool) -> None:
        """What is lost is said also where there is little room."""
        if lost is not self._lost:
            self._lost = lost
            theme.look(self._saved, "problem" if lost else "meta")
            self._fit()

    def _show_tasks(self, case: Case) -> None:
        """What must still happen once nobody stays on the line, on every screen of the person."""
        open_ = () if panel.is_raised(case) else review.tasks(case)
        zone, most = self.desk.now().tzinfo, contacts.most_tries(self.desk.service.about)
        said = " · ".join(panel.task_line(task, zone, most) for task in open_)
        template = _("{mark} Must still happen: {tasks}. Ctrl+I records what came of it.")
        self._tasks.setText(template.format(mark=theme.SHAPES["caution"], tasks=said))
        self._tasks.setVisible(bool(said))

    def _frame_without_case(self) -> None:
        staff = self.desk.service.staff
        self._identity.setText(self.desk.service.about.name)
        self._place.setText(_("Signed in: {name}").format(name=staff.name))
        self._timer.setText("")
        if self._panel is not None:
            self._show_banner(None)
        self._tasks.hide()
        self._resumed = ("", "")

    def _tick(self) -> None:
        """How long the line is open, and how long nobody has accepted."""
        case, now = self.desk.case, self.desk.now()
        self._show_state(now)
        self._show_banner(case)
        live = case.intake.live_call if case else None
        if live is None:
            self._timer.setText("")
            return
        seconds = max(0, int((now - live.started).total_seconds()))
        self._timer.setText(f"{seconds // 60:02}:{seconds % 60:02}")

    def _show_state(self, now: datetime) -> None:
        """Of the records and of the clock; a demo has times of its own."""
        self._show_hold()
        service = self.desk.service
        behind = None if service.about.demo else service.clock_is_behind(now)
        self._clock.setVisible(behind is not None)
        if behind is not None:
            minutes = int(behind.total_seconds() // 60)
            ahead = _n("{count} minute", "{count} minutes", minutes).format(count=minutes)
            template = _(
                "The clock of this computer went back: the newest entry is {ahead} ahead of it. "
                "Entries keep their order; times and days are wrong until it is set."
            )
            self._clock.setText(template.format(ahead=ahead))

    def _show_hold(self) -> None:
        """On every screen, from the moment that the records were found not to fit their seal."""
        what = self.desk.service.hold
        if what and what not in self._hold.text():
            template = _(
                "{mark} ON HOLD: {what}. The records can be read and copied; nothing can be "
                "written. Write on paper; F9 has the numbers. Restore a backup: Settings, Backups."
            )
            self._hold.setText(template.format(mark=theme.SHAPES["critical"], what=what))
        self._hold.setVisible(bool(what))

    def _show_banner(self, case: Case | None) -> None:
        """Also where the person's record is not on the desk any more."""
        shown, waiting = self._in_danger(case), self.panel().waiting
        on_call = panel.first_to_phone(shown, self.desk.service.about.numbers)
        told = words.told_no_one(shown, on_call) if shown else ""
        still = panel.realert_words(panel.realert(shown, self.desk.running()))
        other = _("Another record:") if shown is not case and case is not None else ""
        if other:
            told = words.told_no_one_of_another(on_call)
        more = len(waiting.keys() - ({shown.intake.id} if shown else set()))
        template = _n(
            "Not accepted in {count} more record.", "Not accepted in {count} more records.", more
        )
        rest = template.format(count=more) if more else ""
        parts = (theme.SHAPES["critical"], other, still, told, rest)
        said = " ".join(part for part in parts if part)
        if told and said != self._banner.text():
            self._banner.setText(said)
        theme.look(self._banner, "alarm" if still or more else "banner")
        self._banner.setVisible(bool(told))

    def _in_danger(self, case: Case | None) -> Case | None:
        if case is not None and safety.open_escalation(case.intake) is not None:
            return case
        return self.panel().unaccepted or case

    # Emergency --------------------------------------------------------------------------------

    def panel(self) -> EmergencyPanel:
        if self._panel is None:
            self._panel = EmergencyPanel(self.desk, self)
            self._panel.begun.connect(lambda: self.go("call"))
            self._panel.left.connect(self._back_from_panel)
            self._panel.wanted.connect(self._to_call_of)
        return self._panel

    def open_panel(self) -> None:
        """From the worklist, for the person whom nobody has accepted."""
        waiting = self.panel().unaccepted
        if self.desk.case is None and waiting is not None:
            self._to_call_of(waiting.intake.id)
        self.panel().open()

    def _to_call_of(self, intake_id: str) -> None:
        if self.desk.open(intake_id):
            self.go("call")

    def _panel_by_itself(self, case: Case) -> None:
        """A case that comes to the desk, or a line that drops, while somebody is in danger."""
        calls = case.intake.calls
        here = (case.intake.id, calls[-1].id if calls and panel.is_dropped(case) else "")
        if here == self._resumed:
            return
        self._resumed = here
        if panel.opens_by_itself(case):
            QTimer.singleShot(0, lambda: self.panel().open(by_itself=True))

    def _back_from_panel(self) -> None:
        """What is half typed there is still there."""
        self.activateWindow()

    def may_lock(self) -> bool:
        return self._may_leave(_("Lock all the same")) and self._loses_nothing()

    def _may_leave(self, go: str) -> bool:
        """While nobody has accepted, the place and the phone do not go unasked."""
        case = self._in_danger(self.desk.case)
        if case is None or not panel.is_raised(case):
            return True
        about, zone = self.desk.service.about, self.desk.now().tzinfo
        card = panel.dispatch_card(case, self.desk.service.staff.name, about, zone)
        leaves = bool(AskBeforeLeaving(card, go, self).exec())
        if not leaves:
            self.activateWindow()  # where the keys were before
        return leaves

    def _refused(self, sentence: str) -> None:
        """Beside the field in which it was typed; what the panel tried is said there alone."""
        announce.say(self, sentence, urgent=True)
        if self._panel is not None and self._panel.is_trying:
            return
        screen = self._stack.currentWidget()
        if not (isinstance(screen, Screen) and screen.refuse(sentence)):
            self._problem.setText(sentence)
            self._problem.show()

    # How it looks -----------------------------------------------------------------------------

    def _other_light(self) -> None:
        look = theme.current(_app())
        theme.choose(_app(), theme.Theme(not look.dark, look.scale))

    def _commands(self) -> None:
        """All that can be done here and now, by words; the emergency key stands first."""
        screen = self.screens[self.screen_name]
        near = [each for each in screen.findChildren(QWidget) if each.isVisible()]
        key = keys.KEYS["emergency"]
        entries = [Entry(key.words(), key.keys, self.emergency.emit)]
        entries += possible([screen, *near, self], screen.impossible() | {"palette"})
        if self.desk.case is not None:
            ways = words.screen_words().items()
            entries += [
                Entry(said, run=partial(self.go, name))
                for name, said in ways
                if name != self.screen_name
            ]
        Commands(self, _("Commands"), entries).ask()

    def _help(self) -> None:
        """What this screen is for, its keys, and the map of all."""
        screen = self._stack.currentWidget()
        hints = screen.hints() if isinstance(screen, Screen) else ""
        here = [Entry(each) for each in hints.split(" · ") if each]
        if self.screen_name == "call":
            here += self._if_asked()
        about = words.about_words().get(self.screen_name, "")
        Commands(self, _("Help"), [*here, *whole_map()], about).ask()

    def _if_asked(self) -> list[Entry]:
        """What callers ask, and what may be said to it."""
        about = self.desk.service.about
        filled = scripts.lines(about)
        template = _("IF THEY ASK {question} say: “{answer}”")
        return [
            Entry(
                template.format(
                    question=each.title, answer=scripts.said(about.texts, each.key, **filled)
                )
            )
            for each in scripts.if_asked()
        ]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.centralWidget() is not None:
            self._fit()

    def _fit(self) -> None:
        narrow = self.width() < words.em(self) * words.COMPACT_EM
        theme.look(self._identity, "strong" if narrow else "title")
        theme.look(self._demo, "demo_narrow" if narrow else "demo")
        way = self._emergency
        least = way.minimumSizeHint() if narrow else way.sizeHint()
        way.setFixedWidth(least.width())  # where there is little room its key goes below its word
        room = 4 if narrow else 8
        self._whole.setContentsMargins(room, room, room, room)
        self._whole.setSpacing(room)
        self._hints.setVisible(not narrow)
        self._saved.setVisible(self._lost or not narrow)

    # Leaving ----------------------------------------------------------------------------------

    def is_busy(self) -> bool:
        """An open line, or an escalation that nobody accepted."""
        case = self.desk.case
        waits = self.panel().unaccepted is not None
        return waits or (case is not None and case.intake.live_call is not None)

    def idle_limit(self) -> float | None:
        """Minutes without a touch until the lock; None while nobody has accepted an escalation: the
        place must not vanish. While a line is open the clinic's limit is another."""
        if self.panel().unaccepted is not None:
            return None
        case, about = self.desk.case, self.desk.service.about
        if case is not None and panel.is_raised(case):
            return None
        live = case is not None and case.intake.live_call is not None
        unnamed = self.panel().isVisible() and self.panel().case is None
        on_phone = live or unnamed  # the panel without a record is somebody at the telephone
        return max(about.idle_minutes, about.call_minutes) if on_phone else about.idle_minutes

    def leave(self) -> None:
        """The place is kept, nothing is seen any more, and only then the last backup is made."""
        if self.desk.closed:
            return
        self.keep_place()
        self.hide()
        if self._panel is not None:
            self._panel.hide()
        self.leaving.emit()
        self.desk.close()

    def _loses_nothing(self) -> bool:
        """Once False where the disk takes no half-typed text: it is still on the screen then, with
        the sentence. Asked again, by a person or by the idle lock, the window goes."""
        if self.keep_place() or self._warned:
            return True
        self._warned = True
        return False

    def keep_place(self) -> bool:
        """False where something half typed could not be kept."""
        screen = self._stack.currentWidget()
        kept = True
        if isinstance(screen, CallScreen):
            kept = screen.keep_place()
        else:
            intake = self.desk.case.intake.id if self.desk.case else ""
            place = {"screen": self.screen_name, "intake_id": intake}
            self.desk.keep_place(place, aloud=False)
        if self._panel is not None and self._panel.isVisible():
            kept = self._panel.keep_place() and kept
        return kept

    def take_place(self) -> None:
        """Where this member of staff was before the lock; somebody in danger comes first, whatever
        ended the window before."""
        place = dict(self.desk.ask(lambda service: service.clinic.place()) or {})
        in_danger = self.desk.ask(lambda service: service.in_danger()) or ()
        for case in in_danger:
            self.panel().watch(case)
        ids = [case.intake.id for case in in_danger if panel.opens_by_itself(case)]
        if ids and place.get("intake_id") not in ids:
            place = {"screen": "call", "intake_id": ids[0]}
        if place.get("intake_id") and self.desk.open(place["intake_id"]):
            self.go(place["screen"] if place.get("screen") in self.screens else "call")
            screen = self._stack.currentWidget()
            if isinstance(screen, CallScreen):
                screen.take_place(place)
            self.panel().take_place(place)
        else:
            self.go("worklist")

    def closeEvent(self, event: QCloseEvent) -> None:
        """By its key or by its frame; nobody is asked of a window that nobody sees."""
        may = not self.isVisible() or self._may_leave(_("Close all the same"))
        if not (may and self._loses_nothing()):
            event.ignore()
            return
        self.leave()
        super().closeEvent(event)


def _app() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("no application")
    return app
