"""The questions of operators, asked of a real Prometheus, have the answers that are true.

Whichever road the series took: scraped from the process, or from a Collector that it sends to.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from otel_executor_metrics import BUILTIN_OPERATIONS, DEFAULT_BUCKETS, ExecutorMetrics, Operation
from tests.support.collector import Collector
from tests.support.prometheus import PrometheusServer, promtool_check_metrics, scrape_job

pytestmark = pytest.mark.real

TASK_TYPES = ("report", "ml")
ERROR_TYPES = ("Timeout", "ValueError")
EDGES = (0.0, *DEFAULT_BUCKETS, math.inf)


@dataclass
class Truth:
    """What was recorded since Prometheus saw all series for the first time."""

    durations: dict[str, list[float]] = field(default_factory=dict)
    successes: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)


def record(metrics: ExecutorMetrics, truth: Truth, series: str, outcome: str, seconds: float):
    """Record one outcome of ``series`` (``intent``, or a task type of execute), and note it."""
    operation = "intent" if series == "intent" else "execute"
    labels = None if series == "intent" else {"task_type": series}
    if outcome in ERROR_TYPES:
        metrics.record_operation(
            operation, success=False, duration=seconds, labels=labels, error_type=outcome
        )
        if operation == "execute":
            truth.failures[outcome] += 1
    else:
        metrics.record_operation(operation, duration=seconds, labels=labels)
        truth.successes[series] += 1
    if outcome == "retried":
        metrics.record_retry(operation, 2, labels=labels)
        truth.retries[series] += 1
    truth.durations.setdefault(series, []).append(seconds)


@dataclass
class Asked:
    """A Prometheus that has seen everything, and the moment at which to ask it."""

    prometheus: PrometheusServer
    moment: float
    truth: Truth

    def one(self, promql: str) -> float:
        """Return the only value of the answer."""
        (sample,) = self.prometheus.query(promql, self.moment)
        return sample.value

    def by(self, label: str, promql: str) -> dict[str, float]:
        """Return the values of the answer by one label."""
        answer = self.prometheus.query(promql, self.moment)
        return {sample.labels.get(label, ""): sample.value for sample in answer}


def listed_operations() -> list[Operation]:
    """Return the built-in operations with all their series at 0 from the start.

    From there Prometheus extrapolates no increase to before the first sample: what it answers can
    be compared exactly.
    """
    return [
        replace(
            operation,
            label_values=dict.fromkeys(operation.labels, TASK_TYPES),
            error_types=ERROR_TYPES,
        )
        for operation in BUILTIN_OPERATIONS
    ]


@dataclass
class Road:
    """What is recorded with, and what Prometheus scrapes of it."""

    metrics: ExecutorMetrics
    job: dict[str, Any]


@contextmanager
def pull_road(folder: Path, **options: Any) -> Iterator[Road]:
    """Let Prometheus scrape the process."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1", **options) as metrics:
        yield Road(metrics, scrape_job(metrics.metrics_port))


@contextmanager
def collector_road(folder: Path, **options: Any) -> Iterator[Road]:
    """Let Prometheus scrape a Collector of its own, to which the process sends."""
    collector = Collector(folder)
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http_url)
            metrics = ExecutorMetrics(exporter="otlp", **options)
        with metrics:
            yield Road(metrics, scrape_job(collector.prometheus_port, honor_labels=True))
    finally:
        collector.stop()


ROADS: dict[str, Callable[..., AbstractContextManager[Road]]] = {
    "pull": pull_road,
    "collector": collector_road,
}


@pytest.fixture(scope="module", params=ROADS)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    """Let Prometheus see all series, record a known workload, and let it see the end of that."""
    folder = tmp_path_factory.mktemp("road")
    catalogue = {"operations": listed_operations(), "include_builtin": False}
    with ROADS[request.param](folder, **catalogue) as road:
        road.metrics.flush()
        server = PrometheusServer(tmp_path_factory.mktemp("prometheus"), [road.job])
        try:
            yield _asked(server, road.metrics)
        finally:
            server.stop()


def _asked(server: PrometheusServer, metrics: ExecutorMetrics) -> Asked:
    chance = random.Random(7)
    server.wait_for("execute_failures_total", lambda seen: len(seen) == 6)
    server.wait_for("intent_success_total")
    truth = Truth()
    for _ in range(3000):
        series = chance.choice(("intent", *TASK_TYPES))
        outcome = chance.choices(("done", "retried", *ERROR_TYPES), (80, 10, 7, 3))[0]
        record(metrics, truth, series, outcome, chance.lognormvariate(-1.5, 1.2))
    metrics.flush()
    count = 'sum({__name__=~"(intent|execute)_latency_seconds_count"})'
    server.wait_for(count, lambda seen: seen and seen[0].value == 3000)
    (now,) = server.query("time()")
    return Asked(server, now.value, truth)


def bucket_of_quantile(quantile: float, durations: list[float]) -> tuple[float, float]:
    """Return the edges of the bucket in which the quantile of ``durations`` lies."""
    exact = sorted(durations)[math.ceil(quantile * len(durations)) - 1]
    index = bisect_left(DEFAULT_BUCKETS, exact)
    return EDGES[index], EDGES[index + 1]


def test_totals_are_exact(asked: Asked) -> None:
    """Counters at Prometheus are what was recorded."""
    assert asked.one("intent_success_total") == asked.truth.successes["intent"]
    by_task = asked.by("task_type", "sum by (task_type) (execute_success_total)")
    assert by_task == {task: asked.truth.successes[task] for task in TASK_TYPES}
    by_error = asked.by("error_type", "sum by (error_type) (execute_failures_total)")
    assert by_error == {"": 0, **asked.truth.failures}
    assert asked.one("intent_retries_total") == asked.truth.retries["intent"]


def test_average_latency_is_right(asked: Asked) -> None:
    """Sum over count of the window is the mean of what was recorded in it."""
    durations = asked.truth.durations["intent"]
    answer = asked.one(
        "rate(intent_latency_seconds_sum[5m]) / rate(intent_latency_seconds_count[5m])"
    )
    assert answer == pytest.approx(sum(durations) / len(durations))


def test_success_ratio_is_right(asked: Asked) -> None:
    """Successes over successes and failures, as the contract asks it."""
    answer = asked.one(
        "sum(rate(execute_success_total[5m])) / (sum(rate(execute_success_total[5m]))"
        " + sum(rate(execute_failures_total[5m])))"
    )
    good = sum(asked.truth.successes[task] for task in TASK_TYPES)
    assert answer == pytest.approx(good / (good + asked.truth.failures.total()))


def test_success_formula_of_the_document_still_works(asked: Asked) -> None:
    """The document's own formula, over retries, has a value for each task type."""
    answer = asked.by(
        "task_type",
        "rate(execute_success_total[5m])"
        " / (rate(execute_success_total[5m]) + rate(execute_retries_total[5m]))",
    )
    truth = asked.truth
    for task in TASK_TYPES:
        expected = truth.successes[task] / (truth.successes[task] + truth.retries[task])
        assert answer[task] == pytest.approx(expected)


@pytest.mark.parametrize(
    "promql",
    [
        "histogram_quantile(0.95,"
        " sum by (le, task_type) (rate(execute_latency_seconds_bucket[5m])))",
        "histogram_quantile(0.95, rate(execute_latency_seconds_bucket[5m]))",
    ],
)
def test_quantiles_lie_in_their_bucket(asked: Asked, promql: str) -> None:
    """The estimate for each task type lies in the bucket of the true quantile."""
    answer = asked.by("task_type", promql)
    assert answer.keys() == set(TASK_TYPES)
    for task in TASK_TYPES:
        low, high = bucket_of_quantile(0.95, asked.truth.durations[task])
        assert low <= answer[task] <= high


def test_request_rate_is_right(asked: Asked) -> None:
    """The rate times the window is the increase, but for what Prometheus extrapolates."""
    samples = asked.one("count_over_time(intent_success_total[5m])")
    increase = asked.one("rate(intent_success_total[5m])") * 300
    recorded = asked.truth.successes["intent"]
    assert recorded <= increase * (1 + 1e-9)
    assert increase <= recorded * (1 + 2.2 / (samples - 1))


def test_retries_per_success_are_right(asked: Asked) -> None:
    """What the document calls error rate."""
    answer = asked.one("rate(intent_retries_total[5m]) / rate(intent_success_total[5m])")
    expected = asked.truth.retries["intent"] / asked.truth.successes["intent"]
    assert answer == pytest.approx(expected)


def test_failures_by_type_are_right(asked: Asked) -> None:
    """Each type has its share."""
    answer = asked.by("error_type", "sum by (error_type) (rate(execute_failures_total[5m]))")
    assert answer.keys() == {"", *ERROR_TYPES}
    total, failures = sum(answer.values()), asked.truth.failures
    for error in ERROR_TYPES:
        assert answer[error] / total == pytest.approx(failures[error] / failures.total())
    assert answer[""] == 0


def test_without_a_failure_the_success_ratio_is_one(
    start_prometheus: Callable[..., PrometheusServer],
) -> None:
    """An operator does not read "no data" where everything went well."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1") as metrics:
        done = metrics.operation("execute", task_type="report")
        server = start_prometheus([scrape_job(metrics.metrics_port)])
        server.wait_for("execute_success_total")
        done.success(0.1)
        server.wait_for("execute_success_total == 1")
        ratio = server.wait_for(
            "sum(rate(execute_success_total[5m])) / (sum(rate(execute_success_total[5m]))"
            " + sum(rate(execute_failures_total[5m])))"
        )
    assert [sample.value for sample in ratio] == [1.0]


def test_promtool_has_nothing_to_complain_of() -> None:
    """Names, types and help of a scrape follow Prometheus's conventions."""
    with ExecutorMetrics(metrics_port=0) as metrics:
        metrics.record_operation("execute", duration=0.1, labels={"task_type": "report"})
        metrics.record_operation("user_engagement", success=False, error_type="E", duration=1)
        with urlopen(metrics.get_metrics_summary()["url"], timeout=60) as answer:
            text = answer.read().decode()
    assert promtool_check_metrics(text) == (0, "")
