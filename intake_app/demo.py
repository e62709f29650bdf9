"""The demo vault: a dozen invented people in every state of the work, as of today.

Each is a case file, replayed through the same service methods as a real call. A file tells its
own day; here all of its days move together, so that the demo is always fresh.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from intake_app import cases, content, service
from intake_app.core import review
from intake_app.core.errors import IntakeError
from intake_app.core.model import Clinic, Decision, Disposition, PartialDate, Role
from intake_app.core.protocol import Protocol
from intake_app.core.words import _
from intake_app.store import database
from intake_app.store.audit import APP_VERSION

FOLDER = content.RESOURCES / "demo"
# Not a secret: the demo vault holds invented people only.
PASSWORD = "demo password, not a secret"  # noqa: S105
_DAY = timedelta(days=1)
# How long ago the last word of each case was said, oldest first: whole days keep the time of day.
AGO: Mapping[str, timedelta] = {
    "more/11-third-party": 4 * _DAY,
    "more/10-not-suitable": 3 * _DAY,
    "more/08-query": 2 * _DAY,
    "cases/1-straightforward": 2 * _DAY,
    "more/06-closed": _DAY,
    "more/07-needs-review": _DAY,
    "cases/3-unknowns": _DAY,
    "more/12-minor": timedelta(hours=3),
    "more/09-second-contact": timedelta(minutes=110),
    "cases/2-crisis": timedelta(minutes=70),
    "more/04-dropped": timedelta(minutes=25),
    "more/05-raised": timedelta(minutes=6),
}
NUMBERS = {
    "on_call": "Dr. Ines Okafor, 555 0110",
    "backup": "Dr. Paul Lind, 555 0111",
    "director": "Dr. Ines Okafor, 555 0110",
    "crisis_line": "988",
    "emergency": "911",
    "poison": "1-800-222-1222",
    "county_emergency": "Montgomery County, 937 555 0199",
}
# At the desk is the first of them.
STAFF = {
    "Dana Reyes": {Role.COORDINATOR, Role.FRONT_DESK},
    "Dr. Ines Okafor": {Role.CLINICIAN, Role.ADMINISTRATOR},
    "Dr. Paul Lind": {Role.CLINICIAN},
}


def is_fresh(folder: Path, today: date) -> bool:
    """Whether the demo vault there was made today, whole, by this version of the app."""
    try:
        return folder.exists() and _mark(folder).read_text("utf-8") == _stamp(today)
    except OSError:
        return False


def _mark(folder: Path) -> Path:
    """Beside the vault: in it, nothing may lie that is not the vault's."""
    return folder.with_name(f"{folder.name}.made")


def _stamp(today: date) -> str:
    return f"{today.isoformat()} {APP_VERSION}\n"


def make(folder: Path, now: datetime) -> None:
    """A new demo vault in a new folder. `now` carries the time zone that the times are told in."""
    clock = cases.CaseClock(now.date())
    about = Clinic("Harbour Infusion Clinic", "US", demo=True, numbers=NUMBERS)
    people = [service.NewPerson(name, frozenset(STAFF[name]), PASSWORD) for name in STAFF]
    desk, _recovery_key = service.create_vault(folder, about, people, clock)
    try:
        protocol = desk.protocol()
        for name, ago in AGO.items():
            case = cases.read(FOLDER / f"{name}.toml")
            cases.prove(case, protocol)
            _play(desk, moved(case, protocol, now, ago), clock)
    finally:
        desk.close()
    _mark(folder).write_text(_stamp(now.date()), "utf-8")


def remove(folder: Path, now: datetime) -> None:
    """Only a vault that opens with the demo password is ours to take away."""
    try:
        names = service.staff_names(folder)
        desk = service.open_vault(folder, names[0], PASSWORD, lambda: now)
    except database.AlreadyOpen:
        raise
    except IntakeError:
        template = _(
            "{folder} is in the way and is no demo vault; nothing was changed. Move it away, or "
            "choose another folder with --out."
        )
        raise IntakeError(template.format(folder=folder)) from None
    desk.close()
    _mark(folder).unlink(missing_ok=True)
    shutil.rmtree(folder)


# Days ---------------------------------------------------------------------------------------------


def moved(
    case: cases.CaseFile, protocol: Protocol, now: datetime, ago: timedelta
) -> cases.CaseFile:
    """The case with every day that it tells moved alike, so that it ended `ago`."""
    here = [e.at.replace(tzinfo=now.tzinfo) for e in case.events if e.at is not None]
    end = max(here)
    by = now - ago - end if ago % _DAY else now.date() - ago - end.date()
    days = (end + by).date() - end.date()
    name, born, sex = case.patient
    return replace(
        case,
        today=case.today + days,
        patient=(name, born and PartialDate.parse(move_date(born.text, days)), sex),
        events=tuple(_moved(event, protocol, now, by, days) for event in case.events),
    )


def _moved(
    event: cases.Event, protocol: Protocol, now: datetime, by: timedelta, days: timedelta
) -> cases.Event:
    at = event.at and event.at.replace(tzinfo=now.tzinfo) + by
    told = event.kind == "item" and protocol.items[event.what].kind == "date"
    if told and event.value is not None:
        return replace(event, at=at, value=move_date(str(event.value), days))
    return replace(event, at=at)


_SEASONS = ("winter", "spring", "summer", "autumn")


def move_date(text: str, days: timedelta) -> str:
    """A date of `PartialDate.parse`, moved and as precise as it was."""
    if ".." in text:
        return "..".join(move_date(part, days) if part else "" for part in text.split(".."))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return (date.fromisoformat(text) + days).isoformat()
    if re.fullmatch(r"\d{4}-\d\d", text):
        return (date.fromisoformat(f"{text}-15") + days).isoformat()[:7]
    if re.fullmatch(r"\d{4}", text):
        return str((date(int(text), 7, 1) + days).year)
    year, season = text.replace("fall", "autumn").split("-")
    middle = date(int(year), 1 + 3 * _SEASONS.index(season), 15) + days
    return f"{middle.year}-{_SEASONS[middle.month % 12 // 3]}"


# Playing ------------------------------------------------------------------------------------------


def _play(desk: service.IntakeService, case: cases.CaseFile, clock: cases.CaseClock) -> None:
    """All but the signature as the file tells it; see `_sign`."""
    first = tuple(event for event in case.events if event.kind != "sign")
    replay = cases.Replay(desk, replace(case, events=first), clock, PASSWORD, lambda _what: None)
    shown = replay.run()
    for event in case.events:
        if event.kind == "sign":
            _sign(desk, shown.intake.id, event, clock)


def _sign(
    desk: service.IntakeService, intake_id: str, event: cases.Event, clock: cases.CaseClock
) -> None:
    """What the file leaves undecided is decided in the words of the signature.

    So a question that the protocol gains later makes one more flag here, and no demo without end.
    """
    clinician = desk.acting_as(event.by, PASSWORD)
    reason = event.fields["reason"]
    if event.at is not None:
        clock.tell(event.at)
    case = desk.show(intake_id)
    if case.intake.submitted is None:
        case = desk.submit(intake_id)
    for flag in case.screening.flags:
        if review.standing(case.intake, flag) is None:
            clinician.review_flag(intake_id, flag.key, Decision.ACKNOWLEDGE, reason)
    clinician.sign(intake_id, event.by, PASSWORD, Disposition(event.what), reason)
