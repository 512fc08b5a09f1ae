"""Values of OpenTelemetry's baggage as labels, for the keys that were allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context

import pytest
from opentelemetry import baggage, context

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import LabelSet, scrape

CALLS: dict[str, Callable[[ExecutorMetrics], object]] = {
    "record_operation": lambda m: m.record_operation("made", duration=0.2),
    "record_operation_success": lambda m: m.record_operation_success("made"),
    "a batch": lambda m: m.record_batch_operations([{"operation": "made"}]),
    "measure": lambda m: m.measure("made").__enter__().__exit__(None, None, None),
}


@contextmanager
def carrying(**values: object) -> Iterator[None]:
    """Have a baggage of these values."""
    carried = context.get_current()
    for key, value in values.items():
        carried = baggage.set_baggage(key, value, carried)
    token = context.attach(carried)
    try:
        yield
    finally:
        context.detach(token)


@pytest.fixture
def metrics(make_metrics: MakeMetrics) -> ExecutorMetrics:
    """Return a facade that makes labels of two keys."""
    return make_metrics(baggage_labels=("tenant", "tier"))


def successes(metrics: ExecutorMetrics, operation: str = "made") -> dict[LabelSet, float]:
    """Return what was counted, by label set."""
    return scrape(metrics).series(f"{operation}_success_total")


@pytest.mark.parametrize("call", CALLS)
def test_each_call_has_the_baggage_of_its_time(metrics: ExecutorMetrics, call: str) -> None:
    """Its allowed keys, that is; a call without baggage has no such label."""
    for _ in range(2):  # the second time from memory
        for tenant in ("a", "b"):
            with carrying(tenant=tenant, secret="s3cret"):
                CALLS[call](metrics)
        CALLS[call](metrics)

    assert successes(metrics) == {
        frozenset({("tenant", "a")}): 2,
        frozenset({("tenant", "b")}): 2,
        frozenset(): 2,
    }


def test_retries_failures_and_latencies_have_it_too(metrics: ExecutorMetrics) -> None:
    """Whatever series a call writes to."""
    with carrying(tenant="a", tier="gold"):
        metrics.record_retry("made", 2)
        metrics.record_operation_latency("made", 0.2)
        metrics.record_operation_failure("made", "Boom")

    seen = scrape(metrics)
    both = {"tenant": "a", "tier": "gold"}
    assert seen.value("made_retries_total", **both) == 1
    assert seen.value("made_latency_seconds_count", **both) == 1
    assert seen.value("made_failures_total", error_type="Boom", **both) == 1


@pytest.mark.parametrize("given", ["mine", ""])
def test_a_label_that_the_caller_gives_stands(metrics: ExecutorMetrics, given: str) -> None:
    """An empty one as well, which says that there is none."""
    with carrying(tenant="a"):
        metrics.record_operation("made", labels={"tenant": given})

    assert successes(metrics) == {frozenset({("tenant", given)} if given else ()): 1}


def test_values_are_cleaned_and_limited_as_ever(make_metrics: MakeMetrics) -> None:
    """What comes over the wire is worth no more trust than what a caller passes."""
    metrics = make_metrics(baggage_labels="tenant", max_label_values=2)
    for tenant in ("a/b", "c", "d", "e", 7):
        with carrying(tenant=tenant):
            metrics.record_operation("made")

    assert successes(metrics) == {
        frozenset({("tenant", "a_b")}): 1,
        frozenset({("tenant", "c")}): 1,
        frozenset({("tenant", "other")}): 3,
    }
    assert scrape(metrics).overflows() == {("made", "tenant"): 3}


def test_a_decorated_function_has_that_of_each_call(metrics: ExecutorMetrics) -> None:
    """Also where tasks with different baggage overlap."""

    @metrics.with_metrics("made")
    async def made() -> None:
        await asyncio.sleep(0)

    async def one(tenant: str) -> None:
        with carrying(tenant=tenant):
            await made()

    async def all_of_them() -> None:
        await asyncio.gather(*(one(f"t{at % 3}") for at in range(9)))

    asyncio.run(all_of_them())

    assert successes(metrics) == {frozenset({("tenant", f"t{at}")}): 3 for at in range(3)}


def test_threads_keep_theirs_apart(metrics: ExecutorMetrics) -> None:
    """Each thread has a context, and thereby a baggage, of its own."""

    def work(tenant: str) -> None:
        with carrying(tenant=tenant):
            for _ in range(100):
                metrics.record_operation("made", duration=0.2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: copy_context().run(work, f"t{at}"), range(8)))

    assert successes(metrics) == {frozenset({("tenant", f"t{at}")}): 100 for at in range(8)}


def test_handles_have_the_labels_that_they_were_bound_with(metrics: ExecutorMetrics) -> None:
    """They outlive the baggage of their making, and serve many at once."""
    with carrying(tenant="a"):
        metrics.operation("made").success()
        metrics.operation("made", tenant="mine").success()
        metrics.metrics["made_success"].inc()

    assert successes(metrics) == {frozenset(): 2, frozenset({("tenant", "mine")}): 1}


def test_without_the_setting_there_are_none(make_metrics: MakeMetrics) -> None:
    """Nobody's baggage becomes a label unasked."""
    metrics = make_metrics()
    with carrying(tenant="a"):
        metrics.record_operation("made")

    assert successes(metrics) == {frozenset(): 1}


def test_unreadable_labels_are_counted_as_ever(metrics: ExecutorMetrics) -> None:
    """Baggage does not get in the way of what is dropped."""
    with carrying(tenant="a"):
        metrics.record_operation("made", labels=[("no", "mapping")])  # type: ignore[arg-type]
        metrics.record_operation("", labels={"x": "y"})
        metrics.record_operation("made", labels={"bad name": "y"})

    assert scrape(metrics).dropped() == {"invalid_label": 2, "invalid_operation": 1}
    assert successes(metrics) == {frozenset(): 1, frozenset({("tenant", "a")}): 1}
