"""ClinicService: what belongs to the clinic and to no patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from uuid import uuid4

from intake_app.core import setup
from intake_app.core.errors import WrongMove
from intake_app.core.model import Clinic, Role, Staff
from intake_app.core.words import _
from intake_app.store import clinic, schema, vault
from intake_app.store.anchor import CLINIC
from intake_app.store.codec import canonical
from intake_app.transaction import Session

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
