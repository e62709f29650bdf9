"""Folders of a disk of their own: full, or read-only, for whoever the tests run as."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: str = "1900k") -> Iterator[Path]:
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    try:
        refused = subprocess.run(mount, check=False, capture_output=True).returncode
    except FileNotFoundError:
        refused = True
    if refused:
        pytest.skip("a small disk can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def read_only(place: Path) -> Iterator[Path]:
    """By its mode, which root does not heed; for root as a disk that was mounted so."""
    if os.geteuid():
        place.mkdir()
        place.chmod(0o500)
        yield place
        return
    with small_disk(place):
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield place


@contextmanager
def full(place: Path) -> Iterator[Path]:
    with small_disk(place, "64k"):
        (place / "ballast").write_bytes(bytes(60 * 1024))
        yield place
