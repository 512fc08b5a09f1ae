"""Several facades on one MeterProvider, several readers, and readers that come later."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View

from otel_executor_metrics import CatalogError, ExecutorMetrics, ExecutorViews, Operation
from tests.pipeline.test_roads import DELTA, points

VIEWS: dict[str, Callable[[], list[View]]] = {"ours": ExecutorViews, "none": list[View]}
TRAIN = Operation("train", buckets=(1, 10))
PLANS = ("plan_success", "", "Number of successful plans")
by_views = pytest.mark.parametrize("views", VIEWS)


def make(views: str, *readers: InMemoryMetricReader) -> MeterProvider:
    """Return a provider with these Views."""
    return MeterProvider(readers, views=VIEWS[views](), shutdown_on_exit=False)


@by_views
def test_facades_on_one_provider_add_up(views: str) -> None:
    """What both record is exported once, in one series, at once and one after the other."""
    reader = InMemoryMetricReader()
    provider = make(views, reader)
    first = ExecutorMetrics(meter_provider=provider, operations=[TRAIN])
    second = ExecutorMetrics(meter_provider=provider, operations=[TRAIN])
    for metrics in (first, second):
        metrics.record_operation("plan", duration=0.2)
        metrics.record_operation("train", duration=5)
    assert points(reader)[PLANS]["value"] == 2

    first.shutdown()
    third = ExecutorMetrics(meter_provider=provider)
    third.record_operation("plan", duration=0.2)
    third.record_operation("train", duration=5)

    seen = points(reader)
    assert seen[PLANS]["value"] == 3
    latency = seen["train_latency", "s", "Latency of train"]
    assert (latency["count"], latency["explicit_bounds"]) == (3, (1.0, 10.0))
    data: Any = reader.get_metrics_data()
    names = [metric.name for metric in data.resource_metrics[0].scope_metrics[0].metrics]
    assert len(names) == len(set(names))


@by_views
@pytest.mark.parametrize("other", [Operation("train"), Operation("Train", buckets=(1, 10))])
def test_one_name_has_one_definition_on_a_provider(views: str, other: Operation) -> None:
    """A second one is refused at construction, whether the first was listed or came by itself."""
    listed, dynamic = make(views, InMemoryMetricReader()), make(views, InMemoryMetricReader())
    ExecutorMetrics(meter_provider=listed, operations=[TRAIN])
    ExecutorMetrics(meter_provider=dynamic).record_operation("train", duration=5)

    with pytest.raises(CatalogError, match="another ExecutorMetrics on this MeterProvider"):
        ExecutorMetrics(meter_provider=listed, operations=[other])
    with pytest.raises(CatalogError, match="'train'"):
        ExecutorMetrics(meter_provider=dynamic, operations=[TRAIN])


@by_views
def test_an_operation_on_first_use_takes_the_definition_of_the_others(views: str) -> None:
    """Recording never raises: whoever does not define it, records into the defined buckets."""
    reader = InMemoryMetricReader()
    provider = make(views, reader)
    ExecutorMetrics(meter_provider=provider, operations=[TRAIN])
    ExecutorMetrics(meter_provider=provider).record_operation("TRAIN", duration=5)

    latency = points(reader)["train_latency", "s", "Latency of train"]
    assert latency["bucket_counts"] == (0, 1, 0)


def test_one_list_of_views_serves_two_providers() -> None:
    """Each of them exports what is recorded there, once."""
    views, readers = ExecutorViews(), [InMemoryMetricReader(), InMemoryMetricReader()]
    for count, reader in enumerate(readers, start=1):
        provider = MeterProvider([reader], views=views, shutdown_on_exit=False)
        metrics = ExecutorMetrics(meter_provider=provider, operations=[Operation("Camel")])
        for _ in range(count):
            metrics.record_operation("plan")
            metrics.record_operation("Camel")

    camels = ("Camel_success", "", "Number of successful Camel operations")
    assert [points(reader)[PLANS]["value"] for reader in readers] == [1, 2]
    assert [points(reader)[camels]["value"] for reader in readers] == [1, 2]


later = pytest.mark.skipif(
    not hasattr(MeterProvider, "add_metric_reader"), reason="came with a later SDK"
)


@later
@by_views
def test_a_reader_added_later_sees_what_comes_and_in_cells_all(views: str) -> None:
    """It gets the totals; those that were there before go on as if nothing had happened."""
    first, second = InMemoryMetricReader(), InMemoryMetricReader()
    provider = make(views, first)
    metrics = ExecutorMetrics(meter_provider=provider)
    metrics.record_operation("plan")
    assert points(first)[PLANS]["value"] == 1

    provider.add_metric_reader(second)
    metrics.record_operation("plan")
    metrics.record_operation("new")

    assert points(first)[PLANS]["value"] == 2
    assert points(second)[PLANS]["value"] == (2 if views == "ours" else 1)
    assert points(second)["new_success", "", "Number of successful new operations"]["value"] == 1
    provider.remove_metric_reader(second)
    assert points(first)[PLANS]["value"] == 2


@later
def test_a_delta_reader_added_later_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """Cells cannot serve it: it gets nothing rather than totals as increases, and one warning."""
    first, second = InMemoryMetricReader(), InMemoryMetricReader(preferred_temporality=DELTA)
    provider = make("ours", first)
    metrics = ExecutorMetrics(meter_provider=provider)
    provider.add_metric_reader(second)
    for count in (1, 2):
        metrics.record_operation("plan")
        assert points(first)[PLANS]["value"] == count
        assert PLANS not in points(second)

    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert "delta" in told[0].getMessage()


@by_views
def test_a_provider_that_nobody_holds_is_freed(views: str) -> None:
    """What facades on it have in common does not keep it, nor its readers, alive."""
    reader = InMemoryMetricReader()
    provider = make(views, reader)
    metrics = ExecutorMetrics(meter_provider=provider)
    metrics.record_operation("plan", duration=1)
    points(reader)
    metrics.shutdown()
    gone = weakref.ref(provider)
    del provider, metrics, reader
    gc.collect()

    assert gone() is None


def test_views_do_not_add_up_with_operations() -> None:
    """The SDK tries each View on each instrument, so that their number must not grow."""
    views = ExecutorViews()
    provider = MeterProvider([InMemoryMetricReader()], views=views, shutdown_on_exit=False)
    metrics = ExecutorMetrics(meter_provider=provider)
    before = len(views)
    for index in range(50):
        metrics.record_operation(f"operation{index}")

    assert len(views) == before
