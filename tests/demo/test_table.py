"""Snapshots become rows, and rows become lines that fit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.demo.report import LiveView, summary
from otel_executor_metrics.demo.rows import Row, Window, failures_by_type, rows
from otel_executor_metrics.demo.scrape import Key, ScrapeError, Series, scrape, snapshot
from otel_executor_metrics.demo.table import LIVE, TOTALS, duration, success, table

PLAN: Key = ("plan", ())
REPORT: Key = ("execute", (("task_type", "report"),))


def row(name: str = "intent", finished: float = 10.0, failed: float = 0.0) -> Row:
    """Return a row of ten seconds."""
    return Row(name, 10.0, finished, failed, (0.01, 0.5, 2.0), 3.0, 1.0)


def test_a_scrape_tells_all_of_an_operation(metrics: ExecutorMetrics) -> None:
    """Success, failures by type, retries, progress and buckets are read over HTTP."""
    labels = {"task_type": "report"}
    metrics.record_operation("execute", duration=0.2, labels=labels)
    metrics.record_operation("execute", False, 0.3, labels=labels, error_type="TimeoutError")
    metrics.record_retry("execute", 2, labels=labels)

    with metrics.measure("execute", labels):
        found = scrape(metrics.get_metrics_summary()["url"])

    series = found[REPORT]
    assert (series.success, series.failed, series.finished) == (1, 1, 2)
    assert (series.retries, series.in_progress) == (1, 1)
    assert series.failures["TimeoutError"] == 1
    assert (series.buckets[0.1], series.buckets[0.25], series.buckets[math.inf]) == (0, 1, 2)
    assert failures_by_type(found) == {"TimeoutError": 1}
    assert {operation for operation, _ in found} == {"intent", "plan", "execute"}


def test_a_proxy_is_not_asked(metrics: ExecutorMetrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint is on this machine, where a proxy of the environment would not find it."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert scrape(metrics.get_metrics_summary()["url"])


def test_what_cannot_be_scraped_is_one_line(metrics: ExecutorMetrics) -> None:
    """A closed port, another page and an address of nobody are reported with the URL."""
    url = metrics.get_metrics_summary()["url"]
    metrics.shutdown()

    for wrong in (url, "http://no-such-host.invalid/metrics", "nonsense"):
        with pytest.raises(ScrapeError) as caught:
            scrape(wrong)
        assert str(caught.value).startswith(f"{wrong} cannot be read: ")
        assert "\n" not in str(caught.value)


def test_rows_are_what_happened_in_between() -> None:
    """Counts are differences, what is new was at 0, and retries are those since the start."""
    before = {PLAN: Series(5, 1, 0, {"A": 2.0}, {1.0: 6.0, math.inf: 7.0})}
    now = {
        PLAN: Series(9, 4, 2, {"A": 3.0, "B": 1.0}, {1.0: 12.0, math.inf: 13.0}),
        REPORT: Series(1),
    }

    plan, report = rows(now, before, 2.0)

    assert (plan.name, report.name) == ("plan", "execute report")
    assert (plan.finished, plan.failed, plan.retries, plan.in_progress) == (6, 2, 4, 2)
    assert plan.quantiles[0] == pytest.approx(0.5)
    assert report.finished == 1
    assert all(map(math.isnan, report.quantiles))


def test_the_window_forgets_what_is_too_old() -> None:
    """The oldest snapshot is as old as the window is long, or all there is."""
    window = Window(seconds=30)

    lengths = [window.add(at, {PLAN: Series()})[0].seconds for at in (0, 10, 20, 30, 40, 50, 500)]

    assert lengths == [0, 10, 20, 30, 30, 30, 450]


def test_the_table_of_a_usual_terminal() -> None:
    """Everything fits into 80 columns, numbers are aligned to the right."""
    lines = table([row("execute data_processing", 200, 3), row(finished=0)], LIVE, 79)

    assert lines == [
        "operation                rate/s  ok %   p50    p95    p99  retries  running",
        "execute data_processing    20.0  98.5  10ms  500ms  2.00s        3        1",
        "intent                      0.0     -  10ms  500ms  2.00s        3        1",
    ]


def test_a_narrow_terminal_keeps_what_matters() -> None:
    """Names are cut to 12 characters at most, columns go, and the success rate goes last."""
    rows = [row("user_engagement share")]

    assert table(rows, LIVE, 60) == [
        "operation       rate/s   ok %   p50    p95  retries  running",
        "user_engageme~     1.0  100.0  10ms  500ms        3        1",
    ]
    assert table(rows, LIVE, 40)[0].split() == ["operation", "rate/s", "ok", "%", "p95"]
    assert table(rows, LIVE, 22)[0].split() == ["operation", "ok", "%"]
    assert table(rows, LIVE, 5) == ["oper~", "user~"]


@given(
    names=st.lists(st.text("abc_ ", min_size=1, max_size=60), max_size=5),
    width=st.integers(1, 200),
    columns=st.sampled_from([LIVE, TOTALS]),
)
def test_no_line_is_wider_than_the_terminal(names: list[str], width: int, columns: tuple) -> None:
    """Whatever the names and the width, lines fit and are one for each row."""
    lines = table([row(name) for name in names], columns, width)

    assert len(lines) == len(names) + 1
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(math.nan, "-"), (0.0042, "4ms"), (0.9994, "999ms"), (0.9996, "1.00s"), (123.4, "123s")],
)
def test_durations_are_short(seconds: float, shown: str) -> None:
    """A duration takes at most six characters."""
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("finished", "failed", "shown"),
    [(0, 0, "-"), (10, 0, "100.0"), (100_000, 1, "99.9"), (50, 21, "58.0"), (3, 3, "0.0")],
)
def test_success_is_100_only_if_all_succeeded(finished: float, failed: float, shown: str) -> None:
    """A percentage is rounded down: a failure never hides."""
    assert success(row(finished=finished, failed=failed)) == shown


def test_the_live_view_shows_url_table_and_last_note(metrics: ExecutorMetrics) -> None:
    """Its lines fit the width; an endpoint that is gone is named in the table's place."""
    url = metrics.get_metrics_summary()["url"]
    view = LiveView(url, "20 requests/s")
    view.lines(0.0, 79)
    metrics.record_operation("plan", duration=0.2)

    lines = view.lines(2.0, 79, ["first", "second"])
    metrics.shutdown()
    gone = view.lines(3.0, 79)

    assert lines[:2] == [f"Scrape {url}", "2 s of 20 requests/s"]
    assert lines[-2:] == ["The last 2 s; retries since the start.", "note: second"]
    assert next(line for line in lines if line.startswith("plan")).split()[1:3] == ["0.5", "100.0"]
    assert gone[-1].startswith(f"{url} cannot be read")
    assert all(len(line) <= 79 for line in (*lines, *gone))


def test_the_summary_sets_the_endpoint_against_the_workload() -> None:
    """Totals, failures by type, and both counts side by side."""
    text = "\n".join(
        summary(
            {PLAN: Series(2, failures={"": 0.0, "CancelledError": 1.0})},
            requests=4,
            finished=3,
            seconds=2.0,
            width=79,
        )
    )

    assert "4 requests in 2.0 s" in text
    assert "Failures: CancelledError 1 (CancelledError: in progress at the end)" in text
    assert "The workload finished 3 operations; the endpoint says 3." in text
    assert "Failures: none" in "\n".join(summary({}, requests=0, finished=0, seconds=1.0, width=79))


def test_a_snapshot_of_foreign_text_is_empty() -> None:
    """Series of others are left out, and so are those of the library about itself."""
    text = 'executor_metrics_dropped_total{reason="error"} 1.0\nup 1.0\nother_total{a="b"} 2.0\n'

    assert snapshot(text) == {}
