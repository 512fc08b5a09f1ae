"""Snapshots become rows, and rows become lines that fit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics._text import width
from otel_executor_metrics.snapshot import Key, Recorded, Snapshot
from otel_executor_metrics.top.rows import Row, Window, rows
from otel_executor_metrics.top.table import LIVE, TOTALS, percentage, success, table

INF = math.inf
PLAN: Key = ("plan", ())
REPORT: Key = ("execute", (("task_type", "report"),))
BUCKETS = ((0.02, 50.0), (0.98, 94.0), (3.0, 99.0), (INF, 100.0))


def row(name: str = "intent", finished: float = 10.0, failed: float = 0.0) -> Row:
    """Return a row of ten seconds, with quantiles of 20 ms, 1.38 s and 3 s."""
    failures = {"Timeout": failed}
    recorded = Recorded(finished - failed, failures, 3.0, 1.0, buckets=BUCKETS)
    return Row(name, (), 10.0, recorded)


def test_rows_are_what_happened_in_between() -> None:
    """Counts are differences, what is new was at 0, and what is under way is as of the end."""
    before = {PLAN: Recorded(5, {"A": 2.0}, 1, 0, buckets=((1.0, 6.0), (INF, 7.0)))}
    now = {
        PLAN: Recorded(9, {"A": 3.0, "B": 1.0}, 4, 2, buckets=((1.0, 12.0), (INF, 13.0))),
        REPORT: Recorded(1),
    }

    window = Window()
    window.add(0, Snapshot(before))
    plan, report = window.add(2, Snapshot(now))

    assert (plan.name, report.name) == ("plan", "execute report")
    assert (plan.recorded.finished, plan.recorded.failed) == (6, 2)
    assert (plan.recorded.retries, plan.recorded.in_progress) == (3, 2)
    assert plan.recorded.quantile(0.5) == pytest.approx(0.5)
    assert report.recorded.finished == 1
    assert math.isnan(report.recorded.quantile(0.5))


def test_the_window_forgets_what_is_too_old() -> None:
    """The oldest snapshot is as old as the window is long, or all there is."""
    window = Window(seconds=30)
    lengths = []
    for at in (0, 10, 20, 30, 40, 50, 500):
        window.add(at, Snapshot({PLAN: Recorded()}))
        lengths.append(window.length)

    assert lengths == [0, 10, 20, 30, 30, 30, 450]


def test_after_a_restart_all_counts_from_zero() -> None:
    """Nothing is taken off for what was before, also when that is passed later on."""
    window = Window(seconds=30)
    found = []
    for at, success_count in enumerate([100, 110, 4, 200]):
        (row,) = window.add(at, Snapshot({PLAN: Recorded(success_count)}))
        found.append((row.recorded.success, row.seconds))

    assert found == [(0, 0), (10, 1), (4, 1), (200, 2)]
    assert window.began_anew == 2


def test_what_others_wrote_is_shown_and_not_obeyed() -> None:
    """A label value may hold escape codes and line ends; a terminal gets none of them."""
    (found,) = rows(Snapshot({("execute", (("a", "\x1b[2Jx\ny"), ("b", "任务"))): Recorded()}), 1)

    assert found.name == "execute \\x1b[2Jx\\ny 任务"


def test_the_table_of_a_usual_terminal() -> None:
    """Everything fits into 80 columns, numbers are aligned to the right."""
    lines = table([row("execute data_processing", 200, 3), row(finished=0)], LIVE, 79)

    assert lines == [
        "operation                rate/s  ok %   p50    p95    p99  retries  running",
        "execute data_processing    20.0  98.5  20ms  1.38s  3.00s        3        1",
        "intent                      0.0     -  20ms  1.38s  3.00s        3        1",
    ]


def test_a_narrow_terminal_keeps_what_matters() -> None:
    """Columns go before the names are cut to less than 24, and the success rate goes last."""
    rows = [row("user_engagement action share")]

    assert table(rows, LIVE, 60) == [
        "operation                     rate/s   ok %    p95  retries",
        "user_engagement action share     1.0  100.0  1.38s        3",
    ]
    assert table(rows, LIVE, 45)[0].split() == ["operation", "rate/s", "ok", "%"]
    assert table(rows, LIVE, 34) == [
        "operation                     ok %",
        "user_engagement action sha~  100.0",
    ]
    assert table(rows, LIVE, 5) == ["oper~", "user~"]


@given(
    names=st.lists(st.text("abc_ 任\u0301", min_size=1, max_size=60), max_size=5),
    columns_wide=st.integers(1, 200),
    columns=st.sampled_from([LIVE, TOTALS]),
)
def test_no_line_is_wider_than_the_terminal(
    names: list[str], columns_wide: int, columns: tuple
) -> None:
    """Whatever the names and the width, lines fit and are one for each row."""
    lines = table([row(name) for name in names], columns, columns_wide)

    assert len(lines) == len(names) + 1
    assert all(width(line) <= columns_wide for line in lines)


@pytest.mark.parametrize(
    ("finished", "failed", "shown"),
    [(10, 0, "100.0"), (100_000, 1, "99.9"), (50, 21, "58.0"), (3, 3, "0.0")],
)
def test_success_is_100_only_if_all_succeeded(finished: float, failed: float, shown: str) -> None:
    """A percentage is rounded down: a failure never hides."""
    assert percentage(success(row(finished=finished, failed=failed))) == shown
