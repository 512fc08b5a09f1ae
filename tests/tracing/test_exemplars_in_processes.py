"""When tracing is noticed, what a forked child has, and what a real Prometheus keeps."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.facade.conftest import MakeMetrics
from tests.facade.programs import run_program
from tests.facade.scraping import url_of
from tests.support.prometheus import PrometheusServer, scrape_job
from tests.support.waiting import wait_until
from tests.tracing.exemplars import Exemplar, Traces

BEGINNING = """
import os, warnings
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.cell_operation import CellOperation
from tests.tracing.exemplars import exemplars, of_buckets

warnings.simplefilter("ignore")  # newer Pythons warn of forking with threads
"""
MADE = """
metrics = ExecutorMetrics(host="127.0.0.1", metrics_port=0)
"""

LATE = f"""
{MADE}
plan = metrics.operation("plan")
print("before", type(plan) is CellOperation)
trace.set_tracer_provider(TracerProvider())
exemplars(metrics)
print("after", type(plan) is CellOperation)
with trace.get_tracer("x").start_as_current_span("late"):
    plan.success(0.2)
print(list(of_buckets(exemplars(metrics))))
"""

FORKED = f"""
trace.set_tracer_provider(TracerProvider())
{MADE}
tracer = trace.get_tracer("x")
with tracer.start_as_current_span("parent"):
    metrics.record_operation("plan", duration=0.2)
child = os.fork()
if child == 0:
    kept = metrics._runtime.source.read_exemplars
    began_with = len(kept())
    with tracer.start_as_current_span("child"):
        metrics.record_operation("plan", duration=3.0)
    (by_index,) = kept().values()
    os._exit(0 if (began_with, len(by_index)) == (0, 2) else 1)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(list(of_buckets(exemplars(metrics))))
"""

INTERRUPTED = f"""
import signal, time
from bisect import bisect_left
from otel_executor_metrics import DEFAULT_BUCKETS
from tests.facade.scraping import scrape

trace.set_tracer_provider(TracerProvider())
tracer = trace.get_tracer("x")
{MADE}
calls = []

def record(number):
    calls.append(number)
    with tracer.start_as_current_span("any"):
        metrics.record_operation("job", duration=number % 9 / 3)
        metrics.record_operation("job", False, 20.0, error_type=f"E{{number % 50}}")

depth = 0

def interrupt(number, frame):
    global depth
    if depth < 5:  # a slow machine would begin ever more, and end none
        depth += 1
        record(len(calls))
        depth -= 1

record(0)
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
deadline = time.monotonic() + 1
while time.monotonic() < deadline:
    record(len(calls))
signal.setitimer(signal.ITIMER_REAL, 0)
found = of_buckets(exemplars(metrics))
bounds = [*map(str, DEFAULT_BUCKETS), "+Inf"]
print(
    scrape(metrics).value("job_success_total") == len(calls),
    scrape(metrics).total("job_failures_total") == len(calls),
    all(bounds[bisect_left(DEFAULT_BUCKETS, each.value)] == le for le, each in found.items()),
)
"""


def test_a_signal_handler_may_record_in_a_span_of_its_own() -> None:
    """Wherever it interrupts another record, nothing stands still, is lost, or is misplaced."""
    done = run_program(BEGINNING + INTERRUPTED)

    assert done.stdout == "True True True\n", done.stderr


def test_a_tracer_provider_that_comes_late_is_noticed() -> None:
    """With the next collection, also for what was bound long before; until then nothing is paid."""
    done = run_program(BEGINNING + LATE)

    assert done.stdout.splitlines() == ["before True", "after False", "['0.25']"], done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_starts_without() -> None:
    """Its parent's exemplars are its parent's, who still shows them."""
    done = run_program(BEGINNING + FORKED)

    assert done.stdout.splitlines() == ["child 0", "['0.25']"], done.stderr


@pytest.mark.real
def test_prometheus_leads_back_to_the_span(
    make_metrics: MakeMetrics, start_prometheus: Callable[..., PrometheusServer]
) -> None:
    """What it answers to a query of exemplars is the id of the trace, at the right bucket."""
    traces = Traces()
    metrics = make_metrics()
    with traces.tracer.start_as_current_span("asked for"):
        metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})
    port = int(url_of(metrics).rsplit(":", 1)[1].partition("/")[0])
    prometheus = start_prometheus(
        [scrape_job(port)], arguments=["--enable-feature=exemplar-storage"]
    )

    query = 'histogram_quantile(0.95, rate(execute_latency_seconds_bucket{task_type="ml"}[5m]))'
    (found,) = wait_until(lambda: prometheus.exemplars(query), 60, "Prometheus has an exemplar")

    assert float(found["value"]) == 0.2
    assert found["series"]["le"] == "0.25"
    assert traces.span_of(Exemplar("", {}, found["labels"], 0, 0)).name == "asked for"
