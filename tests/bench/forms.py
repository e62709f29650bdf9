"""Showing PHQ-9 and its score beside LHC-Forms in headless Chromium, in one run.

The package is fetched once into a cache of the person's own; where there is no Chromium, npm or
network nothing is measured, and the rows say so. Theirs shows all nine, so ours is the list;
ours saves each answer to disk and screens the whole intake before it paints, theirs does neither.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tarfile
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from intake_app.core.model import Stage
from tests.bench import common
from tests.bench.common import Row, times

PACKAGE = "lforms@40.1.3"
LIMIT = "ours at least 3 x faster"
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_PAGE = """<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="/webcomponent/styles.css">
<div id="form"></div><script src="/webcomponent/assets/lib/zone.min.js"></script>
<script src="/webcomponent/lhc-forms.js"></script><script src="/fhir/R4/lformsFHIR.min.js"></script>
<script>%s</script>"""
_NAMES = ("PHQ-9 shown, warm", "PHQ-9: an answer scored and painted")


def rows(folder: Path) -> list[Row]:
    home, browser = _unpacked(), next(filter(None, map(shutil.which, _BROWSERS)), None)
    theirs = _measure(home, browser) if home and browser else {}
    if not theirs or "error" in theirs:
        why = theirs.get("error", "no Chromium, npm or network") if theirs else "no Chromium or npm"
        return [(f"{name}, beside LHC-Forms", f"not measured: {why}", LIMIT) for name in _NAMES]
    ours = _ours(folder)
    return [
        row
        for name, mine, key in zip(_NAMES, ours, ("shown", "scored"), strict=True)
        for row in _beside(name, mine, sorted(theirs[key]))
    ]


def _beside(name: str, ours: list[float], theirs: list[float]) -> list[Row]:
    ratio = statistics.median(theirs) / statistics.median(ours)
    return [
        (name, common.figure(ours), LIMIT),
        (
            "  LHC-Forms, the same in headless Chromium",
            common.figure(theirs),
            f"ours {ratio:.1f} x",
        ),
    ]


def _unpacked() -> Path | None:
    """The folder of the package that is served."""
    home = user_cache_path("ketamine-intake-bench", appauthor=False) / "lforms"
    served = home / "package" / "dist" / "lforms"
    if served.is_dir():
        return served
    if not shutil.which("npm"):
        return None
    home.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", PACKAGE, "--ignore-scripts"]
    done = subprocess.run(command, check=False, cwd=home, capture_output=True, timeout=300)
    packed = next(home.glob("lforms-*.tgz"), None)
    if done.returncode or packed is None:
        return None
    with tarfile.open(packed) as archive:
        archive.extractall(home, filter="data")
    return served


class _Served(SimpleHTTPRequestHandler):
    told: list[dict[str, Any]]
    came: threading.Event

    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        script = Path(__file__).with_suffix(".js").read_text("utf-8")
        data = (_PAGE % script).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        self.came.set()

    def log_message(self, *_what: object) -> None:
        """Nothing of it belongs into the table."""


def _measure(served: Path, browser: str) -> dict[str, Any]:
    kind = type("Served", (_Served,), {"told": [], "came": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
        ]
        command += [f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            kind.came.wait(90)
            run.terminate()
    server.shutdown()
    return kind.told[0] if kind.told else {"error": "the page told nothing"}


def _ours(folder: Path) -> tuple[list[float], list[float]]:
    """Saved and screened too; the score is worked out anew from what was recorded."""
    from tests.bench.window import _window  # noqa: PLC0415 - the window asks this for nothing

    desk = common.open_new(folder)
    intake_id = desk.open_intake(desk.register_patient("Bench Person").id).intake.id
    desk.open_call(intake_id, stage=Stage.SECOND_CONTACT)
    for number in range(1, 10):
        desk.record_answer(intake_id, f"phq9.{number}", 0)
    desk.close()
    with _window(folder) as window:
        call: Any = window.screens["call"]

        def show(_number: int) -> None:
            window.go("call")
            call.at("phq9.1")
            QApplication.processEvents()

        def answer(number: int) -> None:
            QTest.keyClick(QApplication.focusWidget(), Qt.Key(Qt.Key.Key_1 + number % 3))
            assert window.desk.case is not None
            assert window.desk.case.screening.scores["phq9"].total == 1 + number % 3
            QApplication.processEvents()

        window.desk.open(intake_id)
        call.show_as(as_list=True)
        shown, scored = [], []
        for _unused in range(12):
            window.go("check")
            QApplication.processEvents()
            shown += times(show, 1)
        shown = sorted(shown[2:])
        for number in range(20):
            call.at("phq9.1")
            QApplication.processEvents()
            scored += times(lambda _n, number=number: answer(number), 1)
    return shown, sorted(scored)
