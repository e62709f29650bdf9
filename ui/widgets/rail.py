"""The right rail of a call: flags, what is unknown, the state of the suicide-risk screen, notes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QListWidget, QListWidgetItem, QWidget

from intake_app.core.model import State
from intake_app.core.screening import Case
from intake_app.core.words import _, _n
from ui import theme, words
from ui.theme import SHAPES
from ui.widgets.basics import NoteEditor, column, label


class FlagList(QListWidget):
    """Flags, strongest first. A row is redrawn only where it changed."""

    def __init__(self) -> None:
        self._shown: list[tuple[str, str]] = []
        super().__init__()
        self.setAccessibleName(_("Flags"))
        self.setWordWrap(True)
        self.setSpacing(3)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def put(self, case: Case) -> None:
        wanted = [
            (words.look_of(case, flag), f"{words.flag_title(case, flag)}\n{flag.reason}")
            for flag in case.screening.flags
        ]
        if wanted == self._shown:
            return
        while self.count() > len(wanted):
            self.takeItem(self.count() - 1)
        while self.count() < len(wanted):
            self.addItem(QListWidgetItem())
        for row, (_look, said) in enumerate(wanted):
            self.item(row).setText(said)
        self._shown = wanted
        self._colour()

    def _colour(self) -> None:
        look = theme.current(QApplication.instance())  # type: ignore[arg-type]
        for row, (name, _said) in enumerate(self._shown):
            self.item(row).setForeground(look.colour(name))
            self.item(row).setBackground(look.colour(f"{name}_bg"))

    def changeEvent(self, event: QEvent) -> None:
        """Light or dark, whoever changed it: what stands here takes the other colours at once."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._colour()


class Rail(QWidget):
    """`noted` carries a note that was kept, and whether it is tied to the question: it began with
    the sign for it."""

    noted = Signal(str, bool)
    left_notes = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._heading = label(look="heading")
        self.flags = FlagList()
        self._open = label(look="unknown")
        self._suicide = label(look="info")
        self._told = QListWidget()
        self._told.setAccessibleName(_("Notes so far"))
        self._told.setWordWrap(True)
        theme.look(self._told, "lines")
        self.notes = NoteEditor(_("Live notes: Enter keeps a line with its time"))
        self.notes.kept.connect(self._keep)
        self.notes.left.connect(self.left_notes)
        self.setLayout(
            column(
                [
                    label(_("SUICIDE-RISK SCREEN"), "heading"),
                    self._suicide,
                    self._heading,
                    self.flags,
                    self._open,
                    label(_("NOTES   Ctrl+L   # ties it to the question"), "heading"),
                    self._told,
                    self.notes,
                ],
                margin=8,
            )
        )
        self.layout().setStretch(3, 3)  # type: ignore[union-attr]
        self.layout().setStretch(6, 1)  # type: ignore[union-attr]

    def show_case(self, case: Case, open_here: int) -> None:
        """`open_here`: how many questions of this stage nobody answered yet."""
        flags = case.screening.flags
        self._heading.setText(_("FLAGS ({count})").format(count=len(flags)))
        self.flags.put(case)
        unknown = sum(q.state in (State.UNKNOWN, State.DECLINED) for q in case.screening.unanswered)
        text = _("{shape} {unknown} unknown or declined\n{open} still open in this part")
        if not flags:
            text = _("No flags raised so far\n") + text
        self._open.setText(text.format(shape=SHAPES["unknown"], unknown=unknown, open=open_here))
        self._show_suicide(case)
        self._show_notes(case)

    def _show_suicide(self, case: Case) -> None:
        level = case.screening.suicide_risk.word
        looks = {"high": "critical", "moderate": "high", "low": "caution", "incomplete": "unknown"}
        look = looks.get(level, "info")
        theme.look(
            self._suicide,
            {"critical": "banner"}.get(look, "unknown" if look == "unknown" else "info"),
        )
        shape = SHAPES[look]
        self._suicide.setText(f"{shape} {words.suicide_state(case)}")

    def _show_notes(self, case: Case) -> None:
        said = []
        for note in case.intake.notes:
            tied = case.protocol.items.get(note.item)
            where = f"# {tied.topic or tied.ask}: " if tied else ""
            said.append(f"{words.clock_time(note.at)[:5]} {where}{note.text}")
        if said == [self._told.item(row).text() for row in range(self._told.count())]:
            return
        self._told.clear()
        self._told.addItems(said)
        self._told.scrollToBottom()

    def note_here(self, begun: str) -> None:
        """To the notes; what is half written there stays."""
        if not self.notes.toPlainText():
            self.notes.setPlainText(begun)
            self.notes.moveCursor(QTextCursor.MoveOperation.End)
        self.notes.setFocus()

    def _keep(self, text: str) -> None:
        tied = text.startswith("#")
        said = text.lstrip("# ") if tied else text
        if said:
            self.noted.emit(said, tied)

    def line(self, case: Case, open_here: int, *, brief: bool) -> str:
        """All of it in one line, where the window is narrow; `brief` without the strongest flag's
        words, of which the shape stays."""
        flags = case.screening.flags
        strongest = words.flag_title(case, flags[0]) if flags else _("no flags raised")
        if brief and flags:
            look = words.look_of(case, flags[0])
            strongest = f"{SHAPES[look]} {words.look_words()[look]}"
        template = _n(
            "{flags} flag: {strongest} | screen: {screen} | {open} still open",
            "{flags} flags: {strongest} | screen: {screen} | {open} still open",
            len(flags),
        )
        return template.format(
            flags=len(flags),
            strongest=strongest,
            screen=words.suicide_state(case),
            open=open_here,
        )
