"""What the page draws is what was recorded."""

from __future__ import annotations

import math
from contextlib import ExitStack

import pytest

from otel_executor_metrics import DEFAULT_BUCKETS, ExecutorMetrics
from otel_executor_metrics._quantiles import histogram_quantile
from tests.facade.conftest import MakeMetrics
from tests.page.conftest import Open
from tests.page.view import View, page_url

pytestmark = pytest.mark.real

DURATIONS = [0.003, 0.02, 0.02, 0.04, 0.06, 0.2, 0.3, 0.3, 0.7, 1.2, 3.0, 12.0]
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def estimate(quantile: float, durations: list[float]) -> float:
    """Return the quantile as Prometheus would estimate it."""
    bounds = [*DEFAULT_BUCKETS, math.inf]
    return histogram_quantile(quantile, [(b, sum(d <= b for d in durations)) for b in bounds])


def shown_duration(text: str) -> float:
    """Return the seconds that the page shows."""
    number, unit = text.split()
    return float(number) / (1000 if unit == "ms" else 1)


def record(metrics: ExecutorMetrics) -> None:
    """Record twelve reports, a third of them failed in two ways, and three retries."""
    for index, duration in enumerate(DURATIONS):
        failed = index % 3 == 2
        metrics.record_operation(
            "execute",
            success=not failed,
            duration=duration,
            labels={"task_type": "report"},
            error_type="Timeout" if index > 3 else "Refused",
        )
    for attempt in (1, 2, 3, 4):
        metrics.record_retry("execute", attempt, labels={"task_type": "report"})


def open_and_record(open_page: Open, metrics: ExecutorMetrics) -> View:
    """Open the page on metrics that hold something already, record more, and wait for it."""
    metrics.record_operation("execute", duration=0.5, labels={"task_type": "report"})
    metrics.record_operation("plan", duration=0.5)
    view = open_page(page_url(metrics))
    view.catch_up()
    record(metrics)
    view.catch_up()
    return view


def test_tiles_show_what_was_recorded(open_page: Open, metrics: ExecutorMetrics) -> None:
    """The numbers cover what came since the page was opened, and no more."""
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(metrics.measure("execute", {"task_type": "report"}))
        view = open_and_record(open_page, metrics)

        assert view.tile("failed") == "4"
        assert view.tile("retries") == "3"
        assert view.tile("share") == "66.6 %"
        assert view.tile("progress") == "3"
        assert (view.tile("lost"), view.tile("dropped")) == ("0", "0")
        for name, quantile in QUANTILES.items():
            expected = estimate(quantile, DURATIONS)
            assert shown_duration(view.tile(name)) == pytest.approx(expected, abs=0.005)


def test_charts_draw_what_was_recorded(open_page: Open, metrics: ExecutorMetrics) -> None:
    """The last point of each line is the rate, share or quantile of the time since the opening."""
    view = open_and_record(open_page, metrics)
    view.page.locator("#pause").click()  # the clock would go on between two looks
    seconds = view.times()[-1] - view.times()[0]

    def last(chart: str) -> dict[str, float | None]:
        return {label: values[-1] for label, values in view.drawn(chart).lines.items()}

    assert seconds < 30  # all of it is in the window of the last point
    assert last("throughput") == pytest.approx({"Succeeded": 8 / seconds, "Failed": 4 / seconds})
    assert last("share") == pytest.approx({"Success": 8 / 12})
    assert last("retries") == pytest.approx({"Retries": 3 / seconds})
    assert last("failures") == pytest.approx({"Timeout": 3 / seconds, "Refused": 1 / seconds})
    assert last("progress") == {"In progress": 0}
    estimates = {name: estimate(quantile, DURATIONS) for name, quantile in QUANTILES.items()}
    assert last("latency") == pytest.approx(estimates)


def test_the_table_shows_each_label_set(open_page: Open, metrics: ExecutorMetrics) -> None:
    """A row has the numbers of its label set alone, and the total since the start."""
    view = open_and_record(open_page, metrics)
    rows = {row.pop("Operation and labels").split("\n")[0]: row for row in view.rows()}

    execute = rows["execute"]
    assert (execute["Failures"], execute["Retries"], execute["Success"]) == ("4", "3", "66.6 %")
    assert execute["Total"] == "13"
    assert shown_duration(execute["p50"]) == pytest.approx(estimate(0.5, DURATIONS), abs=0.005)
    assert rows["plan"]["Total"] == "1"
    assert (rows["plan"]["Rate /s"], rows["plan"]["p50"]) == ("0.00", "–")


def test_failures_are_counted_by_type(open_page: Open, metrics: ExecutorMetrics) -> None:
    """The types come with their counts and shares, the most frequent first."""
    view = open_and_record(open_page, metrics)

    assert view.rows("failures") == [
        {"Type": "Timeout", "Count": "3", "Share": "75.0 %"},
        {"Type": "Refused", "Count": "1", "Share": "25.0 %"},
    ]


def test_since_the_start_everything_counts(open_page: Open, metrics: ExecutorMetrics) -> None:
    """What was recorded before the page was opened is there at once; only its rate is unknown."""
    record(metrics)
    metrics.record_operation("execute", duration=math.nan)
    view = open_page(f"{page_url(metrics)}#span=Infinity")
    view.catch_up()

    assert (view.tile("failed"), view.tile("retries"), view.tile("rate")) == ("4", "3", "–")
    assert shown_duration(view.tile("p95")) == pytest.approx(estimate(0.95, DURATIONS), abs=0.005)
    assert view.tile("dropped") == "1"
    assert view.rows("library-drops") == [{"Dropped because of": "invalid_value", "Count": "1"}]


def test_one_operation_or_label_set_alone(open_page: Open, metrics: ExecutorMetrics) -> None:
    """Operation, filter and a picked row narrow tiles, charts and table; the address keeps them."""
    view = open_and_record(open_page, metrics)
    metrics.record_operation("execute", success=False, labels={"task_type": "other"})
    view.catch_up()
    view.page.locator("#operation").select_option("plan")
    assert (view.tile("failed"), view.tile("share")) == ("0", "–")
    assert len(view.rows()) == 1

    view.page.locator("#operation").select_option("")
    view.page.get_by_label("Filter").fill("task_type=OTH")
    assert (view.tile("failed"), view.text("subject")) == ("1", "execute · task_type=other")
    view.page.get_by_label("Filter").fill("task_type")
    assert view.tile("failed") == "5"

    view.page.get_by_role("button", name="execute task_type=report").click()
    assert view.tile("failed") == "4"
    view.page.reload()
    view.catch_up()
    assert view.text("subject") == "execute · task_type=report"
    assert view.drawn("failures").lines.keys() == set()
    view.page.get_by_role("button", name="Show all").click()
    assert view.text("subject") == "All operations"


def test_the_data_table_says_what_the_chart_draws(
    open_page: Open, metrics: ExecutorMetrics
) -> None:
    """Each chart has its values as a table, the newest first."""
    view = open_and_record(open_page, metrics)
    view.page.locator("#pause").click()
    view.page.locator("#chart-share summary").click()
    drawn = view.drawn("share")
    table = view.page.locator("#chart-share tbody tr")

    assert table.count() == sum(value is not None for value in drawn.lines["Success"])
    assert table.first.locator("td").last.inner_text() == "66.6 %"
    assert float(str(table.first.get_attribute("data-time"))) == drawn.times[-1]


def test_operations_with_other_buckets_meet_at_the_common_ones(
    open_page: Open, make_metrics: MakeMetrics
) -> None:
    """Quantiles over all operations come from the bounds that all have: they are never wrong."""
    from otel_executor_metrics import Operation

    train = Operation("train", buckets=(0.5, 10.0, 60.0))
    metrics = make_metrics(operations=[train])
    for duration in (0.4, 0.4, 0.4, 40.0):
        metrics.record_operation("train", duration=duration)
    view = open_page(f"{page_url(metrics)}#span=Infinity")
    view.catch_up()

    expected = histogram_quantile(0.5, [(0.5, 3), (10.0, 3), (math.inf, 4)])
    assert shown_duration(view.tile("p50")) == pytest.approx(expected, abs=0.005)
    view.page.locator("#operation").select_option("train")
    assert shown_duration(view.tile("p99")) == pytest.approx(
        histogram_quantile(0.99, [(0.5, 3), (10.0, 3), (60.0, 4), (math.inf, 4)]), abs=0.5
    )
