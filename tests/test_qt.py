"""What the window stands on: Qt is there, and this version of its binding keeps its references."""

import sys

from PySide6.QtWidgets import QLabel


def test_a_thousand_qt_calls_leave_none_alone(qtbot):
    """PySide6 6.12.0 dropped a reference to None at every void call and aborted after some
    thousands; hence the pin. Fails with that version on Python 3.11 (not replayed here)."""
    label = QLabel()
    qtbot.addWidget(label)
    label.setText("warm")
    before = sys.getrefcount(None)
    for number in range(1000):
        label.setText(str(number))
    assert abs(sys.getrefcount(None) - before) < 50
