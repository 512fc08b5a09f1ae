"""Fixtures for every test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.prometheus import PrometheusServer

# Deadlines measure the machine, not the code. In CI the examples are the same in every run, so
# that a failure there belongs to the change at hand.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of whoever runs the tests."""
    for name in os.environ:
        if name.startswith(("METRICS_", "OTEL_", "PROMETHEUS_")):
            monkeypatch.delenv(name)
    # Loopback needs no proxy; a download may.
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[..., PrometheusServer]]:
    """Start real Prometheus servers, with the arguments of `PrometheusServer` after the folder.

    They end with the test; if it fails, pytest shows their logs.
    """
    with ExitStack() as started:

        def start(*args: Any, **kwargs: Any) -> PrometheusServer:
            folder = Path(tempfile.mkdtemp(prefix="prometheus-", dir=tmp_path))
            server = PrometheusServer(folder, *args, **kwargs)
            started.callback(lambda: print(server.log()))
            started.callback(server.stop)
            return server

        yield start
