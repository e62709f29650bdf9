"""The parts of the set-up that a clinic returns to: numbers, staff, protocol, wording.

Set-up and settings show the same panels; here they are bound to the service, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from intake_app import content
from intake_app.core import safety
from intake_app.core.protocol import Protocol
from intake_app.core.setup import Part, missing
from intake_app.core.words import _
from intake_app.service import NewPerson
from ui.desk import Desk
from ui.widgets.fields import Panel
from ui.widgets.instruments import InstrumentsPanel
from ui.widgets.numbers import NumbersPanel
from ui.widgets.parameters import ParametersPanel
from ui.widgets.staffing import StaffPanel
from ui.widgets.wording import WordingPanel


def part_words() -> Mapping[Part, str]:
    return {
        Part.NUMBERS: _("People and numbers"),
        Part.STAFF: _("Staff"),
        Part.PROTOCOL: _("Protocol"),
        Part.WORDING: _("Official wording"),
    }


def lacking(desk: Desk) -> tuple[Part, ...]:
    """What the set-up of this clinic still lacks."""
    found = desk.ask(lambda s: missing(s.about, s.clinic.staff(), s.protocol()))
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
    if len(found) == 1:
        return _("1 thing of the set-up is missing: {names}. Ctrl+, opens it.").format(names=names)
    template = _("{count} things of the set-up are missing: {names}. Ctrl+, opens them.")
    return template.format(count=len(found), names=names)


class ClinicPanels(QObject):
    """`kept` names the part that was saved, and says so in a sentence."""

    kept = Signal(object, str)

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
        self.panels: Mapping[Part, Panel] = {
            Part.NUMBERS: self.numbers,
            Part.STAFF: self.staff,
            Part.PROTOCOL: self.parameters,
            Part.WORDING: self.wording,
        }
        self.numbers.kept.connect(self._keep_numbers)
        self.staff.form.ready.connect(self._add)
        self.parameters.decided.connect(self._decide)
        self.parameters.adopted.connect(self._adopt)
        self.wording.attested.connect(self._attest)
        self.instruments.attested.connect(self._attest)
        for each in (self.staff.form, self.parameters):
            each.refused.connect(desk.refused)

    def put(self) -> None:
        """Everything as the records have it."""
        service = self._desk.service
        about, protocol = service.about, service.protocol()
        self.numbers.put(about, self._countries.get(about.country))
        self.staff.put(self._desk.ask(lambda service: service.clinic.staff()) or (), about.name)
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

    def _put_draft(self) -> None:
        drafted = self._desk.ask(lambda service: service.protocols.draft())
        if drafted is not None:
            changes = self._desk.ask(lambda service: service.protocols.difference())
            self.parameters.put(drafted, changes or ())

    def _keep_numbers(self, numbers: Mapping[str, str]) -> None:
        about = replace(self._desk.service.about, numbers=numbers)
        found = self._desk.ask(lambda service: service.clinic.change_clinic(about))
        if found is not None:
            self.numbers.put(found, self._countries.get(found.country))
            self.kept.emit(Part.NUMBERS, _("✓ The numbers are saved."))

    def _add(self, person: NewPerson) -> None:
        if self._desk.ask(lambda service: service.clinic.add_staff(person)) is None:
            return
        staff = self._desk.ask(lambda service: service.clinic.staff()) or ()
        self.staff.form.clear()
        self.staff.put(staff, self._desk.service.about.name)
        self.kept.emit(Part.STAFF, _("✓ {name} was added.").format(name=person.name))

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
            template = _("{said} {count} open intakes are to be looked at again: see the worklist.")
            said = template.format(said=said, count=len(waiting))
        self.kept.emit(Part.PROTOCOL, said)

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
