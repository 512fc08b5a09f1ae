"""Label values: the document's cleaning, the keeping of text, and the limit."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otel_executor_metrics._labels import OTHER, ValueLimit, cleaner

clean, keep = cleaner("clean"), cleaner("keep")
any_text = st.text(alphabet=st.characters())  # lone surrogates as well


@given(any_text)
def test_cleaning_leaves_letters_digits_underscores_and_colons(raw: str) -> None:
    """A cleaned value has only ``[a-zA-Z0-9_:]``, at most 256 of them."""
    assert re.fullmatch(r"[a-zA-Z0-9_:]{0,256}", clean(raw), re.ASCII)


@given(any_text.filter(lambda raw: len(raw) <= 256))
def test_cleaning_replaces_each_other_character_by_one_underscore(raw: str) -> None:
    """Positions stay: the value is as long as the stripped text (the document's §6.3)."""
    expected = re.sub(r"[^a-zA-Z0-9_:]", "_", raw.strip())

    assert clean(raw) == expected


@given(any_text)
@example("\ud800" * 256)
@example("x" * 257)
def test_kept_text_can_be_encoded_and_has_at_most_256_characters(raw: str) -> None:
    """``keep`` gives UTF-8 text within its limit, or nothing."""
    kept = keep(raw)

    assert len(kept) <= 256
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert not kept or kept.strip()


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=256))
def test_text_within_the_limit_is_kept_as_it_is(raw: str) -> None:
    """``keep`` changes nothing in valid text, blanks at its ends included."""
    assert keep(raw) == (raw if raw.strip() else "")


@pytest.mark.parametrize("make", [clean, keep])
@pytest.mark.parametrize("raw", [None, "", " ", "\t\n"])
def test_nothing_is_left_out(make, raw: object) -> None:
    """None, empty and blank mean: no label."""
    assert make(raw) == ""


@pytest.mark.parametrize(
    ("raw", "cleaned", "kept"),
    [
        (200, "200", "200"),
        (0, "0", "0"),
        (False, "False", "False"),
        (1.5, "1_5", "1.5"),
        (["a"], "__a__", "['a']"),
        (b"x", "b_x_", "b'x'"),
    ],
)
def test_other_types_become_their_text(raw: object, cleaned: str, kept: str) -> None:
    """What is no string becomes ``str()`` of it, zero and False included."""
    assert clean(raw) == cleaned
    assert keep(raw) == kept


def test_the_first_values_are_admitted_and_the_rest_become_other() -> None:
    """A label has as many values as the limit, and those stay admitted."""
    limit = ValueLimit(2)

    assert [limit.admit("a", value) for value in "xyzxyw"] == ["x", "y", OTHER, "x", "y", OTHER]


def test_each_label_has_a_limit_of_its_own() -> None:
    """One full label leaves the others exact."""
    limit = ValueLimit(1)
    limit.admit("a", "x")

    assert limit.admit("a", "y") == OTHER
    assert limit.admit("b", "y") == "y"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=2))), st.integers(1, 5))
def test_no_label_ever_has_more_values_than_the_limit(
    pairs: list[tuple[str, str]], size: int
) -> None:
    """Whatever comes in whatever order, at most ``limit`` values beside ``other`` go out."""
    limit = ValueLimit(size)
    admitted = [(label, value, limit.admit(label, value)) for label, value in pairs]

    for label in "ab":
        came_through = {out for name, value, out in admitted if name == label and out == value}
        assert len(came_through - {OTHER}) <= size
        assert all(out in (value, OTHER) for _, value, out in admitted)
