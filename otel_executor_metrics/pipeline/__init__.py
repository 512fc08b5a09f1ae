"""The OpenTelemetry side: provider, meter, Views, and what the SDK is given to export."""

from otel_executor_metrics.pipeline.collection import Source
from otel_executor_metrics.pipeline.declaring import Instruments
from otel_executor_metrics.pipeline.provider import Pipeline, definitions_of
from otel_executor_metrics.pipeline.public import PublicInstrument
from otel_executor_metrics.pipeline.views import ExecutorViews

__all__ = [
    "ExecutorViews",
    "Instruments",
    "Pipeline",
    "PublicInstrument",
    "Source",
    "definitions_of",
]
