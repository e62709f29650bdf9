"""Check answers, review, signing and addenda, by hand on a real vault in a real window."""

import io

import pypdf
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from intake_app import content
from intake_app.content import Bundle
from intake_app.core import review
from intake_app.core.model import Decision, Disposition, Role, State
from intake_app.service import MedicineEntry
from tests.gates import settle
from tests.vaults import CLINICIAN, COORDINATOR, PASSWORD, Clock, open_clinic
from ui import theme
from ui.desk import Desk
from ui.main_window import MainWindow
from ui.screens.sign import AddendumDialog, ClinicianDialog, SignDialog
from ui.widgets.flag_card import _kind_words, _source_lines

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NOTE, STOP, REVIEW = "call_location_and_callback", "stroke_or_tia", "private_to_talk"


@pytest.fixture
def vault_(tmp_path):
    desk = open_clinic(tmp_path / "v", Clock())
    yield desk
    desk.close()


def on_the_line(vault_):
    """An intake with a note, a stop and a review to decide on; the call is open."""
    service = vault_.acting_as(COORDINATOR, PASSWORD)
    intake = service.begin_call().intake.id
    service.identify_patient(intake, "Test & Person")
    service.record_answer(intake, "callback_permission", "someone_elses_phone")
    service.record_answer(intake, "stroke_ever", True)
    service.record_answer(intake, "can_talk_freely", False)
    return intake


def handed_on(vault_):
    """The same, submitted: everything that was left out is flagged as well."""
    intake = on_the_line(vault_)
    service = vault_.acting_as(COORDINATOR, PASSWORD)
    service.end_call(intake)
    service.submit(intake)
    return intake


def decided(vault_, stop=Decision.ACCEPTED_WITH_CONDITION):
    """The same, every flag decided; `stop` is the decision on that one."""
    intake = handed_on(vault_)
    clinician = vault_.acting_as(CLINICIAN, PASSWORD)
    for flag in clinician.show(intake).screening.flags:
        decision = stop if flag.key == STOP else Decision.ACCEPTED_WITH_CONDITION
        clinician.review_flag(intake, flag.key, decision, "to be seen at the consult")
    return intake


@pytest.fixture
def at(qtbot, vault_):
    """Opens the window as one of the staff, on an intake and a screen."""
    theme.apply(QApplication.instance(), theme.Theme())

    def show(name, intake, screen):
        service = vault_.acting_as(name, PASSWORD)
        desk = Desk(service, Clock())
        window = MainWindow(desk)
        qtbot.addWidget(window, before_close_func=MainWindow.hide)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        assert desk.open(intake)
        window.go(screen)
        return window

    return show


def press(key, modifiers=Qt.KeyboardModifier.NoModifier):
    """To whatever has the focus, as a keyboard does."""
    QApplication.processEvents()
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key, modifiers)
    QApplication.processEvents()


def write(text):
    QTest.keyClicks(QApplication.focusWidget(), text)


def to(window, flag):
    """The focus on the card of a flag."""
    cards = window.screens["review"]._cards
    card = next(each for each in cards if each.flag_key == flag)
    card.setFocus()
    QApplication.processEvents()
    return card


def standing(window, flag):
    case = window.desk.case
    return review.standing(case.intake, case.screening.flag(flag))


def shown_text(widget: QWidget):
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


# Check answers ------------------------------------------------------------------------------------


def test_enter_on_a_gap_goes_back_to_its_question(at, vault_):
    """Seen to fail with: `wanted` not connected in the main window."""
    window = at(COORDINATOR, on_the_line(vault_), "check")
    gaps = window.screens["check"]._list
    wanted = gaps.currentItem().data(Qt.ItemDataRole.UserRole)
    press(Qt.Key.Key_Return)
    assert window.screen_name == "call"
    assert window.screens["call"]._question.key == wanted


def test_headings_of_gaps_are_no_links(at, vault_):
    """Seen to fail with: flags of a heading left as they are; the first row always current."""
    window = at(COORDINATOR, on_the_line(vault_), "check")
    gaps = window.screens["check"]._list
    assert not gaps.item(0).flags() & Qt.ItemFlag.ItemIsSelectable
    assert gaps.currentRow() == 1


def test_a_gap_of_another_contact_says_so(at, vault_):
    """Seen to fail with: the way back taken to whatever question is next."""
    intake = on_the_line(vault_)
    vault_.acting_as(COORDINATOR, PASSWORD).record_answer(intake, "phq9.1", state=State.DECLINED)
    window = at(COORDINATOR, intake, "check")
    window.screens["check"].wanted.emit("phq9.1")
    assert window.screen_name == "check"
    assert "another contact" in window._problem.text()


def test_an_open_line_is_asked_about_before_the_intake_is_handed_on(at, vault_):
    """Seen to fail with: `_asking` set at the start; the second key without `submit`."""
    window = at(COORDINATOR, on_the_line(vault_), "check")
    press(Qt.Key.Key_Return, CONTROL)
    assert window.desk.case.intake.live_call is not None
    assert window.desk.case.intake.submitted is None
    assert "end the call?" in shown_text(window.screens["check"])
    press(Qt.Key.Key_Escape)
    assert "end the call?" not in shown_text(window.screens["check"])
    case = window.desk.case
    press(Qt.Key.Key_Return, CONTROL)
    press(Qt.Key.Key_Return, CONTROL)
    assert window.screen_name == "worklist"
    after = vault_.acting_as(COORDINATOR, PASSWORD).show(case.intake.id).intake
    assert after.live_call is None
    assert after.submitted is not None


def test_the_closing_words_stand_with_the_crisis_line(at, vault_):
    """Seen to fail with: the numbers of the clinic not handed to `closing.script`."""
    window = at(COORDINATOR, on_the_line(vault_), "check")
    assert "988" in shown_text(window.screens["check"])


# Deciding -----------------------------------------------------------------------------------------


def test_a_note_is_acknowledged_by_one_key(at, vault_):
    """Seen to fail with: a reason asked for every decision."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    to(window, NOTE)
    press(Qt.Key.Key_A)
    found = standing(window, NOTE)
    assert found.decision is Decision.ACKNOWLEDGE
    assert found.reason == ""


def test_a_stop_takes_no_coded_reason_and_no_empty_one(at, vault_):
    """Seen to fail with: `needs_words` always False; the refusal shown nowhere."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    card = to(window, STOP)
    press(Qt.Key.Key_C)
    editor = window.screens["review"]._editor
    assert editor._codes.isHidden()
    press(Qt.Key.Key_Return, CONTROL)
    assert standing(window, STOP) is None
    assert "needs a reason in words" in shown_text(card)
    write("no stroke on the record")
    press(Qt.Key.Key_Return)
    found = standing(window, STOP)
    assert found.decision is Decision.ACCEPTED_WITH_CONDITION
    assert found.reason == "no stroke on the record"
    assert "ACCEPTED WITH A CONDITION by Clive" in shown_text(card)


def test_a_review_takes_a_coded_reason_by_its_digit(at, vault_):
    """Seen to fail with: the digits left to the list."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    to(window, REVIEW)
    flag = window.desk.case.screening.flag(REVIEW)
    press(Qt.Key.Key_X)
    press(Qt.Key.Key_2)
    found = standing(window, REVIEW)
    assert found.decision is Decision.NOT_SUITABLE
    assert found.reason == review.coded_reasons(flag, Decision.NOT_SUITABLE)[1]


def test_escape_leaves_a_flag_undecided_and_the_focus_on_it(at, vault_):
    """Seen to fail with: the editor kept open; the focus lost with it."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    card = to(window, STOP)
    press(Qt.Key.Key_X)
    write("half")
    press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is card
    assert standing(window, STOP) is None


def test_a_question_back_reaches_the_list_of_queries(at, vault_):
    """Seen to fail with: Q recorded as an acknowledgement."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    to(window, STOP)
    press(Qt.Key.Key_Q)
    write("which hospital?")
    press(Qt.Key.Key_Return)
    assert standing(window, STOP).decision is Decision.NEEDS_INFORMATION
    row = vault_.acting_as(COORDINATOR, PASSWORD).worklist()[0]
    assert row.queries == 1


def test_a_decision_says_that_it_lapsed(at, vault_):
    """Seen to fail with: `standing` left out of `decision_line`."""
    intake = handed_on(vault_)
    window = at(CLINICIAN, intake, "review")
    card = to(window, STOP)
    press(Qt.Key.Key_X)
    write("a stroke was told")
    press(Qt.Key.Key_Return)
    window.desk.change(lambda s: s.record_answer(intake, "stroke_date", "2025"))
    assert "LAPSED: an answer changed" in shown_text(card)
    assert "a stroke was told" in shown_text(card)


def test_the_next_open_flag_gets_the_focus(at, vault_):
    """Seen to fail with: the focus left on the card that was decided."""
    window = at(CLINICIAN, on_the_line(vault_), "review")
    first, second = window.screens["review"]._cards[:2]
    assert first.hasFocus()
    press(Qt.Key.Key_X)
    write("a stroke was told")
    press(Qt.Key.Key_Return)
    assert second.hasFocus()


def test_a_coordinator_decides_nothing(at, vault_):
    """Seen to fail with: the role left to the service alone, after the reason was typed."""
    window = at(COORDINATOR, handed_on(vault_), "review")
    to(window, NOTE)
    press(Qt.Key.Key_A)
    assert standing(window, NOTE) is None
    assert "Ctrl+Shift+K" in shown_text(window.screens["review"])


def test_a_clinician_confirms_one_decision_at_the_coordinators_desk(at, vault_):
    """Seen to fail with: the decision made as who is signed in; the dialog closed on a refusal;
    the words cleared by it."""
    intake = on_the_line(vault_)
    window = at(COORDINATOR, intake, "review")
    to(window, STOP)
    press(Qt.Key.Key_K, CONTROL | SHIFT)
    dialog = window.screens["review"]._dialog
    assert isinstance(dialog, ClinicianDialog)
    press(Qt.Key.Key_4)
    write("a stroke was told")
    dialog.name.setFocus()
    write(CLINICIAN)
    press(Qt.Key.Key_Return)
    write("wrong")
    press(Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.problem.text()
    assert dialog.reason.toPlainText() == "a stroke was told"
    write(PASSWORD)
    press(Qt.Key.Key_Return)
    found = standing(window, STOP)
    staff = {member.id: member.name for member in vault_.clinic.staff()}
    assert found.decision is Decision.NOT_SUITABLE
    assert staff[found.by] == CLINICIAN
    assert window.desk.service.staff.name == COORDINATOR
    assert window.desk.case.intake.live_call is not None
    to(window, NOTE)
    press(Qt.Key.Key_A)
    assert standing(window, NOTE) is None


def test_j_and_k_and_the_arrows_go_from_flag_to_flag(at, vault_):
    """Seen to fail with: no end at either side; the flag left behind kept open."""
    window = at(CLINICIAN, on_the_line(vault_), "review")
    cards = window.screens["review"]._cards
    assert cards[0].hasFocus()
    press(Qt.Key.Key_K)
    assert cards[0].hasFocus()
    press(Qt.Key.Key_J)
    press(Qt.Key.Key_Down)
    assert cards[2].hasFocus()
    press(Qt.Key.Key_Up)
    assert cards[1].hasFocus()
    assert not cards[1]._below.isHidden()
    assert cards[0]._below.isHidden()


# Signing ------------------------------------------------------------------------------------------


def test_the_sign_button_says_what_is_missing(at, vault_):
    """Seen to fail with: the button greyed; the dialog opened over open flags."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    screen = window.screens["review"]
    assert screen._sign.isEnabled()
    press(Qt.Key.Key_Return, CONTROL)
    assert screen._dialog is None
    assert "not reviewed" in screen._problem.text()


def test_what_keeps_it_from_being_signed_leaves_room_for_a_flag_at_twice_the_size(at, vault_):
    """Seen to fail with: all forty named, cut above and below, over the flags."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    theme.apply(QApplication.instance(), theme.Theme(dark=True, scale=2.0))
    press(Qt.Key.Key_Return, CONTROL)
    settle()
    screen = window.screens["review"]
    said, missing = screen._problem, review.open_for_all(window.desk.case)
    assert said.text().endswith(f"; and {len(missing) - 4} more.")
    assert all(point in said.text() for point in missing[:4])
    assert said.visibleRegion().boundingRect() == said.rect()
    assert said.height() >= said.heightForWidth(said.width())
    card = QApplication.focusWidget()
    assert card in screen._cards
    assert card.visibleRegion().boundingRect().height() > card.fontMetrics().height() * 3


def test_what_a_clinician_asks_back_waits_in_a_tab_that_is_seen_at_twice_the_size(at, vault_):
    """For the coordinator, who is told what comes next. Seen to fail with: neither the tab that was
    chosen nor any other in which something waits; a coordinator told to review and sign."""
    theme.apply(QApplication.instance(), theme.Theme(dark=True, scale=2.0))
    window = at(COORDINATOR, decided(vault_, Decision.NEEDS_INFORMATION), "worklist")
    assert window.desk.change(lambda s: s.begin_call())
    assert window.desk.change(lambda s: s.end_call(window.desk.intake_id))
    window.go("worklist")
    press(Qt.Key.Key_4, CONTROL)
    settle()
    tabs = window.screens["worklist"]._tabs
    seen = [tabs.tabText(n) for n in range(tabs.count()) if tabs.isTabVisible(n)]
    assert seen == ["Queries (1)", "Drafts (1)", "Recent"]
    assert tabs.rect().contains(tabs.tabRect(tabs.currentIndex()))
    assert tabs.tabText(tabs.currentIndex()) == "Queries (1)"
    assert "find out what the clinician asks" in window.screens["worklist"]._whole.text()
    press(Qt.Key.Key_Return)
    assert window.screen_name == "review"


def test_signing_keeps_what_was_typed_when_the_password_is_wrong(at, vault_):
    """Seen to fail with: the dialog closed on every answer; the hash not shown."""
    window = at(CLINICIAN, decided(vault_), "review")
    screen = window.screens["review"]
    press(Qt.Key.Key_Return, CONTROL)
    dialog = screen._dialog
    assert isinstance(dialog, SignDialog)
    assert "UNVALIDATED WORDING" in shown_text(dialog)
    press(Qt.Key.Key_5)
    write("to be seen")
    press(Qt.Key.Key_Return)
    assert dialog.name.hasFocus()
    press(Qt.Key.Key_Return)
    write("wrong")
    press(Qt.Key.Key_Return, CONTROL)
    assert dialog.isVisible()
    assert dialog.problem.text()
    assert dialog.reason.toPlainText() == "to be seen"
    write(PASSWORD)
    press(Qt.Key.Key_Return)
    signature = window.desk.case.intake.signature
    assert signature.disposition is Disposition.CONSULT_TO_BE_BOOKED
    assert signature.record_hash[:12] in screen._standing.text()


def test_after_the_signature_there_are_addenda_only(at, vault_):
    """Seen to fail with: a decision still asked for; the addendum not shown."""
    window = at(CLINICIAN, decided(vault_), "review")
    screen = window.screens["review"]
    intake = window.desk.case.intake.id
    assert window.desk.change(
        lambda s: s.sign(intake, CLINICIAN, PASSWORD, Disposition.ON_HOLD, "waits")
    )
    to(window, NOTE)
    press(Qt.Key.Key_A)
    assert "signed" in screen._problem.text()
    press(Qt.Key.Key_Return, CONTROL)
    dialog = screen._dialog
    assert isinstance(dialog, AddendumDialog)
    write("the letter came")
    dialog.password.setFocus()
    write(PASSWORD)
    press(Qt.Key.Key_Return)
    assert "the letter came" in screen._standing.text()


def _newer():
    """The shipped content with the question on strokes, its reason and a threshold otherwise."""
    shipped, name = content.shipped(), "protocols/ketamine.toml"
    text = shipped.files[name].replace('version = "1"', 'version = "2"', 1)
    for old, new in (
        ("Have you ever had a stroke or a mini-stroke?", "NEWER QUESTION?"),
        ("Stroke or mini-stroke, date not known: counts", "NEWER REASON: counts"),
        ('label = "Stroke or mini-stroke"', 'label = "NEWER LABEL"'),
        ("hold_sys     = { value = 160", "hold_sys = { value = 155"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return Bundle({**shipped.files, name: text})


def _rendered(window):
    """What the review shows, flag by flag, and the words of the pages."""
    shown = [label.text() for label in window.screens["review"].findChildren(QLabel)]
    pages = pypdf.PdfReader(io.BytesIO(window.desk.service.summary_pdf(window.desk.intake_id)))
    return shown, [page.extract_text() for page in pages.pages]


def test_a_signed_intake_re_renders_under_the_protocol_it_was_signed_with(at, vault_, monkeypatch):
    """On the screen and on paper, word for word, after a newer protocol was adopted; the next
    intake is asked by the newer one.

    Seen to fail with: a record read under the protocol in force; only the pages so; only the
    screen so.
    """
    intake = decided(vault_)
    clinician = vault_.acting_as(CLINICIAN, PASSWORD)
    clinician.sign(intake, CLINICIAN, PASSWORD, Disposition.ON_HOLD, "waits")
    window = at(CLINICIAN, intake, "review")
    before = _rendered(window)
    newer = _newer()
    monkeypatch.setattr(content, "shipped", lambda: newer)
    clinician.protocols.take_shipped()
    clinician.protocols.adopt_protocol("The second one")
    vault_._office._protocols.clear()  # as after a restart
    content.build.cache_clear()

    other = handed_on(vault_)
    assert window.desk.open(other)
    shown, pages = _rendered(window)
    assert any("NEWER LABEL" in text for text in shown)
    assert "NEWER" in "".join(pages)
    assert window.desk.open(intake)
    shown, pages = _rendered(window)
    assert any("Stroke or mini-stroke" in text for text in shown)
    assert (shown, pages) == before
    assert "NEWER" not in "".join((*shown, *pages))


def test_a_disposition_says_what_it_still_lacks(at, vault_):
    """Seen to fail with: `open_points` asked for another disposition than the one chosen."""
    window = at(CLINICIAN, decided(vault_, Decision.NOT_SUITABLE), "review")
    screen = window.screens["review"]
    to(window, STOP)
    press(Qt.Key.Key_Return, CONTROL)
    press(Qt.Key.Key_5)
    assert "reviewed as not suitable" in shown_text(screen._dialog)
    screen._dialog._kinds.setFocus()
    press(Qt.Key.Key_3)
    assert "reviewed as not suitable" not in shown_text(screen._dialog)


# What is shown ------------------------------------------------------------------------------------


def test_what_is_no_guideline_is_never_shown_as_one(protocol):
    """Seen to fail with: practice called guidance; the sources in the order of the file."""

    class Holder:
        pass

    plain = _kind_words()
    for criterion in protocol.criteria:
        flag = Holder()
        flag.criterion = criterion
        lines = _source_lines(flag)[: len(criterion.citations)]
        for line in lines:
            kind = next(name for name, said in plain.items() if line.startswith(said + ":"))
            if kind in ("practice", "knowledge"):
                assert "no guideline" in line
        ranks = [
            list(plain.values()).index(line.partition(":")[0]) for line in lines if ":" in line
        ]
        assert ranks == sorted(ranks) or not criterion.citations


def test_the_basis_names_answer_source_time_rule_and_protocol(at, vault_):
    """Seen to fail with: the basis left folded under the focus."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    text = shown_text(to(window, STOP))
    for part in (
        "stroke",
        "patient alone",
        "taken by Cora",
        "When: stroke_ever",
        "stop days = 183",
    ):
        assert part in text
    assert window.desk.case.protocol.digest[:12] in text


def test_a_medicine_that_raised_a_flag_stands_in_its_basis(at, vault_):
    """Seen to fail with: `_medicine_lines` left out."""
    coordinator = vault_.acting_as(COORDINATOR, PASSWORD)
    intake = on_the_line(vault_)
    coordinator.record_medication(intake, MedicineEntry("bupropion"))
    window = at(CLINICIAN, intake, "review")
    assert "bupropion" in shown_text(to(window, "seizure_disorder"))


@pytest.mark.parametrize("screen", ["check", "review", "packet"])
def test_every_stop_has_a_name_of_its_own(at, vault_, screen):
    """Seen to fail with: two lists of the screen under one name."""
    window = at(CLINICIAN, handed_on(vault_), screen)
    stops = [
        each
        for each in window.screens[screen].findChildren(QWidget)
        if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    names = [each.accessibleName() for each in stops]
    assert all(names)
    assert len(set(names)) == len(names)


def test_no_look_alone_tells_flags_apart(at, vault_):
    """Seen to fail with: the shape left out of the title."""
    window = at(CLINICIAN, handed_on(vault_), "review")
    shapes = {card._title.text()[0] for card in window.screens["review"]._cards}
    assert shapes <= set(theme.SHAPES.values())
    assert len(shapes) > 1


def test_an_unknown_answer_is_no_no(at, vault_):
    """Seen to fail with: `_why` without its last line."""
    coordinator = vault_.acting_as(COORDINATOR, PASSWORD)
    intake = on_the_line(vault_)
    coordinator.record_answer(intake, "organ_problem", state=State.UNKNOWN)
    window = at(CLINICIAN, intake, "review")
    assert Role.CLINICIAN in window.desk.service.staff.roles
    unresolved = [c for c in window.screens["review"]._cards if c._title.text().startswith("?")]
    assert unresolved
    assert "never read as a no" in shown_text(unresolved[0])


# The second look ----------------------------------------------------------------------------------


def test_a_protocol_adopted_since_asks_for_a_second_look(at, vault_):
    """What changes and the words stand on the screen, and the signature waits for them.

    Seen to fail with: the strip shown on every intake; no flag named; an empty word taken.
    """
    intake = decided(vault_)
    window = at(CLINICIAN, intake, "review")
    strip = window.screens["review"]._again
    assert strip.isHidden()
    rules = window.desk.service.protocols
    service = vault_.acting_as(COORDINATOR, PASSWORD)
    other = service.begin_call().intake.id
    service.record_answer(other, "last_blood_pressure", "152/80")
    rules.decide_parameter("bp_severe_or_hold", "hold_sys", 150, "a basis")
    rules.adopt_protocol("a reason")
    window.desk.open(intake)
    assert strip.isHidden()

    window.desk.open(other)
    assert strip.isVisible()
    assert "High reading" in strip._said.text()
    strip._words.edit.setFocus()
    press(Qt.Key.Key_Return)
    assert strip.isVisible()
    assert "needs words" in window.screens["review"]._problem.text()
    QTest.keyClicks(QApplication.focusWidget(), "Repeated: 128/76")
    press(Qt.Key.Key_Return)
    assert strip.isHidden()
    assert window.desk.case.intake.notes[-1].text == "Looked at again: Repeated: 128/76"
