"""Errors that are sentences for people. Everything else that is raised is a bug."""

from intake_app.core.words import _


class IntakeError(Exception):
    """One plain sentence: what happened, what is safe, what to do. Never patient data."""


class Unsaved(IntakeError):
    """The records took nothing of what was given: a disk that is full, a folder that is read-only,
    records on hold. The window says so until something is saved again."""


class ContentError(IntakeError):
    """The protocol, an instrument or the medicine list cannot be proven; names file and field."""

    def __init__(self, where: str, what: str) -> None:
        template = _("{where}: {what}. Nothing was loaded; mend the file or restore it.")
        super().__init__(template.format(where=where, what=what))
        self.where = where
        self.what = what


class WrongValue(IntakeError):
    """An answer that does not fit its question. The value itself is not repeated."""

    def __init__(self, item_id: str, expected: str) -> None:
        template = _("{item} takes {expected}; nothing was saved for it.")
        super().__init__(template.format(item=item_id, expected=expected))
        self.expected = expected


class NotUnderstood(IntakeError):
    """Something typed that is no value. `trouble` says why; the text itself is not repeated."""

    def __init__(self, trouble: str, examples: str) -> None:
        template = _("{trouble}; what was typed is kept. Type it like {examples}.")
        super().__init__(template.format(trouble=trouble, examples=examples))


class NotAllowed(IntakeError):
    def __init__(self, action: str, needed: str) -> None:
        template = _("Only {needed} may {action}; nothing was changed.")
        super().__init__(template.format(needed=needed, action=action))


class NotFound(IntakeError):
    def __init__(self, what: str) -> None:
        super().__init__(_("There is no {what}; nothing was changed.").format(what=what))


class WrongMove(IntakeError):
    """A step that the state of the work does not allow."""


class WrongField(WrongMove):
    """Something typed in one of several fields; `field` names the one, for the window to say it
    beside it."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class NotReady(WrongMove):
    """Signing was refused; names everything that is still open."""

    def __init__(self, open_points: tuple[str, ...]) -> None:
        template = _("Not signed: still open are {points}.")
        super().__init__(template.format(points="; ".join(open_points)))
        self.open_points = open_points
