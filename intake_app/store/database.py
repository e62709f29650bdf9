"""The encrypted records: opening them, one writer at a time, and what a transaction is.

The open sequence and its reasons: plain sqlite3 ignores `PRAGMA key` without an error, so the
cipher and the file's header are checked at every open; every setting is read back.
"""

from __future__ import annotations

import hmac
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from intake_app.core.errors import IntakeError
from intake_app.store import audit, schema, vault
from intake_app.store.audit import Actor, Head, Journal
from intake_app.store.codec import canonical, time_text
from intake_app.store.files import replace_file

DATABASE = "vault.db"
KEYS = "vault.keys"
HEAD = "vault.head"
CLINIC = "clinic.json"
LOCK = "vault.lock"
# The write-ahead log is folded back by hand, so that no stale page is left in it.
WAL_LIMIT_BYTES = 4 * 1024 * 1024


class AlreadyOpen(IntakeError):
    def __init__(self) -> None:
        super().__init__(
            "These records are open in another window of the app; nothing was changed. "
            "Close that one first, or go on there."
        )


class CannotOpen(IntakeError):
    def __init__(self, what: str) -> None:
        super().__init__(f"The records cannot be opened: {what}. Nothing in them was changed.")


class NotSaved(IntakeError):
    """The disk refused; the transaction is rolled back."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Not saved: {what}. What was saved before is safe; mend this and give it again."
        )


class Records:
    """An open vault. One connection, one writer; closing folds the log back into the file."""

    def __init__(self, folder: Path, keys: vault.Keys, lock: FileLock, engine: Engine) -> None:
        self.folder = folder
        self.keys = keys
        self._lock = lock
        self._engine = engine

    @contextmanager
    def change(self, actor: Actor, at: datetime) -> Iterator[tuple[Connection, Journal]]:
        """One transaction; the anchor outside the database follows its commit."""
        with _in_plain_words():
            with self._engine.begin() as connection:
                journal = Journal(connection, self.keys.audit, actor, at)
                yield connection, journal
        # The commit stands from here on: whatever fails now must not read as "not saved". An
        # anchor that lags is written again by the next commit, or at the next opening.
        with suppress(OSError):
            write_head(self.folder, self.keys, journal.head, at)
            self._fold_log(WAL_LIMIT_BYTES)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        with _in_plain_words(), self._engine.begin() as connection:
            yield connection

    def _fold_log(self, limit: int) -> None:
        """Fold a log of more than `limit` bytes into the file; outside any transaction."""
        log = self.folder / f"{DATABASE}-wal"
        if log.exists() and log.stat().st_size > limit:
            raw = self._engine.raw_connection()
            try:
                with suppress(sqlcipher.Error):  # another time, then: the log keeps everything
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()

    def close(self) -> None:
        self._fold_log(0)
        self._engine.dispose()
        self._lock.release()


def create(folder: Path, people: list[vault.NewStaff], kdf: vault.KdfParams) -> tuple[Records, str]:
    """A new vault in a new or empty folder, and its recovery key; half a vault is taken away."""
    fresh = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NotSaved(f"the folder cannot be made ({error.strerror})") from None
    if any(folder.iterdir()):
        raise CannotOpen("the folder is not empty and holds no vault")
    try:
        keys, recovery_key = vault.create(folder, people, kdf)
        return _open(folder, keys, create=True), recovery_key
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if not fresh:
            folder.mkdir(mode=0o700, exist_ok=True)
        raise


def open_records(folder: Path, name: str, password: str) -> tuple[Records, vault.Unlocked]:
    """Unlock an existing vault; every refusal is one sentence."""
    unlocked = vault.unlock(folder, name, password)
    records = _open(folder, unlocked.keys, create=False)
    return records, unlocked


def _open(folder: Path, keys: vault.Keys, *, create: bool) -> Records:
    path = folder / DATABASE
    if not create and not path.exists():
        raise CannotOpen(f"{DATABASE} is missing; restore it from a backup")
    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyOpen from None
    try:
        engine = _engine(path, keys.database)
        records = Records(folder, keys, lock, engine)
        _upgrade(engine, create=create)
        if not create:
            _check_anchor(records)
        return records
    except BaseException:
        lock.release()
        raise


def _engine(path: Path, key: bytes) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(path, key),
        module=sqlcipher,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


# Each setting, and what it has to read back.
_SETTINGS = (
    ("temp_store", "MEMORY", 2),
    ("locking_mode", "EXCLUSIVE", "exclusive"),
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("wal_autocheckpoint", "0", 0),
    ("fullfsync", "1", 1),
    ("checkpoint_fullfsync", "1", 1),
    ("foreign_keys", "ON", 1),
    ("secure_delete", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
    ("cipher_memory_security", "ON", "1"),
)


def connect(path: Path, key: bytes) -> Any:
    """A connection with the raw key set and every setting proven (security.md, 3.3)."""
    connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        connection.execute("PRAGMA cipher_log_level=NONE")
        if not connection.execute("PRAGMA cipher_version").fetchone():
            raise CannotOpen("this build of SQLite cannot encrypt; install sqlcipher3")
        for name, value, expected in _SETTINGS:
            connection.execute(f"PRAGMA {name}={value}")
            if connection.execute(f"PRAGMA {name}").fetchone()[0] != expected:
                raise CannotOpen(f"the setting {name} did not take")
        connection.enable_load_extension(False)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.DatabaseError:
        connection.close()
        raise CannotOpen(
            f"{path.name} is damaged or does not belong to {KEYS}; restore a backup"
        ) from None
    except BaseException:
        connection.close()
        raise
    _check_header(path)
    return connection


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(16).startswith(b"SQLite format 3"):
            raise CannotOpen(f"{path.name} is not encrypted")


def _upgrade(engine: Engine, *, create: bool) -> None:
    """Bring the tables to this version in one transaction; refuse those of a newer one."""
    with engine.begin() as connection:
        found = None if create else _version(connection)
        if found == schema.HEAD:
            return
        if found is not None and found > schema.HEAD:
            raise CannotOpen("they were written by a newer version of the app; use that one")
        if found is None and not create:
            raise CannotOpen(f"{DATABASE} holds no records; restore a backup")
        # Alembic takes a third of a second to import: only where there is something to upgrade.
        from intake_app.store.migrations import upgrade  # noqa: PLC0415

        upgrade(connection)


def _version(connection: Connection) -> str | None:
    known = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.execute(text(known)).first() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


# The anchor ---------------------------------------------------------------------------------------


def write_head(folder: Path, keys: vault.Keys, head: Head, at: datetime) -> None:
    """Follows each commit, so it may lag by one transaction and is never ahead."""
    body = {"vault": keys.vault_id, "n": head.n, "mac": head.mac, "at": time_text(at)}
    whole = {**body, "seal": _seal(keys, body)}
    replace_file(folder / HEAD, (canonical(whole) + "\n").encode())


def _seal(keys: vault.Keys, body: dict[str, Any]) -> str:
    return hmac.digest(keys.audit, canonical(body).encode(), "sha256").hex()


def read_head(data: bytes, keys: vault.Keys) -> Head | None:
    """None where the file is not, byte for byte, what this vault wrote."""
    try:
        whole = json.loads(data)
        if (canonical(whole) + "\n").encode() != data:
            return None
        seal = whole.pop("seal")
        if whole["vault"] != keys.vault_id or not hmac.compare_digest(seal, _seal(keys, whole)):
            return None
        return Head(whole["n"], whole["mac"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class Mismatch(IntakeError):
    """The records and their anchor disagree."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The records do not agree with their seal: {what}. They were not opened and nothing "
            "was changed; run verify, and restore a backup."
        )


def _check_anchor(records: Records) -> None:
    try:
        head = read_head((records.folder / HEAD).read_bytes(), records.keys)
    except OSError:
        raise Mismatch(f"{HEAD} is missing") from None
    if head is None:
        raise Mismatch(f"{HEAD} was changed")
    with records.look() as connection:
        found = connection.execute(
            schema.audit.select().where(schema.audit.c.seq == head.n)
        ).first()
        if head.n and (found is None or found.mac != head.mac):
            raise Mismatch(f"the audit trail does not hold entry {head.n} of {HEAD}")
        newest = audit.newest(connection)
    if newest != head:
        write_head(records.folder, records.keys, newest, datetime.fromisoformat(_now_text(found)))


def _now_text(row: Any) -> str:
    return str(row.at)


# Plain words --------------------------------------------------------------------------------------

_REASONS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the folder or the file is read-only",
    "SQLITE_IOERR": "the disk reported an error",
    "SQLITE_CORRUPT": "the file is damaged; restore a backup",
    "SQLITE_NOTADB": "the file is damaged; restore a backup",
    "SQLITE_BUSY": "another program holds the file",
    "SQLITE_CANTOPEN": "the file cannot be opened",
}


@contextmanager
def _in_plain_words() -> Iterator[None]:
    """Errors of disk and database as one sentence, without the values that they carry."""
    try:
        yield
    except DBAPIError as error:
        name = str(getattr(error.orig, "sqlite_errorname", ""))
        reason = next((why for code, why in _REASONS.items() if name.startswith(code)), None)
        if reason is None:
            raise  # our own mistake, not the disk's; hide_parameters keeps values out of it
        raise NotSaved(reason) from None
    except OSError as error:
        raise NotSaved(f"the disk refused ({error.strerror})") from None


# Verify -------------------------------------------------------------------------------------------


def private_copy(folder: Path) -> Path:
    """A copy that only we can read, made while nobody writes."""
    lock = FileLock(folder / LOCK, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyOpen from None
    try:
        copy = Path(tempfile.mkdtemp(prefix="verify-"))
        for path in folder.iterdir():
            if path.is_file() and path.stat().st_size:
                shutil.copyfile(path, copy / path.name)
        return copy
    finally:
        lock.release()


_NEEDED = (DATABASE, KEYS, HEAD, CLINIC)
_KNOWN = {*_NEEDED, LOCK, f"{DATABASE}-wal"}


def first_fault(
    folder: Path, keys: vault.Keys, more: Callable[[Connection], str | None]
) -> str | None:
    """The place of the first fault in a copied vault; `more` looks at what only callers know."""
    for path in sorted(folder.iterdir()):
        if path.name.removesuffix(".new") not in _KNOWN:  # .new: left by a killed save
            return f"{path.name}: is not a file of a vault"
    for name in _NEEDED:
        if not (folder / name).is_file():
            return f"{name}: is missing or empty"
    try:
        vault.check((folder / KEYS).read_bytes(), keys)
    except IntakeError as error:
        return f"{KEYS}: {error}"
    if unsealed_json(keys, (folder / CLINIC).read_bytes()) is None:
        return f"{CLINIC}: was changed"
    head = read_head((folder / HEAD).read_bytes(), keys)
    if head is None:
        return f"{HEAD}: was changed"
    return _database_fault(folder, keys, head, more)


def _database_fault(
    folder: Path, keys: vault.Keys, head: Head, more: Callable[[Connection], str | None]
) -> str | None:
    try:
        connection = connect(folder / DATABASE, keys.database)
        try:
            # The integrity check reads the main file alone: fold the log in first.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cipher = connection.execute("PRAGMA cipher_integrity_check").fetchall()
            if cipher:
                return f"{DATABASE}: {cipher[0][0]}"
            sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if sound != "ok":
                return f"{DATABASE}: {sound}"
        finally:
            connection.close()
        engine = _engine(folder / DATABASE, keys.database)
        with engine.begin() as records:
            fault = audit.first_fault(records, keys.audit, head) or more(records)
        engine.dispose()
        return fault
    except (IntakeError, DBAPIError, sqlcipher.Error, OSError) as error:
        return f"{DATABASE}: {error if isinstance(error, IntakeError) else type(error).__name__}"


def remove_vault(folder: Path) -> None:
    """Take away a vault that was never finished."""
    with suppress(OSError):
        shutil.rmtree(folder)


def remove_copy(folder: Path) -> None:
    """Overwrite nothing, keep nothing: the copy was encrypted."""
    with suppress(OSError):
        shutil.rmtree(folder)


def write_clinic(folder: Path, keys: vault.Keys, about: dict[str, Any]) -> None:
    replace_file(folder / CLINIC, sealed_json(keys, about), sync_folder=True)


def read_clinic(folder: Path, keys: vault.Keys) -> dict[str, Any]:
    """Readable before anyone unlocked; proven once somebody has."""
    try:
        about = unsealed_json(keys, (folder / CLINIC).read_bytes())
    except OSError:
        raise Mismatch(f"{CLINIC} is missing") from None
    if about is None:
        raise Mismatch(f"{CLINIC} was changed")
    return about


def sealed_json(keys: vault.Keys, body: dict[str, Any]) -> bytes:
    """A settings file with its MAC; it holds no patient data."""
    mac = hmac.digest(keys.header, canonical(body).encode(), "sha256").hex()
    return (canonical({**body, "mac": mac}) + "\n").encode()


def unsealed_json(keys: vault.Keys, data: bytes) -> dict[str, Any] | None:
    """None where the bytes are not what `sealed_json` wrote."""
    try:
        body = json.loads(data)
        body.pop("mac")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not isinstance(body, dict) or sealed_json(keys, body) != data:
        return None
    return body


def no_core_dumps() -> None:
    """A core file would hold the key and the records (security.md, 0.5)."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - POSIX only

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
