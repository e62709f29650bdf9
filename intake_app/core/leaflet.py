"""What an instrument is, as a clinician reads it: everything that its file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from intake_app.core.instrument import SUICIDE_SCREENS, Change, Instrument, Result, shown
from intake_app.core.model import Source
from intake_app.core.protocol import Citation, Item, Option, Points, Raises
from intake_app.core.safety import Level
from intake_app.core.words import _

Section = tuple[str, tuple[str, ...]]


def leaflet(instrument: Instrument) -> tuple[Section, ...]:
    """Headings with their lines, in reading order; a section without a line is left out."""
    made = (
        (_("What it is"), tuple(_what(instrument))),
        (_("Whose it is"), tuple(_owner(instrument))),
        (_("Who answers"), tuple(_who(instrument))),
        (_("Questions"), tuple(line for item in instrument.items for line in _item(item))),
        (_("Scoring"), tuple(_scoring(instrument))),
        (_("Readings"), tuple(_reading(result) for result in instrument.results)),
        (_("Change"), tuple(map(_change, instrument.changes))),
        (_("Notes"), instrument.notes),
        (_("Worked examples"), tuple(_examples(instrument))),
        (_("Sources"), tuple(map(_source, instrument.sources))),
    )
    return tuple((heading, lines) for heading, lines in made if lines)


def _what(instrument: Instrument) -> Iterator[str]:
    yield instrument.official_name
    yield instrument.wording
    if instrument.recall:
        yield _("Asks about {time}.").format(time=instrument.recall)
    codes = (("LOINC", instrument.loinc), (_("LOINC of the total"), instrument.total_loinc))
    yield from (f"{name} {code}" for name, code in codes if code)


def _owner(instrument: Instrument) -> Iterator[str]:
    yield instrument.owner
    yield instrument.licence
    yield _licence_words()[instrument.licence_tier]
    yield instrument.permitted_use
    yield _("As known on {day}.").format(day=instrument.evidence_date)


def _licence_words() -> Mapping[str, str]:
    return {
        "free": _("Its wording may be shipped freely."),
        "conditions": _("Its wording may be shipped under conditions."),
        "topics_only": _("Only its topics, until its owner permits more."),
    }


def _who(instrument: Instrument) -> Iterator[str]:
    raters = {"patient": _("The patient chooses the answers."), "clinician": _("A clinician does.")}
    yield raters[instrument.rater]
    counted = [said for source, said in _voices().items() if source in instrument.may_answer]
    yield _("A score comes from: {voices}.").format(voices="; ".join(counted))
    yield _("What anybody else says is an observation, never a score.")


def _voices() -> Mapping[Source, str]:
    return {
        Source.PATIENT_ALONE: _("the patient alone"),
        Source.PATIENT_WITH_OTHERS: _("the patient, with others present"),
        Source.QUALIFIED_INTERPRETER: _("the patient through a qualified interpreter"),
        Source.AD_HOC_INTERPRETER: _("the patient through somebody who interprets"),
        Source.RELATIVE: _("a relative"),
        Source.REFERRER: _("a referring clinician"),
        Source.RECORD: _("a record"),
        Source.TEST: _("a test"),
    }


def _item(item: Item) -> Iterator[str]:
    part = item.id.partition(".")[2]
    marks = [item.topic, _("LOINC {code}").format(code=item.loinc) if item.loinc else ""]
    marks.append("" if item.scored else _("not part of the score"))
    marks.append(_("asked if {condition}").format(condition=item.when.text) if item.when else "")
    marks.append(_("an item of safety") if item.safety else "")
    marks += _raised(item.raises) if item.raises else ()
    yield f"{part}. {item.ask}  [{'; '.join(mark for mark in marks if mark)}]"
    if item.options:
        yield "    " + "; ".join(_option(item, option) for option in item.options)
    for step in item.steps:
        holds = step.when.text if step.when else _("otherwise")
        yield "    " + _("{points} where {condition}").format(
            points=shown(step.points), condition=holds
        )
    if item.kind == "number":
        low, top = (item.limits or ("", ""))[:2]
        yield "    " + _("a number in {unit}, {low} to {top}").format(
            unit=item.unit, low=low, top=top
        )


def _raised(raises: Raises) -> Iterator[str]:
    yield _("a yes raises {level}").format(level=_level(raises.yes))
    if raises.declined:
        yield _("declining it raises {level}").format(level=_level(raises.declined))


def _level(level: Level) -> str:
    return {Level.LOW: _("low"), Level.MODERATE: _("moderate"), Level.HIGH: _("high")}[level]


def _option(item: Item, option: Option) -> str:
    points = item.points.get(option.code)
    value = str(option.code) if points is None else shown(points)
    code = f" ({option.loinc})" if option.loinc else ""
    return f"{option.label} = {value}{code}"


def _scoring(instrument: Instrument) -> Iterator[str]:
    methods = {
        "sum": _("The sum of the scored questions."),
        "sum_of_domains": _("The sum of the domains."),
        "body_mass_index": _("Weight in kg over the square of the height in m."),
    }
    method = _("No number: the highest rule that holds.")
    yield method if instrument.scoring in SUICIDE_SCREENS else methods[instrument.scoring]
    takes = {
        "sum": _("the sum of"),
        "greatest": _("the greatest of"),
        "count": _("how many reach their points of"),
    }
    for domain in instrument.domains:
        parts = ", ".join(_part(id_, domain.reach.get(id_)) for id_ in domain.items)
        yield _("{name}: {take} {parts}").format(
            name=domain.name, take=takes[domain.take], parts=parts
        )
    for group in instrument.either:
        parts = _(" or ").join(id_.partition(".")[2] for id_ in group)
        yield _("One of these is enough: {parts}").format(parts=parts)
    for derived in instrument.derived:
        yield _("{name}: (total x {times} + {plus}) / {over}").format(
            name=derived.name, times=derived.times, plus=derived.plus, over=derived.over
        )
    yield from (f"{band.least} to {band.most}: {band.label}" for band in instrument.bands)
    yield _("A question without an answer leaves bounds, never a total.")


def _part(id_: str, reach: Points | None) -> str:
    part = id_.partition(".")[2]
    return (
        part
        if reach is None
        else _("{part} (from {points})").format(part=part, points=shown(reach))
    )


def _reading(result: Result) -> str:
    ways = "; ".join(
        _("{code} if {condition}").format(code=each.code, condition=each.when.text)
        if each.when
        else _("else {code}").format(code=each.code)
        for each in result.outcomes
    )
    return _("{title}: {ways} ({basis})").format(title=result.title, ways=ways, basis=result.basis)


def _change(change: Change) -> str:
    units = {
        "points": _("{what}: {amount} points"),
        "percent": _("{what}: {amount} percent of the score before"),
        "percent_points": _("{what}: {amount} percent points"),
        "total_at_most": _("{what}: a total of {amount} at most"),
    }
    said = units.get(change.unit, _("{what}: {amount}"))
    return said.format(what=change.what, amount=shown(change.amount)) + f" ({change.basis})"


def _examples(instrument: Instrument) -> Iterator[str]:
    for example in instrument.examples:
        yield _("{answers} gives {outcome} ({source})").format(
            answers=example.answers, outcome=example.outcome, source=example.source
        )


def _source(citation: Citation) -> str:
    checked = {
        "text_seen": _("read, often in part"),
        "secondary": _("read in a summary"),
        "knowledge": _("not re-read"),
    }
    parts = (citation.title, citation.section, citation.year, citation.url)
    return ", ".join(part for part in parts if part) + f" [{checked[citation.checked]}]"
