"""Is somebody on the line known already? Possible duplicates, by name, birth date and phone; and
which patients staff said to be one person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import combining, normalize

from intake_app.core.errors import WrongMove
from intake_app.core.words import _

MOST = 5
# A phone may be a family's and a day of birth anybody's: a name alone says more than either.
_NAME, _BORN, _PHONE = 3, 2, 2
_FEWEST_DIGITS = 7  # a number without its area code
_MOST_DIGITS = 10  # ... and without that of its country


@dataclass(frozen=True, slots=True)
class Known:
    """What tells one patient from another. `born` as it was said; `phones` are `digits` of every
    number that they may be called back on."""

    id: str
    record_number: str
    name: str
    born: str
    phones: frozenset[str] = frozenset()


def digits(number: str) -> str:
    """What two spellings of one number share; empty where it is too short to tell."""
    found = "".join(filter(str.isdigit, number))
    return found[-_MOST_DIGITS:] if len(found) >= _FEWEST_DIGITS else ""


def possible(person: Known, others: Iterable[Known]) -> tuple[str, ...]:
    """The ids of the likeliest, those first, at most `MOST`; of two as likely the one who was
    known first."""
    name, born = _parts(person.name), _day(person.born)
    found = []
    for other in others:
        score = _NAME * (bool(name) and name == _parts(other.name))
        score += _BORN * (bool(born) and born == other.born)
        score += _PHONE * (not person.phones.isdisjoint(other.phones))
        if score:
            found.append((-score, other.record_number, other.id))
    return tuple(id_ for _score, _number, id_ in sorted(found)[:MOST])


_words = re.compile(r"\w+").findall


def _parts(name: str) -> list[str]:
    """Without case, accents and order: "García, Ana" is "ana garcia"."""
    if not name.isascii():
        name = "".join(c for c in normalize("NFKD", name) if not combining(c))
    return sorted(_words(name.casefold()))


def _day(born: str) -> str:
    """Only what is known to the day tells one from another."""
    return born if re.fullmatch(r"\d{4}-\d{2}-\d{2}", born) else ""


# One person ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """That staff took two patients for one person, or told them apart again."""

    patient: str
    other: str
    same: bool


def together(patient: str, said: Iterable[Said]) -> tuple[str, ...]:
    """Everybody who is the same person as `patient`, them first. `said` in the order of saying: of
    each pair the latest speaks, in whichever order it names the two."""
    joined = _joined(said)
    found, waiting = [patient], [patient]
    while waiting:
        here = waiting.pop(0)
        near = [next(iter(pair - {here})) for pair in joined if here in pair]
        new = [each for each in near if each not in found]
        found += new
        waiting += new
    return tuple(found)


def _joined(said: Iterable[Said]) -> list[frozenset[str]]:
    latest = {frozenset((each.patient, each.other)): each.same for each in said}
    return [pair for pair, same in latest.items() if same]


def refuse(new: Said, said: Iterable[Said]) -> None:
    """One is not joined with oneself or twice; only what was said of these two is taken back."""
    said = tuple(said)
    if new.same and new.other in together(new.patient, said):
        raise WrongMove(_("These two are one person in the records already; nothing was changed."))
    if not new.same and frozenset((new.patient, new.other)) not in _joined(said):
        raise WrongMove(
            _(
                "These two were not said to be one person, or only over a third record: take it "
                "back there. Nothing was changed."
            )
        )
