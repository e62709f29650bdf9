"""Where records may lie: not on a network share, not in a folder that is copied while it is open.

SQLite's log and locks need one computer; what synchronises a folder copies half of a change. Not
seen: a share that hides behind another file system (FUSE without a name, a virtual machine's).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from intake_app.core.errors import IntakeError
from intake_app.core.words import _

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "afpfs", "ncpfs", "ceph", "glusterfs"),
        *("fuse.sshfs", "fuse.davfs2", "davfs", "fuse.rclone", "fuse.gvfsd-fuse", "fuse.s3fs"),
    }
)
# What the makers call the folder; compared without case, also where a name of a firm follows.
_SYNCHRONISED = (
    "dropbox",
    "onedrive",
    "google drive",
    "googledrive",
    "my drive",
    "icloud drive",
    "mobile documents",
    "nextcloud",
    "owncloud",
    "pcloud",
    "box sync",
    "megasync",
    "seafile",
    "sync.com",
)
# Left in a folder by what synchronises it.
_MARKS = (
    ".stfolder",
    ".dropbox",
    ".dropbox.cache",
    ".sync",
    ".owncloudsync.log",
    ".nextcloudsync.log",
)


class WrongDisk(IntakeError):
    """Said before anything is opened or made."""


def refuse(folder: Path) -> None:
    what = trouble(folder)
    if what:
        template = _(
            "The records cannot lie in {folder}: {what}, where they would be damaged. Nothing was "
            "changed; move the whole folder to a disk of this computer."
        )
        raise WrongDisk(template.format(folder=folder.name, what=what))


def trouble(folder: Path) -> str:
    """What is wrong with a place for records; empty where nothing is known."""
    place = Path(os.path.realpath(folder))
    if is_network(place):
        return _("it is a network share")
    sync = synchronised_by(place)
    return _("it is synchronised by {name}").format(name=sync) if sync else ""


def is_network(place: Path) -> bool:
    if sys.platform == "win32":
        return _is_remote_drive(place)
    return _filesystem(place) in _NETWORK or str(place).startswith("//")


def synchronised_by(place: Path) -> str:
    """The folder or the mark that says so."""
    for part in (place, *place.parents):
        name = part.name.casefold()
        if any(
            name == known or name.startswith((f"{known} ", f"{known}-")) for known in _SYNCHRONISED
        ):
            return part.name
        found = next((mark for mark in _MARKS if (part / mark).exists()), None)
        if found and part != part.parent:
            return part.name
    return ""


def _filesystem(place: Path) -> str:
    """The kind of file system of the deepest mount above `place`, from Linux's own list."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    found = (-1, "")
    for line in lines:
        before, _dash, after = line.partition(" - ")
        parts, kinds = before.split(" "), after.split(" ")
        if len(parts) < 5:
            continue
        mount = parts[4].replace("\\040", " ")
        if place == Path(mount) or Path(mount) in place.parents:
            found = max(found, (len(mount), kinds[0]), key=lambda each: each[0])
    return found[1]


def _is_remote_drive(place: Path) -> bool:
    import ctypes  # noqa: PLC0415 - Windows only

    remote = 4  # DRIVE_REMOTE of GetDriveTypeW
    drive = place.drive
    if drive.startswith("\\\\"):
        return True
    return bool(ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == remote)  # type: ignore[attr-defined]


def is_same_disk(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False
