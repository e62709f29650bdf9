"""The settings of the protocol that have no source: each is read, then confirmed or left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from intake_app.core import setup
from intake_app.core.difference import Change
from intake_app.core.errors import IntakeError
from intake_app.core.protocol import Criterion, Param, Protocol
from intake_app.core.words import _
from ui import words
from ui.theme import SHAPES
from ui.widgets.basics import Foot, button, card, column, label
from ui.widgets.fields import Field, Panel, SideBySide

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ParametersPanel(Panel):
    """`decided` carries criterion, name, value and basis, None for a value that stays as it stands;
    `adopted` carries the reason."""

    decided = Signal(str, str, object, str)
    adopted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[Criterion, Param]] = []
        self._protocol: Protocol | None = None
        self._state = label(look="info")
        self._list = QListWidget()
        self._list.setAccessibleName(_("Settings without a source"))
        self._list.setWordWrap(True)
        self._list.setSpacing(2)
        self._list.currentRowChanged.connect(lambda _place: self._show())
        self._list.installEventFilter(self)
        self._about = label()
        self._value = _entered(Field(_("Value for this clinic")), self._set)
        said = _("Needed for a value other than the shipped one.")
        self._basis = _entered(Field(_("What this value rests on"), said), self._set)
        self._confirm = button(_("1   Confirm as it stands"))
        self._confirm.clicked.connect(self._take_over)
        self._leave = button(_("0   Leave it, next"))
        self._leave.clicked.connect(self._next)
        said = _("In the list: 1 confirms, 0 leaves. In the field: Enter takes the typed value.")
        foot = Foot([self._confirm, self._leave])
        detail = column([self._about, self._value, self._basis, foot, label(said, "meta")])
        detail.addStretch()
        self._changes = label()
        self._reason = _entered(Field(_("Why the draft is adopted")), self.main)
        both = SideBySide([self._list, card(detail)])
        self.setLayout(column([self._state, both, self._changes, self._reason]))

    # Shown ------------------------------------------------------------------------------------

    def put(self, protocol: Protocol, changes: Sequence[Change] = ()) -> None:
        """The draft, and what it says otherwise than what is in force.

        Settings that were placeholders stay in the list once confirmed, with the name.
        """
        self._changes.setText(_differences(changes) if changes else "")
        self._changes.setVisible(bool(changes))
        if not changes and not protocol.adopted_by and not self._reason.text():
            self._reason.put(_("First set-up"))
        self._protocol = protocol
        self._rows = [
            (criterion, param)
            for criterion in protocol.criteria
            for param in criterion.params.values()
            if param.is_placeholder
        ]
        self._state.setText(_state(protocol, len(self._rows)))
        here = max(0, self._list.currentRow())
        self._list.blockSignals(True)
        self._list.clear()
        for criterion, param in self._rows:
            self._list.addItem(QListWidgetItem(_line(criterion, param)))
        self._list.blockSignals(False)
        self._list.setMinimumHeight(self._list.fontMetrics().lineSpacing() * 12)
        self._list.setCurrentRow(min(here, len(self._rows) - 1))
        self._show()

    def _show(self) -> None:
        found = self._current()
        for each in (self._value, self._basis, self._confirm, self._leave):
            each.setEnabled(found is not None)
        if found is None:
            self._about.setText(_("This protocol has no setting without a source."))
            return
        self._about.setText(_about(*found))
        self._value.put(setup.value_words(found[1].value))
        self._basis.put(found[1].own_basis)

    def _current(self) -> tuple[Criterion, Param] | None:
        place = self._list.currentRow()
        return self._rows[place] if 0 <= place < len(self._rows) else None

    # Told -------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            deed = {Qt.Key.Key_1: self._take_over, Qt.Key.Key_0: self._next}.get(
                Qt.Key(event.key())
            )
            if deed is not None and not event.isAutoRepeat():
                deed()
                return True
            if event.key() in _ENTER and not event.modifiers():
                self._value.setFocus()
                self._value.edit.selectAll()
                return True
        return False

    def _take_over(self) -> None:
        found = self._current()
        if found is not None:
            self.decided.emit(found[0].id, found[1].name, None, "")

    def _set(self) -> None:
        """Another value goes on to what it rests on."""
        found = self._current()
        if found is None:
            return
        criterion, param = found
        try:
            value = setup.value_of(param, self._value.text())
        except IntakeError as refusal:
            self._value.refuse(str(refusal))
            return
        if value != param.value and not self._basis.text():
            self._basis.refuse(_("Say what this value rests on; nothing was changed yet."))
            return
        self.decided.emit(criterion.id, param.name, value, self._basis.text())

    def went_on(self) -> None:
        """A decision was saved: the next one that is open."""
        self._next()
        self._list.setFocus()

    def _next(self) -> None:
        """Round the list, to the next one that nobody confirmed."""
        here, count = self._list.currentRow(), len(self._rows)
        ahead = [(here + step) % count for step in range(1, count + 1)] if count else []
        place = next((n for n in ahead if self._rows[n][1].confirmed is None), here)
        self._list.setCurrentRow(place)

    def main_words(self) -> str:
        return _("Adopt the protocol")

    def main(self) -> None:
        if self._reason.text():
            self.adopted.emit(self._reason.text())
            return
        self._reason.refuse(_("An adoption needs a reason in words; nothing was adopted."))

    def was_adopted(self) -> None:
        self._reason.put("")

    def entered(self) -> None:
        self._list.setFocus()


def _entered(field: Field, deed: Callable[[], object]) -> Field:
    """Enter does it, instead of going on to the next field."""
    field.edit.returnPressed.disconnect()
    field.edit.returnPressed.connect(deed)
    return field


def _line(criterion: Criterion, param: Param) -> str:
    if param.confirmed is None:
        template = _("{mark} {criterion}: {name} = {value}, PLACEHOLDER")
    else:
        template = _("{mark} {criterion}: {name} = {value}, confirmed by {by}")
    return template.format(
        mark=SHAPES["unknown" if param.confirmed is None else "done"],
        criterion=criterion.label,
        name=_name(param),
        value=setup.value_words(param.value),
        by=param.confirmed,
    )


_MOST_SHOWN = 12


def _differences(changes: Sequence[Change]) -> str:
    template = _("{where}\n    was: {before}\n    draft: {after}")
    nothing = _("nothing")
    shown = [
        template.format(
            where=each.where, before=each.before or nothing, after=each.after or nothing
        )
        for each in changes[:_MOST_SHOWN]
    ]
    if len(changes) > _MOST_SHOWN:
        shown.append(_("and {count} more").format(count=len(changes) - _MOST_SHOWN))
    return "\n".join([_("The draft says otherwise than what is in force:"), *shown])


def _name(param: Param) -> str:
    return param.name.replace("_", " ")


def _about(criterion: Criterion, param: Param) -> str:
    lines = [
        _("{criterion}: {name}").format(criterion=criterion.label, name=_name(param)),
        _("Value: {value}").format(value=setup.value_words(param.value)),
        _("Basis: {basis}").format(basis=param.basis),
        *_rules(criterion, param),
    ]
    if param.confirmed is not None:
        lines.append(_("Confirmed by {by}").format(by=param.confirmed))
    return "\n\n".join(lines)


def _rules(criterion: Criterion, param: Param) -> list[str]:
    template = _("Rule: {rule}\n{tier}, {due}: {reason}")
    found = [
        template.format(
            rule=rule.when.text,
            tier=words.tier_words()[rule.tier],
            due=words.due_words()[rule.due],
            reason=rule.reason,
        )
        for rule in criterion.rules
        if param.name in rule.when.params
    ]
    return found or [_("It decides which question is put, and no rule of its own.")]


def _state(protocol: Protocol, count: int) -> str:
    adopted = (
        _("Adopted by {by}.").format(by=protocol.adopted_by)
        if protocol.adopted_by
        else _("A draft: nobody has adopted it yet.")
    )
    template = _("{name}, version {version}. {adopted} Placeholders still open: {open} of {count}.")
    return template.format(
        name=protocol.name,
        version=protocol.version,
        adopted=adopted,
        open=len(protocol.unconfirmed),
        count=count,
    )
