"""An executor that does as it is told on stdin, one word a line: ``python -m …``.

It says on stdout which port it serves, and ``done`` after each line.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from otel_executor_metrics import ExecutorMetrics
from tests.artifacts.catalogue import MODELS, OPERATIONS, TIMEOUT


def label_sets() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each operation with each of its label sets."""
    for operation in OPERATIONS:
        for values in [{"model": model} for model in MODELS] if operation.labels else [{}]:
            yield operation.name, values


def succeed(metrics: ExecutorMetrics) -> None:
    """Succeed quickly, a hundred times each."""
    for name, labels in label_sets():
        for _ in range(100):
            metrics.record_operation(name, duration=0.1, labels=labels)


def fail(metrics: ExecutorMetrics) -> None:
    """Fail slowly, four hundred times each, with a retry for each; succeed once, slowly."""
    for name, labels in label_sets():
        metrics.record_operation(name, duration=7.0, labels=labels)
        for _ in range(400):
            metrics.record_retry(name, 2, labels=labels)
            metrics.record_operation(
                name, success=False, duration=7.0, labels=labels, error_type=TIMEOUT
            )


def lose(metrics: ExecutorMetrics) -> None:
    """Have a child killed that is at work on everything."""
    begun, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with ExitStack() as at_work:
            for name, labels in label_sets():
                at_work.enter_context(metrics.measure(name, labels))
            os.write(tell, b".")
            signal.pause()
    os.read(begun, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def drop(metrics: ExecutorMetrics) -> None:
    """Record what cannot be recorded."""
    metrics.record_operation("plan", duration=-1.0)


def overflow(metrics: ExecutorMetrics) -> None:
    """Give a label more values than it may have."""
    for number in range(5):
        metrics.record_operation("train", duration=0.1, labels={"model": f"m{number}"})


ACTIONS: dict[str, Callable[[ExecutorMetrics], None]] = {
    action.__name__: action for action in (succeed, fail, lose, drop, overflow)
}

if __name__ == "__main__":
    with ExecutorMetrics(
        metrics_port=0,
        host="127.0.0.1",
        operations=OPERATIONS,
        include_builtin=False,
        max_label_values=4,
    ) as served:
        served.flush()
        print(served.metrics_port, flush=True)
        for line in sys.stdin:
            ACTIONS[line.strip()](served)
            served.flush()
            print("done", flush=True)
