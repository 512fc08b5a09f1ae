"""A MeterProvider of the user's own: its readers export, its Views decide, it stays theirs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

from otel_executor_metrics import DEFAULT_BUCKETS, ExecutorMetrics, ExecutorViews
from otel_executor_metrics.cell_operation import CellOperation
from tests.pipeline.test_roads import points


def appended() -> list[View]:
    """Return our Views and another, which came after they were made."""
    views = ExecutorViews()
    views.append(View(instrument_name="other"))
    return views


VIEWS: dict[str, Callable[[], list[View]]] = {
    "ours": ExecutorViews,
    "none": list[View],
    "ours and others": lambda: ExecutorViews([View(instrument_name="other")]),
    "ours, then others": appended,
    "others": lambda: [View(instrument_name="other")],
}


@pytest.mark.parametrize("views", VIEWS)
def test_its_readers_see_all_in_documented_buckets(views: str) -> None:
    """Whatever its Views, names and buckets are the documented ones and nothing is lost."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], views=VIEWS[views](), shutdown_on_exit=False)
    metrics = ExecutorMetrics(meter_provider=provider)
    metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})
    metrics.record_operation("dynamic", success=False, error_type="Boom", duration=0.3)

    seen = points(reader)
    latency = seen["execute_latency", "s", "Latency of task execution", ("task_type", "ml")]
    assert latency["explicit_bounds"] == DEFAULT_BUCKETS
    assert latency["bucket_counts"][DEFAULT_BUCKETS.index(0.25)] == 1
    help_text = "Number of failed dynamic operations"
    assert seen["dynamic_failures", "", help_text, ("error_type", "Boom")]["value"] == 1
    provider.shutdown()


def test_ours_alone_take_cells() -> None:
    """With our Views and no other, recording goes at full speed; others would not see cells."""
    for name, views in VIEWS.items():
        provider = MeterProvider([InMemoryMetricReader()], views=views(), shutdown_on_exit=False)
        handle = ExecutorMetrics(meter_provider=provider).operation("plan")
        assert isinstance(handle, CellOperation) is (name == "ours")


def test_a_view_of_the_users_applies() -> None:
    """Buckets of the user's own View hold for what is recorded here."""
    reader = InMemoryMetricReader()
    aggregation = ExplicitBucketHistogramAggregation(boundaries=(1.0, 2.0))
    view = View(instrument_type=Histogram, aggregation=aggregation)
    provider = MeterProvider([reader], views=[view], shutdown_on_exit=False)
    ExecutorMetrics(meter_provider=provider).record_operation("plan", duration=1.5)

    latency = points(reader)["plan_latency", "s", "Latency of task planning"]
    assert latency["bucket_counts"] == (0, 1, 0)


@pytest.mark.parametrize("views", VIEWS)
def test_a_series_begins_before_what_it_counts(views: str) -> None:
    """Its start time is not that of the first collection: a rate from there on has all records."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], views=VIEWS[views](), shutdown_on_exit=False)
    metrics = ExecutorMetrics(meter_provider=provider)
    metrics.record_operation("dynamic", duration=0.3)
    recorded = time.time_ns()

    data = reader.get_metrics_data()
    assert data is not None
    starts = {
        (metric.name, point.start_time_unix_nano <= recorded)
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
        for point in metric.data.data_points
        if metric.name.startswith("dynamic")
    }
    assert ("dynamic_success", True) in starts
    assert ("dynamic_latency", True) in starts
    assert all(before for _, before in starts)


def test_it_stays_the_users() -> None:
    """Nothing is served, and shutdown leaves the provider running."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], views=ExecutorViews(), shutdown_on_exit=False)
    with ExecutorMetrics(meter_provider=provider) as metrics:
        metrics.record_operation("plan")
        assert metrics.get_metrics_summary()["exporters"] == []
        assert metrics.get_metrics_summary()["url"] is None
        assert metrics.flush()

    counter = provider.get_meter("user").create_counter("alive")
    counter.add(1)
    seen = points(reader)
    assert seen["alive", "", ""]["value"] == 1
    assert seen["plan_success", "", "Number of successful plans"]["value"] == 1


def test_a_provider_without_an_sdk_is_harmless() -> None:
    """OpenTelemetry's no-op provider records nothing and raises nothing."""
    metrics = ExecutorMetrics(meter_provider=NoOpMeterProvider())
    metrics.record_operation("plan", duration=1.0)
    assert metrics.flush()
    metrics.shutdown()
