"""Mutated import files: 10,000 of them, each read or refused, none a crash or a hang."""

from __future__ import annotations

import random
import time
from pathlib import Path

from intake_app import content, imports, questionnaire

SLOW_SECONDS = 5  # security.md, R19
_PIECES = (
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\x00", b"\xff", b"NaN", b"1e999"),
    *(b"null", b"[" * 500, b'{"item":' * 40, b"\\ud800", b"-0", b"9" * 5000, b'"item":7,'),
    *(b'"text":"a","text":"b",', b'"modifierExtension":[],', b"\xe2\x80\xae", b"\xef\xbb\xbf"),
)


def sample() -> bytes:
    """A questionnaire of every shipped scale, in words of our own."""
    items = [
        f'{{"linkId":"{item.id}","type":"choice","text":"Words of {item.id}?",'
        f'"code":[{{"system":"http://loinc.org","code":"{item.loinc}"}}],"item":[]}}'
        for scale in content.instruments(content.shipped()).values()
        for item in scale.items[:3]
    ]
    head = '{"resourceType":"Questionnaire","status":"active","title":"All","item":['
    return (head + ",".join(items) + "]}").encode()


def mutated(data: bytes, chance: random.Random) -> bytes:
    for _each in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((0, 1, 1, 8, 200)))
        piece = chance.choice((*_PIECES, b"", bytes([chance.randrange(256)]), data[at:end] * 3))
        data = data[:at] + piece + data[end:]
    return data


def outcome(data: bytes) -> str:
    """By the reader itself, in this process: what is not Refused is a fault."""
    try:
        questionnaire.read(data)
    except questionnaire.Refused as refused:
        return "refused" if refused.code in imports.reasons() else f"unknown: {refused.code}"
    except BaseException as bug:  # noqa: BLE001 - that is what is looked for
        return f"crash: {type(bug).__name__}"
    return "read"


def run(folder: Path, count: int = 10_000, whole: int = 200) -> tuple[str, bool]:
    """`whole` of them through the process of its own, with its limits."""
    chance = random.Random(19)  # noqa: S311 - no secret
    base, found, slow = sample(), {"read": 0, "refused": 0}, 0
    assert outcome(base) == "read"
    for _number in range(count):
        data = mutated(base, chance)
        start = time.monotonic()
        kind = outcome(data)
        slow += time.monotonic() - start > SLOW_SECONDS
        found[kind] = found.get(kind, 0) + 1
    ended = sum(
        _through_the_process(folder / "in.json", mutated(base, chance)) for _ in range(whole)
    )
    bad = sum(n for kind, n in found.items() if kind not in ("read", "refused")) + slow + ended
    said = f"{count:,} files: {found['read']} read, {found['refused']} refused, {slow} slow; "
    said += f"{whole} through the process: {ended} ended by a limit; {bad} faults"
    left = [path.name for path in folder.iterdir() if path.name != "in.json"]
    return said + (f"; files left: {left}" if left else ""), not bad and not left


def _through_the_process(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    try:
        imports.read(path)
    except imports.NotRead as refusal:
        return imports.reasons()["ended"] in str(refusal)
    return False
