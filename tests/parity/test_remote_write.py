"""What a Collector writes to Prometheus is what Prometheus scrapes of the process."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.demo.workload import Workload
from tests.parity.series import by_series
from tests.support.collector import CONFIGS, Collector
from tests.support.ports import free_ports
from tests.support.prometheus import PrometheusServer, scrape_job

pytestmark = pytest.mark.real


def writing_config(folder: Path) -> Path:
    """Return otelcol.yaml with the remote write of gateway.yaml in place of its exporter."""
    config: dict[str, Any] = yaml.safe_load((CONFIGS / "otelcol.yaml").read_text())
    gateway = yaml.safe_load((CONFIGS / "gateway.yaml").read_text())
    name = "prometheus_remote_write"
    config["exporters"] = {name: gateway["exporters"][name]}
    config["service"]["pipelines"]["metrics"]["exporters"] = [name]
    file = folder / "writing.yaml"
    file.write_text(json.dumps(config))
    return file


def test_remote_write_shows_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start_prometheus: Callable[..., PrometheusServer],
) -> None:
    """All but one thing: a whole bound is written 1 and not 1.0, as docs/parity.md says."""
    (port,) = free_ports(1)
    server = start_prometheus(
        [scrape_job(port, name="pull")], arguments=["--web.enable-remote-write-receiver"]
    )
    url = f"{server.url}/api/v1/write"
    collector = Collector(tmp_path, writing_config(tmp_path), {"REMOTE_WRITE_URL": url})
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http_url)
    with (
        ExitStack() as ending,
        ExecutorMetrics(
            metrics_port=port,
            host="127.0.0.1",
            exporter="prometheus,otlp",
            service_name="written",
            label_values="keep",
        ) as metrics,
    ):
        ending.callback(collector.stop)
        Workload(metrics, seed=4).feed(500)
        metrics.record_operation("execute", duration=0.1, labels={"task_type": "任务"})
        assert metrics.flush()
        total = 'sum(intent_latency_seconds_count{job="%s"}) > 500'
        server.wait_for(total % "pull")
        server.wait_for(total % "written")
        everything = '{job="%s", __name__!~"up|scrape_.*|target_info"}'
        pull = by_series(server.query(everything % "pull"))
        written = by_series(server.query(everything % "written"))

    assert len(pull) > 200
    assert {_bounds_as_numbers(series): value for series, value in written.items()} == {
        _bounds_as_numbers(series): value for series, value in pull.items()
    }
    otherwise = {dict(series).get("le") for series in written.keys() ^ pull.keys()}
    assert otherwise == {"1", "1.0", "5", "5.0", "10", "10.0"}


def _bounds_as_numbers(series: frozenset[tuple[str, str]]) -> frozenset[tuple[str, object]]:
    return frozenset((name, float(text) if name == "le" else text) for name, text in series)
