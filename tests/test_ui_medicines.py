"""Medicines while they are typed: what is offered, what Enter records, what is heard over it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from intake_app.core.medication import MatchState
from tests.conftest import listed
from ui.keys import EmergencyKey
from ui.theme import SHAPES
from ui.widgets.medicines import MedicineList, medicine_line

Key = Qt.Key
DOWN, UP, ENTER = Key.Key_Down, Key.Key_Up, Key.Key_Return


@pytest.fixture
def typing(qtbot, protocol):
    """A list that is offered what the shipped protocol knows, and what it told, in order."""
    found = MedicineList()
    found.suggest.connect(lambda text: found.offer(protocol.formulary.near(text)))
    found.told = []
    found.named.connect(lambda *told: found.told.append(told))
    found.finished.connect(lambda: found.told.append("finished"))
    qtbot.addWidget(found)
    found.show()
    found.setFocus()
    qtbot.waitUntil(found.line.hasFocus)
    return found


def keys(typing: MedicineList, *presses: Key | str) -> None:
    for press in presses:
        if isinstance(press, str):
            QTest.keyClicks(typing.line, press)
        else:
            QTest.keyClick(typing.line, press)


def names(typing: MedicineList) -> list[str]:
    return [typing.near.item(row).text() for row in range(typing.near.count())]


def test_half_a_word_is_completed_by_down_and_enter(typing):
    """Seen to fail with: the generic name on record for the brand that was chosen."""
    keys(typing, "ativ", DOWN, ENTER)
    assert typing.told == [("Ativan", "Ativan")]


@pytest.mark.parametrize("text", ["sertralin", "ativ", "zolift 50 mg", "lor"])
def test_enter_without_choosing_keeps_the_words_as_typed(typing, text):
    """Seen to fail with: the first name chosen as it is offered."""
    keys(typing, text)
    assert names(typing)
    keys(typing, ENTER)
    assert typing.told == [(text, "")]


def test_typing_on_chooses_nothing_any_more(typing):
    """Seen to fail with: the row kept over the next letter."""
    keys(typing, "lora", DOWN, DOWN, "z", ENTER)
    assert typing.told == [("loraz", "")]


def test_up_from_the_first_name_is_back_to_the_words(typing):
    """Seen to fail with: Up that stays on the first name."""
    keys(typing, "zolift", DOWN, UP, ENTER)
    assert typing.told == [("zolift", "")]


def test_the_arrows_stop_at_the_ends(typing):
    keys(typing, "lor", *[DOWN] * 20)
    assert typing.near.currentRow() == len(names(typing)) - 1
    keys(typing, *[UP] * 20)
    assert typing.near.currentRow() == -1


def test_a_misspelling_keeps_the_words_beside_the_chosen_name(typing):
    keys(typing, "zolift 50 mg", DOWN, ENTER)
    assert typing.told == [("zolift 50 mg", "Zoloft")]


def test_a_click_takes_a_name(typing):
    keys(typing, "effexer")
    place = typing.near.visualItemRect(typing.near.item(0)).center()
    QTest.mouseClick(typing.near.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert typing.told == [("effexer", "Effexor XR")]


def test_an_empty_line_goes_on(typing):
    keys(typing, ENTER)
    assert typing.told == ["finished"]


def test_nothing_of_one_medicine_is_offered_for_the_next(typing):
    """Seen to fail with: the names left in the list after it was put."""
    keys(typing, "sertralin", DOWN)
    typing.put(["sertraline"])
    assert (names(typing), typing.near.isVisible()) == ([], False)
    keys(typing, ENTER)
    assert typing.told == ["finished"]


def test_the_line_keeps_the_focus_and_no_popup_opens(typing, qapp, qtbot):
    """So the emergency key is heard once, and a screen reader stays where the words are.

    Seen to fail with: the focus moved into the list; a completer with a popup of its own.
    """
    heard = EmergencyKey(qapp)
    pressed = []
    heard.pressed.connect(lambda: pressed.append(True))
    try:
        keys(typing, "lor", DOWN)
        assert typing.line.hasFocus()
        assert QApplication.activePopupWidget() is None
        keys(typing, Key.Key_F9)
        assert pressed == [True]
        keys(typing, ENTER)
    finally:
        qapp.removeEventFilter(heard)
        heard.deleteLater()
    assert len(typing.told) == 1


def test_how_many_names_are_offered_is_told_to_a_screen_reader(typing):
    """Seen to fail with: a description that stays when nothing is offered any more."""
    keys(typing, "sertralin")
    assert str(typing.near.count()) in typing.line.accessibleDescription()
    keys(typing, "qqqqqqqqqqqq")
    assert typing.line.accessibleDescription() == ""


def test_the_three_states_differ_in_shape_and_in_words(protocol):
    """Seen to fail with: one shape for two states; a confirmed name not shown."""
    formulary = protocol.formulary
    lines = {
        state: medicine_line(formulary, medication)
        for state, medication in (
            (MatchState.INTERACTION_LISTED, listed("phenelzine")),
            (MatchState.RECOGNISED, listed("vitamin D")),
            (MatchState.NOT_CHECKED, listed("a small blue pill")),
        )
    }
    for state, line in lines.items():
        assert formulary.match(listed(line[2:].partition(":")[0])).state is state
    assert len({line[0] for line in lines.values()} & set(SHAPES.values())) == 3
    assert len({line.partition(":")[2] for line in lines.values()}) == 3
    assert SHAPES["done"] not in "".join(lines.values())
    maybe = medicine_line(formulary, listed("one for sleep, maybe lorazepam"))
    assert maybe.startswith(SHAPES["unknown"])
    assert "may be lorazepam" in maybe
    assert "Zoloft" in medicine_line(formulary, listed("zolift", confirmed="Zoloft"))
