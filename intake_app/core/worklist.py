"""What the worklist shows of an intake."""

from __future__ import annotations

from dataclasses import dataclass

from intake_app.core import review, safety
from intake_app.core.model import CallEnd, Decision, Intake, Stage
from intake_app.core.screening import Case


@dataclass(frozen=True, slots=True)
class Summary:
    """Derived from a case, and kept only so that the worklist is quick.

    `flags` counts those without a standing decision, `queries` those that wait for information.
    `call` says how the last call stands: open, dropped, or nothing to tell. `owner` is the id of
    who changed the intake last, `since` the time of it.
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


def summary(case: Case, since: str, owner: str) -> Summary:
    """`since` is the text of the time of the last change, `owner` whoever made it."""
    intake, flags = case.intake, case.screening.flags
    standing = [review.standing(intake, flag) for flag in flags]
    escalation = safety.open_escalation(intake)
    return Summary(
        intake_id=intake.id,
        patient_id=intake.patient.id,
        status=review.status(intake),
        tier=int(max((flag.tier for flag in flags), default=0)),
        due=int(max((flag.due for flag in flags), default=0)),
        flags=standing.count(None),
        queries=sum(r is not None and r.decision is Decision.NEEDS_INFORMATION for r in standing),
        unanswered=len(case.screening.unanswered),
        escalation=safety.state(escalation).value if escalation else "",
        call=_last_call(intake),
        stage=_stage(intake).value,
        owner=owner,
        since=since,
    )


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
