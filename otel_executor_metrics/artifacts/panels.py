"""What the dashboard shows, whatever draws it: rows of panels, each asking PromQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from otel_executor_metrics.artifacts.burn_rates import Budget, budgets
from otel_executor_metrics.artifacts.queries import (
    Queries,
    any_success,
    one_of,
    selector,
    summed,
)
from otel_executor_metrics.artifacts.recording import QUANTILES
from otel_executor_metrics.artifacts.variables import IDENTITY, matchers
from otel_executor_metrics.catalog import DROPPED, LABEL_OVERFLOW, Operation

WINDOW: Final = "$__rate_interval"
"""Grafana's: as wide as a pixel, and never narrower than what rate() needs."""


@dataclass(frozen=True, slots=True)
class Target:
    """One expression, and what its series are called."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. ``unit`` is Grafana's name of it; ``top`` is the highest value that can be."""

    title: str
    targets: tuple[Target, ...]
    unit: str = "short"
    kind: Literal["timeseries", "stat", "heatmap"] = "timeseries"
    about: str = ""
    top: float | None = None
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below one heading."""

    title: str
    panels: tuple[Panel, ...]


def rows(operations: Sequence[Operation], jobs: Sequence[str]) -> Iterator[Row]:
    """Yield the rows: all operations at a glance, each of them, and what measures them."""
    yield Row("Overview", tuple(_overview(operations)))
    for operation in operations:
        panels = (*_of_operation(operation), *_by_label(operation))
        yield Row(operation.name, panels)
    yield Row("Fleet and library", tuple(_fleet(operations, jobs)))


def _overview(operations: Sequence[Operation]) -> Iterator[Panel]:
    asked = {operation.name: _ask(operation) for operation in operations}

    def stat(title: str, question: str, unit: str, top: float | None = None) -> Panel:
        targets = (Target(getattr(ask, question)(), name) for name, ask in asked.items())
        return Panel(title, tuple(targets), unit, "stat", top=top)

    yield stat("Attempts a second", "attempts", "ops")
    yield stat("Success share", "success_ratio", "percentunit", 1)
    yield stat("Mean duration", "mean_latency", "s")
    yield stat("In progress", "in_progress", "short")


def _of_operation(operation: Operation) -> Iterator[Panel]:
    ask = _ask(operation)
    yield Panel(
        "Attempts a second",
        (Target(ask.succeeded(), "succeeded"), Target(ask.failed(), "failed")),
        "ops",
        stacked=True,
    )
    yield Panel("Success share", (Target(ask.success_ratio(), "succeeded"),), "percentunit", top=1)
    yield Panel(
        "Failures a second by type", (Target(ask.failed_by_type(), "failed {{error_type}}"),), "ops"
    )
    yield Panel("Duration", tuple(_durations(ask)), "s")
    yield Panel("Durations", (Target(ask.durations(), "{{le}}"),), "s", "heatmap")
    yield Panel(
        "Retries for each success", (Target(ask.retries_per_success(), "retries"),), "short"
    )
    yield _saturation(ask)
    yield Panel(
        "Lost",
        (Target(ask.lost(), "lost"),),
        about="What was in progress when its process was killed.",
    )
    for budget in budgets(operation):
        yield _burning(operation, budget)


def _durations(ask: Queries) -> Iterator[Target]:
    for share in QUANTILES:
        yield Target(ask.quantile(share), f"p{share * 100:g}")
    yield Target(ask.mean_latency(), "mean")


def _saturation(ask: Queries) -> Panel:
    return Panel(
        "In progress",
        (Target(ask.in_progress(), "now"), Target(ask.busy(), "on average")),
        about="Now: what the decorator, measure() and time() have begun. On average: seconds of"
        " work done a second, which counts what is recorded by calls as well. Near the number of"
        " your workers, the executor is saturated.",
    )


def _burning(operation: Operation, budget: Budget) -> Panel:
    where = matchers(operation)
    targets = (
        Target(f"({budget.ratio(window, (), where)}) / {budget.share:f}", f"over {window}")
        for window in budget.windows
    )
    rates = ", ".join(f"{each.factor} ({each.long} and {each.short})" for each in budget.burn_rates)
    return Panel(
        f"Error budget: {budget.objective}",
        tuple(targets),
        about="How many times too fast it is spent. At 1 it lasts just as long as it is meant to;"
        f" alerts fire above {rates}.",
    )


def _by_label(operation: Operation) -> Iterator[Panel]:
    for label in operation.labels:
        ask, legend = _ask(operation, label), f"{{{{{label}}}}}"
        yield Panel(f"Attempts a second by {label}", (Target(ask.attempts(), legend),), "ops")
        share = (Target(ask.success_ratio(), legend),)
        yield Panel(f"Success share by {label}", share, "percentunit", top=1)
        yield Panel(
            f"95th percentile of the duration by {label}",
            (Target(ask.quantile(0.95), legend),),
            "s",
        )


def _fleet(operations: Sequence[Operation], jobs: Sequence[str]) -> Iterator[Panel]:
    up = selector("up", (one_of("job", jobs),))
    yield Panel(
        "Targets that answer",
        (Target(up, "{{job}} {{instance}}"),),
        about="1: Prometheus can scrape it, 0: it cannot.",
        top=1,
    )
    seen = selector("", (any_success(operations), *IDENTITY))
    yield Panel(
        "Instances that report",
        (Target(f"count by (job) (count by (job, instance) ({seen}))", "{{job}}"),),
    )
    dropped = f"increase({selector(DROPPED.exported, IDENTITY)}[{WINDOW}])"
    yield Panel(
        "Dropped records by reason",
        (Target(summed(dropped, ("reason",)), "{{reason}}"),),
        about="What could not be recorded; docs/contract.md section 3 says why.",
    )
    overflow = f"increase({selector(LABEL_OVERFLOW.exported, IDENTITY)}[{WINDOW}])"
    yield Panel(
        "Label values beyond the limit",
        (Target(summed(overflow, ("operation", "label")), "{{operation}} {{label}}"),),
        about="Records whose label value became `other`. No data: it never happened.",
    )


def _ask(operation: Operation, *by: str) -> Queries:
    return Queries(operation, WINDOW, by, matchers(operation))
