"""Tables of content, read field by field: what nobody asked for or does not fit is refused."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from intake_app.core.errors import ContentError
from intake_app.core.model import Stage
from intake_app.core.protocol import ITEM_KINDS, Item, Option, Points
from intake_app.core.words import _

T = TypeVar("T")


class Fields:
    """One table, read field by field; `done` refuses what nobody asked for."""

    def __init__(self, file: str, place: str, table: object) -> None:
        self.file = file
        self.place = place
        if not isinstance(table, dict):
            raise self.wrong("", _("has to be a table"))
        self._left: dict[str, Any] = dict(table)

    def wrong(self, key: str, what: str) -> ContentError:
        place = ".".join(part for part in (self.place, key) if part)
        return ContentError(f"{self.file}: {place}" if place else self.file, what)

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
            raise self.wrong(key, not_one_of(value, known))
        return value

    def number(self, key: str, default: Points | None = None) -> Points:
        if key not in self._left and default is not None:
            return default
        value = self.raw(key)
        if not are_numbers(value):
            raise self.wrong(key, _("has to be a number"))
        return value  # type: ignore[no-any-return]

    def peek(self, key: str) -> Any:
        return self._left.get(key)

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
        return [Fields(self.file, self._row(key, i, row), row) for i, row in enumerate(rows)]

    def _row(self, key: str, number: int, row: object) -> str:
        name = row.get("id", row.get("generic", number + 1)) if isinstance(row, dict) else number
        return f"{self.place}.{key}[{name}]" if self.place else f"{key}[{name}]"

    def table(self, key: str, *, needed: bool = False) -> Fields:
        place = f"{self.place}.{key}" if self.place else key
        return Fields(self.file, place, self.take(key, dict, None if needed else {}))

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


def are_numbers(*values: object) -> bool:
    return all(
        isinstance(v, int | Decimal) and not isinstance(v, bool) and Decimal(v).is_finite()
        for v in values
    )


def not_one_of(value: object, known: Iterable[str]) -> str:
    return _("'{value}' is not one of {known}").format(value=value, known=", ".join(known))


def stage_of(fields: Fields, default: str | None = None) -> Stage:
    return Stage(fields.one_of("stage", Stage, default))


def item_of(fields: Fields, *, criterion: str, stage: Stage, instrument: str | None = None) -> Item:
    kind = fields.one_of("kind", sorted(ITEM_KINDS))
    options = options_of(fields) if fields.has("options") else ()
    if not fit(kind, options):
        raise fields.wrong("options", _("do not fit the kind {kind}").format(kind=kind))
    unit = fields.text("unit", "")
    if (kind in ("number", "blood_pressure")) != bool(unit):
        raise fields.wrong("unit", _("does not fit the kind {kind}").format(kind=kind))
    limits = limits_of(fields) if fields.has("limits") else ()
    if limits and kind != "number":
        raise fields.wrong("limits", _("do not fit the kind {kind}").format(kind=kind))
    reassuring = fields.flag("reassuring")
    if reassuring and kind != "yes_no":
        raise fields.wrong("reassuring", _("is for the kind yes_no alone"))
    return Item(
        id=fields.text("id"),
        kind=kind,
        ask=fields.text("ask"),
        stage=stage_of(fields, stage),
        criterion=criterion,
        instrument=instrument,
        unit=unit,
        options=options,
        gate=fields.flag("gate"),
        size=fields.flag("size"),
        safety=fields.flag("safety"),
        reassuring=reassuring,
        observed=fields.flag("observed"),
        scored=fields.take("scored", bool, True),
        topic=fields.text("topic", ""),
        ask_about=fields.text("ask_about", ""),
        staff_note=fields.text("staff_note", ""),
        loinc=fields.text("loinc", ""),
        limits=limits,
    )


def limits_of(fields: Fields) -> tuple[Points, ...]:
    """The least and the most that a number may be, both included."""
    given = {str(n): v for n, v in enumerate(fields.take("limits", list))}
    ends = Fields(fields.file, f"{fields.place}.limits", given)
    found = tuple(ends.number(name) for name in ends.names())
    if len(found) != 2 or not 0 <= found[0] < found[1]:
        raise fields.wrong("limits", _("are the least and the most that a number may be"))
    return found


def options_of(fields: Fields) -> tuple[Option, ...]:
    """For a scale rows with a number each, for a choice labels by their code."""
    options = fields.raw("options")
    if isinstance(options, dict):
        if not options or not all(isinstance(v, str) and v.strip() for v in options.values()):
            raise fields.wrong("options", _("need a label each"))
        return tuple(Option(code, label) for code, label in options.items())
    if not isinstance(options, list) or not options:
        raise fields.wrong("options", _("have to be a table or a list of tables"))
    rows = [Fields(fields.file, f"{fields.place}.options", row) for row in options]
    found = tuple(_scale_option(row) for row in rows)
    if len({option.code for option in found}) != len(found):
        raise fields.wrong("options", _("have the same code twice"))
    return found


def _scale_option(fields: Fields) -> Option:
    points = fields.number("points") if fields.has("points") else None
    text = isinstance(fields.peek("code"), str)
    code: str | int = fields.text("code") if text else fields.take("code", int)
    found = Option(code, fields.text("label"), fields.text("loinc", ""), points)
    fields.done()
    return found


def fit(kind: str, options: tuple[Option, ...]) -> bool:
    if kind in ("choice", "multi_choice"):
        return bool(options) and all(isinstance(option.code, str) for option in options)
    return (kind == "scale" and all(isinstance(o.code, int) for o in options)) or not options
