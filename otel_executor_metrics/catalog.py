"""The catalogue: the only place that knows names, help, units, labels and buckets.

Instruments and Views are derived from it, and a test compares docs/contract.md with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal, TypeAlias

from otel_executor_metrics._names import ERROR_TYPE
from otel_executor_metrics._rules import (
    check_help,
    check_name,
    checked_buckets,
    checked_labels,
    checked_texts,
    checked_values,
)
from otel_executor_metrics.errors import CatalogError
from otel_executor_metrics.objective import Objective, checked_objective, with_bound

Kind: TypeAlias = Literal["histogram", "counter", "gauge"]
Role: TypeAlias = Literal["latency", "success", "retries", "failures", "in_progress", "lost"]

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Upper bounds in seconds; +Inf is implied."""


_UNIT_SUFFIXES = {"": "", "s": "_seconds"}
"""What the exporters make of a unit."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One OpenTelemetry instrument, and what Prometheus sees of it.

    ``key`` is the instrument's name and its key in ``ExecutorMetrics.metrics``. It carries neither
    unit nor ``_total``: the exporters add both.
    """

    key: str
    kind: Kind
    help: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def exported(self) -> str:
        """The name of the series at Prometheus, without a histogram's sample suffixes."""
        name = self.key + _UNIT_SUFFIXES[self.unit]
        return f"{name}_total" if self.kind == "counter" else name

    @property
    def exported_samples(self) -> tuple[str, ...]:
        """Every sample name of the series at Prometheus."""
        suffixes = ("", "_bucket", "_sum", "_count") if self.kind == "histogram" else ("",)
        return tuple(self.exported + suffix for suffix in suffixes)


_HELP: dict[Role, str] = {
    "latency": "Latency of {}",
    "success": "Number of successful {} operations",
    "retries": "Number of {} retries",
    "failures": "Number of failed {} operations",
    "in_progress": "Number of {} operations in progress",
    "lost": "Number of {} operations in progress when their process was killed",
}


@dataclass(frozen=True)
class Operation:
    """One kind of work that an executor does, with the six series that measure it.

    Args:
        name: such as ``"train"``; the series are ``train_latency_seconds`` and so on.
        labels: names of the labels its series carry. More may come at run time.
        buckets: upper bounds of the latency histogram in seconds, rising; +Inf is implied.
        help: a phrase for the work (``"model training"``), or texts by role
            (``{"latency": "Latency of model training", ...}``).
        label_values: for some of the labels the values that are known beforehand. Where all
            labels have theirs, the series exist at 0 from the start.
        error_types: values of ``error_type`` whose failure series exist at 0 as soon as the other
            series of a label set do. A type that is not listed begins above 0, so that ``rate()``
            does not see its first burst.
        objective: what is promised of it; health and alerts are made from it.

    Raises:
        CatalogError: a ``ValueError`` that names the operation, the value and the rule.
    """

    name: str
    labels: Sequence[str] = ()
    buckets: Sequence[float] = DEFAULT_BUCKETS
    help: str | Mapping[Role, str] = ""
    label_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    error_types: Sequence[str] = ()
    objective: Objective | None = None

    def __post_init__(self) -> None:
        """Check every field, and freeze the sequences among them."""
        check_name(self.name)
        freeze = object.__setattr__
        freeze(self, "labels", checked_labels(self.name, self.labels))
        freeze(self, "objective", checked_objective(self.name, self.objective))
        buckets = checked_buckets(self.name, self.buckets)
        freeze(self, "buckets", with_bound(buckets, self.objective))
        freeze(self, "label_values", checked_values(self.name, self.labels, self.label_values))
        freeze(self, "error_types", checked_texts(self.name, "error_types", self.error_types))
        check_help(self.name, self.help, roles=_HELP)

    def __hash__(self) -> int:
        """Hash by name: the mappings among the fields have no hash."""
        return hash(self.name)

    @property
    def instruments(self) -> dict[Role, Instrument]:
        """The six instruments of the operation by role."""
        return {
            "latency": self._instrument("latency", "histogram", unit="s", buckets=self.buckets),
            "success": self._instrument("success", "counter"),
            "retries": self._instrument("retries", "counter"),
            "failures": self._instrument("failures", "counter", first_labels=(ERROR_TYPE,)),
            "in_progress": self._instrument("in_progress", "gauge"),
            "lost": self._instrument("lost", "counter"),
        }

    @property
    def listed_label_sets(self) -> list[dict[str, str]]:
        """The label sets whose series exist from the start: all that the fields above list."""
        if any(label not in self.label_values for label in self.labels):
            return []
        values = (self.label_values[label] for label in self.labels)
        return [dict(zip(self.labels, chosen, strict=True)) for chosen in product(*values)]

    def _instrument(
        self,
        role: Role,
        kind: Kind,
        *,
        unit: str = "",
        buckets: Sequence[float] = (),
        first_labels: tuple[str, ...] = (),
    ) -> Instrument:
        return Instrument(
            key=f"{self.name}_{role}",
            kind=kind,
            help=self._help(role),
            unit=unit,
            labels=(*first_labels, *self.labels),
            buckets=tuple(buckets),
        )

    def _help(self, role: Role) -> str:
        if not isinstance(self.help, str) and role in self.help:
            return self.help[role]
        phrase = self.help if isinstance(self.help, str) and self.help else None
        return _HELP[role].format(phrase or self.name.replace("_", " "))


BUILTIN_OPERATIONS = (
    Operation(
        "intent",
        help={
            "latency": "Latency of intent parsing",
            "success": "Number of successful intent parsings",
            "retries": "Number of intent parsing retries",
            "failures": "Number of failed intent parsings",
            "in_progress": "Number of intent parsings in progress",
            "lost": "Number of intent parsings in progress when their process was killed",
        },
    ),
    Operation(
        "plan",
        help={
            "latency": "Latency of task planning",
            "success": "Number of successful plans",
            "retries": "Number of plan retries",
            "failures": "Number of failed plans",
            "in_progress": "Number of plans in progress",
            "lost": "Number of plans in progress when their process was killed",
        },
    ),
    Operation(
        "execute",
        labels=("task_type",),
        help={
            "latency": "Latency of task execution",
            "success": "Number of successful executions",
            "retries": "Number of execution retries",
            "failures": "Number of failed executions",
            "in_progress": "Number of executions in progress",
            "lost": "Number of executions in progress when their process was killed",
        },
    ),
)
"""The operations that each facade has from the start (docs/contract.md §1)."""

DROP_REASONS = (
    "invalid_value",
    "invalid_operation",
    "invalid_label",
    "unknown_operation",
    "operation_limit",
    "label_limit",
    "unshared",
    "queue_full",
    "error",
)
"""Values of ``reason`` of ``executor_metrics_dropped_total`` (docs/contract.md §3)."""

DROPPED = Instrument(
    key="executor_metrics_dropped",
    kind="counter",
    help="Number of observations, labels and calls that could not be recorded",
    labels=("reason",),
)
LABEL_OVERFLOW = Instrument(
    key="executor_metrics_label_overflow",
    kind="counter",
    help="Number of records whose label value became 'other' because the label has too many",
    labels=("operation", "label"),
)
OWN_INSTRUMENTS = (DROPPED, LABEL_OVERFLOW)
"""What the library says about itself."""


class Catalog:
    """The operations of one facade, known to live together without a collision.

    Args:
        operations: those from the start.
        agreed: definitions of all facades on the same MeterProvider, by name in lower case.
    """

    def __init__(
        self, operations: Iterable[Operation], agreed: dict[str, Operation] | None = None
    ) -> None:
        self._agreed = {} if agreed is None else agreed
        self._operations: dict[str, Operation] = {}
        self._owners: dict[str, str] = {}
        self._claim(OWN_INSTRUMENTS, "the library itself")
        for operation in operations:
            self.add(operation)

    def __iter__(self) -> Iterator[Operation]:
        """Iterate over the operations in the order they came."""
        return iter(tuple(self._operations.values()))

    def __len__(self) -> int:
        """Return the number of operations."""
        return len(self._operations)

    def get(self, name: str) -> Operation | None:
        """Return the operation of that name; letter case is no difference."""
        return self._operations.get(name.lower())

    def new(self, name: str) -> Operation:
        """Return the definition of an operation that comes into being on first use."""
        return self._agreed.get(name.lower()) or Operation(name)

    def agree(self, operation: Operation) -> None:
        """Let ``operation`` be the definition for all facades on the same MeterProvider."""
        self._agreed.setdefault(operation.name.lower(), operation)

    def has(self, operation: Operation) -> bool:
        """Tell whether ``operation`` is here; raise CatalogError where its name means another."""
        _check_type(operation)
        there = self.get(operation.name)
        if there is not None and _exported(there) != _exported(operation):
            raise CatalogError(
                f"operation {operation.name!r}: is there already, with other buckets, help or"
                " letter case; give the same Operation each time, or rename one"
            )
        return there is not None

    def add(self, operation: Operation) -> None:
        """Take ``operation`` in, or raise CatalogError where one of its exported names is taken.

        OpenTelemetry compares instrument names without letter case; so does this.
        """
        _check_type(operation)
        agreed = self._agreed.get(operation.name.lower(), operation)
        if agreed is not operation and _exported(agreed) != _exported(operation):
            raise CatalogError(
                f"operation {operation.name!r}: another ExecutorMetrics on this MeterProvider"
                f" defines {agreed.name!r} with other buckets, help or letter case; give both the"
                " same Operation, or rename one"
            )
        self._claim(operation.instruments.values(), f"operation {operation.name!r}")
        self._operations[operation.name.lower()] = operation

    def _claim(self, instruments: Iterable[Instrument], owner: str) -> None:
        samples = [sample for instrument in instruments for sample in instrument.exported_samples]
        for sample in samples:
            if sample.lower() in self._owners:
                raise CatalogError(
                    f"{owner} and {self._owners[sample.lower()]} would both export {sample!r}:"
                    " exported names must differ in more than letter case; rename one of them"
                    " (or pass include_builtin=False to define the built-in operations anew)"
                )
        self._owners.update((sample.lower(), owner) for sample in samples)

    def check_limits(self, label_values: int, label_sets: int) -> None:
        """Raise CatalogError where an operation lists more than the limits of the facade admit."""
        for operation in self:
            check_limits(operation, label_values, label_sets)


def check_limits(operation: Operation, label_values: int, label_sets: int) -> None:
    """Raise CatalogError where ``operation`` lists more than the limits of the facade admit."""
    for label, listed in operation.label_values.items():
        _check_values(operation, label, len(listed), label_values)
    _check_values(operation, ERROR_TYPE, len(operation.error_types), label_values)
    sets = len(operation.listed_label_sets)
    _check_count(operation, sets, "label sets", "max_label_sets", label_sets)


def _check_type(operation: object) -> None:
    if not isinstance(operation, Operation):
        raise CatalogError(f"operations={operation!r}: must be Operation objects")


def _exported(operation: Operation) -> list[Instrument]:
    """Return the instruments without the labels, of which each facade may have its own."""
    return [replace(instrument, labels=()) for instrument in operation.instruments.values()]


def _check_values(operation: Operation, label: str, count: int, limit: int) -> None:
    _check_count(operation, count, f"values of {label}", "max_label_values", limit)


def _check_count(operation: Operation, count: int, what: str, setting: str, limit: int) -> None:
    if count > limit:
        raise CatalogError(
            f"operation {operation.name!r}: lists {count} {what}: must be at most"
            f" {setting}={limit}; list fewer, or raise the limit"
        )
