"""All slots of one facade in one process, and where their blocks are: on the heap or in a file."""

from __future__ import annotations

import contextlib
import threading
from array import array
from collections.abc import Callable, Mapping
from typing import NamedTuple

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.storage.blocks import (
    Block,
    Blocks,
    Series,
    block_of,
    count_block,
    failure_block,
    merge,
    operation_block,
    series_of,
)
from otel_executor_metrics.storage.exemplars import ByIndex, Exemplar, Exemplars, Sample
from otel_executor_metrics.storage.journal import BusyError, Entry, Journal
from otel_executor_metrics.storage.names import (
    ExemplarOf,
    definition_name,
    exemplar_name,
    series_name,
)
from otel_executor_metrics.storage.slots import Slot
from otel_executor_metrics.typing import Lock


class _Place(NamedTuple):
    """A journal, and what is in it: names of operations, slots, and exemplars."""

    journal: Journal
    defined: set[str]
    slots: set[Slot]
    exemplars: dict[tuple[Slot, int], _Published]


class _Published:
    """An exemplar in a journal."""

    __slots__ = ("block", "exemplar")

    def __init__(self, exemplar: Exemplar, block: memoryview[float]) -> None:
        self.exemplar = exemplar
        self.block = block


class Store:
    """Makes slots, and reads them all.

    Slots begin on the heap. :meth:`move_to` puts them into a journal, from which other processes
    read them. A block that finds no room there stays where it is; ``report`` is told of it once.
    ``sample`` says which measurements become exemplars.
    """

    def __init__(
        self,
        report: Callable[[Series, OSError], None] = lambda series, error: None,
        sample: Sample = lambda: None,
    ) -> None:
        self.operations: dict[str, Operation] = {}
        self.exemplars = Exemplars(sample)
        self.on_read: Callable[[], None] = lambda: None
        """Called when all is about to be read, now and then; must not raise."""
        self._report = report
        self._slots: list[Slot] = []
        self._place: _Place | None = None
        self._reported: set[Series] = set()

    def define(self, operation: Operation) -> None:
        """Take note of an operation that slots will be asked for."""
        self.operations[operation.name] = operation

    def operation(self, operation: Operation, attributes: Mapping[str, str]) -> Slot:
        """Return a new slot for a label set of ``operation``, which is defined."""
        series = series_of("operation", operation.name, attributes)
        return self._new(series, threading.RLock(), operation_block(operation.buckets))

    def failure(self, of: Slot, error_type: str) -> Slot:
        """Return a new slot for the failures of one type; it shares the lock of its label set."""
        return self._new(of.series.failing(error_type), of.lock, failure_block())

    def count(self, key: str, attributes: Mapping[str, str]) -> Slot:
        """Return a new slot for a counter of the library's own."""
        return self._new(series_of("count", key, attributes), threading.RLock(), count_block())

    def read_exemplars(self) -> dict[Series, ByIndex]:
        """Return what leads to traces; to be read before the blocks, which then contain it."""
        self.on_read()
        return self.exemplars.read()

    def read(self) -> Blocks:
        """Return copies of all blocks, oldest first; two slots of one series add up.

        Failures, which are younger, are read before their label sets: see the order of a block's
        numbers.
        """
        slots = tuple(self._slots)
        copies = [_copied(slot) for slot in reversed(slots)]
        blocks: Blocks = {}
        merge(blocks, zip((slot.series for slot in slots), reversed(copies), strict=True))
        return blocks

    def move_to(self, journal: Journal) -> None:
        """Put all blocks into ``journal``, those of new slots too, while recording goes on.

        Called again with the same journal, it tries those again that found no room.
        """
        place = self._place
        if place is None or place.journal is not journal:
            place = self._place = _Place(journal, set(), set(), {})
        if len(place.slots) < len(self._slots):
            for slot in tuple(self._slots):
                if slot not in place.slots:
                    self._move(slot, place)
        with contextlib.suppress(OSError):  # no room: what counts is counted all the same
            self._publish(place)

    def forget(self) -> None:
        """Begin at zero, on the heap: what is here was counted elsewhere."""
        self._place = None
        self.exemplars.clear()
        for slot in tuple(self._slots):
            with slot.lock:
                slot.block = self._empty_block(slot.series)

    def start_anew(self) -> None:
        """Forget all that was recorded, in a forked child: it was its parent's.

        The locks are new, too: whoever held them may not exist here.
        """
        self._place = None
        self._reported = set()
        self.exemplars.clear()
        locks: dict[Lock, Lock] = {}
        for slot in self._slots:
            slot.lock = locks.setdefault(slot.lock, threading.RLock())
            slot.block = self._empty_block(slot.series)

    def _new(self, series: Series, lock: Lock, block: Block) -> Slot:
        slot = Slot(series, lock, block)
        self._slots.append(slot)
        # Whoever moves the others at this moment may have seen this one, or not.
        if self._place is not None:
            self._move(slot, self._place)
        return slot

    def _move(self, slot: Slot, place: _Place) -> None:
        # The room is made before the slot's lock is taken: whoever makes room may hold other locks.
        entry = self._entry(slot.series, len(slot.block), place)
        if entry is None:
            return
        with slot.lock:
            if self._place is place and slot not in place.slots:
                slot.block = entry.complete(slot.block)
                place.slots.add(slot)

    def _publish(self, place: _Place) -> None:
        """Put new exemplars where others read them: not when they are made, but now and then."""
        # Loaded with the fleet, without which nobody comes here.
        from otel_executor_metrics.storage.exemplar_words import DOUBLES, to_doubles

        self.on_read()
        for slot, index, exemplar in self.exemplars.of_slots():
            if slot not in place.slots:
                continue  # nor is what it is an exemplar of
            known = place.exemplars.get((slot, index))
            if known is None:
                name = exemplar_name(ExemplarOf(slot.series, index))
                block = place.journal.add(name, DOUBLES).complete(to_doubles(exemplar))
                place.exemplars[slot, index] = _Published(exemplar, block)
            elif known.exemplar is not exemplar:
                known.exemplar = exemplar
                known.block[:] = array("d", to_doubles(exemplar))

    def _entry(self, series: Series, doubles: int, place: _Place) -> Entry | None:
        journal = place.journal
        try:
            if series.kind != "count" and series.name not in place.defined:
                journal.add(definition_name(self.operations[series.name]), 0).complete(())
                place.defined.add(series.name)
            return journal.add(series_name(series), doubles)
        except BusyError:
            return None  # this very moment only; the next call of move_to finds it
        except OSError as error:
            if series not in self._reported:
                self._reported.add(series)
                self._report(series, error)
            return None

    def _empty_block(self, series: Series) -> list[float]:
        bounds = () if series.kind == "count" else self.operations[series.name].buckets
        return block_of(series.kind, bounds)


def _copied(slot: Slot) -> list[float]:
    with slot.lock:
        return list(slot.block)
