"""From a span to a bucket through a real Collector, and on to what Prometheus keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.collector.conftest import StartCollector
from tests.collector.test_fleet import remote_writing
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import OPENMETRICS, TEXT
from tests.support.collector import Collector
from tests.support.prometheus import PrometheusServer, scrape_job
from tests.support.waiting import wait_until
from tests.tracing.exemplars import Exemplar, Traces, exemplars_in

pytestmark = pytest.mark.real

TEMPORALITY = {"otelcol.yaml": "cumulative", "fleet-sum.yaml": "delta"}
STORED = "--enable-feature=exemplar-storage"
QUERY = "execute_latency_seconds_bucket"


def shown(collector: Collector, accept: str = OPENMETRICS) -> str:
    """Return what a scrape of the Collector answers."""
    request = Request(collector.metrics_url, headers={"Accept": accept})
    with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
        return str(answer.read().decode())


def send(metrics: ExecutorMetrics, traces: Traces) -> None:
    """Record a success in one span and a failure in another, and send them."""
    with traces.tracer.start_as_current_span("well"):
        metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})
    with traces.tracer.start_as_current_span("broken"):
        metrics.record_operation("execute", False, 3, {"task_type": "ml"}, "Boom")
    assert metrics.flush(30)


def spans(traces: Traces, found: list[Exemplar]) -> dict[tuple[str, str], str]:
    """Return the names of the spans that exemplars lead to, by sample and bucket."""
    return {
        (each.sample, each.sample_labels.get("le", "")): traces.span_of(each).name for each in found
    }


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("config", TEMPORALITY)
def test_a_collector_shows_them_where_they_were(
    make_metrics: MakeMetrics,
    start_collector: StartCollector,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    protocol: str,
) -> None:
    """At the bucket and the counter of the measurement, with the ids of its span."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", TEMPORALITY[config])
    collector, traces = start_collector(config), Traces()
    url = collector.grpc_url if protocol == "grpc" else collector.http_url
    send(make_metrics(otlp_endpoint=url, otlp_protocol=protocol), traces)

    wait_until(lambda: "execute_failures_total{" in shown(collector), what="what was sent")

    found = exemplars_in(shown(collector))
    assert spans(traces, found) == {
        ("execute_latency_seconds_bucket", "0.25"): "well",
        ("execute_success_total", ""): "well",
        ("execute_latency_seconds_bucket", "5.0"): "broken",
        ("execute_failures_total", ""): "broken",
    }
    assert sorted(each.value for each in found) == [0.2, 1, 1, 3]
    assert "trace_id" not in shown(collector, TEXT)


@pytest.mark.parametrize("road", ["scrape", "remote write"])
def test_prometheus_behind_a_collector_leads_back_to_the_span(
    make_metrics: MakeMetrics,
    start_collector: StartCollector,
    start_prometheus: Callable[..., PrometheusServer],
    tmp_path: Path,
    road: str,
) -> None:
    """Whether it scrapes the Collector, or is written to as a gateway does."""
    if road == "scrape":
        collector = start_collector()
        job = scrape_job(collector.prometheus_port, honor_labels=True)
        prometheus = start_prometheus([job], arguments=[STORED])
    else:
        prometheus = start_prometheus(arguments=[STORED, "--web.enable-remote-write-receiver"])
        address = {"REMOTE_WRITE_URL": f"{prometheus.url}/api/v1/write"}
        collector = start_collector(remote_writing(tmp_path), address)
    traces = Traces()
    send(make_metrics(otlp_endpoint=collector.http_url, service_name="behind"), traces)

    wait_until(lambda: len(prometheus.exemplars(QUERY)) == 2, 60, "the exemplars of both buckets")

    kept = {float(row["series"]["le"]): row for row in prometheus.exemplars(QUERY)}
    assert {le: float(row["value"]) for le, row in kept.items()} == {0.25: 0.2, 5: 3}
    assert {row["series"]["job"] for row in kept.values()} == {"behind"}
    assert {
        le: traces.span_of(Exemplar("", {}, row["labels"], 0, 0)).name for le, row in kept.items()
    } == {0.25: "well", 5: "broken"}
