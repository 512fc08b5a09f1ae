"""What the main process of a prefork pool announces of tasks that ran elsewhere.

Celery's own signals are sent as versions of Celery send them: newer ones say more.
"""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery, signals
from celery.app.task import Context
from celery.exceptions import Retry, TimeLimitExceeded, WorkerLostError

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.snapshot import Recorded
from tests.celery.conftest import Instrument


class Consumer:
    """What of a worker's consumer, or of a task, is looked at."""

    name = "work"

    def __init__(self, app: Celery) -> None:
        self.app = app


class Received:
    """What of a message is looked at while Celery keeps it."""

    def __init__(self, task_id: str) -> None:
        self.id = task_id
        self.delivery_info = DELIVERY


DELIVERY = {"exchange": "", "routing_key": "celery"}


@pytest.fixture
def task(app: Celery, metrics: ExecutorMetrics, instrument: Instrument) -> Any:
    """Return a task whose app is instrumented, and which this process never runs."""
    instrument(app, metrics)

    @app.task(name="work", shared=False)
    def work() -> None:
        raise AssertionError

    return work


def failed(task: Any, task_id: str, error: BaseException) -> None:
    """Announce a failure."""
    signals.task_failure.send(sender=task, task_id=task_id, exception=error)


def recorded(metrics: ExecutorMetrics) -> Recorded:
    """Return what was recorded of the task, with the queue that it came by."""
    return metrics.snapshot().of("celery_task", {"task": "work", "queue": "celery"})


def received(app: Celery, task_id: str) -> Received:
    """Announce that a message came; return what Celery keeps of it meanwhile."""
    request = Received(task_id)
    signals.task_received.send(sender=Consumer(app), request=request)
    return request


def test_a_time_limit_that_is_told_twice_counts_once(
    app: Celery, metrics: ExecutorMetrics, task: Any
) -> None:
    """Newer Celery tells it where the pool reports the failure, and where the time is up."""
    requests = [received(app, task_id) for task_id in "ab"]

    for request in requests:
        failed(task, request.id, TimeLimitExceeded(1))
        failed(task, request.id, TimeLimitExceeded(1))

    assert recorded(metrics).failures["TimeLimitExceeded"] == 2
    assert recorded(metrics).failed == 2


@pytest.mark.parametrize("error", [WorkerLostError("signal 9"), SystemExit(3)], ids=repr)
def test_a_process_that_left_is_a_lost_worker(
    app: Celery, metrics: ExecutorMetrics, task: Any, error: BaseException
) -> None:
    """Older Celery says how it left; each time counts."""
    request = received(app, "a")

    failed(task, request.id, error)
    failed(task, request.id, error)

    assert recorded(metrics).failures["WorkerLostError"] == recorded(metrics).failed == 2


def test_a_failure_of_the_task_itself_counts_where_it_ran(
    app: Celery, metrics: ExecutorMetrics, task: Any
) -> None:
    """Not here; nor does what no app of ours runs."""
    request = received(app, "a")

    failed(task, request.id, KeyError())
    with Celery("foreign", set_as_current=False) as foreign:
        failed(Consumer(foreign), "a", WorkerLostError())

    assert recorded(metrics).failed == 0


def test_what_leaves_a_pool_without_processes_counts_where_it_ran(
    metrics: ExecutorMetrics, task: Any
) -> None:
    """The pool ``solo`` says that it is a process of a pool; nobody else is there to tell."""
    signals.worker_process_init.send(sender="worker")
    task.push_request(id="a", delivery_info=DELIVERY, is_eager=False)
    signals.task_prerun.send(sender=task)

    try:
        raise SystemExit(3)
    except SystemExit:
        signals.task_postrun.send(sender=task)
    finally:
        task.pop_request()

    assert recorded(metrics).failures["SystemExit"] == recorded(metrics).failed == 1
    assert recorded(metrics).in_progress == 0


def test_a_retry_of_the_main_process_counts_by_its_reason(
    metrics: ExecutorMetrics, task: Any
) -> None:
    """Of a task whose worker was lost, and of one that Celery cancels, which gives none."""
    request = Context(id="a", delivery_info=DELIVERY)

    signals.task_retry.send(sender=task, request=request, reason=Retry(exc=WorkerLostError()))
    signals.task_retry.send(sender=task, request=request, einfo=None)

    assert (recorded(metrics).retries, recorded(metrics).failed) == (2, 0)
    reasons = [dict(key[1]).get("retry_reason") for key in metrics.snapshot().series]
    assert {"WorkerLostError", "Retry"} <= set(reasons)


def test_what_celery_forgets_is_forgotten(app: Celery, metrics: ExecutorMetrics, task: Any) -> None:
    """A request is known no longer than the worker keeps it; then there is no queue to tell."""
    received(app, "a")  # and dropped at once

    failed(task, "a", WorkerLostError())

    assert metrics.snapshot().series["celery_task", (("task", "work"),)].failed == 1
