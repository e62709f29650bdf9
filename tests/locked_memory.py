"""`python -m tests.locked_memory FOLDER`: a real process that opens, shows a record, and locks once
it is told to on its standard input; each process that takes its place says so on its output."""

import os
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from intake_app import service
from tests.vaults import COORDINATOR, PASSWORD, Clock, use_fast_keys
from tests.walk import wait
from ui.app import App, Surroundings
from ui.screens.unlock import UnlockScreen


def main() -> None:
    use_fast_keys()
    folder = Path(sys.argv[1])
    app = QApplication([])
    house = App(app, Surroundings(folder, Clock()))
    if os.environ.pop("TO_OPEN", ""):
        opened = service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
        house._enter(opened)
        intake = opened.begin_call().intake.id
        name = sys.stdin.readline().strip()  # not written here: the next process reads this file
        house.main.desk.change(lambda s: s.identify_patient(intake, name))
        house.main.go("call")
        app.processEvents()
        _say(f"opened {os.getpid()}")
        sys.stdin.readline()
        QTimer.singleShot(0, lambda: (house.lock(), _say("still the same"), app.quit()))
        app.exec()
        return  # only a process that was not replaced comes here
    house.start()
    wait(lambda: isinstance(house.front, UnlockScreen) and house.front._names.count())
    _say(f"locked {os.getpid()}")
    sys.stdin.readline()
    os._exit(0)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
