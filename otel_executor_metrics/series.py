"""The series of one operation: each label set bound once to its handles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from otel_executor_metrics._labels import OTHER
from otel_executor_metrics._names import ERROR_TYPE
from otel_executor_metrics.bound import BoundOperation
from otel_executor_metrics.catalog import Operation, Role
from otel_executor_metrics.cell_operation import CellOperation
from otel_executor_metrics.instruments import (
    CounterFamily,
    CounterHandle,
    Drop,
    Family,
    GaugeFamily,
    HistogramFamily,
)
from otel_executor_metrics.labelling import Cleaned, LabelPolicy, worth_remembering
from otel_executor_metrics.typing import Attributes, BindableInstrument, Labels

MAX_REMEMBERED = 1_000
"""Spellings of ``error_type`` that one label set remembers."""


class OperationSeries:
    """Binds one operation to label sets, as many as ``max_label_sets``.

    Beyond that, new label sets share the one in which every value is ``other``.
    """

    def __init__(
        self,
        operation: Operation,
        instruments: Mapping[Role, BindableInstrument],
        policy: LabelPolicy,
        *,
        max_label_sets: int,
        drop: Drop,
        overflow: Callable[[str], None],
    ) -> None:
        self._operation = operation
        self._instruments = instruments
        self._policy = policy
        self._max_label_sets = max_label_sets
        self._drop = drop
        self._overflow = overflow
        self._lock = threading.RLock()
        self._bound: dict[frozenset[tuple[str, str]], BoundOperation] = {}
        self._failures: dict[frozenset[tuple[str, str]], CounterHandle] = {}
        self._beyond: BoundOperation | None = None

    def bind_listed(self) -> None:
        """Bind what the catalogue lists, so that it is exported at 0 before the first event."""
        for labels in self._operation.listed_label_sets:
            bound, _ = self.bind(labels)
            for error_type in self._operation.error_types:
                bound.failures(error_type)

    @property
    def label_set_count(self) -> int:
        """The number of label sets that are bound."""
        return len(self._bound)

    def bind(self, labels: object) -> tuple[BoundOperation, bool]:
        """Return the handles of ``labels``, and whether these labels need no second look."""
        cleaned = self._policy.labels(labels)
        self._tell(cleaned)
        bound = self._within_limit(cleaned.attributes)
        if bound is None:
            self._tell(Cleaned({}, [], list(cleaned.attributes)))
            return self._beyond_limit(cleaned.attributes), False
        return bound, cleaned.exact

    def prepare(self, labels: object) -> BoundOperation | None:
        """Return the handles of labels that need no second look, else None. Nothing is counted."""
        cleaned = self._policy.labels(labels)
        return self._within_limit(cleaned.attributes) if cleaned.exact else None

    def families(self) -> dict[str, Family[Any]]:
        """Return the families of the operation by key, as ``ExecutorMetrics.metrics`` has them."""
        return {
            instrument.key: _FAMILIES[role](instrument.labels, self._binder(role), self._drop)
            for role, instrument in self._operation.instruments.items()
        }

    def _binder(self, role: Role) -> Callable[[Labels], Any]:
        if role == "failures":
            return self._failure
        return lambda labels: self.bind(labels)[0].handle(role)

    def _failure(self, labels: Labels) -> CounterHandle:
        """Bind the failures family, whose ``error_type`` is a label like any other."""
        others = {name: value for name, value in labels.items() if name != ERROR_TYPE}
        return self.bind(others)[0].failures(labels.get(ERROR_TYPE))

    def _new(self, attributes: Attributes) -> BoundOperation:
        lock = threading.RLock()
        cells = {role: made.bind(attributes, lock) for role, made in self._instruments.items()}
        # The failures' cell just bound has no error_type and stays at 0: it lets the success ratio
        # have a value before anything has failed.
        failures = _FailuresByType(lambda raw: self._failure_handle(attributes, raw))
        kind = CellOperation if CellOperation.takes(cells) else BoundOperation
        return kind(cells, failures=failures, drop=self._drop)

    def _within_limit(self, attributes: Attributes) -> BoundOperation | None:
        key = frozenset(attributes.items())
        with self._lock:
            if key not in self._bound and len(self._bound) < self._max_label_sets:
                self._bound[key] = self._new(attributes)
            return self._bound.get(key)

    def _beyond_limit(self, attributes: Attributes) -> BoundOperation:
        """Return the one label set for all that came after ``max_label_sets``."""
        with self._lock:
            if self._beyond is None:
                names = self._operation.labels or tuple(attributes)
                others = dict.fromkeys(names, OTHER)
                # It may have come into being before, where a single value became ``other``.
                self._beyond = self._bound.get(frozenset(others.items())) or self._new(others)
            return self._beyond

    def _tell(self, cleaned: Cleaned) -> None:
        for drop in cleaned.drops:
            self._drop(*drop)
        for label in cleaned.overflows:
            self._overflow(label)

    def _failure_handle(self, attributes: Attributes, raw: object) -> tuple[CounterHandle, bool]:
        cleaned = self._policy.error_type(raw)
        self._tell(cleaned)
        error_type = cleaned.attributes[ERROR_TYPE]
        with self._lock:
            handle = self._failures.get(_failure_key(attributes, error_type))
            if handle is None and len(self._failures) >= self._max_label_sets:
                return self._failure_beyond(attributes), False
            return handle or self._new_failure(attributes, error_type), cleaned.exact

    def _failure_beyond(self, attributes: Attributes) -> CounterHandle:
        self._overflow(ERROR_TYPE)
        handle = self._failures.get(_failure_key(attributes, OTHER))
        return handle or self._new_failure(attributes, OTHER)

    def _new_failure(self, attributes: Attributes, error_type: str) -> CounterHandle:
        cell = self._instruments["failures"].bind(
            {ERROR_TYPE: error_type, **attributes}, threading.RLock()
        )
        handle = CounterHandle(cell, self._drop)
        self._failures[_failure_key(attributes, error_type)] = handle
        return handle


def _failure_key(attributes: Attributes, error_type: str) -> frozenset[tuple[str, str]]:
    return frozenset({**attributes, ERROR_TYPE: error_type}.items())


_FAMILIES: dict[Role, type[Family[Any]]] = {
    "latency": HistogramFamily,
    "success": CounterFamily,
    "retries": CounterFamily,
    "failures": CounterFamily,
    "in_progress": GaugeFamily,
}


class _FailuresByType:
    """The failure handles of one label set by ``error_type``, those of plain names remembered."""

    __slots__ = ("_find", "_remembered")

    def __init__(self, find: Callable[[object], tuple[CounterHandle, bool]]) -> None:
        self._find = find
        self._remembered: dict[object, CounterHandle] = {}

    def __call__(self, error_type: object) -> CounterHandle:
        """Return the handle of ``error_type``."""
        if type(error_type) is str and error_type in self._remembered:
            return self._remembered[error_type]
        handle, exact = self._find(error_type)
        if exact and worth_remembering(error_type) and len(self._remembered) < MAX_REMEMBERED:
            self._remembered[error_type] = handle
        return handle
