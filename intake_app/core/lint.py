"""What the loader cannot refuse and an author has to see: rules that never decide, and words.

A rule is tried on every combination of values that could tell it apart: each side of each limit
that it names, each option, yes and no. Facts count as free of each other, and what a setting of the
clinic decides as open, so that a rule is called unreachable only where nothing can make it hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, pairwise, product
from math import prod
from typing import NamedTuple

from intake_app.core import condition
from intake_app.core.condition import Condition, Node
from intake_app.core.instrument import Instrument
from intake_app.core.protocol import PLACEHOLDER, Criterion, Item, Protocol
from intake_app.core.words import _


class Finding(NamedTuple):
    where: str
    what: str


def findings(protocol: Protocol, instruments: Iterable[Instrument] = ()) -> tuple[Finding, ...]:
    """Of a protocol that the loader has proven, and of `instruments` that it does not ask."""
    found = [
        finding for criterion in protocol.criteria for look in _LOOKS for finding in look(criterion)
    ]
    spoken = _texts(protocol, (*protocol.instruments.values(), *instruments))
    return (*found, *_unfit_words(spoken))


# Rules --------------------------------------------------------------------------------------------


def _unreachable(criterion: Criterion) -> Iterator[Finding]:
    for number, rule in enumerate(criterion.rules, start=1):
        if _holds_together(rule.when) is False:
            yield Finding(_place(criterion, number), _("can never hold"))


def _never_decides(criterion: Criterion) -> Iterator[Finding]:
    """A rule under a stronger one that holds whenever it does."""
    for number, rule in enumerate(criterion.rules, start=1):
        for before, other in enumerate(criterion.rules[: number - 1], start=1):
            if _implies(rule.when, other.when):
                template = _("never decides: rule {before} holds whenever it does")
                yield Finding(_place(criterion, number), template.format(before=before))
                break


def _hidden(criterion: Criterion) -> Iterator[Finding]:
    """Read from the top, the first rule that holds has to be the strongest."""
    for number, (rule, later) in enumerate(pairwise(criterion.rules), start=2):
        if later.strength > rule.strength and _holds_together(rule.when, later.when):
            template = _("is stronger than rule {before} above it, and both can hold")
            yield Finding(_place(criterion, number), template.format(before=number - 1))


def _undeclared_placeholders(criterion: Criterion) -> Iterator[Finding]:
    for name, param in criterion.params.items():
        if param.source is not None and param.basis.startswith(PLACEHOLDER):
            place = f"criteria[{criterion.id}].params.{name}"
            yield Finding(place, _("has a source and says that it has none"))


_LOOKS = (_unreachable, _never_decides, _hidden, _undeclared_placeholders)


def _place(criterion: Criterion, number: int) -> str:
    return f"criteria[{criterion.id}].rules[{number}]"


# Trying a rule ------------------------------------------------------------------------------------

# More combinations than these are not tried, and then nothing is said of a rule.
_MOST = 300_000


def _holds_together(*conditions: Condition) -> bool | None:
    """Whether some values make all of them hold; None where there are too many to try."""
    nodes = [_freed(each.node) for each in conditions]
    tries = _tries(*nodes)
    if tries is None:
        return None
    return any(all(node.decide(values.__getitem__) for node in nodes) for values in tries)


def _implies(narrow: Condition, wide: Condition) -> bool:
    """Whether `wide` holds wherever `narrow` does, and `narrow` does somewhere."""
    first, second = _freed(narrow.node), _freed(wide.node)
    held = [v for v in _tries(first, second) or () if first.decide(v.__getitem__)]
    return bool(held) and all(second.decide(values.__getitem__) for values in held)


def _freed(node: Node) -> Node:
    """With a question of its own for each setting: another clinic may set it otherwise."""
    if isinstance(node, condition.Constant):
        return condition.Yes(f"setting {id(node)}")
    if isinstance(node, condition.Not):
        return condition.Not(_freed(node.part))
    if isinstance(node, condition.Every | condition.Some):
        return replace(node, parts=tuple(map(_freed, node.parts)))
    return node


def _tries(*nodes: Node) -> Iterator[dict[str, object]] | None:
    """Every combination of the values that can tell the conditions apart."""
    domains = _domains(nodes)
    if prod(len(values) for values in domains.values()) > _MOST:
        return None
    return (dict(zip(domains, values, strict=True)) for values in product(*domains.values()))


def _domains(nodes: Iterable[Node]) -> dict[str, tuple[object, ...]]:
    tested: dict[str, set[object]] = defaultdict(set)
    held: dict[str, set[str]] = defaultdict(set)
    found: dict[str, tuple[object, ...]] = {}
    for node in nodes:
        for part in _parts(node):
            if isinstance(part, condition.Yes):
                found[part.name] = (True, False)
            elif isinstance(part, condition.Holds):
                held[part.name].add(part.option)
            elif isinstance(part, condition.OneOf):
                tested[part.name] |= {*part.options}
            elif isinstance(part, condition.Compare):
                _of_comparison(part, tested)
    found |= {name: _around(values) for name, values in tested.items()}
    found |= {name: _subsets(options) for name, options in held.items()}
    return {name: (*values, condition.NOT_APPLICABLE) for name, values in found.items()}


def _of_comparison(part: condition.Compare, tested: dict[str, set[object]]) -> None:
    if not part.right_is_name:
        tested[part.left].add(part.right)
        return
    # Each stands for the other's limits: the same set, seen under both names.
    tested[str(part.right)] = tested[part.left] = (
        tested[part.left] | tested[str(part.right)] | {Decimal(0)}
    )


def _around(values: Iterable[object]) -> tuple[object, ...]:
    """Numbers: each limit, and two values between and beyond, since one name may have to be below
    another there; choices: each, and another one."""
    values = set(values)
    if all(isinstance(value, str) for value in values):
        return (*sorted(map(str, values)), "")
    limits = sorted(Decimal(value) for value in values)  # type: ignore[arg-type]
    between = [low + (high - low) * part / 3 for low, high in pairwise(limits) for part in (1, 2)]
    low, high = limits[0], limits[-1]
    return (low - 2, low - 1, *limits, *between, high + 1, high + 2)


def _subsets(options: Iterable[str]) -> tuple[frozenset[str], ...]:
    known = sorted(options)
    sizes = range(len(known) + 1)
    return tuple(frozenset(some) for size in sizes for some in combinations(known, size))


def _parts(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, condition.Not):
        yield from _parts(node.part)
    if isinstance(node, condition.Every | condition.Some):
        for part in node.parts:
            yield from _parts(part)


# Words --------------------------------------------------------------------------------------------

# Verdicts that are not ours to give, and words that harm around suicide (ux.md 6; security.md 6.4;
# 988 partner guidance; reportingonsuicide.org).
UNFIT = re.compile(
    r"\b(?:in)?eligibl[e]\b|\bcleared\b|\bno\s+risk\b|\bapproved\b|\bsafe\b"
    r"|\bcommit(?:s|ted|ting)?\s+suicide|\b(?:un)?successful\s+(?:attempt|suicide)"
    r"|\b(?:failed|completed)\s+(?:attempt|suicide)|\bsuicid\w+\s+(?:gesture|threat|victim)"
    r"|\bepidemic|\bcry\s+for\s+help\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"\b(?:PLACEHOLDER|TODO|FIXME|XXX)\b")


def _unfit_words(texts: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    for where, text in texts:
        unfit = UNFIT.search(text)
        if unfit is not None:
            yield Finding(where, _("says '{words}'").format(words=unfit.group()))
        if not where.endswith(_BASIS) and _UNFINISHED.search(text):
            yield Finding(where, _("is not finished"))


_BASIS = ".basis"


def _texts(protocol: Protocol, instruments: Iterable[Instrument]) -> Iterator[tuple[str, str]]:
    """Where, and what a person may read there, in our own words."""
    for criterion in protocol.criteria:
        place = f"criteria[{criterion.id}]"
        yield f"{place}.label", criterion.label
        yield f"{place}.rationale", criterion.rationale
        for number, rule in enumerate(criterion.rules, start=1):
            yield f"{place}.rules[{number}].reason", rule.reason
        for name, param in criterion.params.items():
            yield f"{place}.params.{name}{_BASIS}", param.basis
        yield from _of_items(criterion.items)
    for instrument in instruments:
        yield f"instruments[{instrument.id}].title", instrument.title
        yield f"instruments[{instrument.id}].wording", instrument.wording
        yield from _of_items(instrument.items)


def _of_items(items: Iterable[Item]) -> Iterator[tuple[str, str]]:
    for item in items:
        place = f"items[{item.id}]"
        yield f"{place}.ask", item.ask
        yield f"{place}.ask_about", item.ask_about
        yield f"{place}.staff_note", item.staff_note
        yield from ((f"{place}.options[{o.code}]", o.label) for o in item.options)
