"""Dose and times a day, read from a medicine as it was written: whole, or not at all.

A dose that is guessed would be counted by rules. So every word beside the name has to be understood
as what it is; one word more, a range, a number without its unit, or two readings, and nothing is
read. The words themselves are always kept. See docs/decisions/0029.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from intake_app.core.medication import PURPOSES, SALT, Formulary
from intake_app.core.model import Medication
from intake_app.core.words import _


@dataclass(frozen=True, slots=True)
class Regimen:
    """Dose in mg per intake and intakes per day, None where the words do not say them.

    `unread`: the words say something of it that was not understood, and all else is None.
    """

    dose_mg: Decimal | None = None
    per_day: Decimal | None = None
    as_needed: bool = False
    unread: bool = False


_UNREAD = Regimen(unread=True)

_MILLIGRAMS = {"mg": Decimal(1), "milligram": Decimal(1), "g": Decimal(1000), "gm": Decimal(1000)}
_MILLIGRAMS |= {"gram": Decimal(1000)}
_MILLIGRAMS |= dict.fromkeys(("mcg", "ug", "μg", "microgram"), Decimal("0.001"))
_TIMES = {"once": 1, "one": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_DAILY = r"(?:daily|(?:a|per|each|every|/) day)"
_MEAL = r"(?:breakfast|lunch|dinner|food|meals?|water)"
_OF_THE_DAY = r"(?:morning|evening|night|noon|bedtime)"

# Each way to say it, tried in this order from the left; all of the words have to be one of them.
_PARTS = {
    "strength": r"(?P<amount>\d+(?:[.,]\d+)?) (?P<unit>mg|mcg|ug|μg|gm?|(?:milli|micro)?grams?)",
    "other_day": r"(?:every other day|every (?:2|two) days|qod)",
    "hourly": r"(?:q|every) (?P<hours>\d+) (?:h|hrs?|hours?)",
    "times": rf"(?P<count>once|twice|(?:\d+|one|two|three|four|five|six) (?:times?|x)) {_DAILY}",
    "abbreviated": r"(?P<latin>bid|tid|qid)",
    "daily": r"(?:daily|every day|each day|qd)",
    "slot": (
        rf"(?:in the {_OF_THE_DAY}|at (?:night|noon|bedtime)|(?:every|each) {_OF_THE_DAY}|nightly"
        r"|bedtime|before bed|qhs|hs|qam|qpm)"
    ),
    "as_needed": r"(?:(?:as|when|if) needed|prn)",
    "nothing": (
        r"(?:(?:one |1 |a )?(?:tab|tablet|cap|capsule|caplet|softgel|pill)"
        r"|xl|xr|er|sr|cr|ir|odt|(?:extended|delayed|immediate|slow|sustained) release"
        rf"|{SALT}|generic|brand|po|by mouth|oral|orally|[,;.()]"
        rf"|for (?:my |the )?{PURPOSES}|(?:with|before|after) {_MEAL})"
    ),
}
_PART = re.compile("|".join(f"(?P<{name}>{words})(?!\\S)" for name, words in _PARTS.items()))
# No part of the reading: what makes it worth saying that nothing was read.
_SPEAKS_OF_IT = re.compile(
    r"\d|\b(?:half|quarter|once|twice|three|four|daily|nightly|weekly|monthly|morning|evening|night"
    r"|bedtime|bid|tid|qid|prn|needed)\b",
    re.IGNORECASE,
)
_FREQUENCIES = ("other_day", "hourly", "times", "abbreviated", "daily")
_LATIN = {"bid": 2, "tid": 3, "qid": 4}


def read(beside: str | None) -> Regimen:
    """From the words beside the name, in small letters and with one space between them; None where
    the line is not one medicine, and then whose dose it is nobody knows."""
    if beside is None:
        return _UNREAD
    found: dict[str, re.Match[str]] = {}
    place = 0
    while place < len(beside):
        part = _PART.match(beside, place)
        if part is None or part.lastgroup is None:
            return _UNREAD
        kind = next(name for name in _PARTS if part[name] is not None)
        if kind in found and kind != "nothing":
            return _UNREAD
        found[kind] = part
        place = part.end() + 1
    return _regimen(found)


def _regimen(found: dict[str, re.Match[str]]) -> Regimen:
    often = [name for name in _FREQUENCIES if name in found]
    per_day = _per_day(often[0], found[often[0]]) if often else None
    dose = _in_mg(found["strength"]) if "strength" in found else None
    contradicted = "slot" in found and bool(often) and per_day != 1
    if len(often) > 1 or contradicted or _is_unclear(found, often, per_day, dose):
        return _UNREAD
    if "slot" in found:
        per_day = Decimal(1)
    return Regimen(dose, per_day, "as_needed" in found)


def _is_unclear(
    found: dict[str, re.Match[str]],
    often: list[str],
    per_day: Decimal | None,
    dose: Decimal | None,
) -> bool:
    return ("strength" in found and not dose) or (bool(often) and not per_day)


def _in_mg(strength: re.Match[str]) -> Decimal | None:
    """None where the number may be read in two ways: one comma or point is a thousand in one
    country and a part of one in another."""
    whole, mark, part = re.fullmatch(r"(\d+)([.,]?)(\d*)", strength["amount"]).groups()  # type: ignore[union-attr]
    if mark and len(part) == 3 and int(whole):
        return None
    return Decimal(f"{whole}.{part}" if part else whole) * _MILLIGRAMS[strength["unit"].rstrip("s")]


def _per_day(kind: str, part: re.Match[str]) -> Decimal | None:
    if kind == "other_day":
        return Decimal("0.5")
    if kind == "hourly":
        hours = int(part["hours"])
        return Decimal(24 // hours) if hours and 24 % hours == 0 else None
    if kind == "abbreviated":
        return Decimal(_LATIN[part["latin"]])
    if kind == "daily":
        return Decimal(1)
    said = part["count"].split()[0]
    return Decimal(_TIMES.get(said, 0) or int(said))


def written(formulary: Formulary, name: str, confirmed: str | None = None) -> Regimen:
    """What a line says of its dose; `confirmed` is the name that staff chose for it."""
    return read(formulary.beside(name, confirmed))


def words(medication: Medication) -> str:
    """The dose on record; empty where there is none."""
    parts = []
    if medication.dose_mg is not None:
        parts.append(_("{dose} mg").format(dose=medication.dose_mg))
    if medication.per_day is not None:
        parts.append(_("{times} a day").format(times=medication.per_day))
    if medication.as_needed:
        parts.append(_("as needed"))
    return ", ".join(parts)


def is_unread(formulary: Formulary, medication: Medication) -> bool:
    """Whether the words speak of a dose or of times, and nothing of it is on record."""
    if words(medication) or medication.detail or not _SPEAKS_OF_IT.search(medication.name):
        return False
    return written(formulary, medication.name, medication.confirmed).unread
