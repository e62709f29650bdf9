"""Composition root: opens the window; sub-commands do the work of the app without one."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path

from intake_app import cases, content, demo, service
from intake_app.core.errors import IntakeError
from intake_app.core.model import Role
from intake_app.core.words import _
from intake_app.display import has_screen
from intake_app.store import database

APP = "ketamine-intake"
DEMO_CASES = content.RESOURCES / "demo" / "cases"
# Where the records are, unless --vault says otherwise.
VAULT_VARIABLE = "INTAKE_VAULT"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 recorded, whatever the risk; 1 refused, with one sentence on stderr; 2 wrong usage."""
    database.no_core_dumps()
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except IntakeError as refusal:
        print(refusal, file=sys.stderr)
    except KeyboardInterrupt:
        print(_("Stopped; what was said to be saved is safe."), file=sys.stderr)
    except Exception as bug:  # noqa: BLE001 - what it carries may be a patient's; its class is not
        template = _(
            "The app met a fault of its own ({kind}) and stopped; what was saved before is safe. "
            "Tell those who look after it."
        )
        print(template.format(kind=type(bug).__name__), file=sys.stderr)
    return 1


def _system_clock() -> datetime:
    return datetime.now().astimezone()


def _parser() -> argparse.ArgumentParser:
    about = _(
        "Open the app. Where there is no screen, walk the demo calls instead and print the path of "
        "each PDF."
    )
    parser = argparse.ArgumentParser(prog="main.py", description=about)
    where = _("the folder of the records; also from the variable INTAKE_VAULT")
    parser.add_argument("--vault", type=Path, metavar="DIR", help=where)
    parser.set_defaults(run=_open_app, out=None)
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND")

    screen = commands.add_parser("screen", help=_("run a case file through the service"))
    screen.add_argument("case", type=Path, metavar="CASE.toml")
    screen.add_argument("--vault", type=Path, required=True, metavar="DIR")
    screen.add_argument("--pdf", type=Path, required=True, metavar="OUT.pdf")
    screen.add_argument("--json", type=Path, metavar="OUT.json")
    screen.add_argument("--staff", metavar="NAME", help=_("who is at the desk"))
    screen.set_defaults(run=_screen)

    items = commands.add_parser("items", help=_("the protocol's items as JSON"))
    items.set_defaults(run=_items)

    what = _("look for any change made behind the app's back")
    verify = commands.add_parser("verify", help=what)
    verify.add_argument("--vault", type=Path, required=True, metavar="DIR")
    verify.add_argument("--staff", metavar="NAME", help=_("whose password it is"))
    verify.set_defaults(run=_verify)

    what = _("open the app on invented patients; without a screen, walk the demo calls")
    shown = commands.add_parser("demo", help=what)
    shown.add_argument("--out", type=Path, metavar="DIR", help=_("where the demo is kept"))
    shown.set_defaults(run=_demo)
    return parser


def _password() -> str:
    found = os.environ.pop("INTAKE_PASSWORD", None)
    if found is None:
        if not sys.stdin.isatty():
            raise IntakeError(
                _(
                    "A password is needed; nothing was done. Set INTAKE_PASSWORD or run in a "
                    "terminal."
                )
            )
        found = getpass.getpass(_("Password: "))
    return found


# screen -----------------------------------------------------------------------------------------


def _screen(chosen: argparse.Namespace) -> int:
    case = cases.read(chosen.case)
    shown = _run(case, chosen.vault, _password(), chosen.staff, chosen.pdf, _print_saved)
    if chosen.json:
        _write_json(chosen.json, shown)
    return 0


def _print_saved(what: str) -> None:
    """For a program that reads along: the same in every language."""
    sys.stdout.write(f"saved {what}\n")
    sys.stdout.flush()


def _run(
    case: cases.CaseFile,
    folder: Path,
    password: str,
    staff: str | None,
    pdf: Path,
    saved: object,
) -> dict[str, object]:
    clock = cases.CaseClock(case.today)
    desk = _open(case, folder, password, staff, clock)
    try:
        replay = cases.Replay(desk, case, clock, password, saved)  # type: ignore[arg-type]
        shown = replay.run()
        desk.print_summary(shown.intake.id, pdf)
        return cases.result(shown)
    finally:
        desk.close()


def _open(
    case: cases.CaseFile,
    folder: Path,
    password: str,
    staff: str | None,
    clock: cases.CaseClock,
) -> service.IntakeService:
    if not folder.exists():
        cases.prove(case, content.build(content.shipped()))
        return _create(case, folder, password, staff, clock)
    names = service.staff_names(folder)
    cases.refuse_strangers(case, names)
    desk = service.open_vault(folder, _at_the_desk(case, staff, names), password, clock)
    try:
        cases.prove(case, desk.protocol())
    except BaseException:
        desk.close()
        raise
    return desk


def _create(
    case: cases.CaseFile,
    folder: Path,
    password: str,
    staff: str | None,
    clock: cases.CaseClock,
) -> service.IntakeService:
    names = tuple(person.name for person in case.staff)
    if not names:
        raise IntakeError(_("A new vault needs [[staff]] in the case; nothing was created."))
    cases.refuse_strangers(case, names)
    first = _at_the_desk(case, staff, names)
    people = [
        service.NewPerson(person.name, person.roles, password)
        for person in sorted(case.staff, key=lambda p: p.name != first)
    ]
    desk, recovery_key = service.create_vault(folder, case.clinic, people, clock)
    if not case.clinic.demo:
        template = _("Recovery key, shown this once: {key}")
        print(template.format(key=recovery_key), file=sys.stderr)
    return desk


def _at_the_desk(case: cases.CaseFile, staff: str | None, names: Sequence[str]) -> str:
    """Whoever was named; else the case's first coordinator, else its first person."""
    if staff is None:
        coordinators = [p.name for p in case.staff if Role.COORDINATOR in p.roles]
        staff = next(iter([*coordinators, *(p.name for p in case.staff)]), None)
    if staff is None and len(names) == 1:
        return names[0]
    if staff is None:
        raise IntakeError(_("Say who is at the desk with --staff NAME; nothing was done."))
    return staff


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        template = _(
            "The call is saved, but {file} cannot be written ({why}); choose another place."
        )
        raise IntakeError(template.format(file=path.name, why=error.strerror)) from None


# items, verify ----------------------------------------------------------------------------------


def _items(_chosen: argparse.Namespace) -> int:
    protocol = content.build(content.shipped())
    rows = [
        {
            "id": item.id,
            "kind": item.kind,
            "options": [option.code for option in item.options],
            "stage": item.stage.value,
            "ask": item.ask,
            "unit": item.unit,
            "when": item.when.text if item.when else None,
            "safety": item.safety,
            "criterion": item.criterion,
        }
        for item in protocol.items.values()
    ]
    print(json.dumps(rows, indent=2, ensure_ascii=False))
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    fault = service.verify_vault(chosen.vault, chosen.staff, _password())
    if fault is not None:
        template = _("{fault}. Nothing was mended; restore a backup.")
        print(template.format(fault=fault.rstrip(".")), file=sys.stderr)
        return 1
    print(_("Nothing was changed behind the app's back."))
    return 0


# The window -------------------------------------------------------------------------------------


def _home() -> Path:
    return user_data_path(APP, appauthor=False)


def _open_app(chosen: argparse.Namespace) -> int:
    """On the vault that was named, or the one in the user's data folder; else the set-up."""
    if not has_screen(os.environ):
        return _walk(_home() / "demo")
    named = chosen.vault or os.environ.get(VAULT_VARIABLE)
    return _window(Path(named) if named else _home() / "vault")


def _demo(chosen: argparse.Namespace) -> int:
    """The demo vault of today, made anew if it is not of today."""
    out = chosen.out or _home() / "demo"
    if not has_screen(os.environ):
        return _walk(out)
    folder, now = out / "vault", _system_clock()
    if not demo.is_fresh(folder, now.date()):
        print(_("Making a fresh demo; this takes a few seconds."), file=sys.stderr)
        if folder.exists():
            demo.remove(folder, now)
        demo.make(folder, now)
    return _window(folder, demo.PASSWORD)


def _window(folder: Path, demo_password: str = "") -> int:
    from ui import app  # noqa: PLC0415 - Qt is loaded only where there is a screen for it

    return app.run(folder, _system_clock, demo_password)


def _walk(out: Path) -> int:
    """Walk the demo calls; stdout holds the path of each PDF, one a line."""
    print(
        _("There is no screen here, so no window opens; three demo calls are walked instead."),
        file=sys.stderr,
    )
    folder = out / "vault"
    if folder.exists():
        demo.remove(folder, _system_clock())
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(DEMO_CASES.glob("*.toml")):
        pdf = out / f"{path.stem}.pdf"
        _run(cases.read(path), folder, demo.PASSWORD, None, pdf, lambda _what: None)
        print(pdf, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
