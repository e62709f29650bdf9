"""Power cuts: the operations of a call are logged once and replayed up to any point, with what was
not synced dropped, kept, torn or shuffled. The same with synchronous=NORMAL has to lose answers, or
the replay proves nothing.

Not modelled: a disk that says synced and lies; a taken-away name that comes back. A new name, by
rename, lasts from the sync of its folder on and may last before.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from intake_app.store import database
from tests.faults.disk import LOG, Rig

_HEAD = struct.Struct("<cBIq")
_SECTOR = 512


@dataclass(frozen=True)
class Operation:
    kind: str
    name: str
    offset: int
    data: bytes


def logged(rig: Rig, log: Path) -> list[Operation]:
    handle = os.open(log, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600)
    left = rig.run(LOG, handle)
    os.close(handle)
    if left.fault or len(left.acknowledged) != len(rig.items):
        raise AssertionError("the call itself did not go through")
    data, at, found = log.read_bytes(), 0, []
    while at < len(data):
        kind, name, length, offset = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        words, at = data[at : at + name].decode(), at + name
        found.append(Operation(kind.decode(), words, offset, data[at : at + length]))
        at += length
    return found


class Disk:
    """What is synced, and what is under way for each file; names that were given and not synced."""

    def __init__(self, model: Path) -> None:
        files = {p.name: p.read_bytes() for p in model.iterdir() if p.is_file()}
        self.safe = {name: bytearray(data) for name, data in files.items()}
        self.waiting: dict[str, list[Operation]] = {}
        self.acknowledged: list[int] = []
        self._renamed: list[tuple[str, bytearray | None]] = []  # the name, and what it was before

    def do(self, op: Operation) -> None:
        if op.kind == "a":
            self.acknowledged.append(op.offset)
        elif op.kind in "wt":
            self.waiting.setdefault(op.name, []).append(op)
        elif op.kind == "s" and op.name in ("vault", "."):
            self._renamed.clear()
        elif op.kind == "s":
            self._settle(op.name, self.waiting.pop(op.name, []))
        elif op.kind == "u":
            self.safe.pop(op.name, None)
            self.waiting.pop(op.name, None)
        elif op.kind == "r":
            self._rename(op.name, op.data.decode())

    def _rename(self, name: str, to: str) -> None:
        self._renamed.append((to, self.safe.get(to)))
        self.safe[to] = self.safe.pop(name, bytearray())
        self.waiting[to] = self.waiting.pop(name, [])

    def _settle(self, name: str, ops: list[Operation]) -> None:
        held = self.safe.setdefault(name, bytearray())
        for op in ops:
            if op.kind == "t":
                del held[op.offset :]
            else:
                held.extend(bytes(max(0, op.offset - len(held))))
                held[op.offset : op.offset + len(op.data)] = op.data

    def cut(self, chance: random.Random) -> None:
        """The power goes."""
        way = chance.choice(("none", "all", "some", "torn", "shuffled"))
        for name, ops in list(self.waiting.items()):
            self._settle(name, _kept(ops, way, chance))
        if self._renamed and chance.random() < 0.5:
            name, before = self._renamed[-1]
            if before is not None:
                self.safe[name] = before


def _kept(ops: list[Operation], way: str, chance: random.Random) -> list[Operation]:
    if way == "none":
        return []
    if way == "all":
        return ops
    some = [op for op in ops if chance.random() < 0.5]
    if way == "shuffled":
        chance.shuffle(some)
    if way == "torn" and ops:
        last = ops[len(some)] if len(some) < len(ops) else ops[-1]
        at = _SECTOR * chance.randint(0, len(last.data) // _SECTOR)
        some = [*ops[: len(some)], Operation(last.kind, last.name, last.offset, last.data[:at])]
    return some


def replays(folder: Path, trials: int, *, normal: bool = False) -> tuple[str, bool]:
    settings = database._SETTINGS
    if normal:
        weaker = ("synchronous", "NORMAL", 1)
        database._SETTINGS = tuple(weaker if s[0] == "synchronous" else s for s in settings)
    try:
        rig = Rig(folder)
        ops = logged(rig, folder / "log")
    finally:
        database._SETTINGS = settings
    chance, bad = random.Random(11), []  # noqa: S311 - no secret
    for trial in range(trials):
        cut = 1 + (trial * len(ops)) // trials  # every place, as far as there are trials
        disk = Disk(rig.model)
        for op in ops[:cut]:
            disk.do(op)
        disk.cut(chance)
        what = _verdict(rig, folder / "replayed", disk)
        if what:
            bad.append(f"cut after {cut}: {what}")
    kind = "NORMAL, which has to lose" if normal else "FULL"
    said = f"{trials} cuts among {len(ops)} operations, {kind}: {len(bad)} lost or damaged"
    shown = "" if normal else "".join(f"\n  {each}" for each in bad[:5])
    return said + shown, bool(bad) if normal else not bad


def _verdict(rig: Rig, folder: Path, disk: Disk) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in disk.safe.items():
        (folder / name).write_bytes(data)
    return rig.lost(folder, disk.acknowledged, whole=False)
