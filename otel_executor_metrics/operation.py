"""Functions of every kind, each call of them measured."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from types import FunctionType
from typing import Any, TypeAlias, TypeVar

Measure: TypeAlias = Callable[[], AbstractContextManager[Any]]
"""Make what measures one call."""

F = TypeVar("F", bound=Callable[..., Any])


def measured(function: F, measure: Measure) -> F:
    """Return ``function`` with each call inside what ``measure`` makes for it.

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


def unmeasured(function: F) -> F:
    """Return ``function`` itself, or raise TypeError where :func:`measured` would."""
    _check_wrappable(getattr(function, "__func__", function))
    return function


def check_named(name: object) -> None:
    """Raise TypeError for what ``@metrics.with_metrics``, without a call, gets in place of a name.

    The decorator would stand where the function stood, and nobody would be told.
    """
    if issubclass(type(name), (FunctionType, staticmethod, classmethod, type)):
        raise TypeError('with_metrics needs a name: @metrics.with_metrics("execute")')


def _check_wrappable(function: object) -> None:
    if not callable(function) or inspect.isclass(function):
        raise TypeError(f"only functions and methods can be measured, not {function!r}")


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
