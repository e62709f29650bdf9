"""The safety floor: what every protocol has to raise, whatever else it asks.

This is code and not content: a protocol under which one of these answers to the suicide-risk
screen is routed too low is refused at load, whoever wrote or changed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from intake_app.core.model import Answer, Due, Intake, Patient, Source, State, Tier
from intake_app.core.protocol import Protocol
from intake_app.core.screening import Screening, screen
from intake_app.core.words import _

_AT = datetime(2000, 1, 1, tzinfo=UTC)
_NO = {"1": False, "2": False, "6": False}
_THOUGHTS = {"2": True, "3": False, "4": False, "5": False}

# A general question is answered no by people who had one of these: each is asked of everybody
# (clinical/README.md, "Length").
_OF_EVERYBODY = frozenset(
    {
        "aneurysm_or_avm_ever",
        "aortic_disease_ever",
        "brain_bleed_ever",
        "stroke_ever",
        "heart_attack_ever",
    }
)

Sheet = Mapping[str, bool | None]

# workflow.md, "One urgency table". Answers beside a no to everything else; None is declined.
_ACT_NOW: tuple[Sheet, ...] = (
    {**_THOUGHTS, "4": True},
    {**_THOUGHTS, "5": True},
    {"4": True},
    {"5": True},
    {"6": True, "6a": True},
    {"6": True, "6a": None},
    {**_THOUGHTS, "4": None},
    {**_THOUGHTS, "5": None},
    {**_THOUGHTS, "6": None},
)
_SAME_DAY: tuple[Sheet, ...] = (
    {**_THOUGHTS, "3": True},
    {"6": True, "6a": False},
    {"1": True},
    _THOUGHTS,
    {"1": None},
    {"2": None},
    {"6": None},
)


def first_gap(protocol: Protocol) -> str | None:
    """The first answers that would be routed too low, in words for the author of the content."""
    for sheet in _ACT_NOW:
        if not _screened(protocol, sheet).grounds:
            template = _("{answers} has to stop the intake now and raise an escalation")
            return template.format(answers=_words(sheet))
    for sheet in _SAME_DAY:
        flags = _screened(protocol, sheet).flags
        if not any(f.tier >= Tier.REVIEW and f.due >= Due.SAME_DAY for f in flags):
            template = _("{answers} has to be reviewed by a clinician the same day")
            return template.format(answers=_words(sheet))
    return None


def asked_of_too_few(protocol: Protocol) -> str | None:
    """The id of an item that stands behind another question and may not."""
    asked = protocol.items.values()
    return next((i.id for i in asked if i.id in _OF_EVERYBODY and i.when is not None), None)


def _screened(protocol: Protocol, sheet: Sheet) -> Screening:
    answers = tuple(
        Answer(
            id=key,
            item=f"{protocol.suicide_screen}.{key}",
            state=State.DECLINED if value is None else State.ANSWERED,
            value=value,
            source=Source.PATIENT_ALONE,
            at=_AT,
            by="",
        )
        for key, value in {**_NO, **sheet}.items()
    )
    intake = Intake("", Patient("", "", ""), protocol.digest, _AT, answers=answers)
    return screen(intake, protocol, date(2000, 1, 1))


def _words(sheet: Sheet) -> str:
    said = {True: _("yes"), False: _("no"), None: _("declined")}
    return ", ".join(f"{key} {said[value]}" for key, value in sheet.items() if value is not False)
