"""The window: from the key to the painted answer, from the start to the first paint."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from intake_app import service
from intake_app.store import schema
from tests.bench import common
from tests.bench.common import ANSWERS, MANY, NAME, NOW, PASSWORD, Row, at
from ui import theme
from ui.app import spare_what_stays
from ui.desk import Desk
from ui.keys import EmergencyKey
from ui.main_window import MainWindow

KEYS, BLOCK = 1_000, 100  # an intake grows with each key, so every block begins anew
STARTS = 9
TURNS, FILLED = 100, 40  # intakes, answers in each
PANELS = 15
ROOT = Path(__file__).parents[2]


def rows(folder: Path) -> list[Row]:
    folder.mkdir()
    with common.intake(folder / "intake") as (_desk, intake_id):
        pass
    many = common.open_new(folder / "many")
    common.crowd(many)
    many.close()
    return [
        *_first_window(folder / "intake"),
        *_after_the_password(folder / "many"),
        *_keys(folder, intake_id),
        *_keys(folder, intake_id, as_list=True),
        *_panel(folder / "panel"),
        *_memory(folder / "intake"),
        *_opened_in_turn(folder / "turn"),
    ]


@contextmanager
def _window(folder: Path) -> Iterator[MainWindow]:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.Theme())
    desk = Desk(service.open_vault(folder, NAME, PASSWORD, lambda: NOW), lambda: NOW)
    window = MainWindow(desk)
    window.show()
    window.go("worklist")
    QApplication.processEvents()
    spare_what_stays()
    try:
        yield window
    finally:
        window.hide()  # nobody is asked
        window.close()
        window.deleteLater()
        QApplication.processEvents()


# In this process ----------------------------------------------------------------------------------


def _keys(folder: Path, intake_id: str, *, as_list: bool = False) -> list[Row]:
    """A raw insert after each key, so that both meet the same moments of the machine."""
    mode = "list" if as_list else "question"
    insert = common.raw_insert(folder / f"raw {mode}")
    ours: list[float] = []
    floor: list[float] = []
    for block in range(KEYS // BLOCK):
        copied = folder / f"keys{block}"
        shutil.copytree(folder / "intake", copied)
        with _window(copied) as window:
            window.desk.open(intake_id)
            window.go("call")
            window.screens["call"].show_as(as_list=as_list)  # type: ignore[attr-defined]
            for number in range(-5, BLOCK):  # the first ones warm up
                taken = [_key(window), *common.times(insert, 1)]
                if number >= 0:
                    ours.append(taken[0])
                    floor.append(taken[1])
        shutil.rmtree(copied)
    ours.sort()
    floor.sort()
    ratio = statistics.median(ours) / statistics.median(floor)
    return [
        (
            f"key to saved, screened and painted, {mode} mode, intake of {ANSWERS}",
            f"{common.figure(ours)}, p99.9 {at(ours, 0.999):.1f} ms",
            f"16 ms p95, 50 ms p99.9 ({len(ours)} keys)",
        ),
        (
            "  floor: the same rows, raw",
            f"{common.figure(floor)}, p99.9 {at(floor, 0.999):.1f} ms",
            f"ours is {ratio:.1f} x",
        ),
    ]


def _key(window: MainWindow) -> float:
    window.screens["call"].at("aneurysm_or_avm_ever")  # type: ignore[attr-defined]
    QApplication.processEvents()  # keys before the question is painted are ignored
    assert window.desk.case is not None
    before = len(window.desk.case.intake.answers)
    start = time.perf_counter()
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_0)
    QApplication.processEvents()
    taken = (time.perf_counter() - start) * 1000
    assert len(window.desk.case.intake.answers) == before + 1
    return taken


def _panel(folder: Path) -> list[Row]:
    """Each time for another person, so that an escalation is raised and written each time."""
    common.open_new(folder).close()
    with _window(folder) as window:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        heard = EmergencyKey(app)
        heard.pressed.connect(window.open_panel)

        def press(_number: int) -> None:
            QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_F9)
            QApplication.processEvents()

        found: list[float] = []
        for _unused in range(PANELS):
            window.desk.change(lambda s: s.begin_call())
            window.go("call")
            QApplication.processEvents()
            found += common.times(press, 1)
            assert window.panel().isVisible()
            window.panel().leave()
        app.removeEventFilter(heard)
    return [("F9 to the painted panel", common.figure(sorted(found)), "300 ms")]


TYPED = (
    *("ana", "garcia ana", "smith mar", "o'brien", "zz top", "1980-01-02", "P-000777"),
    *("740 555 01", "2025550163", "el nguyen1"),
)


def search_rows(folder: Path) -> list[Row]:
    """Every key of what people type, among many; beside each a prefix query on the same words in a
    plain FTS5 table, the first 20, as somebody would write it who needs no more."""
    many = common.open_new(folder)
    common.crowd(many, common.VERY_MANY)
    many.close()
    floor = common.plain_fts(folder)
    ours: list[float] = []
    plain: list[float] = []
    with _window(folder) as window:
        opened = common.times(lambda _n: _worklist(window), 10)
        end = common.times(lambda _n: _press(window, Qt.Key.Key_End), 1)
        for said in TYPED:
            for length in range(1, len(said) + 1):
                typed = said[:length]
                ours += common.times(lambda _n, key=typed[-1]: _letter(key), 1)
                plain += common.times(lambda _n, typed=typed: floor(typed), 1)
            _press(window, Qt.Key.Key_Escape)
    ours.sort()
    plain.sort()
    count = common.VERY_MANY
    ratio = statistics.median(ours) / statistics.median(plain)
    return [
        (f"a key of a search among {count}, to painted", common.figure(ours), "16 ms p95"),
        ("  floor: a plain FTS5 prefix, top 20", common.figure(plain), f"ours is {ratio:.1f} x"),
        (f"the worklist of {count} opened", common.figure(opened), "without lag"),
        ("  its last row, by End", common.figure(end), "without lag"),
    ]


def _worklist(window: MainWindow) -> None:
    window.go("worklist")
    QApplication.processEvents()


def _press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, key)
    QApplication.processEvents()


def _letter(key: str) -> None:
    QTest.keyClicks(QApplication.focusWidget(), key)
    QApplication.processEvents()


# In processes of their own ------------------------------------------------------------------------


def _child(kind: str, folder: Path) -> tuple[float, str]:
    """Seconds until it told its figure, and the figure."""
    whole = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    whole.pop("PYTHONDONTWRITEBYTECODE", None)  # as somebody's second start
    start = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.child", kind, str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, env=whole, text=True
    ) as run:
        assert run.stdout is not None
        patience = threading.Timer(120, run.kill)
        patience.start()
        said = run.stdout.readline().strip()
        taken = time.perf_counter() - start
        patience.cancel()
    if not said:
        raise RuntimeError(f"the child {kind} said nothing")
    return taken, said


def _first_window(folder: Path) -> list[Row]:
    taken: dict[str, list[float]] = {"bare": [], "first": []}
    for number in range(STARTS + 1):
        for kind, found in taken.items():
            seconds, _said = _child(kind, folder)
            if number:  # the first of each compiles
                found.append(seconds)
    bare, ours = (statistics.median(taken[kind]) for kind in ("bare", "first"))
    return [
        ("start to first paint of the unlock window", f"median {ours:.3f} s", "2 x the floor"),
        ("  floor: a bare QMainWindow", f"median {bare:.3f} s", f"ours is {ours / bare:.2f} x"),
    ]


def _after_the_password(folder: Path) -> list[Row]:
    """The key derivation is measured apart: it is the same whatever waits behind it."""
    today = statistics.median(float(_child("worklist", folder)[1]) for _unused in range(5))
    another_day(folder)
    stale = statistics.median(float(_child("worklist", folder)[1]) for _unused in range(5))
    limit = "1.5 s with the key (see unlock)"
    return [
        (f"password to painted worklist beside {MANY}", f"median {today:.2f} s", limit),
        ("  the first time on another day", f"median {stale:.2f} s", limit),
    ]


def another_day(folder: Path) -> None:
    desk = service.open_vault(folder, NAME, PASSWORD, lambda: NOW)
    with desk._office.records.look() as connection:
        connection.execute(schema.summary.update().values(day="2026-03-09"))
    desk.close()


def _memory(folder: Path) -> list[Row]:
    found = statistics.median(float(_child("memory", folder)[1]) for _unused in range(3))
    return [(f"resident memory of the window, intake of {ANSWERS}", f"{found:.0f} MB", "250 MB")]


def _opened_in_turn(folder: Path) -> list[Row]:
    """Flat: what the second half of the intakes adds, beside what the first half did."""
    desk = common.open_new(folder)
    for number in range(TURNS):
        case = desk.open_intake(desk.register_patient(f"Person {number}").id)
        desk.open_call(case.intake.id)
        common.fill(desk, case.intake.id, FILLED)
    desk.close()
    _taken, said = _child("turn", folder)
    first, half, last = (float(each) for each in said.split())
    return [
        (
            f"resident memory after {TURNS} intakes opened in turn, both modes",
            f"{last:.0f} MB; {first:.0f} after 10, {half:.0f} after {TURNS // 2}",
            "250 MB, and flat",
        )
    ]
