"""What was recorded up to one moment, as plain numbers: to judge, to analyse, to assert on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final, TypeAlias, TypeVar

from otel_executor_metrics._quantiles import histogram_quantile
from otel_executor_metrics.objective import Objective

LabelSet: TypeAlias = tuple[tuple[str, str], ...]
"""Labels sorted by name; one without a value is left out."""

Key: TypeAlias = tuple[str, LabelSet]
"""An operation's name, and its labels."""

_Buckets: TypeAlias = tuple[tuple[float, float], ...]
_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded of one operation with one label set, or with several added up.

    Args:
        success: how many succeeded.
        failures: how many failed, by ``error_type``.
        retries: attempts above the first.
        in_progress: how many were under way at that moment.
        lost: how many were in progress in processes that were killed.
        seconds: the sum of the durations.
        buckets: of the durations: upper bounds in seconds, rising, the last one +Inf, each with how
            many lie at or below it. Empty where there is no histogram.
    """

    success: float = 0.0
    failures: Mapping[str, float] = field(default_factory=dict)
    retries: float = 0.0
    in_progress: float = 0.0
    lost: float = 0.0
    seconds: float = 0.0
    buckets: _Buckets = ()

    @property
    def failed(self) -> float:
        """The failures of all types."""
        return sum(self.failures.values())

    @property
    def finished(self) -> float:
        """Successes and failures."""
        return self.success + self.failed

    @property
    def durations(self) -> float:
        """How many durations were observed."""
        return self.buckets[-1][1] if self.buckets else 0.0

    def quantile(self, quantile: float) -> float:
        """Return the estimate of a quantile (0 to 1) of the durations in seconds, or NaN.

        It is the one that Prometheus's ``histogram_quantile`` gives for the same buckets.
        """
        return histogram_quantile(quantile, self.buckets)

    def at_most(self, seconds: float) -> float:
        """Return how many durations are known to be ``seconds`` or less: exact at a bound."""
        return max((count for bound, count in self.buckets if bound <= seconds), default=0.0)

    def __add__(self, other: Recorded) -> Recorded:
        """Return both together; where the buckets differ, the bounds that both have."""
        return Recorded(
            self.success + other.success,
            _added(self.failures, other.failures),
            self.retries + other.retries,
            self.in_progress + other.in_progress,
            self.lost + other.lost,
            self.seconds + other.seconds,
            _buckets_added(self.buckets, other.buckets),
        )

    def since(self, earlier: Recorded) -> Recorded:
        """Return what was recorded after ``earlier``; ``in_progress`` stays as it is.

        Where a count is lower than before, the executor began anew in between, at zero.
        """
        if self.restarted_after(earlier):
            return self
        before = dict(earlier.buckets)
        return Recorded(
            self.success - earlier.success,
            {kind: n - earlier.failures.get(kind, 0.0) for kind, n in self.failures.items()},
            self.retries - earlier.retries,
            self.in_progress,
            self.lost - earlier.lost,
            self.seconds - earlier.seconds,
            tuple((bound, count - before.get(bound, 0.0)) for bound, count in self.buckets),
        )

    def restarted_after(self, earlier: Recorded) -> bool:
        """Tell whether a count is lower than in ``earlier``: the executor began anew since."""
        return (
            self.success < earlier.success
            or self.retries < earlier.retries
            or self.lost < earlier.lost
            or self.durations < earlier.durations
            or any(self.failures.get(kind, 0.0) < n for kind, n in earlier.failures.items())
        )


NOTHING: Final = Recorded()
"""Of what was never recorded."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that was recorded up to one moment.

    Args:
        series: by operation and label set.
        dropped: what could not be recorded, by reason (docs/contract.md §3).
        overflowed: records whose label value became ``other``, by operation and label.
        objectives: what is promised, by operation.
    """

    series: Mapping[Key, Recorded] = field(default_factory=dict)
    dropped: Mapping[str, float] = field(default_factory=dict)
    overflowed: Mapping[tuple[str, str], float] = field(default_factory=dict)
    objectives: Mapping[str, Objective] = field(default_factory=dict)

    @property
    def operations(self) -> dict[str, Recorded]:
        """What was recorded by operation, its label sets added up."""
        found: dict[str, list[Recorded]] = {}
        for (operation, _), recorded in self.series.items():
            found.setdefault(operation, []).append(recorded)
        return {operation: total(parts) for operation, parts in found.items()}

    def of(self, operation: str, labels: Mapping[str, str] | None = None) -> Recorded:
        """Return what was recorded of ``operation`` where ``labels`` are among its labels."""
        wanted = set((labels or {}).items())
        return total(
            recorded
            for (name, pairs), recorded in self.series.items()
            if name == operation and wanted.issubset(pairs)
        )

    def since(self, earlier: Snapshot) -> Snapshot:
        """Return what was recorded after ``earlier``."""
        return Snapshot(
            {
                key: recorded.since(earlier.series.get(key, NOTHING))
                for key, recorded in self.series.items()
            },
            _since(self.dropped, earlier.dropped),
            _since(self.overflowed, earlier.overflowed),
            self.objectives,
        )

    def restarted_after(self, earlier: Snapshot) -> bool:
        """Tell whether a count is lower than in ``earlier``: the executor began anew since."""
        return any(
            self.series[key].restarted_after(before)
            for key, before in earlier.series.items()
            if key in self.series
        )


def total(parts: Iterable[Recorded]) -> Recorded:
    """Return ``parts`` added up."""
    return reduce(Recorded.__add__, parts, NOTHING)


def _added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {key: one.get(key, 0.0) + other.get(key, 0.0) for key in {**one, **other}}


def _since(now: Mapping[_K, float], before: Mapping[_K, float]) -> dict[_K, float]:
    """Return the increase of each count; one that is lower than before began anew."""
    return {
        key: count if count < (earlier := before.get(key, 0.0)) else count - earlier
        for key, count in now.items()
    }


def _buckets_added(one: _Buckets, other: _Buckets) -> _Buckets:
    if not one or not other:
        return one or other
    counts = dict(other)
    return tuple((bound, count + counts[bound]) for bound, count in one if bound in counts)
