"""While one thread is at a record that takes long, no other waits for it without end."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import (
    AsyncMetricsRecorder,
    BatchMetricsRecorder,
    ThreadSafeMetrics,
)
from tests.support.waiting import wait_until

ENOUGH = 60.0


class Slow:
    """A label value that is not told before the test says so."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.told = threading.Event()
        self.gave_up = False

    def __str__(self) -> str:
        self.asked.set()
        self.gave_up = not self.told.wait(ENOUGH)
        return "slow"


@contextmanager
def held(slow: Slow) -> Iterator[None]:
    """Let whoever asks for the value stand still meanwhile."""
    assert slow.asked.wait(ENOUGH)
    try:
        yield
        assert not slow.gave_up, "somebody waited for it"
    finally:
        slow.told.set()


def test_a_full_batch_does_not_wait_for_another(metrics: ExecutorMetrics) -> None:
    """Whoever fills it records what is there."""
    slow, batch = Slow(), BatchMetricsRecorder(metrics, batch_size=3, flush_interval=3600)
    batch.add_metric("execute", labels={"task_type": slow})
    flushing = threading.Thread(target=batch.flush)
    flushing.start()
    with held(slow):
        for _ in range(3):
            batch.add_metric("plan")
        assert metrics.snapshot().of("plan").success == 3
    flushing.join(ENOUGH)

    assert metrics.snapshot().of("execute", {"task_type": "slow"}).success == 1


def test_a_recorder_is_forgotten_without_its_thread(metrics: ExecutorMetrics) -> None:
    """A collection of garbage may come in the midst of the recording that the thread waits for."""
    slow, recorder = Slow(), ThreadSafeMetrics(metrics)
    recorder.record_operation_async("execute", labels={"task_type": slow})
    with held(slow):
        recorder.record_operation_async("plan")
        seen = weakref.ref(recorder)
        del recorder
        gc.collect()
        assert seen() is None
        assert metrics.snapshot().of("plan").success == 1

    wait_until(lambda: metrics.snapshot().of("execute").success == 1, what="the slow record")


def test_another_thread_may_end_a_task(metrics: ExecutorMetrics) -> None:
    """``running = False`` is heard by the event loop, which records what waits."""

    async def main() -> None:
        recorder = AsyncMetricsRecorder(metrics)
        await recorder.start()
        await recorder.record_metric("plan")
        await asyncio.to_thread(setattr, recorder, "running", False)
        for _ in range(3):  # turns: cancelled, recorded, ended
            await asyncio.sleep(0)
        assert not recorder.running

    asyncio.run(main())

    assert metrics.snapshot().of("plan").success == 1
