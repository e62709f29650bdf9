"""The chain: whatever is changed, taken away, swapped or doubled is found, and where."""

import shutil
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text

from intake_app import service
from intake_app.core import events
from intake_app.store import anchor, audit, clinic, database, schema, vault, verify
from intake_app.store.audit import Actor, Head
from tests.vaults import PASSWORD, Clock, Played, crash, held

WHO = "Dana Reyes"


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A closed vault with a row in every table: a signed intake with an addendum, and a caller
    who turns out to be known."""
    place = tmp_path_factory.mktemp("audit")
    played = Played(place / "vault", "1-straightforward")
    call = played.desk.begin_call().intake
    played.desk.identify_patient(call.id, "Somebody Else")
    played.desk.add_note(call.id, "rings off")
    played.desk.same_person(call.id, played.case.intake.patient.id)
    other = played.desk.begin_call().intake
    played.desk.identify_patient(other.id, "Somebody Else Again")
    played.desk.join_patients(other.id, played.case.intake.patient.id)
    _keys_and_staff(played.desk)
    name = played.clinician.staff.name
    played.clinician.add_addendum(played.case.intake.id, "Lab called.", name, PASSWORD)
    crash(played.desk)
    return place / "vault"


def _keys_and_staff(desk):
    """A row of each table of keys; the earlier key chained nothing."""
    session = desk.clinic._session
    member, administrator = session.staff, Actor(session.staff.id, "administrator", session.pen)
    with desk._office.records.change(administrator, Clock()()) as (_connection, journal):
        journal.write(schema.staff_change, clinic.change_row(member), "roles_changed")
        row = {"staff_id": member.id, "public": "00"}
        journal.write(schema.signing_key, row, "signing_key_given_up")
        journal.write(schema.earlier_key, {"last": 0, "key": "00"}, "vault_key_changed")


@pytest.fixture
def opened(signed, tmp_path):
    """A copy, opened by somebody who holds the key, without its guards."""
    folder = tmp_path / "vault"
    shutil.copytree(signed, folder)
    keys = vault.unlock(folder, WHO, PASSWORD).keys
    engine = database.engine_for(folder / database.DATABASE, keys.database)
    with engine.begin() as connection:
        guards = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        ).all()
        for name, _sql in guards:
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield Insider(folder, keys, connection)
    engine.dispose()


class Insider:
    def __init__(self, folder, keys, connection):
        self.folder, self.keys, self.connection = folder, keys, connection
        self.head = anchor.read_head(folder, keys).head

    def run(self, *statements):
        for statement in statements:
            self.connection.execute(text(statement))

    def fault(self, head=None):
        return audit.first_fault(self.connection, self.keys.audit, head or self.head)

    def chain_anew(self):
        """Give every entry the payload of its row as it now is, and a MAC that fits."""
        rows = {}
        for table in schema.APPEND_ONLY:
            for row in self.connection.execute(table.select()):
                whole = dict(row._mapping)
                key = whole[next(iter(table.primary_key.columns)).name]
                whole.pop("seq", None)
                rows[f"{table.name}:{key}"] = audit.payload_hash(table.name, whole)
        before = ""
        for row in self.connection.execute(schema.audit.select().order_by(text("seq"))).all():
            entry = dict(row._mapping)
            del entry["mac"], entry["signature"]
            entry["payload"] = rows[entry["subject"]] if entry["payload"] else ""
            before = audit.entry_mac(self.keys.audit, before, entry)
            self.connection.execute(
                schema.audit.update()
                .where(schema.audit.c.seq == entry["seq"])
                .values(payload=entry["payload"], mac=before)
            )
        self.head = Head(row.seq, before)

    def entries(self):
        signers = verify._Signers(self.connection, vault.read(self.folder))
        return verify._entries_fault(self.connection, signers)

    def signatures(self):
        return verify._signatures_fault(self.connection, vault.read(self.folder))


def test_an_untouched_trail_has_no_fault(opened):
    assert opened.fault() is None
    assert opened.signatures() is None
    assert opened.entries() is None
    opened.chain_anew()  # of rows as they are: the same chain again
    assert opened.head == anchor.read_head(opened.folder, opened.keys).head


@pytest.mark.parametrize("column", [c.name for c in schema.audit.c if c.name != "seq"])
def test_no_field_of_an_entry_can_be_changed(opened, column):
    """Seen to fail with: the field `role` left out of what is chained."""
    opened.run(f"UPDATE audit SET {column} = {column} || '0' WHERE seq = 30")  # noqa: S608
    assert "entry 30" in opened.fault()


@pytest.mark.parametrize(
    ("statements", "place"),
    [
        (["DELETE FROM audit WHERE seq = 30"], "entry 30 is missing"),
        (["DELETE FROM audit WHERE seq = 1"], "entry 1 is missing"),
        (
            [
                "UPDATE audit SET seq = -1 WHERE seq = 30",
                "UPDATE audit SET seq = 30 WHERE seq = 31",
                "UPDATE audit SET seq = 31 WHERE seq = -1",
            ],
            "entry",
        ),
        (
            [
                "UPDATE audit SET seq = -seq - 1 WHERE seq > 30",
                "INSERT INTO audit SELECT 31, at, zone, actor, role, event, subject, payload, app,"
                " mac, signature FROM audit WHERE seq = 30",
                "UPDATE audit SET seq = -seq WHERE seq < 0",
            ],
            "entry 31 was changed",
        ),
    ],
    ids=["deleted", "first deleted", "swapped", "doubled"],
)
def test_an_entry_out_of_its_place_is_found(opened, statements, place):
    """Seen to fail with: the numbers not compared (deleted); both the number of an entry and the
    MAC before it left out of what is chained (swapped, doubled): either one is enough."""
    opened.run(*statements)
    assert place in opened.fault()


def test_an_entry_of_another_history_is_found(opened):
    """The right number, sealed with the right key, on another past: from a copy that went its own
    way. Seen to fail with: the MAC of the entry before left out of the chain."""
    row = opened.connection.execute(schema.audit.select().where(schema.audit.c.seq == 30)).one()
    entry = {**row._mapping, "actor": "somebody"}
    del entry["mac"], entry["signature"]
    mac = audit.entry_mac(opened.keys.audit, "5a" * 32, entry)
    mine = schema.audit.c.seq == 30
    opened.connection.execute(schema.audit.update().where(mine).values(actor="somebody", mac=mac))
    assert "entry 30 was changed" in opened.fault()


def test_an_end_cut_off_together_with_its_rows_is_found_through_the_head(opened):
    """Seen to fail with: the head not compared with the end of the trail."""
    last = opened.head.n
    opened.run("DELETE FROM addendum", f"DELETE FROM audit WHERE seq >= {last}")  # noqa: S608
    found = opened.connection.execute(text("SELECT event FROM audit ORDER BY seq DESC"))
    assert found.scalars().first() != "addendum_added"
    assert f"knows entry {last}" in opened.fault()
    assert opened.fault(Head(last - 1, audit.newest(opened.connection).mac)) is None


# A gap is written on hold only: test_gaps.py.
_ELSEWHERE = ("audit", "escalation_event", "gap")
TABLES = [t for t in schema.APPEND_ONLY if t.name not in _ELSEWHERE]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
@pytest.mark.parametrize("deed", ["changed", "deleted"])
def test_every_row_of_every_table_is_covered(opened, table, deed):
    """Seen to fail with: the table `setting` left out of what is compared."""
    key = next(iter(table.primary_key.columns)).name
    opened.run("PRAGMA defer_foreign_keys = ON")
    if deed == "changed":
        opened.run(f"UPDATE {table.name} SET at = at || ' '")  # noqa: S608
    else:
        newest = f"SELECT max({key}) FROM {table.name}"  # noqa: S608
        opened.run(f"DELETE FROM {table.name} WHERE {key} = ({newest})")  # noqa: S608
    assert table.name in opened.fault()
    opened.connection.rollback()


@pytest.mark.parametrize(
    ("statements", "place"),
    [
        (["UPDATE signature SET reason = 'another'"], "signature"),
        (["UPDATE signature SET disposition = 'on_hold'"], "signature"),
        (["UPDATE signature SET snapshot = replace(snapshot, 'suicide', 'x')"], "signature"),
        (["UPDATE signature SET statement = replace(statement, 'harm', 'x') || ' '"], "signature"),
        (["UPDATE addendum SET text = 'Lab never called.'"], "addendum"),
        (["UPDATE answer SET value = 'true' WHERE item = 'suicide.2'"], "another trail"),
        (["UPDATE medication SET fields = replace(fields, 'bupropion', 'x')"], "another trail"),
    ],
)
def test_somebody_with_the_key_cannot_write_a_signed_record_anew(opened, statements, place):
    """Rows, trail and head are all made to fit; the clinician's signature is not. Seen to fail
    with: the text of an addendum, and the end of the trail, not compared with the statement."""
    opened.run(*statements)
    opened.chain_anew()
    assert opened.fault() is None
    assert place in opened.signatures()


def test_a_signature_cut_out_and_moved_fits_no_other_record(opened):
    """Seen to fail with: the intake not compared with the statement."""
    opened.run(
        "INSERT INTO intake SELECT 'other', patient_id, protocol_digest, at, by FROM intake"
        " LIMIT 1",
        "INSERT INTO signature SELECT 'other', name, disposition, reason, snapshot, record_hash,"
        " statement, signature, at, by FROM signature",
    )
    assert opened.signatures() == "signature of intake other: is not of this record"


SIGNED = ("flag_reviewed", "intake_signed", "addendum_added", "staff_added", "summary_exported")


@pytest.mark.parametrize(
    "forgery",
    [
        "another did it: UPDATE audit SET actor = (SELECT max(id) FROM staff WHERE id != actor)"
        " WHERE event = :event",
        "of another time: UPDATE audit SET at = replace(at, '2026', '2025') WHERE event = :event",
        "an older version: UPDATE audit SET app = '0.1.0', signature = '' WHERE event = :event",
    ],
    ids=lambda forgery: forgery.partition(":")[0],
)
@pytest.mark.parametrize("event", ["staff_added", "summary_exported"])
def test_somebody_with_the_key_cannot_write_a_signed_entry_anew(opened, event, forgery):
    """Entries, rows and head are made to fit; the pen of whoever did it is not to be had. Seen to
    fail with: the entries' signatures not looked at; the version that signed nothing taken at its
    word."""
    assert opened.connection.execute(schema.audit.select().filter_by(event=event)).first()
    opened.connection.execute(text(forgery.partition(": ")[2]), {"event": event})
    opened.chain_anew()
    assert opened.fault() is None
    assert "audit trail: entry" in opened.entries()


def test_a_pen_of_another_person_signs_nothing_of_mine(opened):
    """A colleague who holds the vault key signs an entry of mine: with a pen of their own, and with
    one that they vouch for in my name. Seen to fail with: any key of staff taken for the actor's;
    the proof not looked at."""
    name = "Dr. Ines Okafor"
    theirs = vault.unlock(opened.folder, name, PASSWORD)
    row = opened.connection.execute(schema.audit.select().filter_by(event="staff_added")).first()
    assert row.actor != theirs.staff_id
    key = vault.signing_key(opened.folder, name, PASSWORD)
    for pen in (theirs.pen, vault._pen(opened.keys.vault_id, row.actor, key)):
        signature = pen.sign(audit.said_by_pen(row.seq, row.mac))
        mine = schema.audit.c.seq == row.seq
        opened.connection.execute(schema.audit.update().where(mine).values(signature=signature))
        assert opened.entries() == (
            f"audit trail: entry {row.seq} is not signed by whoever it says did it"
        )


def test_an_entry_of_weight_is_not_written_without_a_pen(opened):
    """And one of the rest carries none. Seen to fail with: an empty signature written instead."""
    actor = Actor("somebody", "administrator")
    journal = audit.Journal(opened.connection, opened.keys.audit, actor, Clock()(), opened.head)
    for event in SIGNED:
        with pytest.raises(ValueError, match="needs the key"):
            journal.note(event, "x")
    journal.note("chart_viewed", "x")
    rows = opened.connection.execute(schema.audit.select()).all()
    assert {bool(r.signature) for r in rows if r.event in SIGNED} == {True}
    assert {bool(r.signature) for r in rows if r.event not in events.SIGNED} == {False}


def test_a_worklist_row_that_lies_is_found(signed, tmp_path):
    """The worklist is derived and stands in no trail: an old page of it put back would show a
    caller as harmless. Seen to fail with: the worklist not screened anew by verify."""
    folder = tmp_path / "vault"
    shutil.copytree(signed, folder)
    keys = vault.unlock(folder, WHO, PASSWORD).keys
    for statement in (
        "UPDATE summary SET tier = tier + 1",
        "UPDATE summary SET tier = tier - 1, status = 'draft'",
        "DELETE FROM summary",
    ):
        connection = database.connect(folder / database.DATABASE, keys.database)
        connection.execute(statement)
        connection.close()
        assert "worklist" in service.verify_vault(folder, WHO, PASSWORD)


def test_opening_proves_the_newest_entries(signed, tmp_path):
    """Seen to fail with: the chain not looked at when opening."""
    folder = tmp_path / "vault"
    shutil.copytree(signed, folder)
    keys = vault.unlock(folder, WHO, PASSWORD).keys
    connection = database.connect(folder / database.DATABASE, keys.database)
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("UPDATE audit SET actor = 'x' WHERE seq = (SELECT max(seq) - 3 FROM audit)")
    connection.close()
    assert "was changed" in held(folder, WHO)


# One entry for each thing that is done ------------------------------------------------------------

EXPECTED = {
    "2-crisis": {"escalation_raised", "escalation_step", "call_dropped", "escalation_accepted"},
    "1-straightforward": {"intake_signed", "flag_reviewed", "intake_submitted", "summary_exported"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_row_has_one_entry_and_the_numbers_are_dense(tmp_path, name):
    played = Played(tmp_path / "vault", name)
    with played.desk._office.records.look() as connection:
        entries = connection.execute(schema.audit.select().order_by(schema.audit.c.seq)).all()
        rows = sum(
            connection.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one()  # noqa: S608
            for table in schema.APPEND_ONLY
            if table is not schema.audit
        )
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert sum(bool(entry.payload) for entry in entries) == rows
    assert {entry.event for entry in entries} >= EXPECTED[name]
    said = [entry.subject + entry.event for entry in entries]
    assert not [text_ for text_ in said if played.case.intake.patient.name in text_]
    played.desk.close()


# What the disk refused ---------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    played = Played(tmp_path / "vault", "1-straightforward")
    yield played.desk
    played.desk.close()


@contextmanager
def refusing(desk):
    """A disk that takes nothing."""

    def say(words):
        raw = desk._office.records._engine.raw_connection()
        raw.driver_connection.execute(f"PRAGMA query_only = {words}")
        raw.close()

    say("1")
    try:
        yield
    finally:
        say("0")


def trail(desk):
    with desk._office.records.look() as connection:
        rows = connection.execute(select(schema.audit)).all()
    return [(row.event, row.subject, row.at) for row in rows]


def test_what_was_looked_at_while_the_disk_refused_comes_first_once_it_writes(desk):
    """In the order of looking, with the times of looking; a change that is refused keeps them owed.
    Fails with: nothing owed; written after the change; forgotten by a change that was refused."""
    intake_id = desk.worklist()[0].intake_id
    before = trail(desk)
    with refusing(desk):
        desk.show(intake_id)
        desk.search("mor")
        assert desk.owes
        with pytest.raises(database.NotSaved):
            desk.register_patient("Waits")
        assert trail(desk) == before
    desk.register_patient("Comes Later")
    new = trail(desk)[len(before) :]
    assert [event for event, _subject, _at in new] == [
        *("chart_viewed", "patients_searched", "patient_registered")
    ]
    assert new == sorted(new, key=lambda entry: entry[2])
    assert not desk.owes
    assert desk.trail.check_trail().count == len(before) + 3


def test_what_is_owed_is_written_when_the_records_close(desk):
    """Before the entry of the lock. Fails with: nothing owed."""
    with refusing(desk):
        desk.show(desk.worklist_page("")[0].intake_id)
    folder = desk._office.records.folder
    desk.close()
    again = service.open_vault(folder, WHO, PASSWORD, Clock())
    events = [event for event, _subject, _at in trail(again)]
    assert events[events.index("locked") - 1] == "chart_viewed"
    again.close()


def test_nothing_is_shown_whose_event_the_trail_does_not_know(desk):
    with pytest.raises(ValueError, match="does not know"), desk._session.read("show") as look:
        look.journal.note("peeked", "intake:1")
