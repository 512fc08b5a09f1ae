"""Who has ``make demo`` and a browser sees the numbers of one who has Prometheus."""

from __future__ import annotations

import math
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from otel_executor_metrics.scraping import scrape
from tests.demo.conftest import launch
from tests.demo.processes import Running
from tests.page.conftest import Open
from tests.page.test_numbers import shown_duration
from tests.page.view import View
from tests.support.prometheus import PrometheusServer, scrape_job

__all__ = ["launch"]

pytestmark = pytest.mark.real

OPERATIONS = ("intent", "plan", "execute", "user_engagement")
ANY = f"({'|'.join(OPERATIONS)})"
SERIES = f'{{__name__=~"{ANY}_%s"}}'
OUTCOMES = SUCCEEDED, FAILED = SERIES % "success_total", SERIES % "failures_total"
RETRIED, BUCKETS = SERIES % "retries_total", SERIES % "latency_seconds_bucket"
DEMO = ("--duration", "5", "--rate", "60", "--seed", "6", "--incident", "1:1")


@pytest.fixture
def port(launch: Callable[..., Running]) -> Iterator[int]:
    """Hold the port of the fleet ``demo``, so that it outlives the workload."""
    serve = launch("serve", "--port", "0", "--host", "127.0.0.1", "--fleet", "demo")
    yield int(urlsplit(serve.url).port or 0)
    assert serve.stop(signal.SIGTERM) == 0


@pytest.fixture
def prometheus(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[PrometheusServer]:
    """Scrape it by a real Prometheus from now on."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    server = PrometheusServer(folder, [scrape_job(port)])
    yield server
    server.stop()


def answer(prometheus: PrometheusServer, promql: str) -> float:
    """Return the one number that Prometheus answers."""
    (sample,) = prometheus.query(promql)
    return sample.value


def by_label_set(prometheus: PrometheusServer, promql: str) -> dict[tuple[str, ...], float]:
    """Return answers that are not 0 by operation and label value; LABELS stands for the labels."""
    found: dict[tuple[str, ...], float] = {}
    for operation in OPERATIONS:
        asked = promql.replace("LABELS", "task_type, action").replace(ANY, operation)
        for sample in prometheus.query(asked):
            names = [name for name in ("task_type", "action") if name in sample.labels]
            key = (operation, *(sample.labels[name] for name in names))
            found[key] = sample.value
    return {key: value for key, value in found.items() if value > 0}


def test_a_browser_shows_what_prometheus_answers(
    launch: Callable[..., Running], port: int, prometheus: PrometheusServer, open_page: Open
) -> None:
    """Totals, success share, failures by type and percentiles agree once the workload is over."""
    view = open_page(f"http://127.0.0.1:{port}/#span=Infinity")
    demo = launch("demo", "--port", str(port), *DEMO, env={"METRICS_FLEET": "demo"})
    assert demo.wait() == 0
    finished = int(re.findall(r"The workload finished (\d+) operations", demo.stdout)[-1])
    prometheus.wait_for(f"sum({SUCCEEDED}) + sum({FAILED}) == {finished}")
    view.catch_up()

    told = scrape(f"http://127.0.0.1:{port}/metrics")
    assert finished == sum(recorded.finished for recorded in told.series.values()) > 100
    assert_tiles(view, prometheus)
    assert_rows(view, prometheus)
    assert_failures(view, prometheus)


def assert_tiles(view: View, prometheus: PrometheusServer) -> None:
    """Compare what is shown of all operations together."""
    failed = answer(prometheus, f"sum({FAILED})")
    share = answer(prometheus, f"sum({SUCCEEDED}) / (sum({SUCCEEDED}) + sum({FAILED}))")
    assert failed > 0
    assert view.tile("failed") == f"{failed:,.0f}"
    assert view.tile("retries") == f"{answer(prometheus, f'sum({RETRIED})'):,.0f}"
    assert view.tile("share") == shown_share(share)
    assert (view.tile("progress"), view.tile("lost"), view.tile("dropped")) == ("0", "0", "0")
    for name in ("p50", "p95", "p99"):
        asked = f"histogram_quantile(0.{name[1:]}, sum by (le) ({BUCKETS}))"
        expected = answer(prometheus, asked)
        assert shown_duration(view.tile(name)) == pytest.approx(expected, abs=0.0051)


def assert_rows(view: View, prometheus: PrometheusServer) -> None:
    """Compare what is shown of each operation and label set."""
    succeeded, failed = (by_label_set(prometheus, f"sum by (LABELS) ({each})") for each in OUTCOMES)
    p95 = by_label_set(prometheus, f"histogram_quantile(0.95, sum by (LABELS, le) ({BUCKETS}))")
    rows = {key_of(row["Operation and labels"]): row for row in view.rows()}

    assert len(rows) == len(OPERATIONS) - 2 + 4 + 3  # kinds of tasks, and of what users do
    assert rows.keys() == succeeded.keys() | failed.keys()
    for key, row in rows.items():
        good, bad = succeeded.get(key, 0), failed.get(key, 0)
        assert (row["Total"], row["Failures"]) == (f"{good + bad:,.0f}", f"{bad:,.0f}")
        assert row["Success"] == shown_share(good / (good + bad))
        assert shown_duration(row["p95"]) == pytest.approx(p95[key], abs=0.0051)


def assert_failures(view: View, prometheus: PrometheusServer) -> None:
    """Compare the failures by type."""
    asked = prometheus.query(f"sum by (error_type) ({FAILED}) > 0")
    expected = {sample.labels["error_type"]: f"{sample.value:,.0f}" for sample in asked}
    assert {row["Type"]: row["Count"] for row in view.rows("failures")} == expected


def key_of(shown: str) -> tuple[str, ...]:
    """Return operation and label values of a row's first cell."""
    operation, *labels = shown.split()
    return (operation, *(pair.partition("=")[2] for pair in labels))


def shown_share(share: float) -> str:
    """Return a share as the page writes it: rounded down, since 100 % means all."""
    digits = 2 if 0.99 < share < 1 else 1
    return f"{math.floor(share * 100 * 10**digits + 1e-9) / 10**digits:.{digits}f} %"
