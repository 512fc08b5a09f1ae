"""Which measurements become exemplars: OpenTelemetry's three filters, without the SDK's price."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from opentelemetry import trace
from opentelemetry.environment_variables import OTEL_PYTHON_TRACER_PROVIDER
from opentelemetry.sdk.metrics import (
    AlwaysOffExemplarFilter,
    AlwaysOnExemplarFilter,
    ExemplarFilter,
    TraceBasedExemplarFilter,
)

from otel_executor_metrics.storage.exemplars import Sample, Span


class Sampling(NamedTuple):
    """One of the filters.

    ``wanted`` tells whether a measurement may become an exemplar by now. Until it does, recording
    need not ask ``sample``; ``filter`` is what the SDK is given where it does the recording.
    """

    filter: type[ExemplarFilter]
    sample: Sample
    wanted: Callable[[], bool]


def sampled_span() -> Span | None:
    """Return the active span if it is sampled."""
    context = trace.get_current_span().get_span_context()
    if context.trace_flags & trace.TraceFlags.SAMPLED:
        return Span(context.trace_id, context.span_id)
    return None


def any_span() -> Span:
    """Return the active span, sampled or not, or none."""
    context = trace.get_current_span().get_span_context()
    return Span(context.trace_id, context.span_id) if context.is_valid else Span(None, None)


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
