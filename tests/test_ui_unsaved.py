"""A write that fails under a real window over a real vault: what the header and the field say, and
what is in the records afterwards. The faults are SQLite's own."""

from contextlib import contextmanager

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from sqlalchemy import select

from intake_app.core.agenda import NAME
from intake_app.store import database, schema
from tests.hands import CTRL, ENTER
from tests.test_ui_call import calling, hands, latest, new_vault, on_disk  # noqa: F401 - fixtures

Key = Qt.Key
LONG = "at the library, second floor" * 400  # beyond any page that was begun


def pragma(hands, words):  # noqa: F811
    """Outside any transaction: one that is read-only begins none."""
    raw = hands.desk.service._office.records._engine.raw_connection()
    raw.driver_connection.execute(f"PRAGMA {words}")
    raw.close()


@contextmanager
def no_room(hands):  # noqa: F811
    pragma(hands, "max_page_count = 1")  # SQLite takes no page more than there are
    try:
        yield
    finally:
        pragma(hands, "max_page_count = 1000000")


@contextmanager
def disk_error(hands):  # noqa: F811
    """The system refuses every byte beyond what the log has already."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = hands.folder / database.LOG
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(hands):  # noqa: F811
    pragma(hands, "query_only = 1")
    try:
        yield
    finally:
        pragma(hands, "query_only = 0")


FAULTS = {
    "the disk is full": no_room,
    "the disk reported an error": disk_error,
    "read-only": read_only,
}


def header(hands):  # noqa: F811
    return hands.window._saved.text()


def said(hands):  # noqa: F811
    QApplication.processEvents()
    seen = [each.text() for each in hands.window.findChildren(QLabel) if each.isVisible()]
    return " ".join(seen)


@pytest.mark.parametrize("why", FAULTS)
def test_the_header_says_not_saved_from_a_failed_write_until_one_succeeds(calling, why):  # noqa: F811
    """The question stays with what was typed; the sentence says what happened, what is safe, what
    to do; Enter once more tries again. Seen to fail with: the header left at "Saved" of the answer
    before; the line taken as recorded before the commit, so that a second Enter went on with
    nothing saved."""
    calling.call.at("caller_location")
    with FAULTS[why](calling):
        calling.ready()
        calling.call._typed.line.setText(LONG)
        for _again in range(2):
            calling.press(ENTER)
            assert "NOT SAVED" in header(calling)
            assert calling.question == "caller_location"
            assert calling.call._typed.line.text() == LONG
            for part in ("Not saved: ", why, "What was saved before is safe", "give it again"):
                assert part in calling.call._typed._problem.text()
        calling.window.resize(700, 600)
        assert "NOT SAVED" in said(calling)
    assert latest(calling, "caller_location").value == "14 Elm Street, Dayton, Ohio"
    calling.press(ENTER)
    assert header(calling).startswith("✓ Saved")
    told = [a.value for a in on_disk(calling).intake.answers if a.item == "caller_location"]
    assert told == ["14 Elm Street, Dayton, Ohio", LONG]


@pytest.mark.parametrize("why", ["the disk reported an error", "read-only"])
def test_a_choice_that_is_not_saved_is_not_shown_as_chosen(calling, why):  # noqa: F811
    calling.call.at("stroke_ever")
    with FAULTS[why](calling):
        calling.digit(1)
        assert "NOT SAVED" in header(calling)
        assert why in said(calling)
        assert calling.question == "stroke_ever"
        assert not any(each.isChecked() for each in calling.call._choices._buttons)
        calling.press(Key.Key_W, CTRL)
        assert "NOT SAVED" in said(calling)
        calling.press(ENTER)
    assert latest(calling, "stroke_ever") is None
    calling.call.at("stroke_ever")
    calling.digit(1)
    assert header(calling).startswith("✓ Saved")
    assert why not in said(calling)
    assert latest(calling, "stroke_ever").value is True


def test_a_name_and_a_note_that_are_not_saved_stay_typed(calling):  # noqa: F811
    calling.call.at(NAME)
    with read_only(calling):
        calling.press(Key.Key_A, CTRL)
        calling.say("Robin Acht")
        assert (calling.question, calling.call._typed.line.text()) == (NAME, "Robin Acht")
        assert calling.desk.case.intake.patient.name == "Robin Achterberg"
        calling.press(Key.Key_L, CTRL)
        calling.say("the sister drives")
        assert calling.call._rail.notes.toPlainText() == "the sister drives"
        assert "NOT SAVED" in header(calling)


def test_a_fault_of_the_apps_own_is_not_saved_either(calling, monkeypatch):  # noqa: F811
    """Seen to fail with: refusals alone told."""

    def broken(*_given, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr(type(calling.desk.service), "record_answer", broken)
    with pytest.raises(ZeroDivisionError):
        calling.desk.change(lambda s: s.record_answer(calling.desk.intake_id, "stroke_ever", True))
    assert "NOT SAVED" in header(calling)


def test_what_was_only_refused_leaves_the_header(calling):  # noqa: F811
    """A text that is no date was given to nobody; what stands is saved. Seen to fail with: every
    refusal told as not saved."""
    calling.call.at("date_of_birth")
    calling.press(Key.Key_A, CTRL)
    calling.say("when the dog died")
    assert header(calling).startswith("✓ Saved")
    calling.desk.change(lambda s: s.record_answer(calling.desk.intake_id, "stroke_ever", "maybe"))
    assert header(calling).startswith("✓ Saved")


def shown(hands):  # noqa: F811
    rows = hands.window.screens["worklist"]._rows
    return [row.patient for row in rows.rows], rows.rowCount()


def test_while_nothing_can_be_written_the_worklist_shows_who_waits(calling):  # noqa: F811
    """And finds them by name. Seen to fail with: an empty list, "Nothing waiting here" and "Nobody
    is found by this", until Ctrl+W was pressed again."""
    before = "Robin Achterberg"
    with disk_error(calling):
        calling.press(Key.Key_W, CTRL)
        assert "NOT SAVED" in header(calling)
        assert "the disk reported an error" in said(calling)
        assert shown(calling) == ([before], 1)
        calling.type("achter")
        assert shown(calling) == ([before], 1)
        calling.type("xx")
        assert shown(calling) == ([], 0)
        assert "Nobody is found by this" in said(calling)
        calling.press(Key.Key_Escape)
        assert shown(calling) == ([before], 1)
        assert "Nothing waiting" not in said(calling)


def test_a_list_that_cannot_be_read_does_not_say_that_nobody_waits(calling, monkeypatch):  # noqa: F811
    """Seen to fail with: "Nothing waiting here"."""

    def broken(*_given, **_more):
        raise database.NotSaved("the disk reported an error")

    for name in ("worklist", "worklist_page", "count_worklist", "search", "search_on"):
        monkeypatch.setattr(type(calling.desk.service), name, broken)
    calling.press(Key.Key_W, CTRL)
    assert "Nothing waiting" not in said(calling)
    assert "could not be read" in said(calling)
    calling.type("a")
    assert "Nobody is found" not in said(calling)
    assert "could not be read" in said(calling)


@pytest.mark.parametrize("why", ["the disk reported an error", "read-only"])
def test_while_nothing_can_be_written_a_chart_opens_all_the_same(calling, why):  # noqa: F811
    """Where the person is and whom to phone is read from it; that somebody looked is in the trail
    before whatever is written next, once. Fails with: the chart refused; the entry dropped; the
    entry written twice.
    """
    calling.press(Key.Key_W, CTRL)
    before = entries(calling)
    with FAULTS[why](calling):
        calling.press(ENTER)
        assert calling.window.screen_name == "call"
        assert calling.desk.case.intake.patient.name == "Robin Achterberg"
        assert "NOT SAVED" in header(calling)
        assert "that you looked will be recorded" in said(calling)
        assert calling.desk.service.owes
    calling.call.at("stroke_ever")
    calling.digit(1)
    assert not calling.desk.service.owes
    assert header(calling).startswith("✓ Saved")
    new = entries(calling)[len(before) :]
    assert new[0] == "chart_viewed"
    assert new.count("chart_viewed") == 1


def entries(hands):  # noqa: F811
    with hands.desk.service._office.records.look() as connection:
        return list(connection.execute(select(schema.audit.c.event)).scalars())
