"""The safety floor: what every protocol has to raise, whatever else it asks.

This is code and not content: a suicide-risk screen whose answers raise less than is published, and
a protocol under which one of them is routed too low, are refused at load, whoever wrote or changed
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from intake_app.core.instrument import ASQ, SUICIDE_LEVEL, Instrument
from intake_app.core.model import Answer, Due, Intake, Patient, Source, State, Tier
from intake_app.core.protocol import Item, Protocol, Raises
from intake_app.core.safety import Level
from intake_app.core.screening import Screening, screen
from intake_app.core.words import _

_AT = datetime(2000, 1, 1, tzinfo=UTC)

# A general question is answered no by people who had one of these: each is asked of everybody
# (clinical/README.md, "Length").
_OF_EVERYBODY = frozenset(
    {
        "aneurysm_or_avm_ever",
        "aortic_disease_ever",
        "brain_bleed_ever",
        "stroke_ever",
        "heart_attack_ever",
    }
)

Sheet = Mapping[str, bool | State]
_DECLINED, _UNKNOWN = State.DECLINED, State.UNKNOWN


@dataclass(frozen=True, slots=True)
class Structure:
    """A published suicide-risk screen, by the part of an item's id behind the dot.

    `least`: what an answer raises at least. `opened_by`: the questions of which one that is not
    answered no opens this one; the others are asked of everybody. `act_now` and `same_day`: answers
    beside a no to everything else, and how a protocol has to route them (workflow.md, "One urgency
    table").
    """

    scoring: str
    least: Mapping[str, Raises]
    opened_by: Mapping[str, tuple[str, ...]]
    act_now: tuple[Sheet, ...]
    same_day: tuple[Sheet, ...]


def _columbia(behaviour: Mapping[str, Raises], *, dated: bool) -> Structure:
    """Columbia triage: a method is moderate, intent or a plan is high."""
    thoughts: Sheet = {"2": True, "3": False, "4": False, "5": False}
    told = frozenset({"thoughts"})
    recent: tuple[Sheet, ...] = ({"6": True},)
    if dated:
        recent = ({"6": True, "6a": True}, {"6": True, "6a": _DECLINED})
    return Structure(
        SUICIDE_LEVEL,
        {
            "1": Raises(Level.LOW, tells=frozenset({"wish"})),
            "2": Raises(Level.LOW, tells=told),
            "3": Raises(Level.MODERATE, tells=told),
            "4": Raises(Level.HIGH, tells=told | {"intent"}),
            "5": Raises(Level.HIGH, tells=told | {"intent"}),
            **behaviour,
        },
        {"3": ("2",), "4": ("2",), "5": ("2",), "6a": ("6",)},
        (
            {**thoughts, "4": True},
            {**thoughts, "5": True},
            {"4": True},
            {"5": True},
            *recent,
            {**thoughts, "4": _DECLINED},
            {**thoughts, "5": _DECLINED},
            {**thoughts, "6": _DECLINED},
        ),
        (
            {**thoughts, "3": True},
            *([{"6": True, "6a": False}] if dated else ()),
            {"1": True},
            thoughts,
            *({part: _DECLINED} for part in ("1", "2", "6")),
        ),
    )


def _asq() -> Structure:
    """NIMH ASQ toolkit: a yes or a refusal of one of the four is positive, and whoever is positive
    is asked whether it is now; a yes to that is acute, and so is no answer to it."""
    four = ("1", "2", "3", "4")
    tells = dict(zip(four, ("wish", "wish", "thoughts", "behaviour"), strict=True))
    positive = {
        part: Raises(Level.MODERATE, Level.MODERATE, frozenset({tells[part]})) for part in four
    }
    said = [{part: state} for part in four for state in (True, _DECLINED)]
    return Structure(
        ASQ,
        {**positive, "5": Raises(Level.HIGH, tells=frozenset({"thoughts"}))},
        {"5": four},
        (
            {"5": True},
            *({**each, "5": now} for each in said for now in (True, _DECLINED, _UNKNOWN)),
        ),
        (
            *({**each, "5": False} for each in said),
            *({part: _UNKNOWN, "5": now} for part in four for now in (False, _UNKNOWN)),
        ),
    )


_DATED = {
    "6": Raises(Level.MODERATE, tells=frozenset({"behaviour"})),
    "6a": Raises(Level.HIGH, tells=frozenset({"recent"})),
}
# Since the last contact: nobody is asked when, and whatever was done is recent.
_SINCE = {"6": Raises(Level.HIGH, tells=frozenset({"behaviour", "recent"}))}
_STRUCTURES = (_columbia(_DATED, dated=True), _columbia(_SINCE, dated=False), _asq())


def structure(scoring: str, parts: Iterable[str]) -> Structure | None:
    """The published screen that has these parts in this order."""
    asked = list(parts)
    return next((s for s in _STRUCTURES if s.scoring == scoring and [*s.least] == asked), None)


def _structure_of(screen: Instrument) -> Structure | None:
    return structure(screen.scoring, map(_part, screen.items))


def _part(item: Item) -> str:
    return item.id.partition(".")[2]


def falls_short(screen: Instrument) -> tuple[str, str] | None:
    """The first field of a suicide-risk screen that is less than is published, and how."""
    published = _structure_of(screen)
    if published is None:
        known = [", ".join(s.least) for s in _STRUCTURES if s.scoring == screen.scoring]
        return "items", _("needs the items {items}").format(items=_(" or ").join(known))
    for item in screen.items:
        if not (item.safety and item.kind == "yes_no"):
            return "items", _("needs safety = true on every item")
        if not _is_enough(item.raises, published.least[_part(item)]):
            return f"items[{item.id}].raises", _("is missing, or less than is published")
        if _is_hidden(item, screen, published.opened_by.get(_part(item), ())):
            return f"items[{item.id}].when", _("hides what is asked")
    return None


def _is_enough(raises: Raises | None, least: Raises) -> bool:
    return (
        raises is not None
        and raises.yes >= least.yes
        and raises.declined >= least.declined
        and raises.tells >= least.tells
    )


def _is_hidden(item: Item, screen: Instrument, opened_by: Iterable[str]) -> bool:
    """Whether it stays closed beside one of those that open it, all others being answered no."""
    if item.when is None:
        return False
    no: dict[str, object] = dict.fromkeys((each.name for each in screen.items), False)
    opening = [i.name for i in screen.items if _part(i) in opened_by]
    sheets = ({**no, name: said} for name in opening for said in (True, None))
    return not opening or any(item.when.decide(each.__getitem__) is False for each in sheets)


def first_gap(protocol: Protocol) -> str | None:
    """The first answers that would be routed too low, in words for the author of the content."""
    published = _structure_of(protocol.instruments[protocol.suicide_screen])
    if published is None:
        return _("nothing is known of its answers")
    for sheet in published.act_now:
        if not _screened(protocol, sheet).grounds:
            template = _("{answers} has to stop the intake now and raise an escalation")
            return template.format(answers=_words(sheet))
    for sheet in published.same_day:
        flags = _screened(protocol, sheet).flags
        if not any(f.tier >= Tier.REVIEW and f.due >= Due.SAME_DAY for f in flags):
            template = _("{answers} has to be reviewed by a clinician the same day")
            return template.format(answers=_words(sheet))
    return None


def asked_of_too_few(protocol: Protocol) -> str | None:
    """The id of an item that stands behind another question and may not."""
    asked = protocol.items.values()
    return next((i.id for i in asked if i.id in _OF_EVERYBODY and i.when is not None), None)


def _screened(protocol: Protocol, sheet: Sheet) -> Screening:
    """A no to whatever is asked of everybody, but for `sheet`."""
    items = protocol.instruments[protocol.suicide_screen].items
    said: dict[str, bool | State] = {item.id: False for item in items if item.when is None}
    said |= {f"{protocol.suicide_screen}.{part}": value for part, value in sheet.items()}
    intake = Intake("", Patient("", "", ""), protocol.digest, _AT, answers=tuple(_answers(said)))
    return screen(intake, protocol, date(2000, 1, 1))


def _answers(said: Mapping[str, bool | State]) -> Iterator[Answer]:
    for id_, value in said.items():
        state = value if isinstance(value, State) else State.ANSWERED
        told = value if isinstance(value, bool) else None
        yield Answer(id_, id_, state, told, Source.PATIENT_ALONE, _AT, by="")


def _words(sheet: Sheet) -> str:
    said = {True: _("yes"), False: _("no"), _DECLINED: _("declined"), _UNKNOWN: _("unknown")}
    return ", ".join(f"{key} {said[value]}" for key, value in sheet.items() if value is not False)
