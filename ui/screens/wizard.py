"""First start: from nothing to a clinic that can take a call. By keyboard alone.

Nothing is created before the page that says so is confirmed, and going back loses nothing. What
is left for later is named at the end, and on the worklist until it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QComboBox, QScrollArea, QStackedWidget, QWidget

from intake_app import content, service
from intake_app.core import safety
from intake_app.core.errors import IntakeError
from intake_app.core.model import Clinic, Role
from intake_app.core.setup import Part
from intake_app.core.words import _
from intake_app.service import Clock, IntakeService, NewPerson
from ui import keys, theme
from ui.desk import Desk
from ui.widgets.basics import button, card, column, label, row, scrolled
from ui.widgets.clinic_panels import ClinicPanels, lacking, part_words
from ui.widgets.fields import Field, Panel
from ui.widgets.key_paper import RecoveryKeyPanel
from ui.widgets.key_trial import KeyTrialPanel
from ui.widgets.staffing import PersonForm


class Step(NamedTuple):
    """`later`: may be left for later. `wide`: takes all the room there is."""

    name: str
    title: Callable[[], str]
    intro: Callable[[], str]
    later: bool = False
    wide: bool = False


# The first five once and in this order; what follows may be returned to.
STEPS = (
    Step("look", lambda: _("How it looks"), lambda: _("Each choice shows at once.")),
    Step(
        "clinic",
        lambda: _("Your clinic"),
        lambda: _("The name stands on every page; the country suggests emergency lines."),
    ),
    Step(
        "person",
        lambda: _("The first administrator"),
        lambda: _(
            "That is you. One person may hold several roles; only a clinician decides on the "
            "protocol and signs. A forgotten password cannot be looked up or reset: only the "
            "recovery key, which comes next, still opens the records then."
        ),
    ),
    Step("vault", lambda: _("The encrypted records"), lambda: ""),
    Step("key", lambda: _("The recovery key"), lambda: ""),
    Step(
        "numbers",
        lambda: _("Whom to phone"),
        lambda: _(
            "This computer phones nobody: it puts these numbers in front of whoever is on the line."
        ),
        later=True,
        wide=True,
    ),
    Step("trial", lambda: _("Press your emergency key"), lambda: "", later=True),
    Step(
        "staff",
        lambda: _("A second clinician"),
        lambda: _("An escalation needs somebody to accept it, also when you are away."),
        later=True,
        wide=True,
    ),
    Step(
        "protocol",
        lambda: _("The protocol"),
        lambda: _(
            "These settings have no source. A clinician reads each, then confirms it, sets "
            "another value or leaves it; what is left stays marked on every page."
        ),
        later=True,
        wide=True,
    ),
    Step(
        "wording",
        lambda: _("The official text of the suicide-risk screen"),
        lambda: _(
            "The built-in questions are unvalidated and say so everywhere. The official text may "
            "be used only as it stands, so it has to come from the official form."
        ),
        later=True,
        wide=True,
    ),
    Step("ready", lambda: _("Set up"), lambda: ""),
)
_NARROW_EM = 60
_PLACE = {step.name: place for place, step in enumerate(STEPS)}
_FIRST_LATE = _PLACE["numbers"]
_PARTS = {
    "numbers": Part.NUMBERS,
    "staff": Part.STAFF,
    "protocol": Part.PROTOCOL,
    "wording": Part.WORDING,
}


class LookPanel(Panel):
    def __init__(self) -> None:
        super().__init__()
        language = _combo(_("Language"), [_("English")])
        self._light = _combo(_("Light or dark"), [_("As the system"), _("Light"), _("Dark")])
        sizes = [_("{percent} %").format(percent=n) for n in _SIZES]
        self._size = _combo(_("Text size"), sizes)
        self._size.setCurrentIndex(_nearest(theme.current(_app()).scale * 100))
        for combo in (self._light, self._size):
            combo.currentIndexChanged.connect(lambda _place: self._dress())
        more = label(_("Ctrl++ and Ctrl+- change the text size at any time."), "meta")
        parts: list[QWidget] = []
        for combo in (language, self._light, self._size):
            parts += [label(combo.accessibleName(), "heading"), combo]
        self.setLayout(column([*parts, more]))

    def _dress(self) -> None:
        app, choice = _app(), self._light.currentIndex()
        dark = theme.system_is_dark(app) if choice == 0 else choice == 2
        theme.choose(app, theme.Theme(dark, _SIZES[self._size.currentIndex()] / 100))

    def entered(self) -> None:
        self._light.setFocus()


_SIZES = (80, 100, 125, 150, 200)


def _nearest(percent: float) -> int:
    return min(range(len(_SIZES)), key=lambda place: abs(_SIZES[place] - percent))


def _combo(name: str, choices: list[str]) -> QComboBox:
    found = QComboBox()
    found.setAccessibleName(name)
    found.addItems(choices)
    return found


def _app() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("no application")
    return app


class ClinicPanel(Panel):
    def __init__(self) -> None:
        super().__init__()
        self._countries = content.countries()
        self.name = Field(_("Name of the clinic"))
        self._country = _combo(_("Country"), [country.name for country in self._countries])
        self.setLayout(column([self.name, label(_("Country"), "heading"), self._country]))

    def about(self) -> Clinic:
        return Clinic(self.name.text(), self._countries[self._country.currentIndex()].code)

    def entered(self) -> None:
        self.name.setFocus()


class Wizard(QWidget):
    """`finished` carries the opened service; the records stay open for whoever takes it."""

    finished = Signal(object)
    _made = Signal(object)

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__()
        self._folder, self._clock = folder, clock
        self._person: NewPerson | None = None
        self._desk: Desk | None = None
        self._panels: ClinicPanels | None = None
        self._busy = self._handed = False
        self._place = 0
        self.setWindowTitle(_("Ketamine intake"))
        theme.look(self, "page")
        self._look, self._clinic = LookPanel(), ClinicPanel()
        self._form = PersonForm(Role.ADMINISTRATOR)
        self._vault, self._ready = label(), label()
        self._key, self._trial = RecoveryKeyPanel(), KeyTrialPanel()
        self._late: dict[str, Panel] = {}
        self._build()
        theme.dress(self)
        self._form.ready.connect(self._take_person)
        self._key.passed.connect(self._next)
        self._key.turned.connect(self._dress_foot)
        self._form.refused.connect(self.refuse)
        self._trial.passed.connect(self._problem.hide)
        self._made.connect(self._enter_vault)
        self.go("look")

    def _build(self) -> None:
        self._step, self._title = label(look="meta"), label(look="title")
        self._intro = label(look="meta")
        self._stack = QStackedWidget()
        self._pages: dict[str, int] = {}
        for name, inside in {
            "look": self._look,
            "clinic": self._clinic,
            "person": self._form,
            "vault": self._vault,
            "key": self._key,
            "trial": self._trial,
            "ready": self._ready,
        }.items():
            self._add_page(name, inside)
        self._problem, self._said = label(look="problem"), label(look="calm")
        self._back = button("", name=_("Back"))
        self._back.clicked.connect(self.back)
        self._later = button("", name=_("Later"))
        self._later.clicked.connect(self.leave_for_later)
        self._main = button("", "primary")
        self._main.clicked.connect(self.main)
        foot = row([self._back, self._later, self._main])
        foot.insertStretch(1)
        whole = column(
            [
                label(_("Ketamine intake"), "heading"),
                column([self._step, self._title, self._intro], spacing=4),
                self._stack,
                self._said,
                self._problem,
                foot,
            ],
            margin=16,
            spacing=8,
        )
        whole.setStretch(2, 1)
        self.setLayout(whole)
        self.resize(1100, 740)
        keys.action(self, "main", self.main)
        self._shortcut(QKeySequence(Qt.Key.Key_Escape), self.back)
        self._shortcut(QKeySequence("Ctrl+Shift+Return"), self.leave_for_later)
        self._shortcut(QKeySequence(keys.KEYS["bigger"].keys), lambda: theme.resize(_app(), 1))
        self._shortcut(QKeySequence(keys.KEYS["smaller"].keys), lambda: theme.resize(_app(), -1))

    def _shortcut(self, pressed: QKeySequence, slot: Callable[[], None]) -> None:
        found = QShortcut(pressed, self)
        found.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        found.activated.connect(slot)

    def _add_page(self, name: str, inside: QWidget) -> None:
        framed = card(column([inside]), margin=16) if not STEPS[_PLACE[name]].wide else inside
        page = QWidget()
        whole = column([framed])
        whole.addStretch()
        page.setLayout(whole)
        self._pages[name] = self._stack.addWidget(scrolled(page))

    # Where one is -----------------------------------------------------------------------------

    @property
    def step(self) -> str:
        return STEPS[self._place].name

    def go(self, name: str) -> None:
        step = STEPS[_PLACE[name]]
        self._place = _PLACE[name]
        place = _("First start · step {number} of {all}")
        self._step.setText(place.format(number=self._place + 1, all=len(STEPS)))
        self._title.setText(step.title())
        self._intro.setText(step.intro())
        self._intro.setVisible(bool(step.intro()))
        self._quiet()
        self._stack.setCurrentIndex(self._pages[name])
        self._fit()
        self._dress_foot()
        _ENTERING.get(name, Wizard._enter_panel)(self)

    def _enter_panel(self) -> None:
        panel = self._panel()
        if panel is not None:
            panel.entered()
        else:
            self._main.setFocus()

    def _panel(self) -> Panel | None:
        """What is shown now, where it is more than words."""
        first: dict[str, Panel] = {
            "look": self._look,
            "clinic": self._clinic,
            "person": self._form,
            "key": self._key,
            "trial": self._trial,
        }
        return first.get(self.step) or self._late.get(self.step)

    def _fit(self) -> None:
        """A line to type in is no longer than a person reads."""
        wide = STEPS[self._place].wide
        most = 16_777_215 if wide else self.fontMetrics().horizontalAdvance("M") * 52
        self._stack.setMaximumWidth(most)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        self._say_keys()

    def _dress_foot(self) -> None:
        self._problem.hide()
        step, panel = STEPS[self._place], self._panel()
        said = _main_words().get(step.name) or (panel.main_words() if panel else "")
        self._main.setAccessibleName(said)
        self._say_keys()
        self._later.setVisible(step.later)
        self._back.setVisible(self._may_go_back())
        for each in (self._main, self._back, self._later):
            each.setEnabled(not self._busy)

    def _say_keys(self) -> None:
        """Each button with its key: below its word where there is little room."""
        narrow = self.width() < self.fontMetrics().horizontalAdvance("M") * _NARROW_EM
        for each, pressed in (
            (self._back, _("Esc")),
            (self._later, _("Ctrl+Shift+Enter")),
            (self._main, _("Ctrl+Enter")),
        ):
            between = "\n" if narrow else "   "
            each.setText(f"{each.accessibleName()}{between}{pressed}".replace("&", "&&"))

    def _may_go_back(self) -> bool:
        if self.step == "key":
            return self._key.types_back
        return self._place not in (0, _FIRST_LATE)

    def _quiet(self) -> None:
        self._problem.hide()
        self._said.hide()

    def refuse(self, sentence: str) -> None:
        """What belongs to no field by itself; what was typed stays."""
        self._said.hide()
        self._problem.setText(sentence)
        self._problem.show()
        QTimer.singleShot(0, self._see_focus)  # once the page has made room for the sentence

    def _see_focus(self) -> None:
        page, focused = self._stack.currentWidget(), self.focusWidget()
        if isinstance(page, QScrollArea) and page.isAncestorOf(focused):
            page.ensureWidgetVisible(focused)

    # Moving -----------------------------------------------------------------------------------

    def back(self) -> None:
        if self._busy or not self._may_go_back():
            return
        if self.step == "key":
            self._key.show_again()
        else:
            self.go(STEPS[self._place - 1].name)

    def main(self) -> None:
        if not self._busy:
            _DOING[self.step](self)

    def leave_for_later(self) -> None:
        if STEPS[self._place].later and not self._busy:
            self._next()

    def _next(self) -> None:
        self.go(STEPS[self._place + 1].name)

    # Each page --------------------------------------------------------------------------------

    def _keep_clinic(self) -> None:
        if not self._clinic.about().name:
            self._clinic.name.refuse(_("A clinic needs a name."))
            return
        self._form.clinic = self._clinic.about().name
        self._next()

    def _take_person(self, person: NewPerson) -> None:
        self._person = person
        self._next()

    def _show_vault(self) -> None:
        if self._person is not None:
            template = _(
                "From here on something is created: encrypted records in the folder\n{folder}\n\n"
                "for {clinic}, opened by {name}. Keep the folder on this computer's own disk. "
                "Nothing was written until now, and going back loses nothing."
            )
            clinic, name = self._clinic.about().name, self._person.name
            said = template.format(folder=self._folder, clinic=clinic, name=name)
            self._vault.setText(said)
        self._main.setFocus()

    def _create(self) -> None:
        """The key derivation takes a second or two: on a thread of its own."""
        if self._person is None:
            return
        self._busy = True
        self._dress_foot()
        self._said.setText(_("Creating the encrypted records. This takes a few seconds."))
        self._said.show()
        worker = ThreadPoolExecutor(1)
        about, people = self._clinic.about(), [self._person]
        made = worker.submit(service.create_vault, self._folder, about, people, self._clock)
        made.add_done_callback(self._made.emit)
        worker.shutdown(wait=False)

    def _enter_vault(self, made: Future[tuple[IntakeService, str]]) -> None:
        self._busy = False
        self._quiet()
        self._dress_foot()
        try:
            opened, recovery_key = made.result()
        except IntakeError as refusal:
            self.refuse(str(refusal))
            return
        self._desk = Desk(opened, self._clock, self)
        self._desk.refused.connect(self.refuse)
        self._person = None
        self._form.clear()
        self._key.put(recovery_key, opened.about.name)
        self._panels = ClinicPanels(self._desk, self)
        self._panels.put()
        self._panels.kept.connect(self._kept)
        for name, part in _PARTS.items():
            self._late[name] = self._panels.panels[part]
            self._add_page(name, self._late[name])
        self._next()

    def _try_key(self) -> None:
        if self._trial.has_arrived:
            self._next()
        else:
            self.refuse(_("The key has not arrived yet. Press it, or leave it for later."))

    def _late_main(self) -> None:
        self._late[self.step].main()

    def _kept(self, part: object, said: str) -> None:
        """The whole of a page goes on; one setting among many only says so."""
        if part == _PARTS.get(self.step):
            self._next()
        self._problem.hide()
        self._said.setText(said)
        self._said.show()

    def _sum_up(self) -> None:
        if self._desk is None:
            return
        missing = lacking(self._desk)
        lines = [_("The clinic is set up.") if not missing else _("Still to be done:")]
        lines += [_("? {part}").format(part=part_words()[part]) for part in missing]
        unset = safety.ready_to_screen(self._desk.service.about.numbers)
        if unset:
            template = _("No call can begin before these are set: {missing}.")
            lines.append(template.format(missing=", ".join(unset)))
        lines.append(_("Ctrl+, opens the settings, and the worklist says what is open."))
        self._ready.setText("\n\n".join(lines))
        self._main.setFocus()

    def _finish(self) -> None:
        if self._desk is not None:
            self._handed = True
            self.finished.emit(self._desk.service)

    # Leaving ----------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """Records that are there are closed; the next start unlocks them and says what is open."""
        if self._busy:
            event.ignore()
            return
        if self._desk is not None and not self._handed:
            self._desk.close()
            self._handed = True
        super().closeEvent(event)


def _main_words() -> dict[str, str]:
    go_on = _("Go on")
    return {
        "look": go_on,
        "clinic": go_on,
        "person": go_on,
        "vault": _("Create the records"),
        "trial": go_on,
        "ready": _("Open the worklist"),
    }


_ENTERING: dict[str, Callable[[Wizard], None]] = {
    "vault": Wizard._show_vault,
    "ready": Wizard._sum_up,
}
_DOING: dict[str, Callable[[Wizard], None]] = {
    "look": Wizard._next,
    "clinic": Wizard._keep_clinic,
    "person": lambda wizard: wizard._form.main(),
    "vault": Wizard._create,
    "key": lambda wizard: wizard._key.main(),
    "trial": Wizard._try_key,
    "numbers": Wizard._late_main,
    "staff": Wizard._late_main,
    "protocol": Wizard._late_main,
    "wording": Wizard._late_main,
    "ready": Wizard._finish,
}
