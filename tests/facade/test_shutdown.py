"""The end of a facade: flushed, bounded, idempotent, and nobody else's."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.programs import run_program
from tests.facade.scraping import scrape
from tests.support.waiting import wait_until


def can_connect(port: int) -> bool:
    """Tell whether somebody listens."""
    with socket.socket() as client:
        client.settimeout(5)
        return client.connect_ex(("127.0.0.1", port)) == 0


def our_threads() -> list[str]:
    """Return the names of the threads that a facade starts."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("executor-metrics", "OtelPeriodic"))]


def test_the_port_is_free_and_the_threads_are_gone() -> None:
    """After shutdown nothing is left, however often it is called."""
    metrics = ExecutorMetrics(metrics_port=0, exporter=["prometheus", "console"])
    assert can_connect(metrics.metrics_port)
    assert our_threads()

    metrics.shutdown()
    metrics.shutdown()

    assert not can_connect(metrics.metrics_port)
    assert our_threads() == []
    assert not metrics.enable_metrics
    assert not metrics.metrics


def test_the_port_can_be_had_again_at_once(make_metrics: MakeMetrics) -> None:
    """A restarted program gets its port back, also after clients were connected."""
    first = make_metrics()
    scrape(first)
    first.shutdown()
    second = make_metrics(metrics_port=first.metrics_port)
    assert second.enable_metrics
    assert scrape(second).value("plan_success_total") == 0


def test_a_with_block_ends_it() -> None:
    """Leaving the block shuts down, an exception too, and passes it on."""
    metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")
    assert can_connect(metrics.metrics_port)
    with pytest.raises(ZeroDivisionError), metrics:
        raise ZeroDivisionError
    assert not can_connect(metrics.metrics_port)


def test_recording_goes_on_harmlessly(make_metrics: MakeMetrics) -> None:
    """Whoever still records after the end neither fails nor revives anything."""
    metrics = make_metrics()
    family, bound = metrics.metrics["plan_success"], metrics.operation("plan")

    @metrics.with_metrics("plan")
    def job() -> int:
        return 1

    metrics.shutdown()
    metrics.record_operation("plan", duration=1.0)
    metrics.record_retry("plan", 2)
    metrics.record_batch_operations([{"operation": "plan"}])
    family.inc()
    bound.success(1.0)
    with metrics.measure("plan"):
        assert job() == 1
    assert metrics.flush()
    assert metrics.get_metrics_summary()["metrics_enabled"] is False
    assert metrics.with_metrics("plan")(len)("abc") == 3


def test_many_threads_may_end_it_while_others_record(make_metrics: MakeMetrics) -> None:
    """Shutdown and recording from all sides neither raise nor hang."""
    metrics = make_metrics()
    stop, errors = threading.Event(), []

    def record() -> None:
        try:
            while not stop.is_set():
                metrics.record_operation("plan", duration=0.1, labels={"a": "b"})
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=record) for _ in range(4)]
    enders = [threading.Thread(target=metrics.shutdown) for _ in range(4)]
    for thread in (*threads, *enders):
        thread.start()
    for ender in enders:
        ender.join(10)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert errors == []
    assert not any(thread.is_alive() for thread in (*threads, *enders))


def test_the_last_values_leave_at_interpreter_exit() -> None:
    """A program that just ends loses nothing: the console exporter prints its totals."""
    done = run_program(
        """
        from otel_executor_metrics import ExecutorMetrics
        metrics = ExecutorMetrics(exporter="console")
        for _ in range(7):
            metrics.record_operation("execute", duration=0.1, labels={"task_type": "last"})
        """
    )
    assert done.returncode == 0, done.stderr
    assert '"task_type": "last"' in done.stdout
    assert '"value": 7.0' in done.stdout


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise SystemExit(3)"])
def test_a_program_ends_with_its_own_status_and_in_time(end: str) -> None:
    """The exit is neither held up nor changed."""
    begun = time.monotonic()
    done = run_program(
        f"""
        import sys
        from otel_executor_metrics import ExecutorMetrics
        metrics = ExecutorMetrics(metrics_port=0)
        metrics.record_operation("plan")
        {end}
        """
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    assert time.monotonic() - begun < 30


def test_an_exporter_that_hangs_does_not_hang_the_program(make_metrics: MakeMetrics) -> None:
    """Shutdown keeps to its time, whatever an exporter does."""
    metrics = make_metrics(exporter=["prometheus", "console"], export_timeout_millis=100)
    assert metrics._runtime
    hold = threading.Event()
    reader = metrics._runtime.exporters["console"].reader
    assert reader
    reader._exporter.export = lambda *args, **kwargs: hold.wait(60)  # type: ignore[attr-defined]
    begun = time.monotonic()

    metrics.shutdown(timeout=0.5)

    took = time.monotonic() - begun
    hold.set()
    assert took < 10
    assert not can_connect(metrics.metrics_port)


def test_a_forked_child_that_ends_leaves_its_parent_alone(metrics: ExecutorMetrics) -> None:
    """The exit of a child, and a shutdown in it, do not stop the parent's endpoint."""
    metrics.record_operation("plan")
    child = os.fork()
    if not child:
        try:
            metrics.shutdown()
        finally:
            os._exit(0)
    ended = wait_until(lambda: os.waitpid(child, os.WNOHANG)[0], 30, "the child ends")
    assert ended == child
    assert scrape(metrics).value("plan_success_total") == 1
