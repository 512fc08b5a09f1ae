"""``with_metrics`` on generators: they stay generators in every respect (contract §2)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.outcomes import Outcomes, outcomes

DONE = Outcomes(successes=1, observed=1)


@pytest.fixture
def echo(metrics: ExecutorMetrics) -> Callable[[], Generator[object, object, str]]:
    """A measured generator that yields what it is sent or has caught, and ends at "end"."""

    @metrics.with_metrics("echo")
    def echo() -> Generator[object, object, str]:
        received: object = "first"
        while received != "end":
            try:
                received = yield received
            except ValueError as error:
                received = error
        return "returned"

    return echo


@pytest.fixture
def async_echo(metrics: ExecutorMetrics) -> Callable[[], AsyncGenerator[object, object]]:
    """The asynchronous twin of ``echo``."""

    @metrics.with_metrics("echo")
    async def echo() -> AsyncGenerator[object, object]:
        received: object = "first"
        while received != "end":
            try:
                received = yield received
            except ValueError as error:
                received = error
            await asyncio.sleep(0)

    return echo


def test_nothing_is_recorded_before_the_first_step(metrics: ExecutorMetrics, echo: Any) -> None:
    """A generator that was never started has no outcome, also when it is closed."""
    generator = echo()
    assert outcomes(metrics, "echo") == Outcomes()

    generator.close()
    assert outcomes(metrics, "echo") == Outcomes()


def test_values_are_sent_in_and_come_out(metrics: ExecutorMetrics, echo: Any) -> None:
    """``send`` reaches the generator, and it is in progress until it ends."""
    generator = echo()

    assert next(generator) == "first"
    assert generator.send(7) == 7
    assert outcomes(metrics, "echo") == Outcomes(in_progress=1)
    with pytest.raises(StopIteration) as stopped:
        generator.send("end")
    assert stopped.value.value == "returned"
    assert outcomes(metrics, "echo") == DONE


def test_the_return_value_reaches_yield_from(metrics: ExecutorMetrics, echo: Any) -> None:
    """``yield from`` a measured generator gives what it returned."""

    def outer() -> Iterator[Any]:
        result = yield from echo()
        yield result

    generator = outer()
    next(generator)
    assert generator.send("end") == "returned"  # type: ignore[attr-defined]


def test_what_is_thrown_in_is_caught_inside(metrics: ExecutorMetrics, echo: Any) -> None:
    """``throw`` reaches the generator; an error that it handles is no failure."""
    generator, error = echo(), ValueError("x")
    next(generator)

    assert generator.throw(error) is error
    with pytest.raises(StopIteration):
        generator.send("end")
    assert outcomes(metrics, "echo") == DONE


def test_what_is_thrown_in_and_not_caught_is_a_failure(metrics: ExecutorMetrics, echo: Any) -> None:
    """The error comes out again as it went in."""
    generator, error = echo(), KeyError("x")
    next(generator)

    with pytest.raises(KeyError) as raised:
        generator.throw(error)
    assert raised.value is error
    assert error.__context__ is None
    assert outcomes(metrics, "echo") == Outcomes(failures={"KeyError": 1}, observed=1)


def test_a_closed_generator_is_a_success(metrics: ExecutorMetrics, echo: Any) -> None:
    """Whoever closes it has what they wanted; it ends, and is closed inside as well."""
    generator = echo()
    next(generator)
    generator.close()

    assert outcomes(metrics, "echo") == DONE
    with pytest.raises(StopIteration):
        next(generator)


def test_an_abandoned_generator_is_a_success(metrics: ExecutorMetrics, echo: Any) -> None:
    """What ``break`` leaves behind ends when it is collected."""
    for _ in echo():
        break
    gc.collect()

    assert outcomes(metrics, "echo") == DONE


def test_cleaning_up_runs_when_the_generator_is_closed(metrics: ExecutorMetrics) -> None:
    """The inner generator's ``finally`` runs, and what it raises is a failure."""
    cleaned: list[str] = []

    @metrics.with_metrics("job")
    def job() -> Iterator[int]:
        try:
            yield 1
        finally:
            cleaned.append("up")
            raise OSError

    generator = job()
    next(generator)
    with pytest.raises(OSError, match=r"^$"):
        generator.close()  # type: ignore[attr-defined]
    assert cleaned == ["up"]
    assert outcomes(metrics, "job") == Outcomes(failures={"OSError": 1}, observed=1)


def test_a_generator_that_will_not_close_is_an_error_as_ever(metrics: ExecutorMetrics) -> None:
    """Python's own complaint comes through, and nothing stays in progress."""

    @metrics.with_metrics("job")
    def job() -> Iterator[int]:
        with contextlib.suppress(GeneratorExit):
            yield 1
        yield 2

    generator = job()
    next(generator)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        generator.close()  # type: ignore[attr-defined]
    assert outcomes(metrics, "job") == Outcomes(failures={"RuntimeError": 1}, observed=1)


def test_generators_may_interleave(metrics: ExecutorMetrics, echo: Any) -> None:
    """Two at a time are two in progress, and end each for itself."""
    one, two = echo(), echo()
    next(one)
    next(two)
    assert outcomes(metrics, "echo").in_progress == 2
    one.close()
    assert outcomes(metrics, "echo").in_progress == 1
    two.close()
    assert outcomes(metrics, "echo") == Outcomes(successes=2, observed=2)


def run(steps: Callable[[], Any]) -> None:
    """Run an asynchronous test."""
    asyncio.run(steps())


def test_nothing_is_recorded_before_the_first_async_step(
    metrics: ExecutorMetrics, async_echo: Any
) -> None:
    """An asynchronous generator that was never started has no outcome."""

    async def steps() -> None:
        await async_echo().aclose()

    run(steps)
    assert outcomes(metrics, "echo") == Outcomes()


def test_values_are_sent_into_an_async_generator(metrics: ExecutorMetrics, async_echo: Any) -> None:
    """``asend`` reaches it, and it is in progress until it ends."""

    async def steps() -> None:
        generator = async_echo()
        assert await generator.__anext__() == "first"
        assert await generator.asend(7) == 7
        assert outcomes(metrics, "echo") == Outcomes(in_progress=1)
        with pytest.raises(StopAsyncIteration):
            await generator.asend("end")

    run(steps)
    assert outcomes(metrics, "echo") == DONE


def test_what_is_thrown_into_an_async_generator_is_caught_inside(
    metrics: ExecutorMetrics, async_echo: Any
) -> None:
    """``athrow`` reaches it; an error that it handles is no failure."""

    async def steps() -> None:
        generator, error = async_echo(), ValueError("x")
        await generator.__anext__()
        assert await generator.athrow(error) is error
        with pytest.raises(StopAsyncIteration):
            await generator.asend("end")

    run(steps)
    assert outcomes(metrics, "echo") == DONE


def test_what_an_async_generator_does_not_catch_is_a_failure(
    metrics: ExecutorMetrics, async_echo: Any
) -> None:
    """The error comes out as it went in."""

    async def steps() -> None:
        generator, error = async_echo(), KeyError("x")
        await generator.__anext__()
        with pytest.raises(KeyError) as raised:
            await generator.athrow(error)
        assert raised.value is error
        assert error.__context__ is None

    run(steps)
    assert outcomes(metrics, "echo") == Outcomes(failures={"KeyError": 1}, observed=1)


def test_a_closed_async_generator_is_a_success(metrics: ExecutorMetrics, async_echo: Any) -> None:
    """``aclose`` ends it inside as well."""

    async def steps() -> None:
        generator = async_echo()
        await generator.__anext__()
        await generator.aclose()
        with pytest.raises(StopAsyncIteration):
            await generator.__anext__()

    run(steps)
    assert outcomes(metrics, "echo") == DONE


def test_an_async_generator_cleans_up_when_it_is_closed(metrics: ExecutorMetrics) -> None:
    """What its ``finally`` awaits is awaited, what it raises comes out."""
    cleaned: list[str] = []

    @metrics.with_metrics("job")
    async def job() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            cleaned.append("up")
            raise OSError

    async def steps() -> None:
        generator: Any = job()
        await generator.__anext__()
        with pytest.raises(OSError, match=r"^$"):
            await generator.aclose()

    run(steps)
    assert cleaned == ["up"]
    assert outcomes(metrics, "job") == Outcomes(failures={"OSError": 1}, observed=1)


def test_an_abandoned_async_generator_ends_with_its_loop(
    metrics: ExecutorMetrics, async_echo: Any
) -> None:
    """What ``break`` leaves behind is closed by the loop, and counts once."""

    async def steps() -> None:
        async for _ in async_echo():
            break
        for _ in range(5):  # the loop's turns in which it closes what was left
            await asyncio.sleep(0)

    run(steps)
    assert outcomes(metrics, "echo") == DONE


def test_a_generator_raises_in_the_middle(metrics: ExecutorMetrics) -> None:
    """Values before the error come out, then the error, and it is a failure."""

    @metrics.with_metrics("job")
    def job() -> Iterator[int]:
        yield 1
        raise LookupError

    @metrics.with_metrics("job")
    async def async_job() -> AsyncIterator[int]:
        yield 1
        raise LookupError

    async def collect() -> list[int]:
        return [value async for value in async_job()]

    with pytest.raises(LookupError):
        list(job())
    with pytest.raises(LookupError):
        asyncio.run(collect())
    assert outcomes(metrics, "job") == Outcomes(failures={"LookupError": 2}, observed=2)
