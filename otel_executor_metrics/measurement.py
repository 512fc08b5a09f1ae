"""A body of code timed, its outcome and progress counted."""

from __future__ import annotations

import inspect
from contextvars import ContextVar
from types import TracebackType
from typing import Final, TypeVar

from otel_executor_metrics.errors import class_name
from otel_executor_metrics.storage import forks
from otel_executor_metrics.typing import OperationHandle

_Self = TypeVar("_Self", bound="Enterable")


class Measurement:
    """Measures its body, as a sync or async context manager; for one use.

    On every way out the latency is observed and the outcome counted. An exception counts as a
    failure under its class name, cancellation included, and passes through unchanged. A generator
    that is closed is a success: whoever iterates has what they wanted and stops.
    """

    __slots__ = ("_clock", "_generation", "_start", "operation")

    def __init__(self, operation: OperationHandle) -> None:
        self.operation = operation
        self._clock = operation.clock
        self._start = 0.0
        self._generation = 0

    def __enter__(self) -> Measurement:
        """Start the clock, and count one in progress."""
        self.operation.begin()
        self._generation = forks.generation
        self._start = self._clock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Record latency and outcome."""
        # What began before a fork ends in the parent; the child has a copy of it on its stack.
        if self._generation == forks.generation:
            # Deeper calls than in __enter__ would fail, near the recursion limit, where that did
            # not.
            self.operation.finish(self._clock() - self._start, _error_type(kind, traceback))

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


_GENERATORS: Final = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def _error_type(kind: type[BaseException] | None, traceback: TracebackType | None) -> str | None:
    """Return the failure's type, or None for a body that ended well.

    ``GeneratorExit`` closes generators and coroutines alike; to a coroutine it is a cancellation.
    """
    if kind is None:
        return None
    if issubclass(kind, GeneratorExit) and traceback is not None:
        left = traceback.tb_frame.f_code  # where the ``with`` stands
        return None if left.co_flags & _GENERATORS else class_name(kind)
    return class_name(kind)


# What is entered and not yet left, in each context (thread, task): a handle is shared by them all.
_entered: Final[ContextVar[tuple[Measurement, ...]]] = ContextVar("entered", default=())


class Enterable(OperationHandle):
    """Lets a handle be entered, any number of times at once, each time measuring its body."""

    __slots__ = ()

    def __enter__(self: _Self) -> _Self:
        """Begin a measurement."""
        measurement = Measurement(self)
        # First, because it may fail, near the recursion limit: nobody would leave it again.
        measurement.__enter__()
        _entered.set((*_entered.get(), measurement))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the innermost measurement of this handle in this context."""
        entered = _entered.get()
        for at in reversed(range(len(entered))):
            if entered[at].operation is self:
                _entered.set(entered[:at] + entered[at + 1 :])
                entered[at].__exit__(kind, error, traceback)
                return
        # Entered in another context, as an asynchronous generator can be when it is closed: the
        # start is not known, the outcome is.
        self.finish(None, _error_type(kind, traceback))
