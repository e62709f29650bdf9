"""Review: flags strongest first with what they rest on, a decision for each, then the signature."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from intake_app.core import contacts, packet, panel, review
from intake_app.core.difference import FlagChange
from intake_app.core.model import Decision, Disposition, Role, Tier
from intake_app.core.packet import Edition, Entries, Grid, Section, disposition_words
from intake_app.core.screening import Case, Flag
from intake_app.core.words import _, _n
from intake_app.service import IntakeService
from ui import keys, words
from ui.desk import Desk
from ui.screens.base import Screen
from ui.screens.sign import AddendumDialog, ClinicianDialog, SignDialog
from ui.theme import SHAPES, look
from ui.widgets.basics import button, card, column, in_order, label, scrolled, tab_stops
from ui.widgets.flag_card import FlagCard, moment
from ui.widgets.panes import Panes
from ui.widgets.reason import ReasonEditor
from ui.widgets.second_look import SecondLook

# What stands on the right, in the words of the summary: blocks of page one, then sections.
_BLOCKS = ("_suicide", "_stop_unknowns", "_measures", "_counts", "_voices", "_to_obtain")
_SECTIONS = ("_severity", "_medicines", "_trials", "_suicide_in_full", "_history", "_tests")


class ReviewScreen(Screen):
    """`wanted` carries the key of a question that somebody goes back to."""

    NAME = "review"
    wanted = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._cards: list[FlagCard] = []
        self._place = 0
        self._staff: dict[str, str] = {}
        self._held: FlagCard | None = None
        self._dialog: SignDialog | AddendumDialog | ClinicianDialog | None = None
        self._build()
        actions: dict[str, Callable[[], object]] = {
            "main": self._main,
            "clinician": self._lend,
            "packet": lambda: self.go.emit("packet"),
            "list": lambda: self.go.emit("check"),
        }
        for name, slot in actions.items():
            keys.action(self, name, slot)

    def _build(self) -> None:
        self._title = label(look="heading")
        self._none = label(look="info")
        inside = QWidget()
        self._list = column([self._none])
        self._list.addStretch()
        inside.setLayout(self._list)
        self._flags = scrolled(inside)
        self._editor = ReasonEditor()
        self._editor.setParent(self)
        self._editor.kept.connect(self._keep)
        self._editor.left.connect(self._leave)
        self._again = SecondLook()
        self._again.looked.connect(self._looked)
        left = column([self._title, self._again, self._flags])
        left.setStretch(2, 1)
        self._record = _Record()
        self._standing = label(look="info")
        self._problem = label(look="problem")
        self._problem.hide()
        self._sign = button("", "primary")
        self._sign.clicked.connect(self._main)
        right = column([self._record, self._standing])
        right.setStretch(0, 1)
        self._panes = Panes(card(left), card(right), (3, 2))
        whole = column([self._panes, self._problem, self._sign])
        whole.setStretch(0, 1)
        self.setLayout(whole)

    # Shown from the case ----------------------------------------------------------------------

    def entered(self) -> None:
        self._staff = {
            member.id: member.name
            for member in self.desk.ask(lambda service: service.clinic.staff()) or ()
        }
        self._place = 0
        self._leave()
        if self.desk.case is not None:
            self.show_case(self.desk.case)
        self._focus()

    def show_case(self, case: Case) -> None:
        self._problem.hide()
        flags = case.screening.flags
        self._show_flags(case, flags)
        open_ = sum(review.standing(case.intake, flag) is None for flag in flags)
        self._title.setText(
            _("FLAGS · {open} of {all} not decided   J and K move").format(
                open=open_, all=len(flags)
            )
        )
        self._record.put(_record_of(case, self._edition(case)))
        self._show_standing(case)
        self._again.put(self._changes(case) if case.intake.look_again else None)

    def _changes(self, case: Case) -> tuple[FlagChange, ...]:
        waiting = self.desk.ask(lambda service: service.protocols.to_look_at_again()) or ()
        return next((w.changes for w in waiting if w.intake.id == case.intake.id), ())

    def _looked(self, words_: str) -> None:
        intake_id = self.desk.intake_id
        self.desk.change(lambda service: service.protocols.looked_again(intake_id, words_))

    def _show_flags(self, case: Case, flags: tuple[Flag, ...]) -> None:
        self._none.setVisible(not flags)
        self._none.setText(
            _("No flags raised, {count} unanswered. Read the answers, then sign.").format(
                count=len(case.screening.unanswered)
            )
        )
        while len(self._cards) < len(flags):
            self._cards.append(self._new_card())
        for shown, flag in zip(self._cards, flags, strict=False):
            shown.put(case, flag, self._staff)
            shown.show()
        for spare in self._cards[len(flags) :]:
            spare.hide()
        self._one_stop()
        in_order([*self._cards, *tab_stops(self._editor), self._record, self._sign])

    def _new_card(self) -> FlagCard:
        made = FlagCard()
        place = len(self._cards)
        made.decided.connect(self._decide)
        made.stepped.connect(lambda by: self._to(self._place + by))
        made.focused.connect(lambda: self._came_to(place))
        made.entered.connect(self._to_question)
        made.grew.connect(lambda: QTimer.singleShot(0, self, self._reveal))
        self._list.insertWidget(self._list.count() - 1, made)
        return made

    def _one_stop(self) -> None:
        for place, each in enumerate(self._cards):
            here = place == self._place
            each.setFocusPolicy(Qt.FocusPolicy.StrongFocus if here else Qt.FocusPolicy.ClickFocus)
            if not here:
                each.fold()

    def _show_standing(self, case: Case) -> None:
        signature = case.intake.signature
        if signature is not None:
            look(self._standing, "calm")
            said = _("{shape} Signed by {name}, {at}: {what}. Record {digest}.").format(
                shape=SHAPES["done"],
                name=signature.name,
                at=moment(signature.at),
                what=disposition_words()[signature.disposition],
                digest=signature.record_hash[:12],
            )
            added = [
                _("Addendum by {name}, {at}: {text}").format(
                    name=each.name, at=moment(each.at), text=each.text
                )
                for each in case.intake.addenda
            ]
            self._standing.setText("\n".join((said, *added)))
            self._name_button(_("Addendum   Ctrl+Enter"))
            return
        points = review.open_for_all(case)
        look(self._standing, "unknown" if points else "info")
        self._standing.setText(_points(points))
        self._name_button(_("Sign   Ctrl+Enter"))

    def _name_button(self, text: str) -> None:
        self._sign.setText(text)
        self._sign.setAccessibleName(text)

    def _edition(self, case: Case) -> Edition:
        about = self.desk.service.about
        return Edition(
            clinic=about.name,
            demo=about.demo,
            on_call=panel.first_to_phone(case, about.numbers),
            made=self.desk.now().astimezone(),
            staff=self._staff,
            most_tries=contacts.most_tries(about),
        )

    # Moving -----------------------------------------------------------------------------------

    def _shown(self) -> list[FlagCard]:
        return [each for each in self._cards if not each.isHidden()]

    def _focus(self) -> None:
        shown = self._shown()
        if shown:
            self._to(min(self._place, len(shown) - 1))
        else:
            self._record.setFocus()

    def _to(self, place: int) -> None:
        shown = self._shown()
        if shown and self._held is None:
            shown[min(max(place, 0), len(shown) - 1)].setFocus()

    def _came_to(self, place: int) -> None:
        self._place = place
        self._one_stop()
        self._cards[place].unfold()
        QTimer.singleShot(0, self, self._reveal)

    def _reveal(self) -> None:
        """The card in hand, or the reason that is asked for in it, stands in view."""
        if self._held is not None:
            self._flags.ensureWidgetVisible(self._editor, 0, 0)
            return
        if not self._place < len(self._cards):
            return
        here = self._cards[self._place]
        self._flags.ensureWidgetVisible(here, 0, 0)
        if here.height() > self._flags.viewport().height():
            self._flags.verticalScrollBar().setValue(here.y())

    def _flag(self) -> Flag | None:
        case = self.desk.case
        if case is None or not self._place < len(case.screening.flags):
            return None
        return case.screening.flags[self._place]

    def _to_question(self) -> None:
        """Enter on a flag: the first question that it rests on or waits for."""
        flag = self._flag()
        if flag is not None and flag.items:
            entry = flag.key.partition("#")[2]
            self.wanted.emit(f"{flag.items[0]}#{entry}" if entry else flag.items[0])

    # Deciding ---------------------------------------------------------------------------------

    def _may_decide(self) -> bool:
        case = self.desk.case
        if case is None:
            return False
        if case.intake.signature is not None:
            self.refuse(_("This intake is signed and stays as it is. Ctrl+Enter adds to it."))
            return False
        if Role.CLINICIAN not in self.desk.service.staff.roles:
            self.refuse(
                _(
                    "A clinician decides. Ctrl+Shift+K: a clinician confirms one decision here, "
                    "with name and password."
                )
            )
            return False
        return True

    def _decide(self, decision: Decision) -> None:
        flag = self._flag()
        if flag is None or not self._may_decide():
            return
        self._problem.hide()
        if decision is Decision.ACKNOWLEDGE and flag.tier is Tier.NOTE and not flag.fault:
            if self._review(self.desk.service, flag.key, decision, ""):
                self._to_next_open()
            return
        self._held = self._cards[self._place]
        self._held.hold(self._editor)
        self._editor.ask(decision, review.coded_reasons(flag, decision))

    def _keep(self, reason: str) -> None:
        if self._held is None:
            return
        key, decision = self._held.flag_key, self._editor.decision
        if self._review(self.desk.service, key, decision, reason):
            self._leave()
            self._to_next_open()

    def _review(self, by: IntakeService, key: str, decision: Decision, reason: str) -> bool:
        intake_id = self.desk.intake_id
        return self.desk.change(lambda _own: by.review_flag(intake_id, key, decision, reason))

    def _to_next_open(self) -> None:
        case = self.desk.case
        if case is None:
            return
        flags = case.screening.flags
        behind = (*range(self._place, len(flags)), *range(self._place))
        open_ = (n for n in behind if review.standing(case.intake, flags[n]) is None)
        self._to(next(open_, self._place))

    def _leave(self) -> None:
        """The reason is put away; nothing was decided by that."""
        held, self._held = self._held, None
        self._editor.hide()
        self._editor.setParent(self)
        if held is not None:
            held.setFocus()

    # With name and password -------------------------------------------------------------------

    def _lend(self) -> None:
        """A clinician decides on one flag at this desk; the call and who is signed in stay."""
        flag, case = self._flag(), self.desk.case
        if flag is None or case is None:
            return
        if case.intake.signature is not None:
            self.refuse(_("This intake is signed and stays as it is. Ctrl+Enter adds to it."))
            return
        dialog = ClinicianDialog(self, case, flag)
        dialog.decided.connect(
            lambda decision, reason, name, password: self._done(
                lambda service: service.acting_as(name, password).review_flag(
                    case.intake.id, flag.key, decision, reason
                )
            )
        )
        self._open(dialog)

    def _main(self) -> None:
        case = self.desk.case
        if case is None:
            return
        if self._held is not None:
            self._editor.keep()
        elif case.intake.signature is not None:
            self._addendum(case)
        else:
            self._to_sign(case)

    def _to_sign(self, case: Case) -> None:
        points = review.open_for_all(case)
        if points:
            self.refuse(_not_signed(points))
            self._to_next_open()
            return
        dialog = SignDialog(self, case, self._own_name())
        dialog.signed.connect(
            lambda what, reason, name, password: self._done(
                lambda service: self._as(service, name, password).sign(
                    case.intake.id, name, password, Disposition(what), reason
                )
            )
        )
        self._open(dialog)

    def _addendum(self, case: Case) -> None:
        dialog = AddendumDialog(self, self._own_name())
        dialog.added.connect(
            lambda text, name, password: self._done(
                lambda service: self._as(service, name, password).add_addendum(
                    case.intake.id, text, name, password
                )
            )
        )
        self._open(dialog)

    def _own_name(self) -> str:
        """Filled in only for somebody who may sign."""
        own = self.desk.service.staff
        return own.name if Role.CLINICIAN in own.roles else ""

    @staticmethod
    def _as(service: IntakeService, name: str, password: str) -> IntakeService:
        """Whoever signs does it in their own name, at whosever desk it is."""
        return service if name == service.staff.name else service.acting_as(name, password)

    def _open(self, dialog: SignDialog | AddendumDialog | ClinicianDialog) -> None:
        self._dialog = dialog
        dialog.finished.connect(lambda _code: self._closed())
        dialog.open()

    def _closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None
        self.window().activateWindow()
        self._focus()

    def _done(self, deed: Callable[[IntakeService], Case]) -> None:
        if self.desk.change(deed) and self._dialog is not None:
            self._dialog.accept()

    def refuse(self, sentence: str) -> bool:
        if self._dialog is not None:
            self._dialog.refuse(sentence)
        elif self._held is not None:
            self._editor.refuse(sentence)
        else:
            self._problem.setText(sentence)
            self._problem.show()
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._held is not None:
            self._leave()
        else:
            super().keyPressEvent(event)

    def hints(self) -> str:
        return _(
            "J K move · A acknowledge · Q ask back · C accept with a condition · X not suitable · "
            "Enter to its question · Ctrl+Enter sign · Ctrl+Shift+K a clinician confirms · "
            "Ctrl+P summary on paper"
        )


def _not_signed(points: tuple[str, ...]) -> str:
    """The first of them: all of forty at twice the size would leave no room for one flag."""
    said, more = "; ".join(points[:_SHOWN_POINTS]), len(points) - _SHOWN_POINTS
    if more <= 0:
        return _("Not signed: still open are {points}.").format(points=said)
    template = _n(
        "Not signed: still open are {points}; and {count} more.",
        "Not signed: still open are {points}; and {count} more.",
        more,
    )
    return template.format(points=said, count=more)


def _points(points: tuple[str, ...]) -> str:
    if not points:
        return _("Nothing keeps it from being signed on hold; other decisions may ask for more.")
    shown = points[:_SHOWN_POINTS]
    more = len(points) - len(shown)
    lines = [_("Not ready to be signed:"), *(f"- {point}" for point in shown)]
    if more:
        lines.append(_("- and {count} more").format(count=more))
    return "\n".join(lines)


_SHOWN_POINTS = 4


# The record beside the flags ----------------------------------------------------------------------


class _Record(QScrollArea):
    """Headings and texts; takes the focus, so that the arrows scroll it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("The record"))
        look(self, "readable")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._inside = QWidget()
        self._list = column([])
        self._list.addStretch()
        self._inside.setLayout(self._list)
        self.setWidget(self._inside)
        self._parts: list[tuple[QLabel, QLabel]] = []
        self._texts: list[tuple[str, str, str]] = []

    def put(self, texts: list[tuple[str, str, str]]) -> None:
        """Title, text and look of each part; what did not change is not touched."""
        while len(self._parts) < len(texts):
            first = "" if self._parts else "info"
            pair = (label(look="heading"), label(look=first))
            self._parts.append(pair)
            for each in pair:
                self._list.insertWidget(self._list.count() - 1, each)
        if texts == self._texts:
            return
        for (head, body), (title, text, name) in zip(self._parts, texts, strict=False):
            head.setText(title)
            body.setText(text)
            look(body, name)
        for spare in self._parts[len(texts) :]:
            for each in spare:
                each.hide()
        self._texts = texts
        self.setAccessibleDescription("\n".join(f"{t}: {x}" for t, x, _name in texts))


def _record_of(case: Case, edition: Edition) -> list[tuple[str, str, str]]:
    """The words of the summary, so that screen and page never say different things."""
    composed = packet.compose(case, edition)
    blocks = dict(zip((f.__name__ for f in packet.PAGE_ONE), composed.page_one, strict=True))
    sections = dict(zip((f.__name__ for f in packet.SECTIONS), composed.sections, strict=True))
    found = [_of_block(blocks[name]) for name in _BLOCKS]
    found += [_of_section(sections[name]) for name in _SECTIONS]
    found += [_notes(case, edition), _calls(case, edition)]
    first = found[0]
    return [(first[0], first[1], _look_of_screen(case)), *found[1:]]


def _look_of_screen(case: Case) -> str:
    return {"high": "banner", "incomplete": "unknown"}.get(case.screening.suicide_risk.word, "info")


def _of_block(block: Entries) -> tuple[str, str, str]:
    title = block.title.lstrip("0123456789 ").upper()
    return title, "\n".join(block.entries), ""


def _of_section(section: Section) -> tuple[str, str, str]:
    lines: list[str] = []
    for block in section.blocks:
        lines += _grid(block) if isinstance(block, Grid) else [block.text]
    return section.title.upper(), "\n".join(lines), ""


def _grid(grid: Grid) -> list[str]:
    """One line for each row: what it is about, then the rest with the names of the columns."""
    lines = []
    for cells in grid.rows:
        first, *others = (" ".join(cell.split()) for cell in cells)
        named = [
            cell if n == 0 else f"{title.lower()} {cell}"
            for n, (title, cell) in enumerate(zip(grid.columns[1:], others, strict=True))
            if cell
        ]
        lines.append(f"- {first}: {'; '.join(named)}")
    return lines


def _notes(case: Case, edition: Edition) -> tuple[str, str, str]:
    unknown = _("unknown staff")
    lines = [
        f"- {moment(note.at)} {edition.staff.get(note.by, unknown)}: {note.text}"
        for note in case.intake.notes
    ]
    return _("NOTES"), "\n".join(lines) or _("No notes."), ""


def _calls(case: Case, edition: Edition) -> tuple[str, str, str]:
    stages = words.stage_words()
    lines = []
    for call in case.intake.calls:
        ended = _("open now")
        if call.ended is not None and call.end is not None:
            ended = f"{call.end.value} {moment(call.ended)}"
        who = edition.staff.get(call.by, _("unknown staff"))
        lines.append(
            _("- {stage}, begun {at} by {who}, {ended}").format(
                stage=stages[call.stage], at=moment(call.started), who=who, ended=ended
            )
        )
    return _("CALLS"), "\n".join(lines) or _("No calls."), ""
