"""The promises of the printed summary, read back. "Seen to fail with" names the planted defect."""

import ast
import re
import unicodedata
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from itertools import combinations, cycle, islice
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdfium2 import PdfDocument, PdfPage

from intake_app import pdf
from intake_app.core import packet, screening
from intake_app.core.packet import Entries, Frame, Grid, Packet, Section, Text

NAME = "Wilhelmina Ørstavik-Nakamura"

FRAME = Frame(
    name=NAME,
    born="1999-04-02",
    record_number="KC-000417",
    protocol="Ketamine infusion intake 1 (9f31c07ad2be)",
    status="DRAFT, awaiting review",
    collected="collected by Ann Berg, Bo Cole, 2026-09-15",
    made="2026-09-15 11:20 MDT",
    clinic="Harbour Street Infusion Clinic",
    marks=("PROTOCOL NOT CONFIRMED", "UNVALIDATED WORDING"),
    banner="ESCALATION OPEN, not accepted. This computer has told no one. Nothing is scheduled; "
    "no letter goes out before a clinician has spoken to the person.",
    history="Escalation closed by Dr. Lind at 2026-09-01 12:10; handed to a clinician; who has the "
    "person: her brother.",
    demo=True,
    notice="Intake summary: screening information, not a treatment decision. Confidential. "
    "Records from a substance-use programme: 42 CFR Part 2 forbids passing them on.",
)

PAGE_ONE = (
    Entries(
        "1 Identity",
        (
            f"{NAME}, born 1999-04-02, record KC-000417, sex female",
            "Phone: 555-0142, a parent's phone, not their own (ask by first name)",
            "At the call: parked car, level 2 of the Weber Street car park, Marlin, Teller County; "
            "grey hatchback, plate 7KX 221",
            "Emergency contact: Declined",
        ),
    ),
    Entries(
        "2 Suicide-risk screen",
        (
            "Level: HIGH",
            "Escalation raised; raised 2026-09-15 10:39",
            "Who has the person now: NOBODY YET, staff on the line",
            "suicide_1 wish to be dead: Yes (patient alone); suicide_2 thoughts of killing "
            "themself: Yes (patient alone); suicide_3 thought about how: Yes (patient alone); "
            "suicide_4 some intention to act: Yes (patient alone); suicide_5 plan and intention: "
            "Yes (patient alone); suicide_6 began or prepared, ever: Yes, 2026-07 (patient alone)",
            "Read out: built-in wording, unvalidated; topics of C-SSRS screener; asked "
            "2026-09-15, 0 days old",
            "Means within reach: car, in it now. Firearm: Not asked. With whom: nobody",
        ),
    ),
    Entries(
        "3 Stop: reported",
        (
            "NOW: Suicide risk, high: intention to act within the last month; preparation within "
            "three months. [some intention to act Yes (patient alone, 2026-09-15); began or "
            "prepared, ever 2026-07 (patient alone, 2026-09-15): stopped by a friend]",
            "BEFORE SCHEDULING: Blood pressure at or over the stop limit: last reading 172/104 "
            "mmHg. [last blood pressure 172/104 (patient alone, 2026-09-15)]",
        ),
    ),
    Entries(
        "4 Stop: unknown or declined",
        (
            "Psychosis, present or past: not asked.",
            "Raised pressure in the skull: Does not know.",
            "Aneurysm or vessel malformation: not asked.",
        ),
    ),
    Entries(
        "5 Counts",
        (
            "does not know 3, declined 1, ask later 2, not asked 74, not applicable 21; flags "
            "accepted with a condition 0",
            "14 thresholds are placeholders, nobody's number yet; used by flags here: "
            "stop_systolic 160, stop_diastolic 100",
        ),
    ),
    Entries(
        "6 Pressure, pregnancy, medicines",
        (
            "Blood pressure 172/104 mmHg, 2026-02 OLD or not dated: no current reading",
            "Pregnancy possible: Not asked; known: Not asked",
            "Medicines that matter: tranylcypromine (STOP), lamotrigine (REVIEW)",
            "Medicines not identified: 1",
        ),
    ),
    Entries(
        "7 Who answered",
        (
            "Caller: self",
            "patient, others present: 4 answers (primary_condition, diagnosed_by_clinician, "
            "takes_medicines, allergies)",
        ),
    ),
    Entries(
        "8 To obtain",
        (
            "BEFORE SCHEDULING: Controlled-substance register, PDMP (coordinator)",
            "BEFORE FIRST DOSE: ECG (clinician)",
            "BEFORE FIRST DOSE: Liver tests (clinician)",
            "BEFORE FIRST DOSE: Letter from the psychiatrist (coordinator)",
        ),
    ),
)

FLAGS = (
    (
        "STOP\nnow",
        "Suicide risk, high (raised)\nIntention to act within the last month.\nPreparation within "
        "three months.\n- some intention to act Yes (patient alone, 2026-09-15)\n- began or "
        "prepared, ever 2026-07 (patient alone, 2026-09-15): stopped by a friend",
        "Rule suicide_risk, protocol 1\nsuicide_level == 'high'\nThe screener's triage table, "
        "2023 [guidance; read in full]",
        "not reviewed",
    ),
    (
        "STOP\nbefore scheduling",
        "Blood pressure at or over the stop limit (raised)\nLast reading 172/104 mmHg.\n- last "
        "blood pressure 172/104 (patient alone, 2026-09-15)",
        "Rule bp_severe_or_hold, protocol 1\nsystolic >= stop_systolic or diastolic >= "
        "stop_diastolic\nstop_systolic = 160 (PLACEHOLDER: to be set by the clinic; not confirmed, "
        "nobody's number yet)\nstop_diastolic = 100 (PLACEHOLDER: to be set by the clinic; not "
        "confirmed, nobody's number yet)\nSPRAVATO (esketamine) US Prescribing Information, 5.6, "
        "2019 text read [label; read in part]",
        "needs information: repeat seated, both arms",
    ),
    (
        "REVIEW\nbefore first dose",
        "Lamotrigine taken (raised)\nMay blunt the effect.\n- medicines lamotrigine 200 mg "
        "(record, 2026-08-30)",
        "Rule medicine_interactions, protocol 1\n'lamotrigine' in drug_classes\nReview article, "
        "2024 [study; abstract read]",
        "not reviewed",
    ),
    (
        "NOTE\nno time limit",
        "Lives more than an hour away (raised)\nAbout 80 minutes by car.\n- travel time 80 minutes "
        "(patient, others present, 2026-09-15)",
        "Rule travel_time, protocol 1\ntravel_minutes > 60",
        "acknowledge: sister drives",
    ),
)

ASKED = (
    ("Who is on the phone?", "caller_relationship", "The person themself"),
    ("Which number may we call back if the line drops?", "callback_number", "555-0142"),
    (
        "Where are you right now: street, number, town and county? If in a car, what car is it?",
        "caller_location",
        "Parked car, level 2, Weber Street car park, Marlin, Teller County\n7KX 221",
    ),
    ("Have you ever been told that you have high blood pressure?", "hypertension_ever", "Yes"),
    ("What was your last blood pressure?", "last_blood_pressure", "172/104"),
    ("When was it taken?", "blood_pressure_date", "2026-02"),
    ("Has a doctor ever seen a bulge in one of your blood vessels?", "aneurysm", "Does not know"),
    ("How long did you take it for?", "trial_weeks #2", "9 weeks\nstopped in the tenth: rash"),
    ("Over the last two weeks, little interest or pleasure?", "mood_1", "More than half the days"),
    ("Do you drink alcohol, and how much in a usual week?", "alcohol_units", "Declined"),
)


def log(count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (f"{ask}\n{item}", said, "patient alone", f"2026-09-15 10:{n % 60:02}\nAnn Berg")
        for n, (ask, item, said) in enumerate(islice(cycle(ASKED), count))
    )


SECTIONS = (
    Section(
        "At a glance",
        (
            Text(FRAME.banner, strong=True),
            Text("Age 27; hopes for help with: depression."),
            Text("Task: safety call, from 2026-09-16 10:52 to 2026-09-18 10:52"),
        ),
    ),
    Section(
        "Flags",
        (Grid(("Tier, due", "Flag and answers", "Basis", "Review"), (11, 38, 37, 14), FLAGS * 2),),
    ),
    Section("Suicide-risk screen and escalation", tuple(map(Text, PAGE_ONE[1].entries))),
    Section(
        "Antidepressant trials",
        (
            Text("Failed adequate trials: 1 certain, 2 possible; at least 6 weeks."),
            Grid(
                (
                    "Medicine",
                    "Started",
                    "Highest dose",
                    "Weeks",
                    "Most days",
                    "Better by",
                    "Ended",
                    "Counted",
                ),
                (15, 11, 12, 9, 8, 10, 12, 23),
                (
                    (
                        "sertraline",
                        "2024-03",
                        "200 mg",
                        "14",
                        "Yes",
                        "20 %",
                        "no effect",
                        "failed, adequate",
                    ),
                    (
                        "venlafaxine XR",
                        "2024-09",
                        "225 mg",
                        "10",
                        "Yes",
                        "0 %",
                        "no effect",
                        "failed, adequate",
                    ),
                    (
                        "bupropion XL",
                        "2026-01",
                        "Does not know",
                        "9",
                        "Yes",
                        "10 %",
                        "still taken",
                        "still running: dose not known",
                    ),
                ),
            ),
        ),
    ),
    Section(
        "Every answer, in the order given",
        (
            Grid(("Asked", "Answer", "Source", "When, by"), (48, 22, 13, 17), log(80)),
            Grid(
                ("Unanswered", "Reads", "Belongs to"),
                (62, 24, 14),
                tuple(
                    (f"{ask} ({item})", "Not asked", "second contact") for ask, item, _ in ASKED * 3
                ),
            ),
        ),
    ),
    Section(
        "Thresholds of this protocol",
        (
            Grid(
                ("Parameter", "Value and basis"),
                (38, 62),
                tuple(
                    (
                        f"bp_severe_or_hold.stop_systolic_{n}",
                        f"stop_systolic_{n} = 160 (PLACEHOLDER: to be set by the clinic; not "
                        "confirmed, nobody's number yet)",
                    )
                    for n in range(24)
                ),
            ),
        ),
    ),
    Section(
        "Decision and signature",
        (
            Text(
                "Not signed. Decision: ______________  Name: ______________  Date: ____",
                strong=True,
            ),
        ),
    ),
)

SAMPLE = Packet(FRAME, PAGE_ONE, SECTIONS)


# Reading back -------------------------------------------------------------------------------------

FRAMELESS = replace(FRAME, marks=(), banner="", demo=False, protocol="END-OF-HEAD", notice="FOOT")
TITLES = [block.title for block in PAGE_ONE]


@pytest.fixture(scope="module")
def pages() -> list[str]:
    """What is printed of the sample."""
    return read(SAMPLE)


def read(packet: Packet) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(BytesIO(pdf.render(packet))).pages]


def squeeze(text: str) -> str:
    """Without gaps: where a line ends is no part of what it says."""
    return "".join(unicodedata.normalize("NFC", text).split())


def bodies(packet: Packet) -> tuple[str, str]:
    """What stands between head and foot on page one and on the pages after it, without gaps."""
    pages = read(replace(packet, frame=FRAMELESS))
    inner = [squeeze(re.sub(r"(?s)^.*? of \d+\n|FOOT$", "", page)) for page in pages]
    return inner[0], "".join(inner[1:])


def blocks(*entries: tuple[str, ...]) -> tuple[Entries, ...]:
    """The eight blocks with other entries: the first block gets the first ones, and so on."""
    return tuple(Entries(title, own) for title, own in zip(TITLES, cycle(entries), strict=False))


def positions(page: PdfPage, parts: list[str]) -> list[float]:
    """How far from the foot of the page each text stands, in points."""
    words = page.get_textpage()
    found = [words.search(part, match_case=True).get_next() for part in parts]
    return [words.get_charbox(place[0])[1] for place in found if place is not None]


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """By more than 1.5 points both ways: an accent may touch the line above it."""
    return all(
        min(one[n + 2], other[n + 2]) - max(one[n], other[n]) > 1.5  # left, bottom, right, top
        for n in (0, 1)
    )


def assert_stands_free(packet: Packet) -> None:
    """No words in the margins, and none on each other."""
    with closing(PdfDocument(pdf.render(packet))) as document:
        for page in document:
            words = page.get_textpage()
            boxes = [words.get_rect(n) for n in range(words.count_rects())]
            for left, bottom, right, top in boxes:
                assert min(left, bottom) > 34
                assert right < 612 - 34
                assert top < 792 - 34
            assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]


LETTERS = st.characters(min_codepoint=0x21, max_codepoint=0x17F, exclude_categories=("C", "Z"))
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=12), max_size=12).map(" ".join)
LENGTHS = st.sampled_from((1, 1, 2, 20, 400))
ANY_TEXT = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=20), LENGTHS)
ANY_ENTRIES = st.builds(
    lambda texts, times: tuple(texts) * times,
    st.lists(ANY_TEXT, max_size=3),
    st.sampled_from((1, 2, 25)),
)
ANY_FRAME = st.builds(
    Frame,
    **dict.fromkeys(("name", "born", "record_number", "protocol", "status"), ANY_TEXT),
    **dict.fromkeys(("collected", "made", "clinic", "banner", "notice"), ANY_TEXT),
    marks=st.lists(ANY_TEXT, max_size=4).map(tuple),
    demo=st.just(False),
)
# Not made smaller when they fail: that takes minutes where each try is a document.
FEW = settings(max_examples=20, deadline=None, phases=set(Phase) - {Phase.shrink, Phase.explain})


# The frame ----------------------------------------------------------------------------------------


def test_every_page_says_whose_it_is_and_how_it_came_about(pages: list[str]) -> None:
    """Seen to fail with the head drawn on page one alone."""
    wanted = (NAME, FRAME.born, FRAME.record_number, FRAME.protocol, FRAME.status, FRAME.collected)
    wanted += (FRAME.made, FRAME.clinic, *FRAME.marks, FRAME.notice)
    for number, page in enumerate(pages, 1):
        missing = [text for text in wanted if squeeze(text) not in squeeze(page)]
        assert not missing
        assert f"Page {number} of {len(pages)}" in page


def test_the_safety_banner_is_on_every_page_in_words(pages: list[str]) -> None:
    """Seen to fail with the word URGENT left out, and with the banner on page one alone."""
    for page in pages:
        assert squeeze(f"URGENT {FRAME.banner}") in squeeze(page)


def test_without_a_banner_no_page_says_urgent() -> None:
    """Seen to fail with the label drawn whatever the banner."""
    assert "URGENT" not in "".join(read(replace(SAMPLE, frame=replace(FRAME, banner=""))))


def test_what_was_urgent_stands_calmly_on_every_page(pages: list[str]) -> None:
    """Seen to fail with the history on page one alone, and with the word URGENT before it."""
    for page in pages:
        assert squeeze(FRAME.history) in squeeze(page)
    for page in read(replace(SAMPLE, frame=replace(FRAME, banner=""))):
        assert squeeze(FRAME.history) in squeeze(page)
        assert "URGENT" not in page


def test_a_demo_says_so_twice_on_every_page_and_a_real_one_never(pages: list[str]) -> None:
    """Seen to fail with the watermark on page one alone, and with it on real pages."""
    for page in pages:
        assert "DEMO, not a real patient" in page
        assert page.count("DEMO") == 2
    assert "DEMO" not in "".join(read(replace(SAMPLE, frame=replace(FRAME, demo=False))))


def test_a_name_of_300_signs_stands_in_full_on_every_page() -> None:
    """Seen to fail with a head that gives a name three lines."""
    for name in ("Anna-Maria " * 27, "W" * 300):
        for page in read(replace(SAMPLE, frame=replace(FRAME, name=name))):
            assert squeeze(name) in squeeze(page)


def test_what_the_head_has_to_shorten_is_printed_in_full_after_page_one() -> None:
    """Seen to fail with the shortened texts forgotten."""
    banner = " ".join(f"word{n}" for n in range(2000))
    first, *rest = read(replace(SAMPLE, frame=replace(FRAMELESS, banner=banner)))
    assert "word0" in first
    assert "word1999" not in first
    numbers = re.findall(r"word(\d+)(?!\d|…)", "".join(rest))
    assert set(map(int, numbers)) == set(range(2000))


def test_nothing_stands_on_anything_else() -> None:
    """Seen to fail with a head of fixed height, and with columns that do not wrap."""
    assert_stands_free(replace(SAMPLE, frame=replace(FRAME, demo=False)))


@FEW
@given(WORDS, WORDS, WORDS, st.integers(1, 40))
def test_nothing_stands_on_anything_else_whatever_the_head(
    name: str, banner: str, mark: str, times: int
) -> None:
    """Seen to fail with a body that begins at a fixed height."""
    frame = replace(
        FRAME, demo=False, name=name * times, banner=banner * times, marks=(mark,) * times
    )
    assert_stands_free(Packet(frame, PAGE_ONE, SECTIONS[:1]))


# Page one -----------------------------------------------------------------------------------------


def left_edge(page: PdfPage) -> list[str]:
    """The signs that begin a line at the left margin, from the top of the page to its foot."""
    words = page.get_textpage()
    boxes = [(words.get_charbox(n), words.get_text_range(n, 1)) for n in range(words.count_chars())]
    found = [(box[1], sign) for box, sign in boxes if 36 <= box[0] < 40 and 36 < box[1] < 756]
    return [sign for _height, sign in sorted(found, reverse=True)]


def assert_eight_on_page_one(packet: Packet) -> None:
    """Their numbers, in order: no other text on page one begins where the titles do."""
    with closing(PdfDocument(pdf.render(packet))) as document:
        signs = iter(left_edge(document[0]))
    assert all(number in signs for number in "12345678")


@FEW
@given(ANY_FRAME, st.lists(ANY_ENTRIES, min_size=8, max_size=8))
def test_all_eight_blocks_stand_on_page_one_whatever_is_in_them(
    frame: Frame, entries: list[tuple[str, ...]]
) -> None:
    """Seen to fail with nothing cut, and with one line too many a block."""
    assert_eight_on_page_one(Packet(frame, blocks(*entries), ()))


def test_the_worst_packet_still_has_eight_blocks_on_page_one() -> None:
    """Seen to fail with the banner uncut, and with each limit of the head doubled."""
    long = "Wyoming " * 500
    frame = Frame(*[long] * 8, (long, long), long, long, False, long)
    packet = Packet(frame, blocks((long,) * 3), ())
    assert_eight_on_page_one(packet)
    assert_stands_free(packet)


@FEW
@given(st.lists(st.lists(WORDS, max_size=15), min_size=8, max_size=8))
def test_no_entry_is_lost(texts: list[list[str]]) -> None:
    """Seen to fail with the continuation one entry short, and without the shortened entry."""
    entries = [
        tuple(f"e{block}.{n}: {text}" for n, text in enumerate(own))
        for block, own in enumerate(texts)
    ]
    first, rest = bodies(Packet(FRAME, blocks(*entries), ()))
    for own in entries:
        for entry in own:
            assert squeeze(entry) in first or squeeze(entry) in rest


def test_page_one_says_how_many_more_there_are_and_page_two_has_them() -> None:
    """Seen to fail with a count that forgets one, and with the sections before the continuation."""
    many = tuple(f"entry number {n}" for n in range(1, 101))
    packet = Packet(FRAMELESS, blocks(many, ("alone",)), SECTIONS[:1])
    first, second = read(packet)[:2]
    counts = [int(count) for count in re.findall(r"^(\d+) more on page 2$", first, re.MULTILINE)]
    assert len(counts) == 4
    for count in counts:
        assert f"entry number {100 - count}\n{count} more on page 2" in first
    _first, rest = bodies(packet)
    assert rest.startswith(squeeze(f"1 Identity, continued entry number {101 - counts[0]}"))
    assert "1 Identity, continued" in second
    assert rest.rindex("continued") < rest.index("Ataglance")


def test_the_longest_block_gives_way_and_the_short_ones_stay_whole() -> None:
    """Seen to fail with the same number of lines for each block."""
    own = [block.entries for block in PAGE_ONE]
    own[7] = tuple(f"BEFORE FIRST DOSE: letter {n}" for n in range(60))
    first, rest = bodies(Packet(FRAME, blocks(*own), ()))
    for entries in own[:7]:
        for entry in entries:
            assert squeeze(entry) in first
    assert "letter0" in first
    assert "letter59" in rest


def test_a_block_with_two_shares_has_twice_the_lines_where_not_all_have_room() -> None:
    """Seen to fail with every share counted as one."""
    full = [replace(b, entries=tuple(f"{b.title[0]}e{n}." for n in range(60))) for b in PAGE_ONE]
    full[1] = replace(full[1], share=2)
    first, _rest = bodies(Packet(FRAME, tuple(full), ()))
    shown = [len(re.findall(rf"{number}e\d+\.", first)) for number in "1234"]
    assert shown[1] + 1 >= 2 * shown[0] > 4  # a line says how many more there are
    assert shown[0] - 1 <= shown[2] <= shown[0] + 1


def test_an_entry_too_long_for_its_place_is_shortened_and_says_so() -> None:
    """Seen to fail without the mark, and with the rest of the entry alone on page 2."""
    text = " ".join(f"word{n}" for n in range(900))
    first, rest = bodies(Packet(FRAME, blocks((text,), ("short",)), ()))
    assert first.count("…moreonpage2") == 4
    assert squeeze(text) in rest


# Sections -----------------------------------------------------------------------------------------


def section(*found: Text | Grid) -> Packet:
    return Packet(FRAMELESS, PAGE_ONE, (Section("Section", found),))


def test_the_sections_follow_in_order(pages: list[str]) -> None:
    """Seen to fail with the sections sorted by title."""
    text = squeeze("".join(pages[1:]))
    places = [text.index(squeeze(part.title)) for part in SECTIONS]
    assert places == sorted(places)


def test_every_row_is_printed_and_every_page_names_the_columns() -> None:
    """Seen to fail with a header at the start of a table alone, and with the last row left out."""
    rows = tuple((f"question {n}?", f"answer {n}.") for n in range(300))
    _first, *rest = read(section(Grid(("Asked it", "Reads so"), (60, 40), rows)))
    assert len(rest) > 4
    assert all("Asked it" in page and "Reads so" in page for page in rest)
    found = re.findall(r"question (\d+)\?\s+answer (\d+)\.", "".join(rest))
    assert [(int(ask), int(said)) for ask, said in found] == [(n, n) for n in range(300)]


def test_a_row_longer_than_a_page_goes_on_over_it() -> None:
    """Seen to fail with rows that are never parted."""
    note = " ".join(f"word{n}" for n in range(1500))
    rows = (("Why?", f"Because:\n{note}"), ("When?", "never"))
    packet = section(Grid(("Asked", "Answer"), (60, 40), rows))
    _first, rest = bodies(packet)
    assert squeeze(note) in rest.replace("AskedAnswerWhy?continuedBecause:", "")
    assert_stands_free(packet)


def test_a_row_that_goes_on_over_the_page_says_again_what_it_is() -> None:
    """Seen to fail with the column titles alone at the top of the next page."""
    reasons = "\n".join(["Suicide risk (raised)", *(f"reason {n}" for n in range(150))])
    pages = read(section(Grid(("Tier", "Flag"), (11, 89), (("STOP\nnow", reasons),))))[1:]
    assert len(pages) > 2
    for page in pages:
        assert in_order(("Tier", "STOP", "Suicide risk (raised)", "reason"), page)


def test_a_line_break_in_a_cell_is_one_on_the_page() -> None:
    """Seen to fail with cells wrapped as one paragraph."""
    packet = section(Grid(("Asked", "Answer"), (50, 50), (("over\nunder", "yes"),)))
    with closing(PdfDocument(pdf.render(packet))) as document:
        over, under = positions(document[1], ["over", "under"])
    assert 5 < over - under < 15


def test_a_table_without_rows_says_none() -> None:
    """Seen to fail with a header over nothing."""
    assert "none" in read(section(Grid(("To obtain",), (100,), ())))[1]


def test_a_cell_too_many_is_refused_rather_than_left_out() -> None:
    """Seen to fail with a zip that stops at the shorter one."""
    with pytest.raises(ValueError, match="zip"):
        pdf.render(section(Grid(("Asked", "Answer"), (50, 50), (("one", "two", "three"),))))


@pytest.mark.parametrize("tier", ["STOP", "REVIEW", "NOTE"])
def test_a_tier_stands_in_words(tier: str) -> None:
    """Seen to fail with a frame that covers its word."""
    row = (f"{tier}\nsame day", "Label (raised)\nreason")
    page = read(section(Grid(("Tier, due", "Flag"), (11, 89), (row,))))[1]
    assert in_order((tier, "same day", "Label (raised)", "reason"), page)


def in_order(parts: tuple[str, ...], text: str) -> bool:
    places = [squeeze(text).find(squeeze(part)) for part in parts]
    return -1 not in places and places == sorted(places)


# Letters ------------------------------------------------------------------------------------------

EAST = "王小明 Wang, 佐藤カナ さとう, 김민준 KIM, \u1112\u1161\u11ab, 髙﨑"
PLACES: dict[str, Callable[[str], Packet]] = {
    "name": lambda text: replace(SAMPLE, frame=replace(FRAMELESS, name=text), sections=()),
    "banner": lambda text: replace(SAMPLE, frame=replace(FRAMELESS, banner=text), sections=()),
    "mark": lambda text: replace(SAMPLE, frame=replace(FRAMELESS, marks=(text,)), sections=()),
    "foot": lambda text: replace(SAMPLE, frame=replace(FRAMELESS, notice=text), sections=()),
    "block title": lambda text: Packet(FRAMELESS, (Entries(text, ("entry",)),), ()),
    "entry": lambda text: Packet(FRAMELESS, blocks((text,)), ()),
    "paragraph": lambda text: section(Text(text)),
    "strong paragraph": lambda text: section(Text(text, strong=True)),
    "cell": lambda text: section(Grid(("Asked",), (100,), ((text,),))),
    "column title": lambda text: section(Grid((text,), (100,), (("cell",),))),
    "section title": lambda text: Packet(FRAMELESS, PAGE_ONE, (Section(text, (Text("text"),)),)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("<b>Al & Bo</b> &lt; <img src='x'/> %s {} \\n (", None),
        ("ring\x07, null\x00, \u202eturned, soft\u00adhyphen", "ring, null, turned, softhyphen"),
        ("ก Wang, \U0001f600, \ud800.", "� Wang, �, �."),
        ("Ünal Łukasz Θεός Ђорђе Nguyễn e\u0301", None),
        (EAST, None),
    ],
    ids=["markup", "control signs", "signs that no font has", "accents and alphabets", "east"],
)
def test_a_text_prints_as_it_is(place: str, text: str, printed: str | None) -> None:
    """Seen to fail with tags taken out, with control signs kept, with lacking signs dropped, and
    with one font for all signs of a line.
    """
    assert squeeze(printed or text) in squeeze("".join(read(PLACES[place](text))))


@pytest.mark.parametrize("place", PLACES)
def test_signs_of_two_fonts_stand_side_by_side(place: str) -> None:
    """Seen to fail with the signs of the third font measured in the first."""
    assert_stands_free(PLACES[place](f"{EAST} SIGNS {EAST}"))


@pytest.mark.parametrize(
    ("word", "bold"),
    [("OPEN,", True), ("(STOP),", True), ("NOT", True), ("HIGH;", True), ("Open", False),
     ("HXK", False), ("(ECG);", False), ("7KX", False), ("PDMP", False), ("DIMITRI", False)],
)  # fmt: skip
def test_only_our_own_capitals_are_set_in_bold(word: str, bold: bool) -> None:
    """Seen to fail with: every word in capitals, be it the number of a car."""
    assert pdf.ENTRY.font(word) == (pdf.BOLD if bold else pdf.PLAIN)


def test_what_the_packet_writes_in_capitals_is_ours() -> None:
    """Seen to fail with: one of these words forgotten in the list; one there that nobody writes."""
    texts = [packet.__file__, screening.__file__]
    trees = [ast.walk(ast.parse(Path(file).read_text("utf-8"))) for file in texts]
    calls = [node for tree in trees for node in tree if isinstance(node, ast.Call)]
    said = [
        str(text.value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in ("_", "_n")
        for text in call.args
        if isinstance(text, ast.Constant)
    ]
    said += [word.upper() for word in packet._due_words().values()]
    levels = packet._level_names()
    said += [words.upper() for level, words in levels.items() if level != "none_identified"]
    written = {word for text in said for word in re.findall(r"\b[A-Z]{3,}\b", text)}
    assert written - {"CFR"} == set(pdf._our_capitals().split())


def test_a_text_without_gaps_is_parted_at_the_end_of_the_line() -> None:
    """Seen to fail with a width that the third font does not count in."""
    text = "東京都千代田区丸の内一丁目" * 40
    packet = section(Text(text), Grid(("Asked", "Answer"), (70, 30), (("Why?", text),)))
    assert bodies(packet)[1].count(text) == 2
    assert_stands_free(packet)


def test_each_sign_has_its_own_shape() -> None:
    """Seen to fail with one font for all signs: each is the same empty box then."""
    seen = {picture(section(Text(name))) for name in ("王小明", "李小明", "김민준", "ก", "ข")}
    assert len(seen) == 4  # what no font has is the same stand-in


def picture(packet: Packet) -> bytes:
    """The second page as it is seen."""
    with closing(PdfDocument(pdf.render(packet))) as document:
        return bytes(document[1].render().buffer)


def test_only_a_sign_that_the_others_lack_calls_for_the_third_font() -> None:
    """It is large. Seen to fail with all three fonts read before the first page."""
    pdf._fallback.cache_clear()
    pdf.render(SAMPLE)
    assert pdf._fallback.cache_info().currsize == 0
    pdf.render(section(Text("王")))
    assert pdf._fallback.cache_info().currsize == 1


def test_an_accent_and_its_letter_print_as_one_sign() -> None:
    """Seen to fail with the text left as it came: the accent then stands beside its letter."""
    assert "René" in read(section(Text("Rene\u0301")))[1]


# The file -----------------------------------------------------------------------------------------


def test_equal_packets_give_equal_bytes_whenever_they_are_made() -> None:
    """Seen to fail with a canvas that reads the clock."""
    made = pdf.render(SAMPLE)
    assert pdf.render(replace(SAMPLE, sections=(*SECTIONS,))) == made
    assert PdfReader(BytesIO(made)).metadata["/CreationDate"].startswith("D:20000101")  # type: ignore[index]


def test_what_describes_the_file_names_no_patient() -> None:
    """Seen to fail with the patient's name as author."""
    found = PdfReader(BytesIO(pdf.render(SAMPLE)))
    assert found.metadata is not None
    assert found.metadata.title == "Intake summary"
    described = " ".join(map(str, found.metadata.values()))
    assert not [
        word for word in (*NAME.split(), FRAME.born, FRAME.record_number) if word in described
    ]


def test_no_word_of_a_patient_stays_in_the_cache() -> None:
    """Seen to fail with the cache kept."""
    pdf.render(section(Text(EAST)))
    for kept in (pdf._units, pdf._advance, pdf._sign):
        assert kept.cache_info().currsize == 0


def embedded(packet: Packet) -> dict[str, int]:
    """The fonts in the file, with their sizes in bytes."""
    fonts: dict[str, int] = {}
    for page in PdfReader(BytesIO(pdf.render(packet))).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            described = font.get_object()
            name = described["/BaseFont"].partition("+")[2]
            fonts[name] = len(described["/FontDescriptor"]["/FontFile2"].get_data())
    return fonts


def test_the_fonts_are_in_the_file() -> None:
    """Seen to fail with Helvetica for the page number."""
    assert embedded(SAMPLE).keys() == {"DejaVuSans", "DejaVuSans-Bold"}


def test_of_the_third_font_only_the_signs_used_are_in_the_file() -> None:
    """Seen to fail with one font for all signs of a line."""
    assert 0 < embedded(section(Text(EAST)))["DroidSansFallback"] < 50_000
