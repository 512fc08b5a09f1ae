"""The services of compose.yaml play together: the same programs and files, without containers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml

from tests.containers.compose import ROOT, services
from tests.support.alertmanager import alertmanager_program
from tests.support.collector import Collector
from tests.support.ports import free_ports
from tests.support.prometheus import PrometheusServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@contextmanager
def running(command: list[Any], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run a program until the block ends; what it said is shown if the test fails."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(15)
        print(log.read_text(errors="replace")[-4000:])


def answers(url: str) -> bool:
    """Tell whether ``url`` answers with status 200."""
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def health_url(service: dict[str, Any], port: int) -> str:
    """Return what the health check of ``service`` asks, at another port."""
    url = str(service["healthcheck"]["test"][-1])
    return f"http://127.0.0.1:{port}/{url.split('/', 3)[3]}"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """End what a test enters, last things first."""
    with ExitStack() as entered:
        yield entered


def test_the_stack_works(
    tmp_path: Path, stack: ExitStack, start_prometheus: Callable[..., PrometheusServer]
) -> None:
    """Prometheus sees the executor, alerts on its trouble, and sees the Collector's health."""
    model = services(OTEL_METRIC_EXPORT_INTERVAL="500")
    app_port, alertmanager_port = free_ports(2)
    collector = Collector(tmp_path)
    stack.callback(collector.stop)
    _start_alertmanager(stack, tmp_path, model["alertmanager"], alertmanager_port)
    _start_app(stack, tmp_path, model["executor-metrics"], app_port, collector)
    prometheus = start_prometheus(
        config=_moved(
            {
                "executor-metrics:8001": app_port,
                "collector:8888": collector.telemetry_port,
                "alertmanager:9093": alertmanager_port,
            }
        )
    )

    prometheus.wait_for('up{job="executor-metrics"} == 1', timeout=40)
    prometheus.wait_for('sum(intent_success_total{job="executor-metrics"}) > 0', timeout=40)
    prometheus.wait_for('up{job="otelcol"} == 1', timeout=40)
    port = int(prometheus.url.rpartition(":")[2])
    assert answers(health_url(model["prometheus"], port))
    assert answers(f"http://127.0.0.1:{app_port}/healthz")
    wait_until(lambda: 'intent_success_total{instance="' in _text(collector.metrics_url), 20)
    assert 'job="executor-metrics"' in _text(collector.metrics_url)
    prometheus.wait_for("job:intent_success:ratio_rate5m < 0.8", timeout=60)
    low = 'ALERTS{alertname="ExecutorSuccessLow", operation="intent", job="executor-metrics"}'
    prometheus.wait_for(low, timeout=60)


def _start_app(
    stack: ExitStack, folder: Path, service: dict[str, Any], port: int, collector: Collector
) -> None:
    python, *command = service["command"]
    assert python == "python"
    environment = {
        **service["environment"],
        "METRICS_PORT": str(port),
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.grpc_url,
    }
    place = folder / "app"
    place.mkdir()
    in_trouble = [sys.executable, *command, "--incident=0.1:300"]
    stack.enter_context(running(in_trouble, place, environment))


def _start_alertmanager(stack: ExitStack, folder: Path, service: dict[str, Any], port: int) -> None:
    place = folder / "alertmanager"
    place.mkdir()
    command = [
        alertmanager_program("alertmanager"),
        f"--config.file={ROOT / 'compose/alertmanager.yml'}",
        f"--storage.path={place}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    stack.enter_context(running(command, place, {}))
    wait_until(lambda: answers(health_url(service, port)), 20, "Alertmanager is healthy")


def _moved(ports: dict[str, int]) -> dict[str, Any]:
    """Return compose/prometheus.yml with addresses moved to this machine, and rules found here."""
    text = (ROOT / "compose/prometheus.yml").read_text()
    for address, port in ports.items():
        assert address in text
        text = text.replace(address, f"127.0.0.1:{port}")
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"]["evaluation_interval"] = "1s"  # so that nobody waits for it
    config["rule_files"] = [str(ROOT / "compose" / rules) for rules in config["rule_files"]]
    return config


def _text(url: str) -> str:
    with urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text
