"""Executors and tasks: how long work waits and runs, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.futures import InstrumentedExecutor
from tests.facade.outcomes import Outcomes, outcomes
from tests.facade.scraping import scrape
from tests.support.waiting import wait_until

POOLS: dict[str, Callable[[], Executor]] = {
    "threads": lambda: ThreadPoolExecutor(2),
    # Not forked: the tests run in threads, too.
    "processes": lambda: ProcessPoolExecutor(2, multiprocessing.get_context("spawn")),
}


@pytest.fixture(params=POOLS, scope="module")
def pool(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Two workers of either kind."""
    with POOLS[request.param]() as made:
        yield made


def queue(metrics: ExecutorMetrics) -> Outcomes:
    """Return what the waiting of the executor ``jobs`` has recorded."""
    return outcomes(metrics, "executor_queue", executor="jobs")


def task(metrics: ExecutorMetrics) -> Outcomes:
    """Return what the tasks of the executor ``jobs`` have recorded."""
    return outcomes(metrics, "executor_task", executor="jobs")


def square(number: int) -> int:
    """Raise for each tenth number."""
    if number % 10 == 0:
        raise LookupError(number)
    return number * number


def wait_for(path: str, begun: str) -> str:
    """Say that the task has begun, and return when there is a file."""
    Path(begun).touch()
    wait_until(lambda: os.path.exists(path), 60, path)
    return path


def test_each_task_counts_once(metrics: ExecutorMetrics, pool: Executor) -> None:
    """Results and exceptions arrive as ever; outcomes are exact when they are there."""
    executor = InstrumentedExecutor(pool, metrics, "jobs")
    with ThreadPoolExecutor(4) as submitters:
        futures = list(submitters.map(lambda n: executor.submit(square, n), range(200)))

    results = [future.exception() or future.result() for future in futures]

    assert results[11] == 121
    assert isinstance(results[20], LookupError)
    assert vars(results[20]) == {}
    assert queue(metrics) == Outcomes(200, observed=200)
    assert task(metrics) == Outcomes(180, {"LookupError": 20}, observed=200)


def test_what_waits_and_what_runs_is_seen(
    metrics: ExecutorMetrics, pool: Executor, tmp_path: Path
) -> None:
    """Two of five tasks run, three wait; one that is cancelled waits no longer."""
    executor = InstrumentedExecutor(pool, metrics, "jobs")
    gate, begun = str(tmp_path / "gate"), [str(tmp_path / f"begun{n}") for n in range(10)]
    futures = [executor.submit(wait_for, gate, begun[n]) for n in range(10)]
    wait_until(lambda: os.path.exists(begun[0]) and os.path.exists(begun[1]), 60, "two to begin")

    assert (queue(metrics).in_progress, task(metrics).in_progress) == (8, 2)
    assert futures[0].running()
    assert futures[-1].cancel()
    assert queue(metrics).in_progress == 7

    (tmp_path / "gate").touch()
    assert {future.result() for future in as_completed(futures[:-1], 60)} == {gate}
    assert futures[-1].cancelled()
    with pytest.raises(CancelledError):
        futures[-1].result()
    assert wait(futures, 60, FIRST_COMPLETED).done
    assert queue(metrics) == Outcomes(9, {"CancelledError": 1}, observed=10)
    assert task(metrics) == Outcomes(9, observed=9)
    assert scrape(metrics).total("executor_task_latency_seconds_sum") > 0


def test_asyncio_and_map_can_use_it(metrics: ExecutorMetrics, pool: Executor) -> None:
    """It is an Executor like any other."""
    executor = InstrumentedExecutor(pool, metrics, "jobs")

    async def main() -> int:
        return await asyncio.get_running_loop().run_in_executor(executor, square, 7)

    assert asyncio.run(main()) == 49
    assert list(executor.map(square, (1, 2, 3))) == [1, 4, 9]
    assert task(metrics) == Outcomes(4, observed=4)
    assert executor.executor is pool


@pytest.mark.parametrize("kind", POOLS)
def test_what_is_refused_never_began(metrics: ExecutorMetrics, kind: str) -> None:
    """After a shutdown nothing is taken any more; that is counted, and raised."""
    with InstrumentedExecutor(POOLS[kind](), metrics, "jobs") as executor:
        assert executor.submit(square, 3).result(60) == 9
    with pytest.raises(RuntimeError):
        executor.submit(square, 3)

    assert queue(metrics) == Outcomes(1, {"RuntimeError": 1}, observed=2)
    assert task(metrics) == Outcomes(1, observed=1)


class KeywordError(Exception):
    """Pickled by the usual recipe for keyword arguments, which takes no others."""

    def __init__(self, *, status: int) -> None:
        super().__init__(status)
        self.status = status

    def __reduce__(self) -> Any:
        return partial(type(self), **self.__dict__), ()


class StrictError(Exception):
    """Takes no state at all."""

    def __setstate__(self, state: object) -> None:
        raise TypeError(state)


def raise_keyword_error() -> None:
    """Fail in another process."""
    raise KeywordError(status=500)


def raise_strict_error() -> None:
    """Fail in another process."""
    raise StrictError


def raise_os_error() -> None:
    """Fail in another process."""
    raise FileNotFoundError(2, "no such file", "x")


@pytest.mark.parametrize(
    ("task", "timed"),
    [(raise_keyword_error, 0), (raise_strict_error, 0), (raise_os_error, 1)],
)
def test_an_exception_that_is_pickled_in_its_own_way_breaks_no_pool(
    metrics: ExecutorMetrics, task: Callable[[], None], timed: int
) -> None:
    """It comes back as without us, and the pool works on; its duration is known if that is safe."""
    with InstrumentedExecutor(ProcessPoolExecutor(1), metrics, "pool") as pool:
        with pytest.raises((KeywordError, StrictError, FileNotFoundError)):
            pool.submit(task).result()
        assert pool.submit(pow, 2, 3).result() == 8

    worked = metrics.snapshot().of("executor_task")
    assert (worked.success, worked.failed, worked.durations) == (1, 1, 1 + timed)


def test_a_task_that_is_refused_and_run_waits_once(
    metrics: ExecutorMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool without room for another thread raises, with the task in its queue already."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool, free = InstrumentedExecutor(ThreadPoolExecutor(2), metrics, "pool"), threading.Event()
    pool.submit(free.wait)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            pool.submit(int)
    free.set()
    pool.shutdown()

    waited = metrics.snapshot().of("executor_queue")
    assert (waited.success, waited.failed, waited.in_progress) == (1, 1, 0)
    worked = metrics.snapshot().of("executor_task")
    assert (worked.success, worked.failed, worked.in_progress) == (2, 0, 0)


def test_tasks_that_a_shutdown_cancels_are_counted(metrics: ExecutorMetrics) -> None:
    """What waits is given up; what runs, ends."""
    executor = InstrumentedExecutor(ThreadPoolExecutor(1), metrics, "jobs")
    begun, gate = threading.Event(), threading.Event()

    def hold() -> bool:
        begun.set()
        return gate.wait(60)

    first, *others = [executor.submit(hold) for _ in range(5)]
    assert begun.wait(60)
    executor.shutdown(wait=False, cancel_futures=True)
    gate.set()

    assert first.result(60)
    assert all(other.cancelled() for other in others)
    assert queue(metrics) == Outcomes(1, {"CancelledError": 4}, observed=5)
    assert task(metrics) == Outcomes(1, observed=1)


def leave() -> None:
    """End the worker without a word."""
    os._exit(1)


def test_a_pool_that_breaks_fails_its_tasks(metrics: ExecutorMetrics) -> None:
    """Nobody knows how long they ran; nothing stays in progress."""
    with InstrumentedExecutor(POOLS["processes"](), metrics, "jobs") as executor:
        broken = executor.submit(leave)
        with pytest.raises(BrokenProcessPool):
            broken.result(60)
        wait_until(lambda: task(metrics).in_progress == 0, what="the end of the task")

    assert task(metrics).failures == {"BrokenProcessPool": 1}
    assert queue(metrics).in_progress == 0


class BareError(Exception):
    """Is made anew where it arrives, and leaves behind what it had."""

    def __reduce__(self) -> Any:
        return BareError, ()


def fail() -> None:
    """Raise what carries nothing."""
    raise BareError


def test_an_exception_that_carries_no_times_counts_without_them(metrics: ExecutorMetrics) -> None:
    """The failure stands; how long the task waited and ran is not known."""
    with (
        InstrumentedExecutor(POOLS["processes"](), metrics, "jobs") as executor,
        pytest.raises(BareError),
    ):
        executor.submit(fail).result(60)

    assert task(metrics) == Outcomes(failures={"BareError": 1})


class NoDictError(Exception):
    """Has what breaks whoever looks for more in it."""

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no")


class OddTimesError(Exception):
    """Comes back with times that are none."""

    def __reduce__(self) -> Any:
        return odd_times, ()


def odd_times() -> OddTimesError:
    """Return such an exception."""
    error = OddTimesError()
    error._executor_metrics_times = ("a", None)  # type: ignore[attr-defined]
    return error


def raises(kind: type[Exception]) -> None:
    """Raise an exception of that kind."""
    raise kind


@pytest.mark.parametrize("kind", [NoDictError, OddTimesError])
def test_an_exception_that_cannot_be_looked_into_ends_its_task(
    metrics: ExecutorMetrics, kind: type[Exception]
) -> None:
    """Whoever waits for the future gets it, and the failure counts."""
    with (
        InstrumentedExecutor(POOLS["processes"](), metrics, "jobs") as executor,
        pytest.raises(kind),
    ):
        executor.submit(raises, kind).result(60)

    assert task(metrics) == Outcomes(failures={kind.__name__: 1})


def test_an_argument_is_held_by_nobody_else(metrics: ExecutorMetrics) -> None:
    """What a task was given is let go when it is done, though its future is kept."""

    class Argument:
        """Something that can be held."""

    argument = Argument()
    held = weakref.ref(argument)
    with InstrumentedExecutor(ThreadPoolExecutor(1), metrics, "jobs") as executor:
        future: Future[Any] = executor.submit(repr, argument)
        future.result(60)
        del argument
        executor.submit(repr, 1).result(60)
        gc.collect()

        assert held() is None
