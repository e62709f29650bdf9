"""`python -m tests.locks_itself FOLDER TOLD`: the app opens a vault, locks, and is looked at again
by whatever took its place. Each process adds one line to the file TOLD."""

import os
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from intake_app import service
from intake_app.core.errors import IntakeError
from intake_app.store.database import LOG
from tests.vaults import COORDINATOR, PASSWORD, Clock, use_fast_keys
from tests.walk import wait
from ui.app import App, Surroundings
from ui.screens.unlock import UnlockScreen


def main() -> None:
    use_fast_keys()
    folder, told = Path(sys.argv[1]), Path(sys.argv[2])
    first = not told.exists()
    app = QApplication([])
    house = App(app, Surroundings(folder, Clock()))
    if first:
        house._enter(service.open_vault(folder, COORDINATOR, PASSWORD, Clock()))
        house.main.desk.change(lambda s: s.begin_call())
        house.main.go("call")
        _tell(told, "opened", house)
        QTimer.singleShot(0, house.lock)
        app.exec()
        _tell(told, "still here", house)  # never reached
        return
    house.start()
    wait(lambda: isinstance(house.front, UnlockScreen) and house.front._names.count())
    log = folder / LOG
    unfolded = log.exists() and log.stat().st_size > 0
    _tell(told, "unlock screen over a log" if unfolded else "unlock screen", house)
    try:
        service.open_vault(folder, COORDINATOR, PASSWORD, Clock()).close()
        _tell(told, "records were released", house)
    except IntakeError as refusal:
        _tell(told, str(refusal), house)
    os._exit(0)  # nothing of this process matters any more


def _tell(told: Path, what: str, house: App) -> None:
    secret = "INTAKE_PASSWORD" in os.environ
    with told.open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} | {what} | {house.main is not None} | {secret}\n")


if __name__ == "__main__":
    main()
