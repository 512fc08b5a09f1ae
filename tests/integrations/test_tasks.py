"""Tasks of asyncio: how long they wait and run, and how they end."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.futures import instrumented_task
from tests.facade.outcomes import Outcomes
from tests.integrations.test_futures import queue, task


async def work(number: int) -> int:
    """Raise for each tenth number."""
    await asyncio.sleep(0)
    if number % 10 == 0:
        raise LookupError(number)
    return number


def test_each_task_counts_once(metrics: ExecutorMetrics) -> None:
    """Results and exceptions arrive as ever; options go to the task."""

    async def main() -> list[Any]:
        tasks = [instrumented_task(work(n), metrics, "jobs", name=f"n{n}") for n in range(100)]
        assert tasks[3].get_name() == "n3"
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(main())

    assert results[11] == 11
    assert isinstance(results[20], LookupError)
    assert queue(metrics) == Outcomes(100, observed=100)
    assert task(metrics) == Outcomes(90, {"LookupError": 10}, observed=100)


def test_cancellation_is_a_failure_of_what_had_begun_or_not(metrics: ExecutorMetrics) -> None:
    """A task that never ran waited in vain; its coroutine is closed without a warning."""

    async def main() -> None:
        running = instrumented_task(asyncio.sleep(30), metrics, "jobs")
        await asyncio.sleep(0)
        waiting = instrumented_task(asyncio.sleep(30), metrics, "jobs")
        running.cancel()
        waiting.cancel()
        done = await asyncio.gather(running, waiting, return_exceptions=True)
        assert [type(error) for error in done] == [asyncio.CancelledError] * 2

    asyncio.run(main())

    assert queue(metrics) == Outcomes(1, {"CancelledError": 1}, observed=2)
    assert task(metrics) == Outcomes(0, {"CancelledError": 1}, observed=1)


def test_without_a_loop_nothing_is_left(metrics: ExecutorMetrics) -> None:
    """What cannot be made a task is raised, and counted as refused."""
    coroutine = work(1)
    with pytest.raises(RuntimeError, match="no running event loop"):
        instrumented_task(coroutine, metrics, "jobs")
    coroutine.close()

    assert queue(metrics) == Outcomes(0, {"RuntimeError": 1}, observed=1)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="task groups came with Python 3.11")
def test_a_task_group_cancels_what_is_measured(metrics: ExecutorMetrics) -> None:
    """The failure of one ends the others, each by its own class."""

    async def main() -> None:
        if sys.version_info >= (3, 11):
            async with asyncio.TaskGroup() as group:
                make = group.create_task
                instrumented_task(asyncio.sleep(30), metrics, "jobs", create_task=make)
                await asyncio.sleep(0)
                instrumented_task(work(10), metrics, "jobs", create_task=make)

    with pytest.raises(BaseException, match="unhandled errors in a TaskGroup"):
        asyncio.run(main())

    assert task(metrics).failures == {"CancelledError": 1, "LookupError": 1}
    assert task(metrics).in_progress == queue(metrics).in_progress == 0
