"""Each expression that is generated, asked of a real Prometheus that watches a real executor.

Whichever road the series took: scraped from the process, or from a Collector that it sends to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from otel_executor_metrics.artifacts import alerts_yaml, dashboard_json, rules_yaml
from tests.artifacts.asking import choices, empty_panels, expressions, numbers, wait_for_number
from tests.artifacts.catalogue import OPERATIONS
from tests.artifacts.driving import JOB, Driven, driven, sent_to, watching
from tests.artifacts.generated import needs_grafana, rules_of
from tests.support.collector import Collector
from tests.support.prometheus import PrometheusServer

pytestmark = pytest.mark.real

NEVER_YET = {"Label values beyond the limit"}
"""Panels whose series come into being with the first event."""


@dataclass
class Watched:
    """An executor and the Prometheus that sees it, by one of the roads."""

    executor: Driven
    prometheus: PrometheusServer
    road: str

    def sees(self, total: int) -> None:
        """Wait until Prometheus has seen as many attempts at ``plan``."""
        attempts = "sum(plan_success_total) + sum(plan_failures_total)"
        self.prometheus.wait_for(attempts, lambda seen: seen and seen[0].value == total)


@pytest.fixture(scope="module", params=["pull", "collector"])
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """Let Prometheus see an executor whose work goes well."""
    with ExitStack() as stack:
        if request.param == "pull":
            executor = stack.enter_context(driven())
            port, from_collector = executor.port, False
        else:
            collector = Collector(tmp_path_factory.mktemp("collector"))
            stack.callback(collector.stop)
            executor = stack.enter_context(sent_to(collector))
            port, from_collector = collector.prometheus_port, True
        folder = tmp_path_factory.mktemp("prometheus")
        prometheus = watching(folder, port, honor_labels=from_collector)
        stack.callback(prometheus.stop)
        seen = Watched(executor, prometheus, request.param)
        seen.sees(0)
        executor.does("succeed")
        seen.sees(100)
        yield seen


@pytest.fixture(scope="module")
def dashboard() -> str:
    """Return the dashboard of the operations that are watched."""
    return dashboard_json(OPERATIONS, jobs=[JOB])


ALERTS = rules_of(alerts_yaml(OPERATIONS, jobs=[JOB], wait="0s"))
RECORDED = [rule["record"] for rule in rules_of(rules_yaml(OPERATIONS))]


def test_healthy_work_alerts_nobody(watched: Watched) -> None:
    """While all goes well, each alert is a query that answers with nothing."""
    for record in RECORDED:
        watched.prometheus.wait_for(f"count({record})")

    assert {rule["alert"] for rule in ALERTS if watched.prometheus.query(rule["expr"])} == set()
    firing = watched.prometheus.query('ALERTS{job!="gone"}')
    assert [sample.labels["alertname"] for sample in firing] == []


@needs_grafana
def test_each_panel_shows_something_of_healthy_work(watched: Watched, dashboard: str) -> None:
    """No panel is empty but those of what never happened."""
    assert empty_panels(watched.prometheus, dashboard) == NEVER_YET


@needs_grafana
def test_each_variable_has_its_values(watched: Watched, dashboard: str) -> None:
    """What can be chosen at the top of the dashboard is what there is."""
    found = choices(watched.prometheus, dashboard)

    assert found.keys() == {"job", "instance", "model"}
    assert found["job"] == {JOB if watched.road == "pull" else "sending"}
    assert found["model"] == {"large", "small"}
    assert all(found["instance"])


@pytest.fixture(scope="module")
def in_trouble(watched: Watched) -> Watched:
    """Let everything go wrong that can."""
    watched.executor.does("fail", "drop", "overflow", "lose")
    watched.sees(501 + 1)  # what is dropped is the duration; the outcome counts
    return watched


@needs_grafana
def test_each_panel_shows_something_of_trouble(in_trouble: Watched, dashboard: str) -> None:
    """No panel is empty."""
    for title, expr in expressions(dashboard):
        wait_for_number(in_trouble.prometheus, title, expr)


def test_each_rule_records_what_is_true(in_trouble: Watched) -> None:
    """Each recorded series has values; ratios are those of what was done."""
    for record in RECORDED:
        wait_for_number(in_trouble.prometheus, "recorded", record)
    for record, truth in {
        "job:plan_success:ratio_rate5m": 102 / 502,
        "job:train_failures:ratio_rate1h": 800 / 1007,
        "job:train_slow:ratio_rate3d": 802 / 1007,
        "job:fetch_slow:ratio_rate30m": 802 / 1002,
        'job_model:fetch_success:ratio_rate5m{model="small"}': 101 / 501,
    }.items():
        (ratio,) = numbers(in_trouble.prometheus, record)
        assert ratio == pytest.approx(truth, rel=0.02), record


def test_trouble_is_alerted_on(in_trouble: Watched) -> None:
    """Each alert has something to tell, but those on targets: the executor itself answers."""
    silent = {"ExecutorTargetsAbsent", "ExecutorTargetDown"}
    if in_trouble.road == "collector":
        silent.add("ExecutorOperationsLost")  # a process that sends is seen by nobody when it dies
    for rule in ALERTS:
        if rule["alert"] not in silent:
            wait_for_number(in_trouble.prometheus, rule["alert"], rule["expr"])


def test_targets_that_are_gone_are_alerted_on(watched: Watched) -> None:
    """A target that refuses fires, and a job of which none answers does."""
    for name in ("ExecutorTargetsAbsent", "ExecutorTargetDown"):
        firing = watched.prometheus.wait_for(f'ALERTS{{alertname="{name}", alertstate="firing"}}')
        assert {sample.labels["job"] for sample in firing} == {"gone"}
