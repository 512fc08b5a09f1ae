"""The same over OTLP, on a provider of the user's, and by the SDK's own hand."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_executor_metrics import ExecutorMetrics, ExecutorViews
from tests.facade.conftest import MakeMetrics
from tests.support.receiver import RECEIVERS
from tests.tracing.exemplars import Exemplar, Traces


@pytest.mark.parametrize("temporality", ["cumulative", "delta"])
@pytest.mark.parametrize("protocol", RECEIVERS)
def test_it_arrives_over_otlp(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, protocol: str, temporality: str
) -> None:
    """With the ids of the span, from cells and, for deltas, from the SDK's public calls."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", temporality)
    traces = Traces()
    with RECEIVERS[protocol]() as receiver:
        metrics = make_metrics(exporter="otlp", otlp_endpoint=receiver.url, otlp_protocol=protocol)
        with traces.tracer.start_as_current_span("sent"):
            metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})
            metrics.record_operation("execute", False, 3, {"task_type": "ml"}, "Boom")
        metrics.record_operation("execute", duration=0.6, labels={"task_type": "ml"})
        assert metrics.flush(30)
        (latency,) = [p for _, p in receiver.points("execute_latency") if p.exemplars]
        (failures,) = [p for _, p in receiver.points("execute_failures") if p.exemplars]
        metrics.shutdown()  # while somebody answers

    assert [each.as_double for each in latency.exemplars] == [0.2, 3.0]
    for each in (*latency.exemplars, *failures.exemplars):
        ids = {"trace_id": each.trace_id.hex(), "span_id": each.span_id.hex()}
        assert traces.span_of(Exemplar("", {}, ids, 0, 0)).name == "sent"
        assert each.time_unix_nano <= latency.time_unix_nano


def test_none_is_sent_of_what_is_not_sampled(make_metrics: MakeMetrics) -> None:
    """As little as at the endpoint."""
    with RECEIVERS["http/protobuf"]() as receiver:
        metrics = make_metrics(exporter="otlp", otlp_endpoint=receiver.url)
        with Traces(ALWAYS_OFF).tracer.start_as_current_span("not sampled"):
            metrics.record_operation("plan", duration=0.2)
        assert metrics.flush(30)
        assert [list(point.exemplars) for _, point in receiver.points("plan_latency")] == [[]]
        metrics.shutdown()


def test_facades_on_one_provider_share_the_latest() -> None:
    """Of one bucket there is one, whichever facade recorded last."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], views=ExecutorViews(), shutdown_on_exit=False)
    traces = Traces()
    for name in ("first", "second"):
        with traces.tracer.start_as_current_span(name) as last:
            ExecutorMetrics(meter_provider=provider).record_operation("made", duration=0.2)

    (found,) = _exemplars(reader, "made_latency")
    assert found.trace_id == last.get_span_context().trace_id
    provider.shutdown()


@pytest.mark.parametrize("cells", [True, False])
def test_a_provider_of_ones_own_decides_by_its_filter(cells: bool) -> None:
    """Whether recording goes into cells or through its public calls."""
    preferred = {} if cells else {Histogram: AggregationTemporality.DELTA}
    for exemplar_filter, expected in ((None, 1), (AlwaysOffExemplarFilter(), 0)):
        reader = InMemoryMetricReader(preferred_temporality=preferred)  # type: ignore[arg-type]
        provider = MeterProvider(
            [reader],
            views=ExecutorViews(),
            shutdown_on_exit=False,
            exemplar_filter=exemplar_filter,
        )
        metrics = ExecutorMetrics(meter_provider=provider)
        with Traces().tracer.start_as_current_span("sampled"):
            metrics.record_operation("made", duration=0.2)
        assert len(_exemplars(reader, "made_latency")) == expected
        provider.shutdown()


def _exemplars(reader: InMemoryMetricReader, name: str) -> list[Any]:
    data = reader.get_metrics_data()
    return [
        exemplar
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
        for exemplar in point.exemplars
    ]
