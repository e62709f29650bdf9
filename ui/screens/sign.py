"""What is done with name and password: signing, adding to what is signed, and one decision of a
clinician at somebody else's desk."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QLayout, QLineEdit, QWidget

from intake_app.core import review
from intake_app.core.model import Decision, Disposition
from intake_app.core.packet import counts, decision_words, disposition_words
from intake_app.core.screening import Case, Flag
from intake_app.core.words import _
from ui import keys, words
from ui.widgets.answers import Choice, ChoiceGroup
from ui.widgets.basics import NoteEditor, button, column, label, row, scrolled


class Confirm(QDialog):
    """Name and password under what is confirmed. It stays open until the deed is done, and a
    refusal leaves every typed word where it is; only the password is asked for again."""

    def __init__(self, parent: QWidget, title: str, name: str, said: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.name = QLineEdit(name)
        self.name.setAccessibleName(_("Your name"))
        self.password = QLineEdit()
        self.password.setAccessibleName(_("Your password"))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.problem = label(look="problem")
        self.problem.hide()
        self._done = button(said, "primary")
        self._done.clicked.connect(self.confirm)
        self._leave = button(_("Leave   Esc"), name=_("Leave, nothing is confirmed"))
        self._leave.clicked.connect(self.reject)
        self.name.returnPressed.connect(self.password.setFocus)
        self.password.returnPressed.connect(self.confirm)
        keys.action(self, "main", self.confirm)

    def lay(self, parts: list[QWidget | QLayout]) -> None:
        """`parts` scroll; name, password, what went wrong and the button never do."""
        self._inside = QWidget()
        above = column(parts, margin=4)
        above.addStretch()
        self._inside.setLayout(above)
        self._area = scrolled(self._inside)
        who = row([label(_("Name"), wrap=False), self.name])
        who.addWidget(label(_("Password"), wrap=False))
        who.addWidget(self.password)
        foot = row([self._done, self._leave])
        whole = column([self._area, self.problem, who, foot], margin=12)
        whole.setStretch(0, 1)
        self.setLayout(whole)

    def showEvent(self, event: QShowEvent) -> None:
        """Never larger than the window that it stands before."""
        super().showEvent(event)
        parent = self.parentWidget()
        room = parent.window().size() if parent is not None else self.maximumSize()
        em = self.fontMetrics().height()
        width = min(em * 46, room.width() - 16)
        wanted = (
            above.totalHeightForWidth(width - em * 3) if (above := self._inside.layout()) else 0
        )
        self.resize(width, min(wanted + em * 9, room.height() - 16))

    def to(self, field: QWidget) -> None:
        """The focus, and what has it stands in view once all is laid out."""
        field.setFocus()
        QTimer.singleShot(0, self, lambda: self._area.ensureWidgetVisible(field))

    def confirm(self) -> None:
        """Each dialog tells in a signal of its own."""

    def refuse(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()
        self.password.clear()
        self.password.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()  # a choice that was answered with Enter confirms nothing
        else:
            super().keyPressEvent(event)


def what_is_signed(case: Case) -> str:
    """Counts of what the signature covers; what is weak about it stands there too."""
    intake, protocol = case.intake, case.protocol
    flags = case.screening.flags
    standing = [review.standing(intake, flag) for flag in flags]
    decided = Counter(found.decision for found in standing if found is not None)
    by_kind = ", ".join(f"{decision_words()[d]} {n}" for d, n in decided.items())
    open_ = counts(case)
    lines = [
        _("Answers: {answers}, medicines: {medicines}, calls: {calls}").format(
            answers=len(intake.answers), medicines=len(intake.medications), calls=len(intake.calls)
        ),
        _("Flags: {flags}; decided: {decided}").format(
            flags=len(flags), decided=by_kind or _("none")
        ),
        _("Unknown: {unknown}, declined: {declined}, unanswered in all: {all}").format(
            unknown=open_["unknown"],
            declined=open_["declined"],
            all=len(case.screening.unanswered),
        ),
        _("Thresholds that no clinician confirmed: {count}").format(
            count=len(protocol.unconfirmed)
        ),
    ]
    if not protocol.wording_is_official:
        lines.append(_("UNVALIDATED WORDING of the suicide-risk screen"))
    state = words.suicide_state(case)
    lines.append(_("Suicide-risk screen: {state}").format(state=state))
    return "\n".join(lines)


class SignDialog(Confirm):
    """`signed` carries disposition, reason, name and password."""

    signed = Signal(object, str, str, str)

    def __init__(self, parent: QWidget, case: Case, name: str) -> None:
        super().__init__(parent, _("Sign"), name, _("Sign   Ctrl+Enter"))
        self._case = case
        self._disposition: Disposition | None = None
        self._kinds = ChoiceGroup()
        self._kinds.answered.connect(self._choose)
        self._missing = label(look="unknown")
        self._missing.hide()
        self.reason = NoteEditor(_("Reason of the decision"), lines=2)
        self.reason.kept.connect(lambda _text: self.name.setFocus())
        self.reason.left.connect(self.reject)
        self._kinds.entered.connect(lambda: self.to(self.reason))
        self.lay(
            [
                label(_("What is signed"), "heading"),
                label(what_is_signed(case), "info"),
                label(_("Decision"), "heading"),
                self._kinds,
                self._missing,
                label(_("Reason"), "heading"),
                self.reason,
            ]
        )
        self._put()
        self._kinds.setFocus()

    def _put(self) -> None:
        said = disposition_words()
        choices = [
            Choice(n, kind, said[kind].capitalize()) for n, kind in enumerate(Disposition, start=1)
        ]
        self._kinds.put(choices, self._disposition, may_stay_open=False)

    def _choose(self, kind: Disposition) -> None:
        """What still refuses this decision is said at once; it may be chosen all the same."""
        self._disposition = kind
        self._put()
        missing = review.open_points(self._case, kind)
        self._missing.setVisible(bool(missing))
        self._missing.setText(_("Still open for this: {points}").format(points="; ".join(missing)))
        self.to(self.reason)

    def confirm(self) -> None:
        if self._disposition is None:
            self.problem.setText(_("Choose a decision by its number first."))
            self.problem.show()
            self.to(self._kinds)
            return
        reason, name = self.reason.toPlainText().strip(), self.name.text().strip()
        self.signed.emit(self._disposition, reason, name, self.password.text())


class AddendumDialog(Confirm):
    """`added` carries text, name and password."""

    added = Signal(str, str, str)

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent, _("Addendum"), name, _("Add it   Ctrl+Enter"))
        self.words = NoteEditor(_("Text of the addendum"), lines=5)
        self.words.kept.connect(lambda _text: self.name.setFocus())
        self.words.left.connect(self.reject)
        said = _("What is signed stays as it is. What you add stands below it with your name.")
        self.lay([label(said, "info"), label(_("Text"), "heading"), self.words])
        self.words.setFocus()

    def confirm(self) -> None:
        text, name = self.words.toPlainText().strip(), self.name.text().strip()
        self.added.emit(text, name, self.password.text())


class ClinicianDialog(Confirm):
    """One decision of a clinician at this desk, for one flag; whoever is signed in stays so.

    `decided` carries decision, reason, name and password.
    """

    decided = Signal(object, str, str, str)

    def __init__(self, parent: QWidget, case: Case, flag: Flag) -> None:
        super().__init__(parent, _("A clinician confirms"), "", _("Confirm   Ctrl+Enter"))
        self._decision: Decision | None = None
        self._kinds = ChoiceGroup()
        self._kinds.answered.connect(self._choose)
        self.reason = NoteEditor(_("Reason in words"), lines=3)
        self.reason.kept.connect(lambda _text: self.name.setFocus())
        self.reason.left.connect(self.reject)
        self._kinds.entered.connect(lambda: self.to(self.reason))
        said = _("One decision, with the clinician's own name and password. The call stays open.")
        self.lay(
            [
                label(words.flag_title(case, flag), "title"),
                label("\n".join(flag.reasons)),
                label(said, "info"),
                self._kinds,
                label(_("Reason"), "heading"),
                self.reason,
            ]
        )
        self._put()
        self._kinds.setFocus()

    def _put(self) -> None:
        choices = [
            Choice(n, decision, said.capitalize())
            for n, (decision, said) in enumerate(decision_words().items(), start=1)
        ]
        self._kinds.put(choices, self._decision, may_stay_open=False)

    def _choose(self, decision: Decision) -> None:
        self._decision = decision
        self._put()
        self.to(self.reason)

    def confirm(self) -> None:
        if self._decision is None:
            self.problem.setText(_("Choose a decision by its number first."))
            self.problem.show()
            self.to(self._kinds)
            return
        reason, name = self.reason.toPlainText().strip(), self.name.text().strip()
        self.decided.emit(self._decision, reason, name, self.password.text())
