"""What the emergency panel says and holds: clinical/escalation.md in words and decisions.

The panel assesses no risk. It puts the next sentence, the place and the numbers in front of whoever
is on the phone. Texts are built in; what is marked a placeholder is nobody's until a clinician
confirms it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from intake_app.core import centres, safety, scripts
from intake_app.core.facts import years_between
from intake_app.core.model import (
    NOT_SAID,
    OTHER,
    SELF,
    Answer,
    CallEnd,
    Clinic,
    Escalation,
    EscalationEvent,
    Intake,
    PartialDate,
    Source,
    State,
    relationship_words,
)
from intake_app.core.safety import EscalationState, Outcome, Rung
from intake_app.core.screening import Case
from intake_app.core.words import _, _n

# escalation.md, "What stops, what closes" and "The line drops": placeholders.
REALERT_MINUTES = 2
_CALL_BACKS = 2
_CALL_BACK_MINUTES = 5
EMERGENCY = "emergency"  # the rung of emergency services
_US_POISON = "1-800-222-1222"
_PERSON_MOVES = ("raised", "person")
_OF_AGE = 18


def standing(case: Case) -> Escalation | None:
    """The escalation that the panel is about: the open one, else the latest."""
    raised = case.intake.escalations
    return safety.open_escalation(case.intake) or (raised[-1] if raised else None)


def is_raised(case: Case) -> bool:
    """Raised, and nobody has accepted it: the place and the phone must not leave the screen."""
    found = safety.open_escalation(case.intake)
    return found is not None and safety.state(found) is EscalationState.RAISED


def opens_by_itself(case: Case) -> bool:
    """Whether a case that comes to the desk, or whose line dropped, is resumed at the panel."""
    if safety.open_escalation(case.intake) is None:
        return False
    last = case.intake.calls[-1] if case.intake.calls else None
    return is_raised(case) or (last is not None and last.end is not CallEnd.ENDED)


def is_about(case: Case, zone: tzinfo | None) -> bool:
    """Whether the panel is this person's without a further word: their escalation is open, they are
    on the line, or the line dropped on them today. A chart that only lies open is nobody's crisis:
    whoever is at the telephone may be somebody else (decisions/0030)."""
    intake = case.intake
    if safety.open_escalation(intake) is not None or intake.live_call is not None:
        return True
    if not is_dropped(case) or intake.submitted is not None:
        return False
    at = intake.calls[-1].ended
    return at is not None and at.astimezone(zone).date() == case.today


def clock(moment: datetime, zone: tzinfo | None) -> str:
    return moment.astimezone(zone).strftime("%H:%M:%S")


# The person at risk ------------------------------------------------------------------------------

# Answers of the protocol that the panel asks for, by the field of the person that repeats them.
ASKED = {
    "done_already": "harm_already_done",
    "means": "means_within_reach",
    "firearm": "firearm_access",
    "company": "company_now",
}
# The caller's own place and number, which are the person's only where they speak for themselves.
_OF_THE_CALLER = {"where": "caller_location", "phone": "callback_number"}
_OPEN_STATES = (State.UNKNOWN, State.DECLINED)


def person(case: Case) -> dict[str, str]:
    """What is known of the person; what turned out to be the caller's own is not."""
    found = standing(case)
    known = safety.person_at_risk(found) if found else {}
    return {field: said for field, said in known.items() if said != _("not known yet")}


def about_another(case: Case) -> bool:
    return person(case).get("is_caller") == "no"


def cannot_speak(case: Case) -> bool:
    return person(case).get("free_to_speak") == "no"


def whereabouts(case: Case) -> str:
    """Place and phone in one line, always in view; of another's caller the number too, on which
    they are called back."""
    known = person(case)
    place = [known[field] for field in ("where", "county") if known.get(field)]
    said = _("{who}: {place} · {phone}").format(
        who=known.get("who") or _("Person at risk"),
        place=", ".join(place) or _("PLACE NOT KNOWN") + _caller_gave(case, "where"),
        phone=known.get("phone") or _("NO PHONE KNOWN") + _caller_gave(case, "phone"),
    )
    callers = callback_number(case) if about_another(case) else ""
    return said + (_(" · the caller: {number}").format(number=callers) if callers else "")


def callback_number(case: Case) -> str:
    """As whoever calls gave it."""
    told = _latest(case.intake, _OF_THE_CALLER["phone"])
    return str(told.value) if told is not None and told.value is not None else ""


def _caller_gave(case: Case, field: str) -> str:
    """The caller's own place or number, said to be theirs, while nobody has said whether they are
    the person at risk: better than nothing to those who are sent."""
    told = _latest(case.intake, _OF_THE_CALLER[field])
    if person(case).get("is_caller") in ("yes", "no") or told is None or told.value is None:
        return ""
    return _(" (the caller gave {it}: theirs?)").format(it=told.value)


def starts_in_the_place(case: Case) -> bool:
    """Where the focus goes: the place, if it is empty or the caller is not the person at risk."""
    known = person(case)
    return not known.get("where") or known.get("is_caller") != "yes"


def from_the_caller(case: Case) -> dict[str, str]:
    """What the caller said of themselves later than the person's record has it."""
    found, known = standing(case), person(case)
    if found is None or known.get("is_caller") != "yes":
        return {}
    newer = {}
    for field, item in _OF_THE_CALLER.items():
        told, kept = _latest(case.intake, item), _kept_at(found, field)
        later = told is not None and (kept is None or told.at > kept or not known.get(field))
        if told is not None and told.value is not None and later:
            newer[field] = str(told.value)
    return {field: said for field, said in newer.items() if said != known.get(field)}


def caller_is(case: Case, code: str) -> str:
    """How the open call is recorded once staff say whether the caller is the person at risk;
    nothing where that is recorded already."""
    live = case.intake.live_call
    if live is None or not takes_answers(case):
        return ""
    if code == "yes":
        return SELF if live.relationship != SELF else ""
    return OTHER if live.relationship in (SELF, NOT_SAID) else ""


def caller_fields(case: Case, code: str) -> dict[str, str]:
    """The person's record then: a place and a phone that are the caller's are nobody else's."""
    if code == "yes":
        return {"is_caller": code}
    known, fields = person(case), {"is_caller": code}
    for field, item in _OF_THE_CALLER.items():
        told = _latest(case.intake, item)
        if told is not None and known.get(field) == str(told.value):
            fields[field] = _("not known yet")
    return fields


def caller_item(case: Case, field: str) -> str | None:
    """The answer that a field of the person is as well, where they are the caller."""
    item = _OF_THE_CALLER.get(field)
    known = item in case.protocol.items and takes_answers(case)
    return item if known and person(case).get("is_caller") == "yes" else None


def takes_answers(case: Case) -> bool:
    """After the signature only the person's record and the steps are added to."""
    return case.intake.signature is None


def item_of(case: Case, field: str) -> str | None:
    """The answer that a choice of the panel is recorded as."""
    item = ASKED.get(field)
    return item if item in case.protocol.items and takes_answers(case) else None


def choices(case: Case | None, field: str) -> tuple[tuple[str, str], ...]:
    """Code and words of what may be chosen for a field of the person."""
    yes_no = (("yes", _("Yes")), ("no", _("No")))
    if field not in ASKED:
        return yes_no
    item = case.protocol.items.get(ASKED[field]) if case else None
    options: tuple[tuple[str, str], ...] = yes_no
    if item is not None and item.options:
        options = tuple((str(option.code), option.label) for option in item.options)
    return (*options, (State.UNKNOWN, _("Does not know")), (State.DECLINED, _("Declined")))


def answer_of(code: str) -> tuple[object, State]:
    """Value and state of an answer, from the code of a choice."""
    if code in _OPEN_STATES:
        return None, State(code)
    return {"yes": True, "no": False}.get(code, code), State.ANSWERED


def chosen(case: Case, field: str) -> str:
    """The code of what is known of a field, or nothing: not asked. What was said last speaks."""
    found = standing(case)
    kept = _code(case, field, person(case).get(field, ""))
    told = _latest(case.intake, ASKED[field]) if field in ASKED else None
    if told is None or (found is not None and _is_of_another_call(case, found, told)):
        return kept
    at = _kept_at(found, field) if found else None
    return kept if kept and at is not None and at >= told.at else _code_of(told)


def words_of(case: Case, field: str, code: str) -> str:
    """What the person's record keeps of a choice: yes and no as codes, an option in its words."""
    item = case.protocol.items.get(ASKED.get(field, ""))
    if item is None or not item.options or code in _OPEN_STATES:
        return code
    return dict(choices(case, field)).get(code, code)


def _code(case: Case, field: str, kept: str) -> str:
    codes = {words: code for code, words in choices(case, field)}
    return codes.get(kept, kept)


def _code_of(told: Answer) -> str:
    if told.state is not State.ANSWERED:
        return told.state.value
    if isinstance(told.value, bool):
        return "yes" if told.value else "no"
    return str(told.value)


def _latest(intake: Intake, item: str) -> Answer | None:
    return next((answer for answer in reversed(intake.answers) if answer.item == item), None)


def _is_of_another_call(case: Case, found: Escalation, told: Answer) -> bool:
    """Neither a no nor who was there at an earlier call says anything of now; a yes or an open
    answer goes on to count."""
    return told.at < _began(case, found) and told.value not in (True, None)


def _began(case: Case, found: Escalation) -> datetime:
    """When what goes on began: with the call in which it was raised, or the first of those that
    the line cut off before it."""
    began = found.events[0].at
    for call in reversed(case.intake.calls):
        if call.end is CallEnd.ENDED and call.ended is not None and call.ended < began:
            break
        began = min(began, call.started)
    return began


def _kept_at(found: Escalation, field: str) -> datetime | None:
    kept = [e.at for e in found.events if e.move in _PERSON_MOVES and e.get(field)]
    return kept[-1] if kept else None


# Who answers for another person until staff say otherwise; their no does not count.
_VOICES = {"referrer": Source.REFERRER, "interpreter": Source.AD_HOC_INTERPRETER}


def voice(case: Case) -> Source:
    """Whose answers these are: the caller's, who need not be the person at risk."""
    relationship = case.intake.calls[-1].relationship if case.intake.calls else NOT_SAID
    if about_another(case):
        return _VOICES.get(relationship, Source.RELATIVE)
    alone = person(case).get("is_caller") == "yes" and not cannot_speak(case)
    told_alone = relationship in (SELF, NOT_SAID) and alone
    return Source.PATIENT_ALONE if told_alone else Source.PATIENT_WITH_OTHERS


_EMERGENCY_NOW = "emergency_now"


def danger(case: Case, now: datetime) -> bool:
    """Something was done already, a medical emergency, or nobody can rule them out; or the person
    is lost: emergency services come first."""
    if chosen(case, "done_already") not in ("", "no"):
        return True
    told = _latest(case.intake, _EMERGENCY_NOW)
    unsure = told is not None and told.state in _OPEN_STATES
    unwell = told is not None and case.screening.findings.read(_EMERGENCY_NOW) is True
    return unsure or unwell or is_lost(case, now)


def is_minor(case: Case) -> bool:
    """Under 18 as far as anybody said; the age told on the panel speaks before the birth date."""
    told = person(case).get("age", "").split()
    if told and told[0].isdigit():
        return int(told[0]) < _OF_AGE
    born = _born(case)
    return born is not None and years_between(born.latest, case.today) < _OF_AGE


def _born(case: Case) -> PartialDate | None:
    """Of the record, unless somebody else than it is about turned out to be at risk."""
    patient, found = case.intake.patient, standing(case)
    who = safety.person_at_risk(found).get("who", "") if found else ""
    return None if about_another(case) and who not in ("", patient.name) else patient.born


# The steps ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Says:
    """Who speaks, to whom. `number` calls the caller back; `other`: about somebody else;
    `closed`: only what a yes or a no answers."""

    staff: str
    clinic: Clinic
    number: str = ""
    other: bool = False
    closed: bool = False
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """`aloud` is read out, `note` is for staff alone, `stamp` says how it stands."""

    key: str
    title: str
    aloud: str
    note: str
    stamp: str = ""
    done: bool = False
    not_possible: bool = False


def says(case: Case | None, staff: str, clinic: Clinic) -> Says:
    if case is None:
        return Says(staff, clinic)
    other = about_another(case)
    callers = callback_number(case)
    number = callers if other else person(case).get("phone") or callers
    return Says(staff, clinic, number, other, cannot_speak(case), is_minor(case))


def steps(case: Case | None, speaker: Says, zone: tzinfo | None) -> tuple[Step, ...]:
    titles, notes = step_words(), _notes(speaker)
    made = {key: _stamps(case, key) if case else () for key in titles}
    return tuple(
        Step(key, titles[key], _aloud(speaker, key), notes[key], *_stamp(made[key], zone))
        for key in titles
    )


def next_step(case: Case, now: datetime) -> str:
    """The first step that is not stamped; danger jumps to the hand-over. On the line again, they
    are told first who is there."""
    open_ = [key for key in safety.STEPS if not is_stamped(case, key)]
    if is_back(case) and "1" in open_:
        return "1"
    if danger(case, now) and "6" in open_:
        return "6"
    return open_[0] if open_ else "6"


def is_stamped(case: Case, key: str) -> bool:
    """Done, or not possible; a call back in vain is neither. What was said before the line dropped
    is said again."""
    since = case.intake.calls[-1].started if is_back(case) and key == "1" else None
    made = [e for e in _stamps(case, key) if not e.get("call_back")]
    return any(since is None or event.at >= since for event in made)


def is_back(case: Case) -> bool:
    """On the line again after it dropped."""
    calls = case.intake.calls
    dropped = len(calls) > 1 and calls[-2].end is CallEnd.DROPPED
    return dropped and calls[-1].end is None


def _stamps(case: Case, key: str) -> tuple[EscalationEvent, ...]:
    found = standing(case)
    made = found.events if found else ()
    return tuple(e for e in made if e.move == "step" and e.get("step") == key)


def step_words() -> Mapping[str, str]:
    return {
        "1": _("Stay, and say who you are"),
        "2": _("Anything done already?"),
        "3": _("Where exactly, and who is there"),
        "4": _("A colleague phones the ladder"),
        "5": _("Distance from means"),
        "6": _("Hand over, and stay until they have them"),
    }


def first_name(name: str) -> str:
    """Without a title before it."""
    parts = [part for part in name.split() if not part.endswith(".")]
    return parts[0] if parts else name


def _aloud(speaker: Says, number: str) -> str:
    """What is read at a step; whoever cannot speak freely is asked what a yes or a no answers."""
    text = scripts.step(
        speaker.clinic.texts,
        number,
        other=speaker.other,
        closed=speaker.closed,
        name=first_name(speaker.staff),
        clinic=speaker.clinic.name,
    )
    return f"{text} {_cut_off(speaker)}" if number == "1" else text


def _cut_off(speaker: Says) -> str:
    if speaker.number:
        template = _("If we get cut off I will call you back on {number}.")
        return template.format(number=speaker.number)
    if speaker.closed:
        return _("If we get cut off, may I call the number that you are calling from?")
    return _("If we get cut off, what number do I call you back on?")


def _notes(speaker: Says) -> dict[str, str]:
    """For staff alone."""
    poison = poison_number(speaker.clinic)
    nobody_near = _("Never ask the caller to go near a weapon or to take it.")
    found = {
        "1": _("Silence is fine: “I'm still here.” Promise no secrecy; do not argue or ask why."),
        "2": _(
            "Yes or unknown: emergency services for that place now; consent is not needed. Poison "
            "line {poison}. No advice on drinking, vomiting or driving."
        ).format(poison=poison),
        "3": _(
            "Street, unit, floor, city, county, state. A vehicle: make, colour, plate, parked "
            "where, or moving on which road in which direction; tell them again when it changes."
        ),
        "4": _(
            "On a second line. Alone: speaker phone and a second line, or a three-way call; "
            "neither: say so, and give the place to emergency services at the first chance."
        ),
        "5": _(
            "For those who will come, and for space between the person and it. Only if it is "
            "safe; nobody hands a weapon over or handles it for us. Method is not asked further."
        ),
        "6": _(
            "Clinician, crisis line three-way, or emergency services. Tell the other side first "
            "where the person is: a call from here reaches this region. Leave only when they say "
            "that they have them; ask the name and stamp it. Stay until then, whatever the hour."
        ),
    }
    if speaker.other:
        found["1"] = _("Help goes to the place of the person, not of the caller.")
        found["5"] = nobody_near + " " + _("Only what the caller knows.")
    if speaker.minor:
        found["4"] += " " + _(
            "Under 18: the same steps; bring in a parent or guardian, unless that raises the "
            "danger."
        )
    return found


def care_words() -> str:
    """How to speak; for staff alone."""
    return _(
        "Say suicide, attempt, died by suicide, thoughts of suicide: no words of crime, of success "
        "or of failing. Promise no secrecy: “I will tell only those who can help.” Do not argue, "
        "blame or ask why. Read no numbers and no levels out to the person."
    )


def afterwards_words(case: Case) -> str:
    """Once the other side has the person: a word for whoever was on the line."""
    found = standing(case)
    if found is None or safety.event(found, "taken_over") is None:
        return _("Stay on the line until the other side says that they have the person.")
    return _(
        "For you: who takes over the desk now? Talk about this call with somebody within the day."
    )


def _stamp(made: Sequence[EscalationEvent], zone: tzinfo | None) -> tuple[str, bool, bool]:
    """Its words; whether it was done; whether it was not possible, and not done all the same."""
    if not made:
        return "", False, False
    said = [_stamp_words(event, zone) for event in made if not event.get("rung")]
    first = _("done {at}").format(at=clock(made[0].at, zone))
    not_possible = any(event.get("not_possible") for event in made)
    done = any(not (event.get("not_possible") or event.get("call_back")) for event in made)
    return "; ".join(said) or first, done, not_possible and not done


def _stamp_words(event: EscalationEvent, zone: tzinfo | None) -> str:
    at = clock(event.at, zone)
    if event.get("not_possible"):
        return _("not possible {at}: {why}").format(at=at, why=event.get("not_possible"))
    if event.get("note"):
        return _("note {at}: {note}").format(at=at, note=event.get("note"))
    if event.get("call_back"):
        return _("called back {at}: {how}").format(at=at, how=event.get("call_back"))
    return _("done {at}").format(at=at)


# Who was told ------------------------------------------------------------------------------------


def told_words(case: Case | None, numbers: Mapping[str, str], zone: tzinfo | None) -> str:
    """Across the top, always. Only an acceptance changes it."""
    found = standing(case) if case else None
    closed = safety.event(found, "closed") if found else None
    if closed is not None:
        return _("Closed {at}: {outcome}. {who}").format(
            at=clock(closed.at, zone),
            outcome=outcome_words().get(closed.get("outcome"), closed.get("outcome")),
            who=closed.get("who_has_the_person"),
        )
    accepted = safety.event(found, "accepted") if found else None
    if accepted is not None:
        return _("{name} accepted at {at}, read back").format(
            name=accepted.get("by"), at=clock(accepted.at, zone)
        )
    if whom := first_to_phone(case, numbers):
        return _("This computer has told no one. Phone {whom}.").format(whom=whom)
    return _(
        "This computer has told no one. No clinician is set. Phone emergency services for the "
        "person's place."
    )


def first_to_phone(case: Case | None, numbers: Mapping[str, str]) -> str:
    """The first of the ladder who is set, for somebody under 18 the clinic's own route; "" where
    there is nobody."""
    first = safety.ladder(numbers, minor=case is not None and is_minor(case))[0]
    return first.contact if first.key != EMERGENCY else ""


def realert(case: Case | None, now: datetime) -> int:
    """Minutes since it was raised, in steps of `REALERT_MINUTES`; 0 where there is no alert."""
    if case is None or not is_raised(case):
        return 0
    found = standing(case)
    if found is None:
        return 0
    passed = int((now - found.events[0].at).total_seconds()) // 60
    return max(0, passed // REALERT_MINUTES * REALERT_MINUTES)


def realert_words(minutes: int) -> str:
    return _("Still not accepted, {minutes} min.").format(minutes=minutes) if minutes else ""


def help_words(case: Case, numbers: Mapping[str, str], now: datetime) -> tuple[str, str]:
    """Why, and where the help stands: above each further question while nobody has accepted, and
    nothing once somebody has."""
    if not is_raised(case):
        return "", ""
    why = next((flag.reason for flag in case.screening.flags if flag.escalates), "")
    tried = _tries(standing(case), EMERGENCY)
    if tried:
        how = how_words().get(tried[-1].get("how"), tried[-1].get("how"))
        template = _("Emergency services: {how} {at}; not accepted yet")
        return why, template.format(how=how, at=clock(tried[-1].at, now.tzinfo)[:5])
    if danger(case, now):
        number = numbers.get(EMERGENCY, "").strip() or _("find out now")
        return why, _("EMERGENCY SERVICES NOT PHONED YET: {number}").format(number=number)
    return why, _("Nobody has accepted yet; emergency services not phoned")


# The ladder --------------------------------------------------------------------------------------

HOW = ("reached", "voicemail", "no_answer")


@dataclass(frozen=True, slots=True)
class RungLine:
    """A rung with how it stands. `due`: it is this one that is phoned now."""

    rung: Rung
    who: str
    said: str
    due: bool


def how_words() -> Mapping[str, str]:
    return {
        "reached": _("Reached"),
        "voicemail": _("Voicemail"),
        "no_answer": _("No answer"),
    }


def rungs(case: Case | None, numbers: Mapping[str, str], now: datetime) -> tuple[Rung, ...]:
    """In the order of phoning: danger to life now, and emergency services come first."""
    ladder = safety.ladder(numbers, minor=case is not None and is_minor(case))
    if case is None or not danger(case, now):
        return ladder
    return tuple(sorted(ladder, key=lambda rung: rung.key != EMERGENCY))


def ladder_lines(
    case: Case | None, numbers: Mapping[str, str], now: datetime
) -> tuple[RungLine, ...]:
    ordered = rungs(case, numbers, now)
    found = standing(case) if case else None
    tried = {rung.key: _tries(found, rung.key) for rung in ordered}
    waits = case is not None and is_raised(case)
    due = next((r.key for r in ordered if not tried[r.key]), None) if waits else None
    return tuple(
        RungLine(r, _whom(r), _rung_stands(r, tried[r.key], now, waits), due=r.key == due)
        for r in ordered
    )


def _tries(found: Escalation | None, key: str) -> list[EscalationEvent]:
    return [e for e in found.events if e.get("rung") == key] if found else []


def _whom(rung: Rung) -> str:
    contact = rung.contact or _("find out now")
    return _("{title}: {contact}").format(title=rung.title, contact=contact)


def _rung_stands(rung: Rung, tries: list[EscalationEvent], now: datetime, waits: bool) -> str:
    if not tries:
        return _("not phoned yet")
    last, zone = tries[-1], now.tzinfo
    said = _("{how} {at}").format(
        how=how_words().get(last.get("how"), last.get("how")), at=clock(last.at, zone)
    )
    if last.get("how") == "reached":
        return said + _rest_of_reached(rung, waits)
    if rung.minutes is None or not waits:
        return said
    until = tries[0].at + timedelta(minutes=rung.minutes)
    if now >= until:
        return (
            said
            + ". "
            + _("{minutes} min are over (placeholder): phone the next one.").format(
                minutes=rung.minutes
            )
        )
    return (
        said
        + ". "
        + _("Not reached: phone the next one, by {at} at the latest (placeholder).").format(
            at=clock(until, zone)[:5]
        )
    )


def _rest_of_reached(rung: Rung, waits: bool) -> str:
    if rung.key == EMERGENCY or not waits:
        return ""
    return ". " + _("They read back name, place, phone and why; then it is accepted.")


def telling_words() -> str:
    """What whoever phones the ladder tells the other side."""
    return _(
        "Tell them: name, place, phone, what was said in the person's words, what is done already, "
        "means, who is with them, what has been started. They read it back."
    )


def dialling_words(case: Case | None, clinic: Clinic, today: date) -> str:
    """How the right emergency services are reached from the clinic's phone."""
    county = person(case).get("county", "") if case else ""
    found = [_of_a_centre(each, today) for each in centres.answering(clinic, county)]
    transfer = _(
        "Same county as here: dial the emergency number. Another county or state: dial it and "
        "say: “The emergency is in {county}, not here. Please transfer me to that centre.” Stay "
        "until transferred. Abroad: ask the person, or someone with them, to dial their country's "
        "number on another phone."
    ).format(county=county or _("COUNTY, STATE"))
    if not found:
        return transfer
    template = _("Dial that county's own centre: {centres}. Where nobody answers, what follows.")
    return f"{template.format(centres='; '.join(found))}\n{transfer}"


def _of_a_centre(centre: centres.Centre, today: date) -> str:
    template = _("{county} {number} (dialled {day})")
    if centre.tried is None:
        template = _("{county} {number} (never dialled yet)")
    elif not safety.is_lately(centre.tried, today):
        template = _("{county} {number} (dialled {day}, not lately)")
    return template.format(county=centre.county, number=centre.number, day=centre.tried)


# Lines -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """`number` is empty where nobody knows it; that is said, and never filled with another's."""

    title: str
    number: str
    how: str = ""

    @property
    def shown(self) -> str:
        return self.number or _("find out now")


ELSEWHERE = "elsewhere"  # a country that nobody has listed


class Country(Protocol):
    """A row of resources/lines.toml: known by hearsay, each to be confirmed by the clinic."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def emergency(self) -> str: ...
    @property
    def crisis_line(self) -> str: ...


def poison_number(clinic: Clinic) -> str:
    known = _US_POISON if clinic.country == "US" else ""
    return clinic.numbers.get("poison", "").strip() or known or _("find out now")


def lines(clinic: Clinic, country: str, known: Sequence[Country]) -> tuple[Line, ...]:
    """For the country in which the person is; the clinic's own numbers hold at home alone."""
    where = country or clinic.country
    own = clinic.numbers if where == clinic.country else {}
    listed = next((each for each in known if each.code == where), None)
    name = listed.name if listed else _("country not listed")
    found = [
        Line(
            _("Emergency services, {country}").format(country=name),
            own.get(EMERGENCY, "").strip() or (listed.emergency if listed else ""),
        ),
        _crisis_line(name, own.get("crisis_line", "").strip(), listed),
    ]
    if county := own.get("county_emergency", "").strip():
        found.append(Line(_("Emergency services of the clinic's county"), county))
    if where == "US":
        return (*found, *_of_the_us(own))
    return (*found, Line(_("Poison line"), own.get("poison", "").strip()))


def _crisis_line(country: str, own: str, listed: Country | None) -> Line:
    number = own or (listed.crisis_line if listed else "")
    title = _("Crisis line, {country}").format(country=country)
    return Line(title, number, _ways_to_988() if number == "988" else "")


def _ways_to_988() -> str:
    return _(
        "call, text or chat. Veterans and service: press 1, or text 838255. Spanish: press 2, or "
        "text AYUDA to 988. Deaf: videophone to 988, text or chat. It also takes callers who "
        "worry about somebody"
    )


def _of_the_us(own: Mapping[str, str]) -> tuple[Line, ...]:
    return (
        Line(_("Poison line"), own.get("poison", "").strip() or _US_POISON, _("day and night")),
        Line(
            _("Mothers and parents around a birth"),
            "1-833-852-6262",
            _("for support, not a crisis line"),
        ),
        Line(_("Relay"), "711", _("the person speaks for themselves through it")),
    )


def lately_words(clinic: Clinic, today: date, country: str = "") -> str:
    """The day on which each of the clinic's numbers was last dialled; those of another country are
    known by hearsay."""
    if (country or clinic.country) == clinic.country:
        known = safety.number_words()
        said = [
            tried_words(known[key], safety.tried_on(clinic.numbers, key), today)
            for key in safety.NUMBERS
            if clinic.numbers.get(key, "").strip()
        ]
        return _("Last tried: {numbers}.").format(numbers="; ".join(said) or _("no number is set"))
    return _(
        "Not tested lately, and to be confirmed by the clinic. From here it usually cannot be "
        "dialled: the person, or someone with them, dials it on another phone."
    )


def tried_words(number: str, day: date | None, today: date) -> str:
    template = _("{number} {day}")
    if not safety.is_lately(day, today):
        template = _("{number} {day}, not tested lately (90 days, placeholder)")
    if day is None:
        template = _("{number} never, not tested lately")
    return template.format(number=number, day=day)


# The dispatch card -------------------------------------------------------------------------------


def dispatch_card(case: Case, staff: str, clinic: Clinic, zone: tzinfo | None) -> str:
    """What responders need, in the order in which they ask for it."""
    known = person(case)
    rows = (
        (_("PLACE"), _place(case, known, zone)),
        (_("HOW TO GET IN"), known.get("way_in", "") or _("not known")),
        (_("PERSON"), _who(case, known)),
        (_("PHONE"), _phone(case, known)),
        (_("WHAT IS HAPPENING"), known.get("happening") or _("not written down yet")),
        (_("DONE ALREADY"), _chosen_and_note(case, "done_already", "done_note")),
        (_("FIREARM"), chosen_words(case, "firearm")),
        (_("OTHER MEANS"), chosen_words(case, "means")),
        (_("OTHERS THERE"), _chosen_and_note(case, "company", "company_note")),
        (_("VEHICLE"), known.get("vehicle", "") or _("none known")),
        (_("OUR NAME"), _("{staff}, {clinic}").format(staff=staff, clinic=clinic.name)),
        (
            _("CALL US BACK ON"),
            clinic.numbers.get("clinic_phone", "") or _("say this phone's number"),
        ),
        (_("GIVEN TO"), _given(case, zone)),
    )
    return "\n".join(f"{name}: {value}" for name, value in rows)


def chosen_words(case: Case, field: str) -> str:
    code = chosen(case, field)
    return dict(choices(case, field)).get(code, code) or _("not asked: escalation")


def _place(case: Case, known: Mapping[str, str], zone: tzinfo | None) -> str:
    if not known.get("where"):
        return _("NOT KNOWN, ask again") + _caller_gave(case, "where")
    at = _told_at(case, known["where"])
    told_by = _on_the_line(case, at) if at else ""
    county = known.get("county") or _("county not known")
    country = known.get("country", "").removeprefix(ELSEWHERE)
    parts = [known["where"], county, *([country] if country else [])]
    told = _("told {at}{by}").format(at=_moment(at, case, zone), by=told_by) if at else ""
    return ", ".join(parts) + (f" ({told})" if told else "")


def _on_the_line(case: Case, at: datetime) -> str:
    """Who was calling at that moment: it is they who told it."""
    calls = case.intake.calls
    there = next((c for c in reversed(calls) if c.started <= at <= (c.ended or at)), None)
    if there is None or there.relationship == NOT_SAID:
        return ""
    if there.relationship == SELF:
        return _(" by the person")
    said = relationship_words().get(there.relationship, there.relationship)
    return _(" by the caller, {who}").format(who=said)


def _told_at(case: Case, where: str) -> datetime | None:
    """When the place was said: on the call that it came from, which may be days ago, or here."""
    said, found = _latest(case.intake, _OF_THE_CALLER["where"]), standing(case)
    if said is not None and str(said.value) == where:
        return said.at
    return _kept_at(found, "where") if found else None


def _moment(at: datetime, case: Case, zone: tzinfo | None) -> str:
    """The time, and the day where it was another one."""
    day = at.astimezone(zone).date()
    return clock(at, zone)[:5] if day == case.today else f"{day.isoformat()} {clock(at, zone)[:5]}"


def _who(case: Case, known: Mapping[str, str]) -> str:
    born = _born(case)
    by_birth = str(years_between(born.latest, case.today)) if born else ""
    age = known.get("age") or by_birth or _("age not known")
    language = known.get("language") or _("language not asked")
    return ", ".join((known.get("who") or _nameless(case), age, language))


def _nameless(case: Case) -> str:
    """The record's own name may be the caller's: better than nothing to those who are sent."""
    if not case.intake.patient.name:
        return _("name not known")
    template = _("name not known (the record is of {name}: theirs?)")
    return template.format(name=case.intake.patient.name)


def _phone(case: Case, known: Mapping[str, str]) -> str:
    gave = "" if known.get("phone") else _caller_gave(case, "phone")
    return _and_note(known, "phone", "phone_note") + gave


def _and_note(known: Mapping[str, str], field: str, note: str) -> str:
    said = known.get(field) or _("not known")
    return f"{said} ({known[note]})" if known.get(note) else said


def _chosen_and_note(case: Case, field: str, note: str) -> str:
    said, more = chosen_words(case, field), person(case).get(note, "")
    return f"{said}: {more}" if more else said


def _given(case: Case, zone: tzinfo | None) -> str:
    found = standing(case)
    sent = [e for e in found.events if e.get("emergency_services")] if found else []
    if not sent:
        return _("nobody yet")
    last = sent[-1]
    to = last.get("emergency_services")
    return _("{to}, {at}").format(to=to, at=clock(last.at, zone))


# The line dropped --------------------------------------------------------------------------------


def is_dropped(case: Case) -> bool:
    last = case.intake.calls[-1] if case.intake.calls else None
    return last is not None and last.end is CallEnd.DROPPED


def called_back(case: Case) -> int:
    """How often nobody was reached since the line dropped."""
    found, last = standing(case), case.intake.calls[-1] if case.intake.calls else None
    if found is None or last is None or last.ended is None:
        return 0
    since = last.ended
    return sum(bool(e.get("call_back")) and e.at >= since for e in found.events)


def _call_back_until(case: Case, now: datetime) -> datetime:
    last = case.intake.calls[-1] if case.intake.calls else None
    at = last.ended if last is not None and last.ended is not None else now
    return at + timedelta(minutes=_CALL_BACK_MINUTES)


def is_lost(case: Case, now: datetime) -> bool:
    """The line dropped, and the time or the tries to call back are over: help is sent."""
    over = called_back(case) >= _CALL_BACKS or now >= _call_back_until(case, now)
    return is_dropped(case) and over


def dropped_words(case: Case, now: datetime) -> str:
    """What comes next, and by when; `now` runs on whatever becomes of the computer's clock."""
    until, tried = _call_back_until(case, now), called_back(case)
    if is_lost(case, now):
        made = _n("Not reached, {tried} try.", "Not reached, {tried} tries.", tried)
        return f"{made.format(tried=tried)} " + _(
            "Emergency services for the last known place, with vehicle and phone; then the ladder; "
            "then the emergency contact, if reaching them brings no danger."
        )
    return _(
        "THE LINE DROPPED at {at}. Call back at once, then again: twice by {until} (placeholder), "
        "{tried} so far. Another's phone: ask for the person by first name, say only your own "
        "name. Leave no message that says why."
    ).format(
        at=clock(until - timedelta(minutes=_CALL_BACK_MINUTES), now.tzinfo),
        until=clock(until, now.tzinfo)[:5],
        tried=tried,
    )


# What is missing, what ends ----------------------------------------------------------------------


def outcome_words() -> Mapping[str, str]:
    return {
        Outcome.HANDED_TO_CLINICIAN: _("Handed to a clinician"),
        Outcome.CRISIS_LINE: _("Handed to the crisis line"),
        Outcome.EMERGENCY_SERVICES_CONFIRMED: _("Emergency services, confirmed that they reached"),
        Outcome.EMERGENCY_SERVICES_NOT_CONFIRMED: _("Emergency services, not confirmed"),
        Outcome.TRUSTED_PERSON: _("With a trusted person, by the clinician's decision"),
        Outcome.NOT_REACHED: _("Not reached; with the result of the welfare check"),
        Outcome.RAISED_IN_ERROR: _("Raised in error"),
    }


def task_words() -> Mapping[str, str]:
    return {
        "safety_call": _("Safety call, {from_} to {until}"),
        "confirm_that_they_reached_the_person": _("Confirm that they reached the person"),
        "see_a_positive_screen": _(
            "Safety call, {from_} to {until}: no clinician has seen the suicide-risk screen yet"
        ),
    }


# Which move of an escalation settles a task; a screen that nobody has seen has none: it ends with a
# clinician's decision, and a try to reach the person stands beside their last call.
TASK_MOVES = {"safety_call": "safety_call", "confirm_that_they_reached_the_person": "reached"}


def task_line(task: safety.Task, zone: tzinfo | None, most: int) -> str:
    """`most`: after so many tries a clinician decides."""
    from_, until = (m.astimezone(zone).strftime("%Y-%m-%d %H:%M") for m in (task.from_, task.until))
    said = task_words()[task.what].format(from_=from_, until=until)
    if not task.tries:
        return said
    tried = _n("tried {count} time, not reached", "tried {count} times, not reached", task.tries)
    tried = tried.format(count=task.tries)
    decides = _("; a clinician decides on a welfare check") if task.tries >= most else ""
    return f"{said} ({tried}{decides})"


REACHED, TRIED, CHECK = "reached", "tried", "check"


def try_words() -> Mapping[str, str]:
    """How a try to reach the person ended."""
    return {
        REACHED: _("Reached: spoke with the person"),
        TRIED: _("Not reached: it stays to be done"),
        CHECK: _("Not reached: a clinician decided on a welfare check"),
    }


def try_fields(how: str, said: str) -> dict[str, str]:
    """What is recorded of a try."""
    fields = {
        "outcome": said,
        "reached_them": safety.REACHED if how == REACHED else safety.NOT_REACHED,
    }
    return fields | ({"welfare_check": said} if how == CHECK else {})


def missing_to_accept(by: str, read_back: bool) -> str:
    """One sentence, or nothing where it may be recorded."""
    missing = []
    if not by.strip():
        missing.append(_("the name of who accepts"))
    if not read_back:
        missing.append(_("that they read back name, place, phone and why"))
    template = _("Not accepted yet; still missing: {missing}.")
    return template.format(missing="; ".join(missing)) if missing else ""


def _closing_words() -> Mapping[str, str]:
    return {
        "outcome": _("the outcome"),
        "reason": _("the reason in words"),
        "who_has_the_person": _("who has the person now"),
        "next_contact": _("the next contact"),
        "name": _("the clinician's name"),
        "password": _("the clinician's password"),
    }


def missing_to_close(case: Case, given: Mapping[str, str]) -> str:
    """Everything that is missing, in one sentence; nothing where it may be closed."""
    missing = [w for field, w in _closing_words().items() if not given.get(field, "").strip()]
    if is_raised(case):
        missing.insert(0, _("that somebody accepted it and read back"))
    if given.get("outcome") == Outcome.NOT_REACHED and not given.get("welfare_check", "").strip():
        missing.append(_("the result of the welfare check"))
    template = _("Not closed; still missing: {missing}.")
    return template.format(missing="; ".join(missing)) if missing else ""


def why_opened(case: Case, zone: tzinfo | None) -> str:
    found = standing(case)
    if found is None:
        return ""
    raised = found.events[0]
    reasons = [flag.reason for flag in case.screening.flags if flag.escalates]
    why = " ".join(dict.fromkeys((raised.get("reason"), *reasons)))
    return _("Raised {at}: {why}").format(at=clock(raised.at, zone), why=why)
