"""A short form of each long run of `make faults`, and the defects that it has to find.

"Seen to fail with" names the defect planted to prove a test.
"""

import random
import shutil
import sys
from pathlib import Path

import pytest

from tests.faults import disk, mutate, power, shimmed

ROOT = Path(__file__).parent.parent
shim = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not (shutil.which("cc") or shutil.which("gcc")),
    reason="the shim needs Linux and a C compiler",
)


@shim
@pytest.mark.parametrize("kind", ["kills", "failures", "upgrades", "power", "power_normal"])
def test_nothing_acknowledged_is_lost(kind, capfd, monkeypatch):
    """Seen to fail with: synchronous=NORMAL (which `power_normal` demands); `saved` told before
    the commit; an OSError of the anchor let through."""
    monkeypatch.chdir(ROOT)
    status = shimmed.main(["--short", kind])
    said = capfd.readouterr()
    assert status == 0, said
    assert f"{kind}: " in said.out


def test_mutated_files_are_read_or_refused():
    """Both happen. Seen to fail with: a reader that raises KeyError."""
    chance = random.Random(3)  # noqa: S311 - no secret
    base = mutate.sample()
    found = {mutate.outcome(mutate.mutated(base, chance)) for _each in range(300)}
    assert found == {"read", "refused"}


def test_a_power_cut_keeps_what_was_synced_and_no_more(tmp_path):
    """The model itself. Seen to fail with: writes settled as they come; a torn write kept whole."""
    (tmp_path / "f").write_bytes(b"old ")
    held = power.Disk(tmp_path)
    held.do(power.Operation("w", "f", 4, b"synced"))
    held.do(power.Operation("s", "f", 0, b""))
    held.do(power.Operation("w", "f", 10, b"lost" * 400))
    held._settle("f", power._kept(held.waiting["f"], "none", random.Random(1)))  # noqa: S311
    assert held.safe["f"] == b"old synced"
    torn = power._kept(held.waiting["f"], "torn", random.Random(2))  # noqa: S311 - no secret
    assert all(len(op.data) % 512 == 0 or len(op.data) == 1600 for op in torn)


def test_the_points_of_a_run_are_spread_over_all_of_it():
    assert disk.spread(5, 9) == [1, 2, 3, 4, 5]
    assert disk.spread(1000, 4) == [1, 334, 667, 1000]
