"""Recording at the end of the stack: it raises nothing there, and loses no count of what runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_executor_metrics import ExecutorMetrics
from tests.facade.calls import CALLS_BY_LABELS
from tests.facade.conftest import MakeMetrics
from tests.facade.outcomes import outcomes
from tests.facade.scraping import scrape
from tests.pipeline.test_roads import points


class _Nothing:
    """Has the signatures of what records, and needs one frame for a call."""

    def call(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""


RECORDING: dict[str, Callable[[ExecutorMetrics], Callable[[], object]]] = {
    "operation": lambda m: lambda: m.record_operation("deep", duration=0.1, labels={"a": "b"}),
    "failure": lambda m: lambda: m.record_operation("deep", success=False, error_type="E"),
    "latency": lambda m: lambda: m.record_operation_latency("deep", 0.1),
    "success": lambda m: lambda: m.record_operation_success("deep", {"a": "c"}),
    "bad operation": lambda m: lambda: m.record_operation("", duration=0.1),
    "batch": lambda m: lambda: m.record_batch_operations([{"operation": "deep"}]),
}


def _at_depth(depth: int, call: Callable[[], object]) -> None:
    if depth:
        _at_depth(depth - 1, call)
    else:
        call()


def _deepest() -> int:
    """Return the depth at which an empty method can still be called."""
    depth, nothing = 0, _Nothing()
    while True:
        try:
            _at_depth(depth, lambda: nothing.call("x", labels=None))
        except RecursionError:
            return depth - 1
        depth += 1


@pytest.mark.parametrize("name", RECORDING)
def test_recording_raises_nothing_wherever_a_call_is_possible(
    metrics: ExecutorMetrics, name: str
) -> None:
    """Where an empty method can be called, a recording one can: it records, or it does not."""
    record = RECORDING[name](metrics)
    deepest = _deepest()

    for depth in range(deepest - 60, deepest + 1):
        _at_depth(depth, record)
    record()
    assert "deep_success" in metrics.metrics or name == "bad operation"


def _decorated(metrics: ExecutorMetrics) -> Callable[[], object]:
    @metrics.with_metrics("deep")
    def deep() -> object:
        return deep()

    return deep


def _measured(metrics: ExecutorMetrics) -> Callable[[], object]:
    def deep() -> object:
        with metrics.measure("deep"):
            return deep()

    return deep


def _entered(metrics: ExecutorMetrics) -> Callable[[], object]:
    handle = metrics.operation("deep")

    def deep() -> object:
        with handle:
            return deep()

    return deep


DEEP = {"decorated": _decorated, "measured": _measured, "entered": _entered}


@pytest.mark.parametrize("name", DEEP)
def test_what_began_at_the_recursion_limit_ends(metrics: ExecutorMetrics, name: str) -> None:
    """A measured function that recurses without end leaves nothing in progress."""
    deep = DEEP[name](metrics)
    for _ in range(3):
        with pytest.raises(RecursionError):
            deep()

    seen = outcomes(metrics, "deep")
    assert seen.in_progress == 0
    assert seen.failures.keys() == {"RecursionError"}
    assert seen.successes == 0


def test_what_could_not_be_entered_is_not_what_is_left(make_metrics: MakeMetrics) -> None:
    """A handle that was entered too deep in the stack ends nothing in the place of another."""
    now = 1.0
    metrics = make_metrics(clock=lambda: now)
    with metrics.operation("deep"):
        now = 2.0
        with pytest.raises(RecursionError):
            _entered(metrics)()

    assert scrape(metrics).histogram("deep_latency_seconds").sum == 1  # of the first alone


@pytest.mark.parametrize("name", DEEP)
def test_what_began_ends_on_the_public_road_as_well(name: str) -> None:
    """With a provider that takes no cells nothing stays in progress either."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    metrics = ExecutorMetrics(meter_provider=provider)
    with pytest.raises(RecursionError):
        DEEP[name](metrics)()

    help_text = "Number of deep operations in progress"
    assert points(reader)["deep_in_progress", "", help_text]["value"] == 0


class _RecordsItself(Mapping[str, object]):
    """Labels that record, with themselves, whenever they are read."""

    def __init__(self, record: Callable[[Any], object]) -> None:
        self._record = record
        self.asked = 0

    def __getitem__(self, key: str) -> object:
        return {"a": "b"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("a",))

    def __len__(self) -> int:
        return 1

    def items(self) -> Any:
        """Record, and return the items."""
        self.asked += 1
        self._record(self)
        return super().items()


@pytest.mark.parametrize("call", CALLS_BY_LABELS)
def test_labels_that_record_themselves_are_read_once_a_call(
    metrics: ExecutorMetrics, call: str
) -> None:
    """The recursion ends at its limit; its time does not double with each step down."""
    labels = _RecordsItself(lambda own: CALLS_BY_LABELS[call](metrics, own))

    _at_depth(_deepest() - 120, lambda: CALLS_BY_LABELS[call](metrics, labels))
    assert labels.asked < 120
    assert scrape(metrics).names
