"""From an executor in trouble to a message, and to the message that it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.artifacts.driving import driven, watching
from tests.artifacts.messages import told_by_alertmanager
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """End what a test enters, last things first."""
    with ExitStack() as entered:
        yield entered


def test_trouble_is_told_and_so_is_its_end(tmp_path: Path, stack: ExitStack) -> None:
    """A real Alertmanager posts what a real Prometheus sees: alerts firing, then resolved."""
    hook, alerting = stack.enter_context(told_by_alertmanager(tmp_path / "alertmanager"))
    executor = stack.enter_context(driven())
    (tmp_path / "prometheus").mkdir()
    prometheus = watching(tmp_path / "prometheus", executor.port, alerting)
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
