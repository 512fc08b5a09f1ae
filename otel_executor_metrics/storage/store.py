"""All slots of one facade in one process, and where their blocks are: on the heap or in a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.storage.blocks import (
    Block,
    Blocks,
    Series,
    count_block,
    failure_block,
    merge,
    operation_block,
    series_of,
)
from otel_executor_metrics.storage.journal import BusyError, Entry, Journal
from otel_executor_metrics.storage.names import definition_name, series_name
from otel_executor_metrics.storage.slots import Slot
from otel_executor_metrics.typing import Lock


class Store:
    """Makes slots, and reads them all.

    Slots begin on the heap. :meth:`move_to` puts them into a journal, from which other processes
    read them; a block that finds no room there stays on the heap, and ``report`` is told why.
    """

    def __init__(self, report: Callable[[OSError], None] = lambda error: None) -> None:
        self.operations: dict[str, Operation] = {}
        self._report = report
        self._slots: list[Slot] = []
        self._journal: Journal | None = None
        self._defined: set[str] = set()  # in the journal

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

    def read(self) -> Blocks:
        """Return copies of all blocks, oldest first; two slots of one series add up.

        Failures, which are younger, are read before their label sets: see the order of a block's
        numbers.
        """
        blocks: Blocks = {}
        merge(blocks, ((slot.series, _copied(slot)) for slot in reversed(tuple(self._slots))))
        return dict(reversed(blocks.items()))

    @property
    def on_heap(self) -> list[Slot]:
        """The slots that no other process can read."""
        return [slot for slot in tuple(self._slots) if type(slot.block) is list]

    def move_to(self, journal: Journal) -> None:
        """Put all blocks into ``journal``, those of new slots too, while recording goes on.

        Called again with the same journal, it tries those again that found no room.
        """
        if self._journal is not journal:
            self._defined = set()
            self._journal = journal
        for slot in self.on_heap:
            self._move(slot, journal)

    def start_anew(self) -> None:
        """Forget all that was recorded, in a forked child: it was its parent's.

        The locks are new, too: whoever held them may not exist here.
        """
        self._journal = None
        locks: dict[Lock, Lock] = {}
        for slot in self._slots:
            slot.lock = locks.setdefault(slot.lock, threading.RLock())
            slot.block = self._empty_block(slot.series)

    def _new(self, series: Series, lock: Lock, block: Block) -> Slot:
        journal = self._journal
        entry = self._entry(series, len(block), journal) if journal else None
        slot = Slot(series, lock, entry.complete(block) if entry else block)
        self._slots.append(slot)
        if self._journal is not journal and self._journal is not None:
            self._move(slot, self._journal)  # whoever moved the others has not seen this one
        return slot

    def _move(self, slot: Slot, journal: Journal) -> None:
        # The room is made before the slot's lock is taken: whoever makes room may hold other locks.
        entry = self._entry(slot.series, len(slot.block), journal)
        if entry is not None:
            with slot.lock:
                slot.block = entry.complete(slot.block)

    def _entry(self, series: Series, doubles: int, journal: Journal) -> Entry | None:
        try:
            if series.kind == "operation" and series.name not in self._defined:
                journal.add(definition_name(self.operations[series.name]), 0).complete(())
                self._defined.add(series.name)
            return journal.add(series_name(series), doubles)
        except BusyError:
            return None  # this very moment only; the next call of move_to finds it
        except OSError as error:
            self._report(error)
            return None

    def _empty_block(self, series: Series) -> list[float]:
        if series.kind == "operation":
            return operation_block(self.operations[series.name].buckets)
        return failure_block() if series.kind == "failure" else count_block()


def _copied(slot: Slot) -> list[float]:
    with slot.lock:
        return list(slot.block)
