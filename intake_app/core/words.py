"""One way to translate: gettext, with the language chosen once by the composition root."""

from gettext import NullTranslations

_chosen: list[NullTranslations] = [NullTranslations()]


def speak(translations: NullTranslations) -> None:
    _chosen[0] = translations


def _(text: str) -> str:
    return _chosen[0].gettext(text)


def _n(one: str, many: str, count: int) -> str:
    """The template that a number of things takes: one day, two days; languages have up to six."""
    return _chosen[0].ngettext(one, many, count)
