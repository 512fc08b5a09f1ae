"""Settings that guard access: they shut the door, and show no secret (contract §2)."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.logs import warnings_in
from tests.facade.scraping import fetch, url_of

# Settings that guard access, as variables with what cannot be used.
GUARDS = {
    "METRICS_TLS_CERTIFICATE": "/nowhere/certificate.pem",
    "METRICS_TLS_KEY": "/nowhere/key.pem",
    "METRICS_TLS_CLIENT_CA": "/nowhere/ca.pem",
    "METRICS_BASIC_AUTH": "s3cret-without-colon",
    "METRICS_BEARER_TOKEN": "s3cret with spaces",
}


@pytest.mark.parametrize("variable", GUARDS)
@pytest.mark.usefixtures("local")
def test_a_guard_that_cannot_be_used_leaves_the_endpoint_shut(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    free_port: int,
    variable: str,
) -> None:
    """A door that cannot be locked as asked stays shut; the program runs on, and is told."""
    monkeypatch.setenv(variable, GUARDS[variable])

    with ExecutorMetrics(metrics_port=free_port) as metrics:
        assert not metrics.enable_metrics
        metrics.record_operation_success("plan")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", free_port), 5)
    told = warnings_in(caplog)
    setting = variable.removeprefix("METRICS_").lower()
    assert any(variable in line or setting in line for line in told)
    assert all("\n" not in line for line in told)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"tls_certificate": "/nowhere/c.pem"}, "tls_certificate='/nowhere/c.pem'"),
        ({"tls_key": "/nowhere/k.pem"}, "tls_key='/nowhere/k.pem'"),
        ({"tls_client_ca": "/nowhere/ca.pem"}, "tls_client_ca='/nowhere/ca.pem'"),
        ({"basic_auth": "s3cret"}, "basic_auth"),
        ({"basic_auth": ("", "s3cret")}, "basic_auth"),
        ({"basic_auth": ("a:b", "s3cret")}, "basic_auth"),
        ({"basic_auth": ("user", "s3cret\n")}, "basic_auth"),
        ({"bearer_token": "s3cret with spaces"}, "bearer_token"),
        ({"bearer_token": ["s3cret"]}, "bearer_token"),
    ],
)
def test_a_guard_as_an_argument_that_cannot_be_used_is_an_error(
    make_metrics: MakeMetrics,
    caplog: pytest.LogCaptureFixture,
    arguments: dict[str, Any],
    named: str,
) -> None:
    """One line names setting and rule, and no secret."""
    with pytest.raises(ValueError, match=r".") as refused:
        make_metrics(**arguments)

    message = str(refused.value)
    assert message.startswith(named)
    assert "\n" not in message
    assert "s3cret" not in message + caplog.text
    assert "s3cret" not in repr(refused.value.__cause__) + repr(refused.value.__context__)


def test_secrets_are_shown_nowhere(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither log nor summary nor any ``repr`` has them."""
    caplog.set_level(logging.DEBUG)
    metrics = make_metrics(basic_auth=("user", "s3cret"), bearer_token="s3cret-token")

    shown = repr(metrics) + repr(vars(metrics)) + repr(metrics.get_metrics_summary())
    assert "s3cret" not in shown + caplog.text


def test_an_endpoint_with_credentials_asks_for_them(make_metrics: MakeMetrics) -> None:
    """Without credentials there are no metrics; the liveness probe needs none."""
    metrics = make_metrics(bearer_token="s3cret")
    url = url_of(metrics)

    with pytest.raises(AssertionError, match="401"):
        fetch(url)
    with pytest.raises(OSError, match="Not a gzip"):  # answered, and not compressed
        fetch(url.replace("/metrics", "/healthz"))
