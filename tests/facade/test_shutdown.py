"""The end of a facade: flushed, bounded, idempotent, harmless (contract §2)."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.server import Limits
from otel_executor_metrics.server import http as server_module
from tests.facade.conftest import MakeMetrics
from tests.facade.harnesses import families_of, last_json
from tests.facade.logs import warnings_in
from tests.facade.programs import run_program, start_program
from tests.facade.scraping import Scrape, fetch, scrape, url_of
from tests.support.waiting import wait_until


def is_refused(port: int) -> bool:
    """Tell whether nobody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_shutdown_frees_the_port(metrics: ExecutorMetrics) -> None:
    """Nobody listens any more, also when somebody has scraped and keeps their connection."""
    port = metrics.metrics_port
    with socket.create_connection(("127.0.0.1", port), 5):
        scrape(metrics)
        metrics.shutdown()

    assert is_refused(port)


def test_shutdown_ends_every_thread(make_metrics: MakeMetrics) -> None:
    """Neither the server's nor the exporters' threads are left."""
    before = set(threading.enumerate())
    metrics = make_metrics(exporter="prometheus,console")
    scrape(metrics)
    assert set(threading.enumerate()) > before
    metrics.shutdown()

    wait_until(lambda: set(threading.enumerate()) <= before, what="all threads have ended")


def test_shutdown_twice_is_harmless(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Any number of times, from any number of threads, without a word in the log."""
    with ThreadPoolExecutor(8) as pool:
        for ending in [pool.submit(metrics.shutdown) for _ in range(16)]:
            ending.result(30)
    metrics.shutdown()

    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_after_shutdown_the_families_are_still_there(metrics: ExecutorMetrics) -> None:
    """A thread that goes on recording by key raises nothing; before, the mapping was empty."""
    keys = set(metrics.metrics)
    metrics.shutdown()

    assert set(metrics.metrics) == keys
    metrics.metrics["intent_latency"].observe(1)
    metrics.metrics["execute_success"].labels(task_type="new").inc()


def test_the_switch_can_be_set_as_in_the_old_component(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Off is a shutdown; on again is a new facade's, and a warning says so."""
    metrics.enable_metrics = True
    assert metrics.enable_metrics
    metrics.enable_metrics = False
    metrics.enable_metrics = False
    assert not metrics.enable_metrics
    assert is_refused(metrics.metrics_port)
    assert warnings_in(caplog) == []

    metrics.enable_metrics = True
    assert not metrics.enable_metrics
    (line,) = warnings_in(caplog)
    assert "new ExecutorMetrics" in line


def test_after_shutdown_every_call_is_a_no_op(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Also what was bound, measured or decorated before raises nothing and says nothing."""
    metrics = make_metrics()
    family, bound = metrics.metrics["plan_success"], metrics.operation("plan")
    handle, decorated = family.labels(a="b"), metrics.with_metrics("plan")(len)
    measurement = metrics.measure("plan")
    measurement.__enter__()
    metrics.shutdown()

    measurement.__exit__(None, None, None)
    family.inc()
    handle.inc()
    bound.success(1)
    with bound:
        pass
    assert decorated("ab") == 2
    metrics.record_operation("plan", duration=1)
    metrics.record_operation("", duration=-1)
    metrics.record_batch_operations([{"operation": "plan"}])
    with metrics.measure("plan"):
        pass
    assert metrics.with_metrics("plan")(len) is len

    assert not metrics.enable_metrics
    assert metrics.flush()
    summary = metrics.get_metrics_summary()
    assert summary["metrics_enabled"] is False
    assert summary["available_metrics"] == []
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_leaving_a_with_block_shuts_down() -> None:
    """Also by an exception, which goes on up."""
    metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")
    port = metrics.metrics_port
    with pytest.raises(KeyError), metrics:
        raise KeyError

    assert not metrics.enable_metrics
    assert is_refused(port)


def test_shutdown_sends_the_last_values(
    make_metrics: MakeMetrics, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was recorded just before is in the last export."""
    metrics = make_metrics(exporter="console")
    metrics.record_operation("plan", duration=0.3)
    metrics.shutdown()

    text = capsys.readouterr().out
    seen = Scrape(text, families_of(last_json(text)))
    assert seen.value("plan_success_total") == 1
    assert seen.histogram("plan_latency_seconds").sum == pytest.approx(0.3)


def test_shutdown_while_others_record_and_scrape(make_metrics: MakeMetrics) -> None:
    """Nobody is hurt: recorders go on without an error, scrapers are answered or refused."""
    metrics = make_metrics()
    url, stop, errors = url_of(metrics), threading.Event(), list[BaseException]()

    def repeat(action: Any, expected: type[BaseException] | tuple[()] = ()) -> None:
        while not stop.is_set():
            try:
                action()
            except expected:
                return
            except BaseException as error:
                errors.append(error)
                return

    def record() -> None:
        metrics.record_operation("execute", duration=0.1, labels={"task_type": "a"})
        with metrics.measure("plan"):
            pass

    actions: list[tuple[Any, ...]] = [(record,)] * 4
    actions += [(lambda: fetch(url), (OSError, Exception))] * 2
    threads = [threading.Thread(target=repeat, args=action) for action in actions]
    for thread in threads:
        thread.start()
    with ThreadPoolExecutor(4) as pool:
        for ending in [pool.submit(metrics.shutdown) for _ in range(4)]:
            ending.result(60)
    for _ in range(100):
        record()
    stop.set()
    for thread in threads:
        thread.join(30)

    assert errors == []
    assert not any(thread.is_alive() for thread in threads)


def test_at_interpreter_exit_the_last_values_are_sent() -> None:
    """A program that simply ends has its last export, once, and exits cleanly."""
    done = run_program(
        """
        from otel_executor_metrics import ExecutorMetrics
        metrics = ExecutorMetrics(exporter="console")
        metrics.record_operation("plan", duration=0.25)
        """
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    seen = Scrape(done.stdout, families_of(json.loads(done.stdout)))
    assert seen.value("plan_success_total") == 1
    assert seen.histogram("plan_latency_seconds").sum == 0.25


@pytest.mark.parametrize("exporter", ["prometheus", "console", "none", "prometheus,console"])
@pytest.mark.parametrize("ending", ["", "raise SystemExit(3)", "raise KeyError('x')"])
def test_a_program_ends_at_once_whatever_its_exporter(exporter: str, ending: str) -> None:
    """No thread keeps it, and its status is its own."""
    done = run_program(
        f"""
        from otel_executor_metrics import ExecutorMetrics
        metrics = ExecutorMetrics(exporter="{exporter}", metrics_port=0, host="127.0.0.1")
        metrics.record_operation_success("plan")
        {ending}
        """,
        timeout=30,
    )

    assert done.returncode == {"": 0, "raise SystemExit(3)": 3}.get(ending, 1)
    assert "Traceback" not in done.stderr or "KeyError: 'x'" in done.stderr


def test_a_facade_that_is_forgotten_goes_on_serving() -> None:
    """A program that makes one and drops the reference is scraped all the same."""
    program = start_program(
        """
        import gc, sys
        from otel_executor_metrics import ExecutorMetrics
        print(ExecutorMetrics(metrics_port=0, host="127.0.0.1").metrics_port, flush=True)
        gc.collect()
        sys.stdin.read()
        """
    )
    try:
        assert program.stdout is not None
        port = int(program.stdout.readline())
        assert "intent_success_total" in fetch(f"http://127.0.0.1:{port}/metrics")
        _, errors = program.communicate(timeout=30)
    finally:
        program.kill()
        program.wait(30)
    assert program.returncode == 0
    assert errors == ""


def test_a_stuck_client_does_not_hold_up_shutdown(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks and never reads is cut off, long before it has had its time."""
    patient = partial(Limits, head_timeout=300, total_timeout=300)
    monkeypatch.setattr(server_module, "Limits", patient)
    metrics = make_metrics()
    clients = [socket.create_connection(("127.0.0.1", metrics.metrics_port), 5) for _ in range(20)]
    for client in clients:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
    begin = time.monotonic()
    metrics.shutdown(timeout=300)
    assert time.monotonic() - begin < 60
    for client in clients:
        client.close()
