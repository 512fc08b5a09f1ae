"""Analyses, compared with numbers worked out by hand."""

from __future__ import annotations

import json
import math

import pytest

from otel_executor_metrics import ExecutorMetrics, Operation
from otel_executor_metrics.analysis import Share, analyze
from otel_executor_metrics.cli import main
from otel_executor_metrics.snapshot import Recorded, Snapshot
from tests.demo.processes import Running
from tests.parity.pages import Page, only_line, serving

INF = math.inf

SNAPSHOT = Snapshot(
    {
        # 100 durations: 50 up to 1 s, 45 up to 2 s, 5 up to 10 s
        ("execute", (("task_type", "report"), ("tier", "x"))): Recorded(
            80,
            {"Timeout": 15, "Memory": 5},
            retries=25,
            seconds=120,
            buckets=((1.0, 50.0), (2.0, 95.0), (10.0, 100.0), (INF, 100.0)),
        ),
        # 300 durations: all up to 1 s
        ("execute", (("task_type", "search"), ("tier", "x"))): Recorded(
            295,
            {"Timeout": 5},
            retries=75,
            lost=2,
            seconds=60,
            buckets=((1.0, 300.0), (2.0, 300.0), (10.0, 300.0), (INF, 300.0)),
        ),
        ("plan", ()): Recorded(10, seconds=20, buckets=((2.0, 0.0), (4.0, 10.0), (INF, 10.0))),
        ("intent", ()): Recorded(),
    },
    {"invalid_value": 3, "error": 0},
    {("execute", "task_type"): 7, ("plan", "x"): 0},
)


def test_operations_are_judged_by_the_numbers_of_all_their_label_sets() -> None:
    """Quantiles as Prometheus estimates them, and ratios of totals; the slowest is first."""
    plan, execute, intent = analyze(SNAPSHOT).operations

    assert (plan.operation, execute.operation, intent.operation) == ("plan", "execute", "intent")
    assert (plan.p50, plan.mean) == (3.0, 2.0)
    assert plan.p95 == pytest.approx(3.9)
    assert (execute.finished, execute.failed, execute.lost) == (400, 25, 2)
    # rank 200 of 350 in the first bucket; 380 is 30 of 45 in the second; 396 is 1 of 5 in the third
    assert execute.p50 == pytest.approx(200 / 350)
    assert execute.p95 == pytest.approx(1 + 30 / 45)
    assert execute.p99 == pytest.approx(2 + 8 * 1 / 5)
    assert execute.tail_ratio == pytest.approx(3.6 / (200 / 350))
    assert execute.retry_amplification == 1.25
    assert execute.mean == pytest.approx(180 / 400)
    assert execute.time_share == pytest.approx(180 / 200)
    assert all(math.isnan(value) for value in (intent.p50, intent.tail_ratio, intent.mean))
    assert math.isnan(intent.retry_amplification)


def test_label_values_are_judged_alike() -> None:
    """Each value with all label sets that have it."""
    found = {one.label: one for one in analyze(SNAPSHOT).label_values}

    assert list(found) == [("task_type", "report"), ("tier", "x"), ("task_type", "search")]
    assert found["task_type", "report"].p95 == 2.0
    assert found["task_type", "report"].retry_amplification == 1.25
    assert found["task_type", "search"].p95 == pytest.approx(0.95)
    assert found["tier", "x"].finished == 400


def test_failures_are_shared_out() -> None:
    """By type and by label value, most first; operations without failures are left out."""
    (errors,) = analyze(SNAPSHOT).errors

    assert (errors.operation, errors.failed) == ("execute", 25)
    assert errors.types == (Share("Timeout", 20, 0.8), Share("Memory", 5, 0.2))
    assert errors.values == (
        Share("tier=x", 25, 1.0),
        Share("task_type=report", 20, 0.8),
        Share("task_type=search", 5, 0.2),
    )


def test_series_are_counted() -> None:
    """Label sets of each operation, values of each label, and what was too much."""
    analysis = analyze(SNAPSHOT)
    execute, *others = analysis.cardinality

    assert (execute.operation, execute.label_sets) == ("execute", 2)
    assert execute.values == {"task_type": 2, "tier": 1}
    assert execute.overflowed == {"task_type": 7}
    assert [(one.operation, one.label_sets, one.values) for one in others] == [
        ("intent", 1, {}),
        ("plan", 1, {}),
    ]
    assert analysis.dropped == {"invalid_value": 3}


def test_nothing_is_an_analysis_too() -> None:
    """Of an empty snapshot there is nothing to say, and nothing raises."""
    assert analyze(Snapshot()).operations == ()


def test_it_works_on_what_a_program_recorded() -> None:
    """As a function, without an endpoint."""
    train = Operation("train", labels=("model",), buckets=(1, 2))
    with ExecutorMetrics(exporter="none", operations=[train], include_builtin=False) as metrics:
        for model in ("small", "large"):
            metrics.record_operation("train", duration=1.5, labels={"model": model})
        metrics.record_retry("train", 2, labels={"model": "large"})
        analysis = analyze(metrics.snapshot())

    assert analysis.operations[0].retry_amplification == 1.5
    assert analysis.cardinality[0].values == {"model": 2}


@pytest.fixture
def metrics():
    """Metrics that are served."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1", max_label_values=2) as enabled:
        for number in range(4):
            labels = {"task_type": f"t{number}"}
            enabled.record_operation("execute", duration=0.3, labels=labels)
        enabled.record_operation("execute", False, 9, {"task_type": "t0"}, "Timeout")
        enabled.record_operation("plan", duration=-1)
        yield enabled


def test_the_text_says_what_matters(metrics: ExecutorMetrics, capsys) -> None:
    """Tables for people, bounded."""
    url = metrics.get_metrics_summary()["url"]

    assert main(["analyze", url, "--most", "2"]) == 0

    shown = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == f"{url}: all since the start"
    assert "execute 5 1 2.04s 406ms 9.38s 9.88s 24.3 1.00 100%" in lines
    assert "execute: 1 failed" in lines
    assert "by type: Timeout 1 (100%)" in lines
    assert "execute: 3 label sets (task_type 3 values, 2 records became other)" in lines
    assert "dropped, not recorded: invalid_value 1" in lines
    assert lines.count("… and 1 more") == 3


def test_json_has_everything(metrics: ExecutorMetrics, capsys) -> None:
    """What is unknown is null."""
    assert main(["analyze", "--json", metrics.get_metrics_summary()["url"]]) == 0

    document = json.loads(capsys.readouterr().out)
    execute, *others = document["operations"]
    assert (execute["operation"], execute["finished"], execute["label"]) == ("execute", 5, None)
    assert all(other["tail_ratio"] is None for other in others)
    assert document["errors"][0]["types"] == [{"name": "Timeout", "failed": 1, "share": 1}]
    assert (document["window"], document["dropped"]) == (None, {"invalid_value": 1})


def test_a_window_is_of_what_happens_in_it(launch, capfd) -> None:
    """Two looks; meanwhile stderr says what is waited for, as it takes more than a second."""
    demo: Running = launch("demo", "--port", "0", "--rate", "100", "--interval", "0.2")
    url = demo.url

    assert main(["analyze", url, "--window", "1.5", "--json"]) == 0

    shown = capfd.readouterr()
    document = json.loads(shown.out)
    intent = next(one for one in document["operations"] if one["operation"] == "intent")
    assert 10 < intent["finished"] < 1000
    assert document["window"] == 1.5
    assert shown.err == "watching …\n"


def test_nothing_to_analyze_is_status_1(capsys) -> None:
    """One line with the URL and the reason."""
    with serving(Page()) as page:
        assert main(["analyze", page.url]) == 1
        assert "it shows no operation of this package" in only_line(capsys.readouterr().err)
    assert main(["analyze", page.url]) == 1
    assert f"analyze: error: {page.url}: " in only_line(capsys.readouterr().err)
