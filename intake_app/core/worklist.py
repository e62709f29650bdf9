"""What the worklist shows of an intake, in which place, and since when something of it waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, takewhile

from intake_app.core import review, safety
from intake_app.core.model import Answer, CallEnd, Decision, Due, Intake, Stage, WorklistRow
from intake_app.core.screening import Case, Flag


@dataclass(frozen=True, slots=True)
class Summary:
    """Derived from a case, and kept only so that the worklist is quick.

    `flags` counts those without a standing decision, `queries` those that wait for information.
    `call` says how the last call stands: open, dropped, or nothing to tell. `owner` is the id of
    who changed the intake last, `since` the time of it. `tab` and `rank` (the smallest first) are
    its place; `now_since`, `day_since` and `routine_since` since when the oldest of each waits for
    a clinician, empty where nothing does. Times are texts in UTC.
    """

    intake_id: str
    patient_id: str
    status: str
    tier: int
    due: int
    flags: int
    queries: int
    unanswered: int
    escalation: str
    call: str
    stage: str
    owner: str
    since: str
    tab: str
    rank: int
    opened: str
    now_since: str
    day_since: str
    routine_since: str


def summary(case: Case, since: str, owner: str) -> Summary:
    """`since` is the text of the time of the last change, `owner` whoever made it."""
    intake, flags = case.intake, case.screening.flags
    standing = [review.standing(intake, flag) for flag in flags]
    escalation = safety.open_escalation(intake)
    tier = int(max((flag.tier for flag in flags), default=0))
    due = int(max((flag.due for flag in flags), default=0))
    queries = sum(r is not None and r.decision is Decision.NEEDS_INFORMATION for r in standing)
    status, call = review.status(intake), _last_call(intake)
    state = safety.state(escalation).value if escalation else ""
    undecided = standing.count(None)
    tasks = review.tasks(case)
    waits = _waits(intake, flags, tasks)
    return Summary(
        intake_id=intake.id,
        patient_id=intake.patient.id,
        status=status,
        tier=tier,
        due=due,
        flags=undecided,
        queries=queries,
        unanswered=len(case.screening.unanswered),
        escalation=state,
        call=call,
        stage=_stage(intake).value,
        owner=owner,
        since=since,
        tab=review.worklist_tab(
            status,
            state,
            call,
            queries=queries,
            flags=undecided,
            tasks=bool(tasks),
        ),
        rank=-(100 * bool(state) + 10 * tier + due),
        opened=_text(intake.opened),
        now_since=waits.get(Due.NOW, ""),
        day_since=waits.get(Due.SAME_DAY, ""),
        routine_since=waits.get(Due.NONE, ""),
    )


# Since when it waits ------------------------------------------------------------------------------


def _waits(intake: Intake, flags: Iterable[Flag], tasks: Iterable[safety.Task]) -> dict[Due, str]:
    """The oldest of each due that runs out with time; under NONE, the whole since it was submitted.
    A question that went back keeps its flag waiting: nobody has decided yet."""
    found = _latest(tasks)
    if intake.signature is not None:
        return found
    for flag in flags:
        if flag.due >= Due.SAME_DAY and not _is_decided(intake, flag):
            at = _text(raised(intake, flag))
            found[flag.due] = min(at, found.get(flag.due, at))
    if intake.submitted is not None:
        found[Due.NONE] = _text(intake.submitted)
    return found


def _latest(tasks: Iterable[safety.Task]) -> dict[Due, str]:
    """What must still happen runs out at its latest time, signed or not."""
    last = [_text(task.until) for task in tasks]
    return {Due.NOW: min(last)} if last else {}


def _is_decided(intake: Intake, flag: Flag) -> bool:
    decision = review.standing(intake, flag)
    return decision is not None and decision.decision is not Decision.NEEDS_INFORMATION


def raised(intake: Intake, flag: Flag) -> datetime:
    """When the last of the answers that it rests on was first given as it stands: to give the same
    answer again does not wind the clock back. Without answers, since the intake is open."""
    ordered = sorted(flag.answers, key=_question)
    runs = [_began(list(told)) for _key, told in groupby(ordered, _question)]
    return max(runs, default=intake.opened)


def _question(answer: Answer) -> tuple[str, int]:
    return answer.item, answer.entry


def _began(told: list[Answer]) -> datetime:
    """`told` in the order of telling."""
    said = told[-1].state, told[-1].value
    same = takewhile(lambda each: (each.state, each.value) == said, reversed(told))
    return list(same)[-1].at


def _text(moment: datetime) -> str:
    """As the store writes a time, so that texts compare as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class Limits:
    """What began before these waits too long; texts in UTC."""

    now: str
    day: str
    routine: str


_ROUTINE_DAYS = 2  # workflow.md, stage 8: routine is two business days
_SATURDAY = 5


def limits(now: datetime) -> Limits:
    """`now` carries the clinic's time zone. *Now* has passed at once; *same day* when its day is
    over; the rest two business days later, as the caller was told (core/closing.py)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day, left = midnight, _ROUTINE_DAYS
    while left:
        day -= timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return Limits(_text(now), _text(midnight), _text(day))


def is_overdue(row: WorklistRow | Summary, now: datetime) -> bool:
    """Whether a due of it has passed: store/worklist.py asks the same of every row at once."""
    at = limits(now)
    waits = (row.now_since, at.now), (row.day_since, at.day), (row.routine_since, at.routine)
    return any(since and since < limit for since, limit in waits)


def _last_call(intake: Intake) -> str:
    if not intake.calls:
        return ""
    end = intake.calls[-1].end
    if end is None:
        return "open"
    return CallEnd.DROPPED.value if end is CallEnd.DROPPED else ""


def _stage(intake: Intake) -> Stage:
    """The furthest that the work has come."""
    order = tuple(Stage)
    reached = [call.stage for call in intake.calls]
    if intake.submitted is not None:
        reached.append(Stage.CLINICIAN)
    return max(reached, key=order.index, default=Stage.CALL)
