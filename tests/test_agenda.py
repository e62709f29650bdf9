"""The order of the questions: number and place first, danger before fit, the heaviest before the
light; nothing that a branch skips, nothing twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intake_app.core import agenda
from intake_app.core.agenda import CALLER, MEDICINES, MORE_TRIALS, NAME, Question
from intake_app.core.gaps import Why, gaps, not_asked_elsewhere
from intake_app.core.model import Answer, CallEnd, PartialDate, Patient, Source, Stage, State
from intake_app.core.opening import LANGUAGE, READ_BACK, RECORDING
from intake_app.core.protocol import Protocol
from intake_app.core.screening import Case, reads, resume_at, screen
from tests.conftest import NOW, TODAY, clean, ended, intake, listed, on_the_line, said, unsaid

NAMELESS = Patient("p", "P-000001", "")


def case_of(protocol: Protocol, *answers: Answer, **more: object) -> Case:
    more.setdefault("calls", (on_the_line(),))
    taken = intake(*answers, **more)
    return Case(taken, protocol, screen(taken, protocol, TODAY), TODAY)


def keys(case: Case, stage: Stage = Stage.CALL) -> list[str]:
    return [question.key for question in agenda.questions(agenda.agenda(case, stage))]


def test_a_call_opens_with_number_and_place_then_who_then_danger(protocol: Protocol) -> None:
    """workflow.md, stages 1 to 3. Seen to fail with: the opening in the order of the protocol."""
    asked = keys(case_of(protocol))
    assert asked[:14] == [
        "callback_number",
        "caller_location",
        "callback_permission",
        "can_talk_freely",
        LANGUAGE,
        RECORDING,
        CALLER,
        NAME,
        "date_of_birth",
        "emergency_now",
        "suicide.1",
        "suicide.2",
        "suicide.6",
        "psychiatric_care_recent",
    ]
    assert asked[14] == "harm_thoughts"


def test_a_number_is_read_back_before_it_is_relied_on(protocol: Protocol) -> None:
    """A number that changed is read back anew. Seen to fail with: read back once and for all."""
    told = said("callback_number", "740 555 0163")
    place = said("caller_location", "14 Elm Street")
    assert READ_BACK not in keys(case_of(protocol, place))
    before = case_of(protocol, told, place)
    assert keys(before)[:3] == ["callback_number", "caller_location", READ_BACK]
    call = replace(on_the_line(), settled=((READ_BACK, "740 555 0163"),))
    sections = agenda.agenda(case_of(protocol, told, place, calls=(call,)), Stage.CALL)
    assert sections[0].questions[2].answered
    other = said("callback_number", "740 555 0199")
    sections = agenda.agenda(case_of(protocol, told, place, other, calls=(call,)), Stage.CALL)
    assert not sections[0].questions[2].answered


def test_each_contact_by_phone_asks_whether_it_may_be_recorded(protocol: Protocol) -> None:
    """workflow.md, "Recording". Seen to fail with: the yes of the first call taken for the
    second."""
    first = replace(on_the_line(), settled=((RECORDING, "agreed"),))
    second = on_the_line(Stage.SECOND_CONTACT)
    case = case_of(protocol, calls=(first, second))
    asked = {q.key: q for q in agenda.questions(agenda.agenda(case, Stage.SECOND_CONTACT))}
    assert not asked[RECORDING].answered
    asked = {q.key: q for q in agenda.questions(agenda.agenda(case, Stage.CALL))}
    assert asked[RECORDING].answered


def test_a_healthy_caller_is_asked_at_most_34_questions_by_phone(protocol: Protocol) -> None:
    """ux.md, targets; who calls, the name and what is settled of the call itself are no questions
    of the protocol. Seen to fail with: details asked whose gate nobody answered."""
    ours = (CALLER, NAME, READ_BACK, LANGUAGE, RECORDING)
    asked = [key for key in keys(case_of(protocol)) if key not in ours]
    assert len(asked) <= 34


def test_nothing_is_asked_twice_and_nothing_of_a_stage_is_left_out(protocol: Protocol) -> None:
    """Seen to fail with: a criterion of the opening asked again among the rest."""
    every = [said(i.id, True) for i in protocol.items.values() if i.kind == "yes_no"]
    every = [a for a in every if a.item not in protocol.repeated]
    case = case_of(protocol, *every)
    for stage in Stage:
        asked = keys(case, stage)
        assert len(asked) == len(set(asked))
        findings = case.screening.findings
        due = {
            item.id
            for item in protocol.items.values()
            if item.stage is stage
            and item.id not in protocol.repeated
            and findings.applicable(item) is True
            and item.criterion != "lethal_means_and_support"  # asked by the emergency panel
        }
        assert due <= set(asked), stage


def test_the_heaviest_come_first_within_a_section(protocol: Protocol) -> None:
    """Seen to fail with: the order of the protocol."""
    for section in agenda.agenda(case_of(protocol), Stage.CALL)[4:]:
        tiers = [
            max(rule.tier for rule in protocol.by_criterion[q.item.criterion].rules)
            for q in section.questions
            if q.item
        ]
        assert tiers == sorted(tiers, reverse=True), section.title


@pytest.mark.parametrize(
    ("gate", "opens"),
    [
        (None, False),
        (said("stroke_ever", False), False),
        (said("stroke_ever", True), True),
        (unsaid("stroke_ever", State.UNKNOWN), True),
        (unsaid("stroke_ever", State.DECLINED), True),
        (unsaid("stroke_ever", State.DEFERRED), False),
    ],
)
def test_a_branch_opens_by_a_yes_or_by_a_gate_that_nobody_could_answer(
    protocol: Protocol, gate: Answer | None, opens: bool
) -> None:
    """Seen to fail with: only a yes opening."""
    asked = keys(case_of(protocol, *([gate] if gate else [])))
    assert ("stroke_date" in asked) is opens


@pytest.mark.parametrize(
    ("gate", "detail"),
    [
        ("emergency_now", "emergency_symptoms"),
        ("harm_thoughts", "harm_detail"),
        ("psychosis_now", "psychosis_commands"),
        ("suicide.2", "suicide.4"),
        ("suicide.6", "suicide.6a"),
    ],
)
def test_what_lies_behind_a_no_is_not_put_to_whoever_gave_it_for_another(
    protocol: Protocol, gate: str, detail: str
) -> None:
    """The no counts for nothing: the question stays open, to be repeated with the person, and a
    call goes on behind it. Once the person cannot say, or somebody told a yes, the detail comes.
    Fails with: every open gate opening its branch; the no taken for an answer."""
    for another in (Source.RELATIVE, Source.REFERRER):
        no, yes = said(gate, False, another), said(gate, True, another)
        told = case_of(protocol, no)
        assert detail not in keys(told)
        open_ = {gap.key: gap.why for gap in gaps(told, Stage.CALL)}
        assert open_[gate] is Why.REPEAT
        assert detail not in open_
        assert detail in keys(case_of(protocol, no, unsaid(gate, State.UNKNOWN)))
        assert detail in keys(case_of(protocol, no, yes))
        assert detail in keys(case_of(protocol, yes, no))
        assert detail in keys(case_of(protocol, unsaid(gate, State.DECLINED)))
    assert detail not in keys(case_of(protocol, no, said(gate, False)))
    with_others = said(gate, False, Source.PATIENT_WITH_OTHERS)
    assert detail in keys(case_of(protocol, no, with_others))


def test_a_call_of_another_goes_on_behind_their_no(protocol: Protocol) -> None:
    """Fails with: the details of a no that does not count as the place to go on at."""
    answers = [a for a in clean(protocol) if a.item != "psychosis_now"]
    case = case_of(protocol, *answers, said("psychosis_now", False, Source.RELATIVE))
    assert resume_at(case) == "check_answers"


def test_what_was_told_out_of_order_stays_in_sight(protocol: Protocol) -> None:
    """Seen to fail with: answered details of a closed branch left out."""
    assert "stroke_date" in keys(case_of(protocol, unsaid("stroke_date", State.UNKNOWN)))


def test_the_next_question_is_the_first_open_one_behind(protocol: Protocol) -> None:
    """Ask later leaves it open. Seen to fail with: a deferred question taken for answered."""
    case = case_of(protocol, unsaid("callback_number", State.DEFERRED))
    sections = agenda.agenda(case, Stage.CALL)
    first = agenda.following(sections, None)
    assert first is not None
    assert first.key == "callback_number"
    behind = agenda.following(sections, "harm_thoughts")
    assert behind is not None
    assert behind.key == "anesthetic_allergy"


def test_at_the_end_what_was_passed_over_comes_back_and_then_nothing(protocol: Protocol) -> None:
    """Seen to fail with: no turn back to the beginning."""
    done = Question("b", answered=True)
    section = agenda.Section("", (Question("a"), done, Question("c", answered=True)))
    back = agenda.following((section,), "c")
    assert back is not None
    assert back.key == "a"
    assert agenda.following((agenda.Section("", (done,)),), "b") is None


def test_what_was_put_off_is_not_put_at_every_turn(protocol: Protocol) -> None:
    """Seen to fail with: a question put off coming back as soon as nothing else is open."""
    later = Question("a", later=True)
    section = agenda.Section("", (later, Question("b")))
    assert agenda.following((section,), None) == later
    assert agenda.following((section,), "a") == Question("b")
    done = agenda.Section("", (later, Question("b", answered=True)))
    assert agenda.following((done,), "b") is None


def test_who_calls_and_the_name_are_open_until_they_are_told(protocol: Protocol) -> None:
    """Seen to fail with: CALLER answered by any call."""
    nobody = replace(on_the_line(), relationship="")
    case = case_of(protocol, calls=(nobody,))
    case = replace(case, intake=replace(case.intake, patient=NAMELESS))
    found = {q.key: q.answered for q in agenda.questions(agenda.agenda(case, Stage.CALL))}
    assert (found[CALLER], found[NAME]) == (False, False)
    known = {
        q.key: q.answered for q in agenda.questions(agenda.agenda(case_of(protocol), Stage.CALL))
    }
    assert (known[CALLER], known[NAME]) == (True, True)


def test_medicines_are_listed_right_behind_the_yes(protocol: Protocol) -> None:
    taking = said("takes_medicines", True)
    asked = keys(case_of(protocol, taking))
    assert asked[asked.index("takes_medicines") + 1] == MEDICINES
    assert MEDICINES not in keys(case_of(protocol, said("takes_medicines", False)))
    case = case_of(protocol, taking, medications=(listed("sertraline"),))
    questions = {q.key: q for q in agenda.questions(agenda.agenda(case, Stage.CALL))}
    assert questions[MEDICINES].answered


def test_trials_go_on_one_by_one(protocol: Protocol) -> None:
    """Seen to fail with: the next number from the count of entries."""
    case = case_of(protocol, said("trial_medicine", "sertraline", entry=3))
    asked = keys(case, Stage.SECOND_CONTACT)
    assert "trial_weeks#3" in asked
    assert asked.index(MORE_TRIALS) > asked.index("trial_weeks#3")
    assert agenda.next_trial(case) == 4
    assert agenda.next_trial(case_of(protocol)) == 1
    assert MORE_TRIALS not in keys(case, Stage.CALL)
    assert MORE_TRIALS not in keys(case, Stage.STAFF_TASK)


def test_nobody_is_hurried_past_a_question_of_safety(protocol: Protocol) -> None:
    """Seen to fail with: careful of the suicide-risk screen alone."""
    asked = agenda.questions(agenda.agenda(case_of(protocol), Stage.CALL))
    careful = {q.key for q in asked if q.careful}
    assert {"suicide.1", "emergency_now", "harm_thoughts", "psychosis_now"} <= careful
    assert "stroke_ever" not in careful


def test_the_stage_is_that_of_the_latest_contact(protocol: Protocol) -> None:
    assert agenda.stage_of(case_of(protocol, calls=())) is Stage.CALL
    second = (ended(), on_the_line(Stage.SECOND_CONTACT))
    assert agenda.stage_of(case_of(protocol, calls=second)) is Stage.SECOND_CONTACT


# Under the least age ------------------------------------------------------------------------------

CHILD = said("date_of_birth", PartialDate.parse("2012-05"))
THE_BLOCK = (
    *("callback_number", "caller_location", "callback_permission", "can_talk_freely"),
    *(LANGUAGE, RECORDING, CALLER, NAME, "date_of_birth", "emergency_now"),
    *("suicide.1", "suicide.2", "suicide.6", "psychiatric_care_recent", "harm_thoughts"),
)


def test_under_age_the_safety_block_goes_on_and_nothing_clinical_behind_it(
    protocol: Protocol,
) -> None:
    """What was told all the same stays in sight; what is left out reads so, and waits for no
    contact. workflow.md, "Under 18". Fails with: the health questions asked on; the block ended by
    the age; the medicines asked for.
    """
    told = said("stroke_ever", True)
    taken = said("takes_medicines", True)
    case = case_of(protocol, CHILD, told, taken)
    assert keys(case) == [*THE_BLOCK, "stroke_ever", "takes_medicines"]
    again = [RECORDING, "suicide.1", "suicide.2", "suicide.6"]
    assert keys(case, Stage.SECOND_CONTACT) == again
    assert "fasting_possible" not in keys(case)
    assert not not_asked_elsewhere(case, Stage.CALL).get(Stage.SECOND_CONTACT)
    assert resume_at(case) in THE_BLOCK
    assert reads(case.screening.findings, protocol.items["heart_problem"]) == (
        "Not asked: under the clinic's least age"
    )
    assert "guardian_papers" in [each.id for each in case.screening.to_obtain]


@pytest.mark.parametrize("born", ["2008", "1985-04-12", None])
def test_who_may_be_of_age_is_asked_everything(protocol: Protocol, born: str | None) -> None:
    """A year in which the birthday may have been is no child's; and a date that is put right brings
    the questions back. Fails with: the oldest possible day left out; the first date kept."""
    dates = (CHILD,) if born is None else (said("date_of_birth", PartialDate.parse(born)),)
    again = said("date_of_birth", PartialDate.parse("1985-04-12"))
    case = case_of(protocol, *dates, *(() if born else (again,)))
    assert "heart_problem" in keys(case)
    assert "guardian_papers" not in [each.id for each in case.screening.to_obtain]


def test_what_was_left_out_for_age_is_no_unknown_of_a_submitted_intake(protocol: Protocol) -> None:
    """A clinician has the flag of the age to decide, not one for each question that nobody may
    ask; whatever the block has open is unknown as ever. Fails with: everything overdue; the block
    left out too; the age looked for before the block, and so without end."""
    case = case_of(protocol, CHILD, calls=(ended(),), submitted=NOW)
    raised = {flag.criterion.id for flag in case.screening.flags}
    assert {"age_years", "suicidal_thoughts_now", "harm_to_others"} <= raised
    asked = {c.id for c in protocol.criteria if {i.id for i in c.items} & protocol.safety_block}
    assert raised <= asked | {c.id for c in protocol.criteria if "suicid" in c.id}
    of_age = case_of(protocol, calls=(ended(),), submitted=NOW)
    assert len(of_age.screening.flags) > 2 * len(case.screening.flags)
    assert not any(flag.fault for flag in (*of_age.screening.flags, *case.screening.flags))


# At each contact ----------------------------------------------------------------------------------


def at_two_contacts(protocol: Protocol, *later: Answer, dropped: bool = False) -> Case:
    """The screen answered no at the first contact, and a second one since, perhaps dropped."""
    first = ended(how=CallEnd.DROPPED if dropped else CallEnd.ENDED)
    start = NOW + timedelta(days=83)
    second = replace(on_the_line(Stage.SECOND_CONTACT), id="second", started=start)
    noes = [said(f"suicide.{number}", False) for number in (1, 2, 6)]
    again = [replace(answer, at=start + timedelta(minutes=1)) for answer in later]
    return case_of(protocol, *noes, *again, calls=(first, second))


def test_the_suicide_risk_screen_is_asked_again_at_each_contact(protocol: Protocol) -> None:
    """Open until it is, and nothing of before stands in the field; a yes of then opens what is
    behind it now. Fails with: the noes of the first contact taken for the second; only to obtain,
    and not asked; the old answer shown as chosen."""
    case = at_two_contacts(protocol)
    asked = agenda.questions(agenda.agenda(case, Stage.SECOND_CONTACT))
    assert [q.key for q in asked[:4]] == [RECORDING, "suicide.1", "suicide.2", "suicide.6"]
    assert all(q.again and not q.answered for q in asked[1:4])
    assert [agenda.latest(case, q) for q in asked[1:4]] == [None] * 3
    wanted = next(w for w in case.screening.to_obtain if w.id == "suicide_screen_again")
    assert wanted.items == ("suicide.1", "suicide.2", "suicide.6")
    partly = at_two_contacts(protocol, said("suicide.1", False), said("suicide.2", True))
    asked = agenda.questions(agenda.agenda(partly, Stage.SECOND_CONTACT))
    assert {q.key: q.answered for q in asked[1:7]} == {
        **{"suicide.1": True, "suicide.2": True, "suicide.6": False},
        **dict.fromkeys(("suicide.3", "suicide.4", "suicide.5"), False),
    }
    noes = [said(f"suicide.{number}", False) for number in (1, 2, 6)]
    done = at_two_contacts(protocol, *noes)
    assert "suicide_screen_again" not in [w.id for w in done.screening.to_obtain]


def test_a_line_that_dropped_and_came_back_is_one_contact(protocol: Protocol) -> None:
    """Fails with: every call taken for a contact."""
    case = at_two_contacts(protocol, dropped=True)
    assert "suicide_screen_again" not in [w.id for w in case.screening.to_obtain]
