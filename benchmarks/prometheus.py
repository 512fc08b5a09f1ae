"""The peers that stand on prometheus_client: in memory, multi-process, and prometheus-async."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values

from benchmarks.loops import Contestant
from benchmarks.work import BUCKETS, D, T

LABELS = ("task_type",)
LOST = "Number of executions in progress when their process was killed"


class Families:
    """The families that ExecutorMetrics has for one operation, made with prometheus_client."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.latency = Histogram(
            "execute_latency_seconds",
            "Latency of task execution",
            LABELS,
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.success = self._counter("success", "Number of successful executions", LABELS)
        self.retries = self._counter("retries", "Number of execution retries", LABELS)
        self.lost = self._counter("lost", LOST, LABELS)
        self.failures = self._counter(
            "failures", "Number of failed executions", ("error_type", *LABELS)
        )
        self.in_progress = Gauge(
            "execute_in_progress",
            "Number of executions in progress",
            LABELS,
            registry=self.registry,
            multiprocess_mode="livesum",  # of no effect elsewhere
        )

    def _counter(self, role: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"execute_{role}_total", text, labels, registry=self.registry)

    def touch(self, task_type: str) -> None:
        """Make the series of a label set exist in every family, as ExecutorMetrics does."""
        self.latency.labels(task_type=task_type)
        self.success.labels(task_type=task_type)
        self.retries.labels(task_type=task_type)
        self.lost.labels(task_type=task_type)
        self.failures.labels(task_type=task_type, error_type="")
        self.in_progress.labels(task_type=task_type)

    def names(self) -> dict[str, Any]:
        """Return the families under the names that the lines of contestants use."""
        return {
            "latency": self.latency,
            "success": self.success,
            "failures": self.failures,
            "d": D,
            "t": T,
        }

    def kept(self) -> dict[str, Any]:
        """Return the children of one label set, got once."""
        return {
            "latency_ml": self.latency.labels(task_type=T),
            "success_ml": self.success.labels(task_type=T),
            "failures_ml": self.failures.labels(task_type=T, error_type="ValueError"),
            "in_progress_ml": self.in_progress.labels(task_type=T),
            "d": D,
        }


@contextmanager
def multiprocess() -> Iterator[Families]:
    """Yield families whose values live in mapped files, with the children of one label set.

    Only what is made here does: a child is made when its labels are asked for the first time.
    """
    with tempfile.TemporaryDirectory(prefix="bench-multiproc-") as folder:
        mapped = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        with (
            mock.patch.dict(os.environ, PROMETHEUS_MULTIPROC_DIR=folder),
            mock.patch.object(values, "ValueClass", mapped),
        ):
            families = Families()
            kept = families.kept()
        yield families
        # Each kind of metric has a file. Not close_all_files(), which came after 0.23.
        for held in (
            kept["latency_ml"]._sum,
            kept["success_ml"]._value,
            kept["in_progress_ml"]._value,
        ):
            held._file.close()


LABELS_EACH_TIME = "prometheus_client, labels each time"
CHILDREN_KEPT = "prometheus_client, children kept"
MULTIPROCESS = "prometheus_client multi-process, labels each time"
MULTIPROCESS_KEPT = "prometheus_client multi-process, children kept"

SUCCESS = "success.labels(task_type=t).inc(); latency.labels(task_type=t).observe(d)"
SUCCESS_KEPT = "success_ml.inc(); latency_ml.observe(d)"
FAILURE = (
    'failures.labels(task_type=t, error_type="ValueError").inc();'
    " latency.labels(task_type=t).observe(d)"
)
FAILURE_KEPT = "failures_ml.inc(); latency_ml.observe(d)"


def labelled(each_time: str, kept: str, mapped: Families) -> list[Contestant]:
    """Return the four ways of recording with labels; ``mapped`` live in mapped files."""
    families = Families()
    return [
        Contestant(LABELS_EACH_TIME, each_time, families.names()),
        Contestant(CHILDREN_KEPT, kept, families.kept()),
        Contestant(MULTIPROCESS, each_time, mapped.names()),
        Contestant(MULTIPROCESS_KEPT, kept, mapped.kept()),
    ]


def prometheus_async() -> Any:
    """Return ``prometheus_async.aio``; raises ImportError where it is not installed."""
    return importlib.import_module("prometheus_async.aio")
