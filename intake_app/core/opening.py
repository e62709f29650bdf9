"""What is settled on the line before anything clinical: workflow.md, stage 1.

Part of the call and no answer of the screening: nothing here raises or lowers anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from intake_app.core.errors import WrongMove
from intake_app.core.model import Intake, Source, Stage
from intake_app.core.words import _

READ_BACK = "read_back"
LANGUAGE = "language"
RECORDING = "recording"
_NUMBER = "callback_number"
# Who counts as the voice of the next answers. An untrained voice may leave things out, so that a
# no through it settles nothing (workflow.md, "Who answered").
VOICES = {"qualified": Source.QUALIFIED_INTERPRETER, "ad_hoc": Source.AD_HOC_INTERPRETER}


def settled_words() -> Mapping[str, Mapping[str, str]]:
    """What may be settled of each, in the order of asking."""
    return {
        LANGUAGE: {
            "own": _("No interpreter needed"),
            "qualified": _("A qualified interpreter is on the line"),
            "ad_hoc": _("Needs one; somebody else interprets, or nobody yet"),
        },
        RECORDING: {
            "agreed": _("Agreed"),
            "not_agreed": _("Not agreed: the call goes on unrecorded"),
            "not_recorded": _("This call is not recorded"),
        },
    }


def settled(intake: Intake, what: str, stage: Stage = Stage.CALL) -> str:
    """The latest of this kind of contact, or "". A number that changed is not read back."""
    said = [dict(call.settled).get(what, "") for call in intake.calls if call.stage is stage]
    found = next((each for each in reversed(said) if each), "")
    return found if what != READ_BACK or found == number(intake) else ""


def number(intake: Intake) -> str:
    """The call-back number as it was told last."""
    told = [answer.value for answer in intake.answers if answer.item == _NUMBER]
    return str(told[-1]) if told and told[-1] is not None else ""


def refuse(intake: Intake, what: str, said: str) -> None:
    """Only what may be settled; a number is read back as it stands in the record."""
    known = settled_words().get(what, {})
    if what == READ_BACK:
        if not said or said != number(intake):
            raise WrongMove(
                _("The number that was read back is not the one on record; nothing was changed.")
            )
    elif said not in known:
        template = _("What is settled here is one of {known}; nothing was changed.")
        raise WrongMove(template.format(known=", ".join(known) or ", ".join(settled_words())))
