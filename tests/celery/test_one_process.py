"""A worker inside the process of the test, with a broker in its memory. Needs no server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Any

import pytest
from celery import Celery, chain, group, signals
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Reject
from celery.utils import uuid
from celery.worker import state

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.celery import instrument_celery
from otel_executor_metrics.snapshot import Recorded, Snapshot
from tests.support.waiting import wait_until

COUNTDOWN = 0.7


@dataclass(frozen=True)
class Worker:
    """A worker of two threads, its app, and what lets its tasks ``hold`` go."""

    app: Celery
    metrics: ExecutorMetrics
    gate: Event

    def send(self, task: str, *args: object, **options: Any) -> str:
        """Publish a task; return its id."""
        return str(self.app.tasks[task].apply_async(args, **options).id)

    def occupy(self) -> None:
        """Keep both threads busy until the gate opens."""
        self.gate.clear()
        before = self.metrics.snapshot().of("celery_task", {"task": "hold"})
        for _ in range(2):
            self.send("hold")
        wait_until(lambda: self.of("hold").in_progress == before.in_progress + 2)

    def of(self, task: str, **labels: str) -> Recorded:
        """Return what was recorded of a task."""
        return self.metrics.snapshot().of("celery_task", {"task": task, **labels})

    def wait_of(self, task: str) -> Recorded:
        """Return what was recorded of a task's waits."""
        return self.metrics.snapshot().of("celery_queue_wait", {"task": task})


def add_tasks(app: Celery, gate: Event) -> None:
    """Register what the tests send."""

    @app.task(shared=False, name="add")
    def add(x: int, y: int) -> int:
        return x + y

    @app.task(shared=False, name="fail")
    def fail() -> None:
        raise KeyError

    @app.task(shared=False, name="hold")
    def hold() -> None:
        assert gate.wait(60)

    @app.task(shared=False, name="reject")
    def reject() -> None:
        raise Reject("no", requeue=False)

    @app.task(shared=False, name="never")
    def never() -> None:
        raise AssertionError

    @app.task(shared=False, name="repeat", bind=True)
    def repeat(self: Any) -> None:
        if self.request.retries == 0:
            raise self.retry(exc=OSError(), countdown=COUNTDOWN)


@pytest.fixture(scope="module")
def logging_as_it_is() -> Iterator[None]:
    """Keep Celery from setting up the logging of the process: whoever listens does."""

    def keep(**_: object) -> None:
        pass

    signals.setup_logging.connect(keep)
    yield
    signals.setup_logging.disconnect(keep)


@pytest.fixture(scope="module")
def running(logging_as_it_is: None) -> Iterator[Worker]:
    """Start the worker of this module."""
    gate = Event()
    with (
        Celery("tests", broker="memory://", backend="cache+memory://") as app,
        ExecutorMetrics(exporter="none", label_values="keep") as metrics,
    ):
        app.conf.update(
            task_routes={"add": "sums"},
            # Its polling is what the tests wait for.
            broker_transport_options={"polling_interval": 0.01},
        )
        add_tasks(app, gate)
        uninstrument = instrument_celery(app, metrics)
        options: dict[str, Any] = {"queues": ["celery", "sums"], "perform_ping_check": False}
        options["shutdown_timeout"] = 60
        with start_worker(app, pool="threads", concurrency=2, **options):
            yield Worker(app, metrics, gate)
            gate.set()
        uninstrument()


@pytest.fixture
def worker(running: Worker) -> Iterator[Worker]:
    """Hand out the worker, and let go of what it holds after the test."""
    yield running
    running.gate.set()
    wait_until(lambda: running.metrics.snapshot().of("celery_task").in_progress == 0)


@pytest.fixture
def since(worker: Worker) -> Callable[[], Snapshot]:
    """Return what this test alone has recorded."""
    before = worker.metrics.snapshot()
    return lambda: worker.metrics.snapshot().since(before)


Since = Callable[[], Snapshot]


def test_tasks_count_by_name_and_queue(worker: Worker, since: Since) -> None:
    """Each has one outcome and one wait, with the queue that it came by."""
    for i in range(20):
        worker.send("add", i, i)
    worker.send("fail")

    wait_until(lambda: since().of("celery_task").finished == 21)

    assert {key: recorded.finished for key, recorded in since().series.items()} | {} == {
        **dict.fromkeys(worker.metrics.snapshot().series, 0),
        ("celery_task", (("queue", "sums"), ("task", "add"))): 20,
        ("celery_queue_wait", (("queue", "sums"), ("task", "add"))): 20,
        ("celery_task", (("queue", "celery"), ("task", "fail"))): 1,
        ("celery_queue_wait", (("queue", "celery"), ("task", "fail"))): 1,
    }
    assert since().of("celery_task", {"task": "fail"}).failures["KeyError"] == 1


def test_canvas_counts_each_task(worker: Worker, since: Since) -> None:
    """Each link of a chain has a wait of its own, from its own publication on."""
    add = worker.app.tasks["add"]
    chained = chain(add.s(1, 2), add.s(3), add.s(4))()
    grouped = group(add.s(i, i) for i in range(4))()

    wait_until(lambda: since().of("celery_task", {"task": "add"}).success == 7)

    assert (chained.get(), grouped.get()) == (10, [0, 2, 4, 6])
    assert since().of("celery_queue_wait", {"task": "add"}).success == 7


def test_what_waits_for_a_worker_has_waited(worker: Worker, since: Since) -> None:
    """The wait ends with the start, not when the message is received."""
    worker.occupy()
    worker.send("add", 1, 2)
    published = time.monotonic()  # by now
    wait_until(lambda: time.monotonic() > published + 0.4)
    worker.gate.set()

    wait_until(lambda: since().of("celery_task", {"task": "add"}).success == 1)

    assert 0.3 <= since().of("celery_queue_wait", {"task": "add"}).seconds < 60


def test_a_countdown_is_no_wait(worker: Worker, since: Since) -> None:
    """What is published for later, by a retry as well, waits from then on."""
    begun = time.time()
    worker.send("add", 1, 2, countdown=COUNTDOWN)
    worker.send("repeat")

    wait_until(lambda: since().of("celery_task").success == 2)

    # Each had its countdown within this time; with it in the waits they would be too long.
    most = time.time() - begun - COUNTDOWN
    for task, count in (("add", 1), ("repeat", 2)):
        waits = since().of("celery_queue_wait", {"task": task})
        assert waits.success == count
        assert waits.seconds <= most
    repeated = since().of("celery_task", {"task": "repeat"})
    assert (repeated.success, repeated.failed, repeated.retries) == (1, 0, 1)
    assert worker.of("repeat", retry_reason="OSError").retries == 1


def test_a_revoked_task_counts_as_such(worker: Worker, since: Since) -> None:
    """It was never begun, so that it has no duration and no wait."""
    revoked = uuid()
    worker.app.control.revoke(revoked)
    wait_until(lambda: revoked in state.revoked)
    worker.send("never", task_id=revoked)

    wait_until(lambda: since().of("celery_task", {"task": "never"}).failed == 1)

    seen = since().of("celery_task", {"task": "never", "queue": "celery"})
    assert seen.failures["TaskRevokedError"] == 1
    assert (seen.durations, since().of("celery_queue_wait", {"task": "never"}).success) == (0, 0)


def test_an_expired_task_counts_as_such(worker: Worker, since: Since) -> None:
    """It is told apart from one that was revoked."""
    worker.send("never", countdown=COUNTDOWN, expires=COUNTDOWN / 2)

    wait_until(lambda: since().of("celery_task", {"task": "never"}).failed == 1)

    assert since().of("celery_task", {"task": "never"}).failures["Expired"] == 1


def test_a_rejected_task_counts_once(worker: Worker, since: Since) -> None:
    """Newer Celery tells of it where it ran, and once more in the main process."""
    rejected = worker.send("reject")
    worker.send("add", 1, 2)

    wait_until(lambda: since().of("celery_task").finished == 2)

    wait_until(lambda: rejected not in state.requests)
    assert since().of("celery_task", {"task": "reject"}).failures["Reject"] == 1


def test_messages_that_are_no_task_count_without_a_name(worker: Worker, since: Since) -> None:
    """Whoever can publish cannot make up values of labels."""
    for i in range(3):
        worker.app.send_task(f"nobody-knows-{i}")
    with worker.app.producer_or_acquire() as producer:
        producer.publish({"nonsense": 1}, exchange="", routing_key="sums")

    wait_until(lambda: since().of("celery_task").failed == 4)

    assert "nobody" not in str(since())
    unnamed = worker.metrics.snapshot().series
    assert unnamed["celery_task", (("queue", "celery"),)].failures["NotRegistered"] == 3
    assert unnamed["celery_task", (("queue", "sums"),)].failures["InvalidTaskError"] == 1
