"""Looking at a window as it stands: what Tab should reach, and whether anything is cut."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

SIZES = [(1366, 768), (1280, 720), (1024, 640)]
SCALES = [1.0, 1.5, 2.0]


def settle():
    """What was laid out may ask for more; where it does not, this costs nothing."""
    for _unused in range(8):
        QApplication.processEvents()


def stops(top):
    """What Tab should reach."""
    return [
        each
        for each in top.findChildren(QWidget)
        if each.isVisible()
        and each.isEnabled()
        and each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and each.focusProxy() is None
        and each.window() is top
    ]


def inside(top, kinds):
    return [
        each
        for kind in kinds
        for each in top.findChildren(kind)
        if each.isVisible() and each.window() is top
    ]


def stands_before(one, other):
    """Whether the eye comes by `one` first: from top to bottom in a column, and column by column,
    among what stands beside each other in the same widget."""
    if one.isAncestorOf(other) or other.isAncestorOf(one):
        return one is not other and one.isAncestorOf(other)
    around = one.parentWidget()
    while not around.isAncestorOf(other):
        around = around.parentWidget()
    here, there = (_within(around, each) for each in (one, other))
    if here.bottom() < there.top():
        return here.left() <= there.right()
    return here.top() <= there.bottom() and here.right() < there.left()


def _within(around, shown):
    """The place of the part of `around` in which it stands."""
    while shown.parentWidget() is not around:
        shown = shown.parentWidget()
    return shown.geometry()


def grey(shown, rect):
    """How light each point of it is, printed without colour."""
    image = shown.grab(rect).toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    wide, high = range(0, image.width(), 2), range(0, image.height(), 2)
    return {image.pixelColor(x, y).lightness() for x in wide for y in high}


def written(shown):
    return "\n".join(each.text() for each in shown.findChildren(QLabel))


def cut(top):
    """Labels and buttons with less room than their words need, and whatever is hidden in part by
    something around it."""
    written = [each for each in inside(top, (QLabel, QPushButton)) if each.text()]
    typed = inside(top, (QLineEdit, QPlainTextEdit, QComboBox))
    found = [each for each in written if _needs_more(each)]
    found += [each for each in (*written, *typed) if _is_hidden_in_part(each, top)]
    return [(type(each).__name__, each.accessibleName(), each.geometry()) for each in found]


def _needs_more(shown):
    if shown.hasHeightForWidth() and shown.height() < shown.heightForWidth(shown.width()):
        return True
    if isinstance(shown, QLabel) and shown.wordWrap():
        return False
    return shown.width() < shown.minimumSizeHint().width()


def _is_hidden_in_part(shown, top):
    """What scrolls is excepted, but for its width."""
    around = shown
    while around is not top:
        around = around.parentWidget()
        rect = QRect(shown.mapTo(around, QPoint(0, 0)), shown.size())
        if rect.left() < 0 or rect.right() > around.width():
            return True
        if isinstance(around.parentWidget(), QAbstractScrollArea):
            return False
        if rect.top() < 0 or rect.bottom() > around.height():
            return True
    return False
