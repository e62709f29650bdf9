"""Three-valued conditions: parsed once from what a clinician reads, decided many times.

A condition is True, False or None: undecided. None never turns into False (Kleene logic).
The notation: names, comparisons, `and`, `or`, `not`, `in`, strings, numbers. No arithmetic and no
calls, so that a condition can be read, typed and proven at load.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Protocol

from intake_app.core.words import _


class NotApplicable:
    """Reads as no, as an empty list, and matches nothing."""

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"


NOT_APPLICABLE = NotApplicable()


@dataclass(frozen=True, slots=True)
class Span:
    """A number known only to lie from `least` to `most`, both included; None is open."""

    least: int | Decimal | None
    most: int | Decimal | None


@dataclass(frozen=True, slots=True)
class SomeOf:
    """A list of which only the entries present are certain: an absent one is undecided."""

    present: frozenset[str]


@dataclass(frozen=True, slots=True)
class Type:
    """What a name may stand for. `options` is None where any text may come."""

    kind: str  # yes_no, number, choice, list, other
    options: frozenset[str] | None = None


YES_NO = Type("yes_no")
NUMBER = Type("number")
OTHER = Type("other")

Read = Callable[[str], object]


class ConditionError(ValueError):
    """Why a condition was refused, in words for the author of the content."""


_NO_NAMES: frozenset[str] = frozenset()


class Node(Protocol):
    def decide(self, read: Read) -> bool | None: ...

    def open(self, read: Read) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Yes:
    name: str

    def decide(self, read: Read) -> bool | None:
        value = read(self.name)
        return False if value is NOT_APPLICABLE else value  # type: ignore[return-value]

    def open(self, read: Read) -> frozenset[str]:
        return frozenset({self.name}) if read(self.name) is None else _NO_NAMES


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool

    def decide(self, read: Read) -> bool | None:
        return self.value

    def open(self, read: Read) -> frozenset[str]:
        return _NO_NAMES


@dataclass(frozen=True, slots=True)
class Not:
    part: Node

    def decide(self, read: Read) -> bool | None:
        value = self.part.decide(read)
        return None if value is None else not value

    def open(self, read: Read) -> frozenset[str]:
        return self.part.open(read)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Parts joined by a word; one that `decides` settles the whole. Most are plain names: they are
    read without a call for each."""

    decides: ClassVar[bool]
    parts: tuple[Node, ...]
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    others: tuple[Callable[[Read], bool | None], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain = [part for part in self.parts if isinstance(part, Yes)]
        others = [part.decide for part in self.parts if not isinstance(part, Yes)]
        object.__setattr__(self, "names", tuple(part.name for part in plain))
        object.__setattr__(self, "others", tuple(others))

    def decide(self, read: Read) -> bool | None:
        decides = self.decides
        found: bool | None = not decides
        for name in self.names:
            value = read(name)
            if value is NOT_APPLICABLE:
                value = False
            if value is decides:
                return decides
            if value is None:
                found = None
        for decide in self.others:
            value = decide(read)
            if value is decides:
                return decides
            if value is None:
                found = None
        return found

    def open(self, read: Read) -> frozenset[str]:
        return frozenset().union(*(part.open(read) for part in self.parts))


class Every(_Parts):
    __slots__ = ()
    decides = False


class Some(_Parts):
    __slots__ = ()
    decides = True


@dataclass(frozen=True, slots=True)
class Compare:
    """`name <op> constant` or `name <op> name`, of numbers or of choices."""

    left: str
    op: str
    right: object
    right_is_name: bool
    holds: Callable[[object, object], bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", _OPERATORS[self.op])

    def decide(self, read: Read) -> bool | None:
        left = read(self.left)
        right = read(self.right) if self.right_is_name else self.right  # type: ignore[arg-type]
        if left is NOT_APPLICABLE or right is NOT_APPLICABLE:
            return False
        if left is None or right is None:
            return None
        if isinstance(left, Span) or isinstance(right, Span):
            return _compare_spans(_span(left), self.op, _span(right))
        return self.holds(left, right)

    def open(self, read: Read) -> frozenset[str]:
        if self.decide(read) is not None:
            return _NO_NAMES
        names = [self.left, self.right] if self.right_is_name else [self.left]
        return frozenset(n for n in names if is_undecided(read(n)))  # type: ignore[arg-type,misc]


@dataclass(frozen=True, slots=True)
class OneOf:
    """`name in (...)`: a choice among constants."""

    name: str
    options: tuple[str, ...]
    negated: bool

    def decide(self, read: Read) -> bool | None:
        value = read(self.name)
        if value is NOT_APPLICABLE:
            return False  # matches nothing, negated or not
        return None if value is None else (value in self.options) is not self.negated

    def open(self, read: Read) -> frozenset[str]:
        return frozenset({self.name}) if read(self.name) is None else _NO_NAMES


@dataclass(frozen=True, slots=True)
class Holds:
    """`'option' in name`: a list that holds an option."""

    option: str
    name: str

    def decide(self, read: Read) -> bool | None:
        value = read(self.name)
        if value is None or value is NOT_APPLICABLE:
            return None if value is None else False
        if isinstance(value, SomeOf):
            return True if self.option in value.present else None
        return self.option in value  # type: ignore[operator]

    def open(self, read: Read) -> frozenset[str]:
        return frozenset({self.name}) if self.decide(read) is None else _NO_NAMES


_OPERATORS: dict[str, Callable[[object, object], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,  # type: ignore[dict-item]
    "<=": operator.le,  # type: ignore[dict-item]
    ">": operator.gt,  # type: ignore[dict-item]
    ">=": operator.ge,  # type: ignore[dict-item]
}
_AST_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def _span(value: object) -> Span:
    return value if isinstance(value, Span) else Span(value, value)  # type: ignore[arg-type]


def is_undecided(value: object) -> bool:
    """Whether a value may leave a condition open: none, a range, or a list that may be longer."""
    return value is None or isinstance(value, Span | SomeOf)


def _compare_spans(left: Span, op: str, right: Span) -> bool | None:
    if op in ("<", "<="):
        return _below(left, right, or_equal=op == "<=")
    if op in (">", ">="):
        return _below(right, left, or_equal=op == ">=")
    if _below(left, right, or_equal=False) or _below(right, left, or_equal=False):
        return op == "!="
    return op == "==" if _is_exact(left) and left == right else None


def _is_exact(span: Span) -> bool:
    return span.least is not None and span.least == span.most


def _below(low: Span, high: Span, *, or_equal: bool) -> bool | None:
    """Is every `low` below every `high`? False where none is, None where it depends."""
    compare = operator.le if or_equal else operator.lt
    if low.most is not None and high.least is not None and compare(low.most, high.least):
        return True
    if low.least is None or high.most is None or compare(low.least, high.most):
        return None
    return False


@dataclass(frozen=True, slots=True)
class Condition:
    """`text` as written, the `names` it reads and the `params` that it used as constants."""

    text: str
    names: frozenset[str]
    params: frozenset[str]
    node: Node
    decide: Callable[[Read], bool | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decide", self.node.decide)  # a wrapper would cost as much again

    def open(self, read: Read) -> frozenset[str]:
        """The names that keep the condition undecided; empty where it is decided."""
        return self.node.open(read) if self.decide(read) is None else _NO_NAMES


def both(first: Condition | None, second: Condition | None) -> Condition | None:
    """One condition that holds where both do; None stands for always."""
    if first is None or second is None:
        return first or second
    return Condition(
        f"({first.text}) and ({second.text})",
        first.names | second.names,
        first.params | second.params,
        Every((first.node, second.node)),
    )


def parse(text: str, types: Mapping[str, Type], params: Mapping[str, object]) -> Condition:
    """Prove `text` against the types of the names it may use; raise ConditionError."""
    parser = _Parser(types, params)
    try:
        node = parser.truth(_tree(text))
    except (RecursionError, MemoryError):  # what the parser of Python says of deep nesting
        raise ConditionError(_("is nested too deeply")) from None
    return Condition(text, frozenset(parser.names), frozenset(parser.params), node)


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):  # ValueError: a null byte, before Python 3.11.4
        raise ConditionError(_("is not a condition")) from None


class _Parser:
    def __init__(self, types: Mapping[str, Type], params: Mapping[str, object]) -> None:
        self._types = types
        self._values = params
        self.names: set[str] = set()
        self.params: set[str] = set()

    def truth(self, tree: ast.expr) -> Node:
        match tree:
            case ast.BoolOp(op=ast.And(), values=parts):
                return Every(tuple(self.truth(part) for part in parts))
            case ast.BoolOp(op=ast.Or(), values=parts):
                return Some(tuple(self.truth(part) for part in parts))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return Not(self.truth(part))
            case ast.Name(id=name):
                return self._yes(name)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._comparison(left, op, right)
        raise ConditionError(_("may hold names, comparisons, and, or, not, in; nothing else"))

    def _yes(self, name: str) -> Node:
        if name in self._values:
            value = self._param(name)
            if not isinstance(value, bool):
                raise ConditionError(_("'{name}' is no yes/no parameter").format(name=name))
            return Constant(value)
        if self._type(name).kind != "yes_no":
            template = _("'{name}' is no yes/no; compare it with something")
            raise ConditionError(template.format(name=name))
        return Yes(name)

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Node:
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(left, right, negated=isinstance(op, ast.NotIn))
        symbol = _AST_OPERATORS.get(type(op))
        if symbol is None:
            raise ConditionError(_("may not use 'is'"))
        first = self._operand(left)
        second = self._operand(right)
        if not isinstance(first, str | _Const):
            raise ConditionError(_("compares a list with ==; use in"))
        if isinstance(first, _Const) and isinstance(second, _Const):
            if isinstance(left, ast.Name) and left.id in self._types:
                self._option(self._types[left.id], left.id, second.value)
            return _constant(first.value, symbol, second.value)
        if isinstance(first, _Const) or not isinstance(second, str | _Const):
            raise ConditionError(_("puts the name on the right; write it on the left"))
        self._fit(first, symbol, second)
        if isinstance(second, _Const):
            return Compare(first, symbol, second.value, right_is_name=False)
        return Compare(first, symbol, second, right_is_name=True)

    def _fit(self, name: str, symbol: str, other: str | _Const) -> None:
        kind = self._type(name)
        if isinstance(other, str) and kind != self._type(other):
            template = _("'{name}' and '{other}' are of different types")
            raise ConditionError(template.format(name=name, other=other))
        if kind.kind == "number" and (isinstance(other, str) or _is_number(other.value)):
            return
        if isinstance(other, str):
            raise _not_comparable(f"'{name}'", symbol, f"'{other}'")
        if kind.kind == "choice" and symbol in ("==", "!="):
            self._option(kind, name, other.value)
            return
        raise _not_comparable(f"'{name}'", symbol, repr(other.value))

    def _membership(self, left: ast.expr, right: ast.expr, *, negated: bool) -> Node:
        if (
            isinstance(left, ast.Constant)
            and isinstance(right, ast.Name)
            and right.id not in self._values
        ):
            kind = self._type(right.id)
            if kind.kind != "list":
                raise ConditionError(_("'{name}' is no list of choices").format(name=right.id))
            self._option(kind, right.id, left.value)
            found: Node = Holds(str(left.value), right.id)
            return Not(found) if negated else found
        name = self._operand(left)
        options = self._operand(right)
        if not isinstance(name, str) or not isinstance(options, tuple):
            raise ConditionError(_("uses in with neither a list of choices nor a choice"))
        kind = self._type(name)
        if kind.kind != "choice":
            raise ConditionError(_("'{name}' is no choice").format(name=name))
        for option in options:
            self._option(kind, name, option)
        return OneOf(name, options, negated)

    def _operand(self, tree: ast.expr) -> str | _Const | tuple[str, ...]:
        match tree:
            case ast.Name(id=name) if name in self._values:
                value = self._param(name)
                return value if isinstance(value, tuple) else _Const(value)
            case ast.Name(id=name):
                return name
            case ast.Constant(value=str() | int() as value):
                return _Const(value)
            case ast.Constant(value=float()):
                return _Const(Decimal(ast.unparse(tree)))
            case ast.Tuple(elts=[_, *_] as parts):
                options = [part.value for part in parts if isinstance(part, ast.Constant)]
                texts = tuple(option for option in options if isinstance(option, str))
                if len(texts) == len(parts):
                    return texts
        raise ConditionError(_("may compare names, strings and numbers only"))

    def _param(self, name: str) -> object:
        self.params.add(name)
        return self._values[name]

    def _type(self, name: str) -> Type:
        if name not in self._types:
            raise ConditionError(_("unknown name '{name}'").format(name=name))
        self.names.add(name)
        return self._types[name]

    @staticmethod
    def _option(kind: Type, name: str, option: object) -> None:
        known = isinstance(option, str) and (kind.options is None or option in kind.options)
        if not known:
            template = _("'{name}' has no option {option}")
            raise ConditionError(template.format(name=name, option=repr(option)))


def _not_comparable(left: str, symbol: str, right: str) -> ConditionError:
    template = _("{left} cannot be compared with {right} by {symbol}")
    return ConditionError(template.format(left=left, right=right, symbol=symbol))


@dataclass(frozen=True, slots=True)
class _Const:
    value: object


def _constant(left: object, symbol: str, right: object) -> Constant:
    """Two params, or a param and a number or a text: decided once, at load."""
    alike = isinstance(left, str) and isinstance(right, str) and symbol in ("==", "!=")
    if not (alike or (_is_number(left) and _is_number(right))):
        template = _("{left} and {right} cannot be compared by {symbol}")
        raise ConditionError(template.format(left=repr(left), right=repr(right), symbol=symbol))
    return Constant(_OPERATORS[symbol](left, right))


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
