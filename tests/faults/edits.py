"""Rows and files changed by somebody who holds the key: deleted, changed, swapped, doubled, old."""

# ruff: noqa: S608 - the names are ours

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from intake_app.store import database, schema, vault
from tests.faults.common import NAMES, Figure, fault, keys_of, played

_PAGE = 4096
Edit = Callable[[Path], None]


def run(times: int, place: Path) -> Figure:
    folder = played(place)
    keys = keys_of(folder)
    chance = random.Random(20261125)  # noqa: S311 - repeatable, nothing secret
    edits = list(_edits(folder, place / "older", keys))
    chosen = chance.sample(edits, min(times, len(edits)))
    missed = []
    hurt = place / "hurt"
    for what, edit in chosen:
        shutil.rmtree(hurt, ignore_errors=True)
        shutil.copytree(folder, hurt)
        edit(hurt)
        missed += _look(hurt, keys, what)
    return Figure(
        "rows and files deleted, changed, swapped, doubled, spliced", len(chosen), tuple(missed)
    )


def _look(hurt: Path, keys: vault.Keys, what: str) -> list[str]:
    try:
        found = fault(hurt, keys)
    except vault.NotAVault:  # nothing to open: said in a sentence
        return []
    except Exception as error:  # noqa: BLE001 - the verifier has to be total
        return [f"{what}: {type(error).__name__}"]
    return [] if found else [what]


def _edits(folder: Path, older: Path, keys: vault.Keys) -> Iterator[tuple[str, Edit]]:
    for table in schema.APPEND_ONLY:
        yield from _of_rows(folder, table.name, keys)
    yield from _of_files(folder, older)


def _of_rows(folder: Path, table: str, keys: vault.Keys) -> Iterator[tuple[str, Edit]]:
    """Each of up to a dozen rows of a table: gone, changed, doubled, swapped with the next."""
    connection = database.connect(folder / database.DATABASE, keys.database)
    rowids = [row[0] for row in connection.execute(f"SELECT rowid FROM {table}")]
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    connection.close()
    key, last = columns[0], columns[-1]
    step = max(1, len(rowids) // 12)
    for rowid, after in zip(rowids[::step], [*rowids[1::step], None], strict=False):
        at = f"WHERE rowid = {rowid}"
        yield f"{table} {rowid} deleted", _sql(keys, f"DELETE FROM {table} {at}")
        for column in (last, columns[len(columns) // 2]):
            if column != key:
                change = f"UPDATE {table} SET {column} = {column} || 'x' {at}"
                yield f"{table} {rowid} {column} changed", _sql(keys, change)
        yield f"{table} {rowid} doubled", _doubled(keys, table, columns, rowid)
        if after is not None and after != rowid and len(columns) > 2:
            yield f"{table} {rowid} swapped", _swapped(keys, table, columns, (rowid, after))


def _sql(keys: vault.Keys, *statements: str) -> Edit:
    def edit(hurt: Path) -> None:
        connection = database.connect(hurt / database.DATABASE, keys.database)
        guards = _without_guards(connection)
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            connection.execute(statement)
        for guard in guards:
            connection.execute(guard)
        connection.close()

    return edit


def _without_guards(connection: Any) -> list[str]:
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    guards = found.fetchall()
    for name, _statement in guards:
        connection.execute(f"DROP TRIGGER {name}")
    return [statement for _name, statement in guards]


def _doubled(keys: vault.Keys, table: str, columns: list[str], rowid: int) -> Edit:
    """Under a key of its own: numbers follow the last, texts are lengthened."""
    unique = {"id", "digest", "record_number", "intake_id", columns[0]}

    def given(column: str) -> str:
        if column == "seq":
            return f"(SELECT max(seq) + 1 FROM {table})"
        return f"{column} || 'x'" if column in unique else column

    values = ", ".join(map(given, columns))
    insert = f"INSERT INTO {table} SELECT {values} FROM {table} WHERE rowid = {rowid}"
    return _sql(keys, insert)


def _swapped(keys: vault.Keys, table: str, columns: list[str], rows: tuple[int, int]) -> Edit:
    """What two rows say changes places, and their keys stay."""
    one, other = rows
    rest = [column for column in columns if column not in ("seq", "id", "digest", columns[0])]
    unique = {"record_number"}
    moved = [column for column in rest if column not in unique]
    pairs = ", ".join(f"{column} = (SELECT {column} FROM kept)" for column in moved)
    back = ", ".join(
        f"{column} = (SELECT {column} FROM {table} WHERE rowid = {other})" for column in moved
    )
    return _sql(
        keys,
        f"CREATE TEMP TABLE kept AS SELECT * FROM {table} WHERE rowid = {one}",
        f"UPDATE {table} SET {back} WHERE rowid = {one}",
        f"UPDATE {table} SET {pairs} WHERE rowid = {other}",
    )


def _of_files(folder: Path, older: Path) -> Iterator[tuple[str, Edit]]:
    """Old pages, old files, missing and emptied files, cuts, strangers."""
    now, then = (at / database.DATABASE for at in (folder, older))
    new, old = now.read_bytes(), then.read_bytes()
    for at in range(0, min(len(new), len(old)), _PAGE):
        if new[at : at + _PAGE] != old[at : at + _PAGE]:
            yield f"old page {at // _PAGE}", _put(database.DATABASE, new, at, old[at : at + _PAGE])
    for at in range(0, len(new) - _PAGE, _PAGE):
        page = new[at + _PAGE : at + 2 * _PAGE]
        yield f"page {at // _PAGE} is the next", _put(database.DATABASE, new, at, page)
    for name in NAMES:
        data, before = (folder / name).read_bytes(), (older / name).read_bytes()
        if data != before:
            yield f"old {name}", _write(name, before)
        yield f"{name} missing", lambda hurt, name=name: (hurt / name).unlink()
        for cut in (0, len(data) // 3, len(data) - 1):
            yield f"{name} cut at {cut}", _write(name, data[:cut])
        yield f"{name} twice", _write(name, data + data)
    yield "a stranger", _write("notes.txt", b"x")
    yield "a log that is none", _write(database.LOG, b"x" * 5000)


def _put(name: str, data: bytes, at: int, part: bytes) -> Edit:
    return _write(name, data[:at] + part + data[at + len(part) :])


def _write(name: str, data: bytes) -> Edit:
    def edit(hurt: Path) -> None:
        (hurt / name).write_bytes(data)

    return edit
