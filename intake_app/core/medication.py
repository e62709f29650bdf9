"""Match a written drug name against the list, and say what the list has on it.

Three states that must never be confused: an interaction is listed; the name is recognised and the
list has nothing on it (which says nothing about harm); the name was not checked. The app never
advises stopping, skipping or changing a medicine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from rapidfuzz import fuzz, process

from intake_app.core.model import Due, Medication, Tier
from intake_app.core.protocol import Citation


@dataclass(frozen=True, slots=True)
class Drug:
    """`tier` and `oral_tier` are None where a match raises nothing."""

    generic: str
    brands: tuple[str, ...] = ()
    tier: Tier | None = None
    due: Due = Due.NONE
    oral_tier: Tier | None = None
    cross_check: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, eq=False)
class DrugClass:
    """`criterion` is empty for classes that raise nothing."""

    id: str
    name: str
    drugs: tuple[Drug, ...]
    criterion: str = ""
    applies_to: str = "both"
    effect: str = ""
    severity: str = ""
    note: str = ""
    citations: tuple[Citation, ...] = ()
    sources_disagree: str = ""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One drug of one class that a listed medicine is, or may be."""

    drug_class: DrugClass
    drug: Drug

    def tier(self, route: str) -> Tier | None:
        """Swallowed or sprayed ketamine meets the enzymes of gut and liver; a drip hardly."""
        oral = route not in ("iv", "im")
        return self.drug.oral_tier or self.drug.tier if oral else self.drug.tier


class MatchState(StrEnum):
    INTERACTION_LISTED = "interaction_listed"
    RECOGNISED = "recognised_no_entry"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Match:
    """`possible`: the text names or describes such a drug without being its name."""

    state: MatchState
    interactions: tuple[Interaction, ...] = ()
    known_as: str = ""

    @property
    def possible(self) -> bool:
        return self.state is MatchState.NOT_CHECKED and bool(self.interactions)


@dataclass(frozen=True, eq=False)
class Formulary:
    """The drug classes, the names that raise nothing, and the benzodiazepine equivalents."""

    classes: tuple[DrugClass, ...]
    unflagged: tuple[DrugClass, ...]
    recognised: tuple[Drug, ...]
    equivalents: tuple[Mapping[str, Decimal], ...] = ()
    equivalents_basis: str = ""
    _seen: dict[str, Match] = field(default_factory=dict, compare=False, repr=False)

    def match(self, medication: Medication) -> Match:
        """What the list says of a medicine, by its confirmed name or else as it was written."""
        name = medication.confirmed or medication.name
        if name not in self._seen:
            self._seen[name] = self._match(normal(name))
        return self._seen[name]

    def near(self, name: str, limit: int = 3) -> tuple[str, ...]:
        """Names of the list that look like `name`; offered, never taken without staff."""
        found = process.extract(
            normal(name), self._index.keys(), scorer=fuzz.ratio, limit=limit, score_cutoff=75
        )
        return tuple(dict.fromkeys(self._index[key][0].drug.generic for key, _, _ in found))

    def antidepressant_class(self, name: str) -> str:
        """The class that counts a trial: of the list that raises nothing, or of any other."""
        hits = self._entries(normal(name))
        plain = [hit for hit in hits if hit.drug_class in self.unflagged]
        return next((hit.drug_class.name for hit in plain or hits), "")

    def _match(self, name: str) -> Match:
        exact = self._entries(name)
        if exact:
            return self._known(exact)
        mentioned = [hit for key, hits in self._index.items() if _says(name, key) for hit in hits]
        listed = tuple(hit for hit in mentioned if hit.drug_class.criterion)
        if not listed and _SLEEP_OR_NERVES.search(name):
            listed = tuple(self._index.get(UNNAMED_SEDATIVE, ()))
        return Match(MatchState.NOT_CHECKED, listed)

    def _entries(self, name: str) -> list[Interaction]:
        """The rows of a name, and for a combination, under any of its names, those of its parts."""
        found = list(self._index.get(name, ()))
        wholes = dict.fromkeys((name, *(normal(hit.drug.generic) for hit in found)))
        parts = [part.strip() for whole in wholes if "/" in whole for part in whole.split("/")]
        if found or all(part in self._index for part in parts):
            found += [hit for part in parts for hit in self._index.get(part, ())]
        return found

    def _known(self, hits: list[Interaction]) -> Match:
        listed = tuple(dict.fromkeys(hit for hit in hits if hit.drug_class.criterion))
        state = MatchState.INTERACTION_LISTED if listed else MatchState.RECOGNISED
        return Match(state, listed, hits[0].drug.generic)

    @cached_property
    def _index(self) -> Mapping[str, list[Interaction]]:
        known = DrugClass("recognised", "", self.recognised)
        index: dict[str, list[Interaction]] = {}
        for drug_class in (*self.classes, *self.unflagged, known):
            for drug in drug_class.drugs:
                for name in _names(drug):
                    index.setdefault(name, []).append(Interaction(drug_class, drug))
        return index

    def diazepam_mg(self, medication: Medication) -> Decimal | None:
        """Daily diazepam equivalent in mg by the table that gives more; None where not known."""
        generic = self.match(medication).known_as
        amounts = [table[generic] for table in self.equivalents if generic in table]
        if not amounts or medication.as_needed:
            return None
        if medication.dose_mg is None or medication.per_day is None:
            return None
        return medication.dose_mg * medication.per_day * 10 / min(amounts)


# The list's own entry for a pill that nobody can name; until named it may be any sedative.
UNNAMED_SEDATIVE = "unnamed sleeping or calming pill"
_SLEEP_OR_NERVES = re.compile(r"\b(sleep\w*|nerves?|calm\w*|anxiety|relax\w*)\b")

_FORM = re.compile(
    r"\b(?:\d+(?:[.,]\d+)?\s*(?:mg|mcg|µg|g|ml|iu|units?|%)?"
    r"|xl|xr|er|sr|cr|ir|la|dr|od|tablets?|capsules?|pills?)\b"
)


def normal(name: str) -> str:
    """A written name without case, strength, release form and brackets."""
    text = re.sub(r"\([^)]*\)", " ", name.casefold())
    return re.sub(r"\s+", " ", _FORM.sub(" ", text)).strip(" ,.;-") or name.casefold().strip()


def _names(drug: Drug) -> Iterable[str]:
    names = {normal(drug.generic), drug.generic.casefold()}
    names |= {normal(brand) for brand in drug.brands}
    # "valproate (divalproex, valproic acid)": what stands in brackets are names too, unless the
    # bracket tells one use of a drug from another.
    for bracket in re.findall(r"\(([^)]*)\)", drug.generic):
        names |= {normal(part) for part in bracket.split(",") if _is_name(part)}
    return names - {""}


def _is_name(part: str) -> bool:
    return part.strip().casefold() not in _USES


_USES = {"prescription", "otc stimulant", "otc", "lozenge", "tablet", "nasal", "cream", "injection"}


def _says(text: str, key: str) -> bool:
    return len(key) > 4 and key in text and bool(re.search(rf"\b{re.escape(key)}\b", text))


def listed_tiers(
    formulary: Formulary, medications: Iterable[Medication], drug: str, route: str
) -> dict[str, tuple[Tier, Due]]:
    """By criterion the strongest tier of the listed medicines, and the earliest due at it."""
    strongest: dict[str, tuple[Tier, Due]] = {}
    for medication in medications:
        for hit in formulary.match(medication).interactions:
            tier = hit.tier(route)
            if tier is not None and hit.drug_class.applies_to in ("both", drug):
                raised, name = (tier, hit.drug.due), hit.drug_class.criterion
                strongest[name] = max(strongest.get(name, raised), raised)
    return strongest


def in_class(formulary: Formulary, medication: Medication, class_id: str) -> tuple[Drug, ...]:
    hits = formulary.match(medication).interactions
    return tuple(hit.drug for hit in hits if hit.drug_class.id == class_id)
