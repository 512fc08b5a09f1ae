"""Retries of the library ``tenacity``: attempts beyond the first, and how a call ends at last.

On: ``uninstrument = instrument_retrying(fetch, metrics, "fetch")``. Off: ``uninstrument()``.
Nothing of tenacity is imported.
"""

from __future__ import annotations

import inspect
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from otel_executor_metrics.errors import class_name
from otel_executor_metrics.integrations._in_progress import InProgress
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.typing import Labels

_logger = logging.getLogger(__name__)

Call: TypeAlias = Callable[..., Any]

_HOOKS: Final = ("before", "retry", "stop", "sleep")
_NOTIFIED: Final = ("after", "wait", "before_sleep")
"""Hooks that decide nothing, but end the call where they raise."""

_EXHAUSTED: Final = "RetryError"
"""The ``error_type`` of a call whose results, not exceptions, made it be retried to the end."""

_LAYER: Final = "_executor_metrics_layer"

# Who sleeps, which a sleep is not told.
_current: Final[ContextVar[Any]] = ContextVar("retried")


def instrument_retrying(
    target: Any, metrics: ExecutorMetrics, operation: str, labels: Labels | None = None
) -> Callable[[], None]:
    """Measure each call of a decorated function, or of a ``Retrying`` object, as ``operation``.

    Latency and outcome are those of the whole call, waits included; attempts above 1 are its
    retries. Its own ``before``, ``after`` and ``before_sleep`` stay. Of a loop, ``for attempt in
    Retrying()``, retries alone are counted: how it ends, only whoever leaves it knows. Put
    ``metrics.measure(operation)`` around it. A copy with other strategies, ``fetch.retry_with(…)``,
    is not measured, and one warning says so: instrument it as well.

    Returns:
        what switches it off again, and leaves ``target`` as it was: once all that measure it are
        off, whichever goes first. Calls that run then are no longer in progress, and have no
        outcome.

    Raises:
        TypeError: ``target`` has nothing to do with tenacity.
    """
    retrying = getattr(target, "retry", None) if inspect.isroutine(target) else target
    missing = [hook for hook in _HOOKS if not callable(getattr(retrying, hook, None))]
    if missing:
        raise TypeError(
            f"{target!r} has no {missing[0]}: must be a function decorated by tenacity.retry, or"
            " tenacity's Retrying or AsyncRetrying"
        )
    calls = _Calls(metrics, operation, labels)
    then = {hook: getattr(calls, hook) for hook in _HOOKS}
    # Not there by default; and tenacity asks whether they are.
    then |= {hook: calls.notified for hook in _NOTIFIED if getattr(retrying, hook, None)}
    for hook, told in then.items():
        own = getattr(retrying, hook)
        measured = _around(own, told)
        setattr(measured, _LAYER, _Layer(calls, own))
        setattr(retrying, hook, measured)

    def uninstrument() -> None:
        calls.end_all()
        for hook in then:
            setattr(retrying, hook, _still_on(getattr(retrying, hook)))

    return uninstrument


class _Calls:
    """Records calls by what tenacity tells on its way; each method gets what the hook returned."""

    def __init__(self, metrics: ExecutorMetrics, operation: str, labels: Labels | None) -> None:
        self._handle = metrics.operation(operation, labels=labels)
        self._in_progress = InProgress(metrics, operation, labels)
        # In which process each began: a child that is forked meanwhile ends none of them.
        self._running: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._warned = False
        self.off = False
        """Whether calls pass by: those that run have these hooks yet, or another's around them."""

    def before(self, state: Any, result: object, error: BaseException | None) -> None:
        """Count the first attempt as the beginning, another one as a retry."""
        if self.off:
            return
        if state.fn is not None and state.attempt_number == 1 and self._hears_of_its_end(state):
            self._running[state] = os.getpid()
            self._handle.begin()
        if state.attempt_number > 1 and (state.fn is None or state in self._running):
            self._handle.retry(state.attempt_number)
        self.notified(state, result, error)

    def retry(self, state: Any, result: object, error: BaseException | None) -> None:
        """End a call that needs no other attempt."""
        if error is not None or not result:
            self._end(state, error or state.outcome.exception())

    def stop(self, state: Any, result: object, error: BaseException | None) -> None:
        """End a call that may not have another attempt."""
        _current.set(state)  # here, the last time before a sleep: calls may be nested
        if error is not None or result:
            self._end(state, error or state.outcome.exception(), _EXHAUSTED)

    def sleep(self, seconds: Any, result: object, error: BaseException | None) -> None:
        """End a call that was cancelled, or interrupted, between two attempts."""
        if error is not None:
            self._end(_current.get(), error)

    def notified(self, state: Any, result: object, error: BaseException | None) -> None:
        """End a call by what a hook of the user's raises."""
        if error is not None:
            self._end(state, error)

    def end_all(self) -> None:
        """Listen no more; what runs is in progress no longer, and has no outcome."""
        self.off = True
        for state in list(self._running):
            if self._is_first_to_end(state):
                self._in_progress.add(-1)

    def _hears_of_its_end(self, state: Any) -> bool:
        hooks = (getattr(state.retry_object, hook) for hook in _HOOKS)
        if all(any(layer.calls is self for layer in _layers(hook)) for hook in hooks):
            return True
        if not self._warned:
            self._warned = True
            _logger.warning(
                "calls of %s are not measured: it has other strategies than those that were"
                " instrumented; instrument it as well",
                getattr(state.fn, "__qualname__", state.fn),
            )
        return False

    def _end(self, state: Any, error: BaseException | None, otherwise: str | None = None) -> None:
        if self._is_first_to_end(state):
            error_type = otherwise if error is None else class_name(type(error))
            self._handle.finish(time.monotonic() - state.start_time, error_type)

    def _is_first_to_end(self, state: Any) -> bool:
        return self._running.pop(state, None) == os.getpid()


class _Layer(NamedTuple):
    """Who measures by a hook, and the hook that was there before."""

    calls: _Calls
    inner: Call


def _layers(hook: Call) -> Iterator[_Layer]:
    """Yield the layers around a hook of the user's, the outermost first."""
    while isinstance(layer := getattr(hook, _LAYER, None), _Layer):
        yield layer
        hook = layer.inner


def _still_on(hook: Call) -> Call:
    """Return ``hook`` without the layers around it that are switched off."""
    for layer in _layers(hook):
        if not layer.calls.off:
            break
        hook = layer.inner
    return hook


def _around(call: Call, then: Call) -> Call:
    """Return ``call``, after which ``then`` is told what it got, returned and raised."""
    if _is_async(call):

        async def awaited(given: Any) -> Any:
            return await _resolved(call(given), given, then)

        return awaited

    def called(given: Any) -> Any:
        try:
            result = call(given)
        except BaseException as error:
            then(given, None, error)
            raise
        if inspect.isawaitable(result):
            return _resolved(result, given, then)
        then(given, result, None)
        return result

    return called


async def _resolved(result: Awaitable[Any], given: Any, then: Call) -> Any:
    try:
        value = await result
    except BaseException as error:
        then(given, None, error)
        raise
    then(given, value, None)
    return value


def _is_async(call: Call) -> bool:
    return any(map(inspect.iscoroutinefunction, (call, getattr(call, "__call__", None))))  # noqa: B004
