"""ProtocolService: draft, difference, adoption, and the official text of a scale.

"Seen to fail with" names the defect planted to prove a test.
"""

import json
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from intake_app import content, service
from intake_app.content import Bundle, ParamDecision
from intake_app.core.difference import carried, difference, flag_changes
from intake_app.core.errors import ContentError, NotAllowed, NotFound, NotReady, WrongMove
from intake_app.core.model import Decision, Disposition, Role, Tier
from tests.vaults import CLINICIAN, COORDINATOR, PASSWORD, PEOPLE, Clock, open_clinic

SCREEN = tuple(f"suicide.{part}" for part in ("1", "2", "3", "4", "5", "6", "6a"))
OFFICIAL = {item: f"Official text of {item}?" for item in SCREEN}
SOURCE = "C-SSRS Screener, form of 2024"
ATTESTED = f"{SOURCE}, attested by {CLINICIAN}"
PRESSURE = ("bp_severe_or_hold", "hold_sys")  # shipped as 160, a placeholder


@pytest.fixture
def clinic(tmp_path):
    desk = open_clinic(tmp_path / "vault", Clock())
    voices = {COORDINATOR: desk}
    voices |= {n: desk.acting_as(n, PASSWORD) for n in PEOPLE if n != COORDINATOR}
    rules = voices[CLINICIAN].protocols
    yield SimpleNamespace(**voices, rules=rules, folder=tmp_path / "vault", desk=desk)
    desk.close()


# Draft --------------------------------------------------------------------------------------------


def test_a_draft_holds_for_nobody_until_it_is_adopted(clinic):
    """Seen to fail with: decide_parameter putting in force; a draft that stays "adopted"."""
    before = clinic.rules.adopt_protocol("The first one")
    drafted = clinic.rules.decide_parameter(*PRESSURE, 150, "Our anaesthetist, 2026")
    assert drafted.param(*PRESSURE) == 150
    assert drafted.by_criterion[PRESSURE[0]].params[PRESSURE[1]].own_basis
    assert drafted.adopted_by is None
    assert clinic.Cora.protocol() is before
    assert clinic.Cora.begin_call().protocol.digest == before.digest
    assert clinic.Fran.protocols.draft().digest == drafted.digest
    (change,) = clinic.rules.difference()
    assert change.where.endswith("setting 'hold_sys'")
    assert "160" in change.before
    assert change.after == "150 (Our anaesthetist, 2026), confirmed by Clive"

    adopted = clinic.rules.adopt_protocol(" It held too many ")
    assert (adopted.adopted_by, adopted.adopted_because) == (CLINICIAN, "It held too many")
    assert clinic.Cora.begin_call().protocol.digest == adopted.digest
    assert clinic.rules.difference() == ()
    assert clinic.rules.draft().digest == adopted.digest
    clinic.desk.close()
    again = service.open_vault(clinic.folder, COORDINATOR, PASSWORD, Clock())
    assert again.protocol().digest == adopted.digest
    again.close()
    assert service.verify_vault(clinic.folder, COORDINATOR, PASSWORD) is None


def test_a_draft_that_is_dropped_leaves_no_difference(clinic):
    """Seen to fail with: drop_draft that adopts; that does nothing."""
    before = clinic.Cora.protocol()
    clinic.rules.decide_parameter(*PRESSURE, 150, "a basis")
    assert clinic.rules.drop_draft().digest == before.digest
    assert clinic.rules.draft().digest == clinic.Cora.protocol().digest == before.digest


def test_a_value_of_the_clinics_own_says_what_it_rests_on(clinic):
    """Confirming needs none, and going back to the shipped value takes the basis away.

    Seen to fail with: no refusal; the basis lost where the value is confirmed by another.
    """
    with pytest.raises(WrongMove, match="needs a basis"):
        clinic.rules.decide_parameter(*PRESSURE, 150)
    assert clinic.rules.draft().param(*PRESSURE) == 160

    def held():
        return clinic.rules.draft().by_criterion[PRESSURE[0]].params[PRESSURE[1]]

    clinic.rules.decide_parameter(*PRESSURE)
    assert (held().value, held().confirmed, held().own_basis) == (160, CLINICIAN, "")
    clinic.rules.decide_parameter(*PRESSURE, 150, "a basis")
    clinic.rules.decide_parameter(*PRESSURE)
    assert (held().value, held().own_basis) == (150, "a basis")
    clinic.rules.decide_parameter(*PRESSURE, 160)
    assert (held().value, held().own_basis) == (160, "")
    with pytest.raises(NotFound):
        clinic.rules.decide_parameter(PRESSURE[0], "no_such_setting")


def test_an_adoption_has_a_reason(clinic):
    with pytest.raises(WrongMove, match="reason"):
        clinic.rules.adopt_protocol("  ")
    assert clinic.Cora.protocol().adopted_by is None


def test_what_ships_anew_keeps_the_clinics_own_values_and_opens_changed_ones(clinic, monkeypatch):
    """A value confirmed as it stood, and shipped otherwise now, is confirmed by nobody.

    Seen to fail with: decisions dropped; a confirmation carried over to a changed value; a
    decision on a setting that is gone refusing the whole.
    """
    clinic.rules.decide_parameter("bp_severe_or_hold", "hold_sys")
    clinic.rules.decide_parameter("bp_severe_or_hold", "stop_sys", 170, "a basis")
    clinic.rules.attest_wording("suicide", OFFICIAL, SOURCE)
    shipped = content.shipped()
    name = "protocols/ketamine.toml"
    newer = shipped.files[name].replace("hold_sys     = { value = 160", "hold_sys = { value = 155")
    newer = newer.replace('version = "1"', 'version = "2"', 1)
    assert "155" in newer
    monkeypatch.setattr(content, "shipped", lambda: Bundle({**shipped.files, name: newer}))
    drafted = clinic.rules.take_shipped()
    held = drafted.by_criterion["bp_severe_or_hold"].params
    assert drafted.version == "2"
    assert (held["hold_sys"].value, held["hold_sys"].confirmed) == (155, None)
    assert (held["stop_sys"].value, held["stop_sys"].own_basis) == (170, "a basis")
    assert drafted.wording_is_official
    assert {change.where for change in clinic.rules.difference()} >= {"Version"}
    gone = ParamDecision("no_such_criterion", "x", 1, CLINICIAN)
    carried_over = content.carried_over(replace(shipped, decisions=(gone,)), shipped)
    assert carried_over.decisions == ()


def test_the_text_of_a_draft_comes_back_as_it_was():
    """Seen to fail with: the basis left out of the text; a Decimal that comes back as a text."""
    own = ParamDecision("bp_severe_or_hold", "hold_sys", Decimal("150.5"), CLINICIAN, "a basis")
    plain = ParamDecision("bp_severe_or_hold", "stop_sys", 170, CLINICIAN)
    bundle = replace(content.shipped(), decisions=(own, plain), adopted_because="so")
    assert Bundle.from_text(bundle.to_text()) == bundle


# Difference ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('drug = "ketamine"', 'drug = "esketamine"', "Medicine and route"),
        ("Have you ever had a stroke", "Did you once have a stroke", "question stroke_ever"),
        ('route = "iv"', 'route = "im"', "Medicine and route"),
    ],
)
def test_every_place_that_reads_otherwise_is_shown(protocol, old, new, where):
    """Seen to fail with: questions left out; drug left out."""
    shipped = content.shipped()
    name = "protocols/ketamine.toml"
    assert old in shipped.files[name]
    changed = Bundle({**shipped.files, name: shipped.files[name].replace(old, new, 1)})
    (found,) = difference(protocol, content.build(changed))
    assert found.where.endswith(where)
    assert found.before != found.after
    assert difference(protocol, protocol) == ()


def test_a_difference_sees_each_part_of_each_rule(protocol):
    """Seen to fail with: the due left out; criteria that are gone left out."""
    first = protocol.criteria[0]
    rule = first.rules[0]
    for said in (
        replace(rule, reason="Another."),
        replace(rule, tier=Tier.NOTE),
        replace(rule, due=next(d for d in type(rule.due) if d is not rule.due)),
    ):
        other = replace(first, rules=(said, *first.rules[1:]))
        changed = replace(protocol, criteria=(other, *protocol.criteria[1:]))
        assert len(difference(protocol, changed)) == 1
    less = replace(protocol, criteria=protocol.criteria[1:])
    assert all(not change.after for change in difference(protocol, less))
    assert all(not change.before for change in difference(less, protocol))


# Looking again ------------------------------------------------------------------------------------


@pytest.fixture
def two(clinic):
    """Two open intakes of which one has a pressure between the old and the new limit."""
    found = []
    for value in ("152/80", "120/70"):
        intake = clinic.Cora.begin_call().intake.id
        clinic.Cora.record_answer(intake, "last_blood_pressure", value)
        found.append(intake)
    return found


def adopt_lower(clinic):
    clinic.rules.decide_parameter(*PRESSURE, 150, "a basis")
    return clinic.rules.adopt_protocol("a reason")


def test_open_intakes_whose_flags_change_are_looked_at_again(clinic, two):
    """Each by a clinician, in words that stay; the others are left alone.

    Seen to fail with: every open intake listed; a coordinator who may look; the intake taken over
    to the new protocol; no word kept.
    """
    before = {row.intake_id: row.status for row in clinic.Cora.worklist()}
    adopted = adopt_lower(clinic)
    (waiting,) = clinic.Cora.protocols.to_look_at_again()
    assert waiting.intake.id == two[0]
    (change,) = [c for c in waiting.changes if c.after.criterion.id == PRESSURE[0]]
    assert change.after.reason.startswith("High reading")
    assert change.before.seen != change.after.seen
    assert clinic.Cora.show(two[0]).protocol.digest != adopted.digest
    rows = {row.intake_id: row.status for row in clinic.Cora.worklist()}
    assert rows == {**before, two[0]: "look_again"}

    with pytest.raises(NotAllowed):
        clinic.Cora.protocols.looked_again(two[0], "seen")
    with pytest.raises(WrongMove, match="words"):
        clinic.rules.looked_again(two[0], " ")
    clinic.rules.looked_again(two[0], "Repeated seated: 128/76")
    assert clinic.Cora.protocols.to_look_at_again() == ()
    case = clinic.Cora.show(two[0])
    assert case.intake.notes[-1].text == "Looked at again: Repeated seated: 128/76"
    assert {row.intake_id: row.status for row in clinic.Cora.worklist()} == before
    with pytest.raises(WrongMove, match="no second look"):
        clinic.rules.looked_again(two[0], "again")
    clinic.desk.close()
    assert service.verify_vault(clinic.folder, COORDINATOR, PASSWORD) is None


def test_a_signature_waits_for_the_second_look(clinic, two):
    """Seen to fail with: open_points without it."""
    adopt_lower(clinic)
    clinic.Cora.end_call(two[0])
    clinic.Cora.submit(two[0])
    case = clinic.Clive.show(two[0])
    for flag in case.screening.flags:
        case = clinic.Clive.review_flag(two[0], flag.key, Decision.NEEDS_INFORMATION, "x")

    def sign():
        return clinic.Clive.sign(two[0], CLINICIAN, PASSWORD, Disposition.ON_HOLD, "x")

    with pytest.raises(NotReady, match="the protocol changed"):
        sign()
    clinic.rules.looked_again(two[0], "seen")
    signed = sign()
    digest, flags = signed.protocol.digest, signed.screening.flags

    clinic.rules.decide_parameter(*PRESSURE, 140, "another basis")
    clinic.rules.adopt_protocol("another reason")
    assert two[0] not in {w.intake.id for w in clinic.rules.to_look_at_again()}
    shown = clinic.Clive.show(two[0])
    assert shown.protocol.digest == digest
    assert [flag.seen for flag in shown.screening.flags] == [flag.seen for flag in flags]


def test_answers_go_where_their_question_still_stands(protocol, clinic, two):
    """What the other protocol does not ask in the same kind is not asked there, never a no.

    Seen to fail with: every answer carried, which faults; a yes carried to a question of which it
    is the good answer now.
    """
    case = clinic.Cora.record_answer(two[0], "stroke_ever", True)
    item = protocol.items["stroke_ever"]
    for other in (
        _without(protocol, "stroke_ever"),
        _with(protocol, replace(item, kind="text")),
        _with(protocol, replace(item, reassuring=True)),
    ):
        kept = {answer.item for answer in carried(case.intake, case.protocol, other).answers}
        assert kept == {a.item for a in case.intake.answers} - {"stroke_ever"}
        changes = flag_changes(case.intake, case.protocol, other, case.today)
        assert any(c.before and c.before.criterion.id == "stroke_or_tia" for c in changes)
    assert carried(case.intake, case.protocol, protocol) == case.intake
    assert flag_changes(case.intake, case.protocol, protocol, case.today) == ()


def _with(protocol, changed):
    criteria = tuple(
        replace(c, items=tuple(changed if i.id == changed.id else i for i in c.items))
        for c in protocol.criteria
    )
    return replace(protocol, criteria=criteria)


def _without(protocol, id_):
    return replace(
        protocol, criteria=tuple(c for c in protocol.criteria if id_ not in {i.id for i in c.items})
    )


# Wording ------------------------------------------------------------------------------------------


def test_an_official_text_is_read_out_and_stands_with_each_answer(clinic):
    """New intakes only. Seen to fail with: the text put into the old protocol; the wording of an
    answer "built-in"."""
    before = clinic.Cora.begin_call()
    protocol = clinic.rules.attest_wording("suicide", OFFICIAL, f" {SOURCE} ")
    assert protocol.wording_is_official
    assert protocol.official_wordings == {"suicide": ATTESTED}
    assert {item: protocol.items[item].ask for item in SCREEN} == OFFICIAL
    assert protocol.instruments["suicide"].wording == ATTESTED
    case = clinic.Cora.begin_call()
    assert case.protocol.items["suicide.1"].ask == OFFICIAL["suicide.1"]
    case = clinic.Cora.record_answer(case.intake.id, "suicide.1", False)
    assert case.intake.answers[-1].wording == ATTESTED
    case = clinic.Cora.record_answer(case.intake.id, "stroke_ever", False)
    assert case.intake.answers[-1].wording == "built-in"
    old = clinic.Cora.record_answer(before.intake.id, "suicide.1", False)
    assert old.protocol.digest == before.protocol.digest
    assert old.intake.answers[-1].wording == "built-in"


def test_the_wording_changes_nothing_but_words(clinic):
    """Seen to fail with: the gates of the items lost with their text."""
    before = clinic.Cora.protocol()
    after = clinic.rules.attest_wording("suicide", OFFICIAL, SOURCE)
    assert after.digest != before.digest
    assert after.items.keys() == before.items.keys()
    for id_, item in after.items.items():
        assert replace(item, ask=before.items[id_].ask) == before.items[id_]
    clinic.desk.close()
    again = service.open_vault(clinic.folder, COORDINATOR, PASSWORD, Clock())
    assert again.protocol().digest == after.digest
    assert again.protocol().items == after.items
    again.close()
    assert service.verify_vault(clinic.folder, COORDINATOR, PASSWORD) is None


@pytest.mark.parametrize(
    ("texts", "source", "what"),
    [
        ({**OFFICIAL, "suicide.6a": " "}, SOURCE, "missing for suicide.6a;"),
        ({k: v for k, v in OFFICIAL.items() if k != "suicide.2"}, SOURCE, "for suicide.2;"),
        ({**OFFICIAL, "phq9.1": "x"}, SOURCE, "phq9.1 are no items"),
        (OFFICIAL, " ", "needs its source"),
    ],
)
def test_an_official_text_is_whole_and_says_where_it_is_from(clinic, texts, source, what):
    """Seen to fail with: each of the refusals left out."""
    before = clinic.Cora.protocol()
    with pytest.raises(WrongMove, match=what):
        clinic.rules.attest_wording("suicide", texts, source)
    assert clinic.Cora.protocol() == before
    with pytest.raises(NotFound):
        clinic.rules.attest_wording("no_such_scale", texts, source)


def test_attesting_again_replaces_and_decisions_stay(clinic):
    """Seen to fail with: two wordings of one instrument; the decisions lost."""
    clinic.rules.decide_parameter(*PRESSURE, 150, "a basis")
    clinic.rules.attest_wording("suicide", OFFICIAL, "an older form")
    clinic.rules.adopt_protocol("a reason")
    newer = {item: text.upper() for item, text in OFFICIAL.items()}
    protocol = clinic.rules.attest_wording("suicide", newer, SOURCE)
    assert protocol.items["suicide.1"].ask == newer["suicide.1"]
    assert protocol.official_wordings == {"suicide": ATTESTED}
    assert protocol.param("bp_severe_or_hold", "hold_sys") == 150
    assert protocol.adopted_by == CLINICIAN


def test_the_administrators_word_is_no_clinicians(clinic):
    """One person may hold both roles, and then may do both. Seen to fail with: the gate of
    `attest_wording` open to whoever looks after the clinic."""
    both = service.NewPerson("Bo", frozenset({Role.ADMINISTRATOR, Role.CLINICIAN}), PASSWORD)
    clinic.Ada.clinic.add_staff(both)
    desk = clinic.Cora.acting_as("Bo", PASSWORD)
    assert desk.clinic.change_clinic(service.Clinic("New Name")).name == "New Name"
    assert desk.protocols.attest_wording("suicide", OFFICIAL, SOURCE).wording_is_official


def test_content_without_an_official_text_has_the_digest_that_it_always_had():
    """The intakes of before keep their protocol by its digest. Seen to fail with: an empty list
    of wordings in the text of a bundle."""
    bundle = content.shipped()
    assert set(json.loads(bundle.to_text())) == {"files", "decisions", "adopted_by"}
    assert content.Bundle.from_text(bundle.to_text()) == bundle
    texts = tuple(OFFICIAL.items())
    worded = replace(bundle, wordings=(content.Wording("suicide", texts, SOURCE, CLINICIAN),))
    assert content.Bundle.from_text(worded.to_text()) == worded
    assert worded.digest != bundle.digest
    other = replace(worded.wordings[0], by="Somebody")
    assert replace(worded, wordings=(other,)).digest != worded.digest


@pytest.mark.parametrize(
    ("instrument", "texts"),
    [("suicide", dict(list(OFFICIAL.items())[1:])), ("no_such_scale", OFFICIAL)],
)
def test_a_kept_text_that_does_not_fit_the_content_is_refused(instrument, texts):
    """As after an update of the content. Seen to fail with: items left in our own words among
    official ones."""
    wording = content.Wording(instrument, tuple(texts.items()), SOURCE, CLINICIAN)
    with pytest.raises(ContentError, match=instrument):
        content.build(replace(content.shipped(), wordings=(wording,)))
