"""The pages keep up: no hazard without a test, no test without a place, no broken link."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
COLUMNS = 6
REQUIREMENT = 4
MOST_BYTES = 250_000


def rows():
    lines = (DOCS / "safety.md").read_text("utf-8").splitlines()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells for cells in found if cells and re.fullmatch(r"H\d+", cells[0])]


def named_in(cell):
    return re.findall(r"`(test_\w+\.py)::(test_\w+)`", cell)


def running_in(file):
    """By the syntax, not by the text: what is commented out or skipped proves nothing."""
    path = ROOT / "tests" / file
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {test.name for test in tests if not any(map(is_off, test.decorator_list))}


def is_off(decorator):
    return re.search(r"\bmark\.(skip|xfail)\b", ast.unparse(decorator)) is not None


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_hazard_has_control_requirement_and_a_test_that_exists(row):
    """Seen to fail with: an emptied requirement cell, and a test name misspelt by one letter."""
    assert len(row) == COLUMNS, row
    assert all(row), row
    assert named_in(row[-1]), row
    for file, name in named_in(row[-1]):
        assert name in running_in(file), f"{file}::{name}"


def test_every_property_has_a_test_that_exists():
    """Seen to fail with: a test name misspelt by one letter; a property left out."""
    lines = (DOCS / "safety.md").read_text("utf-8").splitlines()
    cells = [re.split(r"\s*\|\s*", line.strip("| ")) for line in lines]
    properties = [row for row in cells if re.fullmatch(r"P\d+", row[0])]
    assert [row[0] for row in properties] == [f"P{n}" for n in range(1, 18)]
    for id_, _property, tests in properties:
        assert named_in(tests), id_
        for file, name in named_in(tests):
            assert name in running_in(file), f"{id_}: {file}::{name}"


def test_what_does_not_run_is_no_test(tmp_path, monkeypatch):
    """Seen to fail with: a search for "def name(" in the text of the file."""
    (tmp_path / "tests").mkdir()
    text = """
# def test_gone(): ...
@pytest.mark.skip
def test_off(): ...
@pytest.mark.xfail(strict=True)
def test_known(): ...
@pytest.mark.skipif(NO_X, reason="")
def test_somewhere(): ...
def test_on(): ...
"""
    (tmp_path / "tests" / "test_x.py").write_text(text, "utf-8")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert running_in("test_x.py") == {"test_on", "test_somewhere"}
    assert running_in("test_never.py") == set()


def test_hazards_are_numbered_without_gaps():
    """A row that was dropped leaves a gap. Seen to fail with: the third row removed."""
    assert [row[0] for row in rows()] == [f"H{n}" for n in range(1, len(rows()) + 1)]
    assert len(rows()) >= 15


def test_no_requirement_stands_twice():
    """Seen to fail with: a row copied and half filled in."""
    requirements = [row[REQUIREMENT].lower() for row in rows()]
    assert sorted(requirements) == sorted(set(requirements))


def test_every_file_of_tests_has_its_place_on_the_page_of_hazards():
    """An orphan, either way round: a file that no row and no list names, or a name without its
    file. Seen to fail with: a new file of tests; a line of the list for a file that is gone."""
    named = set(re.findall(r"\btest_\w+\.py\b", (DOCS / "safety.md").read_text("utf-8")))
    assert named == {path.name for path in (ROOT / "tests").glob("test_*.py")}


def pages():
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    """Seen to fail with: a picture renamed; a decision that was renumbered."""
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text("utf-8")):
        assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_screen_is_shown_in_both_lights_and_small():
    """Seen to fail with: one light of a screen missing; a picture of 300 KB."""
    sizes = {path.name: path.stat().st_size for path in PICTURES.glob("*.png")}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}
    screens = {path.stem for path in (ROOT / "ui" / "screens").glob("*.py")} - {"__init__", "base"}
    for screen in screens | {name.rpartition("_")[0] for name in sizes if "_light" in name}:
        assert {f"{screen}_light.png", f"{screen}_dark.png"} <= set(sizes), screen


def test_the_page_on_architecture_names_every_module():
    """Seen to fail with: a new module of the core."""
    told = (DOCS / "architecture.md").read_text("utf-8")
    modules = [path for top in ("intake_app", "ui") for path in (ROOT / top).rglob("*.py")]
    grouped = {"versions", "widgets"}
    names = {path.name for path in modules if path.parent.name not in grouped} - {"__init__.py"}
    assert {name for name in names if not re.search(rf"\b{re.escape(name)}\b", told)} == set()


def test_decisions_are_numbered_once():
    """Seen to fail with: two decisions under one number."""
    numbers = [path.name[:4] for path in sorted((DOCS / "decisions").glob("0*.md"))]
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]
