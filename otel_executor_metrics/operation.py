"""``with_metrics``: functions of every kind, each call of them measured."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, TypeAlias, TypeVar

from otel_executor_metrics.measurement import Measurement
from otel_executor_metrics.typing import OperationHandle

Find: TypeAlias = Callable[[], OperationHandle]
F = TypeVar("F", bound=Callable[..., Any])


def measured(function: F, find: Find) -> F:
    """Return ``function`` with each call measured as the operation that ``find`` finds.

    Coroutine functions, functions, generators and asynchronous generators stay what they are, and
    keep name, docstring and signature. A generator is measured from its first step to its end.

    Raises:
        TypeError: ``function`` cannot be wrapped without changing what it is.
    """
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(measured(function.__func__, find))
    _check_wrappable(function)
    wrapper = _wrapper_of(function)(function, find)
    return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def _check_wrappable(function: object) -> None:
    if not callable(function) or inspect.isclass(function):
        raise TypeError(f"with_metrics wraps functions and methods, not {function!r}")


def _wrapper_of(function: Callable[..., Any]) -> Callable[[Any, Find], Callable[..., Any]]:
    # An object with an async __call__ is told by that method, not by itself.
    kinds = (function, getattr(function, "__call__", function))  # noqa: B004
    if any(map(inspect.iscoroutinefunction, kinds)):
        return _coroutine
    if any(map(inspect.isasyncgenfunction, kinds)):
        return _async_generator
    if any(map(inspect.isgeneratorfunction, kinds)):
        return _generator
    return _plain


def _plain(function: Callable[..., Any], find: Find) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with Measurement(find()):
            return function(*args, **kwargs)

    return wrapper


def _coroutine(function: Callable[..., Any], find: Find) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with Measurement(find()):
            return await function(*args, **kwargs)

    return wrapper


def _generator(function: Callable[..., Any], find: Find) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with Measurement(find()):
            return (yield from function(*args, **kwargs))

    return wrapper


def _async_generator(function: Callable[..., Any], find: Find) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with Measurement(find()):
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
