"""Ports and addresses that cannot be had, and how to find one that can (contract §3)."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from otel_executor_metrics import (
    ExecutorMetrics,
    check_port_available,
    find_available_port,
    init_metrics_with_retry,
    validate_metrics_initialization,
)
from tests.facade.conftest import MakeMetrics
from tests.facade.programs import run_program
from tests.facade.scraping import scrape
from tests.support.ports import free_ports


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Return a port on all interfaces that something else listens on."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", free_ports(1)[0]))
        taken.listen()
        yield taken.getsockname()[1]


def expect_degraded(metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture, port: int) -> str:
    """Check that the facade is off and raises nothing; return the one warning."""
    assert not metrics.enable_metrics
    assert metrics.degraded
    assert not metrics.metrics
    assert metrics.metrics_port == port
    metrics.record_operation("plan", duration=1)
    assert metrics.with_metrics("plan")(len) is len
    with metrics.measure("plan"):
        pass
    metrics.shutdown()
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert "\n" not in line
    return line


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_a_warning_with_the_remedy(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture, taken_port: int, host: str
) -> None:
    """The program runs on without metrics, as the document says."""
    metrics = make_metrics(metrics_port=taken_port, host=host)

    line = expect_degraded(metrics, caplog, taken_port)
    assert "Failed to start metrics server" in line
    assert str(taken_port) in line
    assert "METRICS_PORT" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "256.256.256.256"])
def test_a_bad_address_is_a_warning_with_the_remedy(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    """An address that is not this machine's is no reason to stop."""
    metrics = make_metrics(host=host)

    line = expect_degraded(metrics, caplog, 0)
    assert host in line
    assert "METRICS_HOST" in line


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may take any port"
)
def test_a_privileged_port_is_a_warning_with_the_remedy(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """No permission is no reason to stop; the warning names the ports that need none."""
    metrics = make_metrics(metrics_port=81)

    assert "1024" in expect_degraded(metrics, caplog, 81)


def _port_after(limit: str, release: str) -> str:
    """Return what a program logs, and tells, that cannot start a server for want of something."""
    done = run_program(
        f"""
        import logging, os, resource, sys, threading
        from otel_executor_metrics import ExecutorMetrics, check_port_available

        logging.basicConfig(format="%(message)s")
        local = {{"host": "127.0.0.1", "metrics_port": {free_ports(1)[0]}}}
        ExecutorMetrics(**local).shutdown()  # what is imported later needs files, too
        {limit}
        metrics = ExecutorMetrics(**local)
        {release}
        assert metrics.degraded and not metrics.enable_metrics
        assert check_port_available(metrics.metrics_port, "127.0.0.1")
        """
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")
@pytest.mark.parametrize("left", [0, 1])
def test_no_file_descriptor_left_is_a_warning_with_the_remedy(left: int) -> None:
    """The program runs on, and no half-made socket keeps the port."""
    told = _port_after(
        "free = os.dup(0); os.close(free); held = resource.getrlimit(resource.RLIMIT_NOFILE);"
        f" resource.setrlimit(resource.RLIMIT_NOFILE, (free + {left}, held[1]))",
        "resource.setrlimit(resource.RLIMIT_NOFILE, held)",
    )
    assert "ulimit -n" in told
    assert "METRICS_HOST" not in told


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")
def test_no_thread_left_is_a_warning() -> None:
    """The program runs on where no thread can be started, too."""
    told = _port_after("threading.stack_size(2**45)", "threading.stack_size(0)")
    assert "can't start new thread" in told


def test_a_degraded_facade_leaves_no_thread(make_metrics: MakeMetrics, taken_port: int) -> None:
    """What was begun before the port failed is ended."""
    before = set(threading.enumerate())

    make_metrics(metrics_port=taken_port)
    make_metrics(metrics_port=taken_port, host="0.0.0.0")

    assert set(threading.enumerate()) <= before


def test_another_exporter_runs_on_where_the_port_is_taken(
    make_metrics: MakeMetrics, capsys: pytest.CaptureFixture[str], taken_port: int
) -> None:
    """Only the exporter that needs the port is off."""
    metrics = make_metrics(metrics_port=taken_port, exporter="prometheus,console")
    metrics.record_operation_success("plan")

    assert metrics.enable_metrics
    assert not metrics.degraded
    assert metrics.get_metrics_summary()["exporters"] == ["console"]
    assert metrics.flush()
    assert '"plan_success"' in capsys.readouterr().out


def test_port_zero_takes_a_free_one(make_metrics: MakeMetrics) -> None:
    """``metrics_port`` then tells which."""
    metrics = make_metrics(metrics_port=0)

    assert 0 < metrics.metrics_port < 65536
    assert scrape(metrics).names


def test_a_port_is_free_again_after_shutdown(make_metrics: MakeMetrics) -> None:
    """A facade can be made anew on the same port, at once and after a scrape."""
    first = make_metrics()
    scrape(first)
    first.shutdown()

    second = make_metrics(metrics_port=first.metrics_port)
    assert second.enable_metrics
    assert scrape(second).value("plan_success_total") == 0


def test_a_port_can_be_checked(taken_port: int) -> None:
    """``check_port_available`` tells what is taken, and what is free again."""
    assert not check_port_available(taken_port)
    assert check_port_available(free_ports(1)[0])


def test_a_free_port_can_be_found(taken_port: int) -> None:
    """``find_available_port`` passes over what is taken."""
    found = find_available_port(taken_port)

    assert taken_port < found < taken_port + 100
    assert check_port_available(found)


def test_the_document_s_way_to_a_free_port_works(make_metrics: MakeMetrics, free_port: int) -> None:
    """What was found can be served on."""
    metrics = make_metrics(metrics_port=find_available_port(free_port))

    assert metrics.enable_metrics
    assert metrics.metrics_port >= free_port


def test_init_with_retry_takes_the_next_free_port(taken_port: int) -> None:
    """The facade runs although the first port is taken, and takes the other arguments."""
    metrics = init_metrics_with_retry(start_port=taken_port, host="127.0.0.1", strict=True)
    try:
        assert metrics.enable_metrics
        assert metrics.metrics_port > taken_port
        metrics.record_operation_success("unheard_of")
        assert scrape(metrics).dropped() == {"unknown_operation": 1}
    finally:
        metrics.shutdown()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="127.0.0.2 is Linux's")
@pytest.mark.parametrize("way", ["argument", "METRICS_HOST"])
def test_init_with_retry_looks_where_it_will_listen(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A port that is taken on another address is free here; one that is taken here is not."""
    arguments = {"host": "127.0.0.2"} if way == "argument" else {}
    if not arguments:
        monkeypatch.setenv("METRICS_HOST", "127.0.0.2")
    for address, difference in (("127.0.0.1", 0), ("127.0.0.2", 1)):
        with socket.socket() as taken:
            (port,) = free_ports(1)
            taken.bind((address, port))
            taken.listen()
            with init_metrics_with_retry(1, start_port=port, **arguments) as metrics:
                assert metrics.enable_metrics
                assert min(metrics.metrics_port - port, 1) == difference


@pytest.mark.parametrize("retries", [0, -1, "three", None])
def test_init_with_retry_wants_at_least_one_try(retries: Any) -> None:
    """No try at all is a mistake, told by its value; so is what is no number."""
    with pytest.raises(ValueError, match=f"max_retries={retries!r}"):
        init_metrics_with_retry(max_retries=retries)


def test_init_with_retry_does_not_hide_a_bad_argument() -> None:
    """Trying again would not help there."""
    with pytest.raises(ValueError, match="label_values"):
        init_metrics_with_retry(label_values="wash")


def test_init_with_retry_gives_up_where_no_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last try the error comes through, as in the document."""
    from otel_executor_metrics import bootstrap

    tries: list[int] = []

    def none_free(start_port: int, host: str) -> int:
        tries.append(start_port)
        raise RuntimeError("no port is free")

    monkeypatch.setattr(bootstrap, "find_available_port", none_free)
    monkeypatch.setattr(bootstrap, "RETRY_INTERVAL", 0.01)
    with pytest.raises(RuntimeError, match="no port is free"):
        init_metrics_with_retry(3)
    assert tries == [8001] * 3


def test_validation_tells_whether_metrics_record(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """True when they do, with their keys in the log; false when not, with the reason."""
    caplog.set_level(logging.INFO, "otel_executor_metrics")

    assert validate_metrics_initialization(make_metrics()) is True
    assert "intent_latency" in caplog.text
    assert validate_metrics_initialization(ExecutorMetrics(enable_metrics=False)) is False
    assert "disabled" in caplog.text
    assert validate_metrics_initialization(make_metrics(include_builtin=False)) is False
