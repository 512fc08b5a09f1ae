"""Which durations are numbers."""

from __future__ import annotations

import array
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics._numbers import non_negative
from tests.facade.evil import EVIL


@given(st.floats(0, allow_infinity=False))
def test_every_float_from_zero_to_the_limit_is_kept(raw: float) -> None:
    """What is a duration comes out exactly."""
    assert non_negative(raw) == raw


@pytest.mark.parametrize(
    ("raw", "number"), [(3, 3.0), (Decimal("0.25"), 0.25), (Fraction(1, 2), 0.5), (-0.0, 0.0)]
)
def test_other_numbers_are_converted(raw: object, number: float) -> None:
    """Integers, decimals and fractions are numbers too."""
    assert non_negative(raw) == number


@pytest.mark.parametrize(
    "raw",
    [
        *(math.nan, math.inf, -math.inf, -1, -1e-300, 10**400, -(10**400)),
        *("1.5", b"1", bytearray(b"1"), True, False, None, 1j, [], {}, object()),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal(-1)),
        *(memoryview(b"1.5"), array.array("b", b"1")),
    ],
    ids=repr,
)
def test_what_is_no_duration_is_none(raw: object) -> None:
    """Out of bounds, or not a number: nothing to observe."""
    assert non_negative(raw) is None


@pytest.mark.parametrize("name", EVIL)
def test_objects_that_raise_are_none(name: str) -> None:
    """An object's own ``__float__`` may raise; that is no number either."""
    assert non_negative(EVIL[name]) is None
