"""The commands that need no window. Each returns the exit status, or raises one sentence."""

from __future__ import annotations

import getpass
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from intake_app import cases, content, demo, scorefile, service
from intake_app.core.errors import ContentError, IntakeError, NotFound
from intake_app.core.lint import findings
from intake_app.core.model import Role
from intake_app.core.words import _
from intake_app.process import say, tell
from intake_app.store import outlets
from intake_app.store.vault import folded

DEMO_CASES = content.RESOURCES / "demo" / "cases"


def _password() -> str:
    return _secret("INTAKE_PASSWORD", _("Password: "))


def _secret(variable: str, prompt: str) -> str:
    found = os.environ.pop(variable, None)
    if found is not None:
        return found
    try:
        if sys.stdin is not None and sys.stdin.isatty():
            return getpass.getpass(prompt)
    except EOFError:
        pass
    template = _("A password is needed; nothing was done. Set {variable} or run in a terminal.")
    raise IntakeError(template.format(variable=variable))


# screen -------------------------------------------------------------------------------------------


def screen(case: Path, folder: Path, pdf: Path, result: Path | None, staff: str | None) -> int:
    """A whole call, from registration to paper."""
    told = cases.read(case)
    outlets.prove([pdf, *([result] if result is not None else [])], case, folder)
    _run(_Call(told, folder, _password(), staff), pdf, result, _print_saved)
    return 0


def _print_saved(what: str) -> None:
    """For a program that reads along: the same in every language."""
    say(f"saved {what}")


class _Call:
    """A case and the desk at which it is replayed."""

    def __init__(
        self, case: cases.CaseFile, folder: Path, password: str, staff: str | None
    ) -> None:
        self.case = case
        self.folder = folder
        self.password = password
        self.staff = staff
        self.clock = cases.CaseClock(case.today)

    def desk(self) -> service.IntakeService:
        if not self.folder.exists():
            cases.prove(self.case, content.build(content.shipped()))
            return self._create()
        names = service.staff_names(self.folder)
        cases.refuse_strangers(self.case, names)
        who = self._at_the_desk(names)
        return service.open_vault(self.folder, who, self.password, self.clock, self._rehearse)

    def _rehearse(self, desk: service.IntakeService) -> None:
        cases.refuse_elsewhere(self.case, desk.about)
        cases.prove(self.case, desk.protocol())
        cases.rehearse(desk, self.case, self.clock, self.password)
        if cases.tells_otherwise(self.case, desk.about):
            tell(_("The case tells another name or number of the clinic; those of the vault hold."))

    def _create(self) -> service.IntakeService:
        case = self.case
        names = tuple(person.name for person in case.staff)
        if not names:
            raise IntakeError(_("A new vault needs [[staff]] in the case; nothing was created."))
        cases.refuse_strangers(case, names)
        first = self._at_the_desk(names)
        people = [
            service.NewPerson(person.name, person.roles, self.password)
            for person in sorted(case.staff, key=lambda p: p.name != first)
        ]
        desk, recovery_key = service.create_vault(
            self.folder, cases.founded(case.clinic), people, self.clock, self._rehearse
        )
        if not desk.about.demo:
            template = _("Recovery key, shown this once: {key}")
            tell(template.format(key=recovery_key))
        return desk

    def _at_the_desk(self, names: Sequence[str]) -> str:
        """Whoever was named; else the case's first coordinator, else its first person."""
        if self.staff is not None:
            return _known(self.staff, names)
        staff = self.case.staff
        coordinators = [p.name for p in staff if Role.COORDINATOR in p.roles]
        first = next(iter([*coordinators, *(p.name for p in staff)]), None)
        if first is None and len(names) == 1:
            return names[0]
        if first is None:
            raise IntakeError(_("Say who is at the desk with --staff NAME; nothing was done."))
        return first


def _known(name: str, names: Sequence[str]) -> str:
    found = next((known for known in names if folded(known) == folded(name)), None)
    if found is None:
        template = _("person of the name that --staff gives among the staff; known are {names}")
        raise NotFound(template.format(names=", ".join(names)))
    return found


def _run(call: _Call, pdf: Path, result: Path | None, saved: Callable[[str], None]) -> None:
    desk = call.desk()
    try:
        shown = cases.Replay(desk, call.case, call.clock, call.password, saved).run()
        try:
            if result is not None:
                outlets.put(result, _json(cases.result(shown)).encode())
        finally:
            desk.print_summary(shown.intake.id, pdf)
    finally:
        desk.close()


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


# items, score, verify -----------------------------------------------------------------------------


def items() -> int:
    protocol = content.build(content.shipped())
    rows: list[dict[str, Any]] = [
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
    return _put_out(_json(rows).rstrip("\n"))


def score(file: Path) -> int:
    """One JSON line for each sheet of a file, or one sentence and nothing at all."""
    rows = [json.dumps(row, ensure_ascii=False) for row in scorefile.results(file)]
    return _put_out("\n".join(rows)) if rows else 0


def _put_out(text: str) -> int:
    refused = say(text)
    if refused is not None and not isinstance(refused, BrokenPipeError):
        template = _("The result cannot be written ({why}); choose another place for it.")
        raise IntakeError(template.format(why=refused.strerror))
    return 0


def verify(folder: Path, staff: str | None) -> int:
    fault = service.verify_vault(folder, staff, _password(), say)
    if fault is not None:
        template = _("{fault}. Nothing was mended; restore a backup.")
        tell(template.format(fault=fault.rstrip(".")))
        return 1
    say(_("Nothing was changed behind the app's back."))
    return 0


# backup, restore ----------------------------------------------------------------------------------


def backup(folder: Path, to: Path, staff: str | None, clock: service.Clock) -> int:
    """Into the new folder `to`, which is then a vault at rest."""
    names = service.staff_names(folder)
    who = _known(staff, names) if staff is not None else names[0]
    if staff is None and len(names) > 1:
        raise IntakeError(_("Say whose password it is with --staff NAME; nothing was done."))
    desk = service.open_vault(folder, who, _password(), clock)
    try:
        made = desk.backups.back_up(to)
    finally:
        desk.close()
    template = _("A backup was made and proven: {place}")
    say(template.format(place=made.path))
    return 0


def restore(asked: Namespace, clock: service.Clock) -> int:
    """`asked` has source, vault, staff, recovery and drill."""
    secret = _of_the_backup(asked.staff, asked.recovery)
    if asked.drill:
        template = _("This backup would bring back {what}. Nothing was changed.")
        say(template.format(what=service.try_restore(asked.source, secret).words))
        return 0
    found = service.restore_vault(asked.source, asked.vault, secret, clock)
    template = _("Restored, and equal to the backup row by row: {what}.")
    say(template.format(what=found.words))
    return 0


def _of_the_backup(staff: str | None, recovery: bool) -> service.Secret:
    key = os.environ.pop("INTAKE_RECOVERY_KEY", "")
    if recovery or key:
        return service.Secret(recovery_key=key or _password())
    return service.Secret(staff or "", _password())


def go_on(folder: Path, staff: str, reason: str, clock: service.Clock) -> int:
    kept = service.go_on(folder, staff, _password(), reason, clock)
    template = _("Gone on with a gap; nothing was mended. As it was found it lies in {place}.")
    say(template.format(place=kept))
    return 0


# recover ------------------------------------------------------------------------------------------


def recover(folder: Path, name: str, clock: service.Clock) -> int:
    """A new administrator's password by the paper alone; the new recovery key on stderr, once."""
    recovery_key = _secret("INTAKE_RECOVERY_KEY", _("Recovery key: "))
    typed = "INTAKE_PASSWORD" not in os.environ
    password = _secret("INTAKE_PASSWORD", _("New password: "))
    again = _secret("INTAKE_PASSWORD", _("The same again: ")) if typed else password
    new = service.NewPassword(name, password, again)
    desk, paper = service.recover_vault(folder, recovery_key, new, clock)
    desk.close()
    say(_("{name} is an administrator now and unlocks with the new password.").format(name=name))
    tell(_("Recovery key, shown this once; the old paper opens nothing: {key}").format(key=paper))
    return 0


# lint ---------------------------------------------------------------------------------------------


def lint(file: Path | None) -> int:
    """The findings, one a line; exits 1 where there is one."""
    try:
        bundle = content.shipped() if file is None else content.shipped_with(file)
        protocol, every = content.build(bundle), content.instruments(bundle)
    except ContentError as refused:
        tell(refused)
        return 1
    others = (i for id_, i in every.items() if id_ not in protocol.instruments)
    found = findings(protocol, others)
    for where, what in found:
        say(f"{where}: {what}")
    template = _("{rules} rules, {items} items, {open} placeholders for a clinician to confirm.")
    rules = sum(len(criterion.rules) for criterion in protocol.criteria)
    open_ = len(protocol.unconfirmed)
    tell(template.format(rules=rules, items=len(protocol.items), open=open_))
    return 1 if found else 0


# The demo -----------------------------------------------------------------------------------------


def fresh_demo(folder: Path, clock: service.Clock) -> str:
    """The demo vault of today, made anew if it is not of today; its password."""
    now = clock()
    if not demo.is_fresh(folder, now.date()):
        tell(_("Making a fresh demo; this takes a few seconds."))
        if folder.exists():
            demo.remove(folder, now)
        demo.make(folder, now)
    return demo.PASSWORD


def walk(out: Path, clock: service.Clock) -> int:
    """Walk the demo calls; stdout holds the path of each PDF, one a line."""
    tell(_("There is no screen here, so no window opens; three demo calls are walked instead."))
    folder = out / "vault"
    if folder.exists():
        demo.remove(folder, clock())
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(DEMO_CASES.glob("*.toml")):
        pdf = out / f"{path.stem}.pdf"
        call = _Call(cases.read(path), folder, demo.PASSWORD, None)
        _run(call, pdf, None, lambda _what: None)
        say(str(pdf))
    return 0
