"""`python -m tests.pictures [NAME ...]`: the pictures in docs/, each screen in both lights, of the
demo and of its calls. They are made without a screen of the computer, and made small by ImageMagick
where it is there; the pages come from `pdftoppm`."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from intake_app import demo, service
from intake_app.core.model import Decision
from tests import walk as walks
from tests.vaults import use_fast_keys
from tests.walk import QtKeys, Walk, wait
from ui import theme
from ui.screens.unlock import UnlockScreen
from ui.screens.wizard import Wizard
from ui.theme import Theme

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
CLINICIAN = "Dr. Ines Okafor"


class Camera:
    """Takes a window in both lights, under the name that it has in the pages."""

    def __init__(self, app: QApplication, wanted: list[str]) -> None:
        self._app, self._wanted = app, wanted

    def take(self, name: str, window: QWidget) -> None:
        if self._wanted and name not in self._wanted:
            return
        for light in ("light", "dark"):
            theme.choose(self._app, Theme(light == "dark", 1.0))
            _settle()
            self.save(f"{name}_{light}", window)
        theme.choose(self._app, Theme())
        _settle()

    def save(self, name: str, window: QWidget) -> None:
        path = PICTURES / f"{name}.png"
        window.grab().save(str(path))
        small(path)
        print(path.name, path.stat().st_size, flush=True)


def small(path: Path) -> None:
    if shutil.which("convert"):
        fewer = ("-strip", "-dither", "None", "-colors", "128", f"PNG8:{path}")
        subprocess.run(["convert", path, *fewer], check=True)


def _settle() -> None:
    for _turn in range(5):
        QApplication.processEvents()


def first_start(camera: Camera, walk: Walk) -> None:
    walk.app.start()
    wait(lambda: isinstance(walk.app.front, Wizard) and walk.app.front.isActiveWindow())
    wizard = walk.app.front
    walk.press("Ctrl+Return")
    walk.type("Harbour Infusion Clinic")
    walk.press("Ctrl+Return")
    walk._person("Dr. Ines Okafor", "Clinician")
    camera.take("wizard", wizard)
    walk.press("Ctrl+Return", "Ctrl+Return")
    wait(lambda: wizard.step == "key")
    camera.take("wizard_key", wizard)
    wizard.hide()


def entered(app: QApplication, folder: Path, name: str) -> Walk:
    walk = Walk(app, folder, QtKeys())
    walk.clock.now = datetime.now().astimezone()
    walk.app._enter(service.open_vault(folder, name, demo.PASSWORD, walk.clock))
    panel = walk.main.panel()
    wait(lambda: panel.isVisible() and panel.isActiveWindow(), "somebody in the demo is in danger")
    walk.press("Esc", "Ctrl+W")
    wait(walk.main.isActiveWindow)
    return walk


def unlocking(camera: Camera, app: QApplication, folder: Path) -> None:
    walk = Walk(app, folder, QtKeys())
    object.__setattr__(walk.app.around, "demo_password", demo.PASSWORD)
    walk.app.start()
    wait(lambda: isinstance(walk.app.front, UnlockScreen) and walk.app.front.isActiveWindow())
    _settle()
    camera.take("unlock", walk.app.front)
    walk.app.front.hide()


def a_crisis(camera: Camera, walk: Walk) -> None:
    main = walk.main
    camera.take("worklist", main)
    walk.press("Ctrl+N")
    walk.answer(walks.CRISIS, until=lambda: walk.question == "suicide.4")
    walk.press("1")
    camera.take("call", main)
    theme.choose(walk.app._app, Theme(False, 2.0))
    _settle()
    camera.save("call_200", main)
    theme.choose(walk.app._app, Theme())
    _settle()
    main.resize(1366, 768)
    walk.press("F2")
    camera.take("call_list", main)
    walk.press("F2", "F9")
    panel = main.panel()
    wait(lambda: panel.isVisible() and panel.isActiveWindow())
    walk.press("1", "2")
    camera.take("emergency", panel)
    walk.press("Ctrl+D", "8")
    camera.take("dropped", panel)
    walk.press("Esc")
    wait(main.isActiveWindow)
    main.go("check")
    camera.take("check", main)
    main.hide()


def a_review(camera: Camera, walk: Walk) -> None:
    main = walk.main
    row = next(r for r in main.desk.service.worklist() if r.patient == "Teodor Ilie")
    main.desk.open(row.intake_id)
    main.go("review")
    camera.take("review", main)
    main.desk.change(lambda s: s.submit(row.intake_id))
    for flag in main.desk.case.screening.flags:
        main.desk.change(lambda s, key=flag.key: s.review_flag(
            row.intake_id, key, Decision.ACKNOWLEDGE, "Seen and spoken about"))  # fmt: skip
    walk.press("Ctrl+Return")
    wait(lambda: main.screens["review"]._dialog is not None)
    camera.take("sign", main.screens["review"]._dialog)
    walk.press("Esc")
    main.go("packet")
    wait(lambda: main.screens["packet"].view.count > 0)
    camera.take("packet", main)
    walk.press("Ctrl+S")
    wait(lambda: main.screens["packet"]._files is not None)
    camera.take("save", main.screens["packet"]._files)
    walk.press("Esc")
    main.go("settings")
    camera.take("settings", main)
    main.hide()


def a_screen(folder: Path) -> None:
    """Of the size of a usual laptop; Qt's own without a screen is 800 x 800."""
    config = folder / "screen.json"
    size = {"name": "laptop", "x": 0, "y": 0, "width": 1366, "height": 828, "logicalDpi": 96}
    config.write_text(json.dumps({"screens": [size]}), "utf-8")
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={config}"


def main() -> int:
    use_fast_keys()
    with tempfile.TemporaryDirectory() as made:
        a_screen(Path(made))
        app = QApplication([])
        camera = Camera(app, sys.argv[1:])
        first_start(camera, Walk(app, Path(made) / "new", QtKeys()))
        folder = Path(made) / "demo"
        demo.make(folder, datetime.now().astimezone())
        unlocking(camera, app, folder)
        crisis = entered(app, folder, "Dana Reyes")
        a_crisis(camera, crisis)
        crisis.main.desk.close()
        a_review(camera, entered(app, folder, CLINICIAN))
    return 0


if __name__ == "__main__":
    sys.exit(main())
