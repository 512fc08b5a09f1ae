"""Collectors, and the certificates and variables that they need."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import trustme

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.support.collector import Collector

StartCollector: TypeAlias = Callable[..., Collector]
TOKEN = "s3cret-token"


@pytest.fixture
def make_metrics() -> Iterator[MakeMetrics]:
    """Make facades that send OTLP and do not wait long, in the end, for whom is not there."""
    with ExitStack() as made:

        def make(**settings: Any) -> ExecutorMetrics:
            defaults = {"exporter": "otlp", "shutdown_timeout": 1.0, "metrics_port": 0}
            metrics = ExecutorMetrics(**{**defaults, "host": "127.0.0.1", **settings})
            made.callback(metrics.shutdown)
            return metrics

        yield make


@pytest.fixture
def start_collector(tmp_path: Path) -> Iterator[StartCollector]:
    """Start Collectors, with the arguments of `Collector` after the folder.

    They end with the test; if it fails, pytest shows their logs.
    """
    with ExitStack() as started:

        def start(*args: Any, **kwargs: Any) -> Collector:
            folder = Path(tempfile.mkdtemp(prefix="otelcol-", dir=tmp_path))
            collector = Collector(folder, *args, **kwargs)
            started.callback(lambda: print(collector.log()))
            started.callback(collector.stop)
            return collector

        yield start


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, a server and a client that it signed, and a foreign authority."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path
    foreign_ca: Path

    @property
    def of_gateway(self) -> dict[str, Path]:
        """The variables of gateway.yaml."""
        return {
            "GATEWAY_CA_FILE": self.ca,
            "GATEWAY_CERT_FILE": self.server,
            "GATEWAY_KEY_FILE": self.server_key,
        }

    @property
    def of_collector(self) -> dict[str, Path]:
        """The variables of tls.yaml."""
        return {
            "OTLP_CERT_FILE": self.server,
            "OTLP_KEY_FILE": self.server_key,
            "OTLP_CLIENT_CA_FILE": self.ca,
        }

    @property
    def of_agent(self) -> dict[str, Path]:
        """The variables of agent.yaml."""
        return {
            "GATEWAY_CA_FILE": self.ca,
            "AGENT_CERT_FILE": self.client,
            "AGENT_KEY_FILE": self.client_key,
        }


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make them."""
    names = ("ca", "server", "server-key", "client", "client-key", "foreign-ca")
    folder = tmp_path_factory.mktemp("certificates")
    made = Certificates(*(folder / f"{name}.pem" for name in names))
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(made.ca))
    trustme.CA().cert_pem.write_to_path(str(made.foreign_ca))
    for leaf, chain, key in (
        (ca.issue_cert("localhost", "127.0.0.1"), made.server, made.server_key),
        (ca.issue_cert("agent@example.org"), made.client, made.client_key),
    ):
        chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(key))
    return made
