"""Text of others, as wide as a terminal shows it and without what it would obey."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics._text import cut, duration, fitted, visible, width


@given(st.text())
def test_nothing_is_obeyed(text: str) -> None:
    """Escape codes, line ends and marks of direction become sequences; letters stay."""
    assert visible(text).isprintable() or not text


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("任务", 4), ("e\u0301", 1), ("\uff57", 2), ("", 0)]
)
def test_the_width_is_that_on_a_terminal(text: str, columns: int) -> None:
    """Chinese letters take two columns, accents that combine none."""
    assert width(text) == columns


@given(st.text(st.sampled_from("a任\u0301")), st.integers(1, 20))
def test_text_is_fitted(text: str, columns: int) -> None:
    """To the column, even where half a letter would not fit."""
    assert width(cut(text, columns)) <= columns
    assert text.startswith(cut(text, columns))
    assert width(fitted(text, columns)) == columns


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(math.nan, "-"), (0.0042, "4ms"), (0.9994, "999ms"), (0.9996, "1.00s"), (123.4, "123s")],
)
def test_durations_are_short(seconds: float, shown: str) -> None:
    """A duration takes at most six characters."""
    assert duration(seconds) == shown
