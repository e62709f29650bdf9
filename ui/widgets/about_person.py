"""All of a person in one place: calls with their ends, what must still happen,
every intake, and which records are of one person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QWidget

from intake_app.core import contacts, panel, review
from intake_app.core.model import Patient, WorklistRow
from intake_app.core.screening import Case
from intake_app.core.words import _
from intake_app.service import IntakeService
from ui import theme
from ui.desk import Desk
from ui.widgets.basics import Foot, button, column, label, scrolled
from ui.widgets.outcome import TaskList
from ui.widgets.person import ButtonRow


class AboutPerson(QDialog):
    """Shown from the desk's case. `wanted` carries the intake that is to be opened."""

    wanted = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.setWindowTitle(_("Person: calls, tasks, intakes"))
        theme.look(self, "page")
        self._calls = label()
        self._tries = ButtonRow(_("Called, not reached"), tuple(contacts.attempt_words().items()))
        self._tries.pressed.connect(
            lambda how: self._change(lambda s: s.call_back_in_vain(desk.intake_id, how))
        )
        self._message = label(look="staff")
        self.tasks = TaskList()
        self.tasks.settled.connect(self._settle)
        self._no_tasks = label(look="meta")
        self._problem = label(look="problem")
        self._problem.hide()
        self._records, self._listed = QWidget(), column([], spacing=4)
        self._records.setLayout(self._listed)
        self._close = button(_("Back   Esc"), "primary", name=_("Back"))
        self._close.clicked.connect(self.reject)
        parts = [
            *(label(_("CALLS"), "heading"), self._calls, self._tries, self._message),
            *(label(_("MUST STILL HAPPEN"), "heading"), self.tasks, self._no_tasks),
            *(label(_("RECORDS AND INTAKES"), "heading"), self._problem, self._records),
        ]
        inside = QWidget()
        whole = column(parts)
        whole.addStretch()
        inside.setLayout(whole)
        self.setLayout(column([scrolled(inside), Foot([self._close])], margin=12))
        self.resize(820, 620)
        desk.refused.connect(self._refused)
        self._show()
        self._close.setFocus()

    def _show(self) -> None:
        case = self.desk.case
        if case is None:
            return
        zone = self.desk.now().tzinfo
        self._calls.setText("\n".join(contacts.listed(case.intake, zone)) or _("No call yet."))
        quiet = bool(case.intake.calls) and case.intake.live_call is None
        may = quiet and panel.takes_answers(case)
        self._tries.setVisible(may)
        self._message.setVisible(may)
        self._message.setText(contacts.message_words(case))
        open_, most = review.tasks(case), contacts.most_tries(self.desk.service.about)
        self.tasks.put({task.what: panel.task_line(task, zone, most) for task in open_})
        self._no_tasks.setText("" if open_ else _("No task is open."))
        self._show_records(case)

    def _show_records(self, case: Case) -> None:
        while (item := self._listed.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        found = self.desk.ask(lambda s: s.everything_of(case.intake.id))
        people, rows = found if found is not None else ((), ())
        possible = self.desk.ask(lambda s: s.possible_duplicates(case.intake.id)) or ()
        for person in people:
            self._listed.addWidget(label(_shown(person), "strong"))
            if person.id != case.intake.patient.id:
                self._listed.addWidget(self._part(person))
            for each in self._intakes(person, rows, case):
                self._listed.addWidget(each)
        known = {person.id for person in people}
        for other in possible:
            if other.id not in known:
                self._listed.addWidget(self._join(other))

    def _intakes(self, person: Patient, rows: Sequence[WorklistRow], case: Case) -> list[QWidget]:
        found: list[QWidget] = []
        for row in rows:
            if row.patient_id != person.id or not row.intake_id:
                continue
            said = _("Intake of {day}, {status}").format(day=row.opened[:10], status=row.status)
            if row.intake_id == case.intake.id:
                found.append(label(_("{intake}: the one in front").format(intake=said)))
                continue
            opens = button(_("Open: {intake}").format(intake=said))
            opens.setAccessibleName(f"{opens.text()} {len(found)} {person.record_number}")
            opens.clicked.connect(lambda _on=False, id_=row.intake_id: self._open(id_))
            found.append(opens)
        return found

    def _join(self, other: Patient) -> QWidget:
        found = button(_("One person with {who}").format(who=_shown(other)))
        found.clicked.connect(
            lambda: self._change(lambda s: s.join_patients(self.desk.intake_id, other.id))
        )
        return found

    def _part(self, other: Patient) -> QWidget:
        found = button(_("Take back: {who} is another person").format(who=_shown(other)))
        found.clicked.connect(
            lambda: self._change(lambda s: s.part_patients(self.desk.intake_id, other.id))
        )
        return found

    def _open(self, intake_id: str) -> None:
        self.wanted.emit(intake_id)
        self.accept()

    def _settle(self, what: str, how: str, said: str) -> None:
        move, fields = panel.TASK_MOVES[what], panel.try_fields(how, said)
        self._change(lambda s: s.stamp_escalation(self.desk.intake_id, move, fields))

    def _change(self, deed: Callable[[IntakeService], Case]) -> None:
        self._problem.hide()
        if self.desk.change(deed):
            self._show()
            self._close.setFocus()

    def _refused(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.show()


def _shown(patient: Patient) -> str:
    born = patient.born.text if patient.born else _("birth date not known")
    return f"{patient.shown}, {born}, {patient.record_number}"
