"""Retries of tenacity: attempts beyond the first, and how a call ends at last."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import tenacity
from tenacity import (
    AsyncRetrying,
    RetryError,
    Retrying,
    TryAgain,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
)

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.tenacity import instrument_retrying
from tests.facade.outcomes import Outcomes, outcomes
from tests.facade.scraping import scrape


def fetched(metrics: ExecutorMetrics, **labels: str) -> tuple[Outcomes, float]:
    """Return what ``fetch`` has recorded, and its retries."""
    retries = scrape(metrics).value("fetch_retries_total", **labels)
    return outcomes(metrics, "fetch", **labels), retries


def failing(times: int, error: type[BaseException] = ConnectionError) -> Callable[[], str]:
    """Return what fails so many times, and then does not."""
    left = iter([True] * times)

    def call() -> str:
        if next(left, False):
            raise error("on purpose")
        return "done"

    return call


def test_each_call_counts_once_with_all_its_retries(metrics: ExecutorMetrics) -> None:
    """Calls in eight threads: one outcome each, and the attempts above the first."""

    @tenacity.retry(stop=stop_after_attempt(3))
    def fetch(call: Callable[[], str]) -> str:
        return call()

    instrument_retrying(fetch, metrics, "fetch", {"host": "a"})
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda n: fetch(failing(n % 3)), range(300)))

    assert done == ["done"] * 300
    assert fetched(metrics, host="a") == (Outcomes(300, observed=300), 300)


def test_a_call_that_never_succeeds_fails_once(metrics: ExecutorMetrics) -> None:
    """By the class of its last exception, whatever is raised for it; or by its results."""

    @tenacity.retry(stop=stop_after_attempt(3), retry=retry_if_exception_type(ConnectionError))
    def fetch(call: Callable[[], str]) -> str:
        return call()

    instrument_retrying(fetch, metrics, "fetch")
    with pytest.raises(RetryError):
        fetch(failing(5))
    with pytest.raises(LookupError):
        fetch(failing(1, LookupError))
    with pytest.raises(RetryError):
        fetch(failing(5, TryAgain))
    bad = Retrying(stop=stop_after_attempt(2), retry=retry_if_result(bool))
    instrument_retrying(bad, metrics, "fetch")
    with pytest.raises(RetryError):
        bad(failing(0))

    failures: dict[str, float] = {
        "ConnectionError": 1,
        "LookupError": 1,
        "TryAgain": 1,
        "RetryError": 1,
    }
    assert fetched(metrics) == (Outcomes(failures=failures, observed=4), 2 + 0 + 2 + 1)


def test_a_call_is_in_progress_through_its_waits(metrics: ExecutorMetrics) -> None:
    """Also while it sleeps; calls inside of it do not confuse that."""
    sleeps, goes_on = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        sleeps.set()
        assert goes_on.wait(60)

    inner = Retrying(stop=stop_after_attempt(2))
    outer = Retrying(stop=stop_after_attempt(2), sleep=sleep)
    instrument_retrying(inner, metrics, "inner")
    instrument_retrying(outer, metrics, "fetch")
    with ThreadPoolExecutor(1) as pool:
        call = failing(1)
        future = pool.submit(outer, lambda: (inner(failing(1)), call()))
        assert sleeps.wait(60)
        assert fetched(metrics)[0] == Outcomes(in_progress=1)
        goes_on.set()
        assert future.result(60) == ("done", "done")

    assert fetched(metrics) == (Outcomes(1, observed=1), 1)
    assert outcomes(metrics, "inner") == Outcomes(2, observed=2)


def test_an_interrupted_wait_ends_the_call(metrics: ExecutorMetrics) -> None:
    """It is the outer call that is interrupted, not one that ended inside of it."""

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    inner = Retrying(stop=stop_after_attempt(2))
    outer = Retrying(sleep=sleep)
    instrument_retrying(inner, metrics, "inner")
    instrument_retrying(outer, metrics, "fetch")

    def call() -> None:
        inner(failing(1))
        raise ConnectionError

    with pytest.raises(KeyboardInterrupt):
        outer(call)

    assert fetched(metrics) == (Outcomes(failures={"KeyboardInterrupt": 1}, observed=1), 0)
    assert outcomes(metrics, "inner") == Outcomes(1, observed=1)


def test_coroutines_are_measured_with_hooks_of_either_kind(metrics: ExecutorMetrics) -> None:
    """Hooks and predicates that are coroutine functions are awaited, as before."""
    told: list[str] = []

    async def before(state: Any) -> None:
        told.append(f"before {state.attempt_number}")

    async def wanted(state: Any) -> bool:
        await asyncio.sleep(0)
        return state.outcome is not None and state.outcome.failed

    @tenacity.retry(
        before=before,
        retry=wanted,
        before_sleep=lambda state: told.append("sleep"),
        after=lambda state: told.append("after"),
        stop=stop_after_attempt(3),
    )
    async def fetch(call: Callable[[], str]) -> str:
        return call()

    instrument_retrying(fetch, metrics, "fetch")

    assert asyncio.run(fetch(failing(1))) == "done"
    assert told == ["before 1", "after", "sleep", "before 2"]
    with pytest.raises(RetryError):
        asyncio.run(fetch(failing(3)))
    assert fetched(metrics) == (Outcomes(1, {"ConnectionError": 1}, observed=2), 1 + 2)


@pytest.mark.parametrize("where", ["in an attempt", "in a wait"])
def test_cancellation_is_a_failure(metrics: ExecutorMetrics, where: str) -> None:
    """And nothing stays in progress, wherever it comes."""
    retrying = AsyncRetrying(wait=tenacity.wait_fixed(30))
    instrument_retrying(retrying, metrics, "fetch")

    async def attempt() -> None:
        if where == "in a wait":
            raise ConnectionError
        await asyncio.sleep(30)

    async def main() -> None:
        task: asyncio.Future[None] = asyncio.ensure_future(retrying(attempt))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert fetched(metrics) == (Outcomes(failures={"CancelledError": 1}, observed=1), 0)


def test_of_a_loop_the_retries_are_counted(metrics: ExecutorMetrics) -> None:
    """How it ends is for a measurement around it, since nobody tells who leaves a loop."""
    retrying = Retrying(stop=stop_after_attempt(5))
    instrument_retrying(retrying, metrics, "fetch")
    call = failing(2)

    def loop() -> str:
        with metrics.measure("fetch"):
            for attempt in retrying:
                with attempt:
                    return call()
        return "never"

    assert loop() == "done"
    assert fetched(metrics) == (Outcomes(1, observed=1), 2)


def hooks(retrying: Any) -> Iterator[Any]:
    """Yield what tenacity calls on its way."""
    for name in ("sleep", "stop", "wait", "retry", "before", "after", "before_sleep"):
        yield getattr(retrying, name)


def test_switched_off_everything_is_as_it_was(metrics: ExecutorMetrics) -> None:
    """The very same hooks stand there, and nothing is recorded."""

    @tenacity.retry(stop=stop_after_attempt(2))
    def fetch() -> str:
        return "done"

    before = list(hooks(fetch.retry))
    uninstrument = instrument_retrying(fetch, metrics, "fetch")
    assert list(hooks(fetch.retry)) != before
    uninstrument()

    assert all(a is b for a, b in zip(hooks(fetch.retry), before, strict=True))
    assert fetch() == "done"
    assert fetched(metrics) == (Outcomes(), 0)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first first", "last first"])
def test_two_are_switched_off_in_either_order(
    metrics: ExecutorMetrics, order: tuple[int, int]
) -> None:
    """Each stops at once and alone; after both of them the hooks are those of before."""
    names = ("one", "two")

    @tenacity.retry(stop=stop_after_attempt(2))
    def fetch(call: Callable[[], str]) -> str:
        return call()

    before = list(hooks(fetch.retry))
    off = [instrument_retrying(fetch, metrics, name) for name in names]
    for number in order:
        assert fetch(failing(1)) == "done"
        off[number]()
    assert fetch(failing(1)) == "done"

    assert all(a is b for a, b in zip(hooks(fetch.retry), before, strict=True))
    first, last = (names[number] for number in order)
    assert outcomes(metrics, first) == Outcomes(1, observed=1)
    assert outcomes(metrics, last) == Outcomes(2, observed=2)
    assert scrape(metrics).value(f"{first}_retries_total") == 1
    assert scrape(metrics).value(f"{last}_retries_total") == 2


@pytest.mark.parametrize("decorated", [True, False])
def test_what_runs_while_it_is_switched_off_is_in_progress_no_longer(
    metrics: ExecutorMetrics, decorated: bool
) -> None:
    """It has no outcome, though another one still measures around it."""
    retrying = Retrying(stop=stop_after_attempt(2))

    def fetch(call: Callable[[], str]) -> str:
        return call()

    target: Any = retrying.wraps(fetch) if decorated else retrying
    off = instrument_retrying(target, metrics, "fetch")
    instrument_retrying(target, metrics, "around")

    def call() -> str:
        assert outcomes(metrics, "fetch").in_progress == 1
        off()
        return "done"

    target(call)

    assert fetched(metrics) == (Outcomes(), 0)
    assert outcomes(metrics, "around") == Outcomes(1, observed=1)


@pytest.mark.parametrize("hook", ["before", "after", "before_sleep", "wait"])
def test_a_hook_that_raises_ends_the_call(metrics: ExecutorMetrics, hook: str) -> None:
    """A usual way to stop retrying; and hooks have faults as well."""

    def broken(state: Any) -> float:
        raise LookupError

    retrying = Retrying(stop=stop_after_attempt(3), **{hook: broken})  # type: ignore[arg-type]
    instrument_retrying(retrying, metrics, "fetch")
    with pytest.raises(LookupError):
        retrying(failing(3))

    assert outcomes(metrics, "fetch") == Outcomes(0, {"LookupError": 1}, observed=1)


def test_a_copy_with_other_strategies_is_measured_by_itself(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """How its calls end is not heard of, so that they would be in progress for ever."""

    @tenacity.retry(stop=stop_after_attempt(3))
    def fetch(call: Callable[[], str]) -> str:
        return call()

    instrument_retrying(fetch, metrics, "fetch")
    copy = fetch.retry_with(retry=retry_if_exception_type(ConnectionError))
    assert copy(failing(0)) == "done"
    with pytest.raises(RetryError):
        fetch.retry_with(stop=stop_after_attempt(1))(failing(1))

    fetch.retry.stop = stop_after_attempt(1)
    with pytest.raises(RetryError):
        fetch(failing(1))

    assert fetched(metrics) == (Outcomes(), 0)
    assert len(caplog.records) == 1
    assert "instrument it as well" in caplog.text
    instrument_retrying(copy, metrics, "copied")
    assert copy(failing(0)) == "done"
    assert outcomes(metrics, "copied") == Outcomes(1, observed=1)


def test_what_is_not_of_tenacity_is_refused(metrics: ExecutorMetrics) -> None:
    """The error says what is wanted."""
    for wrong in (print, object(), None):
        with pytest.raises(TypeError, match="must be a function decorated by"):
            instrument_retrying(wrong, metrics, "fetch")
