"""The audit trail: who did what, filtered, checked and exported."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QListWidget
from shiboken6 import isValid

from intake_app.core import review
from intake_app.core.events import event_words
from intake_app.core.model import Role
from intake_app.core.words import _, _n
from intake_app.service import Entry, TrailState, Wanted
from ui import keys
from ui.desk import Desk
from ui.theme import SHAPES
from ui.widgets.basics import Foot, button, card, column, label
from ui.widgets.fields import Field, Panel, SideBySide
from ui.widgets.files import SaveDialog, ask_file
from ui.widgets.staffing import role_names


class TrailPanel(Panel):
    """Asks the desk; what is refused is told by it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._files: SaveDialog | None = None
        self._staff, self._event = QComboBox(), QComboBox()
        self._staff.setAccessibleName(_("Done by"))
        self._event.setAccessibleName(_("What was done"))
        self._patient = Field(_patient_words(desk))
        self._first = Field(_("From day"), _("Like 2026-03-10; empty for all"))
        self._last = Field(_("To day"), _("Like 2026-03-10; that day belongs"))
        self._listed = QListWidget()
        self._listed.setAccessibleName(_("Entries of the audit trail"))
        self._listed.setWordWrap(True)
        self._listed.setMinimumHeight(self.fontMetrics().height() * 12)
        self._count, self._state = label(look="meta"), label(look="calm")
        self._state.hide()
        check = button(_("Check the whole trail   Ctrl+Shift+V"), name=_("Check the whole trail"))
        check.clicked.connect(self._check)
        export = button(_("Save these as a file   Ctrl+T"), name=_("Save these as a file"))
        export.clicked.connect(self._ask_where)
        who = column([label(_("Done by"), "heading"), self._staff])
        what = column([label(_("What was done"), "heading"), self._event])
        left, right = card(who), card(what)
        days = SideBySide([self._first, self._last], em=16)
        parts = [SideBySide([left, right], em=16), self._patient, days, self._count]
        parts += [self._listed, self._state, Foot([check, export])]
        self.setLayout(column([card(column(parts))]))
        keys.action(self, "check_trail", self._check)
        keys.action(self, "export_trail", self._ask_where)

    def put(self) -> None:
        """Who and what can be chosen; what was chosen stays."""
        staff = self._desk.ask(lambda service: service.clinic.staff()) or ()
        people = [(_("Anybody"), ""), *((member.name, member.id) for member in staff)]
        _fill(self._staff, people)
        said = sorted((words, event) for event, words in event_words().items())
        _fill(self._event, [(_("Anything"), ""), *said])

    def main_words(self) -> str:
        return _("Show these entries")

    def entered(self) -> None:
        self._staff.setFocus()

    def main(self) -> None:
        wanted = self._wanted()
        if wanted is None:
            return
        found = self._desk.ask(lambda service: service.trail.entries(wanted))
        if found is None:
            return
        self._listed.clear()
        self._listed.addItems([self._line(entry) for entry in found])
        template = _n(
            "{count} entry. A file holds it.",
            "{count} entries, the newest first. A file holds all of them.",
            len(found),
        )
        said = template.format(count=len(found)) if found else _("No entry is like that.")
        self._count.setText(said)
        if found:
            self._listed.setCurrentRow(0)

    def _line(self, entry: Entry) -> str:
        at = entry.at.astimezone(self._desk.now().tzinfo).strftime("%Y-%m-%d %H:%M:%S")
        role = role_names().get(Role(entry.role)) if entry.role in tuple(Role) else entry.role
        did = event_words().get(entry.event, entry.event)
        parts = (at, f"{entry.staff} ({role})", did, entry.record)
        return " · ".join(part for part in parts if part)

    def _wanted(self) -> Wanted | None:
        days = self._days()
        if days is None:
            return None
        since, until = days
        return Wanted(
            staff=str(self._staff.currentData() or ""),
            event=str(self._event.currentData() or ""),
            patient=self._patient.text(),
            since=since,
            until=until and until + timedelta(days=1),
        )

    def _days(self) -> tuple[datetime | None, datetime | None] | None:
        """None where one of them is no day, or the last is before the first: said beside it."""
        found = []
        for field in (self._first, self._last):
            try:
                found.append(self._day(field.text()))
            except ValueError:
                field.refuse(_("A day is written like 2026-03-10; nothing was looked up."))
                return None
        first, last = found
        if first is not None and last is not None and last < first:
            self._last.refuse(_("That is before the first day; nothing was looked up."))
            return None
        return first, last

    def _day(self, said: str) -> datetime | None:
        if not said:
            return None
        return datetime.combine(date.fromisoformat(said), time(), self._desk.now().tzinfo)

    def _check(self) -> None:
        self._state.setText(_("Checking…"))
        self._state.show()
        self._desk.in_background(self._desk.service.trail.check_trail, self._checked)

    def _checked(self, found: TrailState) -> None:
        template = _n(
            "{mark} The chain holds: {count} entry, {seal} at its end, {at}.",
            "{mark} The chain holds: {count} entries, {seal} at its end, {at}.",
            found.count,
        )
        at = found.newest.strftime("%Y-%m-%d %H:%M")
        said = template.format(mark=SHAPES["done"], count=found.count, seal=found.seal, at=at)
        gaps = (f"{SHAPES['caution']} {gap}" for gap in found.gaps)
        self._state.setText("\n".join((said, *gaps)))

    def _ask_where(self) -> None:
        """As CSV, or as JSON lines where the name ends in .jsonl."""
        wanted, trail = self._wanted(), self._desk.service.trail
        if wanted is None:
            return
        self._files = ask_file(
            self,
            _("Save the entries"),
            "audit-trail.csv",
            lambda at: trail.export_trail(wanted, at),
            self._exported,
        )

    def _exported(self, path: Path) -> None:
        if isValid(self):
            self._state.setText(_("✓ Saved in {place}").format(place=path))
            self._state.show()


def _patient_words(desk: Desk) -> str:
    """Who may open no chart learns no name here either."""
    if review.may(desk.service.staff, "show"):
        return _("Patient: record number, or part of a name")
    return _("Patient: the whole record number")


def _fill(box: QComboBox, entries: list[tuple[str, str]]) -> None:
    chosen = box.currentData()
    box.clear()
    for said, data in entries:
        box.addItem(said, data)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
