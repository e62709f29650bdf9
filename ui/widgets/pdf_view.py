"""A PDF inside the app: one page at a time, drawn from memory; no file is written for it."""

from __future__ import annotations

import pypdfium2
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QImage, QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea

from intake_app.core.words import _
from ui.theme import look
from ui.widgets.basics import label

POINTS_AN_INCH = 72
_ZOOM, _LEAST, _MOST = 1.25, 0.5, 4.0
_USUAL_LINES = 48  # as wide as so many lines of text are high: its print is as large as ours


class Pages:
    """An open PDF. PDFium belongs to one thread: this is used on the main thread alone."""

    def __init__(self, data: bytes) -> None:
        self._document = pypdfium2.PdfDocument(data)

    def __len__(self) -> int:
        return len(self._document)

    def size(self, page: int) -> tuple[float, float]:
        """Width and height in points."""
        width, height = self._document[page].get_size()
        return float(width), float(height)

    def image(self, page: int, scale: float) -> QImage:
        """A page at `scale` pixels a point."""
        bitmap = self._document[page].render(scale=scale, prefer_bgrx=True, rev_byteorder=False)
        shown = QImage(
            bytes(bitmap.buffer),
            bitmap.width,
            bitmap.height,
            bitmap.stride,
            QImage.Format.Format_RGB32,
        )
        return shown.copy()  # the bytes above belong to the bitmap

    def text(self, page: int) -> str:
        return str(self._document[page].get_textpage().get_text_bounded())

    def close(self) -> None:
        self._document.close()


class PdfView(QScrollArea):
    """PgUp and PgDn turn, + and - zoom, 0 is the usual size. `turned` carries page and count."""

    turned = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.pages: Pages | None = None
        self.data = b""
        self.page = 0
        self._zoom = 1.0
        self._sheet: QLabel = label(look="desk", wrap=False)
        self._sheet.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.setWidget(self._sheet)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Summary, page by page"))
        look(self, "readable")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(30)
        self._soon.timeout.connect(self._paint_page)

    @property
    def count(self) -> int:
        return len(self.pages) if self.pages is not None else 0

    def put(self, data: bytes) -> None:
        """Show another PDF from its first page."""
        self.clear()
        self.data = data
        self.pages = Pages(data)
        self.page = 0
        self._paint_page()

    def clear(self) -> None:
        if self.pages is not None:
            self.pages.close()
        self.pages, self.data = None, b""
        self._sheet.clear()
        self.setAccessibleDescription("")

    def turn(self, by: int) -> None:
        wanted = min(max(self.page + by, 0), self.count - 1)
        if self.pages is not None and wanted != self.page:
            self.page = wanted
            self.verticalScrollBar().setValue(0)
            self._paint_page()

    def zoom(self, by: float) -> None:
        self._zoom = min(max(self._zoom * by, _LEAST), _MOST)
        self._paint_page()

    def fit(self) -> None:
        self._zoom = 1.0
        self._paint_page()

    def _paint_page(self) -> None:
        if self.pages is None:
            return
        width, _height = self.pages.size(self.page)
        room = self.viewport().width() - self.verticalScrollBar().sizeHint().width() - 8
        ratio = self.devicePixelRatioF()
        usual = min(room, self.fontMetrics().height() * _USUAL_LINES)
        scale = max(0.2, usual / width) * self._zoom
        shown = self.pages.image(self.page, scale * ratio)
        shown.setDevicePixelRatio(ratio)
        self._sheet.setPixmap(QPixmap.fromImage(shown))
        self._sheet.setMinimumWidth(int(width * scale))
        self.setAccessibleDescription(self.pages.text(self.page))
        self.turned.emit(self.page, self.count)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another screen, and not a small window: no page stays open behind it."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._soon.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        turns = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}
        zooms = {Qt.Key.Key_Plus: _ZOOM, Qt.Key.Key_Equal: _ZOOM, Qt.Key.Key_Minus: 1 / _ZOOM}
        key = Qt.Key(event.key()) if event.key() in (*turns, *zooms) else None
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        elif key in turns:
            self.turn(turns[key])
        elif key in zooms:
            self.zoom(zooms[key])
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.turn(-self.count if event.key() == Qt.Key.Key_Home else self.count)
        else:
            super().keyPressEvent(event)
