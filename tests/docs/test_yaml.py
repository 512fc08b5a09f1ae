"""The YAML of the documents is read by that for which it is, and agrees with the code."""

from __future__ import annotations

import pytest
import yaml

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.cli import main
from tests.support.checkers import promtool
from tests.support.documents import find
from tests.support.probes import probe

MANIFESTS = find("docs/health.md", "yaml")
SCRAPE = find("docs/how-to/guarding.md", "yaml")
BLOCKS = [*MANIFESTS, *SCRAPE]
DEFAULT_PORT = 8001


@pytest.mark.parametrize("block", MANIFESTS, ids=str)
def test_a_manifest_is_one_that_kubernetes_takes(block):
    """It is a part of a Pod, in which nothing is misspelt; what it asks for is answered."""
    models = pytest.importorskip("lightkube.models.core_v1")
    shown = yaml.safe_load(block.code)

    pod = models.PodSpec.from_dict(shown)

    assert pod.to_dict() == shown  # names that Kubernetes does not know are lost on the way
    (container,) = pod.containers
    ports = {port.name: port.containerPort for port in container.ports}
    probes = [container.livenessProbe.httpGet, container.readinessProbe.httpGet]
    assert {ports[asked.port] for asked in probes} == {DEFAULT_PORT}
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1") as metrics:
        url = f"http://127.0.0.1:{metrics.metrics_port}"
        assert [probe(url + asked.path)[0] for asked in probes] == [200, 200]


@pytest.mark.real
@pytest.mark.parametrize("block", SCRAPE, ids=str)
def test_a_scrape_configuration_is_one_that_prometheus_takes(block, tmp_path):
    """Promtool finds nothing wrong with it, its files being there."""
    for name in ("ca.pem", "token"):
        (tmp_path / name).write_text("")
    (tmp_path / "scrape.yml").write_text(block.code.replace("/etc/prometheus", str(tmp_path)))

    assert "SUCCESS" in promtool("check", "config", tmp_path / "scrape.yml")


@pytest.mark.parametrize("block", SCRAPE, ids=str)
def test_a_scrape_configuration_is_what_the_command_above_it_makes(block, capsys):
    """To the byte."""
    page = find(block.document)
    command = page[page.index(block) - 1]
    assert command.language == "sh"
    assert main(command.code.split()[1:]) == 0
    assert capsys.readouterr().out == block.code
