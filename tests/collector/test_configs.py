"""The files of ``collector-config/`` are good, and each of them starts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.collector.conftest import TOKEN, Certificates, StartCollector
from tests.support.checkers import promtool
from tests.support.collector import CONFIGS, validate
from tests.support.ports import free_ports
from tests.support.prometheus import PrometheusServer

pytestmark = pytest.mark.real

OVERLAY = "tls.yaml"
FILES = sorted({path.name for path in CONFIGS.glob("*.yaml")} - {"builder.yaml", OVERLAY})
GUARDED = ["agent.yaml", "gateway.yaml"]


@pytest.fixture
def variables(certificates: Certificates, tmp_path: Path) -> dict[str, str]:
    """What all files together need beyond their defaults; listeners on free ports."""
    listen, peers = free_ports(2)
    found = {
        **certificates.of_agent,
        **certificates.of_gateway,
        **certificates.of_collector,
        "AGENT_STORAGE": tmp_path / "queue",
        "GATEWAY_TOKEN": TOKEN,
        "GATEWAY_LISTEN": f"127.0.0.1:{listen}",
        "GATEWAY_PEER_LISTEN": f"127.0.0.1:{peers}",
    }
    return {name: str(value) for name, value in found.items()}


def test_all_files_are_known() -> None:
    """The folder has these Collectors."""
    assert FILES == ["agent.yaml", "fleet-sum.yaml", "gateway.yaml", "otelcol.yaml"]


@pytest.mark.parametrize("name", FILES)
def test_it_is_valid(name: str, variables: dict[str, str]) -> None:
    """``otelcol validate`` has no complaint."""
    assert validate(CONFIGS / name, variables=variables) == (0, "")


@pytest.mark.parametrize("name", ["otelcol.yaml", "fleet-sum.yaml"])
def test_tls_goes_on_top_of_it(name: str, variables: dict[str, str]) -> None:
    """``otelcol validate`` has no complaint about both together; other tests start them so."""
    assert validate(CONFIGS / name, CONFIGS / OVERLAY, variables=variables) == (0, "")


@pytest.mark.parametrize("name", FILES)
def test_it_starts(name: str, variables: dict[str, str], start_collector: StartCollector) -> None:
    """The Collector comes up with it, is healthy, warns of nothing deprecated, and ends well."""
    collector = start_collector(name, variables)
    assert "otelcol_process_uptime" in collector.own_metrics()
    collector.stop()

    assert collector.wait() == 0
    bad = [
        line
        for line in collector.log().splitlines()
        if re.search(r"\t(warn|error)\t|deprecated", line)
        and "connection refused" not in line  # nobody is behind it here
    ]
    assert bad == []


@pytest.mark.parametrize("name", GUARDED)
def test_without_a_token_it_does_not_start(
    name: str, variables: dict[str, str], start_collector: StartCollector
) -> None:
    """There is no default that all the world knows."""
    variables.pop("GATEWAY_TOKEN")
    collector = start_collector(name, variables, ready=False)

    assert collector.wait() == 1
    assert "no bearer token provided" in collector.log()


@pytest.mark.parametrize("name", FILES)
def test_nothing_listens_outside_by_default(name: str) -> None:
    """Every address is a variable, with a default on this host."""
    text = (CONFIGS / name).read_text()
    ends = re.findall(r"^\s+(?:endpoint|host): (.*)$", text, re.MULTILINE)

    assert len(ends) >= 3
    for end in ends:
        assert re.fullmatch(r"\$\{env:\w+:-(http://)?localhost(:\d+[/\w]*)?\}", end), end


def test_prometheus_starts_with_its_file(
    start_prometheus: Callable[..., PrometheusServer],
) -> None:
    """``promtool`` has no complaint, and Prometheus runs with it."""
    file = CONFIGS / "prometheus.yml"
    promtool("check", "config", file)

    server = start_prometheus(config=file)
    # Each has its moment within its interval, the last one within a quarter of a minute.
    jobs = server.wait_for("count by (job) (up)", lambda seen: len(seen) >= 2)
    assert {sample.labels["job"] for sample in jobs} <= {"collector", "otelcol", "executor-metrics"}
