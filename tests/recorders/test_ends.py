"""However a process ends or forks, what waits is recorded once: real processes, read from outside.

A process that is killed is another matter: what waits in it is lost, as the documents say.
"""

from __future__ import annotations

import os
import re

import pytest

from tests.facade.programs import run_program
from tests.facade.test_fork import json_documents, successes

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# Ten records wait when the program comes to its end. {end} says which.
WAITING = {
    "batch": """
recorder = BatchMetricsRecorder(metrics)
for _ in range(10):
    recorder.add_metric("plan", True, 0.1)
""",
    "threads": """
recorder = ThreadSafeMetrics(metrics)
for _ in range(10):
    recorder.record_operation_async("plan", True, 0.1)
""",
    "queued": """
recorder = AsyncMetricsRecorder(metrics)
async def main():
    await recorder.start()
    for _ in range(10):
        await recorder.record_metric("plan", True, 0.1)
    {end}
asyncio.run(main())
""",
    "queued, its loop never ended": """
recorder = AsyncMetricsRecorder(metrics)
async def main():
    await recorder.start()
    for _ in range(10):
        await recorder.record_metric("plan", True, 0.1)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
""",
}
EXITING = """
import asyncio, sys
from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import (
    AsyncMetricsRecorder, BatchMetricsRecorder, ThreadSafeMetrics
)
metrics = ExecutorMetrics(exporter="console", export_interval_millis=3_600_000)
"""


@pytest.mark.parametrize("end", ["pass", "raise KeyError('x')", "metrics.shutdown()"])
@pytest.mark.parametrize("kind", WAITING)
def test_at_the_end_of_the_program_what_waits_is_recorded(kind: str, end: str) -> None:
    """By the last export, whatever ends the program, and whether or not it ends the metrics."""
    program = EXITING + WAITING[kind].replace("{end}", end)
    done = run_program(program if "{end}" in WAITING[kind] else program + end)

    assert done.returncode == (end.startswith("raise")), done.stderr
    assert [successes(document) for document in json_documents(done.stdout)] == [10]


FORKING = """
import asyncio, multiprocessing, os, sys, threading, warnings
warnings.simplefilter("ignore")  # newer Pythons warn of forking with threads
from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import (
    AsyncMetricsRecorder, BatchMetricsRecorder, ThreadSafeMetrics
)
metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")
"""

BATCHES = """
recorder = BatchMetricsRecorder(metrics, 100, flush_interval=3600)
for _ in range(30):
    recorder.add_metric("plan", True, 0.1)
for _ in range(4):
    child = os.fork()
    if child == 0:
        assert recorder.batch == []
        for _ in range(7):
            recorder.add_metric("plan", True, 0.1)
        sys.exit()
    os.waitpid(child, 0)
print("waiting", len(recorder.batch))
recorder.close()
print("recorded", metrics.snapshot().of("plan").success)
"""


@forking
def test_a_child_does_not_record_what_its_parent_had_batched() -> None:
    """The parent does, once; the child what it added itself, at its end."""
    done = run_program(FORKING + BATCHES, {"PYTHONWARNINGS": "ignore"})

    assert done.returncode == 0, done.stderr
    assert "waiting 30" in done.stdout
    assert "recorded 58.0" in done.stdout


CHILDREN_THREADS = """
from tests.support.waiting import wait_until

batch, safe = BatchMetricsRecorder(metrics, flush_interval=0.02), ThreadSafeMetrics(metrics)

def record():
    batch.add_metric("plan", True, 0.1)
    safe.record_operation_async("execute", True, 0.1)
    wait_until(lambda: not batch.batch and not safe.waiting, what="recorded")

record()
child = os.fork()
if child == 0:
    record()
    os._exit(0)
print("child", os.waitpid(child, 0)[1])
"""


@forking
def test_a_child_has_threads_of_its_own() -> None:
    """What it adds is recorded in time, as in its parent, although no thread is forked."""
    done = run_program(FORKING + CHILDREN_THREADS, {"PYTHONWARNINGS": "ignore"})

    assert done.returncode == 0, done.stderr
    assert "child 0" in done.stdout


WORKERS = """
batch, safe = BatchMetricsRecorder(metrics, 100, flush_interval=3600), ThreadSafeMetrics(metrics)
batch.add_metric("plan", True, 0.1)
safe.record_operation_async("plan", True, 0.1)

def work():
    for _ in range(5):
        batch.add_metric("plan", True, 0.1)
        safe.record_operation_async("plan", True, 0.1)

context = multiprocessing.get_context("fork")
for _ in range(3):
    worker = context.Process(target=work)
    worker.start()
    worker.join(30)
    print("worker", worker.exitcode)
metrics.flush()
print("recorded", metrics.snapshot().of("plan").success)
"""


@forking
def test_workers_of_multiprocessing_record_what_waits_at_their_end() -> None:
    """They skip atexit; the end of their metrics sees to it all the same."""
    done = run_program(FORKING + WORKERS, {"PYTHONWARNINGS": "ignore"})

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("worker 0") == 3
    assert "recorded 32.0" in done.stdout


BUSY = """
sys.setswitchinterval(1e-5)  # so that forks find threads in every corner
batch = BatchMetricsRecorder(metrics, 3, flush_interval=0.0005)
safe = ThreadSafeMetrics(metrics)
stop, added = threading.Event(), []

def add():
    count = 0
    while not stop.is_set():
        batch.add_metric("plan", True, 0.1)
        safe.record_operation_async("plan", True, 0.1)
        count += 2
    added.append(count)

threads = [threading.Thread(target=add, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(40):
    child = os.fork()
    if child == 0:
        for _ in range(5):
            batch.add_metric("plan", True, 0.1)
            safe.record_operation_async("plan", True, 0.1)
        batch.close()
        safe.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
stop.set()
for thread in threads:
    thread.join(30)
metrics.flush()
print("too many", metrics.snapshot().of("plan").success - sum(added) - 40 * 10)
"""


@forking
def test_forks_while_other_threads_record_neither_hang_nor_miscount() -> None:
    """Locks that these threads held, and records that they had put aside, stay behind."""
    done = run_program(FORKING + BUSY, {"PYTHONWARNINGS": "ignore"})

    assert done.returncode == 0, done.stderr
    assert "too many 0.0" in done.stdout


PUBLIC_CALLS = """
import os, sys, warnings
warnings.simplefilter("ignore")
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import BatchMetricsRecorder

reader = InMemoryMetricReader()
metrics = ExecutorMetrics(meter_provider=MeterProvider([reader]))  # no views: no cells

def successes():
    scopes = reader.get_metrics_data().resource_metrics[0].scope_metrics
    return [p.value for s in scopes for m in s.metrics if m.name == "plan_success"
            for p in m.data.data_points]

recorder = BatchMetricsRecorder(metrics, flush_interval=3600)
recorder.add_metric("plan", True)
child = os.fork()
if child == 0:
    recorder.close()
    print("child", successes(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
recorder.close()
print("parent", successes())
"""


@forking
def test_a_child_forgets_also_where_a_provider_records() -> None:
    """On a provider of the user's that takes OpenTelemetry's public calls."""
    done = run_program(PUBLIC_CALLS, {"PYTHONWARNINGS": "ignore"})

    assert done.returncode == 0, done.stderr
    assert re.search(r"child \[0\]", done.stdout), done.stdout
    assert "parent [1]" in done.stdout


SIGNALS = """
import signal, time
from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import BatchMetricsRecorder, ThreadSafeMetrics

metrics = ExecutorMetrics(exporter="none")
batch, safe = BatchMetricsRecorder(metrics, 3, flush_interval=0.001), ThreadSafeMetrics(metrics)
interruptions = []  # appended to: a handler may be interrupted by itself

def record():
    batch.add_metric("plan", True, 0.1)
    safe.record_operation_async("plan", True, 0.1)

def handle(*_):
    interruptions.append(None)
    record()

signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
end = time.monotonic() + 30
rounds = 0
while len(interruptions) < 1000 and time.monotonic() < end:
    record()
    batch.flush()
    rounds += 1
signal.setitimer(signal.ITIMER_REAL, 0)
batch.close()
safe.close()
missing = 2 * (rounds + len(interruptions)) - metrics.snapshot().of("plan").success
print("interruptions", len(interruptions), "missing", missing)
assert len(interruptions) > 100
"""


@forking
def test_signal_handlers_may_record() -> None:
    """Wherever they interrupt the recorder, it neither stands still nor loses a record."""
    done = run_program(SIGNALS)

    assert done.returncode == 0, done.stderr
    assert "missing 0.0" in done.stdout
