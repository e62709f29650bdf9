"""BackupService: backups made, sent to a second place and tried; and a vault taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection

from intake_app import content
from intake_app.core import backups as generations
from intake_app.core import review
from intake_app.core.backups import Backups, Place
from intake_app.core.errors import NotAllowed
from intake_app.core.model import Clinic, Role, Standing
from intake_app.core.protocol import Protocol
from intake_app.core.words import _, _n
from intake_app.store import (
    anchor,
    audit,
    backups,
    clinic,
    database,
    finder,
    gaps,
    outlets,
    places,
    schema,
    tries,
    vault,
    verify,
)
from intake_app.store import trail as kept_trail
from intake_app.store import worklist as kept
from intake_app.store.audit import Actor
from intake_app.store.codec import time_of
from intake_app.transaction import Clock, Office, Session

_SECOND_PLACE = "second_place"


@dataclass(frozen=True)
class Made:
    """A backup that was proven where it lies; `trouble` says why the second place has none."""

    path: Path
    trouble: str = ""


@dataclass(frozen=True)
class Found:
    """What a backup holds, as it was proven."""

    patients: int
    intakes: int
    answers: int
    entries: int
    newest: datetime

    @property
    def words(self) -> str:
        counted = (
            (_n("{count} patient", "{count} patients", self.patients), self.patients),
            (_n("{count} intake", "{count} intakes", self.intakes), self.intakes),
            (_n("{count} answer", "{count} answers", self.answers), self.answers),
            (_n("{count} entry", "{count} entries", self.entries), self.entries),
        )
        parts = ", ".join(template.format(count=count) for template, count in counted)
        newest = self.newest.isoformat(" ", "minutes")
        template = _("{parts} of the audit trail; the newest of {at}")
        return template.format(parts=parts, at=newest)


class BackupService:
    """The backups of these records, for the same person."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._office = session.office
        self._records = session.office.records

    def backup_state(self) -> Backups:
        """Where backups lie and how old they are."""
        with self._session.look("backup_state") as connection:
            second = clinic.settings(connection).get(_SECOND_PLACE, "")
            here = self._place(backups.home(self._records.folder))
            elsewhere = self._elsewhere(Path(second)) if second else None
            newest = here.newest
            return Backups(
                here=here,
                elsewhere=elsewhere,
                changed=audit.changed_since(connection, self._anchor_of(newest)),
                failed=audit.latest_of(connection, "backed_up", "backup_failed") == "backup_failed",
                since=time_of(audit.first_time(connection)),
            )

    def _place(self, path: Path) -> Place:
        zone = self._office.clock().tzinfo
        made = sorted((at.astimezone(zone) for at in backups.made(path)), reverse=True)
        return Place(str(path), tuple(made))

    def _elsewhere(self, chosen: Path) -> Place:
        folder = self._records.folder
        found = replace(self._place(backups.elsewhere(folder, chosen)), path=str(chosen))
        if not chosen.is_dir():
            return replace(found, trouble=_("It is not there now."))
        if places.is_same_disk(chosen, folder):
            return replace(found, trouble=_("It lies on the same disk as the records."))
        sync = places.synchronised_by(chosen)
        template = _("{name} copies it to other computers; it is encrypted there too.")
        return replace(found, trouble=template.format(name=sync)) if sync else found

    def _anchor_of(self, newest: datetime | None) -> int:
        """The last entry that a backup holds; 0 where there is none that can be read."""
        if newest is None:
            return 0
        path = backups.stamped(backups.home(self._records.folder), newest)
        try:
            return anchor.read_head(path, self._records.keys).head.n
        except anchor.Mismatch:
            return 0

    def choose_second_place(self, path: Path | None) -> Backups:
        """A folder on another disk, which may be taken away; None ends it."""
        with self._session.change("choose_second_place") as work:
            if path is not None:
                if not path.is_absolute() or not path.is_dir():
                    raise outlets.WrongPlace(
                        _("The second place is a folder that is there; nothing was changed.")
                    )
                outlets.refuse_records(path / "backup", self._records.folder)
            row = {"name": _SECOND_PLACE, "value": str(path) if path else ""}
            work.write(schema.setting, row, "backup_place_chosen")
        return self.backup_state()

    def is_due(self, after: timedelta) -> bool:
        """Whether something was recorded, and the newest backup is older than `after`."""
        if self._records.hold or self._office.about.demo:
            return False
        return generations.is_due(self.backup_state(), self._office.clock(), after)

    def back_up(self, to: Path | None = None) -> Made:
        """Into the backups beside the vault and the second place, or into the new folder `to`.

        Proven after it was written, which proves the records before a backup of them counts.
        NotBackedUp leaves everything as it was; where the records themselves do not fit their
        seal, they are on hold from then on.
        """
        review.role_for(self._session.staff, "back_up")
        if self._records.hold:
            raise database.OnHold(self._records.hold)
        if to is not None:
            outlets.refuse_records(to, self._records.folder)
        try:
            made = self._make(to)
        except backups.NotBackedUp as refusal:
            self._blame(refusal)
            raise
        with self._session.change("back_up") as work:
            work.journal.note("backed_up", f"backup:{made.path.name}")
        return made

    def _make(self, to: Path | None) -> Made:
        now = self._office.clock()
        if to is not None:
            return Made(backups.make(self._records, to, proven))
        home = backups.home(self._records.folder)
        path = backups.make(self._records, backups.free(home, now), proven)
        backups.rotate(home, now)
        return Made(path, self._send(path, now))

    def _send(self, path: Path, now: datetime) -> str:
        """Why the second place has it not."""
        with self._records.look() as connection:
            chosen = clinic.settings(connection).get(_SECOND_PLACE, "")
        if not chosen:
            return ""
        if not Path(chosen).is_dir():
            template = _("The second place {place} is not there; the backup lies here alone.")
            return template.format(place=chosen)
        place = backups.elsewhere(self._records.folder, Path(chosen))
        try:
            backups.send(path, place / path.name, self._records.keys, proven)
        except backups.NotBackedUp as refusal:
            return str(refusal)
        backups.rotate(place, now)
        return ""

    def _blame(self, refusal: backups.NotBackedUp) -> None:
        """The records, or the disk that took the copy; that it failed is in the trail."""
        records = self._records
        if isinstance(refusal, backups.Changed):
            with records.look() as connection:
                fault = verify.fault_now(connection, records.folder, records.keys)
                records.prove(fault or proven(connection))
        with suppress(database.NotSaved), self._session.change("back_up") as work:
            work.journal.note("backup_failed", "backup")

    def copy_records(self, to: Path) -> Path:
        """Every file as it is, also on hold: for somebody who examines them."""
        with self._session.view("copy_records") as work:
            backups.copy_as_is(self._records.folder, to)
            work.journal.note("records_copied", "vault")
        return to

    def try_restore(self, newest: datetime) -> Found:
        """A drill: what a restore of this backup would bring back. Changes nothing."""
        with self._session.view("try_restore") as work:
            source = backups.stamped(backups.home(self._records.folder), newest)
            with verify.private_copy(source) as copy:
                found = _proven_copy(copy, self._records.keys)
            work.journal.note("restore_tried", f"backup:{source.name}")
            return found


@lru_cache(maxsize=8)
def _built(text: str) -> Protocol:
    return content.build(content.Bundle.from_text(text))


def proven(connection: Connection) -> str | None:
    """What verify looks at beside the trail: what is derived, and where staff were."""
    fault = clinic.place_fault(connection) or finder.fault(connection)
    return fault or kept.fault(connection, _built)


# Restoring: with nothing but a backup and a secret ------------------------------------------------


@dataclass(frozen=True)
class Secret:
    """A name and its password of then, or the recovery key; without a name, whose it is."""

    name: str = ""
    password: str = field(default="", repr=False)
    recovery_key: str = field(default="", repr=False)


def opened(folder: Path, secret: Secret) -> tuple[vault.Keys, vault.Unlocked | None]:
    """The keys, and whose secret it was; None for the paper."""
    if secret.recovery_key:
        return vault.recover(folder, secret.recovery_key), None
    known = [secret.name] if secret.name else [name for _id, name in vault.read(folder).staff]
    for name in known[:-1]:
        with suppress(vault.WrongPassword):
            found = vault.unlock(folder, name, secret.password)
            return found.keys, found
    found = vault.unlock(folder, known[-1], secret.password)
    return found.keys, found


def restore_vault(source: Path, folder: Path, secret: Secret, clock: Clock) -> Found:
    """A backup in the place of the vault, equal row by row. A vault that is there is kept beside.

    An administrator or a clinician of then, or who holds the recovery key.
    """
    places.refuse(folder)
    with _copied(source, secret) as (copy, keys, who):
        found = _proven_copy(copy, keys)
        with backups.taken_back(copy, folder, keys) as making:
            _sign_for_it(making, folder, keys, who, clock)
        return found


def try_restore(source: Path, secret: Secret) -> Found:
    """The same, and nothing is changed."""
    with _copied(source, secret) as (copy, keys, _who):
        return _proven_copy(copy, keys)


@contextmanager
def _copied(
    source: Path, secret: Secret
) -> Iterator[tuple[Path, vault.Keys, vault.Unlocked | None]]:
    with verify.private_copy(source) as copy:
        try:
            keys, who = opened(copy, secret)
        except vault.DamagedKeys as error:
            raise backups.NotRestored(error.place) from None
        yield copy, keys, who


def _proven_copy(copy: Path, keys: vault.Keys) -> Found:
    fault = verify.first_fault(copy, keys, proven)
    if fault is not None:
        raise backups.NotRestored(_("the backup does not verify ({fault})").format(fault=fault))
    engine = database.engine_for(copy / database.DATABASE, keys.database)
    try:
        with engine.begin() as connection:
            return Found(
                patients=kept_trail.count(connection, schema.patient),
                intakes=kept_trail.count(connection, schema.intake),
                answers=kept_trail.count(connection, schema.answer),
                entries=audit.newest(connection).n,
                newest=time_of(audit.newest_time(connection)),
            )
    finally:
        engine.dispose()


def _sign_for_it(
    making: Path, folder: Path, keys: vault.Keys, who: vault.Unlocked | None, clock: Clock
) -> None:
    """Its own entry, with the end of the trail that was there and the one that is taken back."""
    records = database.open_records(making, keys)
    try:
        actor = _actor(records, who, clock)
        with records.change(actor, clock()) as (_connection, journal):
            before = anchor.posted_head(folder)
            journal.note("restored", f"vault:{before}>{journal.head.n}")
    finally:
        records.close()


def _actor(records: database.Records, who: vault.Unlocked | None, clock: Clock) -> Actor:
    if who is None:
        return Actor(audit.BY_PAPER, Role.ADMINISTRATOR.value)
    member = Office(records, Clinic(""), clock).member(who.staff_id)
    role = next((role for role in review.MAY_RESTORE if role in member.roles), None)
    if role is None:
        raise NotAllowed(_("restore a backup"), _("an administrator or a clinician of then"))
    return Actor(member.id, role.value, who.pen)


# Going on with a gap ------------------------------------------------------------------------------


def go_on(folder: Path, name: str, password: str, reason: str, clock: Clock) -> Path:
    """Records that are on hold are worked with again, as they are found, by an administrator who
    says why. Every file as it was lies in the folder that is given."""
    places.refuse(folder)
    with tries.guarded(folder, name, clock()):
        who = vault.unlock(folder, name, password)

    def by(connection: Connection) -> Actor:
        member = clinic.load_staff(connection).get(who.staff_id)
        here = member is not None and member.standing is Standing.HERE
        role = next((r for r in review.MAY_GO_ON if here and member and r in member.roles), None)
        if role is None:
            raise NotAllowed(_("go on with a gap"), _("an administrator"))
        return Actor(who.staff_id, role.value, who.pen)

    return gaps.go_on(folder, who.keys, by, reason, clock(), proven)
