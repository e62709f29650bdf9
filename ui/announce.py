"""What a screen reader says by itself, of what changed beside the place of the focus."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from intake_app.core.screening import Case
from intake_app.core.words import _
from ui import words

_URGENT = ("critical", "high")


def say(of: QWidget, text: str, *, urgent: bool = False) -> None:
    """Urgent: it cuts off what is being read."""
    how = QAccessible.AnnouncementPoliteness
    event = QAccessibleAnnouncementEvent(of, text)
    event.setPoliteness(how.Assertive if urgent else how.Polite)
    QAccessible.updateAccessibility(event)


class Flags:
    """Tells of each flag that a change of the same intake raised, or raised higher."""

    def __init__(self) -> None:
        self._of = ""
        self._known: dict[str, tuple[int, int]] = {}

    def follow(self, of: QWidget, case: Case) -> None:
        flags = case.screening.flags
        before, same = self._known, self._of == case.intake.id
        self._of = case.intake.id
        self._known = {flag.key: (flag.tier, flag.due) for flag in flags}
        if not same:
            return  # whoever opens a chart reads its flags
        for flag in flags:
            if before.get(flag.key, (-1, -1)) < (flag.tier, flag.due):
                urgent = words.look_of(case, flag) in _URGENT
                say(
                    of, _("Flag: {title}").format(title=words.flag_title(case, flag)), urgent=urgent
                )
