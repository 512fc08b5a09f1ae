"""The OpenTelemetry side: provider, meter, Views, and the cells that instruments are bound to."""

from otel_executor_metrics.pipeline.provider import Pipeline

__all__ = ["Pipeline"]
