"""What the demo shows of its endpoint."""

from __future__ import annotations

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.demo.report import LiveView, summary
from otel_executor_metrics.snapshot import Recorded, Snapshot

PLAN = ("plan", ())


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
    assert lines[-2:] == ["The last 2 s.", "note: second"]
    assert next(line for line in lines if line.startswith("plan")).split()[1:3] == ["0.5", "100.0"]
    assert gone[-1].startswith(f"{url}: ")
    assert all(len(line) <= 79 for line in (*lines, *gone))


def test_the_summary_sets_the_endpoint_against_the_workload() -> None:
    """Totals, failures by type, and both counts side by side."""
    text = "\n".join(
        summary(
            Snapshot({PLAN: Recorded(2, {"Timeout": 0.0, "CancelledError": 1.0})}),
            requests=4,
            finished=3,
            seconds=2.0,
            width=79,
        )
    )

    assert "4 requests in 2.0 s" in text
    assert "Failures: CancelledError 1 (CancelledError: in progress at the end)" in text
    assert "The workload finished 3 operations; the endpoint says 3." in text
    assert "Failures: none" in "\n".join(
        summary(Snapshot(), requests=0, finished=0, seconds=1.0, width=79)
    )
