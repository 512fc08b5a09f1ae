"""Several processes and one Collector: their sum is exact, and each is told from the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.collector.conftest import StartCollector
from tests.collector.executors import Executor
from tests.support.collected import collected, instances
from tests.support.collector import CONFIGS, Collector
from tests.support.prometheus import (
    PrometheusServer,
    prometheus_programs,
    recent_prometheus,
    scrape_job,
)

pytestmark = pytest.mark.real
COUNTS = (10, 20, 30, 40)

StartPrometheus = Callable[..., PrometheusServer]
Launch = Callable[..., list[Executor]]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start four executors that send to one place; killed if they are left."""
    with ExitStack() as started:

        def start(url: str, service: str, **variables: str) -> list[Executor]:
            made = [Executor(url, service, **variables) for _ in COUNTS]
            for executor in made:
                started.callback(executor.kill)
            return made

        yield start


def record(executors: list[Executor], rounds: int = 3) -> int:
    """Let each record its count in each round, in turn; return the sum."""
    for _ in range(rounds):
        for executor, count in zip(executors, COUNTS, strict=True):
            executor.record(count)
    return rounds * sum(COUNTS)


def remote_writing(folder: Path) -> Path:
    """Return otelcol.yaml with the exporter of gateway.yaml in the place of its own."""
    box, gateway = ((CONFIGS / name).read_text() for name in ("otelcol.yaml", "gateway.yaml"))
    (writing,) = re.findall(r"^  prometheus_remote_write:\n(?:    .*\n)+", gateway, re.MULTILINE)
    box = re.sub(r"^  prometheus:\n(?:    .*\n)+", lambda _: writing, box, flags=re.MULTILINE)
    config = folder / "remote-write.yaml"
    config.write_text(
        box.replace("exporters: [prometheus]", "exporters: [prometheus_remote_write]")
    )
    return config


def watching(start_prometheus: StartPrometheus, collector: Collector) -> PrometheusServer:
    """Start a Prometheus that scrapes the Collector as prometheus.yml says."""
    return start_prometheus([scrape_job(collector.prometheus_port, honor_labels=True)])


def test_the_sum_over_processes_is_exact(
    start_collector: StartCollector, start_prometheus: StartPrometheus, launch: Launch
) -> None:
    """Each process is an ``instance``; the sum by (le) of their histograms is right as well."""
    collector = start_collector()
    prometheus = watching(start_prometheus, collector)
    total = record(launch(collector.grpc_url, "four"))

    prometheus.wait_for(f'sum(execute_success_total{{job="four"}}) == {total}')
    by_instance = prometheus.query('sum by (instance) (execute_success_total{job="four"})')
    assert sorted(sample.value for sample in by_instance) == [3 * count for count in COUNTS]
    buckets = 'sum by (le) (execute_latency_seconds_bucket{job="four"})'
    found = {sample.labels["le"]: sample.value for sample in prometheus.query(buckets)}
    assert found["0.25"] == 0
    assert found["0.5"] == found["+Inf"] == total


def test_one_identity_for_all_would_lose_them(
    start_collector: StartCollector, launch: Launch
) -> None:
    """Why each process has its own: with one for all, the last to send overwrites the others."""
    collector = start_collector()
    same = {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=one"}
    total = record(launch(collector.grpc_url, "same", **same), rounds=1)

    assert instances(collector, "same") == {"one"}
    seen = collected(collector, "same").value("execute_success_total", task_type="ml")
    assert seen == COUNTS[-1] < total


def test_the_collectors_own_sum_is_exact(
    start_collector: StartCollector, start_prometheus: StartPrometheus, launch: Launch
) -> None:
    """fleet-sum.yaml shows one series for four processes; work in progress stays apart."""
    collector = start_collector("fleet-sum.yaml")
    prometheus = watching(start_prometheus, collector)
    delta = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"}
    executors = launch(collector.grpc_url, "fleet", **delta)
    total = record(executors)

    prometheus.wait_for(f'sum(execute_success_total{{job="fleet"}}) == {total}')
    (count,) = prometheus.query('execute_latency_seconds_count{job="fleet",task_type="ml"}')
    assert count.value == total
    (seconds,) = prometheus.query('execute_latency_seconds_sum{job="fleet",task_type="ml"}')
    assert seconds.value == total / 2
    (half,) = prometheus.query('execute_latency_seconds_bucket{job="fleet",le="0.5"}')
    assert half.value == total
    assert instances(collector, "fleet") == {""}
    for executor in executors:
        executor.end()
    in_progress = 'count(plan_in_progress{job="fleet",service_instance_id!=""} == 1)'
    prometheus.wait_for(f"{in_progress} == {len(COUNTS)}")


@pytest.mark.parametrize("kind", ["recent", "debian"])
def test_remote_write_is_exact(
    start_collector: StartCollector,
    start_prometheus: StartPrometheus,
    launch: Launch,
    kind: str,
    tmp_path: Path,
) -> None:
    """The Prometheus at hand, and the newest, take what the Collector writes."""
    programs = recent_prometheus() if kind == "recent" else prometheus_programs()
    prometheus = start_prometheus(
        arguments=["--web.enable-remote-write-receiver"], programs=programs
    )
    collector = start_collector(
        remote_writing(tmp_path), {"REMOTE_WRITE_URL": f"{prometheus.url}/api/v1/write"}
    )
    total = record(launch(collector.grpc_url, "written"))

    prometheus.wait_for(f'sum(execute_success_total{{job="written"}}) == {total}')
    prometheus.wait_for(f'sum(execute_latency_seconds_sum{{job="written"}}) == {total / 2}')


def test_a_recent_prometheus_takes_otlp_itself(
    start_prometheus: StartPrometheus, launch: Launch
) -> None:
    """Without a Collector between: the names are the same."""
    prometheus = start_prometheus(
        arguments=["--web.enable-otlp-receiver"], programs=recent_prometheus()
    )
    direct = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    total = record(launch(f"{prometheus.url}/api/v1/otlp", "direct", **direct))

    prometheus.wait_for(f'sum(execute_success_total{{job="direct"}}) == {total}')
    buckets = f'sum(execute_latency_seconds_bucket{{job="direct",le="0.5"}}) == {total}'
    prometheus.wait_for(buckets)
