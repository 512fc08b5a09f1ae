"""An incident of the demo, to its end: what health, the page and the generated alert make of it."""

from __future__ import annotations

import re
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

ABOUT = {"alertname": "ExecutorSuccessLow", "operation": "intent", "job": JOB}
FIRING = 'ALERTS{alertname="ExecutorSuccessLow", operation="intent", alertstate="firing"}'
OUTAGE = 'intent_failures_total{error_type="OutageError"}'
# Before the incident of this seed not one in twenty fails by chance, however few are looked at.
USUAL = ("demo", "--port", "0", "--rate", "80", "--seed", "253")


@dataclass(frozen=True)
class Trial:
    """An incident, and the committed rules with other texts in place of some.

    Attributes:
        incident: the demo's argument; it begins after some looks of the page (each five seconds).
        environment: of the demo.
        changed: what is replaced in the rules, by what.
        patience: seconds until the alert has to fire, and again until it has to be over.
    """

    incident: str
    environment: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    patience: float = 60

    def rules(self) -> list[str]:
        """Return the texts for Prometheus."""
        texts = [RULES.read_text(), ALERTS.read_text()]
        for old, new in self.changed.items():
            assert any(old in text for text in texts)
            texts = [text.replace(old, new) for text in texts]
        return texts


# Five minutes take as long: here seconds stand for them, and nothing else differs.
SHORTENED = Trial(
    "8:12",
    {"METRICS_HEALTH_WINDOW": "4", "METRICS_HEALTH_ERROR_RATE": "0.25"},
    {"[5m]": "[15s]", "for: 5m": "for: 2s"},
)
# Alerts wait for five minutes of a success that is low on the average of five: as this incident
# makes it for longer than that, though it is over by then.
COMMITTED = Trial("8:90", patience=480)


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

    Where the rules are shortened, only the windows and the wait of five minutes differ from what
    is committed.
    """
    folder: Path = tmp_path_factory.mktemp("prometheus")
    hook, alerting = stack.enter_context(told_by_alertmanager(folder / "alertmanager"))
    demo = launch(*USUAL, "--incident", trial.incident, env=dict(trial.environment))
    job = scrape_job(int(urlsplit(demo.url).port or 0), name=JOB)
    prometheus = with_rules(folder, trial.rules(), [job], alerting)
    stack.callback(prometheus.stop)
    view = open_page(demo.url.removesuffix("metrics"))

    assert wait_for_health(demo.url, 200, "healthy")["reasons"] == []
    view.wait_for_text("health-status", "Healthy")

    reasons = wait_for_health(demo.url, 503, "degraded")["reasons"]
    assert any(re.search(r"\d+ of \d+ failed, more than \d+ %", each) for each in reasons)
    view.wait_for_text("health-status", "Degraded")
    view.wait_for_text("failures", "OutageError")
    wait_until(partial(hook.told, "firing", **ABOUT), trial.patience, "the alert is told")
    prometheus.wait_for(f"max_over_time(({FIRING} and on () {OUTAGE})[15m:1s])")
    assert prometheus.query(f"max_over_time(({FIRING} unless on () {OUTAGE})[15m:1s])") == []

    wait_for_health(demo.url, 200, "healthy", 60)
    view.wait_for_text("health-status", "Healthy", 60)
    wait_until(partial(hook.told, "resolved", **ABOUT), trial.patience, "it is told to be over")
