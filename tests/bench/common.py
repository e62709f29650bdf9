"""What every measurement shares: a vault with fast keys, an intake of many answers, and times."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Table

from intake_app import service
from intake_app.core.model import Role
from intake_app.store import database, finder, schema, vault

Row = tuple[str, str, str]
REAL_KDF = vault.DEFAULT_KDF
_FAST = vault.KdfParams(memory_kib=1024, iterations=1, lanes=1)
ANSWERS = 300
ROUNDS = 200
MANY = 10_000
VERY_MANY = 100_000
NAME = PASSWORD = "bench"
NOW = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
_NUMBERS = {
    "on_call": "Bea, 555 0100",
    "backup": "Cleo, 555 0101",
    "crisis_line": "988",
    "emergency": "911",
}


def use_fast_keys() -> None:
    """Of vaults whose unlocking is not what is measured."""
    vault.FLOOR = vault.DEFAULT_KDF = _FAST


def times(work: Callable[[int], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each round, sorted."""
    found = []
    for number in range(rounds):
        start = time.perf_counter()
        work(number)
        found.append((time.perf_counter() - start) * 1000)
    return sorted(found)


def alternately(*works: Callable[[int], object]) -> list[list[float]]:
    """The times of each, taken in turns: what else the machine does falls on all alike."""
    found: list[list[float]] = [[] for _work in works]
    for _round in range(ROUNDS):
        for work, taken in zip(works, found, strict=True):
            taken.extend(times(work, 1))
    return [sorted(taken) for taken in found]


def at(sorted_times: list[float], share: float) -> float:
    return sorted_times[min(len(sorted_times) - 1, int(len(sorted_times) * share))]


def figure(sorted_times: list[float]) -> str:
    return f"median {statistics.median(sorted_times):.2f}, p95 {at(sorted_times, 0.95):.2f} ms"


def open_new(folder: Path) -> service.IntakeService:
    person = service.NewPerson(NAME, frozenset(Role), PASSWORD)
    about = service.Clinic("Bench", numbers=_NUMBERS)
    return service.create_vault(folder, about, [person], lambda: NOW)[0]


def fill(desk: service.IntakeService, intake_id: str, answers: int = ANSWERS) -> None:
    """So many answers: every yes/no item, round after round, with the good answer."""
    protocol = desk.show(intake_id).protocol
    asked = [item for item in protocol.items.values() if item.kind == "yes_no"]
    asked = [item for item in asked if item.id not in protocol.repeated]
    for number in range(answers):
        item = asked[number % len(asked)]
        desk.record_answer(intake_id, item.id, item.reassuring)


@contextmanager
def intake(folder: Path) -> Iterator[tuple[service.IntakeService, str]]:
    desk = open_new(folder)
    case = desk.open_intake(desk.register_patient("Bench Person").id)
    desk.open_call(case.intake.id)
    fill(desk, case.intake.id)
    try:
        yield desk, case.intake.id
    finally:
        desk.close()


def raw_insert(folder: Path) -> Callable[[int], object]:
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

    return insert


# Many patients ------------------------------------------------------------------------------------


def crowd(desk: service.IntakeService, many: int = MANY) -> str:
    """`many` patients with an intake each, beside the one whose id is given back. Their rows are
    written straight into the tables, so that nothing but what is measured takes its time."""
    case = desk.open_intake(desk.register_patient("Model Person").id)
    case = desk.record_answer(case.intake.id, "callback_number", "555 012 3456")
    with desk._office.records.look() as connection:
        models = {t: _model(connection, t) for t in _COPIED}
        for start in range(0, many, 500):
            numbers = range(start, start + 500)
            for table, model in models.items():
                connection.execute(table.insert(), [_copy(table, model, n) for n in numbers])
        finder.rebuild(connection)
    return case.intake.id


_GIVEN = [a + b for a in ("An", "Mar", "Jo", "El", "Kat", "Rob") for b in ("a", "ie", "n", "ela")]
_FAMILY = ("Smith", "Jones", "García", "Nguyen", "O'Brien", "Vale", "Reyes", "Okafor", "Lindqvist")


def name(n: int) -> str:
    """Many people of one name, as in a town."""
    return f"{_GIVEN[n * 7 % len(_GIVEN)]} {_FAMILY[n * 5 % len(_FAMILY)]}{n // 600 or ''}"


_COPIED = (schema.patient, schema.intake, schema.answer, schema.summary)


def plain_fts(folder: Path) -> Callable[[str], object]:
    """A table of its own in the same kind of file, with the same words."""
    keys = vault.unlock(folder, NAME, PASSWORD).keys
    source = database.connect(folder / database.DATABASE, keys.database)
    words = source.execute("SELECT words FROM finder").fetchall()
    source.close()
    beside = folder.with_name(f"{folder.name}-plain")
    beside.mkdir()
    connection = database.connect(beside / "plain.db", os.urandom(32))
    connection.execute(
        "CREATE VIRTUAL TABLE plain USING fts5(words, content='row', "
        "tokenize='unicode61 remove_diacritics 2', prefix='1 2 3 4 5 6 7')"
    )
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE row (words TEXT)")
    connection.executemany("INSERT INTO row VALUES (?)", words)
    connection.execute("INSERT INTO plain(plain) VALUES ('rebuild')")  # one by one takes minutes
    connection.execute("COMMIT")

    def look(said: str) -> object:
        wanted = " ".join(f'"{word}"*' for word in said.split())
        query = "SELECT words FROM plain WHERE plain MATCH ? LIMIT 20"
        return connection.execute(query, (wanted,)).fetchall()

    return look


def _model(connection: Connection, table: Table) -> dict[str, object]:
    row = dict(connection.execute(table.select()).first()._mapping)  # type: ignore[union-attr]
    row.pop("seq", None)
    return row


def _copy(table: Table, model: dict[str, object], n: int) -> dict[str, object]:
    own = {
        "patient": {"id": f"p{n}", "record_number": f"P-{n + 2:06d}", "name": name(n)},
        "intake": {"id": f"i{n}", "patient_id": f"p{n}"},
        "answer": {"id": f"a{n}", "intake_id": f"i{n}", "value": f'"555 {n:07d}"'},
        "summary": {"intake_id": f"i{n}", "patient_id": f"p{n}"},
    }
    return {**model, **own[table.name]}


def resident_mb() -> float:
    """Linux only; elsewhere 0. Argon2id gives its memory back."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024
