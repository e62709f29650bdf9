"""Staff, settings and protocols of the clinic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, Text, bindparam, cast, select

from intake_app.core.errors import NotFound
from intake_app.core.model import Role, Staff, Standing
from intake_app.core.words import _
from intake_app.store import schema
from intake_app.store.audit import Journal
from intake_app.store.codec import canonical


def staff_row(staff: Staff) -> dict[str, object]:
    roles = canonical(sorted(role.value for role in staff.roles))
    return {"id": staff.id, "name": staff.name, "roles": roles}


def load_staff(connection: Connection) -> Mapping[str, Staff]:
    """Everybody who ever worked here, by id, as they stand now."""
    found = {
        row.id: Staff(row.id, row.name, _roles(row.roles))
        for row in connection.execute(select(schema.staff))
    }
    for row in connection.execute(_CHANGES):
        member = found[row.staff_id]
        found[member.id] = replace(member, roles=_roles(row.roles), standing=Standing(row.standing))
    return found


_CHANGES = select(schema.staff_change).order_by(schema.staff_change.c.seq)


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(role) for role in json.loads(text))


def change_row(member: Staff, slot: str = "") -> dict[str, object]:
    """How somebody stands from now on; `slot` is what vault.keys has to hold of them."""
    roles = canonical(sorted(role.value for role in member.roles))
    standing = member.standing.value
    return {"staff_id": member.id, "standing": standing, "roles": roles, "slot": slot}


def kept_slots(connection: Connection) -> Mapping[str, tuple[Standing, str]]:
    """By staff_id: how they stand, and the place of vault.keys that goes with it, or ""."""
    return {
        row.staff_id: (Standing(row.standing), row.slot) for row in connection.execute(_CHANGES)
    }


def given_up(connection: Connection) -> Mapping[str, tuple[tuple[bytes, int], ...]]:
    """By staff_id: each public key that vault.keys gave up, and the entry of the trail that did."""
    table, found = schema.signing_key, dict[str, tuple[tuple[bytes, int], ...]]()
    entry = select(schema.audit.c.seq).where(
        schema.audit.c.subject == "signing_key:" + cast(table.c.seq, Text)
    )
    for row in connection.execute(select(table, entry.scalar_subquery().label("until"))):
        kept = found.get(row.staff_id, ())
        found[row.staff_id] = (*kept, (bytes.fromhex(row.public), row.until or 0))
    return found


def settings(connection: Connection) -> Mapping[str, str]:
    """The latest value of each setting."""
    rows = connection.execute(select(schema.setting).order_by(schema.setting.c.seq))
    return {row.name: row.value for row in rows}


_PLACE = select(schema.place.c.fields).where(schema.place.c.staff_id == bindparam("staff"))
_LEFT = schema.place.delete().where(schema.place.c.staff_id == bindparam("staff"))


def place(connection: Connection, staff_id: str) -> dict[str, str]:
    """Where somebody was; empty where nothing was kept."""
    found = connection.execute(_PLACE, {"staff": staff_id}).scalar()
    return {} if found is None else dict(json.loads(found))


def keep_place(connection: Connection, staff_id: str, fields: str) -> None:
    connection.execute(_LEFT, {"staff": staff_id})
    connection.execute(schema.place.insert(), {"staff_id": staff_id, "fields": fields})


def place_fault(connection: Connection) -> str | None:
    """No part of the trail, and so no more than a table of texts."""
    for row in connection.execute(select(schema.place)):
        try:
            fields = json.loads(row.fields)
            sound = isinstance(fields, dict) and set(map(type, fields.values())) <= {str}
        except (ValueError, RecursionError):
            sound = False
        if not sound or canonical(fields) != row.fields:
            return _("place: the row of staff {staff} cannot be read").format(staff=row.staff_id)
    return None


def keep_protocol(
    connection: Connection, journal: Journal, *, digest: str, name: str, version: str, content: str
) -> None:
    """Every intake keeps the text that it was taken with, once for all that share it."""
    table = schema.protocol
    if connection.execute(select(table.c.digest).where(table.c.digest == digest)).first():
        return
    row = {"digest": digest, "name": name, "version": version, "content": content}
    journal.write(table, row, "protocol_kept")


def protocol_text(connection: Connection, digest: str) -> str:
    table = schema.protocol
    found = connection.execute(select(table.c.content).where(table.c.digest == digest)).scalar()
    if found is None:
        raise NotFound(_("such protocol"))
    return str(found)
