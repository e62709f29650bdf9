"""Records that do not agree with their seal: read and copied, and nothing else."""

import shutil
from dataclasses import replace

import pytest

from intake_app import service
from intake_app.core import events
from intake_app.core.errors import IntakeError, NotAllowed
from intake_app.core.model import Role
from intake_app.store import anchor, audit, database, vault
from tests.test_service import METHODS, attempt
from tests.vaults import NUMBERS, PASSWORD, Clock, held

NAME = "Robin Vale"


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hold") / "vault"
    person = service.NewPerson(NAME, frozenset(Role), PASSWORD)
    about = service.Clinic("Test Clinic", numbers=NUMBERS)
    desk, _key = service.create_vault(folder, about, [person], Clock())
    intake = desk.begin_call().intake.id
    desk.identify_patient(intake, "Pat Example")
    desk.record_answer(intake, "stroke_ever", True)
    desk.close()
    return folder


@pytest.fixture
def folder(closed, tmp_path):
    return shutil.copytree(closed, tmp_path / "vault")


def tamper(folder, *statements):
    keys = vault.unlock(folder, NAME, PASSWORD).keys
    connection = database.connect(folder / database.DATABASE, keys.database)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def change_a_row(folder):
    tamper(
        folder,
        "DROP TRIGGER audit_no_update",
        "UPDATE audit SET actor = 'x' WHERE seq = (SELECT max(seq) - 3 FROM audit)",
    )


def older_head(folder):
    before = (folder / anchor.HEAD).read_bytes()
    desk = service.open_vault(folder, NAME, PASSWORD, Clock())
    desk.close()
    (folder / anchor.HEAD).write_bytes(before)


def break_a_page(folder):
    """The last one, which the newest entries are on or near."""
    path = folder / database.DATABASE
    data = bytearray(path.read_bytes())
    for place in range(4096 * 2 + 100, len(data), 4096):
        data[place] ^= 1
    path.write_bytes(bytes(data))


DEEDS = {
    "a row": change_a_row,
    "an older head": older_head,
    "no head": lambda folder: (folder / anchor.HEAD).unlink(),
    "numbers": lambda folder: (folder / anchor.CLINIC).write_text('{"numbers":{"on_call":"x"}}\n'),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_does_not_fit_is_opened_to_read_and_left_as_it_is(folder, deed):
    """Seen to fail with: opening refused altogether; the records opened in their place, whose log
    is then folded in."""
    DEEDS[deed](folder)
    held(folder, NAME)
    assert service.verify_vault(folder, NAME, PASSWORD) is not None


def test_what_cannot_be_read_at_all_is_refused_with_its_reason(folder):
    break_a_page(folder)
    with pytest.raises(database.CannotOpen, match="damaged"):
        service.open_vault(folder, NAME, PASSWORD, Clock())


# A backup of records that do not fit would take the place of a good one.
REFUSED = {"back_up", "check_trail"}
READING = {name for name, own in events.LEAVES.items() if own and own <= events.LOOKED} - REFUSED
SILENT = {name for name, own in events.LEAVES.items() if not own}


def newest(desk):
    """The end of the trail as it is read, which on hold is that of a private copy."""
    with desk._office.records.look() as connection:
        return audit.newest(connection)


def test_on_hold_every_method_reads_or_is_refused(folder, tmp_path):
    """Whatever a method is: on hold it keeps nothing. Seen to fail with: `add_note` taken for one
    that only looks; the entries of looking kept."""
    change_a_row(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    desk = service.open_vault(folder, NAME, PASSWORD, Clock())
    end = newest(desk)
    for name in METHODS:
        if name in READING | SILENT:
            try:
                attempt(desk, name, tmp_path)
            except database.OnHold:
                pytest.fail(f"{name} only looks")
            except IntakeError:
                pass
        else:
            with pytest.raises(database.OnHold):
                attempt(desk, name, tmp_path)
    (row,) = desk.worklist()
    assert desk.show(row.intake_id).intake.patient.name == "Pat Example"
    assert desk.print_summary(row.intake_id, tmp_path / "out.pdf").read_bytes()[:4] == b"%PDF"
    assert desk.about.numbers == NUMBERS
    assert newest(desk) == end
    desk.close()
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {n: d for n, d in after.items() if d} == {n: d for n, d in before.items() if d}


def test_a_role_opens_nothing_more_on_hold(folder):
    """Seen to fail with: the gate left out of `view`."""
    change_a_row(folder)
    desk = service.open_vault(folder, NAME, PASSWORD, Clock())
    desk._office.people = {desk.staff.id: replace(desk.staff, roles=frozenset())}
    for name in READING:
        with pytest.raises(NotAllowed), desk._session.view(name):
            pass
    desk.close()


def test_nothing_leaves_that_was_changed_while_it_was_open(folder, tmp_path):
    """Proven before a summary or the trail is saved as a file; then on hold, and what leaves says
    so. Seen to fail with: no proof before either."""
    data = (folder / anchor.CLINIC).read_bytes()
    for name in ("summary.pdf", "trail.csv"):
        desk = service.open_vault(folder, NAME, PASSWORD, Clock())
        intake, path = desk.worklist()[0].intake_id, tmp_path / name

        def leave(desk=desk, intake=intake, path=path):
            if path.suffix == ".pdf":
                return desk.print_summary(intake, path)
            return desk.trail.export_trail(service.Wanted(), path)

        (folder / anchor.CLINIC).write_bytes(data.replace(b"988", b"989"))
        with pytest.raises(database.OnHold, match=anchor.CLINIC):
            leave()
        assert not path.exists()
        assert anchor.CLINIC in desk.hold
        assert leave().stat().st_size
        desk.close()
        (folder / anchor.CLINIC).write_bytes(data)


def test_nobody_signs_what_was_changed_while_it_was_open(folder, tmp_path):
    """The whole trail is proven before each signature, not its newest entries alone; from then on
    nothing is written. Seen to fail with: no proof before signing; the hold not kept."""
    desk = service.open_vault(folder, NAME, PASSWORD, Clock())
    intake = desk.worklist()[0].intake_id
    desk.show(intake)
    data = (folder / anchor.CLINIC).read_bytes()
    (folder / anchor.CLINIC).write_bytes(data.replace(b"988", b"989"))
    with pytest.raises(database.OnHold, match=anchor.CLINIC):
        desk.sign(intake, NAME, PASSWORD, "on_hold", "x")
    assert anchor.CLINIC in desk.hold
    with pytest.raises(database.OnHold):
        desk.add_note(intake, "lost")
    assert desk.show(intake).intake.patient.name == "Pat Example"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    desk.close()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
