"""docs/safety.md leaves no hazard without a test and names no test that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 6


def rows():
    lines = (ROOT / "docs" / "safety.md").read_text("utf-8").splitlines()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells for cells in found if cells and re.fullmatch(r"H\d+", cells[0])]


def named_in(cell):
    return re.findall(r"`(test_\w+\.py)::(test_\w+)`", cell)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_hazard_has_control_requirement_and_a_test_that_exists(row):
    """Seen to fail with: an emptied requirement cell, and a test name misspelt by one letter."""
    assert len(row) == COLUMNS, row
    assert all(row), row
    assert named_in(row[-1]), row
    for file, name in named_in(row[-1]):
        source = (ROOT / "tests" / file).read_text("utf-8")
        assert re.search(rf"def {name}\(", source), f"{file}::{name}"


def test_hazards_are_numbered_without_gaps():
    """A row that was dropped leaves a gap. Seen to fail with: the third row removed."""
    assert [row[0] for row in rows()] == [f"H{n}" for n in range(1, len(rows()) + 1)]
    assert len(rows()) >= 15
