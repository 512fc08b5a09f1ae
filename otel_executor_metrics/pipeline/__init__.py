"""The OpenTelemetry side: provider, meter, Views, and the cells that instruments are bound to."""

from otel_executor_metrics.pipeline.provider import Pipeline
from otel_executor_metrics.pipeline.views import ExecutorViews

__all__ = ["ExecutorViews", "Pipeline"]
