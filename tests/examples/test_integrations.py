"""The examples of frameworks, with real clients and a real Collector."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from websockets.sync.client import connect

from tests.examples.running import ROOT, command, environment, run, samples
from tests.support.collector import shared_collector
from tests.support.ports import free_ports
from tests.support.redis import RedisServer
from tests.support.waiting import wait_until

ORDERS = {
    "celery_task_success_total": 3,
    "celery_task_failures_total": 1,
    "celery_task_retries_total": 2,
}


def get(url: str) -> tuple[int, str]:
    """Return the status and the body; raises OSError where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def answers(url: str) -> bool:
    """Tell whether anybody answers."""
    try:
        return get(url)[0] == 200
    except OSError:
        return False


@pytest.fixture
def start() -> Iterator[Callable[..., None]]:
    """Start processes that end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(words: list[str], **variables: str) -> None:
        env = environment(**variables)
        started.append(subprocess.Popen(words, cwd=ROOT, env=env, stdin=subprocess.DEVNULL))

    yield start
    for process in started:
        process.terminate()
        process.wait(60)


def test_celery_app_measures_a_worker_of_its_own():
    """Four orders: three charged, two of them at the second attempt, one refused."""
    # At one port the totals of a second ExecutorMetrics would be added.
    printed = run("celery_app.py", METRICS_PORT=str(free_ports(1)[0]))

    assert samples(printed) == ORDERS
    assert samples(printed, error_type="ValueError") == {"celery_task_failures_total": 1}


@pytest.mark.real
@pytest.mark.skipif(sys.platform == "win32", reason="Celery's prefork pool needs fork")
def test_celery_app_measures_a_pool_with_redis(tmp_path, start):
    """The command of the example's docstring: one port tells of all processes."""
    redis = RedisServer(tmp_path)
    try:
        (port,) = free_ports(1)
        broker = {"CELERY_BROKER_URL": redis.url, "CELERY_RESULT_BACKEND": redis.url}
        words = ["--workdir", "examples", "--app", "celery_app", "worker", "--concurrency", "2"]
        start(
            [sys.executable, "-m", "celery", *words],
            **broker,
            METRICS_PORT=str(port),
            C_FORCE_ROOT="1",
        )
        url = f"http://127.0.0.1:{port}/metrics"
        wait_until(lambda: answers(url), 60, "the worker serves metrics")
        run("celery_app.py", "--send", **broker)
        wait_until(lambda: ORDERS.items() <= samples(get(url)[1]).items(), 60, "the orders")
        assert samples(get(url)[1])["celery_queue_wait_latency_seconds_count"] == 6
    finally:
        redis.stop()


def test_fastapi_app_measures_requests_and_a_websocket(start):
    """Routes are templates, a websocket counts its messages, and /metrics tells of both."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    start(command("fastapi_app.py"), PORT=str(port))
    wait_until(lambda: answers(f"http://{address}/tasks/1"), 60, "the server's start")

    assert get(f"http://{address}/tasks/100")[0] == 404
    # A connection that is made already goes through no proxy, whatever the environment says.
    connection = socket.create_connection(("127.0.0.1", port), 10)
    with connect(f"ws://{address}/progress", sock=connection) as websocket:
        websocket.send("7")
        assert websocket.recv(timeout=30) == "7: done"

    def shown(**labels: str) -> dict[str, float]:
        return samples(get(f"http://{address}/metrics")[1], **labels)

    wait_until(lambda: shown(route="/progress").get("websocket_connection_success_total") == 1)
    tasks = shown(route="/tasks/{number}", method="GET")
    assert tasks["http_request_success_total"] == 2
    assert shown(status_class="4xx")["http_request_success_total"] == 1
    assert shown(task_type="lookup")["execute_success_total"] == 1
    assert shown(route="/progress")["websocket_message_success_total"] == 2


@pytest.mark.real
def test_collector_road_ends_at_what_prometheus_scrapes():
    """What the example records is shown by a Collector that runs otelcol.yaml."""
    collector = shared_collector()

    printed = run("collector_road.py", OTEL_EXPORTER_OTLP_ENDPOINT=collector.http_url)

    assert printed == "arrived: True\n"

    def shown() -> dict[str, float]:
        return samples(get(collector.metrics_url)[1], job="collector-road", task_type="report")

    wait_until(lambda: shown().get("execute_success_total") == 20, 60, "the series")
    assert shown()["execute_failures_total"] == 1
    assert shown()["execute_latency_seconds_count"] == 20


def test_collector_road_says_when_nothing_arrives():
    """Without a Collector it ends soon, and its exit status says so."""
    (port,) = free_ports(1)
    done = subprocess.run(
        command("collector_road.py"),
        cwd=ROOT,
        env=environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
            OTEL_EXPORTER_OTLP_TIMEOUT="1",
            METRICS_SHUTDOWN_TIMEOUT="0.2",
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "arrived: False\n")
    assert "before the last metrics had arrived" in done.stderr
