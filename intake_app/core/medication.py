"""Match a written drug name against the list, and say what the list has on it.

Three states that must never be confused: an interaction is listed; the name is recognised and the
list has nothing on it (which says nothing about harm); the name was not checked. The app never
advises stopping, skipping or changing a medicine.

A text counts as understood only if every word of it is: names of the list, and what belongs to a
name without changing it (strength, form, times of day, purpose). One word more, and it is not
checked; whatever it names is possible then. See docs/decisions/0007.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import OSA

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
    cross_check: tuple[str, ...] = ()


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
    """`possible`: the text names or describes such a drug without being its name.

    `known_as` is empty unless the text, or the name that staff confirmed, is one medicine.
    """

    state: MatchState
    interactions: tuple[Interaction, ...] = ()
    known_as: str = ""

    @property
    def possible(self) -> bool:
        return self.state is MatchState.NOT_CHECKED and bool(self.interactions)


@dataclass(frozen=True, slots=True)
class Named:
    """A name of the list as it stands in a text: words `start` to `stop`, and its rows."""

    start: int
    stop: int
    rows: tuple[Interaction, ...]

    @property
    def generics(self) -> frozenset[str]:
        return frozenset(row.drug.generic for row in self.rows)


Group = Sequence[Named]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name of the list that a written one looks like, and the drug behind it.

    `written` is what goes on record if staff choose it: the caller's words, or, where they are
    but the beginning of the name, the name.
    """

    name: str
    generic: str
    written: str

    def __str__(self) -> str:
        part = self.generic.casefold().startswith(self.name.casefold())
        return self.generic if part else f"{self.name} ({self.generic})"


@dataclass(frozen=True, eq=False)
class Formulary:
    """The drug classes, the names that raise nothing, and the benzodiazepine equivalents."""

    classes: tuple[DrugClass, ...]
    unflagged: tuple[DrugClass, ...]
    recognised: tuple[Drug, ...]
    equivalents: tuple[Mapping[str, Decimal], ...] = ()
    equivalents_basis: str = ""
    _seen: dict[str, Match] = field(default_factory=dict, compare=False, repr=False)
    _classes: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _cut: dict[int, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def match(self, medication: Medication) -> Match:
        """What the list says of a medicine, by its confirmed name or else as it was written.

        What the written words themselves name stays possible beside a confirmed name.
        """
        written = self._read(medication.name)
        if not medication.confirmed:
            return self._or_described(written, medication.name)
        return _beside(self._read(medication.confirmed), written)

    def near(self, text: str, limit: int = 8) -> tuple[Suggestion, ...]:
        """Names of the list that look like `text`, likeliest first; never taken without staff.

        Names that begin with it, then those of which a later word does, then misspellings of a
        whole name or of its beginning. Where nothing is, its last word is looked for alone.
        """
        said = normal(text)
        found = self._near(said) or self._near(said.rpartition(" ")[2])
        each = (Suggestion(name, generic, _completed(text, name)) for name, generic in found)
        return tuple({str(one): one for one in each}.values())[:limit]

    def _near(self, said: str) -> list[tuple[str, str]]:
        if len(said) < _LEAST_TYPED:
            return []
        begin = dict.fromkeys(self._spelt[key] for key in self._that_begin(said))
        drugs = {generic for _name, generic in begin}
        alike: dict[str, str] = {}
        for key in self._that_look_like(said):
            name, generic = self._spelt[key]
            alike.setdefault(generic, name)
        others = ((name, generic) for generic, name in alike.items() if generic not in drugs)
        return [*begin, *others]

    def _that_begin(self, said: str) -> list[str]:
        """The shortest first, of which most is typed already: the name itself before all."""
        begin = [key for key in self._spelt if key.startswith(said)]
        later = len(said) >= _LEAST_LATER
        inside = [key for key in self._spelt if later and f" {said}" in key]
        return [*sorted(begin, key=len), *sorted(inside, key=len)]

    def _that_look_like(self, said: str) -> list[str]:
        """By letters dropped, doubled, swapped or taken for others, in all that was typed."""
        if len(said) < _LEAST_LIKENED:
            return []
        likeness: dict[str, float] = {}
        for names in (self._beginnings_of(len(said)), self._beginnings_of(len(said) + 1)):
            found = process.extract(
                said, names, scorer=OSA.normalized_similarity, limit=40, score_cutoff=_ALIKE
            )
            for _start, score, key in found:
                whole = OSA.normalized_similarity(said, key)  # of two alike, the better as a whole
                begins_alike = (said[0] == key[0]) / 10
                likeness[key] = max(likeness.get(key, 0), score + whole / 2 + begins_alike)
        return sorted(likeness, key=lambda key: (-likeness[key], key))

    def _beginnings_of(self, letters: int) -> Mapping[str, str]:
        """Every name, cut to as many letters as may have been typed."""
        if letters not in self._cut:
            self._cut[letters] = {key: key[:letters] for key in self._spelt}
        return self._cut[letters]

    def antidepressant_class(self, name: str) -> str:
        """The class that counts a trial: of the list that raises nothing, or of any other."""
        if name not in self._classes:
            self._classes[name] = self._class_of(_one_medicine(self._groups(_words(name))))
        return self._classes[name]

    def _class_of(self, medicine: Group) -> str:
        hits = [row for named in medicine for row in named.rows]
        plain = [hit for hit in hits if hit.drug_class in self.unflagged]
        return next((hit.drug_class.name for hit in plain or hits), "")

    def _read(self, text: str) -> Match:
        if text not in self._seen:
            self._seen[text] = self._match(_words(text))
        return self._seen[text]

    def _match(self, words: Sequence[str]) -> Match:
        groups = self._groups(words)
        medicine = _one_medicine(groups)
        listed = _listed(row for group in groups for named in group for row in named.rows)
        if medicine and listed:
            return Match(MatchState.INTERACTION_LISTED, listed, _known_as(medicine))
        if groups and not listed:
            return Match(MatchState.RECOGNISED, (), _known_as(medicine))
        return Match(MatchState.NOT_CHECKED, self._mentioned(words))

    def _or_described(self, found: Match, text: str) -> Match:
        """A pill "for sleep" may be any sedative, unless the words name one themselves."""
        sedating = any(hit.drug_class.criterion in _SEDATING for hit in found.interactions)
        described = _SLEEP_OR_NERVES.search(text.casefold())
        if found.state is not MatchState.NOT_CHECKED or sedating or not described:
            return found
        unnamed = _listed(self._index.get(_key(UNNAMED_SEDATIVE), ()))
        return Match(MatchState.NOT_CHECKED, (*found.interactions, *unnamed))

    # The names in a text ------------------------------------------------------------------------

    def _groups(self, words: Sequence[str]) -> list[Group]:
        """The medicines of a text that is understood to the last word; else nothing.

        The parts of a combination ("a/b", "a with b") are one group, those of a list are several.
        """
        named = self._named(words)
        left = _shortened(_outline(words, named))
        if not _UNDERSTOOD.fullmatch(left):
            return []
        following = iter(named)
        return [
            [self._codeine if sign == CODEINE else next(following) for sign in group]
            for group in _SIGNS.findall(_COMBINED.sub("", left))
        ]

    def beside(self, text: str, confirmed: str | None = None) -> str | None:
        """The words that stand beside the name of one medicine, in small letters; None where they
        are not one medicine.

        Where staff chose the name and the words have none of the list, their first word is it.
        """
        words = _words(text)
        named = self._named(words)
        if confirmed and not named and words:
            return " ".join(words[1:])
        drugs = [found.generics for found in named]
        shared = frozenset.intersection(*drugs) if drugs else frozenset()
        one = any("/" not in generic for generic in shared)
        left = _outline(words, named)
        if not one or CODEINE in _shortened(left):
            return None
        return " ".join(sign for sign in left.split() if sign not in ("N", "P"))

    def _mentioned(self, words: Sequence[str]) -> tuple[Interaction, ...]:
        """What a text that is not understood may mean: every name, and every beginning of one."""
        named = self._named(words)
        rows = [row for found in named for row in found.rows]
        if CODEINE in _shortened(_outline(words, named)):
            rows += self._codeine.rows
        taken = {place for found in named for place in range(found.start, found.stop)}
        rest = (word for place, word in enumerate(words) if place not in taken)
        rows += [row for word in rest for row in self._beginnings.get(word, ())]
        return _listed(rows)

    def _named(self, words: Sequence[str]) -> list[Named]:
        """Every name of the list in the text that is no part of a longer one, in order."""
        found: list[Named] = []
        for start in range(len(words)):
            longest = self._longest(words, start)
            if longest and (not found or longest.stop > found[-1].stop):
                found.append(longest)
        return found

    def _longest(self, words: Sequence[str], start: int) -> Named | None:
        if words[start] not in self._heads:
            return None
        for stop in range(min(len(words), start + self._heads[words[start]]), start, -1):
            rows = self._index.get(_alone(words[start:stop]))
            if rows and words[stop - 1].isalnum():
                return Named(start, stop, tuple(self._with_parts(rows)))
        return None

    def _with_parts(self, rows: Iterable[Interaction]) -> Iterator[Interaction]:
        """The rows of a name, and for a combination, under any of its names, those of its parts."""
        for row in rows:
            yield row
            parts = row.drug.generic.split("/")
            yield from (hit for part in parts for hit in self._index.get(_key(part), ()))

    def _rows(self) -> Iterator[Interaction]:
        known = DrugClass("recognised", "", self.recognised)
        for drug_class in (*self.classes, *self.unflagged, known):
            yield from (Interaction(drug_class, drug) for drug in drug_class.drugs)

    @cached_property
    def _index(self) -> Mapping[tuple[str, ...], list[Interaction]]:
        index: dict[tuple[str, ...], list[Interaction]] = {}
        for row in self._rows():
            for name in _names(row.drug, may_be_one_of=bool(row.drug_class.criterion)):
                index.setdefault(name, []).append(row)
        return index

    @cached_property
    def _heads(self) -> Mapping[str, int]:
        """By first word, how many words and marks the longest name may take up."""
        heads: dict[str, int] = {}
        for name in self._index:
            heads[name[0]] = max(heads.get(name[0], 0), 2 * len(name) - 1)
        return heads

    @cached_property
    def _spelt(self) -> Mapping[str, tuple[str, str]]:
        """By each name in small letters, how the list writes it and the drug."""
        shown: dict[tuple[str, ...], str] = {}
        for row in self._rows():
            for name in (row.drug.generic, *row.drug.brands):
                key = _key(name)
                shown[key] = name
                shown.setdefault(_without_form(key), name)
        return {
            " ".join(name): (shown.get(name, " ".join(name)), rows[0].drug.generic)
            for name, rows in self._index.items()
        }

    @cached_property
    def _beginnings(self) -> Mapping[str, tuple[Interaction, ...]]:
        """A word that begins names and is none, like selegiline, may be any of them."""
        found: dict[str, tuple[Interaction, ...]] = {}
        for name, rows in self._index.items():
            if len(name) > 1 and len(name[0]) > _SHORT and name[:1] not in self._index:
                found[name[0]] = _listed((*found.get(name[0], ()), *rows))
        return found

    @cached_property
    def _codeine(self) -> Named:
        return Named(0, 0, tuple(self._index.get(("codeine",), ())))

    def diazepam_mg(self, medication: Medication) -> Decimal | None:
        """Daily diazepam equivalent in mg by the table that gives more; None where not known."""
        found = self.match(medication)
        amounts = [table[found.known_as] for table in self.equivalents if found.known_as in table]
        if not amounts or found.possible or medication.as_needed:
            return None
        if medication.dose_mg is None or medication.per_day is None:
            return None
        return medication.dose_mg * medication.per_day * 10 / min(amounts)


def _beside(confirmed: Match, written: Match) -> Match:
    more = [hit for hit in written.interactions if hit not in confirmed.interactions]
    if not more:
        return confirmed
    listed = (*confirmed.interactions, *more)
    return Match(MatchState.NOT_CHECKED, listed, confirmed.known_as)


def _listed(rows: Iterable[Interaction]) -> tuple[Interaction, ...]:
    return tuple(dict.fromkeys(row for row in rows if row.drug_class.criterion))


def _one_medicine(groups: Sequence[Group]) -> Group:
    """Its fullest name where all groups share a drug ("Zoloft (sertraline)"); else nothing."""
    drugs = [frozenset[str]().union(*(named.generics for named in group)) for group in groups]
    shared = frozenset.intersection(*drugs) if drugs else frozenset()
    return max(groups, key=len) if shared else ()


def _known_as(medicine: Group) -> str:
    return "/".join(dict.fromkeys(named.rows[0].drug.generic for named in medicine))


# The list's own entry for a pill that nobody can name; until named it may be any sedative.
UNNAMED_SEDATIVE = "unnamed sleeping or calming pill"
_SEDATING = ("med_benzodiazepine", "med_opioid", "med_cns_depressant_other")
_SLEEP_OR_NERVES = re.compile(
    r"\b(sleep\w*|nerves?|calm\w*|anxiety|relax\w*|sedat\w*|tranquil\w*|benzo\w*)\b"
)
_SHORT = 6  # letters; "sodium" begins too much
# Letters: one begins too many names; of three, one wrong is a third; a blue pill is no methylene
# blue. Of ten letters, three may be wrong.
_LEAST_TYPED, _LEAST_LIKENED, _LEAST_LATER, _ALIKE = 2, 4, 5, 0.7


# Names --------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """Words, numbers and single marks in small letters; "b.i.d." and "John's" are one word."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"['’]", "", plain)
    plain = re.sub(r"\b([^\W\d_])\.(?=[^\W\d_]\b)", r"\1", plain)
    return re.findall(r"[^\W\d_]+|\d+(?:[.,]\d+)*|\S", plain)


def _key(name: str) -> tuple[str, ...]:
    return _alone(_words(name))


def _alone(words: Iterable[str]) -> tuple[str, ...]:
    """Without the marks that may stand inside a name."""
    return tuple(word for word in words if word not in _INSIDE)


_INSIDE = frozenset("-./,()")


def _names(drug: Drug, *, may_be_one_of: bool) -> set[tuple[str, ...]]:
    """Every way in which the list itself writes a drug, with and without its release form."""
    bare = re.sub(r"\([^)]*\)", " ", drug.generic)
    names = {drug.generic, bare, *drug.brands}
    # "valproate (divalproex, valproic acid)": what stands in brackets are names too, unless the
    # bracket tells one use of a drug from another.
    for bracket in re.findall(r"\(([^)]*)\)", drug.generic):
        names |= {part for part in bracket.split(",") if _is_name(part)}
    if may_be_one_of and drug.generic != UNNAMED_SEDATIVE:
        names |= set(_one_of(bare))
    keys = {_key(name) for name in names}
    return (keys | {_without_form(key) for key in keys}) - {()}


def _one_of(generic: str) -> list[str]:
    """Each of "cannabis or THC" is a name; longer words describe and name nothing."""
    parts = re.split(r",| or ", generic)
    return parts if all(len(part.split()) <= 2 for part in parts) else []


def _is_name(part: str) -> bool:
    return part.strip().casefold() not in _USES


_USES = {
    *("prescription", "otc stimulant", "otc", "lozenge", "tablet", "nasal", "cream", "injection"),
    *("not us", "all kinds", "compounded", "non-medical"),
}


def _without_form(key: tuple[str, ...]) -> tuple[str, ...]:
    while len(key) > 1 and re.fullmatch(_FORM, key[-1]):
        key = key[:-1]
    return key


# What may stand beside a name without changing it -------------------------------------------------
#
# A text is looked at in outline: words with one space between them, and a capital for each name
# (the text itself has none). N is any name, P a pain reliever that is also sold with codeine under
# a number, C the codeine that such a number stands for: Tylenol 3 is no strength of Tylenol.

CODEINE = "C"
_NUMBERED = {
    *(("tylenol",), ("acetaminophen",), ("fioricet",), ("fiorinal",)),
    *(("codeine",), ("tylenol", "with", "codeine")),
}


def _outline(words: Sequence[str], named: Sequence[Named]) -> str:
    marks = list(words)
    for found in named:
        numbered = _alone(words[found.start : found.stop]) in _NUMBERED
        marks[found.start : found.stop] = [""] * (found.stop - found.start)
        marks[found.start] = "P" if numbered else "N"
    return " ".join(filter(None, marks))


def _shortened(outline: str) -> str:
    """Without strengths, forms, times and purposes: of what is understood only names are left."""
    text = outline
    for pattern, codeine in _CODEINE_NUMBERS:
        text = pattern.sub(rf"\g<name> {codeine}", text)
    text = re.sub(r"\b(?:empirin|phenaphen|apap) with C\b", "C", text)
    for pattern in _BESIDE:
        text = " ".join(pattern.sub(" ", text).split())
    return text


def _any(words: str) -> str:
    """One of the words; "_" stands for a space inside one."""
    return "(?:" + "|".join(words.split()).replace("_", " ") + ")"


_FORM = _any(
    "xl xr er sr cr ir la dr od ec odt xt cd tabs? tablets? caps? capsules? caplets? softgels? "
    "pills?"
)
SALT = _any(
    "hcl hydrochloride hbr hydrobromide sulfate sulphate sodium potassium calcium maleate succinate"
    " tartrate besylate mesylate fumarate oxalate phosphate acetate carbonate citrate pamoate"
)
_UNIT = _any(
    r"mg mcg ug μg g gm gr grams? milligrams? micrograms? ml cc l iu i_u u units? meq % "
    r"hours? hrs? h"
)
_NUMBER = r"\d+(?:[.,]\d+)*"
_COUNT = rf"(?:{_NUMBER}|one|two|three|four|half)"
_RANGE = rf"{_COUNT}(?: (?:-|–|/|⁄|to|or) {_COUNT}){{0,2}}"
_STRENGTH = rf"{_RANGE} {_UNIT}(?: (?:-|/|per) (?:{_NUMBER} )?{_UNIT}){{0,3}}"
_SPAN = _any(
    "days? weeks? months? mornings? evenings? nights? noon bedtime hours? hrs? meals? am pm"
)
_LARGE = rf"(?:(?:{_NUMBER} [-/] )?(?:\d\d+|\d+[.,]\d+)(?: [-/] {_NUMBER})?)"
_TIMES = rf"(?:{_RANGE} (?:times?|x)|once|twice)"
_PURPOSE = _any(
    r"sleep(?:ing)? insomnia anxiety panic nerves depression mood pain headaches? migraines? "
    r"blood_pressure bp cholesterol diabetes sugar reflux heartburn stomach nausea allerg(?:y|ies) "
    r"asthma thyroid heart adhd add focus seizures? epilepsy bones birth_control acne arthritis "
    r"inflammation infection"
)
PURPOSES = rf"{_PURPOSE}(?: (?:and|or|/|,) {_PURPOSE}){{0,4}}"
_PLAIN = (
    _STRENGTH,
    rf"(?:{_TIMES} |{_RANGE} )?(?:a|per|each|every|/) (?:other )?(?:{_RANGE} )?{_SPAN}",
    rf"(?:{_TIMES}|x {_RANGE})(?: {_SPAN})?",
    r"daily|weekly|monthly|nightly|mornings|evenings|nights|bedtime",
    r"(?:in|at|before|after|with|on) (?:the )?"
    + _any("morning evening night bed bedtime noon lunch dinner breakfast food meals? water am pm"),
    rf"(?:at )?{_NUMBER} (?:am|pm)",
    r"q \d+ (?:h|hrs?|hours?)|" + _any("bid tid qid qd qod qhs hs qam qpm"),
    rf"(?:(?:as|when|if) (?:needed|required|directed|prescribed)|prn)(?: (?:for )?{PURPOSES})?",
    rf"for (?:my |the |her |his )?{PURPOSES}",
    rf"(?:{_RANGE} )?{_FORM}",
    r"(?:extended|delayed|immediate|slow|sustained) release|(?:extra|double) strength",
    r"generic|brand|po|by mouth|oral|orally",
)


def _whole(pattern: str) -> re.Pattern[str]:
    """No part of a longer word or number."""
    return re.compile(rf"(?<!\S)(?:{pattern})(?!\S)")


# Empirin and Phenaphen are known for these numbers alone, so the list does not have them.
_WITH_CODEINE = r"(?P<name>P|empirin|phenaphen|apap)(?: [][.,()-])*"
_ONE_TO_FOUR = _any("1 2 3 4 two three four ii iii iv")
_UP_TO = r"(?:-|/|to|or) [1-9]"
_OFTEN = rf"(?:a|per|each|every|/) (?:{_COUNT} )?{_SPAN}"
_SURELY_COUNT = (
    rf"(?: {_UP_TO})? (?:{_UNIT}|times?|x (?:{_OFTEN}|daily|day))(?!\S)"
    rf"| {_UP_TO} (?:{_FORM}|{_OFTEN})(?!\S)"
)
_MAYBE_COUNT = rf" (?:{_FORM}|{_OFTEN}|{_SPAN}|x)(?!\S)"
_CODEINE_NUMBERS = (
    (_whole(rf"{_WITH_CODEINE} (?:#|no|nr|number)(?: [.#])* {_ONE_TO_FOUR}"), "with C"),
    (_whole(rf"{_WITH_CODEINE} {_ONE_TO_FOUR}(?!{_SURELY_COUNT})(?={_MAYBE_COUNT})"), "? C"),
    (_whole(rf"{_WITH_CODEINE} {_ONE_TO_FOUR}(?!{_SURELY_COUNT})"), "with C"),
)
_LOOSE = r"(?: [][(),:-])*"
_BESIDE = (
    _whole("|".join(_PLAIN)),
    _whole(rf"\( {PURPOSES} \)|^{_NUMBER}(?= [NP])"),
    re.compile(rf"(?<=[NPC]) {SALT}(?!\S)"),
    # A number behind a name is its strength. Of a pain reliever only one that no product bears.
    re.compile(rf"(?<=N){_LOOSE} {_NUMBER}(?: [-/] {_NUMBER})?(?!\S)"),
    re.compile(rf"(?<=[PC]){_LOOSE} {_LARGE}(?!\S)"),
)
_COMBINED = re.compile(r" (?:/|-|–|with|w /|w) ")
_MARK = r"[][(),;.:*•\"“”-]"
_BETWEEN = rf"(?:{_MARK}|/|–|with|w|w /|and|or|plus|&|\+)"
_UNDERSTOOD = re.compile(rf"(?:{_MARK} )*[NPC](?:(?: {_BETWEEN})* [NPC])*(?: {_MARK})*")
_SIGNS = re.compile(r"[NPC]+")


def normal(name: str) -> str:
    """A written name in small letters without strength, form, times and marks, to be likened."""
    words = _BESIDE[0].sub(" ", " ".join(_words(name))).split()
    return " ".join(word for word in words if word.isalpha()) or name.casefold().strip()


def _completed(text: str, name: str) -> str:
    """What was typed with its beginning of a name made whole, and its strength kept."""
    said, typed = normal(text), " ".join(text.split())
    if typed.casefold().startswith(said) and name.casefold().startswith(said):
        return name + typed[len(said) :]
    return typed


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


def cross_checked(formulary: Formulary, medication: Medication) -> tuple[str, ...]:
    """The criteria that a medicine speaks for; of one that is not identified nothing is known."""
    found = formulary.match(medication)
    hits = found.interactions if found.state is MatchState.INTERACTION_LISTED else ()
    each = ((*hit.drug.cross_check, *hit.drug_class.cross_check) for hit in hits)
    return tuple(dict.fromkeys(name for names in each for name in names))


def in_class(formulary: Formulary, medication: Medication, class_id: str) -> tuple[Drug, ...]:
    hits = formulary.match(medication).interactions
    return tuple(hit.drug for hit in hits if hit.drug_class.id == class_id)
