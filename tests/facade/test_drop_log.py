"""What is dropped is logged once for each reason and operation (contract §3)."""

from __future__ import annotations

import logging
import threading

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape


def drops_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines about drops."""
    return [record.getMessage() for record in caplog.records if "dropped" in record.getMessage()]


def test_a_drop_is_logged_once_for_each_reason_and_operation(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it happens, there is one line for each; every drop is counted."""
    for _ in range(100):
        for operation in ("intent", "plan"):
            metrics.record_operation_latency(operation, -1)
            metrics.record_operation_success(operation, {"le": "x"})

    lines = drops_in(caplog)
    assert len(lines) == 4
    for operation in ("intent", "plan"):
        for reason in ("invalid_value", "invalid_label"):
            assert sum(operation in line and reason in line for line in lines) == 1
    assert scrape(metrics).dropped() == {"invalid_value": 200, "invalid_label": 200}


def test_the_line_names_value_and_rule(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Who reads the log knows what to mend."""
    metrics.record_operation_latency("intent", -12.5)

    (line,) = drops_in(caplog)
    for words in ("invalid_value", "intent", "-12.5", "not negative"):
        assert words in line
    assert caplog.records[-1].levelno == logging.WARNING
    assert caplog.records[-1].name.startswith("otel_executor_metrics")


def test_the_line_says_where(metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture) -> None:
    """An operation, a batch or a method: what is no operation is not called one."""
    metrics.record_operation_latency("intent", -1)
    metrics.record_batch_operations([{"success": True}])
    metrics.record_batch_operations(5)  # type: ignore[arg-type]

    operation, batch, method = drops_in(caplog)
    assert "in operation 'intent': -1" in operation
    assert "in a batch: {'success': True}" in batch
    assert "in record_batch_operations: TypeError(" in method


@pytest.mark.parametrize("value", ["x" * 100_000, ["y" * 100_000], "a\nb\r\x1b[31m"])
def test_a_line_is_one_line_of_bounded_length(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture, value: object
) -> None:
    """Whatever was passed, it neither fills the log nor forges lines in it."""
    metrics.record_operation_latency("intent", value)  # type: ignore[arg-type]
    metrics.record_operation_success(value)  # type: ignore[arg-type]
    metrics.record_operation_success("plan", {f"{value}-": "x"})

    for line in drops_in(caplog):
        assert len(line) < 500
        assert line.isprintable()


def test_many_bad_names_do_not_flood_the_log(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Operations made of data are told of a bounded number of times."""
    for index in range(5000):
        metrics.record_operation_success(f"{index}".rjust(200, "x"))

    assert len(drops_in(caplog)) <= 1100
    assert scrape(metrics).dropped() == {"invalid_operation": 5000}


def test_dynamic_operations_are_bounded(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Beyond the limit a new operation is dropped, visibly; the known ones go on."""
    metrics = make_metrics(max_operations=3)
    for _ in range(2):
        for index in range(10):
            metrics.record_operation_success(f"op{index}")
        metrics.record_operation_success("intent")

    seen = scrape(metrics)
    assert seen.dropped() == {"operation_limit": 14}
    assert sum(seen.total(f"op{index}_success_total") for index in range(3)) == 6
    assert seen.value("intent_success_total") == 2
    assert len(drops_in(caplog)) == 1
    assert "max_operations" in drops_in(caplog)[0]


def test_two_hundred_dynamic_operations_are_the_default(metrics: ExecutorMetrics) -> None:
    """The built-in ones do not count among them."""
    for index in range(201):
        metrics.record_operation_success(f"op{index}")

    seen = scrape(metrics)
    assert seen.dropped() == {"operation_limit": 1}
    assert seen.value("op199_success_total") == 1


def test_strict_drops_what_the_catalogue_does_not_name(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """As the old component did, but counted and logged."""
    metrics = make_metrics(strict=True)
    metrics.record_operation("user_engagement", duration=1)
    metrics.record_operation("intent", duration=1)

    seen = scrape(metrics)
    assert seen.dropped() == {"unknown_operation": 1}
    assert "user_engagement_success_total" not in seen.names
    assert seen.value("intent_success_total") == 1
    (line,) = drops_in(caplog)
    assert "user_engagement" in line
    assert "operations" in line


def test_a_log_handler_may_record(metrics: ExecutorMetrics) -> None:
    """A program that counts its log lines by these metrics does not lock itself out."""

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            metrics.record_operation_success("log_lines")
            metrics.record_operation_latency("log_lines", -1)

    logger, handler = logging.getLogger("otel_executor_metrics"), Counting()
    logger.addHandler(handler)
    try:
        thread = threading.Thread(
            target=metrics.record_operation_latency, args=("intent", -1), daemon=True
        )
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
    finally:
        logger.removeHandler(handler)

    assert scrape(metrics).value("log_lines_success_total") == 2
