"""``with_metrics`` keeps what it wraps: kind, name, docstring, signature (contract §2)."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.outcomes import Outcomes, outcomes


def plain(a: int, /, b: str = "x", *rest: int, key: bool, **more: object) -> tuple[Any, ...]:
    """Return what came."""
    return a, b, rest, key, more


async def coroutine(a: int, *, b: str = "x") -> tuple[int, str]:
    """Return what came, later."""
    await asyncio.sleep(0)
    return a, b


def generator(n: int) -> Iterator[int]:
    """Yield numbers."""
    yield from range(n)


async def async_generator(n: int) -> AsyncIterator[int]:
    """Yield numbers, later."""
    for i in range(n):
        yield i


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "plain": plain,
    "coroutine": coroutine,
    "generator": generator,
    "async_generator": async_generator,
}
KINDS = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
    inspect.isfunction,
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_decorated_function_looks_like_the_original(metrics: ExecutorMetrics, name: str) -> None:
    """Name, docstring, module, annotations, signature and kind are the original's."""
    original = FUNCTIONS[name]
    decorated = metrics.with_metrics("job")(original)

    assert decorated is not original
    assert decorated.__name__ == original.__name__
    assert decorated.__qualname__ == original.__qualname__
    assert decorated.__doc__ == original.__doc__
    assert decorated.__module__ == original.__module__
    assert decorated.__annotations__ == original.__annotations__
    assert decorated.__wrapped__ is original  # type: ignore[attr-defined]
    assert inspect.signature(decorated) == inspect.signature(original)
    assert [is_kind(decorated) for is_kind in KINDS] == [is_kind(original) for is_kind in KINDS]


def test_all_forms_of_arguments_are_passed_on(metrics: ExecutorMetrics) -> None:
    """Positional-only, default, variable and keyword-only arguments arrive as before."""
    decorated = metrics.with_metrics("job")(plain)

    assert decorated(1, "y", 2, 3, key=True, self=4, func=5, measure=6) == (
        *(1, "y", (2, 3), True),
        {"self": 4, "func": 5, "measure": 6},
    )
    with pytest.raises(TypeError, match="key"):
        decorated(1)  # type: ignore[call-arg]


def test_a_call_that_does_not_fit_is_a_failure_like_any_other(metrics: ExecutorMetrics) -> None:
    """The TypeError of a wrong call is what the caller gets, and it is counted."""
    with pytest.raises(TypeError):
        metrics.with_metrics("job")(plain)()  # type: ignore[call-arg]

    assert outcomes(metrics, "job").failures == {"TypeError": 1}


class Worker:
    """Has a measured method of each kind."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self.name = "w"
        measured = metrics.with_metrics("work")

        class Inner(type(self)):  # type: ignore[misc]
            @measured
            def method(self, x: int) -> tuple[str, int]:
                """Do it."""
                return self.name, x

            @measured
            async def async_method(self, x: int) -> tuple[str, int]:
                return self.name, x

            @measured
            @classmethod
            def above_class(cls, x: int) -> tuple[str, int]:
                return cls.__name__, x

            @classmethod
            @measured
            def below_class(cls, x: int) -> tuple[str, int]:
                return cls.__name__, x

            @measured
            @staticmethod
            def above_static(x: int) -> int:
                return x

            @staticmethod
            @measured
            def below_static(x: int) -> int:
                return x

            @property
            @measured
            def prop(self) -> str:
                return str(self.name)

        self.__class__ = Inner


def test_methods_of_every_kind_are_measured(metrics: ExecutorMetrics) -> None:
    """Above or below ``staticmethod``, ``classmethod`` and ``property``, each call counts once."""
    worker: Any = Worker(metrics)

    assert worker.method(1) == ("w", 1)
    assert asyncio.run(worker.async_method(2)) == ("w", 2)
    assert worker.above_class(3) == ("Inner", 3)
    assert type(worker).above_class(3) == ("Inner", 3)
    assert worker.below_class(4) == ("Inner", 4)
    assert worker.above_static(5) == 5
    assert type(worker).above_static(5) == 5
    assert worker.below_static(6) == 6
    assert worker.prop == "w"
    assert outcomes(metrics, "work") == Outcomes(successes=9, observed=9)


def test_a_method_still_knows_its_name_and_object(metrics: ExecutorMetrics) -> None:
    """Binding, docstring and signature of a method are as before."""
    worker: Any = Worker(metrics)

    assert worker.method.__self__ is worker
    assert worker.method.__doc__ == "Do it."
    assert list(inspect.signature(worker.method).parameters) == ["x"]
    assert inspect.iscoroutinefunction(worker.async_method)


def test_a_bound_method_can_be_wrapped(metrics: ExecutorMetrics) -> None:
    """What is bound already stays bound."""
    found: list[int] = []
    append = metrics.with_metrics("job")(found.append)
    append(1)

    assert found == [1]
    assert outcomes(metrics, "job").successes == 1


@pytest.mark.parametrize(
    ("function", "arguments", "result"),
    [
        (functools.partial(plain, 1, key=True), ("y",), (1, "y", (), True, {})),
        (functools.partial(coroutine, 1), (), (1, "x")),
        (functools.partial(generator, 2), (), [0, 1]),
        (functools.partial(async_generator, 2), (), [0, 1]),
    ],
    ids=["plain", "coroutine", "generator", "async generator"],
)
def test_a_partial_stays_what_its_function_is(
    metrics: ExecutorMetrics, function: Any, arguments: tuple[Any, ...], result: Any
) -> None:
    """A partial has no name of its own; kind, arguments and result are right."""
    decorated = metrics.with_metrics("job")(function)

    assert inspect.iscoroutinefunction(decorated) is inspect.iscoroutinefunction(function)
    assert _finished(decorated(*arguments)) == result
    assert outcomes(metrics, "job") == Outcomes(successes=1, observed=1)


def _finished(returned: Any) -> Any:
    async def collected() -> list[Any]:
        return [value async for value in returned]

    if inspect.iscoroutine(returned):
        return asyncio.run(returned)
    if inspect.isasyncgen(returned):
        return asyncio.run(collected())
    return list(returned) if inspect.isgenerator(returned) else returned


class CallablePlain:
    """An object that can be called."""

    def __call__(self, x: int) -> int:
        return x + 1


class CallableCoroutine:
    """An object whose call is awaited."""

    async def __call__(self, x: int) -> int:
        return x + 1


class CallableGenerator:
    """An object whose call yields."""

    def __call__(self, x: int) -> Iterator[int]:
        yield x + 1


class CallableAsyncGenerator:
    """An object whose call yields, later."""

    async def __call__(self, x: int) -> AsyncIterator[int]:
        yield x + 1


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (CallablePlain, 2),
        (CallableCoroutine, 2),
        (CallableGenerator, [2]),
        (CallableAsyncGenerator, [2]),
    ],
)
def test_an_object_that_can_be_called_is_measured_by_its_call(
    metrics: ExecutorMetrics, make: type[Any], result: Any
) -> None:
    """The whole of an asynchronous call is measured, not the making of its coroutine."""
    decorated = metrics.with_metrics("job")(make())

    returned = decorated(1)
    if make is CallableCoroutine:
        assert outcomes(metrics, "job") == Outcomes()
    assert _finished(returned) == result
    assert outcomes(metrics, "job") == Outcomes(successes=1, observed=1)


def test_a_builtin_can_be_wrapped(metrics: ExecutorMetrics) -> None:
    """Functions without Python code are functions."""
    assert metrics.with_metrics("job")(len)([1, 2]) == 2
    assert outcomes(metrics, "job").successes == 1


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("thing", [int, 5, None, "text", staticmethod(int)], ids=repr)
def test_what_is_no_function_is_refused_when_decorating(
    make_metrics: MakeMetrics, thing: Any, enabled: bool
) -> None:
    """A class would stop being one, a number is a mistake: both are told at once, on or off."""
    metrics = make_metrics(enable_metrics=enabled)
    with pytest.raises(TypeError, match="only functions and methods"):
        metrics.with_metrics("job")(thing)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("thing", [coroutine, staticmethod(plain), Worker])
def test_a_decorator_without_a_name_is_refused(
    make_metrics: MakeMetrics, thing: Any, enabled: bool
) -> None:
    """``@metrics.with_metrics`` would put a decorator in the place of the function."""
    metrics = make_metrics(enable_metrics=enabled)
    with pytest.raises(TypeError, match=r'@metrics.with_metrics\("'):
        metrics.with_metrics(thing)


def test_decorators_can_be_stacked(metrics: ExecutorMetrics) -> None:
    """Two names for one function count both, the inner one's latency in the outer's."""

    @metrics.with_metrics("outer")
    @metrics.with_metrics("inner")
    async def job() -> int:
        return 1

    assert asyncio.run(job()) == 1
    for name in ("outer", "inner"):
        assert outcomes(metrics, name) == Outcomes(successes=1, observed=1)


def test_one_decorator_serves_many_functions(metrics: ExecutorMetrics) -> None:
    """What ``with_metrics`` returns can be kept and used again."""
    measured = metrics.with_metrics("job")

    assert measured(len)("ab") + measured(abs)(-1) == 3
    assert outcomes(metrics, "job").successes == 2


def test_a_wrapper_without_outside_attributes_is_enough(metrics: ExecutorMetrics) -> None:
    """Attributes of the function are there on the decorated one."""

    def job() -> None:
        """Do nothing."""

    job.route = "/x"  # type: ignore[attr-defined]

    assert metrics.with_metrics("job")(job).route == "/x"  # type: ignore[attr-defined]
