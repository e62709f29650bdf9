"""Is somebody on the line known already? Possible duplicates, by name, birth date and phone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import combining, normalize

from intake_app.core.model import Patient

MOST = 5
# A phone may be a family's and a day of birth anybody's: a name alone says more than either.
_NAME, _BORN, _PHONE = 3, 2, 2
_FEWEST_DIGITS = 7  # a number without its area code
_MOST_DIGITS = 10  # ... and without that of its country


@dataclass(frozen=True, slots=True)
class Known:
    """A patient, and the digits of every number that they may be called back on."""

    patient: Patient
    phones: frozenset[str] = frozenset()


def digits(number: str) -> str:
    """What two spellings of one number share; empty where it is too short to tell."""
    found = "".join(filter(str.isdigit, number))
    return found[-_MOST_DIGITS:] if len(found) >= _FEWEST_DIGITS else ""


def possible(person: Known, others: Iterable[Known]) -> tuple[Patient, ...]:
    """The likeliest first, at most `MOST`; of two as likely the one who was known first."""
    name, born = _parts(person.patient.name), _day(person.patient)
    found = []
    for other in others:
        score = _NAME * (bool(name) and name == _parts(other.patient.name))
        score += _BORN * (bool(born) and born == _day(other.patient))
        score += _PHONE * (not person.phones.isdisjoint(other.phones))
        if score:
            found.append((-score, other.patient.record_number, other.patient))
    found.sort(key=lambda row: row[:2])
    return tuple(patient for _score, _number, patient in found[:MOST])


def _parts(name: str) -> tuple[str, ...]:
    """Without case, accents and order: "García, Ana" is "ana garcia"."""
    plain = "".join(c for c in normalize("NFKD", name.casefold()) if not combining(c))
    return tuple(sorted(re.findall(r"\w+", plain)))


def _day(patient: Patient) -> str:
    """The day of birth, where it is known to the day."""
    born = patient.born
    exact = born is not None and born.earliest == born.latest
    return born.latest.isoformat() if born is not None and exact else ""
