"""``AsyncMetricsRecorder``: recorded by a task of the event loop, out of a bounded queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import AsyncMetricsRecorder
from tests.recorders.test_batch import finished


def test_the_task_records_when_the_loop_has_a_turn(metrics: ExecutorMetrics) -> None:
    """Not before; then all that waits."""

    async def main() -> None:
        recorder = AsyncMetricsRecorder(metrics)
        await recorder.start()
        assert recorder.running
        await recorder.record_metric("plan", True, 0.1)
        await recorder.record_metric("execute", False, 0.2, {"task_type": "ml"}, "Timeout")
        assert recorder.queue.qsize() == 2
        assert finished(metrics) == 0
        await asyncio.sleep(0)
        assert recorder.queue.qsize() == 0
        assert finished(metrics) == 1
        await recorder.stop()

    asyncio.run(main())
    assert metrics.snapshot().of("execute", {"task_type": "ml"}).failures == {"Timeout": 1}


def test_stop_records_the_rest(metrics: ExecutorMetrics) -> None:
    """It may be called again; what comes after it is recorded at once."""

    async def main() -> None:
        recorder = AsyncMetricsRecorder(metrics)
        await recorder.start()
        await recorder.start()
        for _ in range(100):
            await recorder.record_metric("plan", True, 0.1)
        await recorder.stop()
        await recorder.stop()
        assert not recorder.running
        assert finished(metrics) == 100
        await recorder.record_metric("plan", True, 0.1)
        assert finished(metrics) == 101
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_before_start_it_records_at_once(metrics: ExecutorMetrics) -> None:
    """A program that never starts it loses nothing; one that stops it then is not hurt."""

    async def main() -> None:
        recorder = AsyncMetricsRecorder(metrics)
        assert not recorder.running
        await recorder.record_metric("plan", True, 0.1)
        await recorder.stop()

    asyncio.run(main())
    assert finished(metrics) == 1


def test_what_finds_no_room_is_dropped_visibly(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """The first 1 000 are kept, the others counted here and in the series; one line tells."""

    async def main() -> None:
        async with AsyncMetricsRecorder(metrics) as recorder:
            for _ in range(1_500):
                await recorder.record_metric("plan", True, 0.1)
            assert recorder.dropped == 500
            await asyncio.sleep(0)
            await recorder.record_metric("plan", True, 0.1)
            assert recorder.dropped == 500

    asyncio.run(main())
    assert finished(metrics) == 1_001
    assert metrics.snapshot().dropped["queue_full"] == 500
    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "(queue_full) in AsyncMetricsRecorder: 'plan'" in warnings[0]


def test_a_loop_that_has_turns_drops_nothing(metrics: ExecutorMetrics) -> None:
    """Many tasks, each of which waits for something between its records."""

    async def work(recorder: AsyncMetricsRecorder) -> None:
        for _ in range(100):
            await recorder.record_metric("plan", True, 0.1)
            await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncMetricsRecorder(metrics) as recorder:
            await asyncio.gather(*(work(recorder) for _ in range(50)))
            assert recorder.dropped == 0

    asyncio.run(main())
    assert finished(metrics) == 5_000


async def forget_to_stop(recorder: AsyncMetricsRecorder) -> None:
    """Let ``asyncio.run`` cancel the task."""
    await recorder.start()
    for _ in range(10):
        await recorder.record_metric("plan", True, 0.1)


async def fail(recorder: AsyncMetricsRecorder) -> None:
    """Leave the block by an exception."""
    async with recorder:
        for _ in range(10):
            await recorder.record_metric("plan", True, 0.1)
        raise KeyError


async def be_cancelled(recorder: AsyncMetricsRecorder) -> None:
    """Be cancelled in the middle of it."""
    added = asyncio.Event()

    async def work() -> None:
        async with recorder:
            for _ in range(10):
                await recorder.record_metric("plan", True, 0.1)
            added.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await added.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("ending", [forget_to_stop, fail, be_cancelled])
def test_however_it_ends_nothing_is_lost(metrics: ExecutorMetrics, ending: Any) -> None:
    """Forgotten, left by an exception, cancelled: what waits is recorded, and later records too."""
    recorder = AsyncMetricsRecorder(metrics)

    async def main() -> None:
        if ending is fail:
            with pytest.raises(KeyError):
                await fail(recorder)
        else:
            await ending(recorder)

    asyncio.run(main())
    assert finished(metrics) == 10
    assert not recorder.running
    asyncio.run(recorder.record_metric("plan", True, 0.1))
    assert finished(metrics) == 11


def test_it_starts_again_in_another_loop(metrics: ExecutorMetrics) -> None:
    """One loop after the other, as in programs that call ``asyncio.run`` more than once."""
    recorder = AsyncMetricsRecorder(metrics)
    for _ in range(3):
        asyncio.run(forget_to_stop(recorder))

    assert finished(metrics) == 30
    asyncio.run(recorder.stop())


def test_another_loop_records_at_once(metrics: ExecutorMetrics) -> None:
    """A loop in another thread neither wakes the task nor waits for it."""

    async def main() -> None:
        async with AsyncMetricsRecorder(metrics) as recorder:
            record: Coroutine[Any, Any, None] = recorder.record_metric("plan", True, 0.1)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, record).result(30)
            assert finished(metrics) == 1
            assert recorder.queue.qsize() == 0

    asyncio.run(main())


def test_without_an_asyncio_loop_it_records_at_once(metrics: ExecutorMetrics) -> None:
    """Another library's event loop may run the coroutine."""
    recorder = AsyncMetricsRecorder(metrics)
    asyncio.run(forget_to_stop(recorder))

    with pytest.raises(StopIteration):
        recorder.record_metric("plan", True, 0.1).send(None)

    assert finished(metrics) == 11


def test_flushing_the_metrics_records_what_waits(metrics: ExecutorMetrics) -> None:
    """Without a turn of the loop."""

    async def main() -> None:
        async with AsyncMetricsRecorder(metrics) as recorder:
            await recorder.record_metric("plan", True, 0.1)
            metrics.flush()
            assert finished(metrics) == 1

    asyncio.run(main())
    assert finished(metrics) == 1
