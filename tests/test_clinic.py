"""ClinicService: staff, details, protocol and wording of the clinic.

"Seen to fail with" names the defect planted to prove a test.
"""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from intake_app import content, service
from intake_app.core.errors import ContentError, NotFound, WrongMove
from intake_app.core.model import PartialDate, Role
from intake_app.store import anchor, database, schema
from tests.vaults import (
    CLINICIAN,
    COORDINATOR,
    NUMBERS,
    PASSWORD,
    PEOPLE,
    Clock,
    open_clinic,
)

SCREEN = tuple(f"suicide.{part}" for part in ("1", "2", "3", "4", "5", "6", "6a"))
OFFICIAL = {item: f"Official text of {item}?" for item in SCREEN}
SOURCE = "C-SSRS Screener, form of 2024"
ATTESTED = f"{SOURCE}, attested by {CLINICIAN}"


@pytest.fixture
def clinic(tmp_path):
    desk = open_clinic(tmp_path / "vault", Clock())
    voices = {COORDINATOR: desk}
    voices |= {n: desk.acting_as(n, PASSWORD) for n in PEOPLE if n != COORDINATOR}
    yield SimpleNamespace(**voices, folder=tmp_path / "vault", desk=desk)
    desk.close()


def events(clinic):
    with clinic.desk._office.records.look() as connection:
        found = connection.execute(select(schema.audit.c.event).order_by(schema.audit.c.seq))
        return found.scalars().all()


# Staff --------------------------------------------------------------------------------------------


def test_everybody_sees_who_works_here(clinic):
    """Seen to fail with: the roles left out."""
    found = {member.name: member.roles for member in clinic.Fran.clinic.staff()}
    assert found == {name: frozenset(roles) for name, roles in PEOPLE.items()}
    assert [member.name for member in clinic.Ada.clinic.staff()] == sorted(PEOPLE)


@pytest.mark.parametrize("password", ["test password", "Bo and a good deal more", "a" * 15])
def test_nobody_is_added_with_a_password_that_is_guessed(clinic, password):
    """Whoever calls the service, a window or not. Seen to fail with: check_password left to the
    window."""
    person = service.NewPerson("Bo", frozenset({Role.CLINICIAN}), password)
    before = (clinic.folder / anchor.KEYS).read_bytes()
    with pytest.raises(WrongMove):
        clinic.Ada.clinic.add_staff(person)
    assert "Bo" not in {member.name for member in clinic.Ada.clinic.staff()}
    assert (clinic.folder / anchor.KEYS).read_bytes() == before


def test_the_two_services_of_one_person_are_of_that_person(clinic):
    """Seen to fail with: `clinic` of the first who opened the vault."""
    assert clinic.Clive.clinic.adopt_protocol().adopted_by == CLINICIAN
    assert clinic.Clive.clinic.protocol() == clinic.Cora.protocol()


# The clinic's details -----------------------------------------------------------------------------

NEW = service.Clinic("New Name", "CA", numbers={**NUMBERS, "director": "Dee, 555 0102"})


def test_the_clinics_details_hold_for_everybody_and_after_the_next_unlocking(clinic):
    """Seen to fail with: each desk with a copy of its own; clinic.json not rewritten; its new
    hash not in vault.head."""
    assert clinic.Ada.clinic.change_clinic(NEW) == NEW
    assert clinic.Cora.about == NEW
    assert clinic.Clive.about == NEW
    assert events(clinic)[-1] == "clinic_changed"
    clinic.desk.close()
    assert service.verify_vault(clinic.folder, COORDINATOR, PASSWORD) is None
    again = service.open_vault(clinic.folder, COORDINATOR, PASSWORD, Clock())
    assert again.about == NEW
    again.close()


@pytest.mark.parametrize("about", [replace(NEW, name=" "), replace(NEW, demo=True)])
def test_a_clinic_has_a_name_and_a_demo_stays_a_demo(clinic, about):
    """Records of patients must not be marked as a demo, nor invented ones lose the mark. Seen to
    fail with: `demo` taken over."""
    before = (clinic.folder / anchor.CLINIC).read_bytes()
    with pytest.raises(WrongMove):
        clinic.Ada.clinic.change_clinic(about)
    assert (clinic.folder / anchor.CLINIC).read_bytes() == before
    assert "clinic_changed" not in events(clinic)


def test_older_details_put_back_are_found(clinic):
    """Whoever is phoned could be a number that is nobody's any more. Seen to fail with: the anchor
    that takes both left standing."""
    before = (clinic.folder / anchor.CLINIC).read_bytes()
    clinic.Ada.clinic.change_clinic(NEW)
    clinic.desk.close()
    (clinic.folder / anchor.CLINIC).write_bytes(before)
    found = service.verify_vault(clinic.folder, COORDINATOR, PASSWORD)
    assert found.startswith(anchor.CLINIC)
    with pytest.raises(anchor.Mismatch):
        service.open_vault(clinic.folder, COORDINATOR, PASSWORD, Clock())


@pytest.mark.parametrize("step", ["write_clinic", "anchor_files"])
def test_a_kill_between_two_steps_leaves_records_that_open(clinic, tmp_path, monkeypatch, step):
    """Either with the old details or with the new ones. Seen to fail with: clinic.json written
    before the anchor takes it."""
    owner = anchor if step == "write_clinic" else database.Records
    real = getattr(owner, step)

    def crash(*given):
        real(*given)
        raise RuntimeError("planted")

    monkeypatch.setattr(owner, step, crash)
    with pytest.raises(RuntimeError):
        clinic.Ada.clinic.change_clinic(NEW)
    monkeypatch.undo()
    killed = tmp_path / "killed"
    killed.mkdir()
    for path in clinic.folder.iterdir():
        shutil.copyfile(path, killed / path.name)
    assert service.verify_vault(killed, COORDINATOR, PASSWORD) is None
    again = service.open_vault(killed, COORDINATOR, PASSWORD, Clock())
    assert again.about == NEW
    again.close()
    assert clinic.Cora.about.name == "Test Clinic"
    clinic.Ada.clinic.change_clinic(NEW)


# Wording ------------------------------------------------------------------------------------------


def test_an_official_text_is_read_out_and_stands_with_each_answer(clinic):
    """New intakes only. Seen to fail with: the text put into the old protocol; the wording of an
    answer "built-in"."""
    before = clinic.Cora.begin_call()
    protocol = clinic.Clive.clinic.attest_wording("suicide", OFFICIAL, f" {SOURCE} ")
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
    after = clinic.Clive.clinic.attest_wording("suicide", OFFICIAL, SOURCE)
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
        clinic.Clive.clinic.attest_wording("suicide", texts, source)
    assert clinic.Cora.protocol() == before
    with pytest.raises(NotFound):
        clinic.Clive.clinic.attest_wording("no_such_scale", texts, source)


def test_attesting_again_replaces_and_decisions_stay(clinic):
    """Seen to fail with: two wordings of one instrument; the decisions lost."""
    clinic.Clive.clinic.decide_parameter("bp_severe_or_hold", "hold_sys", 150)
    clinic.Clive.clinic.attest_wording("suicide", OFFICIAL, "an older form")
    clinic.Clive.clinic.adopt_protocol()
    newer = {item: text.upper() for item, text in OFFICIAL.items()}
    protocol = clinic.Clive.clinic.attest_wording("suicide", newer, SOURCE)
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
    assert desk.clinic.change_clinic(NEW).name == "New Name"
    assert desk.clinic.attest_wording("suicide", OFFICIAL, SOURCE).wording_is_official


def test_no_details_of_the_clinic_are_a_patients(clinic):
    """Seen to fail with: the name of the patient put beside the clinic's."""
    clinic.Cora.register_patient("Zebedee Quux", PartialDate.parse("1980-01-01"))
    clinic.Ada.clinic.change_clinic(NEW)
    held = json.loads((clinic.folder / anchor.CLINIC).read_text())
    assert held.keys() == {"name", "country", "demo", "numbers", "mac"}


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
