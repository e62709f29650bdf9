"""The real window, killed at any moment while somebody answers by keys.

Each strike is a process of its own, with Qt's own key events; an answer counts as acknowledged once
the header shows that it is saved. `python -m tests.faults.window FOLDER` is that process.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from intake_app import service
from intake_app.store import database, vault
from tests.faults.common import Figure
from tests.vaults import ADMINISTRATOR, COORDINATOR, PASSWORD, Clock, open_clinic, use_fast_keys

ROOT = Path(__file__).parent.parent.parent
# So many answers are waited for at most before a strike; the call has more.
MOST = 12
# Up to so long after the last of them: some keys of a person who types fast.
SECONDS = 0.15


def run(times: int, place: Path) -> Figure:
    model = place / "model"
    open_clinic(model, Clock(), [COORDINATOR, ADMINISTRATOR]).close()
    keys = vault.unlock(model, COORDINATOR, PASSWORD).keys
    chance = random.Random(20261130)  # noqa: S311 - repeatable, nothing secret
    missed, seen = [], 0
    for number in range(times):
        folder = place / "vault"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(model, folder)
        told = _struck(folder, chance.randint(0, MOST), chance.random() * SECONDS)
        seen += len(told)
        missed += [f"{number}: {what}" for what in _lost(folder, keys, told)]
    said = f"kills of the real window, {seen} answers shown as saved"
    return Figure(said, times, tuple(missed if seen or times < MOST else ["nothing was saved"]))


def _struck(folder: Path, after: int, more: float) -> list[str]:
    """The ids of the answers that the window said were saved, before it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.window", str(folder)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    told = []
    for line in child.stdout:
        told.append(line.strip())
        if len(told) > after:  # the first line says that the call is open
            break
    time.sleep(more)
    child.kill()
    told += [line.strip() for line in child.stdout if line.endswith("\n")]
    child.wait()
    child.stdout.close()
    return told[1:] if told[:1] == ["open"] else ["the window never opened"]


def _lost(folder: Path, keys: vault.Keys, told: list[str]) -> list[str]:
    fault = service.verify_vault(folder, COORDINATOR, PASSWORD)
    if fault:
        return [fault]
    records = database.open_records(folder, keys)
    with records.look() as connection:
        held = set(connection.execute(text("SELECT id FROM answer")).scalars())
    records.close()
    return [f"{answer} is gone" for answer in told if answer not in held]


def main() -> None:
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415 - of the child alone

    from tests.walk import QtKeys, Walk, wait  # noqa: PLC0415

    use_fast_keys()
    folder = Path(sys.argv[1])
    hands = Walk(QApplication([]), folder, QtKeys())
    hands.app._enter(service.open_vault(folder, COORDINATOR, PASSWORD, Clock()))
    window = hands.app.main
    window.desk.change(lambda s: s.begin_call())
    window.go("call")
    wait(window.isActiveWindow)
    print("open", flush=True)
    seen: set[str] = {answer.id for answer in hands.case.intake.answers}
    while window.screen_name == "call":
        hands._answer(hands.question, () if "medic" in hands.question else hands._no())
        if window._saved.text().startswith("✓"):
            for answer in hands.case.intake.answers:
                if answer.id not in seen:
                    print(answer.id, flush=True)
                    seen.add(answer.id)
    time.sleep(600)  # until it is killed


if __name__ == "__main__":
    main()
