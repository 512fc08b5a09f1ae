"""What a scrape shows of exemplars, and the spans that they should lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import Tracer
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import OPENMETRICS, fetch, url_of

_parse: Any = text_string_to_metric_families


class Traces:
    """A tracer of its own, whose spans are kept where they end."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self._exported = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler)
        provider.add_span_processor(SimpleSpanProcessor(self._exported))
        self.tracer: Tracer = provider.get_tracer("tests")

    def span_of(self, exemplar: Exemplar) -> ReadableSpan:
        """Return the ended span that an exemplar leads to."""
        (found,) = [
            span
            for span in self._exported.get_finished_spans()
            if f"{span.context.trace_id:032x}" == exemplar.labels["trace_id"]
            and f"{span.context.span_id:016x}" == exemplar.labels["span_id"]
        ]
        return found


@dataclass(frozen=True)
class Exemplar:
    """One exemplar of a scrape, and the sample that it stands at."""

    sample: str
    sample_labels: Mapping[str, str]
    labels: Mapping[str, str]
    value: float
    time: float


def exemplars(metrics: ExecutorMetrics) -> list[Exemplar]:
    """Scrape OpenMetrics, have it parsed, and return the exemplars."""
    return exemplars_in(fetch(url_of(metrics), OPENMETRICS))


def exemplars_in(text: str) -> list[Exemplar]:
    """Return the exemplars of an exposition."""
    return [
        Exemplar(
            sample.name,
            sample.labels,
            sample.exemplar.labels,
            sample.exemplar.value,
            float(sample.exemplar.timestamp),
        )
        for family in _parse(text)
        for sample in family.samples
        if sample.exemplar is not None
    ]


def of_buckets(found: list[Exemplar]) -> dict[str, Exemplar]:
    """Return those at buckets, by the bucket's upper bound."""
    return {each.sample_labels["le"]: each for each in found if each.sample.endswith("_bucket")}
