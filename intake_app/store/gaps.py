"""Going on with a gap: records that do not fit are taken as they are found, never mended.

One entry says so. It names the end of the trail as it was and the one that `vault.head` knew, it is
signed by the administrator who did it, and the trail that has to fit begins with it. All that came
before is frozen as it was found: a digest of it stands in the row. Numbers that `vault.head` knew
are not given again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, text

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from intake_app.store import anchor, audit, backups, database, schema, vault, verify
from intake_app.store.anchor import Anchor, Mismatch
from intake_app.store.audit import Actor, Head, Journal
from intake_app.store.codec import time_of

ByWhom = Callable[[Connection], Actor]


class CannotGoOn(IntakeError):
    def __init__(self, why: str) -> None:
        template = _(
            "The records cannot be gone on with: {why}. Nothing was changed; restore a backup."
        )
        super().__init__(template.format(why=why))


def go_on(
    folder: Path, keys: vault.Keys, by: ByWhom, reason: str, at: datetime, more: verify.More
) -> Path:
    """Everything that verify looks at fits afterwards, or nothing is changed. The folder is copied
    byte for byte to beside it first: that copy is given."""
    if not reason.strip():
        raise CannotGoOn(_("a reason in words is needed"))
    _provable(folder, keys)
    with verify.nobody_writes(folder):
        kept = backups.copy_as_is(folder, backups.kept(folder))
        try:
            with _connected(folder, keys) as connection:
                found = _found(connection, folder, keys)
                who = by(connection), at
                head = _write(connection, folder, keys, who, (found, reason.strip()))
                _prove(connection, keys, vault.read(folder), head, more)
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        anchor.write_head(folder, keys, Anchor(head, anchor.anchored_now(folder)), at)
    return kept


def _provable(folder: Path, keys: vault.Keys) -> None:
    """What no entry could make good: pages, and files that were not written by this vault."""
    with verify.private_copy(folder) as copy:
        fault = verify.file_fault(copy, but=(anchor.HEAD,))
        fault = fault or verify.pages_fault(copy / database.DATABASE, keys)
    if fault is not None:
        raise CannotGoOn(fault)
    try:
        vault.check((folder / anchor.KEYS).read_bytes(), keys)
        anchor.read_clinic(folder, keys)
    except Mismatch as error:
        raise CannotGoOn(error.why) from None


@contextmanager
def _connected(folder: Path, keys: vault.Keys) -> Iterator[Connection]:
    engine = database.engine_for(folder / database.DATABASE, keys.database)
    try:
        with database.in_plain_words(CannotGoOn), engine.begin() as connection:
            if database.check_version(connection) != schema.HEAD:
                raise CannotGoOn(_("they are of an earlier version of the app"))
            yield connection
    finally:
        engine.dispose()


def _found(connection: Connection, folder: Path, keys: vault.Keys) -> str:
    """What is wrong: also what stands behind guards that were taken away, and are put back."""
    first = verify.fault_now(connection, folder, keys)
    if first is None:
        raise CannotGoOn(_("nothing is wrong with them"))
    for guard in verify.missing_guards(connection):
        connection.execute(text(schema.guard(guard)))
    then = verify.fault_now(connection, folder, keys)
    return first if then in (None, first) else f"{first}; {then}"


def _write(
    connection: Connection,
    folder: Path,
    keys: vault.Keys,
    who: tuple[Actor, datetime],
    why: tuple[str, str],
) -> Head:
    actor, at = who
    end, known = audit.newest(connection), _known(folder, keys)
    last = max(end.n, known.n)
    row = {
        "first": last + 1,
        "before": end.mac,
        "known": f"{known.n} {known.mac}",
        "found": why[0],
        "reason": why[1],
        "digest": audit.frozen(connection, last + 1),
    }
    with suppress(ValueError):  # the newest entry may be one of those that were changed
        at = database.in_order(time_of(audit.newest_time(connection)), at)
    # Derived, and perhaps from what was changed: made anew when somebody asks for the worklist.
    connection.execute(schema.summary.update().values(app="", since=""))
    journal = Journal(connection, keys.audit, actor, at, Head(last, end.mac))
    journal.write(schema.gap, row, "went_on_with_gap")
    return journal.head


def _known(folder: Path, keys: vault.Keys) -> Head:
    """What vault.head says, where it is proven."""
    try:
        return anchor.read_head(folder, keys).head
    except Mismatch:
        return Head(0, "")


def _prove(
    connection: Connection,
    keys: vault.Keys,
    file: vault.VaultKeys,
    head: Head,
    more: verify.More,
) -> None:
    fault = verify.fault_up_to(connection, keys, file, head) or more(connection)
    if fault is not None:
        raise CannotGoOn(fault)


def telling(tell: Callable[[str], object], more: verify.More) -> verify.More:
    """`more`, and each gap told."""

    def both(connection: Connection) -> str | None:
        for said in told(connection):
            tell(said)
        return more(connection)

    return both


def told(connection: Connection) -> tuple[str, ...]:
    """Each gap that was gone on with, in a sentence."""
    names = {row.id: row.name for row in connection.execute(select(schema.staff))}
    template = _("Gone on with a gap before entry {n}, by {name}, {at}: {found}. Reason: {reason}")
    return tuple(
        template.format(
            n=row.first,
            name=names.get(row.by, row.by),
            at=row.at,
            found=row.found.rstrip("."),
            reason=row.reason,
        )
        for row in connection.execute(select(schema.gap).order_by(schema.gap.c.seq))
    )
