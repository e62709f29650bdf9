"""A kill at every operation while a vault of 0.1.0 is upgraded by opening it.

What is left has the tables of before or those of now, never others, opens, and says the same.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from intake_app import service
from intake_app.core.errors import IntakeError
from intake_app.store import database, migrations, vault
from tests import first_version
from tests.faults.disk import COUNT, KILL, Rig, spread
from tests.vaults import PASSWORD, use_fast_keys

WHO = first_version.WHO
# Loaded before any child is forked, and not once in each.
assert migrations.scripts().get_heads()


class Upgrade(Rig):
    """Opening, and closing again."""

    def __init__(self, place: Path) -> None:
        use_fast_keys()
        self.place, self.model = place, place / "model"
        played, _rows, self.shown = first_version.in_the_first_version(self.model)
        self.clock = played.clock
        self.before = first_version.step_back(self.model)
        self.keys = vault.unlock(self.model, WHO, PASSWORD).keys
        self.after = self._tables(self._opened(shutil.copytree(self.model, place / "now")))

    def deed(self, folder: Path, told: int, shim: Any) -> None:
        service.open_vault(folder, WHO, PASSWORD, self.clock).close()
        os.write(told, b"operations %d\n" % shim.fault_count())

    def _opened(self, folder: Path) -> Path:
        service.open_vault(folder, WHO, PASSWORD, self.clock).close()
        return folder

    def _tables(self, folder: Path) -> object:
        raw = database.connect(folder / database.DATABASE, self.keys.database)
        try:
            return first_version.catalogue(raw)
        finally:
            raw.close()

    def wrong(self, folder: Path) -> str:
        """What of it is neither of before nor of now, or does not open and verify."""
        image = shutil.copytree(folder, self.place / "image", dirs_exist_ok=True)
        found = self._tables(image)
        shutil.rmtree(image)
        if found not in (self.before, self.after):
            return "its tables are neither those of before nor those of now"
        try:
            desk = service.open_vault(folder, WHO, PASSWORD, self.clock)
            same = desk.show(self.shown.intake.id).intake == self.shown.intake
            hold = desk.hold
            desk.close()
        except IntakeError as refusal:
            return str(refusal)
        return hold or ("" if same else "a chart reads otherwise") or self._verified(folder)

    @staticmethod
    def _verified(folder: Path) -> str:
        return service.verify_vault(folder, WHO, PASSWORD) or ""


def run(folder: Path, most: int) -> tuple[str, bool]:
    rig = Upgrade(folder)
    operations = rig.run(COUNT).operations
    points, bad, old = spread(operations, most), [], 0
    for at in points:
        left = rig.run(KILL, at)
        old += _version(rig, folder / "vault") == "0001"
        what = left.fault or rig.wrong(folder / "vault")
        if what:
            bad.append(f"at {at}: {what}")
    said = f"killed before {len(points)} of {operations} operations of an upgrade: {len(bad)} "
    said += f"neither old nor new; {old} times the old one was left"
    both = len(points) == 1 or 0 < old < len(points)
    return said + "".join(f"\n  {each}" for each in bad[:5]), not bad and both


def _version(rig: Upgrade, folder: Path) -> str:
    image = shutil.copytree(folder, rig.place / "image", dirs_exist_ok=True)
    raw = database.connect(image / database.DATABASE, rig.keys.database)
    found = raw.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    raw.close()
    shutil.rmtree(image)
    return str(found)
