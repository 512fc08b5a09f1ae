"""What a real Collector shows is read as what its processes recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.scraping import scrape
from tests.scraping.conftest import Serve
from tests.support.collector import Collector

pytestmark = pytest.mark.real


def test_the_processes_behind_a_collector_are_added_up(serve: Serve, tmp_path: Path) -> None:
    """Job, instance and scope are no labels of an operation; one process alone is read as it is."""
    collector = Collector(tmp_path)
    try:

        def sending() -> ExecutorMetrics:
            return serve(
                exporter="otlp",
                otlp_endpoint=collector.http_url,
                service_name="shop",
                shutdown_timeout=0.1,  # by then the Collector is gone
            )

        one, other = sending(), sending()
        for number in range(20):
            labels = {"task_type": f"t{number % 3}"}
            one.record_operation("execute", duration=number / 10, labels=labels)
        one.record_operation("execute", False, duration=-1, error_type="Timeout")
        assert one.flush()
        assert scrape(collector.metrics_url) == one.snapshot()

        other.record_operation("execute", duration=0.5, labels={"task_type": "t0"})
        assert other.flush()
        both = scrape(collector.metrics_url)
    finally:
        collector.stop()

    assert both.of("execute").success == 21
    assert both.of("execute", {"task_type": "t0"}).durations == 8
    assert both.of("execute").failures == {"Timeout": 1}
    assert both.dropped["invalid_value"] == 1
