"""An incident of the demo, to its end: what health, the page and the generated alert make of it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.artifacts.driving import JOB, with_rules
from tests.artifacts.generated import ALERTS, RULES
from tests.artifacts.messages import told_by_alertmanager
from tests.demo.conftest import launch
from tests.demo.processes import Running
from tests.page.conftest import Open
from tests.support.probes import wait_for_health
from tests.support.prometheus import scrape_job
from tests.support.waiting import wait_until

__all__ = ["launch"]

pytestmark = pytest.mark.real

ENOUGH = 120.0
ABOUT = {"alertname": "ExecutorSuccessLow", "operation": "intent", "job": JOB}
FIRING = 'ALERTS{alertname="ExecutorSuccessLow", operation="intent", alertstate="firing"}'
OUTAGE = 'intent_failures_total{error_type="OutageError"}'
# Of this seed's work not one in twenty fails by chance, however few are looked at.
USUAL = ("--rate", "80", "--seed", "253")


@dataclass(frozen=True)
class Trial:
    """The committed rules with other texts in place of some.

    Attributes:
        window: seconds by which health judges.
        changed: what is replaced in the rules, by what.
        patience: seconds until the alert has to fire, and again until it has to be over.
    """

    window: str = "30"
    changed: Mapping[str, str] = field(default_factory=dict)
    patience: float = 600

    def rules(self) -> list[str]:
        """Return the texts for Prometheus."""
        texts = [RULES.read_text(), ALERTS.read_text()]
        for old, new in self.changed.items():
            assert any(old in text for text in texts)
            texts = [text.replace(old, new) for text in texts]
        return texts


# Five minutes take as long: here seconds stand for them, and nothing else differs.
SHORTENED = Trial("4", {"[5m]": "[15s]", "for: 5m": "for: 2s"}, patience=90)
COMMITTED = Trial()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """End what a test enters, last things first."""
    with ExitStack() as entered:
        yield entered


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(SHORTENED, id="shortened"),
        pytest.param(COMMITTED, id="committed", marks=pytest.mark.long),
    ],
)
def test_an_incident_is_seen_everywhere_and_so_is_its_end(
    launch: Callable[..., Running],
    stack: ExitStack,
    open_page: Open,
    tmp_path_factory: pytest.TempPathFactory,
    trial: Trial,
) -> None:
    """Health and page turn degraded and healthy again; the alert is told, and that it is over.

    Each lasts until it has been seen everywhere: workloads come and go at the port of one fleet.
    Where the rules are shortened, only the windows and the wait of five minutes differ from what
    is committed.
    """
    folder: Path = tmp_path_factory.mktemp("prometheus")
    hook, alerting = stack.enter_context(told_by_alertmanager(folder / "alertmanager"))
    serve = launch(
        *("serve", "--port", "0", "--host", "127.0.0.1", "--fleet", "demo"),
        env={
            "METRICS_HEALTH_WINDOW": trial.window,
            "METRICS_HEALTH_ERROR_RATE": "0.25",
            "METRICS_HEALTH_LATENCY_P95": "1000",
        },
    )
    port = int(urlsplit(serve.url).port or 0)
    prometheus = with_rules(folder, trial.rules(), [scrape_job(port, name=JOB)], alerting)
    stack.callback(prometheus.stop)
    view = open_page(f"http://127.0.0.1:{port}/")

    def work(*arguments: str) -> Running:
        fleet = {"METRICS_FLEET": "demo"}
        return launch("demo", "--port", str(port), *USUAL, *arguments, env=fleet)

    well = work()
    assert wait_for_health(serve.url, 200, "healthy", ENOUGH)["reasons"] == []
    view.wait_for_text("health-status", "Healthy", ENOUGH)
    assert well.stop(signal.SIGTERM) == 0

    in_trouble = work("--incident", "1:3600")
    reasons = wait_for_health(serve.url, 503, "degraded", ENOUGH)["reasons"]
    assert any(re.search(r"\d+ of \d+ failed, more than \d+ %", each) for each in reasons)
    view.wait_for_text("health-status", "Degraded", ENOUGH)
    view.wait_for_text("failures", "OutageError", ENOUGH)
    wait_until(partial(hook.told, "firing", **ABOUT), trial.patience, "the alert is told")
    prometheus.wait_for(f"max_over_time(({FIRING} and on () {OUTAGE})[15m:1s])")
    assert prometheus.query(f"max_over_time(({FIRING} unless on () {OUTAGE})[15m:1s])") == []
    assert in_trouble.stop(signal.SIGTERM) == 0

    work()
    wait_for_health(serve.url, 200, "healthy", ENOUGH)
    view.wait_for_text("health-status", "Healthy", ENOUGH)
    wait_until(partial(hook.told, "resolved", **ABOUT), trial.patience, "it is told to be over")
