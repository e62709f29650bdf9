"""What a clinic adopts: items, parameters and criteria, proven by `intake_app.content`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from intake_app.core.condition import Condition, Yes, both
from intake_app.core.errors import NotFound, WrongValue
from intake_app.core.model import BloodPressure, Due, PartialDate, Stage, Tier, Value
from intake_app.core.safety import Level
from intake_app.core.words import _

if TYPE_CHECKING:
    from intake_app.core.instrument import Instrument, Result
    from intake_app.core.medication import Formulary

PLACEHOLDER = "PLACEHOLDER:"


@dataclass(frozen=True, slots=True)
class Citation:
    """A work, where in it, and how far it was checked: text_seen, secondary or knowledge."""

    title: str
    year: str
    kind: str
    url: str
    section: str
    checked: str


# A flag shows the strongest kind first; the last two are never shown as if they were a guideline.
KINDS = ("label", "guidance", "study", "practice", "knowledge")
# The parameter of a criterion that says how long its results count.
MAX_AGE_DAYS = "max_age_days"


@dataclass(frozen=True, slots=True)
class Param:
    """A threshold that the clinic sets. `confirmed` names the clinician who took it over, and
    `own_basis` says what a value of the clinic's own rests on."""

    name: str
    value: object
    basis: str
    source: Citation | None
    confirmed: str | None = None
    options: tuple[str, ...] = ()
    own_basis: str = ""

    @property
    def is_placeholder(self) -> bool:
        return self.source is None and self.basis.startswith(PLACEHOLDER)


Points = int | Decimal


@dataclass(frozen=True, slots=True)
class Option:
    """`points` is None where they are the code itself, or where there are none."""

    code: str | int
    label: str
    loinc: str = ""
    points: Points | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`points` where `when` holds, or always where it is None; the first that holds counts."""

    points: Points
    when: Condition | None


# What a question of a suicide-risk screen tells of.
TELLS = ("wish", "thoughts", "intent", "behaviour", "recent")


@dataclass(frozen=True, slots=True)
class Raises:
    """The suicide-risk level that an answer raises at least: a yes, and declining it where a
    refusal is positive. `tells`: some of `TELLS`; recent is when the behaviour was."""

    yes: Level
    declined: Level = Level.NONE_IDENTIFIED
    tells: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `when` is None where it is always asked; `name` is how conditions write it.

    `size`: says how much or how often, as numbers and dates do by themselves: left open behind a
    yes, it counts at the strongest rule still possible.
    `reassuring`: a yes is the good answer, and a no is what the item has to find. `ask_about` is
    what is read to somebody who tells of the person, "" where there is none.
    Of an instrument: `points` by value, or `steps` where they depend on more; `limits`, both
    included, beyond which a number is refused. Of a suicide-risk screen: what it `raises`.
    """

    id: str
    kind: str
    ask: str
    stage: Stage
    criterion: str
    instrument: str | None = None
    unit: str = ""
    options: tuple[Option, ...] = ()
    when: Condition | None = None
    gate: bool = False
    size: bool = False
    safety: bool = False
    reassuring: bool = False
    observed: bool = False
    scored: bool = True
    topic: str = ""
    ask_about: str = ""
    staff_note: str = ""
    loinc: str = ""
    points: Mapping[Value, Points] = field(default_factory=dict, compare=False)
    steps: tuple[Step, ...] = ()
    limits: tuple[Points, ...] = ()
    raises: Raises | None = None
    name: str = field(init=False)

    def tells_of(self, *what: str) -> bool:
        """Whether this is a question of a suicide-risk screen that tells of one of these."""
        return self.raises is not None and not self.raises.tells.isdisjoint(what)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", intern(self.id.replace(".", "_")))

    def parse(self, raw: object) -> Value:
        """The value of an answer, or WrongValue. A blank is never a value."""
        return _PARSERS[self.kind](self, raw)

    def label(self, value: Value) -> str:
        """What a person reads for a value of this item."""
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        labels = {option.code: option.label for option in self.options}
        if isinstance(value, tuple):
            return ", ".join(labels[code] for code in value)
        if self.kind in ("choice", "scale"):
            return labels[value]  # type: ignore[index]
        if isinstance(value, PartialDate):
            return value.text
        return f"{value} {self.unit}".strip()

    def is_yes(self, value: Value) -> bool:
        """Whether a value reports what the item has to find; mostly that is a yes."""
        if value is True or value is False:
            return value is not self.reassuring
        if isinstance(value, tuple):
            return any(code != NONE_OF_THESE for code in value)
        return self.kind == "scale" and value != 0

    def reports(self, value: Value | None) -> bool:
        """`is_yes` of an answer that may be none."""
        return value is not None and self.is_yes(value)

    def tells(self, value: Value | None) -> bool:
        """Whether this answer, behind a gate, says that the gate's own answer is yes."""
        return value is not None and value not in _TELLS_NOTHING


NONE_OF_THESE = "none_of_these"


_TELLS_NOTHING = (False, "none", (NONE_OF_THESE,))


def _yes_no(item: Item, raw: object) -> bool:
    if raw in ("yes", "no"):
        return raw == "yes"
    if isinstance(raw, bool):
        return raw
    raise WrongValue(item.id, _("yes or no"))


def _number(item: Item, raw: object) -> int | Decimal:
    if isinstance(raw, float):
        raw = Decimal(str(raw))
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        if Decimal(raw).is_finite() and 0 <= raw < 1_000_000 and is_within(item.limits, raw):
            return raw
    if item.limits:
        least, most = item.limits
        template = _("a number of {unit} from {least} to {most}")
        raise WrongValue(item.id, template.format(unit=item.unit, least=least, most=most))
    raise WrongValue(item.id, _("a number of {unit}, zero or more").format(unit=item.unit))


def is_within(limits: tuple[Points, ...], raw: Points) -> bool:
    return not limits or limits[0] <= raw <= limits[1]


def _blood_pressure(item: Item, raw: object) -> BloodPressure:
    parts = raw.split("/") if isinstance(raw, str) else raw
    if isinstance(parts, list | tuple) and len(parts) == 2:
        texts = [str(part).strip() for part in parts]
        if all(text.isascii() and text.isdigit() and len(text) <= 3 for text in texts):
            upper, lower = (int(text) for text in texts)
            # Wider than any reading in life; only a slip of the finger falls outside (knowledge).
            if 20 <= lower < upper <= 350:
                return BloodPressure(upper, lower)
    raise WrongValue(item.id, _("an upper and a lower number in mmHg, such as 124/78"))


def _choice(item: Item, raw: object) -> str:
    if isinstance(raw, str) and any(option.code == raw for option in item.options):
        return raw
    raise WrongValue(item.id, _("one of {codes}").format(codes=_codes(item)))


def _multi_choice(item: Item, raw: object) -> tuple[str, ...]:
    codes = [option.code for option in item.options]
    if not isinstance(raw, list | tuple) or not raw or any(part not in codes for part in raw):
        template = _("a list with at least one of {codes}")
        raise WrongValue(item.id, template.format(codes=_codes(item)))
    if NONE_OF_THESE in raw and len(set(raw)) > 1:
        raise WrongValue(item.id, _("either none_of_these or some of the others, not both"))
    return tuple(str(code) for code in codes if code in raw)


def _date(item: Item, raw: object) -> PartialDate:
    try:
        return PartialDate.parse(str(raw))
    except ValueError:
        raise WrongValue(
            item.id, _("a date such as 2024-03-05, 2024-03, 2024, 2024-autumn or ..2024")
        ) from None


def _text(item: Item, raw: object) -> str:
    if isinstance(raw, str) and raw.strip():
        return raw.strip()
    raise WrongValue(item.id, _("some text"))


def _scale(item: Item, raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        if any(option.code == raw for option in item.options):
            return raw
    raise WrongValue(item.id, _("one of {codes}").format(codes=_codes(item)))


def _codes(item: Item) -> str:
    return ", ".join(str(option.code) for option in item.options)


_PARSERS = {
    "yes_no": _yes_no,
    "number": _number,
    "blood_pressure": _blood_pressure,
    "choice": _choice,
    "multi_choice": _multi_choice,
    "date": _date,
    "text": _text,
    "scale": _scale,
}
ITEM_KINDS = frozenset(_PARSERS)


@dataclass(frozen=True, slots=True)
class Rule:
    """`reach` holds the names read and those of the gates before them: what the rule follows.

    `measures` are the dates and sizes among the names; `asks` has, for each name in order, the
    names of the questions behind it.
    """

    when: Condition
    tier: Tier
    due: Due
    reason: str
    reach: frozenset[str] = frozenset()
    measures: frozenset[str] = frozenset()
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def strength(self) -> tuple[Tier, Due]:
        return self.tier, self.due


@dataclass(frozen=True, slots=True)
class Scale:
    """How a criterion asks one of its instruments: only where `when` holds; `takes` has, by the id
    of one of its items, the name of what is known already and answers it."""

    when: Condition | None = None
    takes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Criterion:
    """Rules, strongest first, over items; see docs/content.md.

    `dated`: by the id of a result, that of the item with its date; it goes stale after the
    parameter `max_age_days`. `asks` are instruments, in order, and `scales` says more of some.
    """

    id: str
    group: str
    label: str
    stage: Stage
    rationale: str
    confidence: str
    unknown_tier: Tier
    unknown_due: Due
    items: tuple[Item, ...]
    rules: tuple[Rule, ...]
    params: Mapping[str, Param]
    citations: tuple[Citation, ...]
    to_obtain: bool = False
    dated: Mapping[str, str] = field(default_factory=dict)
    for_each: str | None = None
    asks: tuple[str, ...] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)
    sources_disagree: str = ""


class Block(NamedTuple):
    """Items that stand together: those of an instrument as it is asked, or what stands between two
    instruments."""

    items: tuple[Item, ...]
    instrument: Instrument | None = None
    scale: Scale = Scale()


# What the name of a result of an instrument begins with, in conditions.
RESULT = "result_"


def result_name(instrument: str, result: str) -> str:
    """What conditions call a result of an instrument."""
    return f"{RESULT}{instrument}_{result}"


# clinical/README.md, "The safety block": no tier, age, refusal or missing answer ends it.
AGE = "age_years"
SAFETY_BLOCK = (
    "call_location_and_callback",
    "private_to_talk",
    AGE,
    "medical_emergency_now",
    "lethal_means_and_support",
    "recent_psychiatric_discharge",
    "harm_to_others",
)
MIN_AGE = "min_age"  # the parameter of AGE


@dataclass(frozen=True, eq=False)
class Protocol:
    """Everything that a screening reads; equal digests screen alike.

    Two are never compared field by field, which would take longer than a screening. `digest`
    covers the content as written with the clinic's overrides and confirmations.
    """

    name: str
    version: str
    digest: str
    drug: str
    route: str
    repeated_course: bool
    suicide_screen: str
    criteria: tuple[Criterion, ...]
    instruments: Mapping[str, Instrument]
    formulary: Formulary
    adopted_by: str | None = None
    adopted_because: str = ""
    official_wordings: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Every item by id, in the order of asking."""
        return {item.id: item for block in self.blocks for item in block.items}

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The items in the order of asking, those of one instrument together.

        An instrument that stands behind a question hands that on to its items; by themselves, as
        in `instruments`, they are scored.
        """
        found: list[Block] = []
        own: tuple[Item, ...] = ()
        for criterion in self.criteria:
            for name in criterion.asks:
                scale, instrument = criterion.scales.get(name, Scale()), self.instruments[name]
                items = (replace(i, when=both(scale.when, i.when)) for i in instrument.items)
                found += [Block(own), Block(tuple(items), instrument, scale)]
                own = ()
            own += criterion.items
        return (*found, Block(own))

    @cached_property
    def scales(self) -> Mapping[str, Scale]:
        """How each instrument is asked, by its id."""
        return {block.instrument.id: block.scale for block in self.blocks if block.instrument}

    @cached_property
    def takes(self) -> Mapping[str, str]:
        """By the id of an item of an instrument, the name of what is known and answers it."""
        return {id_: name for scale in self.scales.values() for id_, name in scale.takes.items()}

    @cached_property
    def results(self) -> Mapping[str, tuple[Instrument, Result]]:
        """The results of the instruments, by the name that conditions use."""
        return {
            result_name(instrument.id, result.name): (instrument, result)
            for instrument in self.instruments.values()
            for result in instrument.results
        }

    @cached_property
    def by_name(self) -> Mapping[str, Item]:
        """Every item by the name that conditions use."""
        return {item.name: item for item in self.items.values()}

    @cached_property
    def by_criterion(self) -> Mapping[str, Criterion]:
        return {criterion.id: criterion for criterion in self.criteria}

    @cached_property
    def behind_gates(self) -> tuple[tuple[Item, tuple[Item, ...]], ...]:
        """Each detail that a yes opens, with the gates that lead to it, nearest first.

        Where a yes is the good answer, and in the suicide-risk screen, a detail implies nothing.
        """
        found = []
        for item in self.items.values():
            gates = tuple(self._gates_of(item))
            if gates and item.instrument != self.suicide_screen:
                found.append((item, gates))
        return tuple(found)

    @cached_property
    def gates_of(self) -> Mapping[str, tuple[Item, ...]]:
        """By the id of a detail, the yes/no questions that lead to it, nearest first."""
        return {item.id: gates for item, gates in self.behind_gates}

    def _gates_of(self, item: Item) -> Iterator[Item]:
        while item.when is not None and isinstance(item.when.node, Yes):
            gate = self.by_name.get(item.when.node.name)
            if gate is None or gate.reassuring:
                return
            yield gate
            item = gate

    @cached_property
    def safety_block(self) -> frozenset[str]:
        """The items that are asked whatever else is so: of the line and the person on it, the
        suicide-risk screen, and danger."""
        asked = {i.id for id_ in SAFETY_BLOCK if (c := self.by_criterion.get(id_)) for i in c.items}
        return frozenset(asked | {item.id for item in self.instruments[self.suicide_screen].items})

    @cached_property
    def repeated(self) -> frozenset[str]:
        """Items that are asked once for each entry, such as each trial."""
        return frozenset(i.id for c in self.criteria if c.for_each for i in c.items)

    @cached_property
    def dated(self) -> Mapping[str, tuple[str, Points]]:
        """By the name of a result, that of the item with its date, and how many days it counts."""
        return {
            self.items[result].name: (self.items[when].name, criterion.params[MAX_AGE_DAYS].value)  # type: ignore[misc]
            for criterion in self.criteria
            for result, when in criterion.dated.items()
        }

    @cached_property
    def unconfirmed(self) -> tuple[tuple[Criterion, Param], ...]:
        """Parameters that nobody has answered for: a placeholder that no clinician confirmed."""
        return tuple(
            (criterion, param)
            for criterion in self.criteria
            for param in criterion.params.values()
            if param.is_placeholder and param.confirmed is None
        )

    @property
    def is_confirmed(self) -> bool:
        return self.adopted_by is not None and not self.unconfirmed

    @property
    def wording_is_official(self) -> bool:
        """Whether the suicide-risk screen is read out in its official text."""
        return self.suicide_screen in self.official_wordings

    def item(self, item_id: str) -> Item:
        if item_id not in self.items:
            raise NotFound(_("question '{item}' in this protocol").format(item=item_id))
        return self.items[item_id]

    def param(self, criterion: str, name: str) -> object:
        return self.by_criterion[criterion].params[name].value

    def adopted(self, by: str) -> Protocol:
        return replace(self, adopted_by=by)
