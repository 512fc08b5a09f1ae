"""Exemplars: of each number of a series the latest measurement that leads to a trace.

They live in the memory of their process. A forked child has none; what other processes of a fleet
see of them is a copy, made now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from opentelemetry.trace import SpanContext

from otel_executor_metrics.storage.blocks import Series
from otel_executor_metrics.storage.slots import Slot

Exemplar: TypeAlias = tuple[float, int, SpanContext]
"""A measurement: its value, when it was made (Unix time in ns), and the context of the span that
was active, which is not valid where there was none. Plain, since two are made in each record."""

Sample: TypeAlias = Callable[[], SpanContext | None]
"""Return what a measurement made now leads to; None where it is not to become an exemplar."""

ByIndex: TypeAlias = Mapping[int, Exemplar]
"""Exemplars of one series, by the index that their number has in its block."""


class Exemplars:
    """The exemplars of all slots of a store.

    A slot has room here from its first exemplar on, and never more than one for each of its
    numbers. There is no lock: each step is one of a dict, which threads and signal handlers may
    take at any time.
    """

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._kept: dict[Slot, dict[int, Exemplar]] = {}

    def keep(self, slot: Slot, index: int, exemplar: Exemplar) -> None:
        """Keep ``exemplar`` in place of an older one; its measurement has been counted."""
        kept = self._kept.get(slot)
        if kept is None:
            kept = self._kept.setdefault(slot, {})
        kept[index] = exemplar

    def of_slots(self) -> Iterator[tuple[Slot, int, Exemplar]]:
        """Yield all as they are now, of each number of each slot."""
        for slot, kept in tuple(self._kept.items()):
            for index, exemplar in tuple(kept.items()):
                yield slot, index, exemplar

    def read(self) -> dict[Series, ByIndex]:
        """Return those of all series as they are now.

        Whoever reads them before the blocks finds each of them counted there.
        """
        found: dict[Series, ByIndex] = {}
        for slot, kept in tuple(self._kept.items()):
            add_exemplars(found, [(slot.series, kept.copy())])
        return found

    def clear(self) -> None:
        """Have none: what they were exemplars of was counted elsewhere."""
        self._kept = {}


def add_exemplars(into: dict[Series, ByIndex], found: Iterable[tuple[Series, ByIndex]]) -> None:
    """Add what was ``found`` to those of the same series; of one number the latest stays."""
    for series, by_index in found:
        held = into.get(series)
        into[series] = by_index if held is None else _latest(held, by_index)


def _latest(one: ByIndex, other: ByIndex) -> ByIndex:
    both = (*one.items(), *other.items())
    return dict(sorted(both, key=lambda item: item[1][1]))
