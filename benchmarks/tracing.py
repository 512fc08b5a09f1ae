"""What exemplars and labels of the baggage cost, all within one sampled span."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import baggage, context
from opentelemetry.sdk.trace import TracerProvider

from benchmarks import ours, sdk
from benchmarks.cases import Case
from benchmarks.loops import Contestant
from benchmarks.ours import Facade

TITLE = "record_operation, success with labels and duration, within a sampled span"

WITH = "with exemplars"
WITHOUT = "without exemplars"
BAGGAGE = "without exemplars, a label of the baggage"


@contextmanager
def tracing_case() -> Iterator[Case]:
    """Yield the case; the span, which has a baggage, is active in this thread meanwhile."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("benchmarks")
    carried = context.attach(baggage.set_baggage("tenant", "t0"))
    try:
        with tracer.start_as_current_span("benchmark"):
            yield Case(
                TITLE,
                WITH,
                (
                    Contestant(WITH, ours.SUCCESS, Facade().names()),
                    Contestant(WITHOUT, ours.SUCCESS, _without().names()),
                    Contestant(BAGGAGE, ours.SUCCESS, _without(baggage_labels="tenant").names()),
                    Contestant(sdk.NAME, sdk.SUCCESS, sdk.Instruments().names(), "with exemplars"),
                ),
                note="Where nobody traces, nothing of this is paid: see the first case.",
            )
    finally:
        context.detach(carried)


def _without(**settings: str) -> Facade:
    return Facade(exemplar_filter="always_off", **settings)
