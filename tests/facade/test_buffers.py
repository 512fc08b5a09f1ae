"""Code that keeps records for a while, and what metrics do for it."""

from __future__ import annotations

import gc
import logging

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics


class Waiting:
    """Keeps durations until it is drained."""

    def __init__(self, metrics: ExecutorMetrics, *durations: float) -> None:
        self.metrics = metrics
        self.durations = list(durations)
        metrics.attach(self)

    def drain(self) -> None:
        """Record them."""
        while self.durations:
            self.metrics.record_operation("plan", duration=self.durations.pop())

    def start_anew(self) -> None:
        """Forget them."""
        self.durations.clear()


class Broken(Waiting):
    """Cannot be drained."""

    def drain(self) -> None:
        """Fail."""
        raise OSError


def test_it_is_drained_before_each_flush(make_metrics: MakeMetrics) -> None:
    """Any number of buffers; one that raises harms neither the others nor the flush."""
    metrics = make_metrics(exporter="none")
    kept = [Waiting(metrics, 0.1), Broken(metrics), Waiting(metrics, 0.2, 0.3)]

    assert metrics.flush()

    assert metrics.snapshot().of("plan").success == 3
    assert kept[0].durations == kept[2].durations == []


def test_what_waits_is_in_the_last_export(
    make_metrics: MakeMetrics, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shutdown drains before it stops recording."""
    metrics = make_metrics(exporter="console", export_interval_millis=3_600_000)
    buffer = Waiting(metrics, 0.25)
    metrics.shutdown()

    assert buffer.durations == []
    assert '"sum": 0.25' in capsys.readouterr().out


def test_it_is_held_weakly(make_metrics: MakeMetrics) -> None:
    """Whoever makes a buffer keeps it; one that is gone is not drained."""
    metrics = make_metrics(exporter="none")
    Waiting(metrics, 0.1)
    gc.collect()

    metrics.flush()

    assert metrics.snapshot().of("plan").success == 0


def test_surplus_is_counted_and_told_once(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """By reason, like everything that is dropped; the line says what should be done."""
    metrics = make_metrics(exporter="none")
    for _ in range(3):
        metrics.record_dropped("my buffer", "plan", "it has room for 10; make it larger")

    assert metrics.snapshot().dropped["queue_full"] == 3
    assert metrics.get_metrics_summary()["dropped"] == {"queue_full": 3}
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert line == ("dropped (queue_full) in my buffer: 'plan': it has room for 10; make it larger")


def test_where_metrics_are_off_nothing_happens(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is drained into nowhere, and nothing is told of what finds no room."""
    metrics = make_metrics(enable_metrics=False)
    buffer = Waiting(metrics, 0.1)
    metrics.record_dropped("my buffer", "plan", "full")
    metrics.flush()
    metrics.shutdown()

    assert buffer.durations == [0.1]
    assert caplog.records == []


class Slotted:
    """Has no place for a weak reference."""

    __slots__ = ()

    def drain(self) -> None:
        """Do nothing."""

    def start_anew(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ("buffer", "rule"), [(3, "the methods drain\\(\\) and start_anew\\(\\)"), (Slotted(), "slots")]
)
def test_what_cannot_be_drained_is_refused(
    make_metrics: MakeMetrics, buffer: Slotted, rule: str
) -> None:
    """At once, with the value and the rule."""
    metrics = make_metrics(exporter="none")

    with pytest.raises(ValueError, match=f"^buffer=.*: must .*{rule}"):
        metrics.attach(buffer)
