"""`make bench`: our figures beside the floor, measured in the same run.

Shared machines are noisy: read the ratios and the medians, not single times. Nothing here is a
test; the limits of the project stand in the last column.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from PySide6.QtWidgets import QApplication, QLayout

from intake_app import pdf, service
from intake_app.core.model import Role
from intake_app.core.packet import Edition, compose
from intake_app.core.screening import screen
from intake_app.store import schema, vault, worklist
from tests.bench import forms, headless, peer, window
from tests.bench.common import (
    ANSWERS,
    MANY,
    NOW,
    REAL_KDF,
    alternately,
    crowd,
    figure,
    intake,
    open_new,
    raw_insert,
    times,
    use_fast_keys,
)
from ui import theme
from ui.app import spare_what_stays
from ui.desk import Desk
from ui.screens.packet import PacketScreen
from ui.widgets.pdf_view import Pages


def main() -> int:
    use_fast_keys()
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows += _answers(folder / "answers")
        rows += _screening(folder / "screen")
        rows += peer.rows(folder / "peer")
        rows += forms.rows(folder / "forms")
        rows += _paper(folder / "paper")
        rows += _whole_case(folder / "case")
        rows += _unlocking(folder / "unlock")
        rows += _many_patients(folder / "many")
        rows += window.rows(folder / "window")
        rows += window.search_rows(folder / "very_many")
    width = max(len(name) for name, _, _ in rows)
    for name, found, limit in rows:
        print(f"{name:<{width}}  {found:<48}  {limit}")
    return 0


def _answers(folder: Path) -> list[tuple[str, str, str]]:
    """An answer whole, and its commit alone: answer, entry of the trail, row of the worklist, and
    the anchor outside the database. The floor: rows of that size, raw, on the same disk."""
    raw = raw_insert(folder.with_name("raw"))
    with intake(folder) as (desk, intake_id):
        case = desk.show(intake_id)
        whole = times(lambda n: desk.record_answer(intake_id, "stroke_ever", n % 2 == 0))

        def commit(_number: int) -> None:
            with desk._change("record_answer") as work:
                desk._append(work, case.intake, replace(case.intake.answers[0], id=str(uuid4())))
                worklist.keep(work.connection, case, work.journal.at, desk.staff.id)

        alone, floor = alternately(commit, raw)
    ratio = statistics.median(alone) / statistics.median(floor)
    return [
        (f"record_answer, intake of {ANSWERS}", figure(whole), "12 ms p95"),
        ("  its commit alone", figure(alone), f"{ratio:.1f} x the floor; 5 x"),
        ("  floor: the same rows, raw", figure(floor), ""),
    ]


def _screening(folder: Path) -> list[tuple[str, str, str]]:
    with intake(folder) as (desk, intake_id):
        case = desk.show(intake_id)
    taken = times(lambda _n: screen(case.intake, case.protocol, NOW.date()), 500)
    more = times(lambda _n: screen(case.intake, case.protocol, NOW.date()).unanswered, 500)
    edition = Edition("Bench", demo=False, on_call="", made=NOW, staff={})
    pdf.render(compose(case, edition))  # the fonts are read once a process
    spare_what_stays()  # as the app does once somebody is in
    pages = times(lambda _n: pdf.render(compose(case, edition)), 20)
    one_pass = times(lambda _n: [i.when for i in case.protocol.items.values() for _ in range(40)])
    floor = statistics.median(taken) / statistics.median(one_pass)
    return [
        ("screen(), whole protocol", figure(taken), "1 ms"),
        ("  and the questions left open", figure(more), ""),
        ("  floor: 40 look-ups an item", figure(one_pass), f"ours is {floor:.1f} x"),
        ("summary PDF", figure(pages), "100 ms"),
    ]


def _paper(folder: Path) -> list[tuple[str, str, str]]:
    """Opening the summary in the window until its first page is painted; a bare page beside it."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.Theme())
    with intake(folder) as (service_, intake_id):
        desk = Desk(service_, lambda: NOW)
        shown = PacketScreen(desk)
        shown.layout().setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        shown.resize(1366, 768)
        shown.show()
        desk.open(intake_id)

        def open_it(_number: int) -> None:
            shown.entered()
            while not shown.view.count:
                app.processEvents()
            app.processEvents()

        open_it(0)  # the fonts are read once a process
        opened = times(open_it, 20)
        first = Pages(shown.view.data)
        bare = times(lambda _n: first.image(0, 1.5), 20)
        first.close()
        shown.close()
    return [
        (f"summary opened in the window, {ANSWERS} answers", figure(opened), ""),
        ("  of it: one page drawn by PDFium", figure(bare), ""),
    ]


def _whole_case(folder: Path) -> list[tuple[str, str, str]]:
    """The first demo call with its PDF, keys of a test: what unlocking takes is measured apart."""
    folder.mkdir()
    start = time.perf_counter()
    answers = headless.run(folder / "vault", folder / "case.pdf")
    seconds = time.perf_counter() - start
    alone = folder / "alone"
    alone.mkdir()
    command = [sys.executable, "-m", "tests.bench.headless", str(alone)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [
        (f"a case of {answers} answers with its PDF", f"{seconds:.2f} s", "3 s for 60 answers"),
        ("resident memory after it, no window", f"{told.stdout.strip()} MB", "200 MB"),
    ]


def _unlocking(folder: Path) -> list[tuple[str, str, str]]:
    """With the parameters of a real vault; the Argon2id run is most of it."""
    person = service.NewPerson("Bench", frozenset(Role), "bench")
    about = service.Clinic("Bench")
    vault.DEFAULT_KDF = REAL_KDF
    service.create_vault(folder, about, [person], lambda: NOW)[0].close()
    use_fast_keys()
    taken = times(lambda _n: service.open_vault(folder, "Bench", "bench", lambda: NOW).close(), 5)
    keys = times(lambda _n: vault.unlock(folder, "Bench", "bench"), 5)
    return [
        ("unlock and open", figure(taken), "1.5 s"),
        ("  floor: the key alone", figure(keys), "Argon2id 128 MiB, 3 passes"),
    ]


def _many_patients(folder: Path) -> list[tuple[str, str, str]]:
    desk = open_new(folder)
    intake_id = crowd(desk)
    worklist = times(lambda _n: desk.worklist(), 10)
    likely = times(lambda _n: desk.possible_duplicates(intake_id), 10)
    with desk._office.records.look() as connection:
        connection.execute(schema.summary.update().values(day="2026-03-09"))
    slice_ = times(lambda _n: desk.renew_worklist(), 10)
    desk.close()
    return [
        (f"worklist of {MANY}", figure(worklist), "1.5 s after the password"),
        (f"possible duplicates among {MANY}", figure(likely), "in place, during the call"),
        ("a slice of 25 rows of another day", figure(slice_), "in idle time"),
    ]


if __name__ == "__main__":
    sys.exit(main())
