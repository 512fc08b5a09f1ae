"""What the commands of the documents take for granted: files, addresses, servers."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.collector.conftest import TOKEN, Certificates
from tests.support.collector import CONFIGS, MANIFEST, collector_program
from tests.support.documents import ROOT, find
from tests.support.ports import free_ports
from tests.support.prometheus import prometheus_programs, recent_prometheus
from tests.support.real import find_programs

APP = """
from otel_executor_metrics import ExecutorMetrics

with ExecutorMetrics() as metrics:
    metrics.record_operation("execute", duration=0.2, labels={"task_type": "report"})
    assert not metrics.degraded
    assert metrics.flush(20)
    print(metrics.get_metrics_summary())
"""


@dataclass(frozen=True)
class Addresses:
    """Where the servers are that the documents speak of.

    Attributes:
        demo: the port of an executor at work.
        prometheus: which scrapes it.
        collector: takes OTLP over HTTP.
        gateway: takes OTLP from whom it knows.
        scraped: an executor that has sent all that it has to a Collector as well.
        collected: what that Collector shows of it.
    """

    demo: int
    prometheus: str
    collector: str
    gateway: str
    scraped: str
    collected: str


def make_folder(folder: Path, certificates: Certificates) -> None:
    """Put into a folder what the documents say, or take for granted, that is there."""
    for program in ("app.py", "your_program.py"):
        (folder / program).write_text(APP)
    (scrape,) = find("docs/quick-start.md", "yaml")
    (folder / "prometheus.yml").write_text(scrape.code)
    (catalogue,) = find("docs/dashboards-and-alerts.md", "python")[:1]
    (folder / "myapp").mkdir()
    (folder / "myapp" / "metrics.py").write_text(catalogue.code.partition("with Exec")[0])
    for config in CONFIGS.glob("*.yaml"):
        shutil.copy(config, folder)
    for name, source in {
        "tls.pem": certificates.server,
        "tls-key.pem": certificates.server_key,
        "ca.pem": certificates.ca,
        "agent.pem": certificates.client,
        "agent-key.pem": certificates.client_key,
    }.items():
        shutil.copy(source, folder / name)
    (folder / "metrics-token").write_text(TOKEN)


def make_programs(folder: Path) -> dict[str, str]:
    """Put the programs that commands call into a folder; return the environment to find them."""
    programs = prometheus_programs()
    environment = programs.environment()
    (folder / "promtool").symlink_to(programs.paths["promtool"])
    (folder / "ss").symlink_to(find_programs("iproute2", ("ss",)).paths["ss"])
    # The Prometheus of today, which takes OTLP, on the port and with the data of this test.
    recent = folder / "prometheus"
    recent.write_text(
        "#!/bin/sh\n"
        f"exec {recent_prometheus().paths['prometheus']} --storage.tsdb.path=data "
        '--web.listen-address=localhost:$PROMETHEUS_PORT "$@"\n'
    )
    recent.chmod(0o755)
    path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**environment, "PATH": path, "VIRTUAL_ENV": sys.prefix}


class Surroundings:
    """What stands in the place of what a test cannot have.

    Attributes:
        environment: of the commands.
        instead: what is put in the place of what, in commands.
        servers: as `tests.docs.commands.run` takes them.
    """

    def __init__(self, code: str, addresses: Addresses, environment: dict[str, str]) -> None:
        own, prometheus, grpc, http, shown, health, telemetry = free_ports(7)
        serves = re.search(r"otel_executor_metrics (demo|serve)", code) is not None
        port = own if serves else addresses.demo
        self.environment = {
            **environment,
            "METRICS_PORT": str(own),
            "OTEL_EXPORTER_OTLP_ENDPOINT": addresses.collector,
            "PROMETHEUS_PORT": str(prometheus),
            "OTLP_GRPC_ENDPOINT": f"localhost:{grpc}",
            "OTLP_HTTP_ENDPOINT": f"localhost:{http}",
            "PROMETHEUS_ENDPOINT": f"localhost:{shown}",
            "OTELCOL_HEALTH_ENDPOINT": f"localhost:{health}",
            "OTELCOL_TELEMETRY_PORT": str(telemetry),
        }
        self.servers = {
            "otel_executor_metrics demo": own,
            "otel_executor_metrics serve": own,
            "prometheus --web": prometheus,
            "otelcol --config": shown,
        }
        self.instead = {
            **_clone(),
            "parity http://localhost:8001/metrics": f"parity {addresses.scraped}",
            "http://localhost:8889/metrics": addresses.collected,
            "http://executor:8001": f"http://localhost:{port}",
            "http://prometheus:9090": f"http://localhost:{prometheus}",
            "localhost:9090": addresses.prometheus.removeprefix("http://"),
            "8001": str(port),
            "http://collector:4318": addresses.collector,
            "https://gateway:14317": f"https://{addresses.gateway}",
            "Bearer …": f"Bearer {TOKEN}",
            "/etc/otelcol/tls/": "",
            "/etc/app/": "",
            "/run/secrets/": "",
            # What only takes time.
            "--interval 10": "--interval 1",
            "--window 60": "--window 1",
        }

    def fit(self, command: str) -> str:
        """Return a command as it can be run here."""
        replaced = re.compile("|".join(map(re.escape, self.instead)))
        return replaced.sub(lambda found: self.instead[found[0]], command)


def _clone() -> dict[str, str]:
    """Return what is done in place of what would change this environment, or takes minutes.

    Pip is asked whether it would install what is named, and warns of extras that are not there.
    `make test` is what runs this; how a Collector is built is read where it was built from.
    """
    (release,) = re.findall(r"^  version: (\S+)$", MANIFEST.read_text(), re.MULTILINE)
    build = f"go run go.opentelemetry.io/collector/cmd/builder@v{release} --config builder.yaml"
    pip = "python -m pip install --dry-run"
    made = f"VENV={sys.prefix} --assume-old={sys.prefix}/.installed"
    return {
        "pip install '.[": f"{pip} 'otel-executor-metrics[",  # installed from here
        "pip install .": f"{pip} otel-executor-metrics",  # as the quick start does from a clone
        "pip install ": f"{pip} ",
        "make demo": f"make -C {ROOT} demo {made} ARGS='--port 0 --duration 1'",
        "make test": f"make -C {ROOT} --dry-run test",
        build: f"mkdir build && ln -vs {collector_program()} build/otelcol",
    }
