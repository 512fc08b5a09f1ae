"""Rows in the order, and of the kind, that were asked for."""

from __future__ import annotations

import math

import pytest

from otel_executor_metrics.snapshot import Recorded
from otel_executor_metrics.top.order import SORTS, Order, matches
from otel_executor_metrics.top.rows import Row

ROWS = [
    Row("b", (), 1, Recorded(5, {"E": 5}, retries=1)),
    Row("a", (("task_type", "ml"),), 1, Recorded(5, {"E": 5}, retries=3)),
    Row("c", (("task_type", "Report"),), 1, Recorded(20, buckets=((1, 20), (math.inf, 20)))),
    Row("d", (), 1, Recorded()),
]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (Order(), "cabd"),
        (Order("rate", reverse=True), "dabc"),
        (Order("ok"), "abcd"),
        (Order("ok", reverse=True), "cabd"),
        (Order("retries"), "abcd"),
        (Order("p95"), "cabd"),
        (Order("operation"), "abcd"),
        (Order("operation", reverse=True), "dcba"),
    ],
)
def test_rows_are_sorted(order: Order, names: str) -> None:
    """The worst first, names where they are equal, and at the end what has no value."""
    assert "".join(row.operation for row in order.sorted(ROWS)) == names


def test_the_next_column_is_a_key_away() -> None:
    """From the last one it goes on with the first."""
    assert Order("rate").moved(1).by == "ok"
    assert Order("operation").moved(-1).by == "running"
    assert Order("p95", reverse=True).moved(len(SORTS)) == Order("p95", reverse=True)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([], "bacd"),
        (["ML"], "a"),
        (["task_type=ml"], "a"),
        (["task_type=report"], ""),
        (["operation=b"], "b"),
        (["c", "report"], "c"),
        (["c", "ml"], ""),
    ],
)
def test_filters_are_met_by_text_or_label(filters: list[str], names: str) -> None:
    """A text in whatever case, a label's value exactly, and all of several."""
    assert "".join(row.operation for row in ROWS if matches(row, filters)) == names
