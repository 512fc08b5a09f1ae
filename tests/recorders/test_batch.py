"""``BatchMetricsRecorder``: recorded when there are enough, when time is up, and at the end."""

from __future__ import annotations

import gc
import math
import threading
from functools import partial
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.recorders import BatchMetricsRecorder
from tests.support.waiting import wait_until

NEVER = 86_400.0


def finished(metrics: ExecutorMetrics, operation: str = "plan") -> float:
    """Return how many outcomes are recorded."""
    return metrics.snapshot().of(operation).finished


def is_finished(metrics: ExecutorMetrics, count: int) -> bool:
    """Tell whether so many outcomes are recorded."""
    return finished(metrics) == count


def recorders_threads() -> list[threading.Thread]:
    """Return the threads that recorders have started and that still run."""
    return [t for t in threading.enumerate() if t.name == "executor-metrics-recorder"]


def test_a_full_batch_is_recorded(metrics: ExecutorMetrics) -> None:
    """As soon as there are ``batch_size``; the rest waits, in the order it came."""
    with BatchMetricsRecorder(metrics, 10, flush_interval=NEVER) as recorder:
        for index in range(25):
            recorder.add_metric("plan", True, index / 100)

        assert finished(metrics) == 20
        assert [entry["duration"] for entry in recorder.batch] == [0.20, 0.21, 0.22, 0.23, 0.24]
        recorder.flush()
        assert finished(metrics) == 25
        assert recorder.batch == []


def test_a_record_carries_all_that_record_operation_takes(metrics: ExecutorMetrics) -> None:
    """Outcome, duration, labels and error type, as they were when it was added."""
    labels: dict[str, object] = {"task_type": "ml"}
    with BatchMetricsRecorder(metrics) as recorder:
        recorder.add_metric("execute", False, 0.3, labels, "Timeout")
        recorder.add_metric("execute", success=False, labels=labels, error_type=KeyError("gone"))
        recorder.add_metric("execute", duration=0.2, labels=labels)
        labels["task_type"] = "changed"

    seen = metrics.snapshot()
    recorded = seen.of("execute", {"task_type": "ml"})
    assert recorded.success == 1
    assert recorded.failures == {"Timeout": 1, "KeyError": 1}
    assert recorded.durations == 2
    assert recorded.seconds == pytest.approx(0.5)
    assert seen.of("execute").finished == 3


def test_a_failure_without_type_is_unknown(metrics: ExecutorMetrics) -> None:
    """As the document's recorder has it."""
    with BatchMetricsRecorder(metrics) as recorder:
        recorder.add_metric("plan", False, 0.1)

    assert metrics.snapshot().of("plan").failures == {"unknown": 1}


def test_what_is_old_enough_is_recorded(metrics: ExecutorMetrics) -> None:
    """After ``flush_interval``, without another call, and again for what comes later."""
    with BatchMetricsRecorder(metrics, 100, flush_interval=0.02) as recorder:
        for count in (1, 2):
            recorder.add_metric("plan", True, 0.1)
            wait_until(partial(is_finished, metrics, count), what="recorded")


def test_there_is_no_thread_before_the_first_record(metrics: ExecutorMetrics) -> None:
    """Nor after the end."""
    recorder = BatchMetricsRecorder(metrics)
    assert recorders_threads() == []
    recorder.add_metric("plan")
    assert len(recorders_threads()) == 1
    recorder.close()
    assert recorders_threads() == []


def test_after_close_it_records_at_once(metrics: ExecutorMetrics) -> None:
    """Closing twice is harmless, nothing that comes later is lost, no thread comes back."""
    recorder = BatchMetricsRecorder(metrics, flush_interval=NEVER)
    recorder.add_metric("plan")
    recorder.close()
    recorder.close()
    assert finished(metrics) == 1

    recorder.add_metric("plan")

    assert finished(metrics) == 2
    assert recorders_threads() == []


def test_flushing_the_metrics_records_what_waits(metrics: ExecutorMetrics) -> None:
    """What has been exported then, has what was added before."""
    recorder = BatchMetricsRecorder(metrics, flush_interval=NEVER)
    recorder.add_metric("plan")

    assert metrics.flush()

    assert finished(metrics) == 1


def test_a_recorder_that_is_forgotten_loses_nothing(metrics: ExecutorMetrics) -> None:
    """Its batch is recorded, and its thread ends."""
    recorder = BatchMetricsRecorder(metrics, flush_interval=NEVER)
    recorder.add_metric("plan")
    del recorder
    gc.collect()

    assert finished(metrics) == 1
    assert recorders_threads() == []


def test_threads_that_add_at_once_lose_nothing(metrics: ExecutorMetrics) -> None:
    """Whoever adds, flushes, or whose batch is recorded by the thread of the interval."""
    recorder = BatchMetricsRecorder(metrics, 7, flush_interval=0.001)
    together = threading.Barrier(8)

    def add() -> None:
        together.wait()
        for index in range(500):
            recorder.add_metric("plan", index % 4 != 0, 0.1)
            if index % 50 == 0:
                recorder.flush()

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    recorder.close()

    recorded = metrics.snapshot().of("plan")
    assert recorded.success == 3_000
    assert recorded.failures == {"unknown": 1_000}
    assert recorded.durations == 4_000


def test_bad_records_stop_no_others(metrics: ExecutorMetrics) -> None:
    """They are dropped and counted as if they had been recorded at once; nothing raises."""
    bad: Any = object()
    with BatchMetricsRecorder(metrics) as recorder:
        recorder.add_metric("", True, 0.1)
        recorder.add_metric("plan", True, math.nan)
        recorder.add_metric("plan", True, 0.1, bad)
        recorder.add_metric("plan", True, 0.1)

    seen = metrics.snapshot()
    assert seen.of("plan").success == 3
    assert seen.of("plan").durations == 2
    assert {reason: n for reason, n in seen.dropped.items() if n} == {
        "invalid_operation": 1,
        "invalid_value": 1,
        "invalid_label": 1,
    }


def test_without_metrics_it_does_nothing() -> None:
    """Nothing waits, and there is no thread."""
    recorder = BatchMetricsRecorder(ExecutorMetrics(enable_metrics=False))
    recorder.add_metric("plan")

    assert recorder.batch == []
    assert recorders_threads() == []


def test_when_metrics_end_so_does_the_thread(metrics: ExecutorMetrics) -> None:
    """At its next turn; what is added then goes nowhere, as with any call after a shutdown."""
    recorder = BatchMetricsRecorder(metrics, flush_interval=0.01)
    recorder.add_metric("plan")
    metrics.shutdown()

    wait_until(lambda: recorders_threads() == [], what="the thread has ended")
    recorder.add_metric("plan")
    assert recorder.batch == []
    recorder.close()


def test_without_a_thread_it_records_at_once(
    metrics: ExecutorMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has no thread left, nothing waits for one."""

    def none_left(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    recorder = BatchMetricsRecorder(metrics, flush_interval=NEVER)
    recorder.add_metric("plan")

    assert finished(metrics) == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"batch_size": 0}, "batch_size=0: must be a whole number of at least 1"),
        ({"batch_size": True}, "batch_size=True: must be a whole number of at least 1"),
        ({"batch_size": "9"}, "batch_size='9': must be a whole number of at least 1"),
        ({"flush_interval": 0}, "flush_interval=0: must be a number of seconds above 0"),
        ({"flush_interval": math.nan}, "flush_interval=nan: must be a number of seconds"),
        ({"flush_interval": 1e9}, "flush_interval=1000000000.0: must be .*, at most 86400"),
        ({"flush_interval": None}, "flush_interval=None: must be a number of seconds"),
        ({"metrics": None}, "metrics=None: must be an ExecutorMetrics"),
    ],
)
def test_arguments_that_cannot_be_used(
    metrics: ExecutorMetrics, arguments: dict[str, Any], line: str
) -> None:
    """Each is refused in one line with the value and the rule."""
    with pytest.raises(ValueError, match=line):
        BatchMetricsRecorder(**{"metrics": metrics, **arguments})
