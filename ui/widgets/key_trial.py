"""Whether the emergency key arrives: some laptops send a media key in its place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from intake_app.core.words import _
from ui import theme
from ui.keys import is_emergency
from ui.widgets.basics import card, column, label
from ui.widgets.fields import Panel

# Keys of the keyboard that are no media keys all the same; Qt numbers media keys from Key_Back on.
_FIRST_MEDIA_KEY = int(Qt.Key.Key_Back.value)
_LAST_MEDIA_KEY = int(Qt.Key.Key_MediaLast.value)


class KeyTrial(QObject):
    """Hears keys before the app does, while it is on; so the trial opens no panel."""

    arrived = Signal(str)
    another = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._on = False

    def listen(self, *, on: bool) -> None:
        app = QApplication.instance()
        if app is None or on is self._on:
            return
        self._on = on
        if on:
            app.installEventFilter(self)
        else:
            app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        if not isinstance(event, QKeyEvent):
            return False
        if is_emergency(event):
            event.accept()
            if kind is QEvent.Type.KeyPress and isinstance(watched, QWidget):
                self.arrived.emit("F9" if event.key() == Qt.Key.Key_F9 else "Ctrl+Shift+E")
                return True
            return kind is QEvent.Type.ShortcutOverride
        if kind is QEvent.Type.KeyPress and isinstance(watched, QWidget) and _is_media(event):
            self.another.emit()
        return False


def _is_media(event: QKeyEvent) -> bool:
    return _FIRST_MEDIA_KEY <= event.key() <= _LAST_MEDIA_KEY


class KeyTrialPanel(Panel):
    """`passed` says that the key arrived once."""

    passed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.has_arrived = False
        self._state = label(_("? Nothing has arrived yet. Press F9 now."), "unknown")
        self._hint = label(look="info")
        self._hint.hide()
        said = _(
            "F9 opens the emergency panel from everywhere, in the middle of a word and over every "
            "dialog. On some laptops the F keys are media keys: hold Fn and press F9, or switch "
            "the Fn lock, often with Fn+Esc. Ctrl+Shift+E is a second emergency key and needs no "
            "Fn."
        )
        self.setLayout(column([card(column([self._state, self._hint, label(said)]))]))
        self._trial = KeyTrial(self)
        self._trial.arrived.connect(self._arrived)
        self._trial.another.connect(self._another)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Press your emergency key"))

    def _arrived(self, key: str) -> None:
        self.has_arrived = True
        self._hint.hide()
        template = _("✓ {key} arrived. That is your emergency key on this computer.")
        self._state.setText(template.format(key=key))
        theme.look(self._state, "calm")
        self.passed.emit()

    def _another(self) -> None:
        self._hint.setText(
            _(
                "Another key arrived in its place: this keyboard sends media keys. Hold Fn and "
                "press F9, switch the Fn lock (often Fn+Esc), or use Ctrl+Shift+E."
            )
        )
        self._hint.show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._trial.listen(on=True)

    def hideEvent(self, event: QHideEvent) -> None:
        self._trial.listen(on=False)
        super().hideEvent(event)

    def entered(self) -> None:
        self.setFocus()
