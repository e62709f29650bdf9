"""The list of a call: every question of a part with its number, its answer and how it stands; found
by number and by word; what a closed branch kept. And taking back, which only adds answers."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from intake_app.core import agenda, undo
from intake_app.core.agenda import MEDICINES, NAME, Question
from intake_app.core.lines import lines
from intake_app.core.model import PartialDate, Source, Stage, State
from intake_app.core.protocol import Protocol
from intake_app.core.screening import reads
from tests.conftest import clean, ended, listed, on_the_line, reach, said, some_values, unsaid
from tests.test_agenda import case_of


def listing(case, stage=Stage.CALL):
    return {line.key: line for line in lines(case, agenda.agenda(case, stage), stage) if line.key}


# The list ---------------------------------------------------------------------------------------


def test_the_list_has_every_question_of_the_part_under_its_number(protocol: Protocol) -> None:
    """Seen to fail with: numbers counted anew in each section."""
    case = case_of(protocol)
    for stage in Stage:
        sections = agenda.agenda(case, stage)
        every = agenda.questions(sections)
        found = lines(case, sections, stage)
        assert [line.key for line in found if line.key] == [q.key for q in every]
        assert [line.number for line in found if line.key] == list(range(1, len(every) + 1))
        assert [line.text for line in found if not line.key] == [s.title for s in sections]
        assert agenda.numbered(sections) == {q.key: n for n, q in enumerate(every, start=1)}


def test_each_answer_reads_as_everywhere_and_what_is_open_says_why(protocol: Protocol) -> None:
    """Seen to fail with: the latest value shown whatever it counts for."""
    case = case_of(
        protocol,
        said("stroke_ever", True),
        said("emergency_now", False, Source.RELATIVE),
        unsaid("anesthetic_allergy", State.DECLINED),
        unsaid("suicide.1", State.DEFERRED),
    )
    found = listing(case)
    findings = case.screening.findings
    for item in ("stroke_ever", "emergency_now", "anesthetic_allergy", "suicide.1"):
        assert found[item].said == reads(findings, protocol.items[item])
    assert found["stroke_ever"].standing == "Answered"
    assert found["anesthetic_allergy"].standing == "Declined"
    assert found["suicide.1"].standing == "Ask later"
    assert found["suicide.2"].standing == "Not asked"
    assert found["emergency_now"].open  # a no by a relative settles nothing on safety
    assert found["emergency_now"].standing.startswith("Repeat with the patient")
    assert found[NAME].said == case.intake.patient.name


def test_what_a_closed_branch_kept_is_shown_and_comes_back_with_it(protocol: Protocol) -> None:
    """It is counted nowhere, put to nobody, and there again on the other answer. Seen to fail
    with: closed details counted as answered; `following` stopping at one; the answer not shown."""
    told = said("stroke_ever", True), said("stroke_date", "2019")
    told = told[0], replace(told[1], value=protocol.items["stroke_date"].parse("2019"))
    closed = case_of(protocol, *told, said("stroke_ever", False))
    line = listing(closed)["stroke_date"]
    assert (line.said, line.standing, line.closed, line.open) == (
        "2019",
        "Not on this path",
        True,
        False,
    )
    sections = agenda.agenda(closed, Stage.CALL)
    health = next(s for s in sections if any(q.key == "stroke_date" for q in s.questions))
    assert (health.answered, health.asked) == (1, len(health.questions) - 1)
    back = case_of(protocol, *told, said("stroke_ever", False), said("stroke_ever", True))
    line = listing(back)["stroke_date"]
    assert (line.said, line.standing, line.closed) == ("2019", "Answered", False)
    put_off = case_of(
        protocol, told[0], unsaid("stroke_date", State.DEFERRED), said("stroke_ever", False)
    )
    sections = agenda.agenda(put_off, Stage.CALL)
    assert agenda.following(sections, "stroke_ever").key != "stroke_date"
    assert listing(put_off)["stroke_date"].said == "Ask later"


def test_medicines_listed_before_a_no_are_kept_in_sight(protocol: Protocol) -> None:
    """Seen to fail with: the list of medicines gone with the yes."""
    taken = (listed("sertraline"),)
    case = case_of(
        protocol, said("takes_medicines", True), said("takes_medicines", False), medications=taken
    )
    line = listing(case)[MEDICINES]
    assert (line.said, line.closed) == ("sertraline", True)
    back = case_of(protocol, said("takes_medicines", True), medications=taken)
    assert not listing(back)[MEDICINES].closed


def test_no_section_says_that_it_is_done(protocol: Protocol) -> None:
    """Seen to fail with: "complete" where all are answered."""
    case = case_of(protocol, *clean(protocol))
    heads = [
        line for line in lines(case, agenda.agenda(case, Stage.CALL), Stage.CALL) if not line.key
    ]
    for head, section in zip(heads, agenda.agenda(case, Stage.CALL), strict=True):
        assert head.said == f"{section.answered} of {section.asked} answered"
        assert head.standing == ""


# By number and by word --------------------------------------------------------------------------


def test_a_question_is_found_by_its_number(protocol: Protocol) -> None:
    """Seen to fail with: numbers from 0."""
    sections = agenda.agenda(case_of(protocol), Stage.CALL)
    every = agenda.questions(sections)
    for number, question in enumerate(every, start=1):
        assert agenda.find(sections, str(number)) == (question,)
    for beyond in ("0", str(len(every) + 1), "  "):
        assert agenda.find(sections, beyond) == ()


def test_a_question_is_found_by_the_beginnings_of_its_words(protocol: Protocol) -> None:
    """Whatever the case and the accents. Seen to fail with: the words of the section alone; whole
    words only."""
    sections = agenda.agenda(case_of(protocol), Stage.CALL)
    for wanted in ("stroke", "STROKE", "stro", "strōke", "mini stro"):
        assert agenda.find(sections, wanted)[0].key == "stroke_ever", wanted
    assert "suicide.1" in [q.key for q in agenda.find(sections, "suicide screen")]
    assert agenda.find(sections, "zebra") == ()


@settings(max_examples=20)
@given(st.data())
def test_every_word_of_a_question_leads_to_it(protocol: Protocol, data) -> None:
    sections = agenda.agenda(case_of(protocol), Stage.CALL)
    question = data.draw(st.sampled_from(agenda.questions(sections)))
    word = data.draw(st.sampled_from(agenda._words(question.text)))
    if not word.isdecimal():
        assert question in agenda.find(sections, word)


# Pace -------------------------------------------------------------------------------------------


def test_whatever_escalates_waits_for_enter_and_the_rest_goes_on(protocol: Protocol) -> None:
    """Every question with every answer, also one that is no item of safety by itself. Seen to fail
    with: `careful` alone; an answer of another question taken for this one's."""
    ordinary = set()
    for item in protocol.items.values():
        there = None if item.id in protocol.repeated else reach(protocol, item)
        for value in some_values(item) if there else ():
            answer = said(item.id, value)
            case = case_of(protocol, *there.answers, answer, medications=there.medications)
            critical = any(answer in f.answers for f in case.screening.flags if f.escalates)
            question = Question(item.id, item, answered=True)
            assert agenda.waits(case, question) is (item.safety or critical), (item.id, value)
            if critical and not item.safety:
                ordinary.add(item.id)
    assert ordinary


# Taking back ------------------------------------------------------------------------------------


def written(case, move):
    answer = (
        unsaid(move.item, move.state, move.source, entry=move.entry)
        if move.value is None
        else said(move.item, move.value, move.source, entry=move.entry)
    )
    answer = replace(answer, note=move.note)
    return case_of(case.protocol, *case.intake.answers, answer)


def stands(case):
    """What is known of each question now; nothing, and put off, are both open."""
    latest = {(a.item, a.entry): a for a in case.intake.answers}
    return {
        key: a.value if a.value is not None else a.state
        for key, a in latest.items()
        if a.state is not State.DEFERRED
    }


ITEMS = ("stroke_ever", "suicide.1", "emergency_now", "anesthetic_allergy")


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.sampled_from(ITEMS), st.sampled_from([True, False, None])), max_size=7)
)
def test_taking_all_back_and_putting_all_again_leads_where_it_came_from(protocol, given_) -> None:
    """Answers are only added, and the way back and forth passes the same states. Seen to fail with:
    taking back what taking back wrote; an answer given meanwhile kept to be put again."""
    case = case_of(protocol)
    states = [stands(case)]
    for item, value in given_:
        answer = unsaid(item, State.UNKNOWN) if value is None else said(item, value)
        case = case_of(protocol, *case.intake.answers, answer)
        states.append(stands(case))
    for wanted in reversed(states[:-1]):
        before = case.intake.answers
        case = written(case, undo.take_back(case))
        assert case.intake.answers[: len(before)] == before
        assert stands(case) == wanted
    assert undo.take_back(case) is None
    for wanted in states[1:]:
        case = written(case, undo.put_again(case))
        assert stands(case) == wanted
    assert undo.put_again(case) is None


def test_an_answer_given_since_leaves_nothing_to_put_again(protocol: Protocol) -> None:
    """Seen to fail with: the answers that were taken back kept for ever."""
    case = case_of(protocol, said("stroke_ever", True))
    case = written(case, undo.take_back(case))
    assert undo.put_again(case).value is True
    case = case_of(protocol, *case.intake.answers, said("stroke_ever", False))
    assert undo.put_again(case) is None


def test_every_value_is_written_again_as_it_was(protocol: Protocol) -> None:
    """Seen to fail with: a date handed over as what it was parsed to."""
    for item in protocol.items.values():
        for value in some_values(item):
            case = case_of(protocol, said(item.id, value), said(item.id, value))
            move = undo.take_back(case)
            assert item.parse(move.value) == value, item.id


def test_a_yes_of_safety_stays_shown_and_is_never_a_no(protocol: Protocol) -> None:
    """Also where a no stood before it. Seen to fail with: nothing; it is the core's own rule."""
    for before in ((), (said("suicide.1", False),)):
        case = case_of(protocol, *before, said("suicide.1", True))
        level = case.screening.suicide_risk.level
        case = written(case, undo.take_back(case))
        assert case.screening.findings.read("suicide_1") is True
        assert case.screening.suicide_risk.level >= level
        assert "Yes" in listing(case)["suicide.1"].said


def test_taken_back_is_open_and_never_a_no(protocol: Protocol) -> None:
    """Seen to fail with: no answer written where nothing stood before."""
    for item in ("stroke_ever", "suicide.1"):
        case = case_of(protocol, said(item, False))
        move = undo.take_back(case)
        assert (move.value, move.state) == (None, State.DEFERRED)
        case = written(case, move)
        assert case.screening.findings.read(protocol.items[item].name) is None
        assert listing(case)[item].open


def test_a_no_that_somebody_listened_to_does_not_come_to_count(protocol: Protocol) -> None:
    """It was said in company; now they are alone, and it would be written as said now. Seen to fail
    with: what stood before written again whoever listened."""
    case = case_of(
        protocol,
        said("can_talk_freely", False),
        said("suicide.1", False),
        said("can_talk_freely", True),
        unsaid("suicide.1", State.UNKNOWN),
    )
    assert case.screening.findings.read("suicide_1") is None
    case = written(case, undo.take_back(case))
    assert case.screening.findings.read("suicide_1") is None


def test_only_answers_of_this_call_are_taken_back(protocol: Protocol) -> None:
    """And none that the record brought along. Seen to fail with: the answers of the whole intake;
    a birth date on record taken for the last answer."""
    later = on_the_line(Stage.SECOND_CONTACT)
    later = replace(later, started=later.started + timedelta(days=1))
    case = case_of(protocol, said("stroke_ever", True), calls=(ended(), later))
    assert undo.take_back(case) is None
    born = said("date_of_birth", PartialDate.parse("1985"), Source.RECORD)
    assert undo.take_back(case_of(protocol, born)) is None
