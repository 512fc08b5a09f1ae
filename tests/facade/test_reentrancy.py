"""Recording from where nobody expects it: finalizers and signal handlers must not lock up."""

from __future__ import annotations

import signal

import pytest

from tests.facade.programs import run_program

FINALIZERS = """
import gc, threading
from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import scrape

metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")

@metrics.with_metrics("job", labels={"kind": "a"})
def job():
    yield

class Cycle:
    def __init__(self):
        self.me = self
        self.generator = job()
        next(self.generator)

    def __del__(self):
        # What a finalizer may do: a latency that is none, a label too many, a new operation.
        metrics.record_operation_latency("job", -1)
        metrics.record_operation_success("job", {"kind": "a", "le": "x"})

made = 0
gc.set_threshold(5, 2, 2)  # so that a collection falls into every corner
for index in range(300):
    Cycle()
    made += 1
    metrics.record_operation("job", duration=0.1, labels={"kind": f"k{index}"})
    metrics.record_operation_failure("job", f"E{index}", {"kind": "a"})
    metrics.record_operation_latency("job", -1, {"kind": f"k{index}"})
    if index % 20 == 0:
        scrape(metrics)
gc.collect()
seen = scrape(metrics)
print(seen.value("job_in_progress", kind="a"), seen.value("job_success_total", kind="a") >= made)
"""

SIGNALS = """
import signal, threading, time
from otel_executor_metrics import ExecutorMetrics

metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")
handled = 0

def handle(number, frame):
    global handled
    handled += 1
    metrics.record_operation("job", duration=0.1)
    metrics.record_operation_latency("job", -1)
    metrics.record_operation_failure("job", f"E{handled}")

signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
calls = 0
deadline = time.monotonic() + 3
while time.monotonic() < deadline:
    calls += 1
    metrics.record_operation("job", duration=0.1)
    metrics.record_operation_latency("job", -1)
    metrics.record_operation_failure("job", f"F{calls % 300}")
signal.setitimer(signal.ITIMER_REAL, 0)
from tests.facade.scraping import scrape
seen = scrape(metrics)
print(handled > 10, seen.value("job_success_total") == calls + handled,
      seen.total("job_failures_total") == calls + handled,
      seen.dropped()["invalid_value"] == calls + handled)
"""


def test_a_finalizer_may_record_at_any_moment() -> None:
    """Garbage with a measured generator in it is collected amid recording and scraping."""
    done = run_program(FINALIZERS, timeout=90)

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["0.0", "True"]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
def test_a_signal_handler_may_record_at_any_moment() -> None:
    """A handler that interrupts recording records itself, and nothing is lost."""
    done = run_program(SIGNALS, timeout=60)

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["True"] * 4
