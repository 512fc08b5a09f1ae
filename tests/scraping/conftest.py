"""Endpoints to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics

Serve = Callable[..., ExecutorMetrics]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve metrics on a free port, with settings of the facade; they end with the test."""
    with ExitStack() as started:

        def start(**settings: Any) -> ExecutorMetrics:
            settings = {"metrics_port": 0, "host": "127.0.0.1", **settings}
            return started.enter_context(ExecutorMetrics(**settings))

        yield start
