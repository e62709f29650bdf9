"""Who may do what, and what stands between an intake and a signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from intake_app.core import safety
from intake_app.core.errors import NotAllowed, NotReady, WrongMove
from intake_app.core.model import (
    Answer,
    CallEnd,
    Decision,
    Disposition,
    FlagReview,
    Intake,
    Role,
    Staff,
    Tier,
)
from intake_app.core.screening import Case, Flag
from intake_app.core.words import _

_ALL = frozenset(Role)
_INTAKE = frozenset({Role.COORDINATOR, Role.CLINICIAN})
_CLINICIAN = frozenset({Role.CLINICIAN})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_OVERSIGHT = frozenset({Role.CLINICIAN, Role.ADMINISTRATOR})
_PATIENT_WORK = frozenset({Role.FRONT_DESK, Role.COORDINATOR, Role.CLINICIAN})

# Every method of the services, and the roles that may call it. What is not here is denied.
MAY: dict[str, frozenset[Role]] = {
    "register_patient": _PATIENT_WORK,
    "identify_patient": _PATIENT_WORK,
    "possible_duplicates": _PATIENT_WORK,
    "same_person": _INTAKE,
    "join_patients": _INTAKE,
    "part_patients": _INTAKE,
    "everything_of": _PATIENT_WORK,
    "open_intake": _INTAKE,
    "begin_call": _INTAKE,
    "open_call": _INTAKE,
    "set_caller": _INTAKE,
    "settle_opening": _INTAKE,
    "end_call": _INTAKE,
    "call_back_in_vain": _INTAKE,
    "record_answer": _INTAKE,
    "record_medication": _INTAKE,
    "add_note": _INTAKE,
    "raise_escalation": _INTAKE,
    "stamp_escalation": _INTAKE,
    "close_escalation": _CLINICIAN,
    "submit": _INTAKE,
    "review_flag": _CLINICIAN,
    "sign": _CLINICIAN,
    "add_addendum": _CLINICIAN,
    "decide_parameter": _CLINICIAN,
    "read_wording": _CLINICIAN,
    "attest_wording": _CLINICIAN,
    "adopt_protocol": _CLINICIAN,
    "instruments": _ALL,
    "draft": _ALL,
    "difference": _ALL,
    "take_shipped": _CLINICIAN,
    "drop_draft": _CLINICIAN,
    "to_look_at_again": _INTAKE,
    "looked_again": _CLINICIAN,
    "show": _PATIENT_WORK,
    "worklist": _PATIENT_WORK,
    "in_danger": _PATIENT_WORK,
    "renew_worklist": _PATIENT_WORK,
    "count_worklist": _PATIENT_WORK,
    "worklist_page": _PATIENT_WORK,
    "search": _PATIENT_WORK,
    "search_on": _PATIENT_WORK,
    "summary_pdf": _PATIENT_WORK,
    "summary_to_print": _PATIENT_WORK,
    "print_summary": _PATIENT_WORK,
    "keep_place": _ALL,
    "place": _ALL,
    "staff": _ALL,
    "add_staff": _ADMINISTRATOR,
    "suspend_staff": _ADMINISTRATOR,
    "reinstate_staff": _ADMINISTRATOR,
    "change_roles": _ADMINISTRATOR,
    "reset_staff": _ADMINISTRATOR,
    "remove_staff": _ADMINISTRATOR,
    "lift_lockout": _ADMINISTRATOR,
    "lockouts": _ALL,
    "change_password": _ALL,
    "new_recovery_key": _ADMINISTRATOR,
    "recovery_key_is_on_paper": _ADMINISTRATOR,
    "lacks_paper": _ALL,
    "change_clinic": _ADMINISTRATOR,
    "entries": _OVERSIGHT,
    "check_trail": _ALL,
    "is_check_due": _ALL,
    "export_trail": _OVERSIGHT,
    "backup_state": _ALL,
    "is_due": _ALL,
    "back_up": _ALL,
    "choose_second_place": _ADMINISTRATOR,
    "copy_records": _OVERSIGHT,
    "try_restore": _OVERSIGHT,
}
# Whoever takes a backup back, by the roles that it holds; the first of theirs is written down.
MAY_RESTORE = (Role.ADMINISTRATOR, Role.CLINICIAN)
# Whoever goes on with records that do not fit their seal.
MAY_GO_ON = (Role.ADMINISTRATOR,)


def _role_words() -> Mapping[Role, str]:
    return {
        Role.FRONT_DESK: _("the front desk"),
        Role.COORDINATOR: _("a coordinator"),
        Role.CLINICIAN: _("a clinician"),
        Role.ADMINISTRATOR: _("an administrator"),
    }


def _action_words() -> Mapping[str, str]:
    """What a refusal calls each row of `MAY`."""
    return {
        "register_patient": _("register a patient"),
        "identify_patient": _("say who a patient is"),
        "possible_duplicates": _("look for possible duplicates"),
        "same_person": _("say that two patients are one person"),
        "join_patients": _("say that two patients are one person"),
        "part_patients": _("tell two patients apart"),
        "everything_of": _("see all of a person"),
        "open_intake": _("open an intake"),
        "begin_call": _("begin a call"),
        "open_call": _("open a call"),
        "set_caller": _("say who is calling"),
        "settle_opening": _("settle the opening of a call"),
        "end_call": _("end a call"),
        "call_back_in_vain": _("stamp a call that reached nobody"),
        "record_answer": _("record an answer"),
        "record_medication": _("record a medicine"),
        "add_note": _("add a note"),
        "raise_escalation": _("raise an escalation"),
        "stamp_escalation": _("stamp an escalation"),
        "close_escalation": _("close an escalation"),
        "submit": _("submit an intake"),
        "review_flag": _("review a flag"),
        "sign": _("sign an intake"),
        "add_addendum": _("add an addendum"),
        "decide_parameter": _("decide a parameter"),
        "read_wording": _("read a file with an official wording"),
        "attest_wording": _("attest an official wording"),
        "adopt_protocol": _("adopt a protocol"),
        "instruments": _("read about a scale"),
        "draft": _("see a draft of the protocol"),
        "difference": _("see a draft of the protocol"),
        "take_shipped": _("draft the protocol that came with the app"),
        "drop_draft": _("drop a draft of the protocol"),
        "to_look_at_again": _("see which intakes are to be looked at again"),
        "looked_again": _("say that an intake was looked at again"),
        "show": _("open a chart"),
        "worklist": _("see the worklist"),
        "in_danger": _("see who is in danger"),
        "renew_worklist": _("renew the worklist"),
        "count_worklist": _("see the worklist"),
        "worklist_page": _("see the worklist"),
        "search": _("look for a patient"),
        "search_on": _("look for a patient"),
        "summary_pdf": _("see a summary"),
        "summary_to_print": _("print a summary"),
        "print_summary": _("print a summary"),
        "keep_place": _("keep a place to return to"),
        "place": _("return to a place"),
        "staff": _("see who works here"),
        "add_staff": _("add staff"),
        "suspend_staff": _("suspend staff"),
        "reinstate_staff": _("reinstate staff"),
        "change_roles": _("change the roles of staff"),
        "reset_staff": _("reset somebody's password"),
        "remove_staff": _("remove staff"),
        "lift_lockout": _("let somebody try a password again"),
        "lockouts": _("see who has to wait"),
        "change_password": _("change their own password"),
        "new_recovery_key": _("make a new recovery key"),
        "recovery_key_is_on_paper": _("say that the recovery key is on paper"),
        "lacks_paper": _("see whether the recovery key is on paper"),
        "change_clinic": _("change the clinic's details"),
        "entries": _("see the audit trail"),
        "check_trail": _("check the audit trail"),
        "export_trail": _("export the audit trail"),
        "backup_state": _("see how old the backups are"),
        "is_check_due": _("see when the audit trail was checked"),
        "is_due": _("see how old the backups are"),
        "back_up": _("make a backup"),
        "choose_second_place": _("choose where backups go"),
        "copy_records": _("copy the records"),
        "try_restore": _("try a backup"),
    }


def role_for(staff: Staff, action: str) -> Role:
    """The hat in which `staff` does it, the least that suffices; NotAllowed if none does."""
    allowed = MAY.get(action, frozenset())
    for role in Role:
        if role in allowed and role in staff.roles:
            return role
    words = _role_words()
    needed = _(" or ").join(words[role] for role in Role if role in allowed) or _("nobody")
    raise NotAllowed(_action_words().get(action, action), needed)


def may(staff: Staff, action: str) -> bool:
    return bool(MAY.get(action, frozenset()) & staff.roles)


def check_editable(intake: Intake) -> None:
    if intake.signature is not None:
        raise WrongMove(
            _("This intake is signed and stays as it is; nothing was changed. Add an addendum.")
        )


def status(intake: Intake) -> str:
    if intake.signature is not None:
        return "signed"
    if intake.look_again:
        return "look_again"
    return "awaiting_review" if intake.submitted is not None else "draft"


def check_decision(flag: Flag, decision: Decision, reason: str) -> None:
    """Only acknowledging a note needs no reason."""
    if decision is Decision.ACKNOWLEDGE and flag.tier is Tier.NOTE and not flag.fault:
        return
    if not reason.strip():
        template = _("A decision on {flag} needs a reason in words; nothing was saved.")
        raise WrongMove(template.format(flag=flag.criterion.label))


def needs_words(flag: Flag) -> bool:
    """workflow.md, stage 8: a stop, a suicide flag and what could not be evaluated are decided in
    words of the clinician's own; the others may be decided by a coded reason."""
    asks_of_suicide = any(
        name.startswith("suicide_") for rule in flag.rules for name in rule.when.names
    )
    return flag.tier is Tier.STOP or flag.fault or asks_of_suicide


def coded_reasons(flag: Flag, decision: Decision) -> tuple[str, ...]:
    """The reasons that one key gives, in the order of the keys from 1; none where words are
    needed, and none for a question that goes back."""
    if needs_words(flag) or decision is Decision.NEEDS_INFORMATION:
        return ()
    return {
        Decision.ACKNOWLEDGE: (
            _("Known and followed by the treating clinician"),
            _("To be talked over at the consult"),
            _("Read beside the record; nothing to add"),
        ),
        Decision.ACCEPTED_WITH_CONDITION: (
            _("Measured or asked again on the day, before the first dose"),
            _("A letter or record of the treating clinician comes first"),
            _("A named adult takes them home and stays"),
        ),
        Decision.NOT_SUITABLE: (
            _("Another treatment or test comes first"),
            _("Outside what this clinic offers"),
        ),
    }[decision]


def standing(intake: Intake, flag: Flag) -> FlagReview | None:
    """The latest decision on a flag, unless what it saw has changed since."""
    latest = next((r for r in reversed(intake.reviews) if r.flag == flag.key), None)
    return latest if latest is not None and latest.seen == flag.seen else None


def tasks(case: Case) -> tuple[safety.Task, ...]:
    """What must still happen, whoever hung up and whoever signed."""
    unseen = _unseen_screen(case)
    return (*safety.tasks(case.intake), *((unseen,) if unseen else ()))


def _unseen_screen(case: Case) -> safety.Task | None:
    """workflow.md, "Nobody is lost": a safety call after each positive screen that no clinician has
    seen. Counted from the end of the call in which the last such yes was told."""
    intake = case.intake
    unseen = [answer.at for answer in _unseen_yes(case)]
    if not unseen or intake.live_call is not None or intake.signature is not None:
        return None
    told = max(unseen)
    calls = [(c.ended, c.tried) for c in intake.calls if c.ended is not None and c.ended >= told]
    over = calls[0][0] if calls else told
    return safety.call_after(over, "see_a_positive_screen", sum(len(tried) for _at, tried in calls))


def _unseen_yes(case: Case) -> Iterator[Answer]:
    """A yes to the screen that a clinician has neither decided on nor closed an escalation after;
    while one is open, that comes first."""
    intake, screening = case.intake, case.screening
    ids = {item.id for item in screening.findings.screen_items}
    decided = {flag.key for flag in screening.flags if standing(intake, flag) is not None}
    seen = {answer.id for f in screening.flags if f.key in decided for answer in f.answers}
    for answer in (answer for flag in screening.flags for answer in flag.answers):
        is_yes = answer.item in ids and answer.value is True
        if is_yes and answer.id not in seen and not safety.is_taken_up(intake, answer.at):
            yield answer


def open_points(case: Case, disposition: Disposition) -> tuple[str, ...]:
    """Everything that refuses a signature, each with its name."""
    points = []
    if case.intake.submitted is None:
        points.append(_("the intake is not submitted"))
    if safety.open_escalation(case.intake) is not None:
        points.append(_("the escalation is not closed by a clinician"))
    if case.intake.look_again:
        points.append(_("the protocol changed: a clinician has to look at it again"))
    for flag in case.screening.flags:
        problem = _problem(case.intake, flag, disposition)
        if problem:
            points.append(f"{flag.criterion.label} ({problem})")
    return tuple(points)


def _problem(intake: Intake, flag: Flag, disposition: Disposition) -> str | None:
    review = standing(intake, flag)
    if review is None:
        lapsed = any(r.flag == flag.key for r in intake.reviews)
        return _("review lapsed") if lapsed else _("not reviewed")
    if review.decision is Decision.NEEDS_INFORMATION and disposition is not Disposition.ON_HOLD:
        return _("needs information")
    goes_on = disposition is Disposition.CONSULT_TO_BE_BOOKED
    if review.decision is Decision.NOT_SUITABLE and goes_on:
        return _("reviewed as not suitable")
    return None


def open_for_all(case: Case) -> tuple[str, ...]:
    """What refuses a signature whatever is decided: on hold asks for the least."""
    return open_points(case, Disposition.ON_HOLD)


def check_ready(case: Case, disposition: Disposition, reason: str) -> None:
    """Raise NotReady naming everything that is still open."""
    check_editable(case.intake)
    points = open_points(case, disposition)
    if points:
        raise NotReady(points)
    if not reason.strip():
        raise WrongMove(_("A signature needs a reason in words; nothing was signed."))


TABS = ("interrupted", "needs_review", "queries", "drafts", "done")
_IN_THE_AIR = ("open", CallEnd.DROPPED)


def worklist_tab(
    status: str, escalation: str, call: str, *, queries: int, flags: int, tasks: bool = False
) -> str:
    """One of `TABS`: the first in which something has to be done. `tasks`: something of an
    escalation must still happen, whoever signed meanwhile."""
    if escalation == safety.EscalationState.RAISED:
        return "interrupted"
    if status == "signed":
        return "needs_review" if tasks else "done"
    if status == "draft":
        if call in _IN_THE_AIR:
            return "interrupted"
        return "queries" if queries else "drafts"
    return "queries" if queries and not flags else "needs_review"
