"""What one protocol says otherwise than another, and what that changes for an intake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from intake_app.core.medication import Drug
from intake_app.core.model import Answer, Intake
from intake_app.core.protocol import Criterion, Item, Param, Protocol, Scale
from intake_app.core.screening import Flag, Screening, screen
from intake_app.core.setup import value_words
from intake_app.core.words import _


class Change(NamedTuple):
    """One place of a protocol; `before` or `after` is empty where it has no such place."""

    where: str
    before: str
    after: str


def difference(before: Protocol, after: Protocol) -> tuple[Change, ...]:
    """Every place that reads otherwise, in the order of asking; what is new stands last."""
    old, new = dict(_places(before)), dict(_places(after))
    return tuple(
        Change(where, old.get(where, ""), new.get(where, ""))
        for where in {**old, **new}
        if old.get(where) != new.get(where)
    )


def _places(protocol: Protocol) -> Iterator[tuple[str, str]]:
    yield _("Version"), protocol.version
    yield _("Medicine and route"), f"{protocol.drug}, {protocol.route}"
    yield _("Suicide-risk screen"), protocol.suicide_screen
    for criterion in protocol.criteria:
        yield from _of_criterion(criterion)
    for instrument in protocol.instruments.values():
        for item in instrument.items:
            yield from _of_item(instrument.title, item)
    for drug_class in protocol.formulary.classes:
        for drug in drug_class.drugs:
            yield _("Medicine {name}").format(name=drug.generic), _of_drug(drug_class.name, drug)


def _of_criterion(criterion: Criterion) -> Iterator[tuple[str, str]]:
    label = criterion.label
    for param in criterion.params.values():
        template = _("{criterion}: setting '{name}'")
        yield template.format(criterion=label, name=param.name), _of_param(param)
    for name in criterion.asks:
        template = _("{criterion}: scale {id}")
        yield template.format(criterion=label, id=name), _of_scale(criterion.scales.get(name))
    for item in criterion.items:
        yield from _of_item(label, item)
    for number, rule in enumerate(criterion.rules, start=1):
        template = _("{criterion}: rule {number}")
        said = f"{rule.when.text} -> {rule.tier.word}, {rule.due.word}: {rule.reason}"
        yield template.format(criterion=label, number=number), said
    open_ = f"{criterion.unknown_tier.word}, {criterion.unknown_due.word}"
    yield _("{criterion}: where it is not known").format(criterion=label), open_


def _of_param(param: Param) -> str:
    value, basis = value_words(param.value), param.own_basis or param.basis
    if param.confirmed is None:
        return _("{value} ({basis})").format(value=value, basis=basis)
    template = _("{value} ({basis}), confirmed by {name}")
    return template.format(value=value, basis=basis, name=param.confirmed)


def _of_scale(scale: Scale | None) -> str:
    if scale is None:
        return _("always")
    taken = (_("{id} by {name}").format(id=id_, name=name) for id_, name in scale.takes.items())
    return ", ".join([scale.when.text if scale.when else _("always"), *taken])


def _of_drug(class_name: str, drug: Drug) -> str:
    tiers = (("", drug.tier), (_("by mouth: "), drug.oral_tier))
    said = [f"{route}{tier.word}, {drug.due.word}" for route, tier in tiers if tier is not None]
    return "; ".join([class_name, *said, ", ".join(drug.brands), drug.note])


def _of_item(label: str, item: Item) -> Iterator[tuple[str, str]]:
    where = _("{criterion}: question {id}").format(criterion=label, id=item.id)
    options = ", ".join(option.label for option in item.options)
    asked = item.when.text if item.when else _("always")
    parts = (item.ask, item.ask_about, options, item.staff_note, item.stage.value, asked)
    yield where, " | ".join(part for part in parts if part)


# What it changes for an intake --------------------------------------------------------------------


class FlagChange(NamedTuple):
    """A flag that comes, goes or weighs otherwise; one of the two may be None."""

    before: Flag | None
    after: Flag | None


def flag_changes(
    intake: Intake, own: Protocol, other: Protocol, today: date
) -> tuple[FlagChange, ...]:
    """What `other` would raise of the same answers, beside the protocol they were taken with."""
    before = _by_key(screen(intake, own, today))
    after = _by_key(screen(carried(intake, own, other), other, today))
    return tuple(
        FlagChange(before.get(key), after.get(key))
        for key in {**before, **after}
        if _weight(before.get(key)) != _weight(after.get(key))
    )


def _by_key(found: Screening) -> dict[str, Flag]:
    return {flag.key: flag for flag in found.flags}


def _weight(flag: Flag | None) -> object:
    if flag is None:
        return None
    return flag.tier, flag.due, flag.state, flag.reasons, flag.stronger_open, flag.escalates


def carried(intake: Intake, own: Protocol, other: Protocol) -> Intake:
    """With the answers whose question `other` asks in the same kind; the rest is not asked there,
    never a no."""
    kept = tuple(answer for answer in intake.answers if _fits(answer, own, other))
    return replace(intake, answers=kept)


def _fits(answer: Answer, own: Protocol, other: Protocol) -> bool:
    was, now = own.items[answer.item], other.items.get(answer.item)
    if now is None or now.kind != was.kind or now.reassuring is not was.reassuring:
        return False
    codes = {option.code for option in now.options}
    if now.kind in ("choice", "scale"):
        return answer.value is None or answer.value in codes
    return not isinstance(answer.value, tuple) or codes >= set(answer.value)
