"""Decisions, what refuses a signature, and who may do what. "Seen to fail with" names the defect
planted to prove a test."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from intake_app.core import review
from intake_app.core.errors import NotAllowed, NotReady, WrongMove
from intake_app.core.model import (
    CallEnd,
    Decision,
    Disposition,
    Due,
    Escalation,
    EscalationEvent,
    FlagReview,
    Role,
    Signature,
    Source,
    Staff,
    Stage,
    State,
    Tier,
)
from intake_app.core.screening import Case, screen
from tests.conftest import (
    NOW,
    TODAY,
    clean,
    ended,
    escalated,
    intake,
    listed,
    on_the_line,
    said,
    unsaid,
)

ON_HOLD, CONSULT = Disposition.ON_HOLD, Disposition.CONSULT_TO_BE_BOOKED
SIGNATURE = Signature("s", "Clive", NOW, ON_HOLD, "why", "00", "{}", b"")
UNSEEN = "see_a_positive_screen"


def case_of(protocol, *answers, **more):
    """Submitted, the call over, unless `more` says otherwise."""
    given = {"calls": (ended(),), "submitted": NOW, **more}
    found = intake(*clean(protocol), *answers, **given)
    return Case(found, protocol, screen(found, protocol, TODAY), TODAY)


def decided(flag, decision=Decision.ACKNOWLEDGE, **more):
    found = FlagReview(flag.key, decision, "seen", flag.seen, NOW, "clinician")
    return replace(found, **more)


def reviewed(case, decision=Decision.ACKNOWLEDGE):
    reviews = tuple(decided(flag, decision) for flag in case.screening.flags)
    return replace(case, intake=replace(case.intake, reviews=reviews))


def anew(case, *answers, **more):
    """The same intake with more answers, screened again."""
    changed = replace(case.intake, answers=(*case.intake.answers, *answers), **more)
    return Case(changed, case.protocol, screen(changed, case.protocol, TODAY), TODAY)


@pytest.fixture(scope="module")
def stopped(protocol):
    """A stroke of long ago: one flag, and that a stop."""
    return case_of(protocol, said("stroke_ever", True))


def only_flag(case):
    assert len(case.screening.flags) == 1, [flag.key for flag in case.screening.flags]
    return case.screening.flags[0]


# Decisions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "tier", "reason"), list(product(Decision, Tier, ["", "   ", "spoken with her"]))
)
def test_only_acknowledging_a_note_needs_no_reason(stopped, decision, tier, reason):
    """Seen to fail with: any decision on a note allowed without words; a blank taken for words."""
    flag = replace(only_flag(stopped), tier=tier)
    needs_none = decision is Decision.ACKNOWLEDGE and tier is Tier.NOTE
    if needs_none or reason.strip():
        review.check_decision(flag, decision, reason)
    else:
        with pytest.raises(WrongMove, match=r"Stroke .* needs a reason in words"):
            review.check_decision(flag, decision, reason)


def test_a_rule_that_could_not_run_is_never_acknowledged_without_words(stopped):
    """Seen to fail with: `fault` left out of check_decision."""
    flag = replace(only_flag(stopped), tier=Tier.NOTE, fault=True)
    with pytest.raises(WrongMove):
        review.check_decision(flag, Decision.ACKNOWLEDGE, "")


# What refuses a signature -------------------------------------------------------------------------


def test_everything_that_is_open_is_named(protocol):
    """Seen to fail with: open_points returning at the first point."""
    case = case_of(
        protocol,
        said("stroke_ever", True),
        said("seizure_ever", True),
        submitted=None,
        escalations=(escalated(),),
    )
    points = review.open_points(case, ON_HOLD)
    assert points[0] == "the intake is not submitted"
    assert points[1] == "the escalation is not closed by a clinician"
    wanted = {f"{flag.criterion.label} (not reviewed)" for flag in case.screening.flags}
    assert len(wanted) > 1
    assert set(points[2:]) == wanted
    with pytest.raises(NotReady) as refused:
        review.check_ready(case, ON_HOLD, "words")
    assert refused.value.open_points == points
    for point in points:
        assert point in str(refused.value)


@pytest.mark.parametrize("moves", [(), ("accepted",), ("accepted", "taken_over")])
def test_no_escalation_but_a_closed_one_lets_a_signature_through(stopped, moves):
    """Seen to fail with: an accepted escalation taken for a closed one."""
    standing = replace(reviewed(stopped).intake, escalations=(escalated(*moves),))
    assert review.open_points(replace(stopped, intake=standing), ON_HOLD) == (
        "the escalation is not closed by a clinician",
    )
    over = replace(standing, escalations=(escalated("accepted", "closed"),))
    assert review.open_points(replace(stopped, intake=over), ON_HOLD) == ()


_BLOCKS = {
    Decision.ACKNOWLEDGE: (),
    Decision.ACCEPTED_WITH_CONDITION: (),
    Decision.NEEDS_INFORMATION: tuple(set(Disposition) - {ON_HOLD}),
    Decision.NOT_SUITABLE: (CONSULT,),
}


@pytest.mark.parametrize(("decision", "disposition"), list(product(Decision, Disposition)))
def test_what_a_decision_refuses(stopped, decision, disposition):
    """Needs information signs only as on hold; not suitable never as a consult.

    Seen to fail with: `goes_on` also true for on hold; NEEDS_INFORMATION let through.
    """
    points = review.open_points(reviewed(stopped, decision), disposition)
    assert bool(points) == (disposition in _BLOCKS[decision])
    assert all(only_flag(stopped).criterion.label in point for point in points)


def test_every_flag_is_decided_by_itself(protocol):
    """No bulk closing. Seen to fail with: the latest review of any flag taken for this one's."""
    case = case_of(protocol, said("stroke_ever", True), said("seizure_ever", True))
    first, *others = case.screening.flags
    part = replace(case, intake=replace(case.intake, reviews=(decided(first),)))
    assert len(review.open_points(part, ON_HOLD)) == len(others) >= 1
    assert review.open_points(reviewed(case), ON_HOLD) == ()


def test_a_signature_needs_words(stopped):
    """Seen to fail with: the reason not looked at."""
    review.check_ready(reviewed(stopped), ON_HOLD, "records first")
    with pytest.raises(WrongMove, match="needs a reason in words"):
        review.check_ready(reviewed(stopped), ON_HOLD, "  ")


# A positive screen that nobody has seen ---------------------------------------------------------

LATER = NOW + timedelta(hours=5)
LAST = ended()
AFTER = replace(ended(Stage.SECOND_CONTACT), ended=LATER)
UNTIL = NOW + timedelta(hours=72)
CLOSED = Escalation("e", (EscalationEvent("raised", NOW, "c"), EscalationEvent("closed", NOW, "c")))
CLOSED_BEFORE = replace(CLOSED, events=(replace(CLOSED.events[1], at=NOW - timedelta(1)),))


@pytest.mark.parametrize(
    ("yes", "more", "until"),
    [
        (("suicide.1",), {}, UNTIL),
        (("suicide.2", "suicide.3"), {}, UNTIL),
        (("suicide.1",), {"submitted": None}, UNTIL),
        (("suicide.1",), {"calls": (replace(LAST, end=CallEnd.DROPPED),)}, UNTIL),
        (("suicide.1",), {"calls": (LAST, AFTER)}, UNTIL),
        (("suicide.1",), {"calls": ()}, UNTIL),
        (("suicide.1",), {"calls": (replace(LAST, ended=LATER),)}, LATER + timedelta(hours=72)),
        (("suicide.1",), {"escalations": (CLOSED_BEFORE,)}, UNTIL),
        ((), {}, None),
        (("suicide.1",), {"calls": (on_the_line(),)}, None),
        (("suicide.1",), {"calls": (LAST, on_the_line(Stage.SECOND_CONTACT))}, None),
        (("suicide.1",), {"escalations": (escalated(),)}, None),
        (("suicide.1",), {"escalations": (CLOSED,)}, None),
        (("suicide.1",), {"signature": SIGNATURE}, None),
    ],
)
def test_a_positive_screen_that_no_clinician_has_seen_asks_for_a_safety_call(
    protocol, yes, more, until
):
    """workflow.md, "Nobody is lost". Seen to fail with: a call of somebody else that winds the time
    forward; a task while the line is open, or beside an escalation; none where answers were typed
    in after the call; an escalation of yesterday taken for one that saw today's answer."""
    case = case_of(protocol, *(said(item, True) for item in yes), **more)
    found = [(t.until, t.tries) for t in review.tasks(case) if t.what == UNSEEN]
    assert found == ([(until, 0)] if until else [])


def test_a_decision_ends_it_until_a_yes_comes_after_it(protocol):
    """And calls in vain are counted. Seen to fail with: a decision that stands for what it did not
    see; tries of an earlier call counted; a no that does not count taken for a yes."""

    def tries(case):
        return [t.tries for t in review.tasks(case) if t.what == UNSEEN]

    tried = ((NOW, "no_answer"), (NOW, "voicemail"))
    before = replace(LAST, ended=NOW - timedelta(1), tried=tried)
    case = case_of(protocol, said("suicide.1", True), calls=(before, replace(LAST, tried=tried)))
    assert tries(case) == [2]
    decided_on = reviewed(case)
    assert tries(decided_on) == []
    unheard = case_of(protocol, said("suicide.2", False, Source.RELATIVE))
    assert unheard.screening.flags
    assert tries(unheard) == []
    assert tries(anew(decided_on, said("stroke_ever", True))) == []
    assert tries(anew(decided_on, said("suicide.2", True))) == [2]


def test_a_signed_intake_is_neither_changed_nor_signed_again(stopped):
    """Seen to fail with: check_editable left out of check_ready."""
    done = replace(reviewed(stopped).intake, signature=SIGNATURE)
    with pytest.raises(WrongMove, match="stays as it is"):
        review.check_editable(done)
    with pytest.raises(WrongMove, match="stays as it is"):
        review.check_ready(replace(stopped, intake=done), ON_HOLD, "again")


def test_the_latest_decision_stands(stopped):
    """Seen to fail with: the first decision found instead of the last."""
    flag = only_flag(stopped)
    two = (decided(flag, Decision.NOT_SUITABLE), decided(flag, Decision.ACKNOWLEDGE))
    changed = replace(stopped.intake, reviews=two)
    assert review.standing(changed, flag).decision is Decision.ACKNOWLEDGE
    assert review.open_points(replace(stopped, intake=changed), CONSULT) == ()


# Lapse ------------------------------------------------------------------------------------------


def test_a_review_lapses_when_an_answer_that_it_saw_changes(protocol, stopped):
    """Also where the flag looks the same. Seen to fail with: answers left out of `Flag.seen`."""
    before = reviewed(stopped)
    after = anew(before, said("stroke_ever", True, Source.RELATIVE))
    assert only_flag(after).tier is only_flag(before).tier
    assert review.standing(after.intake, only_flag(after)) is None
    assert review.open_points(after, ON_HOLD) == (
        f"{only_flag(after).criterion.label} (review lapsed)",
    )


def test_a_review_lapses_when_the_tier_changes(stopped):
    """Seen to fail with: the tier left out of `Flag.seen`."""
    flag = only_flag(stopped)
    held = replace(stopped.intake, reviews=(decided(flag),))
    assert review.standing(held, flag) is not None
    for other in (replace(flag, tier=Tier.REVIEW), replace(flag, due=Due.NOW)):
        assert review.standing(held, other) is None


def test_a_review_lapses_when_the_answer_is_taken_back(stopped):
    """A stop that becomes unknown was another flag. Seen to fail with: `seen` made of the key."""
    after = anew(reviewed(stopped), unsaid("stroke_ever", State.UNKNOWN))
    assert "review lapsed" in review.open_points(after, ON_HOLD)[0]


def test_a_review_stands_while_something_else_changes(stopped):
    """Seen to fail with: all answers of the intake in `Flag.seen`."""
    after = anew(reviewed(stopped), said("height", 176))
    assert review.standing(after.intake, only_flag(after)) is not None


def test_a_new_medicine_leaves_what_it_does_not_touch_and_opens_its_own_flag(stopped):
    """Seen to fail with: a review of any flag taken for one of the new flag."""
    after = anew(reviewed(stopped), medications=(listed("lithium"), listed("diazepam")))
    points = review.open_points(after, ON_HOLD)
    assert points
    assert all("not reviewed" in point for point in points)
    assert not any("Stroke" in point for point in points)


# Status and roles -------------------------------------------------------------------------------


def test_status_is_draft_then_awaiting_review_then_signed(stopped):
    signature = Signature("s", "Clive", NOW, ON_HOLD, "why", "00", "{}", b"")
    draft = replace(stopped.intake, submitted=None)
    signed = replace(stopped.intake, signature=signature)
    found = [review.status(each) for each in (draft, stopped.intake, signed)]
    assert found == ["draft", "awaiting_review", "signed"]


def person(*roles):
    return Staff("s", "Sam", frozenset(roles))


@pytest.mark.parametrize("action", sorted(review.MAY))
def test_every_action_has_somebody_who_may_and_says_who(action):
    """Seen to fail with: an action with no role."""
    allowed = review.MAY[action]
    assert allowed
    for role in Role:
        if role in allowed:
            assert review.role_for(person(role), action) is role
        else:
            with pytest.raises(NotAllowed) as refused:
                review.role_for(person(role), action)
            assert "nothing was changed" in str(refused.value)


CLINICIAN_ONLY = {
    "close_escalation",
    "review_flag",
    "sign",
    "add_addendum",
    "decide_parameter",
    "attest_wording",
    "read_wording",
    "adopt_protocol",
    "take_shipped",
    "drop_draft",
    "looked_again",
}


def test_what_decides_is_a_clinicians_alone():
    """Seen to fail with: close_escalation given to the coordinator."""
    assert {a for a, roles in review.MAY.items() if roles == {Role.CLINICIAN}} == CLINICIAN_ONLY


@pytest.mark.parametrize("action", ["raise_escalation", "stamp_escalation", "record_answer"])
def test_whoever_takes_a_call_may_raise_and_stamp(action):
    """Seen to fail with: raise_escalation kept for clinicians."""
    assert review.MAY[action] == {Role.COORDINATOR, Role.CLINICIAN}


def test_an_administrator_alone_sees_no_patient():
    """Seen to fail with: `show` open to everybody."""
    allowed = {a for a, roles in review.MAY.items() if Role.ADMINISTRATOR in roles}
    about_the_clinic = {"add_staff", "change_clinic", "staff", "keep_place", "place"}
    about_staff = {
        "change_password", "change_roles", "suspend_staff", "reinstate_staff", "remove_staff",
        "reset_staff", "lockouts", "lift_lockout", "new_recovery_key", "lacks_paper",
        "recovery_key_is_on_paper",
    }  # fmt: skip
    about_the_rules = {"draft", "difference", "instruments"}
    # Entries name records by number, never by a person's name; a copy stays sealed.
    about_the_records = {
        "entries", "check_trail", "is_check_due", "export_trail", "back_up", "backup_state",
        "is_due", "choose_second_place", "copy_records", "try_restore",
    }  # fmt: skip
    assert allowed == about_the_clinic | about_staff | about_the_rules | about_the_records
