"""What can be asked of the program. Light: a window waits for it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from intake_app.core.words import _


def parser() -> argparse.ArgumentParser:
    about = _(
        "Open the app. Where there is no screen, walk the demo calls instead and print the path of "
        "each PDF."
    )
    found = argparse.ArgumentParser(prog="main.py", description=about)
    where = _("the folder of the records; also from the variable INTAKE_VAULT")
    found.add_argument("--vault", type=Path, metavar="DIR", help=where)
    commands = found.add_subparsers(title=_("commands"), metavar="COMMAND", dest="command")

    screen = commands.add_parser("screen", help=_("run a case file through the service"))
    screen.add_argument("case", type=Path, metavar="CASE.toml")
    screen.add_argument("--vault", type=Path, required=True, metavar="DIR")
    screen.add_argument("--pdf", type=Path, required=True, metavar="OUT.pdf")
    screen.add_argument("--json", type=Path, metavar="OUT.json")
    screen.add_argument("--staff", metavar="NAME", help=_("who is at the desk"))

    commands.add_parser("items", help=_("the protocol's items as JSON"))

    read = commands.add_parser("lint", help=_("what an author of content should look at again"))
    what = _("a protocol, an instrument or medications.toml, in place of the shipped one")
    read.add_argument("file", type=Path, nargs="?", metavar="FILE", help=what)

    scored = commands.add_parser("score", help=_("answer sheets of scales, a JSON line for each"))
    scored.add_argument("file", type=Path, metavar="FILE.json")

    what = _("look for any change made behind the app's back")
    verify = commands.add_parser("verify", help=what)
    verify.add_argument("--vault", type=Path, required=True, metavar="DIR")
    verify.add_argument("--staff", metavar="NAME", help=_("whose password it is"))

    _backups(commands)
    what = _("let somebody in by the recovery key on paper, when nobody can unlock")
    recover = commands.add_parser("recover", help=what)
    recover.add_argument("--vault", type=Path, required=True, metavar="DIR")
    who = _("who is to be administrator: somebody known there, or a new name")
    recover.add_argument("--staff", required=True, metavar="NAME", help=who)

    what = _("open the app on invented patients; without a screen, walk the demo calls")
    shown = commands.add_parser("demo", help=what)
    shown.add_argument("--out", type=Path, metavar="DIR", help=_("where the demo is kept"))
    return found


def _backups(commands: Any) -> None:
    what = _("make a backup in a new folder, and prove it")
    backup = commands.add_parser("backup", help=what)
    backup.add_argument("--vault", type=Path, required=True, metavar="DIR")
    backup.add_argument("--to", type=Path, required=True, metavar="DIR")
    backup.add_argument("--staff", metavar="NAME", help=_("whose password it is"))

    what = _("bring a backup back; a vault that is there is kept beside")
    restore = commands.add_parser("restore", help=what)
    restore.add_argument("--from", type=Path, required=True, metavar="DIR", dest="source")
    restore.add_argument("--vault", type=Path, required=True, metavar="DIR")
    restore.add_argument("--staff", metavar="NAME", help=_("whose password of then it is"))
    what = _("with the recovery key, also from the variable INTAKE_RECOVERY_KEY")
    restore.add_argument("--recovery", action="store_true", help=what)
    what = _("a drill: say what would be brought back, and change nothing")
    restore.add_argument("--drill", action="store_true", help=what)

    what = _("work again with records that do not fit their seal, as they are found")
    gap = commands.add_parser("go-on", help=what)
    gap.add_argument("--vault", type=Path, required=True, metavar="DIR")
    gap.add_argument("--staff", required=True, metavar="NAME", help=_("an administrator"))
    gap.add_argument("--reason", required=True, metavar="TEXT", help=_("why, for the audit trail"))
