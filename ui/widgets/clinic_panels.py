"""The parts of the set-up that a clinic returns to: numbers, staff, protocol, wording.

Set-up and settings show the same panels; here they are bound to the service, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from intake_app import content
from intake_app.core import centres, safety
from intake_app.core.model import Clinic, Role, Standing
from intake_app.core.protocol import Protocol
from intake_app.core.setup import Part, missing
from intake_app.core.words import _, _n
from intake_app.imports import Questionnaire
from intake_app.service import ClinicService, NewPerson
from ui.desk import Desk
from ui.widgets.centres import CentresPanel
from ui.widgets.fields import Panel
from ui.widgets.instruments import InstrumentsPanel
from ui.widgets.new_paper import NewPaperPanel
from ui.widgets.numbers import NumbersPanel
from ui.widgets.parameters import ParametersPanel
from ui.widgets.roster import (
    DEEDS,
    OwnPasswordPanel,
    RosterPanel,
    calling_back_panel,
    locking_panel,
)
from ui.widgets.scripts import ScriptsPanel
from ui.widgets.staffing import StaffPanel
from ui.widgets.wording import WordingPanel


def part_words() -> Mapping[Part, str]:
    return {
        Part.NUMBERS: _("People and numbers"),
        Part.STAFF: _("Staff"),
        Part.PROTOCOL: _("Protocol"),
        Part.WORDING: _("Official wording"),
        Part.PAPER: _("Recovery key"),
    }


def lacking(desk: Desk) -> tuple[Part, ...]:
    """What the set-up of this clinic still lacks."""
    found = desk.ask(
        lambda s: missing(
            s.about, s.clinic.staff(), s.protocol(), lacks_paper=s.clinic.lacks_paper()
        )
    )
    return found or ()


def lacking_words(desk: Desk) -> str:
    """One line for the worklist, empty where nothing lacks."""
    unset = safety.ready_to_screen(desk.service.about.numbers)
    if unset:
        template = _(
            "No call can begin before these are set: {missing}. Ctrl+, opens the settings."
        )
        return template.format(missing=", ".join(unset))
    found, said = lacking(desk), part_words()
    if not found:
        return ""
    names = ", ".join(said[part] for part in found)
    template = _n(
        "{count} thing of the set-up is missing: {names}. Ctrl+, opens it.",
        "{count} things of the set-up are missing: {names}. Ctrl+, opens them.",
        len(found),
    )
    return template.format(count=len(found), names=names)


def _number(typed: str) -> int:
    """What nobody may set, where it is none."""
    typed = typed.strip()
    return int(typed) if typed.isdecimal() else -1


class ClinicPanels(QObject):
    """`kept` names the part that was saved, and says so in a sentence; `new_paper` that a recovery
    key is shown that nobody has on paper yet."""

    kept = Signal(object, str)
    new_paper = Signal()

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._countries = {country.code: country for country in content.countries()}
        self.numbers = NumbersPanel()
        self.staff = StaffPanel()
        self.parameters = ParametersPanel()
        protocol, by = desk.service.protocol(), desk.service.staff.name
        self.wording = WordingPanel(protocol.instruments[protocol.suicide_screen], by)
        self.instruments = InstrumentsPanel(by)
        self.roster = RosterPanel()
        self.password = OwnPasswordPanel()
        self.locking = locking_panel()
        self.calling_back = calling_back_panel()
        self.centres = CentresPanel()
        self.scripts = ScriptsPanel()
        self.paper = NewPaperPanel()
        self.panels: Mapping[Part, Panel] = {
            Part.NUMBERS: self.numbers,
            Part.STAFF: self.staff,
            Part.PROTOCOL: self.parameters,
            Part.WORDING: self.wording,
            Part.PAPER: self.paper,
        }
        self.more: Mapping[Panel, str] = {
            self.roster: _("Who may unlock"),
            self.password: _("Your password"),
            self.locking: _("Locking"),
            self.calling_back: _("Calling back"),
            self.centres: _("Centres elsewhere"),
            self.scripts: _("What is read aloud"),
        }
        self._connect()

    def _connect(self) -> None:
        self.numbers.kept.connect(self._keep_numbers)
        self.staff.form.ready.connect(self._add)
        self.parameters.decided.connect(self._decide)
        self.parameters.adopted.connect(self._adopt)
        for form in (self.wording, self.instruments):
            form.attested.connect(self._attest)
            form.chosen.connect(self._read_wording)
        self.roster.wanted.connect(self._act)
        self.password.given.connect(self._change_password)
        self.locking.kept.connect(self._keep_minutes)
        self.calling_back.kept.connect(self._keep_retry)
        self.centres.kept.connect(self._keep_centres)
        self.scripts.kept.connect(self._keep_text)
        self.paper.wanted.connect(self._make_paper)
        self.paper.passed.connect(self._prove_paper)
        self.staff.form.refused.connect(self._desk.refused)

    def put(self) -> None:
        """Everything as the records have it."""
        service = self._desk.service
        about, protocol = service.about, service.protocol()
        self.numbers.put(about, self._countries.get(about.country), self._desk.now().date())
        self._put_staff()
        self._put_numbers(about)
        self.centres.put(about, self._desk.now().date())
        self.scripts.put(about)
        self._put_draft()
        self._put_wording(protocol)

    def _put_wording(self, protocol: Protocol) -> None:
        screen = protocol.suicide_screen
        official = protocol.official_wordings.get(screen)
        self.wording.put(official, protocol.instruments[screen])

    def put_instruments(self) -> None:
        """Every scale is read and proven for it: only when somebody looks."""
        found = self._desk.ask(lambda service: service.protocols.instruments())
        if found is not None:
            self.instruments.put(self._desk.service.protocol(), found)

    def _put_staff(self) -> None:
        everybody = self._desk.ask(lambda service: service.clinic.staff()) or ()
        here = [each for each in everybody if each.standing is not Standing.REMOVED]
        waiting = self._desk.ask(lambda service: service.clinic.lockouts()) or {}
        self.staff.put(here, self._desk.service.about.name)
        self.roster.put(everybody, waiting)

    def _put_draft(self) -> None:
        drafted = self._desk.ask(lambda service: service.protocols.draft())
        if drafted is not None:
            changes = self._desk.ask(lambda service: service.protocols.difference())
            self.parameters.put(drafted, changes or ())

    def _keep_numbers(self, numbers: Mapping[str, str]) -> None:
        about = replace(self._desk.service.about, numbers=numbers)
        found = self._desk.ask(lambda service: service.clinic.change_clinic(about))
        if found is not None:
            self.numbers.put(found, self._countries.get(found.country), self._desk.now().date())
            self.kept.emit(Part.NUMBERS, _("✓ The numbers are saved."))

    def _add(self, person: NewPerson) -> None:
        if self._desk.ask(lambda service: service.clinic.add_staff(person)) is None:
            return
        self.staff.form.clear()
        self._put_staff()
        self.kept.emit(Part.STAFF, _("✓ {name} was added.").format(name=person.name))

    # Who may unlock ---------------------------------------------------------------------------

    def _act(self, deed: str, staff_id: str, roles: frozenset[Role]) -> None:
        if deed == "roles":
            found: object = self._desk.ask(lambda s: s.clinic.change_roles(staff_id, roles))
        else:
            found = self._desk.ask(lambda s: _DOING[deed](s.clinic, staff_id))
        if found is None:
            return
        self._put_staff()
        words = DEEDS[deed].words()
        self.kept.emit(None, _("✓ Done: {deed}.").format(deed=words))
        if deed == "reset":
            self.roster.show_code(str(found))
        if deed == "remove":
            self.show_paper(str(found))

    def _change_password(self, old: str, new: str, again: str) -> None:
        done = self._desk.ask(lambda s: s.clinic.change_password(old, new, again))
        if done:
            self.password.clear()
            self.kept.emit(None, _("✓ Your password is changed; the old one opens nothing."))

    def _keep_minutes(self, idle: str, call: str) -> None:
        about = self._desk.service.about
        about = replace(about, idle_minutes=_number(idle), call_minutes=_number(call))
        self._keep_about(about, _("✓ The minutes are saved."))

    def _keep_retry(self, minutes: str, most: str) -> None:
        told = [_number(typed) if typed.strip() else None for typed in (minutes, most)]
        about = replace(self._desk.service.about, retry_minutes=told[0], most_tries=told[1])
        self._keep_about(about, _("✓ Saved; the next line that drops is tried again like that."))

    def _keep_centres(self, text: str) -> None:
        about, today = self._desk.service.about, self._desk.now().date()
        found = self._desk.ask(
            lambda s: s.clinic.change_clinic(replace(about, centres=centres.read(text, today)))
        )
        if found is not None:
            self.centres.put(found, today)
            self.kept.emit(None, _("✓ The centres are saved."))

    def _keep_about(self, about: Clinic, said: str) -> None:
        found = self._desk.ask(lambda service: service.clinic.change_clinic(about))
        if found is not None:
            self._put_numbers(found)
            self.kept.emit(None, said)

    def _put_numbers(self, about: Clinic) -> None:
        self.locking.put(about.idle_minutes, about.call_minutes)
        self.calling_back.put(about.retry_minutes, about.most_tries)

    def _keep_text(self, key: str, text: str) -> None:
        about = self._desk.service.about
        texts = {k: t for k, t in {**about.texts, key: text}.items() if t}
        found = self._desk.ask(lambda s: s.clinic.change_clinic(replace(about, texts=texts)))
        if found is not None:
            self.scripts.put(found)
            said = _("✓ Saved; the next call reads it.") if text else _("✓ Built-in words again.")
            self.kept.emit(None, said)

    def _make_paper(self) -> None:
        made = self._desk.ask(lambda service: service.clinic.new_recovery_key())
        if made is not None:
            self.show_paper(made)

    def show_paper(self, recovery_key: str) -> None:
        self.new_paper.emit()
        self.paper.show_key(recovery_key, self._desk.service.about.name)

    def _prove_paper(self) -> None:
        done = self._desk.ask(lambda s: s.clinic.recovery_key_is_on_paper())
        if done:
            self.paper.put_away()
            self.kept.emit(Part.PAPER, _("✓ The recovery key is on paper; the old one is void."))

    def _decide(self, criterion: str, param: str, value: object, basis: str) -> None:
        found = self._desk.ask(
            lambda service: service.protocols.decide_parameter(criterion, param, value, basis)
        )
        if found is not None:
            self._put_draft()
            self.parameters.went_on()
            said = _("✓ Confirmed by {by}, in the draft: it holds once it is adopted.")
            self.kept.emit(None, said.format(by=self._by))

    def _adopt(self, reason: str) -> None:
        found = self._desk.ask(lambda service: service.protocols.adopt_protocol(reason))
        if found is None:
            return
        self._put_draft()
        self.parameters.was_adopted()
        waiting = self._desk.ask(lambda service: service.protocols.to_look_at_again()) or ()
        said = _("✓ Adopted by {by}.").format(by=self._by)
        if waiting:
            template = _n(
                "{said} {count} open intake is to be looked at again: see the worklist.",
                "{said} {count} open intakes are to be looked at again: see the worklist.",
                len(waiting),
            )
            said = template.format(said=said, count=len(waiting))
        self.kept.emit(Part.PROTOCOL, said)

    def _read_wording(self, form: WordingPanel, path: str) -> None:
        """Beside the window: a file may take its time."""
        file, protocols = Path(path), self._desk.service.protocols

        def propose(found: Questionnaire) -> None:
            if isValid(form):
                form.propose(found, file.name)

        self._desk.in_background(lambda: protocols.read_wording(file), propose)

    def _attest(self, instrument: str, texts: Mapping[str, str], source: str) -> None:
        found = self._desk.ask(
            lambda service: service.protocols.attest_wording(instrument, texts, source)
        )
        if found is not None:
            self._put_wording(found)
            self.put_instruments()
            said = _("✓ Attested by {by}; new calls read it out.").format(by=self._by)
            self.kept.emit(Part.WORDING, said)

    @property
    def _by(self) -> str:
        return self._desk.service.staff.name


_DOING: Mapping[str, Callable[[ClinicService, str], object]] = {
    "suspend": ClinicService.suspend_staff,
    "reinstate": ClinicService.reinstate_staff,
    "reset": ClinicService.reset_staff,
    "lift": ClinicService.lift_lockout,
    "remove": ClinicService.remove_staff,
}
