"""The OpenTelemetry side: provider, meter, Views, and what the SDK is given to export."""

from otel_executor_metrics.pipeline.cells import abandon
from otel_executor_metrics.pipeline.collection import Source
from otel_executor_metrics.pipeline.declaring import Instruments
from otel_executor_metrics.pipeline.provider import (
    Pipeline,
    definitions_of,
    given_provider,
    takes_cells,
)
from otel_executor_metrics.pipeline.public import PublicInstrument
from otel_executor_metrics.pipeline.resources import forked_resource, process_resource
from otel_executor_metrics.pipeline.sampling import SAMPLINGS, Sampling
from otel_executor_metrics.pipeline.views import ExecutorViews

__all__ = [
    "SAMPLINGS",
    "ExecutorViews",
    "Instruments",
    "Pipeline",
    "PublicInstrument",
    "Sampling",
    "Source",
    "abandon",
    "definitions_of",
    "forked_resource",
    "given_provider",
    "process_resource",
    "takes_cells",
]
