"""The encrypted records: opening them, one writer at a time, and what a transaction is.

The open sequence and its reasons: plain sqlite3 ignores `PRAGMA key` without an error, so the
cipher and the file's header are checked at every open; every setting is read back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from intake_app.core.errors import IntakeError, Unsaved
from intake_app.core.words import _
from intake_app.store import anchor, audit, finder, schema, vault
from intake_app.store.anchor import CLINIC, HEAD, KEYS, Anchor, Mismatch
from intake_app.store.audit import Actor, Head, Journal, Notes, Seen
from intake_app.store.codec import time_of
from intake_app.store.files import UNFINISHED, replace_file, sync

DATABASE = "vault.db"
LOG = f"{DATABASE}-wal"
LOCK = "vault.lock"
# The write-ahead log is folded back by hand, so that no stale page is left in it.
WAL_LIMIT_BYTES = 4 * 1024 * 1024
# Pages of one part of a copy: some milliseconds, so that a key is not kept waiting.
_COPIED_AT_ONCE = 64
# Our choice: a clock that is compared with a time server is seldom off by more.
SET_RIGHT = timedelta(minutes=5)


class AlreadyOpen(IntakeError):
    def __init__(self) -> None:
        super().__init__(
            _(
                "These records are open in another window of the app; nothing was changed. "
                "Close that one first, or go on there."
            )
        )


class CannotOpen(IntakeError):
    def __init__(self, what: str) -> None:
        template = _("The records cannot be opened: {what}. Nothing in them was changed.")
        super().__init__(template.format(what=what))
        self.why = what


class NotSaved(Unsaved):
    """The disk refused; the transaction is rolled back."""

    def __init__(self, what: str) -> None:
        template = _(
            "Not saved: {what}. What was saved before is safe; mend this and give it again."
        )
        super().__init__(template.format(what=what))
        self.why = what


class Newer(CannotOpen):
    """Nothing is wrong with them, and no backup helps."""

    def __init__(self) -> None:
        super().__init__(_("they were written by a newer version of the app; use that one"))


class Damaged(CannotOpen):
    """What is there opens with the key of the vault, or would, and cannot be read whole."""


class OnHold(Unsaved):
    """Records that do not agree with their seal are read and copied, never written."""

    def __init__(self, what: str) -> None:
        template = _(
            "Nothing was saved: the records are on hold, because they do not agree with their seal "
            "({what}). They can be read and copied; write this down on paper, and restore a backup."
        )
        super().__init__(template.format(what=what))


class NotCreated(IntakeError):
    def __init__(self, why: str) -> None:
        template = _(
            "No vault was created: {why}. Nothing is left of it; mend this or choose another "
            "place, and start again."
        )
        super().__init__(template.format(why=why))


def in_order(newest: datetime | None, at: datetime) -> datetime:
    """The time of the next entry. A clock that is set right by a little during a call would make
    what is said later read as earlier; for that long the time of the records goes on by itself. A
    clock that goes back further is written down as it is, and the person is told."""
    if newest is not None and timedelta(0) < newest - at <= SET_RIGHT:
        return newest + timedelta(microseconds=1)
    return at


class Records:
    """An open vault. One connection, one writer; closing folds the log back into the file."""

    def __init__(
        self, folder: Path, keys: vault.Keys, engine: Engine, let_go: Callable[[], object]
    ) -> None:
        self.folder = folder
        self.keys = keys
        # What is wrong with the records; while it says anything, nothing is written.
        self.hold = ""
        self._let_go = let_go
        self._engine = engine
        # What the other files may hash to; {} until there is a first anchor.
        self._files: Mapping[str, tuple[str, ...]] = {}
        # The newest entry of the trail, once known: nobody else writes.
        self._head: Head | None = None
        # The time of that entry, whatever the computer's clock says now.
        self.newest_at: datetime | None = None
        # What was looked at while the disk refused the entry.
        self._owed: list[Seen] = []
        # The end of the trail, while vault.head could not be written after its commit.
        self._ahead: tuple[Head, datetime] | None = None
        # vault.keys as it was before this transaction replaced it, and as it has to be after it.
        self._before: bytes | None = None
        self._planned: tuple[bytes, datetime] | None = None
        # One at a time: pages are made on a thread of their own.
        self._turn = Lock()
        # A copy gives turns away between its parts; a new vault key waits for its end.
        self._copying = Lock()
        # While something is only rehearsed: the transaction that all of it is in.
        self._stage: Connection | None = None
        self._closed = False

    @contextmanager
    def change(self, actor: Actor, at: datetime) -> Iterator[tuple[Connection, Journal]]:
        """One transaction; the anchor outside the database follows its commit.

        An anchor that lags is written first, or nothing is: so it lags by one transaction at most,
        and an older one that was put back is told from a crash.
        """
        if self.hold:
            raise OnHold(self.hold)
        with self._turn:
            self._catch_up()
            self._before = None
            owed = tuple(self._owed)
            try:
                with self._transaction() as connection:
                    head = self._head or audit.newest(connection)
                    self._head = None  # not known again until this is committed
                    journal = self._journal(connection, head, owed, actor, at)
                    yield connection, journal
            except BaseException:
                self._planned = None
                self._put_keys_back()
                raise
            del self._owed[: len(owed)]
            self._head, self.newest_at = journal.head, journal.at
            self._follow(journal.head, journal.at)
            self._place_keys()

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """All that is done in it is one transaction, which is taken back. Before anybody else has
        these records; the anchor stays behind meanwhile."""
        before = self._head, self.newest_at, list(self._owed)
        with self._transaction() as connection:
            self._stage = connection
            try:
                yield
            finally:
                self._stage = None
                self._head, self.newest_at, self._owed = before
                connection.rollback()

    @property
    def rehearses(self) -> bool:
        return self._stage is not None

    def prove(self, fault: str | None) -> None:
        """Where something was found, nothing is written from now on: OnHold."""
        if fault is not None:
            self.hold = fault
            raise OnHold(fault)

    def _journal(
        self, connection: Connection, head: Head, owed: Iterable[Seen], actor: Actor, at: datetime
    ) -> Journal:
        """For what comes next, behind the entries that are owed."""
        newest = self.newest_at
        for seen in owed:
            newest = in_order(newest, seen.at)
            journal = Journal(connection, self.keys.audit, seen.actor, newest, head)
            journal.note(seen.event, seen.subject)
            head = journal.head
        return Journal(connection, self.keys.audit, actor, in_order(newest, at), head)

    @contextmanager
    def read(self, actor: Actor, at: datetime) -> Iterator[tuple[Connection, Notes]]:
        """One transaction that looks; what it notes is written after it. While the disk refuses,
        the notes are owed and come before whatever is written next: nobody in danger waits for a
        disk. On hold nothing of it is kept."""
        notes = Notes(actor, at)
        with self.look() as connection:
            yield connection, notes
        if not self.hold:
            self._owed.extend(notes.seen)
            self._write_owed()

    @property
    def owes(self) -> bool:
        """Whether something was looked at that the trail does not say yet."""
        return bool(self._owed)

    def _write_owed(self) -> None:
        if self._owed:
            latest = self._owed[-1]
            with suppress(Unsaved), self.change(latest.actor, latest.at):
                pass  # they come first in every transaction

    @contextmanager
    def view(self, actor: Actor, at: datetime) -> Iterator[tuple[Connection, Journal]]:
        """One transaction that looks, and leaves that it did; on hold nothing of it is kept."""
        if not self.hold:
            with self.change(actor, at) as both:
                yield both
            return
        with self.look() as connection:
            head = audit.newest(connection)
            yield connection, Journal(connection, self.keys.audit, actor, at, head)

    @contextmanager
    def _transaction(self, *, looks: bool = False) -> Iterator[Connection]:
        if self._closed:
            raise RuntimeError("the records are closed")
        if self._stage is not None:
            yield self._stage
            return
        refusal = CannotOpen if self.hold else NotSaved
        with (
            in_plain_words(refusal),
            self._engine.connect().execution_options(looks=looks) as connection,
            connection.begin() as begun,
        ):
            yield connection
            if self.hold:
                begun.rollback()

    def _follow(self, head: Head, at: datetime) -> None:
        if self.rehearses:
            return
        # The commit stands from here on: whatever fails now must not read as "not saved". An
        # anchor that lags is written again before the next commit, or at the next opening.
        self._ahead = head, at
        with suppress(OSError):
            self._write_head()
            self._fold_log(WAL_LIMIT_BYTES)

    def _write_head(self) -> None:
        if self._ahead is not None:
            head, at = self._ahead
            anchor.write_head(self.folder, self.keys, Anchor(head, self._files), at)
            self._ahead = None

    def _catch_up(self) -> None:
        self._place_keys()
        with in_plain_words():
            self._write_head()

    def anchor_files(self) -> None:
        """Take the other files as they are into the anchor of the next commit."""
        self._files = anchor.anchored_now(self.folder)

    def replace_keys(self, data: bytes, at: datetime) -> None:
        """A new `vault.keys` before the commit that follows; the anchor takes either until then. It
        is what decides: where the records tell of the change alone, nobody could unlock."""
        self._before = (self.folder / KEYS).read_bytes()
        self._take_either(KEYS, data, at)
        vault.save(self.folder, data)
        self.anchor_files()

    def _put_keys_back(self) -> None:
        """What is not committed did not happen. A kill leaves the new file, which works too."""
        if self._before is not None:
            with suppress(vault.NotSaved, OSError):
                vault.save(self.folder, self._before)
                self.anchor_files()

    def plan_keys(self, file: vault.VaultKeys, at: datetime) -> None:
        """A new `vault.keys` after the commit that follows. The records decide: what a kill or a
        full disk leaves undone is done before the next change, or at the next opening."""
        data = vault.sealed(file, self.keys)
        self._take_either(KEYS, data, at)
        self._files = anchor.read_head(self.folder, self.keys).files
        self._planned = data, at

    def _place_keys(self) -> None:
        if self._planned is None:
            return
        data, at = self._planned
        vault.save(self.folder, data)
        self._planned = None
        self.anchor_files()
        if self._head is not None:
            self._follow(self._head, at)

    def replace_clinic(self, about: Mapping[str, Any], at: datetime) -> None:
        """A new `clinic.json`, in the same order of steps."""
        data = anchor.clinic_bytes(self.keys, about)
        self._take_either(CLINIC, data, at)
        anchor.write_clinic(self.folder, data)
        self.anchor_files()

    def _take_either(self, name: str, data: bytes, at: datetime) -> None:
        held = anchor.read_head(self.folder, self.keys)
        either = {**held.files, name: (*held.files[name], anchor.sha256(data))}
        anchor.write_head(self.folder, self.keys, Anchor(held.head, either), at)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """One transaction that leaves no entry in the trail."""
        with self._turn, self._transaction(looks=True) as connection:
            yield connection

    def copy_to(self, to: Path) -> None:
        """All files of the vault in the folder `to`, as of one moment. Raises sqlcipher.Error.

        Whoever waits has their turn between two parts: SQLite brings what they write into the copy.
        """
        with self._copying, self._turn:
            self._catch_up()
            raw = self._engine.raw_connection()
            live: Any = raw.driver_connection
            raw.close()  # back to the others; between the parts it is in no transaction
            target = connect(to / DATABASE, self.keys.database)
            try:
                live.backup(target, pages=_COPIED_AT_ONCE, progress=self._give_turns)
                target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                target.close()
            for name in (KEYS, CLINIC, HEAD):
                shutil.copyfile(self.folder / name, to / name)

    def _give_turns(self, status: int, _left: int, _all: int) -> None:
        if status == sqlcipher.SQLITE_DONE:
            return  # what is written from here on is of another moment
        self._turn.release()
        try:
            Event().wait(0.001)  # long enough for a thread that waits to be woken
        finally:
            self._turn.acquire()

    def _fold_log(self, limit: int) -> None:
        """Fold a log of more than `limit` bytes into the file; outside any transaction."""
        log = self.folder / LOG
        if log.exists() and log.stat().st_size > limit:
            raw = self._engine.raw_connection()
            try:
                with suppress(sqlcipher.Error):  # another time, then: the log keeps everything
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True
        if self.hold:
            _close_untouched(self._engine)
        else:
            with suppress(OSError):
                self._write_head()
            self._fold_log(0)
            self._engine.dispose()
        self._let_go()

    # A new vault key --------------------------------------------------------------------------

    def rotated(
        self, file: vault.VaultKeys, actor: Actor, at: datetime, write: Write
    ) -> tuple[Records, str]:
        """The same records under a new vault key, which none but the slots of `file` can open, and
        the new recovery key. `write` goes into their first transaction.

        A whole second vault is made beside the first and takes its place by one rename. These
        records are not to be used afterwards; whatever raises leaves them as they were.
        """
        if self.hold:
            raise OnHold(self.hold)
        self._write_owed()
        with self._copying, self._turn:
            self._catch_up()
            file, keys, recovery_key = vault.rotated(file)
            making = self.folder / MAKING
            try:
                with in_plain_words():
                    self._copy_under(keys, file, making)
                    _write_first(making, keys, self.keys, (actor, at), write)
                    sync(making)
                    making.rename(self.folder / NEXT)
            except BaseException:
                shutil.rmtree(making, ignore_errors=True)
                raise
            self._closed = True
            with in_plain_words():
                take_over(self.folder)
            engine = engine_for(self.folder / DATABASE, keys.database)
            records = Records(self.folder, keys, engine, self._let_go)
            records.anchor_files()
            return records, recovery_key

    def _copy_under(self, keys: vault.Keys, file: vault.VaultKeys, making: Path) -> None:
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        self._fold_log(0)
        self._engine.dispose()  # the log goes with it; the next use connects again
        if (self.folder / LOG).exists():
            raise NotSaved(_("what was written last cannot be folded in"))
        path = making / DATABASE
        path.touch(mode=0o600)
        shutil.copyfile(self.folder / DATABASE, path)
        raw = connect(path, self.keys.database)
        try:
            raw.execute(f"PRAGMA rekey=\"x'{keys.database.hex()}'\"")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()
        vault.save(making, vault.sealed(file, keys))
        about = anchor.read_clinic(self.folder, self.keys)
        anchor.write_clinic(making, anchor.clinic_bytes(keys, about))


Write = Callable[[Connection, Journal], None]


def _write_first(
    making: Path, keys: vault.Keys, before: vault.Keys, who: tuple[Actor, datetime], write: Write
) -> None:
    """The first transaction under a new key, which also keeps the key of the trail so far."""
    engine = engine_for(making / DATABASE, keys.database)
    records = Records(making, keys, engine, lambda: None)
    try:
        records.anchor_files()
        with records.change(*who) as (connection, journal):
            row = {"last": journal.head.n, "key": before.audit.hex()}
            journal.write(schema.earlier_key, row, "vault_key_changed")
            write(connection, journal)
    finally:
        records.close()


# A vault that is being made under a new key, and one that is whole and takes the first one's place.
NEXT = "vault.next"
MAKING = NEXT + UNFINISHED


def take_over(folder: Path) -> None:
    """Finish what a new vault key began. Can be repeated after a kill anywhere in it: nothing is
    opened before it is done, and the first file that went was whole."""
    coming = folder / NEXT
    if not coming.is_dir():
        return
    (folder / LOG).unlink(missing_ok=True)  # of the database that goes
    for name in (DATABASE, CLINIC, KEYS, HEAD):
        with suppress(FileNotFoundError):
            (coming / name).replace(folder / name)
    sync(folder)
    shutil.rmtree(coming)
    sync(folder)


Founding = Callable[[Records], None]


def create(folder: Path, people: list[vault.NewStaff], found: Founding) -> tuple[Records, str]:
    """A new vault in a new or empty folder, and its recovery key.

    It is made beside its place, with the first rows that `found` writes, and moved there whole:
    whatever stops this, no half vault stands in the folder.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.exists() and any(folder.iterdir()):
            raise CannotOpen(_("the folder is not empty and holds no vault"))
        _sweep(folder)
        making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_unfinished(folder)))
    except OSError as error:
        raise NotCreated(str(error.strerror)) from None
    try:
        keys, recovery_key = _make(making, people, found)
        move(making, folder)
    except (CannotOpen, NotSaved) as error:
        shutil.rmtree(making, ignore_errors=True)
        raise NotCreated(error.why) from None
    except (vault.NotSaved, OSError) as error:
        shutil.rmtree(making, ignore_errors=True)
        refused = error if isinstance(error, OSError) else error.__cause__
        raise NotCreated(_disk_refused(refused)) from None
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return _open(folder, keys), recovery_key


def _make(making: Path, people: list[vault.NewStaff], found: Founding) -> tuple[vault.Keys, str]:
    """Under its lock from the start: nobody takes it for an abandoned one."""
    lock = _locked(making)
    try:
        keys, recovery_key = vault.create(making, people)
    except BaseException:
        lock.release()
        raise
    records = _open(making, keys, lock, create=True)
    try:
        found(records)
    finally:
        records.close()
    return keys, recovery_key


def _unfinished(folder: Path) -> str:
    return f".{folder.name}-unfinished-"


# All that a creation makes.
_OURS = frozenset(
    name + more
    for name in (DATABASE, KEYS, HEAD, CLINIC, LOCK)
    for more in ("", "-wal", "-journal", UNFINISHED)
)


def _sweep(folder: Path) -> None:
    """Take away what killed creations left beside `folder`: nobody ever opened those vaults, and
    their recovery keys were never shown. Whatever may be somebody else's stays."""
    with suppress(OSError):
        for left in list(folder.parent.iterdir()):
            if left.name.startswith(_unfinished(folder)) and _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)


def _is_abandoned(left: Path) -> bool:
    if left.is_symlink() or not left.is_dir():
        return False
    if any(path.name not in _OURS or not path.is_file() for path in left.iterdir()):
        return False
    lock = writer_lock(left)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return False  # another process is just making it
    lock.release()
    return True


def move(making: Path, folder: Path) -> None:
    with suppress(FileNotFoundError):
        folder.rmdir()  # fails unless it is still empty
    making.rename(folder)
    sync(folder.parent)


def open_records(folder: Path, keys: vault.Keys) -> Records:
    """An existing vault; every refusal is one sentence. Mismatch and Damaged leave it as it is."""
    return _open(folder, keys)


def open_held(copy: Path, folder: Path, keys: vault.Keys, why: str) -> Records:
    """The records of `folder` from a private copy of it, to be looked at: so nothing that SQLite
    does by itself touches what somebody may have to examine."""
    engine = engine_for(copy / DATABASE, keys.database)
    try:
        with in_plain_words(CannotOpen), engine.begin() as connection:
            if check_version(connection) != schema.HEAD:
                _upgrade(connection)
            finder.ensure(connection)
    except BaseException:
        engine.dispose()
        raise
    records = Records(folder, keys, engine, lambda: None)
    records.hold = why
    return records


def tidy(folder: Path) -> None:
    """After a kill while the vault key was changed: go on with it, or take its beginning away."""
    if not (folder / NEXT).exists() and not (folder / MAKING).exists():
        return
    lock = _locked(folder)
    try:
        take_over(folder)
        shutil.rmtree(folder / MAKING, ignore_errors=True)
    except OSError as error:
        raise CannotOpen(_disk_refused(error)) from None
    finally:
        lock.release()


def writer_lock(folder: Path) -> FileLock:
    """Who holds it may write. Any thread may let it go."""
    return FileLock(folder / LOCK, mode=0o600, thread_local=False)


def _locked(folder: Path) -> FileLock:
    lock = writer_lock(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyOpen from None
    except OSError as error:
        template = _("the folder cannot be written to ({why}); make it writable")
        raise CannotOpen(template.format(why=error.strerror)) from None
    return lock


def _open(
    folder: Path, keys: vault.Keys, lock: FileLock | None = None, *, create: bool = False
) -> Records:
    path = folder / DATABASE
    if not create:
        _look(path)
    lock = lock or _locked(folder)
    try:
        with in_plain_words(CannotOpen), _untouched_if_refused(folder):
            engine = engine_for(path, keys.database)
            return _begin(Records(folder, keys, engine, lock.release), create)
    except BaseException:
        lock.release()
        raise


def _begin(records: Records, create: bool) -> Records:
    try:
        if create:
            _lay_out(records._engine, records.folder / DATABASE)
        else:
            _prove(records)
        return records
    except BaseException:
        _close_untouched(records._engine)
        raise


# SQLCipher's page. Of a file that is shorter than one, SQLite makes a new database.
_PAGE_BYTES = 4096


def _look(path: Path) -> None:
    """Before anything is opened, and so perhaps written."""
    try:
        if path.stat().st_size >= _PAGE_BYTES:
            return
        template = _("{file} is empty or cut off; restore it from a backup")
    except OSError:
        template = _("{file} is missing; restore it from a backup")
    raise CannotOpen(template.format(file=path.name))


@contextmanager
def _untouched_if_refused(folder: Path) -> Iterator[None]:
    """A log that holds nothing to SQLite is taken away by it, when it opens and when it closes."""
    log = folder / LOG
    before = log.read_bytes() if log.exists() else b""
    try:
        yield
    except BaseException:
        if before and (not log.exists() or log.read_bytes() != before):
            with suppress(OSError):
                replace_file(log, before)
        raise


def _close_untouched(engine: Engine) -> None:
    """Closing would fold the log in."""
    with suppress(DBAPIError, IntakeError, OSError):
        raw = engine.raw_connection()
        _interrupt(raw.driver_connection)
        raw.close()
    engine.dispose()


def _interrupt(connection: Any) -> None:
    """Lasts until the next statement: a fold that begins while closing ends at once, and SQLite
    leaves a log that is not folded in where it is."""
    with suppress(sqlcipher.Error):
        connection.interrupt()


def _lay_out(engine: Engine, path: Path) -> None:
    path.touch(mode=0o600, exist_ok=False)  # SQLite gives the log the same mode
    with engine.begin() as connection:
        _upgrade(connection)
        finder.ensure(connection)


def _prove(records: Records) -> None:
    """Anchor first: records that do not fit their seal are not touched, not even upgraded."""
    with records._engine.begin() as connection:
        version = check_version(connection)
        _check_anchor(records, connection)
        if version != schema.HEAD:
            _upgrade(connection)
        finder.ensure(connection)


def engine_for(path: Path, key: bytes) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(path, key),
        module=sqlcipher,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _begin_transaction(connection: Connection) -> None:
    """A look asks for no right to write: it has to work while the disk gives none."""
    looks = connection.get_execution_options().get("looks")
    connection.exec_driver_sql("BEGIN" if looks else "BEGIN IMMEDIATE")


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
    # Under cipher_memory_security preparing costs half a millisecond, and by default the driver
    # keeps fewer statements than one answer needs.
    _check_header(path)
    connection = sqlcipher.connect(
        str(path), isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        connection.execute("PRAGMA cipher_log_level=NONE")
        if not connection.execute("PRAGMA cipher_version").fetchone():
            raise CannotOpen(_("this build of SQLite cannot encrypt; install sqlcipher3"))
        for name, value, expected in _SETTINGS:
            connection.execute(f"PRAGMA {name}={value}")
            if connection.execute(f"PRAGMA {name}").fetchone()[0] != expected:
                raise CannotOpen(_("the setting {name} did not take").format(name=name))
        connection.enable_load_extension(False)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.DatabaseError as error:
        _interrupt(connection)
        connection.close()
        silent = _("{file} does not answer; restore a backup").format(file=path.name)
        raise CannotOpen(reason(error) or silent) from None
    except BaseException:
        _interrupt(connection)
        connection.close()
        raise
    _check_header(path)
    return connection


def _check_header(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb") as file:
        if file.read(16).startswith(b"SQLite format 3"):
            template = _("{file} is not encrypted; restore a backup")
            raise CannotOpen(template.format(file=path.name))


def check_version(connection: Connection) -> str:
    """The migration that the records stand at; refuses those of a newer app."""
    known = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.execute(text(known)).first() is None:
        template = _("{file} holds no records; restore a backup")
        raise CannotOpen(template.format(file=DATABASE))
    found = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    if found > schema.HEAD:
        raise Newer
    return found


def _upgrade(connection: Connection) -> None:
    """Bring the tables to this version; a failure leaves what was there."""
    # Alembic takes a third of a second to import: only where there is something to upgrade.
    from intake_app.store.migrations import upgrade  # noqa: PLC0415

    upgrade(connection)


# How many of the newest entries are proven at each opening; `verify` proves all (security.md 4.3).
_PROVEN_AT_OPENING = 1000


def _check_anchor(records: Records, connection: Connection) -> None:
    held = anchor.read_head(records.folder, records.keys)
    newest = audit.newest(connection)
    fault = audit.head_fault(connection, held.head)
    if fault is not None:
        raise Mismatch(fault)
    first = min(held.head.n, newest.n - _PROVEN_AT_OPENING) + 1
    fault = audit.chain_fault(connection, records.keys.audit, first=max(first, 1))
    if fault is not None:
        raise Mismatch(fault)
    records.newest_at = time_of(audit.newest_time(connection))
    records.anchor_files()
    for name, (found,) in records._files.items():
        if found not in held.files.get(name, ()):
            template = _("{file} is not the one that {head} knows")
            raise Mismatch(template.format(file=name, head=HEAD))
    if newest != held.head:  # a crash came between the commit and its anchor
        records._ahead = newest, records.newest_at
        with suppress(OSError):
            records._write_head()


# Plain words --------------------------------------------------------------------------------------


def _reasons() -> Mapping[str, str]:
    return {
        "SQLITE_FULL": _("the disk is full"),
        "SQLITE_READONLY": _("the folder or the file is read-only; make it writable"),
        "SQLITE_IOERR": _("the disk reported an error"),
        "SQLITE_CORRUPT": _("{file} is damaged; restore a backup"),
        "SQLITE_NOTADB": _("{file} is damaged or does not belong to {keys}; restore a backup"),
        "SQLITE_BUSY": _("another program holds {file}"),
        "SQLITE_CANTOPEN": _("{file} cannot be opened"),
        "SQLITE_NOMEM": _("this computer has no memory left"),
    }


def reason(error: BaseException | None) -> str | None:
    name = str(getattr(error, "sqlite_errorname", ""))
    template = next((why for code, why in _reasons().items() if name.startswith(code)), None)
    return None if template is None else template.format(file=DATABASE, keys=KEYS)


def _is_damage(error: BaseException | None) -> bool:
    name = str(getattr(error, "sqlite_errorname", ""))
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _disk_refused(error: BaseException | None) -> str:
    return _("the disk refused ({why})").format(why=getattr(error, "strerror", ""))


@contextmanager
def in_plain_words(refusal: Callable[[str], IntakeError] = NotSaved) -> Iterator[None]:
    """Errors of disk and database as one sentence, without the values that they carry."""
    try:
        yield
    except DBAPIError as error:
        why = reason(error.orig)
        if why is None:
            raise  # our own mistake, not the disk's; hide_parameters keeps values out of it
        if refusal is CannotOpen and _is_damage(error.orig):
            raise Damaged(why) from None
        raise refusal(why) from None
    except OSError as error:
        raise refusal(_disk_refused(error)) from None
    except UnicodeEncodeError:
        raise refusal(_("a text holds half a character; type it again")) from None
