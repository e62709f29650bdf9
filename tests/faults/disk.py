"""What a process does to the files of a vault, seen by the shim: a call of 60 answers that is
killed, failed or logged at any operation, and what is left of it.

Each run is a child forked from a process that has everything loaded; the shim is in both and acts
in the child alone. An answer is acknowledged once `record_answer` has returned.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from intake_app import service
from intake_app.core.errors import IntakeError
from intake_app.store import database, vault
from tests.vaults import ADMINISTRATOR, COORDINATOR, PASSWORD, Clock, open_clinic, use_fast_keys

ANSWERS = 60
COUNT, KILL, FAIL, LOG = 1, 2, 3, 4
SOURCE = Path(__file__).with_name("shim.c")
SHIM = "FAULT_SHIM"


def compiled(folder: Path) -> Path | None:
    """None where there is no compiler: then nothing here runs, and it is said so."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    made = folder / "shim.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"]
    return made if subprocess.run(command, check=False).returncode == 0 else None


def environment(shim: Path, folder: Path) -> dict[str, str]:
    """For a process that is to be seen by the shim."""
    told = {"LD_PRELOAD": str(shim), SHIM: str(shim), "FAULT_UNDER": str(folder)}
    return {**os.environ, **told, "QT_QPA_PLATFORM": "offscreen"}


def _shim() -> Any:
    found = ctypes.CDLL(os.environ[SHIM])
    found.fault_arm.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    found.fault_count.restype = ctypes.c_long
    found.fault_mark.argtypes = [ctypes.c_long]
    return found


@dataclass
class Left:
    """What the child said before it ended. `fault` is anything but a refusal in a sentence."""

    acknowledged: list[int] = field(default_factory=list)
    refused: int = 0
    operations: int = 0
    fault: str = ""


class Rig:
    """A vault with an open call, copied for each run. `place` has to lie under FAULT_UNDER."""

    def __init__(self, place: Path) -> None:
        use_fast_keys()
        self.place = place
        self.model = place / "model"
        desk = open_clinic(self.model, Clock(), [COORDINATOR, ADMINISTRATOR])
        self.intake = desk.begin_call().intake.id
        protocol = desk.show(self.intake).protocol
        asked = [i for i in protocol.items.values() if i.kind == "yes_no"]
        self.items = [i.id for i in asked if i.id not in protocol.repeated][:ANSWERS]
        desk.close()
        self.keys = vault.unlock(self.model, COORDINATOR, PASSWORD).keys

    def run(self, mode: int, at: int = 0, error: int = 0, *, sticky: bool = False) -> Left:
        """On a fresh copy in `place/vault`."""
        folder = self.place / "vault"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.model, folder)
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            shim = _shim()
            shim.fault_arm(mode, at, error, int(sticky))
            _as_child(lambda: self.deed(folder, write, shim))
        os.close(write)
        with os.fdopen(read) as told:
            left = _understood(told.read())
        _pid, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            left.fault = left.fault or "the process ended by itself"
        return left

    def deed(self, folder: Path, told: int, shim: Any) -> None:
        """The call, and its end. Whatever is refused is given once more, as a person would."""
        try:
            desk = service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
        except IntakeError:  # nothing was recorded, and nothing can be
            os.write(told, b"refused 0\n")
            return
        for number, item in enumerate(self.items):
            for _again in range(2):
                try:
                    desk.record_answer(self.intake, item, value=False)
                except IntakeError:
                    os.write(told, b"refused 0\n")
                else:
                    shim.fault_mark(number)
                    os.write(told, b"saved %d\n" % number)
                    break
        desk.close()
        os.write(told, b"operations %d\n" % shim.fault_count())

    def lost(self, folder: Path, acknowledged: list[int], *, whole: bool = True) -> str:
        """What of it is not there, or does not verify; "" where all is well."""
        if whole:
            fault = service.verify_vault(folder, COORDINATOR, PASSWORD)
            if fault:
                return fault
        try:
            records = database.open_records(folder, self.keys)
        except IntakeError as refusal:
            return str(refusal)
        with records.look() as connection:
            held = set(connection.execute(text("SELECT item FROM answer")).scalars())
        records.close()
        gone = [n for n in acknowledged if self.items[n] not in held]
        extra = len(held) - len(acknowledged)
        if gone:
            return f"{len(gone)} acknowledged answers are gone"
        return f"{extra} answers too many" if whole and extra > 1 else ""


def _as_child(deed: Callable[[], None]) -> None:
    """Ends the process; what it raises is told by its class."""
    try:
        deed()
    except BaseException as bug:  # noqa: BLE001 - that is what is looked for
        os.write(2, f"{type(bug).__name__}: {bug}\n".encode())
        os._exit(1)
    os._exit(0)


def _understood(told: str) -> Left:
    left = Left()
    for line in told.splitlines():
        what, number = line.split()
        if what == "saved":
            left.acknowledged.append(int(number))
        left.refused += what == "refused"
        left.operations = int(number) if what == "operations" else left.operations
    return left


def spread(operations: int, most: int) -> list[int]:
    """At most so many of the operations, the first and the last among them, evenly."""
    if most == 1:
        return [(operations + 1) // 2]
    if operations <= most:
        return list(range(1, operations + 1))
    return sorted({1 + round(n * (operations - 1) / (most - 1)) for n in range(most)})
