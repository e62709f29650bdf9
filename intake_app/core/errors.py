"""Errors that are sentences for people. Everything else that is raised is a bug."""


class IntakeError(Exception):
    """One plain sentence: what happened, what is safe, what to do. Never patient data."""


class ContentError(IntakeError):
    """The protocol, an instrument or the medicine list cannot be proven; names file and field."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}. Nothing was loaded; mend the file or restore it.")
        self.where = where
        self.what = what


class WrongValue(IntakeError):
    """An answer that does not fit its question. The value itself is not repeated."""

    def __init__(self, item_id: str, expected: str) -> None:
        super().__init__(f"{item_id} takes {expected}; nothing was saved for it.")


class NotAllowed(IntakeError):
    def __init__(self, action: str, needed: str) -> None:
        super().__init__(f"Only {needed} may {action}; nothing was changed.")


class NotFound(IntakeError):
    def __init__(self, what: str) -> None:
        super().__init__(f"There is no {what}; nothing was changed.")


class WrongMove(IntakeError):
    """A step that the state of the work does not allow."""


class NotReady(WrongMove):
    """Signing was refused; names everything that is still open."""

    def __init__(self, open_points: tuple[str, ...]) -> None:
        super().__init__("Not signed: still open are " + "; ".join(open_points) + ".")
        self.open_points = open_points
