"""Beside ``opentelemetry-instrument``: nothing twice, nothing lost, its variables respected."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.facade.programs import environment
from tests.support.receiver import Received, grpc_receiver, http_receiver
from tests.tracing.exemplars import exemplars_in

INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")
PROGRAM = """
from opentelemetry import metrics as api, trace
from otel_executor_metrics import ExecutorMetrics

with ExecutorMetrics({arguments}) as metrics:
    with trace.get_tracer("program").start_as_current_span("work"):
        for _ in range(1000):
            metrics.record_operation("execute", duration=0.2, labels={{"task_type": "ml"}})
    api.get_meter("program").create_counter("theirs").add(7)
    {then}
"""
SCRAPE = """
    from tests.facade.scraping import OPENMETRICS, fetch, url_of
    print(fetch(url_of(metrics), OPENMETRICS), end="")
"""


def run(program: str, variables: Mapping[str, str]) -> str:
    """Run a program under ``opentelemetry-instrument``; return its output."""
    done = subprocess.run(
        [INSTRUMENT, sys.executable, "-c", textwrap.dedent(program)],
        env=environment(
            {**variables, "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def receiver() -> Iterator[Received]:
    """Receive OTLP."""
    with http_receiver() as received:
        yield received


@pytest.fixture
def sending(receiver: Received) -> dict[str, str]:
    """Return OpenTelemetry's variables that say to send there."""
    return {
        "OTEL_SERVICE_NAME": "instrumented",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }


@pytest.mark.parametrize("provider", ["", 'meter_provider="global"'], ids=["own", "global"])
def test_each_series_is_sent_by_one_provider_alone(
    receiver: Received, sending: Mapping[str, str], provider: str
) -> None:
    """With one of our own beside the global one, and on that; exemplars included."""
    run(PROGRAM.format(arguments=provider, then=""), sending)

    sent = [point for _, point in receiver.points("execute_latency") if point.count]
    assert {point.count for point in sent} == {1000}
    assert {point.start_time_unix_nano for point in sent} == {sent[0].start_time_unix_nano}
    assert {exemplar.as_double for point in sent for exemplar in point.exemplars} == {0.2}
    assert {point.as_int for _, point in receiver.points("theirs")} == {7}
    assert services(receiver) == {"instrumented"}


def test_the_endpoint_serves_beside_it(receiver: Received, sending: Mapping[str, str]) -> None:
    """Where METRICS_EXPORTER, which wins, says so: nothing of ours is sent then."""
    variables = {**sending, "METRICS_EXPORTER": "prometheus", "METRICS_HOST": "127.0.0.1"}
    text = run(PROGRAM.format(arguments="metrics_port=0", then=SCRAPE), variables)

    assert 'execute_success_total{task_type="ml"} 1000.0 # {' in text
    assert {each.value for each in exemplars_in(text)} == {0.2, 1.0}
    assert list(receiver.points("execute_latency")) == []
    assert {point.as_int for _, point in receiver.points("theirs")} == {7}


def test_their_distribution_has_us_send_where_nobody_says_otherwise() -> None:
    """It sets the variables of the exporter and of the protocol, which are ours as well."""
    with grpc_receiver() as receiver:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        then = 'print(metrics.get_metrics_summary()["exporters"])'
        assert run(PROGRAM.format(arguments="", then=then), variables) == "['otlp']\n"
        assert {p.count for _, p in receiver.points("execute_latency") if p.count} == {1000}


def test_switched_off_it_is_silent(receiver: Received, sending: Mapping[str, str]) -> None:
    """OTEL_SDK_DISABLED holds for both."""
    run(PROGRAM.format(arguments="", then=""), {**sending, "OTEL_SDK_DISABLED": "true"})

    assert receiver.requests == []


def services(receiver: Received) -> set[str]:
    """Return the names of the services that have sent anything."""
    return {
        attribute.value.string_value
        for request in receiver.requests
        for resource in request.body.resource_metrics
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
    }
