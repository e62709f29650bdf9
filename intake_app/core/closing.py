"""What is read aloud at the end of a call: what happens next and when, never a verdict.

workflow.md, stage 5. The wording is our own, and the two business days are a placeholder.
"""

from __future__ import annotations

from collections.abc import Mapping

from intake_app.core import safety
from intake_app.core.model import NOT_SAID, SELF, Due
from intake_app.core.screening import Case
from intake_app.core.words import _

# Who speaks for themselves, perhaps through somebody.
_IN_PERSON = (SELF, NOT_SAID, "interpreter")


def script(case: Case, numbers: Mapping[str, str]) -> tuple[str, ...]:
    """The sentences in their order; empty while an escalation is open: that call is not closed
    by a script, and somebody stays."""
    if safety.open_escalation(case.intake) is not None:
        return ()
    if case.intake.calls and case.intake.calls[-1].relationship not in _IN_PERSON:
        return _to_another(case, numbers)
    return (
        _("Thank you for telling me all this."),
        _next_step(case),
        _release(),
        _crisis(numbers),
        _worse(numbers),
    )


def _to_another(case: Case, numbers: Mapping[str, str]) -> tuple[str, ...]:
    """To somebody who told of the person: nothing of it speaks as though they were the patient."""
    line = numbers.get("crisis_line", "").strip() or _("a crisis line")
    emergency = numbers.get("emergency", "").strip() or _("emergency services")
    return (
        _("Thank you for telling me all this."),
        _(
            "A clinician will read what you said, {when}. I cannot tell you what becomes of it "
            "without that person's leave."
        ).format(when=_when(case)),
        _(
            "If you worry about them, or thoughts of ending their life come up, you and they can "
            "phone or text {line}, at any hour, day or night."
        ).format(line=line),
        _(
            "If anything gets worse, do not wait for our call: phone {emergency} when anyone is in "
            "danger."
        ).format(emergency=emergency),
    )


def _next_step(case: Case) -> str:
    return _(
        "A clinician will read your answers, {when}, and decides what comes next; I do not decide "
        "that, and nothing is booked yet. We call you at this number. Please change none of your "
        "medicines because of this call."
    ).format(when=_when(case))


def _when(case: Case) -> str:
    soonest = max((flag.due for flag in case.screening.flags), default=Due.NONE)
    if soonest >= Due.SAME_DAY:
        return _("today")
    return _("within two business days")  # workflow.md, stage 8: a placeholder


def _release() -> str:
    return _("If we may speak with your own clinician, we send you a form to sign.")


def _crisis(numbers: Mapping[str, str]) -> str:
    line = numbers.get("crisis_line", "").strip()
    if not line:
        return _("If thoughts of ending your life come up, phone a crisis line, at any hour.")
    return _(
        "If thoughts of ending your life come up, phone or text {line}, at any hour, day or night."
    ).format(line=line)


def _worse(numbers: Mapping[str, str]) -> str:
    emergency = numbers.get("emergency", "").strip() or _("emergency services")
    return _(
        "If anything gets worse, do not wait for our call: phone {emergency} when you are in "
        "danger, and your own doctor for all else."
    ).format(emergency=emergency)
