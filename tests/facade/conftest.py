"""Facades on free ports of the loopback interface, shut down after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.support.ports import free_ports

MakeMetrics: TypeAlias = Callable[..., ExecutorMetrics]


@pytest.fixture
def make_metrics() -> Iterator[MakeMetrics]:
    """Make facades, by default on a free port of 127.0.0.1."""
    made: list[ExecutorMetrics] = []

    def make(**settings: Any) -> ExecutorMetrics:
        made.append(ExecutorMetrics(**{"host": "127.0.0.1", "metrics_port": 0, **settings}))
        return made[-1]

    yield make
    for metrics in made:
        metrics.shutdown()


@pytest.fixture
def metrics(make_metrics: MakeMetrics) -> ExecutorMetrics:
    """Return a facade with the built-in operations and nothing recorded."""
    return make_metrics()


@pytest.fixture
def free_port() -> int:
    """Return a port that nothing listens on."""
    return free_ports(1)[0]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the facade listen on the loopback interface unless told otherwise."""
    monkeypatch.setenv("METRICS_HOST", "127.0.0.1")
