"""What is in the generated texts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from otel_executor_metrics import BUILTIN_OPERATIONS, Objective, Operation
from otel_executor_metrics.artifacts import (
    alerts_yaml,
    dashboard_json,
    metrics_markdown,
    rules_yaml,
)
from otel_executor_metrics.artifacts.queries import Queries
from tests.artifacts.catalogue import OPERATIONS
from tests.artifacts.generated import needs_grafana, panels_of, rules_of

ROOT = Path(__file__).parent.parent.parent
INTENT, _, EXECUTE = BUILTIN_OPERATIONS
RECORDED = re.compile(r"job\w*:\w+:\w+")


def test_the_questions_are_those_of_the_contract() -> None:
    """What dashboards, rules and alerts ask is what docs/contract.md promises an answer to."""
    page = (ROOT / "docs" / "contract.md").read_text().partition("## 4. Queries")[2]
    promised = " ".join(page.split())

    by_task = Queries(EXECUTE, by=("task_type",))
    for question in (
        by_task.quantile(0.95),
        Queries(EXECUTE).success_ratio(),
        Queries(EXECUTE).failed_by_type(),
    ):
        assert question in promised
    for question in (Queries(INTENT).mean_latency(), Queries(INTENT).retries_per_success()):
        assert re.sub(r"sum\((rate\([^()]*\))\)", r"\1", question) in promised


@pytest.mark.parametrize(
    ("seconds", "matcher"),
    [
        (2, r'le=~"2(\\.0)?"'),
        (0.25, 'le="0.25"'),
        (1e-5, 'le="1e-05"'),
        (300.0, r'le=~"300(\\.0)?"'),
    ],
)
def test_a_bound_is_found_however_it_is_written(seconds: float, matcher: str) -> None:
    """Whole numbers are `2.0` in one exposition and `2` in another."""
    operation = Operation("train", objective=Objective(latency=(0.9, seconds)))
    assert operation.objective
    assert operation.objective.latency

    assert f"_bucket{{{matcher}}}" in Queries(operation).slow_ratio(operation.objective.latency[1])


def test_alerts_ask_for_what_rules_record() -> None:
    """No alert waits for a series that nobody records."""
    recorded = {rule["record"] for rule in rules_of(rules_yaml(OPERATIONS))}
    asked = set(RECORDED.findall(alerts_yaml(OPERATIONS)))

    assert asked
    assert asked <= recorded


def alert_names(operation: Operation) -> set[str]:
    """Return the alerts that there are of one operation."""
    rules = rules_of(alerts_yaml([operation]))
    return {rule["alert"] for rule in rules if rule["labels"].get("operation")}


def test_an_objective_replaces_thresholds() -> None:
    """Each part of it one, as health has it; what is lost or retried is told in any case."""
    always = {"ExecutorOperationsLost", "ExecutorRetriesHigh"}
    success, latency = "ExecutorSuccessBudgetBurn", "ExecutorLatencyBudgetBurn"
    low, high = "ExecutorSuccessLow", "ExecutorLatencyHigh"

    assert alert_names(Operation("bake")) == {*always, low, high}
    both = Objective(success=0.99, latency=(0.95, 2.0))
    assert alert_names(Operation("bake", objective=both)) == {*always, success, latency}
    only = Objective(success=0.99)
    assert alert_names(Operation("bake", objective=only)) == {*always, success, high}
    other = Objective(latency=(0.95, 2.0))
    assert alert_names(Operation("bake", objective=other)) == {*always, low, latency}


def test_no_quantile_is_waited_for_above_the_last_bound() -> None:
    """Buckets that end at 5 s or below cannot show a percentile above it."""
    assert "ExecutorLatencyHigh" not in alert_names(Operation("bake", buckets=(1, 5)))
    assert "ExecutorLatencyHigh" in alert_names(Operation("bake", buckets=(1, 5, 6)))


@pytest.fixture(scope="module")
def panels() -> list[dict[str, Any]]:
    """Return the panels of a dashboard with everything in it."""
    return panels_of(dashboard_json(OPERATIONS))


@needs_grafana
def test_each_operation_has_its_row(panels: list[dict[str, Any]]) -> None:
    """Rate, errors by type, percentiles, a heatmap, retries, saturation, what is lost; by label."""
    board = json.loads(dashboard_json(OPERATIONS))
    titles = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert titles == ["Overview", "plan", "train", "fetch", "Fleet and library"]
    text = json.dumps(panels)
    for operation in OPERATIONS:
        for instrument in operation.instruments.values():
            assert instrument.exported in text
    assert [panel["title"] for panel in panels if panel["type"] == "heatmap"] == ["Durations"] * 3
    assert {"Error budget: success", "Error budget: latency", "Success share by model"} <= {
        panel["title"] for panel in panels
    }
    durations = next(panel for panel in panels if panel["title"] == "Duration")
    legends = [target["legendFormat"] for target in durations["targets"]]
    assert legends == ["p50", "p95", "p99", "mean"]


@needs_grafana
def test_no_panel_covers_another() -> None:
    """Each cell of the grid is of one panel, none lies beyond its right end; ids differ."""
    placed = json.loads(dashboard_json(OPERATIONS))["panels"]
    cells = [
        (x, y)
        for panel in placed
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in placed}) == len(placed)


@needs_grafana
def test_another_title_is_another_dashboard() -> None:
    """In any writing, of any length; Grafana takes identifiers of up to 40 characters."""
    titles = ["Executor metrics", "My bakery", "面包店", "蛋糕店", "a" * 41, "a" * 42, "?"]

    uids = [json.loads(dashboard_json(OPERATIONS, title=title))["uid"] for title in titles]

    assert uids[:2] == ["executor-metrics", "my-bakery"]
    assert len(set(uids)) == len(titles)
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", uid) for uid in uids)


@needs_grafana
def test_queries_of_a_panel_have_names_of_their_own() -> None:
    """Also where there are more than letters: Grafana shows only one query of a name."""
    many = [Operation(f"step{number}") for number in range(30)]
    glance = panels_of(dashboard_json(many))[0]

    names = [target["refId"] for target in glance["targets"]]
    assert names[:3] == ["A", "B", "C"]
    assert names[25:28] == ["Z", "AA", "AB"]
    assert len(set(names)) == 30


@needs_grafana
def test_labels_that_prometheus_has_too_keep_their_variable() -> None:
    """A label ``job`` is chosen apart from Prometheus's own."""
    board = json.loads(dashboard_json([Operation("bake", labels=("job", "oven"))]))

    names = [variable["name"] for variable in board["templating"]["list"]]
    assert names == ["datasource", "job", "instance", "job_label", "oven"]


def test_the_page_tells_everything() -> None:
    """Series with their help, objectives, what is recorded, and what to do about each alert."""
    page = metrics_markdown(OPERATIONS)

    for operation in OPERATIONS:
        for instrument in operation.instruments.values():
            assert f"| `{instrument.exported}` | {instrument.kind} |" in page
    assert "- Promised: 99.9 % succeed.\n- Promised: 95 % take at most 2 s.\n" in page
    assert "Values of `model` that are known beforehand: large, small." in page
    for rule in rules_of(rules_yaml(OPERATIONS)):
        assert f"| `{rule['record']}` |" in page
    for rule in rules_of(alerts_yaml(OPERATIONS)):
        assert f"### {rule['alert']}\n" in page
        assert rule["annotations"]["runbook"] in page


def test_descriptions_read_well() -> None:
    """An alert says what is wrong, where, and what was promised."""
    (page, *_) = rules_of(alerts_yaml([OPERATIONS[1]]))

    assert page["annotations"]["description"] == (
        "train of job {{ $labels.job }}: {{ $value | humanizePercentage }} of the last 1h failed,"
        " and more than 1.44 % of the last 5m. Promised: 99.9 % succeed."
    )


def test_texts_of_several_lines_stay_readable() -> None:
    """A diff of a rule shows the line that changed."""
    text = alerts_yaml([OPERATIONS[1]])

    assert (
        "expr: |-\n          job:train_failures:ratio_rate1h > 14.4 * 0.001\n          and\n"
        in text
    )
    assert yaml.safe_load(text)["groups"][0]["name"] == "executor_metrics_train_alerts"
