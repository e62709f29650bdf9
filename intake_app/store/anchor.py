"""The small sealed files beside the database: `vault.head` and `clinic.json`.

`vault.head` holds the newest entry of the audit trail and the hashes of the other two files. An
older copy of any one of them put back no longer fits the rest. All of them put back at once fit:
only an anchor kept elsewhere would tell.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from intake_app.core.errors import IntakeError
from intake_app.core.words import _
from intake_app.store.audit import Head
from intake_app.store.codec import canonical, time_text
from intake_app.store.files import replace_file
from intake_app.store.vault import FILE_NAME, Keys

HEAD = "vault.head"
CLINIC = "clinic.json"
KEYS = FILE_NAME
ANCHORED = (KEYS, CLINIC)


class Mismatch(IntakeError):
    """The records and their anchor disagree."""

    def __init__(self, what: str) -> None:
        template = _(
            "The records do not agree with their seal: {what}. They were not opened and nothing "
            "was changed; run verify, and restore a backup."
        )
        super().__init__(template.format(what=what))
        self.why = what


@dataclass(frozen=True)
class Anchor:
    """`files` holds, for each, the SHA-256 that it has, or may have while one is being replaced."""

    head: Head
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def anchored_now(folder: Path) -> dict[str, tuple[str, ...]]:
    return {name: (sha256((folder / name).read_bytes()),) for name in ANCHORED}


def write_head(folder: Path, keys: Keys, anchor: Anchor, at: datetime) -> None:
    """Follows each commit, so it may lag by one transaction and is never ahead. The new name has
    to last through a power cut, or it would lag by more."""
    body = {
        "vault": keys.vault_id,
        "n": anchor.head.n,
        "mac": anchor.head.mac,
        "files": {name: list(hashes) for name, hashes in anchor.files.items()},
        "at": time_text(at),
    }
    data = _written({**body, "seal": _mac(keys.audit, body)})
    replace_file(folder / HEAD, data, sync_folder=True)


def read_head(folder: Path, keys: Keys) -> Anchor:
    """Mismatch where the file is not, byte for byte, what this vault wrote."""
    body = _proven(folder / HEAD, keys.audit, "seal")
    if body["vault"] != keys.vault_id:
        raise Mismatch(_("{file} belongs to another vault").format(file=HEAD))
    files = {name: tuple(hashes) for name, hashes in body["files"].items()}
    return Anchor(Head(body["n"], body["mac"]), files)


def clinic_bytes(keys: Keys, about: Mapping[str, Any]) -> bytes:
    return _written({**about, "mac": _mac(keys.header, about)})


def write_clinic(folder: Path, data: bytes) -> None:
    replace_file(folder / CLINIC, data, sync_folder=True)


def read_clinic(folder: Path, keys: Keys) -> dict[str, Any]:
    """Readable before anyone unlocked; proven once somebody has. No patient data."""
    return _proven(folder / CLINIC, keys.header, "mac")


def posted_clinic(folder: Path) -> dict[str, Any]:
    """What `clinic.json` says, without proof: nobody has unlocked. Total: {} if unreadable."""
    try:
        body = json.loads((folder / CLINIC).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def posted_head(folder: Path) -> int:
    """The entry that `vault.head` names, without proof. Total: 0 if there is none."""
    try:
        found = json.loads((folder / HEAD).read_bytes())["n"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0
    return found if type(found) is int else 0


def _written(body: Mapping[str, Any]) -> bytes:
    return (canonical(body) + "\n").encode()


def _mac(key: bytes, body: Mapping[str, Any]) -> str:
    return hmac.digest(key, canonical(body).encode(), "sha256").hex()


def _proven(path: Path, key: bytes, seal: str) -> dict[str, Any]:
    """Total: the fields without their seal, or Mismatch, whatever the bytes are."""
    try:
        data = path.read_bytes()
        body = json.loads(data)
        given = body.pop(seal)
        whole = _written({**body, seal: _mac(key, body)})
    except OSError:
        template = _("{file} is missing or cannot be read")
        raise Mismatch(template.format(file=path.name)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Mismatch(_("{file} was changed").format(file=path.name)) from None
    if not isinstance(given, str) or not hmac.compare_digest(whole, data):
        raise Mismatch(_("{file} was changed").format(file=path.name))
    return dict(body)
