"""Both roads of recording, cells and the SDK's public calls, yield the same data points."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from threading import RLock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from otel_executor_metrics._labels import cleaner
from otel_executor_metrics.catalog import BUILTIN_OPERATIONS, DROPPED, Catalog
from otel_executor_metrics.cell_operation import CellOperation
from otel_executor_metrics.pipeline import Pipeline, cells, selfcheck
from otel_executor_metrics.recorder import Recorder
from otel_executor_metrics.roads import CellRoad, PublicRoad, Road
from otel_executor_metrics.storage.store import Store
from otel_executor_metrics.typing import OperationHandle

DELTA: dict[type, AggregationTemporality] = {
    Counter: AggregationTemporality.DELTA,
    Histogram: AggregationTemporality.DELTA,
}


def make_recorder(*readers: InMemoryMetricReader, cells: bool) -> Recorder:
    """Return a recorder of the built-in operations that writes to ``readers``."""
    if cells:
        pipeline = Pipeline.over(readers, Resource.get_empty())
    else:  # a provider without our Views, so that the SDK's own aggregations are compared with
        pipeline = Pipeline(MeterProvider(readers, shutdown_on_exit=False))
    return Recorder(
        Catalog(BUILTIN_OPERATIONS),
        road_of(pipeline),
        lock=RLock(),
        clean=cleaner("clean"),
        max_label_values=4,
        max_label_sets=6,
        max_operations=3,
    )


def road_of(pipeline: Pipeline) -> Road:
    """Return the road that suits ``pipeline``."""
    if not pipeline.takes_cells:
        return PublicRoad(pipeline.public_calls(), time.perf_counter)
    store = Store()
    pipeline.export(store)
    return CellRoad(store, time.perf_counter, lambda: False)


def points(reader: InMemoryMetricReader) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the data points of ``reader`` without times, and without histograms at zero.

    Only cells can say that a histogram exists and nothing was observed.
    """
    data = reader.get_metrics_data()
    return {
        (metric.name, metric.unit, metric.description, *sorted((point.attributes or {}).items())): {
            name: held for name, held in vars(point).items() if "time" not in name
        }
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
        if getattr(point, "count", 1)
    }


durations = st.one_of(
    # Sums of such numbers are exact in whatever order they are added: the SDK adds what it has
    # collected to what came since.
    st.integers(0, 20 * 1024).map(lambda number: number / 1024),
    st.sampled_from([0.25, 0.5, 10.0, -1.0, float("nan"), float("inf"), "x"]),
)
optional = st.one_of(st.none(), durations)
error_types = st.sampled_from(["Timeout", "Value Error", "", "a", "b", "c"])
ACTIONS: dict[str, tuple[Callable[..., None], st.SearchStrategy[tuple[Any, ...]]]] = {
    "success": (lambda to, *given: to.success(*given), st.tuples(optional)),
    "failure": (lambda to, *given: to.failure(*given), st.tuples(error_types, optional)),
    "retry": (lambda to, *given: to.retry(*given), st.tuples(st.integers(-1, 4))),
    "observe": (lambda to, *given: to.observe(*given), st.tuples(durations)),
    "begin": (lambda to: to.begin(), st.tuples()),
    "finish": (lambda to, *given: to.finish(*given), st.tuples(optional, st.none() | error_types)),
}
actions = st.sampled_from(sorted(ACTIONS)).flatmap(
    lambda name: st.tuples(st.just(name), ACTIONS[name][1])
)
labels = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from(["task_type", "queue", "le"]), st.sampled_from("abcdef"), max_size=2
    ),
)
operations = st.sampled_from(["intent", "execute", "Execute", "sync up", "x", "y", "z", ""])
# None is a collection by all readers.
programs = st.lists(st.one_of(st.none(), st.tuples(operations, labels, actions)), max_size=40)


def test_labels_whose_items_were_not_had_are_read_anew() -> None:
    """A dict that another thread changed while it was read is no reason to lose its labels."""
    reader = InMemoryMetricReader()
    labels = {"task_type": "report"}
    make_recorder(reader, cells=True).bind("execute", labels, None).success()

    series = ("execute_success", "", "Number of successful executions", ("task_type", "report"))
    assert points(reader)[series]["value"] == 1


@pytest.mark.parametrize("count", [1, 2])
@given(program=programs)
def test_both_roads_yield_the_same_points(count: int, program: list[Any]) -> None:
    """Whatever is recorded and whenever it is collected, each reader sees the same either way."""
    collected = []
    for by_cells in (True, False):
        readers = [InMemoryMetricReader() for _ in range(count)]
        recorder = make_recorder(*readers, cells=by_cells)
        collected.append(list(run(program, recorder, readers)))

    assert collected[0] == collected[1]


def run(
    program: list[Any], recorder: Recorder, readers: list[InMemoryMetricReader]
) -> Iterator[list[dict[Any, Any]]]:
    """Run ``program``; yield what the readers see, each time that it collects and at its end."""
    for step in (*program, None):
        if step is None:
            yield [points(reader) for reader in readers]
        else:
            operation, given_labels, (action, arguments) = step
            ACTIONS[action][0](recorder.find(operation, given_labels), *arguments)


def bound(*readers: InMemoryMetricReader) -> OperationHandle:
    """Return the handle of an operation that records to ``readers`` the way that suits them."""
    return make_recorder(*readers, cells=True).find("plan")


def test_cells_are_the_road_of_cumulative_readers() -> None:
    """With the SDK at hand, recording goes into cells; the other tests would prove little else."""
    assert isinstance(bound(InMemoryMetricReader(), InMemoryMetricReader()), CellOperation)


def test_a_delta_reader_gets_every_record_once() -> None:
    """Delta temporality takes the public road, and no collection repeats or loses anything."""
    reader = InMemoryMetricReader(preferred_temporality=DELTA)
    plan = bound(reader)
    assert not isinstance(plan, CellOperation)
    successes = []
    for duration in (0.1, 0.2, 0.3):
        plan.success(duration)
        seen = points(reader)
        successes.append(seen["plan_success", "", "Number of successful plans"]["value"])
        assert seen["plan_latency", "s", "Latency of task planning"]["sum"] == duration
    assert successes == [1, 1, 1]


def test_what_is_measured_through_the_sdk_counts_beside_the_cell() -> None:
    """A series with a cell still takes the measurements that go through its instrument."""
    reader = InMemoryMetricReader()
    pipeline = Pipeline.over([reader], Resource.get_empty())
    cell = road_of(pipeline).count(DROPPED, {"reason": "a"})
    cell.record(2)
    points(reader)
    pipeline.public_calls().meter.create_counter(DROPPED.key, description=DROPPED.help).add(
        3, {"reason": "a"}
    )
    cell.record(4)

    assert points(reader)[DROPPED.key, "", DROPPED.help, ("reason", "a")]["value"] == 9


@pytest.fixture
def changed_sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the SDK aggregations that take no cell, as a later release might."""
    monkeypatch.setattr(cells._CellBacked, "aggregate", lambda self, *args: None)
    selfcheck.cells_work.cache_clear()
    yield
    selfcheck.cells_work.cache_clear()


@pytest.mark.usefixtures("changed_sdk")
def test_an_sdk_that_does_not_take_cells_gets_public_calls(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The self-check finds out, warns once, and everything is still recorded."""
    reader = InMemoryMetricReader()
    with caplog.at_level(logging.WARNING):
        bound(reader).success(0.5)
        bound(InMemoryMetricReader())

    assert [record.name for record in caplog.records] == [selfcheck.__name__]
    seen = points(reader)
    assert seen["plan_success", "", "Number of successful plans"]["value"] == 1
    assert seen["plan_latency", "s", "Latency of task planning"]["count"] == 1


def test_an_sdk_that_changed_altogether_gets_public_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception out of the SDK's inside is as good a reason."""
    monkeypatch.setattr(cells.CellSumAggregation, "_create_aggregation", None)
    selfcheck.cells_work.cache_clear()
    try:
        assert not selfcheck.cells_work()
        assert not Pipeline.over([], Resource.get_empty()).takes_cells
    finally:
        monkeypatch.undo()
        selfcheck.cells_work.cache_clear()
        assert selfcheck.cells_work()


def test_the_self_check_heeds_no_span() -> None:
    """Within a sampled span the SDK's own points have exemplars; that is no reason to doubt it."""
    selfcheck.cells_work.cache_clear()
    with TracerProvider().get_tracer("tests").start_as_current_span("sampled"):
        assert selfcheck.cells_work()
