"""`make bench`: our figures beside the floor, measured in the same run.

Shared machines are noisy: read the ratios and the medians, not single times. Nothing here is a
test; the limits of the project stand in the last column.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLayout
from sqlalchemy import Connection, Table

from intake_app import cases, content, pdf, service
from intake_app.core.model import Role
from intake_app.core.packet import Edition, compose
from intake_app.core.screening import screen
from intake_app.store import database, schema, vault
from ui import theme
from ui.desk import Desk
from ui.screens.packet import PacketScreen
from ui.widgets.pdf_view import Pages

FAST = vault.KdfParams(memory_kib=1024, iterations=1, lanes=1)
ANSWERS = 300
ROUNDS = 200
NOW = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


def main() -> int:
    vault.FLOOR = FAST
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows += _answers(folder / "answers")
        rows += _raw_inserts(folder / "raw")
        rows += _screening(folder / "screen")
        rows += _paper(folder / "paper")
        rows += _whole_case(folder / "case")
        rows += _unlocking(folder / "unlock")
        rows += _many_patients(folder / "many")
    rows.append(("resident memory now", f"{_resident_mb():.0f} MB", "under 200 MB"))
    width = max(len(name) for name, _, _ in rows)
    for name, figure, limit in rows:
        print(f"{name:<{width}}  {figure:<34}  {limit}")
    return 0


def _times(work: Callable[[int], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each round, sorted."""
    found = []
    for number in range(rounds):
        start = time.perf_counter()
        work(number)
        found.append((time.perf_counter() - start) * 1000)
    return sorted(found)


def _figure(times: list[float]) -> str:
    p95 = times[int(len(times) * 0.95)]
    return f"median {statistics.median(times):.2f}, p95 {p95:.2f} ms"


def _desk(folder: Path) -> service.IntakeService:
    roles = frozenset(Role)
    person = service.NewPerson("Bench", roles, "bench")
    return service.create_vault(folder, service.Clinic("Bench"), [person], lambda: NOW, FAST)[0]


@contextmanager
def _intake(folder: Path) -> Iterator[tuple[service.IntakeService, str]]:
    """An intake of ANSWERS answers: every yes/no item, round after round, with the good answer."""
    desk = _desk(folder)
    patient = desk.register_patient("Bench Person")
    case = desk.open_intake(patient.id)
    desk.open_call(case.intake.id)
    asked = [item for item in case.protocol.items.values() if item.kind == "yes_no"]
    asked = [item for item in asked if item.id not in case.protocol.repeated]
    for number in range(ANSWERS):
        item = asked[number % len(asked)]
        desk.record_answer(case.intake.id, item.id, item.reassuring)
    try:
        yield desk, case.intake.id
    finally:
        desk.close()


_MEASURED: dict[str, list[float]] = {}


def _answers(folder: Path) -> list[tuple[str, str, str]]:
    with _intake(folder) as (desk, intake_id):
        times = _times(lambda n: desk.record_answer(intake_id, "stroke_ever", n % 2 == 0))
    _MEASURED["answer"] = times
    return [(f"record_answer, intake of {ANSWERS}", _figure(times), "12 ms p95")]


def _raw_inserts(folder: Path) -> list[tuple[str, str, str]]:
    """The floor: the rows that one answer writes, into the same kind of file, and nothing else."""
    folder.mkdir()
    connection = database.connect(folder / "raw.db", os.urandom(32))
    connection.execute("CREATE TABLE answer (id TEXT, text TEXT)")
    connection.execute("CREATE TABLE audit (seq INTEGER PRIMARY KEY, text TEXT)")

    def insert(number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO answer VALUES (?, ?)", (str(number), "x" * 200))
        connection.execute("INSERT INTO audit (text) VALUES (?)", ("y" * 300,))
        connection.execute("COMMIT")

    times = _times(insert)
    connection.close()
    ratio = statistics.median(_MEASURED["answer"]) / statistics.median(times)
    return [("  floor: the same rows, raw", _figure(times), f"ours is {ratio:.1f} x")]


def _screening(folder: Path) -> list[tuple[str, str, str]]:
    with _intake(folder) as (desk, intake_id):
        case = desk.show(intake_id)
    times = _times(lambda _n: screen(case.intake, case.protocol, NOW.date()), 500)
    edition = Edition("Bench", demo=False, on_call="", made=NOW, staff={})
    pdf.render(compose(case, edition))  # the fonts are read once a process
    pages = _times(lambda _n: pdf.render(compose(case, edition)), 20)
    one_pass = _times(lambda _n: [i.when for i in case.protocol.items.values() for _ in range(40)])
    floor = statistics.median(times) / statistics.median(one_pass)
    return [
        ("screen(), whole protocol", _figure(times), "1 ms"),
        ("  floor: 40 look-ups an item", _figure(one_pass), f"ours is {floor:.1f} x"),
        ("summary PDF", _figure(pages), "100 ms"),
    ]


def _paper(folder: Path) -> list[tuple[str, str, str]]:
    """Opening the summary in the window until its first page is painted; a bare page beside it."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.Theme())
    with _intake(folder) as (service_, intake_id):
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
        opened = _times(open_it, 20)
        first = Pages(shown.view.data)
        bare = _times(lambda _n: first.image(0, 1.5), 20)
        first.close()
        shown.close()
    return [
        (f"summary opened in the window, {ANSWERS} answers", _figure(opened), ""),
        ("  of it: one page drawn by PDFium", _figure(bare), ""),
    ]


def _whole_case(folder: Path) -> list[tuple[str, str, str]]:
    """The first demo call with its PDF, from the moment the records are open."""
    path = content.RESOURCES / "demo" / "cases" / "1-straightforward.toml"
    case = cases.read(path)
    clock = cases.CaseClock(case.today)
    people = [service.NewPerson(p.name, p.roles, "bench") for p in case.staff]
    desk, _ = service.create_vault(folder, case.clinic, people, clock, FAST)
    start = time.perf_counter()
    shown = cases.Replay(desk, case, clock, "bench", lambda _what: None).run()
    desk.print_summary(shown.intake.id, folder.parent / "case.pdf")
    seconds = time.perf_counter() - start
    desk.close()
    name = f"a case of {len(shown.intake.answers)} answers with its PDF"
    return [(name, f"{seconds:.2f} s", "3 s for 60 answers")]


def _unlocking(folder: Path) -> list[tuple[str, str, str]]:
    """With the parameters of a real vault; the Argon2id run is most of it."""
    real = vault.DEFAULT_KDF
    person = service.NewPerson("Bench", frozenset(Role), "bench")
    about = service.Clinic("Bench")
    service.create_vault(folder, about, [person], lambda: NOW, real)[0].close()
    times = _times(lambda _n: service.open_vault(folder, "Bench", "bench", lambda: NOW).close(), 5)
    keys = _times(lambda _n: vault.unlock(folder, "Bench", "bench"), 5)
    return [
        ("unlock and open", _figure(times), "1.5 s"),
        ("  floor: the key alone", _figure(keys), "Argon2id 128 MiB, 3 passes"),
    ]


MANY = 10_000


def _many_patients(folder: Path) -> list[tuple[str, str, str]]:
    """Beside MANY patients with an intake each. Their rows are written straight into the tables,
    so that nothing but what is measured takes its time."""
    desk = _desk(folder)
    case = desk.open_intake(desk.register_patient("Model Person").id)
    case = desk.record_answer(case.intake.id, "callback_number", "555 012 3456")
    with desk._office.records.look() as connection:
        models = {t: _model(connection, t) for t in _COPIED}
        for start in range(0, MANY, 500):
            numbers = range(start, start + 500)
            for table, model in models.items():
                connection.execute(table.insert(), [_copy(table, model, n) for n in numbers])
    worklist = _times(lambda _n: desk.worklist(), 10)
    likely = _times(lambda _n: desk.possible_duplicates(case.intake.id), 10)
    with desk._office.records.look() as connection:
        connection.execute(schema.summary.update().values(day="2026-03-09"))
    slice_ = _times(lambda _n: desk.renew_worklist(), 10)
    desk.close()
    return [
        (f"worklist of {MANY}", _figure(worklist), "1.5 s after the password"),
        (f"possible duplicates among {MANY}", _figure(likely), "in place, during the call"),
        ("a slice of 25 rows of another day", _figure(slice_), "in idle time"),
    ]


_COPIED = (schema.patient, schema.intake, schema.answer, schema.summary)


def _model(connection: Connection, table: Table) -> dict[str, object]:
    row = dict(connection.execute(table.select()).first()._mapping)  # type: ignore[union-attr]
    row.pop("seq", None)
    return row


def _copy(table: Table, model: dict[str, object], n: int) -> dict[str, object]:
    own = {
        "patient": {"id": f"p{n}", "record_number": f"P-{n + 2:06d}", "name": f"Person {n}"},
        "intake": {"id": f"i{n}", "patient_id": f"p{n}"},
        "answer": {"id": f"a{n}", "intake_id": f"i{n}", "value": f'"555 {n:07d}"'},
        "summary": {"intake_id": f"i{n}", "patient_id": f"p{n}"},
    }
    return {**model, **own[table.name]}


def _resident_mb() -> float:
    """Linux only; elsewhere 0. Argon2id gives its memory back."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


if __name__ == "__main__":
    sys.exit(main())
