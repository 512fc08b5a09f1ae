"""Settings of OTLP: arguments, OpenTelemetry's variables, and what cannot be used."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.errors import MissingExtraError
from tests.collector.conftest import Certificates
from tests.facade.conftest import MakeMetrics
from tests.facade.logs import warnings_in
from tests.support.receiver import RECEIVERS, Received

PROTOCOLS = tuple(RECEIVERS)
CUMULATIVE, DELTA = 2, 1  # as OTLP numbers them


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    """Return each protocol in turn."""
    return str(request.param)


@pytest.fixture
def received(protocol: str) -> Iterator[Received]:
    """Receive what is sent over the protocol."""
    with RECEIVERS[protocol]() as receiver:
        yield receiver


def sent(metrics: ExecutorMetrics) -> None:
    """Record something and have it sent."""
    metrics.record_operation_success("plan")
    assert metrics.flush(10)


def environment(monkeypatch: pytest.MonkeyPatch, **variables: object) -> None:
    """Set OpenTelemetry's variables of OTLP, named without what they have in common."""
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", str(value))


def test_arguments_reach_the_exporter(
    received: Received, make_metrics: MakeMetrics, protocol: str
) -> None:
    """Endpoint, headers and compression are as they were passed."""
    metrics = make_metrics(
        otlp_endpoint=received.url,
        otlp_protocol=protocol,
        otlp_headers={"X-Tenant": "a b", "authorization": "Bearer s3cret"},
        otlp_compression="gzip",
    )
    sent(metrics)

    (request,) = received.requests
    assert request.headers["x-tenant"] == "a b"
    assert request.headers["authorization"] == "Bearer s3cret"
    encoding = "grpc-encoding" if protocol == "grpc" else "content-encoding"
    # grpc takes that header away before a server sees it
    assert request.headers.get(encoding, "gzip") == "gzip"


def test_variables_reach_the_exporter(
    received: Received, make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """The variables for all signals hold; the path is added for HTTP."""
    environment(
        monkeypatch,
        ENDPOINT=received.url,
        PROTOCOL=protocol,
        HEADERS="x-tenant=a%20b,authorization=Bearer s3cret",
        COMPRESSION="gzip",
        TIMEOUT=7,
    )
    monkeypatch.setenv("METRICS_EXPORTER", "otlp")
    sent(make_metrics(exporter=None))

    (request,) = received.requests
    assert request.path.endswith("/Export" if protocol == "grpc" else "/v1/metrics")
    assert request.headers["x-tenant"] == "a b"
    assert request.headers["authorization"] == "Bearer s3cret"


def test_variables_for_metrics_win(
    received: Received, make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """Each variable has a twin for metrics alone; its endpoint is taken as it stands."""
    path = "" if protocol == "grpc" else "/special"
    other = next(name for name in PROTOCOLS if name != protocol)
    environment(
        monkeypatch,
        ENDPOINT="http://127.0.0.1:1",
        METRICS_ENDPOINT=received.url + path,
        PROTOCOL=other,
        METRICS_PROTOCOL=protocol,
        HEADERS="x-tenant=traces",
        METRICS_HEADERS="x-tenant=metrics",
        COMPRESSION="gzip",
        METRICS_COMPRESSION="none",
        TIMEOUT="0.001",
        METRICS_TIMEOUT="9",
    )
    sent(make_metrics())

    (request,) = received.requests
    assert request.path.endswith(path)
    assert request.headers["x-tenant"] == "metrics"
    assert "content-encoding" not in request.headers


def test_arguments_win_over_variables(
    received: Received, make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """What is passed wins, the variables for metrics included."""
    environment(
        monkeypatch,
        METRICS_ENDPOINT="http://127.0.0.1:1",
        METRICS_PROTOCOL=next(name for name in PROTOCOLS if name != protocol),
        METRICS_HEADERS="x-tenant=environment",
        METRICS_TIMEOUT="0.001",
    )
    metrics = make_metrics(
        otlp_endpoint=f"{received.url}/",
        otlp_protocol=protocol,
        otlp_headers="x-tenant=argument",
        otlp_timeout=10,
    )
    sent(metrics)

    assert [request.headers["x-tenant"] for request in received.requests] == ["argument"]


def test_http_is_the_default(make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """As OpenTelemetry's specification wants it, where its Python distribution takes gRPC."""
    with RECEIVERS["http/protobuf"]() as received:
        environment(monkeypatch, ENDPOINT=received.url)
        sent(make_metrics())

    assert received.requests[0].headers["content-type"] == "application/x-protobuf"


def test_without_an_endpoint_it_is_the_collector_of_this_host(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    """The log names the default endpoint of the protocol, once nobody answers there."""
    metrics = make_metrics(otlp_protocol=protocol, otlp_timeout=0.2)
    metrics.flush(5)

    port = 4317 if protocol == "grpc" else 4318
    if told := warnings_in(caplog):  # a Collector of the developer's own may listen there
        assert f"http://localhost:{port}" in told[0]


@pytest.mark.parametrize("preference", ["delta", "lowmemory", "DELTA"])
def test_delta_temporality_is_right(
    received: Received,
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    preference: str,
) -> None:
    """Increments are sent, each once: their sums are what was recorded."""
    environment(monkeypatch, METRICS_TEMPORALITY_PREFERENCE=preference)
    metrics = make_metrics(otlp_endpoint=received.url, otlp_protocol=protocol)
    for count in (3, 4, 0, 5):
        for _ in range(count):
            metrics.record_operation("plan", duration=0.5)
        with metrics.measure("intent"):
            assert metrics.flush(10)

    successes = list(received.points("plan_success"))
    assert {temporality for temporality, _ in successes} == {DELTA}
    assert sum(point.as_int or point.as_double for _, point in successes) == 12
    latencies = list(received.points("plan_latency"))
    assert {temporality for temporality, _ in latencies} == {DELTA}
    assert sum(point.count for _, point in latencies) == 12
    assert sum(point.sum for _, point in latencies) == 6
    gauges = list(received.points("intent_in_progress"))
    assert {temporality for temporality, _ in gauges} == {CUMULATIVE}
    assert {point.as_int or point.as_double for _, point in gauges} == {1}


def test_a_large_export_is_sent_in_parts(
    received: Received, make_metrics: MakeMetrics, protocol: str
) -> None:
    """No request comes near the 4 MiB that a Collector takes over gRPC."""
    metrics = make_metrics(
        otlp_endpoint=received.url, otlp_protocol=protocol, max_label_values=3000
    )
    for number in range(3000):
        metrics.record_operation("execute", duration=1, labels={"task_type": f"{number:0>200}"})
    assert metrics.flush(30)

    assert len(received.requests) > 3
    assert max(request.body.ByteSize() for request in received.requests) < 2 * 2**20
    arrived = {str(point.attributes) for _, point in received.points("execute_success")}
    assert len(arrived) == 3000
    assert sum(point.count for _, point in received.points("execute_latency")) == 3000


def test_each_facade_has_an_identity_of_its_own(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``service.instance.id`` tells processes apart, unless the user says what it is."""

    def identities(received: Received) -> set[str]:
        return {
            attribute.value.string_value
            for request in received.requests
            for resource in request.body.resource_metrics
            for attribute in resource.resource.attributes
            if attribute.key == "service.instance.id"
        }

    with RECEIVERS["http/protobuf"]() as received:
        for _ in range(3):
            sent(make_metrics(otlp_endpoint=received.url))
        assert len(identities(received)) == 3
        received.requests.clear()
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=mine,a=b")
        sent(make_metrics(otlp_endpoint=received.url))
        assert identities(received) == {"mine"}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"otlp_endpoint": "localhost:4318"}, "otlp_endpoint='localhost:4318': must begin with http"),
    ({"otlp_endpoint": "127.0.0.1:4318"}, "otlp_endpoint='127.0.0.1:4318': must begin with http"),
    ({"otlp_endpoint": "ftp://host"}, "otlp_endpoint='ftp://host': must begin with http"),
    ({"otlp_endpoint": "http://"}, "otlp_endpoint='http://': must begin with http"),
    ({"otlp_endpoint": "http://host:port"}, "otlp_endpoint='http://host:port': must be a URL"),
    ({"otlp_endpoint": "ftp://user:s3cret@host"}, "otlp_endpoint='ftp://host': must begin"),
    (
        {"otlp_protocol": "http/json"},
        "otlp_protocol='http/json': must be 'http/protobuf' or 'grpc'",
    ),
    ({"otlp_compression": "zip"}, "otlp_compression='zip': must be 'none' or 'gzip'"),
    ({"otlp_timeout": 0}, "otlp_timeout=0: must be a number of seconds above 0"),
    ({"otlp_headers": "s3cret"}, "otlp_headers='(hidden)': must be name=value pairs"),
    ({"otlp_headers": {"a": "s3\ncret"}}, "otlp_headers='(hidden)': must be name=value pairs"),
    ({"otlp_headers": {"a b": "s3cret"}}, "otlp_headers='(hidden)': must be name=value pairs"),
    ({"otlp_headers": {"a": "größe s3cret"}}, "otlp_headers='(hidden)': must be name=value pairs"),
    ({"otlp_certificate": "/nowhere/ca.pem"}, "otlp_certificate='/nowhere/ca.pem': needs an https"),
    (
        {"otlp_certificate": "/nowhere/ca.pem", "otlp_endpoint": "https://h"},
        "otlp_certificate='/nowhere/ca.pem': cannot be read",
    ),
    (
        {"otlp_client_key": "/nowhere/k.pem", "otlp_endpoint": "https://h"},
        "otlp_client_key='/nowhere/k.pem': needs otlp_client_certificate too",
    ),
    (
        {"otlp_client_certificate": "/nowhere/c.pem", "otlp_endpoint": "https://h"},
        "otlp_client_certificate='/nowhere/c.pem': cannot be read",
    ),
]


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_used_is_an_error(
    make_metrics: MakeMetrics, protocol: str, arguments: dict[str, Any], said: str
) -> None:
    """One line names setting, value and rule, and no secret."""
    with pytest.raises(ValueError, match=r".") as refused:
        make_metrics(**{"otlp_protocol": protocol, **arguments})

    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
    assert "s3cret" not in str(refused.value)


IN_VARIABLES = {
    "ENDPOINT": "localhost:4317",
    "HEADERS": "s3cret",
    "CERTIFICATE": "/nowhere/ca.pem",
    "CLIENT_CERTIFICATE": "/nowhere/c.pem",
    "CLIENT_KEY": "/nowhere/k.pem",
}


@pytest.mark.parametrize(
    "name", [per_signal + name for per_signal in ("", "METRICS_") for name in IN_VARIABLES]
)
def test_what_cannot_be_used_in_a_variable_switches_the_exporter_off(
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    protocol: str,
    name: str,
) -> None:
    """One line names the variable; other exporters and the program run on; no secret is told."""
    variable = f"OTEL_EXPORTER_OTLP_{name}"
    monkeypatch.setenv(variable, IN_VARIABLES[name.removeprefix("METRICS_")])
    metrics = make_metrics(exporter="prometheus,otlp", otlp_protocol=protocol)
    metrics.record_operation_success("plan")

    assert metrics.get_metrics_summary()["exporters"] == ["prometheus"]
    (line,) = warnings_in(caplog)
    assert line.startswith("exporter otlp is off: otlp_")
    assert line.endswith(f"as set by {variable}")
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "name",
    [f"{signal}{name}" for signal in ("", "METRICS_") for name in ("COMPRESSION", "TIMEOUT")],
)
def test_a_variable_that_nobody_can_read_stops_nothing(
    received: Received,
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    name: str,
) -> None:
    """The default holds, and what is exported arrives; the variable itself is left alone."""
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", "nonsense")
    sent(make_metrics(otlp_endpoint=received.url, otlp_protocol=protocol))

    assert len(received.requests) == 1
    assert os.environ[f"OTEL_EXPORTER_OTLP_{name}"] == "nonsense"


def test_grpc_without_a_scheme_needs_to_know_about_tls(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``OTEL_EXPORTER_OTLP_INSECURE`` says it, as OpenTelemetry's specification has it."""
    with RECEIVERS["grpc"]() as received:
        bare = received.url.removeprefix("http://")
        environment(monkeypatch, INSECURE="true")
        sent(make_metrics(otlp_protocol="grpc", otlp_endpoint=bare))
        assert len(received.requests) == 1
        environment(monkeypatch, METRICS_INSECURE="false")
        metrics = make_metrics(otlp_protocol="grpc", otlp_endpoint=bare, otlp_timeout=0.5)
        assert not metrics.flush(5)
        assert len(received.requests) == 1


def test_tls_that_was_asked_for_is_no_http(
    make_metrics: MakeMetrics, certificates: Certificates, protocol: str
) -> None:
    """With a certificate and an endpoint in clear, nothing is sent at all."""
    with pytest.raises(ValueError, match=r"needs an https:// endpoint: nothing is sent in clear"):
        make_metrics(
            otlp_protocol=protocol,
            otlp_endpoint="http://127.0.0.1:1",
            otlp_certificate=certificates.ca,
        )


def test_a_key_of_another_certificate_is_refused(
    make_metrics: MakeMetrics, certificates: Certificates, protocol: str
) -> None:
    """Before anything is sent, by the setting's name."""
    with pytest.raises(ValueError, match=r"otlp_client_key=.*does not belong"):
        make_metrics(
            otlp_protocol=protocol,
            otlp_endpoint="https://127.0.0.1:1",
            otlp_client_certificate=certificates.client,
            otlp_client_key=certificates.server_key,
        )


@pytest.fixture
def no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave OpenTelemetry's OTLP exporters out of what can be imported."""
    for name in list(sys.modules):
        if name.startswith("opentelemetry.exporter.otlp"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp", None)


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_the_error_names_it(make_metrics: MakeMetrics, protocol: str) -> None:
    """One line says what to install."""
    wanted = r"^[^\n]*pip install 'otel-executor-metrics\[otlp\]'$"
    with pytest.raises(MissingExtraError, match=wanted):
        make_metrics(otlp_protocol=protocol)


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_a_program_runs_on_if_a_variable_chose_it(
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One warning names the variable and what to install."""
    monkeypatch.setenv("METRICS_EXPORTER", "otlp")
    metrics = make_metrics(exporter=None)
    metrics.record_operation_success("plan")

    assert metrics.degraded
    (line,) = warnings_in(caplog)
    assert "pip install 'otel-executor-metrics[otlp]'" in line
    assert "METRICS_EXPORTER" in line


def test_secrets_are_shown_nowhere(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    """Neither log nor summary nor any ``repr`` has headers or a password of the endpoint."""
    caplog.set_level(logging.DEBUG, "otel_executor_metrics")
    user = "" if protocol == "grpc" else "user:s3cret@"
    metrics = make_metrics(
        otlp_protocol=protocol,
        otlp_endpoint=f"http://{user}127.0.0.1:1",
        otlp_headers="authorization=Bearer s3cret",
        otlp_timeout=0.2,
    )
    metrics.flush(5)

    assert warnings_in(caplog)
    shown = repr(metrics) + repr(vars(metrics)) + repr(metrics.get_metrics_summary())
    assert "s3cret" not in shown + caplog.text


def test_grpc_takes_no_user_in_a_url(make_metrics: MakeMetrics) -> None:
    """It would look up a host of that name; the error says what to do, and hides the password."""
    with pytest.raises(ValueError, match=r"otlp_endpoint='http://h': .*otlp_headers") as refused:
        make_metrics(otlp_protocol="grpc", otlp_endpoint="http://user:s3cret@h")
    assert "s3cret" not in str(refused.value)


def test_otlp_is_imported_only_when_asked_for(tmp_path: Path) -> None:
    """Who uses another exporter pays nothing for this one."""
    from tests.facade.programs import run_program

    done = run_program(
        """
        import sys
        from otel_executor_metrics import ExecutorMetrics
        ExecutorMetrics(exporter="none").shutdown()
        print([name for name in sys.modules if "otlp.proto" in name or name == "grpc"])
        """
    )

    assert done.stdout == "[]\n", done.stderr
