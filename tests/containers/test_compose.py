"""compose.yaml: what can be known of it without a container engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.containers.compose import COMPOSE, ROOT, load, services
from tests.support.alertmanager import RELEASE
from tests.support.checkers import amtool, promtool
from tests.support.collector import validate

pytestmark = pytest.mark.real

NAMES = {"executor-metrics", "collector", "prometheus", "alertmanager", "grafana"}


def settings(file: str) -> Any:
    """Return what a file of a service says."""
    return yaml.safe_load((ROOT / file).read_text())


def test_compose_takes_the_file() -> None:
    """It holds to the schema of the Compose specification and is consistent."""
    assert services().keys() == NAMES


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("restart:", "restrat:", "restrat"),
        ("condition: service_healthy", "condition: healthy", "depends_on"),
        ("prometheus-data:/prometheus", "other-data:/prometheus", "undefined volume other-data"),
    ],
)
def test_compose_would_refuse_a_wrong_file(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    """The check above can fail."""
    text = COMPOSE.read_text()
    assert before in text
    (tmp_path / "compose.yaml").write_text(text.replace(before, after))

    _, complaints = load(tmp_path / "compose.yaml", {})

    assert complaint in complaints


def test_images_have_a_version() -> None:
    """None changes without a change of the file, or of the environment."""
    for name, service in services().items():
        tag = service["image"].partition(":")[2]
        assert tag, name
        assert tag != "latest", name
    mine = services(PROMETHEUS_IMAGE="mirror/prometheus:v9")["prometheus"]["image"]
    assert mine == "mirror/prometheus:v9"


def test_images_are_the_releases_that_the_tests_run() -> None:
    """The configurations were tried with just these."""
    release = settings("collector-config/builder.yaml")["dist"]["version"]

    assert services()["collector"]["image"].endswith(f":{release}")
    assert services()["alertmanager"]["image"].endswith(f":{RELEASE}")


def test_ports_are_published_to_this_machine_only() -> None:
    """Unless BIND says otherwise; each number can be set."""
    published = [port for service in services().values() for port in service["ports"]]
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}
    numbers = [port["published"] for port in published]
    assert len(set(numbers)) == len(numbers)

    moved = services(BIND="0.0.0.0", METRICS_PORT="9001")["executor-metrics"]["ports"]

    assert [(port["host_ip"], port["published"], port["target"]) for port in moved] == [
        ("0.0.0.0", "9001", 8001)
    ]


def test_mounted_files_are_there_and_read_only() -> None:
    """What a container is given of the project is in it, and stays as it is."""
    binds = [
        volume
        for service in services().values()
        for volume in service.get("volumes", [])
        if volume["type"] == "bind"
    ]

    assert len(binds) == 6
    assert all(Path(bind["source"]).exists() and bind["read_only"] for bind in binds)


def test_data_outlives_its_container() -> None:
    """Each service that keeps something has a volume for it."""
    kept = {
        name
        for name, service in services().items()
        for volume in service.get("volumes", [])
        if volume["type"] == "volume"
    }

    assert kept == {"prometheus", "alertmanager", "grafana"}


def test_each_service_that_can_has_a_health_check() -> None:
    """The executor's is in its image; the Collector's image has no program to ask with."""
    checked = {name for name, service in services().items() if "healthcheck" in service}

    assert checked == NAMES - {"executor-metrics", "collector"}


def test_prometheus_takes_its_file() -> None:
    """Promtool checks it; the jobs are those of the document, and the Collector."""
    promtool("check", "config", ROOT / "compose/prometheus.yml")

    jobs = {job["job_name"]: job for job in settings("compose/prometheus.yml")["scrape_configs"]}
    assert jobs.keys() == {"executor-metrics", "aiecs-api", "otelcol"}
    assert jobs["executor-metrics"]["scrape_interval"] == "5s"
    assert jobs["aiecs-api"]["scrape_interval"] == "10s"


def test_alertmanager_takes_its_file() -> None:
    """Amtool checks it."""
    amtool("check-config", ROOT / "compose/alertmanager.yml")


def test_the_collector_takes_its_file() -> None:
    """With the variables that the service sets; it listens to the other containers."""
    service = services()["collector"]
    variables = service["environment"]
    assert all(value.startswith("0.0.0.0") for value in variables.values())
    (mounted,) = service["volumes"]

    status, complaints = validate(Path(mounted["source"]), variables=variables)

    assert (status, complaints) == (0, "")


def test_grafana_finds_its_dashboard() -> None:
    """The folder that it is told of is one that is mounted, with a dashboard in it."""
    (provider,) = settings("compose/grafana/dashboards/executor-metrics.yaml")["providers"]
    mounted = {volume["target"]: volume for volume in services()["grafana"]["volumes"]}

    source = Path(mounted[provider["options"]["path"]]["source"])

    assert json.loads((source / "executor-metrics.json").read_text())["title"] == "Executor metrics"


def test_prometheus_finds_its_rules() -> None:
    """The folder of its configuration has them in the container as it has here."""
    targets = {volume["target"] for volume in services()["prometheus"]["volumes"]}
    (rules,) = settings("compose/prometheus.yml")["rule_files"]

    assert f"/etc/prometheus/{Path(rules).parent}" in targets
    assert len(list((ROOT / "compose").glob(rules))) == 2


def test_addresses_lead_to_services() -> None:
    """Who is asked by name is a service that listens on that port."""
    listening = {
        f"{name}:{port['target']}"
        for name, service in services().items()
        for port in service["ports"]
    }
    (datasource,) = settings("compose/grafana/datasources/prometheus.yaml")["datasources"]
    prometheus = settings("compose/prometheus.yml")
    alertmanagers = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    scraped = [
        target
        for job in prometheus["scrape_configs"]
        for config in job.get("static_configs", [])
        for target in config["targets"]
    ]
    sent_to = services()["executor-metrics"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    named = {*alertmanagers, *scraped, *(
        url.removeprefix("http://") for url in (datasource["url"], sent_to)
    )}  # fmt: skip

    # What the Collector says of itself is for Prometheus only.
    assert named - listening == {"collector:8888"}
    assert len(named) == 5
