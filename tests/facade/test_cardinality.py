"""However many distinct values come, memory is bounded and the rest stays exact (contract §3)."""

from __future__ import annotations

import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape

MILLION = 1_000_000
MEGABYTE = 2**20


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the log lines out of the memory that is measured: pytest collects them."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def resident() -> int:
    """Return the bytes of this process's memory that are in use, where that can be told."""
    if not sys.platform.startswith("linux"):
        return 0
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growing_less_than(limit: int) -> Iterator[None]:
    """Fail where the block makes the process grow by ``limit`` bytes or more."""
    before = resident()
    yield
    grown = resident() - before
    assert grown < limit, f"grew by {grown / MEGABYTE:.0f} MB"


def test_a_million_values_of_one_label(metrics: ExecutorMetrics) -> None:
    """Two hundred are kept, the rest is ``other`` and counted; the other label stays exact."""
    kinds = ("a", "b", "c")
    with growing_less_than(64 * MEGABYTE):
        for index, kind in zip(range(MILLION), itertools.cycle(kinds)):
            metrics.record_operation_success("execute", {"task_type": f"t{index}", "kind": kind})

    seen = scrape(metrics)
    assert seen.total("execute_success_total") == MILLION
    for kind, count in zip(kinds, (333_334, 333_333, 333_333), strict=True):
        assert seen.total("execute_success_total", kind=kind) == count
    others = seen.total("execute_success_total", task_type="other")
    assert others == MILLION - 200
    assert seen.overflows() == {("execute", "task_type"): others}
    assert len(seen.label_values("execute_success_total", "task_type")) <= 202
    assert seen.dropped() == {}


def test_the_limit_is_per_label_and_operation(make_metrics: MakeMetrics) -> None:
    """A label that overflows takes no room from another, nor from the same one elsewhere."""
    metrics = make_metrics(max_label_values=5)
    for index in range(20):
        metrics.record_operation("x", duration=1, labels={"a": f"v{index}", "b": f"v{index % 5}"})
        metrics.record_operation("y", duration=1, labels={"a": f"v{index % 5}"})

    seen = scrape(metrics)
    assert seen.overflows() == {("x", "a"): 15}
    for index in range(5):
        assert seen.total("x_success_total", b=f"v{index}") == 4
        assert seen.total("x_latency_seconds_count", b=f"v{index}") == 4
        assert seen.value("y_success_total", a=f"v{index}") == 4
    assert seen.total("x_success_total", a="other") == 15


def test_spellings_without_end_of_one_value(metrics: ExecutorMetrics) -> None:
    """What is remembered of raw values is bounded, also where all become the same value."""
    metrics.record_operation_success("x", {"a": "日本"})
    characters = [chr(0x4E00 + index) for index in range(500)]
    with growing_less_than(64 * MEGABYTE):
        for one, two in itertools.product(characters, characters):
            metrics.record_operation_success("x", {"a": one + two})

    seen = scrape(metrics)
    assert seen.value("x_success_total", a="__") == 250_001
    assert seen.overflows() == {}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (lambda m, i: m.record_operation_success(f"operation{i}"), "operation_limit"),
        (lambda m, i: m.record_operation_success("x" * 129 + str(i)), "invalid_operation"),
        (lambda m, i: m.record_operation_success("x", {f"label{i}": "v"}), "label_limit"),
        (lambda m, i: m.record_operation_success("x", {f"label-{i}": "v"}), "invalid_label"),
    ],
    ids=["operations", "bad operations", "label names", "bad label names"],
)
def test_names_without_end(
    metrics: ExecutorMetrics, record: Callable[[ExecutorMetrics, int], None], reason: str
) -> None:
    """Whoever makes names of data is bounded, and each drop is counted."""
    calls = 50_000
    with growing_less_than(64 * MEGABYTE):
        for index in range(calls):
            record(metrics, index)

    seen = scrape(metrics)
    recorded = sum(v for (name, _), v in seen.samples.items() if name.endswith("_success_total"))
    dropped = seen.dropped()
    assert dropped.keys() == {reason}
    if "label" in reason:
        assert recorded == calls
        assert calls - 200 <= dropped[reason] <= calls
    else:
        assert recorded + dropped[reason] == calls
        assert recorded <= 200


def test_error_types_without_end(metrics: ExecutorMetrics) -> None:
    """Classes made at run time become ``other`` beyond the limit; no failure is lost."""
    calls = 100_000
    with growing_less_than(64 * MEGABYTE):
        for index in range(calls):
            metrics.record_operation_failure("plan", f"Error{index}")

    seen = scrape(metrics)
    assert seen.total("plan_failures_total") == calls
    assert seen.value("plan_failures_total", error_type="other") == calls - 200
    assert seen.value("plan_failures_total", error_type="Error7") == 1
    assert seen.overflows() == {("plan", "error_type"): calls - 200}


def test_label_sets_are_bounded_as_well(make_metrics: MakeMetrics) -> None:
    """Many labels of few values each cannot multiply without end; nothing is lost."""
    metrics = make_metrics(max_label_sets=50)
    for a, b, c in itertools.product(range(10), range(10), range(10)):
        metrics.record_operation("x", duration=1, labels={"a": f"a{a}", "b": f"b{b}", "c": f"c{c}"})

    seen = scrape(metrics)
    assert len(seen.series("x_success_total")) <= 51
    assert seen.total("x_success_total") == 1000
    assert seen.total("x_latency_seconds_count") == 1000
    assert seen.value("x_success_total", a="other", b="other", c="other") == 950
    assert set(seen.overflows()) == {("x", label) for label in "abc"}
