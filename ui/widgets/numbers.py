"""Whom to phone and in which order, and the lines; suggestions by country, none of them proven."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut

from intake_app.content import Country
from intake_app.core import safety
from intake_app.core.model import Clinic
from intake_app.core.panel import tried_words
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
        self._today = date.min
        self._days: dict[str, tuple[str, date]] = {}  # the number that was dialled, and when
        heard = QShortcut(QKeySequence("Alt+D"), self)
        heard.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        heard.activated.connect(self.dialled)
        self._fields = {key: Field(_heading(key)) for key in safety.NUMBERS}
        for key, field in self._fields.items():
            field.changed.connect(lambda key=key: self._judge(key))
            if key not in _LINES:
                field.edit.setPlaceholderText(_person_hint())
        people = [self._fields[key] for key in ("on_call", "backup", "director", "paediatric")]
        lines = [self._fields[key] for key in (*_LINES, "county_emergency")]
        said = _("Phoned from the top, each for five minutes. A voicemail is not reached.")
        told = _(
            "Dial each once from the clinic's phone before it counts. Alt+D in its line notes "
            "that it was dialled today."
        )
        first = column([label(_("People"), "title"), label(said, "meta"), *people])
        second = column([label(_("Lines"), "title"), label(told, "meta"), *lines])
        for each in (first, second):
            each.addStretch()
        self.setLayout(column([SideBySide([card(first), card(second)])]))

    def put(self, about: Clinic, country: Country | None, today: date) -> None:
        """What the clinic has, and where it has nothing, what is known of its country."""
        self._today = today
        days = {key: safety.tried_on(about.numbers, key) for key in self._fields}
        self._days = {n: (about.numbers.get(n, ""), day) for n, day in days.items() if day}
        self._country = country.name if country else about.country
        self._suggested = {key: getattr(country, key) for key in _LINES} if country else {}
        known = {*self._fields, *safety.tried(dict.fromkeys(self._fields, today))}
        self._other = {key: said for key, said in about.numbers.items() if key not in known}
        for key, field in self._fields.items():
            field.put(about.numbers.get(key, "") or self._suggested.get(key, ""))
            self._judge(key, kept=bool(about.numbers.get(key)))

    def dialled(self) -> None:
        """Today, by whoever stands in the field of it."""
        for key, field in self._fields.items():
            if field.edit.hasFocus() and safety.can_be_dialled(field.text()):
                self._days[key] = field.text(), self._today
                self._judge(key, kept=True)

    def _tried(self, key: str) -> date | None:
        """Another number was not dialled yet."""
        number, day = self._days.get(key, ("", None))
        return day if number == self._fields[key].text() else None

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
            tried = tried_words(_("Last tried:"), self._tried(key), self._today)
            field.say(tried)

    def main_words(self) -> str:
        return _("Save the numbers")

    def main(self) -> None:
        typed = {key: field.text() for key, field in self._fields.items() if field.text()}
        days = {key: day for key in typed if (day := self._tried(key))}
        self.kept.emit({**self._other, **typed, **safety.tried(days)})

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
