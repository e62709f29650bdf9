"""The ways into a vault: by password, by one-time code, by the recovery key on paper."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from intake_app.core.errors import NotAllowed, WrongMove
from intake_app.core.model import Clinic, Role, Staff, Standing
from intake_app.core.setup import NewPassword
from intake_app.core.words import _
from intake_app.store import anchor, clinic, database, schema, tries, vault
from intake_app.store.audit import BY_PAPER, Actor
from intake_app.transaction import (
    Clock,
    Office,
    Session,
    Transaction,
    check_password,
    made_new_paper,
)

_MOST_TOLD = 100  # of the wrong passwords of one name, in one opening


def unlocked(folder: Path, name: str, password: str, clock: Clock) -> vault.Unlocked:
    """The keys, by one of the staff; every refusal is one sentence."""
    database.tidy(folder)
    with tries.guarded(folder, name, clock()):
        return vault.unlock(folder, name, password)


First = Callable[[Session], object]


def by_password(
    records: database.Records, unlocked: vault.Unlocked, clock: Clock, first: First | None
) -> Session:
    """`first` comes before any entry in the trail; what it raises leaves them as they were."""

    def let_in(office: Office) -> Session:
        if first is not None:
            first(Session(office, office.member(unlocked.staff_id), unlocked.pen))
        return _let_in(office, unlocked)

    return _entered(records, clock, let_in)


def by_code(folder: Path, code: str, new: NewPassword, clock: Clock) -> Session:
    """The one-time code of an administrator opens once, and only with a new password."""
    typed = vault.code_as_password(code)
    found = unlocked(folder, new.name, typed, clock)
    records = database.open_records(folder, found.keys)
    return _entered(records, clock, lambda office: _choose(office, found, typed, new))


def by_paper(
    folder: Path, recovery_key: str, new: NewPassword, clock: Clock
) -> tuple[Session, str]:
    """Nobody can unlock: the paper makes `new.name` an administrator, one who is here already or
    somebody new, and gives a new recovery key. The paper opens nothing afterwards."""
    papers: list[str] = []
    database.tidy(folder)
    records = database.open_records(folder, vault.recover(folder, recovery_key))
    session = _entered(records, clock, lambda office: _recovered(office, new, papers))
    return session, papers[0]


def _entered(
    records: database.Records, clock: Clock, enter: Callable[[Office], Session]
) -> Session:
    try:
        about = Clinic(**anchor.read_clinic(records.folder, records.keys))
        office = Office(records, about, clock)
        office.learn_people()
        return enter(office)
    except BaseException:
        records.close()
        raise


def _let_in(office: Office, unlocked: vault.Unlocked) -> Session:
    staff = office.people.get(unlocked.staff_id)
    if staff is None:
        raise NotAllowed(_("open these records"), _("staff of this clinic"))
    # Also where the disk is full: reading goes on without it, and the next opening tells again.
    with suppress(database.NotSaved, vault.NotSaved):
        with _as(office, staff, unlocked.pen) as work:
            _tell_tries(office, work)
            _settle(office, work)
            work.journal.note("unlocked", f"staff:{staff.id}")
        tries.told(office.records.folder)
    return Session(office, office.member(staff.id), unlocked.pen)


def _as(office: Office, staff: Staff, pen: vault.Pen | None) -> AbstractContextManager[Transaction]:
    role = next(role for role in Role if role in staff.roles)
    return Session(office, staff, pen).act_as(role)


def _tell_tries(office: Office, work: Transaction) -> None:
    """Wrong passwords since the last opening become entries of the trail."""
    for key, each in sorted(tries.read(office.records.folder).items()):
        for _unused in range(min(each.untold, _MOST_TOLD)):
            work.journal.note("unlock_failed", f"staff:{key}")


def _settle(office: Office, work: Transaction) -> None:
    """Bring vault.keys to what the records say of each person: a kill came between, or somebody put
    an older file back."""
    file = found = vault.proven(office.records.folder, office.records.keys)
    for staff_id, (standing, kept) in clinic.kept_slots(work.connection).items():
        here, slot = vault.slot_of(file, staff_id), vault.slot_from(kept) if kept else None
        if standing in (Standing.SUSPENDED, Standing.REMOVED):
            file = vault.without(file, staff_id)
        elif slot is not None and _is_to_replace(here, slot, standing):
            file = vault.with_slot(file, office.records.keys, slot)
    if file != found:
        work.journal.note("keys_settled", anchor.KEYS)
        office.records.plan_keys(file, work.journal.at)


def _is_to_replace(here: vault.Slot | None, kept: vault.Slot, standing: Standing) -> bool:
    """Under a code the slot is the one that the code opens; else whatever they have is theirs."""
    if here is None:
        return True
    return standing is Standing.CODE and here.box_public != kept.box_public


def _choose(office: Office, unlocked: vault.Unlocked, code: str, new: NewPassword) -> Session:
    staff = office.people.get(unlocked.staff_id)
    if staff is None or staff.standing is not Standing.CODE:
        raise WrongMove(
            _("That is no one-time code; unlock with the password. Nothing was changed.")
        )
    check_password(new.password, new.again, staff.name, office.about)
    folder = office.records.folder
    with _as(office, staff, unlocked.pen) as work:
        _settle(office, work)
    with _as(office, staff, unlocked.pen) as work:
        # Opens only while the code's own key pairs are in place: an earlier password fails here.
        data = vault.with_password(folder, staff.name, code, new.password)
        here = replace(staff, standing=Standing.HERE)
        work.write(schema.staff_change, clinic.change_row(here), "password_chosen")
        office.records.replace_keys(data, work.journal.at)
    office.learn_people()
    return Session(office, office.member(staff.id), unlocked.pen)


def _recovered(office: Office, new: NewPassword, papers: list[str]) -> Session:
    check_password(new.password, new.again, new.name, office.about)
    records = office.records
    member = _who(office, new.name)
    slot = vault.new_slot(records.keys, vault.NewStaff(member.id, member.name, new.password))
    pen = vault.pen_of(records.keys, slot, new.password)
    # By the paper, not by the member: until vault.keys follows, nobody has their key.
    actor = Actor(BY_PAPER, Role.ADMINISTRATOR.value)
    with records.change(actor, office.clock()) as (connection, journal):
        work = Transaction(connection, journal)
        file = vault.proven(records.folder, records.keys)
        if member.id not in office.people:
            work.write(schema.staff, clinic.staff_row(member), "staff_added")
        before = vault.slot_of(file, member.id)
        if before is not None:
            row = {"staff_id": member.id, "public": before.sign_public.hex()}
            work.write(schema.signing_key, row, "signing_key_given_up")
        work.write(
            schema.staff_change,
            clinic.change_row(member, vault.slot_text(slot)),
            "recovery_key_used",
        )
        made_new_paper(work)
        file, paper = vault.with_recovery(vault.with_slot(file, records.keys, slot), records.keys)
        records.plan_keys(file, work.journal.at)
    tries.forgive(records.folder, member.id)
    papers.append(paper)
    office.learn_people()
    return Session(office, office.member(member.id), pen)


def _who(office: Office, name: str) -> Staff:
    """Whoever has the name, as an administrator; somebody new where nobody has it."""
    known = (m for m in office.people.values() if vault.folded(m.name) == vault.folded(name))
    member = next(known, Staff(str(uuid4()), name.strip(), frozenset()))
    if member.standing is Standing.REMOVED:
        raise vault.NameTaken(member.name)
    roles = member.roles | {Role.ADMINISTRATOR}
    return replace(member, roles=roles, standing=Standing.HERE)
