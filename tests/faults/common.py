"""What the kinds of fault share: a vault to hurt, and how a kind tells what it found.

A kind is one module with `run(times, place) -> Figure`; its place in `KINDS` of `__main__`. `times`
is how often it strikes, `place` an empty folder of its own. A short form of each stands in
`test_faults.py`, with the proof that a planted defect is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from intake_app import backups
from intake_app.store import anchor, database, vault, verify
from tests.vaults import PASSWORD, Played, put, taken

WHO = "Dana Reyes"


@dataclass(frozen=True)
class Figure:
    """`missed` names each strike that nobody noticed, or that made something throw."""

    what: str
    times: int
    missed: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"{self.what}: {self.times:,} times, {len(self.missed)} undetected"
        return "\n    ".join([said, *self.missed[:10]])


def played(place: Path) -> Path:
    """A closed vault with a signed intake and an addendum, and an earlier backup in `older`."""
    put(_played(), place)
    return place / "vault"


@cache
def _played() -> dict[Path, bytes]:
    with TemporaryDirectory() as place:
        _play(Path(place))
        return taken(Path(place))


def _play(place: Path) -> None:
    made = Played(place / "vault", "1-straightforward")
    intake = made.case.intake.id
    made.desk.backups.back_up(place / "older")
    name = made.clinician.staff.name
    made.clinician.add_addendum(intake, "Lab called.", name, PASSWORD)
    call = made.desk.begin_call().intake.id
    made.desk.identify_patient(call, "Somebody Else")
    made.desk.record_answer(call, "suicide.4", True)
    made.desk.add_note(call, "rings off")
    made.desk.close()


def keys_of(folder: Path) -> vault.Keys:
    return vault.unlock(folder, WHO, PASSWORD).keys


def fault(folder: Path, keys: vault.Keys) -> str | None:
    """What verify says, without paying for the password again; any error is a finding of its own:
    the verifier has to be total."""
    try:
        vault.read(folder)
    except vault.DamagedKeys as damaged:
        return str(damaged)
    return verify.first_fault(folder, keys, backups.proven)


NAMES = (database.DATABASE, anchor.KEYS, anchor.HEAD, anchor.CLINIC)
