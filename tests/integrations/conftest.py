"""Facades for the frameworks that are measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.asgi import ASGI_OPERATIONS
from otel_executor_metrics.integrations.futures import EXECUTOR_OPERATIONS


@pytest.fixture
def metrics() -> Iterator[ExecutorMetrics]:
    """Return a facade with the operations of the integrations, and labels as they are."""
    with ExecutorMetrics(
        metrics_port=0,
        host="127.0.0.1",
        operations=[*ASGI_OPERATIONS, *EXECUTOR_OPERATIONS],
        label_values="keep",
    ) as made:
        yield made
