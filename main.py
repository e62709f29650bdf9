"""Composition root: reads what is asked for, then loads that and no more.

So a stop while modules load has its one sentence too, and a window waits for no database.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

APP = "ketamine-intake"
# Where the records are, unless --vault says otherwise.
VAULT_VARIABLE = "INTAKE_VAULT"


def main(arguments: list[str] | None = None) -> int:
    """0 recorded, whatever the risk; 1 refused, with one sentence on stderr; 2 wrong usage."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        from intake_app import process

        process.tell_stopped()
    except Exception as problem:  # noqa: BLE001 - said without what it carries
        from intake_app import process
        from intake_app.core.errors import IntakeError

        if isinstance(problem, IntakeError):
            process.tell(problem)
        else:
            process.tell_fault(type(problem))
    return 1


def _run(arguments: list[str] | None) -> int:
    from intake_app import process

    process.no_core_dumps()
    from intake_app.arguments import parser

    chosen = parser().parse_args(arguments)
    if chosen.command not in (None, "demo"):
        return _command(chosen)
    return _demo(chosen.out) if chosen.command == "demo" else _open_app(chosen.vault)


def _command(chosen: Namespace) -> int:
    from intake_app import commands

    _stop_by_exception()
    it = chosen
    return {
        "screen": lambda: commands.screen(it.case, it.vault, it.pdf, it.json, it.staff),
        "verify": lambda: commands.verify(it.vault, it.staff),
        "recover": lambda: commands.recover(it.vault, it.staff, _system_clock),
        "go-on": lambda: commands.go_on(it.vault, it.staff, it.reason, _system_clock),
        "backup": lambda: commands.backup(it.vault, it.to, it.staff, _system_clock),
        "restore": lambda: commands.restore(it, _system_clock),
        "score": lambda: commands.score(it.file),
        "lint": lambda: commands.lint(it.file),
        "items": commands.items,
    }[it.command]()


def _system_clock() -> datetime:
    from datetime import datetime

    return datetime.now().astimezone()


# The window ---------------------------------------------------------------------------------------


def _home() -> Path:
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False)


def _has_screen() -> bool:
    import os

    from intake_app.display import has_screen

    return has_screen(os.environ)


def _open_app(named: Path | None) -> int:
    """On the vault that was named, or the one in the user's data folder; else the set-up."""
    import os
    from pathlib import Path

    if not _has_screen():
        return _walk(_home() / "demo")
    folder = named or os.environ.get(VAULT_VARIABLE)
    return _window(Path(folder) if folder else _home() / "vault")


def _demo(out: Path | None) -> int:
    out = out or _home() / "demo"
    if not _has_screen():
        return _walk(out)
    from intake_app import commands

    _stop_by_exception()
    return _window(out / "vault", commands.fresh_demo(out / "vault", _system_clock))


def _walk(out: Path) -> int:
    from intake_app import commands

    _stop_by_exception()
    return commands.walk(out, _system_clock)


def _window(folder: Path, demo_password: str = "") -> int:
    from ui import app

    _stop_by_exception()
    return app.run(folder, _system_clock, demo_password)


# This program -------------------------------------------------------------------------------------


def _stop_by_exception() -> None:
    """From here on something may be under way: Ctrl-C unwinds it."""
    import signal

    _on_stop(signal.default_int_handler)


def _on_stop(handler: Callable[..., object]) -> None:
    """Unless whoever started this, such as nohup, wants it to go on."""
    import signal

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


def _launch() -> int:
    try:
        from intake_app import process

        _on_stop(process.stop_at_once)
        from intake_app import quiet
    except KeyboardInterrupt:
        from intake_app import process

        process.tell_stopped()
        return 1
    try:
        with quiet.begun():
            return main()
    finally:
        process.flush()


if __name__ == "__main__":
    sys.exit(_launch())
