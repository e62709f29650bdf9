"""Scoring beside fhirpath.js, the engine of FHIR forms, on the same sheets in the same run.

The npm package is fetched once into a cache of the person's own; where there is no node, npm or
network nothing is measured, and the row says so.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
from itertools import cycle
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from intake_app import content
from intake_app.core.instrument import Instrument, score
from tests.bench.common import Row, times

PACKAGE = "fhirpath@5.2.2"
ROUNDS = 2_000
SHEETS = 50
LIMIT = "ours at least 20 x faster"


def rows(folder: Path) -> list[Row]:
    home = _installed()
    if home is None:
        return [("scoring beside fhirpath.js", "not measured: no node, npm or network", LIMIT)]
    folder.mkdir()
    tasks = {name: _task(name) for name in ("phq9", "audit")}
    sheets = folder / "sheets.json"
    sheets.write_text(json.dumps(tasks))
    command = ["node", str(Path(__file__).with_suffix(".js")), str(home), str(sheets)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(told.stdout)
    return [row for name in tasks for row in _beside(name, tasks[name]["sheets"], found[name])]


def _installed() -> Path | None:
    home = user_cache_path("ketamine-intake-bench", appauthor=False) / "npm"
    if (home / "node_modules" / "fhirpath").is_dir() and shutil.which("node"):
        return home
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    home.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--ignore-scripts", "--no-save", PACKAGE]
    done = subprocess.run(command, check=False, cwd=home, capture_output=True, timeout=300)
    return home if done.returncode == 0 else None


def _task(name: str) -> dict[str, Any]:
    """Whole sheets: FHIRPath has no bounds to give for the others."""
    instrument = content.instrument(content.shipped(), name)
    chance = random.Random(9)  # noqa: S311 - which sheets are scored is no secret
    sheets = [
        [
            chance.choice([int(option.code) for option in item.options])
            for item in instrument.scored_items
        ]
        for _unused in range(SHEETS)
    ]
    if name == "audit":  # what a skip leaves out is not on the form, and never drinking is common
        sheets = [[row[0] or 1, row[1] or 1, *row[2:]] for row in sheets]
    parts = " or ".join(f"linkId='{place}'" for place in range(1, len(sheets[0]) + 1))
    whole = f"item.where({parts}).answer.value"
    band = _bands(instrument)
    total = f"iif({whole}.count() = {len(sheets[0])}, {whole}.sum(), {{}})"
    return {"sheets": sheets, "total": total, "band": band, "rounds": ROUNDS}


def _bands(instrument: Instrument) -> str:
    """The highest band first, as such forms are written."""
    said = "''"
    for each in sorted(instrument.bands, key=lambda band: band.least):
        said = f"iif(%total >= {each.least}, '{each.label}', {said})"
    return said


def _beside(name: str, sheets: list[list[int]], theirs: dict[str, Any]) -> list[Row]:
    instrument = content.instrument(content.shipped(), name)
    ids = [item.id for item in instrument.scored_items]
    points = [dict(zip(ids, sheet, strict=True)) for sheet in sheets]
    for sheet, (total, band) in zip(points, theirs["results"], strict=True):
        ours = score(instrument, sheet)
        if (ours.total, ours.severity) != (total, band):
            raise RuntimeError(f"{name}: {sheet} gives {ours}, fhirpath.js {total} {band}")
    turn = cycle(points)
    taken = times(lambda _n: score(instrument, next(turn)), ROUNDS)
    median = statistics.median(taken)
    ratio = theirs["median"] / median
    return [
        (f"{name}: total and band of a sheet", f"median {median * 1000:.1f} us", LIMIT),
        ("  fhirpath.js, compiled", f"median {theirs['median']:.2f} ms", f"ours {ratio:.0f} x"),
    ]
