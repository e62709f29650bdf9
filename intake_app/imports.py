"""Files from outside are read in a process of their own, with limits, and what it answers is proven
again. Nothing is written: what was read is a proposal, until a person has confirmed each part.
"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from intake_app import questionnaire
from intake_app.core.errors import IntakeError
from intake_app.core.instrument import Instrument
from intake_app.core.words import _

# Real time: what computes is ended by itself after questionnaire.SECONDS, what waits is ended here.
PATIENCE_SECONDS = 10
_READER = Path(questionnaire.__file__)


class NotRead(IntakeError):
    def __init__(self, why: str) -> None:
        template = _("The file was not read: {why}. Nothing was changed.")
        super().__init__(template.format(why=why))


@dataclass(frozen=True, slots=True)
class Question:
    """`link` is its id in the file; `codes` are those of LOINC."""

    link: str
    codes: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """`about`: title, version, status, publisher, copyright ... as the file says."""

    about: Mapping[str, str]
    questions: tuple[Question, ...]

    def proposed(self, instrument: Instrument) -> dict[str, Question]:
        """By item, the one question with the item's own LOINC code. By the code alone: an order
        that is off by one would put a wrong sentence under a score."""
        found = {}
        for item in instrument.items:
            fits = [q for q in self.questions if item.loinc and item.loinc in q.codes]
            if len(fits) == 1:
                found[item.id] = fits[0]
        return found


def reasons() -> Mapping[str, str]:
    """By the code of questionnaire.Refused."""
    return {
        "large": _("it is larger than 10 MB"),
        "json": _("it is no JSON that can be read"),
        "key": _("a name stands twice in one place, so that one of the two would be hidden"),
        "number": _("it holds what is no number"),
        "deep": _("it is nested too deeply"),
        "other": _("it is no FHIR Questionnaire"),
        "field": _("a field is unknown or of the wrong kind"),
        "modifier": _("it holds a modifier, which changes what the rest means"),
        "rendering": _("a question has a second rendering, and it is open which one is official"),
        "items": _("its list of questions is malformed or too long"),
        "twice": _("two questions have one id"),
        "empty": _("it holds no question"),
        "long": _("a text is too long"),
        "signs": _("a text holds signs that cannot be seen"),
        "ended": _("reading it took too much time or memory, and was ended"),
    }


def read(path: Path) -> Questionnaire:
    """Raises NotRead, whatever the file holds."""
    return understood(_answer(_bytes(path)))


def _bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device would never end
            raise NotRead(_("it is no file"))
        with path.open("rb") as file:
            data = file.read(questionnaire.MOST_BYTES + 1)
    except OSError as error:
        raise NotRead(str(error.strerror)) from None
    except ValueError:
        raise NotRead(_("it is no file")) from None
    if len(data) > questionnaire.MOST_BYTES:
        raise NotRead(reasons()["large"])
    return data


def _answer(data: bytes) -> bytes:
    """Isolated: no site packages, no environment, no folder of ours in the search path."""
    try:
        done = subprocess.run(  # noqa: S603 - this Python, our own file
            [sys.executable, "-I", "-S", str(_READER)],
            input=data,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise NotRead(reasons()["ended"]) from None
    except OSError as error:
        raise NotRead(str(error.strerror)) from None
    if done.returncode:
        raise NotRead(reasons()["ended"])
    return done.stdout


def understood(answer: bytes) -> Questionnaire:
    """What the other process says, taken apart as if it were the file itself."""
    try:
        told = json.loads(answer)
        if "refused" in told:
            raise NotRead(_why(str(told["refused"]), str(told["where"])))
        about = {str(name): str(text) for name, text in told["about"].items()}
        return Questionnaire(about, tuple(map(_question, told["items"])))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotRead(reasons()["ended"]) from None


def _why(code: str, where: str) -> str:
    why = reasons().get(code, reasons()["json"])
    shown = "".join(sign for sign in where if sign.isprintable()).strip()
    return _("{why} ({where})").format(why=why, where=shown) if shown else why


def _question(raw: Mapping[str, object]) -> Question:
    codes = raw["codes"]
    if not isinstance(codes, list):
        raise TypeError
    return Question(str(raw["link"]), tuple(map(str, codes)), str(raw["text"]))
