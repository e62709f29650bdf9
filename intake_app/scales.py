"""One file of resources/instruments -> an Instrument, proven: its worked examples come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from intake_app.core import facts, floor, safety
from intake_app.core.condition import NUMBER, Condition, ConditionError, Type, parse
from intake_app.core.errors import WrongValue
from intake_app.core.instrument import (
    ASQ,
    LICENCE_TIERS,
    METHODS,
    NO,
    NOT_STATED,
    SEXES,
    SUICIDE_LEVEL,
    SUICIDE_SCREENS,
    YES,
    Band,
    Change,
    Derived,
    Domain,
    Example,
    Instrument,
    Outcome,
    Result,
    Score,
    score,
)
from intake_app.core.model import Source, Stage, State, Value
from intake_app.core.protocol import TELLS, Citation, Item, Option, Points, Raises, Step
from intake_app.core.words import _
from intake_app.fields import Fields, fit, item_of, not_one_of, options_of, stage_of

# How far a source was read.
CHECKED = ("text_seen", "secondary", "knowledge")
_RATERS = ("patient", "clinician")
_CHANGES = ("meaningful", "reliable", "substantial", "response", "remission")
# "percent" is a fall from the score before; "percent_points" are those of a derived percentage.
_UNITS = ("points", "percent", "percent_points", "total_at_most")
_KINDS = ("scale", "yes_no", "number", "choice")
_TOTAL, _SEX = "total", "sex"
# In an example and in a file of sheets: not asked, unknown, declined.
UNSAID: Mapping[str, State | None] = {"-": None, "?": State.UNKNOWN, "x": State.DECLINED}


def renewed(table: dict[str, Any]) -> dict[str, Any]:
    """A table of before 0.3.0 in today's form: records are read by the text they were taken with.

    What such a file did not say is put at its most careful.
    """
    if table.get("scoring") in SUICIDE_SCREENS:
        table = {**table, "items": _as_published(table["scoring"], _list(table.get("items")))}
    if "cutoffs" not in table and "licence_tier" in table:
        return table
    own = {**table, "rater": _RATERS[0], "licence_tier": LICENCE_TIERS[-1]}
    own["permitted_use"] = table.get("licence")
    own["sources"] = [_as_row(source) for source in _list(table.get("sources"))]
    own["results"] = [_as_result(cutoff) for cutoff in _list(own.pop("cutoffs", None))]
    return own


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _as_published(scoring: str, rows: list[Any]) -> list[Any]:
    """With what each answer raises, where none of the rows says so."""
    tables = [row for row in rows if isinstance(row, dict)]
    parts = [str(row.get("id")).partition(".")[2] for row in tables]
    published = floor.structure(scoring, parts)
    if published is None or len(tables) < len(rows) or any("raises" in row for row in tables):
        return rows
    least = [published.least[part] for part in parts]
    return [
        {
            **row,
            "raises": {
                "yes": raises.yes.word,
                "declined": raises.declined.word,
                "tells": sorted(raises.tells),
            },
        }
        for row, raises in zip(tables, least, strict=True)
    ]


def _as_row(source: object) -> object:
    return {"title": source, "checked": CHECKED[-1]} if isinstance(source, str) else source


def _as_result(cutoff: object) -> object:
    if not isinstance(cutoff, dict):
        return cutoff
    name, least = cutoff.get("name"), cutoff.get("at_least")
    return {"name": name, "title": name, "basis": name, "when": f"total >= {least}"}


def instrument(fields: Fields) -> Instrument:
    """Raise ContentError where anything cannot be proven."""
    id_ = fields.text("id")
    stage = stage_of(fields)
    options = options_of(fields) if fields.has("options") else ()
    if not fit("scale", options):
        raise fields.wrong("options", _("do not fit the kind {kind}").format(kind="scale"))
    scoring = fields.one_of("scoring", (*METHODS, *SUICIDE_SCREENS))
    read = [
        _Draft(table, id_, stage, options, scoring in METHODS)
        for table in fields.tables("items", needed=True)
    ]
    items = _proven(fields, read)
    domains = tuple(_domain(row, id_, items) for row in fields.tables("domains"))
    derived = tuple(_derived(row) for row in fields.tables("derived"))
    types = _types(fields, items, domains, derived)
    found = Instrument(
        id=id_,
        title=fields.text("title"),
        official_name=fields.text("official_name"),
        wording=fields.text("wording"),
        stage=stage,
        rater=fields.one_of("rater", _RATERS),
        scoring=scoring,
        items=items,
        may_answer=_sources(fields),
        owner=fields.text("owner"),
        licence=fields.text("licence"),
        licence_tier=fields.one_of("licence_tier", LICENCE_TIERS),
        permitted_use=fields.text("permitted_use"),
        evidence_date=fields.text("evidence_date"),
        sources=tuple(_read_source(row) for row in fields.tables("sources", needed=True)),
        bands=tuple(_band(row) for row in fields.tables("bands")),
        domains=domains,
        either=_either(fields, id_, items),
        derived=derived,
        results=_results(fields, types),
        changes=tuple(_change(row) for row in fields.tables("changes")),
        notes=fields.texts("notes", []),
        recall=fields.text("recall", ""),
        loinc=fields.text("loinc", ""),
        total_loinc=fields.text("total_loinc", ""),
    )
    examples = fields.tables("examples", needed=True)
    fields.done()
    _prove(fields, found)
    return replace(found, examples=tuple(_example(row, found) for row in examples))


# Items ------------------------------------------------------------------------------------------


class _Draft:
    """An item as read, before its conditions are proven against those before it."""

    def __init__(
        self, fields: Fields, instrument_id: str, stage: Stage, options: tuple[Option, ...],
        scored: bool,
    ) -> None:  # fmt: skip
        self.fields = fields
        given = fields.table("points") if fields.has("points") else None
        self.steps = fields.tables("steps")
        raises = _raises(fields.table("raises")) if fields.has("raises") and not scored else None
        item = item_of(fields, criterion="", stage=stage, instrument=instrument_id)
        if not item.id.startswith(f"{instrument_id}."):
            start = _("has to begin with '{start}.'").format(start=instrument_id)
            raise fields.wrong("id", start)
        _check_kind(fields, item)
        if item.kind == "scale" and not item.options:
            if not options:
                raise fields.wrong("options", _("are missing"))
            item = replace(item, options=options)
        if item.kind == "choice" and fields.has("when"):
            raise fields.wrong("when", _("may not skip a choice"))
        item = replace(item, raises=raises)
        if scored and item.scored and not self.steps:
            item = replace(item, points=_points(fields, item, given))
        elif given is not None:
            raise fields.wrong("points", _("have no place here"))
        self.item = item


def _raises(fields: Fields) -> Raises:
    words = [level.word for level in safety.Level]
    level = {
        said: safety.Level(words.index(fields.one_of(said, words, words[0])))
        for said in ("yes", "declined")
    }
    tells = fields.texts("tells", [])
    unknown = next((tell for tell in tells if tell not in TELLS), None)
    if unknown is not None:
        raise fields.wrong("tells", not_one_of(unknown, TELLS))
    fields.done()
    return Raises(level["yes"], level["declined"], frozenset(tells))


def _check_kind(fields: Fields, item: Item) -> None:
    if item.kind not in _KINDS:
        raise fields.wrong("kind", not_one_of(item.kind, _KINDS))
    if item.kind == "number" and not item.limits:
        raise fields.wrong("limits", _("are missing"))


def _points(fields: Fields, item: Item, given: Fields | None) -> Mapping[Value, Points]:
    """By value: those written beside an option, else its code; a yes is 1 unless said otherwise."""
    if item.kind == "yes_no":
        if given is None:
            return {True: 1, False: 0}
        found: dict[Value, Points] = {True: given.number("yes"), False: given.number("no")}
        given.done()
        return found
    if given is not None:
        raise fields.wrong("points", _("have no place here"))
    if item.kind == "choice" and any(option.points is None for option in item.options):
        raise fields.wrong("options", _("need points each"))
    return {o.code: int(o.code) if o.points is None else o.points for o in item.options}


def _proven(fields: Fields, drafts: Iterable[_Draft]) -> tuple[Item, ...]:
    drafts = tuple(drafts)
    items = [draft.item for draft in drafts]
    names = [item.name for item in items]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise fields.wrong(f"items[{twice}]", _("stands twice"))
    types = facts.types(items, ())
    found = []
    for place, draft in enumerate(drafts):
        when = _own(draft.fields, types, set(names[:place])) if draft.fields.has("when") else None
        steps = tuple(_step(row, types, set(names)) for row in draft.steps)
        draft.fields.done()
        found.append(replace(draft.item, when=when, steps=steps))
    return tuple(found)


def _own(fields: Fields, types: Mapping[str, Type], names: set[str]) -> Condition:
    """A condition over items of the same instrument; a skip looks at what was asked before."""
    when = _condition(fields, types)
    if not when.names <= types.keys() - facts.FACTS.keys() or not when.names <= names:
        raise fields.wrong("when", _("may read items of its own instrument only, asked before"))
    return when


def _condition(fields: Fields, types: Mapping[str, Type]) -> Condition:
    try:
        return parse(fields.text("when"), types, {})
    except ConditionError as error:
        raise fields.wrong("when", str(error)) from None


def _step(fields: Fields, types: Mapping[str, Type], names: set[str]) -> Step:
    when = _own(fields, types, names) if fields.has("when") else None
    found = Step(fields.number("points"), when)
    fields.done()
    return found


# What is made of them -----------------------------------------------------------------------------


def _ids(
    fields: Fields, id_: str, parts: Iterable[object], items: Iterable[Item]
) -> tuple[str, ...]:
    found = tuple(f"{id_}.{part}" for part in parts)
    scored = {item.id for item in items if item.scored}
    unknown = next((name for name in found if name not in scored), None)
    if unknown or not found or len(set(found)) != len(found):
        raise fields.wrong("items", _("names none, one twice, or what is no scored item"))
    return found


def _domain(fields: Fields, id_: str, items: tuple[Item, ...]) -> Domain:
    take = fields.one_of("take", ("sum", "greatest", "count"))
    own = _ids(fields, id_, fields.take("items", list), items)
    reach: dict[str, Points] = {}
    if take == "count":
        reach = dict.fromkeys(own, fields.number("at_least"))  # in the order of the items
        earlier = fields.table("earlier")
        for part in earlier.names():
            (item,) = _ids(earlier, id_, [part], (i for i in items if i.id in own))
            reach[item] = earlier.number(part)
    found = Domain(fields.text("name"), take, own, reach)
    fields.done()
    return found


def _derived(fields: Fields) -> Derived:
    found = Derived(
        fields.text("name"),
        Decimal(fields.number("times")),
        Decimal(fields.number("plus", 0)),
        Decimal(fields.number("over", 1)),
        fields.take("digits", int),
    )
    if found.times <= 0 or found.over <= 0:
        raise fields.wrong("times", _("and over have to be above zero: more points are more"))
    fields.done()
    return found


def _either(fields: Fields, id_: str, items: tuple[Item, ...]) -> tuple[tuple[str, ...], ...]:
    groups = fields.take("either", list, [])
    if not all(isinstance(group, list) and len(group) > 1 for group in groups):
        raise fields.wrong("either", _("has to be lists of at least two"))
    found = tuple(_ids(fields, id_, group, items) for group in groups)
    if len({name for group in found for name in group}) != sum(map(len, found)):
        raise fields.wrong("either", _("names an item twice"))
    return found


def _types(
    fields: Fields, items: Iterable[Item], domains: Iterable[Domain], derived: Iterable[Derived]
) -> Mapping[str, Type]:
    """What the outcomes of a result may read."""
    items = tuple(items)
    named = {item.name: facts.types([item], ())[item.name] for item in items}
    names = [*named, _TOTAL, _SEX, *(d.name for d in domains), *(d.name for d in derived)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise fields.wrong("domains", _("'{name}' stands twice").format(name=twice))
    numbers = dict.fromkeys(names[len(named) :], NUMBER)
    return {**named, **numbers, _SEX: Type("choice", frozenset(SEXES))}


def _results(fields: Fields, types: Mapping[str, Type]) -> tuple[Result, ...]:
    found = tuple(_result(row, types) for row in fields.tables("results"))
    if len({result.name for result in found}) != len(found):
        raise fields.wrong("results", _("have the same name twice"))
    return found


def _result(fields: Fields, types: Mapping[str, Type]) -> Result:
    """Outcomes in order, the last without a condition; or one condition, for yes and no."""
    if fields.has("when"):
        yes = Outcome(YES, _condition(fields, types))
        outcomes: tuple[Outcome, ...] = (yes, Outcome(NO, None))
    else:
        outcomes = tuple(_outcome(row, types) for row in fields.tables("outcomes", needed=True))
    open_ = [outcome.when is None for outcome in outcomes]
    if not open_[-1] or sum(open_) != 1 or len({o.code for o in outcomes}) != len(outcomes):
        raise fields.wrong("outcomes", _("need codes of their own, and when on all but the last"))
    found = Result(fields.text("name"), fields.text("title"), fields.text("basis"), outcomes)
    fields.done()
    return found


def _outcome(fields: Fields, types: Mapping[str, Type]) -> Outcome:
    when = _condition(fields, types) if fields.has("when") else None
    found = Outcome(fields.text("code"), when)
    fields.done()
    return found


def _change(fields: Fields) -> Change:
    found = Change(
        fields.one_of("what", _CHANGES),
        Decimal(fields.number("amount")),
        fields.one_of("unit", _UNITS),
        fields.text("basis"),
    )
    fields.done()
    return found


def _read_source(fields: Fields) -> Citation:
    checked = fields.one_of("checked", CHECKED)
    found = Citation(fields.text("title"), "", "", fields.text("url", ""), "", checked)
    fields.done()
    return found


def _sources(fields: Fields) -> frozenset[Source]:
    names = fields.texts("may_answer")
    unknown = next((name for name in names if name not in tuple(Source)), None)
    if unknown is not None or not names:
        raise fields.wrong("may_answer", not_one_of(unknown, Source))
    return frozenset(Source(name) for name in names)


def _band(fields: Fields) -> Band:
    found = Band(fields.take("least", int), fields.take("most", int), fields.text("label"))
    fields.done()
    return found


# Proofs -------------------------------------------------------------------------------------------


def _prove(fields: Fields, found: Instrument) -> None:
    if found.scoring in SUICIDE_SCREENS:
        _prove_screen(fields, found)
        return
    if found.scoring == "body_mass_index":
        _prove_measures(fields, found)
        return
    for item in found.scored_items:
        if not (item.points or item.steps):
            raise fields.wrong(f"items[{item.id}].steps", _("are missing"))
    if found.scoring == "sum_of_domains":
        parts = sorted(id_ for domain in found.domains for id_ in domain.items)
        if parts != sorted(item.id for item in found.scored_items):
            raise fields.wrong("domains", _("have to hold each scored item once"))
    _prove_bands(fields, found)


def _prove_measures(fields: Fields, found: Instrument) -> None:
    measured = [item for item in found.scored_items if item.kind == "number" and not item.steps]
    if len(measured) != 2 or len(found.scored_items) != 2 or measured[1].limits[0] <= 0:
        raise fields.wrong("items", _("have to be a weight and a height above zero"))
    if found.bands or found.domains:
        raise fields.wrong("bands", _("have no place here"))


def _prove_screen(fields: Fields, found: Instrument) -> None:
    short = floor.falls_short(found)
    if short is not None:
        raise fields.wrong(*short)
    if any((found.bands, found.domains, found.derived, found.results, found.either)):
        raise fields.wrong("scoring", _("has a level, and neither bands nor results"))


def _prove_bands(fields: Fields, found: Instrument) -> None:
    """Bands cover every total once, from the least to the most."""
    if not found.bands:
        return
    whole = score(found, {})
    edges = [whole.least - 1, *(b.most for b in found.bands)]
    if edges[:-1] != [b.least - 1 for b in found.bands] or edges[-1] != whole.most:
        raise fields.wrong("bands", _("leave a gap, overlap or miss an end of the scale"))


# Worked examples ----------------------------------------------------------------------------------


def _example(fields: Fields, found: Instrument) -> Example:
    """Refuse a file that does not give what its source says."""
    answers = fields.take("answers", list)
    written = ", ".join(map(str, answers))
    sheet = _sheet(fields, found, answers)
    sex = fields.one_of("sex", SEXES, NOT_STATED)
    source = fields.text("source")
    shown = _shown(found, sheet, sex)
    expected = {key: fields.raw(key) for key in fields.names()}
    if not expected:
        raise fields.wrong("total", _("is missing"))
    for key, value in expected.items():
        own = shown.get(key)
        if isinstance(value, dict) and isinstance(own, dict):
            own = {name: own.get(name) for name in value}
        if key not in shown or own != value:
            raise fields.wrong(key, _("comes out as {found}").format(found=own))
    return Example(written, "; ".join(_plainly(expected)), source)


def _plainly(expected: Mapping[str, object]) -> Iterator[str]:
    for key, value in expected.items():
        if isinstance(value, dict):
            yield from _plainly(value)
        else:
            said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{key.replace('_', ' ')} {said}"


def _sheet(
    fields: Fields, found: Instrument, answers: list[Any]
) -> Mapping[str, Value | State | None]:
    if len(answers) != len(found.scored_items):
        raise fields.wrong("answers", _("have to be one for each scored item"))
    pairs = zip(found.scored_items, answers, strict=True)
    return {item.id: said(item, raw, fields) for item, raw in pairs}


def said(item: Item, raw: object, fields: Fields) -> Value | State | None:
    """A value, or why there is none; yes and no may be written 1 and 0."""
    if isinstance(raw, str) and raw in UNSAID:
        return UNSAID[raw]
    if item.kind == "yes_no" and raw in (0, 1):
        return raw == 1
    try:
        return item.parse(raw)
    except WrongValue as error:
        raise fields.wrong("answers", str(error)) from None


def _shown(
    found: Instrument, sheet: Mapping[str, Value | State | None], sex: str
) -> Mapping[str, object]:
    if found.scoring == ASQ:
        asq = safety.asq(_by_part(sheet))
        return {"result": asq.word, "positive": asq.positive}
    if found.scoring == SUICIDE_LEVEL:
        risk = safety.sheet_risk(found.items, sheet)
        return {"level": risk.word, "ceiling": risk.ceiling.word, "complete": risk.complete}
    return _numbers(score(found, sheet, sex))


def _by_part(sheet: Mapping[str, Value | State | None]) -> Mapping[str, Value | State | None]:
    return {id_.partition(".")[2]: value for id_, value in sheet.items()}


def _numbers(found: Score) -> Mapping[str, object]:
    def exact(ends: Mapping[str, tuple[Points, Points]]) -> Mapping[str, object]:
        return {n: low if low == top else [low, top] for n, (low, top) in ends.items()}

    return {
        "total": found.total,
        "severity": found.severity,
        "least": found.least,
        "most": found.most,
        "missing": list(found.missing),
        "bands": list(found.bands),
        "domains": exact(found.domains),
        "derived": exact(found.derived),
        "results": {n: c[0] if len(c) == 1 else list(c) for n, c in found.results.items()},
        "contradicted": list(found.contradicted),
    }
