"""Programs written for the old component run unchanged, and nothing they record is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade import old_programs as old
from tests.facade.outcomes import Outcomes, outcomes
from tests.facade.scraping import scrape


async def fine() -> str:
    """Succeed."""
    return "done"


async def broken() -> None:
    """Fail."""
    raise ConnectionError("gone")


def failing(times: int) -> Any:
    """Return work that fails so many times, then succeeds."""
    left: Iterator[Any] = iter([broken] * times + [fine] * 100)

    async def work() -> Any:
        return await next(left)()

    return work


@pytest.fixture
def clock() -> old.Clock:
    """Return a clock that stands still until told."""
    return old.Clock()


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExecutorMetrics]:
    """Make the facade as the document does: by the two documented arguments."""
    monkeypatch.setenv("METRICS_HOST", "127.0.0.1")
    made = ExecutorMetrics(enable_metrics=True, metrics_port=0)
    yield made
    made.shutdown()


def test_times_taken_by_hand(metrics: ExecutorMetrics, clock: old.Clock) -> None:
    """§4.1: every latency is in its histogram, that of the labelled operation too."""
    old.latencies(metrics, clock, [("intent", 0.2), ("plan", 1.5), ("execute", 3), ("execute", 4)])

    seen = scrape(metrics)
    assert seen.histogram("intent_latency_seconds").sum == pytest.approx(0.2)
    assert seen.histogram("plan_latency_seconds").buckets[1] == 0
    assert seen.histogram("plan_latency_seconds").buckets[2.5] == 1
    assert seen.histogram("execute_latency_seconds").sum == pytest.approx(7)
    assert seen.histogram("execute_latency_seconds").count == 2


def test_successes_and_failures_by_kind(metrics: ExecutorMetrics) -> None:
    """§4.1: the failures that the old component lost are there."""
    for work in (fine, fine, broken):
        asyncio.run(old.guarded(metrics, work, "data_processing"))

    assert outcomes(metrics, "execute", task_type="data_processing") == Outcomes(
        successes=2, failures={"execution_error": 1}
    )


@pytest.mark.parametrize(("failures", "retries"), [(0, 0), (1, 0), (2, 1), (3, 2)])
def test_attempts(metrics: ExecutorMetrics, failures: int, retries: int) -> None:
    """§4.1: ``record_retry(…, attempt + 1)`` counts the attempts above the first."""
    asyncio.run(old.with_retries(metrics, failing(failures), 3))

    assert scrape(metrics).total("execute_retries_total") == retries


def test_decorated_functions(metrics: ExecutorMetrics) -> None:
    """§4.2: operations that no catalogue names are measured, with labels and without."""

    @metrics.with_metrics("intent_parsing")
    async def parse(text: str) -> dict[str, Any]:
        """Parse."""
        return {"text": text}

    @metrics.with_metrics("task_planning", labels={"plan_type": "complex"})
    async def plan(intent: dict[str, Any]) -> list[dict[str, Any]]:
        return [intent]

    @metrics.with_metrics("task_execution", labels={"task_type": "ml_training"})
    async def train(data: dict[str, Any]) -> dict[str, Any]:
        raise MemoryError

    async def main() -> None:
        steps = await plan(await parse("x"))
        assert steps == [{"text": "x"}]
        with pytest.raises(MemoryError):
            await train(steps[0])

    asyncio.run(main())
    assert outcomes(metrics, "intent_parsing") == Outcomes(successes=1, observed=1)
    assert outcomes(metrics, "task_planning", plan_type="complex") == Outcomes(
        successes=1, observed=1
    )
    assert outcomes(metrics, "task_execution", task_type="ml_training") == Outcomes(
        failures={"MemoryError": 1}, observed=1
    )


def test_a_whole_request(metrics: ExecutorMetrics, clock: old.Clock) -> None:
    """§4.3: each step has its outcome and time, the execution with its task type."""

    async def slow() -> str:
        clock.takes(0.3)
        return "done"

    steps = {"intent": slow, "plan": slow, "execute": slow}
    assert asyncio.run(old.pipeline(metrics, clock, steps, task_type="report")) == "done"

    seen = scrape(metrics)
    for name, labels in (("intent", {}), ("plan", {}), ("execute", {"task_type": "report"})):
        assert outcomes(metrics, name, **labels) == Outcomes(successes=1, observed=1)
        assert seen.histogram(f"{name}_latency_seconds", **labels).sum == pytest.approx(0.3)


def test_a_request_that_fails(metrics: ExecutorMetrics, clock: old.Clock) -> None:
    """§4.3: the failed step is a failure by its error's class, the one after it never ran."""
    steps = {"intent": fine, "plan": broken, "execute": fine}
    with pytest.raises(ConnectionError):
        asyncio.run(old.pipeline(metrics, clock, steps))

    assert outcomes(metrics, "intent") == Outcomes(successes=1, observed=1)
    assert outcomes(metrics, "plan") == Outcomes(failures={"ConnectionError": 1}, observed=1)
    assert scrape(metrics).total("execute_success_total") == 0


def test_business_metrics(metrics: ExecutorMetrics) -> None:
    """§4.4: operations and labels of one's own, from the first call on."""
    business = old.BusinessMetrics(metrics)

    async def main() -> None:
        await business.engagement("u-1", "click", 0.2)
        await business.engagement("u-1", "click", 0.3)
        await business.engagement("u-2", "scroll", 0.4)
        for size in (10, 2000, 5000, 10_000_000):
            await business.volume(size, 1)

    asyncio.run(main())
    seen = scrape(metrics)
    assert seen.value("user_engagement_success_total", action="click", user_id="u_1") == 2
    assert seen.histogram(
        "user_engagement_latency_seconds", action="scroll", user_id="u_2"
    ).sum == pytest.approx(0.4)
    for category, count in (("small", 1), ("medium", 2), ("large", 1)):
        labels = {"data_size_category": category}
        assert seen.value("data_processing_success_total", **labels) == count


def test_the_summary(metrics: ExecutorMetrics) -> None:
    """§4.5: the three documented keys, and membership in ``metrics.metrics``."""
    summary = metrics.get_metrics_summary()

    assert summary["metrics_enabled"] is True
    assert summary["metrics_port"] == metrics.metrics_port
    assert "intent_latency" in summary["available_metrics"]
    assert "intent_latency" in metrics.metrics


def test_handles_taken_by_key(metrics: ExecutorMetrics) -> None:
    """§6.2, §6.3, §6.5: look up, label, increment, time."""
    old.direct_handles(metrics, "execute", {"task_type": "report"})
    old.direct_handles(metrics, "intent", {})
    old.direct_handles(metrics, "unheard_of", {})
    metrics.metrics["intent_latency"].observe(0.5)

    assert outcomes(metrics, "execute", task_type="report") == Outcomes(successes=1, observed=1)
    assert outcomes(metrics, "intent") == Outcomes(successes=1, observed=2)
    assert "unheard_of_success" not in metrics.metrics


def test_a_batch_in_a_loop_and_by_the_call(metrics: ExecutorMetrics) -> None:
    """§6.5: both ways count the same; the call keeps the labels for the latency as well."""
    batch: list[dict[str, Any]] = [
        {"operation": "plan", "duration": 0.2},
        {"operation": "plan", "success": False, "error_type": "E", "duration": 0.3},
        {"operation": "execute", "labels": {"task_type": "report"}, "duration": 0.4},
        {"operation": "new_thing", "success": False},
    ]
    old.loop_over_batch(metrics, batch)
    metrics.record_batch_operations(batch)

    seen = scrape(metrics)
    assert outcomes(metrics, "plan") == Outcomes(successes=2, failures={"E": 2}, observed=4)
    assert outcomes(metrics, "new_thing") == Outcomes(failures={"unknown": 2})
    assert seen.value("execute_success_total", task_type="report") == 2
    assert seen.histogram("execute_latency_seconds").count == 1
    assert seen.histogram("execute_latency_seconds", task_type="report").count == 1


def test_latency_in_any_case(metrics: ExecutorMetrics, clock: old.Clock) -> None:
    """§8.2 and appendix C: outcome at its moment, latency always."""
    for work in (fine, broken, fine):
        asyncio.run(old.always_timed(metrics, clock, "process_task", work))

    assert outcomes(metrics, "process_task") == Outcomes(
        successes=2, failures={"ConnectionError": 1}, observed=3
    )


def test_a_thread_of_its_own(metrics: ExecutorMetrics) -> None:
    """§8.2: recording from another thread, under a lock of the program's."""
    locked = old.LockedMetrics(metrics)
    done = [locked.record_operation_async("plan", i % 4 != 0, 0.1) for i in range(100)]
    wait(done, 30)
    locked.executor.shutdown()

    assert outcomes(metrics, "plan") == Outcomes(
        successes=75, failures={"unknown": 25}, observed=100
    )


def test_batches(metrics: ExecutorMetrics) -> None:
    """§8.3: whole batches are recorded as they fill, the rest when flushed."""
    recorder = old.BatchRecorder(metrics, batch_size=10)
    for index in range(25):
        recorder.add_metric("plan", success=index % 5 != 0, duration=0.1)

    assert outcomes(metrics, "plan").observed == 20
    recorder.flush()
    assert outcomes(metrics, "plan") == Outcomes(successes=20, failures={"unknown": 5}, observed=25)


def test_a_queue(metrics: ExecutorMetrics) -> None:
    """§8.3: what a task takes out of a queue is recorded, all of it."""

    async def main() -> None:
        recorder = old.QueueRecorder(metrics)
        task = asyncio.create_task(recorder.process())
        for index in range(50):
            await recorder.record_metric("plan", index % 2 == 0, 0.1)
        await recorder.queue.join()
        task.cancel()

    asyncio.run(main())
    assert outcomes(metrics, "plan") == Outcomes(
        successes=25, failures={"unknown": 25}, observed=50
    )


def test_health(metrics: ExecutorMetrics) -> None:
    """§8.1: the monitor of the document works, on a facade that is on and on one that is off."""
    assert old.Monitor(metrics).check_health() == {"status": "healthy", "available_metrics": 18}
    metrics.shutdown()
    assert old.Monitor(metrics).check_health() == {"status": "disabled"}


def test_whether_recording_works(metrics: ExecutorMetrics) -> None:
    """§8.2: the trial of the document is recorded itself."""
    assert old.recording_works(metrics)
    assert outcomes(metrics, "test_operation") == Outcomes(successes=1, observed=1)
