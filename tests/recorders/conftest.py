"""A facade that serves nobody, whose numbers are read by its snapshot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_executor_metrics import ExecutorMetrics


@pytest.fixture
def metrics() -> Iterator[ExecutorMetrics]:
    """Return a facade with the built-in operations and nothing recorded."""
    with ExecutorMetrics(exporter="none") as made:
        yield made
