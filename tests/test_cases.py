"""What the three demo calls have to show, sentence by sentence.

Waiting for later work, and so not asserted here: the panel's timers, the repeated alert itself and
the idle lock (come with the window); the second try of a call back that nobody answers, and which
county's emergency services are then phoned (come with the emergency panel); sources beside answers
on the screen (come with the call workspace).
"""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pypdf
import pytest

from intake_app import cases
from intake_app.core import safety, treatment
from intake_app.core.errors import NotAllowed, NotReady
from intake_app.core.model import Decision, Disposition, Due, Stage, Tier
from intake_app.core.packet import Edition, banner, compose
from intake_app.core.screening import Case, resume_at, screen
from tests.conftest import said
from tests.vaults import PASSWORD, Played

NEVER_SAID = ("eligible", "cleared", "no risk")


def pages(played):
    return _pages(played.pdf)


@cache
def _pages(path):
    reader = pypdf.PdfReader(io.BytesIO(path.read_bytes()))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


@pytest.fixture(scope="module")
def straightforward(tmp_path_factory):
    played = Played(tmp_path_factory.mktemp("one") / "vault", "1-straightforward")
    yield played
    played.desk.close()


@pytest.fixture(scope="module")
def crisis(tmp_path_factory):
    played = Played(tmp_path_factory.mktemp("two") / "vault", "2-crisis")
    yield played
    played.desk.close()


@pytest.fixture(scope="module")
def crisis_after(tmp_path_factory):
    """The same call, for tests that go on with it."""
    played = Played(tmp_path_factory.mktemp("after") / "vault", "2-crisis")
    yield played
    played.desk.close()


@pytest.fixture(scope="module")
def unknowns(tmp_path_factory):
    played = Played(tmp_path_factory.mktemp("three") / "vault", "3-unknowns")
    yield played
    played.desk.close()


# A straightforward call -------------------------------------------------------------------------


def test_one_no_level_is_identified_and_never_called_no_risk(straightforward):
    """Seen to fail with: level_words printing "none identified" for built-in wording."""
    risk = straightforward.result["suicide_risk"]
    assert (risk["level"], risk["ceiling"], risk["complete"]) == (
        "none_identified",
        "none_identified",
        True,
    )
    assert "no positive answer on an unvalidated screen" in pages(straightforward)[0]


def test_one_every_answer_is_from_the_patient_alone(straightforward):
    from_elsewhere = {
        item
        for item, answer in straightforward.result["answers"].items()
        if answer["source"] not in ("patient_alone", "")
    }
    # Her birth date came from her registration, the release from the paper that she signed.
    assert from_elsewhere == {"date_of_birth", "release_signed", "release_expiry"}


def test_one_scores_are_exact_with_their_bands(straightforward):
    assert straightforward.result["scores"] == {
        "phq9": {"total": 15, "severity": "moderately severe"},
        "gad7": {"total": 8, "severity": "mild"},
        "msm": {"least": 3, "most": 8, "missing": ["msm.severity", "msm.augmentation"]},
        "bmi": {"total": pytest.approx(74 / 1.7**2), "severity": None},
    }


def test_one_the_stage_is_unrated_and_its_parts_are_known(straightforward):
    """Seen to fail with: what never was in life asked of the clinician all the same."""
    staging = straightforward.case.screening.scores["msm"]
    assert (staging.total, staging.severity) == (None, None)
    parts = {name: ends for name, ends in staging.domains.items() if name != "severity"}
    one, none, open_ = (1, 1), (0, 0), (0, 1)
    assert parts == {"duration": one, "failures": one, "ect": none, "augmentation": open_}
    protocol, told = straightforward.case.protocol, straightforward.case.intake
    for severity, bounds in (("subsyndromal", (3, 4)), ("severe_no_psychosis", (6, 7))):
        judged = replace(told, answers=(*told.answers, said("msm.severity", severity)))
        found = screen(judged, protocol, straightforward.case.today).scores["msm"]
        assert (found.least, found.most) == bounds


def test_one_two_failed_adequate_trials_and_the_third_current(straightforward):
    """Seen to fail with: `still_taking` left out of the verdicts."""
    findings = straightforward.case.screening.findings
    verdicts = [treatment.judged(trial, findings.trial_rules)[0] for trial in findings.trials]
    assert verdicts == [
        treatment.Verdict.FAILED,
        treatment.Verdict.FAILED,
        treatment.Verdict.CURRENT,
    ]
    assert findings.read("adequate_failed_trials") == 2


def test_one_bupropion_is_a_note_on_the_seizure_threshold(straightforward):
    flag = straightforward.flag("seizure_disorder")
    assert (flag["tier"], flag["state"]) == ("note", "raised")
    assert "seizure threshold" in flag["reason"]


def test_one_vitamin_d_is_recognised_never_not_checked(straightforward):
    whole = " ".join(pages(straightforward))
    assert "Recognised. Nothing in our list about ketamine." in whole
    assert "Not checked" not in whole


def test_one_raises_no_stop_and_no_review(straightforward):
    """Seen to fail with: a systolic of 184 in the case file."""
    assert {flag["tier"] for flag in straightforward.result["flags"]} <= {"note"}


def test_one_register_ecg_and_labs_are_to_obtain_with_their_due_and_no_flags(straightforward):
    wanted = {entry["id"]: entry["due"] for entry in straightforward.result["to_obtain"]}
    assert wanted["test_pdmp"] == "before_scheduling"
    assert wanted["test_ecg"] == "before_first_dose"
    assert wanted["test_labs"] == "before_first_dose"
    assert not {"test_pdmp", "test_ecg", "test_labs"} & straightforward.flags


def test_one_augmentation_was_not_asked_and_is_to_obtain(straightforward):
    assert "augmentation" in straightforward.result["unanswered"]
    assert "augmentation_tried" in {entry["id"] for entry in straightforward.result["to_obtain"]}


def test_one_is_signed_with_no_more_than_a_consult_to_be_booked(straightforward):
    signature = straightforward.case.intake.signature
    assert signature.disposition is Disposition.CONSULT_TO_BE_BOOKED
    assert signature.name == "Dr. Ines Okafor"
    assert "signed by Dr. Ines Okafor" in pages(straightforward)[0]


@pytest.mark.parametrize("call", ["straightforward", "crisis", "unknowns"])
def test_words_that_never_occur(call, request):
    """Seen to fail with: "cleared" in the words of a decision."""
    played = request.getfixturevalue(call)
    whole = (" ".join(pages(played)) + str(played.result)).lower()
    assert not [word for word in NEVER_SAID if word in whole]


@pytest.mark.parametrize("call", ["straightforward", "crisis", "unknowns"])
def test_every_page_says_what_it_stands_on(call, request):
    """Seen to fail with: the marks left out of the frame."""
    played = request.getfixturevalue(call)
    found = pages(played)
    patient = played.case.intake.patient
    for number, page in enumerate(found, start=1):
        assert f"Page {number} of {len(found)}" in page
        for text in (patient.name, patient.born.text, patient.record_number, "DEMO"):
            assert text in page
        assert "PROTOCOL NOT CONFIRMED" in page
        assert "UNVALIDATED WORDING" in page
        assert played.case.protocol.digest[:12] in page


# A caller in danger -----------------------------------------------------------------------------


def until(played, item):
    """The case as it stood when `item` had just been answered."""
    intake = played.case.intake
    last = next(a for a in intake.answers if a.item == item)
    kept = intake.answers[: intake.answers.index(last) + 1]
    live = tuple(c for c in intake.calls if c.started <= last.at)
    live = (*live[:-1], replace(live[-1], end=None, ended=None))
    return replace(intake, answers=kept, calls=live, escalations=())


def test_two_the_fourth_answer_makes_the_level_high_and_calls_for_an_escalation(crisis):
    """Seen to fail with: item 4 counted as moderate."""
    before = screen(until(crisis, "suicide.3"), crisis.case.protocol, crisis.file.today)
    after = screen(until(crisis, "suicide.4"), crisis.case.protocol, crisis.file.today)
    assert before.suicide_risk.level is safety.Level.MODERATE
    assert not before.grounds
    assert after.suicide_risk.level is safety.Level.HIGH
    assert after.grounds


def test_two_the_escalation_is_raised_within_a_second_of_the_answer(crisis):
    """Same transaction, same time. Seen to fail with: _settle without _cover."""
    answer = next(a for a in crisis.case.intake.answers if a.item == "suicide.4")
    raised = crisis.case.intake.escalations[0].events[0]
    assert raised.move == "raised"
    assert timedelta(0) <= raised.at - answer.at <= timedelta(seconds=1)
    assert len(crisis.case.intake.escalations) == 1


def test_two_volunteered_answers_are_kept_and_nothing_is_asked_twice(crisis):
    items = [a.item for a in crisis.case.intake.answers if a.item.startswith("suicide.")]
    assert items == [f"suicide.{part}" for part in ("1", "2", "3", "4", "5", "6", "6a")]
    assert crisis.result["suicide_risk"]["complete"]
    assert {"suicide_intent_or_plan", "suicide_behavior_recent"} <= crisis.flags


def test_two_the_person_at_risk_is_the_caller_where_the_car_is(crisis):
    person = crisis.result["escalation"]["person_at_risk"]
    assert person["is_caller"] == "yes"
    for text in ("Car park", "Fairfield County", "hatchback", "HXK 4417"):
        assert text in person["where"]
    assert person["phone_note"] == "not their own, ask by first name"
    assert "parent's phone" in person["phone"]
    assert (person["company"], person["done_already"]) == ("alone", "no")
    whole = " ".join(pages(crisis))
    for text in ("HXK 4417", "not their own, ask by first name", "Person at risk"):
        assert text in whole


def shown_at(played, hour, minute):
    """The case as it stood at a time of the call."""
    at = datetime(2026, 9, 15, hour, minute, tzinfo=UTC)
    intake = played.case.intake
    calls = tuple(
        replace(call, end=None, ended=None) if call.ended and call.ended > at else call
        for call in intake.calls
        if call.started <= at
    )
    escalations = tuple(
        replace(e, events=tuple(event for event in e.events if event.at <= at))
        for e in intake.escalations
    )
    answers = tuple(a for a in intake.answers if a.at <= at)
    known = replace(intake, calls=calls, answers=answers, escalations=escalations)
    today, protocol = played.file.today, played.case.protocol
    return Case(known, protocol, screen(known, protocol, today), today)


def edition(played, on_call="Dr. Ines Okafor, 555 0110"):
    made = datetime(2026, 9, 15, 10, 53, tzinfo=UTC)
    return Edition(played.file.clinic.name, True, on_call, made, {})


def test_two_until_10_47_the_banner_says_that_nobody_was_told_and_whom_to_phone(crisis):
    """Seen to fail with: the banner of an accepted escalation shown for a raised one."""
    before = banner(shown_at(crisis, 10, 46), edition(crisis))
    assert "This computer has told no one. Phone Dr. Ines Okafor, 555 0110." in before
    after = banner(shown_at(crisis, 10, 47), edition(crisis))
    assert "told no one" not in after
    assert after.startswith("ESCALATION OPEN. Dr. Ines Okafor accepted at 10:47, read back.")
    assert after in pages(crisis)[0]


def test_two_without_a_clinician_set_the_banner_says_to_phone_emergency_services(crisis):
    """Seen to fail with: "Phone ." where nobody is on call."""
    alone = banner(shown_at(crisis, 10, 46), edition(crisis, on_call=""))
    assert "No clinician is set. Phone emergency services for the person's place." in alone


def test_two_the_repeated_alert_stands_until_10_47_and_not_after(crisis):
    """Seen to fail with: a step taken for an acceptance."""
    states = [
        safety.state(shown_at(crisis, 10, minute).intake.escalations[0])
        for minute in (39, 45, 46, 47, 52)
    ]
    raised, accepted = safety.EscalationState.RAISED, safety.EscalationState.ACCEPTED
    assert states == [raised, raised, raised, accepted, accepted]


def test_two_nobody_has_the_person_until_it_is_taken_over_at_10_52(crisis):
    """Seen to fail with: whoever accepted shown as having the person."""
    waiting = compose(shown_at(crisis, 10, 51), edition(crisis)).page_one[1].entries
    assert "Who has the person now: NOBODY YET; staff stay on the line" in waiting
    assert "Who has the person now: Dr. Ines Okafor" in pages(crisis)[0]


def test_two_the_dropped_call_resumes_at_the_panel_never_at_the_next_question(crisis):
    """Seen to fail with: resume_at without its first line."""
    dropped = shown_at(crisis, 10, 41)
    assert dropped.intake.live_call is None
    assert resume_at(dropped) == "escalation"
    assert resume_at(shown_at(crisis, 10, 42)) == "escalation"


def test_two_already_done_anything_is_the_second_step_and_was_answered_no(crisis):
    assert safety.STEPS["2"] == "Anything done already?"
    assert crisis.reads("harm_already_done") == "No"
    steps = [step for step in crisis.result["escalation"]["steps"] if step["move"] == "step"]
    assert steps[1]["step"] == "2"


def test_two_the_question_on_firearms_reads_not_asked_escalation(crisis):
    """Seen to fail with: _not_asked without its first branch."""
    assert crisis.reads("firearm_access") == "Not asked: escalation"
    assert "Firearm: Not asked: escalation" in pages(crisis)[0]


def test_two_every_question_of_the_call_that_was_not_reached_reads_not_asked_escalation(crisis):
    """Seen to fail with: "No" for a question that is not reached."""
    items = crisis.case.protocol.items
    open_ = [id_ for id_ in crisis.result["unanswered"] if items[id_].stage is Stage.CALL]
    assert len(open_) > 50
    assert {crisis.reads(id_) for id_ in open_} == {"Not asked: escalation"}


def test_two_the_safety_block_is_told_in_order_from_10_33_to_10_52(crisis):
    """Seen to fail with: the call beginning at nine, before anybody rang."""
    moments = [a.at for a in crisis.case.intake.answers]
    moments += [e.at for e in crisis.case.intake.escalations[0].events]
    assert min(moments).strftime("%H:%M") == "10:33"
    assert max(moments).strftime("%H:%M") == "10:52"
    assert [a.at for a in crisis.case.intake.answers] == sorted(
        a.at for a in crisis.case.intake.answers
    )
    assert crisis.case.intake.calls[0].started.strftime("%H:%M") == "10:33"


def test_two_the_call_resumes_at_the_escalation_with_nothing_lost(crisis):
    assert crisis.result["resume_at"] == "escalation"
    dropped = crisis.case.intake.calls[0]
    assert dropped.end.value == "dropped"
    before = [a for a in crisis.case.intake.answers if a.at <= dropped.ended]
    assert {f"suicide.{part}" for part in ("1", "2", "3", "4", "5", "6", "6a")} <= {
        a.item for a in before
    }


def test_two_each_step_is_stamped_with_its_time(crisis):
    stamped = {
        step["step"]: datetime.fromisoformat(step["at"]).strftime("%H:%M")
        for step in crisis.result["escalation"]["steps"]
        if step["move"] == "step"
    }
    told = {"1": "10:40", "2": "10:43", "3": "10:44", "4": "10:45", "6": "10:50"}
    assert stamped == told


def test_two_the_repeated_alert_ends_with_the_read_back_at_10_47(crisis):
    escalation = crisis.case.intake.escalations[0]
    accepted = safety.event(escalation, "accepted")
    assert accepted.at.strftime("%H:%M") == "10:47"
    assert accepted.get("by") == "Dr. Ines Okafor"
    assert safety.state(escalation) is safety.EscalationState.ACCEPTED


def test_two_nothing_closes_it_but_a_clinician_with_an_outcome(crisis):
    """Seen to fail with: close_escalation given to the coordinator in the role table."""
    fields = {
        "outcome": "handed_to_clinician",
        "reason": "Taken over on the line",
        "who_has_the_person": "988 and Dr. Okafor",
        "next_contact": "tomorrow, 10:00",
    }
    intake_id = crisis.case.intake.id
    with pytest.raises(NotAllowed):
        crisis.desk.close_escalation(intake_id, fields)
    assert safety.open_escalation(crisis.desk.show(intake_id).intake) is not None


def test_two_a_later_no_closes_nothing(crisis_after):
    """Seen to fail with: _ever_yes returning None once the latest answer is a no."""
    for item in ("suicide.4", "suicide.5", "suicide.6"):
        case = crisis_after.desk.record_answer(crisis_after.case.intake.id, item, False)
    assert case.screening.suicide_risk.level is safety.Level.HIGH
    assert safety.open_escalation(case.intake) is not None
    assert cases.result(case)["answers"]["suicide.4"]["reads"] == "No (was Yes)"


def test_two_a_safety_call_a_day_to_three_days_later_is_a_task(crisis):
    task = next(t for t in safety.tasks(crisis.case.intake) if t.what == "safety_call")
    over = datetime(2026, 9, 15, 10, 52, tzinfo=UTC)
    assert (task.from_, task.until) == (over + timedelta(hours=24), over + timedelta(hours=72))


def test_two_no_letter_and_no_date_and_the_banner_on_every_page(crisis):
    for page in pages(crisis):
        assert "Nothing is scheduled; no letter goes out before a clinician has spoken" in page


def test_two_scheduling_is_stopped(crisis):
    stops = {flag["id"] for flag in crisis.result["flags"] if flag["tier"] == "stop"}
    assert stops == {
        "suicidal_thoughts_now",
        "suicide_intent_or_plan",
        "suicide_behavior_recent",
    }
    assert {flag["due"] for flag in crisis.result["flags"] if flag["tier"] == "stop"} == {"now"}


def test_two_it_cannot_be_signed_while_the_escalation_is_open(crisis_after):
    """Seen to fail with: open_points without the escalation."""
    desk, clinician = crisis_after.desk, crisis_after.clinician
    intake_id = crisis_after.case.intake.id
    case = desk.submit(intake_id)
    for flag in case.screening.flags:
        clinician.review_flag(intake_id, flag.key, Decision.ACKNOWLEDGE, "seen, spoken")
    with pytest.raises(NotReady, match="the escalation is not closed by a clinician") as refused:
        clinician.sign(
            intake_id, "Dr. Ines Okafor", PASSWORD, Disposition.EMERGENCY_HANDOFF, "handed over"
        )
    assert len(refused.value.open_points) == 1


# A caller who does not know ---------------------------------------------------------------------


def test_three_each_answer_carries_its_source_on_paper_too(unknowns):
    assert unknowns.source("suicide.1") == "relative"
    assert unknowns.source("suicide.2") == "patient_with_others"
    assert unknowns.source("phq9.1") == "patient_with_others"
    whole = " ".join(pages(unknowns))
    for words in ("relative", "patient, others present", "ad hoc interpreter"):
        assert words in whole


def test_three_what_the_wife_said_of_his_mood_scores_nothing(unknowns):
    """Without his own answers there is no total and there are no bounds.

    Seen to fail with: may_answer of the mood scale widened to relatives.
    """
    intake = unknowns.case.intake
    hers = tuple(
        a for a in intake.answers if not (a.item.startswith("phq9.") and a.source != "relative")
    )
    observed = screen(replace(intake, answers=hers), unknowns.case.protocol, unknowns.file.today)
    assert any(a.item.startswith("phq9.") for a in hers)
    assert "phq9" not in observed.scores
    whole = " ".join(pages(unknowns))
    assert "As observed by another person, not scored: low mood" in whole
    assert 'Her observation: bad "every day, everything"' in whole


def test_three_his_own_mood_answers_give_bounds_and_no_severity(unknowns):
    """Seen to fail with: a blank scored as zero."""
    assert unknowns.result["scores"]["phq9"] == {
        "least": 16,
        "most": 22,
        "missing": ["phq9.5", "phq9.9"],
    }
    whole = " ".join(pages(unknowns))
    assert "at least 16, at most 22" in whole
    assert "moderately severe" not in whole


def test_three_the_ninth_item_declined_is_flagged_like_a_positive_one(unknowns):
    flag = unknowns.flag("baseline_severity_phq9")
    assert (flag["tier"], flag["due"]) == ("review", "same_day")
    assert "phq9.9" in flag["items"]


def test_three_her_no_on_the_wish_to_be_dead_is_unknown_and_to_be_repeated(unknowns):
    """Seen to fail with: RELATIVE added to the sources whose no counts."""
    assert "repeat with the patient, alone or through a qualified interpreter" in unknowns.reads(
        "suicide.1"
    )
    flag = unknowns.flag("suicidal_thoughts_now")
    assert "suicide.1" in flag["items"]
    assert (flag["tier"], flag["due"]) == ("review", "same_day")


def test_three_his_unknown_opens_three_to_five_which_read_not_private(unknowns):
    for part in ("3", "4", "5"):
        assert unknowns.reads(f"suicide.{part}") == "Not asked: not private"
        assert f"suicide.{part}" in unknowns.result["unanswered"]


def test_three_the_level_is_incomplete_and_high_still_possible(unknowns):
    """Seen to fail with: the floor printed as the level of an unfinished screen."""
    risk = unknowns.result["suicide_risk"]
    assert (risk["level"], risk["ceiling"], risk["complete"]) == ("incomplete", "high", False)
    first = pages(unknowns)[0]
    assert "INCOMPLETE" in first
    assert "highest level still possible: high" in first


def test_three_a_stroke_last_year_without_a_date_counts_as_recent(unknowns):
    """Also by the window alone. Seen to fail with: PartialDate without the last day of the year."""
    assert unknowns.flag("stroke_or_tia")["tier"] == "stop"
    span = unknowns.case.screening.findings.read("days_since_stroke_date")
    assert span.least == 69
    rules = unknowns.case.protocol.by_criterion["stroke_or_tia"].rules
    window = next(rule for rule in rules if "days_since_stroke_date" in rule.when.names)
    assert window.when.decide(unknowns.case.screening.findings.read) is None


def test_three_the_pressure_holds_at_a_placeholder_and_is_no_current_reading(unknowns):
    flag = unknowns.flag("bp_severe_or_hold")
    assert (flag["tier"], flag["due"]) == ("review", "before_scheduling")
    assert "hold_sys" in flag["unconfirmed"]
    assert any("too old or not dated" in reason for reason in flag["reasons"])
    whole = " ".join(pages(unknowns))
    assert "nobody's number yet" in whole
    assert "no current result" in whole


def test_three_uncontrolled_hypertension_is_a_review(unknowns):
    assert unknowns.flag("hypertension_history")["tier"] == "review"


def test_three_benzodiazepine_possible_and_two_pills_not_identified(unknowns):
    """Seen to fail with: a text that mentions a drug taken for that drug."""
    assert unknowns.flag("med_benzodiazepine")["tier"] == "review"
    assert unknowns.case.screening.findings.read("medicines_unidentified") == 2
    assert unknowns.flag("med_other")["tier"] == "review"
    assert "Medicines not identified: 2" in pages(unknowns)[0]
    assert "Possibly lorazepam" in " ".join(pages(unknowns))


def test_three_lisinopril_is_a_note_and_the_other_two_are_recognised(unknowns):
    formulary = unknowns.case.protocol.formulary
    found = {m.name: formulary.match(m) for m in unknowns.case.intake.medications}
    assert {hit.drug.tier for hit in found["lisinopril"].interactions} == {Tier.NOTE}
    for name in ("atorvastatin", "omeprazole"):
        assert found[name].state.value == "recognised_no_entry"


def test_three_alcohol_a_possible_lorazepam_and_apnoea_are_shown_together(unknowns):
    together = {"alcohol_and_cannabis_use", "med_benzodiazepine", "sleep_apnea"}
    assert set(unknowns.result["sedation_together"]) == together
    assert "Sedation adds up" in " ".join(pages(unknowns)[:2])


def test_three_apnoea_suspected_with_body_mass_index_38_5(unknowns):
    assert unknowns.flag("sleep_apnea")["tier"] == "review"
    assert unknowns.flag("bmi_and_weight")["tier"] == "review"
    assert f"{unknowns.case.screening.findings.read('bmi'):.1f}" == "38.5"


def test_three_jaundice_is_a_review(unknowns):
    assert unknowns.flag("severe_liver_disease")["tier"] == "review"


def test_three_sixty_five_or_more(unknowns):
    assert unknowns.flag("age_years")["tier"] == "review"


def test_three_decision_making_is_left_to_the_clinician(unknowns):
    assert unknowns.reads("decision_maker") == "Ask later"
    assert "capacity_to_consent" in {entry["id"] for entry in unknowns.result["to_obtain"]}


def test_three_a_qualified_interpreter_is_to_obtain(unknowns):
    wanted = {entry["id"]: entry["due"] for entry in unknowns.result["to_obtain"]}
    assert wanted["qualified_interpreter"] == "same_day"


def test_three_no_open_question_reads_no(unknowns):
    """Seen to fail with: reads() falling back to "No" for a missing answer."""
    open_items = unknowns.result["unanswered"]
    assert open_items
    for item in open_items:
        assert not unknowns.reads(item).startswith("No "), item
        assert unknowns.reads(item) != "No", item
    whole = " ".join(pages(unknowns))
    for item in open_items:
        assert item.partition("#")[0] in whole
    # Her no stands in the log as what it is worth.
    assert "Unknown: the answer given for the person does not count" in whole


def test_three_what_the_call_does_not_tell_is_not_answered(unknowns, crisis):
    """Seen to fail with: `emergency_now = false` in a case file."""
    assert unknowns.reads("emergency_now") == "Not asked: not private"
    assert unknowns.reads("jaundice_now") == "Not asked"
    assert unknowns.reads("psychiatric_care_recent") == "Not asked: not private"
    assert crisis.reads("emergency_now") == "Not asked: escalation"


def test_three_no_release_is_signed_and_it_is_to_obtain(unknowns):
    assert unknowns.reads("release_signed") == "No"
    assert "release_of_information" in {entry["id"] for entry in unknowns.result["to_obtain"]}


def test_three_a_clinician_is_needed_the_same_day(unknowns):
    """Seen to fail with: every urgent flag put under the due of the most urgent."""
    assert max(flag.due for flag in unknowns.case.screening.flags) is Due.SAME_DAY
    assert all("A CLINICIAN IS NEEDED THE SAME DAY" in page for page in pages(unknowns))


# Page one ---------------------------------------------------------------------------------------

BLOCKS = (
    "1 Identity",
    "2 Suicide-risk screen",
    "3 Stop: reported",
    "4 Stop: unknown or declined",
    "5 Counts",
    "6 Pressure, pregnancy, medicines",
    "7 Who answered",
    "8 To obtain",
)
PAGE_ONE = {
    "straightforward": (
        "Lucia Velasquez, sister",
        "No (patient alone): 1 wish to be dead, 2 thoughts of suicide, 6 attempt or preparation",
        "Mood item 9: Not at all (patient alone, 2026-03-10)",
        "0 days ago; built-in wording, unvalidated",
        "None raised by the answers given.",
        "overridden 0",
        "124/78 mmHg, 2026-02-17 (patient alone)",
        "Post-hysterectomy",
        "Medicines not identified: 0",
        "All answers from the patient alone",
        "BEFORE SCHEDULING, staff: Prescription monitoring check",
    ),
    "crisis": (
        "Car park behind the library",
        "a parent's phone (Someone else's phone)",
        "Level: HIGH",
        "Who has the person now: Dr. Ines Okafor",
        "accepted 2026-09-15 10:47 by Dr. Ines Okafor, read back",
        "Yes (patient alone): 1 wish to be dead",
        "Last behaviour, within three months: Yes (Two months ago, mid-July)",
        "Done already today: No. Means within reach: Not asked: escalation.",
        "NOW: Suicidal intent or plan",
        "NOT ASKED YET",
        "Blood pressure: Not asked: escalation",
        "Takes medicines: Not asked: escalation; none listed",
        "caller: What was your last blood pressure reading, if you know it?",
    ),
    "unknowns": (
        "Phone: not known yet; the caller's (wife): 614 555 0128, the wife's phone",
        "At the call: not known yet; the caller's (wife): 77 Cedar Avenue",
        "Mood item 9: Declined (patient, others present, 2026-03-10); handled as moderate",
        "INCOMPLETE; highest level still possible: high",
        "Unknown, repeat with the patient (relative): 1 wish to be dead",
        "Does not know (patient, others present): 2 thoughts of suicide",
        "Declined (patient, others present): 6 attempt or preparation, ever",
        "BEFORE SCHEDULING: Stroke or mini-stroke",
        '"A small stroke, years ago, or last year."',
        "SAME DAY: Suicidal intent or plan",
        "nobody's number yet; used by flags here: hold sys 160, max age days 90",
        "168/95 mmHg, 2025-autumn (relative); OLD: no current result, it counts for 90 days",
        "Medicines not identified: 2 (one for the heart; one for sleep, maybe lorazepam)",
        "Caller: wife; somebody listened",
        "patient, others present: Suicide-risk screen 2, Mood, last two weeks 9",
        "SAME DAY, clinic: A qualified interpreter",
    ),
}


@pytest.mark.parametrize("call", PAGE_ONE)
def test_page_one_answers_what_would_stop_me_what_is_unknown_what_must_i_verify(call, request):
    """The eight blocks in their order. Seen to fail with: the firearm line after the wording."""
    first = pages(request.getfixturevalue(call))[0]
    places = [first.find(title) for title in BLOCKS]
    assert -1 not in places
    assert places == sorted(places)
    missing = [text for text in PAGE_ONE[call] if text not in first]
    assert not missing
