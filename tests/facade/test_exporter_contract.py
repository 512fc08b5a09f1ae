"""What every exporter must do. One harness for each; the program and what is seen are the same."""

from __future__ import annotations

import io
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import pytest
from prometheus_client.samples import Sample

from otel_executor_metrics import ExecutorMetrics, Operation
from tests.facade.scraping import LabelSet, label_set, scrape

Seen = dict[tuple[str, LabelSet], float]


class Harness(ABC):
    """Runs a facade with one exporter, and reads the series that leave by it."""

    name: str

    def start(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> ExecutorMetrics:
        """Return a facade with the exporter."""
        settings = {"metrics_port": 0, "host": "127.0.0.1", **settings}
        return ExecutorMetrics(exporter=self.name, **settings)

    @abstractmethod
    def read(self, metrics: ExecutorMetrics) -> Seen:
        """Return all samples under the names that Prometheus has for them."""


class PrometheusHarness(Harness):
    """Scrapes the endpoint."""

    name = "prometheus"

    def read(self, metrics: ExecutorMetrics) -> Seen:
        """Scrape."""
        return scrape(metrics).samples


class ConsoleHarness(Harness):
    """Captures standard output, and names the series as OpenTelemetry's exporters do."""

    name = "console"

    def start(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> ExecutorMetrics:
        """Return a facade whose exporter writes into a buffer."""
        self.output = io.StringIO()
        monkeypatch.setattr(sys, "stdout", self.output)
        return super().start(monkeypatch, **settings)

    def read(self, metrics: ExecutorMetrics) -> Seen:
        """Flush, and read the last document."""
        self.output.seek(0)
        self.output.truncate()
        assert metrics.flush()
        document = json.loads(self.output.getvalue())
        return {
            (sample.name, label_set(sample.labels)): sample.value
            for resource in document["resource_metrics"]
            for scope in resource["scope_metrics"]
            for metric in scope["metrics"]
            for point in metric["data"]["data_points"]
            for sample in samples_of(metric, point)
        }


def samples_of(metric: dict[str, Any], point: dict[str, Any]) -> Iterator[Sample]:
    """Return one data point as the samples that Prometheus has for it."""
    name, labels, data = metric["name"], point["attributes"], metric["data"]
    if "bucket_counts" in point:
        assert metric["unit"] == "s"
        bounds = [*map(str, point["explicit_bounds"]), "+Inf"]
        for bound, count in zip(bounds, accumulate(point["bucket_counts"]), strict=True):
            yield Sample(f"{name}_seconds_bucket", {**labels, "le": bound}, count)
        yield Sample(f"{name}_seconds_count", labels, point["count"])
        yield Sample(f"{name}_seconds_sum", labels, point["sum"])
    else:
        yield Sample(f"{name}_total" if data["is_monotonic"] else name, labels, point["value"])


@pytest.fixture(params=[PrometheusHarness, ConsoleHarness], ids=lambda harness: harness.name)
def harness(request: pytest.FixtureRequest) -> Harness:
    """Return the harness of each exporter in turn."""
    made = request.param()
    assert isinstance(made, Harness)
    return made


TRAIN = Operation(
    "train", labels=("model",), buckets=(1, 10), label_values={"model": ("small", "large")}
)


def run(metrics: ExecutorMetrics) -> None:
    """Record a bit of everything."""
    for duration in (0.005, 0.006, 3.0, 100.0):
        metrics.record_operation("execute", duration=duration, labels={"task_type": "ml"})
    metrics.record_operation("execute", success=False, error_type="Boom", duration=0.3)
    metrics.record_operation("train", duration=5.0, labels={"model": "large"})
    metrics.record_operation("UserLogin", duration=0.2, labels={"way": "sso token"})
    metrics.record_retry("plan", 2)
    metrics.record_operation_latency("plan", float("nan"))
    metrics.measure("intent").__enter__()


EXPECTED: Seen = {
    (name, label_set(labels)): value
    for name, labels, value in [
        ("execute_success_total", {"task_type": "ml"}, 4),
        ("execute_failures_total", {"error_type": "Boom"}, 1),
        ("execute_failures_total", {"task_type": "ml"}, 0),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "0.005"}, 1),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "0.01"}, 2),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "5.0"}, 3),
        ("execute_latency_seconds_bucket", {"task_type": "ml", "le": "+Inf"}, 4),
        ("execute_latency_seconds_count", {"task_type": "ml"}, 4),
        ("execute_latency_seconds_sum", {"task_type": "ml"}, 0.005 + 0.006 + 3.0 + 100.0),
        ("train_success_total", {"model": "small"}, 0),
        ("train_latency_seconds_bucket", {"model": "large", "le": "10.0"}, 1),
        ("train_latency_seconds_bucket", {"model": "large", "le": "1.0"}, 0),
        ("train_latency_seconds_count", {"model": "small"}, 0),
        ("UserLogin_success_total", {"way": "sso_token"}, 1),
        ("UserLogin_latency_seconds_count", {"way": "sso_token"}, 1),
        ("plan_retries_total", {}, 1),
        ("plan_latency_seconds_count", {}, 0),
        ("intent_in_progress", {}, 1),
        ("intent_success_total", {}, 0),
        ("executor_metrics_dropped_total", {"reason": "invalid_value"}, 1),
        ("executor_metrics_dropped_total", {"reason": "error"}, 0),
    ]
}


def test_the_same_series_leave_by_every_exporter(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, labels, buckets and values are the documented ones, whoever carries them."""
    with harness.start(monkeypatch, operations=[TRAIN]) as metrics:
        run(metrics)
        seen = harness.read(metrics)

    assert {key: seen.get(key) for key in EXPECTED} == EXPECTED


def test_totals_only_grow_from_one_reading_to_the_next(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reading has the totals since the start, not what came since the last."""
    key = ("plan_success_total", label_set({}))
    with harness.start(monkeypatch) as metrics:
        readings = []
        for _ in range(3):
            metrics.record_operation("plan")
            readings.append(harness.read(metrics)[key])

    assert readings == [1, 2, 3]


def test_no_exporter_adds_labels_of_its_own(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No label of OpenTelemetry's scope or resource is on any series."""
    with harness.start(monkeypatch) as metrics:
        run(metrics)
        seen = harness.read(metrics)

    names = {name for _, labels in seen for name, _ in labels}
    assert names <= {"task_type", "error_type", "model", "way", "reason", "le"}


def test_exporters_can_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two exporters of one facade see the same, and nothing twice."""
    console = ConsoleHarness()
    monkeypatch.setattr(console, "name", ["prometheus", "console"])
    with console.start(monkeypatch, operations=[TRAIN]) as metrics:
        run(metrics)
        by_console, by_pull = console.read(metrics), scrape(metrics).samples

    assert by_console == by_pull
    assert {key: by_pull.get(key) for key in EXPECTED} == EXPECTED
