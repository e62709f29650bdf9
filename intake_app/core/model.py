"""The nouns of an intake, as frozen values. Times are aware UTC datetimes."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from intake_app.core.words import _


class Role(StrEnum):
    FRONT_DESK = "front_desk"
    COORDINATOR = "coordinator"
    CLINICIAN = "clinician"
    ADMINISTRATOR = "administrator"


class State(StrEnum):
    """What is known of an answer. *Not asked* is the absence of an answer."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    DEFERRED = "deferred"
    NOT_APPLICABLE = "not_applicable"


class Source(StrEnum):
    """Who gave an answer."""

    PATIENT_ALONE = "patient_alone"
    PATIENT_WITH_OTHERS = "patient_with_others"
    RELATIVE = "relative"
    QUALIFIED_INTERPRETER = "qualified_interpreter"
    AD_HOC_INTERPRETER = "ad_hoc_interpreter"
    REFERRER = "referrer"
    RECORD = "record"
    TEST = "test"


# workflow.md, "The people of a call": a no on an item of safety counts from these alone.
COUNTS_FOR_A_NO = frozenset({Source.PATIENT_ALONE, Source.QUALIFIED_INTERPRETER})
# The person's own word; where one of these does not count, it is because others may have heard it.
THE_PERSONS_OWN = COUNTS_FOR_A_NO | {Source.PATIENT_WITH_OTHERS}
# Whoever tells of the person in their own words, and is asked about them (decisions/0027).
TELLS_OF_ANOTHER = frozenset({Source.RELATIVE, Source.REFERRER})


class Stage(StrEnum):
    """Where a question belongs; the order is the order of the work."""

    CALL = "call"
    SECOND_CONTACT = "second_contact"
    CLINICIAN = "clinician"
    ON_SITE = "on_site"
    STAFF_TASK = "staff_task"


class Tier(IntEnum):
    NOTE = 1
    REVIEW = 2
    STOP = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Due(IntEnum):
    """How soon; a greater one is more urgent."""

    NONE = 0
    BEFORE_FIRST_DOSE = 1
    BEFORE_SCHEDULING = 2
    SAME_DAY = 3
    NOW = 4

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as far as it is known: every day from `earliest` to `latest`, both included.

    `earliest` is None where the past is open ("2025 or before"). `text` is what was said, in
    one of the forms of `parse`: 2024-03-05, 2024-03, 2024, 2024-autumn, ..2024, 2019..2024.
    """

    earliest: date | None
    latest: date
    text: str

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Raise ValueError for anything that is not one of the forms."""
        text = text.strip().lower()
        start, dots, end = text.partition("..")
        if not dots:
            return cls(*_days_of(text), text)
        earliest = _days_of(start)[0] if start else None
        latest = _days_of(end)[1]
        if earliest is not None and latest < earliest:
            raise ValueError("a range of dates ends before it starts")
        return cls(earliest, latest, text)


# Meteorological seasons of the northern half; "winter 2024" may mean either end of the year.
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11)}


def _days_of(text: str) -> tuple[date, date]:
    found = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?|-([a-z]+))?", text.strip())
    if found is None:
        raise ValueError("not a date")
    year, month, day, season = found.groups()
    if season == "winter":
        return date(int(year) - 1, 12, 1), _days_of(f"{int(year) + 1:04}-02")[1]
    if season is not None and season not in _SEASONS:
        raise ValueError("not a season")
    first, last = _SEASONS[season] if season else (int(month or 1), int(month or 12))
    if day:
        return date(int(year), first, int(day)), date(int(year), first, int(day))
    return date(int(year), first, 1), date(int(year), last, monthrange(int(year), last)[1])


@dataclass(frozen=True, slots=True)
class BloodPressure:
    """Upper and lower number in mmHg."""

    systolic: int
    diastolic: int

    def __str__(self) -> str:
        return f"{self.systolic}/{self.diastolic}"


Value = bool | int | Decimal | str | tuple[str, ...] | PartialDate | BloodPressure


@dataclass(frozen=True, slots=True)
class Patient:
    """`name` is empty, `born` and `sex` are None, where nobody has said; sex is as recorded for
    clinical use."""

    id: str
    record_number: str
    name: str
    born: PartialDate | None = None
    sex: str | None = None

    @property
    def shown(self) -> str:
        """The name as it is printed."""
        return self.name or _("Name not asked yet")


class Standing(StrEnum):
    """Whether somebody can unlock. CODE: an administrator gave a one-time code, and they choose a
    new password with it before anything else."""

    HERE = "here"
    SUSPENDED = "suspended"
    CODE = "code"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Staff:
    id: str
    name: str
    roles: frozenset[Role]
    standing: Standing = Standing.HERE


@dataclass(frozen=True)
class Clinic:
    """What clinic.json holds: no patient data. `demo` marks every page.

    `numbers` are whom to phone, "Name, number" or a number; their names are in `safety.NUMBERS`.
    The lock comes after so many minutes in which nobody touches anything, and after `call_minutes`
    while a line is open. `texts` are read aloud in place of the built-in ones (core/scripts.py).
    `centres` are the emergency centres of other counties (core/centres.py).
    `retry_minutes` and `most_tries` are for calls back (core/contacts.py); None is not confirmed.
    """

    name: str
    country: str = "US"
    demo: bool = False
    numbers: Mapping[str, str] = field(default_factory=dict)
    idle_minutes: int = 10
    call_minutes: int = 60
    texts: Mapping[str, str] = field(default_factory=dict)
    centres: Mapping[str, str] = field(default_factory=dict)
    retry_minutes: int | None = None
    most_tries: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One recorded answer; never changed, a later one for the same item and entry speaks.

    `entry` counts the repeats of a for_each criterion from 1, and is 0 elsewhere. `wording`
    says which text was read out. `value` is None unless the state is *answered*.
    """

    id: str
    item: str
    state: State
    value: Value | None
    source: Source
    at: datetime
    by: str
    entry: int = 0
    note: str = ""
    wording: str = "built-in"


@dataclass(frozen=True, slots=True)
class Medication:
    """A medicine as the caller named it. `confirmed` is the list's name for it, if staff chose
    one among near matches. Dose in mg per intake; `per_day` counts intakes."""

    id: str
    name: str
    source: Source
    at: datetime
    by: str
    confirmed: str | None = None
    dose_mg: Decimal | None = None
    per_day: Decimal | None = None
    as_needed: bool = False
    detail: str = ""


class CallEnd(StrEnum):
    ENDED = "ended"
    DROPPED = "dropped"


# Who is calling, as seen from the person at risk. A case file may also say it in its own words.
NOT_SAID = ""
SELF = "self"
OTHER = "other"


def relationship_words() -> Mapping[str, str]:
    """Every relationship that a caller can be recorded with, in the order of asking."""
    return {
        SELF: _("for themselves"),
        "relative": _("a relative"),
        "friend": _("a friend"),
        "referrer": _("a referring clinician"),
        "interpreter": _("an interpreter"),
        OTHER: _("somebody else, reporting another's danger"),
    }


@dataclass(frozen=True, slots=True)
class Call:
    """One contact. `end` is None while the line is open; `relationship` is the latest told, and so
    is each pair of `settled`: see core/opening.py. `tried`: calls back since it ended that reached
    nobody, each with how (core/contacts.py)."""

    id: str
    stage: Stage
    relationship: str
    started: datetime
    by: str
    ended: datetime | None = None
    end: CallEnd | None = None
    settled: tuple[tuple[str, str], ...] = ()
    tried: tuple[tuple[datetime, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EscalationEvent:
    """One move or step of an escalation, in the order in which they were made."""

    move: str
    at: datetime
    by: str
    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        return dict(self.fields).get(name, "")


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happened, in order; its state is derived from that (`core.safety`)."""

    id: str
    events: tuple[EscalationEvent, ...]


class Decision(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    NEEDS_INFORMATION = "needs_information"
    ACCEPTED_WITH_CONDITION = "accepted_with_condition"
    NOT_SUITABLE = "not_suitable"


@dataclass(frozen=True, slots=True)
class FlagReview:
    """A clinician's decision on one flag, with what it saw; lapses when that changes."""

    flag: str
    decision: Decision
    reason: str
    seen: str
    at: datetime
    by: str


class Disposition(StrEnum):
    """workflow.md, "Triage outcomes": set by a person, never by the app."""

    EMERGENCY_HANDOFF = "emergency_handoff"
    SAME_DAY_CLINICIAN = "same_day_clinician"
    NOT_SUITABLE = "not_suitable"
    ON_HOLD = "on_hold"
    CONSULT_TO_BE_BOOKED = "consult_to_be_booked"
    THIRD_PARTY_REPORT = "third_party_report"
    WITHDRAWN_OR_UNREACHABLE = "withdrawn_or_unreachable"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed what, when and as what. `record_hash` is the SHA-256 of the canonical snapshot,
    `statement` the exact bytes that were signed."""

    staff: str
    name: str
    at: datetime
    disposition: Disposition
    reason: str
    record_hash: str
    statement: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Addendum:
    text: str
    name: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Note:
    """Free words of staff, beside the question `item` or beside none. Never screened."""

    text: str
    item: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Intake:
    """One screening episode, whole. Tuples are in the order of recording.

    `look_again`: a protocol adopted since would raise other flags, and no clinician has looked.
    """

    id: str
    patient: Patient
    protocol_digest: str
    opened: datetime
    calls: tuple[Call, ...] = ()
    answers: tuple[Answer, ...] = ()
    medications: tuple[Medication, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    reviews: tuple[FlagReview, ...] = ()
    submitted: datetime | None = None
    signature: Signature | None = None
    addenda: tuple[Addendum, ...] = ()
    notes: tuple[Note, ...] = ()
    look_again: bool = False

    @property
    def live_call(self) -> Call | None:
        return next((c for c in reversed(self.calls) if c.end is None), None)


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """A summary with the person's name, and that of its owner. `stale`: of another day, and
    screened anew soon. Without an intake its id is empty."""

    intake_id: str
    patient: str
    record_number: str
    status: str
    tier: int
    due: int
    flags: int
    unanswered: int
    escalation: str
    born: str = ""
    queries: int = 0
    call: str = ""
    stage: str = Stage.CALL.value
    owner: str = ""
    owner_name: str = ""
    since: str = ""
    tab: str = ""
    patient_id: str = ""
    opened: str = ""
    now_since: str = ""
    day_since: str = ""
    routine_since: str = ""
    stale: bool = False
