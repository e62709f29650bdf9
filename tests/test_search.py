"""Finding somebody: by beginnings of words, however written, and by what the record says now.

"Seen to fail with" names the defect planted to prove a test.
"""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from intake_app import service
from intake_app.core import search
from intake_app.core.duplicates import Known
from intake_app.core.model import PartialDate
from intake_app.store import database, finder, patients, vault
from tests.vaults import CLINICIAN, COORDINATOR, PASSWORD, Clock, open_clinic

TODAY = date(2026, 3, 10)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """One call of each of four; tests that change somebody change one of their own."""
    folder = tmp_path_factory.mktemp("search") / "vault"
    desk = open_clinic(folder, Clock(), [COORDINATOR, CLINICIAN])
    found = SimpleNamespace(desk=desk, folder=folder)
    for name, born, phone in (
        ("Ana García-Núñez", "1980-01-02", "(740) 555-0163"),
        ("Shane O'Brien", "1975-11-30", "+1 212 555 0188"),
        ("王 秀英", "1990-05-05", ""),
        ("Robin Vale", "1980-01-20", "740 555 0164"),
    ):
        call(desk, name, born, phone)
    yield found
    desk.close()


def call(desk, name, born="", phone=""):
    intake = desk.begin_call().intake.id
    if name:
        desk.identify_patient(intake, name, PartialDate.parse(born) if born else None)
    if phone:
        desk.record_answer(intake, "callback_number", phone)
    return intake


def names(desk, said):
    return {row.patient for row in desk.search(said)}


# What is found ------------------------------------------------------------------------------------

ANA, SHANE, WEN, ROBIN = "Ana García-Núñez", "Shane O'Brien", "王 秀英", "Robin Vale"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("ana", {ANA}),
        ("ANA g", {ANA}),
        ("garcia", {ANA}),
        ("garcía-nu", {ANA}),
        ("garci\u0301a", {ANA}),
        ("nunez ana", {ANA}),
        ("vale robin", {ROBIN}),
        ("o'brien", {SHANE}),
        ("obrien", {SHANE}),
        ("brien", {SHANE}),
        ("王", {WEN}),
        ("1980", {ANA, ROBIN}),
        ("1980-01-0", {ANA}),
        ("2 January 1980", {ANA}),
        ("1/2/1980", {ANA}),
        ("P-000001", {ANA}),
        ("000002", {SHANE}),
        ("p-00000", {ANA, SHANE, WEN, ROBIN}),
        ("740 555 016", {ANA, ROBIN}),
        ("7405550163", {ANA}),
        ("(740) 555-0163", {ANA}),
        ("+1 740 555 0163", {ANA}),
        ("555-0164", {ROBIN}),
        ("0188", {SHANE}),
        ("212 555", {SHANE}),
        ("ana 0188", set()),
        ("zz", set()),
        ("", set()),
        ("  -- ' \" ", set()),
        ("NOT ana", set()),
        ("ana OR robin", set()),
        ("words: ana", set()),
    ],
)
def test_somebody_is_found_by_the_beginnings_of_what_is_known(clinic, said, found):
    """Seen to fail with: diacritics kept; a phone known as it was written; words of FTS5 taken for
    commands; a word that need not begin like one."""
    assert names(clinic.desk, said) == found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
@example('"')
@example('a"b')
@example('ana" OR "robin')
@example("*")
@example("a\0b")
@example("NEAR(a b)")
@example("9" * 200)
def test_whatever_is_typed_is_words_and_no_error(clinic, said):
    """Seen to fail with: a quotation mark that is not doubled."""
    clinic.desk.search_on(said)


NAMES = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=12)


@settings(max_examples=60)
@given(st.lists(NAMES, min_size=1, max_size=3), st.data())
def test_every_beginning_of_every_word_of_a_name_finds_it(parts, data):
    """In FTS5 itself. Seen to fail with: `words` without the name; phrases without their star."""
    said = data.draw(st.sampled_from(parts))
    said = said[: data.draw(st.integers(1, len(said)))]
    known = Known("p", "P-000001", " ".join(parts), "1980-01-02", frozenset())
    assert "p" in looked_up(known, said)


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    engine = database.engine_for(tmp_path_factory.mktemp("lists") / "a.db", bytes(32))
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE VIRTUAL TABLE one USING fts5(words, "
                "tokenize='unicode61 remove_diacritics 2', prefix='1 2 3 4 5 6 7')"
            )
        )
        LISTS.append(connection)
        yield
        LISTS.clear()
    engine.dispose()


LISTS = []


@pytest.fixture(autouse=True)
def _lists(lists):
    """One table of its own for the property above."""


def looked_up(known, said):
    (connection,) = LISTS
    connection.execute(text("DELETE FROM one"))
    connection.execute(text("INSERT INTO one VALUES (:words)"), {"words": search.words(known)})
    query = text("SELECT 'p' FROM one WHERE one MATCH :query")
    return connection.execute(query, {"query": search.query(said, TODAY)}).scalars().all()


def test_no_more_are_shown_than_can_be_read_and_it_says_so():
    """Seen to fail with: the sentence of a full list for any list."""
    assert "type more" in search.found_words(search.MOST)
    assert "type more" not in search.found_words(search.MOST - 1)


# It follows the record ----------------------------------------------------------------------------


def test_whoever_is_said_to_be_somebody_else_is_found_by_that_alone(clinic):
    """In the same transaction. Seen to fail with: the old words left in the lists of FTS5."""
    intake = call(clinic.desk, "Wrong Hearing", phone="315 555 0101")
    assert names(clinic.desk, "wrong") == {"Wrong Hearing"}
    clinic.desk.identify_patient(intake, "Right Hearing")
    assert names(clinic.desk, "wrong") == set()
    assert names(clinic.desk, "right") == {"Right Hearing"}
    clinic.desk.record_answer(intake, "callback_number", "315 555 0199")
    assert names(clinic.desk, "315 555 0101") == set()
    assert names(clinic.desk, "0199") == {"Right Hearing"}


def test_somebody_without_a_name_is_found_by_the_number(clinic):
    """A line that dropped calls again. Seen to fail with: only those with a name kept."""
    call(clinic.desk, "", phone="607 555 0177")
    assert names(clinic.desk, "607 555") == {""}


def test_earlier_intakes_are_found_with_the_patient_the_latest_first(clinic):
    """Also those that were moved to them. Seen to fail with: the latest alone; the phone of an
    intake left with whoever it was first taken for."""
    first = call(clinic.desk, "Sam Twice", phone="518 555 0111")
    patient = clinic.desk.show(first).intake.patient
    second = call(clinic.desk, "Sam Twice", phone="518 555 0222")
    clinic.desk.same_person(second, patient.id)
    assert [row.intake_id for row in clinic.desk.search("sam twice")] == [second, first]
    assert [row.intake_id for row in clinic.desk.search("518 555 0222")] == [second, first]


def test_a_patient_without_an_intake_is_shown_and_opens_nothing(clinic):
    """Seen to fail with: an inner join."""
    clinic.desk.register_patient("Only Registered")
    (row,) = clinic.desk.search("only reg")
    assert (row.intake_id, row.patient) == ("", "Only Registered")


def test_one_is_known_by_the_same_as_among_everybody(clinic):
    """`known` reads one and `everybody` all. Seen to fail with: intakes that were moved away
    counted for one and not for the other."""
    with clinic.desk._office.records.look() as connection:
        everybody = patients.everybody(connection)
        assert len(everybody) >= 4
        assert all(patients.known(connection, each.id) == each for each in everybody)


def test_who_opened_what_last_is_theirs_alone(clinic):
    """Seen to fail with: what everybody opened; the same chart twice; the oldest first."""
    ids = [call(clinic.desk, f"Recent {n}") for n in range(12)]
    clive = clinic.desk.acting_as(CLINICIAN, PASSWORD)
    for intake in (ids[3], ids[7], ids[3]):
        clive.show(intake)
    assert [row.intake_id for row in clive.worklist(service.RECENT)] == [ids[3], ids[7]]
    mine = [row.intake_id for row in clinic.desk.worklist(service.RECENT)]
    assert mine == ids[:1:-1]


# It is derived ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE finder SET words = 'nobody' WHERE seq = 1"],
        ["DELETE FROM finder WHERE seq = 1"],
        ["INSERT INTO finder (patient_id, words) VALUES ('nobody', 'somebody')"],
        ["INSERT INTO finder_words(finder_words) VALUES ('delete-all')"],
        ["INSERT INTO finder_words(finder_words, rowid, words) VALUES ('delete', 1, 'ann')"],
    ],
)
def test_verify_finds_whoever_was_hidden(tmp_path, statements):
    """Seen to fail with: `finder.fault` not asked; the lists of FTS5 not proven."""
    desk = open_clinic(tmp_path / "vault", Clock(), [COORDINATOR])
    call(desk, "Ann Ray", phone="315 555 0101")
    desk.close()
    assert service.verify_vault(tmp_path / "vault", COORDINATOR, PASSWORD) is None
    raw = opened(tmp_path / "vault")
    for statement in statements:
        raw.execute(statement)
    raw.close()
    fault = service.verify_vault(tmp_path / "vault", COORDINATOR, PASSWORD)
    assert fault is not None


def opened(folder):
    keys = vault.unlock(folder, COORDINATOR, PASSWORD).keys
    return database.connect(folder / database.DATABASE, keys.database)


@pytest.mark.parametrize("how", ["missing", "of another form"])
def test_what_is_missing_or_of_another_form_is_made_anew_at_the_opening(tmp_path, how):
    """Seen to fail with: `ensure` not called by the opening; the form not looked at."""
    folder = tmp_path / "vault"
    desk = open_clinic(folder, Clock(), [COORDINATOR])
    call(desk, "Ann Ray", phone="315 555 0101")
    desk.close()
    raw = opened(folder)
    if how == "missing":
        raw.execute("DELETE FROM finder")
        raw.execute("INSERT INTO finder_words(finder_words) VALUES ('delete-all')")
    else:
        raw.execute("UPDATE finder SET words = 'old'")
        raw.execute("INSERT INTO finder_words(finder_words) VALUES ('rebuild')")
        raw.execute("PRAGMA user_version = 0")
    raw.close()
    desk = service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
    assert names(desk, "ann") == {"Ann Ray"}
    desk.close()
    assert service.verify_vault(folder, COORDINATOR, PASSWORD) is None


def test_a_search_leaves_one_entry_and_its_further_letters_none(clinic):
    """Seen to fail with: an entry for each key."""
    office = clinic.desk._office

    def entries():
        with office.records.look() as connection:
            count = "SELECT count(*) FROM audit WHERE event = 'patients_searched'"
            return connection.execute(text(count)).scalar_one()

    before = entries()
    clinic.desk.search("a")
    clinic.desk.search_on("an")
    clinic.desk.search_on("ana")
    assert entries() == before + 1


def test_only_what_changes_the_words_is_followed(clinic):
    """An answer to anything else costs nothing here. Seen to fail with: every answer followed."""
    with clinic.desk._office.records.look() as connection:
        row = {"intake_id": "i", "item": "stroke_ever"}
        assert finder._touched(connection, finder.schema.answer, row) == ()
