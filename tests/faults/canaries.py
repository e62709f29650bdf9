"""What a whole day's work leaves anywhere: the walk of tests/walk.py, then errors that carry a
patient's words, in a process whose home, temporary folder, output and clipboard are looked through.

Five encodings: UTF-8, UTF-16, base64, hex, and whatever of these stands behind zlib or gzip. The
records themselves and their backups are looked through too; the two summaries that are saved on
purpose are not. Fewer than a hundred errors: a call alone, for a short form.
`python -m tests.faults.canaries PLACE TIMES` is that process.
"""

from __future__ import annotations

import base64
import gzip
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.faults.common import Figure

ROOT = Path(__file__).parent.parent.parent
# Of the callers of the walk, and one that only errors carry.
FORCED = "Quentin Zauberstab"
WORDS = ("Velasquez", "Achterberg", "555 0142", "Car park behind", FORCED)
WHOLE_DAY = 100
_DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


def run(times: int, place: Path) -> Figure:
    home = place / "left"
    for name in ("home", "tmp", "vault"):
        (home / name).mkdir(parents=True)
    given = {"HOME": "home", "TMPDIR": "tmp", "XDG_DATA_HOME": "home", "XDG_CONFIG_HOME": "home"}
    told = {name: str(home / folder) for name, folder in given.items()}
    words = [sys.executable, "-m", "tests.faults.canaries", str(home), str(times)]
    env = {**os.environ, **told, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    with (home / "said").open("wb") as said:
        done = subprocess.run(words, cwd=ROOT, env=env, stdout=said, stderr=said, check=False)
    missed = [] if done.returncode == 0 else [f"the walk ended with {done.returncode}"]
    for folder in (home, place / "papers" / "vault", place / "papers" / "vault-backups"):
        missed += hits(folder)
    missed += [f"not found in a file that holds it: {how}" for how in blind(place / "control")]
    files = sum(path.is_file() for path in home.rglob("*"))
    day = "a whole day's walk" if times >= WHOLE_DAY else "a call"
    what = f"errors forced after {day}, {files} files and the clipboard looked through"
    return Figure(what, times, tuple(missed))


def hits(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            seen = {word for data in _layers(path.read_bytes()) for word in _words_in(data)}
            found += [f"{word} in {path.relative_to(folder)}" for word in sorted(seen)]
        found += [f"{word} names {path.name}" for word in WORDS if word in path.name]
    return found


def blind(folder: Path) -> list[str]:
    """The control: the encodings in which a word is not found."""
    missed = []
    folder.mkdir(parents=True, exist_ok=True)
    for how, data in written(WORDS[0]).items():
        (folder / "held").write_bytes(b"..." + data + b"...")
        missed += [] if hits(folder) else [how]
    return missed


def written(word: str) -> dict[str, bytes]:
    plain = word.encode()
    return {
        "UTF-8": plain,
        "UTF-16": word.encode("utf-16-le"),
        "base64": base64.b64encode(b"xy" + plain + b"z"),
        "hex": plain.hex().encode(),
        "zlib": zlib.compress(b"BT (" + plain + b") Tj ET"),
        "gzip": gzip.compress(plain),
    }


def _words_in(data: bytes) -> Iterator[str]:
    small = data.lower()
    for word in WORDS:
        plain = word.encode()
        utf16 = word.encode("utf-16-le")
        forms = [plain.lower(), utf16.lower(), plain.hex().encode(), utf16.hex().encode()]
        if any(form in small for form in forms) or any(part in data for part in _base64(plain)):
            yield word


def _base64(plain: bytes) -> Iterator[bytes]:
    """What of a word stands in base64 by itself, at each of the three places where it may begin."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + plain)
        yield whole[-(-before * 8 // 6) + (before > 0) : -4]


def _layers(data: bytes) -> Iterator[bytes]:
    yield data
    for found in _DEFLATED.finditer(data):
        try:
            yield zlib.decompressobj(wbits=47).decompress(data[found.start() :])
        except zlib.error:
            continue


# The process that is looked at ------------------------------------------------------------------


def main() -> None:
    from PySide6.QtCore import QTimer  # noqa: PLC0415 - of the child alone
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from intake_app import quiet  # noqa: PLC0415
    from tests import walk  # noqa: PLC0415
    from tests.vaults import use_fast_keys  # noqa: PLC0415
    from ui import faults  # noqa: PLC0415

    use_fast_keys()
    place, times = Path(sys.argv[1]), int(sys.argv[2])
    papers = place.parent / "papers"  # asked for, and so not looked through
    papers.mkdir()
    with quiet.begun():
        app = QApplication([])
        faults.install(lambda sentence: print(sentence, flush=True))
        day = walk.whole_day if times >= WHOLE_DAY else _a_call
        walked = day(app, papers, walk.QtKeys())
        for number in range(times):
            QTimer.singleShot(0, _errors(walked)[number % 5])
            app.processEvents()
        walked.main.close()
        board = QApplication.clipboard().text()
        (place / "clipboard").write_text(board, encoding="utf-8")
    os._exit(0)


def _a_call(app: Any, papers: Path, keys: Any) -> Any:
    from intake_app import service  # noqa: PLC0415
    from tests import vaults, walk  # noqa: PLC0415

    vaults.open_clinic(papers / "vault", vaults.Clock()).close()
    walked = walk.Walk(app, papers / "vault", keys)
    name, password = vaults.COORDINATOR, vaults.PASSWORD
    walked.app._enter(service.open_vault(papers / "vault", name, password, walked.clock))
    desk = walked.main.desk
    desk.change(lambda s: s.begin_call())
    desk.change(lambda s: s.identify_patient(desk.case.intake.id, FORCED))
    walked.main.go("call")
    desk.service.backups.back_up()
    return walked


def _errors(walked: Any) -> tuple[Callable[[], None], ...]:
    """Ways of failing that carry a patient's words."""
    import logging  # noqa: PLC0415
    import warnings  # noqa: PLC0415

    desk = walked.main.desk

    def raised() -> None:
        raise ValueError(FORCED)

    def refused() -> None:
        intake = desk.case.intake.id
        desk.service.record_answer(intake, "stroke_ever", FORCED)

    def unknown() -> None:
        desk.service.show(FORCED)

    def database() -> None:
        with desk.service._view("show") as work:
            work.connection.exec_driver_sql("INSERT INTO staff VALUES (?)", (FORCED,))

    def told() -> None:
        logging.getLogger("any").error("row %s", FORCED)
        warnings.warn(FORCED, UserWarning, stacklevel=1)

    return raised, refused, unknown, database, told


if __name__ == "__main__":
    main()
