"""Real workers of each pool with a real broker: every task counts once, whatever becomes of it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from celery.app.defaults import NAMESPACES
from celery.utils import uuid

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.celery import instrument_celery
from tests.facade.scraping import LabelSet
from tests.faults.application import Application
from tests.support.redis import RedisServer
from tests.support.waiting import wait_until

TASKS = """
import functools, time
from celery import Celery, current_app, signals
from kombu import Queue
from otel_executor_metrics.integrations.celery import instrument_celery

app = Celery("tasks", broker=os.environ["BROKER"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_proc_alive_timeout=60,
    task_queues=[Queue(name) for name in os.environ["TASK_QUEUES"].split()] or None,
)

@functools.cache
def metrics():
    return ExecutorMetrics()

def instrument(**ignored):
    instrument_celery(current_app, metrics())

for name in os.environ["MADE_ON"].split():
    getattr(signals, name).connect(instrument)

@app.task(name="work")
def work(number):
    time.sleep(0.001)

@app.task(name="fail")
def fail(number):
    raise [KeyError, OSError][number % 2](number)

@app.task(name="repeat", bind=True)
def repeat(self):
    if self.request.retries < 2:
        raise self.retry(exc=ValueError(self.request.id), countdown=0)

@app.task(name="endless")
def endless():
    while True:
        time.sleep(0.05)

@app.task(name="die")
def die():
    os.kill(os.getpid(), 9)

@app.task(name="leave")
def leave():
    sys.exit(3)
"""


SPAWNED = "prefork, spawned"


class Worker:
    """A worker with its own broker's database, and what was sent to it."""

    def __init__(self, application: Application, broker: str, pool: str, made_on: str) -> None:
        self.pool = pool
        self.client = Celery("client", broker=broker, set_as_current=False)
        self._application = application
        self._process = application.run(
            *(sys.executable, "-m", "celery", "-A", "tasks", "worker"),
            *("--pool", "prefork" if pool == SPAWNED else pool),
            # A process that is not forked takes a second or two to start.
            *("--concurrency", "2" if pool == SPAWNED else "4"),
            *("--max-tasks-per-child", "60" if pool == SPAWNED else "20"),
            *("--queues", "celery,media"),
            *("--loglevel", "WARNING"),
            *(("--pool-start-method", "spawn") if pool == SPAWNED else ()),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            BROKER=broker,
            MADE_ON=made_on,
            # Of what --queues says, processes that are not forked hear nothing.
            TASK_QUEUES="celery media" if pool == SPAWNED else "",
            C_FORCE_ROOT="1",
            PYTHONWARNINGS="ignore",
        )

    def send(self, task: str, *args: object, times: int = 1, **options: object) -> None:
        """Publish a task so many times."""
        for _ in range(times):
            self.client.send_task(task, args, **options)

    def value(self, name: str, **labels: str) -> float:
        """Return the sum over the series that have these labels, as soon as somebody answers."""
        scrape = wait_until(self._application.try_scrape, 60, "an answer of the worker")
        assert scrape is not None
        return scrape.total(name, **labels)

    def wait_for(self, value: float, name: str, **labels: str) -> None:
        """Wait until what the series have in sum is ``value``; it must not be more."""
        what = f"{name} {labels} {value}"
        seen = wait_until(
            lambda: (found := self.value(name, **labels)) >= value and found, 60, what
        )
        assert seen == value, f"{what}: {seen} is more"

    def wait_until_idle(self) -> None:
        """Wait until nothing is in progress."""
        wait_until(lambda: self.value("celery_task_in_progress") == 0, 60, "nothing in progress")

    def label_sets(self, name: str) -> set[LabelSet]:
        """Return the label sets that a series has."""
        return set(self._application.scrape().series(name))

    def stop(self) -> None:
        """End it, and check that none of our receivers raised."""
        self._process.signal(signal.SIGTERM)
        self._process.wait()
        self.client.close()
        assert "Signal handler" not in self._application.log()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Redis."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server.url
    server.stop()


def start(folder: Path, broker: str, pool: str, made_on: str) -> Iterator[Worker]:
    """Start a worker, and what stamps the messages that we send to it."""
    application = Application(folder, TASKS, "tasks.py")
    worker = Worker(application, broker, pool, made_on)
    uninstrument = instrument_celery(worker.client, ExecutorMetrics(enable_metrics=False))
    try:
        yield worker
        worker.stop()
    finally:
        uninstrument()
        application.kill()
        print(application.log())


@pytest.fixture(scope="module")
def worker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, broker: str
) -> Iterator[Worker]:
    """Start one worker for all tests of a pool."""
    if request.param == SPAWNED and "pool_start_method" not in NAMESPACES["worker"]:
        pytest.skip("this Celery has no --pool-start-method")
    folder = tmp_path_factory.mktemp(request.param)
    yield from start(folder, broker, request.param, "worker_init worker_process_init")


def labels(**values: str) -> LabelSet:
    """Return a label set."""
    return frozenset(values.items())


def on(*pools: str) -> pytest.MarkDecorator:
    """Run a test on the workers of these pools."""
    return pytest.mark.parametrize("worker", pools, indirect=True, scope="module")


@pytest.mark.real
@on("prefork", SPAWNED, "solo", "threads", "gevent")
def test_every_task_counts_once(worker: Worker) -> None:
    """Of hundreds of tasks on two queues the totals are exact; a recycled process loses none.

    Nothing of a single task becomes a label: there is a series for each task and queue.
    """
    worker.send("work", 1, times=150)
    worker.send("work", 1, times=50, queue="media")
    for number in range(10):
        worker.send("fail", number)
    worker.send("repeat", times=5)

    worker.wait_for(205, "celery_task_success_total")
    worker.wait_for(10, "celery_task_failures_total")
    worker.wait_until_idle()  # a task that is counted may not have counted its time yet

    assert worker.value("celery_task_success_total", task="work", queue="media") == 50
    assert worker.value("celery_task_failures_total", error_type="KeyError") == 5
    assert worker.value("celery_task_failures_total", error_type="OSError") == 5
    assert worker.value("celery_task_retries_total", retry_reason="ValueError") == 10
    assert worker.value("celery_task_retries_total") == 10
    assert worker.value("celery_task_latency_seconds_count") == 205 + 10 + 10
    assert worker.value("celery_queue_wait_latency_seconds_count") == 205 + 10 + 10
    assert worker.value("celery_task_lost_total") == 0
    expected = {
        labels(task="work", queue="celery"),
        labels(task="work", queue="media"),
        labels(task="fail", queue="celery"),
        labels(task="repeat", queue="celery"),
    }

    assert worker.label_sets("celery_queue_wait_latency_seconds_count") == expected
    assert worker.label_sets("celery_task_latency_seconds_count") == expected | {
        labels(task="repeat", queue="celery", retry_reason="ValueError")
    }


@pytest.mark.real
@on("prefork", SPAWNED, "gevent")
def test_a_terminated_task_counts_once(worker: Worker) -> None:
    """``revoke(terminate=True)`` ends what runs; the gauge returns to 0."""
    task_id = uuid()
    worker.send("endless", task_id=task_id)
    worker.wait_for(1, "celery_task_in_progress", task="endless")

    worker.client.control.revoke(task_id, terminate=True)

    worker.wait_for(1, "celery_task_failures_total", task="endless", error_type="Terminated")
    worker.wait_until_idle()
    lost = 1 if worker.pool in ("prefork", SPAWNED) else 0
    assert worker.value("celery_task_lost_total", task="endless") == lost
    assert worker.value("celery_task_failures_total", task="endless") == 1


@pytest.mark.real
@on("prefork", SPAWNED, "gevent")
def test_a_hard_time_limit_counts_once(worker: Worker) -> None:
    """A task that takes too long is ended, and told apart from others."""
    before = worker.value("celery_task_failures_total", task="endless")
    worker.send("endless", time_limit=1)

    worker.wait_for(1, "celery_task_failures_total", task="endless", error_type="TimeLimitExceeded")
    worker.wait_until_idle()
    assert worker.value("celery_task_failures_total", task="endless") == before + 1


@pytest.mark.real
@on("prefork", SPAWNED)
def test_what_only_processes_suffer_counts_once(worker: Worker) -> None:
    """A soft time limit, a killed process and one that leaves by itself, each by its name."""
    worker.send("endless", soft_time_limit=1)
    worker.send("die")
    worker.send("leave")

    worker.wait_for(1, "celery_task_failures_total", error_type="SoftTimeLimitExceeded")
    for task in ("die", "leave"):
        worker.wait_for(1, "celery_task_failures_total", task=task, error_type="WorkerLostError")
        worker.wait_for(1, "celery_task_lost_total", task=task)
        assert worker.value("celery_task_failures_total", task=task) == 1
        assert worker.value("celery_task_failures_total", task=task, queue="celery") == 1
    worker.wait_until_idle()


@pytest.mark.real
def test_metrics_made_in_each_process_add_up(tmp_path: Path, broker: str) -> None:
    """Where only the processes of the pool are instrumented, what ran in them counts."""
    another = broker.replace("/0", "/1")  # the worker of the tests before may still run
    for worker in start(tmp_path / "app", another, "prefork", "worker_process_init"):
        worker.send("work", 1, times=60)
        worker.send("leave")

        worker.wait_for(60, "celery_task_success_total")
        worker.wait_for(1, "celery_task_failures_total", error_type="SystemExit")
        worker.wait_until_idle()
        assert worker.value("celery_queue_wait_latency_seconds_count") == 61
