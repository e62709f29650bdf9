"""A protocol chooses its suicide-risk screen, and the floor holds for whichever it is."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations, product

import pytest

from intake_app import content
from intake_app.content import Bundle
from intake_app.core import lint, safety
from intake_app.core.agenda import agenda, questions
from intake_app.core.condition import Span
from intake_app.core.errors import ContentError
from intake_app.core.facts import Findings
from intake_app.core.model import Answer, Due, Source, Stage, State, Tier
from intake_app.core.packet import level_words
from intake_app.core.protocol import Protocol
from intake_app.core.safety import Level, asq, sheet_risk
from intake_app.core.screening import Case, Screening, screen
from tests import test_ui_emergency
from tests.conftest import TODAY, ended, intake, said, unsaid
from tests.test_ui_emergency import clinic, on_call, opened  # noqa: F401 - fixtures
from tests.vaults import create_clinic
from ui import words

KETAMINE = "protocols/ketamine.toml"
SHIPPED = content.shipped()
STOP_NOW, SAME_DAY = (Tier.STOP, Due.NOW), (Tier.REVIEW, Due.SAME_DAY)
STATES = ("yes", "no", "unknown", "declined", "not asked")
ACUITY = """
[[criteria.rules]]
when = "suicide_level == 'moderate' and suicide_high_items_open"
tier = "stop"
due = "now"
reason = "Positive, and it is not known whether thoughts of suicide are there now: as if they were."

[[criteria.rules]]
when = "suicide_level == 'moderate'"
"""


def with_screen(name: str) -> str:
    """The shipped protocol, asking another screen."""
    text = SHIPPED.files[KETAMINE]
    text = text.replace('suicide_screen = "suicide"', f'suicide_screen = "{name}"')
    return text.replace('asks = ["suicide"]', f'asks = ["{name}"]')


def asq_text() -> str:
    """Without the two criteria about answers that ASQ has not, and with a rule on its acuity."""
    text = with_screen("asq")
    for gone in ("suicide_intent_or_plan", "suicide_behavior_recent"):
        start = f'\\[\\[criteria\\]\\]\nid = "{gone}"'
        text = re.sub(f"{start}.*?(?=\n\\[\\[criteria\\]\\]\n)", "", text, flags=re.DOTALL)
    rule = "\n[[criteria.rules]]\nwhen = \"suicide_level == 'moderate'\"\n"
    assert rule in text
    return text.replace(rule, ACUITY)


def bundle_of(text: str) -> Bundle:
    return replace(SHIPPED, files={**SHIPPED.files, KETAMINE: text})


def refusal(text: str) -> str:
    with pytest.raises(ContentError) as caught:
        content.build(bundle_of(text))
    return f"{caught.value.where}: {caught.value.what}"


@pytest.fixture(scope="module")
def since() -> Protocol:
    return content.build(bundle_of(with_screen("suicide_since")))


@pytest.fixture(scope="module")
def five() -> Protocol:
    return content.build(bundle_of(asq_text()))


def answers(screen: str, sheet: Mapping[str, str]) -> Iterable[Answer]:
    for part, state in sheet.items():
        if state in ("yes", "no"):
            yield said(f"{screen}.{part}", state == "yes")
        elif state != "not asked":
            yield unsaid(f"{screen}.{part}", State(state))


def screened(protocol: Protocol, sheet: Mapping[str, str], *, over: bool = True) -> Screening:
    calls = {"calls": (ended(),)} if over else {}
    taken = intake(*answers(protocol.suicide_screen, sheet), **calls)
    return screen(taken, protocol, TODAY)


def routed(found: Screening) -> tuple[Tier, Due] | None:
    """By the criteria that read the screen."""
    flags = [flag for flag in found.flags if flag.criterion.id.startswith("suicid")]
    if not flags:
        return None
    return max(flag.tier for flag in flags), max(flag.due for flag in flags)


def near(parts: str) -> Iterable[dict[str, str]]:
    """Every sheet with at most two answers away from a no."""
    for first, second in combinations(parts, 2):
        for one, other in product(STATES, STATES):
            yield {**dict.fromkeys(parts, "no"), first: one, second: other}


# Five questions -----------------------------------------------------------------------------------


def asq_route(sheet: Mapping[str, str], *, over: bool) -> tuple[Tier, Due] | None:
    """The toolkit, read on its own: a yes or a refusal of one of four is positive; the fifth."""
    four = [sheet[part] for part in "1234"]
    vain = {"unknown", "declined"} | ({"not asked"} if over else set())
    positive = "yes" in four or "declined" in four
    if sheet["5"] == "yes" or (positive and sheet["5"] in vain):
        return STOP_NOW
    open_ = any(state in vain for state in four)
    due = any(state != "no" for state in four)  # the fifth, which was asked in vain
    return SAME_DAY if positive or open_ or (due and sheet["5"] in vain) else None


@pytest.mark.parametrize("state", ["yes", "unknown", "declined"])
def test_the_question_of_acuity_is_put_after_a_refusal_too(five: Protocol, state: str) -> None:
    """A refusal is positive, so what it opens simply comes next. Seen to fail with: only what is
    unknown behind its gate put; a refusal left the fifth question out of the call."""
    sheet = {**dict.fromkeys("1234", "no"), "2": state}
    taken = intake(*answers(five.suicide_screen, sheet))
    case = Case(taken, five, screen(taken, five, TODAY), TODAY)
    assert "asq.5" in [question.key for question in questions(agenda(case, Stage.CALL))]


@pytest.mark.parametrize("over", [False, True])
def test_every_sheet_of_the_five_near_a_no_is_routed_by_the_toolkit(
    five: Protocol, over: bool
) -> None:
    """A positive answer to the question of acuity stops the intake now and raises an escalation,
    and so does none once somebody is positive; incomplete is never negative.

    Seen to fail with: the fifth question counted as asked in vain as soon as one of the four is
    declined, while it simply comes next.
    """
    for sheet in near("12345"):
        found = screened(five, sheet, over=over)
        expected = asq_route(sheet, over=over)
        assert routed(found) == expected, sheet
        assert bool(found.grounds) == (expected == STOP_NOW), sheet
        if any(state in ("unknown", "declined") for state in sheet.values()):
            required = {part for part in "1234" if sheet[part] in ("unknown", "declined")}
            assert not required or found.suicide_risk.word != "none_identified", sheet


def test_every_sheet_of_the_five_has_the_level_that_its_result_means(five: Protocol) -> None:
    """All 5^5. Seen to fail with: a branch that is open taken for closed."""
    level = {
        "acute_positive": Level.HIGH,
        "non_acute_positive": Level.MODERATE,
        "positive_acuity_unknown": Level.MODERATE,
        "negative": Level.NONE_IDENTIFIED,
        "incomplete": Level.NONE_IDENTIFIED,
    }
    value = {"yes": True, "no": False, "unknown": State.UNKNOWN, "declined": State.DECLINED}
    items = five.instruments["asq"].items
    for states in product(STATES, repeat=5):
        sheet = dict(zip("12345", map(value.get, states), strict=True))
        word = asq(sheet).word
        risk = sheet_risk(items, {f"asq.{part}": state for part, state in sheet.items()})
        assert risk.level is level[word], states
        assert (risk.word == "none_identified") == (word == "negative"), states
        if word in ("incomplete", "positive_acuity_unknown"):
            assert not risk.complete, states
            known = Level.MODERATE if states[4] == "no" else Level.HIGH
            assert risk.ceiling is known, states


@pytest.mark.parametrize("source", Source)
def test_a_no_of_somebody_else_is_no_negative_of_the_five(five: Protocol, source: Source) -> None:
    found = screen(intake(*(said(f"asq.{n}", False, source) for n in "1234")), five, TODAY)
    if source in (Source.PATIENT_ALONE, Source.QUALIFIED_INTERPRETER):
        assert found.suicide_risk.word == "none_identified"
    else:
        assert found.suicide_risk.word == "incomplete"
        assert routed(found) == SAME_DAY
    told = screen(intake(said("asq.5", True, source)), five, TODAY)
    assert routed(told) == STOP_NOW


# Since the last contact ---------------------------------------------------------------------------


def since_route(sheet: Mapping[str, str]) -> tuple[Tier, Due] | None:
    """The urgency table; behaviour since the last contact is recent. The call is over."""
    open_ = {part for part, state in sheet.items() if state not in ("yes", "no")}
    told = "yes" in {sheet[part] for part in "345"}
    if sheet["2"] == "no" and not told:
        open_ -= set("345")
    yes = {part for part, state in sheet.items() if state == "yes"}
    if yes & set("456") or (yes & set("2345") and open_ & set("456")):
        return STOP_NOW
    return SAME_DAY if yes or open_ else None


def test_every_sheet_since_the_last_contact_near_a_no_is_routed(since: Protocol) -> None:
    """With the rules of the shipped protocol as they are."""
    for sheet in near("123456"):
        found = screened(since, sheet)
        assert routed(found) == since_route(sheet), sheet
        assert bool(found.grounds) == (since_route(sheet) == STOP_NOW), sheet


def test_behaviour_since_the_last_contact_is_recent(since: Protocol) -> None:
    """Seen to fail with: when it was, looked for in a question that this form has not."""
    found = Findings(intake(said("suicide_since.6", True)), since, TODAY)
    assert found.read("days_since_suicide_behavior") == Span(0, 92)
    assert found.read("suicide_behavior_ever") is True
    assert found.read("suicide_behavior_recency_known") is True
    assert found.suicide_risk.level is Level.HIGH


# What is refused ----------------------------------------------------------------------------------


def test_a_protocol_has_one_screen_neither_none_nor_two() -> None:
    none = SHIPPED.files[KETAMINE].replace('suicide_screen = "suicide"\n', "")
    assert refusal(none) == f"{KETAMINE}: suicide_screen: is missing"
    two = asq_text().replace('asks = ["phq9", "gad7"', 'asks = ["phq9", "gad7", "suicide"')
    assert "suicide_screen: stands beside suicide; a protocol asks one" in refusal(two)


def test_a_rule_on_what_a_screen_does_not_ask_is_refused() -> None:
    """Seen to fail with: a fact about part of a screen that is not there, left open for ever."""
    assert "'days_since_suicide_intent' needs the question 'intent'" in refusal(with_screen("asq"))


LATER = [
    ("asq", "suicide_level == 'high'", "5 yes has to stop the intake now"),
    ("asq", "suicide_level == 'moderate' and suicide_high_items_open", "1 yes, 5 declined has to"),
    ("asq", "suicide_level == 'moderate'", "1 yes has to be reviewed"),
    ("suicide_since", "suicide_ideation_reported and suicide_high_items_open", "2 yes, 4 declined"),
]


@pytest.mark.parametrize(("name", "rule", "what"), LATER)
def test_the_floor_holds_for_every_screen(name: str, rule: str, what: str) -> None:
    """Seen to fail with: `first_gap` left out of the loader."""
    text = asq_text() if name == "asq" else with_screen(name)
    start, tier, rest = text.partition(f'when = "{rule}"\n')
    assert tier
    head, due, rest = rest.partition("due = ")
    rest = re.sub('^"[a-z_]+"', '"before_scheduling"', rest)
    message = refusal(f"{start}{tier}{head}{due}{rest}")
    assert "suicide_screen: is routed too low" in message
    assert what in message


def test_what_a_screen_says_is_said_by_no_other_scale() -> None:
    phq9 = "instruments/phq9.toml"
    text = SHIPPED.files[phq9].replace('id = "phq9.9"', 'id = "phq9.9"\nraises = { yes = "high" }')
    with pytest.raises(ContentError, match="raises: is not a field here"):
        content.build(Bundle({**SHIPPED.files, phq9: text}))


@pytest.mark.parametrize("name", ["suicide", "suicide_since", "asq"])
def test_a_screen_of_before_raises_what_is_published(name: str) -> None:
    """Records keep the file that they were taken with, which did not say what its answers raise.

    Seen to fail with: the present form asked of every file.
    """
    file = f"instruments/{name}.toml"
    older = re.sub(r"raises = .*\n", "", SHIPPED.files[file])
    assert older != SHIPPED.files[file]
    kept = content.instrument(Bundle({file: older}), name)
    now = content.instrument(SHIPPED, name)
    assert [item.raises for item in kept.items] == [item.raises for item in now.items]


def test_another_screen_is_clean_content_and_asked_in_its_place(
    five: Protocol, since: Protocol
) -> None:
    for protocol in (five, since):
        case = Case(intake(), protocol, screen(intake(), protocol, TODAY), TODAY)
        asked = [q.item.id for q in questions(agenda(case, Stage.CALL)) if q.item is not None]
        own = [id_ for id_ in asked if id_.startswith(f"{protocol.suicide_screen}.")]
        required = [i.id for i in protocol.instruments[protocol.suicide_screen].items if not i.when]
        assert own == required
        assert asked.index("emergency_now") < asked.index(own[0])
        assert asked.index(own[0]) < asked.index("psychiatric_care_recent")
        assert level_words(case) == "INCOMPLETE; highest level still possible: high"
        assert lint.findings(protocol) == ()


# In the window ------------------------------------------------------------------------------------


def test_a_positive_answer_of_acuity_leads_to_the_emergency_panel(
    qtbot, monkeypatch, request
) -> None:
    bundle = bundle_of(asq_text())
    monkeypatch.setattr(content, "shipped", lambda: bundle)
    monkeypatch.setattr(test_ui_emergency, "open_clinic", create_clinic)
    found = request.getfixturevalue("on_call")
    change, taken = found.desk.change, found.intake
    assert change(lambda s: s.record_answer(taken, "asq.3", True))
    assert not found.desk.case.intake.escalations
    assert change(lambda s: s.record_answer(taken, "asq.5", True))
    flag = next(flag for flag in found.desk.case.screening.flags if flag.escalates)
    assert words.look_words()[words.look_of(found.desk.case, flag)] == "CRITICAL"
    assert safety.open_escalation(found.desk.case.intake) is not None
    assert "This computer has told no one." in found.window._banner.text()
    assert opened(qtbot, found).isVisible()
