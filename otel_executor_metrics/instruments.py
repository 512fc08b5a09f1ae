"""Handles: bound to one series each, and understanding prometheus_client's verbs.

A *family* is an instrument before its labels are chosen, as in ``metrics.metrics["plan_latency"]``;
its ``labels`` returns a handle. A handle validates a value and writes it to its cell. An
``exemplar``, which prometheus_client takes as well, is ignored.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeAlias, TypeVar

from otel_executor_metrics._numbers import non_negative
from otel_executor_metrics.operation import F, measured
from otel_executor_metrics.typing import Cell, Clock, Labels

CountDrop: TypeAlias = Callable[[str, object, str], None]
"""Count a drop: reason, offending value, rule."""

DURATION_RULE = "a duration must be a finite number of seconds, not negative"
AMOUNT_RULE = "an amount must be a finite number, not negative"


class _Handle:
    """What is written to, and who is told of what cannot be."""

    __slots__ = ("_cell", "_drop")

    def __init__(self, cell: Cell, drop: CountDrop) -> None:
        self._cell = cell
        self._drop = drop


class CounterHandle(_Handle):
    """One counter series."""

    __slots__ = ()

    def inc(self, amount: float = 1.0, exemplar: object = None) -> None:
        """Add ``amount``; a negative or unreadable one is dropped (``invalid_value``)."""
        number = non_negative(amount)
        if number is None:
            self._drop("invalid_value", amount, AMOUNT_RULE)
        else:
            self._cell.record(number)


class GaugeHandle(_Handle):
    """One gauge series that counts what is going on."""

    __slots__ = ()

    def inc(self, amount: float = 1.0) -> None:
        """Add ``amount``; a negative or unreadable one is dropped (``invalid_value``)."""
        self._move(amount, 1)

    def dec(self, amount: float = 1.0) -> None:
        """Take ``amount`` off; a negative or unreadable one is dropped (``invalid_value``)."""
        self._move(amount, -1)

    def _move(self, amount: float, sign: int) -> None:
        number = non_negative(amount)
        if number is None:
            self._drop("invalid_value", amount, AMOUNT_RULE)
        else:
            self._cell.record(sign * number)


class HistogramHandle(_Handle):
    """One histogram series of durations, with the clock of :meth:`time`."""

    __slots__ = ("_clock",)

    def __init__(self, cell: Cell, drop: CountDrop, clock: Clock) -> None:
        super().__init__(cell, drop)
        self._clock = clock

    def observe(self, amount: float, exemplar: object = None) -> None:
        """Observe ``amount`` seconds; what is no duration is dropped (``invalid_value``)."""
        number = non_negative(amount)
        if number is None:
            self._drop("invalid_value", amount, DURATION_RULE)
        else:
            self._cell.record(number)

    def time(self) -> Timer:
        """Return a context manager, also a decorator, that observes how long its body takes."""
        return Timer(self.observe, self._clock)


class Timer:
    """Measures a block or a function; what it raises passes through, and is timed as well."""

    def __init__(self, observe: Callable[[float], None], clock: Clock) -> None:
        self._observe = observe
        self._clock = clock
        self._start = 0.0

    def __enter__(self) -> Timer:
        """Start the clock."""
        self._start = self._clock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Observe the time since the start."""
        self._observe(self._clock() - self._start)

    def __call__(self, function: F) -> F:
        """Return ``function``, which may be of any kind, with each call timed.

        Raises:
            TypeError: it is neither a function nor a method.
        """
        # A timer of its own for each call: calls may overlap.
        return measured(function, functools.partial(Timer, self._observe, self._clock))


Handle = TypeVar("Handle")


class Family(Generic[Handle]):
    """An instrument whose labels are still to be chosen."""

    def __init__(
        self, label_names: tuple[str, ...], bind: Callable[[Labels], Handle], drop: CountDrop
    ) -> None:
        self._label_names = label_names
        self._bind = bind
        self._drop = drop

    def labels(self, /, *values: object, **by_name: object) -> Handle:
        """Return the handle of a label set: values in the declared order, or by name.

        The failures' first label is ``error_type``: ``labels("Timeout", "report")``.
        """
        for surplus in values[len(self._label_names) :]:
            self._drop("invalid_label", surplus, f"the declared labels are {self._label_names}")
        return self._bind({**dict(zip(self._label_names, values, strict=False)), **by_name})


class CounterFamily(Family[CounterHandle]):
    """A counter; used without ``labels`` it counts in the series without labels."""

    def inc(self, amount: float = 1.0, exemplar: object = None) -> None:
        """Add ``amount`` to the series without labels."""
        self._bind({}).inc(amount)


class GaugeFamily(Family[GaugeHandle]):
    """A gauge; used without ``labels`` it moves the series without labels."""

    def inc(self, amount: float = 1.0) -> None:
        """Add ``amount`` to the series without labels."""
        self._bind({}).inc(amount)

    def dec(self, amount: float = 1.0) -> None:
        """Take ``amount`` off the series without labels."""
        self._bind({}).dec(amount)


class HistogramFamily(Family[HistogramHandle]):
    """A histogram; used without ``labels`` it observes in the series without labels."""

    def observe(self, amount: float, exemplar: object = None) -> None:
        """Observe ``amount`` seconds in the series without labels."""
        self._bind({}).observe(amount)

    def time(self) -> Timer:
        """Time into the series without labels."""
        return self._bind({}).time()
