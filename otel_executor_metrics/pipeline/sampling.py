"""Which measurements become exemplars: OpenTelemetry's three filters, without the SDK's price."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.environment_variables import OTEL_PYTHON_TRACER_PROVIDER
from opentelemetry.sdk.metrics import (
    AlwaysOffExemplarFilter,
    AlwaysOnExemplarFilter,
    ExemplarFilter,
    TraceBasedExemplarFilter,
)

from otel_executor_metrics.storage.exemplars import Sample


class Sampling(NamedTuple):
    """One of the filters.

    ``wanted`` tells whether a measurement may become an exemplar by now. Until it does, recording
    need not ask ``sample``; ``filter`` is what the SDK is given where it does the recording.
    """

    filter: type[ExemplarFilter]
    sample: Sample
    wanted: Callable[[], bool]


def sampled_span() -> trace.SpanContext | None:
    """Return the context of the active span if it is sampled."""
    if not get_current():  # which is found out in a tenth of the time
        return None
    span = trace.get_current_span().get_span_context()
    return span if span.trace_flags & trace.TraceFlags.SAMPLED else None


def any_span() -> trace.SpanContext:
    """Return the context of the active span, which is not valid where there is none."""
    return trace.get_current_span().get_span_context()


def tracing() -> bool:
    """Tell whether anybody traces in this process: a provider is set, or a span is active.

    A provider that a variable names is not asked for, which would load it.
    """
    if OTEL_PYTHON_TRACER_PROVIDER in os.environ:
        return True
    provider = trace.get_tracer_provider()
    idle = isinstance(provider, (trace.ProxyTracerProvider, trace.NoOpTracerProvider))
    return not idle or trace.get_current_span() is not trace.INVALID_SPAN


SAMPLINGS: Final[Mapping[str, Sampling]] = {
    "trace_based": Sampling(TraceBasedExemplarFilter, sampled_span, tracing),
    "always_on": Sampling(AlwaysOnExemplarFilter, any_span, lambda: True),
    "always_off": Sampling(AlwaysOffExemplarFilter, lambda: None, lambda: False),
}
"""The filters by the names that ``OTEL_METRICS_EXEMPLAR_FILTER`` has for them."""


def sampling_as(filter: ExemplarFilter) -> Sampling:
    """Return the sampling of one of the SDK's filters; any other counts as ``trace_based``."""
    found = (known for known in SAMPLINGS.values() if type(filter) is known.filter)
    return next(found, SAMPLINGS["trace_based"])
