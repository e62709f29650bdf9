"""The questions of a FHIR R4 or R5 Questionnaire, read from bytes that nobody vouches for.

Runs as a process of its own, started by imports.py: `python -I -S questionnaire.py < file`. So it
imports the standard library alone, sets its own limits, and answers with one line of JSON:
{"about": {...}, "items": [{"link", "codes", "text"}]}, or {"refused": code, "where": text}.
"""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

MOST_BYTES = 10 * 1024 * 1024  # security.md, 5.6
MOST_ITEMS = 2_000
MOST_TEXT = 2_000
DEEPEST = 32
MEMORY_BYTES = 512 * 1024 * 1024
SECONDS = 5

# https://hl7.org/fhir/R4/questionnaire.html and R5: what a questionnaire and its items may hold.
# A modifier changes what the rest means, and whoever does not understand it must refuse: here none
# is understood.
_MODIFIERS = ("modifierExtension", "implicitRules")
_TOP = frozenset(
    {
        *("resourceType", "id", "meta", "language", "text", "contained", "extension", "url"),
        *("identifier", "version", "versionAlgorithmString", "versionAlgorithmCoding", "name"),
        *("title", "derivedFrom", "status", "experimental", "subjectType", "date", "publisher"),
        *("contact", "description", "useContext", "jurisdiction", "purpose", "copyright"),
        *("copyrightLabel", "approvalDate", "lastReviewDate", "effectivePeriod", "code", "item"),
    }
)
_ITEM = frozenset(
    {
        *("id", "extension", "linkId", "definition", "code", "prefix", "text", "type"),
        *("enableWhen", "enableBehavior", "disabledDisplay", "required", "repeats", "readOnly"),
        *("maxLength", "answerConstraint", "answerOption", "answerValueSet", "option"),
        *("options", "initial", "item"),
    }
)
_TOLD = ("title", "name", "version", "status", "publisher", "copyright", "url")
_NO_QUESTION = ("group", "display")
# What turns the direction of a text could show it otherwise than it is read out.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


class Refused(Exception):
    """`code` is one of imports.REASONS; `where` a place in the file, from the file: not trusted."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.where = where[:80]


def read(data: bytes) -> dict[str, object]:
    """Raises Refused, whatever the bytes are."""
    if len(data) > MOST_BYTES:
        raise Refused("large")
    document = _document(data)
    if document.get("resourceType") != "Questionnaire":
        raise Refused("other")
    _check_fields(document, _TOP, "")
    items = list(_items(document.get("item")))
    links = [str(item["link"]) for item in items]
    if len(set(links)) != len(links):
        raise Refused("twice", next(link for link in links if links.count(link) > 1))
    asked = [item for item in items if item.pop("type") not in _NO_QUESTION and item["text"]]
    if not asked:
        raise Refused("empty")
    about = {name: _text(document[name], name) for name in _TOLD if name in document}
    return {"about": about, "items": asked}


def _document(data: bytes) -> dict[str, object]:
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=once,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except (ValueError, RecursionError, MemoryError):
        raise Refused("json") from None
    if not isinstance(found, dict):
        raise Refused("other")
    _check_depth(found)
    return found


def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The same key twice could hide the first value: {"text": "a", "text": "b"}."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        raise Refused("key", next(key for key in keys if keys.count(key) > 1))
    return found


def _no_number(name: str) -> object:
    raise Refused("number", name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refused("number", text)
    return value


def _check_depth(found: object) -> None:
    waiting = [(found, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise Refused("deep")
        inside = value.values() if isinstance(value, dict) else value
        if isinstance(value, (dict, list)):
            waiting += [(each, depth + 1) for each in inside]  # type: ignore[attr-defined]


def _check_fields(table: dict[str, object], known: frozenset[str], where: str) -> None:
    """`_name` carries extensions of the text `name`, such as another rendering of it."""
    for name in table:
        if name in _MODIFIERS:
            raise Refused("modifier", f"{where} {name}")
        if name.removeprefix("_") not in known:
            raise Refused("field", f"{where} {name}")


def _items(found: object) -> Iterator[dict[str, object]]:
    if found is None:
        return
    if not isinstance(found, list) or len(found) > MOST_ITEMS:
        raise Refused("items")
    for raw in found:
        yield from _item(raw)


def _item(raw: object) -> Iterator[dict[str, object]]:
    if not isinstance(raw, dict):
        raise Refused("items")
    link = _text(raw.get("linkId"), "linkId")
    _check_fields(raw, _ITEM, link)
    if not link:
        raise Refused("items")
    kind = _text(raw.get("type"), link)
    if "_text" in raw and kind not in _NO_QUESTION:
        raise Refused("rendering", link)
    yield {
        "link": link,
        "codes": list(_codes(raw.get("code", []), link)),
        "text": _text(raw.get("text", ""), link),
        "type": kind,
    }
    yield from _items(raw.get("item"))


def _codes(found: object, where: str) -> Iterator[str]:
    if not isinstance(found, list):
        raise Refused("field", where)
    for each in found:
        if not isinstance(each, dict):
            raise Refused("field", where)
        if each.get("system") == "http://loinc.org":
            yield _text(each.get("code"), where)


def _text(found: object, where: str) -> str:
    if not isinstance(found, str):
        raise Refused("field", where)
    if len(found) > MOST_TEXT and where not in ("copyright", "publisher"):
        raise Refused("long", where)
    plain = " ".join(found.split())[:MOST_TEXT]
    if any(sign in _TURNING or unicodedata.category(sign) in ("Cc", "Cs", "Co") for sign in plain):
        raise Refused("signs", where)
    return plain


# The process --------------------------------------------------------------------------------------


def _limit() -> None:
    """Where the system has limits; elsewhere imports.py ends a process that takes too long."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - POSIX only

        for what, most in (
            (resource.RLIMIT_AS, MEMORY_BYTES),
            (resource.RLIMIT_CPU, SECONDS),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, 8),
            (resource.RLIMIT_CORE, 0),
        ):
            with suppress(ValueError, OSError):
                resource.setrlimit(what, (most, most))


def main() -> None:
    _limit()
    try:
        told = read(sys.stdin.buffer.read(MOST_BYTES + 1))
    except Refused as refused:
        told = {"refused": refused.code, "where": refused.where}
    except Exception:  # noqa: BLE001 - whatever the file holds, it is not read
        told = {"refused": "json", "where": ""}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
