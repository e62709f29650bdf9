"""One bit of one byte turned over, anywhere in a vault or in a backup of it."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.common import NAMES, Figure, fault, keys_of, played


def run(times: int, place: Path) -> Figure:
    """Half of the strikes in the small files: key slots, anchor, numbers. The rest in the records,
    of which the audit trail is a part. Vault and backup by turns."""
    vault_ = played(place)
    copies = (vault_, place / "older")
    keys = keys_of(vault_)
    chance = random.Random(20261124)  # noqa: S311 - repeatable, nothing secret
    missed = []
    for number in range(times):
        folder = copies[number % 2]
        name = NAMES[chance.choice((0, 0, 0, 1, 2, 3))]
        strike = _flip(folder / name, chance)
        missed += _look(folder, keys, f"{folder.name}/{name} {strike}")
        _flip_back(folder / name, strike)
    missed += [
        f"{folder.name}: a fault without a strike" for folder in copies if fault(folder, keys)
    ]
    return Figure(
        "byte flips in records, key slots, anchor, numbers and backup", times, tuple(missed)
    )


def _flip(path: Path, chance: random.Random) -> tuple[int, int]:
    strike = chance.randrange(path.stat().st_size), 1 << chance.randrange(8)
    _flip_back(path, strike)
    return strike


def _flip_back(path: Path, strike: tuple[int, int]) -> None:
    at, bit = strike
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ bit]))


def _look(folder: Path, keys: object, what: str) -> list[str]:
    try:
        found = fault(folder, keys)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - the verifier has to be total
        return [f"{what}: {type(error).__name__}"]
    return [] if found else [what]
