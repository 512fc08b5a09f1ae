"""Tasks that run where they are called: outcomes, and switching on and off. Needs no broker."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from typing import Any

import pytest
from celery import Celery, chord, group, signals
from celery.exceptions import Ignore, Reject

from otel_executor_metrics import (
    CatalogError,
    ExecutorMetrics,
    MissingExtraError,
    Objective,
    Operation,
)
from otel_executor_metrics.integrations.celery import (
    CELERY_OPERATIONS,
    CELERY_TASK,
    instrument_celery,
)
from otel_executor_metrics.snapshot import Recorded, Snapshot
from tests.celery.conftest import Instrument
from tests.support.waiting import wait_until


def nothing() -> None:
    """Do nothing: a task of several apps."""


def of(metrics: ExecutorMetrics, task: Any, **labels: str) -> Recorded:
    """Return what was recorded of a task."""
    return metrics.snapshot().of("celery_task", {"task": task.name, **labels})


def failures(metrics: ExecutorMetrics, task: Any) -> dict[str, float]:
    """Return the failures of a task that were counted."""
    return {kind: n for kind, n in of(metrics, task).failures.items() if n}


def test_a_success_is_counted_with_its_runtime(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """Each run counts once, and is in progress while it lasts."""

    @app.task(shared=False)
    def work() -> float:
        return of(metrics, work).in_progress

    instrument(app, metrics)

    assert [work.delay().get() for _ in range(3)] == [1, 1, 1]
    seen = of(metrics, work)
    assert (seen.success, seen.failed, seen.in_progress, seen.durations) == (3, 0, 0, 3)
    assert 0 < seen.seconds < 3


def test_an_exception_counts_by_its_class(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """Failures have the class of the exception, never its text."""

    @app.task(shared=False)
    def work(text: str) -> None:
        raise KeyError(text)

    instrument(app, metrics)
    for text in ("a", "b"):
        work.delay(text)

    assert failures(metrics, work) == {"KeyError": 2}
    assert of(metrics, work).durations == 2


@pytest.mark.parametrize(
    ("raised", "error_type"),
    [
        (Reject("no"), "Reject"),
        (Ignore(), "Ignore"),
        (asyncio.CancelledError(), "CancelledError"),
        (SystemExit(3), "SystemExit"),
    ],
)
def test_what_is_no_failure_to_celery_counts_as_well(
    app: Celery,
    metrics: ExecutorMetrics,
    instrument: Instrument,
    raised: BaseException,
    error_type: str,
) -> None:
    """Ignored, rejected, cancelled: each run ends in one outcome, and nothing stays in progress."""

    @app.task(shared=False)
    def work() -> None:
        raise raised

    instrument(app, metrics)
    if isinstance(raised, Exception):
        work.delay()
    else:
        with pytest.raises(type(raised)):
            work.delay()

    assert failures(metrics, work) == {error_type: 1}
    assert of(metrics, work).in_progress == 0


@pytest.mark.parametrize("propagates", [False, True])
def test_an_exception_that_propagates_counts_once(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument, propagates: bool
) -> None:
    """``task_eager_propagates`` changes nothing."""
    app.conf.task_eager_propagates = propagates

    @app.task(shared=False)
    def work() -> None:
        raise KeyError

    instrument(app, metrics)
    if propagates:
        with pytest.raises(KeyError):
            work.delay()
    else:
        work.delay()

    assert failures(metrics, work) == {"KeyError": 1}


def test_a_result_that_cannot_be_stored_counts_by_the_reason(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """The task ran well, and nobody will ever see that: a failure, as Celery has it."""
    app.conf.task_store_eager_result = True

    @app.task(shared=False)
    def work() -> object:
        return object()

    instrument(app, metrics)
    work.delay()

    assert failures(metrics, work) == {"EncodeError": 1}
    assert of(metrics, work).success == 0


def test_a_retry_is_no_failure(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """An attempt that is repeated counts as a retry, by the class of its reason."""

    @app.task(shared=False, bind=True, max_retries=3)
    def work(self: Any) -> int:
        if self.request.retries < 2:
            raise self.retry(exc=OSError(str(self.request.retries)), countdown=0)
        return int(self.request.retries)

    instrument(app, metrics)

    assert work.delay().get() == 2
    seen = of(metrics, work)
    assert (seen.success, seen.failed, seen.retries, seen.in_progress) == (1, 0, 2, 0)
    assert of(metrics, work, retry_reason="OSError").retries == 2
    assert of(metrics, work, retry_reason="OSError").durations == 2
    assert seen.durations == 3


def test_the_last_attempt_fails_by_its_reason(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """When there are no retries left the exception counts as any other; so does a bare retry."""

    @app.task(shared=False, autoretry_for=(OSError,), max_retries=2, retry_backoff=False)
    def reasoned() -> None:
        raise OSError

    @app.task(shared=False, bind=True, max_retries=1, default_retry_delay=0)
    def bare(self: Any) -> None:
        raise self.retry()

    instrument(app, metrics)
    reasoned.delay()
    bare.delay()

    assert failures(metrics, reasoned) == {"OSError": 1}
    assert of(metrics, reasoned, retry_reason="OSError").retries == 2
    assert failures(metrics, bare) == {"MaxRetriesExceededError": 1}
    assert of(metrics, bare, retry_reason="Retry").retries == 1


def test_an_exception_that_is_being_handled_is_not_the_tasks(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """A task that is called where an exception is handled succeeds all the same."""

    @app.task(shared=False)
    def clean_up() -> None:
        pass

    instrument(app, metrics)
    try:
        raise KeyError
    except KeyError:
        clean_up.delay()

    assert (of(metrics, clean_up).success, failures(metrics, clean_up)) == (1, {})


def test_a_returned_exception_is_a_success(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """What a task returns does not matter."""

    @app.task(shared=False)
    def work() -> KeyError:
        return KeyError("found")

    instrument(app, metrics)
    work.delay()

    assert (of(metrics, work).success, failures(metrics, work)) == (1, {})


def test_canvas_counts_each_task(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """Chains, groups and chords are so many tasks."""

    @app.task(shared=False)
    def add(x: int, y: int) -> int:
        return x + y

    @app.task(shared=False)
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    instrument(app, metrics)

    assert (add.s(1, 2) | add.s(3)).delay().get() == 6
    assert group(add.s(i, i) for i in range(5)).delay().get() == [0, 2, 4, 6, 8]
    assert chord((add.s(i, 1) for i in range(3)), total.s()).delay().get() == 6
    assert of(metrics, add).success == 2 + 5 + 3
    assert of(metrics, total).success == 1


def test_a_fork_inside_a_task_leaves_its_end_to_the_parent(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """The child that returns through Celery as well counts nothing: the task ran once."""
    parent = os.getpid()

    @app.task(shared=False)
    def work() -> None:
        child = os.fork()
        if child:
            os.waitpid(child, 0)

    instrument(app, metrics)
    work.delay()
    if os.getpid() != parent:
        os._exit(0)

    assert (of(metrics, work).success, of(metrics, work).in_progress) == (1, 0)


def test_instrumenting_twice_counts_once(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """The second call changes nothing, and gives the same way back."""

    @app.task(shared=False)
    def work() -> None:
        pass

    instrument(app, metrics)
    uninstrument = instrument(app, metrics)
    work.delay()
    assert of(metrics, work).success == 1

    uninstrument()
    work.delay()
    assert of(metrics, work).success == 1


def connected() -> int:
    """Return how many receivers Celery's signals have."""
    every = [
        value for value in vars(signals).values() if isinstance(value, type(signals.task_prerun))
    ]
    return sum(len(signal.receivers) for signal in every)


def test_switching_off_leaves_nothing(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """No receiver stays; it may be called twice, and switched on again."""
    before = connected()
    uninstrument = instrument(app, metrics)
    assert connected() > before

    uninstrument()
    uninstrument()
    assert connected() == before

    instrument(app, metrics)
    uninstrument()  # it was of the first time
    assert connected() > before


def test_what_runs_when_it_is_switched_off_is_in_progress_no_longer(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """The gauge returns to 0; there is no outcome."""

    @app.task(shared=False)
    def work() -> None:
        uninstrument()

    uninstrument = instrument(app, metrics)
    work.delay()

    assert (of(metrics, work).in_progress, of(metrics, work).finished) == (0, 0)


def test_apps_and_metrics_stay_apart(metrics: ExecutorMetrics, instrument: Instrument) -> None:
    """Each app goes to the metrics that it was instrumented with, to each of several once."""
    with (
        Celery("one", set_as_current=False) as one,
        Celery("two", set_as_current=False) as two,
        Celery("three", set_as_current=False) as three,
        ExecutorMetrics(exporter="none", label_values="keep") as others,
    ):
        tasks = [app.task(nothing, shared=False) for app in (one, two, three)]
        instrument(one, metrics)
        instrument(two, metrics)
        instrument(two, others)
        for task in tasks:
            task.apply()

        assert of(metrics, tasks[0]).success == 2
        assert of(others, tasks[0]).success == 1


def test_metrics_at_one_endpoint_count_once(
    app: Celery, instrument: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker inside a program sends ``worker_init`` as well; totals of one port are added up."""
    task = app.task(nothing, shared=False)
    with (
        ExecutorMetrics(metrics_port=0, host="127.0.0.1", label_values="keep") as first,
        ExecutorMetrics(
            metrics_port=first.metrics_port, host="127.0.0.1", label_values="keep"
        ) as second,
    ):
        off = instrument(app, first)
        instrument(app, second)
        task.apply()

        assert of(first, task).success == 1
        assert f"are counted at {first.get_metrics_summary()['url']}" in caplog.text
        off()
        instrument(app, second)
        task.apply()
        wait_until(lambda: of(first, task).success == 2, what="both, of whichever metrics")


def test_the_current_app_may_be_passed(metrics: ExecutorMetrics, instrument: Instrument) -> None:
    """``celery.current_app`` stands for the app that is current."""
    from celery import current_app

    with Celery("current") as app:
        task = app.task(nothing, shared=False)
        instrument(current_app, metrics)
        task.apply()

        assert of(metrics, task).success == 1


def test_metrics_that_are_off_change_nothing(app: Celery, instrument: Instrument) -> None:
    """Tasks run as ever, and nothing is recorded."""

    @app.task(shared=False, bind=True)
    def work(self: Any) -> int:
        if self.request.retries == 0:
            raise self.retry(countdown=0)
        return 3

    with ExecutorMetrics(enable_metrics=False) as metrics:
        instrument(app, metrics)

        assert work.delay().get() == 3
        assert metrics.snapshot() == Snapshot()


def test_an_operation_of_ones_own_takes_the_place(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """Other buckets, an objective or another name come with the operation that is passed."""

    @app.task(shared=False)
    def work() -> None:
        pass

    jobs = replace(CELERY_TASK, name="jobs", buckets=(1, 60), objective=Objective(success=0.99))
    instrument(app, metrics, task=jobs)
    work.delay()

    seen = metrics.snapshot().of("jobs", {"task": work.name})
    assert [bound for bound, _ in seen.buckets][:2] == [1, 60]
    assert seen.success == 1


def test_operations_may_be_there_already(app: Celery, instrument: Instrument) -> None:
    """The catalogue may name them; with other buckets it is refused, and nothing is connected."""
    before = connected()
    with ExecutorMetrics(exporter="none", operations=CELERY_OPERATIONS) as metrics:
        instrument(app, metrics)()
    with (
        ExecutorMetrics(exporter="none", operations=[Operation("celery_task")]) as metrics,
        pytest.raises(CatalogError, match="'celery_task': is there already, with other buckets"),
    ):
        instrument(app, metrics)

    assert connected() == before


def test_a_receiver_that_fails_fails_no_task(
    app: Celery,
    metrics: ExecutorMetrics,
    instrument: Instrument,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Celery logs what our receivers raise; the task has its result."""

    @app.task(shared=False)
    def work() -> int:
        return 3

    instrument(app, metrics)
    app.amqp = None  # where our receiver looks for the queue

    assert work.apply(routing_key="key").get() == 3
    assert "AttributeError" in caplog.text


def test_one_app_is_recorded_under_one_name(
    app: Celery, metrics: ExecutorMetrics, instrument: Instrument
) -> None:
    """Another operation is refused while the first is recorded, and taken afterwards."""
    uninstrument = instrument(app, metrics)
    orders = replace(CELERY_TASK, name="orders")

    with pytest.raises(ValueError, match=r"\('orders', 'celery_queue_wait'\).*'celery_task'"):
        instrument(app, metrics, task=orders)
    assert "orders_success_total" not in metrics.scrape().body.decode()

    uninstrument()
    instrument(app, metrics, task=orders)


@pytest.mark.parametrize("app", [None, "tasks", object(), Celery], ids=repr)
def test_what_is_no_app_is_refused(metrics: ExecutorMetrics, app: object) -> None:
    """The error names what was passed."""
    with pytest.raises(TypeError, match=r"^app=.*: must be a celery\.Celery$"):
        instrument_celery(app, metrics)


def test_without_celery_the_extra_is_named(
    metrics: ExecutorMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Celery is not installed, the error says what to install."""
    monkeypatch.setitem(sys.modules, "celery", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'otel-executor-metrics\[celery\]'"):
        instrument_celery(object(), metrics)
