"""Who is found by what: the words that a patient is known by, and what somebody types to find one.

Words are split, folded and compared by FTS5 (store/finder.py). It knows beginnings of words alone,
so a phone is known by its ends as well, and a name also without what stands inside it.
"""

from __future__ import annotations

import re
from datetime import date

from intake_app.core import typed
from intake_app.core.duplicates import Known
from intake_app.core.errors import IntakeError
from intake_app.core.words import _

FORM = 1  # of `words`: another number, and every row is made anew at the next opening
MOST = 20  # people that are shown; whoever is not among them needs another letter
_LOCAL, _LAST = 7, 4  # digits of a phone without its area, and those that people read out
_LONGEST_PHONE = 10  # as in duplicates.digits
_COUNTRY = 3  # digits that the code of a country may have
_number = re.compile(r"[\d\s().+-]{3,}").fullmatch
_LONGEST = 80


def words(known: Known) -> str:
    """All that one patient is found by."""
    name = [each for part in known.name.split() for each in (part, _joined(part))]
    phones = (p[-n:] for p in sorted(known.phones) for n in (_LONGEST_PHONE, _LOCAL, _LAST))
    parts = (*name, known.record_number, known.born, *phones)
    return " ".join(dict.fromkeys(part for part in parts if part))


def _joined(part: str) -> str:
    """O'Brien is obrien too."""
    return "".join(filter(str.isalnum, part))


def query(said: str, today: date) -> str:
    """An expression of FTS5: every word begins one of the patient's, or the whole is a phone or a
    day of birth, however it is written. Empty where nothing was typed that could be found."""
    text = said[:_LONGEST].replace("\0", "")
    parts = [_begins(word) for word in text.split() if any(map(str.isalnum, word))]
    ways = [" AND ".join(parts)] if parts else []
    if parts and _number(text):
        ways += [_begins(digits) for digits in _spellings(text)]
    if parts and (born := _born(text, today)):
        ways.append(_begins(born))
    return " OR ".join(f"({way})" for way in dict.fromkeys(ways))


def _begins(word: str) -> str:
    """Quotes are doubled: whatever is typed, it is a word and no command."""
    return '"' + word.replace('"', '""') + '"*'


def _spellings(text: str) -> list[str]:
    """A phone without its marks, and without the country that a plus announces."""
    digits = "".join(filter(str.isdecimal, text))
    cut = range(_COUNTRY + 1) if text.strip().startswith("+") else range(1)
    found = (digits[n:][-_LONGEST_PHONE:] for n in cut)
    return [each for each in found if len(each) >= _LAST]


def _born(text: str, today: date) -> str:
    """A day as people write it, if a whole one was typed."""
    try:
        found = typed.date(text, today)
    except IntakeError:
        return ""
    return found.text if found.earliest == found.latest else ""


def found_words(count: int) -> str:
    if count < MOST:
        return _("{count} found").format(count=count)
    return _("The {count} changed last; type more to see others").format(count=count)
