"""What an author of content is shown. "Seen to fail with" names a defect planted for a test."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import main
from intake_app import content
from intake_app.core import lint
from intake_app.core.condition import NOT_APPLICABLE, NUMBER, YES_NO, Type, parse
from intake_app.core.model import Due, Tier
from intake_app.core.protocol import Protocol, Rule

TYPES = {
    "a": YES_NO,
    "b": YES_NO,
    "n": NUMBER,
    "m": NUMBER,
    "c": Type("choice", frozenset({"x", "y", "z"})),
    "l": Type("list", frozenset({"x", "y"})),
}


def rule(when: str, tier: Tier = Tier.REVIEW, due: Due = Due.NONE, **params: object) -> Rule:
    return Rule(parse(when, TYPES, params), tier, due, "A reason.")


def found(protocol: Protocol, *rules: Rule) -> list[tuple[str, str]]:
    """What is found in a protocol of one criterion with these rules."""
    only = replace(protocol.criteria[0], id="c", items=(), params={}, rules=rules)
    alone = replace(protocol, criteria=(only,), instruments={})
    return [(where.rpartition(".")[2], what) for where, what in lint.findings(alone)]


def test_the_shipped_content_has_no_finding(
    protocol: Protocol, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seen to fail with: a second rule `stroke_ever` under the one of the stroke criterion."""
    assert lint.findings(protocol) == ()
    assert main.main(["lint"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{len(protocol.unconfirmed)} placeholders" in said.err


@pytest.mark.parametrize(
    ("rules", "where", "what"),
    [
        ((rule("n > 5 and n < 5"),), "rules[1]", "can never hold"),
        ((rule("a and not a"),), "rules[1]", "can never hold"),
        ((rule("c == 'x' and c in ('y', 'z')"),), "rules[1]", "can never hold"),
        ((rule("'x' in l and 'x' not in l"),), "rules[1]", "can never hold"),
        ((rule("n >= 5"), rule("n >= 9")), "rules[2]", "never decides"),
        ((rule("a or b"), rule("b and n > 1")), "rules[2]", "never decides"),
        ((rule("a"), rule("a")), "rules[2]", "never decides"),
        ((rule("n > 5"), rule("a", due=Due.NOW)), "rules[2]", "is stronger than rule 1"),
    ],
)
def test_a_rule_that_does_nothing_or_hides_another_is_found(
    protocol: Protocol, rules: tuple[Rule, ...], where: str, what: str
) -> None:
    """Seen to fail with: no values between two limits; `_hidden` comparing tiers alone; an
    implication that holds where the narrow rule never does."""
    ((place, said),) = found(protocol, *rules)
    assert place == where
    assert said.startswith(what)


@pytest.mark.parametrize(
    "rules",
    [
        (rule("n >= 9", Tier.STOP), rule("n >= 5")),
        (rule("n > 5 and n < 6"),),
        (rule("a", due=Due.NOW), rule("b")),
        # Another clinic may set these otherwise.
        (rule("a and strict", strict=False),),
        (rule("a and strict", strict=True), rule("a")),
        (rule("n < m"), rule("a")),
    ],
)
def test_a_rule_with_work_to_do_is_left_alone(protocol: Protocol, rules: tuple[Rule, ...]) -> None:
    """Seen to fail with: a setting that counts as what it is set to now."""
    assert found(protocol, *rules) == []


_PARTS = [
    "a", "not a", "b", "n > 2", "n >= 2", "n < 2", "n <= 1", "n == 2", "n != 2", "n < m", "m >= 1",
    "c == 'x'", "c in ('x', 'y')", "c not in ('x', 'y')", "'x' in l", "'y' not in l",
]  # fmt: skip
_TEXTS = st.recursive(
    st.sampled_from(_PARTS),
    lambda inner: st.builds(
        "({} {} {})".format, inner, st.sampled_from(("and", "or")), inner
    ) | st.builds("(not {})".format, inner),
    max_leaves=5,
)  # fmt: skip
_NUMBERS = (0, 0.5, 1, 1.5, 2, 2.5, 3, 4, NOT_APPLICABLE)
_VALUES = {
    "a": (True, False, NOT_APPLICABLE),
    "b": (True, False, NOT_APPLICABLE),
    "n": _NUMBERS,
    "m": _NUMBERS,
    "c": ("x", "y", "z", NOT_APPLICABLE),
    "l": ((), ("x",), ("y",), ("x", "y"), NOT_APPLICABLE),
}


@given(_TEXTS, _TEXTS)
@example("not n > 2 and not n < 2 and not n == 2", "a")
@example("n > 2 and n < 2", "a")
@example("n > 2 and n < m", "a")
def test_trying_the_telling_values_is_as_good_as_trying_all(first: str, second: str) -> None:
    """Seen to fail with: without the values between; without not applicable; a rule that never
    holds implying another."""
    narrow, wide = (parse(text, TYPES, {}) for text in (first, second))
    names = sorted(narrow.names | wide.names)
    tries = [
        dict(zip(names, values, strict=True))
        for values in product(*(_VALUES[name] for name in names))
    ]
    held = [values for values in tries if narrow.decide(values.__getitem__)]
    both = [values for values in held if wide.decide(values.__getitem__)]
    assert lint._holds_together(narrow) is bool(held)
    assert lint._holds_together(narrow, wide) is bool(both)
    assert lint._implies(narrow, wide) is (bool(held) and both == held)


@pytest.mark.parametrize(
    "text",
    [
        "You are eligible.", "cleared for it", "There is no  risk.", "It is safe.", "approved",
        "committed suicide", "commits suicide", "a successful attempt", "a failed attempt",
        "completed suicide", "a suicidal gesture", "TODO: ask better",
    ],
)  # fmt: skip
def test_words_that_harm_are_found_wherever_they_stand(protocol: Protocol, text: str) -> None:
    """Seen to fail with: staff notes not read; options not read; rules not read."""
    first = protocol.criteria[0]
    item = first.items[0]
    changed = [
        replace(first, label=text),
        replace(first, rationale=text),
        replace(first, rules=(replace(first.rules[0], reason=text), *first.rules[1:])),
        replace(first, items=(replace(item, ask=text), *first.items[1:])),
        replace(first, items=(replace(item, staff_note=text), *first.items[1:])),
    ]
    for each in changed:
        spoiled = replace(protocol, criteria=(each, *protocol.criteria[1:]))
        assert len(lint.findings(spoiled)) == 1


def test_a_file_of_an_author_is_read_in_the_place_of_its_kind(tmp_path, capsys) -> None:
    """Seen to fail with: the shipped protocol linted whatever the file said; exit 0 always."""
    text = (content.RESOURCES / "protocols" / "ketamine.toml").read_text("utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace("Have you ever had a stroke", "Since you are safe: a stroke"))
    assert main.main(["lint", str(mine)]) == 1
    assert capsys.readouterr().out == "items[stroke_ever].ask: says 'safe'\n"

    mine.write_text(text.replace('id = "stroke_ever"', 'id = "stroke_ever"\nwhen = "energy_up"'))
    assert main.main(["lint", str(mine)]) == 1
    assert "items[stroke_ever].when: hides what is asked of everybody" in capsys.readouterr().err

    phq9 = (content.RESOURCES / "instruments" / "phq9.toml").read_text("utf-8")
    mine = tmp_path / "phq9.toml"
    mine.write_text(phq9.replace("how often was it hard to care", "approved: was it hard to care"))
    assert main.main(["lint", str(mine)]) == 1
    assert "items[phq9.1].ask: says 'approved'" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "nothing = [", "[a]\nb = 1", "criteria = 1"])
def test_a_file_that_is_no_content_is_one_sentence(tmp_path, capsys, text: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text)
    assert main.main(["lint", str(mine)]) == 1
    assert main.main(["lint", str(tmp_path / "absent.toml")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 2
