"""`wait_until` waits no longer than it may, and not less than it must."""

from __future__ import annotations

import time
from itertools import count

import pytest

from tests.support.waiting import wait_until


def test_it_returns_the_first_true_answer() -> None:
    """The answer itself comes back, so that it need not be asked for again."""
    answers = iter([0, "", [], "yes", "too late"])

    assert wait_until(lambda: next(answers), interval=0.001) == "yes"


def test_it_asks_once_even_without_time() -> None:
    """A condition that holds already needs no time."""
    assert wait_until(lambda: True, timeout=0)


def test_it_asks_again_when_the_time_is_up() -> None:
    """A condition that comes true during the last pause is still seen."""
    asked = count(1)

    assert wait_until(lambda: next(asked) == 2, timeout=0.05, interval=60)


def test_it_ends_in_an_error_that_names_the_condition() -> None:
    """The error says what was waited for, how long, and what the last answer was."""
    begun = time.monotonic()

    with pytest.raises(AssertionError, match=r"the scrape: .* 0.05 s \(last answer: \[\]"):
        wait_until(list, timeout=0.05, what="the scrape")

    assert time.monotonic() - begun >= 0.05


def test_an_error_of_the_condition_is_not_waited_out() -> None:
    """What the condition raises goes up at once."""
    with pytest.raises(ZeroDivisionError):
        wait_until(lambda: 1 / 0)
