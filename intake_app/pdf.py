"""render(packet): the intake summary as a PDF. Knows pages, not medicine.

Everything is measured before anything is drawn: texts become lines, lines become strips, strips
become pages; only then is the number of pages known and the canvas written. Platypus is four
times slower and reads texts as markup; here a text is only ever a text.

Lengths are in points, to the right and downwards from the top left corner of the strip or page that
holds them. `_draw` alone turns them round to the corner that a PDF counts from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from itertools import chain, groupby
from pathlib import Path

from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import letter
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from intake_app.core.packet import Entries, Frame, Grid, Packet, Section, Text
from intake_app.core.words import _

FONTS = Path(__file__).resolve().parent.parent / "resources" / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
FALLBACK = "DroidSansFallback"  # Chinese, Japanese, Korean: one weight, large and slow to read

PAGE_SIZE: tuple[float, float] = letter
WIDTH, HEIGHT = PAGE_SIZE
MARGIN = 36.0
MEASURE = WIDTH - 2 * MARGIN

INK = HexColor(0x18212B)
MUTED = HexColor(0x47535F)
RULE = HexColor(0xA9B4BE)
SHADE = HexColor(0xECF0F3)
BLACK = HexColor(0x000000)
WHITE = HexColor(0xFFFFFF)
ALARM = HexColor(0xFCEBEB)
GHOST = HexColor(0xE9EDF0)  # the watermark: light enough to read through


# What stands on a page ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Style:
    """A type size with its line height; `capitals` prints our own words in capitals in bold.

    With `fill` or `edge` (a line width) the words stand in a frame of their own.
    """

    size: float
    leading: float
    bold: bool = False
    ink: Color = INK
    capitals: bool = False
    fill: Color | None = None
    edge: float = 0

    @property
    def baseline(self) -> float:
        """From the top of a line down to the feet of its letters."""
        return (self.leading + 0.73 * self.size) / 2

    @property
    def space(self) -> float:
        """The gap between words in thousandths of the size: the wider one, where fonts mix."""
        return _units(" ", BOLD if self.bold or self.capitals else PLAIN)

    def font(self, word: str) -> str:
        return BOLD if self.bold or (self.capitals and _in_capitals(word)) else PLAIN


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Words:
    """One run of letters in one font; `y` is its baseline."""

    x: float
    y: float
    text: str
    font: str
    style: Style


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    fill: Color | None
    edge: float = 0


Mark = Words | Box
Lines = Sequence[Line]


@dataclass(frozen=True, slots=True)
class Strip:
    """A band across the page that is never divided.

    `above` is left free over it, but not at the top of a page; `below` must still fit under it on
    the same page; `header` is printed again where the strip opens a page.
    """

    height: float
    marks: tuple[Mark, ...] = ()
    above: float = 0
    below: float = 0
    header: Strip | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    y: float
    strip: Strip


Page = list[Placed]

NAME = Style(11.5, 14, bold=True)
LONG_NAME = Style(9, 11.5, bold=True)
IDENTITY = Style(8.5, 11, capitals=True)
COUNT = Style(8.5, 14)
SMALL = Style(7, 9, ink=MUTED)
MARK = Style(7.5, 10, bold=True)
URGENT = Style(9.5, 12.5, bold=True, ink=WHITE)
BANNER = Style(9.5, 12.5, bold=True)
CALM = Style(8.5, 11)

TITLE = Style(8.5, 11, bold=True)
ENTRY = Style(9, 11, capitals=True)
MORE = Style(8, 11, bold=True)

HEADING = Style(11, 14, bold=True)
BODY = Style(9, 12, capitals=True)
STRONG = Style(9, 12, bold=True)
COLUMN = Style(7.5, 9.5, bold=True, ink=MUTED)
CELL = Style(8.5, 10.75)
LOG_CELL = Style(8, 10)
AGAIN = Style(7.5, 10, ink=MUTED)
REVERSED = replace(CELL, bold=True, ink=WHITE, fill=BLACK)
FRAMED = replace(CELL, bold=True, edge=0.9)
TINTED = replace(CELL, bold=True, fill=SHADE)

NAME_WIDTH = MEASURE - 160
TITLES = 110.0  # the column of titles on page one
HANG = 7.0  # the second and further lines of an entry
ENTRY_WIDTH = MEASURE - TITLES - HANG
GAP = 5.0  # the least between two blocks of page one
PAD = 3.0
GUTTER = 8.0  # between two columns of a table
LONG = 40  # rows: a longer table is printed smaller
WHOLE = 20  # lines: a row or paragraph up to this long is kept on one page


# Letters and lines --------------------------------------------------------------------------------


@cache
def _fonts() -> frozenset[str]:
    """Registers both fonts, once a process; all signs that both can print."""
    return _signs(PLAIN) & _signs(BOLD)


@cache
def _fallback() -> frozenset[str]:
    """The same of the third font: read by the first packet with a sign that the two lack."""
    return _signs(FALLBACK)


def _signs(font: str) -> frozenset[str]:
    """Signs above U+FFFF count as lacking: reportlab names them wrongly in the text of the PDF."""
    read = TTFont(font, FONTS / f"{font}.ttf")
    pdfmetrics.registerFont(read)
    glyphs = read.face.charToGlyph.items()
    return frozenset(chr(code) for code, glyph in glyphs if glyph and code <= 0xFFFF)


@cache
def _sign(sign: str) -> str:
    """A sign as it prints: nothing for a control sign, a visible stand-in for a lacking one."""
    if sign.isspace():
        return " "
    if unicodedata.category(sign) in ("Cc", "Cf"):
        return ""
    printed = sign in _fonts() or sign in _fallback()
    return sign if printed else "\N{REPLACEMENT CHARACTER}"


def _face(sign: str, font: str) -> str:
    """The font that prints a sign in words of `font`."""
    return font if sign in _fonts() else FALLBACK


def _words(text: str) -> list[str]:
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_sign, unicodedata.normalize("NFC", text)))
    return text.split()


def _in_capitals(word: str) -> bool:
    return word.isupper() and word.strip(_MARKS) in _split(_our_capitals())


_MARKS = ".,;:()"


@cache
def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _our_capitals() -> str:
    """The words that a packet writes in capitals to be seen. Others, such as ECG or the number of
    a car, are nobody's emphasis."""
    return _(
        "ACCEPTED ASKED BEFORE CLINICIAN CONFIRMED DATED DAY DIFFERS DOSE DRAFT ESCALATION "
        "EVALUATED FIRST HIGH INCOMPLETE LIMIT LOW MAY MODERATE NEEDED NOBODY NOT NOTE NOW OLD "
        "OPEN PROTOCOL REVIEW SAME SCHEDULING STILL STOP THE TIME UNVALIDATED WORDING YET"
    )


@cache
def _units(word: str, font: str) -> float:
    """Width in thousandths of the size. Emptied after each packet: it holds a patient's words."""
    return sum(_advance(sign, font) for sign in word)


@cache
def _advance(sign: str, font: str) -> float:
    return float(pdfmetrics.getFont(_face(sign, font)).face.getCharWidth(ord(sign)))


def _width(text: str, style: Style) -> float:
    words = text.split(" ")
    units = sum(_units(word, style.font(word)) for word in words)
    return (units + style.space * (len(words) - 1)) * style.size / 1000


_JOINT = re.compile(r"(?<=[_./,-])")


def _chop(word: str, font: str, limit: float) -> list[str]:
    """A word wider than `limit` units in pieces, broken behind a joining sign where it has one."""
    parts = ([part] if _units(part, font) <= limit else part for part in _JOINT.split(word))
    pieces, used = [""], 0.0
    for part in chain.from_iterable(parts):
        wide = _units(part, font)
        if pieces[-1] and used + wide > limit:
            pieces.append("")
            used = 0
        pieces[-1] += part
        used += wide
    return pieces


def _fill(words: Iterable[str], style: Style, width: float) -> list[Line]:
    limit, space = width * 1000 / style.size, style.space
    lines: list[list[str]] = []
    used = limit
    for word in words:
        font = style.font(word)
        for piece in [word] if _units(word, font) <= limit else _chop(word, font, limit):
            wide = _units(piece, font)
            if used + space + wide > limit:
                lines.append([])
                used = -space
            lines[-1].append(piece)
            used += space + wide
    return [Line(" ".join(line), style) for line in lines]


def _wrap(text: str, style: Style, width: float) -> list[Line]:
    """Lines no wider than `width`; a line break in the text is a line break on the page."""
    paragraphs = (_fill(_words(part), style, width) for part in text.splitlines())
    return list(chain.from_iterable(paragraphs))


def _runs(line: Line, x: float, y: float) -> Iterator[Words]:
    style = line.style
    if not style.capitals:
        yield from _in_faces(line.text, style.font(""), style, x, y)
        return
    for font, group in groupby(line.text.split(" "), key=style.font):
        words = list(group)
        yield from _in_faces(" ".join(words), font, style, x, y)
        units = sum(_units(word, font) + _units(" ", font) for word in words)
        x += units * style.size / 1000


def _in_faces(text: str, font: str, style: Style, x: float, y: float) -> Iterator[Words]:
    """Words of one weight, parted where one of their signs needs the other font."""
    if text.isascii() or _fonts().issuperset(text):
        yield Words(x, y, text, font, style)
        return
    for face, group in groupby(text, key=lambda sign: _face(sign, font)):
        run = "".join(group)
        yield Words(x, y, run, face, style)
        x += _units(run, font) * style.size / 1000


def _framed(line: Line, x: float, top: float) -> tuple[Mark, ...]:
    style = line.style
    box = Box(x, top + 0.5, _width(line.text, style) + 8, style.leading - 1, style.fill, style.edge)
    return (box, *_runs(line, x + 4, top + style.baseline))


def _set(lines: Lines, x: float, top: float = 0) -> list[Mark]:
    """Lines under each other, the first one beginning at `top`."""
    marks: list[Mark] = []
    for line in lines:
        style = line.style
        if style.fill or style.edge:
            marks += _framed(line, x, top)
        else:
            marks += _runs(line, x, top + style.baseline)
        top += style.leading
    return marks


def _height(lines: Lines) -> float:
    return sum(line.style.leading for line in lines)


def _rule(y: float, width: float = 0.5) -> Box:
    return Box(MARGIN, y, MEASURE, width, RULE)


def _stack(strips: Iterable[Strip]) -> Strip:
    """Strips under each other as one."""
    marks: list[Mark] = []
    y = 0.0
    for strip in strips:
        y += strip.above
        marks += (replace(mark, y=mark.y + y) for mark in strip.marks)
        y += strip.height
    return Strip(y, tuple(marks))


# Head and foot ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Border:
    """The head and foot that every page repeats, and the texts that they had to shorten."""

    head: Strip
    foot: Strip
    cut: tuple[str, ...]

    @property
    def top(self) -> float:
        return MARGIN + self.head.height

    @property
    def bottom(self) -> float:
        return HEIGHT - MARGIN - self.foot.height

    @property
    def room(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Band:
    lines: list[Line]
    cut: tuple[str, ...]


def _band(texts: Iterable[str], style: Style, width: float, most: int) -> Band:
    """Texts one after another in at most so many lines: page one needs the rest of the page."""
    full = [text for text in (" ".join(_words(text)) for text in texts) if text]
    fair, given = width * most, full
    while len(lines := _fill(" · ".join(given).split(), style, width)) > most:
        given = [_shorten(text, style, fair) for text in full]
        fair *= 0.8
    return Band(lines, tuple(f for f, g in zip(full, given, strict=True) if f != g))


def _shorten(text: str, style: Style, width: float) -> str:
    """As much of the beginning of a text as `width` holds, and an ellipsis."""
    if _width(text, style) <= width:
        return text
    return _fill(text.split(), style, width - _width("…", style))[0].text + "…"


def _border(frame: Frame) -> Border:
    demo = (_("DEMO, not a real patient"),) if frame.demo else ()
    born = _("Born: {born}").format(born=frame.born)
    record = _("Record: {number}").format(number=frame.record_number)
    made = _("made {at}").format(at=frame.made)
    name = _name(frame.name)
    identity = _band((born, record, frame.status), IDENTITY, MEASURE, 4)
    origin = _band((frame.collected, made, frame.clinic, frame.protocol), SMALL, MEASURE, 5)
    marks = _band((" · ".join((*demo, *frame.marks)),), MARK, MEASURE - 12, 4)
    banner = _band((frame.banner,), BANNER, MEASURE - _urgent_width() - 16, 8)
    history = _band((frame.history,), CALM, MEASURE - 12, 4)
    notice = _band((frame.notice,), SMALL, MEASURE, 4)
    above = (_plain(name), _plain(identity), _plain(origin), _marks(marks))
    head = (*above, _banner(banner), _history(history))
    cut = chain.from_iterable(
        b.cut for b in (name, identity, origin, marks, banner, history, notice)
    )
    return Border(
        _stack((*head, Strip(12, (_rule(6, 0.75),)))),
        _stack((Strip(10, (_rule(5, 0.75),)), _plain(notice))),
        tuple(cut),
    )


def _name(text: str) -> Band:
    """Eight lines hold 300 of the widest letters."""
    large = _band((text,), NAME, NAME_WIDTH, 2)
    return _band((text,), LONG_NAME, NAME_WIDTH, 8) if large.cut else large


def _plain(band: Band) -> Strip:
    return Strip(_height(band.lines), tuple(_set(band.lines, MARGIN)), above=1)


def _marks(band: Band) -> Strip:
    """The standing warnings in a thin frame."""
    if not band.lines:
        return Strip(0)
    height = _height(band.lines) + PAD
    box = Box(MARGIN, 0, MEASURE, height, SHADE, 0.75)
    return Strip(height, (box, *_set(band.lines, MARGIN + 6, PAD / 2)), above=5)


def _urgent_width() -> float:
    return _width(_("URGENT"), URGENT) + 16


def _banner(band: Band) -> Strip:
    """The safety line: a heavy black frame and a word, so that a grey print shows it too."""
    if not band.lines:
        return Strip(0)
    height, label = _height(band.lines) + 10, _urgent_width()
    marks = (
        Box(MARGIN + 1, 1, MEASURE - 2, height - 2, ALARM, 2),
        Box(MARGIN, 0, label, height, BLACK),
        *_set([Line(_("URGENT"), URGENT)], MARGIN + 8, 5),
        *_set(band.lines, MARGIN + label + 8, 5),
    )
    return Strip(height, marks, above=6)


def _history(band: Band) -> Strip:
    """What was urgent: a thin frame without a fill or a word of alarm."""
    if not band.lines:
        return Strip(0)
    height = _height(band.lines) + PAD
    box = Box(MARGIN, 0, MEASURE, height, None, 0.75)
    return Strip(height, (box, *_set(band.lines, MARGIN + 6, PAD / 2)), above=5)


# Page one -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """What page one has of a block: whole entries, the lines of a shortened one, `hidden` ones."""

    whole: Sequence[Lines]
    part: Lines
    hidden: int


def _page_one(blocks: Sequence[Entries], room: float) -> tuple[Page, list[Section]]:
    """All blocks on one page, and the sections that print what had to be left out."""
    titles = [_wrap(block.title, TITLE, TITLES - GUTTER)[:3] for block in blocks]
    entries = [[_entry(entry) for entry in block.entries or ("",)] for block in blocks]
    needs = [max(len(t), sum(map(len, e))) for t, e in zip(titles, entries, strict=True)]
    shares = [block.share for block in blocks]
    lines = _share(needs, shares, int((room - GAP * len(blocks)) // ENTRY.leading))
    shown = [_show(e, share) for e, share in zip(entries, lines, strict=True)]
    above = min(13, (room - sum(lines) * ENTRY.leading) / max(1, len(blocks)))
    strips = [_block(t, s, above) for t, s in zip(titles, shown, strict=True)]
    cut = [_continued(b, s) for b, s in zip(blocks, shown, strict=True) if s.part or s.hidden]
    return _down(strips), cut


def _entry(text: str) -> list[Line]:
    return _fill(_words(text), ENTRY, ENTRY_WIDTH) or [Line("–", ENTRY)]


def _share(needs: Sequence[int], shares: Sequence[int], room: int) -> list[int]:
    """Lines for each block, dealt in turn, so that the longest are the ones that go without."""
    lines = [0] * len(needs)
    while room > 0 and lines != list(needs):
        for block, need in enumerate(needs):
            dealt = min(shares[block], need - lines[block], room)
            lines[block] += dealt
            room -= dealt
    return lines


def _show(entries: Sequence[Lines], room: int) -> Shown:
    """The strongest entries that `room` lines hold, with a line for what is left out."""
    if sum(map(len, entries)) <= room:
        return Shown(entries, (), 0)
    whole, left = 0, room - 1
    while len(entries[whole]) <= left:
        left -= len(entries[whole])
        whole += 1
    hidden = len(entries) - whole
    if hidden == 1:  # its own last line says that there is more
        left += 1
    part = entries[whole][:left]
    return Shown(entries[:whole], part, hidden - 1 if part else hidden)


def _block(title: Lines, shown: Shown, above: float) -> Strip:
    """The title on the left, the entries on the right, a rule under both."""
    strips = [_whole(lines) for lines in shown.whole]
    if shown.part:
        strips.append(_broken(shown.part))
    if shown.hidden:
        text = _("{count} more on page 2").format(count=shown.hidden)
        strips.append(Strip(MORE.leading, tuple(_set([Line(text, MORE)], MARGIN + TITLES))))
    entries = _stack(strips)
    height = max(entries.height, _height(title))
    marks = (*_set(title, MARGIN), *entries.marks, _rule(height + above / 2))
    return Strip(height, marks, above)


def _whole(lines: Lines) -> Strip:
    x = MARGIN + TITLES
    marks = _set(lines[:1], x) + _set(lines[1:], x + HANG, ENTRY.leading)
    return Strip(_height(lines), tuple(marks))


def _broken(lines: Lines) -> Strip:
    """An entry that is shortened: the end of its last line makes way for "more on page 2"."""
    more = Line("… " + _("more on page 2"), MORE)
    room = ENTRY_WIDTH - _width(more.text, MORE) - 3
    last = next(iter(_fill(lines[-1].text.split(), ENTRY, room)), Line("", ENTRY))
    strip = _whole([*lines[:-1], last])
    x = MARGIN + TITLES + (HANG if len(lines) > 1 else 0) + _width(last.text, ENTRY) + 3
    return replace(strip, marks=(*strip.marks, *_set([more], x, strip.height - ENTRY.leading)))


def _continued(block: Entries, shown: Shown) -> Section:
    title = _("{title}, continued").format(title=block.title)
    return Section(title, tuple(map(Text, block.entries[len(shown.whole) :])))


def _down(strips: Iterable[Strip]) -> Page:
    page, y = [], 0.0
    for strip in strips:
        page.append(Placed(y, strip))
        y += strip.height + strip.above
    return page


# Sections -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """Lines `start` to `stop` of a paragraph or row, and the padding over and under them."""

    start: int
    stop: int
    over: float
    under: float


def _parts(lines: int, pad: float) -> Iterator[Part]:
    """One part; of a long text one part a line, so that it can go on over the page."""
    step = 1 if lines > WHOLE else max(1, lines)
    for start in range(0, lines, step):
        stop = start + step
        yield Part(start, stop, 0 if start else pad, 0 if stop < lines else pad)


def _section(section: Section) -> Iterator[Strip]:
    yield _heading(section.title)
    for block in section.blocks:
        if isinstance(block, Grid):
            yield from _table(block)
        else:
            yield from _strong(block.text) if block.strong else _paragraph(block.text)


def _heading(title: str) -> Strip:
    lines = _wrap(title, HEADING, MEASURE)
    height = _height(lines) + 6
    return Strip(height, (*_set(lines, MARGIN), _rule(height - 4)), above=14, below=60)


def _paragraph(text: str) -> Iterator[Strip]:
    lines = _wrap(text, BODY, MEASURE)
    for part in _parts(len(lines), 0):
        shown = lines[part.start : part.stop]
        yield Strip(_height(shown), tuple(_set(shown, MARGIN)), above=0 if part.start else 4)


def _strong(text: str) -> Iterator[Strip]:
    """A paragraph on grey behind a black bar."""
    lines = _wrap(text, STRONG, MEASURE - 20)
    for part in _parts(len(lines), PAD):
        shown = lines[part.start : part.stop]
        height = part.over + _height(shown) + part.under
        grey, bar = Box(MARGIN, 0, MEASURE, height, SHADE), Box(MARGIN, 0, 3, height, BLACK)
        marks = (grey, bar, *_set(shown, MARGIN + 10, part.over))
        yield Strip(height, marks, above=0 if part.start else 5)


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    width: float


def _columns(shares: Sequence[int]) -> list[Column]:
    x, columns = MARGIN, []
    for share in shares:
        columns.append(Column(x, MEASURE * share / sum(shares)))
        x += columns[-1].width
    return columns


def _table(grid: Grid) -> Iterator[Strip]:
    columns = _columns(grid.shares)
    style = LOG_CELL if len(grid.rows) > LONG else CELL
    header = _header(grid.columns, columns)
    yield header
    for row in grid.rows or ((_("none"), *[""] * (len(columns) - 1)),):
        yield from _row(_cells(row, columns, style), columns, header)


def _header(titles: Sequence[str], columns: Sequence[Column]) -> Strip:
    cells = _wrapped(titles, columns, COLUMN)
    height = max(map(_height, cells)) + 2 * PAD
    box = Box(MARGIN, 0, MEASURE, height, SHADE)
    marks = (box, *_side_by_side(cells, columns, PAD), _rule(height - 0.5))
    return Strip(height, marks, above=5, below=30)


def _row(cells: Sequence[Lines], columns: Sequence[Column], header: Strip) -> Iterator[Strip]:
    for part in _parts(max(1, *map(len, cells)), PAD):
        shown = [cell[part.start : part.stop] for cell in cells]
        height = part.over + max(map(_height, shown)) + part.under
        end = (_rule(height - 0.5),) if part.under else ()
        marks = (*_side_by_side(shown, columns, part.over), *end)
        again = _stack((header, _opening(cells, columns))) if part.start else header
        yield Strip(height, marks, header=again)


def _opening(cells: Sequence[Lines], columns: Sequence[Column]) -> Strip:
    """How a row began, for the page on which it goes on: a flag must not lose its name."""
    first, *others = [cell[:1] for cell in cells[:2]]
    shown = [[*first, Line(_("continued"), AGAIN)], *others]
    height = PAD + max(map(_height, shown))
    return Strip(height, tuple(_side_by_side(shown, columns[: len(shown)], PAD)))


def _side_by_side(cells: Sequence[Lines], columns: Sequence[Column], top: float) -> list[Mark]:
    pairs = zip(cells, columns, strict=True)
    return [mark for cell, column in pairs for mark in _set(cell, column.x + GUTTER / 2, top)]


def _wrapped(texts: Sequence[str], columns: Sequence[Column], style: Style) -> list[list[Line]]:
    pairs = zip(texts, columns, strict=True)
    return [_wrap(text, style, column.width - GUTTER) for text, column in pairs]


def _cells(row: Sequence[str], columns: Sequence[Column], style: Style) -> list[list[Line]]:
    """The cells of a row; one that opens with a tier word frames it, and its next cell has a title.

    The words tell the tiers apart; the frames, black, drawn and grey, make them easy to find.
    """
    cells = _wrapped(row, columns, style)
    frame = _tiers().get(cells[0][0].text if cells[0] else "")
    if frame and len(row) > 1:
        title, _break, rest = row[1].partition("\n")
        width = columns[1].width - GUTTER
        cells[0][0] = Line(cells[0][0].text, replace(frame, size=style.size, leading=style.leading))
        cells[1] = _wrap(title, replace(style, bold=True), width) + _wrap(rest, style, width)
    return cells


def _tiers() -> Mapping[str, Style]:
    return {_("STOP"): REVERSED, _("REVIEW"): FRAMED, _("NOTE"): TINTED}


def _pack(strips: Iterable[Strip], room: float) -> list[Page]:
    """Strips in order on as many pages as they need."""
    pages: list[Page] = []
    y = room
    for strip in strips:
        if y + strip.above + strip.height + strip.below > room:
            pages.append([Placed(0, strip.header)] if strip.header else [])
            y = strip.header.height if strip.header else 0
        else:
            y += strip.above
        pages[-1].append(Placed(y, strip))
        y += strip.height
    return pages


# Paper --------------------------------------------------------------------------------------------


def render(packet: Packet) -> bytes:
    """The packet as a PDF; the same packet gives the same bytes."""
    _fonts()
    try:
        border = _border(packet.frame)
        first, continued = _page_one(packet.page_one, border.room)
        if border.cut:
            continued.append(Section(_("Head of the page, in full"), tuple(map(Text, border.cut))))
        strips = map(_section, (*continued, *packet.sections))
        pages = [first, *_pack(chain.from_iterable(strips), border.room)]
        return _write(border, pages, _("DEMO") if packet.frame.demo else "")
    finally:
        for kept in (_units, _advance, _sign):
            kept.cache_clear()


def _write(border: Border, pages: Sequence[Page], watermark: str) -> bytes:
    rl_config.useA85 = 0  # streams as they are: armour makes them larger, and is slow
    paper = BytesIO()
    canvas = Canvas(paper, PAGE_SIZE, pageCompression=1, invariant=1, initialFontName=PLAIN)
    canvas.setTitle(_("Intake summary"))
    canvas.setAuthor("")
    for number, page in enumerate(pages, 1):
        if watermark:
            _ghost(canvas, watermark)
        head = replace(border.head, marks=(*border.head.marks, *_count(number, len(pages))))
        body = [replace(placed, y=placed.y + border.top) for placed in page]
        _draw(canvas, [Placed(MARGIN, head), *body, Placed(border.bottom, border.foot)])
        canvas.showPage()
    canvas.save()
    return paper.getvalue()


def _count(number: int, pages: int) -> list[Mark]:
    text = _("Intake summary · Page {number} of {pages}").format(number=number, pages=pages)
    return _set([Line(text, COUNT)], WIDTH - MARGIN - _width(text, COUNT), 1)


def _ghost(canvas: Canvas, text: str) -> None:
    canvas.saveState()
    canvas.setFillColor(GHOST)
    canvas.setFont(BOLD, 170)
    canvas.translate(WIDTH / 2, HEIGHT / 2)
    canvas.rotate(52)
    canvas.drawCentredString(0, -60, text)
    canvas.restoreState()


def _draw(canvas: Canvas, page: Iterable[Placed]) -> None:
    """Boxes first, then all words of the page as one text object, in reading order."""
    text = canvas.beginText()
    current: tuple[Style, str] | None = None
    for placed in page:
        for mark in placed.strip.marks:
            y = HEIGHT - placed.y - mark.y
            if isinstance(mark, Box):
                _draw_box(canvas, mark, y)
                continue
            if current != (mark.style, mark.font):
                current = (mark.style, mark.font)
                text.setFont(mark.font, mark.style.size)
                text.setFillColor(mark.style.ink)
            text.setTextOrigin(mark.x, y)
            text._textOut(mark.text)  # textOut measures too, in vain: every run has its own place
    canvas.drawText(text)


def _draw_box(canvas: Canvas, box: Box, y: float) -> None:
    if box.fill:
        canvas.setFillColor(box.fill)
    canvas.setLineWidth(box.edge)
    stroke, fill = int(box.edge > 0), int(box.fill is not None)
    canvas.rect(box.x, y - box.height, box.width, box.height, stroke=stroke, fill=fill)
