"""The emergency centres of other counties: typed, proven, kept, and found by what a caller says."""

from datetime import date

import pytest

from intake_app.core import centres
from intake_app.core.errors import WrongMove
from intake_app.core.model import Clinic

TODAY = date(2026, 11, 30)
LIST = "Fairfield, Ohio: 740 555 0100; 2026-11-20\nFairfield, Connecticut: 203 555 0100"
CLINIC = Clinic("C", centres=centres.read(LIST, TODAY))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Fairfield, Ohio", ["740 555 0100"]),
        ("FAIRFIELD County,  ohio", ["740 555 0100"]),
        ("fairfield co., Ohio", ["740 555 0100"]),
        ("Fairfield", ["740 555 0100", "203 555 0100"]),
        ("Fairfield, Iowa", []),
        ("Fair", []),
        ("", []),
        ("county", []),
    ],
)
def test_a_county_is_found_as_it_is_said_and_never_another(said, found):
    """Fails with: the beginning of a name taken for the name; the state left out of it."""
    assert [each.number for each in centres.answering(CLINIC, said)] == found


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Fairfield: 740 555 0100", "the county and the state"),
        ("740 555 0100", "the county and the state"),
        ("Ross, Ohio: the sheriff", "no number"),
        ("Ross, Ohio: 740 555 0100; soon", "the day"),
        ("Ross, Ohio: 740 555 0100; 2026-12-01", "the day"),
        (f"{LIST}\nFairfield County, Ohio: 740 555 0101", "twice"),
    ],
)
def test_what_nobody_could_dial_is_refused_with_its_line(line, why):
    """Fails with: a day to come taken; one county twice; a name taken for a number."""
    with pytest.raises(WrongMove, match=why) as refused:
        centres.read(line, TODAY)
    assert line.splitlines()[-1] in str(refused.value)


def test_what_is_written_reads_the_same():
    assert centres.written(CLINIC) == LIST
    assert centres.read(f"\n{LIST}\n\n", TODAY) == CLINIC.centres
