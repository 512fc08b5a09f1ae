"""Finds the handles for an operation and its labels: one look-up when they were seen before.

A call that cannot be recorded finds the no-op operation; the drop is counted by then.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from otel_executor_metrics._drops import Drops, in_operation
from otel_executor_metrics._labels import Cleaner
from otel_executor_metrics._names import OPERATION_MAX_LENGTH, operation_name
from otel_executor_metrics.bound import NOOP_OPERATION
from otel_executor_metrics.catalog import (
    DROP_REASONS,
    DROPPED,
    LABEL_OVERFLOW,
    Catalog,
    Operation,
    check_limits,
)
from otel_executor_metrics.instruments import Family
from otel_executor_metrics.labelling import Drop, Items, LabelPolicy, worth_remembering
from otel_executor_metrics.measurement import Measurement
from otel_executor_metrics.roads import Road
from otel_executor_metrics.series import OperationSeries
from otel_executor_metrics.typing import Cell, Lock, OperationHandle

MAX_REMEMBERED = 2**24
"""Bytes, by estimate, of the cache of what callers passed; it starts anew when it is full."""

_ENTRY_SIZE = 512
"""Bytes of an entry without its texts: its tuples, and its room in two dicts."""

_STRICT_RULE = "strict=True admits only operations of the catalogue; add it to operations=[…]"
_LIMIT_RULE = "max_operations is reached; add it to operations=[…] or raise the limit"
_OPERATION_RULE = f"an operation's name must be a text of 1 to {OPERATION_MAX_LENGTH} characters"


class Recorder:
    """All operations of one facade.

    Args:
        catalog: the operations that exist from the start; others are added to it on first use.
        road: what makes their series.
        lock: a reentrant one, held wherever something new comes into being. Whoever forks holds it
            meanwhile, so that a child finds nothing half done.
        clean: makes a label value of what was passed.
        max_label_values: distinct values of one label of one operation.
        max_label_sets: distinct label sets of one operation.
        max_operations: operations beyond the catalogue; None for none at all (``strict``).
    """

    def __init__(
        self,
        catalog: Catalog,
        road: Road,
        *,
        lock: Lock,
        clean: Cleaner,
        max_label_values: int,
        max_label_sets: int,
        max_operations: int | None,
    ) -> None:
        self._catalog = catalog
        self._road = road
        self._clean = clean
        self._max_label_values = max_label_values
        self._max_label_sets = max_label_sets
        self._strict = max_operations is None
        self._room = len(catalog) + (max_operations or 0)
        self._lock = lock
        self._series: dict[str, OperationSeries] = {}
        self._families: dict[str, Family[Any]] = {}
        # What callers passed, to what was found for it: by operation, then by the items of the
        # labels. To build one key of both in each call would take a quarter more. The facade
        # looks here itself.
        self._memory: dict[object, dict[Items, OperationHandle]] = {}
        self.remembered: Mapping[object, Mapping[Items, OperationHandle]] = self._memory
        self._remembered_size = 0
        reasons = {reason: road.count(DROPPED, {"reason": reason}) for reason in DROP_REASONS}
        self._drops = Drops(reasons, lock)
        self._overflows = Overflows(road, lock)
        for operation in catalog:
            self._add(operation).bind_listed()

    @property
    def families(self) -> Mapping[str, Family[Any]]:
        """The families by key; a copy, safe to iterate over."""
        return MappingProxyType(self._families.copy())

    @property
    def drop_counts(self) -> dict[str, int]:
        """What was dropped so far, by reason."""
        return self._drops.counts

    @property
    def label_set_count(self) -> int:
        """The number of label sets that have series, over all operations."""
        return sum(series.label_set_count for series in tuple(self._series.values()))

    def find(self, operation: object, labels: Any = None) -> OperationHandle:
        """Return the handles of ``operation`` with ``labels``. Never raises."""
        items = None
        try:
            items = tuple(labels.items()) if labels else ()
            return self.remembered[operation][items]
        except Exception:  # not seen before, or nothing that can be looked up
            return self._bound(self.bind, operation, labels, items)

    def handle(self, operation: object, labels: Any = None) -> OperationHandle:
        """Return the handles as :meth:`find` does, to be kept. Never raises."""
        return self.find(operation, labels)

    def _bound(
        self,
        bind: Callable[[object, object, Items | None], OperationHandle],
        operation: object,
        labels: object,
        items: Items | None,
    ) -> OperationHandle:
        try:
            return bind(operation, labels, items)
        except Exception as error:
            with contextlib.suppress(Exception):  # the stack may be at its limit
                self.drop_error("find", error)
            return NOOP_OPERATION

    def define(self, operation: Operation) -> None:
        """Add ``operation`` to the catalogue, or raise CatalogError where that cannot be."""
        with self._lock:
            if self._catalog.has(operation):
                return
            check_limits(operation, self._max_label_values, self._max_label_sets)
            self._catalog.add(operation)
            self._room += 1
            self._add(operation).bind_listed()

    def measure(self, operation: object, labels: object) -> Callable[[], Measurement]:
        """Return what makes a measurement of one operation and label set, bound here once.

        What is dropped or becomes ``other`` is looked up each time, since it is counted each time.
        """
        bound = None
        with contextlib.suppress(Exception):  # what raises here, raises in find and is counted
            series = self._series_of(operation)
            bound = None if isinstance(series, Drop) else series.prepare(labels)
        if bound is None:
            return lambda: Measurement(self.find(operation, labels))
        return functools.partial(Measurement, bound)

    def drop_entry(self, entry: object) -> None:
        """Count an entry of a batch that names no operation."""
        rule = "an entry of a batch must be a readable mapping with the key 'operation'"
        self._drops.count("invalid_operation", "a batch", entry, rule)

    def drop_error(self, method: str, error: Exception) -> None:
        """Count a call that failed in a way nobody foresaw."""
        self._drops.count("error", method, error, "the call was dropped")

    def drop_surplus(self, where: str, record: object, rule: str) -> None:
        """Count a record that some code built on the facade had no room for."""
        self._drops.count("queue_full", where, record, rule)

    def hush(self, timeout: float) -> bool:
        """Keep other threads from logging drops; tell whether that could be had in time."""
        return self._drops.log_lock.acquire(timeout=timeout)

    def unhush(self) -> None:
        """Let them log again."""
        self._drops.log_lock.release()

    def drop_unshared(self, operation: str, error: OSError) -> None:
        """Count what is recorded, but cannot be seen by the process that serves."""
        rule = "what is recorded shows when there is room for it in the directory of the fleet"
        self._drops.count("unshared", in_operation(operation), error, rule)

    def bind(self, operation: object, labels: object, items: Items | None) -> OperationHandle:
        """Return the handles of what may be new, and remember them where that is safe.

        ``items`` are those of ``labels``, or None where they could not be had. They are asked for
        once a call: labels of the caller's own may record something whenever they are asked.
        """
        series = self._series_of(operation)
        if isinstance(series, Drop):
            # All that are beyond the limit are one to the log: there may be any number.
            every = series.reason == "operation_limit"
            where = "any operation" if every else in_operation(series.value)
            self._drops.count(series.reason, where, series.value, series.rule)
            return NOOP_OPERATION
        items = had_again(items, labels)
        bound, exact = series.bind(items, labels)
        if exact and items is not None:
            self._remember(operation, items, bound)
        return bound

    def _remember(self, operation: object, items: Items, bound: OperationHandle) -> None:
        texts = [operation, *itertools.chain.from_iterable(items)]
        if not all(map(worth_remembering, texts)) or any(type(item) is not tuple for item in items):
            return
        size = _ENTRY_SIZE + sum(map(sys.getsizeof, texts))
        with self._lock:
            if self._remembered_size + size > MAX_REMEMBERED:
                self._memory.clear()
                self._remembered_size = 0
            self._remembered_size += size
            self._memory.setdefault(operation, {})[items] = bound

    def _series_of(self, raw: object) -> OperationSeries | Drop:
        name = operation_name(raw)
        if name is None:
            return Drop("invalid_operation", raw, _OPERATION_RULE)
        series = self._series.get(name.lower())
        return self._first_use(name) if series is None else series

    def _first_use(self, name: str) -> OperationSeries | Drop:
        """Add an operation that the catalogue does not name, if it may be added."""
        with self._lock:
            series = self._series.get(name.lower())
            if series is not None:
                return series
            if not self._strict and len(self._catalog) < self._room:
                return self._add(self._catalog.new(name))
        if self._strict:
            return Drop("unknown_operation", name, _STRICT_RULE)
        return Drop("operation_limit", name, _LIMIT_RULE)

    def _add(self, operation: Operation) -> OperationSeries:
        """Return the series of ``operation``, made now unless they were made meanwhile.

        By a signal handler or finaliser, that is, which the lock lets through.
        """
        made = OperationSeries(
            operation,
            self._road,
            LabelPolicy(
                operation.labels,
                clean=self._clean,
                limit=self._max_label_values,
                lock=self._lock,
            ),
            lock=self._lock,
            max_label_sets=self._max_label_sets,
            drop=self._drops.of(operation.name),
            overflow=self._overflows.of(operation.name),
        )
        series = self._series.setdefault(operation.name.lower(), made)
        if series is made:
            self._catalog.agree(operation)
            self._families.update(made.families())
            if self._catalog.get(operation.name) is None:
                self._catalog.add(operation)
        return series


def had_again(items: Items | None, labels: object) -> Items | None:
    """Return ``items`` of ``labels``, had anew where another thread changed a dict meanwhile."""
    if items is None and type(labels) is dict:
        return tuple(labels.copy().items())
    return items


class Overflows:
    """Counts label values that became ``other``, by operation and label."""

    def __init__(self, road: Road, lock: Lock) -> None:
        self._road = road
        self._lock = lock
        self._cells: dict[tuple[str, str], Cell] = {}

    def of(self, operation: str) -> Callable[[str], None]:
        """Return the counting of one operation's labels."""
        return lambda label: self._cell(operation, label).record(1)

    def _cell(self, operation: str, label: str) -> Cell:
        with self._lock:
            cell = self._cells.get((operation, label))
            if cell is None:
                attributes = {"operation": operation, "label": label}
                cell = self._road.count(LABEL_OVERFLOW, attributes)
                self._cells[(operation, label)] = cell
        return cell


class NoopRecorder:
    """The recorder of a disabled facade: finds the no-op operation, whatever is asked.

    ``families`` are those of a facade that was shut down: threads that use them may still run.
    """

    remembered: Mapping[object, Mapping[Items, OperationHandle]] = MappingProxyType({})
    label_set_count = 0

    def __init__(self, families: Mapping[str, Family[Any]] = MappingProxyType({})) -> None:
        self.families = families

    @property
    def drop_counts(self) -> dict[str, int]:
        """Nothing is dropped where nothing is recorded."""
        return {}

    def find(self, operation: object, labels: object = None) -> OperationHandle:
        """Return the no-op operation."""
        return NOOP_OPERATION

    handle = find

    def define(self, operation: Operation) -> None:
        """Do nothing."""

    def bind(self, operation: object, labels: object, items: Items | None) -> OperationHandle:
        """Return the no-op operation."""
        return NOOP_OPERATION

    def drop_entry(self, entry: object) -> None:
        """Do nothing."""

    def drop_error(self, method: str, error: Exception) -> None:
        """Do nothing."""

    def drop_surplus(self, where: str, record: object, rule: str) -> None:
        """Do nothing."""
