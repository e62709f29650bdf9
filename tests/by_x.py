"""`python -m tests.by_x FOLDER`: the walk of tests/walk.py on the X server of $DISPLAY."""

import subprocess
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests import vaults, walk


def main() -> int:
    vaults.use_fast_keys()
    manager = subprocess.Popen(["openbox"])
    app = QApplication([])
    try:
        walk.whole_day(app, Path(sys.argv[1]), walk.XKeys(app)).main.close()
    finally:
        manager.terminate()
        manager.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
