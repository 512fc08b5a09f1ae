"""PromQL about one operation: the questions of docs/contract.md §4, for any window and grouping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from otel_executor_metrics.catalog import Operation, Role


@dataclass(frozen=True, slots=True)
class Queries:
    """Questions about one operation, each a PromQL expression.

    Args:
        operation: what is asked about.
        window: the range of the rates, such as ``"5m"``.
        by: labels that the answers are split by; none for one sum over all series.
        matchers: what the series must match in addition, such as ``'job=~"$job"'``.
    """

    operation: Operation
    window: str = "5m"
    by: tuple[str, ...] = ()
    matchers: tuple[str, ...] = ()

    def succeeded(self) -> str:
        """Return successes a second."""
        return self._sum_of_rate("success")

    def failed(self) -> str:
        """Return failures a second."""
        return self._sum_of_rate("failures")

    def failed_by_type(self) -> str:
        """Return failures a second, by ``error_type``; without one it stays at 0."""
        return self._sum(self._rate("failures"), "error_type")

    def retried(self) -> str:
        """Return retries a second."""
        return self._sum_of_rate("retries")

    def attempts(self) -> str:
        """Return outcomes a second, good and bad."""
        return f"{self.succeeded()} + {self.failed()}"

    def success_ratio(self) -> str:
        """Return the share of successes; no value while nothing happens."""
        return f"{self.succeeded()} / ({self.attempts()})"

    def failure_ratio(self) -> str:
        """Return the share of failures."""
        return f"{self.failed()} / ({self.attempts()})"

    def retries_per_success(self) -> str:
        """Return retries for each success."""
        return f"{self.retried()} / {self.succeeded()}"

    def mean_latency(self) -> str:
        """Return the mean duration in seconds."""
        return f"{self.busy()} / {self._sum_of_rate('latency', '_count')}"

    def quantile(self, share: float) -> str:
        """Return the duration in seconds that ``share`` of the work does not exceed."""
        buckets = self._sum(self._rate("latency", "_bucket"), "le")
        return f"histogram_quantile({share:g}, {buckets})"

    def slow_ratio(self, seconds: float) -> str:
        """Return the share of work that took longer than ``seconds``, a bound of a bucket."""
        quick = self._sum(self._rate("latency", "_bucket", _le(seconds)))
        return f"1 - {quick} / {self._sum_of_rate('latency', '_count')}"

    def durations(self) -> str:
        """Return how many durations fell into each bucket or a lower one."""
        return self._sum(self._increase("latency", "_bucket"), "le")

    def in_progress(self) -> str:
        """Return the measured work that has begun and not ended."""
        return self._sum(self._series("in_progress"))

    def busy(self) -> str:
        """Return the seconds of work done a second: how much is in progress on average."""
        return self._sum_of_rate("latency", "_sum")

    def lost(self) -> str:
        """Return the work that was in progress when its process was killed."""
        return self._sum(self._increase("lost"))

    def _sum_of_rate(self, role: Role, suffix: str = "") -> str:
        return self._sum(self._rate(role, suffix))

    def _sum(self, expression: str, *first: str) -> str:
        return summed(expression, (*first, *self.by))

    def _rate(self, role: Role, suffix: str = "", *matchers: str) -> str:
        return f"rate({self._series(role, suffix, *matchers)}[{self.window}])"

    def _increase(self, role: Role, suffix: str = "") -> str:
        return f"increase({self._series(role, suffix)}[{self.window}])"

    def _series(self, role: Role, suffix: str = "", *matchers: str) -> str:
        name = self.operation.instruments[role].exported + suffix
        return selector(name, (*matchers, *self.matchers))


def summed(expression: str, by: Iterable[str] = ()) -> str:
    """Return the sum of ``expression``, split by labels."""
    labels = ", ".join(by)
    return f"sum by ({labels}) ({expression})" if labels else f"sum({expression})"


def selector(name: str, matchers: Iterable[str] = ()) -> str:
    """Return the selector of a series."""
    listed = ", ".join(matchers)
    return f"{name}{{{listed}}}" if listed else name


def one_of(label: str, values: Iterable[str]) -> str:
    """Return the matcher of a label that has one of ``values``, none of which is empty."""
    listed = tuple(values)
    if len(listed) == 1:
        return f'{label}="{listed[0]}"'
    return f'{label}=~"{"|".join(listed)}"'


def any_success(operations: Iterable[Operation]) -> str:
    """Return the matcher of the series that each operation has from its first record on."""
    return one_of("__name__", (o.instruments["success"].exported for o in operations))


def _le(seconds: float) -> str:
    # Each command's --help comes by here, and prometheus_client takes long to import.
    from prometheus_client.utils import floatToGoString

    # The text format of a Collector, and OTLP, write whole numbers without the fraction.
    bound: str = floatToGoString(seconds)  # type: ignore[no-untyped-call]
    if bound.endswith(".0"):
        return f'le=~"{bound.removesuffix(".0")}(\\\\.0)?"'
    return f'le="{bound}"'
