"""One alert: when it fires, what it says, and what to do then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from otel_executor_metrics.artifacts.burn_rates import Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """What alerts of one name have in common.

    ``when`` and ``runbook`` are for people who have not read any code. ``severity`` is ``page``
    (somebody has to act now) or ``ticket`` (in working hours); None where it differs.
    """

    name: str
    when: str
    runbook: str
    severity: Severity | None = "ticket"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alerting rule.

    ``summary`` and ``description`` are templates of Prometheus. ``wait`` is how long ``expr`` must
    hold.
    """

    kind: Kind
    expr: str
    summary: str
    description: str
    labels: Mapping[str, str] = field(default_factory=dict)
    wait: str = "0s"

    def rule(self) -> dict[str, Any]:
        """Return the rule as Prometheus reads it."""
        severity = {"severity": self.kind.severity} if self.kind.severity else {}
        return {
            "alert": self.kind.name,
            "expr": self.expr,
            **({} if self.wait == "0s" else {"for": self.wait}),
            "labels": {**severity, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook": self.kind.runbook,
            },
        }
