"""Content is proven at load: what is refused, with file and field; and what we ship is faithful."""

import ast
import copy
import functools
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake_app import content
from intake_app.content import Bundle, ParamDecision, build
from intake_app.core.errors import ContentError
from intake_app.core.lint import UNFIT
from intake_app.core.model import Due, Tier
from intake_app.core.protocol import Protocol
from intake_app.core.screening import screen
from tests.conftest import TODAY, clean, intake, shared

KETAMINE = "protocols/ketamine.toml"
PHQ9 = "instruments/phq9.toml"
SUICIDE = "instruments/suicide.toml"
MEDICINES = "medications.toml"
SHIPPED = content.shipped()
CODE = Path(content.__file__).parent


@pytest.fixture(autouse=True, scope="module")
def _parse_each_text_once() -> Iterator[None]:
    """TOML is parsed to the same tables each time; four thousand lines of it take their while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "_toml", functools.cache(content._toml))
        yield


def edited(file: str, old: str, new: str) -> Bundle:
    assert SHIPPED.files[file].count(old) >= 1, f"{old!r} is not in {file} any more"
    return replace(SHIPPED, files={**SHIPPED.files, file: SHIPPED.files[file].replace(old, new, 1)})


def refusal(bundle: Bundle) -> str:
    with pytest.raises(ContentError) as caught:
        build(bundle)
    assert str(caught.value).endswith("mend the file or restore it.")
    return f"{caught.value.where}: {caught.value.what}"


# What is refused ----------------------------------------------------------------------------------

STROKE = 'when = "stroke_ever and days_since_stroke_date <= stop_days"'
PARAM = 'min_age         = { value = 18, basis = "SPRAVATO PI, TKC, OKIC", source = "spravato_pi" }'
PLACEHOLDER = 'hold_sys     = { value = 160, basis = "PLACEHOLDER: no source found" }'
THEOPHYLLINE = 'generic = "theophylline",'
LAST_RULE = 'tier = "review"\ndue = "before_scheduling"\nreason = "Earlier stroke or mini-stroke."'
STROKE_ITEM = 'id = "stroke_ever"\nkind = "yes_no"'
HEART_DATE = 'id = "heart_attack_date"\nkind = "date"'
NINTH = 'id = "phq9.9"\nkind = "scale"'

RAISES_HIGH = 'raises = { yes = "high", tells = ["thoughts", "intent"] }'
SIXTH = 'id = "suicide.6"'
REFUSED: list[tuple[str, str, str, str, str]] = [
    # name, file, old, new, words of the message
    ("unknown key of a protocol", KETAMINE, 'drug = "ketamine"', 'drug = "ketamine"\ncolor = "x"',
     f"{KETAMINE}: color: is not a field here"),
    ("unknown key of a criterion", KETAMINE, 'label = "Age"', 'label = "Age"\ncolor = "x"',
     "criteria[age_years].color: is not a field here"),
    ("unknown key of an item", KETAMINE, STROKE_ITEM, STROKE_ITEM + '\ncolor = "x"',
     "criteria[stroke_or_tia].items[stroke_ever].color: is not a field here"),
    ("unknown key of an item with a gate", KETAMINE, HEART_DATE, HEART_DATE + '\ncolor = "x"',
     "items[heart_attack_date].color: is not a field here"),
    ("unknown key of a rule", KETAMINE, LAST_RULE, LAST_RULE + '\ncolor = "x"',
     "criteria[stroke_or_tia].rules[4].color: is not a field here"),
    ("unknown key of a parameter", KETAMINE, "{ value = 18,", "{ value = 18, x = 1,",
     "criteria[age_years].params.min_age.x: is not a field here"),
    ("unknown key of a source", KETAMINE, "[sources.who_bmi]", '[sources.who_bmi]\nauthor = "x"',
     f"{KETAMINE}: sources.who_bmi.author: is not a field here"),
    ("unknown key of on_unknown", KETAMINE, "on_unknown = {", "on_unknown = { x = 1,",
     "on_unknown.x: is not a field here"),
    ("unknown key of an instrument", PHQ9, 'id = "phq9"', 'id = "phq9"\ncolor = "x"',
     f"{PHQ9}: color: is not a field here"),
    ("unknown key of a band", PHQ9, "{ least = 0,", "{ x = 1, least = 0,",
     f"{PHQ9}: bands[1].x: is not a field here"),
    ("unknown key of a medicine", MEDICINES, THEOPHYLLINE, THEOPHYLLINE + " x = 1,",
     f"{MEDICINES}: classes[methylxanthine].drugs[theophylline].x: is not a field here"),
    ("unknown name in a condition", KETAMINE, STROKE, STROKE.replace("stop_days", "sotp_days"),
     "criteria[stroke_or_tia].rules[1].when: unknown name 'sotp_days'"),
    ("a parameter of another criterion", KETAMINE, STROKE, STROKE.replace("stop_days", "min_age"),
     "criteria[stroke_or_tia].rules[1].when: unknown name 'min_age'"),
    ("unknown name in a gate", KETAMINE, 'when = "stroke_ever"', 'when = "strokes_ever"',
     "items[stroke_date].when: unknown name 'strokes_ever'"),
    ("a type that does not fit", KETAMINE, STROKE, 'when = "stroke_ever > stop_days"',
     "criteria[stroke_or_tia].rules[1].when: 'stroke_ever' cannot be compared"),
    ("an unknown option in a condition", KETAMINE, "ketamine_reaction == 'mild'",
     "ketamine_reaction == 'mlid'", "when: 'ketamine_reaction' has no option 'mlid'"),
    ("an option that a rule uses is gone", KETAMINE, 'mild = "Mild", ', "",
     "when: 'ketamine_reaction' has no option 'mild'"),
    ("arithmetic", KETAMINE, "days_since_stroke_date <= stop_days",
     "days_since_stroke_date <= stop_days + 1", "may compare names, strings and numbers only"),
    ("an unused parameter", KETAMINE, "age_years < min_age", "age_years < older_adult_age",
     "criteria[age_years].params.min_age: is used by no condition"),
    ("a parameter without a basis", KETAMINE, ' basis = "SPRAVATO PI, TKC, OKIC",', "",
     "criteria[age_years].params.min_age.basis: is missing"),
    ("a basis without a source", KETAMINE, PARAM, PARAM.replace(', source = "spravato_pi"', ""),
     "criteria[age_years].params.min_age.source: is missing, and the basis says neither"),
    ("a placeholder that hides its being one", KETAMINE, PLACEHOLDER,
     PLACEHOLDER.replace("PLACEHOLDER: no source found", "usual practice"),
     "params.hold_sys.source: is missing"),
    ("a parameter whose source the criterion does not cite", KETAMINE, PARAM,
     PARAM.replace('source = "spravato_pi"', 'source = "who_bmi"'),
     "params.min_age.source: 'who_bmi' is not cited by this criterion"),
    ("a parameter that is no number", KETAMINE, "{ value = 18,", "{ value = nan,",
     "params.min_age.value: has to be true, false, a number"),
    ("a parameter with an empty list", KETAMINE, 'value = ["depression"]', "value = []",
     "params.accepted.value: has to be true, false, a number"),
    ("a parameter of another type than its use", KETAMINE, "{ value = 18,", '{ value = "adult",',
     "rules[1].when: 'age_years' cannot be compared"),
    ("a parameter outside its options", KETAMINE, '{ value = "current_episode"',
     '{ value = "this_year"', "params.scope.value: is not one of"),
    ("a parameter with the name of an item", KETAMINE, "any_stroke_is_exclusion = {",
     "heart_problem = {", "params.heart_problem: is the name of an item or a fact"),
    ("a source that is not there", KETAMINE, '{ ref = "mindspace",', '{ ref = "mindscape",',
     "'mindscape' is not among the sources of the file"),
    ("a source that nobody cites", KETAMINE, "[sources.who_bmi]",
     '[sources.extra]\ntitle = "x"\nkind = "study"\n\n[sources.who_bmi]',
     f"{KETAMINE}: sources.extra: is cited nowhere"),
    ("a source of an unknown kind", KETAMINE, 'kind = "guidance"', 'kind = "rumour"',
     ".kind: 'rumour' is not one of label, guidance"),
    ("a citation that says not how it was checked", KETAMINE, ', checked = "text_seen" }', " }",
     ".checked: is missing"),
    ("a criterion without sources", KETAMINE,
     'sources = [\n  { ref = "knowledge", section = "US duty-to-protect practice, varies by state"'
     ', checked = "knowledge" },\n]', "sources = []", "criteria[harm_to_others].sources: is empty"),
    ("two criteria with one id", KETAMINE, 'id = "home_ketamine"', 'id = "age_years"',
     "criteria[age_years]: stands twice"),
    ("two items with one id", KETAMINE, 'id = "stroke_date"', 'id = "seizure_date"',
     "criteria[seizure_date]: stands twice"),
    ("an item with the name of a fact", KETAMINE, 'id = "anesthesia_family"', 'id = "bmi"',
     "items[bmi]: is the name of a fact"),
    ("an unknown tier", KETAMINE, LAST_RULE, LAST_RULE.replace("review", "warning"),
     "criteria[stroke_or_tia].rules[4].tier: 'warning' is not one of note, review, stop"),
    ("an unknown due", KETAMINE, LAST_RULE, LAST_RULE.replace("before_scheduling", "soon"),
     "criteria[stroke_or_tia].rules[4].due: 'soon' is not one of none, before_first_dose"),
    ("an unknown stage", KETAMINE, '"Age"\nstage = "call"', '"Age"\nstage = "later"',
     "criteria[age_years].stage: 'later' is not one of call, second_contact"),
    ("an unknown kind", KETAMINE, STROKE_ITEM, STROKE_ITEM.replace("yes_no", "tick"),
     "items[stroke_ever].kind: 'tick' is not one of"),
    ("a rule without a reason", KETAMINE, LAST_RULE, LAST_RULE.rsplit("\n", 1)[0],
     "criteria[stroke_or_tia].rules[4].reason: is missing"),
    ("an empty reason", KETAMINE, '"Earlier stroke or mini-stroke."', '" "',
     "criteria[stroke_or_tia].rules[4].reason: is empty"),
    ("a weaker rule first", KETAMINE, STROKE + '\ntier = "stop"', STROKE + '\ntier = "note"',
     "criteria[stroke_or_tia].rules: do not stand strongest first"),
    ("options for a question that has none", KETAMINE, STROKE_ITEM,
     STROKE_ITEM + '\noptions = { a = "A" }', "items[stroke_ever].options: do not fit the kind"),
    ("a choice without options", KETAMINE, STROKE_ITEM, STROKE_ITEM.replace("yes_no", "choice"),
     "items[stroke_ever].options: do not fit the kind choice"),
    ("a choice with numbers for codes", KETAMINE,
     'options = { none = "None", mild = "Mild", severe_or_allergic = "Severe or allergic" }',
     'options = [{ code = 0, label = "None" }]', "options: do not fit the kind choice"),
    ("a number without a unit", KETAMINE, STROKE_ITEM, STROKE_ITEM.replace("yes_no", "number"),
     "items[stroke_ever].unit: does not fit the kind number"),
    ("a unit of nothing", KETAMINE, STROKE_ITEM, STROKE_ITEM + '\nunit = "mg"',
     "items[stroke_ever].unit: does not fit the kind yes_no"),
    ("a date for which a yes is good", KETAMINE, HEART_DATE, HEART_DATE + "\nreassuring = true",
     "items[heart_attack_date].reassuring: is for the kind yes_no alone"),
    ("a text for a number of rules", KETAMINE, "[[criteria.rules]]\nwhen = \"age_years < min_age\"",
     "[criteria.rule]\nwhen = \"age_years < min_age\"", "age_years"),
    ("an unknown instrument", KETAMINE, 'asks = ["phq9", "gad7"', 'asks = ["phq9", "gad8"',
     "criteria.asks: unknown or repeated instrument ['gad8'"),
    ("an instrument asked twice", KETAMINE, 'asks = ["phq9", "gad7"', 'asks = ["phq9", "suicide"',
     "criteria.asks: unknown or repeated instrument"),
    ("an instrument that facts need is not asked", KETAMINE, 'asks = ["phq9", "gad7"',
     'asks = ["gad7"', "when: 'phq9_item9"),
    ("an unknown drug", KETAMINE, 'drug = "ketamine"', 'drug = "aspirin"',
     f"{KETAMINE}: drug: 'aspirin' is not one of ketamine, esketamine"),
    ("an unknown route", KETAMINE, 'route = "iv"', 'route = "rectal"', f"{KETAMINE}: route:"),
    ("an unknown repetition", KETAMINE, 'for_each = "trial"', 'for_each = "day"',
     "criteria[trial_adequacy_weeks].for_each: 'day' is not one of trial"),
    ("bands with a gap", PHQ9, "{ least = 5,  most = 9,", "{ least = 6,  most = 9,",
     f"{PHQ9}: bands: leave a gap"),
    ("bands that overlap", PHQ9, "{ least = 5,  most = 9,", "{ least = 4,  most = 9,",
     f"{PHQ9}: bands: leave a gap, overlap"),
    ("bands that stop short", PHQ9, "most = 27", "most = 26", f"{PHQ9}: bands: leave a gap"),
    ("a scale with one code twice", PHQ9, "{ code = 1, label = \"Several days\"",
     "{ code = 0, label = \"Several days\"", f"{PHQ9}: options: have the same code twice"),
    ("an unknown scoring", PHQ9, 'scoring = "sum"', 'scoring = "mean"',
     f"{PHQ9}: scoring: 'mean' is not one of sum, sum_of_domains"),
    ("an unknown voice", PHQ9, '"patient_with_others"', '"neighbour"',
     f"{PHQ9}: may_answer: 'neighbour' is not one of patient_alone"),
    ("nobody who may answer", PHQ9, re.search(r"may_answer = .*", SHIPPED.files[PHQ9])[0],  # type: ignore[index]
     "may_answer = []", f"{PHQ9}: may_answer:"),
    ("an item of another instrument", PHQ9, 'id = "phq9.9"', 'id = "gad7.9"',
     f"{PHQ9}: items[gad7.9].id: has to begin with 'phq9.'"),
    ("a gate on another instrument", PHQ9, NINTH, NINTH + '\nwhen = "suicide_2"',
     f"{PHQ9}: items[phq9.9].when: unknown name 'suicide_2'"),
    ("a gate on a fact", PHQ9, NINTH, NINTH + '\nwhen = "escalation_open"',
     f"{PHQ9}: items[phq9.9].when: may read items of its own instrument only"),
    ("an instrument without a licence", PHQ9,
     re.search(r"licence = .*", SHIPPED.files[PHQ9])[0], "",  # type: ignore[index]
     f"{PHQ9}: licence: is missing"),
    ("a screen that loses an item", SUICIDE, 'id = "suicide.5"', 'id = "suicide.7"',
     f"{SUICIDE}: items: needs the items 1, 2, 3, 4, 5, 6, 6a"),
    ("a screen with one item more", SUICIDE, "[[items]]",
     '[[items]]\nid = "suicide.0"\nkind = "yes_no"\nask = "?"\nsafety = true\n\n[[items]]',
     f"{SUICIDE}: items: needs the items 1, 2, 3, 4, 5, 6, 6a"),
    ("a screen item that is not one of safety", SUICIDE, "safety = true", "safety = false",
     f"{SUICIDE}: items: needs safety = true on every item"),
    ("a screen that is a sum", SUICIDE, 'scoring = "suicide_level"', 'scoring = "sum"',
     f"{SUICIDE}: items[suicide.1].raises: is not a field here"),
    ("a screen that says nothing of one answer", SUICIDE, RAISES_HIGH, "",
     f"{SUICIDE}: items[suicide.4].raises: is missing, or less than is published"),
    ("a screen whose answer raises less", SUICIDE, RAISES_HIGH,
     RAISES_HIGH.replace("high", "moderate"), "items[suicide.4].raises: is missing, or less"),
    ("a screen whose answer tells of less", SUICIDE, RAISES_HIGH,
     RAISES_HIGH.replace(', "intent"', ""), "items[suicide.4].raises: is missing, or less"),
    ("an answer that tells of something unknown", SUICIDE, '["wish"]', '["mood"]',
     f"{SUICIDE}: items[suicide.1].raises.tells: 'mood' is not one of wish, thoughts"),
    ("an answer that raises something unknown", SUICIDE, 'yes = "low"', 'yes = "some"',
     f"{SUICIDE}: items[suicide.1].raises.yes: 'some' is not one of none_identified, low"),
    ("a question that is put to fewer", SUICIDE, SIXTH, SIXTH + '\nwhen = "suicide_2"',
     f"{SUICIDE}: items[suicide.6].when: hides what is asked"),
    ("a question behind one more", SUICIDE, 'when = "suicide_2"',
     'when = "suicide_2 and suicide_1"', f"{SUICIDE}: items[suicide.3].when: hides what is asked"),
    ("a question behind the other answer", SUICIDE, 'when = "suicide_6"',
     'when = "not suicide_6"', f"{SUICIDE}: items[suicide.6a].when: hides what is asked"),
    ("two suicide-risk screens", KETAMINE, 'asks = ["phq9", "gad7"',
     'asks = ["phq9", "gad7", "asq"',
     f"{KETAMINE}: suicide_screen: stands beside asq; a protocol asks one suicide-risk screen"),
    ("a screen that cannot stand in", KETAMINE, 'suicide_screen = "suicide"',
     'suicide_screen = "phq9"', f"{KETAMINE}: suicide_screen: is no suicide-risk screen"),
    ("an example that does not come out", PHQ9, "total = 5", "total = 6",
     f"{PHQ9}: examples[2].total: comes out as 5"),
    ("an example of a level that does not come out", SUICIDE, 'level = "moderate"',
     'level = "low"', f"{SUICIDE}: examples[3].level: comes out as moderate"),
    ("a screen that no criterion asks", KETAMINE, 'asks = ["suicide"]', "asks = []",
     "needs the question '"),
    ("a screen that is not there", KETAMINE, 'suicide_screen = "suicide"',
     'suicide_screen = "asq"', f"{KETAMINE}: suicide_screen: 'asq' is not one of"),
    ("a result that is no item", KETAMINE, "dated = { last_blood_pressure =",
     "dated = { last_pressure =",
     f"{KETAMINE}: criteria[bp_severe_or_hold].dated.last_pressure: has to name an item here"),
    ("a result that is dated by no date", KETAMINE, '= "blood_pressure_date" }',
     '= "pressure_symptoms_now" }', "dated.last_blood_pressure: has to name an item here, and the"),
    ("a result that goes stale after nobody knows when", KETAMINE,
     'id = "seizure_disorder"',
     'id = "seizure_disorder"\ndated = { seizure_ever = "seizure_date" }',
     f"{KETAMINE}: criteria[seizure_disorder].dated: needs the parameter max_age_days"),
    ("a result that is not obtained again", KETAMINE,
     'to_obtain = true\ndated = { last_blood', "dated = { last_blood",
     f"{KETAMINE}: criteria[bp_severe_or_hold].dated: needs to_obtain"),
    ("a medicine for a criterion that is not there", MEDICINES, 'criterion = "med_theophylline"',
     'criterion = "med_tea"', f"{MEDICINES}: classes[methylxanthine].criterion: 'med_tea' is no"),
    ("a medicine with an unknown tier", MEDICINES, 'on_match = "stop"', 'on_match = "halt"',
     ".on_match: 'halt' is not one of none, note, review, stop"),
    ("an unknown severity", MEDICINES, 'severity = "avoid"', 'severity = "bad"',
     f"{MEDICINES}: classes[methylxanthine].severity: 'bad' is not one of avoid"),
    ("an equivalent of no medicine", MEDICINES, "alprazolam = 0.5", "alprozolam = 0.5",
     "ashton.alprozolam: is no medicine of the list"),
    ("an equivalent of nothing", MEDICINES, "alprazolam = 0.5", "alprazolam = 0",
     f"{MEDICINES}: benzodiazepine_equivalents.ashton.alprazolam: has to be a number above zero"),
    ("an equivalent in words", MEDICINES, "alprazolam = 0.5", 'alprazolam = "half"',
     "ashton.alprazolam: has to be a number above zero"),
    ("an equivalent that is no number", MEDICINES, "alprazolam = 0.5", "alprazolam = nan",
     "ashton.alprazolam: has to be a number above zero"),
    ("a damaged protocol", KETAMINE, "[[criteria]]", "[[criteria]", f"{KETAMINE}: is not TOML"),
    ("limits of words", KETAMINE, 'kind = "text"', 'kind = "text"\nlimits = [0, 1]', "do not fit"),
    ("limits reversed", KETAMINE, "limits = [0, 7]", "limits = [7, 0]", "the least and the most"),
    ("a damaged instrument", PHQ9, 'id = "phq9"', 'id = "phq9', f"{PHQ9}: is not TOML"),
    ("damaged medicines", MEDICINES, "drugs = [", "drugs = ", f"{MEDICINES}: is not TOML"),
    ("a key that stands twice", KETAMINE, 'version = "1"', 'version = "1"\nversion = "2"',
     f"{KETAMINE}: is not TOML"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_proven_is_refused_with_file_and_field(
    file: str, old: str, new: str, words: str
) -> None:
    message = refusal(edited(file, old, new))
    assert message.startswith((file, KETAMINE, MEDICINES))
    assert words in message


def test_what_is_shipped_is_proven(protocol: Protocol) -> None:
    assert protocol.digest == SHIPPED.digest
    assert len(protocol.criteria) == 83
    assert protocol.items.keys() >= {"caller_location", "suicide.6a", "phq9.9", "trial_weeks"}


def test_every_number_has_its_limits(protocol: Protocol) -> None:
    """Wider than life; what falls outside is refused where it is typed (test_service, of values
    that do not fit). Seen to fail with: the limits of the oxygen level left out."""
    numbers = [item for item in protocol.items.values() if item.kind == "number"]
    assert len(numbers) == 16
    assert [item.id for item in numbers if len(item.limits) != 2] == []


@pytest.mark.parametrize(
    ("gone", "words"),
    [(KETAMINE, "needs one protocol"), (MEDICINES, "needs one protocol"), (SUICIDE, "suicide")],
)
def test_a_file_that_is_not_there_is_named(gone: str, words: str) -> None:
    left = {name: text for name, text in SHIPPED.files.items() if name != gone}
    assert words in refusal(replace(SHIPPED, files=left))


def test_two_protocols_or_two_instruments_of_one_name_are_refused() -> None:
    files = {**SHIPPED.files, "protocols/other.toml": SHIPPED.files[KETAMINE]}
    assert "needs one protocol" in refusal(replace(SHIPPED, files=files))
    files = {**SHIPPED.files, "instruments/other.toml": SHIPPED.files[PHQ9]}
    with pytest.raises(ContentError, match=r"other\.toml: id: has to be the name of the file"):
        content.instruments(replace(SHIPPED, files=files))


def test_a_folder_that_cannot_be_read_is_a_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="a file cannot be read"):
        content.shipped(tmp_path)


# The safety floor ---------------------------------------------------------------------------------

HIGH = (
    'when = "suicide_level == \'high\'"\ntier = "stop"\ndue = "now"',
    'when = "suicide_intent_reported and days_since_suicide_intent <= intent_days"\n'
    'tier = "stop"\ndue = "now"',
    'when = "suicide_ideation_reported and suicide_high_items_open"\ntier = "stop"\ndue = "now"',
    'when = "suicide_behavior_ever and days_since_suicide_behavior <= high_days"\n'
    'tier = "stop"\ndue = "now"',
    'when = "suicide_behavior_ever and not suicide_behavior_recency_known"\n'
    'tier = "stop"\ndue = "now"',
)


def weakened(*edits: tuple[str, str]) -> Bundle:
    text = SHIPPED.files[KETAMINE]
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return replace(SHIPPED, files={**SHIPPED.files, KETAMINE: text})


def later(rule: str) -> tuple[str, str]:
    return rule, rule.replace('"now"', '"before_scheduling"')


def test_no_protocol_can_switch_the_suicide_escalation_off() -> None:
    """One rule may go where another covers it, never the last one.

    Seen to fail with: `first_gap` left out of the loader.
    """
    build(weakened(later(HIGH[0])))
    low = [
        (later(HIGH[0]), later(HIGH[1])),
        (later(HIGH[0]), later(HIGH[3])),
        (later(HIGH[0]), later(HIGH[3]), later(HIGH[4])),
        (later(HIGH[2]),),
    ]
    for edits in low:
        message = refusal(weakened(*edits))
        assert "suicide_screen: is routed too low" in message
        assert "has to stop the intake now and raise an escalation" in message


@pytest.mark.parametrize(
    "level", ["suicide_level == 'moderate'", "source_is_proxy or suicide_screen_open",
              "suicide_level == 'low'"],
)  # fmt: skip
def test_no_protocol_can_put_a_positive_screen_off(level: str) -> None:
    rule = f'when = "{level}"\ntier = "review"\ndue = "same_day"'
    message = refusal(weakened((rule, rule.replace("same_day", "before_scheduling"))))
    assert "has to be reviewed by a clinician the same day" in message


def test_no_setting_of_the_clinic_can_switch_it_off() -> None:
    never = (
        ParamDecision("suicide_intent_or_plan", "intent_days", -1, "Dr. A"),
        ParamDecision("suicide_behavior_recent", "high_days", -1, "Dr. A"),
    )
    found = build(replace(SHIPPED, decisions=never))
    assert found.param("suicide_behavior_recent", "high_days") == -1
    weak = weakened(later(HIGH[0]))
    assert "is routed too low" in refusal(replace(weak, decisions=never))


# A clinic's decisions -----------------------------------------------------------------------------

DECISION = ParamDecision("age_years", "min_age", 21, "Dr. A")


def test_a_decision_of_the_clinic_holds_and_is_named() -> None:
    found = build(replace(SHIPPED, decisions=(DECISION,), adopted_by="Dr. A"))
    param = found.by_criterion["age_years"].params["min_age"]
    assert (param.value, param.confirmed) == (21, "Dr. A")
    assert found.adopted_by == "Dr. A"
    assert found.digest != SHIPPED.digest


def test_placeholders_wait_for_a_clinician(protocol: Protocol) -> None:
    open_ = {(criterion.id, param.name) for criterion, param in protocol.unconfirmed}
    assert ("bp_severe_or_hold", "hold_sys") in open_
    assert ("age_years", "min_age") not in open_
    taken_over = tuple(
        ParamDecision(c.id, p.name, p.value, "Dr. A") for c, p in protocol.unconfirmed
    )
    confirmed = build(replace(SHIPPED, decisions=taken_over))
    assert confirmed.unconfirmed == ()
    assert not confirmed.is_confirmed
    assert build(replace(SHIPPED, decisions=taken_over, adopted_by="Dr. A")).is_confirmed


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (replace(DECISION, value="adult"), "params.min_age.value: was set by the clinic to some"),
        (replace(DECISION, value=True), "params.min_age.value: was set by the clinic to some"),
        (replace(DECISION, value=Decimal("NaN")), "params.min_age.value: has to be"),
        (replace(DECISION, param="max_age"), "params.max_age: was set by the clinic and is no"),
        (replace(DECISION, criterion="age"), "criteria[age].params.min_age: was set by the clinic"),
        (
            ParamDecision("failed_adequate_trials", "scope", "this_year", "Dr. A"),
            "params.scope.value: is not one of current_episode, lifetime",
        ),
        (
            ParamDecision("primary_diagnosis", "accepted", ("depression", "grief"), "Dr. A"),
            "when: 'primary_condition' has no option 'grief'",
        ),
        (ParamDecision("primary_diagnosis", "accepted", (), "Dr. A"), "params.accepted.value: has"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(decision: ParamDecision, words: str) -> None:
    """Seen to fail with: options checked for the shipped value alone."""
    assert words in refusal(replace(SHIPPED, decisions=(decision,)))


def test_a_bundle_is_the_same_after_it_was_kept_as_text(protocol: Protocol) -> None:
    decided = replace(
        SHIPPED,
        decisions=(DECISION, ParamDecision("primary_diagnosis", "accepted", ("other",), "Dr. B")),
        adopted_by="Dr. A",
    )
    again = Bundle.from_text(decided.to_text())
    assert again.digest == decided.digest
    assert build(again).criteria == build(decided).criteria
    assert Bundle.from_text(SHIPPED.to_text()).digest == protocol.digest


@given(st.sampled_from(sorted(SHIPPED.files)), st.integers(0, 10**6))
def test_any_change_of_the_text_is_another_digest(file: str, place: int) -> None:
    text = SHIPPED.files[file]
    place %= len(text)
    changed = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
    assert replace(SHIPPED, files={**SHIPPED.files, file: changed}).digest != SHIPPED.digest


# Wrong types everywhere ---------------------------------------------------------------------------

TABLES = {name: tomllib.loads(text, parse_float=Decimal) for name, text in SHIPPED.files.items()}
STRANGE: list[Any] = [True, 0, -1, 10**30, Decimal("NaN"), Decimal("0.5"), "", " ", "x", "phq9", []]
STRANGE += [["x"], [1], [[]], [{}], {}, {"a": 1}, {"id": "x"}, date(2024, 1, 1), "a and b", "not a"]


def places(table: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = table.items() if isinstance(table, dict) else enumerate(table)
    for key, value in keys:
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from places(value, (*before, key))


PLACES = {name: [*places(table)] for name, table in TABLES.items()}


def without_or_with(name: str, place: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """The tables of the files, one of them changed at one place; the rest is shared."""
    tables: Any = dict(TABLES)
    inner = tables
    for key in (name, *place[:-1]):
        inner[key] = copy.copy(inner[key])
        inner = inner[key]
    change(inner, place[-1])
    return tables


def put(value: Any) -> Callable[[Any, Any], None]:
    def change(table: Any, key: Any) -> None:
        table[key] = value

    return change


def drop(table: Any, key: Any) -> None:
    del table[key]


def twice(table: Any, key: Any) -> None:
    if isinstance(table, list):
        table.append(table[key])
    else:
        table[f"{key} "] = table[key]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_strange_tables_are_built_or_refused_and_nothing_else(data: st.DataObject) -> None:
    """Seen to fail with: `for row in options` of a number; equivalents as they come."""
    name = data.draw(st.sampled_from(sorted(PLACES)))
    place = data.draw(st.sampled_from(PLACES[name]))
    changes = st.one_of(st.sampled_from(STRANGE).map(put), st.sampled_from((drop, twice)))
    tables = without_or_with(name, place, data.draw(changes))
    built, where = built_of(tables)
    if built is None:
        assert where.partition(":")[0] in (*SHIPPED.files, "resources")
    else:
        found = screen(intake(*clean(built)), built, TODAY)
        assert not any(flag.fault for flag in found.flags)


def built_of(tables: Any) -> tuple[Protocol | None, str]:
    """What the tables make, or where they were refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "_toml", lambda name, _text: tables[name])
        try:
            return content._proven(SHIPPED), ""  # the same bundle gives other tables
        except ContentError as error:
            return None, error.where


SHAPES = [
    (KETAMINE, ("criteria", 0, "items", 1, "options")),
    (KETAMINE, ("criteria", 0, "rules")),
    (KETAMINE, ("criteria", 0, "on_unknown")),
    (KETAMINE, ("criteria", 0, "sources")),
    (KETAMINE, ("criteria",)),
    (KETAMINE, ("sources",)),
    (PHQ9, ("options",)),
    (PHQ9, ("items", 0, "kind")),
    (PHQ9, ("items", 9, "options")),
    (PHQ9, ("items",)),
    (PHQ9, ("bands",)),
    (PHQ9, ("bands", 0, "least")),
    (MEDICINES, ("classes",)),
    (MEDICINES, ("classes", 0, "drugs")),
    (MEDICINES, ("classes", 0, "drugs", 0, "brands")),
    (MEDICINES, ("benzodiazepine_equivalents",)),
    (MEDICINES, ("benzodiazepine_equivalents", "ashton")),
    (MEDICINES, ("benzodiazepine_equivalents", "ashton", "diazepam")),
    (MEDICINES, ("recognised",)),
]


FITTING: dict[object, tuple[Any, ...]] = {
    "bands": ([],),
    "least": (0,),
    "brands": ([], ["x"]),
    "ashton": ({},),
    "diazepam": (10**30, Decimal("0.5")),
    "recognised": ([],),
    "options": (),
}


@pytest.mark.parametrize(("name", "place"), SHAPES)
def test_the_shapes_that_hold_the_rest_are_proven_for_every_wrong_type(
    name: str, place: tuple[Any, ...]
) -> None:
    for value in STRANGE:
        built, _ = built_of(without_or_with(name, place, put(value)))
        fits = any(value is known or value == known for known in FITTING.get(place[-1], ()))
        assert built is None or (fits and not isinstance(value, bool)), (place, value)


# Faithful to the facts ----------------------------------------------------------------------------

EXTRA_RULE = "birth_date_differs"
EXTRA_ITEM = "trial_start"  # docs/decisions/0005: one question more than the criteria name
# One reason says which table counts; the others, of a rule that is the "else" of stronger ones,
# said "removed", "treated" or "no plan given" also where nobody had asked.
REWORDED = {
    *("med_benzodiazepine", "harm_to_others", "hypersensitivity", "raised_intracranial_pressure"),
    *("active_mania", "pheochromocytoma", "hyperthyroidism", "bipolar_or_past_mania"),
    "eating_disorder_or_low_weight",
}
KINDS = {
    "yes_no": ("yes_no",),
    "choice": ("choice",),
    "multi_choice": ("multi_choice",),
    "number+unit": ("number", "blood_pressure"),
    "date_or_partial": ("date",),
    "text": ("text",),
}


@pytest.fixture(scope="module")
def facts_of_criteria() -> Any:
    """By id: the file has them by topic, the protocol in the order of asking."""
    return {fact["id"]: fact for fact in shared("clinical/criteria.json")["criteria"]}


@pytest.fixture(scope="module")
def facts_of_medicines() -> Any:
    return shared("clinical/medications.json")


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_criteria_are_those_of_the_facts(protocol: Protocol, facts_of_criteria: Any) -> None:
    assert {criterion.id for criterion in protocol.criteria} == facts_of_criteria.keys()
    for criterion in protocol.criteria:
        fact = facts_of_criteria[criterion.id]
        assert criterion.label == fact["label"]
        assert criterion.group == fact["group"]
        assert criterion.stage == fact["stage"]
        assert criterion.to_obtain == fact.get("to_obtain", False)
        assert (criterion.for_each is None) == ("for_each" not in fact)
        assert criterion.confidence == fact["confidence"]
        unknown = fact["on_unknown"]
        assert criterion.unknown_tier.word == unknown["tier"], criterion.id
        assert criterion.unknown_due.word == unknown["due"], criterion.id


# Where the facts say "it" or "that", and a question has to name what it is about.
NAMED_ANEW = """
    allergy_reaction allergy_to anesthesia_detail anesthesia_family aneurysm_detail
    aortic_detail augmentation_detail benzodiazepine_often benzodiazepine_since birth_date
    blood_pressure_date brain_bleed_date care_covered confusion_date confusion_sudden_now
    cpap_used diagnosed_by_clinician earlier_episodes eating_disorder_now emergency_symptoms
    episode_start escort_name eye_event_date eye_kinds fasting_obstacle harm_detail head_kinds
    heart_attack_date heart_attack_kind heart_kinds heart_symptoms_kind heart_symptoms_now
    home_ketamine_source hypertension_control ketamine_forms ketamine_helped ketamine_last
    ketamine_outside_care_often ketamine_reaction ketamine_sessions lamotrigine_dose
    little_need_for_sleep lung_kinds mania_other maoi_last may_contact_clinician
    medicine_list_complete organ_kinds other_treatments_detail other_treatments_helped
    psychiatric_care_date psychiatric_care_suicidal psychosis_in_family psychotic_disorder_date
    seizure_date stimulant_time stroke_date substance_last_difficulty substance_treatment_end
    substances_used treating_clinician_name withdrawal_signs
"""


def test_the_questions_are_those_of_the_facts(protocol: Protocol, facts_of_criteria: Any) -> None:
    """Id, kind, gate, stage, options, marks and words. Seen to fail with: safety left out of one
    item; the words of another question."""
    for criterion in protocol.criteria:
        fact = facts_of_criteria[criterion.id]
        items = [item for item in criterion.items if item.id != EXTRA_ITEM]
        assert [item.id for item in items] == [known["id"] for known in fact["items"]]
        for item, known in zip(items, fact["items"], strict=True):
            assert item.kind in KINDS[known["answer"]], item.id
            assert [option.code for option in item.options] == known.get("options", []), item.id
            when = known.get("when")
            assert (item.when and one_line(item.when.text)) == (when and one_line(when)), item.id
            assert item.stage == known.get("stage", fact["stage"]), item.id
            for mark in ("gate", "safety", "observed"):
                assert getattr(item, mark) == known.get(mark, False), (item.id, mark)
            same = one_line(item.ask) == one_line(known["ask"])
            assert same != (item.id in NAMED_ANEW.split()), item.id


REASSURING = {
    "can_talk_freely",
    "diagnosed_by_clinician",
    "pulmonary_hypertension_treated",
    "seizure_treated",
    "adrenal_tumor_removed",
    "escort_stays",
    "trial_taken_most_days",
    "mood_stabiliser_now",
    "cpap_used",
    "fasting_possible",
    "no_driving_agreed",
    "can_stay",
    "care_covered",
    "treating_clinician",
    "may_contact_clinician",
    "release_signed",
    "pregnancy_test_agreed",
    "rems_agreed",
    "rems_site_certified",
    "rems_enrolled",
}


# Words that ask or point, and name nothing by themselves.
NAMELESS = """
    a about all and any are at be been can cause caused could day device did difficulty do does
    dose each end ever for forms get had happened happening hard has have help helped her his how
    in into is it its kind last leave left long make many may moment most much name now number of
    often on one ones or out over past person phone prescribes reaction recent s sends sessions
    since someone something take taken taking that the their them then there these they thing
    things this those time times to treatment use used was were what when where which who whose
    will with would you your
"""


def test_a_question_behind_another_names_what_it_is_about(protocol: Protocol) -> None:
    """It is read out behind "does not know" as behind a yes, and found alone in a list. Seen to
    fail with: "When was the most recent one?", "Which of these was it?", "How often do they take
    it?"."""
    for item in protocol.items.values():
        if item.when is None or item.criterion == "lethal_means_and_support":
            continue  # those the panel asks of whoever is on the line
        for said in filter(None, (item.ask, item.ask_about)):
            named = set(re.findall(r"[a-z]+", said.casefold())) - {*NAMELESS.split()}
            assert named, (item.id, said)


def test_a_yes_is_the_good_answer_to_just_these(protocol: Protocol) -> None:
    """Seen to fail with: the mark left out of one of them."""
    assert {item.id for item in protocol.items.values() if item.reassuring} == REASSURING


def test_the_rules_are_those_of_the_facts(protocol: Protocol, facts_of_criteria: Any) -> None:
    reworded = 0
    for criterion in protocol.criteria:
        fact = facts_of_criteria[criterion.id]
        rules = [rule for rule in criterion.rules if rule.when.text != EXTRA_RULE]
        assert len(rules) == len(fact["rules"]), criterion.id
        for rule, known in zip(rules, fact["rules"], strict=True):
            assert one_line(rule.when.text) == one_line(known["when"]), criterion.id
            assert (rule.tier.word, rule.due.word) == (known["tier"], known["due"]), criterion.id
            if one_line(rule.reason) != one_line(known["reason"]):
                assert criterion.id in REWORDED
                reworded += 1
    assert reworded == len(REWORDED)


def test_the_parameters_are_those_of_the_facts(protocol: Protocol, facts_of_criteria: Any) -> None:
    for criterion in protocol.criteria:
        fact = facts_of_criteria[criterion.id]
        params = fact.get("params", {})
        assert criterion.params.keys() == params.keys(), criterion.id
        for name, value in params.items():
            held = criterion.params[name].value
            plain = list(held) if isinstance(held, tuple) else held
            same = float(plain) if isinstance(plain, Decimal) else plain
            assert same == value, (criterion.id, name)
            basis = fact["params_basis"][name]
            if basis.startswith("PLACEHOLDER"):
                assert criterion.params[name].is_placeholder, (criterion.id, name)


def test_the_medicines_are_those_of_the_facts(protocol: Protocol, facts_of_medicines: Any) -> None:
    formulary = protocol.formulary
    facts = facts_of_medicines["classes"]
    assert [c.id for c in formulary.classes] == [fact["id"] for fact in facts]
    for drug_class, fact in zip(formulary.classes, facts, strict=True):
        assert drug_class.criterion == fact["criterion_id"]
        assert drug_class.applies_to == fact["applies_to"]
        assert drug_class.severity == fact["severity"]
        assert one_line(drug_class.effect) == one_line(fact["effect"])
        assert list(drug_class.cross_check) == fact.get("cross_check", []), drug_class.id
        named = {name for drug in (drug_class, *drug_class.drugs) for name in drug.cross_check}
        assert named <= protocol.by_criterion.keys(), drug_class.id
        for drug, known in zip(drug_class.drugs, fact["drugs"], strict=True):
            assert (drug.generic, list(drug.brands)) == (known["generic"], known["brands"])
            assert (drug.tier.word if drug.tier else "none") == known["on_match"], drug.generic
            assert drug.due.word == known["due"], drug.generic
            oral = drug.oral_tier.word if drug.oral_tier else None
            assert oral == known.get("on_match_oral"), drug.generic
            assert list(drug.cross_check) == known.get("cross_check", []), drug.generic
    quiet = facts_of_medicines["do_not_flag"]
    assert [
        (c.name, [(d.generic, list(d.brands)) for d in c.drugs]) for c in formulary.unflagged
    ] == [(q["drug_class"], [(d["generic"], d["brands"]) for d in q["drugs"]]) for q in quiet]
    recognised = facts_of_medicines["recognised_no_entry"]["items"]
    assert sorted((d.generic, *d.brands) for d in formulary.recognised) == sorted(
        (d["generic"], *d["brands"]) for d in recognised
    )


def test_the_equivalents_are_those_of_the_facts(
    protocol: Protocol, facts_of_medicines: Any
) -> None:
    facts = facts_of_medicines["benzodiazepine_equivalents_mg_per_10mg_diazepam"]
    ashton, us_label = protocol.formulary.equivalents
    itself = {"diazepam": 10}  # written out here, said in words there
    assert {k: float(v) for k, v in ashton.items()} == facts["ashton_style"] | itself
    assert {k: float(v) for k, v in us_label.items()} == facts["us_package_style"] | itself


def test_a_flag_shows_the_strongest_kind_of_source_that_it_has(protocol: Protocol) -> None:
    for criterion in protocol.criteria:
        assert criterion.citations
        for citation in criterion.citations:
            assert citation.title
            assert citation.checked in ("text_seen", "secondary", "knowledge")
            assert not citation.url or citation.url.startswith("http")


# Words --------------------------------------------------------------------------------------------

# Where a work is named or a field has its code the words are not ours.
NOT_OURS = {"title", "section", "url", "group", "ref", "id", "year", "sources"}
# They speak of saved answers, or ask and caution; none says that anybody is safe.
HARMLESS = {
    "hat was saved before is safe",
    "to be saved is safe",
    "Only if it is safe",
}


def our_texts(table: Any) -> Iterator[str]:
    if isinstance(table, str):
        yield table
    elif isinstance(table, dict):
        for key, value in table.items():
            if key not in NOT_OURS:
                yield from our_texts(value)
    elif isinstance(table, list):
        for value in table:
            yield from our_texts(value)


def literals(path: Path) -> Iterator[str]:
    """Every text of a module that is no docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.value


def test_the_words_are_found_where_they_are() -> None:
    """So that the two tests below are known to look."""
    for text in (
        "You are eligible.",
        "is SAFE",
        "no risk",
        "a failed attempt",
        "committed suicide",
    ):
        assert UNFIT.search(text)
    for text in ("eligibility", "safety", "unsafe", "attempt", "risk", "It was not obtained"):
        assert not UNFIT.search(text)


def test_no_content_gives_a_verdict_or_speaks_of_suicide_as_it_should_not() -> None:
    """Seen to fail with: "safe" in a staff note."""
    texts = [text for table in TABLES.values() for text in our_texts(table)]
    assert len(texts) > 2000
    assert [text for text in texts if UNFIT.search(text)] == []


def test_no_text_of_the_app_gives_a_verdict_or_speaks_of_suicide_as_it_should_not() -> None:
    found = [
        text
        for path in sorted(CODE.rglob("*.py"))
        for text in literals(path)
        if UNFIT.search(text) and not any(known in text for known in HARMLESS)
    ]
    assert found == []


def test_urgency_words_are_those_of_the_core(protocol: Protocol) -> None:
    tiers = {rule.tier for criterion in protocol.criteria for rule in criterion.rules}
    dues = {rule.due for criterion in protocol.criteria for rule in criterion.rules}
    assert tiers == set(Tier)
    assert dues == set(Due)
