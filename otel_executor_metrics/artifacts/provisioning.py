"""What Grafana reads at its start: a data source, and where dashboards lie."""

from __future__ import annotations

from typing import Final

from otel_executor_metrics.artifacts.yaml_text import made_by, yaml_text

DASHBOARDS: Final = "/etc/grafana/provisioning/dashboards"


def datasource_yaml(url: str, *, interval: str = "15s") -> str:
    """Return a file for Grafana's ``provisioning/datasources``.

    Args:
        url: of Prometheus, as Grafana's server sees it.
        interval: that of the scrapes: over less, ``rate()`` has nothing to see.

    Raises:
        MissingExtraError: PyYAML is not installed.
    """
    source = {
        "name": "Prometheus",
        "uid": "prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": True,
        "jsonData": {"timeInterval": interval},
    }
    return yaml_text({"apiVersion": 1, "datasources": [source]}, made_by("datasource"))


def provider_yaml(folder: str = DASHBOARDS) -> str:
    """Return a file for Grafana's ``provisioning/dashboards``.

    Args:
        folder: where dashboards lie, as Grafana's server sees it; it may be that of this file.

    Raises:
        MissingExtraError: PyYAML is not installed.
    """
    provider = {
        "name": "executor-metrics",
        "type": "file",
        # What is changed in the browser would be lost with the next start.
        "allowUiUpdates": False,
        "options": {"path": folder},
    }
    return yaml_text({"apiVersion": 1, "providers": [provider]}, made_by("provider"))
