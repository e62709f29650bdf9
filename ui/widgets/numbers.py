"""Whom to phone and in which order, and the lines; suggestions by country, none of them proven."""

from __future__ import annotations

from PySide6.QtCore import Signal

from intake_app.content import Country
from intake_app.core import safety
from intake_app.core.model import Clinic
from intake_app.core.words import _
from ui.theme import SHAPES
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Field, Panel, SideBySide

_LINES = ("emergency", "crisis_line", "poison")


def _person_hint() -> str:
    return _("Name, number")


class NumbersPanel(Panel):
    """`kept` carries the numbers as typed."""

    kept = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._other: dict[str, str] = {}
        self._suggested: dict[str, str] = {}
        self._country = ""
        self._fields = {key: Field(_heading(key)) for key in safety.NUMBERS}
        for key, field in self._fields.items():
            field.changed.connect(lambda key=key: self._judge(key))
            if key not in _LINES:
                field.edit.setPlaceholderText(_person_hint())
        people = [self._fields[key] for key in ("on_call", "backup", "director", "paediatric")]
        lines = [self._fields[key] for key in (*_LINES, "county_emergency")]
        said = _("Phoned from the top, each for five minutes. A voicemail is not reached.")
        told = _("Dial each once from the clinic's phone before it counts.")
        first = column([label(_("People"), "title"), label(said, "meta"), *people])
        second = column([label(_("Lines"), "title"), label(told, "meta"), *lines])
        for each in (first, second):
            each.addStretch()
        self.setLayout(column([SideBySide([card(first), card(second)])]))

    def put(self, about: Clinic, country: Country | None) -> None:
        """What the clinic has, and where it has nothing, what is known of its country."""
        self._country = country.name if country else about.country
        self._suggested = {key: getattr(country, key) for key in _LINES} if country else {}
        known = set(self._fields)
        self._other = {key: said for key, said in about.numbers.items() if key not in known}
        for key, field in self._fields.items():
            field.put(about.numbers.get(key, "") or self._suggested.get(key, ""))
            self._judge(key, kept=bool(about.numbers.get(key)))

    def _judge(self, key: str, *, kept: bool = False) -> None:
        """An empty line stays visible as such: it is never filled with another country's."""
        field = self._fields[key]
        needed = safety.number_words()[key] in safety.ready_to_screen({})
        if not field.text():
            field.say(_empty_hint(key, needed=needed))
        elif not safety.can_be_dialled(field.text()):
            template = _("{mark} No number in this: nobody can be phoned by it")
            field.say(template.format(mark=SHAPES["unknown"]))
        elif not kept and field.text() == self._suggested.get(key):
            template = _("{mark} Suggested for {country}: to be confirmed by the clinic")
            field.say(template.format(mark=SHAPES["unknown"], country=self._country))
        else:
            field.say("")

    def main_words(self) -> str:
        return _("Save the numbers")

    def main(self) -> None:
        typed = {key: field.text() for key, field in self._fields.items() if field.text()}
        self.kept.emit({**self._other, **typed})

    def entered(self) -> None:
        first = next((f for f in self._fields.values() if not f.text()), self._fields["on_call"])
        first.setFocus()


def _heading(key: str) -> str:
    said = safety.number_words()[key]
    return said[:1].upper() + said[1:]


def _empty_hint(key: str, *, needed: bool) -> str:
    if needed:
        template = _("{mark} Find out now: no call can begin without it")
    elif key in _LINES:
        template = _("{mark} Find out now")
    else:
        return _("May stay empty")
    return template.format(mark=SHAPES["unknown"])
