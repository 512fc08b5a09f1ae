"""Every way to measure a body has the same outcomes (contract §2)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.evil import NamelessError
from tests.facade.outcomes import Outcomes, outcomes

Way = Callable[[ExecutorMetrics, Callable[[], Any]], Any]


def _decorated(metrics: ExecutorMetrics, body: Callable[[], Any]) -> Any:
    return metrics.with_metrics("job")(body)()


def _decorated_coroutine(metrics: ExecutorMetrics, body: Callable[[], Any]) -> Any:
    @metrics.with_metrics("job")
    async def job() -> Any:
        await asyncio.sleep(0)
        return body()

    return asyncio.run(job())


def _measured(metrics: ExecutorMetrics, body: Callable[[], Any]) -> Any:
    with metrics.measure("job"):
        return body()


def _measured_async(metrics: ExecutorMetrics, body: Callable[[], Any]) -> Any:
    async def job() -> Any:
        async with metrics.measure("job"):
            await asyncio.sleep(0)
            return body()

    return asyncio.run(job())


def _decorated_generator(metrics: ExecutorMetrics, body: Callable[[], Any]) -> Any:
    @metrics.with_metrics("job")
    def job() -> Any:
        yield body()

    return next(iter(job()))


def _decorated_async_generator(metrics: ExecutorMetrics, body: Callable[[], Any]) -> Any:
    @metrics.with_metrics("job")
    async def job() -> Any:
        await asyncio.sleep(0)
        yield body()

    async def main() -> Any:
        return await anext(value async for value in job())

    return asyncio.run(main())


WAYS: dict[str, Way] = {
    "function": _decorated,
    "coroutine": _decorated_coroutine,
    "generator": _decorated_generator,
    "async generator": _decorated_async_generator,
    "measure": _measured,
    "async measure": _measured_async,
}
by_way = pytest.mark.parametrize("way", WAYS)


@by_way
def test_an_exception_of_a_nameless_class_passes_through(
    metrics: ExecutorMetrics, way: str
) -> None:
    """Whatever its metaclass does, the exception is the program's own, and counted by its name."""

    def fail() -> None:
        raise NamelessError

    with pytest.raises(NamelessError):
        WAYS[way](metrics, fail)

    assert outcomes(metrics, "job") == Outcomes(failures={"NamelessError": 1}, observed=1)


@by_way
def test_a_return_is_a_success_with_its_latency(metrics: ExecutorMetrics, way: str) -> None:
    """The result comes through, one success and one observation are counted."""
    result = object()

    assert WAYS[way](metrics, lambda: result) is result
    assert outcomes(metrics, "job") == Outcomes(successes=1, observed=1)


class CustomError(Exception):
    """An error of the user's."""


class Interruption(BaseException):
    """What is not even an Exception."""


EXCEPTIONS: list[BaseException] = [
    ValueError("x"),
    CustomError("x"),
    Interruption("x"),
    KeyboardInterrupt("x"),
    SystemExit(3),
    asyncio.CancelledError("x"),
]


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
@by_way
def test_an_exception_is_a_failure_and_goes_on_up_unchanged(
    metrics: ExecutorMetrics, way: str, error: BaseException
) -> None:
    """The same object arrives, and its class name is the type of the failure."""

    def fail() -> None:
        raise error

    if "sync" in way or way == "coroutine":
        _expect_through_a_loop(metrics, way, error, fail)
    else:
        with pytest.raises(type(error)) as raised:
            WAYS[way](metrics, fail)
        assert raised.value is error
    assert error.__context__ is None
    assert error.__cause__ is None

    name = type(error).__name__
    assert outcomes(metrics, "job") == Outcomes(failures={name: 1}, observed=1)


def _expect_through_a_loop(
    metrics: ExecutorMetrics, way: str, error: BaseException, fail: Callable[[], None]
) -> None:
    # asyncio.run turns some of them into others on their way out of the loop; what leaves the
    # measured body is looked at inside.
    seen: list[BaseException] = []

    def fail_and_tell() -> None:
        fail()

    original = asyncio.run

    def run(main: Any) -> Any:
        async def watched() -> None:
            try:
                await main
            except BaseException as caught:
                seen.append(caught)

        return original(watched())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "run", run)
        WAYS[way](metrics, fail_and_tell)
    assert seen == [error]
    assert seen[0] is error


@by_way
def test_in_progress_is_one_inside_and_zero_after(metrics: ExecutorMetrics, way: str) -> None:
    """The gauge shows the call while it runs."""
    inside = WAYS[way](metrics, lambda: outcomes(metrics, "job"))

    assert inside == Outcomes(in_progress=1)
    assert outcomes(metrics, "job").in_progress == 0


@by_way
def test_calls_may_nest(metrics: ExecutorMetrics, way: str) -> None:
    """A recursive call is measured at each level."""

    def down(depth: int) -> float:
        if depth == 0:
            return outcomes(metrics, "job").in_progress
        result = _in_thread(lambda: WAYS[way](metrics, lambda: down(depth - 1)))
        assert isinstance(result, float)
        return result

    assert down(3) == 3
    assert outcomes(metrics, "job") == Outcomes(successes=3, observed=3)


def _in_thread(body: Callable[[], Any]) -> Any:
    # An event loop cannot run in another one; the level below gets a thread of its own.
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(body()))
    thread.start()
    thread.join(30)
    return results[0]
