"""Blocks of several processes add up, whoever of them is gone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics.storage.blocks import (
    BEGUN,
    BUCKETS,
    ENDED,
    FINISHED,
    LOST,
    MAX,
    MIN,
    OUTCOME,
    SUM,
    Blocks,
    failure_block,
    merge,
    operation_block,
    retire,
    series_of,
    settle,
)
from otel_executor_metrics.storage.slots import observe

BOUNDS = (1.0, 2.0)
LABELS: tuple[dict[str, str], ...] = ({}, {"task_type": "a"})
TYPES = ("Timeout", "ValueError")


def begin(blocks: Blocks, labels: dict[str, str], error_type: str) -> None:
    """Begin a piece of measured work."""
    label_set(blocks, labels)[BEGUN] += 1


def finish(blocks: Blocks, labels: dict[str, str], error_type: str) -> None:
    """End one well, if any is in progress."""
    if in_progress(blocks, labels) > 0:
        label_set(blocks, labels)[FINISHED] += 1


def fail(blocks: Blocks, labels: dict[str, str], error_type: str) -> None:
    """End one badly, if any is in progress."""
    if in_progress(blocks, labels) > 0:
        series = series_of("operation", "execute", labels).failing(error_type)
        blocks.setdefault(series, failure_block())[FINISHED] += 1


def record(blocks: Blocks, labels: dict[str, str], error_type: str) -> None:
    """Record a success that nobody saw begin."""
    block = label_set(blocks, labels)
    block[OUTCOME] += 1
    observe(block, BOUNDS, 1.5)


def label_set(blocks: Blocks, labels: dict[str, str]) -> list[float]:
    """Return the block of a label set."""
    return blocks.setdefault(series_of("operation", "execute", labels), operation_block(BOUNDS))


def in_progress(blocks: Blocks, labels: dict[str, str]) -> float:
    """Return what has begun and not ended."""
    settled = copy.deepcopy(blocks)
    settle(settled)
    block = label_set(settled, labels)
    return block[BEGUN] - block[ENDED]


Step = Callable[[Blocks, dict[str, str], str], None]
steps = st.tuples(
    st.sampled_from([begin, begin, finish, fail, record]),
    st.sampled_from(LABELS),
    st.sampled_from(TYPES),
)
processes = st.lists(st.tuples(st.lists(steps, max_size=12), st.booleans()), min_size=1, max_size=5)


def held_by(program: list[tuple[Step, dict[str, str], str]]) -> Blocks:
    """Return the blocks of a process that did all this."""
    blocks: Blocks = {}
    for act, labels, error_type in program:
        act(blocks, labels, error_type)
    return blocks


@given(processes)
def test_what_began_has_ended_is_in_progress_or_is_lost(
    fleet: list[tuple[list[tuple[Step, dict[str, str], str]], bool]],
) -> None:
    """Whoever of a fleet is gone: nothing is missing, and nothing is counted twice."""
    total: Blocks = {}
    begun = direct = lost = 0.0
    for program, gone in fleet:
        blocks = held_by(program)
        for labels in LABELS:
            block = blocks.get(series_of("operation", "execute", labels), operation_block(BOUNDS))
            begun += block[BEGUN]
            direct += block[OUTCOME]
            lost += in_progress(blocks, labels) if gone else 0
        settle(blocks)
        if gone:
            retire(blocks)
        merge(total, blocks.items())
    settle(total)

    sets = [block for series, block in total.items() if series.kind == "operation"]
    failures = [block for series, block in total.items() if series.kind == "failure"]
    ended = sum(block[OUTCOME] for block in (*sets, *failures)) - direct
    progress = sum(block[BEGUN] - block[ENDED] for block in sets)
    assert sum(block[LOST] for block in sets) == lost
    assert ended + progress + lost == begun
    assert sum(sum(block[BUCKETS:]) for block in sets) == direct


@given(processes)
def test_totals_do_not_depend_on_when_they_were_made(
    fleet: list[tuple[list[tuple[Step, dict[str, str], str]], bool]],
) -> None:
    """Folding one by one, or all at once, yields the same."""
    one_by_one: Blocks = {}
    for program, _ in fleet:
        blocks = held_by(program)
        settle(blocks)
        retire(blocks)
        merge(one_by_one, blocks.items())
        settle(one_by_one)
        retire(one_by_one)
    at_once: Blocks = {}
    for program, _ in fleet:
        blocks = held_by(program)
        settle(blocks)
        merge(at_once, blocks.items())
    retire(at_once)

    assert one_by_one == at_once


def test_extremes_are_those_of_all() -> None:
    """Minimum and maximum do not add up; of nothing they are infinite."""
    low, high, none = (operation_block(BOUNDS) for _ in range(3))
    observe(low, BOUNDS, 0.5)
    observe(high, BOUNDS, 7.0)
    series = series_of("operation", "execute", {})
    total: Blocks = {}
    merge(total, ((series, block) for block in (none, low, high)))

    assert (total[series][MIN], total[series][MAX], total[series][SUM]) == (0.5, 7.0, 7.5)
    assert operation_block(BOUNDS)[MIN:BUCKETS] == [inf, -inf]


def test_attributes_are_the_same_in_any_order() -> None:
    """Two processes that pass labels in another order have one series."""
    assert series_of("count", "x", {"a": "1", "b": "2"}) == series_of(
        "count", "x", {"b": "2", "a": "1"}
    )
    failing = series_of("operation", "execute", {"z": "1", "a": "2"}).failing("E")
    assert failing.label_set == series_of("operation", "execute", {"a": "2", "z": "1"})
