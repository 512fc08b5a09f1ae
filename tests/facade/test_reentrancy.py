"""Recording from where nobody expects it: finalizers and signal handlers must not lock up."""

from __future__ import annotations

import gc
import logging
import signal
import subprocess
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.programs import run_program
from tests.facade.scraping import scrape

# A measured generator in a cycle of garbage ends whenever the collector comes by.
GENERATORS = """
import gc
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

gc.set_threshold(5, 2, 2)  # so that a collection falls into every corner
for index in range(300):
    Cycle()
    metrics.record_operation("job", duration=0.1, labels={"kind": f"k{index}"})
    metrics.record_operation_failure("job", f"E{index}", {"kind": "a"})
    metrics.record_operation_latency("job", -1, {"kind": f"k{index}"})
    if index % 20 == 0:
        scrape(metrics)
gc.collect()
seen = scrape(metrics)
print(seen.value("job_in_progress", kind="a"), seen.value("job_success_total", kind="a"))
"""

# A finalizer records for the first time what is just being recorded for the first time.
FINALIZERS = """
import collections, gc
from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import scrape

metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1", max_label_values=1000)
called = []

def record(name):
    called.append(name)
    metrics.record_operation(name, duration=0.1, labels={{"kind": name}})
    metrics.record_operation(name, success=False, error_type=name, labels={{"kind": name}})

class Cycle:
    def __init__(self, name):
        self.me, self.name = self, name

    def __del__(self):
        record(self.name)

gc.set_threshold({threshold}, 2, 2)
for index in range(150):
    for _ in range(3):
        Cycle(f"op{{index}}")
    record(f"op{{index}}")
gc.set_threshold(700, 10, 10)
gc.collect()
seen = scrape(metrics)
for name, count in collections.Counter(called).items():
    shown = [seen.total(f"{{name}}_{{what}}", kind=name)
             for what in ("success_total", "failures_total", "latency_seconds_count")]
    assert shown == [count] * 3, (name, count, shown)
assert seen.dropped() == {{}}, seen.dropped()
print(len(called))
"""

SIGNALS = """
import signal, time
from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import scrape

metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1", max_label_values=100_000)
calls = []

def record(number):
    calls.append(number)
    metrics.record_operation("job", duration=0.1)
    metrics.record_operation_latency("job", -1)
    metrics.record_operation_failure("job", f"E{{number % {error_types}}}")

record(0)
signal.signal(signal.SIGALRM, lambda number, frame: record(len(calls)))
signal.setitimer(signal.ITIMER_REAL, {interval}, {interval})
deadline = time.monotonic() + 2
while time.monotonic() < deadline:
    record(len(calls))
signal.setitimer(signal.ITIMER_REAL, 0)
seen = scrape(metrics)
shown = (seen.value("job_success_total"), seen.total("job_failures_total"),
         seen.value("job_latency_seconds_count"), seen.dropped()["invalid_value"])
assert set(shown) == {{len(calls)}}, (shown, len(calls))
print(len(calls))
"""


def expect_no_lock_up(source: str) -> str:
    """Run a program that would stand still for ever if a lock were taken twice."""
    try:
        done = run_program(source, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.fail("the program locked itself up")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_measured_generator_may_be_collected_at_any_moment() -> None:
    """Whatever is going on when the garbage collector ends it, it is counted, once."""
    assert expect_no_lock_up(GENERATORS).split() == ["0.0", "300.0"]


@pytest.mark.parametrize("threshold", [7, 20, 50])
def test_a_finalizer_may_record_what_is_new(threshold: int) -> None:
    """New operations, labels and errors may come up while others, or the same, are set up."""
    assert int(expect_no_lock_up(FINALIZERS.format(threshold=threshold))) == 600


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
@pytest.mark.parametrize(
    ("error_types", "interval"), [(1, 0.001), (10_000, 0.005)], ids=["known", "new"]
)
def test_a_signal_handler_may_record_at_any_moment(error_types: int, interval: float) -> None:
    """A handler that interrupts recording records itself, and nothing is lost."""
    program = SIGNALS.format(error_types=error_types, interval=interval)

    assert int(expect_no_lock_up(program)) > 100


LABELS = {"task_type": "ml"}


@pytest.fixture
def own_handler() -> Iterator[None]:
    """Stop the timer and put back the handler of SIGALRM after the test."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer here")
@pytest.mark.usefixtures("own_handler")
def test_a_signal_handler_may_record_what_is_being_recorded(metrics: ExecutorMetrics) -> None:
    """A handler that records what the main thread is recording just now waits for no lock."""
    by_handler = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal by_handler
        by_handler += 1
        metrics.record_operation("execute", duration=0.1, labels=LABELS)

    metrics.operation("execute", **LABELS)
    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    by_main, deadline = 0, time.monotonic() + 60
    while by_handler < 500 and time.monotonic() < deadline:
        metrics.record_operation("execute", duration=0.1, labels=LABELS)
        by_main += 1
    signal.setitimer(signal.ITIMER_REAL, 0)

    seen = scrape(metrics)
    assert by_handler >= 500
    assert seen.value("execute_success_total", **LABELS) == by_main + by_handler
    assert seen.histogram("execute_latency_seconds", **LABELS).count == by_main + by_handler


def test_a_finalizer_may_record_what_is_being_recorded(metrics: ExecutorMetrics) -> None:
    """Garbage collection runs anywhere, in the middle of recording too."""

    class Job:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            metrics.record_operation("execute", duration=0.1, labels=LABELS)

    gc.collect()
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for i in range(2000):
            Job()
            metrics.record_operation("execute", duration=0.1, labels={**LABELS, "n": str(i % 100)})
    finally:
        gc.set_threshold(*thresholds)
    gc.collect()

    assert scrape(metrics).total("execute_success_total", **LABELS) == 4000


def test_a_log_handler_may_record(metrics: ExecutorMetrics) -> None:
    """The line about a drop may itself be counted, by a handler that drops again."""

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            metrics.record_operation("plan", duration=-1.0)

    handler, logger = Counting(), logging.getLogger("otel_executor_metrics")
    logger.addHandler(handler)
    try:
        metrics.record_operation("plan", duration=-1.0)
    finally:
        logger.removeHandler(handler)

    seen = scrape(metrics)
    assert seen.value("plan_success_total") == 2
    assert seen.dropped() == {"invalid_value": 2}
