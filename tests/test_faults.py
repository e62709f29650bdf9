"""A short form of each kind of `make faults`, and the proof that a kind finds a planted defect."""

import pytest

from intake_app.store import audit, verify
from tests.faults import canaries, edits, flips, window


def test_a_hundred_flips_and_edits_are_all_found(tmp_path):
    """Seen to fail with: the defects below."""
    for kind, times in ((flips, 60), (edits, 40)):
        place = tmp_path / kind.__name__
        place.mkdir()
        figure = kind.run(times, place)
        assert figure.times == times
        assert not figure.missed, str(figure)


def test_a_window_that_is_killed_keeps_what_it_said_was_saved(tmp_path):
    """Seen to fail with: an answer told that nobody recorded."""
    figure = window.run(1, tmp_path)
    assert not figure.missed, str(figure)


def test_no_file_no_output_and_no_clipboard_holds_a_word_of_a_patient(tmp_path):
    """And a word is found in each encoding where it stands. Seen to fail with: a log that keeps its
    words; base64 looked for at one of its three places; what is deflated not looked into."""
    assert len(canaries.written("x")) == 6
    figure = canaries.run(10, tmp_path)
    assert not figure.missed, str(figure)


DEFECTS = {
    "seals not looked at": (verify, "seal_fault", flips),
    "cipher not looked at": (verify, "pages_fault", flips),
    "rows not compared": (audit, "_rows_fault", edits),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_missed_aloud(tmp_path, monkeypatch, defect):
    """A harness that finds nothing wrong with a blind verifier would prove nothing."""
    owner, name, kind = DEFECTS[defect]
    monkeypatch.setattr(owner, name, lambda *_given: None)
    assert kind.run(60, tmp_path).missed


def test_a_verifier_that_throws_is_missed_aloud(tmp_path, monkeypatch):
    """Seen to fail with: any error taken for a finding."""
    answers = iter([KeyError("planted")])

    def throw(*_given):
        for error in answers:
            raise error

    monkeypatch.setattr(flips, "fault", throw)
    assert "KeyError" in flips.run(1, tmp_path).missed[0]
