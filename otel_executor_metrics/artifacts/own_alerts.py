"""Alerts on what everything else depends on: targets that answer, records that arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from otel_executor_metrics.artifacts.alert import Alert, Kind
from otel_executor_metrics.artifacts.queries import one_of, selector, summed
from otel_executor_metrics.catalog import DROPPED, LABEL_OVERFLOW

TARGETS_ABSENT: Final = Kind(
    "ExecutorTargetsAbsent",
    "no target of a scrape job answers, or there is none",
    "Nothing is known of the executors, and no other alert can fire. Open the targets page of"
    " Prometheus: a job that is not there is a matter of its configuration, `connection refused`"
    " of the process or its port, a status of 401 or 403 of the credentials, a time-out of the"
    " network. The log of the process says at its start where it listens.",
    severity="page",
)
TARGET_DOWN: Final = Kind(
    "ExecutorTargetDown",
    "a target does not answer Prometheus",
    "The targets page of Prometheus says why. See whether the process runs and its /healthz"
    " answers; what it recorded meanwhile is shown when it is back.",
)
DROPPING: Final = Kind(
    "ExecutorMetricsDropped",
    "the library refused something that was to be recorded in the last 10 minutes",
    "The label `reason` says what was wrong, the table of docs/contract.md section 3 what each"
    " reason means; the log of the process names the operation, once for each reason. What is"
    " shown is true but not complete until the calling code is mended.",
)
OVERFLOWING: Final = Kind(
    "ExecutorMetricsLabelOverflow",
    "a label has more values than its limit, so that further ones become `other`",
    "A label carries something without bound: an id, a path, a message. Take it off the label, or"
    " list its values in the catalogue; raise max_label_values only if you know how many there"
    " will be.",
)
OWN_KINDS: Final = (TARGETS_ABSENT, TARGET_DOWN, DROPPING, OVERFLOWING)
_WINDOW: Final = "10m"


def own_alerts(jobs: Sequence[str], wait: str) -> Iterator[Alert]:
    """Yield the alerts on the targets of ``jobs`` and on the library itself."""
    yield from (_targets_absent(job, wait) for job in jobs)
    yield _target_down(jobs, wait)
    yield _dropping()
    yield _overflowing()


def _targets_absent(job: str, wait: str) -> Alert:
    up = selector("up", (one_of("job", [job]),))
    return Alert(
        TARGETS_ABSENT,
        f"absent({up} == 1)",
        f"No target of job {job} answers",
        f"Prometheus has no target of job {job} that it can scrape.",
        {"job": job},
        wait,
    )


def _target_down(jobs: Sequence[str], wait: str) -> Alert:
    return Alert(
        TARGET_DOWN,
        f"{selector('up', (one_of('job', jobs),))} == 0",
        "{{ $labels.instance }} does not answer",
        "Prometheus cannot scrape {{ $labels.instance }} of job {{ $labels.job }}.",
        {},
        wait,
    )


def _dropping() -> Alert:
    return Alert(
        DROPPING,
        f"{summed(f'increase({DROPPED.exported}[{_WINDOW}])', ('job', 'reason'))} > 0",
        "Records are dropped: {{ $labels.reason }}",
        "Job {{ $labels.job }} dropped {{ $value | humanize }} in 10 minutes:"
        " {{ $labels.reason }}.",
    )


def _overflowing() -> Alert:
    by, name = ("job", "operation", "label"), LABEL_OVERFLOW.exported
    # The series comes into being above 0, which increase() does not see.
    new = f"{name} unless {name} offset {_WINDOW}"
    return Alert(
        OVERFLOWING,
        f"{summed(f'increase({name}[{_WINDOW}])', by)} > 0\nor\n{summed(new, by)} > 0",
        "{{ $labels.operation }} has too many values of {{ $labels.label }}",
        "Job {{ $labels.job }}: {{ $value | humanize }} records of {{ $labels.operation }} have"
        " `other` for their {{ $labels.label }}.",
    )
