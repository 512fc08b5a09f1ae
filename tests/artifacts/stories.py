"""Stories of an operation, as promtool's unit tests of rules tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Span:
    """A time in which the same happens in every step: attempts, of which some go wrong."""

    steps: int
    attempts: int = 10_000
    failing: int = 0
    slow: int = 0


@dataclass(frozen=True)
class Story:
    """What happens to the operation ``train``, and which alerts fire when.

    ``firing`` maps steps to the objective and the long window of each alert of ``severity`` that
    fires then, such as ``success 1h``; ``restart`` is a step at which the process starts anew, and
    its counters with it.
    """

    minutes: int
    spans: tuple[Span, ...]
    firing: Mapping[int, set[str]]
    severity: Literal["page", "ticket"] = "page"
    restart: int | None = None

    def test_file(self, *rule_files: str) -> dict[str, Any]:
        """Return the file that promtool runs."""
        return {
            "rule_files": list(rule_files),
            "evaluation_interval": f"{self.minutes}m",
            # Else alerts may be evaluated before what they ask for is recorded.
            "group_eval_order": [
                "executor_metrics_train",
                "executor_metrics_train_alerts",
                "executor_metrics_alerts",
            ],
            "tests": [
                {
                    "interval": f"{self.minutes}m",
                    "input_series": [
                        {"series": f'train_{series}, job="j"}}', "values": values}
                        for series, values in self._series().items()
                    ],
                    "promql_expr_test": [self._check(*check) for check in self.firing.items()],
                }
            ],
        }

    def _series(self) -> dict[str, str]:
        return {
            'success_total{instance="i"': self._values(lambda span: span.attempts - span.failing),
            'failures_total{instance="i"': self._values(lambda span: span.failing),
            'latency_seconds_count{instance="i"': self._values(lambda span: span.attempts),
            'latency_seconds_bucket{le="2.0"': self._values(lambda span: span.attempts - span.slow),
        }

    def _values(self, added: Any) -> str:
        total, values = 0, list[str]()
        for span in self.spans:
            for _ in range(span.steps):
                total = 0 if len(values) == self.restart else total + added(span)
                values.append(str(total))
        return " ".join(values)

    def _check(self, step: int, firing: set[str]) -> dict[str, Any]:
        alerts = f'ALERTS{{alertstate="firing", severity="{self.severity}", objective!=""}}'
        samples = []
        for objective, window in sorted(alert.split() for alert in firing):
            labels = f'{{objective="{objective}", long_window="{window}"}}'
            samples.append({"labels": labels, "value": 1})
        return {
            "expr": f"count by (objective, long_window) ({alerts})",
            "eval_time": f"{step * self.minutes}m",
            "exp_samples": samples,
        }
