"""The set-up of a clinic: what is missing, and what a password and a setting have to be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from intake_app.core import safety
from intake_app.core.errors import WrongField, WrongMove
from intake_app.core.model import Clinic, Role, Staff, Standing
from intake_app.core.protocol import Param, Protocol
from intake_app.core.words import _

# NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where a password is the only factor.
LEAST_LETTERS = 15


@dataclass(frozen=True)
class NewPassword:
    """As somebody typed it twice, and whose it is to be."""

    name: str
    password: str = field(repr=False)
    again: str = field(repr=False)


class Part(StrEnum):
    """The parts of the set-up that can be done later, in their order."""

    NUMBERS = "numbers"
    STAFF = "staff"
    PROTOCOL = "protocol"
    WORDING = "wording"
    PAPER = "paper"


def missing(
    about: Clinic, staff: Sequence[Staff], protocol: Protocol, *, lacks_paper: bool = False
) -> tuple[Part, ...]:
    """What the set-up still lacks: only numbers hold up a call, the rest says what it is.

    `lacks_paper`: there is a recovery key that nobody typed back yet.
    """
    here = [member for member in staff if member.standing is Standing.HERE]
    clinicians = sum(Role.CLINICIAN in member.roles for member in here)
    lacks = {
        Part.NUMBERS: bool(safety.ready_to_screen(about.numbers)),
        Part.STAFF: len(here) < 2 or not clinicians,
        Part.PROTOCOL: not protocol.is_confirmed,
        Part.WORDING: not protocol.wording_is_official,
        Part.PAPER: lacks_paper,
    }
    return tuple(part for part, lacking in lacks.items() if lacking)


def check_password(
    password: str, again: str, *, name: str, clinic: str, common: Collection[str]
) -> None:
    """Raise WrongField, of "password" or "again"; what was typed stays in its fields.

    `common` are passwords that many people use, as `content.common_passwords` has them.
    """
    said = _plain(password)
    if len(password) < LEAST_LETTERS:
        template = _("A password needs at least {least} characters; this one has {found}.")
        raise WrongField("password", template.format(least=LEAST_LETTERS, found=len(password)))
    if any(_plain(known) and _plain(known) in said for known in (name, clinic)):
        said_so = _("A password must not hold the name of the clinic or your own.")
        raise WrongField("password", said_so)
    if len(set(said)) < 5:
        said_so = _("That password repeats a few characters; several words are better.")
        raise WrongField("password", said_so)
    if is_common(said, common):
        said_so = _(
            "That password is among the first to be guessed; take several words of your own."
        )
        raise WrongField("password", said_so)
    if password != again:
        raise WrongField("again", _("The two passwords differ; type the second one again."))


def is_common(said: str, common: Collection[str]) -> bool:
    """Whether it is one of them, or two of them one after the other: hardly any single one is as
    long as a password has to be."""
    if said in common:
        return True
    return any(said[:at] in common and said[at:] in common for at in range(1, len(said)))


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


def check_person(name: str, roles: frozenset[Role]) -> None:
    """Raise WrongField, of "name" or "roles"."""
    if not name.strip():
        raise WrongField("name", _("A member of staff needs a name."))
    if not roles:
        raise WrongField("roles", _("A member of staff needs a role; tick at least one."))


# The recovery key, typed back in part -------------------------------------------------------------


def groups(recovery_key: str) -> tuple[str, ...]:
    return tuple(recovery_key.split("-"))


def places_to_type(recovery_key: str) -> tuple[int, int]:
    """Two groups that look random and are the same each time, so that going back asks the same.

    One lies in the first half and one in the second: whoever wrote one line only is found.
    """
    parts = groups(recovery_key)
    half = len(parts) // 2
    total = sum(map(ord, recovery_key))
    return total % half, half + total // half % (len(parts) - half)


def is_group(recovery_key: str, place: int, typed: str) -> bool:
    """Case, spaces and dashes do not count."""
    plain = "".join(typed.upper().split()).replace("-", "")
    return plain == groups(recovery_key)[place]


# Settings of the protocol -------------------------------------------------------------------------


def value_words(value: object) -> str:
    """A setting as it is shown and typed."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


def value_of(param: Param, typed: str) -> object:
    """What was typed for a setting, of the kind that it has; WrongMove in one sentence."""
    text = typed.strip()
    if isinstance(param.value, bool):
        return _yes_or_no(text)
    if isinstance(param.value, int | Decimal):
        return _number(text)
    if param.options and text not in param.options:
        template = _("It is one of {known}; nothing was changed.")
        raise WrongMove(template.format(known=", ".join(param.options)))
    if not text:
        raise WrongMove(_("Type a value; nothing was changed."))
    if isinstance(param.value, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _yes_or_no(text: str) -> bool:
    known = {_("yes"): True, _("no"): False, "1": True, "0": False}
    if text.casefold() not in known:
        raise WrongMove(_("It is yes or no; nothing was changed."))
    return known[text.casefold()]


def _number(text: str) -> int | Decimal:
    try:
        found = Decimal(text)  # no comma: 1,000 is a thousand to one and one to another
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise WrongMove(_("It is a number such as 42 or 2.5, zero or more; nothing was changed."))
    return int(found) if found == found.to_integral_value() else found
