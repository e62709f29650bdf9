"""Check answers: what is still open, as links back; what was found; what is read aloud at the end.

Nothing here blocks: gaps are shown, and the intake is handed to the clinician with them.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QScrollArea, QWidget

from intake_app.core import agenda, closing, safety
from intake_app.core.gaps import Gap, gaps, not_asked_elsewhere, why_words
from intake_app.core.model import Stage
from intake_app.core.packet import counts
from intake_app.core.screening import Case
from intake_app.core.words import _
from ui import keys, words
from ui.desk import Desk
from ui.screens.base import Screen
from ui.theme import SHAPES, look
from ui.widgets.basics import Foot, button, card, column, label, scrolled
from ui.widgets.panes import Panes
from ui.widgets.rail import FlagList

# The shape and the look of the line about the suicide-risk screen.
_SCREEN_LOOKS = {
    "high": ("critical", "banner"),
    "moderate": ("high", "banner"),
    "low": ("caution", "info"),
    "incomplete": ("unknown", "unknown"),
}
_KEY = Qt.ItemDataRole.UserRole


class GapList(QListWidget):
    """Gaps under headings; a heading is no stop. `wanted` carries the key of a question."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(_("What is still open"))
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(self._tell)

    def put(self, groups: list[tuple[str, list[Gap]]]) -> None:
        place = self.currentRow()
        self.clear()
        for title, found in groups:
            self._head(title, len(found))
            for gap in found:
                self._line(gap)
        first = next((n for n in range(self.count()) if self._is_link(n)), -1)
        stays = self._is_link(place)
        self.setCurrentRow(place if stays else first)

    def _head(self, title: str, count: int) -> None:
        head = QListWidgetItem(f"{title} ({count})")
        head.setFlags(Qt.ItemFlag.NoItemFlags)
        font = self.font()
        font.setBold(True)
        head.setFont(font)
        self.addItem(head)

    def _line(self, gap: Gap) -> None:
        place = "" if gap.here else f" · {words.stage_words()[gap.stage]}"
        line = QListWidgetItem(f"    {gap.text}{place}")
        line.setData(_KEY, gap.key)
        self.addItem(line)

    def _is_link(self, place: int) -> bool:
        return 0 <= place < self.count() and bool(self.item(place).data(_KEY))

    def _tell(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(_KEY):
            self.wanted.emit(item.data(_KEY))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self._tell(self.currentItem())
        else:
            super().keyPressEvent(event)


class CheckScreen(Screen):
    """`wanted` carries the key of the question to go back to."""

    NAME = "check"
    wanted = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._asking = False
        self._build()
        for name, slot in {
            "main": self._main,
            "end_call": self._end_call,
            "list": lambda: self.go.emit("call"),
            "review": lambda: self.go.emit("review"),
            "packet": lambda: self.go.emit("packet"),
        }.items():
            keys.action(self, name, slot)

    def _build(self) -> None:
        self._title = label(look="heading")
        self._list = GapList()
        self._list.wanted.connect(self.wanted)
        self._elsewhere = label(look="meta")
        self._obtain = label()
        left = column([self._title, self._list, self._elsewhere, label(_("TO OBTAIN"), "heading")])
        left.addWidget(_readable(self._obtain, _("To obtain")))
        left.setStretch(1, 3)
        left.setStretch(4, 1)
        self._suicide = label(look="info")
        self._counts = label(look="unknown")
        self._flags_title = label(look="heading")
        self._flags = FlagList()
        self._closing = label(look="script")
        self._closing_title = label(look="heading")
        right = column([self._suicide, self._counts, self._flags_title, self._flags])
        right.addWidget(self._closing_title)
        right.addWidget(_readable(self._closing, _("Closing words, to read aloud")))
        right.setStretch(3, 1)
        right.setStretch(5, 2)
        self._panes = Panes(card(left), card(right))
        whole = column([self._panes, self._build_foot()])
        whole.setStretch(0, 1)
        self.setLayout(whole)

    def _build_foot(self) -> QWidget:
        self._question = label(look="banner")
        self._end = button(_("End the call and go on   Ctrl+Enter"), "primary")
        self._end.clicked.connect(self._main)
        self._stay = button(_("Stay on the line   Esc"))
        self._stay.clicked.connect(self._keep_line)
        self._submit = button("", "primary")
        self._submit.clicked.connect(self._main)
        self._back = button(_("Back to the call   F2"))
        self._back.clicked.connect(lambda: self.go.emit("call"))
        foot = QWidget()
        usual = Foot([self._submit, self._back])
        foot.setLayout(column([self._question, Foot([self._end, self._stay]), usual]))
        return foot

    # Shown from the case ----------------------------------------------------------------------

    def entered(self) -> None:
        self._asking = False
        if self.desk.case is not None:
            self.show_case(self.desk.case)
        self._list.setFocus()

    def show_case(self, case: Case) -> None:
        stage = agenda.stage_of(case)
        self._show_gaps(case, stage)
        self._show_found(case)
        self._show_closing(case)
        self._show_foot(case)

    def _show_gaps(self, case: Case, stage: Stage) -> None:
        found = gaps(case, stage)
        said = why_words()
        groups = [(said[why], [g for g in found if g.why is why]) for why in said]
        self._list.put([(title, group) for title, group in groups if group])
        here = sum(gap.here for gap in found)
        self._title.setText(
            _("STILL OPEN IN THIS CONTACT ({count})   Enter goes back to the question").format(
                count=here
            )
            if found
            else _("NOTHING OPEN IN THIS CONTACT")
        )
        waiting = ", ".join(
            f"{words.stage_words()[where]} {count}"
            for where, count in not_asked_elsewhere(case, stage).items()
        )
        self._elsewhere.setText(
            _("Not asked yet, for another contact: {waiting}").format(waiting=waiting)
        )
        self._elsewhere.setVisible(bool(waiting))

    def _show_found(self, case: Case) -> None:
        flags = case.screening.flags
        shape, name = _SCREEN_LOOKS.get(case.screening.suicide_risk.word, ("info", "info"))
        look(self._suicide, name)
        self._suicide.setText(
            _("{shape} Suicide-risk screen: {state}").format(
                shape=SHAPES[shape], state=words.suicide_state(case)
            )
        )
        open_ = counts(case)
        self._counts.setText(
            _(
                "{shape} {unknown} unknown, {declined} declined, {deferred} ask later, "
                "{never} not asked"
            ).format(
                shape=SHAPES["unknown"],
                unknown=open_["unknown"],
                declined=open_["declined"],
                deferred=open_["deferred"],
                never=open_["not_asked"],
            )
        )
        self._flags_title.setText(_("FLAGS ({count})").format(count=len(flags)))
        self._flags.put(case)
        stages = words.stage_words()
        dues = words.due_words()
        wanted = sorted(case.screening.to_obtain, key=lambda each: -each.due)
        lines = []
        for each in wanted:
            criterion = case.protocol.by_criterion.get(each.id.partition("#")[0])
            whom = stages[criterion.stage] if criterion else _("Clinic")
            lines.append(
                _("{due}: {what} ({whom})").format(
                    due=dues[each.due].capitalize(), what=each.text, whom=whom.lower()
                )
            )
        self._obtain.setText("\n".join(lines) or _("Nothing on the list."))

    def _show_closing(self, case: Case) -> None:
        about = self.desk.service.about
        said = closing.script(case, about)
        self._closing_title.setText(
            _("READ ALOUD at the end · {wording}").format(wording=closing.wording(about))
            if said
            else _("NO CLOSING WORDS: AN ESCALATION IS OPEN")
        )
        self._closing.setText(
            "\n".join(said)
            or _("Somebody stays with the person until they are handed over. F9 opens the panel.")
        )

    def _show_foot(self, case: Case) -> None:
        live = case.intake.live_call is not None
        asking = self._asking and live
        self._question.setText(_open_line_words(case))
        for each in (self._question, self._end, self._stay):
            each.setVisible(asking)
        self._submit.setVisible(not asking)
        self._back.setVisible(not asking)
        if case.intake.submitted is None:
            text = _("Submit for review   Ctrl+Enter")
        elif live:
            text = _("End the call   Ctrl+Enter")
        else:
            text = _("Submitted already: back to the worklist   Ctrl+Enter")
        self._submit.setText(text)
        self._submit.setAccessibleName(text)

    # What is done -----------------------------------------------------------------------------

    def _main(self) -> None:
        """With the line open it asks first, in place; the same key a second time ends the call."""
        case = self.desk.case
        if case is None:
            return
        if case.intake.live_call is not None and not self._asking:
            self._asking = True
            self._show_foot(case)
            self._end.setFocus()
            return
        if case.intake.live_call is not None and not self._ended():
            return
        self._finish()

    def _finish(self) -> None:
        case = self.desk.case
        if case is None:
            return
        intake_id = case.intake.id
        if case.intake.submitted is None:
            if not self.desk.change(lambda service: service.submit(intake_id)):
                return
        self.go.emit("worklist")

    def _ended(self) -> bool:
        intake_id = self.desk.intake_id
        self._asking = False
        return self.desk.change(lambda service: service.end_call(intake_id))

    def _end_call(self) -> None:
        case = self.desk.case
        if case is not None and case.intake.live_call is not None:
            self._ended()

    def _keep_line(self) -> None:
        self._asking = False
        if self.desk.case is not None:
            self._show_foot(self.desk.case)
        self._list.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._asking:
            self._keep_line()
        elif event.key() == Qt.Key.Key_Escape:
            self.go.emit("call")
        else:
            super().keyPressEvent(event)

    def impossible(self) -> frozenset[str]:
        case = self.desk.case
        live = case is not None and case.intake.live_call is not None
        return frozenset() if live else frozenset({"end_call"})

    def hints(self) -> str:
        return _(
            "Enter goes back to the question · Ctrl+Enter submit · Ctrl+E end the call · F2 or "
            "Esc the call · Ctrl+R review · Ctrl+P summary on paper"
        )


def _readable(inside: QWidget, name: str) -> QScrollArea:
    """Takes the focus, so that the arrows scroll it."""
    found = scrolled(inside)
    found.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    found.setAccessibleName(name)
    look(found, "readable")
    return found


def _open_line_words(case: Case) -> str:
    if safety.open_escalation(case.intake) is not None:
        return _(
            "The line is still open, and so is an escalation: nobody hangs up before the person "
            "is handed over. End the call?"
        )
    return _("The line is still open: end the call?")
