"""Every text that a person reads goes through gettext, at run time, as a plain template.

The rules read the source of the app. What they call a person's text:

- what an IntakeError or a ConditionError is made with, and what `Fields.wrong` is given,
  except the place (file, field, id of the item) that comes first;
- what is printed, asked at the prompt, said to be saved, or shown as the help of a command;
- what a function returns whose name ends in fault, gap, reason or _words.

In such a place a literal with a letter in it has to stand inside `_()`, directly or through a
variable of the same function. What fills a template is data: an id, a list of codes. A literal
among it may be one word, as codes are, and no sentence.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from gettext import NullTranslations
from pathlib import Path
from string import Formatter

import pytest

import main
from intake_app import cases, content
from intake_app.core import review, treatment
from intake_app.core.errors import ContentError, IntakeError, NotAllowed, NotFound, WrongValue
from intake_app.core.model import Role, Staff
from intake_app.core.words import _, speak
from intake_app.store import audit, database, vault, verify
from tests.vaults import DEMO, PASSWORD

ROOT = Path(main.__file__).parent
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in [ROOT / "main.py", *ROOT.glob("intake_app/**/*.py"), *ROOT.glob("ui/**/*.py")]
}

FAMILIES = frozenset({"IntakeError", "ConditionError"})
# How many of the first arguments name a place. `refusal` and `_saved` are variables that hold one
# of the family, and the one who says what is saved.
SINKS = {"print": 0, "input": 0, "getpass": 0, "wrong": 1, "refusal": 0, "_saved": 0}
PLACES = {"ContentError": 1, "WrongValue": 1, "WrongField": 1}
COMMANDS = {"ArgumentParser", "add_parser", "add_subparsers", "add_argument", "add_argument_group"}
HELP = {"help", "description", "title", "epilog", "usage"}
GIVES_WORDS = re.compile(r"(fault|gap|reasons?|_words?)$")
KEEPS = {"cache", "lru_cache", "cached_property"}

WORDS = {"_", "_n"}
# A number, by the names that numbers have here, before the things that it counts.
NUMBERS = "count|tried|hours|days|minutes|flags|age|patients"
COUNTED = re.compile(rf"\{{({NUMBERS})\}} (?:more |open )?[a-z]+s\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    rule: str
    line: int
    text: str


def called(node: ast.AST) -> str:
    """The last name of what is called."""
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORDS


def family(trees: Iterable[ast.Module], known: frozenset[str]) -> frozenset[str]:
    """The exceptions that are made of sentences, with all that inherit from them."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = known
    while True:
        more = {c.name for c in classes if not found.isdisjoint(map(called, c.bases))}
        if more <= found:
            return found
        found |= more


# `_` itself ---------------------------------------------------------------------------------------


def not_plain(tree: ast.Module) -> Iterator[Finding]:
    """A template is one literal, with named fields; and `_` means nothing else. A number and what
    it counts are two templates, of `_n`."""
    imports = any(isinstance(n, ast.ImportFrom) and "_" in [a.name for a in n.names]
                  for n in tree.body)  # fmt: skip
    for node in ast.walk(tree):
        if is_word(node):
            assert isinstance(node, ast.Call)
            if not _is_template(node):
                yield Finding("not a plain literal", node.lineno, ast.unparse(node))
            elif called(node) == "_" and COUNTED.search(node.args[0].value):  # type: ignore[attr-defined]
                yield Finding("one or many", node.lineno, ast.unparse(node))
        elif imports and isinstance(node, ast.Name | ast.arg) and _rebinds(node):
            yield Finding("another _", node.lineno, ast.unparse(node))


def _is_template(node: ast.Call) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str() as text)], keywords=[]):
            return _is_named(text)
        case ast.Call(
            func=ast.Name(id="_n"),
            args=[ast.Constant(value=str() as one), ast.Constant(value=str() as many), _],
            keywords=[],
        ):
            return _is_named(one) and _is_named(many)
    return False


def _is_named(text: str) -> bool:
    fields = [name for _text, name, _spec, _how in Formatter().parse(text)]
    return bool(text) and all(name is None or name.isidentifier() for name in fields)


def _rebinds(node: ast.Name | ast.arg) -> bool:
    if isinstance(node, ast.arg):
        return node.arg == "_"
    return node.id == "_" and isinstance(node.ctx, ast.Store)


def too_early(tree: ast.Module) -> Iterator[Finding]:
    """At import, or once for all in a function whose result is kept."""
    yield from _early(tree, running=False)


def _early(node: ast.AST, *, running: bool) -> Iterator[Finding]:
    if is_word(node) and not running:
        yield Finding("too early", node.lineno, ast.unparse(node))  # type: ignore[attr-defined]
    inside = running
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        kept = isinstance(node, Function) and any(map(_keeps, node.decorator_list))
        inside = not kept
    body = getattr(node, "body", [])
    parts = body if isinstance(body, list) else [body]
    for child in ast.iter_child_nodes(node):
        yield from _early(child, running=inside if child in parts else running)


def _keeps(decorator: ast.expr) -> bool:
    return called(decorator) in KEEPS


# What goes round it -------------------------------------------------------------------------------


class Unsaid(ast.NodeVisitor):
    """Literals that reach a person without `_`."""

    def __init__(self, families: frozenset[str]) -> None:
        self.families = families
        self.found: list[Finding] = []
        self._functions: list[Function] = []
        self._class = ""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        before, self._class = self._class, node.name
        self.generic_visit(node)
        self._class = before

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Return(self, node: ast.Return) -> None:
        if node.value and self._functions and GIVES_WORDS.search(self._functions[-1].name):
            self._look(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for part in self._said(node):
            self._look(part)
        self.generic_visit(node)

    def _said(self, node: ast.Call) -> list[ast.expr]:
        name = called(node)
        if name in COMMANDS:
            return [keyword.value for keyword in node.keywords if keyword.arg in HELP]
        if name in self.families:
            return self._after(node, PLACES.get(name, 0))
        if ast.unparse(node.func) == "super().__init__" and self._class in self.families:
            return self._after(node, 0)
        return node.args[SINKS[name] :] if name in SINKS else []

    @staticmethod
    def _after(node: ast.Call, places: int) -> list[ast.expr]:
        return [*node.args[places:], *(keyword.value for keyword in node.keywords)]

    def _look(self, node: ast.expr) -> None:
        for literal in self._literals(node, frozenset()):
            self.found.append(Finding("unsaid", literal.lineno, ast.unparse(literal)))

    def _literals(self, node: ast.expr, seen: frozenset[str]) -> Iterator[ast.expr]:
        if _is_literal(node):
            yield node
            return
        parts = _parts(node)
        if isinstance(node, ast.Name) and node.id not in seen:
            parts, seen = self._assigned(node.id), seen | {node.id}
        for part in parts:
            yield from self._literals(part, seen)

    def _assigned(self, name: str) -> list[ast.expr]:
        """What a variable of this function is given."""
        inside = ast.walk(self._functions[-1]) if self._functions else ()
        return [
            node.value
            for node in inside
            if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets)
        ]


def _is_literal(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str() as text):
            return _has_letter(text)
        case ast.JoinedStr(values=parts):
            return any(isinstance(p, ast.Constant) and _has_letter(p.value) for p in parts)
        case ast.Name(id="__doc__"):
            return True
    return False


def _parts(node: ast.expr) -> list[ast.expr]:
    """Where the words of a text come from. What another function gives is looked at there."""
    match node:
        case ast.Call(func=ast.Attribute(value=template, attr="format"), keywords=fields):
            return [template, *(field.value for field in fields if _is_sentence(field.value))]
        case ast.Call(func=ast.Attribute(value=first, attr="join"), args=rest):
            return [first, *rest]
        case ast.BinOp(left=first, op=ast.Add() | ast.Mod(), right=second):
            return [first, second]
        case ast.IfExp(body=first, orelse=second):
            return [first, second]
        case ast.Dict(values=parts) | ast.BoolOp(values=parts) | ast.List(elts=parts):
            return parts
    return []


def _has_letter(text: object) -> bool:
    return isinstance(text, str) and any(map(str.isalpha, text))


def _is_sentence(node: ast.expr) -> bool:
    texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
    return any(re.search(r"\w\s+\w", text) for text in texts if isinstance(text, str))


def findings(tree: ast.Module, families: frozenset[str]) -> list[Finding]:
    unsaid = Unsaid(families)
    unsaid.visit(tree)
    return [*not_plain(tree), *too_early(tree), *unsaid.found]


# The rules on the app -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def families() -> frozenset[str]:
    return family(TREES.values(), FAMILIES)


def test_every_text_for_a_person_goes_through_gettext(families: frozenset[str]) -> None:
    """Seen to fail with: `_(f"...")` in errors.py; the reasons of database.py a table of the
    module again; "some text" of protocol.py without `_`; the help of a command without `_`.
    """
    assert {"ContentError", "DamagedKeys", "NotCreated", "Mismatch"} <= families
    found = [
        f"{file}:{finding.line}: {finding.rule}: {finding.text}"
        for file, tree in sorted(TREES.items())
        for finding in findings(tree, families)
    ]
    assert found == []


START = "from intake_app.core.words import _, _n\n"
BAD = {
    "an f-string": 'def f(x):\n return _(f"{x} is")',
    "a variable": "def f(x):\n return _(x)",
    "two arguments": 'def f():\n return _("a", "b")',
    "a value beside it": 'def f(x):\n return _("a {x}", x=x)',
    "a sum": 'def f():\n return _("a" + "b")',
    "an empty text": 'def f():\n return _("")',
    "a field without a name": 'def f(x):\n return _("{} is").format(x)',
    "a field with a number": 'def f(x):\n return _("{0} is").format(x)',
    "another _": "def f(pairs):\n return [x for x, _ in pairs]",
    "one of many": 'def f(n):\n return _("{count} flags").format(count=n)',
    "many that are another text": 'def f(x, n):\n return _n("{n} day", x, n)',
    "a module": 'WORD = _("a")',
    "a table of the module": 'WORDS = {"a": _("a")}',
    "a class": 'class A:\n word = _("a")',
    "a default": 'def f(word=_("a")):\n return word',
    "a default of a method": 'class A:\n def f(self, word=_("a")): ...',
    "a default of a lambda": 'f = lambda word=_("a"): word',
    "a kept result": '@cache\ndef f():\n return _("a")',
    "a kept result, with a size": '@lru_cache(maxsize=8)\ndef f():\n return _("a")',
    "a kept property": 'class A:\n @cached_property\n def f(self):\n  return _("a")',
    "an error": 'def f():\n raise IntakeError("It is so.")',
    "an error with a value": 'def f(x):\n raise errors.NotFound(f"item {x}")',
    "an error from a variable": 'def f(x):\n what = f"item {x}"\n raise NotFound(what)',
    "a template from a variable": 'def f(x):\n t = "item {x}"\n raise NotFound(t.format(x=x))',
    "one of two": 'def f(x):\n raise NotFound(_("a") if x else "b")',
    "a sum of texts": 'def f(x):\n raise NotFound(_("a") + ", so " + x)',
    "a list of texts": 'def f():\n raise NotFound(", ".join(["a slot", _("b")]))',
    "or the other": 'def f(x):\n raise NotFound(x or "b")',
    "an argument by name": 'def f():\n raise ContentError("a.toml", what="is bad")',
    "a sentence in a field": 'def f():\n raise NotFound(_("a {b}").format(b="in the end"))',
    "a condition": "def f():\n raise ConditionError('is bad')",
    "a field": 'def f(fields):\n raise fields.wrong("key", "is bad")',
    "inside": 'class Bad(NotFound):\n def __init__(self):\n  super().__init__("It is so.")',
    "its heir": "class Bad(NotFound): ...\n\ndef f():\n raise Bad('It is so.')",
    "print": 'def f(x):\n print(f"saved {x}")',
    "a prompt": 'def f():\n return getpass.getpass("Password: ")',
    "the help of a command": 'def f(p):\n p.add_parser("x", help="do x")',
    "a docstring": "def f():\n return argparse.ArgumentParser(description=__doc__)",
    "what is wrong": 'def first_fault(x):\n return f"{x}: is missing"',
    "why": 'def _reasons():\n return {"a": "the disk is full"}',
}


@pytest.mark.parametrize("name", BAD)
def test_the_rules_find(name: str, families: frozenset[str]) -> None:
    """Seen to fail with: each of the rules left out, and each case of `_literals`."""
    tree = ast.parse(START + BAD[name])
    assert findings(tree, family([tree], families))


GOOD = {
    "one or many": 'def f(n):\n return _n("{count} flag", "{count} flags", n).format(count=n)',
    "a template": 'def f(x):\n raise NotFound(_("item {x}").format(x=x))',
    "a template from a variable": 'def f(x):\n t = _("item {x}")\n raise NotFound(t.format(x=x))',
    "a long text": 'def f():\n raise IntakeError(_("It is "\n "so."))',
    "a place": 'def f(x):\n raise ContentError(f"params.{x}", _("is bad"))',
    "a field": 'def f(fields, x):\n raise fields.wrong(f"params.{x}", _("is bad"))',
    "a code in a field": 'def f():\n raise NotFound(_("a {b}").format(b="scale"))',
    "codes in a field": 'def f(x):\n raise NotFound(_("a {b}").format(b=", ".join(x)))',
    "two that are said": 'def f(k, e):\n print(f"{k}: {e}", file=sys.stderr)',
    "a table at run time": 'def _words():\n return {"a": _("b")}',
    "a function": 'WORDS = {"a": lambda: _("b")}',
    "a default in a function": 'def f():\n def g(word=_("a")): ...\n return g',
    "a bug": 'def f():\n raise ValueError("a slot already")',
    "a name for a place": 'def f(p):\n p.add_argument("--out", metavar="DIR", help=_("where"))',
    "a name of an attribute": 'def f(e):\n raise NotFound(str(getattr(e, "strerror", "")))',
    "a path": 'def f(out):\n pdf = out / "a.pdf"\n print(pdf)',
    "what another function gives": 'def f(x):\n print(x.get("reason", x))',
    "a code": 'class A:\n @property\n def word(self):\n  return "incomplete"',
    "a key": 'def f(row):\n print(row["name of it"], flush=True)',
}


@pytest.mark.parametrize("name", GOOD)
def test_the_rules_let_pass(name: str, families: frozenset[str]) -> None:
    """Seen to fail with: the places counted as words; the metavars counted as help."""
    tree = ast.parse(START + GOOD[name])
    assert findings(tree, family([tree], families)) == []


# A language that is none --------------------------------------------------------------------------


class Brackets(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"[{message}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"[{super().ngettext(msgid1, msgid2, n)}]"


@pytest.fixture
def _brackets() -> Iterator[None]:
    speak(Brackets())
    yield
    speak(NullTranslations())


def refusal(kind: type[IntakeError], call: object, *given: object) -> str:
    with pytest.raises(kind) as caught:
        call(*given)  # type: ignore[operator]
    return str(caught.value)


def edited(file: str, old: str, new: str) -> content.Bundle:
    bundle = content.shipped()
    assert old in bundle.files[file]
    return changed(bundle, files={**bundle.files, file: bundle.files[file].replace(old, new, 1)})


KETAMINE = "protocols/ketamine.toml"
END = ". Nothing was loaded; mend the file or restore it.]"


@pytest.mark.usefixtures("_brackets")
def test_a_case_file_is_refused_in_the_language_chosen(protocol, tmp_path) -> None:
    """`protocol` was built before. Seen to fail with: `NotFound(f"question ...")` in
    `Protocol.item`; a `_` that remembers the language at import.
    """
    path = tmp_path / "case.toml"
    text = (DEMO / "1-straightforward.toml").read_text("utf-8")
    path.write_text(text.replace('"stroke_ever"', '"strike_ever"', 1), "utf-8")
    assert refusal(NotFound, cases.prove, cases.read(path), protocol) == (
        "[There is no [question 'strike_ever' in this protocol]; nothing was changed.]"
    )
    path.write_text(text.replace("today = 2026-03-10", 'today = "soon"'), "utf-8")
    assert refusal(ContentError, cases.read, path) == (
        "[case.toml: today: [has to be a date such as 2026-03-10]" + END
    )


@pytest.mark.usefixtures("_brackets")
def test_a_wrong_value_is_refused_in_the_language_chosen(protocol) -> None:
    """Seen to fail with: a list of PARSERS that keeps its words; "Yes" without `_` in
    `Item.label`."""
    assert refusal(WrongValue, protocol.item("height").parse, "tall") == (
        "[height takes [a number of cm from 30 to 300]; nothing was saved for it.]"
    )
    assert protocol.item("stroke_ever").label(True) == "[Yes]"


@pytest.mark.usefixtures("_brackets")
@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("[[criteria]]", "[[criteria]", "protocols/ketamine.toml: [is not TOML ("),
        ("<= stop_days", "<= sotp_days", ".when: [unknown name 'sotp_days']"),
        ('drug = "ketamine"', 'drug = "aspirin"', "['aspirin' is not one of ketamine, esketamine]"),
        ('drug = "ketamine"', "drug = 1", "drug: [has to be [a text]]"),
    ],
)
def test_damaged_content_is_refused_in_the_language_chosen(old: str, new: str, what: str) -> None:
    """Seen to fail with: one f-string of content.py, or of condition.py, put back."""
    said = refusal(ContentError, content.build, edited(KETAMINE, old, new))
    assert said.startswith("[")
    assert what in said
    assert said.endswith(END)


@pytest.mark.usefixtures("_brackets")
def test_a_vault_refuses_in_the_language_chosen(tmp_path, capsys, monkeypatch) -> None:
    """Seen to fail with: WrongPassword, NotAVault or `file_fault` without `_`."""
    vault.create(tmp_path, [vault.NewStaff("1", "Ann", PASSWORD)])
    wrong = refusal(vault.WrongPassword, vault.unlock, tmp_path, "Ann", "another")
    assert wrong.startswith("[This name and password do not open the vault. ")
    assert wrong.endswith("]")
    assert verify.file_fault(tmp_path) == "[vault.db: is missing or empty]"
    (tmp_path / vault.FILE_NAME).write_bytes(b"{}")
    damaged = refusal(vault.DamagedKeys, vault.read, tmp_path)
    assert damaged.startswith(
        "[vault.keys is damaged or was altered: [its checksum does not fit]. "
    )
    monkeypatch.setenv("INTAKE_PASSWORD", PASSWORD)
    assert main.main(["verify", "--vault", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.startswith("[The folder nowhere holds no vault.keys ")


@pytest.mark.usefixtures("_brackets")
def test_tables_of_words_are_in_the_language_chosen() -> None:
    """Seen to fail with: `_action_words`, `_reasons` or `_verdict_words` a table of the module."""
    staff = Staff("s", "Sam", frozenset({Role.COORDINATOR}))
    assert refusal(NotAllowed, review.role_for, staff, "sign") == (
        "[Only [a clinician] may [sign an intake]; nothing was changed.]"
    )
    rules = treatment.TrialRules(min_weeks=6, inadequate_below_pct=50)
    trial = treatment.Trial(1, weeks=2)
    assert treatment.verdict(trial, rules) == "[too short: not an adequate trial]"
    full = OSError()
    full.sqlite_errorname = "SQLITE_NOTADB"  # type: ignore[attr-defined]
    assert database.reason(full) == (
        "[vault.db is damaged or does not belong to vault.keys; restore a backup]"
    )
    assert audit._missing(7) == "[audit trail: entry 7 is missing]"


def test_the_language_of_one_test_is_not_that_of_the_next() -> None:
    """Seen to fail with: `_brackets` without its last line."""
    assert _("saved {what}") == "saved {what}"
