"""A case file: one call written down, replayed through the same service methods as a real one.

The whole file is proven and rehearsed before anything is recorded, so that nothing is half done.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from intake_app.core import opening, review, safety
from intake_app.core.errors import ContentError, IntakeError, NotFound
from intake_app.core.instrument import plain
from intake_app.core.model import (
    NOT_SAID,
    SELF,
    CallEnd,
    Clinic,
    Decision,
    Disposition,
    PartialDate,
    Role,
    Source,
    Stage,
    State,
)
from intake_app.core.protocol import Protocol
from intake_app.core.screening import Case, reads, resume_at, sedation_together
from intake_app.core.words import _
from intake_app.fields import Fields
from intake_app.service import IntakeService, MedicineEntry

# Who speaks where an answer does not say so: only a self-caller is the patient alone. Where nobody
# said who called, nobody said either that the person was alone: as on the emergency panel, their no
# does not count, and a `source` of an answer that says so does.
_VOICE = {
    SELF: Source.PATIENT_ALONE,
    "referrer": Source.REFERRER,
    NOT_SAID: Source.PATIENT_WITH_OTHERS,
}
_TRIAL = "trial_"
SECOND_CONTACT = "second_contact"
RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is one of _KINDS; `what` is its value; `place` is where in the file."""

    kind: str
    what: str
    value: object
    state: State
    source: Source
    at: datetime | None
    by: str
    note: str
    entry: int
    fields: Mapping[str, str]
    place: str = ""


@dataclass(frozen=True)
class CaseFile:
    """`clinic` is None where the file tells of none, and has no name where it tells none."""

    today: date
    clinic: Clinic | None
    staff: tuple[Person, ...]
    patient: tuple[str, PartialDate | None, str | None]
    relationship: str
    medicines: tuple[tuple[MedicineEntry, Source], ...]
    events: tuple[Event, ...]


def read(path: Path) -> CaseFile:
    """Raise ContentError, naming the field, for a file that is no case."""
    try:
        table = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except OSError as error:
        what = _("cannot be read ({why})").format(why=error.strerror)
        raise ContentError(path.name, what) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError(path.name, _("is not TOML ({why})").format(why=error)) from None
    return _case(Fields(path.name, "", table))


def _case(fields: Fields) -> CaseFile:
    today = _day(fields)
    clinic = _clinic(fields.table("clinic")) if fields.has("clinic") else None
    staff = tuple(_person(row) for row in fields.tables("staff"))
    patient = _patient(fields.table("patient", needed=True))
    caller = fields.table("caller")
    relationship = caller.text("relationship", NOT_SAID).strip()
    voice = _VOICE.get(relationship, Source.RELATIVE)
    events = [
        _said(item, caller.text(key), voice)
        for key, item in (("callback", "callback_number"), ("location", "caller_location"))
        if caller.has(key)
    ]
    caller.done()
    medicines = tuple(_medicine(row, voice) for row in fields.tables("medicine"))
    for number, row in enumerate(fields.tables("trial"), start=1):
        events += _trial(row, number, voice)
    times = _Times(today)
    events += [_event(row, times, voice) for row in fields.tables("event")]
    fields.done()
    return CaseFile(today, clinic, staff, patient, relationship, medicines, tuple(events))


def _day(fields: Fields) -> date:
    raw = fields.raw("today")
    try:
        return raw if type(raw) is date else date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise fields.wrong("today", _("has to be a date such as 2026-03-10")) from None


def _clinic(fields: Fields) -> Clinic:
    name = fields.text("name", "")
    country, demo = fields.text("country", "US"), fields.flag("demo")
    numbers = {key: fields.text(key) for key in fields.names()}
    return Clinic(name, country, demo, numbers)


def _person(fields: Fields) -> Person:
    name, roles = fields.text("name"), fields.texts("roles")
    unknown = [role for role in roles if role not in tuple(Role)]
    if unknown or not roles:
        known = ", ".join(Role)
        raise fields.wrong("roles", _("have to be among {known}").format(known=known))
    fields.done()
    return Person(name, frozenset(map(Role, roles)))


def _patient(fields: Fields) -> tuple[str, PartialDate | None, str | None]:
    name = fields.text("name")
    born = _partial_date(fields, "born") if fields.has("born") else None
    sex = fields.one_of("sex", ("female", "male", "not_stated"), "not_stated")
    fields.done()
    return name, born, None if sex == "not_stated" else sex


def _partial_date(fields: Fields, key: str) -> PartialDate:
    try:
        return PartialDate.parse(str(fields.raw(key)))
    except ValueError:
        what = _("has to be a date such as 1983-05-04, 1983-05 or 1983")
        raise fields.wrong(key, what) from None


def _said(item: str, value: object, source: Source, entry: int = 0) -> Event:
    return Event("item", item, value, State.ANSWERED, source, None, "", "", entry, {})


def _medicine(fields: Fields, voice: Source) -> tuple[MedicineEntry, Source]:
    entry = MedicineEntry(
        name=fields.text("name"),
        confirmed=fields.text("confirmed", "") or None,
        dose_mg=_decimal(fields, "dose_mg"),
        per_day=_decimal(fields, "per_day"),
        as_needed=fields.flag("as_needed"),
        detail=fields.text("detail", "") or fields.text("dose", ""),
    )
    source = _source(fields, voice)
    fields.done()
    return entry, source


def _decimal(fields: Fields, key: str) -> Decimal | None:
    if not fields.has(key):
        return None
    value = fields.raw(key)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value < 1_000_000:
        raise fields.wrong(key, _("has to be a number above zero"))
    return Decimal(value)


def _source(fields: Fields, voice: Source) -> Source:
    return Source(fields.one_of("source", Source, voice))


def _trial(fields: Fields, number: int, voice: Source) -> list[Event]:
    """Keys are the trial items, with or without their common beginning."""
    source = _source(fields, voice)
    events = []
    for key in fields.names():
        item = key if key.startswith(_TRIAL) else _TRIAL + key
        value = fields.raw(key)
        if value in (State.UNKNOWN, State.DECLINED, State.DEFERRED):
            events.append(Event("item", item, None, State(value), source, None, "", "", number, {}))
        else:
            events.append(_said(item, value, source, number))
    return events


_KINDS = ("item", "call", "settle", "escalation", "review", "sign", "submit")


def _event(fields: Fields, times: _Times, voice: Source) -> Event:
    kinds = [kind for kind in _KINDS if fields.has(kind)]
    if len(kinds) != 1:
        known = ", ".join(_KINDS)
        raise fields.wrong("", _("needs exactly one of {known}").format(known=known))
    kind = kinds[0]
    what = str(fields.raw(kind))
    value = fields.raw("value") if kind in ("item", "settle") and fields.has("value") else None
    state = State.ANSWERED
    if kind == "item" and fields.has("state"):
        state = State(fields.one_of("state", (State.UNKNOWN, State.DECLINED, State.DEFERRED)))
    if kind == "item" and (value is None) == (state is State.ANSWERED):
        raise fields.wrong(what, _("needs either a value or a state"))
    return Event(
        kind=kind,
        what=what,
        value=value,
        state=state,
        source=_source(fields, voice) if kind == "item" else voice,
        at=times.take(fields, what) if fields.has("at") else None,
        by=fields.text("by", ""),
        note=fields.text("note", ""),
        entry=fields.take("entry", int, 0) if kind == "item" else 0,
        fields=_rest(fields, kind, what),
        place=fields.place,
    )


def _rest(fields: Fields, kind: str, what: str) -> Mapping[str, str]:
    """What else an event says: only escalations, reviews and signatures have more fields."""
    more = {"review": ("decision", "flag", "reason"), "sign": ("disposition", "reason")}
    known = safety.MOVE_FIELDS[_move(what)] if kind == "escalation" else more.get(kind, ())
    found = {key: str(fields.raw(key)) for key in known if fields.has(key)}
    fields.done()
    return found


# A time of day that is earlier by more than this is of the next day; by less, it is a mistake.
_OVER_MIDNIGHT = timedelta(hours=12)


class _Times:
    """The times of a case in their order, the first of them on the day of `today`. One without a
    day, or a zone, has those of the one before; or the next day, where midnight lies between."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._before: datetime | None = None

    def take(self, fields: Fields, what: str) -> datetime:
        before = self._before or datetime.combine(self._today, time(), UTC)
        found, told_day = _moment(fields, before)
        if self._before is not None and not told_day and before - found > _OVER_MIDNIGHT:
            found += timedelta(days=1)
        if self._before is None and found.date() != self._today:
            template = _("'{what}' is the first with a time, and its day is not that of `today`")
            raise fields.wrong("at", template.format(what=what))
        if self._before is not None and found < before:
            template = _("'{what}' is told at a time before that of an event before it")
            raise fields.wrong("at", template.format(what=what))
        self._before = found
        return found


def _moment(fields: Fields, before: datetime) -> tuple[datetime, bool]:
    """And whether the file tells its day."""
    raw = fields.raw("at")
    text = raw.isoformat() if isinstance(raw, time) else str(raw)
    told_day = "-" in text
    try:
        found = datetime.fromisoformat(text if told_day else f"{before.date()}T{text}")
    except ValueError:
        raise fields.wrong("at", _("has to be a time such as 10:41")) from None
    return found if found.tzinfo else found.replace(tzinfo=before.tzinfo), told_day


# Proving ----------------------------------------------------------------------------------------


_CALL_EVENTS = tuple(map(str, (*CallEnd, RESUMED, SECOND_CONTACT)))


def prove(case: CaseFile, protocol: Protocol) -> None:
    """Refuse a case that this protocol cannot take, by what the file alone shows; `rehearse` shows
    the rest."""
    for event in case.events:
        if event.kind == "item":
            item = protocol.item(event.what)
            if event.state is State.ANSWERED:
                item.parse(event.value)
        elif event.kind == "call" and event.what not in _CALL_EVENTS:
            template = _("'{value}' is not one of {known}")
            said = template.format(value=event.what, known=", ".join(_CALL_EVENTS))
            raise ContentError("event.call", said)
        elif event.kind in _PROOFS:
            _PROOFS[event.kind](event)


def _settled(event: Event) -> str:
    """How; a number is read back as it stands in the record."""
    said = str(event.value or "")
    known = {opening.READ_BACK: {"": ""}, **opening.settled_words()}.get(event.what, {})
    if said not in known:
        template = _("'{what}' is not settled like that; known: {known}")
        known_words = ", ".join(known or opening.settled_words())
        raise ContentError("event.settle", template.format(what=event.what, known=known_words))
    return said


_STEP = re.compile(r"step[ _-]?([1-6])\b[\s:,.-]*(.*)")


def _move(what: str) -> str:
    move = "step" if _STEP.fullmatch(what) else what
    if move not in safety.MOVE_FIELDS or what == "step":
        moves = (move for move in safety.MOVE_FIELDS if move != "step")
        known = ", ".join((*(f"step {n}" for n in safety.STEPS), *moves))
        template = _("'{value}' is not one of {known}")
        raise ContentError("event.escalation", template.format(value=what, known=known))
    return move


def _escalation_move(event: Event) -> tuple[str, dict[str, str]]:
    fields, move = dict(event.fields), _move(event.what)
    if event.note:
        fields["note"] = event.note
    step = _STEP.fullmatch(event.what)
    if step:
        fields["step"] = step[1]
        if step[2]:
            fields["what"] = step[2]
    if move == "accepted":
        fields["read_back"] = "yes"  # a call file says accepted of nothing else
    if event.by and move != "closed":
        fields["by"] = event.by
    return move, fields


def _decision(event: Event) -> tuple[str, Decision]:
    """`review = FLAG, decision = DECISION`, or the other way round with `flag`."""
    first, second = event.what, event.fields.get("decision", event.fields.get("flag", ""))
    flag, decision = (second, first) if first in tuple(Decision) else (first, second)
    if decision not in tuple(Decision) or not flag:
        template = _("needs a flag and one of {known}")
        raise ContentError("event.review", template.format(known=", ".join(Decision)))
    return flag, Decision(decision)


def _disposition(event: Event) -> Disposition:
    found = event.what if event.what in tuple(Disposition) else event.fields.get("disposition", "")
    if found not in tuple(Disposition):
        template = _("needs one of {known}")
        raise ContentError("event.sign", template.format(known=", ".join(Disposition)))
    return Disposition(found)


_PROOFS: dict[str, Callable[[Event], object]] = {
    "settle": _settled,
    "review": _decision,
    "sign": _disposition,
}


# Replaying ----------------------------------------------------------------------------------------


class CaseClock:
    """The time that the case tells; between two times told a second passes at each reading."""

    def __init__(self, today: date) -> None:
        # The time of day is of no weight; it only has to lie within office hours.
        self._now = datetime.combine(today, time(9), UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def tell(self, moment: datetime) -> None:
        """Never backwards: what took longer than the case tells pushes the rest on."""
        self._now = max(self._now, moment - timedelta(seconds=1))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What was only rehearsed took no time."""
        before = self._now
        yield
        self._now = before

    def begin(self, moment: datetime) -> None:
        """Nothing is recorded yet: the call starts at any time of the day."""
        self._now = moment - timedelta(seconds=1)


def founded(told: Clinic | None) -> Clinic:
    """Of a new vault."""
    about = told or Clinic("")
    return replace(about, name=about.name or _("Clinic without a name"))


def refuse_elsewhere(case: CaseFile, here: Clinic) -> None:
    """No invented patient among real ones, and no real one on pages that are marked DEMO."""
    if case.clinic is None or case.clinic.demo == here.demo:
        return
    if here.demo:
        what = _(
            "The vault is of a demo, and the case is not; nothing was recorded. Name another vault."
        )
    else:
        what = _(
            "The case is of a demo, and the vault is not; nothing was recorded. Name another vault."
        )
    raise IntakeError(what)


def tells_otherwise(case: CaseFile, here: Clinic) -> bool:
    """Whether the case gives the clinic another name, or other numbers."""
    told = case.clinic
    if told is None:
        return False
    numbers = any(here.numbers.get(key) != said for key, said in told.numbers.items())
    return numbers or told.name not in ("", here.name)


class Replay:
    """Runs a proven case through the service. `saved` hears of each commit."""

    def __init__(
        self,
        service: IntakeService,
        case: CaseFile,
        clock: CaseClock,
        password: str,
        saved: Callable[[str], None],
    ) -> None:
        self._service = service
        self._case = case
        self._clock = clock
        self._password = password
        self._saved = saved
        self._others: dict[str, IntakeService] = {}
        self.intake_id = ""
        # Where in the file it is.
        self.place = ""

    def run(self) -> Case:
        told = next((event.at for event in self._case.events if event.at is not None), None)
        if told is not None:
            self._clock.begin(told)
        name, born, sex = self._case.patient
        patient = self._service.register_patient(name, born, sex)
        shown = self._service.open_intake(patient.id)
        self.intake_id = shown.intake.id
        self._service.open_call(self.intake_id, self._case.relationship)
        for medicine, source in self._case.medicines:
            self._service.record_medication(self.intake_id, medicine, source)
            self._saved(_("medicine"))
        for event in self._case.events:
            self.place = event.place
            if event.at is not None:
                self._clock.tell(event.at)
            _DOINGS[event.kind](self, event)
        return self._hang_up()

    def _hang_up(self) -> Case:
        shown = self._service.show(self.intake_id)
        if shown.intake.live_call is None:
            return shown
        return self._service.end_call(self.intake_id)

    def _as(self, name: str, role: Role) -> IntakeService:
        """Whoever the event names; else whoever of the case has the role."""
        if not name and role not in self._service.staff.roles:
            name = next((p.name for p in self._case.staff if role in p.roles), "")
        if not name or name == self._service.staff.name:
            return self._service
        if name not in self._others:
            self._others[name] = self._service.acting_as(name, self._password)
        return self._others[name]

    def _item(self, event: Event) -> None:
        self._as(event.by, Role.COORDINATOR).record_answer(
            self.intake_id,
            event.what,
            event.value,
            state=event.state,
            source=event.source,
            note=event.note,
            entry=event.entry,
        )
        self._saved(f"{event.what}#{event.entry}" if event.entry else event.what)

    def _call(self, event: Event) -> None:
        if event.what in (RESUMED, SECOND_CONTACT):
            stage = Stage.SECOND_CONTACT if event.what == SECOND_CONTACT else Stage.CALL
            if event.what == SECOND_CONTACT:
                self._hang_up()
            self._service.open_call(self.intake_id, self._case.relationship, stage)
        else:
            self._service.end_call(self.intake_id, CallEnd(event.what))
        self._saved(_("call {what}").format(what=event.what))

    def _settle(self, event: Event) -> None:
        number = opening.number(self._service.show(self.intake_id).intake)
        said = _settled(event) or number
        self._service.settle_opening(self.intake_id, event.what, said)
        self._saved(event.what)

    def _escalation(self, event: Event) -> None:
        move, fields = _escalation_move(event)
        if move == "raised":
            self._service.raise_escalation(self.intake_id, fields.get("reason", event.note))
        elif move == "closed":
            self._as(event.by, Role.CLINICIAN).close_escalation(self.intake_id, fields)
        elif fields.get("welfare_check"):
            self._as(event.by, Role.CLINICIAN).stamp_escalation(self.intake_id, move, fields)
        else:
            self._service.stamp_escalation(self.intake_id, move, fields)
        self._saved(_("escalation {what}").format(what=event.what))

    def _submit(self, _event: Event) -> None:
        self._hang_up()
        self._service.submit(self.intake_id)
        self._saved(_("submit"))

    def _review(self, event: Event) -> None:
        self._submit_first()
        flag, decision = _decision(event)
        reason = event.fields.get("reason", event.note)
        self._as(event.by, Role.CLINICIAN).review_flag(self.intake_id, flag, decision, reason)
        self._saved(_("review {flag}").format(flag=flag))

    def _sign(self, event: Event) -> None:
        self._submit_first()
        clinician = self._as(event.by, Role.CLINICIAN)
        reason = event.fields.get("reason", event.note)
        name = clinician.staff.name
        clinician.sign(self.intake_id, name, self._password, _disposition(event), reason)
        self._saved(_("sign"))

    def _submit_first(self) -> None:
        if self._service.show(self.intake_id).intake.submitted is None:
            self._submit(self._case.events[0])


_DOINGS: dict[str, Callable[[Replay, Event], None]] = {
    "item": Replay._item,
    "call": Replay._call,
    "settle": Replay._settle,
    "escalation": Replay._escalation,
    "submit": Replay._submit,
    "review": Replay._review,
    "sign": Replay._sign,
}


def rehearse(desk: IntakeService, case: CaseFile, clock: CaseClock, password: str) -> None:
    """Refuse what would be refused half-way, naming the place. Whoever calls takes it back."""
    replay = Replay(desk, case, clock, password, lambda _what: None)
    with clock.undone():
        try:
            desk.summary_pdf(replay.run().intake.id)
        except IntakeError as refused:
            raise IntakeError(
                f"{replay.place}: {refused}" if replay.place else str(refused)
            ) from None


# The result as JSON -------------------------------------------------------------------------------


def result(case: Case) -> dict[str, Any]:
    """What the screening shows, as plain values."""
    screening = case.screening
    risk = screening.suicide_risk
    return {
        "flags": [
            {
                "id": flag.criterion.id,
                "key": flag.key,
                "tier": flag.tier.word,
                "due": flag.due.word,
                "state": flag.state.value,
                "items": list(flag.items),
                "reason": flag.reason,
                "reasons": list(flag.reasons),
                "stronger_open": flag.stronger_open,
                "was_yes": flag.was_yes,
                "unconfirmed": [p.name for p in flag.params if p.confirmed is None],
            }
            for flag in screening.flags
        ],
        "scores": dict(_scores(case)),
        "suicide_risk": {
            "level": risk.word,
            "ceiling": risk.ceiling.word,
            "complete": risk.complete,
            "inconsistent": risk.inconsistent,
            "official_wording": case.protocol.wording_is_official,
        },
        "escalation": _escalation(case),
        "sedation_together": [flag.criterion.id for flag in sedation_together(case)],
        "tasks": [task.what for task in review.tasks(case)],
        "to_obtain": [
            {"id": wanted.id, "due": wanted.due.word, "items": list(wanted.items)}
            for wanted in screening.to_obtain
        ],
        "unanswered": [
            f"{question.item.id}#{question.entry}" if question.entry else question.item.id
            for question in screening.unanswered
        ],
        "answers": dict(_answers(case)),
        "resume_at": resume_at(case),
        "status": "signed"
        if case.intake.signature
        else "submitted"
        if case.intake.submitted
        else "draft",
        "record_number": case.intake.patient.record_number,
    }


def _scores(case: Case) -> Iterator[tuple[str, dict[str, Any]]]:
    for id_, found in case.screening.scores.items():
        if found.total is not None:
            yield id_, {"total": plain(found.total), "severity": found.severity}
        else:
            bounds = {"least": plain(found.least), "most": plain(found.most)}
            yield id_, {**bounds, "missing": list(found.missing)}


def _escalation(case: Case) -> dict[str, Any] | None:
    if not case.intake.escalations:
        return None
    latest = safety.open_escalation(case.intake) or case.intake.escalations[-1]
    return {
        "state": safety.state(latest).value,
        "raised_at": latest.events[0].at.isoformat(),
        "reason": latest.events[0].get("reason"),
        "person_at_risk": safety.person_at_risk(latest),
        "steps": [
            {"move": e.move, "at": e.at.isoformat(), **dict(e.fields)}
            for e in latest.events[1:]
            if e.move != "grounds"
        ],
        "grounds": sorted(safety.grounds(latest)),
    }


def _answers(case: Case) -> Iterator[tuple[str, dict[str, str]]]:
    """How each answered or open item reads, and who said so."""
    findings = case.screening.findings
    for item in case.protocol.items.values():
        repeated = item.id in case.protocol.repeated
        for at in findings.each if repeated else (findings,):
            history = at.history(item)
            if history or at.read(item.name) is None:
                key = f"{item.id}#{at.entry}" if at.entry else item.id
                source = history[-1].source.value if history else ""
                yield key, {"reads": reads(at, item), "source": source}


_BY_STAFF = ("item", "review", "sign")


def _by_a_clinician(event: Event) -> bool:
    """Who accepts or takes over may be anybody; these two are a clinician's of this clinic."""
    return event.kind == "escalation" and (
        event.what == "closed" or "welfare_check" in event.fields
    )


def refuse_strangers(case: CaseFile, names: tuple[str, ...]) -> None:
    """Everybody whom the case names has to be staff of the clinic whose vault it is."""
    wanted = [person.name for person in case.staff]
    wanted += [e.by for e in case.events if e.by and (e.kind in _BY_STAFF or _by_a_clinician(e))]
    stranger = next((name for name in wanted if name not in names), None)
    if stranger is not None:
        what = _("person of that name among the staff of this vault; see [[staff]] and 'by'")
        raise NotFound(what)
