"""How it looks: one table of colours, light and dark; all sizes from one base size."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QIODevice, QSaveFile, QStandardPaths, Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QLayout, QWidget

_RESOURCES = Path(__file__).resolve().parent.parent / "resources"
BODY = 15  # px at 100 %
# Ctrl++ and Ctrl+- go over these, so that as many keys back lead to the same size; 80 to 200 %:
# ux.md, section 4.
SIZES = (0.8, 1.0, 1.25, 1.6, 2.0)
LEAST, MOST = SIZES[0], SIZES[-1]

# name: (light, dark). Contrast of every pair that is used together is computed by test_theme.
TOKENS = {
    "bg": ("#F5F7F8", "#11161B"),
    "surface": ("#FFFFFF", "#192027"),
    "surface2": ("#ECF0F3", "#222B34"),
    "divider": ("#D3DAE0", "#35414C"),
    "border": ("#6F7B88", "#84919E"),
    "text": ("#18212B", "#E9EDF1"),
    "muted": ("#47535F", "#B4BFCA"),
    "primary": ("#0A5A75", "#74C6E2"),
    "on_primary": ("#FFFFFF", "#05222D"),
    "focus": ("#1B4FD1", "#A9C0FF"),
    "emergency": ("#A3161F", "#D0343F"),
    "on_emergency": ("#FFFFFF", "#FFFFFF"),
    "script": ("#0E2F38", "#DDF2F6"),
    "script_bg": ("#E6F2F3", "#12303A"),
    "staff": ("#4B3E12", "#F0E2B0"),
    "staff_bg": ("#FBF6E4", "#2E2813"),
    "selected": ("#083B4D", "#E4F6FC"),
    "selected_bg": ("#D6EAF1", "#15465A"),
    "critical": ("#8F141C", "#FFB9B9"),
    "critical_bg": ("#FCEBEB", "#3B1518"),
    "high": ("#7F3600", "#FFC795"),
    "high_bg": ("#FFF0E3", "#3A2411"),
    "caution": ("#5F4A00", "#F1D878"),
    "caution_bg": ("#FDF6DA", "#322B0F"),
    "info": ("#0B4A78", "#A6D6F6"),
    "info_bg": ("#E8F2FA", "#112B3D"),
    "done": ("#1B5A36", "#A6DFBB"),
    "done_bg": ("#E7F4EB", "#13301F"),
    "unknown": ("#4A3B74", "#D2C6F5"),
    "unknown_bg": ("#EEEBF5", "#2A2440"),
}

# Looks of ux.md, section 4, with the shape that speaks where no colour does.
SHAPES = {
    "critical": "\u25c6",
    "high": "\u25b2",
    "caution": "\u25a0",
    "info": "\u25cb",
    "done": "\u2713",
    "unknown": "?",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """`scale` is LEAST to MOST."""

    dark: bool = False
    scale: float = 1.0

    def colour(self, name: str) -> QColor:
        return QColor(TOKENS[name][self.dark])

    def px(self, at_100: float) -> int:
        return round(at_100 * self.scale)

    def style(self) -> str:
        """The style sheet with tokens and sizes filled in: `@name` and `@15px`."""
        text = (_RESOURCES / "theme.qss").read_text("utf-8")
        text = text.replace("@icons", (_RESOURCES / "icons").as_posix())
        for name in sorted(TOKENS, key=len, reverse=True):
            text = text.replace(f"@{name};", f"{TOKENS[name][self.dark]};")
        for size in range(64, 0, -1):
            text = text.replace(f"@{size}px", f"{self.px(size)}px")
        return text


def system_is_dark(app: QApplication) -> bool:
    return app.styleHints().colorScheme() is Qt.ColorScheme.Dark


def apply(app: QApplication, theme: Theme) -> None:
    if app.property("theme_scale") and current(app) == theme:
        return  # polishing every widget anew takes its time
    app.setProperty("theme_dark", theme.dark)
    app.setProperty("theme_scale", theme.scale)
    if app.style().name() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    font = QFont(app.font())
    font.setPixelSize(theme.px(BODY))
    app.setFont(font)
    for window in app.topLevelWidgets():
        if window.styleSheet():
            _put_on(window, theme.style())


def _put_on(window: QWidget, style: str) -> None:
    """Widgets get their letters one after another: on the way to smaller ones some are in more
    columns while others are large. That presses no window apart; it would stay as wide."""
    layout = window.layout()
    if layout is None:
        window.setStyleSheet(style)
        return
    by_need = layout.sizeConstraint()
    layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
    window.setStyleSheet(style)
    layout.setSizeConstraint(by_need)


def dress(window: QWidget) -> None:
    """The style sheet for a window and whatever is shown over it, once it is built. The application
    itself has none: else all that is not yet in a window is polished at each move into a layout,
    and a window takes three times as long to build."""
    app = QApplication.instance()
    if isinstance(app, QApplication):
        window.setStyleSheet(current(app).style())


def look_file() -> Path:
    """Where this person's account keeps light or dark and the size: decisions/0014."""
    places = QStandardPaths.StandardLocation.AppConfigLocation
    return Path(QStandardPaths.writableLocation(places)) / "look.json"


def keep_in(app: QApplication, file: Path | None) -> None:
    app.setProperty("look_file", str(file) if file else "")


def wear(app: QApplication) -> None:
    """What was chosen on this computer, the pace too; light or dark as the system is, where nobody
    chose."""
    kept = _kept(app)
    dark, scale = kept.get("dark"), kept.get("scale")
    if not isinstance(dark, bool):
        dark = system_is_dark(app)
    if not (isinstance(scale, float) and LEAST <= scale <= MOST):
        scale = current(app).scale
    if isinstance(kept.get("goes_on"), bool):
        app.setProperty("goes_on", kept["goes_on"])
    apply(app, Theme(dark, scale))


def resize(app: QApplication, by: int) -> None:
    """To the next size: larger for 1, smaller for -1. One that was kept once may lie between."""
    look = current(app)
    beyond = [size for size in SIZES if (size - look.scale) * by > 0]
    if beyond:
        size = min(beyond, key=lambda size: abs(size - look.scale))
        choose(app, Theme(look.dark, size))


def choose(app: QApplication, look: Theme) -> None:
    """Wear it, now and after the next start. As dark as the system is: it follows the system."""
    apply(app, look)
    dark = None if look.dark is system_is_dark(app) else look.dark
    _keep(app, {"dark": dark, "scale": look.scale})


def goes_on(app: QApplication) -> bool:
    """Whether an ordinary answer goes on by itself; else Enter is waited for at each."""
    return app.property("goes_on") is not False


def choose_pace(app: QApplication, by_itself: bool) -> None:
    app.setProperty("goes_on", by_itself)
    _keep(app, {"goes_on": by_itself})


def _keep(app: QApplication, chosen: dict[str, object]) -> None:
    """Beside what is kept there already; where there is no place, it is chosen for this run."""
    name = app.property("look_file")
    if not name:
        return
    kept = {key: said for key, said in _kept(app).items() if key in _KEPT}
    with suppress(OSError):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    file = QSaveFile(name)
    if file.open(QIODevice.OpenModeFlag.WriteOnly):
        file.write(json.dumps(kept | chosen).encode())
        file.commit()


_KEPT = ("dark", "scale", "goes_on")


def _kept(app: QApplication) -> dict[str, object]:
    """A file that is not there, or that says nothing of use, is no choice."""
    try:
        found = json.loads(Path(app.property("look_file")).read_bytes())
    except (OSError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def current(app: QApplication) -> Theme:
    return Theme(bool(app.property("theme_dark")), float(app.property("theme_scale") or 1.0))


def _palette(theme: Theme) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: "bg",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.AlternateBase: "surface2",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.Button: "surface",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.Highlight: "selected_bg",
        QPalette.ColorRole.HighlightedText: "selected",
        QPalette.ColorRole.ToolTipBase: "surface2",
        QPalette.ColorRole.ToolTipText: "text",
    }
    palette = QPalette()
    for role, name in roles.items():
        palette.setColor(role, theme.colour(name))
    return palette


def look(widget: QWidget, name: str) -> None:
    """Give a widget one of the looks of the style sheet."""
    if widget.property("look") != name:
        widget.setProperty("look", name)
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
            QApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))  # it may need more room
