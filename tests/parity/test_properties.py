"""Whatever the exposition, order makes no difference and every change does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics.parity import compare
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
