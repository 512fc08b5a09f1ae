"""Who has no token, no certificate or no trust gets nothing through; one line says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collector.conftest import TOKEN, Certificates, StartCollector
from tests.collector.executors import Executor, Gateway
from tests.facade.conftest import MakeMetrics
from tests.facade.logs import warnings_in
from tests.support.collected import collected
from tests.support.collector import Collector
from tests.support.prometheus import PrometheusServer
from tests.support.proxy import Wire, wire
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def gateway(start_collector: StartCollector, certificates: Certificates, tmp_path: Path) -> Gateway:
    """Start gateway.yaml."""
    return Gateway(start_collector, certificates, tmp_path)


@pytest.fixture
def watched(gateway: Gateway) -> Iterator[Wire]:
    """Stand between the gateway and its clients, and see every byte."""
    with wire(gateway.address) as between:
        yield between


def right(certificates: Certificates, port: int) -> dict[str, Any]:
    """Return the settings with which an executor may send to the gateway itself."""
    return {
        "otlp_protocol": "grpc",
        "otlp_endpoint": f"https://127.0.0.1:{port}",
        "otlp_headers": f"authorization=Bearer {TOKEN}",
        "otlp_certificate": certificates.ca,
        "otlp_client_certificate": certificates.client,
        "otlp_client_key": certificates.client_key,
        "otlp_timeout": 3,
        "service_name": "told-to-nobody",
    }


def test_with_token_and_certificates_it_gets_through_unseen(
    make_metrics: MakeMetrics, certificates: Certificates, watched: Wire
) -> None:
    """The gateway takes it, and on the way there is nothing to read."""
    metrics = make_metrics(**right(certificates, watched.port))
    metrics.record_operation_success("plan")

    assert metrics.flush(10)
    assert len(watched.seen) > 1000
    for secret in (b"told-to-nobody", b"plan_success", TOKEN.encode()):
        assert secret not in watched.seen


REFUSED = [
    ("no token", {"otlp_headers": "a=b"}, "UNAUTHENTICATED"),
    ("wrong token", {"otlp_headers": "authorization=Bearer wrong"}, "UNAUTHENTICATED"),
    ("no client certificate", {"otlp_client_certificate": None, "otlp_client_key": None}, ""),
    ("authority unknown", {"otlp_certificate": "foreign"}, "CERTIFICATE_VERIFY_FAILED"),
    ("authority of the system", {"otlp_certificate": None}, "CERTIFICATE_VERIFY_FAILED"),
]


@pytest.mark.parametrize("refusal", REFUSED, ids=[row[0] for row in REFUSED])
def test_without_it_is_refused(
    make_metrics: MakeMetrics,
    caplog: pytest.LogCaptureFixture,
    certificates: Certificates,
    watched: Wire,
    refusal: tuple[str, dict[str, Any], str],
) -> None:
    """One line says why; nothing goes out in clear; nothing arrives."""
    _, wrong, said = refusal
    settings = right(certificates, watched.port) | wrong
    if settings["otlp_certificate"] == "foreign":
        settings["otlp_certificate"] = certificates.foreign_ca
    metrics = make_metrics(**settings)
    metrics.record_operation_success("plan")

    assert not metrics.flush(10)
    (line,) = warnings_in(caplog)
    assert f"https://127.0.0.1:{watched.port}" in line
    assert said in line
    assert TOKEN not in line
    assert b"told-to-nobody" not in watched.seen


@pytest.fixture
def over_https(start_collector: StartCollector, certificates: Certificates) -> Collector:
    """Start otelcol.yaml with TLS for HTTP."""
    return start_collector(variables=certificates.of_collector, overlay="tls.yaml")


def test_over_http_only_a_trusted_collector_gets_it(
    over_https: Collector,
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    certificates: Certificates,
) -> None:
    """By the authority that was given, whatever the variables of requests say."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.foreign_ca))
    url = f"https://127.0.0.1:{over_https.http_port}"

    ours = {
        "otlp_endpoint": url,
        "otlp_client_certificate": certificates.client,
        "otlp_client_key": certificates.client_key,
        "otlp_timeout": 3,
    }
    known = make_metrics(**ours, otlp_certificate=certificates.ca, service_name="https")
    assert known.flush(10)
    assert collected(over_https, "https").value("plan_success_total") == 0
    unknown = make_metrics(**ours, otlp_certificate=certificates.foreign_ca)
    assert not unknown.flush(10)
    (line,) = warnings_in(caplog)
    assert "CERTIFICATE_VERIFY_FAILED" in line


def test_in_clear_to_a_port_of_tls_is_refused(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture, gateway: Gateway
) -> None:
    """Who forgets the s of https is told that it does not arrive."""
    metrics = make_metrics(
        otlp_protocol="grpc", otlp_endpoint=f"http://{gateway.address}", otlp_timeout=1
    )
    assert not metrics.flush(10)

    (line,) = warnings_in(caplog)
    assert f"http://{gateway.address}" in line


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"GATEWAY_TOKEN": "wrong"}, "Unauthenticated"),
        ({"GATEWAY_CA_FILE": "foreign"}, "certificate signed by unknown authority"),
    ],
    ids=["token", "authority"],
)
def test_an_agent_without_it_is_refused(
    gateway: Gateway,
    certificates: Certificates,
    watched: Wire,
    wrong: dict[str, Any],
    said: str,
) -> None:
    """Its log says why, and nothing that it was given is seen on the way."""
    if "GATEWAY_CA_FILE" in wrong:
        wrong = {"GATEWAY_CA_FILE": certificates.foreign_ca}
    agent = gateway.agent(GATEWAY_ENDPOINT=f"localhost:{watched.port}", **wrong)
    executor = Executor(agent.grpc_url, "told-to-nobody")
    executor.record(1)
    executor.end()

    wait_until(lambda: said in agent.log(), 60, "the agent's log says it")
    assert b"told-to-nobody" not in watched.seen
    assert not re.search(r"told-to-nobody", gateway.collector.log())


def test_an_agent_with_it_gets_through_to_prometheus(
    start_collector: StartCollector,
    certificates: Certificates,
    tmp_path: Path,
    start_prometheus: Any,
) -> None:
    """Executor, agent, gateway, the owner among the gateways, remote write: the total is exact."""
    prometheus: PrometheusServer = start_prometheus(
        arguments=["--web.enable-remote-write-receiver"]
    )
    gateway = Gateway(start_collector, certificates, tmp_path, f"{prometheus.url}/api/v1/write")
    agent = gateway.agent()
    executor = Executor(agent.grpc_url, "through")
    executor.record(7)
    executor.record(4)

    prometheus.wait_for('execute_success_total{job="through",task_type="ml"} == 11')
    count = 'execute_latency_seconds_count{job="through",task_type="ml"} == 11'
    prometheus.wait_for(count)
    executor.end()
