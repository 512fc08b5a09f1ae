"""One way of reading for each exporter, so that one suite can hold them all to the contract.

A harness makes a facade with its exporter and returns what arrived at the other end as a `Scrape`.
To add an exporter, add a harness to ``HARNESSES``.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol

import pytest
from prometheus_client import Metric
from prometheus_client.samples import Sample

from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import Scrape, scrape
from tests.support.collected import collected
from tests.support.collector import shared_collector

Program = Callable[[ExecutorMetrics], None]


class Harness(Protocol):
    """Makes a facade and reads what its exporter sent, in the names Prometheus sees."""

    metrics: ExecutorMetrics

    def read(self) -> Scrape:
        """Return what has arrived by now of all that was recorded before the call."""


class PrometheusHarness:
    """Scrapes."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1", **settings)

    def read(self) -> Scrape:
        """Scrape."""
        return scrape(self.metrics)


class ConsoleHarness:
    """Flushes, and reads the last of the JSON documents on standard output."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._written = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", self._written)
            self.metrics = ExecutorMetrics(**{"exporter": "console", **settings})

    def read(self) -> Scrape:
        """Flush and read."""
        assert self.metrics.flush(30)
        text = self._written.getvalue()
        return Scrape(text, families_of(last_json(text)))


class OtlpHarness:
    """Flushes, and reads from a real Collector what has this harness's ``job``."""

    def __init__(self, settings: Mapping[str, Any], protocol: str) -> None:
        self._collector = shared_collector()
        self._job = f"contract-{uuid.uuid4()}"
        grpc = protocol == "grpc"
        otlp = {
            "otlp_protocol": protocol,
            "otlp_endpoint": self._collector.grpc_url if grpc else self._collector.http_url,
            "service_name": self._job,
        }
        self.metrics = ExecutorMetrics(**{"exporter": "otlp", **otlp, **settings})

    def read(self) -> Scrape:
        """Flush, and scrape the Collector."""
        assert self.metrics.flush(30)
        return collected(self._collector, self._job)


def last_json(text: str) -> Any:
    """Return the last of several JSON documents one after another."""
    decoder, found, at = json.JSONDecoder(), None, 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        found, at = decoder.raw_decode(text, at)
    return found


def families_of(document: Any) -> Iterator[Metric]:
    """Yield the families that Prometheus makes of OpenTelemetry's data, by its naming rules.

    Source: specification, "Prometheus and OpenMetrics Compatibility": the unit s becomes
    ``_seconds``, a monotonic sum gets ``_total``.
    """
    for resource in document["resource_metrics"]:
        for scope in resource["scope_metrics"]:
            for metric in scope["metrics"]:
                yield _family_of(metric)


def _family_of(metric: Mapping[str, Any]) -> Metric:
    name = metric["name"] + ("_seconds" if metric["unit"] == "s" else "")
    data = metric["data"]
    if "bucket_counts" in next(iter(data["data_points"]), {}):
        family = Metric(name, metric["description"], "histogram")
        for point in data["data_points"]:
            family.samples += _histogram_samples(name, point)
        return family
    suffix = "_total" if data["is_monotonic"] else ""
    family = Metric(name, metric["description"], "counter" if suffix else "gauge")
    family.samples = [
        Sample(name + suffix, point["attributes"], point["value"]) for point in data["data_points"]
    ]
    return family


def _histogram_samples(name: str, point: Mapping[str, Any]) -> Iterator[Sample]:
    labels, running = point["attributes"], 0
    bounds = [*map(str, point["explicit_bounds"]), "+Inf"]
    for bound, count in zip(bounds, point["bucket_counts"], strict=True):
        running += count
        yield Sample(f"{name}_bucket", {**labels, "le": bound}, running)
    yield Sample(f"{name}_count", labels, point["count"])
    yield Sample(f"{name}_sum", labels, point["sum"])


@contextmanager
def running(
    kind: Callable[[Mapping[str, Any]], Harness], settings: Mapping[str, Any]
) -> Iterator[Harness]:
    """Make a harness, and shut its facade down in the end."""
    harness = kind(settings)
    try:
        yield harness
    finally:
        harness.metrics.shutdown()


Open = Callable[[Mapping[str, Any]], AbstractContextManager[Harness]]

HARNESSES: dict[str, Open] = {
    "prometheus": lambda settings: running(PrometheusHarness, settings),
    "console": lambda settings: running(ConsoleHarness, settings),
    "otlp-grpc": lambda settings: running(partial(OtlpHarness, protocol="grpc"), settings),
    "otlp-http": lambda settings: running(partial(OtlpHarness, protocol="http/protobuf"), settings),
}
