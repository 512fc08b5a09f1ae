"""From a snapshot to answers: what is slow, what is tried again, what fails, what is too much."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from otel_executor_metrics.snapshot import Recorded, Snapshot, total

Label = tuple[str, str]
"""A label's name and value."""


@dataclass(frozen=True, slots=True)
class Performance:
    """How one operation does, or the part of it where a label has a certain value.

    Durations are in seconds. What cannot be known is NaN.

    Args:
        operation: its name.
        label: name and value; None for all of the operation.
        finished: how many succeeded or failed.
        failed: how many failed.
        mean: of the durations.
        p50: their median, estimated from the buckets; likewise the other two.
        p95: what 95 % of them do not exceed.
        p99: what 99 % of them do not exceed.
        time_share: what part of all durations, of all operations, these make up: 0 to 1.
        tail_ratio: p99 / p50; 1 if all take as long.
        retry_amplification: (finished + retries) / finished; 1 if nothing is tried again.
        lost: how many were in progress when their process was killed.
    """

    operation: str
    label: Label | None
    finished: float
    failed: float
    mean: float
    p50: float
    p95: float
    p99: float
    time_share: float
    tail_ratio: float
    retry_amplification: float
    lost: float


@dataclass(frozen=True, slots=True)
class Share:
    """How many failures fall to one error type or label value, and which part of them: 0 to 1."""

    name: str
    failed: float
    share: float


@dataclass(frozen=True, slots=True)
class Errors:
    """Where the failures of one operation come from; most first.

    Args:
        operation: its name.
        failed: how many failed.
        types: of all error types their part.
        values: of all label values (``task_type=report``) their part.
    """

    operation: str
    failed: float
    types: tuple[Share, ...]
    values: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How many series one operation makes.

    Args:
        operation: its name.
        label_sets: how many there are.
        values: of each label the number of distinct values.
        overflowed: of each label, how many records lost its value to ``other``.
    """

    operation: str
    label_sets: int
    values: Mapping[str, int]
    overflowed: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a snapshot tells.

    Args:
        operations: the slowest first, by p95; then those without a duration.
        label_values: of each operation and label, likewise.
        errors: of operations with failures, most first.
        cardinality: the most label sets first.
        dropped: what could not be recorded, by reason; only what is above 0.
    """

    operations: tuple[Performance, ...]
    label_values: tuple[Performance, ...]
    errors: tuple[Errors, ...]
    cardinality: tuple[Cardinality, ...]
    dropped: Mapping[str, float]


def analyze(snapshot: Snapshot) -> Analysis:
    """Return what ``snapshot`` tells: of ``metrics.snapshot()``, of a scrape, or of a window.

    For the latter pass ``later.since(earlier)``.
    """
    operations = snapshot.operations
    in_all = sum(recorded.seconds for recorded in operations.values())
    by_value = dict(_by_value(snapshot))
    return Analysis(
        _slowest_first(
            _performance(name, None, recorded, in_all) for name, recorded in operations.items()
        ),
        _slowest_first(
            _performance(name, label, recorded, in_all)
            for (name, label), recorded in by_value.items()
        ),
        _errors(operations, by_value),
        _cardinality(snapshot),
        {reason: count for reason, count in snapshot.dropped.items() if count},
    )


def _by_value(snapshot: Snapshot) -> Iterator[tuple[tuple[str, Label], Recorded]]:
    found: dict[tuple[str, Label], list[Recorded]] = {}
    for (operation, labels), recorded in snapshot.series.items():
        for label in labels:
            found.setdefault((operation, label), []).append(recorded)
    for key, parts in found.items():
        yield key, total(parts)


def _performance(
    operation: str, label: Label | None, recorded: Recorded, in_all: float
) -> Performance:
    p50, p95, p99 = (recorded.quantile(quantile) for quantile in (0.5, 0.95, 0.99))
    finished = recorded.finished
    return Performance(
        operation,
        label,
        finished,
        recorded.failed,
        mean=_ratio(recorded.seconds, recorded.durations),
        p50=p50,
        p95=p95,
        p99=p99,
        time_share=_ratio(recorded.seconds, in_all),
        tail_ratio=_ratio(p99, p50),
        retry_amplification=_ratio(finished + recorded.retries, finished),
        lost=recorded.lost,
    )


def _slowest_first(found: Iterable[Performance]) -> tuple[Performance, ...]:
    def rank(one: Performance) -> tuple[bool, float, str, Label]:
        unknown = math.isnan(one.p95)
        return unknown, 0.0 if unknown else -one.p95, one.operation, one.label or ("", "")

    return tuple(sorted(found, key=rank))


def _errors(
    operations: Mapping[str, Recorded], by_value: Mapping[tuple[str, Label], Recorded]
) -> tuple[Errors, ...]:
    values: dict[str, dict[str, float]] = {}
    for (operation, (label, value)), recorded in by_value.items():
        values.setdefault(operation, {})[f"{label}={value}"] = recorded.failed
    found = [
        Errors(
            operation,
            recorded.failed,
            _shares(recorded.failures, recorded.failed),
            _shares(values.get(operation, {}), recorded.failed),
        )
        for operation, recorded in operations.items()
        if recorded.failed
    ]
    return tuple(sorted(found, key=lambda errors: (-errors.failed, errors.operation)))


def _shares(counts: Mapping[str, float], failed: float) -> tuple[Share, ...]:
    found = [Share(name, count, count / failed) for name, count in counts.items() if count]
    return tuple(sorted(found, key=lambda share: (-share.failed, share.name)))


def _cardinality(snapshot: Snapshot) -> tuple[Cardinality, ...]:
    sets: dict[str, int] = {}
    values: dict[str, dict[str, set[str]]] = {}
    for operation, labels in snapshot.series:
        sets[operation] = sets.get(operation, 0) + 1
        of_operation = values.setdefault(operation, {})
        for label, value in labels:
            of_operation.setdefault(label, set()).add(value)
    found = [
        Cardinality(
            operation,
            count,
            {label: len(found) for label, found in sorted(values[operation].items())},
            _overflow(snapshot, operation),
        )
        for operation, count in sets.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.label_sets, one.operation)))


def _overflow(snapshot: Snapshot, operation: str) -> dict[str, float]:
    return {
        label: count
        for (name, label), count in snapshot.overflowed.items()
        if name == operation and count
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
