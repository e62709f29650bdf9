"""IntakeService: one method per thing that staff do, one transaction each.

Each method first asks the role table (core/review.py), loads, decides in the core, writes rows
with their audit entries, screens anew and returns the new Case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from intake_app import content, entry, pdf
from intake_app.backups import (
    BackupService,
    Found,
    Made,
    Secret,
    go_on,
    opened,
    proven,
    restore_vault,
    try_restore,
)
from intake_app.clinic import ClinicService, NewPerson
from intake_app.core import contacts, dosing, duplicates, opening, panel, review, safety, undo
from intake_app.core.errors import NotAllowed, NotFound, WrongMove, WrongValue
from intake_app.core.model import (
    NOT_SAID,
    OTHER,
    SELF,
    Addendum,
    Answer,
    Call,
    CallEnd,
    Clinic,
    Decision,
    Disposition,
    Escalation,
    EscalationEvent,
    FlagReview,
    Intake,
    Medication,
    Note,
    PartialDate,
    Patient,
    Role,
    Signature,
    Source,
    Staff,
    Stage,
    State,
    WorklistRow,
    relationship_words,
)
from intake_app.core.packet import Edition, compose, snapshot
from intake_app.core.protocol import Protocol
from intake_app.core.screening import Case
from intake_app.core.setup import NewPassword
from intake_app.core.words import _
from intake_app.protocols import ProtocolService, put_in_force
from intake_app.store import (
    anchor,
    backups,
    clinic,
    database,
    gaps,
    intakes,
    outlets,
    patients,
    places,
    schema,
    tries,
    vault,
    verify,
)
from intake_app.store import worklist as kept
from intake_app.store.audit import APP_VERSION
from intake_app.store.codec import canonical
from intake_app.store.trail import Entry, Wanted
from intake_app.trail import TrailService, TrailState
from intake_app.transaction import Clock, Look, Office, Session, Transaction

# What a window needs beside the services.
__all__ = [
    "RECENT",
    "SELF",
    "BackupService",
    "Clinic",
    "ClinicService",
    "Clock",
    "Entry",
    "Found",
    "IntakeService",
    "Made",
    "MedicineEntry",
    "NewPassword",
    "NewPerson",
    "ProtocolService",
    "Secret",
    "TrailService",
    "TrailState",
    "Wanted",
    "WorklistRow",
    "backups_beside",
    "create_vault",
    "go_on",
    "open_by_code",
    "open_vault",
    "posted_clinic",
    "recover_vault",
    "restore_vault",
    "settle",
    "staff_names",
    "try_restore",
    "verify_vault",
]

_TAKES_MEDICINES = "takes_medicines"  # a medicine named answers it: nothing is asked twice
_BORN = "date_of_birth"
# So many rows are made anew when the worklist is opened: a fifth of a second, and all of them in
# a small clinic.
_RENEWED_AT_ONCE = 25
RECENT = kept.RECENT


@dataclass(frozen=True)
class MedicineEntry:
    """A medicine as the caller names it; see core.model.Medication. Without a dose or times of
    its own it has those that its words say."""

    name: str
    confirmed: str | None = None
    dose_mg: Decimal | None = None
    per_day: Decimal | None = None
    as_needed: bool = False
    detail: str = ""


Play = Callable[["IntakeService"], object]


def _rehearsed(play: Play) -> Callable[[Session], None]:
    def first(session: Session) -> None:
        with session.office.records.rehearsal():
            play(IntakeService(session))

    return first


def create_vault(
    folder: Path,
    about: Clinic,
    people: Sequence[NewPerson],
    clock: Clock,
    rehearse: Play | None = None,
) -> tuple[IntakeService, str]:
    """A new vault, opened by the first of `people`, and the recovery key: shown once, not kept.

    What `rehearse` does is taken back; whatever it raises, no vault is there.
    """
    places.refuse(folder)
    if not people:
        raise WrongMove(_("A clinic needs at least one person; nothing was created."))
    staff = [Staff(str(uuid4()), person.name, person.roles) for person in people]
    slots = [
        vault.NewStaff(member.id, member.name, person.password)
        for member, person in zip(staff, people, strict=True)
    ]

    pens: list[vault.Pen | None] = []

    def found(records: database.Records) -> None:
        anchor.write_clinic(records.folder, anchor.clinic_bytes(records.keys, asdict(about)))
        records.anchor_files()
        pens.append(vault.unlock(records.folder, people[0].name, people[0].password).pen)
        founder = Session(Office(records, about, clock), staff[0], pens[0])
        with founder.act_as(Role.ADMINISTRATOR) as work:
            for member in staff:
                work.write(schema.staff, clinic.staff_row(member), "staff_added")
            put_in_force(work, content.shipped())
        if rehearse is not None:
            _rehearsed(rehearse)(founder)

    records, recovery_key = database.create(folder, slots, found)
    founder = Session(Office(records, about, clock), staff[0], pens[0])
    return IntakeService(founder), recovery_key


def open_vault(
    folder: Path, name: str, password: str, clock: Clock, rehearse: Play | None = None
) -> IntakeService:
    """Unlock the records as one of the staff; every refusal is one sentence.

    What `rehearse` does is taken back; whatever it raises, not even the unlocking is written.
    """
    places.refuse(folder)
    unlocked = entry.unlocked(folder, name, password, clock)
    try:
        records = database.open_records(folder, unlocked.keys)
    except (anchor.Mismatch, database.Damaged) as fault:
        return _open_held(folder, unlocked, clock, fault)
    first = None if rehearse is None else _rehearsed(rehearse)
    return IntakeService(entry.by_password(records, unlocked, clock, first))


def open_by_code(folder: Path, code: str, new: NewPassword, clock: Clock) -> IntakeService:
    """The first unlocking after an administrator gave a one-time code."""
    places.refuse(folder)
    return IntakeService(entry.by_code(folder, code, new, clock))


def recover_vault(
    folder: Path, recovery_key: str, new: NewPassword, clock: Clock
) -> tuple[IntakeService, str]:
    """Nobody can unlock, and the paper is at hand; the new recovery key takes its place."""
    places.refuse(folder)
    session, paper = entry.by_paper(folder, recovery_key, new, clock)
    return IntakeService(session), paper


def _note(session: Session, event: str) -> None:
    """That somebody came or went. A disk that takes no entry keeps nobody from reading."""
    role = next(role for role in Role if role in session.staff.roles)
    with suppress(database.NotSaved), session.act_as(role) as work:
        work.journal.note(event, f"staff:{session.staff.id}")


def _open_held(
    folder: Path, unlocked: vault.Unlocked, clock: Clock, fault: anchor.Mismatch | database.Damaged
) -> IntakeService:
    """To read and to copy. Where not even that can be done, `fault` stands."""
    stack = ExitStack()
    try:
        copy = stack.enter_context(verify.private_copy(folder))
        records = database.open_held(copy, folder, unlocked.keys, fault.why)
        stack.callback(records.close)
        office = Office(records, posted_clinic(folder), clock)
        session = Session(office, office.member(unlocked.staff_id), unlocked.pen)
    except database.AlreadyOpen:
        raise
    except Exception:  # noqa: BLE001 - whatever the copy holds, this is what is wrong
        stack.close()
        raise fault from None
    return IntakeService(session, stack.close)


def settle(folder: Path) -> None:
    """End a restore that a kill cut short, before anything is opened."""
    backups.settle(folder)


def backups_beside(folder: Path) -> Mapping[datetime, Path]:
    """The backups of a vault that nobody may be able to open; when each was made."""
    return backups.made(backups.home(folder))


def staff_names(folder: Path) -> tuple[str, ...]:
    """Who may unlock; names stand in clear in vault.keys."""
    return tuple(name for _id, name in vault.read(folder).staff)


def posted_clinic(folder: Path) -> Clinic:
    """Whom to phone while nobody has unlocked. Not proven, so it is shown and nothing else.

    Total: a clinic without a name or numbers where the file cannot be read.
    """
    posted = anchor.posted_clinic(folder)
    numbers = posted.get("numbers")
    listed = numbers.items() if isinstance(numbers, dict) else ()
    return Clinic(
        name=str(posted.get("name", "")),
        country=str(posted.get("country", "")),
        demo=posted.get("demo") is True,
        numbers={key: said for key, said in listed if isinstance(said, str)},
    )


def verify_vault(
    folder: Path, name: str | None, password: str, tell_gap: Callable[[str], object] = str
) -> str | None:
    """The place of the first fault, or None. Works on a private copy; changes nothing. Each gap
    that was gone on with is told.

    Without a name, the first of the staff whose password it is.
    """
    lock = verify.lock_fault(folder)
    if lock is not None:
        return lock
    with verify.private_copy(folder) as copy:
        try:
            keys, _who = opened(copy, Secret(name or "", password))
        except (vault.DamagedKeys, vault.NotAVault) as error:
            return verify.file_fault(copy) or f"{anchor.KEYS}: {error}"
        return verify.first_fault(copy, keys, gaps.telling(tell_gap, proven))


class IntakeService:
    """The records as one member of staff may work with them."""

    def __init__(self, session: Session, put_away: Callable[[], None] | None = None) -> None:
        self._session = session
        self._office = session.office
        self._staff = session.staff
        self._put_away = put_away

    @property
    def staff(self) -> Staff:
        return self._staff

    @property
    def about(self) -> Clinic:
        """What clinic.json holds."""
        return self._office.about

    @property
    def clinic(self) -> ClinicService:
        """What belongs to the clinic and to no patient, for the same person."""
        return ClinicService(self._session)

    @property
    def backups(self) -> BackupService:
        """The backups of these records, for the same person."""
        return BackupService(self._session)

    @property
    def trail(self) -> TrailService:
        """The audit trail, for the same person."""
        return TrailService(self._session, proven)

    @property
    def protocols(self) -> ProtocolService:
        """The rules that new intakes are taken with, for the same person."""
        return ProtocolService(self._session)

    @property
    def hold(self) -> str:
        """What is wrong with the records; empty while they may be written."""
        return self._office.records.hold

    @property
    def owes(self) -> bool:
        """Whether something was looked at that the trail does not say yet: the disk refused it."""
        return self._office.records.owes

    def clock_is_behind(self, now: datetime) -> timedelta | None:
        """How far the computer's clock is behind the newest entry; None while it is not, or by so
        little that the records keep their order by themselves."""
        newest = self._office.records.newest_at
        behind = newest - now if newest is not None else timedelta(0)
        return behind if behind > database.SET_RIGHT else None

    def close(self) -> None:
        records = self._office.records
        if not records.closed and not records.hold:
            _note(self._session, "locked")
        (self._put_away or records.close)()

    def protocol(self) -> Protocol:
        """What new intakes are taken with. Holds no patient data."""
        return self._session.protocol()

    def acting_as(self, name: str, password: str) -> IntakeService:
        """The same records for one action of somebody else at this desk."""
        folder = self._office.records.folder
        with tries.guarded(folder, name, self._office.clock()):
            unlocked = vault.unlock(folder, name, password)
        member = self._office.member(unlocked.staff_id)
        return IntakeService(Session(self._office, member, unlocked.pen))

    # Patients, intakes, calls ---------------------------------------------------------------------

    def register_patient(
        self, name: str, born: PartialDate | None = None, sex: str | None = None
    ) -> Patient:
        with self._change("register_patient") as work:
            return self._register(work, _needed_name(name), born, sex)

    def _register(
        self, work: Transaction, name: str, born: PartialDate | None, sex: str | None
    ) -> Patient:
        number = patients.next_record_number(work.connection)
        found = Patient(str(uuid4()), number, name, born, sex)
        work.write(schema.patient, patients.row(found), "patient_registered")
        return found

    def identify_patient(
        self,
        intake_id: str,
        name: str,
        born: PartialDate | None = None,
        sex: str | None = None,
    ) -> Case:
        """Who the patient of this intake is, from now on; what is not given stays."""
        with self._change("identify_patient") as work:
            intake, protocol = self._load(work, intake_id)
            known = intake.patient
            said = replace(
                known, name=_needed_name(name), born=born or known.born, sex=sex or known.sex
            )
            # A row of the patient, and of no intake: for `verify` nobody changed this one by it.
            return self._settle(work, self._identify(work, intake, said), protocol, own_row=False)

    def _identify(self, work: Transaction, intake: Intake, said: Patient) -> Intake:
        work.write(schema.patient_identity, patients.identity_row(said), "patient_identified")
        return self._follow_name(work, replace(intake, patient=said), intake.patient.name)

    def _follow_name(self, work: Transaction, intake: Intake, before: str) -> Intake:
        """Whoever is named, or named better, while an escalation is open is so for those who are
        sent; a name that staff wrote down for the person at risk stays."""
        standing, name = safety.open_escalation(intake), intake.patient.name
        known = safety.person_at_risk(standing).get("who", "") if standing is not None else ""
        if standing is None or name == before or known not in ("", before, _("not known yet")):
            return intake
        return self._move(work, intake, standing, "person", {"who": name})

    def possible_duplicates(self, intake_id: str) -> tuple[Patient, ...]:
        """Other patients with the same name, day of birth or phone: the likeliest first."""
        with self._session.read("possible_duplicates") as work:
            intake, _protocol = self._load(work, intake_id, signed=True)
            everybody = patients.everybody(work.connection)
            own = intake.patient.id
            person = next(known for known in everybody if known.id == own)
            others = (known for known in everybody if known.id != own)
            work.journal.note("duplicates_viewed", f"intake:{intake_id}")
            return tuple(
                patients.load(work.connection, found)
                for found in duplicates.possible(person, others)
            )

    def same_person(self, intake_id: str, patient_id: str) -> Case:
        """This intake is that of a patient who is known already."""
        with self._change("same_person") as work:
            intake, protocol = self._load(work, intake_id)
            known = patients.load(work.connection, patient_id)
            if known.id == intake.patient.id:
                raise WrongMove(_("This intake is that patient's already; nothing was changed."))
            row = {"intake_id": intake.id, "patient_id": known.id}
            work.write(schema.intake_patient, row, "intake_moved")
            before = intake.patient.name
            intake = self._follow_name(work, replace(intake, patient=known), before)
            intake = self._born_on_record(work, intake, protocol)
            return self._settle(work, intake, protocol)

    def join_patients(self, intake_id: str, patient_id: str) -> Case:
        """The patient of this intake and another are one person. Both records stay as they are,
        signed ones too; `part_patients` takes it back."""
        return self._say_same("join_patients", intake_id, patient_id)

    def part_patients(self, intake_id: str, patient_id: str) -> Case:
        """They are not: what was said of the two is taken back."""
        return self._say_same("part_patients", intake_id, patient_id)

    def _say_same(self, action: str, intake_id: str, patient_id: str) -> Case:
        with self._change(action) as work:
            intake, protocol = self._load(work, intake_id, signed=True)
            other = patients.load(work.connection, patient_id)
            new = duplicates.Said(intake.patient.id, other.id, action == "join_patients")
            duplicates.refuse(new, patients.said_same(work.connection))
            event = "patients_joined" if new.same else "patients_parted"
            work.write(schema.patient_same, patients.same_row(new), event)
            return self._office.case(intake, protocol)

    def everything_of(self, intake_id: str) -> tuple[tuple[Patient, ...], tuple[WorklistRow, ...]]:
        """Every record of the person of this intake, its own first, and all of their intakes."""
        with self._session.read("everything_of") as work:
            intake, _protocol = self._load(work, intake_id, signed=True)
            own = intake.patient.id
            ids = duplicates.together(own, patients.said_same(work.connection))
            work.journal.note("chart_viewed", f"intake:{intake_id}")
            people = tuple(patients.load(work.connection, each) for each in ids)
            return people, kept.rows_of(work.connection, self._office.clock(), [own])

    def open_intake(self, patient_id: str) -> Case:
        """A new screening episode under the clinic's present protocol."""
        with self._change("open_intake") as work:
            patient = patients.load(work.connection, patient_id)
            intake, protocol = self._open(work, patient)
            return self._settle(work, intake, protocol)

    def _open(self, work: Transaction, patient: Patient) -> tuple[Intake, Protocol]:
        protocol = self._office.in_force(work.connection)
        found = Intake(str(uuid4()), patient, protocol.digest, work.journal.at)
        row = {
            "id": found.id,
            "patient_id": patient.id,
            "protocol_digest": protocol.digest,
        }
        work.write(schema.intake, row, "intake_opened")
        return self._born_on_record(work, found, protocol), protocol

    def _born_on_record(self, work: Transaction, intake: Intake, protocol: Protocol) -> Intake:
        """A birth date that is known is an answer, unless the caller gave one already."""
        told = any(answer.item == _BORN for answer in intake.answers)
        if intake.patient.born is None or told or _BORN not in protocol.items:
            return intake
        known = self._answer(work, _BORN, intake.patient.born, Source.RECORD)
        return self._append(work, intake, known)

    def begin_call(self) -> Case:
        """The phone rings: nobody has said yet who it is, and every word is kept from here on."""
        with self._change("begin_call") as work:
            missing = safety.ready_to_screen(self.about.numbers)
            if missing and not self.about.demo:
                template = _(
                    "No call can begin before the clinic has set whom to phone; still missing: "
                    "{missing}."
                )
                raise WrongMove(template.format(missing=", ".join(missing)))
            unnamed = self._register(work, "", None, None)
            intake, protocol = self._open(work, unnamed)
            intake = self._start(work, intake, Stage.CALL, NOT_SAID)
            return self._settle(work, intake, protocol)

    def open_call(
        self, intake_id: str, relationship: str = SELF, stage: Stage = Stage.CALL
    ) -> Case:
        with self._change("open_call") as work:
            intake, protocol = self._load(work, intake_id)
            if intake.live_call is not None:
                raise WrongMove(_("This call is open already; nothing was changed."))
            intake = self._start(work, intake, stage, relationship)
            return self._settle(work, intake, protocol)

    def _start(self, work: Transaction, intake: Intake, stage: Stage, relationship: str) -> Intake:
        started = Call(str(uuid4()), stage, relationship, work.journal.at, self._staff.id)
        self._call_event(work, intake, started, intakes.OPENED)
        return replace(intake, calls=(*intake.calls, started))

    def set_caller(self, intake_id: str, relationship: str) -> Case:
        """Who is calling, on the line that is open; what was said last speaks."""
        with self._change("set_caller") as work:
            intake, protocol = self._load(work, intake_id)
            live = _live(intake)
            if relationship not in relationship_words():
                template = _("Who calls is one of {known}; nothing was changed.")
                raise WrongMove(template.format(known=", ".join(relationship_words())))
            told = replace(live, relationship=relationship)
            self._call_event(work, intake, told, intakes.CALLER)
            intake = self._follow_caller(work, _with_call(intake, told))
            return self._settle(work, intake, protocol)

    def settle_opening(self, intake_id: str, what: str, said: str) -> Case:
        """Number read back, language, recording: of this call, and of no answer."""
        with self._change("settle_opening") as work:
            intake, protocol = self._load(work, intake_id)
            live = _live(intake)
            opening.refuse(intake, what, said)
            told = replace(live, settled=(*live.settled, (what, said)))
            self._call_event(work, intake, told, f"{what}{intakes.SETTLED}{said}", what)
            return self._settle(work, _with_call(intake, told), protocol)

    def _follow_caller(self, work: Transaction, intake: Intake) -> Intake:
        """What an open escalation holds of the person at risk follows who is said to call."""
        standing = safety.open_escalation(intake)
        if standing is None:
            return intake
        known = safety.person_at_risk(standing)
        fields = _corrected(known, intake)
        return self._move(work, intake, standing, "person", fields) if fields else intake

    def end_call(self, intake_id: str, how: CallEnd = CallEnd.ENDED) -> Case:
        """What was not asked on the suicide-risk screen counts as open from now on."""
        with self._change("end_call") as work:
            intake, protocol = self._load(work, intake_id)
            live = _live(intake)
            self._call_event(work, intake, live, how)
            ended = replace(live, ended=work.journal.at, end=how)
            return self._settle(work, _with_call(intake, ended), protocol)

    def call_back_in_vain(self, intake_id: str, how: str) -> Case:
        """Somebody phoned, and nobody was reached; stamped beside the call that ended last."""
        with self._change("call_back_in_vain") as work:
            intake, protocol = self._load(work, intake_id)
            if not intake.calls or intake.live_call is not None:
                raise WrongMove(_("The line is open, or was never; nothing was changed."))
            if how not in contacts.attempt_words():
                template = _("A call in vain is one of {known}; nothing was changed.")
                raise WrongMove(template.format(known=", ".join(contacts.attempt_words())))
            last = intake.calls[-1]
            self._call_event(
                work, intake, last, f"{intakes.TRIED}{intakes.SETTLED}{how}", intakes.TRIED
            )
            tried = replace(last, tried=(*last.tried, (work.journal.at, how)))
            return self._settle(work, _with_call(intake, tried), protocol)

    def _call_event(
        self, work: Transaction, intake: Intake, call: Call, event: str, name: str = ""
    ) -> None:
        """`name` stands in the trail, which holds no word of a record."""
        row = {
            "intake_id": intake.id,
            "call_id": call.id,
            "event": str(event),
            "stage": call.stage.value,
            "relationship": call.relationship,
        }
        work.write(schema.call_event, row, f"call_{name or event}")

    # Answers --------------------------------------------------------------------------------------

    def record_answer(  # noqa: PLR0913 - what an answer is made of
        self,
        intake_id: str,
        item: str,
        value: object = None,
        *,
        state: State = State.ANSWERED,
        source: Source = Source.PATIENT_ALONE,
        note: str = "",
        entry: int = 0,
    ) -> Case:
        """Commit one answer. `value` belongs to the state *answered* and to no other."""
        with self._change("record_answer") as work:
            intake, protocol = self._load(work, intake_id)
            question = protocol.item(item)
            if (state is State.ANSWERED) != (value is not None):
                raise WrongValue(item, _("a value if it was answered, and none otherwise"))
            if state is State.NOT_APPLICABLE and Role.CLINICIAN not in self._staff.roles:
                raise NotAllowed(_("mark a question as not applicable"), _("a clinician"))
            if question.stage is Stage.CLINICIAN and Role.CLINICIAN not in self._staff.roles:
                raise NotAllowed(_("answer what a clinician judges"), _("a clinician"))
            if (entry > 0) != (item in protocol.repeated):
                raise WrongValue(item, _("the number of its entry, and only if it has entries"))
            parsed = None if value is None else question.parse(value)
            wording = protocol.official_wordings.get(question.instrument or "", "built-in")
            answer = self._answer(work, item, parsed, source, state=state, entry=entry)
            answer = replace(answer, note=note, wording=wording)
            intake = self._append(work, intake, answer)
            born = parsed if isinstance(parsed, PartialDate) else None
            if _first_told_here(intake, item) and (born or note == undo.TAKEN_BACK):
                intake = self._identify(work, intake, replace(intake.patient, born=born))
            return self._settle(work, intake, protocol)

    def _answer(
        self,
        work: Transaction,
        item: str,
        value: object,
        source: Source,
        *,
        state: State = State.ANSWERED,
        entry: int = 0,
    ) -> Answer:
        id_, at = str(uuid4()), work.journal.at
        return Answer(id_, item, state, value, source, at, self._staff.id, entry)  # type: ignore[arg-type]

    def _append(self, work: Transaction, intake: Intake, answer: Answer) -> Intake:
        row = intakes.answer_row(intake.id, answer)
        work.write(schema.answer, row, f"answer_{answer.state}")
        return replace(intake, answers=(*intake.answers, answer))

    def record_medication(
        self, intake_id: str, entry: MedicineEntry, source: Source = Source.PATIENT_ALONE
    ) -> Case:
        with self._change("record_medication") as work:
            intake, protocol = self._load(work, intake_id)
            if not entry.name.strip():
                raise WrongMove(_("A medicine needs the name that was said; nothing was saved."))
            told = dosing.written(protocol.formulary, entry.name, entry.confirmed)
            given = entry.dose_mg is not None or entry.per_day is not None or entry.as_needed
            listed = Medication(
                id=str(uuid4()),
                name=entry.name.strip(),
                source=source,
                at=work.journal.at,
                by=self._staff.id,
                confirmed=entry.confirmed,
                dose_mg=entry.dose_mg if given else told.dose_mg,
                per_day=entry.per_day if given else told.per_day,
                as_needed=entry.as_needed if given else told.as_needed,
                detail=entry.detail,
            )
            row = intakes.medication_row(intake.id, listed)
            work.write(schema.medication, row, "medication_listed")
            intake = replace(intake, medications=(*intake.medications, listed))
            if not any(answer.item == _TAKES_MEDICINES for answer in intake.answers):
                implied = self._answer(work, _TAKES_MEDICINES, True, source)
                intake = self._append(work, intake, implied)
            return self._settle(work, intake, protocol)

    def add_note(self, intake_id: str, text: str, item: str = "") -> Case:
        """Free words, beside a question or beside none. Kept and shown, never screened."""
        with self._change("add_note") as work:
            intake, protocol = self._load(work, intake_id)
            if item:
                protocol.item(item)
            if not text.strip():
                raise WrongMove(_("A note needs words; nothing was saved."))
            added = Note(text.strip(), item, work.journal.at, self._staff.id)
            row = {"intake_id": intake.id, "item": item, "text": added.text}
            work.write(schema.note, row, "note_added")
            return self._settle(work, replace(intake, notes=(*intake.notes, added)), protocol)

    def submit(self, intake_id: str) -> Case:
        """Hand the intake to the clinician: what was left out is flagged from now on."""
        with self._change("submit") as work:
            intake, protocol = self._load(work, intake_id)
            if intake.submitted is not None:
                raise WrongMove(_("This intake is submitted already; nothing was changed."))
            row = {"intake_id": intake.id, "move": intakes.SUBMITTED}
            work.write(schema.intake_move, row, "intake_submitted")
            return self._settle(work, replace(intake, submitted=work.journal.at), protocol)

    # Escalation -----------------------------------------------------------------------------------

    def raise_escalation(self, intake_id: str, reason: str) -> Case:
        """Anyone may open the panel at any time; one open escalation is enough."""
        with self._change("raise_escalation") as work:
            intake, protocol = self._load(work, intake_id, signed=True)
            if safety.open_escalation(intake) is not None:
                raise WrongMove(_("An escalation is open already; go on with that one."))
            raised = self._raise(work, intake, protocol, reason, frozenset())
            return self._settle(work, raised, protocol)

    def stamp_escalation(self, intake_id: str, move: str, fields: Mapping[str, str]) -> Case:
        """A step, what is known of the person at risk, who accepted it, what came of a task."""
        with self._change("stamp_escalation") as work:
            intake, protocol = self._load(work, intake_id, signed=True)
            if move in ("raised", "closed", "grounds"):
                template = _("'{move}' is no step of an escalation; nothing was changed.")
                raise WrongMove(template.format(move=move))
            if move in safety.TRIES:
                fields = safety.as_asked(fields)
            self._check_fields(move, fields)
            escalation = self._latest_escalation(intake)
            safety.check_move(escalation, move)
            if move in safety.TRIES:
                self._check_try(escalation, move, fields)
            return self._settle(work, self._move(work, intake, escalation, move, fields), protocol)

    def close_escalation(self, intake_id: str, fields: Mapping[str, str]) -> Case:
        """A clinician's alone, with outcome, reason, who has the person, and the next contact."""
        with self._change("close_escalation") as work:
            intake, protocol = self._load(work, intake_id, signed=True)
            escalation = self._latest_escalation(intake)
            safety.check_move(escalation, "closed")
            self._check_fields("closed", fields)
            return self._settle(
                work, self._move(work, intake, escalation, "closed", fields), protocol
            )

    @staticmethod
    def _check_fields(move: str, fields: Mapping[str, str]) -> None:
        needed = _NEEDED_FIELDS.get(move, ())
        if fields.get("outcome") == safety.Outcome.NOT_REACHED:
            needed = (*needed, "welfare_check")
        missing = [name for name in needed if not fields.get(name, "").strip()]
        if missing:
            template = _(
                "For '{move}' still needed: {missing}. Nothing was saved; the escalation stays "
                "as it is."
            )
            raise WrongMove(template.format(move=move, missing=", ".join(missing)))
        if move == "closed" and fields["outcome"] not in tuple(safety.Outcome):
            template = _("The outcome is one of {known}; nothing was closed.")
            raise WrongMove(template.format(known=", ".join(safety.Outcome)))
        if move == "step" and fields["step"] not in safety.STEPS:
            template = _("A step is one of {known}; nothing was stamped.")
            raise WrongMove(template.format(known=", ".join(safety.STEPS)))

    def _check_try(self, escalation: Escalation, move: str, fields: Mapping[str, str]) -> None:
        """To send somebody to look in place of a talk is decided by a clinician, once the tries
        that the clinic has set are used up; this one is the last of them."""
        if fields["reached_them"] not in (safety.REACHED, safety.NOT_REACHED):
            template = _("Whether the person was reached is {yes} or {no}; nothing was saved.")
            raise WrongMove(template.format(yes=safety.REACHED, no=safety.NOT_REACHED))
        if not fields.get("welfare_check"):
            return
        if Role.CLINICIAN not in self._staff.roles:
            raise NotAllowed(_("decide on a welfare check"), _("a clinician"))
        tries, most = safety.tried_in_vain(escalation, move) + 1, contacts.most_tries(self.about)
        if tries < most:
            template = _(
                "A welfare check ends a task after {most} tries that reached nobody, and this is "
                "number {tries}; nothing was saved. Record it as a try that did not reach the "
                "person; where there is danger, open the panel."
            )
            raise WrongMove(template.format(most=most, tries=tries))

    @staticmethod
    def _latest_escalation(intake: Intake) -> Escalation:
        if not intake.escalations:
            raise NotFound(_("escalation on this intake"))
        return safety.open_escalation(intake) or intake.escalations[-1]

    def _raise(
        self,
        work: Transaction,
        intake: Intake,
        protocol: Protocol,
        reason: str,
        grounds: frozenset[str],
    ) -> Intake:
        fields = {"reason": reason, "grounds": " ".join(sorted(grounds))}
        fields |= _person_on_the_line(intake)
        return self._move(work, intake, Escalation(str(uuid4()), ()), "raised", fields)

    def _move(
        self,
        work: Transaction,
        intake: Intake,
        escalation: Escalation,
        move: str,
        fields: Mapping[str, str],
    ) -> Intake:
        given = {key: value for key, value in fields.items() if value}
        row = {
            "intake_id": intake.id,
            "escalation_id": escalation.id,
            "move": move,
            "fields": canonical(given),
        }
        work.write(schema.escalation_event, row, f"escalation_{move}")
        happened = EscalationEvent(
            move, work.journal.at, self._staff.id, tuple(sorted(given.items()))
        )
        moved = Escalation(escalation.id, (*escalation.events, happened))
        others = tuple(e for e in intake.escalations if e.id != escalation.id)
        return replace(intake, escalations=(*others, moved))

    # Review and signature -------------------------------------------------------------------------

    def review_flag(
        self, intake_id: str, flag_key: str, decision: Decision, reason: str = ""
    ) -> Case:
        with self._change("review_flag") as work:
            intake, protocol = self._load(work, intake_id)
            flag = self._office.case(intake, protocol).screening.flag(flag_key)
            if flag is None:
                raise NotFound(_("flag '{key}' on this intake").format(key=flag_key))
            review.check_decision(flag, decision, reason)
            decided = FlagReview(
                flag.key, decision, reason.strip(), flag.seen, work.journal.at, self._staff.id
            )
            row = {
                "intake_id": intake.id,
                "flag": decided.flag,
                "decision": decision.value,
                "reason": decided.reason,
                "seen": decided.seen,
            }
            work.write(schema.flag_review, row, "flag_reviewed")
            reviews = (*intake.reviews, decided)
            return self._settle(work, replace(intake, reviews=reviews), protocol)

    def sign(
        self, intake_id: str, name: str, password: str, disposition: Disposition, reason: str
    ) -> Case:
        """Freeze and sign the record with name and password; afterwards addenda only."""
        with self._change("sign") as work:
            verify.prove(self._office.records, work.connection)
            intake, protocol = self._load(work, intake_id)
            case = self._office.case(intake, protocol)
            review.check_ready(case, disposition, reason)
            if name != self._staff.name:
                raise NotAllowed(_("sign in this name"), _("whoever is signed in"))
            key = self._signing_key(name, password, work)
            frozen = canonical(snapshot(case, clinic.load_staff(work.connection)))
            record_hash = hashlib.sha256(frozen.encode()).hexdigest()
            statement = canonical(
                {
                    "meaning": "reviewed and decided",
                    "intake": intake.id,
                    "record_hash": record_hash,
                    "protocol": protocol.digest,
                    "disposition": disposition.value,
                    "reason": reason.strip(),
                    "name": name,
                    "staff": self._staff.id,
                    "at": work.journal.at.isoformat(),
                    "app": APP_VERSION,
                    "audit": [work.journal.head.n, work.journal.head.mac],
                }
            )
            signed = Signature(
                staff=self._staff.id,
                name=name,
                at=work.journal.at,
                disposition=disposition,
                reason=reason.strip(),
                record_hash=record_hash,
                statement=statement,
                signature=vault.sign(key, statement.encode()),
            )
            row = {
                "intake_id": intake.id,
                "name": name,
                "disposition": disposition.value,
                "reason": signed.reason,
                "snapshot": frozen,
                "record_hash": record_hash,
                "statement": statement,
                "signature": signed.signature.hex(),
            }
            work.write(schema.signature, row, "intake_signed")
            return self._settle(work, replace(intake, signature=signed), protocol)

    def _signing_key(self, name: str, password: str, work: Transaction) -> vault.SigningKey:
        folder = self._office.records.folder
        with tries.guarded(folder, name, work.journal.at):
            return vault.signing_key(folder, name, password)

    def add_addendum(self, intake_id: str, text: str, name: str, password: str) -> Case:
        """What comes after the signature, signed in its turn."""
        with self._change("add_addendum") as work:
            verify.prove(self._office.records, work.connection)
            intake, protocol = self._load(work, intake_id, signed=True)
            if intake.signature is None:
                raise WrongMove(_("This intake is not signed yet; change it instead."))
            if not text.strip() or name != self._staff.name:
                raise WrongMove(_("An addendum needs words, and the name of who is signed in."))
            key = self._signing_key(name, password, work)
            added = Addendum(text.strip(), name, work.journal.at, self._staff.id)
            statement = canonical(
                {
                    "meaning": "addendum",
                    "intake": intake.id,
                    "record_hash": intake.signature.record_hash,
                    "text": added.text,
                    "name": name,
                    "staff": self._staff.id,
                    "at": added.at.isoformat(),
                    "app": APP_VERSION,
                    "audit": [work.journal.head.n, work.journal.head.mac],
                }
            )
            row = {
                "id": str(uuid4()),
                "intake_id": intake.id,
                "text": added.text,
                "name": name,
                "statement": statement,
                "signature": vault.sign(key, statement.encode()).hex(),
            }
            work.write(schema.addendum, row, "addendum_added")
            return self._settle(work, replace(intake, addenda=(*intake.addenda, added)), protocol)

    # Reading --------------------------------------------------------------------------------------

    def show(self, intake_id: str) -> Case:
        """Open a chart; that somebody looked is in the audit trail, or `owes` says that it has to
        be."""
        with self._session.read("show") as work:
            case = self._office.case(*self._load(work, intake_id, signed=True))
            work.journal.note("chart_viewed", f"intake:{intake_id}")
            return case

    def worklist(self, tab: str = "", most: int = -1) -> tuple[WorklistRow, ...]:
        """The first rows of a tab: open escalations first, then the strongest tier, then the
        soonest due; as of today, but for those that say that they are stale. Every row of every
        tab by default."""
        with self._view("worklist") as work:
            self._renew(work, _RENEWED_AT_ONCE)
            work.journal.note("worklist_viewed", "worklist")
            now, own = self._office.clock(), self._staff.id
            return kept.rows(work.connection, now, tab, 0, most, own)

    def worklist_page(self, tab: str, start: int = 0, most: int = -1) -> tuple[WorklistRow, ...]:
        """Further rows of what `worklist` began."""
        with self._session.look("worklist_page") as connection:
            now, own = self._office.clock(), self._staff.id
            return kept.rows(connection, now, tab, start, most, own)

    def count_worklist(self) -> Mapping[str, int]:
        """How many rows stand in each tab that has any."""
        with self._session.look("count_worklist") as connection:
            return kept.count(connection, self._office.clock())

    def search(self, said: str) -> tuple[WorklistRow, ...]:
        """Everybody whose name, birth date, record number or phone begins like what was typed: all
        their intakes, whoever changed last first."""
        with self._session.read("search") as work:
            work.journal.note("patients_searched", "patients")
            return kept.found(work.connection, self._office.clock(), said)

    def search_on(self, said: str) -> tuple[WorklistRow, ...]:
        """A further letter of what `search` began: no key waits for the trail."""
        with self._session.look("search_on") as connection:
            return kept.found(connection, self._office.clock(), said)

    def in_danger(self) -> tuple[Case, ...]:
        """Those whom nobody has accepted, the longest waiting first, then those whose line was
        lost after it: what the window begins with, whatever ended the one before."""
        with self._session.read("in_danger") as work:
            work.journal.note("worklist_viewed", "in danger")
            found = kept.in_danger(work.connection)
            return tuple(self._office.case(*self._load(work, each, signed=True)) for each in found)

    def renew_worklist(self, most: int = _RENEWED_AT_ONCE) -> int:
        """Screen up to `most` stale rows anew; how many are left. For idle time."""
        with self._view("renew_worklist") as work:
            self._renew(work, most)
            return kept.count_stale(work.connection, self._office.today())

    def _renew(self, work: Transaction, most: int) -> None:
        for intake_id in kept.stale(work.connection, self._office.today(), most):
            case = self._office.case(*self._load(work, intake_id, signed=True))
            if self._uncovered(case):
                self._settle(work, case.intake, case.protocol)
            else:
                kept.renew(work.connection, case)

    def summary_pdf(self, intake_id: str) -> bytes:
        """The pages of `print_summary`, to look at."""
        data = self._pages("summary_pdf", intake_id)
        with self._session.read("summary_pdf") as work:
            work.journal.note("summary_previewed", f"intake:{intake_id}")
        return data

    def summary_to_print(self, intake_id: str) -> bytes:
        """The same pages on their way to a printer."""
        data = self._pages("summary_to_print", intake_id)
        with self._session.read("summary_to_print") as work:
            work.journal.note("summary_printed", f"intake:{intake_id}")
        return data

    def print_summary(self, intake_id: str, path: Path) -> Path:
        """The intake summary as a PDF at `path`: the old file or the new one, never half. No answer
        waits for the drive."""
        outlets.refuse_records(path, self._office.records.folder)
        data = self._pages("print_summary", intake_id)
        with self._session.look("print_summary") as connection:
            verify.prove(self._office.records, connection)
        with outlets.beside(path, data) as place, self._view("print_summary") as work:
            work.journal.note("summary_exported", f"intake:{intake_id}")
            place()
        return path

    def _pages(self, action: str, intake_id: str) -> bytes:
        """Read in the records' turn and laid out behind it: an answer given meanwhile does not
        wait for the pages. Nothing is noted that was not laid out."""
        with self._session.look(action) as connection:
            intake, protocol = self._office.intake(connection, intake_id)
            staff = clinic.load_staff(connection)
        case = self._office.case(intake, protocol)
        edition = Edition(
            clinic=self.about.name,
            demo=self.about.demo,
            on_call=panel.first_to_phone(case, self.about.numbers),
            most_tries=contacts.most_tries(self.about),
            made=self._office.clock(),
            staff={member.id: member.name for member in staff.values()},
        )
        return pdf.render(compose(case, edition))

    # What every method goes through ---------------------------------------------------------------

    def _change(self, action: str) -> AbstractContextManager[Transaction]:
        return self._session.change(action)

    def _view(self, action: str) -> AbstractContextManager[Transaction]:
        return self._session.view(action)

    def _load(
        self, work: Transaction | Look, intake_id: str, *, signed: bool = False
    ) -> tuple[Intake, Protocol]:
        head = work.journal.head if isinstance(work, Transaction) else None
        intake, protocol = self._office.intake(work.connection, intake_id, head)
        if not signed:
            review.check_editable(intake)
        return intake, protocol

    def _settle(
        self, work: Transaction, intake: Intake, protocol: Protocol, *, own_row: bool = True
    ) -> Case:
        """Screen anew, raise what has to be raised, keep the worklist's row. `own_row`: something
        was recorded of this intake itself."""
        case = self._office.case(intake, protocol)
        uncovered = self._uncovered(case)
        if uncovered:
            intake = self._cover(work, intake, protocol, uncovered, case.screening.flags)
            case = self._office.case(intake, protocol)
        if own_row:
            kept.keep(work.connection, case, work.journal.at, self._staff.id)
        else:
            kept.renew(work.connection, case)
        self._office.remember(case.intake, work.journal.head)
        return case

    @staticmethod
    def _uncovered(case: Case) -> frozenset[str]:
        """The grounds that an escalation has to be raised for; none after a signature."""
        if case.intake.signature is not None:
            return frozenset()
        return safety.uncovered(case.intake, case.screening.grounds)

    def _cover(
        self,
        work: Transaction,
        intake: Intake,
        protocol: Protocol,
        grounds: frozenset[str],
        flags: Sequence[object],
    ) -> Intake:
        standing = safety.open_escalation(intake)
        if standing is not None:
            fields = {"grounds": " ".join(sorted(grounds))}
            return self._move(work, intake, standing, "grounds", fields)
        reason = " ".join(f.reason for f in flags if f.escalates)  # type: ignore[attr-defined]
        return self._raise(work, intake, protocol, reason, grounds)


def _needed_name(name: str) -> str:
    if not name.strip():
        raise WrongMove(_("A patient needs a name; nothing was saved."))
    return name.strip()


def _live(intake: Intake) -> Call:
    live = intake.live_call
    if live is None:
        raise WrongMove(_("No call is open; nothing was changed."))
    return live


def _with_call(intake: Intake, call: Call) -> Intake:
    """With `call` in the place of its earlier state."""
    calls = tuple(call if known.id == call.id else known for known in intake.calls)
    return replace(intake, calls=calls)


_NOT_ASKED = "not asked"
_NEEDED_FIELDS = {
    "step": ("step",),
    "accepted": ("by", "read_back"),
    "taken_over": ("by",),
    "closed": ("outcome", "reason", "who_has_the_person", "next_contact"),
    "safety_call": ("outcome", "reached_them"),
    "reached": ("outcome", "reached_them"),
}


def _corrected(known: Mapping[str, str], intake: Intake) -> dict[str, str]:
    """What is to be changed in `known` of a person at risk now that it is said who calls.

    What staff wrote down stays. A name, a place and a phone that are the caller's are nobody
    else's.
    """
    now = {name: text for name, text in _person_on_the_line(intake).items() if text}
    if now["is_caller"] == "yes":
        open_ = {name for name in now if known.get(name, "") in ("", _("not known yet"))}
        missing = {name: text for name, text in now.items() if name in open_}
        return missing if known.get("is_caller") == "yes" else missing | _IS_CALLER
    if known.get("is_caller") == now["is_caller"]:
        return {}
    told = _told_by_caller(intake)
    if known.get("is_caller") == "yes" and intake.calls[-1].relationship == OTHER:
        told["who"] = intake.patient.name  # as they were called while they spoke for themselves
    filled = [name for name, text in told.items() if text and known.get(name) == text]
    return {"is_caller": now["is_caller"]} | dict.fromkeys(filled, _("not known yet"))


_IS_CALLER = {"is_caller": "yes"}


def _first_told_here(intake: Intake, item: str) -> bool:
    """A birth date that this intake began with is the record's; one told here, or corrected here,
    becomes it."""
    known = any(a.item == _BORN and a.source is Source.RECORD for a in intake.answers)
    return item == _BORN and not known


def _person_on_the_line(intake: Intake) -> dict[str, str]:
    """The person at risk is filled from the caller only when the caller speaks for themselves."""
    call = intake.calls[-1] if intake.calls else None
    who = {"who": intake.patient.name}
    if call is not None and call.relationship == NOT_SAID:
        return who | {"is_caller": _NOT_ASKED}
    if call is None or call.relationship != SELF:
        return who | {"is_caller": "no"}
    return who | _IS_CALLER | _told_by_caller(intake)


def _told_by_caller(intake: Intake) -> dict[str, str]:
    latest = {answer.item: answer.value for answer in intake.answers if answer.value is not None}
    found = {
        "where": str(latest.get("caller_location", "")),
        "phone": str(latest.get("callback_number", "")),
    }
    if latest.get("callback_permission") == "someone_elses_phone":
        found["phone_note"] = _("not their own, ask by first name")
    return found
