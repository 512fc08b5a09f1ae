"""The recording path of a program that traces: what is recorded leads to the span active then."""

from __future__ import annotations

from bisect import bisect_left
from time import time_ns

from otel_executor_metrics._numbers import non_negative
from otel_executor_metrics.cell_operation import CellOperation
from otel_executor_metrics.storage.blocks import BUCKETS, OUTCOME
from otel_executor_metrics.storage.slots import Slot


class TracedOperation(CellOperation):
    """A :class:`CellOperation` that offers what it has recorded as exemplars.

    A ``CellOperation`` becomes one by its ``__class__``: whoever keeps a handle keeps the object,
    and while nobody traces the recording path has not even a test of that.
    """

    __slots__ = ()

    def success(self, duration: float | None = None) -> None:
        """Count a success; observe ``duration`` seconds if given."""
        CellOperation.success(self, duration)
        self._offer(self._slot, OUTCOME, 1.0, duration)

    def add(self, counted: Slot, index: int, amount: float) -> None:
        """Add to a number of ``counted``, which shares our lock."""
        CellOperation.add(self, counted, index, amount)
        self._offer(counted, index, amount)

    def observe_number(self, number: float) -> None:
        """Observe a number of seconds that is known to be one."""
        CellOperation.observe_number(self, number)
        self._offer(None, OUTCOME, 0.0, number)

    def _count(self, counted: Slot, index: int, duration: float | None) -> None:
        CellOperation._count(self, counted, index, duration)
        self._offer(counted, OUTCOME, 1.0, duration)

    def _offer(
        self, counted: Slot | None, index: int, amount: float, duration: object = None
    ) -> None:
        """Offer what was added to a number of ``counted``, and a duration; never raises.

        The caller would take an exception for one of recording, which is done by now.
        """
        try:
            exemplars = self._store.exemplars
            span = exemplars.sample()
            if span is None:
                return
            now = time_ns()
            if counted is not None:
                exemplars.keep(counted, index, (amount, now, span))
            number = None if duration is None else non_negative(duration)
            if number is not None:
                bucket = bisect_left(self._bounds, number) + BUCKETS
                exemplars.keep(self._slot, bucket, (number, now, span))
        except Exception:
            return
