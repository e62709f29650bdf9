"""Possible duplicates: what counts as the same name, day of birth and phone, and in which order.

"Seen to fail with" names the defect planted to prove a test.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_app.core import duplicates
from intake_app.core.duplicates import MOST, Known, digits, possible
from intake_app.core.errors import WrongMove

PHONE = "5550123456"


def known(number, name="", born="", *phones):
    return Known(f"p{number}", f"P-{number:06d}", name, born, frozenset(phones))


ANN = known(0, "Ann Ray", "1990-02-03", PHONE)


@pytest.mark.parametrize(
    "name", ["ann ray", "Ray, Ann", "  RAY  ANN ", "Ánn Räy", "A\u0301nn Ray", "Ann-Ray"]
)
def test_case_accents_and_order_make_no_other_name(name):
    """Seen to fail with: accents kept; the parts not sorted."""
    assert possible(ANN, [known(1, name)]) == ("p1",)


@pytest.mark.parametrize("name", ["Ann", "Ann Rae", "Ann Ray Jones", "", "Anna Ray"])
def test_another_name_is_another_name(name):
    """Seen to fail with: one common part taken for the name."""
    assert possible(ANN, [known(1, name)]) == ()


def test_names_of_other_scripts_are_compared():
    """Seen to fail with: letters beyond ASCII dropped, so that all such names are one."""
    wen = known(0, "王 秀英")
    assert possible(wen, [known(1, "李 秀英"), known(2, "秀英 王")]) == ("p2",)


def test_nothing_known_is_nothing_in_common():
    """Seen to fail with: two empty names, dates or phones taken as equal."""
    assert possible(known(0), [known(1), ANN]) == ()
    assert possible(ANN, [known(1), known(2, "", "", "")]) == ()


@pytest.mark.parametrize(("born", "same"), [("1990-02-03", True), ("1990-02", False)])
def test_only_a_day_of_birth_counts(born, same):
    """Half of all patients were born within a decade. Seen to fail with: any text compared."""
    assert bool(possible(known(0, "", born), [known(1, "", born)])) is same


def test_the_likeliest_come_first_and_not_more_than_a_glance_takes():
    """Seen to fail with: the weights of name and phone exchanged; the cut left out."""
    others = [
        known(1, "", "1990-02-03"),
        known(2, "", "", PHONE),
        known(3, "Ann Ray"),
        known(4, "", "1990-02-03", PHONE),
        known(5, "Ann Ray", "", PHONE),
        known(6, "Ann Ray", "1990-02-03", PHONE),
        known(7, "Ann Ray", "1990-02-03"),
    ]
    assert possible(ANN, others) == ("p6", "p5", "p7", "p4", "p3")
    assert len(possible(ANN, others * 3)) == MOST


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("555 012-3456", PHONE),
        ("+1 (555) 012 3456", PHONE),
        ("012-3456", "0123456"),
        ("ext. 42", ""),
        ("", ""),
    ],
)
def test_spellings_of_one_number(number, found):
    """Seen to fail with: the code of the country kept; an extension taken for a number."""
    assert digits(number) == found


# One person ---------------------------------------------------------------------------------------

PEOPLE = "abcdef"
PAIRS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.booleans()).filter(
    lambda pair: pair[0] != pair[1]
)


@given(st.lists(PAIRS, max_size=12), st.sampled_from(PEOPLE))
def test_whoever_was_said_to_be_one_person_stands_together_until_it_is_taken_back(told, who):
    """Only what the rules take. Seen to fail with: the first that was said of two speaking; those
    over a third left out; a pair that depends on the order of its names."""
    said, joined = [], set()
    for one, other, same in told:
        new = duplicates.Said(one, other, same)
        try:
            duplicates.refuse(new, said)
        except WrongMove:
            continue
        said.append(new)
        pair = frozenset((one, other))
        joined = joined | {pair} if same else joined - {pair}
    reached = {who}
    for _unused in PEOPLE:
        reached |= {n for pair in joined if pair & reached for n in pair}
    found = duplicates.together(who, said)
    assert found[0] == who
    assert set(found) == reached
    assert len(set(found)) == len(found)


def test_nobody_is_joined_with_themselves_and_only_what_was_said_is_taken_back():
    """Seen to fail with: a pair parted that is joined over a third alone."""
    said = [duplicates.Said("a", "b", True), duplicates.Said("b", "c", True)]
    for one, other, same in (("a", "a", True), ("a", "c", True), ("a", "c", False)):
        with pytest.raises(WrongMove):
            duplicates.refuse(duplicates.Said(one, other, same), said)
    duplicates.refuse(duplicates.Said("c", "b", False), said)
