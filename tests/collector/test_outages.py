"""A Collector that is not there, slow, refusing or dumb: nobody notices but the log."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.metrics.export import MetricExportResult

from otel_executor_metrics.exporters.delivery import LOG_INTERVAL, Delivery
from tests.collector.conftest import StartCollector
from tests.facade.conftest import MakeMetrics
from tests.facade.logs import warnings_in
from tests.facade.programs import run_program
from tests.facade.scraping import scrape
from tests.support.collected import collected
from tests.support.proxy import wire
from tests.support.receiver import RECEIVERS, grpc_receiver, http_receiver
from tests.support.waiting import wait_until

LONG = 600  # seconds
PROTOCOLS = tuple(RECEIVERS)
by_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


@contextmanager
def unreachable(protocol: str) -> Iterator[str]:
    """Nobody listens."""
    yield "http://127.0.0.1:1"


@contextmanager
def half_open(protocol: str) -> Iterator[str]:
    """Connections are taken by the kernel, and nobody ever reads or answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


@contextmanager
def slow(protocol: str) -> Iterator[str]:
    """Each answer takes longer than any test."""
    with RECEIVERS[protocol]() as received:
        received.delay = LONG
        yield received.url
        received.released.set()


@contextmanager
def rejecting(protocol: str) -> Iterator[str]:
    """Each export is refused for good."""
    with RECEIVERS[protocol]() as received:
        received.status = grpc.StatusCode.PERMISSION_DENIED if protocol == "grpc" else 403
        yield received.url


@contextmanager
def busy(protocol: str) -> Iterator[str]:
    """Each export is refused for now."""
    with RECEIVERS[protocol]() as received:
        received.status = grpc.StatusCode.UNAVAILABLE if protocol == "grpc" else 503
        yield received.url


OUTAGES = [unreachable, half_open, slow, rejecting, busy]
by_outage = pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.__name__)


class Exports:
    """How many exports have begun, and how many of them have ended."""

    begun = ended = 0


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> Exports:
    """Count them."""
    counted, attempt = Exports(), Delivery.attempt

    def counting(delivery: Delivery, send: Any) -> MetricExportResult:
        if delivery.ended:  # of a test before this one, in which its thread hung
            return attempt(delivery, send)
        counted.begun += 1
        try:
            return attempt(delivery, send)
        finally:
            counted.ended += 1

    monkeypatch.setattr(Delivery, "attempt", counting)
    return counted


@by_outage
@by_protocol
def test_recording_is_untouched(
    make_metrics: MakeMetrics, exports: Exports, outage: Any, protocol: str
) -> None:
    """No call waits for an export, however that goes, and what was recorded is all there."""

    def record_all() -> None:
        for _ in range(1000):
            metrics.record_operation("execute", duration=0.1, labels={"task_type": "ml"})

    def record() -> None:
        recording = threading.Thread(target=record_all, daemon=True)
        recording.start()
        recording.join(60)
        assert not recording.is_alive(), "recording waits"

    with outage(protocol) as url:
        metrics = make_metrics(
            exporter="prometheus,otlp",
            otlp_endpoint=url,
            otlp_protocol=protocol,
            otlp_timeout=LONG,
            export_interval_millis=20,
        )
        wait_until(lambda: exports.begun, what="an export")
        record()
        if outage is rejecting:
            wait_until(lambda: exports.ended > 1, what="more exports, each refused")
            record()
        else:  # the one that had begun is still waited for, or tried again and again
            assert (exports.begun, exports.ended) == (1, 0)
        recorded = 2000 if outage is rejecting else 1000
        assert scrape(metrics).value("execute_success_total", task_type="ml") == recorded
        metrics.shutdown(0.5)


@by_outage
@by_protocol
def test_flush_and_shutdown_keep_their_time(
    make_metrics: MakeMetrics, outage: Any, protocol: str
) -> None:
    """``flush`` says that it did not arrive; neither waits as long as an export may take."""
    with outage(protocol) as url:
        metrics = make_metrics(otlp_endpoint=url, otlp_protocol=protocol, otlp_timeout=LONG)
        metrics.record_operation_success("plan")
        begin = time.monotonic()
        assert metrics.flush(0.3) is False
        metrics.shutdown(0.5)
        assert time.monotonic() - begin < LONG / 10


@by_outage
@by_protocol
def test_the_log_has_one_line(
    make_metrics: MakeMetrics,
    caplog: pytest.LogCaptureFixture,
    outage: Any,
    protocol: str,
) -> None:
    """However often it fails: where, and why; one more in the end. OpenTelemetry is quiet."""
    with outage(protocol) as url:
        metrics = make_metrics(
            otlp_endpoint=url,
            otlp_protocol=protocol,
            otlp_timeout=0.1,
            export_interval_millis=100,
        )
        for _ in range(3):
            assert not metrics.flush(5)
        metrics.shutdown()

    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(lines) == 2, lines
    assert lines[0].startswith(f"metrics do not arrive at {url}")
    assert "Failed to export" in lines[0]
    assert lines[1].startswith(f"stopped before the last metrics had arrived at {url}")
    assert all("\n" not in line and len(line) < 700 for line in lines)


@by_outage
@by_protocol
def test_a_program_ends_in_time(outage: Any, protocol: str) -> None:
    """Its exit waits for the Collector no longer than ``shutdown_timeout``; its status is 0."""
    with outage(protocol) as url:
        done = run_program(
            f"""
            from otel_executor_metrics import ExecutorMetrics
            metrics = ExecutorMetrics(
                exporter="otlp", otlp_endpoint="{url}", otlp_protocol="{protocol}",
                otlp_timeout={LONG}, shutdown_timeout=0.5,
            )
            metrics.record_operation_success("plan")
            """,
            timeout=LONG / 10,
        )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@by_protocol
def test_totals_arrive_when_the_collector_is_back(
    start_collector: StartCollector,
    make_metrics: MakeMetrics,
    caplog: pytest.LogCaptureFixture,
    protocol: str,
) -> None:
    """What was recorded before, during and after is there; the log says that it is over."""
    caplog.set_level(logging.INFO, "otel_executor_metrics")
    collector = start_collector()
    metrics = make_metrics(
        service_name="outage",
        otlp_protocol=protocol,
        otlp_endpoint=collector.grpc_url if protocol == "grpc" else collector.http_url,
        otlp_timeout=0.5,
        export_interval_millis=50,
    )
    metrics.record_operation("plan", duration=0.5)
    assert metrics.flush(10)
    collector.kill()
    metrics.record_operation("plan", duration=0.5)
    wait_until(lambda: warnings_in(caplog), what="the outage is told")
    collector.start()
    metrics.record_operation("plan", duration=0.5)

    wait_until(lambda: metrics.flush(2), 60, "metrics arrive again")
    seen = collected(collector, "outage")
    assert seen.value("plan_success_total") == 3
    assert seen.histogram("plan_latency_seconds").sum == 1.5
    assert any("arrive at" in r.getMessage() and "again" in r.getMessage() for r in caplog.records)


@by_protocol
def test_a_connection_that_went_dead_is_given_up(make_metrics: MakeMetrics, protocol: str) -> None:
    """Nobody tells that the other end is gone: a new connection brings the totals all the same."""
    with RECEIVERS[protocol]() as received, wire(received.url.removeprefix("http://")) as between:
        metrics = make_metrics(
            otlp_endpoint=f"http://127.0.0.1:{between.port}",
            otlp_protocol=protocol,
            otlp_timeout=1.5,
        )
        assert metrics.flush(10)
        metrics.record_operation_success("plan")
        between.freeze()

        wait_until(lambda: metrics.flush(3), 60, "metrics arrive again")
        *_, (_, last) = received.points("plan_success")
        assert last.as_int or last.as_double == 1
        metrics.shutdown()


def test_the_last_values_are_sent_at_the_end(
    start_collector: StartCollector, make_metrics: MakeMetrics
) -> None:
    """``shutdown`` and the end of a program flush, within their time."""
    collector = start_collector()
    metrics = make_metrics(service_name="ended", otlp_endpoint=collector.http_url)
    metrics.record_operation_success("plan")
    metrics.shutdown()
    done = run_program(
        f"""
        from otel_executor_metrics import ExecutorMetrics
        metrics = ExecutorMetrics(
            exporter="otlp", otlp_endpoint="{collector.grpc_url}", otlp_protocol="grpc",
            service_name="exited",
        )
        metrics.record_operation_success("plan")
        """
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert collected(collector, "ended").value("plan_success_total") == 1
    assert collected(collector, "exited").value("plan_success_total") == 1


def test_an_exporter_of_the_users_own_still_logs(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Only what is logged on our behalf is kept back."""
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics.export import MetricsData

    make_metrics(otlp_endpoint="http://127.0.0.1:1", otlp_protocol="grpc")
    own = OTLPMetricExporter("http://127.0.0.1:1", timeout=0.2)
    own.export(MetricsData([]))
    own.shutdown()

    assert any(r.name == "opentelemetry.exporter.otlp.proto.grpc.exporter" for r in caplog.records)


def test_a_long_outage_is_told_again_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """At most one line in ten minutes, which says how many were held back."""
    now = 0.0
    delivery = Delivery("http://somewhere", clock=lambda: now)
    for now in (0.0, 1.0, 2.0, LOG_INTERVAL + 1):  # noqa: B007 - the clock reads it
        delivery.attempt(lambda: MetricExportResult.FAILURE)

    first, second = warnings_in(caplog)
    assert "more times" not in first
    assert second.endswith("(2 more times since the last such line)")


def test_whatever_an_exporter_raises_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """No traceback, and the thread that exports lives on."""

    def fail() -> MetricExportResult:
        raise ValueError("several\nlines")

    assert Delivery("x").attempt(fail) is MetricExportResult.FAILURE
    (line,) = warnings_in(caplog)
    assert "ValueError: several lines" in line


@pytest.mark.parametrize("receiver", [http_receiver, grpc_receiver], ids=["http", "grpc"])
def test_flushes_of_many_threads_all_arrive(make_metrics: MakeMetrics, receiver: Any) -> None:
    """They wait for each other, and each says the truth."""
    protocol = "grpc" if receiver is grpc_receiver else "http/protobuf"
    with receiver() as received:
        metrics = make_metrics(otlp_endpoint=received.url, otlp_protocol=protocol)
        answers: list[bool] = []
        threads = [
            threading.Thread(target=lambda: answers.append(metrics.flush(20))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        metrics.shutdown()
    assert answers == [True] * 8
