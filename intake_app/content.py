"""resources/ -> core values. Refuses what it cannot prove, and says file and field."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from intake_app.core import facts
from intake_app.core.condition import NUMBER, Condition, ConditionError, Type, parse
from intake_app.core.errors import ContentError
from intake_app.core.floor import asked_of_too_few, first_gap
from intake_app.core.instrument import METHODS, SUICIDE_LEVEL, Band, Cutoff, Instrument
from intake_app.core.medication import Drug, DrugClass, Formulary
from intake_app.core.model import Due, Source, Stage, Tier
from intake_app.core.protocol import (
    ITEM_KINDS,
    KINDS,
    PLACEHOLDER,
    Citation,
    Criterion,
    Item,
    Option,
    Param,
    Protocol,
    Rule,
)
from intake_app.core.safety import SCREEN_ITEMS
from intake_app.core.words import _

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
KNOWLEDGE = "KNOWLEDGE:"
_CONFIDENCE = ("verified", "knowledge")
_CHECKED = ("text_seen", "secondary", "knowledge")
_MEDICINES = "medications.toml"
_LINES = "lines.toml"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ParamDecision:
    """A clinician's word on one parameter: the value that holds here, and who took it over."""

    criterion: str
    param: str
    value: object
    by: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The official text of each item of an instrument, and who took it over from where."""

    instrument: str
    texts: tuple[tuple[str, str], ...]
    source: str
    by: str


@dataclass(frozen=True)
class Bundle:
    """The content as written, with the clinic's decisions: all that a protocol is built from."""

    files: Mapping[str, str]
    decisions: tuple[ParamDecision, ...] = ()
    adopted_by: str | None = None
    wordings: tuple[Wording, ...] = ()

    def to_text(self) -> str:
        """Canonical JSON; its SHA-256 is the digest that each intake keeps."""
        decisions = [[d.criterion, d.param, _plain(d.value), d.by] for d in self.decisions]
        whole: dict[str, object] = {"files": dict(self.files), "decisions": decisions}
        whole["adopted_by"] = self.adopted_by
        if self.wordings:  # absent without any: the digests of before 0.2.0 still hold
            whole["wordings"] = [[w.instrument, w.texts, w.source, w.by] for w in self.wordings]
        return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def from_text(cls, text: str) -> Bundle:
        whole = json.loads(text, parse_float=Decimal)
        decisions = tuple(
            ParamDecision(criterion, param, tuple(v) if isinstance(v, list) else v, by)
            for criterion, param, v, by in whole["decisions"]
        )
        wordings = tuple(
            Wording(instrument, tuple((item, text) for item, text in texts), source, by)
            for instrument, texts, source, by in whole.get("wordings", ())
        )
        return cls(whole["files"], decisions, whole["adopted_by"], wordings)

    def __hash__(self) -> int:
        return hash(self.to_text())

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.to_text().encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return float(value) if isinstance(value, Decimal) else value


def shipped(root: Path = RESOURCES) -> Bundle:
    """The content files that came with the app."""
    paths = [*root.glob("protocols/*.toml"), *root.glob("instruments/*.toml"), root / _MEDICINES]
    try:
        return Bundle({p.relative_to(root).as_posix(): p.read_text("utf-8") for p in sorted(paths)})
    except (OSError, UnicodeDecodeError) as error:
        what = _("a file cannot be read ({kind})").format(kind=type(error).__name__)
        raise ContentError(root.name, what) from None


def shipped_with(file: Path, root: Path = RESOURCES) -> Bundle:
    """The shipped content with one file of an author in the place of its kind."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = _("the file cannot be read ({kind})").format(kind=type(error).__name__)
        raise ContentError(file.name, what) from None
    kinds = {"criteria": f"protocols/{file.name}", "classes": _MEDICINES}
    keys = _toml(file.name, text)
    name = next((kinds[key] for key in kinds if key in keys), f"instruments/{file.name}")
    kept = {
        known: content
        for known, content in shipped(root).files.items()
        if not (name.startswith("protocols/") and known.startswith("protocols/"))
    }
    return Bundle({**kept, name: text})


@dataclass(frozen=True, slots=True)
class Country:
    """Lines as they are known, each to be confirmed by the clinic; empty where none is."""

    code: str
    name: str
    emergency: str
    crisis_line: str
    poison: str


def countries(root: Path = RESOURCES) -> tuple[Country, ...]:
    """In the order of the file; raise ContentError where it is not as it should be."""
    try:
        fields = Fields(_LINES, "", _toml(_LINES, (root / _LINES).read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        what = _("cannot be read ({kind})").format(kind=type(error).__name__)
        raise ContentError(_LINES, what) from None
    fields.text("evidence_date")
    rows = fields.tables("countries", needed=True)
    fields.done()
    return tuple(_country(row) for row in rows)


def _country(fields: Fields) -> Country:
    code, name = fields.text("code"), fields.text("name")
    lines = [fields.text(key, "") for key in ("emergency", "crisis_line", "poison")]
    fields.done()
    return Country(code, name, *lines)


@lru_cache(maxsize=4)  # the proof takes some 0.2 s; records opened again hold the same content
def build(bundle: Bundle) -> Protocol:
    """Prove a bundle and build its protocol; raise ContentError with file and field."""
    return _proven(bundle)


def _proven(bundle: Bundle) -> Protocol:
    tables = {name: _toml(name, text) for name, text in bundle.files.items()}
    protocols = [name for name in tables if name.startswith("protocols/")]
    if len(protocols) != 1 or _MEDICINES not in tables:
        raise ContentError("resources", _("needs one protocol and medications.toml"))
    formulary = _formulary(Fields(_MEDICINES, "", tables[_MEDICINES]))
    instruments = _read_out(_instruments(tables), bundle.wordings)
    builder = _ProtocolBuilder(bundle, instruments, formulary)
    return builder.build(Fields(protocols[0], "", tables[protocols[0]]))


def _toml(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(name, _("is not TOML ({why})").format(why=error)) from None


class Fields:
    """One table, read field by field; `done` refuses what nobody asked for."""

    def __init__(self, file: str, place: str, table: object) -> None:
        self._file = file
        self.place = place
        if not isinstance(table, dict):
            raise self.wrong("", _("has to be a table"))
        self._left: dict[str, Any] = dict(table)

    def wrong(self, key: str, what: str) -> ContentError:
        place = ".".join(part for part in (self.place, key) if part)
        return ContentError(f"{self._file}: {place}" if place else self._file, what)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        if key not in self._left:
            if default is None:
                raise self.wrong(key, _("is missing"))
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(key, _("has to be {kind}").format(kind=_kind_word(kind)))
        if kind is str and default is None and not str(value).strip():
            raise self.wrong(key, _("is empty"))
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return self.take(key, str, default)

    def flag(self, key: str) -> bool:
        return self.take(key, bool, False)

    def texts(self, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        values = self.take(key, list, default)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, _("has to be a list of texts"))
        return tuple(values)

    def one_of(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        value = self.text(key, default)
        known = tuple(known)
        if value not in known:
            raise self.wrong(key, _not_one_of(value, known))
        return value

    def raw(self, key: str) -> Any:
        if key not in self._left:
            raise self.wrong(key, _("is missing"))
        return self._left.pop(key)

    def has(self, key: str) -> bool:
        return key in self._left

    def tables(self, key: str, *, needed: bool = False) -> list[Fields]:
        rows = self.take(key, list, None if needed else [])
        if needed and not rows:
            raise self.wrong(key, _("is empty"))
        return [Fields(self._file, self._row(key, i, row), row) for i, row in enumerate(rows)]

    def _row(self, key: str, number: int, row: object) -> str:
        name = row.get("id", row.get("generic", number + 1)) if isinstance(row, dict) else number
        return f"{self.place}.{key}[{name}]" if self.place else f"{key}[{name}]"

    def table(self, key: str, *, needed: bool = False) -> Fields:
        place = f"{self.place}.{key}" if self.place else key
        return Fields(self._file, place, self.take(key, dict, None if needed else {}))

    def names(self) -> tuple[str, ...]:
        return tuple(self._left)

    def done(self) -> None:
        if self._left:
            raise self.wrong(next(iter(self._left)), _("is not a field here"))


def _kind_word(kind: type) -> str:
    words = {
        str: _("a text"),
        bool: _("true or false"),
        int: _("a whole number"),
        list: _("a list"),
        dict: _("a table"),
    }
    return words.get(kind, kind.__name__)


def _not_one_of(value: object, known: Iterable[str]) -> str:
    return _("'{value}' is not one of {known}").format(value=value, known=", ".join(known))


def _tier(fields: Fields) -> Tier:
    return Tier[fields.one_of("tier", (t.word for t in Tier)).upper()]


def _due(fields: Fields, key: str = "due") -> Due:
    return Due[fields.one_of(key, (d.word for d in Due)).upper()]


def _stage(fields: Fields, default: str | None = None) -> Stage:
    return Stage(fields.one_of("stage", Stage, default))


# Sources ----------------------------------------------------------------------------------------


@dataclass
class _Library:
    """The works of one file; every one has to be cited."""

    works: Mapping[str, Citation]
    cited: set[str] = field(default_factory=set)

    def cite(self, fields: Fields) -> Citation:
        work = self.work(fields, fields.text("ref"))
        found = replace(
            work, section=fields.text("section", ""), checked=fields.one_of("checked", _CHECKED)
        )
        fields.done()
        return found

    def work(self, fields: Fields, ref: str) -> Citation:
        if ref not in self.works:
            template = _("'{ref}' is not among the sources of the file")
            raise fields.wrong("source", template.format(ref=ref))
        self.cited.add(ref)
        return self.works[ref]

    def check(self, fields: Fields) -> None:
        for ref in self.works:
            if ref not in self.cited:
                raise fields.wrong(f"sources.{ref}", _("is cited nowhere"))


def _library(fields: Fields) -> _Library:
    tables = fields.table("sources")
    return _Library({ref: _work(tables.table(ref)) for ref in tables.names()})


def _work(fields: Fields) -> Citation:
    found = Citation(
        title=fields.text("title"),
        year=fields.text("year", ""),
        kind=fields.one_of("kind", KINDS),
        url=fields.text("url", ""),
        section="",
        checked="",
    )
    fields.done()
    return found


# Protocol ---------------------------------------------------------------------------------------


class _ProtocolBuilder:
    def __init__(
        self, bundle: Bundle, instruments: Mapping[str, Instrument], formulary: Formulary
    ) -> None:
        self._bundle = bundle
        self._instruments = instruments
        self._formulary = formulary
        self._decisions = {(d.criterion, d.param): d for d in bundle.decisions}

    def build(self, fields: Fields) -> Protocol:
        library = _library(fields)
        criteria = [
            _Draft(table, library, self._decisions)
            for table in fields.tables("criteria", needed=True)
        ]
        self._types = self._names(fields, criteria)
        self._asks = {name: facts.questions(name, self._items) for name in self._types}
        built = tuple(self._prove(draft) for draft in criteria)
        instruments = dict(self._placed(criteria))
        protocol = Protocol(
            name=fields.text("name"),
            version=fields.text("version"),
            digest=self._bundle.digest,
            drug=fields.one_of("drug", ("ketamine", "esketamine")),
            route=fields.one_of("route", ("iv", "im", "nasal", "oral", "sublingual")),
            repeated_course=fields.take("repeated_course", bool),
            suicide_screen=fields.one_of("suicide_screen", self._instruments),
            criteria=built,
            instruments=instruments,
            formulary=self._formulary,
            adopted_by=self._bundle.adopted_by,
            official_wordings={w.instrument: _attested(w) for w in self._bundle.wordings},
        )
        fields.done()
        library.check(fields)
        self._check_whole(fields, protocol)
        return protocol

    def _names(self, fields: Fields, drafts: list[_Draft]) -> dict[str, Type]:
        """Every name a condition may use; two things may not share one."""
        asked = [name for draft in drafts for name in draft.asks]
        unknown = [name for name in asked if name not in self._instruments]
        if unknown or len(asked) != len(set(asked)):
            template = _("unknown or repeated instrument {names}")
            raise fields.wrong("criteria.asks", template.format(names=unknown or asked))
        items = [item for draft in drafts for item in draft.items]
        items += [item for name in asked for item in self._instruments[name].items]
        names = [item.name for item in items]
        self._items = frozenset(names)
        ids = [draft.id for draft in drafts]
        for several in (names, ids):
            twice = next((name for name in several if several.count(name) > 1), None)
            if twice:
                raise fields.wrong(f"criteria[{twice}]", _("stands twice"))
        clash = next((name for name in names if name in facts.FACTS), None)
        if clash:
            raise fields.wrong(f"items[{clash}]", _("is the name of a fact"))
        return facts.types(items, ids)

    def _placed(self, drafts: list[_Draft]) -> Iterable[tuple[str, Instrument]]:
        """Each instrument's items belong to the criterion that asks them."""
        for draft in drafts:
            for name in draft.asks:
                found = self._instruments[name]
                items = tuple(replace(item, criterion=draft.id) for item in found.items)
                yield name, replace(found, items=items)

    def _prove(self, draft: _Draft) -> Criterion:
        used: set[str] = set()

        def condition(fields: Fields) -> Condition:
            found = draft.condition(fields, self._types)
            used.update(found.params)
            self._check_asked(fields, found)
            return found

        items = tuple(
            replace(item, when=condition(draft.gates[item.id]) if item.id in draft.gates else None)
            for item in draft.items
        )
        gates = {item.name: item.when.names for item in items if item.when is not None}
        measures = frozenset(name for name, type_ in self._types.items() if type_ == NUMBER)
        rules = tuple(
            replace(found, asks={name: self._asks[name] for name in sorted(found.when.names)})
            for found in (_rule(table, condition, gates, measures) for table in draft.rules)
        )
        draft.finish(used, rules)
        return draft.criterion(items, rules)

    def _check_asked(self, fields: Fields, condition: Condition) -> None:
        """A fact that rests on a question which nobody asks would stay open for ever."""
        for name in condition.names & facts.FACTS.keys():
            missing = [ask for ask in facts.FACTS[name].asks if ask not in self._items]
            if missing:
                template = _("'{name}' needs the question '{question}'")
                raise fields.wrong("when", template.format(name=name, question=missing[0]))

    def _check_whole(self, fields: Fields, protocol: Protocol) -> None:
        self._check_screen(fields, protocol)
        self._check_medicines(protocol)
        hidden = asked_of_too_few(protocol)
        if hidden:
            raise fields.wrong(f"items[{hidden}].when", _("hides what is asked of everybody"))
        for criterion, param in self._decisions:
            found = protocol.by_criterion.get(criterion)
            if found is None or param not in found.params:
                place = f"criteria[{criterion}].params.{param}"
                raise fields.wrong(place, _("was set by the clinic and is no parameter here"))

    def _check_screen(self, fields: Fields, protocol: Protocol) -> None:
        asked = {name for criterion in protocol.criteria for name in criterion.asks}
        if protocol.suicide_screen not in asked:
            raise fields.wrong("suicide_screen", _("is asked by no criterion"))
        screen = self._instruments[protocol.suicide_screen]
        parts = tuple(item.id.partition(".")[2] for item in screen.items)
        if parts != SCREEN_ITEMS or screen.scoring != SUICIDE_LEVEL:
            template = _("needs the items {items}")
            raise fields.wrong("suicide_screen", template.format(items=", ".join(SCREEN_ITEMS)))
        if not all(item.safety and item.kind == "yes_no" for item in screen.items):
            raise fields.wrong("suicide_screen", _("needs safety = true on every item"))
        gap = first_gap(protocol)
        if gap:
            raise fields.wrong("suicide_screen", _("is routed too low: {gap}").format(gap=gap))

    def _check_medicines(self, protocol: Protocol) -> None:
        for drug_class in protocol.formulary.classes:
            if drug_class.criterion not in protocol.by_criterion:
                raise ContentError(
                    f"{_MEDICINES}: classes[{drug_class.id}].criterion",
                    _("'{name}' is no criterion").format(name=drug_class.criterion),
                )


class _Draft:
    """A criterion as read, before its conditions are proven against the whole."""

    def __init__(
        self,
        fields: Fields,
        library: _Library,
        decisions: Mapping[tuple[str, str], ParamDecision],
    ) -> None:
        self._fields = fields
        self.id = fields.text("id")
        self.asks = fields.texts("asks", [])
        self._stage = _stage(fields)
        cites = fields.tables("sources", needed=True)
        refs = {str(cite.take("ref", str)) for cite in map(_peek, cites)}
        self._citations = tuple(library.cite(cite) for cite in cites)
        if not self._citations:
            raise fields.wrong("sources", _("are missing"))
        params = fields.table("params")
        self._params = {
            name: _param(name, params.table(name), library, refs, decisions.get((self.id, name)))
            for name in params.names()
        }
        self.gates: dict[str, Fields] = {}
        self.items = tuple(self._item(table) for table in fields.tables("items"))
        self.rules = fields.tables("rules", needed=True)

    def _item(self, fields: Fields) -> Item:
        item = _item(fields, criterion=self.id, stage=self._stage)
        if fields.has("when"):
            self.gates[item.id] = fields
        else:
            fields.done()
        return item

    def condition(self, fields: Fields, types: Mapping[str, Type]) -> Condition:
        options = {n: p.value for n, p in self._params.items()}
        clash = next((name for name in options if name in types), None)
        if clash:
            raise self._fields.wrong(f"params.{clash}", _("is the name of an item or a fact"))
        try:
            return parse(fields.text("when"), {**types, **self._option_types()}, options)
        except ConditionError as error:
            raise fields.wrong("when", str(error)) from None

    def _option_types(self) -> dict[str, Type]:
        return {
            name: Type("choice", frozenset(param.options))
            for name, param in self._params.items()
            if param.options
        }

    def finish(self, used: set[str], rules: tuple[Rule, ...]) -> None:
        for fields in self.gates.values():
            fields.done()
        if any(later.tier > rule.tier for rule, later in pairwise(rules)):
            raise self._fields.wrong("rules", _("do not stand strongest first"))
        unused = next((name for name in self._params if name not in used), None)
        if unused:
            raise self._fields.wrong(f"params.{unused}", _("is used by no condition"))

    def criterion(self, items: tuple[Item, ...], rules: tuple[Rule, ...]) -> Criterion:
        fields = self._fields
        unknown = fields.table("on_unknown", needed=True)
        found = Criterion(
            id=self.id,
            group=fields.text("group"),
            label=fields.text("label"),
            stage=self._stage,
            rationale=fields.text("rationale"),
            confidence=fields.one_of("confidence", _CONFIDENCE),
            unknown_tier=_tier(unknown),
            unknown_due=_due(unknown),
            items=items,
            rules=rules,
            params=self._params,
            citations=self._citations,
            to_obtain=fields.flag("to_obtain"),
            for_each=fields.one_of("for_each", ("trial",)) if fields.has("for_each") else None,
            asks=self.asks,
            sources_disagree=fields.text("sources_disagree", ""),
        )
        fields.one_of("applies_to", ("both", "ketamine", "esketamine"), "both")
        unknown.done()
        fields.done()
        return found


def _peek(fields: Fields) -> Fields:
    """A copy to look into without taking anything."""
    return Fields(fields._file, fields.place, fields._left)


def _param(
    name: str,
    fields: Fields,
    library: _Library,
    cited: set[str],
    decision: ParamDecision | None,
) -> Param:
    value = _value(fields, fields.raw("value"))
    options = fields.texts("options", [])
    basis = fields.text("basis")
    source = _param_source(fields, basis, library, cited)
    fields.done()
    held = value if decision is None else _value(fields, decision.value)
    if type(held) is not type(value) and not _are_numbers(held, value):
        raise fields.wrong("value", _("was set by the clinic to something of another type"))
    if options and held not in options:
        known = ", ".join(options)
        raise fields.wrong("value", _("is not one of {known}").format(known=known))
    confirmed = None if decision is None else decision.by
    return Param(name, held, basis, source, confirmed=confirmed, options=options)


def _value(fields: Fields, value: object) -> object:
    if isinstance(value, bool | str) or _are_numbers(value):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise fields.wrong("value", _("has to be true, false, a number, a text or a list of texts"))


def _are_numbers(*values: object) -> bool:
    return all(
        isinstance(v, int | Decimal) and not isinstance(v, bool) and Decimal(v).is_finite()
        for v in values
    )


def _param_source(
    fields: Fields, basis: str, library: _Library, cited: set[str]
) -> Citation | None:
    if not fields.has("source"):
        if not basis.startswith((PLACEHOLDER, KNOWLEDGE)):
            template = _("is missing, and the basis says neither {placeholder} nor {knowledge}")
            what = template.format(placeholder=PLACEHOLDER, knowledge=KNOWLEDGE)
            raise fields.wrong("source", what)
        return None
    ref = fields.text("source")
    if ref not in cited:
        raise fields.wrong("source", _("'{ref}' is not cited by this criterion").format(ref=ref))
    return library.work(fields, ref)


def _rule(
    fields: Fields,
    condition: Callable[[Fields], Condition],
    gates: Mapping[str, frozenset[str]],
    measures: frozenset[str],
) -> Rule:
    when = condition(fields)
    reach = when.names.union(*(gates.get(_base(name), frozenset()) for name in when.names))
    measured = when.names & measures
    found = Rule(when, _tier(fields), _due(fields), fields.text("reason"), reach, measured)
    fields.done()
    return found


def _base(name: str) -> str:
    return name.removeprefix("days_since_").removeprefix("unknown_")


def _item(fields: Fields, *, criterion: str, stage: Stage, instrument: str | None = None) -> Item:
    kind = fields.one_of("kind", sorted(ITEM_KINDS))
    options = _options(fields) if fields.has("options") else ()
    if not _fit(kind, options):
        raise fields.wrong("options", _("do not fit the kind {kind}").format(kind=kind))
    unit = fields.text("unit", "")
    if (kind in ("number", "blood_pressure")) != bool(unit):
        raise fields.wrong("unit", _("does not fit the kind {kind}").format(kind=kind))
    reassuring = fields.flag("reassuring")
    if reassuring and kind != "yes_no":
        raise fields.wrong("reassuring", _("is for the kind yes_no alone"))
    return Item(
        id=fields.text("id"),
        kind=kind,
        ask=fields.text("ask"),
        stage=_stage(fields, stage),
        criterion=criterion,
        instrument=instrument,
        unit=unit,
        options=options,
        gate=fields.flag("gate"),
        safety=fields.flag("safety"),
        reassuring=reassuring,
        observed=fields.flag("observed"),
        scored=fields.take("scored", bool, True),
        topic=fields.text("topic", ""),
        staff_note=fields.text("staff_note", ""),
        loinc=fields.text("loinc", ""),
    )


def _options(fields: Fields) -> tuple[Option, ...]:
    """For a scale rows with a number each, for a choice labels by their code."""
    options = fields.raw("options")
    if isinstance(options, dict):
        if not options or not all(isinstance(v, str) and v.strip() for v in options.values()):
            raise fields.wrong("options", _("need a label each"))
        return tuple(Option(code, label) for code, label in options.items())
    if not isinstance(options, list) or not options:
        raise fields.wrong("options", _("have to be a table or a list of tables"))
    rows = [Fields(fields._file, f"{fields.place}.options", row) for row in options]
    found = tuple(_scale_option(row) for row in rows)
    if len({option.code for option in found}) != len(found):
        raise fields.wrong("options", _("have the same code twice"))
    return found


def _scale_option(fields: Fields) -> Option:
    found = Option(fields.take("code", int), fields.text("label"), fields.text("loinc", ""))
    fields.done()
    return found


def _fit(kind: str, options: tuple[Option, ...]) -> bool:
    if kind in ("choice", "multi_choice"):
        return bool(options) and all(isinstance(option.code, str) for option in options)
    return (kind == "scale" and all(isinstance(o.code, int) for o in options)) or not options


# Instruments ------------------------------------------------------------------------------------


def _instruments(tables: Mapping[str, dict[str, Any]]) -> Mapping[str, Instrument]:
    found: dict[str, Instrument] = {}
    for name, table in tables.items():
        if name.startswith("instruments/"):
            fields = Fields(name, "", table)
            instrument = _instrument(fields)
            if instrument.id in found:
                raise fields.wrong("id", _("'{id}' stands twice").format(id=instrument.id))
            found[instrument.id] = instrument
    return found


def _read_out(
    instruments: Mapping[str, Instrument], wordings: Iterable[Wording]
) -> Mapping[str, Instrument]:
    """With the official texts in the place of our own, where the clinic attested them."""
    found = dict(instruments)
    for wording in wordings:
        texts, place = dict(wording.texts), f"wordings[{wording.instrument}]"
        known = found.get(wording.instrument)
        if known is None or texts.keys() != {item.id for item in known.items}:
            what = _("the official text does not fit the items of the instrument")
            raise ContentError(place, what)
        items = tuple(replace(item, ask=texts[item.id]) for item in known.items)
        found[known.id] = replace(known, items=items, wording=_attested(wording))
    return found


def _attested(wording: Wording) -> str:
    return _("{source}, attested by {name}").format(source=wording.source, name=wording.by)


def _instrument(fields: Fields) -> Instrument:
    id_ = fields.text("id")
    stage = _stage(fields)
    options = _options(fields) if fields.has("options") else ()
    if not _fit("scale", options):
        raise fields.wrong("options", _("do not fit the kind {kind}").format(kind="scale"))
    items = tuple(
        _instrument_item(table, id_, stage, options)
        for table in fields.tables("items", needed=True)
    )
    found = Instrument(
        id=id_,
        title=fields.text("title"),
        official_name=fields.text("official_name"),
        wording=fields.text("wording"),
        scoring=fields.one_of("scoring", (*METHODS, SUICIDE_LEVEL)),
        items=_gated(items),
        may_answer=_sources(fields),
        bands=tuple(_band(row) for row in fields.tables("bands")),
        cutoffs=tuple(_cutoff(row) for row in fields.tables("cutoffs")),
        recall=fields.text("recall", ""),
        owner=fields.text("owner"),
        licence=fields.text("licence"),
        evidence_date=fields.text("evidence_date"),
        loinc=fields.text("loinc", ""),
        total_loinc=fields.text("total_loinc", ""),
        sources=fields.texts("sources"),
    )
    fields.take("examples", list, [])
    fields.done()
    _check_bands(fields, found)
    return found


def _instrument_item(
    fields: Fields, instrument: str, stage: Stage, options: tuple[Option, ...]
) -> tuple[Item, Fields]:
    item = _item(fields, criterion="", stage=stage, instrument=instrument)
    if not item.id.startswith(f"{instrument}."):
        raise fields.wrong("id", _("has to begin with '{start}.'").format(start=instrument))
    if item.kind == "scale" and not item.options:
        if not options:
            raise fields.wrong("options", _("are missing"))
        item = replace(item, options=options)
    if not fields.has("when"):
        fields.done()
    return item, fields


def _gated(items: tuple[tuple[Item, Fields], ...]) -> tuple[Item, ...]:
    """Branching inside an instrument reads its own items alone."""
    types = facts.types([item for item, _table in items], ())
    own = {item.name for item, _table in items}
    found = []
    for item, table in items:
        found.append(replace(item, when=_own_gate(table, types, own)))
    return tuple(found)


def _own_gate(table: Fields, types: Mapping[str, Type], own: set[str]) -> Condition | None:
    if not table.has("when"):
        return None
    try:
        when = parse(table.text("when"), types, {})
    except ConditionError as error:
        raise table.wrong("when", str(error)) from None
    if not when.names <= own:
        raise table.wrong("when", _("may read items of its own instrument only"))
    table.done()
    return when


def _sources(fields: Fields) -> frozenset[Source]:
    names = fields.texts("may_answer")
    unknown = next((name for name in names if name not in tuple(Source)), None)
    if unknown is not None or not names:
        raise fields.wrong("may_answer", _not_one_of(unknown, Source))
    return frozenset(Source(name) for name in names)


def _band(fields: Fields) -> Band:
    found = Band(fields.take("least", int), fields.take("most", int), fields.text("label"))
    fields.done()
    return found


def _cutoff(fields: Fields) -> Cutoff:
    found = Cutoff(fields.text("name"), fields.take("at_least", int))
    fields.done()
    return found


def _check_bands(fields: Fields, instrument: Instrument) -> None:
    """Bands cover every total once, from the least to the most."""
    if not instrument.bands:
        return
    codes = [[int(o.code) for o in item.options] for item in instrument.scored_items]
    edges = [sum(min(c) for c in codes) - 1, *(b.most for b in instrument.bands)]
    starts = [b.least - 1 for b in instrument.bands]
    if edges[:-1] != starts or edges[-1] != sum(max(c) for c in codes):
        raise fields.wrong("bands", _("leave a gap, overlap or miss an end of the scale"))


# Medicines --------------------------------------------------------------------------------------


def _formulary(fields: Fields) -> Formulary:
    library = _library(fields)
    classes = tuple(_drug_class(row, library) for row in fields.tables("classes", needed=True))
    unflagged = tuple(_unflagged(row) for row in fields.tables("unflagged"))
    recognised = tuple(d for row in fields.tables("recognised") for d in _recognised(row))
    tables = fields.table("benzodiazepine_equivalents", needed=True)
    found = Formulary(
        classes,
        unflagged,
        recognised,
        tuple(_equivalents(tables, key, classes) for key in ("ashton", "us_label")),
        tables.text("basis"),
    )
    tables.texts("none_known")
    tables.done()
    fields.done()
    library.check(fields)
    return found


def _equivalents(fields: Fields, key: str, classes: Iterable[DrugClass]) -> Mapping[str, Decimal]:
    listed = {drug.generic for drug_class in classes for drug in drug_class.drugs}
    amounts = fields.take(key, dict)
    for generic, amount in amounts.items():
        if generic not in listed:
            raise fields.wrong(f"{key}.{generic}", _("is no medicine of the list"))
        if not (_are_numbers(amount) and amount > 0):
            raise fields.wrong(f"{key}.{generic}", _("has to be a number above zero"))
    return {generic: Decimal(amount) for generic, amount in amounts.items()}


def _drug_class(fields: Fields, library: _Library) -> DrugClass:
    found = DrugClass(
        id=fields.text("id"),
        name=fields.text("name"),
        criterion=fields.text("criterion"),
        drugs=tuple(_drug(row, matches=True) for row in fields.tables("drugs", needed=True)),
        applies_to=fields.one_of("applies_to", ("both", "ketamine", "esketamine")),
        effect=fields.text("effect"),
        severity=fields.one_of("severity", ("avoid", "major", "moderate", "minor", "efficacy")),
        note=fields.text("note", ""),
        citations=tuple(library.cite(row) for row in fields.tables("sources", needed=True)),
        sources_disagree=fields.text("sources_disagree", ""),
    )
    fields.one_of("confidence", _CONFIDENCE)
    fields.texts("cross_check", [])
    fields.done()
    return found


def _drug(fields: Fields, *, matches: bool) -> Drug:
    tier = _match_tier(fields, "on_match") if matches else None
    found = Drug(
        generic=fields.text("generic"),
        brands=fields.texts("brands", []),
        tier=tier,
        due=_due(fields) if matches else Due.NONE,
        oral_tier=_match_tier(fields, "on_match_oral") if fields.has("on_match_oral") else None,
        cross_check=fields.texts("cross_check", []),
        note=fields.text("note", ""),
    )
    fields.texts("also_in", [])
    fields.text("confidence", "")
    fields.done()
    return found


def _match_tier(fields: Fields, key: str) -> Tier | None:
    word = fields.one_of(key, ("none", *(t.word for t in Tier)))
    return None if word == "none" else Tier[word.upper()]


def _unflagged(fields: Fields) -> DrugClass:
    name = fields.text("name")
    drugs = tuple(_drug(row, matches=False) for row in fields.tables("drugs", needed=True))
    found = DrugClass(name, name, drugs, note=fields.text("why"))
    fields.one_of("confidence", _CONFIDENCE)
    fields.done()
    return found


def _recognised(fields: Fields) -> tuple[Drug, ...]:
    fields.text("kind")
    drugs = tuple(_drug(row, matches=False) for row in fields.tables("drugs", needed=True))
    fields.done()
    return drugs
