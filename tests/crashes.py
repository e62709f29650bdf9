"""What a kill leaves: the folder of a vault as it stands before and after each operation on files.

The images are made while one deed runs to its end, in one go; each is a folder of its own.
"""

import os
import shutil
from pathlib import Path

import pytest

from intake_app.store.files import UNFINISHED

OPERATIONS = ("mkdir", "chmod", "unlink", "open", "fsync", "replace", "rename", "rmdir")


def images(folder: Path, to: Path, deed):
    """Do it; (what it gave, the folders that a kill at each place would have left)."""
    found, real = [], {name: getattr(os, name) for name in OPERATIONS}
    busy = []

    def keep():
        if busy:
            return
        busy.append(True)
        image = to / f"{len(found):03}"
        shutil.copytree(folder, image)
        found.append(image)
        busy.clear()

    def watched(name):
        def call(*given, **named):
            keep()
            result = real[name](*given, **named)
            keep()
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in OPERATIONS:
            patch.setattr(os, name, watched(name))
        result = deed()
    return result, _different(found)


def _different(found):
    """Of images that follow each other and differ only in what is unfinished, the one with the most
    of that: nothing reads it, and what it is in the way of would show there."""
    kept, last = [], None
    for image in found:
        paths = [path.relative_to(image) for path in image.rglob("*")]
        whole = [path for path in paths if UNFINISHED not in str(path)]
        held = {p: (image / p).read_bytes() for p in whole if (image / p).is_file()}
        if held == last:
            if sum(1 for _path in kept[-1].rglob("*")) > len(paths):
                continue
            kept.pop()
        kept.append(image)
        last = held
    return kept
