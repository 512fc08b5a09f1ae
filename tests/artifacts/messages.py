"""A web hook behind a real Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from otel_executor_metrics.artifacts import alertmanager_yaml
from tests.artifacts.hook import Hook, web_hook
from tests.support.alertmanager import AlertmanagerServer


@contextmanager
def told_by_alertmanager(folder: Path) -> Iterator[tuple[Hook, dict[str, Any]]]:
    """Run an Alertmanager, configured as is generated, that tells a hook without waiting.

    Yields:
        the hook, and the section of prometheus.yml that leads to this Alertmanager.
    """
    with web_hook() as hook:
        text = alertmanager_yaml(hook.url, group_wait="1s", group_interval="1s")
        alertmanager = AlertmanagerServer(folder, text)
        targets = [{"targets": [alertmanager.address]}]
        try:
            yield hook, {"alerting": {"alertmanagers": [{"static_configs": targets}]}}
        finally:
            alertmanager.stop()
