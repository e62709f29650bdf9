"""`python -m tests.dies_in_a_call FOLDER HOW`: the app in the middle of a call, to be killed there.
It says the question that is put on a line of its own, and waits for its end."""

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from intake_app import service
from intake_app.core.agenda import CALLER
from tests.vaults import COORDINATOR, PASSWORD, Clock, use_fast_keys
from tests.walk import QtKeys, Walk, wait

OPENING = {
    "callback_number": "740 555 0163",
    "caller_location": "14 Elm Street",
    "date_of_birth": "11 Feb 1999",
    "name": "Robin Achterberg",
    "can_talk_freely": 1,
    CALLER: 1,
}


def main() -> None:
    use_fast_keys()
    folder, how = Path(sys.argv[1]), sys.argv[2]
    walk = Walk(QApplication([]), folder, QtKeys())
    walk.app._enter(service.open_vault(folder, COORDINATOR, PASSWORD, Clock()))
    wait(walk.main.isActiveWindow)
    walk.press("Ctrl+N")
    walk.say(OPENING["callback_number"])
    walk.type("14 Elm Str")
    kept(walk)  # a place with half a word, which is not that of later
    walk.type("eet")
    walk.press("Return")
    walk.answer({**OPENING, **dict.fromkeys(("read_back", "language", "recording"), 1)},
                until=lambda: walk.question == "suicide.2")  # fmt: skip
    GOES_ON[how](walk)
    print(walk.question, flush=True)
    wait(lambda: False)


def elsewhere(walk: Walk) -> None:
    walk.press("PgDown", "PgDown")
    kept(walk)


def half_typed(walk: Walk) -> None:
    walk.call.at("stroke_ever")
    walk.press("1")
    walk.type("last spr")
    kept(walk)


def half_a_note(walk: Walk) -> None:
    walk.press("Ctrl+L")
    walk.say("his sister drives him")
    walk.type("sounds slurr")
    kept(walk)


def half_a_note_on_the_panel(walk: Walk) -> None:
    walk.press("F9")
    wait(walk.main.panel().isActiveWindow)
    walk.press("Ctrl+L")
    walk.say("a door slammed")
    walk.type("somebody shou")
    kept(walk)
    wait(lambda: not walk.main.panel()._keep_draft.isActive())


GOES_ON = {
    "at once": lambda _walk: None,
    "elsewhere": elsewhere,
    "half typed": half_typed,
    "half a note": half_a_note,
    "half a note on the panel": half_a_note_on_the_panel,
}


def kept(walk: Walk) -> None:
    wait(lambda: not walk.call._keep_draft.isActive())


if __name__ == "__main__":
    main()
