"""The series of one operation: each label set bound once to what is written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

from otel_executor_metrics._labels import OTHER
from otel_executor_metrics._names import ERROR_TYPE
from otel_executor_metrics.bound import BoundOperation
from otel_executor_metrics.catalog import Operation, Role
from otel_executor_metrics.instruments import (
    CountDrop,
    CounterFamily,
    CounterHandle,
    Family,
    GaugeFamily,
    HistogramFamily,
)
from otel_executor_metrics.labelling import Cleaned, Items, LabelPolicy, items_of
from otel_executor_metrics.roads import Road
from otel_executor_metrics.typing import Attributes, Cell, Labels, Lock

_Key: TypeAlias = tuple[tuple[str, str], ...]


class OperationSeries:
    """Binds one operation to label sets, as many as ``max_label_sets``.

    Beyond that, new label sets give up one label after another to ``other`` until there is room.
    Sets with one label given up may be half as many again, those with two half of that, and so
    on: together at most twice ``max_label_sets``. The last resort has ``other`` in every label.

    Failures of a type that the catalogue lists exist as soon as their label set does, and always
    have room; of those of other types there are at most ``max_label_sets``, and ``other``.
    """

    def __init__(
        self,
        operation: Operation,
        road: Road,
        policy: LabelPolicy,
        *,
        lock: Lock,
        max_label_sets: int,
        drop: CountDrop,
        overflow: Callable[[str], None],
    ) -> None:
        self._operation = operation
        self._road = road
        self._policy = policy
        self._max_label_sets = max_label_sets
        self._drop = drop
        self._overflow = overflow
        self._lock = lock
        self._bound: dict[_Key, BoundOperation[Any]] = {}
        self._made: Counter[int] = Counter()  # label sets, by how many labels were given up
        self._failures: dict[tuple[_Key, str], Cell] = {}
        # Their clean names. To clean them admits them: no limit can turn them into ``other``.
        self._listed_types = [
            policy.error_type(listed).attributes[ERROR_TYPE] for listed in operation.error_types
        ]
        self._unlisted_failures = 0
        self._beyond: BoundOperation[Any] | None = None

    def bind_listed(self) -> None:
        """Bind what the catalogue lists, so that it is exported at 0 before the first event."""
        for labels in self._operation.listed_label_sets:
            self._found(labels)

    @property
    def label_set_count(self) -> int:
        """The number of label sets that are bound."""
        return len(self._bound)

    def bind(self, items: Items | None, labels: object) -> tuple[BoundOperation[Any], bool]:
        """Return the handles of ``items`` of ``labels``, and whether they need no second look."""
        cleaned = self._policy.labels(items, labels)
        self._tell(cleaned)
        bound = self._within_limit(cleaned.attributes)
        if bound is None:
            return self._beyond_limit(cleaned.attributes), False
        return bound, cleaned.exact

    def prepare(self, labels: object) -> BoundOperation[Any] | None:
        """Return the handles of labels that need no second look, else None. Nothing is counted."""
        cleaned = self._policy.labels(items_of(labels), labels)
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
        return lambda labels: self._found(labels).handle(role)

    def _found(self, labels: Labels) -> BoundOperation[Any]:
        return self.bind(items_of(labels), labels)[0]

    def _failure(self, labels: Labels) -> CounterHandle:
        """Bind the failures family, whose ``error_type`` is a label like any other."""
        others = {name: value for name, value in labels.items() if name != ERROR_TYPE}
        return CounterHandle(self._found(others).failures(labels.get(ERROR_TYPE)), self._drop)

    def _new(self, attributes: Attributes) -> BoundOperation[Any]:
        failures = _FailuresByType(lambda raw: self._failure_cell(attributes, bound, raw))
        bound = self._road.operation(
            self._operation, attributes, failures=failures, drop=self._drop
        )
        for error_type in self._listed_types:
            failures(error_type)
        return bound

    def _within_limit(
        self, attributes: Attributes, given_up: int = 0
    ) -> BoundOperation[Any] | None:
        key = _key(attributes)
        with self._lock:
            if key not in self._bound and self._made[given_up] < self._max_label_sets >> given_up:
                self._made[given_up] += 1
                self._bound[key] = self._new(attributes)
            return self._bound.get(key)

    def _beyond_limit(self, attributes: Attributes) -> BoundOperation[Any]:
        """Return the most exact label set that still finds room."""
        collapsed = Cleaned(dict(attributes), [], [])
        for given_up, collapsed in enumerate(self._policy.collapsed(attributes), start=1):
            bound = self._within_limit(collapsed.attributes, given_up)
            if bound is not None:
                break
        else:
            bound = self._last_resort(attributes)
        self._tell(collapsed)
        return bound

    def _last_resort(self, attributes: Attributes) -> BoundOperation[Any]:
        """Return the one label set for all that find no room elsewhere."""
        with self._lock:
            if self._beyond is None:
                names = self._operation.labels or tuple(attributes)
                # Where it exists already, since single values became ``other``, the two add up.
                self._beyond = self._new(dict.fromkeys(names, OTHER))
            return self._beyond

    def _tell(self, cleaned: Cleaned) -> None:
        for drop in cleaned.drops:
            self._drop(*drop)
        for label in cleaned.overflows:
            self._overflow(label)

    def _failure_cell(
        self, attributes: Attributes, bound: BoundOperation[Any], raw: object
    ) -> tuple[Cell, bool]:
        """Return the cell of failures of a type, and whether ``raw`` is the type's clean name."""
        cleaned = self._policy.error_type(raw)
        self._tell(cleaned)
        error_type = cleaned.attributes[ERROR_TYPE]
        labels = _key(attributes)
        with self._lock:
            if not self._has_room(labels, error_type):
                self._overflow(ERROR_TYPE)
                error_type = OTHER
            cell = self._failures.get((labels, error_type))
            if cell is None:
                self._unlisted_failures += error_type not in self._listed_types
                cell = self._failures[labels, error_type] = bound.new_failure(error_type)
            return cell, type(raw) is str and raw == error_type

    def _has_room(self, labels: _Key, error_type: str) -> bool:
        """Tell whether the failures of a type have a series, or may get one."""
        return (
            self._unlisted_failures < self._max_label_sets
            or error_type == OTHER
            or error_type in self._listed_types
            or (labels, error_type) in self._failures
        )


def _key(attributes: Attributes) -> _Key:
    return tuple(sorted(attributes.items()))


_FAMILIES: dict[Role, type[Family[Any]]] = {
    "latency": HistogramFamily,
    "success": CounterFamily,
    "retries": CounterFamily,
    "failures": CounterFamily,
    "in_progress": GaugeFamily,
    "lost": CounterFamily,
}


class _FailuresByType:
    """The failures of one label set by ``error_type``, each remembered under its clean name."""

    __slots__ = ("_find", "_remembered")

    def __init__(self, find: Callable[[object], tuple[Cell, bool]]) -> None:
        self._find = find
        self._remembered: dict[object, Cell] = {}

    def __call__(self, error_type: object) -> Any:
        """Return the cell of ``error_type``."""
        if type(error_type) is str and error_type in self._remembered:
            return self._remembered[error_type]
        cell, exact = self._find(error_type)
        if exact:
            self._remembered[error_type] = cell
        return cell
