"""From a span to a bucket to the scrape, and back to the trace."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from otel_executor_metrics import DEFAULT_BUCKETS, ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import fetch, url_of
from tests.tracing.exemplars import Traces, exemplars, of_buckets

WAYS: dict[str, Callable[[ExecutorMetrics, float], object]] = {
    "record_operation": lambda m, d: m.record_operation("plan", duration=d),
    "a failure": lambda m, d: m.record_operation("plan", success=False, duration=d),
    "record_operation_latency": lambda m, d: m.record_operation_latency("plan", d),
    "a batch": lambda m, d: m.record_batch_operations([{"operation": "plan", "duration": d}]),
    "a bound handle": lambda m, d: m.operation("plan").success(d),
    "a bound handle's failure": lambda m, d: m.operation("plan").failure("Boom", d),
    "observe of a bound handle": lambda m, d: m.operation("plan").observe(d),
    "prometheus_client's words": lambda m, d: m.metrics["plan_latency"].observe(d),
    "prometheus_client's child": lambda m, d: m.metrics["plan_latency"].labels().observe(d),
}


def test_it_leads_from_a_bucket_back_to_the_span(metrics: ExecutorMetrics) -> None:
    """Value, time and ids are those of the measurement, at the bucket that it lies in."""
    traces = Traces()
    before = time.time()
    with traces.tracer.start_as_current_span("executing"):
        metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})

    found = of_buckets(exemplars(metrics))
    assert list(found) == ["0.25"]
    assert found["0.25"].sample_labels["task_type"] == "ml"
    assert found["0.25"].value == 0.2
    assert before <= found["0.25"].time <= time.time()
    assert traces.span_of(found["0.25"]).name == "executing"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("duration", [0.2, 1, Decimal("7.25"), 20.0], ids=str)
def test_each_way_of_recording_leaves_one(
    metrics: ExecutorMetrics, way: str, duration: float
) -> None:
    """Whatever records a duration, and of whatever type it is."""
    traces = Traces()
    with traces.tracer.start_as_current_span(way):
        metrics.operation("wake", labels={"noticed": "at the first new label set"})
        WAYS[way](metrics, duration)

    (found,) = of_buckets(exemplars(metrics)).values()
    assert found.value == float(duration)
    assert traces.span_of(found).name == way


def test_counters_have_them_too(metrics: ExecutorMetrics) -> None:
    """The counter of a failure leads to the span that failed, which no bucket could."""
    traces = Traces()
    with traces.tracer.start_as_current_span("well"):
        metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})
        metrics.record_retry("execute", 2, labels={"task_type": "ml"})
    with traces.tracer.start_as_current_span("broken"):
        metrics.record_operation("execute", False, 0.2, {"task_type": "ml"}, ValueError())
    counted = {each.sample: each for each in exemplars(metrics) if each.sample.endswith("_total")}

    assert {name: traces.span_of(each).name for name, each in counted.items()} == {
        "execute_success_total": "well",
        "execute_retries_total": "well",
        "execute_failures_total": "broken",
    }
    assert counted["execute_failures_total"].sample_labels["error_type"] == "ValueError"


def test_the_span_at_the_end_of_a_block_counts(metrics: ExecutorMetrics) -> None:
    """``measure`` and ``with_metrics`` record when their block is left, and so do exemplars."""
    traces = Traces()

    @metrics.with_metrics("decorated", labels={"kind": "function"})
    def decorated() -> None:
        pass

    with traces.tracer.start_as_current_span("around"):
        with metrics.measure("measured"), traces.tracer.start_as_current_span("within"):
            pass
        decorated()
        with metrics.operation("entered"):
            pass

    found = [each for each in exemplars(metrics) if each.sample.endswith("_bucket")]
    assert {each.sample: traces.span_of(each).name for each in found} == {
        "measured_latency_seconds_bucket": "around",
        "decorated_latency_seconds_bucket": "around",
        "entered_latency_seconds_bucket": "around",
    }


def test_handles_kept_from_before_have_them(metrics: ExecutorMetrics) -> None:
    """Whoever bound a handle, or a child, before anybody traced, need not bind it again."""
    handle = metrics.operation("plan")
    child = metrics.metrics["intent_latency"].labels()
    traces = Traces()
    with traces.tracer.start_as_current_span("later"):
        metrics.record_operation("noticed")  # as each new label set is
        handle.success(0.2)
        child.observe(0.2)

    found = [each for each in exemplars(metrics) if each.sample.endswith("_bucket")]
    assert {each.sample for each in found} == {
        "plan_latency_seconds_bucket",
        "intent_latency_seconds_bucket",
    }


def test_the_latest_of_each_bucket_stays(metrics: ExecutorMetrics) -> None:
    """A bucket has one, the last that fell into it; it is shown again until another comes."""
    traces = Traces()
    for name, duration in (("first", 0.2), ("second", 0.21), ("slow", 3.0)):
        with traces.tracer.start_as_current_span(name):
            metrics.record_operation("made", duration=duration)

    for _ in range(2):
        found = of_buckets(exemplars(metrics))
        names = {le: traces.span_of(each).name for le, each in found.items()}
        assert names == {"0.25": "second", "5.0": "slow"}


def test_a_span_that_is_not_sampled_leaves_none(metrics: ExecutorMetrics) -> None:
    """Nor does a record without any span."""
    with Traces(ALWAYS_OFF).tracer.start_as_current_span("not sampled"):
        metrics.record_operation("made", duration=0.2)
        metrics.record_operation("made", success=False, duration=0.2)
    metrics.record_operation("made", duration=0.2)

    assert exemplars(metrics) == []


def test_a_remote_parent_will_do(metrics: ExecutorMetrics) -> None:
    """A span that came over the wire, with no tracer here, is sampled if its flag says so."""
    remote = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(0x01))
    with use_span(NonRecordingSpan(remote)):
        metrics.record_operation("made", duration=0.2)

    (found,) = of_buckets(exemplars(metrics)).values()
    assert found.labels == {"trace_id": f"{0xABC:032x}", "span_id": f"{0xDEF:016x}"}
    assert sum(map(len, (*found.labels, *found.labels.values()))) == 63  # OpenMetrics: 128


@pytest.mark.parametrize("from_environment", [True, False])
def test_the_filter_always_off_leaves_none(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, from_environment: bool
) -> None:
    """By argument or by OpenTelemetry's variable."""
    if from_environment:
        monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off")
    metrics = make_metrics(**({} if from_environment else {"exemplar_filter": "always_off"}))
    with Traces().tracer.start_as_current_span("sampled"):
        metrics.record_operation("made", duration=0.2)

    assert exemplars(metrics) == []


def test_the_filter_always_on_takes_all(make_metrics: MakeMetrics) -> None:
    """Spans that are not sampled as well, and what has no span at all, without ids then."""
    metrics = make_metrics(exemplar_filter="always_on")
    metrics.record_operation("made", duration=0.2)
    with Traces(ALWAYS_OFF).tracer.start_as_current_span("not sampled") as span:
        metrics.record_operation("made", duration=0.4)

    found = of_buckets(exemplars(metrics))
    assert found["0.25"].labels == {}
    assert found["0.5"].labels["trace_id"] == f"{span.get_span_context().trace_id:032x}"


def test_plain_text_has_none(metrics: ExecutorMetrics) -> None:
    """The older format knows no exemplars; its readers would not understand the line."""
    with Traces().tracer.start_as_current_span("sampled"):
        metrics.record_operation("made", duration=0.2)

    text = fetch(url_of(metrics))
    assert "made_latency_seconds_bucket" in text
    assert "trace_id" not in text


def test_capitals_and_missing_labels_are_no_hindrance(metrics: ExecutorMetrics) -> None:
    """Exemplars find their sample by its exported name, and by the labels that it has."""
    traces = Traces()
    with traces.tracer.start_as_current_span("sampled"):
        metrics.record_operation("HTTP_Call", duration=0.2, labels={"route": "a"})
        metrics.record_operation("HTTP_Call", duration=0.4, labels={"verb": "GET"})

    found = of_buckets(exemplars(metrics))
    assert found["0.25"].sample == "HTTP_Call_latency_seconds_bucket"
    assert found["0.25"].sample_labels["route"] == "a"
    assert found["0.5"].sample_labels["verb"] == "GET"


def test_threads_do_not_mix_them_up(metrics: ExecutorMetrics) -> None:
    """Under load each leads to a span that recorded this value, which lies in this bucket."""
    traces = Traces()
    durations = [bound * 0.99 for bound in DEFAULT_BUCKETS] + [20.0]

    def work(thread: int) -> None:
        for at in range(200):
            duration = durations[(thread + at) % len(durations)] * (1 - thread / 1000)
            with traces.tracer.start_as_current_span(repr(duration)):
                metrics.record_operation("made", duration=duration, labels={"n": str(at % 3)})

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work, thread) for thread in range(8)]
        seen = []
        while not all(job.done() for job in working):
            seen += exemplars(metrics)
        for job in working:
            job.result()

    seen += exemplars(metrics)
    checked = [each for each in seen if each.sample == "made_latency_seconds_bucket"]
    assert len(checked) >= 3 * len(durations)
    bounds = [*map(str, DEFAULT_BUCKETS), "+Inf"]
    for each in checked:
        assert bounds[bisect_left(DEFAULT_BUCKETS, each.value)] == each.sample_labels["le"]
        assert traces.span_of(each).name == repr(each.value)
