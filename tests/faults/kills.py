"""A kill at every operation of a call of 60 answers, and every operation failed once and for good.

The verdict is by another process: every acknowledged answer is there, one more at most, and the
records verify.
"""

from __future__ import annotations

import errno
import time
from pathlib import Path

from tests.faults.disk import COUNT, FAIL, KILL, Rig, spread

SLOW_SECONDS = 2  # security.md, R1: to open again


def kills(folder: Path, most: int) -> tuple[str, bool]:
    rig = Rig(folder)
    operations = rig.run(COUNT).operations
    points, bad, slowest = spread(operations, most), [], 0.0
    for at in points:
        left = rig.run(KILL, at)
        start = time.monotonic()
        what = left.fault or rig.lost(folder / "vault", left.acknowledged)
        slowest = max(slowest, time.monotonic() - start)
        if what:
            bad.append(f"at {at}: {what}")
    said = f"killed before {len(points)} of {operations} operations: {len(bad)} lost or damaged; "
    said += f"verified and opened again within {slowest:.1f} s"
    return said + "".join(f"\n  {each}" for each in bad[:5]), not bad


def failures(folder: Path, most: int) -> tuple[str, bool]:
    """`most` operations for each of four ways to fail."""
    rig = Rig(folder)
    operations = rig.run(COUNT).operations
    runs, refused, bad = 0, 0, []
    for error in (errno.ENOSPC, errno.EIO):
        for sticky in (False, True):
            for at in spread(operations, most):
                left = rig.run(FAIL, at, error, sticky=sticky)
                what = left.fault or rig.lost(folder / "vault", left.acknowledged)
                runs, refused = runs + 1, refused + left.refused
                if what:
                    bad.append(f"{errno.errorcode[error]} {'for good' * sticky} at {at}: {what}")
    said = f"{runs} runs, ENOSPC and EIO, once and for good: {refused} refusals in a sentence, "
    said += f"{len(bad)} lost, damaged or not in a sentence"
    return said + "".join(f"\n  {each}" for each in bad[:5]), not bad and refused > 0
