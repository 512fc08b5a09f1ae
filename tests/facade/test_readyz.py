"""``/readyz`` of the metrics port: health, told to probes by whoever holds the port."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from otel_executor_metrics import ExecutorMetrics, readiness
from otel_executor_metrics.config import resolve
from otel_executor_metrics.health import MetricsMonitor
from otel_executor_metrics.readiness import Readiness
from otel_executor_metrics.testing import ManualClock
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape, url_of
from tests.support.probes import probe, readyz


def ask(metrics: ExecutorMetrics, **headers: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON that the port of ``metrics`` answers."""
    return readyz(url_of(metrics), **headers)


def work(metrics: ExecutorMetrics, good: int, bad: int = 0, operation: str = "plan") -> None:
    """Do some work that takes a fifth of a second."""
    for number in range(good + bad):
        metrics.record_operation(operation, number < good, duration=0.2, error_type="Timeout")


@pytest.mark.parametrize(
    ("good", "bad", "word", "status"),
    [
        (0, 0, "no_data", 200),
        (100, 0, "healthy", 200),
        (90, 10, "degraded", 503),
        (10, 90, "unhealthy", 503),
    ],
)
def test_it_answers_by_health(
    metrics: ExecutorMetrics, good: int, bad: int, word: str, status: int
) -> None:
    """The first who asks is told of all since the start; liveness does not depend on it."""
    work(metrics, good, bad)

    answered, told = ask(metrics)

    assert (answered, told["status"]) == (status, word)
    assert probe(url_of(metrics).replace("/metrics", "/healthz")) == (200, "ok\n")


def test_the_probes_of_the_document_are_answered(metrics: ExecutorMetrics) -> None:
    """docs/health.md: the Kubernetes example names paths that are there, each as what it is for."""
    page = (Path(__file__).parents[2] / "docs" / "health.md").read_text()
    (container,) = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])["containers"]
    paths = {
        kind: container[kind]["httpGet"]["path"] for kind in ("livenessProbe", "readinessProbe")
    }

    work(metrics, 0, 100)

    answers = {kind: probe(url_of(metrics).replace("/metrics", paths[kind]))[0] for kind in paths}
    assert answers == {"livenessProbe": 200, "readinessProbe": 503}


def test_it_says_what_the_monitor_says(metrics: ExecutorMetrics) -> None:
    """The keys and figures are those of ``check_health``."""
    monitor = MetricsMonitor(metrics)
    work(metrics, 90, 10)

    told, checked = ask(metrics)[1], monitor.check_health()

    assert told.pop("window_seconds") > 0
    assert checked.pop("window_seconds") > 0
    assert told == checked


def test_settings_say_by_what_it_judges(make_metrics: MakeMetrics) -> None:
    """As arguments here; each has its variable, too."""
    lax = make_metrics(health_error_rate=0.3)
    strict = make_metrics(health_latency_p95=0.1)
    for metrics in (lax, strict):
        work(metrics, 80, 20)

    assert ask(lax)[0] == 200
    assert "p95 is 0.242 s, above 0.1 s" in ask(strict)[1]["reasons"][1]


def test_details_ask_for_credentials_where_the_metrics_do(make_metrics: MakeMetrics) -> None:
    """A probe has none and gets its word; with them there are the reasons."""
    metrics = make_metrics(bearer_token="s3cret")
    work(metrics, 90, 10)

    assert ask(metrics)[1] == {"status": "degraded"}
    told = ask(metrics, Authorization="Bearer s3cret")[1]
    assert told["reasons"] == ["plan: 10 of 100 failed, more than 5 % (error_rate)"]


def test_what_cannot_be_read_back_is_no_data(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With delta temporality beside it the SDK keeps the numbers: the port says that it is up."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    metrics = make_metrics(
        exporter="prometheus,otlp", otlp_endpoint="http://127.0.0.1:9", shutdown_timeout=0.1
    )
    work(metrics, 0, 100)

    status, told = ask(metrics)

    assert (status, told["status"]) == (200, "no_data")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """Let health tell the time by a clock that stands until it is advanced."""
    manual = ManualClock()
    monkeypatch.setattr(readiness, "time", SimpleNamespace(monotonic=manual))
    return manual


def test_a_scrape_is_a_look(make_metrics: MakeMetrics, clock: ManualClock) -> None:
    """Where Prometheus scrapes, the first who asks after a long time has a window to judge."""
    metrics = make_metrics(health_window=10)
    clock.advance(100)
    assert scrape(metrics).text
    work(metrics, 90, 10)
    clock.advance(12)

    told = ask(metrics)[1]

    assert told["status"] == "degraded"
    assert told["window_seconds"] == 12


@pytest.mark.usefixtures("clock")
def test_many_who_ask_are_answered_by_one_look() -> None:
    """However many probes there are at once, what is recorded is read once a second at most."""
    reads: list[int] = []

    def source() -> None:
        reads.append(threading.get_ident())

    asked = Readiness(source, lambda: 3, resolve({}, {}))
    asked.begin()
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(asked.check())) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 50
    assert len(reads) == 2  # one of them at the beginning
