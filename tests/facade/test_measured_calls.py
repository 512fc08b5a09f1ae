"""``with_metrics`` on functions and coroutines, and ``measure``: contract §2."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.outcomes import Outcomes, outcomes
from tests.facade.scraping import scrape


class CustomError(Exception):
    """An error of the user's."""


def test_a_recursive_function_is_measured_at_each_level(metrics: ExecutorMetrics) -> None:
    """The decorated name inside the function is the decorated function."""

    @metrics.with_metrics("fib")
    def fib(n: int) -> int:
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert fib(5) == 5
    assert outcomes(metrics, "fib") == Outcomes(successes=15, observed=15)


def test_coroutines_may_overlap(metrics: ExecutorMetrics) -> None:
    """Many tasks at once are many in progress, and each has its latency."""

    async def main() -> float:
        gate = asyncio.Event()
        begun = 0

        @metrics.with_metrics("job", labels={"kind": "a"})
        async def job() -> None:
            nonlocal begun
            begun += 1
            await gate.wait()

        tasks = [asyncio.create_task(job()) for _ in range(10)]
        while begun < 10:  # noqa: ASYNC110 - each task is given its turn, nothing is waited for
            await asyncio.sleep(0)
        inside = outcomes(metrics, "job", kind="a").in_progress
        gate.set()
        await asyncio.gather(*tasks)
        return inside

    assert asyncio.run(main()) == 10
    assert outcomes(metrics, "job", kind="a") == Outcomes(successes=10, observed=10)


@pytest.mark.parametrize("kind", ["decorator", "measure", "generator"])
def test_cancellation_is_an_outcome(metrics: ExecutorMetrics, kind: str) -> None:
    """A cancelled task counts as a failure, its gauge goes back, and it is cancelled."""

    @metrics.with_metrics("job")
    async def decorated() -> None:
        await asyncio.Event().wait()

    async def measured() -> None:
        async with metrics.measure("job"):
            await asyncio.Event().wait()

    @metrics.with_metrics("job")
    async def numbers() -> Any:
        yield 1
        await asyncio.Event().wait()

    async def iterate() -> None:
        async for _ in numbers():
            pass

    body = {"decorator": decorated, "measure": measured, "generator": iterate}[kind]

    async def main() -> bool:
        task = asyncio.create_task(body())
        for _ in range(5):
            await asyncio.sleep(0)
        assert outcomes(metrics, "job").in_progress == 1
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(main())
    assert outcomes(metrics, "job") == Outcomes(failures={"CancelledError": 1}, observed=1)


def test_a_timeout_is_a_cancellation_inside(metrics: ExecutorMetrics) -> None:
    """``asyncio.wait_for`` raises its TimeoutError outside the measured coroutine."""

    @metrics.with_metrics("job")
    async def job() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(job(), 0.01)

    asyncio.run(main())
    assert outcomes(metrics, "job") == Outcomes(failures={"CancelledError": 1}, observed=1)


def test_a_coroutine_that_is_never_awaited_is_not_recorded(metrics: ExecutorMetrics) -> None:
    """What never began has no outcome."""

    @metrics.with_metrics("job")
    async def job() -> None:
        """Do nothing."""

    job().close()

    assert outcomes(metrics, "job") == Outcomes()


@pytest.mark.parametrize("started", [False, True])
def test_a_closed_coroutine_leaves_nothing_in_progress(
    metrics: ExecutorMetrics, started: bool
) -> None:
    """A coroutine that is closed half-way was cancelled; one that never began has no outcome."""

    @metrics.with_metrics("job")
    async def job() -> None:
        await asyncio.sleep(0)

    running = job()
    if started:
        running.send(None)
    running.close()

    failures: dict[str, float] = {"GeneratorExit": 1} if started else {}
    assert outcomes(metrics, "job") == Outcomes(failures=failures, observed=int(started))


def test_a_block_in_a_coroutine_that_is_closed_was_cancelled(metrics: ExecutorMetrics) -> None:
    """``measure`` tells a coroutine from a generator, whose end is a success."""

    async def coroutine() -> None:
        async with metrics.measure("job"):
            await asyncio.sleep(0)

    def generator() -> Iterator[None]:
        with metrics.measure("job"), metrics.operation("plan"):
            yield

    begun: list[Any] = [coroutine(), generator()]
    for each in begun:
        each.send(None)
        each.close()

    expected = Outcomes(successes=1, failures={"GeneratorExit": 1}, observed=2)
    assert outcomes(metrics, "job") == expected
    assert outcomes(metrics, "plan") == Outcomes(successes=1, observed=1)


def test_the_latency_is_the_time_it_took(metrics: ExecutorMetrics) -> None:
    """What is observed lies between nothing and what the test can measure around it."""

    @metrics.with_metrics("job")
    def job() -> None:
        threading.Event().wait(0.02)

    before = time.perf_counter()
    job()
    around = time.perf_counter() - before

    assert 0.019 < scrape(metrics).histogram("job_latency_seconds").sum <= around


def test_labels_go_to_every_series(metrics: ExecutorMetrics) -> None:
    """The decorator's labels are those of success, failure, latency and progress."""

    @metrics.with_metrics("execute", labels={"task_type": "ml"})
    def job(fail: bool) -> float:
        if fail:
            raise ValueError
        return outcomes(metrics, "execute", task_type="ml").in_progress

    assert job(False) == 1
    with pytest.raises(ValueError, match=r"^$"):
        job(True)
    assert outcomes(metrics, "execute", task_type="ml") == Outcomes(
        successes=1, failures={"ValueError": 1}, observed=2
    )


def test_the_series_of_a_decorated_function_exist_before_its_first_call(
    metrics: ExecutorMetrics,
) -> None:
    """``increase()`` sees the first call, since the series was there at 0."""
    metrics.with_metrics("job", labels={"kind": "a"})(lambda: None)

    assert outcomes(metrics, "job", kind="a") == Outcomes()


def test_decorating_records_nothing(metrics: ExecutorMetrics) -> None:
    """Neither an outcome nor a value that became ``other`` is counted before the first call."""
    for index in range(250):
        metrics.with_metrics("execute", labels={"task_type": f"t{index}"})(lambda: None)

    seen = scrape(metrics)
    assert seen.total("execute_success_total") == 0
    assert seen.overflows() == {}


def test_a_measurement_says_who_failed_first(metrics: ExecutorMetrics) -> None:
    """Nested measurements of one error both count it."""
    with pytest.raises(CustomError), metrics.measure("outer"), metrics.measure("inner"):
        raise CustomError

    for name in ("outer", "inner"):
        assert outcomes(metrics, name).failures == {"CustomError": 1}


def test_stop_iteration_passes_through_a_function(metrics: ExecutorMetrics) -> None:
    """A decorated ``__next__`` ends its iteration as before."""

    class Countdown:
        left = 2

        def __iter__(self) -> Countdown:
            return self

        @metrics.with_metrics("step")
        def __next__(self) -> int:
            if not self.left:
                raise StopIteration
            self.left -= 1
            return self.left

    assert list(Countdown()) == [1, 0]
    assert outcomes(metrics, "step").failures == {"StopIteration": 1}


def test_threads_may_overlap(metrics: ExecutorMetrics) -> None:
    """Calls in many threads at once are each counted once."""
    barrier = threading.Barrier(8)

    @metrics.with_metrics("job")
    def job() -> None:
        barrier.wait(30)

    threads = [threading.Thread(target=lambda: [job() for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert outcomes(metrics, "job") == Outcomes(successes=400, observed=400)


def test_the_traceback_still_leads_to_the_error(metrics: ExecutorMetrics) -> None:
    """The innermost frame is the user's."""

    @metrics.with_metrics("job")
    def job() -> None:
        raise CustomError

    try:
        job()
    except CustomError:
        frame = sys.exc_info()[2]
        assert frame is not None
        while frame.tb_next:
            frame = frame.tb_next
        assert frame.tb_frame.f_code.co_name == "job"
