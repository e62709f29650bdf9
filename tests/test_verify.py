"""verify finds every change made behind the app's back."""

import json
import random
import shutil
from pathlib import Path

import pytest

from intake_app import service
from intake_app.store import anchor, database, vault
from tests.vaults import (
    ADMINISTRATOR,
    COORDINATOR,
    PASSWORD,
    Clock,
    Played,
    crash,
    held,
    open_clinic,
    people,
)

FLIPS = 200


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A cleanly closed vault with a signed intake, and an older copy of it."""
    place = tmp_path_factory.mktemp("verify")
    played = Played(place / "vault", "1-straightforward")
    older = place / "older"
    played.desk.close()
    shutil.copytree(place / "vault", older)
    desk = service.open_vault(place / "vault", "Dana Reyes", PASSWORD, played.clock)
    desk.register_patient("One More")
    desk.close()
    return place / "vault"


@pytest.fixture
def copy(closed, tmp_path):
    return Path(shutil.copytree(closed, tmp_path / "vault"))


def fault(folder, who="Dana Reyes"):
    try:
        return service.verify_vault(folder, who, PASSWORD)
    except vault.WrongPassword:
        return "vault.keys: no password opens it"


def test_an_untouched_vault_has_no_fault(copy):
    assert fault(copy) is None


def flip(path, place, bit):
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("part", range(4))
def test_two_hundred_random_byte_flips_are_all_found(tmp_path, part):
    """Half of them in the small files, so that each is hit. Of a short call: the time goes into
    proving it two hundred times. Seen to fail with: no comparison of vault.head with its canonical
    bytes; cipher_integrity_check left out."""
    folder = tmp_path / "vault"
    desk = open_clinic(folder, Clock(), [COORDINATOR])
    desk.record_answer(desk.begin_call().intake.id, "suicide.2", value=True)
    desk.close()
    chance = random.Random(20261123 + part)  # noqa: S311 - repeatable, nothing secret
    files = [path for path in sorted(folder.iterdir()) if path.stat().st_size]
    assert {path.name for path in files} == {"vault.db", "vault.keys", "vault.head", "clinic.json"}
    missed = []
    for number in range(FLIPS // 4):
        path = files[number % len(files)]
        place, bit = chance.randrange(path.stat().st_size), chance.randrange(8)
        flip(path, place, bit)
        found = fault(folder, COORDINATOR)
        flip(path, place, bit)
        if found is None or not found.startswith((path.name, "audit")):
            missed.append((path.name, place, bit, found))
    assert not missed
    assert fault(folder, COORDINATOR) is None


@pytest.mark.parametrize("name", [anchor.HEAD, anchor.CLINIC, anchor.KEYS, database.DATABASE])
@pytest.mark.parametrize("how", ["missing", "emptied"])
def test_a_missing_or_emptied_file_is_named(copy, name, how):
    """Seen to fail with: vault.head left out of the needed files."""
    (copy / name).unlink()
    if how == "emptied":
        (copy / name).touch()
    try:
        found = fault(copy)
    except vault.NotAVault as refusal:
        found = f"{name}: {refusal}"
    assert found.startswith(f"{name}: ")
    if name in (anchor.HEAD, anchor.CLINIC, database.DATABASE):
        assert found == f"{name}: is missing or empty"


@pytest.mark.parametrize("name", [anchor.HEAD, anchor.KEYS, anchor.CLINIC, database.DATABASE])
def test_an_older_file_put_back_is_found(copy, closed, name):
    """The database through vault.head, vault.head through the database. vault.keys and clinic.json
    did not change in between, so their older copies are the same. Seen to fail with: head.n not
    compared with the end of the trail."""
    older = closed.parent / "older" / name
    same = older.read_bytes() == (copy / name).read_bytes()
    shutil.copyfile(older, copy / name)
    found = fault(copy)
    if same:
        assert found is None
    elif name == anchor.HEAD:
        assert "an older one was put back" in found
    else:
        assert "vault.head knows entry" in found


def test_keys_of_another_vault_are_named_and_nothing_else_is_blamed(copy, tmp_path):
    """In one line, and nobody who verifies is told to verify. Seen to fail with: the first file
    that the foreign keys do not prove named in their place; the sentence of a refused opening."""
    other = Played(tmp_path / "other", "1-straightforward")
    other.desk.close()
    shutil.copyfile(tmp_path / "other" / anchor.KEYS, copy / anchor.KEYS)
    assert fault(copy).startswith("vault.keys: is of another vault than clinic.json and vault.head")
    shutil.copyfile(tmp_path / "other" / anchor.CLINIC, copy / anchor.CLINIC)
    found = fault(copy)
    assert found.startswith("vault.head ")
    assert "run verify" not in found


@pytest.mark.parametrize("more", [2, 14])
def test_an_anchor_older_than_one_transaction_is_found(copy, more):
    """By verify and at opening. Seen to fail with: any number of transactions taken for one crash;
    the entries counted, and not the transactions that wrote them."""
    desk = service.open_vault(copy, "Dana Reyes", PASSWORD, Clock())
    before = (copy / anchor.HEAD).read_bytes()
    for number in range(more):
        desk.register_patient(f"Patient {number}")
    crash(desk)
    now = (copy / anchor.HEAD).read_bytes()
    (copy / anchor.HEAD).write_bytes(before)
    assert "an older one was put back" in fault(copy)
    assert "an older one was put back" in held(copy, "Dana Reyes")
    (copy / anchor.HEAD).write_bytes(now)
    assert fault(copy) is None


def test_a_crash_after_a_transaction_of_many_entries_is_no_fault(copy):
    """Seen to fail with: one entry taken for one transaction."""
    desk = service.open_vault(copy, "Dana Reyes", PASSWORD, Clock())
    before = (copy / anchor.HEAD).read_bytes()
    desk.begin_call()
    crash(desk)
    entries = [json.loads(data)["n"] for data in (before, (copy / anchor.HEAD).read_bytes())]
    assert entries[1] - entries[0] > 1
    (copy / anchor.HEAD).write_bytes(before)
    assert fault(copy) is None
    service.open_vault(copy, "Dana Reyes", PASSWORD, Clock()).close()


def test_a_log_that_is_none_is_found(copy):
    """SQLite passes over it. Seen to fail with: log_fault left out; the salt of the frames not
    compared."""
    chance = random.Random(4)  # noqa: S311 - repeatable, nothing secret
    log = copy / database.LOG
    header = log_header(copy)
    for data in (chance.randbytes(5000), b"x", bytes(40) + b"x", header + chance.randbytes(5000)):
        log.write_bytes(data)
        assert fault(copy).startswith(f"{database.LOG}: ")
    log.unlink()
    assert fault(copy) is None


def log_header(folder):
    desk = service.open_vault(folder, "Dana Reyes", PASSWORD, Clock())
    desk.register_patient("Somebody")
    header = (folder / database.LOG).read_bytes()[:32]
    desk.close()
    return header


def test_a_log_that_a_crash_tore_is_no_fault(tmp_path):
    """A cut anywhere, and parts that were never written, after the last commit. Seen to fail with:
    any log without a whole frame taken for none."""
    folder = tmp_path / "vault"
    desk = open_clinic(folder, Clock(), [COORDINATOR])
    desk.register_patient("Kept")
    desk._office.records._fold_log(0)
    kept = Path(shutil.copytree(folder, tmp_path / "kept"))
    desk.register_patient("Never Committed")
    log = (folder / database.LOG).read_bytes()
    crash(desk)
    for size in (0, 1, 31, 32, 40, 56, 57, 4000, 5000, len(log) - 1):
        for data in (log[:size], log[: min(size, 32)] + bytes(max(0, size - 32)), bytes(size)):
            if size > 32 and not any(data):
                continue  # the header is on the disk before any frame
            (kept / database.LOG).write_bytes(data)
            assert fault(kept, COORDINATOR) is None, size


def test_older_keys_put_back_are_found(tmp_path):
    """Somebody who was added since could be locked out, somebody removed let in. Seen to fail
    with: vault.keys left out of the anchored files."""
    folder = tmp_path / "vault"
    names = [COORDINATOR, ADMINISTRATOR]
    clock = Clock()
    desk = open_clinic(folder, clock, names)
    before = (folder / anchor.KEYS).read_bytes()
    newcomer = people(["Clive"])[0]
    desk.acting_as(ADMINISTRATOR, PASSWORD).clinic.add_staff(newcomer)
    desk.close()
    assert service.verify_vault(folder, "Clive", PASSWORD) is None
    (folder / anchor.KEYS).write_bytes(before)
    found = service.verify_vault(folder, COORDINATOR, PASSWORD)
    assert found.startswith(anchor.KEYS)
    assert anchor.KEYS in held(folder)


def test_a_file_that_is_no_part_of_a_vault_is_named(copy):
    (copy / "notes.txt").write_text("x")
    assert fault(copy).startswith("notes.txt")


def test_an_old_page_spliced_back_is_found(copy, closed):
    """SQLCipher alone does not find it; the trail and its anchor do. Seen to fail with: the
    check of trail and rows left out of verify; the list that SQLite gives, whole."""
    older = (closed.parent / "older" / database.DATABASE).read_bytes()
    now = bytearray((copy / database.DATABASE).read_bytes())
    size = 4096
    changed = [
        place
        for place in range(0, min(len(older), len(now)), size)
        if older[place : place + size] != now[place : place + size]
    ]
    assert len(changed) > 1
    missed, lines, as_now = [], [], rows(copy)
    for place in changed:
        spliced = bytearray(now)
        spliced[place : place + size] = older[place : place + size]
        (copy / database.DATABASE).write_bytes(bytes(spliced))
        found = fault(copy)
        if found is None and rows(copy) != as_now:
            missed.append(place)
        lines.append((found or "").count("\n"))
    assert not missed
    assert set(lines) == {0}


def rows(folder):
    """All that the records say. A page whose rows are those of now changes nothing: what the index
    of names once held there was cleared since."""
    keys = vault.unlock(folder, "Dana Reyes", PASSWORD).keys
    connection = database.connect(folder / database.DATABASE, keys.database)
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        tables = sorted(name for (name,) in names if not name.startswith("finder_words_"))
        return {n: connection.execute(f"SELECT * FROM {n}").fetchall() for n in tables}  # noqa: S608
    finally:
        connection.close()


DEEDS = {
    "changed": "UPDATE answer SET value = 'true' WHERE item = 'suicide.2'",
    "deleted": "DELETE FROM answer WHERE item = 'suicide.2'",
    "added": "INSERT INTO answer SELECT seq + 900, id || 'x', intake_id, item, entry, state,"
    " 'true', source, note, wording, at, by FROM answer WHERE item = 'suicide.2'",
    "entry changed": "UPDATE audit SET actor = 'somebody' WHERE seq = 9",
    "entry deleted": "DELETE FROM audit WHERE seq = 9",
    "newest entries deleted": "DELETE FROM audit WHERE seq > 100",
    "signature changed": "UPDATE signature SET disposition = 'not_suitable'",
    "guard": "",
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_somebody_with_the_key_does_to_rows_is_found(copy, deed):
    """The cipher is of no help against whoever holds the key. Seen to fail with: the rows not
    compared with the payloads of their entries; the chain not compared."""
    keys = vault.unlock(copy, "Dana Reyes", PASSWORD).keys
    connection = database.connect(copy / database.DATABASE, keys.database)
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    guards = guards.fetchall()
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(DEEDS[deed])
    for _, sql in guards if deed != "guard" else guards[1:]:
        connection.execute(sql)
    connection.close()
    assert fault(copy) is not None


def test_a_log_left_by_a_killed_process_is_no_fault_and_a_flip_in_it_is(tmp_path):
    """Seen to fail with: head.n not compared with the end of the trail."""
    folder = tmp_path / "vault"
    desk = open_clinic(folder, Clock(), [COORDINATOR])
    desk.register_patient("Left In The Log")
    killed = tmp_path / "killed"
    killed.mkdir()
    for path in folder.iterdir():
        shutil.copyfile(path, killed / path.name)
    desk.close()
    log = killed / "vault.db-wal"
    assert log.stat().st_size
    assert service.verify_vault(killed, COORDINATOR, PASSWORD) is None
    for place in (40, log.stat().st_size // 2, log.stat().st_size - 1):
        flip(log, place, 3)
        assert service.verify_vault(killed, COORDINATOR, PASSWORD) is not None
        flip(log, place, 3)
    again = service.open_vault(killed, COORDINATOR, PASSWORD, Clock())
    assert len(again.worklist()) == 0
    again.close()
    assert service.verify_vault(killed, COORDINATOR, PASSWORD) is None
