"""Collectors that die and come back: nothing that was recorded is lost."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.collector.conftest import Certificates, StartCollector
from tests.collector.executors import Executor, Gateway, start_agent
from tests.facade.conftest import MakeMetrics
from tests.support.collected import collected
from tests.support.collector import Collector
from tests.support.prometheus import PrometheusServer, scrape_job
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real
REMOTE_WRITE = "--web.enable-remote-write-receiver"

StartPrometheus = Callable[..., PrometheusServer]


def scraping(collector: Collector) -> dict[str, object]:
    """Return the scrape configuration of prometheus.yml for one Collector."""
    return scrape_job(collector.prometheus_port, name="collector", honor_labels=True)


class Load:
    """Threads that record all the time."""

    def __init__(self, metrics: ExecutorMetrics, threads: int = 2) -> None:
        self._stop = threading.Event()
        self._counts = [0] * threads
        self.metrics = metrics
        self._threads = [
            threading.Thread(target=self._run, args=(index,)) for index in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> int:
        """Stop, and return how many operations were recorded."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        return sum(self._counts)

    def _run(self, index: int) -> None:
        # A breath now and then: servers run on the same two processors.
        while not self._stop.wait(0.001):
            for number in range(20):
                labels = {"task_type": f"task{number}"}
                self.metrics.record_operation("execute", duration=0.5, labels=labels)
            self._counts[index] += 20


StartLoad = Callable[[Collector, str], Load]


@pytest.fixture
def load(make_metrics: MakeMetrics) -> Iterator[StartLoad]:
    """Start loads that are sent to a Collector, and end with the test."""
    made: list[Load] = []

    def start(collector: Collector, protocol: str) -> Load:
        metrics = make_metrics(
            service_name="killed",
            otlp_endpoint=collector.grpc_url if protocol == "grpc" else collector.http_url,
            otlp_protocol=protocol,
            otlp_timeout=1,
            export_interval_millis=100,
        )
        made.append(Load(metrics))
        return made[-1]

    yield start
    for each in made:
        each.end()


def resident_mib() -> float:
    """Return how much memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.parametrize(
    ("protocol", "downtime"),
    [
        ("grpc", 2),
        ("http/protobuf", 2),
        pytest.param("grpc", 30, marks=pytest.mark.long),
        pytest.param("http/protobuf", 30, marks=pytest.mark.long),
    ],
)
def test_a_killed_collector_costs_nothing(
    start_collector: StartCollector,
    start_prometheus: StartPrometheus,
    load: StartLoad,
    protocol: str,
    downtime: float,
) -> None:
    """Killed under load and restarted: Prometheus has every operation; memory does not grow."""
    collector = start_collector()
    prometheus = start_prometheus([scraping(collector)])
    running = load(collector, protocol)
    prometheus.wait_for('sum(execute_success_total{job="killed"}) > 0')
    before = resident_mib()
    collector.kill()
    down_until = time.monotonic() + downtime
    wait_until(lambda: time.monotonic() > down_until, downtime + 5, "it has been down for long")
    held = resident_mib() - before
    collector.start()
    recorded = running.end()
    wait_until(lambda: running.metrics.flush(5), 60, "metrics arrive again")

    for series in ("execute_success_total", "execute_latency_seconds_count"):
        prometheus.wait_for(f'sum({series}{{job="killed"}}) == {recorded}')
    prometheus.wait_for(f'sum(execute_latency_seconds_sum{{job="killed"}}) == {recorded / 2}')
    assert recorded > 1000
    assert held < 16, f"{held:.1f} MiB more while the Collector was away"


@pytest.mark.parametrize("downtime", [0, pytest.param(30, marks=pytest.mark.long)])
def test_the_agents_queue_holds_what_the_gateway_does_not_take(
    start_collector: StartCollector,
    start_prometheus: StartPrometheus,
    certificates: Certificates,
    tmp_path: Path,
    downtime: float,
) -> None:
    """It outlives a kill -9 of the agent while the gateway is down, and drains: nothing is lost.

    The executors are gone by then: no later total makes up for one that was lost.
    """
    prometheus = start_prometheus(arguments=[REMOTE_WRITE])
    gateway = Gateway(start_collector, certificates, tmp_path, f"{prometheus.url}/api/v1/write")
    agent = gateway.agent()
    executor = Executor(agent.grpc_url, "first")
    executor.record(3)
    prometheus.wait_for('execute_success_total{job="first"} == 3')
    gateway.collector.kill()
    executor.record(4)
    executor.end()
    for number in range(3):
        later = Executor(agent.grpc_url, f"later{number}")
        later.record(number + 1)
        later.end()
    down_until = time.monotonic() + downtime
    wait_until(lambda: time.monotonic() >= down_until, downtime + 5, "it has been down for long")
    agent.kill()
    agent.start()
    gateway.collector.start()

    prometheus.wait_for('execute_success_total{job="first"} == 7', timeout=60)
    for number in range(3):
        query = f'execute_success_total{{job="later{number}"}} == {number + 1}'
        prometheus.wait_for(query, timeout=60)


def test_increments_too_come_through_the_agents_queue(
    start_collector: StartCollector, certificates: Certificates, tmp_path: Path
) -> None:
    """Before fleet-sum.yaml, where no later export makes up for a lost one, all of them arrive."""
    summing = start_collector("fleet-sum.yaml", certificates.of_collector, overlay="tls.yaml")
    here = {
        "GATEWAY_ENDPOINT": f"localhost:{summing.grpc_port}",
        "AGENT_STORAGE": tmp_path / "queue",
    }
    agent = start_agent(start_collector, certificates, here)
    delta = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}
    executors = [Executor(agent.grpc_url, "increments", **delta) for _ in range(2)]
    summing.kill()
    for executor in executors:
        for count in (1, 2, 3):
            executor.record(count)
        executor.end()
    agent.kill()
    agent.start()
    summing.start()

    def arrived() -> float:
        return collected(summing, "increments").total("execute_success_total")

    wait_until(lambda: arrived() >= 12, 60, "all increments have arrived")
    assert arrived() == 12
    seen = collected(summing, "increments").histogram("execute_latency_seconds", task_type="ml")
    assert (seen.count, seen.sum) == (12, 6)
