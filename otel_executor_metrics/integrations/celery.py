"""Tasks of Celery: outcome, runtime, queue wait and what is in progress, by task and queue.

>>> from otel_executor_metrics.integrations.celery import instrument_celery
>>> uninstrument = instrument_celery(app, metrics)  # doctest: +SKIP

Needs the extra ``celery``. Source: docs/integrations/celery.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.errors import missing_extra, show
from otel_executor_metrics.integrations._celery_signals import TaskSignals
from otel_executor_metrics.metrics import ExecutorMetrics

_logger = logging.getLogger(__name__)

LABELS: Final = ("task", "queue")

CELERY_TASK: Final = Operation(
    "celery_task",
    labels=LABELS,
    buckets=(
        *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
        *(60.0, 300.0, 900.0, 3600.0),
    ),
    help={
        "latency": "Time that Celery tasks ran, each attempt by itself",
        "success": "Number of Celery tasks that succeeded",
        "retries": "Number of attempts of Celery tasks that ended in a retry",
        "failures": "Number of Celery tasks that failed, were revoked, or lost their worker",
        "in_progress": "Number of Celery tasks that run",
        "lost": "Number of Celery tasks that ran when their process ended",
    },
    # What alerts are made on, so that the first of them is seen by increase().
    error_types=(
        "Expired",
        "SoftTimeLimitExceeded",
        "TaskRevokedError",
        "Terminated",
        "TimeLimitExceeded",
        "WorkerLostError",
    ),
)
"""What a worker does with a message: one attempt to run a task."""

CELERY_QUEUE_WAIT: Final = Operation(
    "celery_queue_wait",
    labels=LABELS,
    buckets=(
        *(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
        *(60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0),
    ),
    help={
        "latency": "Time from when Celery tasks could have run to when they did",
        "success": "Number of Celery tasks that ran after a wait that is known",
    },
)
"""How long a message waited: from its publication, or its ETA, to the start of its task."""

CELERY_OPERATIONS: Final = (CELERY_TASK, CELERY_QUEUE_WAIT)
"""What :func:`instrument_celery` records, for a catalogue that is made without a worker."""

_connected: Final[dict[tuple[int, int], TaskSignals]] = {}
"""By the identities of app and metrics, which live as long as their signals are connected."""


def instrument_celery(
    app: Any,
    metrics: ExecutorMetrics,
    *,
    task: Operation = CELERY_TASK,
    queue_wait: Operation = CELERY_QUEUE_WAIT,
) -> Callable[[], None]:
    """Record the tasks of a Celery app, and stamp what this process publishes; return the way back.

    Call it in the worker before its pool starts (where the app is made, or on ``worker_init``), and
    in each process that publishes: without the stamp of the publisher no queue wait is known. A
    process that only publishes may pass ``ExecutorMetrics(enable_metrics=False)``.

    Once more for the same app and metrics it changes nothing, nor does it for other metrics at the
    same endpoint, which says so in the log; other apps, and metrics elsewhere, are recorded beside.
    What is returned disconnects all signals; tasks that run then are no longer
    in progress, and their outcome is not counted.

    Args:
        app: a ``celery.Celery``.
        metrics: records it.
        task: the operation of the tasks; with other buckets, an objective, or another name.
        queue_wait: the operation of the waits.

    Raises:
        TypeError: ``app`` is no Celery app.
        CatalogError: ``metrics`` has operations of these names with other buckets.
        ValueError: the app is recorded by these metrics already, as other operations.
        MissingExtraError: Celery is not installed.
    """
    app = _checked(app)
    key = id(app), id(metrics)
    _check_names(_connected.get(key), (task.name, queue_wait.name))
    if key not in _connected and (url := _counted_at(app, metrics)):
        _logger.warning(
            "the tasks of %r are counted at %s by other metrics of this process already; both would"
            " add up: these are left out",
            app.main,
            url,
        )
        return lambda: None
    metrics.define(task, queue_wait)
    made = TaskSignals(app, metrics, task=task.name, queue_wait=queue_wait.name)
    connected = _connected.setdefault(key, made)
    if connected is made:
        made.connect()

    def uninstrument() -> None:
        if _connected.get(key) is connected:
            del _connected[key]
        connected.disconnect()

    return uninstrument


def _counted_at(app: Any, metrics: ExecutorMetrics) -> str | None:
    """Return the endpoint of ``metrics`` if others of this process show the app's tasks there."""
    url = _endpoint_of(metrics)
    others = (signals for (owner, _), signals in tuple(_connected.items()) if owner == id(app))
    return url if url and url in map(_endpoint_of, (each.metrics for each in others)) else None


def _endpoint_of(metrics: ExecutorMetrics) -> str | None:
    found: str | None = metrics.get_metrics_summary()["url"]
    return found


def _check_names(connected: TaskSignals | None, wanted: tuple[str, str]) -> None:
    if connected is not None and connected.names != wanted:
        rule = "call what that instrument_celery returned before you record it as others"
        raise ValueError(
            f"operations {wanted}: these metrics record the app as {connected.names}; {rule}"
        )


def _checked(app: Any) -> Any:
    """Return the app itself, of a proxy such as ``celery.current_app`` as well."""
    try:
        from celery import Celery
    except ImportError as error:
        raise missing_extra(error, "instrument_celery", "celery") from error
    if not isinstance(app, Celery):
        raise TypeError(f"app={show(app)}: must be a celery.Celery")
    return app._get_current_object() if hasattr(app, "_get_current_object") else app
