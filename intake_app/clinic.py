"""ClinicService: what belongs to the clinic and to no patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from uuid import uuid4

from intake_app import content
from intake_app.core import setup
from intake_app.core.errors import NotFound, WrongMove
from intake_app.core.model import Clinic, Role, Staff
from intake_app.core.protocol import Protocol
from intake_app.core.words import _
from intake_app.store import clinic, schema, vault
from intake_app.store.anchor import CLINIC
from intake_app.store.codec import canonical
from intake_app.transaction import Session, Transaction

_LARGEST_PLACE = 16 * 1024


@dataclass(frozen=True)
class NewPerson:
    name: str
    roles: frozenset[Role]
    password: str = field(repr=False)


class ClinicService:
    """The clinic as one member of staff may change it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Staff ----------------------------------------------------------------------------------------

    def staff(self) -> tuple[Staff, ...]:
        """Everybody who ever worked here, by name."""
        with self._session.look("staff") as connection:
            everybody = clinic.load_staff(connection).values()
            return tuple(sorted(everybody, key=lambda member: member.name.casefold()))

    def add_staff(self, person: NewPerson) -> Staff:
        with self._session.change("add_staff") as work:
            if not person.roles:
                raise WrongMove(_("A member of staff needs a role; nobody was added."))
            password, about = person.password, self._session.office.about
            setup.check_password(password, password, name=person.name, clinic=about.name)
            known = clinic.load_staff(work.connection)
            member = Staff(str(uuid4()), person.name, person.roles)
            work.write(schema.staff, clinic.staff_row(member), "staff_added")
            slot = vault.NewStaff(member.id, member.name, person.password)
            records = self._session.office.records
            keys = vault.with_staff(records.folder, records.keys, slot, known)
            records.replace_keys(keys, work.journal.at)
            return member

    # Where staff were ----------------------------------------------------------------------------

    def keep_place(self, fields: Mapping[str, str]) -> None:
        """Where this person is, to return to after a lock. No part of the record."""
        kept_text = canonical(dict(fields))
        if len(kept_text) > _LARGEST_PLACE:
            raise WrongMove(_("That is too much text to keep unsaved; record some of it."))
        with self._session.look("keep_place") as connection:
            clinic.keep_place(connection, self._session.staff.id, kept_text)

    def place(self) -> Mapping[str, str]:
        """What `keep_place` kept last for this person; empty where it was nothing."""
        with self._session.look("place") as connection:
            return clinic.place(connection, self._session.staff.id)

    # Clinic ---------------------------------------------------------------------------------------

    def change_clinic(self, about: Clinic) -> Clinic:
        """Name, country and whom to phone. A demo stays one, and nothing else becomes one."""
        with self._session.change("change_clinic") as work:
            office = self._session.office
            if not about.name.strip():
                raise WrongMove(_("A clinic needs a name; nothing was changed."))
            if about.demo != office.about.demo:
                raise WrongMove(_("A demo stays a demo, and nothing else is one; not changed."))
            work.journal.note("clinic_changed", CLINIC)
            office.records.replace_clinic(asdict(about), work.journal.at)
        office.about = about
        return about

    # Protocol -------------------------------------------------------------------------------------

    def protocol(self) -> Protocol:
        """What new intakes are taken with. Holds no patient data."""
        return self._session.protocol()

    def decide_parameter(self, criterion: str, param: str, value: object = None) -> Protocol:
        """Take a parameter over as it stands, or set it for this clinic; for new intakes."""
        with self._session.change("decide_parameter") as work:
            bundle = self._session.office.bundle(work.connection)
            known = content.build(bundle).by_criterion.get(criterion)
            if known is None or param not in known.params:
                raise NotFound(_("parameter '{name}'").format(name=f"{criterion}.{param}"))
            taken = known.params[param].value if value is None else value
            by = self._session.staff.name
            decided = content.ParamDecision(criterion, param, taken, by)
            kept = [d for d in bundle.decisions if (d.criterion, d.param) != (criterion, param)]
            return self._put_in_force(work, replace(bundle, decisions=(*kept, decided)))

    def attest_wording(self, instrument: str, texts: Mapping[str, str], source: str) -> Protocol:
        """The official text of every item of an instrument, typed in from `source`; for new
        intakes. Whoever does it answers for it by name."""
        with self._session.change("attest_wording") as work:
            bundle = self._session.office.bundle(work.connection)
            known = content.build(bundle).instruments.get(instrument)
            if known is None:
                raise NotFound(_("instrument '{name}'").format(name=instrument))
            _check_texts([item.id for item in known.items], texts, source)
            plain = tuple((item.id, texts[item.id].strip()) for item in known.items)
            by = self._session.staff.name
            attested = content.Wording(instrument, plain, source.strip(), by)
            kept = [w for w in bundle.wordings if w.instrument != instrument]
            return self._put_in_force(work, replace(bundle, wordings=(*kept, attested)))

    def adopt_protocol(self) -> Protocol:
        """A clinician answers for the protocol by name; placeholders stay marked until decided."""
        with self._session.change("adopt_protocol") as work:
            bundle = self._session.office.bundle(work.connection)
            return self._put_in_force(work, replace(bundle, adopted_by=self._session.staff.name))

    def _put_in_force(self, work: Transaction, bundle: content.Bundle) -> Protocol:
        put_in_force(work, bundle)
        return self._session.office.in_force(work.connection)


def _check_texts(items: Iterable[str], texts: Mapping[str, str], source: str) -> None:
    items = tuple(items)
    missing = [item for item in items if not texts.get(item, "").strip()]
    if missing:
        template = _("The official text is still missing for {items}; nothing was changed.")
        raise WrongMove(template.format(items=", ".join(missing)))
    if set(texts) - set(items):
        template = _("{items} are no items of this instrument; nothing was changed.")
        raise WrongMove(template.format(items=", ".join(sorted(set(texts) - set(items)))))
    if not source.strip():
        raise WrongMove(_("An official text needs its source; nothing was changed."))


def put_in_force(work: Transaction, bundle: content.Bundle) -> None:
    """For new intakes; those that are open keep the text that they were taken with."""
    protocol = content.build(bundle)
    clinic.keep_protocol(
        work.connection,
        work.journal,
        digest=protocol.digest,
        name=protocol.name,
        version=protocol.version,
        content=bundle.to_text(),
    )
    setting = {"name": "protocol", "value": protocol.digest}
    work.write(schema.setting, setting, "protocol_in_force")
