"""Real encrypted vaults for tests, with a key derivation that is fast and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake_app import cases, content, service
from intake_app.core.model import Role
from intake_app.store import vault

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


@pytest.fixture(scope="session", autouse=True)
def _fast_keys():
    """The floor of the key derivation is for real vaults; here it would cost minutes."""
    floor, vault.FLOOR = vault.FLOOR, FAST
    yield
    vault.FLOOR = floor


class Clock:
    """Moves on a second at each reading; `now` may be set."""

    def __init__(self, now=datetime(2026, 3, 10, 9, tzinfo=UTC)):
        self.now = now

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


def people(names=PEOPLE):
    return [service.NewPerson(name, frozenset(PEOPLE[name]), PASSWORD) for name in names]


def open_clinic(folder: Path, clock, names=PEOPLE, about=None):
    about = about or service.Clinic("Test Clinic", numbers=NUMBERS)
    return service.create_vault(folder, about, people(names), clock, FAST)[0]


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
        self.desk, _ = service.create_vault(folder, self.file.clinic, staff, self.clock, FAST)
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
