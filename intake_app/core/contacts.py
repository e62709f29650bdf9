"""The contacts of an intake: who was on the line, how each ended, every call back in vain; and
where a call that broke off is taken up again.

workflow.md, "Nobody is lost". How often and how soon is a placeholder until a clinic says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from intake_app.core import agenda, safety
from intake_app.core.agenda import Question, Section
from intake_app.core.model import Call, CallEnd, Clinic, Intake, relationship_words
from intake_app.core.roster import check_within
from intake_app.core.screening import Case, reads
from intake_app.core.words import _, _n

RETRY_MINUTES = 5  # placeholder
MOST_TRIES = 3  # placeholder
# What a clinic may set instead: with less nobody is reached, with more nobody looks any more.
RETRY_RANGE = (1, 120)
TRIES_RANGE = (1, 10)
_LAST = 3  # answers that are read again where a call goes on


def attempt_words() -> Mapping[str, str]:
    """How a call from here ended without the person."""
    return {
        "no_answer": _("No answer"),
        "voicemail": _("Voicemail, no message"),
        "message_left": _("Message left"),
        "wrong_number": _("Wrong number"),
    }


def end_words() -> Mapping[CallEnd, str]:
    return {CallEnd.ENDED: _("ended"), CallEnd.DROPPED: _("the line dropped")}


def listed(intake: Intake, zone: tzinfo | None) -> tuple[str, ...]:
    """Every contact and every try with its time, the oldest first; also those of an escalation."""
    found = [line for call in intake.calls for line in _of_call(call)]
    for escalation in intake.escalations:
        for event in escalation.events:
            if event.get("call_back"):
                found.append((event.at, _("called back: {how}").format(how=event.get("call_back"))))
    found.sort(key=lambda line: line[0])
    return tuple(f"{at.astimezone(zone):%Y-%m-%d %H:%M}  {said}" for at, said in found)


def _of_call(call: Call) -> list[tuple[datetime, str]]:
    who = relationship_words().get(call.relationship, call.relationship) or _("nobody said who")
    found = [(call.started, _("on the line: {who}").format(who=who))]
    if call.ended is not None and call.end is not None:
        found.append((call.ended, end_words()[call.end]))
    tried = attempt_words()
    found += [(at, _("called back: {how}").format(how=tried[how])) for at, how in call.tried]
    return found


def message_words(case: Case) -> str:
    """What may be left on a machine: only where it was agreed, and nothing but two names."""
    said = [a.value for a in case.intake.answers if a.item == "callback_permission"]
    if said and said[-1] == "message_ok":
        return _(
            "A message may be left, and no more than this: “This is FIRST NAME. I am calling for "
            "FIRST NAME. Please ring me on NUMBER.” No clinic, no reason, no urgency."
        )
    if said and said[-1] == "someone_elses_phone":
        return _("Somebody else's phone: ask for the person by first name; leave no message.")
    if said and said[-1] == "do_not_call":
        return _(
            "They asked not to be called on this number: the agreed other way, or a clinician."
        )
    return _("Leave no message: none was agreed.")


def check_retry(about: Clinic) -> None:
    """WrongMove for what a clinic may not set."""
    check_within((about.retry_minutes, RETRY_RANGE), (about.most_tries, TRIES_RANGE))


def most_tries(about: Clinic) -> int:
    """After so many in vain a clinician decides what comes next."""
    return about.most_tries or MOST_TRIES


def again_words(case: Case, now: datetime, about: Clinic) -> str:
    """When it is tried again after a line that dropped, and what comes when tries are used up.

    `now` runs on whatever becomes of the computer's clock.
    """
    last = case.intake.calls[-1]
    minutes, most = about.retry_minutes or RETRY_MINUTES, most_tries(about)
    tried, at = len(last.tried), last.ended or last.started
    dropped = _("Dropped at {at}.").format(at=_minute(at, now))
    if last.tried and last.tried[-1][1] == "wrong_number":
        return dropped + " " + _("The number is wrong: other numbers on record, then a clinician.")
    if tried >= most:
        return (
            dropped
            + " "
            + _n(
                "Not reached in {tried} try{open}. A clinician decides what comes next; "
                "after thoughts of suicide, or where they were not asked yet, today. No letter "
                "goes out first.",
                "Not reached in {tried} tries{open}. A clinician decides what comes next; "
                "after thoughts of suicide, or where they were not asked yet, today. No letter "
                "goes out first.",
                tried,
            ).format(tried=tried, open=_not_confirmed(about.most_tries))
        )
    if not tried:
        return dropped + " " + _("Call back now. Everything so far is saved.")
    due = last.tried[-1][0] + timedelta(minutes=minutes)
    made = _n("{tried} try.", "{tried} tries.", tried).format(tried=tried)
    if now >= due:
        return f"{dropped} {made} " + _("Call back again now.")
    template = _("Next try at {due}{open}.")
    next_ = template.format(due=_minute(due, now), open=_not_confirmed(about.retry_minutes))
    return f"{dropped} {made} {next_}"


def _not_confirmed(value: int | None) -> str:
    return _(" (placeholder)") if value is None else ""


def _minute(moment: datetime, now: datetime) -> str:
    return moment.astimezone(now.tzinfo).strftime("%H:%M")


# Where a call goes on -----------------------------------------------------------------------------


def broke_off(case: Case) -> bool:
    """Whether the contact at hand is one that was interrupted: the line dropped, or the app ended
    under it; an intake that was submitted goes on nowhere by itself."""
    calls = case.intake.calls
    if not calls or case.intake.submitted is not None:
        return False
    again = len(calls) > 1 and calls[-2].end is CallEnd.DROPPED
    return calls[-1].end is CallEnd.DROPPED or (calls[-1].end is None and (again or _told(case)))


def _told(case: Case) -> bool:
    return bool(case.intake.answers) and safety.open_escalation(case.intake) is None


def goes_on_at(case: Case, sections: Sequence[Section]) -> Question | None:
    """The question after the answer that was given last, whatever was passed over before it."""
    keys = [f"{a.item}#{a.entry}" if a.entry else a.item for a in case.intake.answers]
    known = {question.key for question in agenda.questions(sections)}
    last = next((key for key in reversed(keys) if key in known), None)
    return agenda.following(sections, last)


def told_so_far(case: Case) -> str:
    """Grows with everything that leads on to another question: a place that was kept before is
    told from the one where somebody is now."""
    intake = case.intake
    settled = sum(len(call.settled) + bool(call.relationship) for call in intake.calls)
    return str(len(intake.answers) + len(intake.medications) + settled + bool(intake.patient.name))


def last_answers(case: Case) -> tuple[str, ...]:
    """The last answers as they read, the oldest first; each question once."""
    found: dict[str, str] = {}
    for answer in reversed(case.intake.answers):
        item = case.protocol.items.get(answer.item)
        key = f"{answer.item}#{answer.entry}"
        if item is None or key in found:
            continue
        at = case.screening.findings.at(answer.entry) if answer.entry else case.screening.findings
        found[key] = f"{item.topic or item.ask} → {reads(at, item)}"
        if len(found) == _LAST:
            break
    return tuple(reversed(found.values()))
