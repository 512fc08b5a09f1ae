"""``ExecutorMetrics.snapshot``: the numbers that a scrape shows, without one."""

from __future__ import annotations

import math
import os

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_executor_metrics import ExecutorMetrics, ExecutorViews, Objective, Operation
from otel_executor_metrics.snapshot import Snapshot
from tests.facade.conftest import MakeMetrics

TRAIN = Operation("train", labels=("model",), buckets=(1, 60))


def record(metrics: ExecutorMetrics) -> None:
    """Record each role once or more often, the drops of the library included."""
    metrics.record_operation("train", duration=0.5, labels={"model": "small"})
    metrics.record_operation("train", duration=2.0, labels={"model": "small"})
    metrics.record_operation("train", False, 61.0, {"model": "small"}, error_type="OutOfMemory")
    metrics.record_retry("train", 2, labels={"model": "small"})
    with pytest.raises(KeyError), metrics.measure("train", {"model": "small"}):
        raise KeyError
    metrics.metrics["train_in_progress"].labels(model="small").inc()
    metrics.record_operation("train", duration=math.nan)
    for model in ("b", "c"):
        metrics.record_operation("train", labels={"model": model})


def test_it_has_what_was_recorded(make_metrics: MakeMetrics) -> None:
    """Each role, by operation and label set, and what was dropped or became ``other``."""
    metrics = make_metrics(operations=[TRAIN], max_label_values=2)

    record(metrics)

    snapshot = metrics.snapshot()
    small = snapshot.of("train", {"model": "small"})
    assert small.success == 2
    assert small.failures == {"OutOfMemory": 1, "KeyError": 1}
    assert (small.retries, small.in_progress, small.lost) == (1, 1, 0)
    assert [count for _, count in small.buckets] == [2, 3, 4]
    assert [bound for bound, _ in small.buckets] == [1, 60, math.inf]
    assert small.seconds == pytest.approx(63.5, abs=0.5)
    assert snapshot.series["train", ()].success == 1
    assert snapshot.dropped["invalid_value"] == 1
    assert snapshot.overflowed == {("train", "model"): 1}
    assert snapshot.of("train", {"model": "other"}).success == 1


def test_it_has_what_is_promised(make_metrics: MakeMetrics) -> None:
    """Objectives by operation; a difference keeps them."""
    promised = Objective(success=0.99, latency=(0.95, 60.0))
    metrics = make_metrics(operations=[Operation("train", objective=promised)])
    earlier = metrics.snapshot()

    assert earlier.objectives == {"train": promised}
    assert metrics.snapshot().since(earlier).objectives == earlier.objectives


@pytest.mark.parametrize("exporter", ["prometheus", "none", "console"])
def test_it_needs_no_endpoint(make_metrics: MakeMetrics, exporter: str) -> None:
    """Whatever exports, the numbers can be read; nothing recorded is read as zeros."""
    metrics = make_metrics(exporter=exporter)
    assert metrics.snapshot().of("plan").finished == 0

    metrics.record_operation("plan", duration=0.2)

    assert metrics.snapshot().of("plan").success == 1


def test_it_is_of_the_whole_fleet(make_metrics: MakeMetrics) -> None:
    """A forked process that has the same port counts, dead or alive; so it does in the child."""
    metrics = make_metrics()
    metrics.record_operation("plan")
    seen, answer = os.pipe()
    child = os.fork()
    if child == 0:
        metrics.record_operation("plan")
        os.write(answer, b"%d" % metrics.snapshot().of("plan").success)
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(seen, 10) == b"2"
    assert metrics.snapshot().of("plan").success == 2
    os.close(seen)
    os.close(answer)


def test_it_is_of_a_provider_with_our_views() -> None:
    """Recording into cells is read back; through the public calls it cannot be."""
    with ExecutorMetrics(
        meter_provider=MeterProvider([InMemoryMetricReader()], views=ExecutorViews())
    ) as metrics:
        metrics.record_operation("plan")
        assert metrics.snapshot().of("plan").success == 1
    with ExecutorMetrics(meter_provider=MeterProvider([InMemoryMetricReader()])) as metrics:
        metrics.record_operation("plan")
        assert metrics.snapshot() == Snapshot()


def test_it_is_empty_where_metrics_are_off(make_metrics: MakeMetrics) -> None:
    """Disabled or shut down, there is nothing to be read, and nothing raises."""
    stopped = make_metrics()
    stopped.shutdown()

    assert make_metrics(enable_metrics=False).snapshot() == Snapshot()
    assert stopped.snapshot() == Snapshot()
