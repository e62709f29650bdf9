"""ClinicService: what belongs to the clinic and to no patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

from intake_app.core import centres, contacts, roster, scripts
from intake_app.core.errors import NotFound, WrongMove
from intake_app.core.model import Clinic, Role, Staff, Standing
from intake_app.core.words import _
from intake_app.store import clinic, database, schema, tries, vault
from intake_app.store.anchor import CLINIC
from intake_app.store.codec import canonical
from intake_app.transaction import PAPER, Session, Transaction, check_password, made_new_paper

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
        with self._change("add_staff") as work:
            if not person.roles:
                raise WrongMove(_("A member of staff needs a role; nobody was added."))
            check_password(
                person.password, person.password, person.name, self._session.office.about
            )
            known = clinic.load_staff(work.connection)
            if any(vault.folded(m.name) == vault.folded(person.name) for m in known.values()):
                raise vault.NameTaken(person.name)  # of somebody who left, too
            member = Staff(str(uuid4()), person.name, person.roles)
            work.write(schema.staff, clinic.staff_row(member), "staff_added")
            slot = vault.NewStaff(member.id, member.name, person.password)
            keys = vault.with_staff(self._records.folder, self._records.keys, slot, known)
            self._records.replace_keys(keys, work.journal.at)
            return member

    def suspend_staff(self, staff_id: str) -> Staff:
        """They cannot unlock until they are reinstated; their password stays as it is."""
        with self._change("suspend_staff") as work:
            member = self._moved(work, staff_id, Standing.SUSPENDED)
            file = self._keys()
            slot = vault.slot_of(file, staff_id)
            kept = vault.slot_text(slot) if slot else ""
            self._give_up_key(work, slot)
            work.write(schema.staff_change, clinic.change_row(member, kept), "staff_suspended")
            self._records.plan_keys(vault.without(file, staff_id), work.journal.at)
            return member

    def reinstate_staff(self, staff_id: str) -> Staff:
        """With the password that they had."""
        with self._change("reinstate_staff") as work:
            member = self._moved(work, staff_id, Standing.HERE)
            _standing, kept = clinic.kept_slots(work.connection)[staff_id]
            work.write(schema.staff_change, clinic.change_row(member, kept), "staff_reinstated")
            self._records.plan_keys(
                vault.with_slot(self._keys(), self._records.keys, vault.slot_from(kept)),
                work.journal.at,
            )
            return member

    def change_roles(self, staff_id: str, roles: frozenset[Role]) -> Staff:
        with self._change("change_roles") as work:
            everybody = clinic.load_staff(work.connection)
            member = _known(everybody, staff_id)
            roster.check_roles(member, roles, everybody.values())
            _standing, kept = clinic.kept_slots(work.connection).get(staff_id, (None, ""))
            member = replace(member, roles=roles)
            work.write(schema.staff_change, clinic.change_row(member, kept), "roles_changed")
            return member

    def reset_staff(self, staff_id: str) -> str:
        """A one-time code, given this once: with it they choose a new password. New key pairs; what
        was signed with the old ones still verifies."""
        with self._change("reset_staff") as work:
            member = self._moved(work, staff_id, Standing.CODE)
            code, keys = vault.new_code(), self._records.keys
            by_code = vault.NewStaff(staff_id, member.name, vault.code_as_password(code))
            file, slot = self._keys(), vault.new_slot(keys, by_code)
            self._give_up_key(work, vault.slot_of(file, staff_id))
            row = clinic.change_row(member, vault.slot_text(slot))
            work.write(schema.staff_change, row, "staff_reset")
            self._records.plan_keys(vault.with_slot(file, keys, slot), work.journal.at)
        tries.forgive(self._records.folder, staff_id)
        return code

    def remove_staff(self, staff_id: str) -> str:
        """For good, and a new vault key without them: the new recovery key, given this once. A copy
        of the files that was taken before stays readable to whoever could read it then."""
        file = self._keys()

        def write(work: Transaction) -> None:
            member = self._moved(work, staff_id, Standing.REMOVED)
            self._give_up_key(work, vault.slot_of(file, staff_id))
            work.write(schema.staff_change, clinic.change_row(member), "staff_removed")
            made_new_paper(work)

        rest = vault.without(file, staff_id)
        recovery_key = self._session.rotate("remove_staff", rest, write)
        self._session.office.learn_people()
        tries.forgive(self._records.folder, staff_id)
        return recovery_key

    def _moved(self, work: Transaction, staff_id: str, to: Standing) -> Staff:
        everybody = clinic.load_staff(work.connection)
        member = _known(everybody, staff_id)
        roster.check_move(self._session.staff, member, to, everybody.values())
        return replace(member, standing=to)

    def _give_up_key(self, work: Transaction, slot: vault.Slot | None) -> None:
        """What somebody signed has to be provable when vault.keys does not know them any more."""
        if slot is not None:
            row = {"staff_id": slot.staff_id, "public": slot.sign_public.hex()}
            work.write(schema.signing_key, row, "signing_key_given_up")

    # Passwords and the recovery key ---------------------------------------------------------------

    def change_password(self, old: str, new: str, again: str) -> Staff:
        """One's own. The database stays as it is."""
        with self._change("change_password") as work:
            staff, at = self._session.staff, work.journal.at
            check_password(new, again, staff.name, self._session.office.about)
            with tries.guarded(self._records.folder, staff.name, at):
                data = vault.with_password(self._records.folder, staff.name, old, new)
            work.journal.note("password_changed", f"staff:{staff.id}")
            self._records.replace_keys(data, at)
            return staff

    def lift_lockout(self, staff_id: str) -> Staff:
        """Somebody may try a password again at once."""
        with self._change("lift_lockout") as work:
            member = _known(clinic.load_staff(work.connection), staff_id)
            work.journal.note("lockout_lifted", f"staff:{member.id}")
        tries.forgive(self._records.folder, staff_id)
        return member

    def lockouts(self) -> Mapping[str, timedelta]:
        """By staff_id: how long who typed wrong passwords still has to wait."""
        with self._session.look("lockouts"):
            now = self._session.office.clock()
            held = tries.read(self._records.folder)
            return {key: each.wait(now) for key, each in held.items() if each.wait(now)}

    def new_recovery_key(self) -> str:
        """Given this once and not kept; the earlier paper opens nothing from here on."""
        with self._change("new_recovery_key") as work:
            file, recovery_key = vault.with_recovery(self._keys(), self._records.keys)
            made_new_paper(work)
            self._records.replace_keys(vault.sealed(file, self._records.keys), work.journal.at)
            return recovery_key

    def recovery_key_is_on_paper(self) -> Staff:
        """Part of it was typed back from the paper, by this person."""
        with self._change("recovery_key_is_on_paper") as work:
            row = {"name": PAPER, "value": "proven"}
            work.write(schema.setting, row, "recovery_key_proven")
            return self._session.staff

    def lacks_paper(self) -> bool:
        """Whether nobody has typed the present recovery key back yet."""
        with self._session.look("lacks_paper") as connection:
            return clinic.settings(connection).get(PAPER) == "made"

    @property
    def _records(self) -> database.Records:
        return self._session.office.records

    def _keys(self) -> vault.VaultKeys:
        return vault.proven(self._records.folder, self._records.keys)

    @contextmanager
    def _change(self, action: str) -> Iterator[Transaction]:
        """Who works here is known anew afterwards."""
        try:
            with self._session.change(action) as work:
                yield work
        finally:
            self._session.office.learn_people()

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
            roster.check_idle(about.idle_minutes, about.call_minutes)
            contacts.check_retry(about)
            centres.read(centres.written(about), work.journal.at.date())
            scripts.refuse(about.texts)
            if about.demo != office.about.demo:
                raise WrongMove(_("A demo stays a demo, and nothing else is one; not changed."))
            work.journal.note("clinic_changed", CLINIC)
            office.records.replace_clinic(asdict(about), work.journal.at)
        office.about = about
        return about


def _known(everybody: Mapping[str, Staff], staff_id: str) -> Staff:
    if staff_id not in everybody:
        raise NotFound(_("such member of staff"))
    return everybody[staff_id]
