"""``measure`` and ``with_metrics``: an operation timed, its outcome and progress counted."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import AsyncGenerator, Callable, Generator
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

from otel_executor_metrics.typing import Clock, OperationHandle

Measure: TypeAlias = Callable[[], "Measurement"]
F = TypeVar("F", bound=Callable[..., Any])


class Measurement:
    """Measures its body, as a sync or async context manager; for one use.

    On every way out the latency is observed and the outcome counted. An exception counts as a
    failure under its class name, cancellation included, and passes through unchanged.
    ``GeneratorExit`` alone is a success: whoever iterates has what he wanted and stops.
    """

    __slots__ = ("_clock", "_operation", "_start")

    def __init__(self, operation: OperationHandle, clock: Clock = time.perf_counter) -> None:
        self._operation = operation
        self._clock = clock
        self._start = 0.0

    def __enter__(self) -> Measurement:
        """Start the clock, and count one in progress."""
        self._operation.begin()
        self._start = self._clock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Record latency and outcome."""
        duration = self._clock() - self._start
        self._operation.end()
        if kind is None or issubclass(kind, GeneratorExit):
            self._operation.success(duration)
        else:
            self._operation.failure(kind.__name__, duration)

    async def __aenter__(self) -> Measurement:
        """As ``__enter__``; nothing is awaited."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """As ``__exit__``; nothing is awaited."""
        self.__exit__(kind, error, traceback)


def measured(function: F, measure: Measure) -> F:
    """Return ``function`` with each call inside ``measure()``.

    Coroutine functions, functions, generators and asynchronous generators stay what they are, and
    keep name, docstring and signature. A generator is measured from its first step to its end.

    Raises:
        TypeError: ``function`` cannot be wrapped without changing what it is.
    """
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(measured(function.__func__, measure))
    _check_wrappable(function)
    wrapper = _wrapper_of(function)(function, measure)
    return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def _check_wrappable(function: object) -> None:
    if not callable(function) or inspect.isclass(function):
        raise TypeError(f"with_metrics wraps functions and methods, not {function!r}")


def _wrapper_of(function: Callable[..., Any]) -> Callable[[Any, Measure], Callable[..., Any]]:
    # An object with an async __call__ is told by that method, not by itself.
    kinds = (function, getattr(function, "__call__", function))  # noqa: B004
    if any(map(inspect.iscoroutinefunction, kinds)):
        return _coroutine
    if any(map(inspect.isasyncgenfunction, kinds)):
        return _async_generator
    if any(map(inspect.isgeneratorfunction, kinds)):
        return _generator
    return _plain


def _plain(function: Callable[..., Any], measure: Measure) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with measure():
            return function(*args, **kwargs)

    return wrapper


def _coroutine(function: Callable[..., Any], measure: Measure) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with measure():
            return await function(*args, **kwargs)

    return wrapper


def _generator(function: Callable[..., Any], measure: Measure) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with measure():
            return (yield from function(*args, **kwargs))

    return wrapper


def _async_generator(function: Callable[..., Any], measure: Measure) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with measure():
            inner = function(*args, **kwargs)
            step = inner.__anext__()
            # What ``yield from`` does, which asynchronous generators lack.
            while True:
                try:
                    value = await step
                except StopAsyncIteration:
                    return
                try:
                    step = inner.asend((yield value))
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as error:
                    step = inner.athrow(error)

    return wrapper
