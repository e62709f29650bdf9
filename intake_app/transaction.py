"""What everything that staff do goes through: the role table, then one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, Table

from intake_app import content
from intake_app.core import review, setup
from intake_app.core.errors import IntakeError, NotAllowed
from intake_app.core.model import Clinic, Intake, Role, Staff, Standing
from intake_app.core.protocol import Protocol
from intake_app.core.screening import Case, screened
from intake_app.core.words import _
from intake_app.store import clinic, database, finder, intakes, schema, vault
from intake_app.store.audit import Actor, Head, Journal, Notes

# The setting that says whether the present recovery key was typed back: "made", then "proven".
PAPER = "recovery_key"


def made_new_paper(work: Transaction) -> None:
    work.write(schema.setting, {"name": PAPER, "value": "made"}, "recovery_key_made")


def check_password(password: str, again: str, name: str, about: Clinic) -> None:
    """The same rules wherever somebody chooses one."""
    common = content.common_passwords()
    setup.check_password(password, again, name=name, clinic=about.name, common=common)


class NotHere(IntakeError):
    """Somebody whose key opens the vault, and who may not work in it now."""

    def __init__(self, member: Staff) -> None:
        super().__init__(_not_here(member).format(name=member.name))


def _not_here(member: Staff) -> str:
    if member.standing is Standing.CODE:
        return _(
            "{name} was given a one-time code: choose a new password with it first. Nothing was "
            "opened."
        )
    return _("{name} cannot unlock these records any more; an administrator knows why.")


Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Transaction:
    """Its connection and its journal."""

    connection: Connection
    journal: Journal

    def write(self, table: Table, row: Mapping[str, object], event: str) -> None:
        self.journal.write(table, row, event)
        finder.follow(self.connection, table, row)


@dataclass(frozen=True)
class Look:
    """A transaction that writes nothing, and what it saw."""

    connection: Connection
    journal: Notes


@dataclass
class Office:
    """An open vault: what everybody at this desk shares. `about` is what clinic.json holds."""

    records: database.Records
    about: Clinic
    clock: Clock
    _protocols: dict[str, Protocol] = field(default_factory=dict)
    # Everybody as they stand now; nobody else writes. Empty while a vault is made.
    people: Mapping[str, Staff] = field(default_factory=dict)
    # The intake that was changed last, as of the newest entry of the trail then. An entry's MAC
    # covers all that was written before it, so under the same entry the intake is the same.
    _latest: tuple[Head, Intake] | None = field(default=None, repr=False)

    def today(self) -> date:
        return self.clock().date()

    def learn_people(self) -> None:
        """After every change to who works here, or how."""
        with self.records.look() as connection:
            self.people = clinic.load_staff(connection)

    def member(self, staff_id: str) -> Staff:
        """Who unlocked; a place in vault.keys without a row in the records is nobody's."""
        if not self.people:
            self.learn_people()
        found = self.people.get(staff_id)
        if found is None:
            raise NotAllowed(_("open these records"), _("staff of this clinic"))
        return self.as_they_stand(found)

    def as_they_stand(self, staff: Staff) -> Staff:
        """With the roles of now; NotHere where they may not work now, whatever they opened."""
        now = self.people.get(staff.id, staff)
        if now.standing is not Standing.HERE:
            raise NotHere(now)
        return now

    def protocol(self, connection: Connection, digest: str) -> Protocol:
        """The protocol that an intake was taken with."""
        if digest not in self._protocols:
            text = clinic.protocol_text(connection, digest)
            self._protocols[digest] = content.build(content.Bundle.from_text(text))
        return self._protocols[digest]

    def intake(
        self, connection: Connection, intake_id: str, head: Head | None = None
    ) -> tuple[Intake, Protocol]:
        """An intake, under the protocol that it was taken with. `head`: the newest entry now, of
        whoever is about to change it."""
        latest = self._latest
        if latest is not None and latest[0] == head and latest[1].id == intake_id:
            return latest[1], self.protocol(connection, latest[1].protocol_digest)
        return self.load(connection, intake_id)

    def load(self, connection: Connection, intake_id: str) -> tuple[Intake, Protocol]:
        """From its rows, whatever was changed last."""
        found = intakes.find(connection, intake_id)
        protocol = self.protocol(connection, found.protocol_digest)
        return intakes.load(connection, found, protocol), protocol

    def remember(self, intake: Intake, head: Head) -> None:
        """For the next change: at every key all rows of the call would be read again. Where this
        transaction is not committed, no later one begins behind its entries."""
        self._latest = head, intake

    def case(self, intake: Intake, protocol: Protocol) -> Case:
        """As of today; a signed intake as of the day on which it was signed."""
        now = self.clock()
        at = now if intake.signature is None else intake.signature.at.astimezone(now.tzinfo)
        return screened(intake, protocol, at.date())

    def in_force(self, connection: Connection) -> Protocol:
        """The protocol that new intakes are taken with."""
        return self.protocol(connection, clinic.settings(connection)["protocol"])


@dataclass(frozen=True)
class Session:
    """One member of staff at an open vault, and what signs for them."""

    office: Office
    staff: Staff
    pen: vault.Pen | None = None

    @contextmanager
    def change(self, action: str) -> Iterator[Transaction]:
        """The gate, then one transaction: denied unless the role table says otherwise."""
        staff = self.office.as_they_stand(self.staff)
        with self.act_as(review.role_for(staff, action)) as work:
            yield work

    @contextmanager
    def view(self, action: str) -> Iterator[Transaction]:
        """The gate, then one transaction that looks and says so: what may be done on hold, too."""
        office = self.office
        with office.records.view(self._actor(action), office.clock()) as (connection, journal):
            yield Transaction(connection, journal)

    @contextmanager
    def read(self, action: str) -> Iterator[Look]:
        """The gate, then one transaction that only looks. Its notes are entries that follow it, now
        or, while the disk refuses them, before the next one (decisions/0033)."""
        office = self.office
        with office.records.read(self._actor(action), office.clock()) as (connection, notes):
            yield Look(connection, notes)

    def _actor(self, action: str) -> Actor:
        """The gate: whoever may do it, as they stand now, in the role that lets them."""
        staff = self.office.as_they_stand(self.staff)
        return Actor(staff.id, review.role_for(staff, action).value, self.pen)

    @contextmanager
    def act_as(self, role: Role) -> Iterator[Transaction]:
        """Without the gate: for the first rows of a new vault."""
        office, actor = self.office, Actor(self.staff.id, role.value, self.pen)
        with office.records.change(actor, office.clock()) as (connection, journal):
            yield Transaction(connection, journal)

    def rotate(
        self, action: str, file: vault.VaultKeys, write: Callable[[Transaction], None]
    ) -> str:
        """The gate, then one transaction under a new vault key; the new recovery key."""
        office = self.office
        office.records, recovery_key = office.records.rotated(
            file,
            self._actor(action),
            office.clock(),
            lambda connection, journal: write(Transaction(connection, journal)),
        )
        return recovery_key

    @contextmanager
    def look(self, action: str) -> Iterator[Connection]:
        """The gate, then one transaction that leaves no entry in the trail."""
        review.role_for(self.office.as_they_stand(self.staff), action)
        with self.office.records.look() as connection:
            yield connection

    def protocol(self) -> Protocol:
        """What new intakes are taken with. Holds no patient data."""
        with self.office.records.look() as connection:
            return self.office.in_force(connection)
