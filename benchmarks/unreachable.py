"""What recording costs while nobody takes what is exported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import ours
from benchmarks.cases import Case
from benchmarks.loops import Contestant
from benchmarks.ours import Facade
from benchmarks.work import D, T
from otel_executor_metrics import ExecutorMetrics

DEAD = "otlp, nobody answers"
NONE = "none"
NOBODY = "http://127.0.0.1:1"


@contextmanager
def unreachable_case() -> Iterator[Case]:
    """Yield the case of a Collector that is not there beside exporters that send nothing.

    Exports fail ten times a second, six hundred times as often as by default.
    """
    dead = ExecutorMetrics(
        exporter="otlp",
        otlp_endpoint=NOBODY,
        otlp_timeout=0.05,
        export_interval_millis=100,
        shutdown_timeout=0.1,
    )
    yield Case(
        "record_operation, success with labels and duration, while exports fail",
        DEAD,
        (
            Contestant(DEAD, ours.SUCCESS, _names(dead)),
            Contestant(NONE, ours.SUCCESS, _names(ExecutorMetrics(exporter="none"))),
            Contestant("prometheus", ours.SUCCESS, Facade().names()),
        ),
        note="Exports run in a thread, here ten times a second; their time is in the rows.",
    )
    dead.shutdown()


def _names(metrics: ExecutorMetrics) -> dict[str, Any]:
    return {"metrics": metrics, "d": D, "t": T}
