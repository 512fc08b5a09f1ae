"""Alerts on the error budget of operations that have an objective."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from otel_executor_metrics.artifacts.alert import Alert, Kind
from otel_executor_metrics.artifacts.burn_rates import Budget, BurnRate, budgets, percent, plain
from otel_executor_metrics.catalog import Operation

SUCCESS_BURN: Final = Kind(
    "ExecutorSuccessBudgetBurn",
    "failures spend the error budget of an objective too fast, over a long window and a short one"
    " still",
    "See which error_type the failures have (sum by (error_type) of the operation's"
    " failures_total), and whether one label value or one instance has them all. A deployment in"
    " the long window is the first suspect: roll it back. If a service that is called is down,"
    " shed or delay work rather than retry it.",
    severity=None,
)
LATENCY_BURN: Final = Kind(
    "ExecutorLatencyBudgetBurn",
    "slow work spends the error budget of an objective too fast, over a long window and a short"
    " one still",
    "Compare the 50th with the 99th percentile: both up means overload or a slow dependency, the"
    " 99th alone means a few label values or instances. Look at what is in progress and at"
    " retries, which multiply load. Add workers, or take less work in, until it falls.",
    severity=None,
)
_KINDS: Final = {"success": SUCCESS_BURN, "latency": LATENCY_BURN}


def slo_alerts(operation: Operation) -> Iterator[Alert]:
    """Yield an alert for each burn rate of each budget of ``operation``."""
    for budget in budgets(operation):
        for rate in budget.burn_rates:
            yield _alert(budget, rate)


def _alert(budget: Budget, rate: BurnRate) -> Alert:
    limit = f"{plain(rate.factor)} * {plain(budget.share)}"
    name, most = budget.operation.name, percent(rate.factor * budget.share)
    return Alert(
        _KINDS[budget.objective],
        f"{budget.recorded(rate.long)} > {limit}\nand\n{budget.recorded(rate.short)} > {limit}",
        f"{name}: the error budget ({budget.objective}) burns at more than {plain(rate.factor)}"
        " times the rate that it is made for",
        f"{name} of job {{{{ $labels.job }}}}: {{{{ $value | humanizePercentage }}}} of the last"
        f" {rate.long} {budget.wrong}, and more than {most} of the last {rate.short}. Promised:"
        f" {budget.promise}.",
        {
            "severity": rate.severity,
            "operation": name,
            "objective": budget.objective,
            "long_window": rate.long,
            "short_window": rate.short,
        },
    )
