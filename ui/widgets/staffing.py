"""Who works here, and one more person with roles and a first password."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListWidget

from intake_app import content
from intake_app.core import setup
from intake_app.core.errors import IntakeError, WrongField
from intake_app.core.model import Role, Staff
from intake_app.core.words import _
from intake_app.service import NewPerson
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Field, Panel, PasswordPair, RoleBoxes, SideBySide


def role_names() -> dict[Role, str]:
    return {
        Role.COORDINATOR: _("coordinator"),
        Role.CLINICIAN: _("clinician"),
        Role.FRONT_DESK: _("front desk"),
        Role.ADMINISTRATOR: _("administrator"),
    }


class PersonForm(Panel):
    """`ready` carries a NewPerson that fits the rules; what does not is told beside its field, and
    `refused` carries what belongs to none.

    `always` is a role that this person has in any case.
    """

    ready = Signal(object)
    refused = Signal(str)

    def __init__(self, always: Role | None = None) -> None:
        super().__init__()
        self.clinic = ""
        self._name = Field(_("Name, as it stands under a signature"))
        self._roles = RoleBoxes(always)
        self._passwords = PasswordPair(setup.LEAST_LETTERS)
        self.setLayout(column([self._name, self._roles, self._passwords]))

    def main_words(self) -> str:
        return _("Add this person")

    def main(self) -> None:
        name, roles = self._name.text(), self._roles.chosen()
        password, again = self._passwords.texts()
        try:
            setup.check_person(name, roles)
            common = content.common_passwords()
            setup.check_password(password, again, name=name, clinic=self.clinic, common=common)
        except WrongField as refusal:
            self._at(refusal.field).refuse(str(refusal))
            return
        except IntakeError as refusal:
            self.refused.emit(str(refusal))
            return
        self.ready.emit(NewPerson(name, roles, password))

    def _at(self, field: str) -> Field | RoleBoxes:
        fields: dict[str, Field | RoleBoxes] = {
            "name": self._name,
            "roles": self._roles,
            "password": self._passwords.first,
            "again": self._passwords.again,
        }
        return fields[field]

    def is_empty(self) -> bool:
        return not self._name.text() and not any(self._passwords.texts())

    def clear(self) -> None:
        self._name.put("")
        self._roles.tick(())
        self._passwords.clear()

    def entered(self) -> None:
        self._name.setFocus()


class StaffPanel(Panel):
    """Everybody of the clinic beside the form; its signals are those of the form."""

    def __init__(self) -> None:
        super().__init__()
        self.form = PersonForm()
        self._listed = QListWidget()
        self._listed.setAccessibleName(_("Who works here"))
        self._listed.setWordWrap(True)
        self._listed.setSpacing(2)
        here = card(column([label(_("Who works here"), "title"), self._listed]))
        said = _(
            "Give the first password by word of mouth or on paper. Whoever holds it signs as this "
            "person."
        )
        more = card(column([label(_("One more person"), "title"), label(said, "meta"), self.form]))
        self.setLayout(column([SideBySide([here, more])]))

    def put(self, staff: Sequence[Staff], clinic: str) -> None:
        self.form.clinic = clinic
        self._listed.clear()
        names = role_names()
        for member in staff:
            roles = ", ".join(names[role] for role in Role if role in member.roles)
            self._listed.addItem(_("{name}: {roles}").format(name=member.name, roles=roles))
        height = self._listed.fontMetrics().lineSpacing() * 2
        self._listed.setMinimumHeight(height * min(6, max(2, len(staff))) + 16)

    def main_words(self) -> str:
        return self.form.main_words()

    def main(self) -> None:
        self.form.main()

    def is_empty(self) -> bool:
        return self.form.is_empty()

    def entered(self) -> None:
        self.form.entered()
