"""`make faults`: every kind of fault, often enough to be believed. Exits 1 where one was missed.

A name as argument runs that kind alone, a number after it says how often.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.faults import canaries, edits, flips, shimmed, window
from tests.faults.common import Figure
from tests.vaults import use_fast_keys

# Each kind, and how often it strikes where nothing else is said.
KINDS: dict[str, tuple[Callable[[int, Path], Figure], int]] = {
    "flips": (flips.run, 10_000),
    "edits": (edits.run, 500),
    "window": (window.run, 200),
    "canaries": (canaries.run, 100),
    **{
        name: (partial(shimmed.figure, name), often)
        for name, (_shim, _run, often, _short) in shimmed.KINDS.items()
    },
}


def main(arguments: list[str]) -> int:
    names = arguments[:1] or list(KINDS)
    missed = 0
    use_fast_keys()
    for name in names:
        run, often = KINDS[name]
        times = int(arguments[1]) if len(arguments) > 1 else often
        with tempfile.TemporaryDirectory(prefix="faults-") as place:
            began = time.monotonic()
            figure = run(times, Path(place))
            print(f"{figure}  ({time.monotonic() - began:.0f} s)", flush=True)
        missed += len(figure.missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
