"""What is generated is taken by those for whom it is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.artifacts import (
    Access,
    alertmanager_yaml,
    alerts_yaml,
    rules_yaml,
    scrape_yaml,
)
from tests.artifacts.catalogue import OPERATIONS
from tests.support.checkers import amtool, promtool
from tests.support.prometheus import PrometheusServer

pytestmark = pytest.mark.real


@pytest.mark.parametrize("generate", [rules_yaml, alerts_yaml])
def test_promtool_takes_the_rules(tmp_path: Path, generate: Callable[..., str]) -> None:
    """Every expression parses, and no rule is there twice."""
    text = generate(OPERATIONS)
    (tmp_path / "rules.yml").write_text(text)
    number = sum(len(group["rules"]) for group in yaml.safe_load(text)["groups"])

    told = promtool("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yml")

    assert f"SUCCESS: {number} rules found" in told


@pytest.mark.parametrize("webhook", [None, "http://pager:9000/hook"])
def test_amtool_takes_the_configuration(tmp_path: Path, webhook: str | None) -> None:
    """With a receiver of messages, and with none."""
    (tmp_path / "alertmanager.yml").write_text(alertmanager_yaml(webhook))

    told = amtool("check-config", tmp_path / "alertmanager.yml")

    assert "1 receivers" in told
    assert "2 inhibit rules" in told


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """Write an authority, what it vouches for the server and the client with, and credentials."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server, client = authority.issue_cert("localhost"), authority.issue_cert("prometheus")
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    client.private_key_pem.write_to_path(tmp_path / "client.key")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    (tmp_path / "secret").write_text("s3cret")
    names = ("ca.pem", "server.pem", "client.key", "client.pem", "secret")
    return {name: str(tmp_path / name) for name in names}


Made = tuple[Callable[[dict[str, str]], dict[str, Any]], Callable[[dict[str, str]], Access]]
PROTECTED: dict[str, Made] = {
    "open": (lambda files: {}, lambda files: Access()),
    "basic authentication": (
        lambda files: {"basic_auth": ("prometheus", "s3cret")},
        lambda files: Access(username="prometheus", password_file=files["secret"]),
    ),
    "mutual TLS and a token": (
        lambda files: {
            "tls_certificate": files["server.pem"],
            "tls_client_ca": files["ca.pem"],
            "bearer_token": "s3cret",
        },
        lambda files: Access(
            ca_file=files["ca.pem"],
            cert_file=files["client.pem"],
            key_file=files["client.key"],
            server_name="localhost",
            token_file=files["secret"],
        ),
    ),
}


def test_prometheus_scrapes_what_it_is_told(
    certificates: dict[str, str],
    start_prometheus: Callable[..., PrometheusServer],
    tmp_path: Path,
) -> None:
    """Each configuration is one by itself, and leads to the target through its protection."""
    configs = []
    with ExitStack() as serving:
        for number, (options, access) in enumerate(PROTECTED.values()):
            served = options(certificates)
            metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1", **served)
            target = f"127.0.0.1:{serving.enter_context(metrics).metrics_port}"
            text = scrape_yaml(
                [target], job=f"job{number}", interval="500ms", access=access(certificates)
            )
            (tmp_path / "prometheus.yml").write_text(text)
            promtool("check", "config", tmp_path / "prometheus.yml")
            configs += yaml.safe_load(text)["scrape_configs"]

        server = start_prometheus(configs)

        server.wait_for("intent_success_total", lambda seen: len(seen) == len(PROTECTED))


def test_a_collector_keeps_what_executors_say_of_themselves() -> None:
    """Its scrape honours the labels job and instance."""
    made = yaml.safe_load(scrape_yaml(["collector:8889"], job="collector", honor_labels=True))

    assert json.loads(json.dumps(made)) == {
        "scrape_configs": [
            {
                "job_name": "collector",
                "scrape_interval": "15s",
                "honor_labels": True,
                "static_configs": [{"targets": ["collector:8889"]}],
            }
        ]
    }
