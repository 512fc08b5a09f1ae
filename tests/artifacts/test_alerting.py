"""From an executor in trouble to a message, and to the message that it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from otel_executor_metrics.artifacts import alertmanager_yaml
from tests.artifacts.driving import driven, watching
from tests.artifacts.hook import web_hook
from tests.support.alertmanager import AlertmanagerServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """End what a test enters, last things first."""
    with ExitStack() as entered:
        yield entered


def test_trouble_is_told_and_so_is_its_end(tmp_path: Path, stack: ExitStack) -> None:
    """A real Alertmanager posts what a real Prometheus sees: alerts firing, then resolved."""
    hook, executor = stack.enter_context(web_hook()), stack.enter_context(driven())
    text = alertmanager_yaml(hook.url, group_wait="1s", group_interval="1s")
    alertmanager = AlertmanagerServer(tmp_path / "alertmanager", text)
    stack.callback(alertmanager.stop)
    (tmp_path / "prometheus").mkdir()
    targets = [{"targets": [alertmanager.address]}]
    alerting = {"alertmanagers": [{"static_configs": targets}]}
    prometheus = watching(tmp_path / "prometheus", executor.port, {"alerting": alerting})
    stack.callback(prometheus.stop)
    prometheus.wait_for("plan_failures_total == 0")

    executor.does("fail")
    for about in (
        {"alertname": "ExecutorSuccessLow", "operation": "plan"},
        {"alertname": "ExecutorSuccessBudgetBurn", "operation": "train", "severity": "page"},
    ):
        (alert, *_) = wait_until(partial(hook.told, "firing", **about), 60, str(about))
        assert alert["labels"]["job"] == "executor-metrics"
        assert "of job executor-metrics" in alert["annotations"]["description"]
        assert alert["annotations"]["runbook"]
    # A page about the same keeps the tickets quiet.
    assert not hook.told("firing", alertname="ExecutorSuccessBudgetBurn", severity="ticket")

    executor.does(*["succeed"] * 100)
    over = {"alertname": "ExecutorSuccessLow", "operation": "plan"}
    wait_until(partial(hook.told, "resolved", **over), 60, "it is told that it is over")
