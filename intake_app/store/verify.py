"""Has anything been changed behind the app's back? Total: whatever it reads, it answers."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import sqlcipher3.dbapi2 as sqlcipher
from filelock import Timeout
from sqlalchemy import Connection, Row, select, text

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from intake_app.store import anchor, audit, clinic, database, schema, tries, vault
from intake_app.store.anchor import CLINIC, HEAD, KEYS
from intake_app.store.codec import time_text
from intake_app.store.database import DATABASE, LOCK, LOG
from intake_app.store.files import UNFINISHED

_NEEDED = (DATABASE, KEYS, HEAD, CLINIC)
# An unfinished file is what a killed save left; nothing ever reads it.
_KNOWN = {*_NEEDED, LOCK, LOG, tries.FILE}
_KNOWN |= {name + UNFINISHED for name in (KEYS, HEAD, CLINIC, tries.FILE)}

More = Callable[[Connection], str | None]


class CannotVerify(IntakeError):
    def __init__(self, what: str) -> None:
        template = _("The records cannot be verified: {what}. Nothing in them was changed.")
        super().__init__(template.format(what=what))


@contextmanager
def private_copy(folder: Path) -> Iterator[Path]:
    """A copy that only we can read, made while nobody writes, and taken away in the end."""
    if not any((folder / name).is_file() for name in _NEEDED):
        raise vault.NotAVault(folder.name)
    with tempfile.TemporaryDirectory(prefix="verify-", ignore_cleanup_errors=True) as made:
        copy = Path(made)
        try:
            with nobody_writes(folder):
                for path in folder.iterdir():
                    if path.name not in (database.NEXT, database.MAKING):
                        _copy(path, copy)
                _copy_next(folder / database.NEXT, copy)
        except OSError as error:
            what = _("no copy can be made ({why})").format(why=error.strerror)
            raise CannotVerify(what) from None
        yield copy


@contextmanager
def nobody_writes(folder: Path) -> Iterator[None]:
    lock = database.writer_lock(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise database.AlreadyOpen from None
    except OSError as error:
        if error.errno != errno.EROFS:  # where nothing can be written, nobody writes
            raise
    try:
        yield
    finally:
        lock.release()


def _copy_next(coming: Path, copy: Path) -> None:
    """What the next opening would put in its place first; a kill came between."""
    if coming.is_dir():
        shutil.copytree(coming, copy / coming.name)
        database.take_over(copy)


def _copy(path: Path, copy: Path) -> None:
    """Files as they are; of anything else the name, so that it is found."""
    if path.is_file() and not path.is_symlink():
        shutil.copyfile(path, copy / path.name)
    else:
        (copy / path.name).mkdir()


def first_fault(folder: Path, keys: vault.Keys, more: More) -> str | None:
    """The place of the first fault in a copied vault; `more` looks at what only callers know."""
    return file_fault(folder) or seal_fault(folder, keys) or _database_fault(folder, keys, more)


def lock_fault(folder: Path) -> str | None:
    """Before the lock is taken: whoever takes it empties it."""
    path = folder / LOCK
    if path.is_file() and path.stat().st_size:
        return _("{file}: is not empty, and the app writes nothing into it").format(file=LOCK)
    return None


def file_fault(folder: Path, but: Collection[str] = ()) -> str | None:
    """What no key is needed for: every file is one of a vault's, and none is missing."""
    for path in sorted(folder.iterdir()):
        if path.name not in _KNOWN or not path.is_file():
            return _("{file}: is not a file of a vault").format(file=path.name)
    for name in (name for name in _NEEDED if name not in but):
        if not (folder / name).is_file() or not (folder / name).stat().st_size:
            return _("{file}: is missing or empty").format(file=name)
    return log_fault(folder / LOG)


# The write-ahead log, https://sqlite.org/fileformat2.html section 4: a header of eight words, then
# frames of a header of six words and one page each.
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LOG_MAGIC = (0x377F0682, 0x377F0683)


def log_fault(path: Path) -> str | None:
    """SQLite reads a log up to the first frame that does not fit and passes over the rest, whatever
    that is. What a crash leaves there is known: nothing at all, the beginning of a header, or
    frames of this very log of which parts were never written."""
    data = path.read_bytes() if path.exists() else b""
    header, frames = data[:_LOG_HEADER], data[_LOG_HEADER:]
    if not any(header) and not frames:
        return None
    if not _is_log_header(header):
        return _("{file}: does not begin as a log of the records does").format(file=path.name)
    size = _FRAME_HEADER + int.from_bytes(header[8:12], "big")
    salt = header[16:24]
    for place in range(0, len(frames), size):
        given = frames[place + 8 : place + 16]
        if not salt.startswith(given) and any(frames[place : place + _FRAME_HEADER]):
            template = _("{file}: part {n} is not of this log")
            return template.format(file=path.name, n=place // size + 1)
    return None


def _is_log_header(header: bytes) -> bool:
    if len(header) < _LOG_HEADER:
        return _LOG_MAGIC[0].to_bytes(4, "big")[:3].startswith(header[:3])
    order: Literal["big", "little"] = "big" if header[3] & 1 else "little"
    one = two = 0
    for place in range(0, 24, 8):
        one = (one + int.from_bytes(header[place : place + 4], order) + two) % 2**32
        two = (two + int.from_bytes(header[place + 4 : place + 8], order) + one) % 2**32
    sums = one.to_bytes(4, "big") + two.to_bytes(4, "big")
    page = int.from_bytes(header[8:12], "big")
    return int.from_bytes(header[:4], "big") in _LOG_MAGIC and header[24:] == sums and page > 0


def seal_fault(folder: Path, keys: vault.Keys) -> str | None:
    try:
        vault.check((folder / KEYS).read_bytes(), keys)
    except IntakeError as error:
        return f"{KEYS}: {error}"
    unproven = [_unproven(read, folder, keys) for read in (anchor.read_clinic, anchor.read_head)]
    if all(unproven):
        template = _("{file}: is of another vault than {clinic} and {head} beside it")
        return template.format(file=KEYS, clinic=CLINIC, head=HEAD)
    if any(unproven):
        return next(filter(None, unproven))
    files = anchor.read_head(folder, keys).files
    for name, (found,) in anchor.anchored_now(folder).items():
        if found not in files.get(name, ()):
            template = _("{file}: is not the one that {head} knows; an older one was put back")
            return template.format(file=name, head=HEAD)
    return None


def _unproven(read: Callable[[Path, vault.Keys], object], folder: Path, keys: vault.Keys) -> str:
    """Why a sealed file is not this vault's; "" where it is."""
    try:
        read(folder, keys)
    except anchor.Mismatch as mismatch:
        return mismatch.why
    return ""


def _database_fault(folder: Path, keys: vault.Keys, more: More) -> str | None:
    try:
        fault = pages_fault(folder / DATABASE, keys)
        return fault or _records_fault(folder, keys, more)
    except database.Newer:
        raise
    except IntakeError as error:
        return f"{DATABASE}: {error}"
    except Exception as error:  # noqa: BLE001 - whatever cannot be read is a fault
        template = _("{file}: cannot be read ({kind})")
        return template.format(file=DATABASE, kind=type(error).__name__)


def pages_fault(path: Path, keys: vault.Keys) -> str | None:
    connection = database.connect(path, keys.database)
    try:
        # The integrity check reads the main file alone: fold the log in first.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cipher = connection.execute("PRAGMA cipher_integrity_check").fetchone()
        if cipher:
            return f"{DATABASE}: {_first(cipher[0])}"
        sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
        return None if sound == "ok" else f"{DATABASE}: {_first(sound)}"
    finally:
        connection.close()


def _first(found: str) -> str:
    """Of a report that goes over lines, the first that names a place."""
    named = (line.strip() for line in found.splitlines() if not line.startswith("***"))
    return next(filter(None, named), found)


def _records_fault(folder: Path, keys: vault.Keys, more: More) -> str | None:
    engine = database.engine_for(folder / DATABASE, keys.database)
    try:
        with engine.begin() as connection:
            database.check_version(connection)
            return trail_fault(connection, folder, keys) or more(connection)
    finally:
        engine.dispose()


def fault_now(connection: Connection, folder: Path, keys: vault.Keys) -> str | None:
    """Of records that are open: seals, trail, rows and signatures. Total."""
    try:
        return seal_fault(folder, keys) or trail_fault(connection, folder, keys)
    except Exception as error:  # noqa: BLE001 - whatever cannot be read is a fault
        template = _("{file}: cannot be read ({kind})")
        return template.format(file=DATABASE, kind=type(error).__name__)


def prove(records: database.Records, connection: Connection) -> None:
    """Before something is signed or leaves the records: OnHold where they were changed, and nothing
    is written from then on. What is on hold already may leave: every page says so. A rehearsal is
    ahead of its anchor, and none of it stays."""
    if not records.hold and not records.rehearses:
        records.prove(fault_now(connection, records.folder, records.keys))


def copy_fault(records: database.Records, more: More) -> tuple[str | None, audit.Head]:
    """Of records that are open, everything: whoever writes meanwhile has their turns, as with a
    backup. And the end of the trail that was proven."""
    with tempfile.TemporaryDirectory(prefix="verify-", ignore_cleanup_errors=True) as made:
        copy = Path(made)
        try:
            records.copy_to(copy)
        except OSError as error:
            what = _("no copy can be made ({why})").format(why=error.strerror)
            raise CannotVerify(what) from None
        except sqlcipher.Error as error:
            raise CannotVerify(database.reason(error) or type(error).__name__) from None
        fault = first_fault(copy, records.keys, more)
        return fault, audit.Head(0, "") if fault else anchor.read_head(copy, records.keys).head


def trail_fault(connection: Connection, folder: Path, keys: vault.Keys) -> str | None:
    head = anchor.read_head(folder, keys).head
    return fault_up_to(connection, keys, vault.read(folder), head)


def fault_up_to(
    connection: Connection, keys: vault.Keys, file: vault.VaultKeys, head: audit.Head
) -> str | None:
    """Guards, trail, rows and signatures, where `head` is the end that has to be there."""
    return (
        _guards_fault(connection)
        or audit.first_fault(connection, keys.audit, head)
        or _signatures_fault(connection, file)
    )


def missing_guards(connection: Connection) -> list[str]:
    """The triggers that keep rows from being changed or taken away."""
    found = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    return sorted(schema.GUARDS - set(connection.execute(found).scalars()))


def _guards_fault(connection: Connection) -> str | None:
    missing = missing_guards(connection)
    if not missing:
        return None
    template = _("{file}: the guard {guard} was taken away")
    return template.format(file=DATABASE, guard=missing[0])


# Whoever holds the vault key can write rows and chain them anew, but not sign. A statement names
# its record and the end of the trail on which it was made: so it binds all that came before it.


class _Signers:
    """The public keys of each member of staff: the present one, and those of before for what was
    signed before they were given up."""

    def __init__(self, connection: Connection, file: vault.VaultKeys) -> None:
        self.vault_id = file.vault_id
        self._present = file.signing_keys
        self._before = clinic.given_up(connection)

    def verify(self, staff_id: str, statement: bytes, signature: bytes, n: int) -> bool:
        """`n` is the newest entry of the trail that the statement names."""
        keys = [key for key, until in self._before.get(staff_id, ()) if n < until]
        if staff_id in self._present:
            keys.append(self._present[staff_id])
        return any(vault.verify(key, statement, signature) for key in keys)


def _signatures_fault(connection: Connection, file: vault.VaultKeys) -> str | None:
    public, hashes = _Signers(connection, file), {}
    part = audit.segment(connection)
    since = audit.subjects_since(connection, part.first) if part.first > 1 else None
    for row in connection.execute(select(schema.signature)):
        hashes[row.intake_id] = anchor.sha256(row.snapshot.encode())
        if since is not None and f"signature:{row.intake_id}" not in since:
            continue  # frozen at a gap
        said = {"disposition": row.disposition, "reason": row.reason}
        said["record_hash"] = hashes[row.intake_id]
        fault = _statement_fault(connection, public, row, said)
        if fault is not None or row.record_hash != said["record_hash"]:
            template = _("signature of intake {intake}: {fault}")
            return template.format(intake=row.intake_id, fault=fault or _of_another_record())
    for row in connection.execute(select(schema.addendum)):
        if since is not None and f"addendum:{row.seq}" not in since:
            continue
        said = {"text": row.text, "record_hash": hashes.get(row.intake_id, "")}
        fault = _statement_fault(connection, public, row, said)
        if fault is not None:
            template = _("addendum of intake {intake}: {fault}")
            return template.format(intake=row.intake_id, fault=fault)
    return _entries_fault(connection, public)


def _entries_fault(connection: Connection, public: _Signers) -> str | None:
    """Each entry that has to be is signed by whoever did it, and none claims to be of a version
    that signed nothing after the first that is not."""
    entry = schema.audit.c
    signing = False
    first = audit.segment(connection).first
    rows = select(schema.audit).where(entry.seq >= first).order_by(entry.seq)
    for row in connection.execute(rows):
        given = dict(row._mapping)
        signing = signing or row.app != audit.UNSIGNED_APP
        if signing and row.app == audit.UNSIGNED_APP:
            template = _("audit trail: entry {n} says that it is of an earlier version")
            return template.format(n=row.seq)
        if not audit.is_signed(given):
            continue

        def owns(voucher: bytes, proof: bytes, row: Row[Any] = row) -> bool:
            return public.verify(row.actor, voucher, proof, row.seq)

        message = audit.said_by_pen(row.seq, row.mac)
        if not vault.pen_signed(row.signature, message, (public.vault_id, row.actor), owns):
            template = _("audit trail: entry {n} is not signed by whoever it says did it")
            return template.format(n=row.seq)
    return None


def _statement_fault(
    connection: Connection, public: _Signers, row: Row[Any], said: Mapping[str, str]
) -> str | None:
    stated = json.loads(row.statement)
    n = stated["audit"][0]
    if not public.verify(row.by, row.statement.encode(), bytes.fromhex(row.signature), n):
        return _("does not verify")
    said = {**said, "intake": row.intake_id, "name": row.name, "staff": row.by}
    same_time = time_text(datetime.fromisoformat(stated["at"])) == row.at
    if not same_time or any(stated.get(name) != text for name, text in said.items()):
        return _of_another_record()
    return (
        None
        if audit.mac_of(connection, n) == stated["audit"][1]
        else _("was made on another trail")
    )


def _of_another_record() -> str:
    return _("is not of this record")
