"""Emergency centres of other counties: the clinic's own list of ten-digit numbers, each with the
day on which somebody last dialled it. escalation.md, "Reaching the right emergency services".

From the clinic's phone the emergency number rings in the clinic's own county.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from intake_app.core.errors import WrongMove
from intake_app.core.model import Clinic
from intake_app.core.safety import can_be_dialled
from intake_app.core.words import _


@dataclass(frozen=True, slots=True)
class Centre:
    """`county` is "County, State"; `tried` None where nobody dialled it yet."""

    county: str
    number: str
    tried: date | None


def listed(clinic: Clinic) -> tuple[Centre, ...]:
    return tuple(_centre(county, said) for county, said in clinic.centres.items())


def answering(clinic: Clinic, place: str) -> tuple[Centre, ...]:
    """Those of a county as it was said. Where no state was said, every county of that name."""
    county, state = _parts(place)
    if not county:
        return ()
    found = [(each, *_parts(each.county)) for each in listed(clinic)]
    return tuple(e for e, name, of in found if name == county and (not state or of == state))


def written(clinic: Clinic) -> str:
    """The list as it is typed: one a line."""
    return "\n".join(_line(each) for each in listed(clinic))


def _line(centre: Centre) -> str:
    day = f"; {centre.tried.isoformat()}" if centre.tried else ""
    return f"{centre.county}: {centre.number}{day}"


def read(text: str, today: date) -> dict[str, str]:
    """For `Clinic.centres`; WrongMove names the first line that is no centre."""
    found: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        county, _colon, said = (part.strip() for part in line.partition(":"))
        trouble = _trouble(county, said, today, found)
        if trouble:
            template = _("“{line}”: {trouble} Nothing was saved.")
            raise WrongMove(template.format(line=line.strip(), trouble=trouble))
        found[county] = said
    return found


def _trouble(county: str, said: str, today: date, others: Mapping[str, str]) -> str:
    centre = _centre(county, said)
    if not all(_parts(county)):
        return _("it begins with the county and the state: “Fairfield, Ohio: number”.")
    if _parts(county) in [_parts(other) for other in others]:
        return _("this county stands there twice.")
    if not can_be_dialled(centre.number):
        return _("there is no number in it.")
    if ";" in said and (centre.tried is None or centre.tried > today):
        return _("the day is written like 2026-11-30, and has been.")
    return ""


def dialled(line: str, today: date) -> str:
    """A line, with the day on which its number was dialled."""
    return f"{line.partition(';')[0].rstrip()}; {today.isoformat()}"


def _centre(county: str, said: str) -> Centre:
    number, _mark, day = (part.strip() for part in said.partition(";"))
    try:
        tried = date.fromisoformat(day)
    except ValueError:
        tried = None
    return Centre(county, number, tried)


# What counties are called beside their name.
_KINDS = re.compile(r"\b(county|parish|borough|co)\b\.?")


def _parts(place: str) -> tuple[str, str]:
    """The name of a county and of its state, to be compared."""
    county, _comma, state = place.casefold().partition(",")
    return " ".join(_KINDS.sub(" ", county).split()), " ".join(state.replace(".", "").split())
