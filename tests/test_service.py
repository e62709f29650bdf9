"""The service: who may do what, one transaction each, the signature and what follows it."""

import base64
import inspect
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from intake_app import pdf, service
from intake_app.core import contacts, review, safety
from intake_app.core.errors import (
    IntakeError,
    NotAllowed,
    NotFound,
    NotReady,
    WrongMove,
    WrongValue,
)
from intake_app.core.model import (
    NOT_SAID,
    CallEnd,
    Decision,
    Disposition,
    PartialDate,
    Role,
    Source,
    State,
    Tier,
)
from intake_app.core.protocol import Protocol
from intake_app.service import (
    BackupService,
    ClinicService,
    IntakeService,
    MedicineEntry,
    ProtocolService,
    TrailService,
    Wanted,
)
from intake_app.store import database, schema, vault
from intake_app.store import worklist as kept
from intake_app.transaction import Office
from tests.vaults import (
    CLINICIAN,
    COORDINATOR,
    DEMO,
    DESK,
    PASSWORD,
    PEOPLE,
    Clock,
    Played,
    crash,
    known_by_heart,  # noqa: F401 - a fixture
    open_clinic,
    people,
)

SPOKEN = {"outcome": "spoke to them", "reached_them": "yes"}
CLOSING = {
    "outcome": "handed_to_clinician",
    "reason": "spoke to the person",
    "who_has_the_person": "Clive",
    "next_contact": "tomorrow",
}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def new_vault(tmp_path_factory):
    """Made once; each test works on a copy of its own."""
    folder = tmp_path_factory.mktemp("new") / "vault"
    open_clinic(folder, Clock()).close()
    return folder


@contextmanager
def everybody(vault_, folder, clock):
    """At one desk over a copy of a vault: `clinic.Cora` is the service as Cora."""
    shutil.copytree(vault_, folder)
    desk = service.open_vault(folder, COORDINATOR, PASSWORD, clock)
    voices = {COORDINATOR: desk}
    voices |= {n: desk.acting_as(n, PASSWORD) for n in PEOPLE if n != COORDINATOR}
    yield SimpleNamespace(**voices, folder=folder, records=desk._office.records)
    desk.close()


@pytest.fixture(scope="session")
def reviewed_vault(new_vault, tmp_path_factory):
    """With one intake of one stop, submitted and reviewed but for the signature; made once, for a
    review of everything that was left out takes longer than most tests."""
    folder, clock = tmp_path_factory.mktemp("reviewed") / "vault", Clock()
    with everybody(new_vault, folder, clock) as clinic:
        intake_id = on_the_line(clinic)
        clinic.Cora.record_answer(intake_id, "stroke_ever", True)
        clinic.Cora.end_call(intake_id)
        for flag in clinic.Cora.submit(intake_id).screening.flags:
            clinic.Clive.review_flag(
                intake_id, flag.key, Decision.ACCEPTED_WITH_CONDITION, "neurology first"
            )
    return SimpleNamespace(folder=folder, intake_id=intake_id, now=clock.now)


@pytest.fixture
def clinic(request, tmp_path, clock):
    made = request.getfixturevalue("new_vault")
    if "ready" in request.fixturenames:
        reviewed = request.getfixturevalue("reviewed_vault")
        made, clock.now = reviewed.folder, reviewed.now
    with everybody(made, tmp_path / "vault", clock) as found:
        yield found


def on_the_line(clinic):
    patient = clinic.Cora.register_patient("Pat Example", PartialDate.parse("1980-01-02"))
    intake = clinic.Cora.open_intake(patient.id).intake
    clinic.Cora.open_call(intake.id)
    return intake.id


@pytest.fixture
def intake_id(clinic):
    return on_the_line(clinic)


def count(clinic, table):
    with clinic.records.look() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def counts(clinic):
    return {table.name: count(clinic, table) for table in schema.metadata.sorted_tables}


def test_what_a_clinician_judges_is_answered_by_one(tmp_path):
    """Fails with: the stage of a question asked of nobody."""
    desk = open_clinic(tmp_path / "vault", Clock())
    cora, clive = (desk.acting_as(who, PASSWORD) for who in (COORDINATOR, CLINICIAN))
    case = cora.open_intake(cora.register_patient("Robin Vale").id)
    with pytest.raises(NotAllowed, match="a clinician"):
        cora.record_answer(case.intake.id, "capacity_judgement", "has_capacity")
    assert not cora.show(case.intake.id).intake.answers
    clive.record_answer(case.intake.id, "capacity_judgement", "has_capacity")
    desk.close()


# Roles -------------------------------------------------------------------------------------------

# Not something staff do to records: who one is, and letting go.
_NO_GATE = {
    IntakeService: {
        *("staff", "about", "hold", "owes", "clock_is_behind", "close", "acting_as", "protocol"),
        *("clinic", "protocols", "backups", "trail"),
    },
    ClinicService: set(),
    ProtocolService: {"in_force"},
    BackupService: set(),
    TrailService: set(),
}
METHODS = {
    name: service
    for service, free in _NO_GATE.items()
    for name, _member in inspect.getmembers(service)
    if not name.startswith("_") and name not in free
}


def test_every_method_has_a_row_in_the_role_table_and_every_row_a_method():
    """Deny by default. Seen to fail with: a public method `export` without a row."""
    assert set(METHODS) == set(review.MAY)


def attempt(desk, name, tmp_path):
    """Call with arguments that name nothing real: only the gate is of interest."""
    wanted = inspect.signature(getattr(METHODS[name], name)).parameters
    filled = {
        "flag_key": "x",
        "decision": Decision.ACKNOWLEDGE,
        "disposition": Disposition.ON_HOLD,
        "fields": {} if name == "keep_place" else CLOSING,
        "entry": MedicineEntry("x"),
        "path": tmp_path / "x.pdf",
        "person": people([DESK])[0],
        "item": "stroke_ever",
        "move": "step",
        "texts": {},
        "about": service.Clinic("Elsewhere"),
        "after": timedelta(),
        "wanted": Wanted(),
        "to": tmp_path / "copy",
        "newest": Clock()(),
        "roles": frozenset({Role.CLINICIAN}),
    }
    if name == "choose_second_place":
        filled["path"] = None
    if name == "export_trail":
        filled["path"] = tmp_path / "trail.csv"
    given = {
        key: filled.get(key, "no such thing")
        for key, parameter in wanted.items()
        if key != "self" and parameter.default is inspect.Parameter.empty
    }
    if name == "record_medication":
        given["entry"] = MedicineEntry("x")
    doors = {
        IntakeService: desk,
        ClinicService: desk.clinic,
        ProtocolService: desk.protocols,
        BackupService: desk.backups,
        TrailService: desk.trail,
    }
    getattr(doors[METHODS[name]], name)(**given)


def pairs(*, allowed):
    """Role x method, whole: with the next, each pair stands in one of the two tests."""
    table = ((person, name) for person in PEOPLE for name in METHODS)
    return [(p, name) for p, name in table if bool(review.MAY[name] & PEOPLE[p]) is allowed]


@pytest.mark.parametrize(("person", "name"), pairs(allowed=True))
def test_each_role_reaches_its_methods(clinic, tmp_path, person, name):
    """Seen to fail with: the gate of `change_clinic` asked in `sign`."""
    with suppress(IntakeError):
        try:
            attempt(getattr(clinic, person), name, tmp_path)
        except NotAllowed:
            pytest.fail(f"{person} may {name}")


@pytest.fixture(scope="module")
def refusing(new_vault, tmp_path_factory):
    """One clinic for all refusals: none of them changes anything."""
    with everybody(new_vault, tmp_path_factory.mktemp("refusing") / "vault", Clock()) as found:
        yield found


@pytest.mark.parametrize(("person", "name"), pairs(allowed=False))
def test_each_role_reaches_no_other_method(refusing, tmp_path, person, name):
    """Seen to fail with: the clinician's methods given to coordinators; the gate left out of
    `sign`."""
    before = counts(refusing)
    with pytest.raises(NotAllowed):
        attempt(getattr(refusing, person), name, tmp_path)
    assert counts(refusing) == before


def test_one_person_may_hold_several_roles(tmp_path, clock):
    both = service.NewPerson("Both", frozenset({Role.COORDINATOR, Role.CLINICIAN}), PASSWORD)
    desk, _ = service.create_vault(tmp_path / "v", service.Clinic("C"), [both], clock)
    patient = desk.register_patient("P")
    assert desk.open_intake(patient.id).intake.patient.name == "P"
    assert isinstance(desk.protocols.adopt_protocol("a reason"), Protocol)
    desk.close()


def test_the_clinicians_name_does_not_help_a_coordinator(clinic, intake_id):
    with pytest.raises(NotAllowed):
        clinic.Cora.sign(intake_id, CLINICIAN, PASSWORD, Disposition.ON_HOLD, "x")


# One transaction ---------------------------------------------------------------------------------


def test_every_change_writes_its_audit_entry_with_it(clinic, intake_id):
    """Seen to fail with: Journal.write without its note."""
    before = counts(clinic)
    clinic.Cora.record_answer(intake_id, "stroke_ever", False)
    after = counts(clinic)
    assert after["answer"] == before["answer"] + 1
    assert after["audit"] == before["audit"] + 1


def test_a_failure_anywhere_in_a_change_leaves_nothing_of_it(clinic, intake_id, monkeypatch):
    """Seen to fail with: the audit entry in a transaction of its own."""
    before = counts(clinic)

    def fail(*_):
        raise RuntimeError("planted")

    monkeypatch.setattr(kept, "keep", fail)
    with pytest.raises(RuntimeError):
        clinic.Cora.record_answer(intake_id, "suicide.4", True)
    monkeypatch.undo()
    assert counts(clinic) == before
    assert clinic.Cora.show(intake_id).intake.answers[-1].item == "date_of_birth"


@pytest.mark.parametrize("table", schema.APPEND_ONLY, ids=lambda t: t.name)
@pytest.mark.parametrize("deed", ["UPDATE", "DELETE"])
def test_rows_are_neither_changed_nor_taken_away(clinic, table, deed):
    """Seen to fail with: the triggers left out of the first migration."""
    column = next(iter(table.columns)).name
    statement = {
        "UPDATE": f"UPDATE {table.name} SET {column} = {column}",  # noqa: S608 - our names
        "DELETE": f"DELETE FROM {table.name}",  # noqa: S608
    }[deed]
    with clinic.records.look() as connection:
        triggers = set(
            connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).scalars()
        )
    assert f"{table.name}_no_{deed.lower()}" in triggers
    if count(clinic, table):
        with pytest.raises(DBAPIError), clinic.records.look() as connection:
            connection.execute(text(statement))


@pytest.mark.parametrize("name", sorted(path.stem for path in DEMO.glob("*.toml")))
def test_an_intake_known_by_heart_is_the_one_in_the_records(tmp_path, known_by_heart, name):  # noqa: F811
    """Seen to fail with: an answer kept with its note and handed on without."""
    Played(tmp_path / "vault", name).desk.close()
    assert len(known_by_heart) > 20


def test_what_was_not_committed_is_not_remembered(clinic, intake_id, known_by_heart, monkeypatch):  # noqa: F811
    """Seen to fail with: the head compared by its number alone; nothing compared but the id."""
    clinic.Cora.record_answer(intake_id, "stroke_ever", False)

    def lost(*_row):
        raise RuntimeError("after everything was written, before the commit")

    remember = Office.remember
    monkeypatch.setattr(Office, "remember", lambda *known: (remember(*known), lost()))
    with pytest.raises(RuntimeError):
        clinic.Cora.record_answer(intake_id, "stroke_ever", True)
    monkeypatch.setattr(Office, "remember", lambda *_known: None)
    clinic.Cora.add_note(intake_id, "as many entries as the one that was lost")
    known_by_heart.clear()
    case = clinic.Cora.record_answer(intake_id, "stroke_ever", None, state=State.UNKNOWN)
    assert known_by_heart == []
    said = [a.value for a in case.intake.answers if a.item == "stroke_ever"]
    assert said == [False, None]


def test_a_second_writer_is_refused_in_one_sentence(clinic):
    """Seen to fail with: the lock not taken."""
    with pytest.raises(database.AlreadyOpen) as refusal:
        service.open_vault(clinic.folder, COORDINATOR, PASSWORD, Clock())
    assert "open in another window" in str(refusal.value)


CANARIES = ("Zebedee Quux", "555 0199 canary", "canary in a note")


def test_no_file_of_the_vault_holds_a_word_of_a_record(tmp_path, clock):
    """Seen to fail with: the PRAGMA key left out (the open sequence refuses that, too)."""
    folder = tmp_path / "vault"
    desk = open_clinic(folder, clock)
    patient = desk.register_patient(CANARIES[0])
    intake = desk.open_intake(patient.id).intake
    desk.open_call(intake.id)
    desk.record_answer(intake.id, "callback_number", CANARIES[1], note=CANARIES[2])
    forms = []
    for canary in CANARIES:
        raw = canary.encode()
        forms += [raw, canary.encode("utf-16-le"), base64.b64encode(raw)[:-4], raw.hex().encode()]
    for path in folder.iterdir():  # while open, with the log
        data = path.read_bytes()
        assert not [form for form in forms if form in data], path.name
        assert not data.startswith(b"SQLite format 3")
    desk.close()
    for path in folder.iterdir():
        assert not [form for form in forms if form in path.read_bytes()], path.name


def test_every_setting_reads_back(clinic):
    """Seen to fail with: synchronous=NORMAL in the table of settings."""
    wanted = {name: expected for name, _, expected in database._SETTINGS}
    assert wanted["synchronous"] == 2
    with clinic.records.look() as connection:
        for name, expected in wanted.items():
            assert connection.execute(text(f"PRAGMA {name}")).scalar() == expected, name
        assert connection.execute(text("PRAGMA cipher_version")).scalar()


def test_the_tables_are_those_of_the_migrations(clinic):
    """The index of words is FTS5's own, and no table of ours. Seen to fail with: a column added to
    the schema and to no migration."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from intake_app.store.migrations import scripts  # noqa: PLC0415

    def ours(_object, name, kind, _reflected, _compared):
        return not (kind == "table" and name.startswith("finder_words"))

    with clinic.records.look() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, schema.metadata) == []
    assert scripts().get_current_head() == schema.HEAD


# Answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "value", "more"),
    [
        ("stroke_ever", "maybe", {}),
        ("stroke_ever", None, {}),
        ("stroke_ever", True, {"state": State.UNKNOWN}),
        ("height", "tall", {}),
        ("height", -1, {}),
        ("height", 1.75, {}),
        ("weight", 7000, {}),
        ("cannabis_days", 8, {}),
        ("oxygen_saturation", 930, {}),
        ("trial_improvement_pct", 150, {"entry": 1}),
        ("last_blood_pressure", "80/120", {}),
        ("organ_kinds", "liver", {}),
        ("organ_kinds", ["lung"], {}),
        ("withdrawal_signs", ["none_of_these", "seizure"], {}),
        ("stroke_date", "next", {}),
        ("phq9.1", 4, {}),
        ("phq9.1", True, {}),
        ("trial_weeks", 6, {}),
        ("stroke_ever", True, {"entry": 1}),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_saved(
    clinic, intake_id, item, value, more
):
    """Seen to fail with: bool accepted as a number on a scale."""
    before = counts(clinic)
    with pytest.raises(WrongValue) as refusal:
        clinic.Cora.record_answer(intake_id, item, value, **more)
    assert item in str(refusal.value)
    assert counts(clinic) == before


def test_zero_and_no_are_answers(clinic, intake_id):
    """Seen to fail with: `if value` in place of `if value is None`."""
    clinic.Cora.record_answer(intake_id, "phq9.1", 0)
    case = clinic.Cora.record_answer(intake_id, "stroke_ever", False)
    known = {a.item: a.value for a in clinic.Cora.show(case.intake.id).intake.answers}
    assert known["phq9.1"] == 0
    assert known["stroke_ever"] is False


def test_what_is_loaded_is_what_was_returned(clinic, intake_id):
    """One answer of each kind. Seen to fail with: the note left out of the row."""
    values = {
        "stroke_ever": True,
        "weight": 71.4,
        "last_blood_pressure": "124/78",
        "escort_plan": "named_adult",
        "organ_kinds": ["liver", "kidney"],
        "stroke_date": "..2024",
        "caller_location": "Straße 5, \u05d1\u05d9\u05ea",
        "gad7.1": 3,
    }
    for item, value in values.items():
        case = clinic.Cora.record_answer(intake_id, item, value, note="a note")
        assert clinic.Cora.show(intake_id).intake == case.intake
    clinic.Cora.record_medication(intake_id, MedicineEntry("bupropion", dose_mg=None))
    case = clinic.Cora.end_call(intake_id, CallEnd.DROPPED)
    assert clinic.Cora.show(intake_id).intake == case.intake


def test_only_a_clinician_marks_a_question_as_not_applicable(clinic, intake_id):
    with pytest.raises(NotAllowed):
        clinic.Cora.record_answer(intake_id, "pregnant_now", state=State.NOT_APPLICABLE)
    clinic.Clive.record_answer(intake_id, "pregnant_now", state=State.NOT_APPLICABLE)


# Escalation --------------------------------------------------------------------------------------


def test_an_escalation_is_raised_with_the_answer_and_survives_what_follows(clinic, intake_id):
    """Seen to fail with: uncovered() ignoring the grounds of closed escalations."""
    case = clinic.Cora.record_answer(intake_id, "suicide.5", True)
    assert len(case.intake.escalations) == 1
    case = clinic.Cora.record_answer(intake_id, "suicide.5", False)
    case = clinic.Cora.record_answer(intake_id, "suicide.5", state=State.DECLINED)
    assert safety.open_escalation(case.intake) is not None
    clinic.Cora.stamp_escalation(intake_id, "accepted", {"by": "Clive", "read_back": "yes"})
    case = clinic.Clive.close_escalation(intake_id, CLOSING)
    assert safety.open_escalation(case.intake) is None
    case = clinic.Cora.record_answer(intake_id, "stroke_ever", False)
    assert safety.open_escalation(case.intake) is None
    case = clinic.Cora.record_answer(intake_id, "suicide.4", True)
    assert safety.open_escalation(case.intake) is not None


def test_an_acceptance_says_that_it_was_read_back(clinic, intake_id):
    """Seen to fail with: a name alone ending the alert."""
    clinic.Cora.record_answer(intake_id, "suicide.5", True)
    for fields in ({"by": "Clive"}, {"read_back": "yes"}, {"by": "Clive", "read_back": " "}):
        with pytest.raises(WrongMove):
            clinic.Cora.stamp_escalation(intake_id, "accepted", fields)
    assert [case.intake.id for case in clinic.Fran.in_danger()] == [intake_id]


_DEEDS = (
    lambda s, id_: s.raise_escalation(id_, "opened by staff"),
    lambda s, id_: s.stamp_escalation(id_, "person", {"where": "Elm Street"}),
    lambda s, id_: s.stamp_escalation(id_, "step", {"step": "1"}),
    lambda s, id_: s.end_call(id_, CallEnd.DROPPED),
    lambda s, id_: s.stamp_escalation(id_, "step", {"step": "1", "call_back": "not reached"}),
    lambda s, id_: s.open_call(id_),
    lambda s, id_: s.stamp_escalation(id_, "accepted", {"by": "Clive", "read_back": "yes"}),
    lambda s, id_: s.end_call(id_, CallEnd.DROPPED),
    lambda s, id_: s.open_call(id_),
    lambda s, id_: s.stamp_escalation(id_, "taken_over", {"by": "Clive"}),
    lambda s, id_: s.end_call(id_),
    lambda s, id_: s.acting_as(CLINICIAN, PASSWORD).close_escalation(id_, CLOSING),
)


def test_an_escalation_is_found_again_after_a_crash_at_every_point(new_vault, tmp_path, clock):
    """Killed behind each commit, opened again: whoever is in danger is there, as they were left.
    Seen to fail with: only what a member of staff last looked at; a lost line after the
    acceptance left out."""
    shutil.copytree(new_vault, tmp_path / "vault")
    desk = service.open_vault(tmp_path / "vault", COORDINATOR, PASSWORD, clock)
    id_ = desk.open_intake(desk.register_patient("Pat").id).intake.id
    desk.open_call(id_)
    for number, deed in enumerate(_DEEDS):
        left = deed(desk, id_).intake
        crash(desk)
        desk = service.open_vault(tmp_path / "vault", COORDINATOR, PASSWORD, clock)
        found = [case.intake for case in desk.in_danger()]
        assert found == ([left] if number < 10 else []), number
    desk.close()


def test_those_in_danger_come_the_longest_waiting_first(clinic):
    """Seen to fail with: the order of the worklist; an accepted one whose call was ended."""
    ids = []
    for name in ("Ann", "Bea", "Cid"):
        ids.append(clinic.Cora.open_intake(clinic.Cora.register_patient(name).id).intake.id)
        clinic.Cora.raise_escalation(ids[-1], "opened by staff")
    clinic.Cora.stamp_escalation(ids[1], "accepted", {"by": "Clive", "read_back": "yes"})
    assert [case.intake.id for case in clinic.Fran.in_danger()] == [ids[0], ids[2]]


def test_closing_needs_acceptance_an_outcome_and_words(clinic, intake_id):
    """Seen to fail with: "closed" among the moves of a raised escalation."""
    clinic.Cora.record_answer(intake_id, "suicide.5", True)
    with pytest.raises(WrongMove):
        clinic.Clive.close_escalation(intake_id, CLOSING)
    clinic.Cora.stamp_escalation(intake_id, "accepted", {"by": "Clive", "read_back": "yes"})
    for missing in CLOSING:
        with pytest.raises(WrongMove):
            clinic.Clive.close_escalation(intake_id, {**CLOSING, missing: " "})
    with pytest.raises(WrongMove):
        clinic.Clive.close_escalation(intake_id, {**CLOSING, "outcome": "fine"})
    with pytest.raises(WrongMove):
        clinic.Cora.stamp_escalation(intake_id, "closed", CLOSING)
    gone = {**CLOSING, "outcome": "not_reached"}
    with pytest.raises(WrongMove, match="welfare_check"):
        clinic.Clive.close_escalation(intake_id, gone)
    clinic.Clive.close_escalation(intake_id, {**gone, "welfare_check": "seen at home"})


def test_the_person_at_risk_is_not_taken_from_somebody_elses_call(clinic):
    """Seen to fail with: the caller's place filled in for every relationship."""
    patient = clinic.Cora.register_patient("Third Party")
    intake = clinic.Cora.open_intake(patient.id).intake
    clinic.Cora.open_call(intake.id, "mother")
    clinic.Cora.record_answer(
        intake.id, "caller_location", "the mother's kitchen", source=Source.RELATIVE
    )
    case = clinic.Cora.record_answer(intake.id, "suicide.4", True, source=Source.RELATIVE)
    person = safety.person_at_risk(safety.open_escalation(case.intake))
    assert person["is_caller"] == "no"
    assert "where" not in person


def test_a_line_that_drops_after_thoughts_were_reported_escalates(clinic, intake_id):
    """Seen to fail with: call_is_over always False."""
    for item in ("suicide.1", "suicide.2"):
        case = clinic.Cora.record_answer(intake_id, item, True)
    assert not case.intake.escalations
    case = clinic.Cora.end_call(intake_id, CallEnd.DROPPED)
    assert safety.open_escalation(case.intake) is not None


# Review and signature ----------------------------------------------------------------------------


@pytest.fixture
def ready(clinic, reviewed_vault):
    """Submitted with one stop, reviewed but for the signature."""
    return clinic.Clive.show(reviewed_vault.intake_id)


def sign(clinic, case, disposition=Disposition.ON_HOLD):
    return clinic.Clive.sign(case.intake.id, CLINICIAN, PASSWORD, disposition, "records first")


def test_an_unsubmitted_or_unreviewed_intake_is_refused_naming_what_is_open(clinic, intake_id):
    clinic.Cora.record_answer(intake_id, "stroke_ever", True)
    with pytest.raises(NotReady) as refusal:
        clinic.Clive.sign(intake_id, CLINICIAN, PASSWORD, Disposition.ON_HOLD, "x")
    assert "not submitted" in str(refusal.value)
    assert "Stroke or mini-stroke (not reviewed)" in refusal.value.open_points


def test_a_changed_answer_lapses_its_review(clinic, ready):
    """Seen to fail with: standing() without comparing what was seen."""
    clinic.Cora.record_answer(ready.intake.id, "stroke_date", "2026-02")
    with pytest.raises(NotReady, match="review lapsed"):
        sign(clinic, ready)


def test_needs_information_is_open_unless_the_disposition_is_on_hold(clinic, ready):
    """Seen to fail with: needs_information counted as decided."""
    clinic.Clive.review_flag(
        ready.intake.id, "stroke_or_tia", Decision.NEEDS_INFORMATION, "date of the stroke"
    )
    with pytest.raises(NotReady, match="needs information"):
        sign(clinic, ready, Disposition.CONSULT_TO_BE_BOOKED)
    assert sign(clinic, ready).intake.signature.disposition is Disposition.ON_HOLD


def test_a_flag_reviewed_as_not_suitable_books_no_consult(clinic, ready):
    clinic.Clive.review_flag(ready.intake.id, "stroke_or_tia", Decision.NOT_SUITABLE, "stroke")
    with pytest.raises(NotReady, match="not suitable"):
        sign(clinic, ready, Disposition.CONSULT_TO_BE_BOOKED)
    sign(clinic, ready, Disposition.NOT_SUITABLE)


def test_only_acknowledging_a_note_needs_no_reason(clinic, ready):
    """Seen to fail with: reviews accepted without a reason."""
    for flag in ready.screening.flags:
        for decision in Decision:
            plain = decision is Decision.ACKNOWLEDGE and flag.tier is Tier.NOTE
            if plain:
                clinic.Clive.review_flag(ready.intake.id, flag.key, decision)
            else:
                with pytest.raises(WrongMove, match="reason"):
                    clinic.Clive.review_flag(ready.intake.id, flag.key, decision, "  ")


def test_signing_takes_name_and_password_each_time(clinic, ready):
    with pytest.raises(vault.WrongPassword):
        clinic.Clive.sign(ready.intake.id, CLINICIAN, "wrong", Disposition.ON_HOLD, "x")
    with pytest.raises(NotAllowed):
        clinic.Clive.sign(ready.intake.id, COORDINATOR, PASSWORD, Disposition.ON_HOLD, "x")
    assert clinic.Cora.show(ready.intake.id).intake.signature is None


CHANGES = {
    "record_answer": lambda s, i: s.record_answer(i, "stroke_ever", False),
    "record_medication": lambda s, i: s.record_medication(i, MedicineEntry("aspirin")),
    "open_call": lambda s, i: s.open_call(i),
    "set_caller": lambda s, i: s.set_caller(i, "self"),
    "settle_opening": lambda s, i: s.settle_opening(i, "recording", "agreed"),
    "identify_patient": lambda s, i: s.identify_patient(i, "Somebody Else"),
    "same_person": lambda s, i: s.same_person(i, "nobody"),
    "add_note": lambda s, i: s.add_note(i, "x"),
    "end_call": lambda s, i: s.end_call(i),
    "submit": lambda s, i: s.submit(i),
    "review_flag": lambda s, i: s.review_flag(i, "stroke_or_tia", Decision.ACKNOWLEDGE, "x"),
    "sign": lambda s, i: s.sign(i, CLINICIAN, PASSWORD, Disposition.ON_HOLD, "x"),
}


def test_what_is_settled_of_a_call_is_one_of_what_there_is(clinic, ringing):
    """A number is read back as it stands. Seen to fail with: any word taken; the number in the
    trail."""
    desk = clinic.Cora
    for what, said in (("recording", "maybe"), ("mood", "fine"), ("read_back", "555 0147")):
        with pytest.raises(WrongMove):
            desk.settle_opening(ringing, what, said)
    desk.record_answer(ringing, "callback_number", "555 0147")
    with pytest.raises(WrongMove):
        desk.settle_opening(ringing, "read_back", "555 0148")
    desk.settle_opening(ringing, "read_back", "555 0147")
    desk.settle_opening(ringing, "recording", "agreed")
    case = desk.settle_opening(ringing, "recording", "not_agreed")
    assert dict(case.intake.calls[-1].settled) == {
        "read_back": "555 0147",
        "recording": "not_agreed",
    }
    assert desk.show(ringing).intake.calls == case.intake.calls
    with desk._office.records.look() as connection:
        trail = connection.execute(text("SELECT event FROM audit")).scalars().all()
    assert [each for each in trail if "read_back" in each or "recording" in each] == [
        "call_read_back",
        "call_recording",
        "call_recording",
    ]


@pytest.mark.parametrize("change", CHANGES)
def test_a_signed_intake_takes_addenda_only(clinic, ready, change):
    """Seen to fail with: check_editable left out of _load."""
    sign(clinic, ready)
    desk = clinic.Clive
    before = counts(clinic)
    with pytest.raises(WrongMove, match="addendum"):
        CHANGES[change](desk, ready.intake.id)
    assert counts(clinic) == before


def test_an_addendum_is_signed_and_shown(clinic, ready):
    sign(clinic, ready)
    case = clinic.Clive.add_addendum(
        ready.intake.id, "Neurology: no objection", CLINICIAN, PASSWORD
    )
    assert case.intake.addenda[0].text == "Neurology: no objection"
    with pytest.raises(WrongMove):
        clinic.Clive.add_addendum(ready.intake.id, " ", CLINICIAN, PASSWORD)


def test_the_signature_covers_the_record_and_fits_no_other(clinic, ready):
    """Seen to fail with: the intake left out of the statement."""
    case = sign(clinic, ready)
    signature = case.intake.signature
    public = vault.read(clinic.folder).signing_keys[signature.staff]
    assert vault.verify(public, signature.statement.encode(), signature.signature)
    other = json.loads(signature.statement)
    assert other["intake"] == case.intake.id
    assert other["record_hash"] == signature.record_hash
    for key in other:
        changed = json.dumps({**other, key: "x"}, sort_keys=True, separators=(",", ":"))
        assert not vault.verify(public, changed.encode(), signature.signature)
    colleague = vault.read(clinic.folder).signing_keys[clinic.Cora.staff.id]
    assert not vault.verify(colleague, signature.statement.encode(), signature.signature)


# One person ---------------------------------------------------------------------------------------


def test_two_records_of_one_person_stand_together_and_nothing_of_either_changes(clinic, ready):
    """With a signed intake and an open escalation, and taken back. Seen to fail with: the search
    showing one of the two; a signed record refused, or changed; an escalation that goes."""
    frozen = sign(clinic, ready).intake
    other = clinic.Cora.begin_call().intake
    clinic.Cora.identify_patient(other.id, "P. Xample")
    open_one = clinic.Cora.raise_escalation(other.id, "opened by staff").intake
    entries = count(clinic, schema.audit)
    clinic.Cora.join_patients(other.id, frozen.patient.id)
    assert count(clinic, schema.audit) == entries + 1
    people, rows = clinic.Fran.everything_of(other.id)
    assert [p.id for p in people] == [other.patient.id, frozen.patient.id]
    assert {row.intake_id for row in rows} == {other.id, frozen.id}
    assert {row.intake_id for row in clinic.Fran.search("Xample")} == {other.id, frozen.id}
    assert clinic.Fran.show(frozen.id).intake == frozen
    assert clinic.Fran.show(other.id).intake == open_one
    assert [case.intake.id for case in clinic.Fran.in_danger()] == [other.id]
    with pytest.raises(WrongMove):
        clinic.Cora.join_patients(frozen.id, other.patient.id)
    clinic.Cora.part_patients(frozen.id, other.patient.id)
    people, rows = clinic.Fran.everything_of(frozen.id)
    assert [p.id for p in people] == [frozen.patient.id]
    assert {row.intake_id for row in rows} == {frozen.id}
    assert count(clinic, schema.patient_same) == 2
    clinic.Cora.close()
    assert service.verify_vault(clinic.folder, COORDINATOR, PASSWORD) is None


def test_a_task_of_an_escalation_waits_in_the_worklist_whoever_signed(clinic, clock, ready):
    """Seen to fail with: a signed intake that is done; a safety call that never comes due."""
    intake_id = ready.intake.id
    clinic.Cora.raise_escalation(intake_id, "opened by staff")
    clinic.Cora.stamp_escalation(intake_id, "accepted", {"by": "Clive", "read_back": "yes"})
    case = clinic.Clive.close_escalation(intake_id, CLOSING)
    for flag in case.screening.flags:
        case = clinic.Clive.review_flag(intake_id, flag.key, Decision.ACKNOWLEDGE, "seen")
    sign(clinic, case)
    assert [row.intake_id for row in clinic.Fran.worklist("needs_review")] == [intake_id]
    assert clinic.Fran.worklist("overdue") == ()
    clock.now += timedelta(hours=73)
    assert [row.intake_id for row in clinic.Fran.worklist("overdue")] == [intake_id]
    clinic.Cora.stamp_escalation(intake_id, "safety_call", SPOKEN)
    assert clinic.Fran.worklist("needs_review") == clinic.Fran.worklist("overdue") == ()
    clinic.Cora.close()
    assert service.verify_vault(clinic.folder, COORDINATOR, PASSWORD) is None


@pytest.mark.parametrize("move", sorted(safety.TRIES))
def test_a_try_says_whether_the_person_was_reached_and_a_clinician_alone_sends_to_look(
    clinic, intake_id, move
):
    """Once the tries of the clinic are used up. Seen to fail with: any outcome taken; a coordinator
    who decides on a welfare check; one after the first try."""
    clinic.Cora.raise_escalation(intake_id, "opened by staff")
    in_vain = {"outcome": "not reached"}
    for _try in range(contacts.MOST_TRIES - 2):
        clinic.Cora.stamp_escalation(intake_id, move, in_vain)
    before = counts(clinic)
    for said in ({}, {"reached_them": ""}, {"reached_them": "maybe"}):
        with pytest.raises(WrongMove):
            clinic.Cora.stamp_escalation(intake_id, move, {"outcome": "no answer", **said})
    check = {"outcome": "no answer", "reached_them": "no", "welfare_check": "police asked"}
    with pytest.raises(NotAllowed):
        clinic.Cora.stamp_escalation(intake_id, move, check)
    with pytest.raises(WrongMove, match="after 3 tries that reached nobody, and this is number 2"):
        clinic.Clive.stamp_escalation(intake_id, move, check)
    assert counts(clinic) == before
    clinic.Cora.stamp_escalation(intake_id, move, in_vain)
    case = clinic.Clive.stamp_escalation(intake_id, move, check)
    assert case.intake.escalations[-1].events[-1].get("welfare_check") == "police asked"


# Protocol and worklist ---------------------------------------------------------------------------


def test_a_parameter_taken_over_holds_for_new_intakes_alone(clinic, intake_id):
    """Seen to fail with: _load using the present protocol."""
    before = clinic.Cora.show(intake_id).protocol
    rules = clinic.Clive.protocols
    rules.decide_parameter("bp_severe_or_hold", "hold_sys", 150, "a basis")
    protocol = rules.adopt_protocol("a reason")
    assert protocol.param("bp_severe_or_hold", "hold_sys") == 150
    assert protocol.by_criterion["bp_severe_or_hold"].params["hold_sys"].confirmed == CLINICIAN
    assert len(protocol.unconfirmed) == len(before.unconfirmed) - 1
    assert clinic.Cora.show(intake_id).protocol.digest == before.digest
    patient = clinic.Cora.register_patient("Later")
    assert clinic.Cora.open_intake(patient.id).protocol.digest == protocol.digest
    assert not protocol.is_confirmed
    assert protocol.adopted_by == CLINICIAN


def test_the_worklist_puts_the_strongest_first_and_moves_with_the_day(clinic, clock):
    """Seen to fail with: no refresh on another day."""
    ids = {}
    for name, item in (("Note", None), ("Stop", "aneurysm_or_avm_ever"), ("Now", "suicide.4")):
        born = (
            PartialDate.parse("2008-03-12") if name == "Note" else PartialDate.parse("1980-01-01")
        )
        patient = clinic.Cora.register_patient(name, born)
        intake = clinic.Cora.open_intake(patient.id).intake
        clinic.Cora.open_call(intake.id)
        ids[name] = intake.id
        if item:
            clinic.Cora.record_answer(intake.id, item, True)
    rows = clinic.Fran.worklist()
    assert rows[0].patient == "Now"
    assert rows[0].escalation == "raised"
    minor = next(row for row in rows if row.patient == "Note")
    assert minor.tier == Tier.STOP
    clock.now = clock.now.replace(day=13)
    assert next(row for row in clinic.Fran.worklist() if row.patient == "Note").tier == 0


def test_opening_a_chart_and_printing_are_in_the_trail(clinic, intake_id, tmp_path):
    clinic.Fran.show(intake_id)
    clinic.Fran.print_summary(intake_id, tmp_path / "s.pdf")
    with clinic.records.look() as connection:
        events = set(connection.execute(select(schema.audit.c.event)).scalars())
    assert {"chart_viewed", "summary_exported"} <= events


def test_a_summary_that_cannot_be_written_is_one_sentence(clinic, intake_id, tmp_path):
    """Seen to fail with: the refusal of the disk taken for one of the records ("Not saved")."""
    with pytest.raises(IntakeError, match=r"The call is saved, but s\.pdf cannot be written"):
        clinic.Fran.print_summary(intake_id, tmp_path / "nowhere" / "s.pdf")


def test_names_in_errors_are_not_those_of_patients(clinic, intake_id):
    """Seen to fail with: the value repeated in WrongValue."""
    with pytest.raises(WrongValue) as refusal:
        clinic.Cora.record_answer(intake_id, "height", "Pat Example is tall")
    assert "Pat Example" not in str(refusal.value)


def test_replacing_is_all_that_a_case_allows(clinic, intake_id):
    case = clinic.Cora.show(intake_id)
    with pytest.raises(AttributeError):
        case.intake.submitted = clinic
    assert replace(case.intake, submitted=None) == case.intake


# The first ring ----------------------------------------------------------------------------------


@pytest.fixture
def ringing(clinic):
    return clinic.Cora.begin_call().intake.id


def known_as(clinic, name, born=None, phone=None):
    """A patient with an intake of their own, and the number that they left there."""
    born = PartialDate.parse(born) if born else None
    patient = clinic.Cora.register_patient(name, born)
    intake = clinic.Cora.open_intake(patient.id).intake
    if phone:
        clinic.Cora.record_answer(intake.id, "callback_number", phone)
    return patient


def test_a_call_begins_before_anybody_has_said_who_it_is(clinic):
    """Seen to fail with: `shown` giving the empty name; the notes not loaded."""
    case = clinic.Cora.begin_call()
    assert case.intake.patient.name == ""
    assert case.intake.patient.shown == "Name not asked yet"
    assert case.intake.patient.record_number == "P-000001"
    assert case.intake.live_call.relationship == NOT_SAID
    case = clinic.Cora.set_caller(case.intake.id, "self")
    case = clinic.Cora.identify_patient(case.intake.id, "Ann Ray", PartialDate.parse("1990-02-03"))
    case = clinic.Cora.add_note(case.intake.id, "speaks softly", "callback_number")
    assert case.intake.live_call.relationship == "self"
    assert case.intake.patient.shown == "Ann Ray"
    note = case.intake.notes[0]
    assert (note.text, note.item, note.by) == (
        "speaks softly",
        "callback_number",
        clinic.Cora.staff.id,
    )
    assert clinic.Cora.show(case.intake.id).intake == case.intake


def test_no_call_begins_where_nobody_could_be_phoned(tmp_path, clock):
    """But a demo shows how it is. Seen to fail with: the look at the numbers left out."""
    for demo in (False, True):
        about = service.Clinic("C", demo=demo, numbers={"on_call": "Clive, 555 0100"})
        desk = open_clinic(tmp_path / f"v{demo}", clock, [COORDINATOR], about)
        if demo:
            desk.begin_call()
        else:
            with pytest.raises(WrongMove) as refusal:
                desk.begin_call()
            assert str(refusal.value).endswith(
                "still missing: the backup clinician, the crisis line, emergency services for "
                "the person's place."
            )
            patient = desk.register_patient("By Hand")
            desk.open_call(desk.open_intake(patient.id).intake.id)
        desk.close()


def test_who_calls_is_one_of_those_known_and_the_last_word_holds(clinic, ringing):
    """Seen to fail with: the event "caller" read as the end of the call; the table not looked
    at."""
    for relationship in ("friend", "relative"):
        case = clinic.Cora.set_caller(ringing, relationship)
    assert case.intake.live_call.relationship == "relative"
    assert len(case.intake.calls) == 1
    with pytest.raises(WrongMove, match="self, relative, friend"):
        clinic.Cora.set_caller(ringing, "mother-in-law")
    clinic.Cora.end_call(ringing)
    with pytest.raises(WrongMove, match="No call is open"):
        clinic.Cora.set_caller(ringing, "self")


def at_risk(case):
    return safety.person_at_risk(safety.open_escalation(case.intake))


@pytest.mark.parametrize(("relationship", "is_caller"), [("self", "yes"), ("relative", "no")])
def test_a_person_at_risk_is_filled_once_it_is_said_who_calls(
    clinic, ringing, relationship, is_caller
):
    """Whoever has not said who they are may be anybody: the place of the caller is nobody's yet.
    Seen to fail with: NOT_SAID treated as self; the escalation not completed by `set_caller`; the
    place of a relative taken over."""
    clinic.Cora.record_answer(ringing, "caller_location", "12 Elm Street")
    clinic.Cora.record_answer(ringing, "callback_number", "555 0123")
    case = clinic.Cora.record_answer(ringing, "suicide.4", True)
    assert at_risk(case) == {"is_caller": "not asked"}
    clinic.Cora.stamp_escalation(ringing, "person", {"phone": "555 0199"})
    person = at_risk(clinic.Cora.set_caller(ringing, relationship))
    place = {"where": "12 Elm Street"} if relationship == "self" else {}
    assert person == {"is_caller": is_caller, "phone": "555 0199", **place}


@pytest.mark.parametrize("relationship", ["relative", "friend", "other", ""])
def test_whoever_is_named_later_is_named_to_those_who_are_sent(clinic, ringing, relationship):
    """Named in the call, named better, or known already. Fails with: the name of the moment
    in which it was raised, and none where there was none."""
    if relationship:
        clinic.Cora.set_caller(ringing, relationship)
    case = clinic.Cora.record_answer(ringing, "suicide.4", True)
    assert "who" not in at_risk(case)
    assert at_risk(clinic.Cora.identify_patient(ringing, "Robin"))["who"] == "Robin"
    assert at_risk(clinic.Cora.identify_patient(ringing, "Robin Vale"))["who"] == "Robin Vale"
    known = clinic.Cora.register_patient("Robin Vale-Hart")
    assert at_risk(clinic.Cora.same_person(ringing, known.id))["who"] == "Robin Vale-Hart"
    clinic.Cora.stamp_escalation(ringing, "person", {"who": "Rob"})
    assert at_risk(clinic.Cora.identify_patient(ringing, "Robin Vale"))["who"] == "Rob"


def test_a_callers_name_is_not_that_of_another(clinic, ringing):
    """Until somebody is named anew. Fails with: the caller's name given to those who are
    sent to somebody else; a name that only was confirmed taken for a new one."""
    clinic.Cora.set_caller(ringing, "self")
    clinic.Cora.identify_patient(ringing, "Robin")
    assert at_risk(clinic.Cora.record_answer(ringing, "suicide.4", True))["who"] == "Robin"
    assert at_risk(clinic.Cora.set_caller(ringing, "interpreter"))["who"] == "Robin"
    clinic.Cora.set_caller(ringing, "self")
    assert at_risk(clinic.Cora.set_caller(ringing, "other"))["who"] == "not known yet"
    assert at_risk(clinic.Cora.identify_patient(ringing, "Robin"))["who"] == "not known yet"
    assert at_risk(clinic.Cora.set_caller(ringing, "self"))["who"] == "Robin"
    clinic.Cora.set_caller(ringing, "other")
    assert at_risk(clinic.Cora.identify_patient(ringing, "Tom"))["who"] == "Tom"


def test_what_staff_found_out_before_is_completed_and_not_replaced(clinic, ringing):
    """The panel may have been told that it is the caller. Seen to fail with: nothing filled in
    where the panel and the call agree; the place of the panel written over."""
    clinic.Cora.record_answer(ringing, "caller_location", "12 Elm Street")
    clinic.Cora.record_answer(ringing, "callback_number", "555 0123")
    clinic.Cora.record_answer(ringing, "suicide.4", True)
    clinic.Cora.stamp_escalation(ringing, "person", {"is_caller": "yes", "where": "a blue van"})
    person = at_risk(clinic.Cora.set_caller(ringing, "self"))
    assert person == {"is_caller": "yes", "where": "a blue van", "phone": "555 0123"}


def test_a_callers_place_is_taken_back_where_they_speak_for_another(clinic, ringing):
    """What staff wrote of the person stays. Seen to fail with: the person left as they were; every
    place taken back."""
    clinic.Cora.set_caller(ringing, "self")
    clinic.Cora.record_answer(ringing, "caller_location", "12 Elm Street")
    clinic.Cora.record_answer(ringing, "callback_number", "555 0123")
    case = clinic.Cora.record_answer(ringing, "suicide.4", True)
    assert at_risk(case) == {"is_caller": "yes", "where": "12 Elm Street", "phone": "555 0123"}
    clinic.Cora.stamp_escalation(ringing, "person", {"phone": "555 0199"})
    case = clinic.Cora.set_caller(ringing, "relative")
    assert at_risk(case) == {"is_caller": "no", "where": "not known yet", "phone": "555 0199"}
    moves = len(safety.open_escalation(case.intake).events)
    case = clinic.Cora.set_caller(ringing, "friend")
    assert len(safety.open_escalation(case.intake).events) == moves


def test_who_somebody_is_said_to_be_last_holds_everywhere(clinic, ringing, tmp_path):
    """What is not given stays. Seen to fail with: the first row of a patient read in place of the
    latest; a birth date lost when the name alone is told."""
    clinic.Cora.identify_patient(ringing, "Ann Ray", PartialDate.parse("1990-02-03"), "female")
    case = clinic.Cora.identify_patient(ringing, " Anne Rey ")
    found = case.intake.patient
    assert (found.name, found.born.text, found.sex) == ("Anne Rey", "1990-02-03", "female")
    assert clinic.Cora.show(ringing).intake.patient == found
    row = clinic.Fran.worklist()[0]
    assert (row.patient, row.born) == ("Anne Rey", "1990-02-03")
    assert count(clinic, schema.patient_identity) == 2
    assert clinic.Cora.open_intake(found.id).intake.patient == found
    with pytest.raises(WrongMove, match="needs a name"):
        clinic.Cora.identify_patient(ringing, "  ")


def test_a_birth_date_told_on_this_call_is_the_patients_and_so_is_its_correction(clinic, ringing):
    """Seen to fail with: the identity not written with the answer; written for the first alone."""
    before = counts(clinic)
    case = clinic.Cora.record_answer(ringing, "date_of_birth", "1990-02")
    assert case.intake.patient.born.text == "1990-02"
    case = clinic.Cora.record_answer(ringing, "date_of_birth", "1991-02-03")
    assert case.intake.patient.born.text == "1991-02-03"
    assert not case.screening.findings.read("birth_date_differs")
    clinic.Cora.record_answer(ringing, "date_of_birth", state=State.DECLINED)
    assert counts(clinic)["patient_identity"] == before["patient_identity"] + 2
    assert clinic.Cora.show(ringing).intake.patient == case.intake.patient


def test_a_registered_birth_date_is_never_written_over_by_an_answer(clinic):
    """Seen to fail with: every told date taken for the patient's."""
    patient = clinic.Cora.register_patient("Anne Rey", PartialDate.parse("1990-02-03"))
    case = clinic.Cora.open_intake(patient.id)
    case = clinic.Cora.record_answer(case.intake.id, "date_of_birth", "1991-02-03")
    assert case.intake.patient.born.text == "1990-02-03"
    assert case.screening.findings.read("birth_date_differs")


def test_possible_duplicates_are_found_by_name_day_and_phone(clinic, ringing):
    """Seen to fail with: the patient of the call itself among them; the number of an earlier
    answer; the revised name not looked at."""
    everything = known_as(clinic, "ray, ANN", "1990-02-03", "+1 (555) 012-3456")
    named = known_as(clinic, "Ann Ray", "1971-01-01")
    moved = known_as(clinic, "Bo Other", "1980-02-03", "555 012 3456")
    known_as(clinic, "Cy Nobody", "1990-02", "555 999 0000")
    intake = clinic.Cora.worklist()
    old = next(row.intake_id for row in intake if row.patient == "Bo Other")
    assert clinic.Cora.possible_duplicates(ringing) == ()
    clinic.Cora.record_answer(ringing, "callback_number", "555 012 3456")
    assert [p.id for p in clinic.Cora.possible_duplicates(ringing)] == [everything.id, moved.id]
    clinic.Cora.record_answer(old, "callback_number", "555 777 0000")
    clinic.Cora.identify_patient(ringing, "Ann Ráy", PartialDate.parse("1990-02-03"))
    found = clinic.Cora.possible_duplicates(ringing)
    assert [p.id for p in found] == [everything.id, named.id]
    assert found[0] == everything


def test_the_same_person_keeps_the_record_that_there_is(clinic, ringing):
    """The unnamed one stays behind without an intake and is in no list. Seen to fail with: the
    first patient of an intake loaded in place of the latest; the worklist's row not moved; those
    left without name and intake among the possible duplicates."""
    known = known_as(clinic, "Ann Ray", "1990-02-03", "555 012 3456")
    clinic.Cora.record_answer(ringing, "callback_number", "555 012 3456")
    case = clinic.Cora.same_person(ringing, known.id)
    assert case.intake.patient == known
    assert [a.source for a in case.intake.answers if a.item == "date_of_birth"] == [Source.RECORD]
    assert clinic.Cora.show(ringing).intake == case.intake
    assert {row.patient for row in clinic.Fran.worklist()} == {"Ann Ray"}
    with pytest.raises(WrongMove, match="already"):
        clinic.Cora.same_person(ringing, known.id)
    with pytest.raises(NotFound):
        clinic.Cora.same_person(ringing, "nobody")
    other, later = (clinic.Cora.begin_call().intake.id for _call in range(2))
    for call in (other, later):
        clinic.Cora.record_answer(call, "date_of_birth", "1990-02-03")
    clinic.Cora.same_person(other, known.id)
    assert clinic.Cora.possible_duplicates(later) == (known,)


def test_a_birth_date_of_this_call_is_not_hidden_by_the_record(clinic, ringing):
    """Seen to fail with: the date of the record put over the one that was told."""
    known = known_as(clinic, "Ann Ray", "1990-02-03")
    clinic.Cora.record_answer(ringing, "date_of_birth", "1971-01-01")
    case = clinic.Cora.same_person(ringing, known.id)
    assert [a.value.text for a in case.intake.answers] == ["1971-01-01"]
    assert case.screening.findings.find("birth_date_differs").value is True


def test_a_note_needs_words_and_a_question_that_exists(clinic, ringing):
    """Seen to fail with: empty notes kept."""
    for words, item in ((" ", ""), ("x", "no_such_question")):
        with pytest.raises(IntakeError):
            clinic.Cora.add_note(ringing, words, item)
    case = clinic.Cora.add_note(ringing, " in tears ")
    assert [(n.text, n.item) for n in case.intake.notes] == [("in tears", "")]


def test_everybody_returns_to_their_own_place(clinic, ringing):
    """Seen to fail with: one place for all staff; the place an entry of the trail; no limit."""
    before = counts(clinic)
    assert clinic.Cora.clinic.place() == {}
    clinic.Cora.clinic.keep_place({"screen": "call", "intake_id": ringing, "draft": "half a wörd"})
    clinic.Cora.clinic.keep_place({"screen": "call", "intake_id": ringing, "draft": "half a word"})
    clinic.Ada.clinic.keep_place({"screen": "settings"})
    assert clinic.Cora.clinic.place() == {
        "screen": "call",
        "intake_id": ringing,
        "draft": "half a word",
    }
    assert clinic.Ada.clinic.place() == {"screen": "settings"}
    assert counts(clinic) == {**before, "place": 2}
    with pytest.raises(WrongMove, match="too much text"):
        clinic.Cora.clinic.keep_place({"draft": "x" * 16 * 1024})
    assert clinic.Cora.clinic.place()["draft"] == "half a word"


@pytest.mark.parametrize("way", ["look", "print", "file"])
def test_an_answer_does_not_wait_for_pages_that_are_laid_out(
    clinic, intake_id, tmp_path, monkeypatch, way
):
    """Another thread writes while the pages are made. Seen to fail with: laid out within the
    records' turn."""
    render, answered = pdf.render, []

    def meanwhile(packet):
        with ThreadPoolExecutor(1) as other:
            answer = other.submit(clinic.Cora.record_answer, intake_id, "stroke_ever", False)
            answered.append(answer.result(timeout=5))
        return render(packet)

    monkeypatch.setattr(pdf, "render", meanwhile)
    {
        "look": lambda: clinic.Fran.summary_pdf(intake_id),
        "print": lambda: clinic.Fran.summary_to_print(intake_id),
        "file": lambda: clinic.Fran.print_summary(intake_id, tmp_path / "s.pdf"),
    }[way]()
    assert answered[0].intake.answers[-1].item == "stroke_ever"


def test_the_summary_to_look_at_is_the_one_that_is_printed(clinic, intake_id, tmp_path):
    """Seen to fail with: the preview noted as printed."""
    data = clinic.Fran.summary_pdf(intake_id)
    assert data.startswith(b"%PDF")
    with clinic.records.look() as connection:
        events = connection.execute(select(schema.audit.c.event)).scalars().all()
    assert events[-1] == "summary_previewed"
