"""The reference page of a catalogue: its series, what is recorded of them, and the alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from otel_executor_metrics.artifacts.alert import Kind
from otel_executor_metrics.artifacts.alerts import KINDS, operation_alerts
from otel_executor_metrics.artifacts.burn_rates import budgets
from otel_executor_metrics.artifacts.own_alerts import OWN_KINDS
from otel_executor_metrics.artifacts.recording import recordings
from otel_executor_metrics.catalog import OWN_INSTRUMENTS, Instrument, Operation

_HEAD = """\
# Metrics

<!-- Made by `otel-executor-metrics generate docs`: make it anew, do not edit it. -->

Durations are in seconds. A histogram has the samples `_bucket` (with the label `le`), `_sum` and
`_count`. Prometheus adds `job` and `instance`.
"""
_OWN = """
## The library itself
"""
_RECORDED = """
## Recorded series

By `otel-executor-metrics generate rules`.

| series | PromQL |
|---|---|
"""
_ALERTS = """
## Alerts

By `otel-executor-metrics generate alerts`. A `page` wants somebody now, a `ticket` in working
hours.
"""


def metrics_markdown(operations: Sequence[Operation]) -> str:
    """Return the reference page of ``operations`` in Markdown."""
    parts = [
        _HEAD,
        *(_operation(operation) for operation in operations),
        _OWN,
        _series(OWN_INSTRUMENTS),
        _RECORDED,
        *(
            f"| `{rule.record}` | `{_cell(rule.expr)}` |\n"
            for operation in operations
            for rule in recordings(operation)
        ),
        _ALERTS,
        *_alerts(operations),
    ]
    return "".join(parts)


def _operation(operation: Operation) -> str:
    bounds = ", ".join(f"{bound:g}" for bound in operation.buckets)
    promised = "".join(f"- {line}\n" for line in _promises(operation))
    return (
        f"\n## {operation.name}\n{_series(operation.instruments.values())}\n"
        f"- Upper bounds of the buckets: {bounds}, +Inf.\n{promised}"
    )


def _series(instruments: Iterable[Instrument]) -> str:
    lines = ["\n| series | type | labels | help |\n|---|---|---|---|\n"]
    for made in instruments:
        labels = ", ".join(f"`{label}`" for label in made.labels) or "–"
        lines.append(f"| `{made.exported}` | {made.kind} | {labels} | {_cell(made.help)} |\n")
    return "".join(lines)


def _promises(operation: Operation) -> Iterator[str]:
    for label, values in operation.label_values.items():
        yield f"Values of `{label}` that are known beforehand: {', '.join(values)}."
    if types := ", ".join(operation.error_types):
        yield f"Values of `error_type` that are known beforehand: {types}."
    for budget in budgets(operation):
        yield f"Promised: {budget.promise}."


def _alerts(operations: Sequence[Operation]) -> Iterator[str]:
    alerts = [alert for each in operations for alert in operation_alerts(each)]
    there = {*OWN_KINDS, *(alert.kind for alert in alerts)}
    for kind in KINDS:
        if kind in there:
            yield _alert(kind, [a.labels["operation"] for a in alerts if a.kind is kind])


def _alert(kind: Kind, operations: Iterable[str]) -> str:
    of = ", ".join(f"`{name}`" for name in dict.fromkeys(operations))
    severity = f"a {kind.severity}" if kind.severity else "a page or a ticket, by how fast it is"
    about = f" Of {of}." if of else ""
    return f"\n### {kind.name}\n\nFires when {kind.when}: {severity}.{about}\n\n{kind.runbook}\n"


def _cell(text: str) -> str:
    # Even inside of code, Markdown takes it for the end of a cell.
    return text.replace("|", "\\|").replace("\n", " ")
