"""Contrast of every pair of colours that meets, in both themes, and a style sheet without gaps."""

import re

import pytest

from ui.theme import SHAPES, TOKENS, Theme

TEXT, CONTROL, SCRIPT = 4.5, 3.0, 7.0  # WCAG 2.2: 1.4.3, 1.4.11, 1.4.6
LOOKS = tuple(SHAPES)
PAIRS = [
    *(
        (name, ground, TEXT)
        for name in ("text", "muted")
        for ground in ("bg", "surface", "surface2")
    ),
    ("on_primary", "primary", TEXT),
    ("on_emergency", "emergency", TEXT),
    ("primary", "surface", TEXT),
    ("script", "script_bg", SCRIPT),
    ("staff", "staff_bg", TEXT),
    ("selected", "selected_bg", TEXT),
    *((name, f"{name}_bg", TEXT) for name in LOOKS),
    *((name, "surface", TEXT) for name in LOOKS),
    *((name, ground, CONTROL) for name in ("border", "emergency") for ground in ("bg", "surface")),
    *(("focus", ground, CONTROL) for ground in ("bg", "surface", "surface2", "selected_bg")),
]


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("one", "other", "least"), PAIRS, ids=str)
def test_what_meets_can_be_told_apart(one, other, least, dark):
    """Seen to fail with: muted in light three steps paler."""
    high, low = sorted((luminance(TOKENS[n][dark]) for n in (one, other)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= least


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.25, 2.0])
@pytest.mark.parametrize("dark", [False, True])
def test_the_style_sheet_has_no_gap(dark, scale):
    """Seen to fail with: a token in the sheet that the table does not have."""
    style = Theme(dark, scale).style()
    assert "@" not in style
    assert not re.search(r"#[0-9A-Fa-f]{3,8}(?![0-9A-Fa-f]*;)", style)


def test_every_look_has_a_shape_of_its_own():
    """Colour never speaks alone. Seen to fail with: one shape given to two looks."""
    assert len(set(SHAPES.values())) == len(SHAPES)
    assert all(f"{look}_bg" in TOKENS for look in SHAPES)
