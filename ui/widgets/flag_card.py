"""One flag as a card: what it is, why it stands, what it rests on, and what was decided of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from intake_app.core import review
from intake_app.core.model import Answer, Decision, FlagReview
from intake_app.core.packet import decision_words
from intake_app.core.protocol import KINDS, Citation, Param, Rule
from intake_app.core.screening import Case, Flag, FlagState, reads
from intake_app.core.words import _
from ui import theme, words
from ui.theme import SHAPES
from ui.widgets.basics import column, label

DECISION_KEYS = {
    Qt.Key.Key_A: Decision.ACKNOWLEDGE,
    Qt.Key.Key_Q: Decision.NEEDS_INFORMATION,
    Qt.Key.Key_C: Decision.ACCEPTED_WITH_CONDITION,
    Qt.Key.Key_X: Decision.NOT_SUITABLE,
}
_STEPS = {
    Qt.Key.Key_J: 1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_K: -1,
    Qt.Key.Key_Up: -1,
}

Names = Mapping[str, str]


# What a flag rests on -----------------------------------------------------------------------------


def basis(case: Case, flag: Flag, staff: Names) -> str:
    """Answers, medicines, rules, thresholds, sources and protocol in that order, a line each."""
    parts = (
        (_("Answers"), [_answer_line(case, answer, staff) for answer in flag.answers]),
        (_("Medicines"), _medicine_lines(case, flag, staff)),
        (_("Rules"), [_rule_line(rule) for rule in flag.rules]),
        (_("Thresholds"), [_threshold_line(param) for param in flag.params]),
        (_("Sources"), _source_lines(flag)),
        (_("Protocol"), [_protocol_line(case, flag)]),
    )
    return "\n".join(
        f"{title}: {lines[0]}" + "".join(f"\n    {line}" for line in lines[1:])
        for title, lines in parts
        if lines
    )


def _answer_line(case: Case, answer: Answer, staff: Names) -> str:
    item = case.protocol.items[answer.item]
    findings = case.screening.findings
    at = findings.at(answer.entry) if answer.entry else findings
    own = at.find(item.name).answers
    if own and own[-1] == answer:
        said = reads(at, item)
    else:
        said = item.label(answer.value) if answer.value is not None else answer.state.value
    line = _("{question} {said} ({source}, {at}, taken by {who})").format(
        question=item.topic or item.ask,
        said=said,
        source=words.source_words()[answer.source].lower(),
        at=moment(answer.at),
        who=staff.get(answer.by, _("unknown staff")),
    )
    return f"{line}: {answer.note}" if answer.note else line


def _medicine_lines(case: Case, flag: Flag, staff: Names) -> list[str]:
    """The medicines as they were named, where the list is what raised it."""
    return [
        _("{name} ({source}, {at}, taken by {who})").format(
            name=each.name,
            source=words.source_words()[each.source].lower(),
            at=moment(each.at),
            who=staff.get(each.by, _("unknown staff")),
        )
        for each in case.intake.medications
        if any(
            hit.drug_class.criterion == flag.criterion.id
            for hit in case.protocol.formulary.match(each).interactions
        )
    ]


def _rule_line(rule: Rule) -> str:
    return _("{reason} When: {text}").format(reason=rule.reason, text=rule.when.text)


def _threshold_line(param: Param) -> str:
    if param.confirmed:
        standing = _("confirmed by {name}").format(name=param.confirmed)
    elif param.is_placeholder:
        standing = _("NOT CONFIRMED: nobody's number yet")
    else:
        standing = _("not confirmed by the clinic")
    return _("{name} = {value}, {basis} ({standing})").format(
        name=param.name.replace("_", " "),
        value=_plain(param.value),
        basis=param.own_basis or param.basis,
        standing=standing,
    )


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _kind_words() -> Mapping[str, str]:
    """What a source may be taken for; the last two are no guideline and say so."""
    return {
        "label": _("Product label"),
        "guidance": _("Guidance"),
        "study": _("Study"),
        "practice": _("Practice elsewhere, no guideline"),
        "knowledge": _("General knowledge, no source and no guideline"),
    }


def _checked_words() -> Mapping[str, str]:
    return {
        "text_seen": _("✓ text read"),
        "secondary": _("? read in another work"),
        "knowledge": _("? not read"),
    }


def _source_lines(flag: Flag) -> list[str]:
    strongest_first = sorted(flag.criterion.citations, key=lambda c: KINDS.index(c.kind))
    lines = [_source_line(citation) for citation in strongest_first]
    if flag.criterion.sources_disagree:
        lines.append(
            _("Sources disagree: {how}").format(how=flag.criterion.sources_disagree.strip())
        )
    return lines or [_("none")]


def _source_line(citation: Citation) -> str:
    work = ", ".join(part for part in (citation.title, citation.section, citation.year) if part)
    checked = _checked_words().get(citation.checked, citation.checked)
    return f"{_kind_words()[citation.kind]}: {work} [{checked}]"


def _protocol_line(case: Case, flag: Flag) -> str:
    protocol = case.protocol
    by = protocol.adopted_by or _("nobody yet")
    return _("{name} version {version} ({digest}), rule {rule}, adopted by {by}").format(
        name=protocol.name,
        version=protocol.version,
        digest=protocol.digest[:12],
        rule=flag.criterion.id,
        by=by,
    )


def moment(at: datetime) -> str:
    """A day and minute on this computer's clock."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def decision_line(case: Case, flag: Flag, staff: Names) -> str:
    """The decision that stands; one that lapsed says so and keeps its words."""
    standing = review.standing(case.intake, flag)
    if standing is not None:
        return f"{SHAPES['done']} {_decided(standing, staff)}"
    earlier = next((r for r in reversed(case.intake.reviews) if r.flag == flag.key), None)
    if earlier is None:
        return _("Not decided yet")
    return _("{shape} LAPSED: an answer changed. Before: {decision}").format(
        shape=SHAPES["unknown"], decision=_decided(earlier, staff)
    )


def _decided(found: FlagReview, staff: Names) -> str:
    said = _("{decision} by {who}, {at}").format(
        decision=decision_words()[found.decision].upper(),
        who=staff.get(found.by, _("unknown staff")),
        at=moment(found.at),
    )
    return f"{said}: {found.reason}" if found.reason else said


def _why(flag: Flag) -> str:
    lines = list(flag.reasons)
    if flag.stronger_open:
        lines.append(_("A stronger rule is still open."))
    if flag.state is FlagState.UNRESOLVED and not (flag.fault or flag.past):
        lines.append(_("Unresolved: an open answer is never read as a no."))
    return "\n".join(lines)


# The card -----------------------------------------------------------------------------------------


class FlagCard(QFrame):
    """Opens its basis while it has the focus. Signals: `decided` carries a Decision to be given a
    reason, `stepped` how far J, K and the arrows go, `entered` that Enter was pressed, `grew` that
    its height is another."""

    decided = Signal(object)
    stepped = Signal(int)
    entered = Signal()
    focused = Signal()
    grew = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.flag_key = ""
        self._basis: Callable[[], str] = str
        self._title = label(look="in_flag_title")
        self._reasons = label()
        self._decision = label(look="in_flag_decision")
        self._below = label(look="in_flag_basis")
        self._keys = label(look="in_flag_keys")
        self._keys.setText(
            _("A acknowledge · Q ask back · C accept with a condition · X not suitable")
        )
        self.column = column(
            [self._title, self._reasons, self._decision, self._below, self._keys], spacing=4
        )
        self.setLayout(self.column)
        self._open(False)

    def put(self, case: Case, flag: Flag, staff: Names) -> None:
        self.flag_key = flag.key
        self._title.setText(words.flag_title(case, flag))
        self._reasons.setText(_why(flag))
        self._decision.setText(decision_line(case, flag, staff))
        theme.look(self, f"flag_{words.look_of(case, flag)}")
        self.setAccessibleName(f"{words.flag_title(case, flag)}, {flag.key}")
        self.setAccessibleDescription(f"{self._reasons.text()}\n{self._decision.text()}")
        self._basis = lambda: basis(case, flag, staff)
        if self.hasFocus() or not self._below.isHidden():
            self._below.setText(self._basis())

    def hold(self, editor: QWidget) -> None:
        """The reason is asked for in the card itself."""
        self._keys.hide()
        self.column.addWidget(editor)
        editor.show()

    def _open(self, shown: bool) -> None:
        if shown:
            self._below.setText(self._basis())
        self._below.setVisible(shown)
        self._keys.setVisible(shown)

    def unfold(self) -> None:
        self._open(True)

    def fold(self) -> None:
        self._open(False)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().height() != event.oldSize().height() and not self._below.isHidden():
            self.grew.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = Qt.Key(event.key()) if event.key() in (*DECISION_KEYS, *_STEPS) else None
        if not plain:
            super().keyPressEvent(event)
        elif key in DECISION_KEYS:
            self.decided.emit(DECISION_KEYS[key])
        elif key in _STEPS:
            self.stepped.emit(_STEPS[key])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            super().keyPressEvent(event)
