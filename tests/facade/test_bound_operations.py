"""``operation()``: an operation and label set bound once, for loops where every call counts."""

from __future__ import annotations

import asyncio
import threading
from types import MappingProxyType
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.evil import EVIL, EVIL_LABELS
from tests.facade.outcomes import Outcomes, outcomes
from tests.facade.scraping import scrape


def test_a_bound_operation_records_what_the_calls_record(metrics: ExecutorMetrics) -> None:
    """Outcomes, latencies and retries arrive in the series of its labels."""
    report = metrics.operation("execute", task_type="report")
    report.success(0.2)
    report.success()
    report.failure("Timeout", 0.3)
    report.failure()
    report.observe(0.4)
    report.retry()
    report.retry(1)

    seen = scrape(metrics)
    assert outcomes(metrics, "execute", task_type="report") == Outcomes(
        successes=2, failures={"Timeout": 1, "unknown": 1}, observed=3
    )
    assert seen.histogram("execute_latency_seconds", task_type="report").sum == pytest.approx(0.9)
    assert seen.value("execute_retries_total", task_type="report") == 1


def test_it_shares_its_series_with_every_other_way(metrics: ExecutorMetrics) -> None:
    """Calls, handles, measurements and bound operations write to one and the same series."""
    labels = {"task_type": "report"}
    metrics.operation("execute", **labels).success(1)
    metrics.record_operation("execute", duration=1, labels=labels)
    metrics.with_metrics("execute", labels)(lambda: None)()
    with metrics.measure("execute", labels):
        pass
    metrics.metrics["execute_success"].labels(**labels).inc()
    metrics.metrics["execute_latency"].labels(**labels).observe(1)

    assert outcomes(metrics, "execute", **labels) == Outcomes(successes=5, observed=5)


def test_a_label_may_have_any_name(metrics: ExecutorMetrics) -> None:
    """No parameter of the method takes a label's name away."""
    metrics.operation("job", operation="x", labels="y").success()

    assert outcomes(metrics, "job", operation="x", labels="y").successes == 1


def test_labels_may_come_as_a_mapping(metrics: ExecutorMetrics) -> None:
    """As in every other call; those by name come on top."""
    labels = MappingProxyType({"task_type": "report", "size": "s"})
    metrics.operation("job", labels=labels).success()
    metrics.operation("job", labels=labels, size="l").success()
    metrics.operation("job", labels=None).success()

    assert outcomes(metrics, "job", **labels).successes == 1
    assert outcomes(metrics, "job", task_type="report", size="l").successes == 1
    assert outcomes(metrics, "job").successes == 1


@pytest.mark.parametrize("name", EVIL_LABELS)
def test_labels_that_raise_are_dropped(metrics: ExecutorMetrics, name: str) -> None:
    """A mapping of the caller's own may raise whenever it is asked."""
    metrics.operation("job", labels=EVIL_LABELS[name]()).success()

    assert scrape(metrics).total("job_success_total") == 1


def test_a_block_is_measured(metrics: ExecutorMetrics) -> None:
    """``with`` a bound operation, its body is one operation, again and again."""
    job = metrics.operation("job")
    for _ in range(3):
        with job:
            assert outcomes(metrics, "job").in_progress == 1
    with pytest.raises(ValueError, match=r"^$"), job:
        raise ValueError

    assert outcomes(metrics, "job") == Outcomes(successes=3, failures={"ValueError": 1}, observed=4)


def test_blocks_may_nest_in_one_thread(metrics: ExecutorMetrics) -> None:
    """The same bound operation can be entered while it is entered."""
    job = metrics.operation("job")
    with job, job:
        assert outcomes(metrics, "job").in_progress == 2

    assert outcomes(metrics, "job") == Outcomes(successes=2, observed=2)


def test_blocks_may_overlap_between_tasks(metrics: ExecutorMetrics) -> None:
    """Tasks share the bound operation, and each has its own time."""
    job = metrics.operation("job")

    async def one(turns: int) -> None:
        with job:
            for _ in range(turns):
                await asyncio.sleep(0)

    async def main() -> None:
        with job:
            await asyncio.gather(*(one(turns) for turns in (5, 1, 3)))

    asyncio.run(main())
    assert outcomes(metrics, "job") == Outcomes(successes=4, observed=4)


def test_blocks_may_overlap_between_threads(metrics: ExecutorMetrics) -> None:
    """Threads share the bound operation, and lose nothing."""
    job = metrics.operation("job")
    barrier = threading.Barrier(4)

    def run() -> None:
        for _ in range(200):
            with job:
                barrier.wait(30)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert outcomes(metrics, "job") == Outcomes(successes=800, observed=800)


def test_overlapping_generators_lose_no_call(metrics: ExecutorMetrics) -> None:
    """Generators share the context of their caller, so the times of two of them may be swapped.

    Their sum and all counts are right; ``measure`` and the decorator keep each its own.
    """
    job = metrics.operation("job")

    def hold() -> Any:
        with job:
            yield

    first, second = hold(), hold()
    next(first)
    next(second)
    first.close()
    second.close()

    assert outcomes(metrics, "job") == Outcomes(successes=2, observed=2)


@pytest.mark.parametrize("name", EVIL)
def test_no_method_of_a_bound_operation_raises(metrics: ExecutorMetrics, name: str) -> None:
    """What cannot be recorded is dropped and counted, here as in the calls."""
    job = metrics.operation("job", bad=EVIL[name])
    job.success(EVIL[name])
    job.failure(EVIL[name], EVIL[name])
    job.retry(EVIL[name])
    job.observe(EVIL[name])
    metrics.operation(EVIL[name]).success()

    seen = scrape(metrics)
    assert seen.total("job_success_total") == 1
    assert seen.total("job_failures_total") == 1
    assert seen.dropped()["invalid_value"] == 4


def test_a_bad_operation_is_dropped_once(metrics: ExecutorMetrics) -> None:
    """The no-op handle of a bad name raises nothing, however often it is used."""
    nothing = metrics.operation("")
    nothing.success()
    with nothing:
        pass

    assert scrape(metrics).dropped() == {"invalid_operation": 1}
