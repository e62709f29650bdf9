"""resources/ -> core values. Refuses what it cannot prove, and says file and field."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from intake_app import scales
from intake_app.core import facts
from intake_app.core.condition import NUMBER, Condition, ConditionError, Type, parse
from intake_app.core.errors import ContentError
from intake_app.core.floor import asked_of_too_few, first_gap
from intake_app.core.instrument import SUICIDE_SCREENS, Instrument
from intake_app.core.medication import Drug, DrugClass, Formulary
from intake_app.core.model import Due, Tier
from intake_app.core.protocol import (
    KINDS,
    MAX_AGE_DAYS,
    PLACEHOLDER,
    Citation,
    Criterion,
    Item,
    Param,
    Protocol,
    Rule,
    Scale,
    result_name,
)
from intake_app.core.words import _
from intake_app.fields import Fields, are_numbers, item_of, stage_of
from intake_app.scales import CHECKED

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
KNOWLEDGE = "KNOWLEDGE:"
_CONFIDENCE = ("verified", "knowledge")
_MEDICINES = "medications.toml"
_LINES = "lines.toml"


@dataclass(frozen=True, slots=True)
class ParamDecision:
    """A clinician's word on one parameter: the value that holds here, who took it over, and what a
    value other than the shipped one rests on."""

    criterion: str
    param: str
    value: object
    by: str
    basis: str = ""

    def row(self) -> list[object]:
        plain = [self.criterion, self.param, _plain(self.value), self.by]
        return [*plain, self.basis] if self.basis else plain  # absent: as before 0.3.0


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
    adopted_because: str = ""

    def to_text(self) -> str:
        """Canonical JSON; its SHA-256 is the digest that each intake keeps."""
        decisions = [decision.row() for decision in self.decisions]
        whole: dict[str, object] = {"files": dict(self.files), "decisions": decisions}
        whole["adopted_by"] = self.adopted_by
        if self.adopted_because:
            whole["adopted_because"] = self.adopted_because
        if self.wordings:  # absent without any: the digests of before 0.2.0 still hold
            whole["wordings"] = [[w.instrument, w.texts, w.source, w.by] for w in self.wordings]
        return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def from_text(cls, text: str) -> Bundle:
        whole = json.loads(text, parse_float=Decimal)
        decisions = tuple(
            ParamDecision(criterion, param, tuple(v) if isinstance(v, list) else v, *by)
            for criterion, param, v, *by in whole["decisions"]
        )
        wordings = tuple(
            Wording(instrument, tuple((item, text) for item, text in texts), source, by)
            for instrument, texts, source, by in whole.get("wordings", ())
        )
        because = whole.get("adopted_because", "")
        return cls(whole["files"], decisions, whole["adopted_by"], wordings, because)

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


def carried_over(bundle: Bundle, shipped: Bundle) -> Bundle:
    """`shipped` with the decisions and wordings of `bundle` that still have their place in it.

    Whoever confirmed a value that the app ships otherwise now has not confirmed the new one: that
    setting is open again.
    """
    before, found = build(replace(bundle, decisions=())), build(shipped)
    decisions = tuple(d for d in bundle.decisions if _still_fits(d, before, found))
    every = instruments(shipped)
    known = {name: {item.id for item in one.items} for name, one in every.items()}
    wordings = tuple(w for w in bundle.wordings if known.get(w.instrument) == {*dict(w.texts)})
    return replace(shipped, decisions=decisions, wordings=wordings)


def _still_fits(decision: ParamDecision, before: Protocol, now: Protocol) -> bool:
    was, param = (_param_of(protocol, decision) for protocol in (before, now))
    if param is None or (param.options and decision.value not in param.options):
        return False
    if was is not None and decision.value == was.value != param.value:
        return False
    return type(decision.value) is type(param.value) or are_numbers(decision.value, param.value)


def _param_of(protocol: Protocol, decision: ParamDecision) -> Param | None:
    criterion = protocol.by_criterion.get(decision.criterion)
    return None if criterion is None else criterion.params.get(decision.param)


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


@lru_cache(maxsize=1)
def common_passwords(root: Path = RESOURCES) -> frozenset[str]:
    """Passwords that many people use, in small letters; see docs/decisions."""
    lines = (root / "passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


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
    protocols = [name for name in bundle.files if name.startswith("protocols/")]
    if len(protocols) != 1 or _MEDICINES not in bundle.files:
        raise ContentError("resources", _("needs one protocol and medications.toml"))
    (file,) = protocols
    table = _toml(file, bundle.files[file])
    formulary = _formulary(Fields(_MEDICINES, "", _toml(_MEDICINES, bundle.files[_MEDICINES])))
    needed = [*_asked(table), *(wording.instrument for wording in bundle.wordings)]
    known = [id_ for id_ in dict.fromkeys(needed) if _file_of(id_) in bundle.files]
    own = _read_out({id_: instrument(bundle, id_) for id_ in known}, bundle.wordings)
    return _ProtocolBuilder(bundle, own, formulary).build(Fields(file, "", table))


def _asked(table: Mapping[str, Any]) -> Iterable[str]:
    """The instruments that a protocol asks, as far as it is one; the others are not read at all."""
    criteria = table.get("criteria")
    for row in criteria if isinstance(criteria, list) else ():
        asks = row.get("asks") if isinstance(row, dict) else None
        if isinstance(asks, list):
            yield from (name for name in asks if isinstance(name, str))


def _toml(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ContentError(name, _("is not TOML ({why})").format(why=error)) from None


def _tier(fields: Fields) -> Tier:
    return Tier[fields.one_of("tier", (t.word for t in Tier)).upper()]


def _due(fields: Fields, key: str = "due") -> Due:
    return Due[fields.one_of(key, (d.word for d in Due)).upper()]


# Sources ----------------------------------------------------------------------------------------


@dataclass
class _Library:
    """The works of one file; every one has to be cited."""

    works: Mapping[str, Citation]
    cited: set[str] = field(default_factory=set)

    def cite(self, fields: Fields) -> Citation:
        work = self.work(fields, fields.text("ref"))
        found = replace(
            work, section=fields.text("section", ""), checked=fields.one_of("checked", CHECKED)
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
        for draft in criteria:
            self._check_taken(draft)
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
            adopted_because=self._bundle.adopted_because,
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
        self._items = {item.name: item for item in items}
        results = {
            result_name(id_, result.name): facts.type_of_result(result)
            for id_ in asked
            for result in self._instruments[id_].results
        }
        names += results
        ids = [draft.id for draft in drafts]
        for several in (names, ids):
            twice = next((name for name in several if several.count(name) > 1), None)
            if twice:
                raise fields.wrong(f"criteria[{twice}]", _("stands twice"))
        clash = next((name for name in names if name in facts.FACTS), None)
        if clash:
            raise fields.wrong(f"items[{clash}]", _("is the name of a fact"))
        return facts.types(items, ids) | results

    def _check_taken(self, draft: _Draft) -> None:
        """What is known already answers an item of an instrument, if it is of its kind."""
        for instrument, row in draft.scales.items():
            if self._instruments[instrument].scoring in SUICIDE_SCREENS:
                raise row.wrong("id", _("is the suicide-risk screen: it is asked of everybody"))
            items = {item.id: item for item in self._instruments[instrument].items}
            for id_, name in draft.takes[instrument].items():
                if id_ not in items or name not in self._types:
                    raise row.wrong("takes", _("names what nobody knows: {id}").format(id=id_))
                if not self._answers(name, items[id_]):
                    template = _("'{name}' is of another kind than '{id}'")
                    raise row.wrong("takes", template.format(name=name, id=id_))

    def _answers(self, name: str, item: Item) -> bool:
        """Whether a value of that name is one of the item, but for the unit."""
        asked = self._items.get(name)
        if asked is not None and asked.unit != item.unit:
            return (asked.unit, item.unit) in facts.UNITS
        if item.kind == "scale":
            codes = [option.code for option in item.options]
            return asked is not None and [option.code for option in asked.options] == codes
        return self._types[name] == facts.type_of(item)

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
        sizes = {item.name for item in self._items.values() if item.size}
        measures = sizes.union(name for name, type_ in self._types.items() if type_ == NUMBER)
        rules = tuple(
            replace(found, asks={name: self._asks[name] for name in sorted(found.when.names)})
            for found in (_rule(table, condition, gates, measures) for table in draft.rules)
        )
        scales = {
            name: Scale(condition(row) if row.has("when") else None, draft.takes[name])
            for name, row in draft.scales.items()
        }
        draft.finish(used, rules)
        return draft.criterion(items, rules, scales)

    def _check_asked(self, fields: Fields, condition: Condition) -> None:
        """A fact that rests on a question which nobody asks would stay open for ever."""
        for name in sorted(condition.names & facts.FACTS.keys()):
            missing = facts.not_asked(name, self._items)
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
        asked = [name for criterion in protocol.criteria for name in criterion.asks]
        if protocol.suicide_screen not in asked:
            raise fields.wrong("suicide_screen", _("is asked by no criterion"))
        if self._instruments[protocol.suicide_screen].scoring not in SUICIDE_SCREENS:
            raise fields.wrong("suicide_screen", _("is no suicide-risk screen"))
        screens = [name for name in asked if self._instruments[name].scoring in SUICIDE_SCREENS]
        if len(screens) > 1:
            template = _("stands beside {others}; a protocol asks one suicide-risk screen")
            others = ", ".join(name for name in screens if name != protocol.suicide_screen)
            raise fields.wrong("suicide_screen", template.format(others=others))
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
        rows = fields.tables("scales")
        self.scales = {row.one_of("id", self.asks): row for row in rows}
        if len(self.scales) < len(rows):
            raise fields.wrong("scales", _("stands twice"))
        self.takes = {id_: _names_by_id(row) for id_, row in self.scales.items()}
        self._stage = stage_of(fields)
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
        item = item_of(fields, criterion=self.id, stage=self._stage)
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
        for fields in (*self.gates.values(), *self.scales.values()):
            fields.done()
        if any(later.tier > rule.tier for rule, later in pairwise(rules)):
            raise self._fields.wrong("rules", _("do not stand strongest first"))
        unused = next((name for name in self._params if name not in used), None)
        if unused:
            raise self._fields.wrong(f"params.{unused}", _("is used by no condition"))

    def criterion(
        self, items: tuple[Item, ...], rules: tuple[Rule, ...], scales: Mapping[str, Scale]
    ) -> Criterion:
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
            dated=self._dated(items),
            for_each=fields.one_of("for_each", ("trial",)) if fields.has("for_each") else None,
            asks=self.asks,
            scales=scales,
            sources_disagree=fields.text("sources_disagree", ""),
        )
        if found.dated and not found.to_obtain:
            raise fields.wrong("dated", _("needs to_obtain: a stale result is obtained again"))
        fields.one_of("applies_to", ("both", "ketamine", "esketamine"), "both")
        unknown.done()
        fields.done()
        return found

    def _dated(self, items: tuple[Item, ...]) -> Mapping[str, str]:
        """Results that go stale: each an item here, dated by an item here, after so many days."""
        dated = self._fields.take("dated", dict, {})
        kinds = {item.id: item.kind for item in items}
        for result, when in dated.items():
            if result not in kinds or kinds.get(when) != "date":
                what = _("has to name an item here, and the item with its date")
                raise self._fields.wrong(f"dated.{result}", what)
        most = self._params.get(MAX_AGE_DAYS)
        if dated and (most is None or not are_numbers(most.value)):
            raise self._fields.wrong("dated", _("needs the parameter max_age_days"))
        return dict(dated)


def _names_by_id(row: Fields) -> Mapping[str, str]:
    takes = row.table("takes")
    found = {id_: takes.text(id_) for id_ in takes.names()}
    takes.done()
    return found


def _peek(fields: Fields) -> Fields:
    """A copy to look into without taking anything."""
    return Fields(fields.file, fields.place, fields._left)


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
    if type(held) is not type(value) and not are_numbers(held, value):
        raise fields.wrong("value", _("was set by the clinic to something of another type"))
    if options and held not in options:
        known = ", ".join(options)
        raise fields.wrong("value", _("is not one of {known}").format(known=known))
    confirmed, own = (None, "") if decision is None else (decision.by, decision.basis)
    return Param(name, held, basis, source, confirmed, options, own)


def _value(fields: Fields, value: object) -> object:
    if isinstance(value, bool | str) or are_numbers(value):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise fields.wrong("value", _("has to be true, false, a number, a text or a list of texts"))


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
    measures: Set[str],
) -> Rule:
    when = condition(fields)
    reach = when.names.union(*(gates.get(_base(name), frozenset()) for name in when.names))
    measured = when.names.intersection(measures)
    found = Rule(when, _tier(fields), _due(fields), fields.text("reason"), reach, measured)
    fields.done()
    return found


def _base(name: str) -> str:
    return name.removeprefix("days_since_").removeprefix("unknown_")


# Instruments ------------------------------------------------------------------------------------


def instruments(bundle: Bundle) -> Mapping[str, Instrument]:
    """Every instrument of a bundle, asked or not, proven; as read out in this clinic."""
    files = (name for name in bundle.files if name.startswith("instruments/"))
    known = [Path(name).stem for name in files]
    return _read_out({id_: instrument(bundle, id_) for id_ in known}, bundle.wordings)


def instrument(bundle: Bundle, id_: str) -> Instrument:
    """A file is named by its instrument, so that what nobody asks is not even read."""
    file = _file_of(id_)
    fields = Fields(file, "", scales.renewed(_toml(file, bundle.files[file])))
    if fields.peek("id") != id_:
        raise fields.wrong("id", _("has to be the name of the file"))
    return scales.instrument(fields)


def _file_of(id_: str) -> str:
    return f"instruments/{id_}.toml"


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
        if not (are_numbers(amount) and amount > 0):
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
        cross_check=fields.texts("cross_check", []),
    )
    fields.one_of("confidence", _CONFIDENCE)
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
