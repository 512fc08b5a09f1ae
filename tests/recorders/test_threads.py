"""``ThreadSafeMetrics``: recorded by a thread, with bounded room before it."""

from __future__ import annotations

import gc
import threading

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import ThreadSafeMetrics
from tests.recorders.test_batch import finished, recorders_threads
from tests.support.waiting import wait_until


def test_the_thread_records(metrics: ExecutorMetrics) -> None:
    """Soon, without a further call, with all that ``record_operation`` takes."""
    safe = ThreadSafeMetrics(metrics)
    safe.record_operation_async("plan", True, 0.1)
    safe.record_operation_async("execute", False, 0.2, {"task_type": "ml"}, "Timeout")

    wait_until(lambda: finished(metrics, "execute") == 1, what="recorded")
    assert finished(metrics) == 1
    assert metrics.snapshot().of("execute", {"task_type": "ml"}).failures == {"Timeout": 1}
    assert safe.base_metrics is metrics


def test_more_than_there_is_room_for_is_recorded_by_the_caller(metrics: ExecutorMetrics) -> None:
    """Nothing is lost, and never do more than 1 000 wait."""
    with ThreadSafeMetrics(metrics) as safe:
        for _ in range(10_000):
            safe.record_operation_async("plan", True, 0.1)
            assert safe.waiting <= 1_000

    assert finished(metrics) == 10_000


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_a_record_ended_is_replaced(metrics: ExecutorMetrics) -> None:
    """Whatever some object raises when it is recorded, what comes after it is."""

    class Exit:
        def __str__(self) -> str:
            raise SystemExit

    with ThreadSafeMetrics(metrics) as threads:
        threads.record_operation_async("execute", labels={"task_type": Exit()})
        wait_until(lambda: not recorders_threads(), what="the end of the thread")
        threads.record_operation_async("plan")
        wait_until(lambda: finished(metrics) == 1, what="the record")


def test_many_callers(metrics: ExecutorMetrics) -> None:
    """From threads of the program, none of which waits for another."""
    safe = ThreadSafeMetrics(metrics)

    def record() -> None:
        for index in range(1_000):
            safe.record_operation_async("plan", index % 2 == 0, 0.1)

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    safe.flush()

    recorded = metrics.snapshot().of("plan")
    assert (recorded.success, recorded.failures) == (2_000, {"unknown": 2_000})
    safe.close()


def test_after_close_it_records_at_once(metrics: ExecutorMetrics) -> None:
    """Closing twice is harmless; the thread does not come back."""
    safe = ThreadSafeMetrics(metrics)
    safe.record_operation_async("plan")
    safe.close()
    safe.close()
    safe.record_operation_async("plan")

    assert finished(metrics) == 2
    assert recorders_threads() == []


def test_one_that_is_forgotten_ends_its_thread(metrics: ExecutorMetrics) -> None:
    """And loses nothing."""
    safe = ThreadSafeMetrics(metrics)
    for _ in range(10):
        safe.record_operation_async("plan")
    del safe
    gc.collect()

    assert finished(metrics) == 10
    assert recorders_threads() == []


def test_without_metrics_it_does_nothing() -> None:
    """No thread is started."""
    ThreadSafeMetrics(ExecutorMetrics(enable_metrics=False)).record_operation_async("plan")

    assert recorders_threads() == []


def test_what_is_no_facade_is_refused() -> None:
    """At once, not at the first record."""
    with pytest.raises(ValueError, match="metrics='x': must be an ExecutorMetrics"):
        ThreadSafeMetrics("x")  # type: ignore[arg-type]
