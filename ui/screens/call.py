"""The call: one question at a time, answered by a key, saved as the key goes down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLayout,
    QListWidget,
    QSizePolicy,
    QWidget,
)

from intake_app.core import agenda, contacts, opening, panel, safety, scripts, typed, undo
from intake_app.core.agenda import CALLER, MEDICINES, MORE_TRIALS, NAME, Question, Section
from intake_app.core.errors import IntakeError, WrongValue
from intake_app.core.lines import lines
from intake_app.core.model import (
    NOT_SAID,
    TELLS_OF_ANOTHER,
    CallEnd,
    Clinic,
    Patient,
    Source,
    Stage,
    State,
)
from intake_app.core.opening import LANGUAGE, READ_BACK, RECORDING
from intake_app.core.protocol import Item
from intake_app.core.screening import Case
from intake_app.core.words import _
from intake_app.service import MedicineEntry
from ui import keys, theme, words
from ui.desk import Desk
from ui.screens.base import Screen
from ui.widgets.answers import (
    STATE_DIGITS,
    Choice,
    ChoiceGroup,
    TypedAnswer,
    choices_of,
    digit_of,
    state_words,
)
from ui.widgets.basics import Giving, Pages, button, card, column, label, row, short
from ui.widgets.go_to import GoTo
from ui.widgets.medicines import MedicineList, medicine_line
from ui.widgets.person import ButtonRow, narrow
from ui.widgets.question_list import QuestionList
from ui.widgets.rail import Rail

_LOW_EM = 30  # lower than this there is room for the question alone


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What is read aloud, and what is for staff alone."""

    aloud: str
    staff: str = ""


def _spoken(question: Question, case: Case, clinic: Clinic, voice: Source) -> _Spoken:
    """`voice`: whoever is on the line. Somebody who tells of the person is asked about them."""
    of_another = tells_of_another(question, voice)
    if question.item is not None:
        if not of_another:
            return _Spoken(question.item.ask, question.item.staff_note)
        if _is_the_patients_alone(question.item, case, voice):
            return _to_the_patient(question.item, case)
        return _Spoken(question.item.ask_about or question.item.ask, question.item.staff_note)
    known, key, note = scripts.scripts(), question.key, f"staff.{question.key}"
    if of_another and f"{key}.{scripts.OTHER}" in known:
        key = f"{key}.{scripts.OTHER}"
    number = opening.number(case.intake)
    place = words.latest_text(case, "caller_location") or _("a place not told yet")
    aloud = scripts.said(clinic.texts, key, number=number, place=place)
    return _Spoken(aloud, scripts.said(clinic.texts, note) if note in known else "")


def tells_of_another(question: Question, voice: Source) -> bool:
    return voice in TELLS_OF_ANOTHER and not question.of_the_line


def _is_the_patients_alone(item: Item, case: Case, voice: Source) -> bool:
    """Whether nobody else's answer makes the result of this scale."""
    scale = case.protocol.instruments.get(item.instrument or "")
    return scale is not None and voice not in scale.may_answer


def _to_the_patient(item: Item, case: Case) -> _Spoken:
    """Nobody is asked by proxy; what a caller tells of it by themselves is written down all the
    same, and a yes raises what it raises."""
    name = case.intake.patient.name or _("the person")
    return _Spoken(
        _("I would like to ask {name} about this myself. Can they come to the phone?").format(
            name=name
        ),
        _(
            "Only {name} can answer: F4 once they are on the line; not there, 8 leaves it open. "
            "Ask the caller what they saw or heard, and when: a yes is recorded, a no counts for "
            "nothing. To be asked of {name}: {ask}"
        ).format(name=name, ask=item.ask),
    )


def _read_aloud(question: Question, case: Case, spoken: _Spoken) -> str:
    """Which wording it is, where it is that of a scale."""
    item = question.item
    instrument = item.instrument if item is not None and spoken.aloud == item.ask else None
    if instrument is None:
        return _("READ ALOUD")
    official = case.protocol.official_wordings.get(instrument)
    wording = official or _("built-in wording, not validated")
    return _("READ ALOUD · {wording}").format(wording=wording)


def caller_choices() -> tuple[Choice, ...]:
    return (
        Choice(1, "self", _("For myself")),
        Choice(2, "relative", _("A relative or partner")),
        Choice(3, "friend", _("A friend")),
        Choice(4, "referrer", _("A referring clinician")),
        Choice(5, "interpreter", _("An interpreter, with the person")),
        Choice(6, "other", _("Somebody who reports another person's danger")),
    )


# Who answers until staff say otherwise; a no from most of them counts for nothing on safety.
_VOICES = {
    "self": Source.PATIENT_ALONE,
    "referrer": Source.REFERRER,
    "interpreter": Source.AD_HOC_INTERPRETER,
}


_SPEAKS = ("self", "interpreter", "")  # the person's own words, perhaps through somebody


_TO_SETTLE = (LANGUAGE, RECORDING)
_ROWS: dict[int, int] = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_NOTES = {"#": "#", "n": "", "N": ""}  # what the notes begin with


def _yes_no() -> tuple[Choice, ...]:
    return Choice(1, True, _("Yes")), Choice(0, False, _("No"))


def _to_settle(what: str) -> tuple[Choice, ...]:
    """A no has the key 0, as everywhere."""
    options = opening.settled_words()[what]
    codes = [code for code in options if code != "not_agreed"]
    found = [Choice(n, code, options[code]) for n, code in enumerate(codes, start=1)]
    if "not_agreed" in options:
        found.insert(1, Choice(0, "not_agreed", options["not_agreed"]))
    return tuple(found)


class Stepper(QListWidget):
    """The sections with how many are answered; never "done" before the intake is submitted."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("Sections"))
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.look(self, "lines")

    def put(self, sections: tuple[Section, ...], current: str | None) -> None:
        said = []
        here = 0
        for number, section in enumerate(sections):
            if any(question.key == current for question in section.questions):
                here = number
            count = f"{section.answered}/{section.asked}"
            said.append(f"{count}   {section.title}")
        said.append(_("Check answers\nCtrl+Enter"))
        if [self.item(n).text() for n in range(self.count())] != said:
            self.clear()
            self.addItems(said)
        self.setCurrentRow(here)


class CallScreen(Screen):
    NAME = "call"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._question: Question | None = None
        self._said = ""  # what is read of it
        self._sections: tuple[Section, ...] = ()
        self._stage = Stage.CALL
        self._intake = ""
        self._duplicates: tuple[Patient, ...] = ()
        self._asked_duplicates = ""
        self._source: Source | None = None
        self._line_of = ""
        self._leaving = False
        self._build()
        self._keep_draft = QTimer(self)
        self._keep_draft.setSingleShot(True)
        self._keep_draft.setInterval(400)
        self._keep_draft.timeout.connect(self._keep_place_here)
        self._rail.notes.textChanged.connect(self._keep_draft.start)
        self._waiting = QTimer(self)
        self._waiting.setInterval(1000)
        self._waiting.timeout.connect(self._wait_for_them)
        self._waiting.start()
        for name, slot in self._actions().items():
            keys.action(self, name, slot)

    def _actions(self) -> dict[str, Callable[[], object]]:
        return {
            "dropped": self.drop,
            "end_call": self.end_call,
            "list": self._other_mode,
            "go_to": self._ask_where,
            "take_back": lambda: self._undo(undo.take_back),
            "put_again": lambda: self._undo(undo.put_again),
            "pace": self._other_pace,
            "main": self._main,
            "source": lambda: self._open_list(self._sources),
            "stage": lambda: self._open_list(self._stages),
            "notes": self._rail.notes.setFocus,
            "previous_section": lambda: self._section_step(-1),
            "next_section": lambda: self._section_step(1),
        }

    def impossible(self) -> frozenset[str]:
        case = self.desk.case
        live = case is not None and case.intake.live_call is not None
        return frozenset() if live else frozenset({"dropped", "end_call"})

    # What it is made of -----------------------------------------------------------------------

    def _build(self) -> None:
        self._stepper = Stepper()
        self._stepper.itemActivated.connect(lambda _item: self._to_section())
        self._stepper.itemClicked.connect(lambda _item: self._to_section())
        self._rail = Rail()
        self._rail.noted.connect(self._note)
        self._rail.left_notes.connect(self._focus)
        self._line = label(look="meta")
        self._help = label(look="critical")
        self._help.hide()
        centre = self._build_centre()
        self._stages = QComboBox()
        self._stages.setAccessibleName(_("Part of the work"))
        for stage, said in words.stage_words().items():
            self._stages.addItem(said, stage.value)
        self._stages.activated.connect(
            lambda place: self.contact(Stage(self._stages.itemData(place)))
        )
        part = label(_("PART OF THE WORK   F3"), "heading")
        sections = label(_("SECTIONS"), "heading")
        self._left = card(column([part, self._stages, sections, self._stepper]), margin=8)
        self._right = card(column([self._rail]), margin=0)
        self._body = row([self._left, centre, self._right])
        for place, stretch in enumerate((2, 6, 3)):
            self._body.setStretch(place, stretch)
        self.setLayout(column([self._line, self._body]))
        self._make_narrow(True)  # until it is known how much room there is, none is asked for

    def _build_centre(self) -> QWidget:
        self._where = label(look="heading")
        self._were = label(look="info")
        self._of_another = label(look="caution")
        self._script = label(look="script")
        self._staff = label(look="staff")
        self._echo = label(look="meta")
        self._wait = label(_("Saved. Enter goes on."), "strong", wrap=False)
        for each in (self._were, self._of_another, self._wait):
            each.hide()
        self._sources = narrow(QComboBox(), 14)
        self._sources.setAccessibleName(_("Who answers"))
        for source, said in words.source_words().items():
            self._sources.addItem(said, source.value)
        self._sources.activated.connect(self._source_chosen)
        self._voice = label(_("Who answers   F4"), "meta", wrap=False)
        asked = row([self._where, self._voice, self._sources])
        asked.setStretch(0, 1)
        top = column([self._help, asked])
        inside = QWidget()
        text = column([self._of_another, self._script, self._staff, self._were])
        text.addStretch()
        inside.setLayout(text)
        self._editors = self._build_editors()
        self._read = Giving(inside, (self._of_another, self._script))
        self._list = QuestionList()
        self._list.wanted.connect(self._move_to)
        self._list.heard.connect(self._heard_in_list)
        foot = row([self._wait, self._echo])
        foot.setStretch(1, 1)
        parts: list[QWidget | QLayout] = [top, self._list, self._read, Giving(self._editors)]
        self._centre = column([*parts, self._choices.states, foot])
        self.show_as(as_list=False)
        return card(self._centre)

    def show_as(self, *, as_list: bool) -> None:
        """One model in both: the list stands above the question that is put, which is answered by
        the same keys at the same place."""
        self._list.setVisible(as_list)
        self._choices.in_list = as_list
        high = QSizePolicy.Policy.Maximum if as_list else QSizePolicy.Policy.Expanding
        self._read.setSizePolicy(QSizePolicy.Policy.Expanding, high)
        self._read.gives_way = as_list
        for place, stretch in enumerate((0, int(as_list), int(not as_list))):
            self._centre.setStretch(place, stretch)

    @property
    def _as_list(self) -> bool:
        return not self._list.isHidden()

    def _build_editors(self) -> Pages:
        self._choices = ChoiceGroup()
        self._choices.answered.connect(self._chosen)
        self._choices.left_open.connect(self._left_open)
        self._choices.entered.connect(self._enter)
        self._typed = TypedAnswer()
        self._typed.kept.connect(self._typed_in)
        self._typed.left.connect(self._typed_left)
        self._typed.left_open.connect(self._left_open)
        self._typed.edited.connect(lambda _text: self._keep_draft.start())
        self._medicines = MedicineList()
        self._medicines.named.connect(self._medicine)
        self._medicines.finished.connect(self._go_on)
        self._medicines.suggest.connect(self._suggest)
        self._medicines.suggest.connect(lambda _text: self._keep_draft.start())
        self._pause = _Pause()
        self._pause.resumed.clicked.connect(self.resume)
        self._pause.tried.connect(
            lambda how: self.desk.change(lambda s: s.call_back_in_vain(self._intake, how))
        )
        return Pages((self._choices, self._typed, self._medicines, self._pause))

    # Shown from the case ----------------------------------------------------------------------

    def show_case(self, case: Case) -> None:
        if case.intake.id != self._intake:
            self._open_another(case)
        self._sections = agenda.agenda(case, self._stage)
        known = {question.key: question for question in agenda.questions(self._sections)}
        key = self._question.key if self._question else None
        if key in known:
            self._question = known[key]
        elif key is not None:
            self._question = agenda.following(self._sections, key)
        elif self._question is None:
            self._question = (
                contacts.goes_on_at(case, self._sections)
                if contacts.broke_off(case)
                else agenda.following(self._sections, None)
            )
        self._stages.setCurrentIndex(self._stages.findData(self._stage.value))
        self._rail.show_case(case, self._open_here())
        self._stepper.put(self._sections, self._question.key if self._question else None)
        self._show_help(case)
        self._show_list(case)
        self._show_pause(case)

    def _show_help(self, case: Case) -> None:
        """Where the help stands, whatever is asked next, until somebody has accepted; in the one
        line of the rail where the window is narrow."""
        numbers = self.desk.service.about.numbers
        why, stands = panel.help_words(case, numbers, self.desk.running())
        shape = theme.SHAPES["critical"]
        said = _("{shape} {how}. Stay on the line; F9 has the steps.")
        how = f"{why} {stands}".strip()
        self._help.setText(said.format(shape=shape, how=how) if stands else "")
        self._help.setVisible(bool(stands) and not self._narrow)
        line = self._rail.line(case, self._open_here(), brief=self._as_list)
        if stands:
            screen = words.suicide_state(case)
            line = _("{shape} {stands} | screen: {screen}").format(
                shape=shape, stands=stands, screen=screen
            )
        self._line.setText(line)

    def _show_list(self, case: Case) -> None:
        if self._as_list:
            key = self._question.key if self._question else ""
            self._list.put(lines(case, self._sections, self._stage), key)

    def _open_here(self) -> int:
        return sum(section.asked - section.answered for section in self._sections)

    def _open_another(self, case: Case) -> None:
        self._intake = case.intake.id
        self._stage = agenda.stage_of(case)
        self._question = None
        self._source = None
        self._asked_duplicates = ""
        self._duplicates = ()
        for each in (self._echo, self._where):
            each.setText("")
        self._rail.notes.clear()  # what was half written is in the record that was left
        self._say_where(contacts.broke_off(case))

    def _say_where(self, broke_off: bool) -> None:
        """Where we were, until the next answer."""
        case = self.desk.case
        said = "\n".join(contacts.last_answers(case)) if case is not None and broke_off else ""
        self._were.setText(_("WHERE WE WERE\n{answers}").format(answers=said) if said else "")
        self._were.setVisible(bool(said))

    def entered(self) -> None:
        if self.desk.case is None:
            return
        self.show_case(self.desk.case)
        every = agenda.questions(self._sections)
        done = self._question is None and bool(every)
        if done:
            self._question = every[-1]
        self._put()
        if done:
            said = _("All of this part was asked. F3 another part · Ctrl+Enter check answers")
            self._echo.setText(said)

    def at(self, key: str, draft: str = "") -> None:
        """Stand at a question again, as after unlocking."""
        known = {q.key: q for q in agenda.questions(self._sections)}
        if key in known:
            self._question = known[key]
            self._put(draft)

    def _put(self, draft: str = "") -> None:
        """Put the question: its words, its editor, what is recorded of it."""
        question, case = self._question, self.desk.case
        if case is None or question is None or self._editors.currentWidget() is self._pause:
            return
        voice = self.source()
        spoken = _spoken(question, case, self.desk.service.about, voice)
        self._of_another.setVisible(tells_of_another(question, voice))
        name = case.intake.patient.name or _("the person whom the call is about")
        self._of_another.setText(
            _("The caller is not the patient: ask about {name}.").format(name=name)
        )
        observed = question.item is not None and question.item.observed
        self._script.show()
        self._said = spoken.aloud if observed else f"\u201c{spoken.aloud}\u201d"
        self._put_aloud()
        self._staff.setVisible(bool(spoken.staff) and not (self._as_list and self._narrow))
        self._staff.setText(_("STAFF ONLY, do not read: {note}").format(note=spoken.staff))
        how = (
            _("STAFF FILL THIS IN, do not read it")
            if observed
            else _read_aloud(question, case, spoken)
        )
        if question.closed:
            how = _("NOT ASKED ON THIS PATH; kept, and counts again when its branch does")
        self._where.setText(f"{self._place(question)} · {how}")
        self._list.stand(question.key)
        self._wait.hide()
        self._show_source()
        self._put_editor(question, case, draft)
        self._focus()
        self.hinted.emit()
        self._keep_draft.start()  # behind the key, so that nothing waits for it

    def _before(self, question: Question) -> str:
        """What is read before the first question of a part."""
        key, service = agenda.before(self._sections, question), self.desk.service
        if not key:
            return ""
        about = service.about
        name = panel.first_name(service.staff.name)
        fields = {"clinic": about.name, "name": name, **scripts.lines(about)}
        return f"\u201c{scripts.said(about.texts, key, **fields)}\u201d"

    def _place(self, question: Question) -> str:
        for section in self._sections:
            for number, each in enumerate(section.questions, start=1):
                if each.key == question.key:
                    entry = f" · {question.entry}" if question.entry else ""
                    whole = agenda.numbered(self._sections)[each.key]
                    here = f"{number}/{len(section.questions)}"
                    return _("{number}. {section} · {here}{entry}").format(
                        number=whole, section=section.title, here=here, entry=entry
                    )
        return ""

    def _put_editor(self, question: Question, case: Case, draft: str) -> None:
        item = question.item
        if question.key == MEDICINES:
            self._medicines.put(self._medicine_lines(case))
            self._medicines.line.setText(draft)
            self._medicines.line.unseen()
            self._editors.setCurrentWidget(self._medicines)
        elif question.key == NAME or (item is not None and item.kind in _HINTS):
            self._put_typed(question, case, draft)
        else:
            self._put_choices(question, case)

    def _put_choices(self, question: Question, case: Case) -> None:
        item = question.item
        if item is not None:
            latest = agenda.latest(case, question)
            self._choices.put(
                choices_of(item),
                None if latest is None else latest.value,
                None if latest is None else latest.state,
                several=item.kind == "multi_choice",
            )
        elif question.key == CALLER:
            said = case.intake.calls[-1].relationship if case.intake.calls else None
            self._choices.put(caller_choices(), said, may_stay_open=False)
        elif question.key in _TO_SETTLE:
            said = opening.settled(case.intake, question.key, self._stage)
            self._choices.put(_to_settle(question.key), said or None, may_stay_open=False)
        else:
            self._choices.put(_yes_no(), question.answered or None, may_stay_open=False)
        self._choices.setAccessibleName(self._script.text())
        self._editors.setCurrentWidget(self._choices)

    def _put_typed(self, question: Question, case: Case, draft: str) -> None:
        item, self._line_of = question.item, question.key
        if item is None:
            name = case.intake.patient.name
            self._typed.put(_("Name"), name, _("First and last name"), draft=draft, open_=False)
        else:
            latest = agenda.latest(case, question)
            said = "" if latest is None or latest.value is None else item.label(latest.value)
            hint = _HINTS[item.kind]()
            unit = f" ({item.unit})" if item.unit else ""
            self._typed.put(
                self._script.text().strip("\u201c\u201d"), said, hint + unit, draft=draft
            )
            if latest is not None and latest.value is None:
                self._typed.understood(
                    _("Recorded: {state}").format(state=_state_said(latest.state))
                )
        self._editors.setCurrentWidget(self._typed)

    @staticmethod
    def _medicine_lines(case: Case) -> list[str]:
        return [medicine_line(case.protocol.formulary, each) for each in case.intake.medications]

    def _focus(self) -> None:
        self._editors.currentWidget().setFocus()

    # Who answers ------------------------------------------------------------------------------

    def source(self) -> Source:
        """The voice of the next answer: as staff chose, else by who calls; staff's own eyes are
        the record."""
        question, case = self._question, self.desk.case
        if question is not None and question.item is not None and question.item.observed:
            return Source.RECORD
        if self._source is not None:
            return self._source
        calls = case.intake.calls if case else ()
        said = calls[-1].relationship if calls else ""
        if case is not None and said in _SPEAKS:
            through = opening.VOICES.get(opening.settled(case.intake, LANGUAGE))
            if through is not None:
                return through
        if said == NOT_SAID:
            return self._of_nobody_yet()
        return _VOICES.get(said, Source.RELATIVE)

    def _of_nobody_yet(self) -> Source:
        """Who calls is asked after what is asked of the line. Further on, a caller of whom nobody
        said who it is may be anybody: their no counts for nothing on safety (decisions/0027)."""
        of_the_line = self._question is not None and self._question.of_the_line
        return Source.PATIENT_ALONE if of_the_line else Source.PATIENT_WITH_OTHERS

    def _show_source(self) -> None:
        self._sources.setCurrentIndex(self._sources.findData(self.source().value))
        self._sources.setToolTip(self._sources.currentText())

    def _source_chosen(self, place: int) -> None:
        """Whoever speaks now is asked in their own form; what is half typed stays."""
        self._source = Source(self._sources.itemData(place))
        draft = self._typed.line.text() if self._editors.currentWidget() is self._typed else ""
        self._put(draft)
        self._focus()

    @staticmethod
    def _open_list(box: QComboBox) -> None:
        """Without the focus: however the list closes, the keys are the question's again."""
        box.showPopup()

    # Answering --------------------------------------------------------------------------------

    def _chosen(self, value: object) -> None:
        question = self._question
        if question is None:
            return
        if question.key == CALLER:
            self._done(self.desk.change(lambda s: s.set_caller(self._intake, str(value))))
        elif question.key in _TO_SETTLE:
            self._done(
                self.desk.change(lambda s: s.settle_opening(self._intake, question.key, str(value)))
            )
        elif question.key == READ_BACK:
            self._read_back(bool(value))
        elif question.key == MORE_TRIALS:
            self._more_trials(bool(value))
        elif question.key == NAME:
            self._same_person(value)
        else:
            self._record(value)

    def _read_back(self, right: bool) -> None:
        case = self.desk.case
        if case is None:
            return
        if not right:
            self.at("callback_number")
            return
        number = opening.number(case.intake)
        self._done(self.desk.change(lambda s: s.settle_opening(self._intake, READ_BACK, number)))

    def _left_open(self, state: State) -> None:
        self._record(None, state)

    def _record(self, value: object, state: State = State.ANSWERED) -> bool:
        """False where it was not saved."""
        question = self._question
        if question is None or question.item is None:
            return False
        item, entry, source = question.item, question.entry, self.source()
        saved = self.desk.change(
            lambda s: s.record_answer(
                self._intake, item.id, value, state=state, source=source, entry=entry
            )
        )
        self._done(saved, item, value, state)
        return saved

    def _done(
        self,
        saved: bool,
        item: Item | None = None,
        value: object = None,
        state: State = State.ANSWERED,
    ) -> None:
        """Echo it; go on at once, or wait for Enter where nobody is to be hurried."""
        self._say_where(False)
        if not saved or self._question is None:
            if (
                self._editors.currentWidget() is self._choices
            ):  # what is typed stays, to be given again
                self._put()
            return
        self._echo.setText("")  # what Backspace leads back to now is no answer of before
        if item is not None:
            said = _state_said(state) if value is None else item.label(item.parse(value))
            self._echo.setText(
                _("Last: {topic} → {said}   Backspace to change").format(
                    topic=short(item.topic or item.ask), said=said
                )
            )
        if self._leaving:
            return
        if self._waits():
            self._put()
            self._wait.show()
            return
        self._go_on()

    def _waits(self) -> bool:
        case, question = self.desk.case, self._question
        if not theme.goes_on(_app()):
            return True
        return case is not None and question is not None and agenda.waits(case, question)

    def _enter(self) -> None:
        """Enter goes on only from something that is answered, or was put off."""
        question = self._question
        if question is not None and (question.answered or (question.item and question.later)):
            self._go_on()

    def _other_pace(self) -> None:
        """Each person's own: whether an ordinary answer goes on by itself."""
        theme.choose_pace(_app(), not theme.goes_on(_app()))
        self._echo.setText(
            _("An answer goes on by itself; those of safety wait for Enter.")
            if theme.goes_on(_app())
            else _("Every answer waits for Enter. Ctrl+Shift+A: go on by itself")
        )

    # Taking back ------------------------------------------------------------------------------

    def _undo(self, decide: Callable[[Case], undo.Move | None]) -> None:
        """Another answer is written; the question is put, so that it is seen and can be answered
        anew."""
        case = self.desk.case
        move = decide(case) if case is not None else None
        if move is None:
            self._echo.setText(_("No answer of this call to take back or to put again."))
            return
        saved = self.desk.change(
            lambda s: s.record_answer(
                self._intake,
                move.item,
                move.value,
                state=move.state,
                source=move.source,
                note=move.note,
                entry=move.entry,
            )
        )
        if saved and case is not None:
            self.at(f"{move.item}#{move.entry}" if move.entry else move.item)
            self._echo.setText(_undone(case.protocol.items[move.item], move))

    def _go_on(self) -> None:
        key = self._question.key if self._question else None
        self._question = agenda.following(self._sections, key)
        if self._question is None:
            self.go.emit("check")
            return
        self._stepper.put(self._sections, self._question.key)
        self._put()

    def _back(self) -> None:
        """One question back; what is recorded stays until it is answered anew."""
        every = [q for q in agenda.questions(self._sections) if self._as_list or not q.closed]
        keys_ = [question.key for question in every]
        if self._question is not None and self._question.key in keys_:
            here = keys_.index(self._question.key)
            self._question = every[max(0, here - 1)]
        elif every:
            self._question = every[-1]
        self._put()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = digit_of(event)
        step = _ROWS.get(event.key()) if self._as_list else None
        if event.key() == Qt.Key.Key_Backspace:
            self._back()
        elif digit is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._alt(digit)
        elif step is not None:
            self._row(step)
        elif event.text() in _NOTES:
            self._rail.note_here(_NOTES[event.text()])
        else:
            super().keyPressEvent(event)

    def _alt(self, digit: int) -> None:
        """From the notes, the answer all the same; where a value is typed, that it stays open."""
        if self._editors.currentWidget() is self._choices:
            self._choices.press(digit)
        elif self._editors.currentWidget() is self._typed and digit in STATE_DIGITS:
            self._left_open(STATE_DIGITS[digit])

    # One mode and the other -------------------------------------------------------------------

    def _other_mode(self) -> None:
        self.show_as(as_list=not self._as_list)
        if self.desk.case is not None:
            self.show_case(self.desk.case)
        self._focus()

    def _row(self, step: int) -> None:
        """Every row, also what is not asked on this path."""
        keys_ = [question.key for question in agenda.questions(self._sections)]
        if self._question is not None and self._question.key in keys_:
            place = keys_.index(self._question.key) + step
            self._move_to(keys_[min(max(place, 0), len(keys_) - 1)])

    def _heard_in_list(self, event: QKeyEvent) -> None:
        """The keys of an answer mean the same in the list: they go to the question that is put."""
        step = _ROWS.get(event.key())
        if step is not None:
            self._row(step)
        else:
            self._focus()
            QApplication.sendEvent(QApplication.focusWidget() or self, event)

    def _move_to(self, key: str) -> None:
        """What is half typed is recorded where it belongs before anything else is put."""
        line = self._typed.line
        if self._editors.currentWidget() is self._typed and line.is_new:
            self._typed_left(line.text())
            if line.is_new:
                return  # it was refused, and says so
        self.at(key)

    def _ask_where(self) -> None:
        asked = GoTo(self._sections, self)
        asked.wanted.connect(self._move_to)
        asked.finished.connect(lambda _result: self.window().activateWindow())
        asked.open()
        asked.activateWindow()

    # Typed values -----------------------------------------------------------------------------

    def _typed_in(self, text: str) -> None:
        question = self._question
        if question is None or question.key != self._line_of:
            return  # another question is put already: what was typed is no answer to it
        if not text.strip():
            self._typed.refuse(_nothing_yet(may_stay_open=question.item is not None))
            return
        if self._stands(question, text):
            self._go_on()
        elif question.key == NAME:
            self._named(text)
        elif question.item is not None:
            self._parsed(question.item, text)

    def _stands(self, question: Question, text: str) -> bool:
        """Enter on what is recorded already, in the same voice, only goes on."""
        said = agenda.latest(self.desk.case, question) if self.desk.case else None
        if said is None or said.value is None or self._leaving:
            return False
        return text == self._typed.line.recorded and said.source is self.source()

    def _typed_left(self, text: str) -> None:
        """Leaving keeps it, and the question stays where it is."""
        self._leaving = True
        self._typed_in(text)
        self._leaving = False

    def _parsed(self, item: Item, text: str) -> None:
        case = self.desk.case
        if case is None:
            return
        try:
            value, said, doubt = _understand(item, text, case, self.desk.service.about.country)
            item.parse(value)
        except WrongValue as refusal:
            template = _("This takes {expected}; nothing was saved for it.")
            self._typed.refuse(template.format(expected=refusal.expected))
            return
        except IntakeError as refusal:
            self._typed.refuse(str(refusal))
            return
        saved = self._record(value)
        if saved and self._leaving:  # the line stands here still
            self._typed.line.put(text)
            self._typed.understood(said)
        if saved and doubt:
            self._echo.setText(f"{theme.SHAPES['unknown']} {said}")  # in view on the next question

    def _named(self, text: str) -> None:
        saved = self.desk.change(lambda s: s.identify_patient(self._intake, text))
        if not saved:
            return
        self._typed.line.put(text)
        if self._leaving:
            return
        self._ask_for_duplicates()
        if not self._duplicates:
            self._go_on()

    def _ask_for_duplicates(self) -> None:
        """Somebody known already? Asked in place, once for each name."""
        found = self.desk.ask(lambda s: s.possible_duplicates(self._intake)) or ()
        self._duplicates = tuple(found)[:5]
        if self._duplicates:
            choices = [
                Choice(n, patient.id, _("Same person as {who}").format(who=_shown(patient)))
                for n, patient in enumerate(self._duplicates, start=1)
            ]
            choices.append(Choice(0, "", _("None of these")))
            self._choices.put(choices, may_stay_open=False)
            self._choices.setAccessibleName(_("Is this somebody whom the clinic knows?"))
            self._editors.setCurrentWidget(self._choices)
            self._focus()

    def _same_person(self, value: object) -> None:
        self._duplicates = ()
        if value:
            self.desk.change(lambda s: s.same_person(self._intake, str(value)))
        self._go_on()

    def _suggest(self, text: str) -> None:
        case = self.desk.case
        if case is not None:
            self._medicines.offer(case.protocol.formulary.near(text))

    def _medicine(self, name: str, taken: str) -> None:
        entry = MedicineEntry(name=name, confirmed=taken or None)
        source = self.source()
        saved = self.desk.change(lambda s: s.record_medication(self._intake, entry, source))
        if saved and self.desk.case is not None:
            self._medicines.put(self._medicine_lines(self.desk.case))

    def _more_trials(self, more: bool) -> None:
        case = self.desk.case
        if case is None:
            return
        if more:
            item = case.protocol.items["trial_medicine"]
            entry = agenda.next_trial(case)
            self._question = Question(f"{item.id}#{entry}", item, entry)
            self._put()
            return
        self._go_on()

    # Notes and sections -----------------------------------------------------------------------

    def _note(self, text: str, tied: bool) -> None:
        """`tied`: to the question that is put."""
        question = self._question if tied else None
        key = question.item.id if question and question.item else ""
        if self.desk.change(lambda s: s.add_note(self._intake, text, key)):
            self._rail.notes.clear()
            self.keep_place()  # at once: what is in the record is not half written any more

    def _to_section(self) -> None:
        place = self._stepper.currentRow()
        if place >= len(self._sections):
            self.go.emit("check")
            return
        chosen = self._sections[place].questions
        self._move_to(next((q for q in chosen if not (q.answered or q.closed)), chosen[0]).key)

    def _section_step(self, step: int) -> None:
        places = range(len(self._sections))
        here = next(
            (n for n in places if self._question in self._sections[n].questions), places.start
        )
        self._stepper.setCurrentRow(min(max(here + step, 0), len(self._sections)))
        self._to_section()

    # The line ---------------------------------------------------------------------------------

    def drop(self) -> None:
        """The line dropped: stamped, and the number stands large until they are back."""
        case = self.desk.case
        if case is not None and case.intake.live_call is not None:
            self.desk.change(lambda s: s.end_call(self._intake, CallEnd.DROPPED))

    def end_call(self) -> None:
        case = self.desk.case
        if case is not None and case.intake.live_call is not None:
            if self.desk.change(lambda s: s.end_call(self._intake)):
                self.go.emit("check")

    def resume(self) -> None:
        case = self.desk.case
        if case is None or not case.intake.calls or case.intake.live_call is not None:
            return
        last = case.intake.calls[-1]
        if self.desk.change(lambda s: s.open_call(self._intake, last.relationship, last.stage)):
            self._show_pause(self.desk.case or case)
            self._say_where(True)
            self._put()

    def contact(self, stage: Stage) -> None:
        """Second contact, visit or staff tasks go on with the same intake."""
        case = self.desk.case
        if case is None:
            return
        talks = stage in (Stage.SECOND_CONTACT, Stage.CALL)
        if talks and case.intake.live_call is None:
            relationship = case.intake.calls[-1].relationship if case.intake.calls else "self"
            if not self.desk.change(lambda s: s.open_call(self._intake, relationship, stage)):
                return
        self._stage = stage
        self._question = None
        self.show_case(self.desk.case or case)
        self._put()

    def _show_pause(self, case: Case) -> None:
        last = case.intake.calls[-1] if case.intake.calls else None
        dropped = last is not None and last.end is CallEnd.DROPPED
        paused = self._editors.currentWidget() is self._pause
        if dropped:
            self._pause.show_case(case, self.desk.running(), self.desk.service.about)
        if dropped and not paused:
            self._say_where(True)
            for each in (self._of_another, self._script, self._staff, self._wait):
                each.hide()
            self._editors.setCurrentWidget(self._pause)
            self._focus()
            self.hinted.emit()
        elif paused and not dropped:
            self._editors.setCurrentWidget(self._choices)

    def _wait_for_them(self) -> None:
        """When to try again stays true while nobody touches a key."""
        case = self.desk.case
        if case is not None and self.isVisible() and self._editors.currentWidget() is self._pause:
            self._pause.show_case(case, self.desk.running(), self.desk.service.about)

    def _main(self) -> None:
        if self._editors.currentWidget() is self._pause:
            self.resume()
        else:
            self.go.emit("check")

    # Coming back ------------------------------------------------------------------------------

    def _keep_place_here(self) -> None:
        """Nobody returns to a question that they left for another screen."""
        if self.isVisible():
            self.keep_place()

    def keep_place(self) -> bool:
        """Where to return to, with what is half typed; encrypted, and never screened. Nothing is
        lost with a place alone: False only where something is typed and was refused."""
        fields = {
            "screen": self.NAME,
            "intake_id": self._intake,
            "stage": self._stage.value,
            "question": self._question.key if self._question else "",
            "mode": "list" if self._as_list else "",
            "told": contacts.told_so_far(self.desk.case) if self.desk.case else "",
            "note": self._rail.notes.toPlainText(),
        }
        lines = {self._typed: self._typed.line, self._medicines: self._medicines.line}
        line = lines.get(self._editors.currentWidget())
        if line is not None:
            fields["draft"] = line.text()
        draft = bool(fields.get("draft") or fields["note"])
        return self.desk.keep_place(fields, aloud=draft) or not draft

    def take_place(self, place: dict[str, str]) -> None:
        self.show_as(as_list=place.get("mode") == "list")
        self._rail.notes.setPlainText(place.get("note", ""))
        if place.get("stage"):
            self._stage = Stage(place["stage"])
            if self.desk.case is not None:
                self.show_case(self.desk.case)
        case = self.desk.case
        if case is not None and place.get("told", "") in ("", contacts.told_so_far(case)):
            self.at(place.get("question", ""), place.get("draft", ""))

    def hideEvent(self, event: QHideEvent) -> None:
        """A half written note is this record's, and the next one that is opened is another's."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._rail.notes.keep()

    def refuse(self, sentence: str) -> bool:
        if self._editors.currentWidget() is self._typed:
            self._typed.refuse(sentence)
            return True
        if self._editors.currentWidget() is self._medicines:
            self._medicines.refuse(sentence)
            return True
        return False

    def hints(self) -> str:
        """The keys of an answer are those that do something at this question."""
        more = _(
            "F2 list · Ctrl+G go to · Ctrl+Z take back · F3 part · F4 who answers · Ctrl+L notes · "
            "# note here · Ctrl+D dropped · Ctrl+E end · Ctrl+Enter check answers"
        )
        return f"{self._keys_here()} · {more}"

    def _keys_here(self) -> str:
        editor, question = self._editors.currentWidget(), self._question
        item = question.item if question is not None else None
        if editor is self._choices and item is not None:
            return _("number: answer · 7 does not know · 8 ask later · 9 declined · Backspace back")
        if editor is self._choices:
            return _("number: answer · PgDown goes on without · Backspace back")
        if editor is self._typed and item is not None:
            return _("Enter keeps it · Alt+7 does not know · Alt+8 ask later · Alt+9 declined")
        if editor is self._medicines:
            return _("Enter adds it · an empty line goes on")
        if editor is self._pause:
            return _("Enter: on the line again · number: called back, not reached")
        return _("Enter keeps it · PgDown goes on without")

    def _fit(self) -> None:
        self._make_narrow(self._narrow)
        self._put_aloud()
        if self.desk.case is not None:
            self._show_help(self.desk.case)

    def _put_aloud(self) -> None:
        """With what opens the part, where there is room: the question has to stay in view."""
        question = self._question
        if question is not None and self.desk.case is not None:
            low = self.height() < words.em(self) * _LOW_EM
            opens = "" if low else self._before(question)
            self._script.setText("\n".join(filter(None, (opens, self._said))))

    @property
    def _narrow(self) -> bool:
        return self.width() < words.em(self) * words.COMPACT_EM

    def _make_narrow(self, small: bool) -> None:
        """What is typed and where the focus is stays as it is."""
        for each in (self._left, self._right, self._echo, self._voice):
            each.setVisible(not small)
        self._line.setVisible(small)
        theme.look(self._script, "script_narrow" if small else "script")
        margin = 6 if small else 12
        self._centre.setContentsMargins(margin, margin, margin, margin)
        self._centre.setSpacing(4 if small else 8)
        self._choices.make_narrow(small)
        self._list.make_narrow(small)


class _Pause(QWidget):
    """The line is dead: whom to call back, large, and what comes next. `tried` carries how a call
    back ended that reached nobody; the digits from 1 stamp it."""

    tried = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._title = label(_("The call dropped"), "title")
        self._number = label(look="callback")
        self._next = label(look="info")
        self.resumed = button(_("They are on the line again   Enter"), "primary")
        self.resumed.setDefault(True)
        self._hows = tuple(contacts.attempt_words())
        numbered = [
            (c, f"{n}  {w}") for n, (c, w) in enumerate(contacts.attempt_words().items(), 1)
        ]
        self._row = ButtonRow(_("Called back, not reached"), numbered, columns=2)
        self._row.pressed.connect(self.tried)
        self._message = label(look="staff")
        parts = [self._title, self._number, self._next, self.resumed, self._row, self._message]
        whole = column(parts)
        whole.addStretch()
        self.setLayout(whole)
        self.setFocusProxy(self.resumed)

    def show_case(self, case: Case, now: datetime, about: Clinic) -> None:
        self._number.setText(words.latest_text(case, "callback_number") or _("no number was given"))
        self._message.setText(contacts.message_words(case))
        open_ = safety.open_escalation(case.intake) is not None
        self._next.setText(
            _(
                "An escalation is open. Call back at once and once more within 5 minutes "
                "(placeholder); not reached, phone emergency services for the last known place. "
                "F9 opens the panel."
            )
            if open_
            else contacts.again_words(case, now, about)
        )
        self._row.setVisible(not open_)  # with an escalation open the panel stamps them

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = digit_of(event)
        if digit is not None and 1 <= digit <= len(self._hows) and not self._row.isHidden():
            self.tried.emit(self._hows[digit - 1])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.resumed.click()
        else:
            super().keyPressEvent(event)


def _undone(item: Item, move: undo.Move) -> str:
    """The last deed in words; a yes of safety that was taken back is shown all the same."""
    said = _state_said(move.state) if move.value is None else item.label(item.parse(move.value))
    templates = {
        undo.TAKEN_BACK: _("Taken back: {topic} → {said}   Ctrl+Shift+Z puts it again"),
        undo.PUT_AGAIN: _("Put again: {topic} → {said}   Ctrl+Z takes it back"),
    }
    return templates[move.note].format(topic=short(item.topic or item.ask), said=said)


def _app() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("no application")
    return app


def _state_said(state: State) -> str:
    return state_words().get(state, _("Not applicable"))


def _shown(patient: Patient) -> str:
    born = patient.born.text if patient.born else _("birth date not known")
    return f"{patient.name}, {born}, {patient.record_number}"


def _nothing_yet(*, may_stay_open: bool) -> str:
    """With keys that do something there: a name takes no Alt+7, 8 or 9."""
    if may_stay_open:
        return _("Nothing is recorded yet: type it, or press Alt+7, 8 or 9 to leave it open.")
    return _("Nothing is recorded yet: type it, or press PgDown to go on without it.")


_HINTS: dict[str, Callable[[], str]] = {
    "text": lambda: _("In their words"),
    "number": lambda: _("A number"),
    "date": lambda: _("As it is said: 5 March 2024, spring 2024, last year, 3 weeks ago"),
    "blood_pressure": lambda: _("Such as 124/78 or 124 over 78"),
}


def _understand(item: Item, text: str, case: Case, country: str) -> tuple[object, str, bool]:
    """The raw value that the item takes, the words of how it was understood, and whether they are
    a warning."""
    if item.kind == "date":
        to_come = item.id.endswith("_expiry")
        found = typed.date(text, case.today, day_first=country != "US", past=not to_come)
        return found.text, _("Understood as {what}").format(what=found.text), False
    if item.kind == "number":
        number = typed.number(text, item.unit, item.limits)
        return number.value, _("Understood as {what}").format(what=number.said), number.doubtful
    if item.kind == "blood_pressure":
        reading = typed.blood_pressure(text)
        return (reading.systolic, reading.diastolic), str(reading), False
    if item.id == "callback_number":
        phone = typed.phone(text, country)
        return phone.value, phone.said, phone.doubtful
    return text, "", False
