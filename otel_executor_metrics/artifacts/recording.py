"""Recording rules: what dashboards and alerts would otherwise compute again and again.

Names follow Prometheus's convention, ``level:metric:operations``; the level is the labels that are
left. Source: https://prometheus.io/docs/practices/rules/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from otel_executor_metrics.artifacts.burn_rates import budgets
from otel_executor_metrics.artifacts.queries import Queries
from otel_executor_metrics.artifacts.yaml_text import made_by, yaml_text
from otel_executor_metrics.catalog import Operation

QUANTILES: Final = (0.5, 0.95, 0.99)
SUCCESS_RATIO: Final = "success:ratio_rate5m"
RETRIES_RATIO: Final = "retries_per_success:ratio_rate5m"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording rule."""

    record: str
    expr: str


def rules_yaml(operations: Sequence[Operation]) -> str:
    """Return a rule file of Prometheus that records rates, ratios and quantiles, by operation.

    Raises:
        MissingExtraError: PyYAML is not installed.
    """
    groups = [
        {
            "name": f"executor_metrics_{operation.name}",
            "rules": [{"record": r.record, "expr": r.expr} for r in recordings(operation)],
        }
        for operation in operations
    ]
    return yaml_text({"groups": groups}, made_by("rules"))


def recordings(operation: Operation) -> Iterator[Recording]:
    """Yield the rules of one operation: by job, by its labels too, and what budgets are spent."""
    by_labels = tuple(dict.fromkeys(("job", *operation.labels)))
    for level in dict.fromkeys([("job",), by_labels]):
        yield from _of_level(operation, level)
    for budget in budgets(operation):
        for window in budget.windows:
            yield Recording(budget.recorded(window), budget.ratio(window, ("job",)))


def record_name(operation: Operation, what: str, level: Sequence[str] = ("job",)) -> str:
    """Return the name of the series in which ``what`` is recorded of ``operation``."""
    return f"{'_'.join(level)}:{operation.name}_{what}"


def quantile_of(share: float) -> str:
    """Return what a quantile of the durations is recorded as."""
    return f"latency_seconds:p{share * 100:g}_rate5m"


def _of_level(operation: Operation, level: tuple[str, ...]) -> Iterator[Recording]:
    ask = Queries(operation, by=level)
    asked = {
        "attempts:rate5m": ask.attempts(),
        SUCCESS_RATIO: ask.success_ratio(),
        RETRIES_RATIO: ask.retries_per_success(),
        **{quantile_of(share): ask.quantile(share) for share in QUANTILES},
    }
    for what, expr in asked.items():
        yield Recording(record_name(operation, what, level), expr)
