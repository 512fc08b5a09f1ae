"""Programs that make the calls of the document's §8.2 and §8.3, with the recorders of this package.

The programs that define such classes themselves are in tests/facade/test_old_programs.py.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from otel_executor_metrics import (
    ExecutorMetrics,
    check_port_available,
    find_available_port,
    init_metrics_with_retry,
    validate_metrics_initialization,
)
from otel_executor_metrics.recorders import (
    AsyncMetricsRecorder,
    BatchMetricsRecorder,
    ThreadSafeMetrics,
)
from tests.support.ports import free_ports
from tests.support.waiting import wait_until


def work_through(items: list[int], done: Callable[[str, bool, float], None]) -> None:
    """Work through a list as a worker does, each item of which may fail, and say how it went."""
    for item in items:
        try:
            result, success = 12 / item, True
        except ZeroDivisionError:
            result, success = 0, False
        done("plan", success, result / 100)


def test_a_worker_with_a_batch(metrics: ExecutorMetrics) -> None:
    """§8.3: made by position, added by position; ``batch`` is what has not been recorded yet."""
    recorder = BatchMetricsRecorder(metrics, 2)
    work_through([1, 2, 0], recorder.add_metric)

    assert metrics.snapshot().of("plan").success == 2
    assert [entry["success"] for entry in recorder.batch] == [False]
    assert recorder.batch_size == 2
    recorder.close()
    assert metrics.snapshot().of("plan").failures == {"unknown": 1}


def test_a_service_with_a_queue(metrics: ExecutorMetrics) -> None:
    """§8.3: started, recorded into by many coroutines, ended by setting ``running``."""

    async def handle(recorder: AsyncMetricsRecorder, number: int) -> None:
        await asyncio.sleep(0)
        await recorder.record_metric("intent", number % 2 == 0, 0.2)

    async def main() -> None:
        recorder = AsyncMetricsRecorder(metrics)
        await recorder.start()
        await asyncio.gather(*(handle(recorder, number) for number in range(10)))
        recorder.running = False
        await recorder.record_metric("intent", True, 0.2)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not recorder.running
        recorder.running = False
        await recorder.record_metric("intent", True, 0.2)

    asyncio.run(main())
    recorded = metrics.snapshot().of("intent")
    assert (recorded.success, recorded.failures, recorded.durations) == (7, {"unknown": 5}, 12)


def test_threads_that_leave_recording_to_another(metrics: ExecutorMetrics) -> None:
    """§8.2: one object for all threads, around the metrics; each record arrives by itself."""
    safe = ThreadSafeMetrics(metrics)
    threads = [
        threading.Thread(target=work_through, args=([1, 2, 0], safe.record_operation_async))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    wait_until(lambda: metrics.snapshot().of("plan").finished == 12, what="all recorded")
    assert metrics.snapshot().of("plan").failures == {"unknown": 4}
    safe.close()


def test_metrics_that_look_after_themselves() -> None:
    """§8.2: a free port, as many tries as are wanted, and a look whether it worked."""
    port = find_available_port(free_ports(1)[0])
    assert check_port_available(port)

    metrics = init_metrics_with_retry(2, port, host="127.0.0.1")

    assert validate_metrics_initialization(metrics)
    assert not check_port_available(metrics.metrics_port)
    recorder = BatchMetricsRecorder(metrics)
    recorder.add_metric("plan", True, 0.1)
    metrics.shutdown()
    assert not validate_metrics_initialization(metrics)
    assert recorder.batch == []
