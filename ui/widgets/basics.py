"""Small pieces that every screen is made of: labels that wrap, headings, cards, columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from ui import theme

ENTERS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def label(text: str = "", look: str = "", *, wrap: bool = True) -> QLabel:
    """Plain text, never markup: what a caller said is shown as it was written."""
    found = QLabel(text)
    found.setTextFormat(Qt.TextFormat.PlainText)
    found.setWordWrap(wrap)
    if look:
        theme.look(found, look)
    return found


def button(text: str, look: str = "", *, name: str = "") -> WrappingButton:
    """As wide as its words where there is room. Ampersands are shown, not taken for a mnemonic."""
    found = WrappingButton(look)
    policy = found.sizePolicy()
    policy.setHorizontalPolicy(QSizePolicy.Policy.Preferred)
    found.setSizePolicy(policy)
    found.say(text)
    found.setAccessibleName(name or text)
    return found


def column(parts: Iterable[QWidget | QLayout], *, margin: int = 0, spacing: int = 8) -> QVBoxLayout:
    found = QVBoxLayout()
    _fill(found, parts, margin, spacing)
    return found


def row(parts: Iterable[QWidget | QLayout], *, margin: int = 0, spacing: int = 8) -> QHBoxLayout:
    found = QHBoxLayout()
    _fill(found, parts, margin, spacing)
    return found


def _fill(
    layout: QHBoxLayout | QVBoxLayout, parts: Iterable[QWidget | QLayout], margin: int, spacing: int
) -> None:
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    for part in parts:
        if isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)


def card(layout: QLayout, *, margin: int = 12) -> QFrame:
    found = QFrame()
    theme.look(found, "card")
    layout.setContentsMargins(margin, margin, margin, margin)
    found.setLayout(layout)
    return found


def short(text: str, most: int = 60) -> str:
    """The beginning of a text, for an echo of one line."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


def scrolled(inside: QWidget) -> QScrollArea:
    """Scrolls by keys of what is inside; takes no focus of its own."""
    found = QScrollArea()
    found.setWidgetResizable(True)
    found.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    found.setWidget(inside)
    return found


def in_order(parts: Iterable[QWidget]) -> None:
    """Tab takes these one after another, as they stand, whenever each of them was made."""
    for one, other in pairwise(parts):
        QWidget.setTabOrder(one, other)


def stop_before(shown: QWidget) -> QWidget:
    """From where Tab comes to it: behind what takes no focus Qt puts nothing in order."""
    found = shown.previousInFocusChain()
    while found is not None and found.focusPolicy() == Qt.FocusPolicy.NoFocus:
        found = found.previousInFocusChain()
    return found or shown


def tab_stops(around: QWidget) -> list[QWidget]:
    """What Tab may reach in it, in the order in which it was made."""
    every = around.findChildren(QWidget)
    return [each for each in every if each.focusPolicy() & Qt.FocusPolicy.TabFocus]


class Pages(QWidget):
    """One page in front. As high as that page needs, where a QStackedWidget takes the highest."""

    def __init__(self, pages: Iterable[QWidget]) -> None:
        super().__init__()
        self._pages = tuple(pages)
        self._front: QWidget | None = None
        self.setLayout(column(self._pages))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setCurrentWidget(self._pages[0])

    def currentWidget(self) -> QWidget:
        return self._front or self._pages[0]

    def setCurrentWidget(self, front: QWidget) -> None:
        if front is self._front:
            return
        self._front = front
        for page in self._pages:
            page.setVisible(page is front)


class Giving(QScrollArea):
    """As high as what is inside wants to be; where there is less room it gives way and scrolls, and
    what has the focus is in view. It gives way last where `kept` stand, the first labels inside."""

    def __init__(self, inside: QWidget, kept: Sequence[QLabel] = ()) -> None:
        super().__init__()
        self._inside = inside
        self._kept = tuple(kept)
        self.gives_way = False  # down to a line or two, whatever is kept
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        policy = inside.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Preferred)  # a fixed one ignores the width
        inside.setSizePolicy(policy)
        self.setWidget(inside)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    def sizeHint(self) -> QSize:
        layout = self._inside.layout()
        if layout is None:
            return super().sizeHint()
        width = self.width()
        high = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else -1
        return QSize(layout.totalSizeHint().width(), max(high, layout.totalMinimumSize().height()))

    def minimumSizeHint(self) -> QSize:
        """A line of choices and more; of what is kept no more than half of the room."""
        width, least = self.width(), self.fontMetrics().height() * 4
        around = self.parentWidget()
        if self.gives_way:
            least //= 3
        elif self._kept and around is not None:
            kept = [each for each in self._kept if not each.isHidden()]
            wanted = sum(each.heightForWidth(width) + 8 for each in kept)
            least = min(wanted, max(least, around.height() // 2))
        wide = self._inside.minimumSizeHint().width()
        return QSize(wide, min(self.sizeHint().height(), least))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The area listens to what is inside already; it does not ask for another height."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys go on to whoever is around: what has the focus is in view already."""
        event.ignore()

    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.isAncestorOf(now):
            self.ensureWidgetVisible(now, 0, 0)


def _least(part: QWidget) -> int:
    wraps = part.hasHeightForWidth()
    return (part.minimumSizeHint() if wraps else part.sizeHint()).width()


class Foot(QWidget):
    """Parts beside each other, or below each other where they do not fit: it asks for no more width
    than the widest of them."""

    def __init__(self, parts: Iterable[QWidget]) -> None:
        super().__init__()
        self._parts = tuple(parts)
        self._box = row(self._parts)
        self.setLayout(self._box)

    def minimumSizeHint(self) -> QSize:
        widths = [each.minimumSizeHint().width() for each in self._shown()]
        return QSize(max(widths, default=0), self._box.minimumSize().height())

    def _shown(self) -> list[QWidget]:
        return [each for each in self._parts if not each.isHidden()]

    def _arrange(self) -> None:
        wanted = [_least(each) + self._box.spacing() for each in self._shown()]
        ways = QBoxLayout.Direction
        fits = sum(wanted) <= self.width() + self._box.spacing()
        self._box.setDirection(ways.LeftToRight if fits else ways.TopToBottom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return super().event(event)


class WrappingButton(QPushButton):
    """A button whose words go on in another line where there is no room for one; QPushButton's own
    are cut. It asks for no more width than its longest word needs."""

    def __init__(self, look: str = "answer") -> None:
        super().__init__()
        self._measured: dict[int, tuple[str, int]] = {}  # by width: lines, and height
        self._room: tuple[QFontMetrics, QSize] | None = None
        self._given = 0
        self.setAutoDefault(False)
        if look:
            theme.look(self, look)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def say(self, text: str) -> None:
        if text != self.words():
            self.setText(text.replace("&", "&&"))
            self.setAccessibleName(text)

    def words(self) -> str:
        return self.text().replace("&&", "&")

    def setText(self, text: str) -> None:
        """As QPushButton has it: an ampersand is doubled."""
        self._measured = {}
        super().setText(text)

    def changeEvent(self, event: QEvent) -> None:
        self._measured, self._room = {}, None  # another font, or another look
        super().changeEvent(event)

    def _around(self) -> tuple[QFontMetrics, QSize]:
        """How wide words are at their boldest, so that nothing moves when it is chosen; and what
        the look needs around them."""
        if self._room is None:
            self.ensurePolished()
            option = QStyleOptionButton()
            self.initStyleOption(option)
            inside = QSize(1000, 1000)  # more than any look asks for
            kind = QStyle.ContentsType.CT_PushButton
            whole = self.style().sizeFromContents(kind, option, inside, self)
            bold = QFont(self.font())
            bold.setBold(True)
            self._room = QFontMetrics(bold), whole - inside
        return self._room

    def _lines(self, width: int) -> tuple[str, int]:
        """Broken at words as each line is full."""
        if width not in self._measured:
            metrics, around = self._around()
            lines = [
                line
                for each in self.text().split("\n")
                for line in _broken(each, metrics, width - around.width())
            ]
            high = metrics.height() + (len(lines) - 1) * metrics.lineSpacing()
            high = max(high + around.height(), metrics.height() + 22)
            self._measured[width] = "\n".join(lines), high
        return self._measured[width]

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._lines(width)[1]

    def sizeHint(self) -> QSize:
        metrics, around = self._around()
        wide = max(_wide(line, metrics) for line in self.text().split("\n")) + around.width()
        return QSize(wide, self.heightForWidth(self._given or wide))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A layout gives no more height than is asked for: it is that of the width given."""
        super().resizeEvent(event)
        before = self.sizeHint()
        self._given = event.size().width()
        if self.sizeHint() != before:
            self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        metrics, around = self._around()
        wide = max((_wide(word, metrics) for word in self.text().split()), default=0)
        return QSize(wide + around.width(), metrics.height() + 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self._lines(self.width())[0]
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)


def _wide(text: str, metrics: QFontMetrics) -> int:
    return metrics.horizontalAdvance(text.replace("&&", "&"))


def _broken(text: str, metrics: QFontMetrics, room: int) -> list[str]:
    """Spaces between words stay as they are: a key stands apart from what it does."""
    if _wide(text, metrics) <= room:
        return [text]
    lines = [""]
    for part in _PARTS.findall(text):
        if lines[-1].strip() and _wide((lines[-1] + part).rstrip(), metrics) > room:
            lines.append(part.lstrip())
        else:
            lines[-1] += part
    return [line.rstrip() for line in lines]


_PARTS = re.compile(r"\s*\S+")


class NoteEditor(QPlainTextEdit):
    """A few lines; Enter keeps them, Shift+Enter starts a new line, Tab goes on."""

    kept = Signal(str)
    left = Signal()

    def __init__(self, name: str, lines: int = 3) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * lines + 24)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        modifiers = event.modifiers()
        if modifiers & Qt.KeyboardModifier.AltModifier:
            event.ignore()  # Alt and a digit answers the question from here too
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in ENTERS and not modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.keep()
        else:
            super().keyPressEvent(event)

    def keep(self) -> None:
        text = self.toPlainText().strip()
        if text:
            self.kept.emit(text)
