"""Who is found by which words: derived from the records, kept by FTS5, and kept with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, Table, bindparam, select, text
from sqlalchemy.exc import DatabaseError

from intake_app.core import search
from intake_app.core.duplicates import Known
from intake_app.core.words import _
from intake_app.store import patients, schema

_kept = schema.finder
_FORGET = _kept.delete().where(_kept.c.patient_id == bindparam("patient")).returning(_kept)
_LIST = text("INSERT INTO finder_words(rowid, words) VALUES (:seq, :words)")
_UNLIST = text(
    "INSERT INTO finder_words(finder_words, rowid, words) VALUES ('delete', :seq, :words)"
)
_COMMAND = {
    name: text(f"INSERT INTO finder_words(finder_words, rank) VALUES ('{name}', 1)")  # noqa: S608
    for name in ("rebuild", "optimize", "integrity-check")
}
_PHONE_ITEM = "callback_number"  # that of schema.ONLY_PHONES
# By the row that changed last: this is the order in which FTS5 keeps its lists, so the first rows
# cost the same whether ten people or all of them match.
_MATCHING = text(
    "SELECT finder.patient_id FROM finder_words JOIN finder ON finder.seq = finder_words.rowid "
    "WHERE finder_words MATCH :query ORDER BY finder_words.rowid DESC LIMIT :most"
)


def find(connection: Connection, typed: str, today: date) -> Sequence[str]:
    """The ids of those who match, whoever changed last first; at most `search.MOST`."""
    query = search.query(typed, today)
    if not query:
        return ()
    given = {"query": query, "most": search.MOST}
    return connection.execute(_MATCHING, given).scalars().all()


def follow(connection: Connection, table: Table, row: Mapping[str, object]) -> None:
    """After a row was written: in the same transaction, whoever it makes known by other words."""
    for patient_id in _touched(connection, table, row):
        old = connection.execute(_FORGET, {"patient": patient_id}).first()
        if old is not None:
            connection.execute(_UNLIST, {"seq": old.seq, "words": old.words})
        known = patients.known(connection, patient_id)
        if known is not None:
            new = _row(known)
            written = connection.execute(_kept.insert(), new).lastrowid
            connection.execute(_LIST, {"seq": written, "words": new["words"]})


def _touched(connection: Connection, table: Table, row: Mapping[str, object]) -> Sequence[str]:
    if table is schema.patient:
        return (str(row["id"]),)
    if table in (schema.patient_identity, schema.intake):
        return (str(row["patient_id"]),)
    is_phone = table is schema.answer and row["item"] == _PHONE_ITEM
    if table is schema.intake_patient or is_phone:
        return patients.ever_of(connection, str(row["intake_id"]))
    return ()


def _row(known: Known) -> dict[str, object]:
    return {"patient_id": known.id, "words": search.words(known)}


def ensure(connection: Connection) -> None:
    """Make every row anew where they are missing, or of another form."""
    form = connection.execute(text("PRAGMA user_version")).scalar_one()
    kept = connection.execute(select(_kept.c.seq).limit(1)).first()
    known = connection.execute(select(schema.patient.c.id).limit(1)).first()
    if form != search.FORM or (known is not None and kept is None):
        rebuild(connection)


def rebuild(connection: Connection) -> None:
    """All at once: FTS5 takes a hundred thousand one by one in minutes, and together in seconds."""
    connection.execute(_kept.delete())
    rows = [_row(known) for known in patients.everybody(connection)]
    if rows:
        connection.execute(_kept.insert(), rows)
    connection.execute(_COMMAND["rebuild"])
    connection.execute(_COMMAND["optimize"])
    connection.execute(text(f"PRAGMA user_version = {search.FORM}"))


def fault(connection: Connection) -> str | None:
    """Nobody is hidden and nobody is found by another's words: every row comes out the same again,
    and the lists are those of the rows. Only in a copy: FTS5 proves itself by a statement that
    writes."""
    kept = {row.patient_id: row.words for row in connection.execute(select(_kept))}
    for known in patients.everybody(connection):
        if kept.pop(known.id, None) != search.words(known):
            template = _("search: what patient {number} is found by differs from the record")
            return template.format(number=known.record_number)
    if kept:
        return _("search: somebody is found who is not among the patients")
    try:
        connection.execute(_COMMAND["integrity-check"])
    except DatabaseError:
        return _("search: the lists of its words differ from their rows")
    return None
