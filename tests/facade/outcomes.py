"""What one operation has recorded so far, at a glance."""

from __future__ import annotations

from dataclasses import dataclass, field

from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import Scrape, scrape


@dataclass(frozen=True)
class Outcomes:
    """The numbers of one operation and label set; failures by type."""

    successes: float = 0
    failures: dict[str, float] = field(default_factory=dict)
    observed: float = 0
    in_progress: float = 0


def outcomes_in(seen: Scrape, operation: str, /, **labels: str) -> Outcomes:
    """Return the outcomes of ``operation`` that a scrape shows."""
    wanted = frozenset(labels.items())
    failures = {
        dict(found)["error_type"]: value
        for found, value in seen.series(f"{operation}_failures_total").items()
        if value and found - {("error_type", dict(found).get("error_type", ""))} == wanted
    }
    return Outcomes(
        successes=seen.value(f"{operation}_success_total", **labels),
        failures=failures,
        observed=seen.total(f"{operation}_latency_seconds_count", **labels),
        in_progress=seen.value(f"{operation}_in_progress", **labels),
    )


def outcomes(metrics: ExecutorMetrics, operation: str, /, **labels: str) -> Outcomes:
    """Scrape, and return the outcomes of ``operation``."""
    return outcomes_in(scrape(metrics), operation, **labels)
