"""One way to translate: gettext, with the language chosen once by the composition root."""

from gettext import NullTranslations

_chosen: list[NullTranslations] = [NullTranslations()]


def speak(translations: NullTranslations) -> None:
    _chosen[0] = translations


def _(text: str) -> str:
    return _chosen[0].gettext(text)
