"""The pytest plugin of otel-executor-metrics: the fixture ``executor_metrics``.

It stands beside the package since pytest imports it at each start, asked for or not: the package
would bring OpenTelemetry's SDK along.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from otel_executor_metrics.testing import CapturingMetrics


@pytest.fixture
def executor_metrics() -> Iterator[CapturingMetrics]:
    """Metrics that serve nobody, with asserts on what they recorded and a clock to set."""
    from otel_executor_metrics.testing import CapturingMetrics

    with CapturingMetrics() as metrics:
        yield metrics
