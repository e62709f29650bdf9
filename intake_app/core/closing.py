"""What is read aloud at the end of a call: what happens next and when, never a verdict.

workflow.md, stage 5. The two business days are a placeholder.
"""

from __future__ import annotations

from intake_app.core import safety, scripts
from intake_app.core.model import NOT_SAID, SELF, Clinic, Due
from intake_app.core.screening import Case
from intake_app.core.words import _

# Who speaks for themselves, perhaps through somebody.
_IN_PERSON = (SELF, NOT_SAID, "interpreter")


def script(case: Case, clinic: Clinic) -> tuple[str, ...]:
    """The sentences in their order; empty while an escalation is open: that call is not closed
    by a script, and somebody stays."""
    if safety.open_escalation(case.intake) is not None:
        return ()
    calls = case.intake.calls
    to_another = bool(calls) and calls[-1].relationship not in _IN_PERSON
    filled = {"when": _when(case), **scripts.lines(clinic)}
    parts: tuple[str, ...] = _TO_ANOTHER if to_another else _TO_THE_PATIENT
    if case.screening.findings.is_under_age:
        parts = tuple(_YOUNG.get(part, part) for part in parts if part != "release")
    return tuple(scripts.said(clinic.texts, f"closing.{part}", **filled) for part in parts)


_TO_THE_PATIENT = ("thanks", "next", "release", "crisis", "worse")
# Nothing of it speaks as though they were the patient.
_TO_ANOTHER = ("thanks", "next_other", "crisis_other", "worse_other")
# A referral instead of what comes next here.
_YOUNG = {"next": "young", "next_other": "young_other"}


def wording(clinic: Clinic) -> str:
    """Whose words these are."""
    own = any(key.startswith("closing.") for key in clinic.texts)
    return _("wording of this clinic") if own else _("built-in wording")


def _when(case: Case) -> str:
    soonest = max((flag.due for flag in case.screening.flags), default=Due.NONE)
    if soonest >= Due.SAME_DAY:
        return _("today")
    return _("within two business days")  # workflow.md, stage 8: a placeholder
