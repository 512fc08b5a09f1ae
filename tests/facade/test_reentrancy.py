"""Recording that interrupts recording in the same thread neither hangs nor loses anything."""

from __future__ import annotations

import gc
import logging
import signal
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import scrape

LABELS = {"task_type": "ml"}


@pytest.fixture
def ticking() -> Iterator[None]:
    """Send a signal every half millisecond, to whatever handler is set by then."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("ticking")
def test_a_signal_handler_may_record(metrics: ExecutorMetrics) -> None:
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


def test_a_finaliser_may_record(metrics: ExecutorMetrics) -> None:
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
