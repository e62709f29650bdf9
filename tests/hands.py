"""The hands of whoever sits at the keyboard: keys that wait until the question is painted."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ui.main_window import MainWindow
from ui.screens.call import CallScreen

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
PLAIN = Qt.KeyboardModifier.NoModifier
ENTER = Qt.Key.Key_Return


class Hands:
    """Real key events, sent to whatever has the focus."""

    def __init__(self, qtbot, window: MainWindow) -> None:
        self._qtbot = qtbot
        self.window = window

    @property
    def call(self) -> CallScreen:
        return self.window.screens["call"]

    @property
    def question(self) -> str:
        question = self.call._question
        return question.key if question else ""

    def ready(self) -> None:
        """Until the question is painted: keys that come earlier are ignored, as they should be."""
        QApplication.processEvents()
        editor = self.call._editors.currentWidget()
        if self.window.screen_name == "call" and hasattr(editor, "painted"):
            self._qtbot.waitUntil(lambda: editor.painted, timeout=5000)

    def press(self, key: Qt.Key, modifiers=PLAIN) -> None:
        self.ready()
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifiers)
        QApplication.processEvents()

    def digit(self, digit: int, modifiers=PLAIN) -> None:
        self.press(Qt.Key(Qt.Key.Key_0 + digit), modifiers)

    def type(self, text: str) -> None:
        self.ready()
        QTest.keyClicks(QApplication.focusWidget(), text)

    def say(self, text: str) -> None:
        """Typed and kept."""
        self.type(text)
        self.press(ENTER)

    def answer(self, digit: int) -> None:
        """And on: a question of safety waits for Enter."""
        question = self.call._question
        self.digit(digit)
        if question is not None and (question.careful or self.call._question == question):
            self.press(ENTER)
