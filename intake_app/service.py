"""IntakeService: one method per thing that staff do, one transaction each.

Each method first asks the role table (core/review.py), loads, decides in the core, writes rows
with their audit entries, screens anew and returns the new Case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Table, bindparam, select

from intake_app import content, pdf
from intake_app.core import review, safety
from intake_app.core.errors import NotAllowed, NotFound, WrongMove, WrongValue
from intake_app.core.model import (
    Addendum,
    Answer,
    Call,
    CallEnd,
    Decision,
    Disposition,
    Escalation,
    EscalationEvent,
    FlagReview,
    Intake,
    Medication,
    PartialDate,
    Patient,
    Role,
    Signature,
    Source,
    Staff,
    Stage,
    State,
)
from intake_app.core.packet import Edition, compose, snapshot
from intake_app.core.protocol import Protocol
from intake_app.core.screening import Case, screen
from intake_app.core.words import _
from intake_app.store import anchor, clinic, database, intakes, schema, vault, verify
from intake_app.store.audit import APP_VERSION, Actor, Journal
from intake_app.store.codec import canonical
from intake_app.store.files import replace_file

Clock = Callable[[], datetime]
SELF = "self"
_TAKES_MEDICINES = "takes_medicines"  # a medicine named answers it: nothing is asked twice


@dataclass(frozen=True)
class NewPerson:
    name: str
    roles: frozenset[Role]
    password: str = field(repr=False)


@dataclass(frozen=True)
class Clinic:
    """What clinic.json holds: no patient data. `demo` marks every page.

    `numbers` are whom to phone; `on_call` is the first rung of the ladder.
    """

    name: str
    country: str = "US"
    demo: bool = False
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MedicineEntry:
    """A medicine as the caller names it; see core.model.Medication."""

    name: str
    confirmed: str | None = None
    dose_mg: Decimal | None = None
    per_day: Decimal | None = None
    as_needed: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WorklistRow:
    intake_id: str
    patient: str
    record_number: str
    status: str
    tier: int
    due: int
    flags: int
    unanswered: int
    escalation: str


def create_vault(
    folder: Path,
    about: Clinic,
    people: Sequence[NewPerson],
    clock: Clock,
    kdf: vault.KdfParams = vault.DEFAULT_KDF,
) -> tuple[IntakeService, str]:
    """A new vault, opened by the first of `people`, and the recovery key: shown once, not kept."""
    if not people:
        raise WrongMove(_("A clinic needs at least one person; nothing was created."))
    staff = [Staff(str(uuid4()), person.name, person.roles) for person in people]
    slots = [
        vault.NewStaff(member.id, member.name, person.password)
        for member, person in zip(staff, people, strict=True)
    ]

    def found(records: database.Records) -> None:
        anchor.write_clinic(records.folder, records.keys, asdict(about))
        records.anchor_files()
        IntakeService(records, about, staff[0], clock)._found(staff)

    records, recovery_key = database.create(folder, slots, kdf, found)
    return IntakeService(records, about, staff[0], clock), recovery_key


def open_vault(folder: Path, name: str, password: str, clock: Clock) -> IntakeService:
    """Unlock the records as one of the staff; every refusal is one sentence."""
    records, unlocked = database.open_records(folder, name, password)
    try:
        about = Clinic(**anchor.read_clinic(folder, records.keys))
        with records.look() as connection:
            member = _member(connection, unlocked.staff_id)
        return IntakeService(records, about, member, clock)
    except BaseException:
        records.close()
        raise


def _member(connection: Connection, staff_id: str) -> Staff:
    """Who unlocked; a place in vault.keys without a row in the records is nobody's."""
    member = clinic.load_staff(connection).get(staff_id)
    if member is None:
        raise NotAllowed(_("open these records"), _("staff of this clinic"))
    return member


def staff_names(folder: Path) -> tuple[str, ...]:
    """Who may unlock; names stand in clear in vault.keys."""
    return tuple(name for _id, name in vault.read(folder).staff)


def verify_vault(folder: Path, name: str | None, password: str) -> str | None:
    """The place of the first fault, or None. Works on a private copy; changes nothing.

    Without a name, the first of the staff whose password it is.
    """
    with verify.private_copy(folder) as copy:
        try:
            keys = _unlock(copy, name, password)
        except (vault.DamagedKeys, vault.NotAVault) as error:
            return verify.file_fault(copy) or f"{anchor.KEYS}: {error}"
        return verify.first_fault(copy, keys, _worklist_fault)


def _unlock(folder: Path, name: str | None, password: str) -> vault.Keys:
    names = [name] if name else [known for _id, known in vault.read(folder).staff]
    for known in names[:-1]:
        with suppress(vault.WrongPassword):
            return vault.unlock(folder, known, password).keys
    return vault.unlock(folder, names[-1], password).keys


def _worklist_fault(connection: Connection) -> str | None:
    """The one table that the trail does not cover is derived: it has to come out the same again."""
    table, intake = schema.summary, schema.intake
    kept = {row.intake_id: row for row in connection.execute(select(table))}
    for intake_id in connection.execute(select(intake.c.id).order_by(intake.c.at)).scalars():
        row = kept.get(intake_id)
        if row is None:
            return _("worklist: intake {intake} is missing").format(intake=intake_id)
        if row.app != APP_VERSION:  # made by other rules; renewed when the worklist is opened
            continue
        text = clinic.protocol_text(connection, row.protocol_digest)
        protocol = _built(text)
        found = intakes.load(connection, intake_id, protocol)
        today = date.fromisoformat(row.day)
        case = Case(found, protocol, screen(found, protocol, today), today)
        if _summary(case) != dict(row._mapping):
            template = _("worklist: the row of intake {intake} differs from its record")
            return template.format(intake=intake_id)
    return None


@lru_cache(maxsize=8)
def _built(text: str) -> Protocol:
    return content.build(content.Bundle.from_text(text))


@dataclass(frozen=True, slots=True)
class _Work:
    """One transaction: its connection and its journal."""

    connection: Connection
    journal: Journal

    def write(self, table: Table, row: Mapping[str, object], event: str) -> None:
        self.journal.write(table, row, event)


class IntakeService:
    """The records as one member of staff may work with them."""

    def __init__(
        self, records: database.Records, about: Clinic, staff: Staff, clock: Clock
    ) -> None:
        self._records = records
        self._about = about
        self._staff = staff
        self._clock = clock
        self._protocols: dict[str, Protocol] = {}

    @property
    def staff(self) -> Staff:
        return self._staff

    def close(self) -> None:
        self._records.close()

    def protocol(self) -> Protocol:
        """What new intakes are taken with. Holds no patient data."""
        with self._records.look() as connection:
            return self._present(connection)

    def acting_as(self, name: str, password: str) -> IntakeService:
        """The same records for one action of somebody else at this desk."""
        unlocked = vault.unlock(self._records.folder, name, password)
        with self._records.look() as connection:
            member = _member(connection, unlocked.staff_id)
        other = IntakeService(self._records, self._about, member, self._clock)
        other._protocols = self._protocols
        return other

    # Patients, intakes, calls ---------------------------------------------------------------------

    def register_patient(
        self, name: str, born: PartialDate | None = None, sex: str | None = None
    ) -> Patient:
        with self._change("register_patient") as work:
            if not name.strip():
                raise WrongMove(_("A patient needs a name; nothing was saved."))
            number = clinic.next_record_number(work.connection)
            found = Patient(str(uuid4()), number, name.strip(), born, sex)
            row = {
                "id": found.id,
                "record_number": number,
                "name": found.name,
                "born": born.text if born else "",
                "sex": sex or "",
            }
            work.write(schema.patient, row, "patient_registered")
            return found

    def open_intake(self, patient_id: str) -> Case:
        """A new screening episode under the clinic's present protocol."""
        with self._change("open_intake") as work:
            patient = intakes.load_patient(work.connection, patient_id)
            protocol = self._present(work.connection)
            found = Intake(str(uuid4()), patient, protocol.digest, work.journal.at)
            row = {
                "id": found.id,
                "patient_id": patient.id,
                "protocol_digest": protocol.digest,
            }
            work.write(schema.intake, row, "intake_opened")
            if patient.born is not None and "date_of_birth" in protocol.items:
                known = self._answer(work, "date_of_birth", patient.born, Source.RECORD)
                found = self._append(work, found, known)
            return self._settle(work, found, protocol)

    def open_call(
        self, intake_id: str, relationship: str = SELF, stage: Stage = Stage.CALL
    ) -> Case:
        with self._change("open_call") as work:
            intake, protocol = self._load(work, intake_id)
            if intake.live_call is not None:
                raise WrongMove(_("This call is open already; nothing was changed."))
            started = Call(str(uuid4()), stage, relationship, work.journal.at, self._staff.id)
            self._call_event(work, intake, started, intakes.OPENED)
            return self._settle(work, replace(intake, calls=(*intake.calls, started)), protocol)

    def end_call(self, intake_id: str, how: CallEnd = CallEnd.ENDED) -> Case:
        """What was not asked on the suicide-risk screen counts as open from now on."""
        with self._change("end_call") as work:
            intake, protocol = self._load(work, intake_id)
            live = intake.live_call
            if live is None:
                raise WrongMove(_("No call is open; nothing was changed."))
            self._call_event(work, intake, live, how)
            ended = replace(live, ended=work.journal.at, end=how)
            calls = tuple(ended if call is live else call for call in intake.calls)
            return self._settle(work, replace(intake, calls=calls), protocol)

    def _call_event(self, work: _Work, intake: Intake, call: Call, event: str) -> None:
        row = {
            "intake_id": intake.id,
            "call_id": call.id,
            "event": str(event),
            "stage": call.stage.value,
            "relationship": call.relationship,
        }
        work.write(schema.call_event, row, f"call_{event}")

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
            if (entry > 0) != (item in protocol.repeated):
                raise WrongValue(item, _("the number of its entry, and only if it has entries"))
            parsed = None if value is None else question.parse(value)
            wording = protocol.official_wordings.get(question.instrument or "", "built-in")
            answer = self._answer(work, item, parsed, source, state=state, entry=entry)
            answer = replace(answer, note=note, wording=wording)
            return self._settle(work, self._append(work, intake, answer), protocol)

    def _answer(
        self,
        work: _Work,
        item: str,
        value: object,
        source: Source,
        *,
        state: State = State.ANSWERED,
        entry: int = 0,
    ) -> Answer:
        id_, at = str(uuid4()), work.journal.at
        return Answer(id_, item, state, value, source, at, self._staff.id, entry)  # type: ignore[arg-type]

    def _append(self, work: _Work, intake: Intake, answer: Answer) -> Intake:
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
            listed = Medication(
                id=str(uuid4()),
                name=entry.name.strip(),
                source=source,
                at=work.journal.at,
                by=self._staff.id,
                confirmed=entry.confirmed,
                dose_mg=entry.dose_mg,
                per_day=entry.per_day,
                as_needed=entry.as_needed,
                detail=entry.detail,
            )
            row = intakes.medication_row(intake.id, listed)
            work.write(schema.medication, row, "medication_listed")
            intake = replace(intake, medications=(*intake.medications, listed))
            if not any(answer.item == _TAKES_MEDICINES for answer in intake.answers):
                implied = self._answer(work, _TAKES_MEDICINES, True, source)
                intake = self._append(work, intake, implied)
            return self._settle(work, intake, protocol)

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
            self._check_fields(move, fields)
            escalation = self._latest_escalation(intake)
            safety.check_move(escalation, move)
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
        missing = [
            name for name in _NEEDED_FIELDS.get(move, ()) if not fields.get(name, "").strip()
        ]
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

    @staticmethod
    def _latest_escalation(intake: Intake) -> Escalation:
        if not intake.escalations:
            raise NotFound(_("escalation on this intake"))
        return safety.open_escalation(intake) or intake.escalations[-1]

    def _raise(
        self, work: _Work, intake: Intake, protocol: Protocol, reason: str, grounds: frozenset[str]
    ) -> Intake:
        fields = {"reason": reason, "grounds": " ".join(sorted(grounds))}
        fields |= _person_on_the_line(intake)
        return self._move(work, intake, Escalation(str(uuid4()), ()), "raised", fields)

    def _move(
        self,
        work: _Work,
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
            flag = screen(intake, protocol, self._today()).flag(flag_key)
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
            intake, protocol = self._load(work, intake_id)
            case = Case(intake, protocol, screen(intake, protocol, self._today()), self._today())
            review.check_ready(case, disposition, reason)
            if name != self._staff.name:
                raise NotAllowed(_("sign in this name"), _("whoever is signed in"))
            key = vault.signing_key(self._records.folder, name, password)
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

    def add_addendum(self, intake_id: str, text: str, name: str, password: str) -> Case:
        """What comes after the signature, signed in its turn."""
        with self._change("add_addendum") as work:
            intake, protocol = self._load(work, intake_id, signed=True)
            if intake.signature is None:
                raise WrongMove(_("This intake is not signed yet; change it instead."))
            if not text.strip() or name != self._staff.name:
                raise WrongMove(_("An addendum needs words, and the name of who is signed in."))
            key = vault.signing_key(self._records.folder, name, password)
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

    # Protocol -------------------------------------------------------------------------------------

    def decide_parameter(self, criterion: str, param: str, value: object = None) -> Protocol:
        """Take a parameter over as it stands, or set it for this clinic; for new intakes."""
        with self._change("decide_parameter") as work:
            bundle = self._bundle(work.connection)
            known = content.build(bundle).by_criterion.get(criterion)
            if known is None or param not in known.params:
                raise NotFound(_("parameter '{name}'").format(name=f"{criterion}.{param}"))
            taken = known.params[param].value if value is None else value
            decided = content.ParamDecision(criterion, param, taken, self._staff.name)
            kept = [d for d in bundle.decisions if (d.criterion, d.param) != (criterion, param)]
            changed = replace(bundle, decisions=(*kept, decided))
            return self._make_present(work, changed)

    def adopt_protocol(self) -> Protocol:
        """A clinician answers for the protocol by name; placeholders stay marked until decided."""
        with self._change("adopt_protocol") as work:
            bundle = replace(self._bundle(work.connection), adopted_by=self._staff.name)
            return self._make_present(work, bundle)

    def _make_present(self, work: _Work, bundle: content.Bundle) -> Protocol:
        protocol = content.build(bundle)
        clinic.keep_protocol(
            work.connection,
            work.journal,
            digest=protocol.digest,
            name=protocol.name,
            version=protocol.version,
            content=bundle.to_text(),
        )
        work.write(
            schema.setting, {"name": "protocol", "value": protocol.digest}, "protocol_in_force"
        )
        self._protocols[protocol.digest] = protocol
        return protocol

    def _bundle(self, connection: Connection) -> content.Bundle:
        digest = clinic.settings(connection)["protocol"]
        return content.Bundle.from_text(clinic.protocol_text(connection, digest))

    def _present(self, connection: Connection) -> Protocol:
        return self._protocol(connection, clinic.settings(connection)["protocol"])

    def _protocol(self, connection: Connection, digest: str) -> Protocol:
        if digest not in self._protocols:
            text = clinic.protocol_text(connection, digest)
            self._protocols[digest] = content.build(content.Bundle.from_text(text))
        return self._protocols[digest]

    # Reading --------------------------------------------------------------------------------------

    def show(self, intake_id: str) -> Case:
        """Open a chart; that somebody looked is in the audit trail."""
        with self._change("show") as work:
            intake, protocol = self._load(work, intake_id, signed=True)
            work.journal.note("chart_viewed", f"intake:{intake_id}")
            return Case(intake, protocol, screen(intake, protocol, self._today()), self._today())

    def worklist(self) -> tuple[WorklistRow, ...]:
        """Open escalations first, then the strongest tier, then the soonest due; as of today."""
        with self._change("worklist") as work:
            self._refresh(work)
            table, patient, intake = schema.summary, schema.patient, schema.intake
            escalated = table.c.escalation != ""
            found = (
                select(table, patient.c.name, patient.c.record_number)
                .join(intake, intake.c.id == table.c.intake_id)
                .join(patient, patient.c.id == intake.c.patient_id)
                .order_by(escalated.desc(), table.c.tier.desc(), table.c.due.desc(), intake.c.at)
            )
            work.journal.note("worklist_viewed", "worklist")
            return tuple(
                WorklistRow(
                    row.intake_id,
                    row.name,
                    row.record_number,
                    row.status,
                    row.tier,
                    row.due,
                    row.flags,
                    row.unanswered,
                    row.escalation,
                )
                for row in work.connection.execute(found)
            )

    def _refresh(self, work: _Work) -> None:
        """Summaries of another day, or by other rules: ages and windows move on."""
        table = schema.summary
        stale = (table.c.day != self._today().isoformat()) | (table.c.app != APP_VERSION)
        old = select(table.c.intake_id).where(stale)
        for intake_id in work.connection.execute(old).scalars().all():
            intake, protocol = self._load(work, intake_id, signed=True)
            self._settle(work, intake, protocol)

    def print_summary(self, intake_id: str, path: Path) -> Path:
        """The intake summary as a PDF at `path`: the old file or the new one, never half."""
        with self._change("print_summary") as work:
            intake, protocol = self._load(work, intake_id, signed=True)
            case = Case(intake, protocol, screen(intake, protocol, self._today()), self._today())
            staff = clinic.load_staff(work.connection)
            edition = Edition(
                clinic=self._about.name,
                demo=self._about.demo,
                on_call=self._about.numbers.get("on_call", ""),
                made=work.journal.at,
                staff={member.id: member.name for member in staff.values()},
            )
            data = pdf.render(compose(case, edition))
            work.journal.note("summary_printed", f"intake:{intake_id}")
            replace_file(path, data)
            return path

    # Staff ----------------------------------------------------------------------------------------

    def add_staff(self, person: NewPerson) -> Staff:
        with self._change("add_staff") as work:
            if not person.roles:
                raise WrongMove(_("A member of staff needs a role; nobody was added."))
            known = clinic.load_staff(work.connection)
            member = Staff(str(uuid4()), person.name, person.roles)
            work.write(schema.staff, clinic.staff_row(member), "staff_added")
            slot = vault.NewStaff(member.id, member.name, person.password)
            keys = vault.with_staff(self._records.folder, self._records.keys, slot, known)
            self._records.replace_keys(keys, work.journal.at)
            return member

    def _found(self, staff: Sequence[Staff]) -> None:
        """The first rows of a new vault, in one transaction."""
        actor = Actor(self._staff.id, Role.ADMINISTRATOR)
        with self._records.change(actor, self._clock()) as (connection, journal):
            work = _Work(connection, journal)
            for member in staff:
                work.write(schema.staff, clinic.staff_row(member), "staff_added")
            self._make_present(work, content.shipped())

    # What every method goes through ---------------------------------------------------------------

    @contextmanager
    def _change(self, action: str) -> Iterator[_Work]:
        """The gate, then one transaction: denied unless the role table says otherwise."""
        role = review.role_for(self._staff, action)
        actor = Actor(self._staff.id, role.value)
        with self._records.change(actor, self._clock()) as (connection, journal):
            yield _Work(connection, journal)

    def _load(
        self, work: _Work, intake_id: str, *, signed: bool = False
    ) -> tuple[Intake, Protocol]:
        digest = intakes.protocol_digest(work.connection, intake_id)
        protocol = self._protocol(work.connection, digest)
        intake = intakes.load(work.connection, intake_id, protocol)
        if not signed:
            review.check_editable(intake)
        return intake, protocol

    def _settle(self, work: _Work, intake: Intake, protocol: Protocol) -> Case:
        """Screen anew, raise what has to be raised, keep the worklist's summary."""
        today = self._today()
        found = screen(intake, protocol, today)
        uncovered = safety.uncovered(intake, found.grounds)
        if uncovered and intake.signature is None:
            intake = self._cover(work, intake, protocol, uncovered, found.flags)
            found = screen(intake, protocol, today)
        case = Case(intake, protocol, found, today)
        self._summarise(work.connection, case)
        return case

    def _cover(
        self,
        work: _Work,
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

    def _summarise(self, connection: Connection, case: Case) -> None:
        row = _summary(case)
        connection.execute(_OLD_SUMMARY, {"intake": case.intake.id})
        connection.execute(schema.summary.insert(), row)

    def _today(self) -> date:
        return self._clock().date()


def _summary(case: Case) -> dict[str, object]:
    """What the worklist shows of an intake: derived, and kept only to be quick."""
    flags = case.screening.flags
    standing = safety.open_escalation(case.intake)
    return {
        "intake_id": case.intake.id,
        "status": review.status(case.intake),
        "tier": int(max((flag.tier for flag in flags), default=0)),
        "due": int(max((flag.due for flag in flags), default=0)),
        "flags": sum(review.standing(case.intake, flag) is None for flag in flags),
        "unanswered": len(case.screening.unanswered),
        "escalation": safety.state(standing).value if standing else "",
        "protocol_digest": case.protocol.digest,
        "app": APP_VERSION,
        "day": case.today.isoformat(),
    }


_OLD_SUMMARY = schema.summary.delete().where(schema.summary.c.intake_id == bindparam("intake"))
_NEEDED_FIELDS = {
    "step": ("step",),
    "accepted": ("by",),
    "taken_over": ("by",),
    "closed": ("outcome", "reason", "who_has_the_person", "next_contact"),
    "safety_call": ("outcome",),
    "reached": ("outcome",),
}


def _person_on_the_line(intake: Intake) -> dict[str, str]:
    """The person at risk is filled from the caller only when the caller speaks for themselves."""
    latest = {answer.item: answer.value for answer in intake.answers if answer.value is not None}
    call = intake.calls[-1] if intake.calls else None
    if call is None or call.relationship != SELF:
        return {"who": intake.patient.name, "is_caller": "no"}
    found = {
        "who": intake.patient.name,
        "is_caller": "yes",
        "where": str(latest.get("caller_location", "")),
        "phone": str(latest.get("callback_number", "")),
    }
    if latest.get("callback_permission") == "someone_elses_phone":
        found["phone_note"] = _("not their own, ask by first name")
    return found
