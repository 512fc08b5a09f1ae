"""Whatever the exposition, order makes no difference and every change does."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics.parity import ExpositionError, compare
from tests.parity.expositions import Family, expositions, mutations, render


@given(expositions, st.integers(0, 2**32))
def test_order_is_no_difference(families: tuple[Family, ...], seed: int) -> None:
    """Families, metadata, series and labels may come in any order."""
    assert compare(render(families), render(families, seed)) == []


@given(expositions, st.integers(0, 2**32), st.data())
def test_any_single_change_is_found(
    families: tuple[Family, ...], seed: int, data: st.DataObject
) -> None:
    """A change in one place is a difference, whichever side has it."""
    changed = data.draw(st.sampled_from(list(mutations(families))))
    before, after = render(families), render(changed, seed)

    assert compare(before, after)
    assert compare(after, before)


@given(expositions, st.integers(0, 2**32), st.data())
def test_what_one_side_lacks_the_other_has(
    families: tuple[Family, ...], seed: int, data: st.DataObject
) -> None:
    """With the sides swapped the same is said of the other."""
    before = render(families)
    after = render(data.draw(st.sampled_from(list(mutations(families)))), seed)

    there = {(d.kind, d.subject, d.pull, d.collector) for d in compare(before, after)}
    back = {(d.kind, d.subject, d.collector, d.pull) for d in compare(after, before)}
    assert there == back


@given(expositions, st.data())
def test_what_is_damaged_is_compared_or_refused(
    families: tuple[Family, ...], data: st.DataObject
) -> None:
    """Whatever stands in the text, nothing else than an ExpositionError is raised."""
    text = render(families)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 30, len(text))))
    put_in = data.draw(
        st.text(max_size=3) | st.sampled_from(("{", "}", '"', "\\", "\n", " #", "NaN"))
    )

    with contextlib.suppress(ExpositionError):
        compare(text, text[:start] + put_in + text[end:])


def test_a_native_histogram_is_refused() -> None:
    """It has no value that could be compared; what writes them is not what this package sends."""
    text = (
        "# TYPE took histogram\n"
        "took {count:24,sum:100,schema:0,zero_threshold:0.001,zero_count:4,"
        "positive_spans:[0:2],positive_deltas:[2,1]}\n# EOF\n"
    )

    with pytest.raises(ExpositionError, match="native histogram"):
        compare(text, text)
