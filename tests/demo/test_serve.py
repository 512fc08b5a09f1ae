"""``serve`` as a container runs it."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.demo.processes import ENOUGH, Running, get, refuses
from tests.facade.programs import run_program
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

Launch = Callable[..., Running]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal(launch: Launch, number: int) -> None:
    """It logs where, answers probes and scrapes, and ends with status 0."""
    serve = launch("serve", "--port", "0", "--host", "127.0.0.1")
    url = serve.url

    assert get(url.replace("/metrics", "/healthz")).strip() == "ok"
    assert "intent_success_total 0.0" in get(url)
    assert "<title>Executor metrics</title>" in get(url.removesuffix("metrics"))
    assert "a browser shows it at" in serve.stderr
    wait_until(lambda: "until SIGTERM" in serve.stderr, ENOUGH, "the log line")
    assert serve.stop(number) == 0
    assert "ended by a signal" in serve.stderr
    assert refuses(url)
    assert serve.stdout == ""


def test_the_environment_says_where(launch: Launch) -> None:
    """A container is set up by variables alone."""
    serve = launch("serve", env={"METRICS_PORT": "0", "METRICS_HOST": "127.0.0.1"})

    assert "intent_success_total" in get(serve.url)
    assert serve.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("exporter", ["prometheus", "none,prometheus"])
def test_a_taken_port_is_a_failure(launch: Launch, exporter: str) -> None:
    """A container that does not serve must not look healthy: one clear reason, status 1."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", free_ports(1)[0]))
        taken.listen()
        port = taken.getsockname()[1]
        serve = launch("serve", "--port", str(port), env={"METRICS_EXPORTER": exporter})
        status = serve.wait()

    assert status == 1
    assert f"port {port}: Address already in use" in serve.stderr
    assert "ERROR /metrics cannot be served" in serve.stderr
    assert "Traceback" not in serve.stderr


WORKER = """
import os
from otel_executor_metrics import ExecutorMetrics

metrics = ExecutorMetrics(host="127.0.0.1", metrics_port={port}, fleet="jobs")
for _ in range({count}):
    metrics.record_operation("execute", duration=0.2, labels={{"task_type": "report"}})
metrics.operation("execute", task_type="report").begin()
os.kill(os.getpid(), 9)
"""


def test_it_holds_the_port_of_a_fleet(launch: Launch) -> None:
    """Its workers come and are killed; it shows what they recorded, and what was lost."""
    serve = launch("serve", "--port", "0", "--host", "127.0.0.1", "--fleet", "jobs")
    port = urlsplit(serve.url).port
    for count in (3, 4):
        assert run_program(WORKER.format(port=port, count=count)).returncode == -signal.SIGKILL

    shown = get(serve.url)
    assert 'execute_success_total{task_type="report"} 7.0' in shown
    assert 'execute_lost_total{task_type="report"} 2.0' in shown
    assert 'execute_in_progress{task_type="report"} 0.0' in shown
    assert serve.stop(signal.SIGTERM) == 0


def test_without_a_prometheus_exporter_there_is_nothing_to_serve(launch: Launch) -> None:
    """The error says which exporters there are instead."""
    serve = launch("serve", env={"METRICS_EXPORTER": "none"})

    assert serve.wait() == 1
    assert re.search("ERROR /metrics cannot be served.* that run: none$", serve.stderr.strip())


def test_a_host_that_cannot_be_is_a_failure(launch: Launch) -> None:
    """A blank address is refused before anything starts."""
    serve = launch("serve", "--host", " ")

    assert serve.wait() == 1
    assert serve.stderr == (
        "otel-executor-metrics serve: error: host=' ': must be a non-empty text\n"
    )


@pytest.mark.parametrize("variable", ["METRICS_ENABLED=false", "OTEL_SDK_DISABLED=true"])
def test_switched_off_it_waits(launch: Launch, variable: str) -> None:
    """A container that is switched off does not restart in a loop, and ends as the others do."""
    serve = launch("serve", env=dict([variable.split("=")]))
    wait_until(lambda: "switched off" in serve.stderr, ENOUGH, "the log line")

    assert serve.process.poll() is None
    assert serve.stop(signal.SIGTERM) == 0
