"""A language that is none: every message of the sources two fifths longer, with marked letters."""

import re
from functools import cache
from gettext import NullTranslations

import pytest

from intake_app.core.words import speak

_VOWELS = dict(zip("aeiouyAEIOUY", "áéíóúýÁÉÍÓÚÝ", strict=True))
_FIELD = re.compile(r"(\{[^}]*\})")
LONGER = 0.4


@cache
def longer(message: str) -> str:
    """Vowels are said twice, until it is long enough; fields stay what they are."""
    parts = _FIELD.split(message)
    missing = round(LONGER * sum(len(each) for each in parts[::2]))
    for place in range(0, len(parts), 2):
        said = []
        for letter in parts[place]:
            said.append(_VOWELS.get(letter, letter))
            if letter in _VOWELS and missing:
                said.append(said[-1])
                missing -= 1
        parts[place] = "".join(said)
    last = next((n for n in reversed(range(len(parts))) if n % 2 == 0 and parts[n].strip()), None)
    if last is not None:
        kept = parts[last].rstrip()
        parts[last] = kept + "ö" * missing + parts[last][len(kept) :]
    return "".join(parts)


class Longer(NullTranslations):
    def gettext(self, message: str) -> str:
        return longer(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return longer(super().ngettext(msgid1, msgid2, n))


LANGUAGES = [NullTranslations(), Longer()]


@pytest.fixture(params=LANGUAGES, ids=["English", "longer"])
def spoken(request):
    """Whatever is shown in this test is said in the language that it carries."""
    speak(request.param)
    yield request.param
    speak(NullTranslations())
