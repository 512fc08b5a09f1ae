"""Alerting rules: objectives where there are some, thresholds where there are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from otel_executor_metrics.artifacts.alert import Alert, Kind
from otel_executor_metrics.artifacts.own_alerts import OWN_KINDS, own_alerts
from otel_executor_metrics.artifacts.slo_alerts import LATENCY_BURN, SUCCESS_BURN, slo_alerts
from otel_executor_metrics.artifacts.threshold_alerts import (
    LATENCY_HIGH,
    LOST,
    RETRIES_HIGH,
    SUCCESS_LOW,
    lost_alert,
    threshold_alerts,
)
from otel_executor_metrics.artifacts.yaml_text import made_by, yaml_text
from otel_executor_metrics.catalog import Operation

DEFAULT_JOB: Final = "executor-metrics"
DEFAULT_WAIT: Final = "5m"

KINDS: Final[tuple[Kind, ...]] = (
    SUCCESS_BURN,
    LATENCY_BURN,
    SUCCESS_LOW,
    RETRIES_HIGH,
    LATENCY_HIGH,
    LOST,
    *OWN_KINDS,
)
"""Everything that can be alerted on."""


def alerts_yaml(
    operations: Sequence[Operation],
    *,
    jobs: Sequence[str] = (DEFAULT_JOB,),
    wait: str = DEFAULT_WAIT,
) -> str:
    """Return a rule file of Prometheus that alerts; it needs the series of `rules_yaml`.

    Args:
        operations: what their objectives promise gets alerts on its error budget, the rest on the
            documented thresholds.
        jobs: the scrape jobs whose targets must answer.
        wait: how long a threshold must be passed, such as ``"5m"``. Burn rates have their windows
            for that.

    Raises:
        MissingExtraError: PyYAML is not installed.
    """
    groups = {
        f"executor_metrics_{operation.name}_alerts": operation_alerts(operation, wait)
        for operation in operations
    }
    groups["executor_metrics_alerts"] = own_alerts(jobs, wait)
    listed = [
        {"name": name, "rules": [alert.rule() for alert in alerts]}
        for name, alerts in groups.items()
    ]
    return yaml_text({"groups": listed}, made_by("alerts"))


def operation_alerts(operation: Operation, wait: str = DEFAULT_WAIT) -> Iterator[Alert]:
    """Yield the alerts of one operation."""
    yield from slo_alerts(operation)
    yield from threshold_alerts(operation, wait)
    yield lost_alert(operation)
