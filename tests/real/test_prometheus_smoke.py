"""The real Prometheus of the tests works, and its helpers tell the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from tests.support.prometheus import (
    PrometheusServer,
    QueryError,
    Sample,
    promtool_check_metrics,
    scrape_job,
)

pytestmark = pytest.mark.real


@pytest.fixture
def port() -> Iterator[int]:
    """Serve ``things_total{kind="a"} 3`` by prometheus_client alone."""
    registry = CollectorRegistry()
    Counter("things", "Things seen", ["kind"], registry=registry).labels("a").inc(3)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_a_scraped_value_can_be_queried(
    port: int, start_prometheus: Callable[..., PrometheusServer]
) -> None:
    """What the endpoint serves is what the query answers, and a bad query is refused."""
    prometheus = start_prometheus([scrape_job(port)])

    answer = prometheus.wait_for("sum by (kind) (things_total)")

    assert answer == [Sample({"kind": "a"}, 3.0)]
    assert prometheus.query("scalar(sum(things_total)) + 1") == [Sample({}, 4.0)]
    assert prometheus.query("things_total", time=1.0) == []
    with pytest.raises(QueryError, match="parse error"):
        prometheus.query("rate(")


def test_a_wait_in_vain_shows_answer_and_log(
    start_prometheus: Callable[..., PrometheusServer],
) -> None:
    """Who waits for what does not come is told the last answer and Prometheus's log."""
    prometheus = start_prometheus()

    with pytest.raises(AssertionError, match=r"(?s)absent_total: .*ready.*answered: \[\]"):
        prometheus.wait_for("absent_total", timeout=0.1)


def test_a_broken_configuration_shows_the_log(
    start_prometheus: Callable[..., PrometheusServer],
) -> None:
    """A Prometheus that ends at once fails the test with what it said, not with a time-out."""
    with pytest.raises(AssertionError, match=r"(?s)ended with status.*nonsense"):
        start_prometheus(config={"nonsense": 1})


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("# HELP things_total Things.\n# TYPE things_total counter\nthings_total 1\n", 0),
        ("# HELP things Things.\n# TYPE things counter\nthings 1\n", 3),
        ("things{\n", 1),
    ],
    ids=["clean", "unconventional", "unreadable"],
)
def test_promtool_tells_clean_text_from_bad(text: str, status: int) -> None:
    """Clean text passes silently; a bad name or bad syntax is reported with its line of text."""
    returncode, output = promtool_check_metrics(text)

    assert returncode == status
    assert bool(output) == bool(status)
