"""Kinds that need the shim, or limits of their own: each in a process of its own, which has the
shim from its start. `python -m tests.faults.shimmed [--short] [--most=N] [KIND ...]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.faults import disk, kills, mutate, power, upgrades
from tests.faults.common import Figure

# Whether a kind needs the shim, its long and its short amount.
KINDS: dict[str, tuple[bool, Callable[..., tuple[str, bool]], int, int]] = {
    "kills": (True, kills.kills, 100_000, 6),
    "failures": (True, kills.failures, 150, 1),
    "upgrades": (True, upgrades.run, 100_000, 3),
    "power": (True, power.replays, 4_000, 40),
    "power_normal": (True, partial(power.replays, normal=True), 400, 40),
    "mutate": (False, mutate.run, 10_000, 200),
}


def main(words: list[str]) -> int:
    """Those that need the shim run in a process of their own, which has it from its start."""
    options = [word for word in words if word.startswith("--")]
    chosen = [word for word in words if not word.startswith("--")] or list(KINDS)
    if "--inside" in words:
        return _inside(chosen[0], Path(chosen[1]), options)
    well = [_run(kind, options) for kind in chosen]
    return 0 if all(well) else 1


def _run(kind: str, options: list[str]) -> bool:
    with tempfile.TemporaryDirectory(prefix="faults-", dir=_fast()) as made:
        place = Path(made) / "place"
        place.mkdir()
        shim = disk.compiled(Path(made))
        if KINDS[kind][0] and shim is None:
            print(f"{kind}: NOT RUN, needs Linux and a C compiler")
            return True
        env = disk.environment(shim, place) if shim else None
        command = [sys.executable, "-m", "tests.faults.shimmed", kind, str(place), "--inside"]
        start = time.monotonic()
        done = subprocess.run([*command, *options], env=env, check=False)
        print(f"  {kind}: {time.monotonic() - start:.0f} s", flush=True)
        return done.returncode == 0


def _fast() -> str | None:
    """In memory where there is such a place: nothing here measures a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def _inside(kind: str, place: Path, options: list[str]) -> int:
    _needs, deed, long_amount, short_amount = KINDS[kind]
    amount = long_amount
    if "--short" in options:
        disk.ANSWERS, amount = 12, short_amount
    chosen = [int(each.partition("=")[2]) for each in options if each.startswith("--most=")]
    said, well = deed(place, *(chosen or [amount]))
    print(f"{kind}: {said}{'' if well else '  NOT WELL'}", flush=True)
    return 0 if well else 1


def figure(kind: str, times: int, _place: Path) -> Figure:
    """For `make faults`."""
    words = [sys.executable, "-m", "tests.faults.shimmed", f"--most={times}", kind]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    return Figure(said, times, () if done.returncode == 0 else ("see above",))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
