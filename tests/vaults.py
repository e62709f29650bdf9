"""Real encrypted vaults for tests, with a key derivation that is fast and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from intake_app import cases, content, service
from intake_app.core.model import Role
from intake_app.store import database, vault
from intake_app.transaction import Office, Session

FAST = vault.KdfParams(memory_kib=128, iterations=1, lanes=1)
PASSWORD = "a password for tests"
DEMO = content.RESOURCES / "demo" / "cases"
COORDINATOR, CLINICIAN, DESK, ADMINISTRATOR = "Cora", "Clive", "Fran", "Ada"
PEOPLE = {
    COORDINATOR: {Role.COORDINATOR},
    CLINICIAN: {Role.CLINICIAN},
    DESK: {Role.FRONT_DESK},
    ADMINISTRATOR: {Role.ADMINISTRATOR},
}
# All that has to be set before a call can begin.
NUMBERS = {
    "on_call": "Clive, 555 0100",
    "backup": "Bea, 555 0101",
    "crisis_line": "988",
    "emergency": "911",
}


# What the app takes, for the tests that look at it.
REAL_FLOOR, REAL_KDF = vault.FLOOR, vault.DEFAULT_KDF


def use_fast_keys(kdf=FAST):
    """The key derivation of real vaults would cost minutes here."""
    vault.FLOOR = vault.DEFAULT_KDF = kdf


@pytest.fixture(scope="session", autouse=True)
def _fast_keys():
    use_fast_keys()


@pytest.fixture
def known_by_heart(monkeypatch):
    """Whatever is taken from memory is what the rows say. How often something was."""
    taken = []
    intake = Office.intake

    def proven(office, connection, intake_id, head=None):
        found = intake(office, connection, intake_id, head)
        if office._latest is not None and found[0] is office._latest[1]:
            assert found == office.load(connection, intake_id)
            taken.append(intake_id)
        return found

    monkeypatch.setattr(Office, "intake", proven)
    return taken


class Clock:
    """Moves on a second at each reading; `now` may be set."""

    def __init__(self, now=datetime(2026, 3, 10, 9, tzinfo=UTC)):
        self.now = now

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


def people(names=PEOPLE):
    return [service.NewPerson(name, frozenset(PEOPLE[name]), PASSWORD) for name in names]


TEST_CLINIC = service.Clinic("Test Clinic", numbers=NUMBERS)


def create_clinic(folder: Path, clock, names=PEOPLE, about=TEST_CLINIC):
    return service.create_vault(folder, about, people(names), clock)[0]


def taken(folder: Path):
    """Every file under a folder, to `put` it elsewhere."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


def put(files, folder: Path):
    for name, data in files.items():
        (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(data)


_created = {}


def open_clinic(folder: Path, clock, names=PEOPLE, about=TEST_CLINIC):
    """What `create_clinic` leaves, each byte of it: laid out once in a session for the same staff,
    clinic and minute, and copied, since to lay it out takes longer than most tests. Two clinics
    that are to have keys of their own are created."""
    what = (tuple(names), repr(about), clock.now)
    if what not in _created:
        with TemporaryDirectory() as place:
            desk = create_clinic(Path(place) / "vault", clock, names, about)
            crash(desk)
            _created[what] = taken(Path(place) / "vault"), desk.staff, clock.now
    files, founder, clock.now = _created[what]
    put(files, folder)
    unlocked = vault.unlock(folder, founder.name, PASSWORD)
    records = database.open_records(folder, unlocked.keys)
    return service.IntakeService(Session(Office(records, about, clock), founder, unlocked.pen))


def crash(desk):
    """The records closed, and no entry of anybody leaving: the last commit is the last deed."""
    desk._office.records.close()


def held(folder, who=COORDINATOR):
    """What is wrong, of records that are opened on hold; their files are as before."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    desk = service.open_vault(folder, who, PASSWORD, Clock())
    desk.worklist()
    found = desk.hold
    desk.close()
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name: data for name, data in after.items() if data} == {
        name: data for name, data in before.items() if data
    }
    assert found
    return found


class Played:
    """A demo call replayed on a real vault, and left open."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = cases.read(DEMO / f"{name}.toml")
        self.clock = cases.CaseClock(self.file.today)
        staff = [service.NewPerson(p.name, p.roles, PASSWORD) for p in self.file.staff]
        self.desk, _ = service.create_vault(folder, self.file.clinic, staff, self.clock)
        self.saved = []
        replay = cases.Replay(self.desk, self.file, self.clock, PASSWORD, self.saved.append)
        self.case = replay.run()
        self.result = cases.result(self.case)
        self.pdf = self.desk.print_summary(self.case.intake.id, folder.parent / f"{name}.pdf")
        self.clinician = self.desk.acting_as("Dr. Ines Okafor", PASSWORD)

    def flag(self, id_):
        return next(flag for flag in self.result["flags"] if flag["id"] == id_)

    @property
    def flags(self):
        return {flag["id"] for flag in self.result["flags"]}

    def reads(self, item):
        return self.result["answers"][item]["reads"]

    def source(self, item):
        return self.result["answers"][item]["source"]
