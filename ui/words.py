"""Words of the window that more than one screen says."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QWidget

from intake_app.core import opening, safety
from intake_app.core.facts import years_between
from intake_app.core.model import Due, Source, Stage, Tier
from intake_app.core.packet import level_words
from intake_app.core.screening import Case, Flag, FlagState
from intake_app.core.words import _
from ui.theme import SHAPES

COMPACT_EM = 70  # below this width, in em, what is not the work gives way (ux.md, section 5)


def em(widget: QWidget) -> float:
    """The size of the text of a widget in pixels."""
    return float(widget.font().pixelSize()) if widget.font().pixelSize() > 0 else 15.0


def stage_words() -> dict[Stage, str]:
    return {
        Stage.CALL: _("First call"),
        Stage.SECOND_CONTACT: _("Second contact"),
        Stage.CLINICIAN: _("Clinician's questions"),
        Stage.ON_SITE: _("Visit"),
        Stage.STAFF_TASK: _("Staff tasks"),
    }


def source_words() -> dict[Source, str]:
    return {
        Source.PATIENT_ALONE: _("Patient alone"),
        Source.PATIENT_WITH_OTHERS: _("Patient, others present"),
        Source.RELATIVE: _("Relative"),
        Source.QUALIFIED_INTERPRETER: _("Qualified interpreter"),
        Source.AD_HOC_INTERPRETER: _("Ad hoc interpreter"),
        Source.REFERRER: _("Referrer"),
        Source.RECORD: _("Record, or seen by staff"),
        Source.TEST: _("Test result"),
    }


def tab_words() -> dict[str, str]:
    """The tabs of the worklist in their order: keys Ctrl+1 to Ctrl+7."""
    return {
        "interrupted": _("Interrupted"),
        "overdue": _("Overdue"),
        "needs_review": _("Needs review"),
        "queries": _("Queries"),
        "drafts": _("Drafts"),
        "done": _("Done today"),
        "recent": _("Recent"),
    }


def screen_words() -> dict[str, str]:
    """The screens that show one person's intake, as the commands call them."""
    return {
        "call": _("To the call"),
        "check": _("To the answers, to check them"),
        "review": _("To the review of the flags"),
        "packet": _("To the summary on paper"),
    }


def about_words() -> dict[str, str]:
    """What each screen is for, for whoever asks."""
    return {
        "worklist": _(
            "What waits for somebody, the most urgent first. Type a name, a birth date, a record "
            "number or a phone to find anybody, with all earlier intakes. A row opens where its "
            "work goes on: a draft in the call, the rest in the review."
        ),
        "call": _(
            "One question at a time. Read out what stands behind the bar at the left; what has a "
            "dashed edge is for you alone. Every answer is kept when its key goes down, and can be "
            "changed at any time. Does not know, ask later and declined are answers too, and are "
            "never taken for a no."
        ),
        "check": _(
            "What is still open, with the way back to each question. What is open stops nobody: "
            "it is shown to the clinician as open. Submitting hands the intake over."
        ),
        "review": _(
            "Every flag with the answers and the rule that raised it. A clinician decides on each, "
            "asks back, or signs. The records say who saw what, and a decision lapses when an "
            "answer under it changes."
        ),
        "packet": _(
            "The summary as it comes out on paper. Until it is signed every page says that it is a "
            "draft."
        ),
        "settings": _(
            "The clinic's numbers, its people, its thresholds and its words. What changes a rule "
            "is drafted, compared and adopted by a clinician; open intakes keep theirs."
        ),
    }


def due_words() -> dict[Due, str]:
    return {
        Due.NOW: _("now"),
        Due.SAME_DAY: _("same day"),
        Due.BEFORE_SCHEDULING: _("before scheduling"),
        Due.BEFORE_FIRST_DOSE: _("before first dose"),
        Due.NONE: _("no time limit"),
    }


def tier_words() -> dict[Tier, str]:
    return {Tier.STOP: _("STOP"), Tier.REVIEW: _("REVIEW"), Tier.NOTE: _("NOTE")}


def look_words() -> dict[str, str]:
    return {
        "critical": _("CRITICAL"),
        "high": _("HIGH"),
        "caution": _("CAUTION"),
        "info": _("INFO"),
        "unknown": _("UNKNOWN"),
        "done": _("DONE"),
    }


def look_of(case: Case, flag: Flag) -> str:
    """ux.md, section 4: tier decides, and the due of a review; an open question has its own.
    Critical is what no clinician has closed yet."""
    if flag.escalates and not safety.is_settled(case.intake, case.screening.grounds):
        return "critical"
    if flag.state is FlagState.UNRESOLVED:
        return "unknown"
    if flag.tier is Tier.STOP or (flag.tier is Tier.REVIEW and flag.due >= Due.SAME_DAY):
        return "high"
    return "caution" if flag.tier is Tier.REVIEW else "info"


def flag_title(case: Case, flag: Flag) -> str:
    """Shape, word and tier: no flag is a bare colour."""
    look = look_of(case, flag)
    return _("{shape} {look} · {label} · {tier}, {due}").format(
        shape=SHAPES[look],
        look=look_words()[look],
        label=flag.criterion.label,
        tier=tier_words()[flag.tier].lower(),
        due=due_words()[flag.due],
    )


def identity(case: Case) -> str:
    """Name and birth date with age, on every screen that shows a patient."""
    patient = case.intake.patient
    name = patient.name or _("Name not asked yet")
    if patient.born is None:
        return f"{name} · {patient.record_number}"
    age = years_between(patient.born.latest, case.today)
    return f"{name} · {patient.born.text} ({age}) · {patient.record_number}"


def latest_text(case: Case, item: str) -> str:
    """The latest answer of a text item, or nothing."""
    said = [a.value for a in case.intake.answers if a.item == item and a.value is not None]
    return str(said[-1]) if said else ""


def place(case: Case) -> str:
    where = latest_text(case, "caller_location") or _("place not asked yet")
    number = latest_text(case, "callback_number") or _("number not asked yet")
    back = opening.settled(case.intake, opening.READ_BACK)
    template = _("Place: {where}   Phone: {number}")
    if back:
        template = _("Place: {where}   Phone: {number} ✓ read back")
    return template.format(where=where, number=number)


def suicide_state(case: Case) -> str:
    """The screen's state; not asked yet says so, and nothing here reassures."""
    screen = case.protocol.instruments[case.protocol.suicide_screen]
    asked = sum(bool(case.screening.findings.history(item)) for item in screen.items)
    if not asked:
        return _("NOT ASKED YET")
    return level_words(case)


def clock_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")


def told_no_one_of_another(on_call: str) -> str:
    """The banner over a record that is not the one whom nobody has accepted: F9 is not about them
    there."""
    whom = on_call or _("emergency services for the person's place")
    template = _("This computer has told no one. Phone {whom}. Ctrl+W, then F9, opens its panel.")
    return template.format(whom=whom)


def told_no_one(case: Case, on_call: str) -> str:
    """The banner of an open escalation; nothing but an acceptance changes its first sentence."""
    standing = safety.open_escalation(case.intake)
    if standing is None:
        return ""
    accepted = safety.event(standing, "accepted")
    if accepted is not None:
        return _("Escalation open. {by} accepted at {at}, read back. F9 opens it.").format(
            by=accepted.get("by"), at=clock_time(accepted.at)
        )
    if on_call:
        return _("This computer has told no one. Phone {whom}. F9 opens the panel.").format(
            whom=on_call
        )
    return _(
        "This computer has told no one. No clinician is set. Phone emergency services for the "
        "person's place. F9 opens the panel."
    )
