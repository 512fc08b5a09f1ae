"""Celery, gunicorn and uvicorn as they are used: every task and request counts once."""

from __future__ import annotations

import http.client
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.application import Application, Process, total
from tests.faults.conftest import MakeApplication
from tests.faults.page import ACKNOWLEDGED
from tests.support.ports import free_ports
from tests.support.redis import RedisServer
from tests.support.waiting import wait_until

TASKS = """
from celery import Celery
from celery.signals import worker_process_init

metrics = None

def make(**ignored):
    global metrics
    metrics = ExecutorMetrics()

if os.environ["MADE_IN"] == "parent":
    make()
else:
    worker_process_init.connect(make, weak=False)

app = Celery("tasks", broker=os.environ["BROKER"])
app.conf.update(broker_connection_retry_on_startup=True, worker_prefetch_multiplier=1)

@app.task(name="work", ignore_result=True)
def work(number):
    with metrics.measure("execute", {"task_type": f"type{number % 10}"}):
        Page(os.environ["PAGE"]).put(number, ACKNOWLEDGED, 1)
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Start a Redis."""
    server = RedisServer(tmp_path)
    yield server
    server.stop()


def start_celery(application: Application, redis: RedisServer, made_in: str) -> Process:
    """Start a worker of ten processes, each of which does one task."""
    options = "worker --pool prefork --concurrency 10 --max-tasks-per-child 1 --loglevel WARNING"
    quiet = "--without-gossip --without-mingle --without-heartbeat"
    return application.run(
        *(sys.executable, "-m", "celery", "-A", "tasks", *options.split(), *quiet.split()),
        BROKER=redis.url,
        MADE_IN=made_in,
        C_FORCE_ROOT="1",
        PYTHONWARNINGS="ignore",
    )


def send(broker: str, first: int, last: int) -> None:
    """Send tasks as any client does."""
    from celery import Celery

    with Celery("client", broker=broker) as client:
        for number in range(first, last):
            client.send_task("work", (number,))


def check_celery(application: Application, redis: RedisServer, made_in: str, tasks: int) -> None:
    """Send a tenth of the tasks, then the others; check that each counts once."""
    early = tasks // 10
    worker = start_celery(application, redis, made_in)
    send(redis.url, 0, early)
    wait_until(lambda: application.total("execute_success_total") == early, 60, "early tasks")
    early_size = application.largest_file()

    send(redis.url, early, tasks)
    wait_until(lambda: application.total("execute_success_total") >= tasks, 240, "all tasks")

    # The worker that answers may be the one that is being replaced.
    seen = wait_until(application.try_scrape, what="an answer")
    assert seen
    assert total(seen, "execute_success_total") == tasks == application.page.total(ACKNOWLEDGED)
    assert total(seen, "execute_latency_seconds_count") == tasks
    assert total(seen, "execute_lost_total") == total(seen, "execute_in_progress") == 0
    application.wait_for_files(living=11)
    assert application.largest_file() == early_size
    worker.signal(signal.SIGTERM)
    worker.wait()


@pytest.mark.real
@pytest.mark.parametrize("made_in", ["parent", "workers"])
def test_celery_counts_each_task_once(
    make_application: MakeApplication, redis: RedisServer, made_in: str
) -> None:
    """Tasks in as many processes: exact, and neither files nor scrapes grow meanwhile."""
    check_celery(make_application(TASKS, "tasks.py"), redis, made_in, 60)


@pytest.mark.real
@pytest.mark.long
@pytest.mark.parametrize("made_in", ["parent", "workers"])
def test_celery_counts_each_of_500_tasks_once(
    make_application: MakeApplication, redis: RedisServer, made_in: str
) -> None:
    """The same with 500 tasks."""
    check_celery(make_application(TASKS, "tasks.py"), redis, made_in, 500)


WEB = """
metrics = ExecutorMetrics()

def wsgi(environ, start_response):
    metrics.record_operation("plan", duration=0.1)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    async with metrics.measure("plan"):
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": str(os.getpid() % 100).zfill(2).encode()})
"""


def load(port: int, requests: int, clients: int = 8) -> int:
    """Send so many requests from each client; return how many were answered."""

    def one(_: int) -> int:
        answered = 0
        for _ in range(requests):
            # A connection each: keep-alive would stay with one worker.
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                client.request("GET", "/")
                answered += client.getresponse().status == 200
            finally:
                client.close()
        return answered

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(one, range(clients)))


def answers(port: int) -> bool:
    """Tell whether a web server is there."""
    try:
        return load(port, 1, 1) == 1
    except OSError:
        return False


def check_load(application: Application, port: int) -> None:
    """Check that each request counts once,."""
    wait_until(lambda: answers(port), 30, "an answer of the web server")
    assert load(port, 100) == 800

    application.wait_for("plan_success_total", 801)


@pytest.mark.parametrize("preload", [True, False])
def test_gunicorn_counts_each_request_once(
    make_application: MakeApplication, preload: bool
) -> None:
    """Four workers, with the facade made in the master or in each; also while they are recycled."""
    application, (port,) = make_application(WEB, "web.py"), free_ports(1)
    options = f"-w 4 -b 127.0.0.1:{port} --max-requests 150 --log-level error"
    application.run(
        *(sys.executable, "-m", "gunicorn", "web:wsgi", *options.split()),
        *(["--preload"] if preload else []),
    )

    check_load(application, port)

    assert application.log() == ""
    application.wait_for_files(living=5)


def test_uvicorn_counts_each_request_once(make_application: MakeApplication) -> None:
    """Four workers, which are spawned; each makes its own facade."""
    application, (port,) = make_application(WEB, "web.py"), free_ports(1)
    options = f"--workers 4 --host 127.0.0.1 --port {port} --log-level error"
    application.run(
        *(sys.executable, "-m", "uvicorn", "web:asgi", *options.split()),
        # Seconds for a worker to start in, where uvicorn has it: 5 are few on a busy machine.
        UVICORN_TIMEOUT_WORKER_HEALTHCHECK="120",
    )

    check_load(application, port)

    assert "Traceback" not in application.log()
    application.wait_for_files(living=5)
