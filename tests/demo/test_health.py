"""Health as the commands show it: an incident on purpose, and what ``serve`` answers for."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from otel_executor_metrics.cli import main
from otel_executor_metrics.demo.health import health
from otel_executor_metrics.demo.incident import Incident
from tests.demo.processes import ENOUGH, Running
from tests.facade.programs import run_program
from tests.support.probes import readyz, wait_for_health
from tests.support.waiting import wait_until

Launch = Callable[..., Running]


def test_an_incident_degrades_and_passes(launch: Launch) -> None:
    """The screen, which asks the endpoint, says so: before, meanwhile and afterwards."""
    demo = launch(
        *("demo", "--port", "0", "--rate", "80", "--seed", "5", "--interval", "0.5"),
        *("--incident", "4:4"),
        # The slow work of the incident ends long after it, and is soon few among the rest.
        env={"METRICS_HEALTH_WINDOW": "2", "METRICS_HEALTH_ERROR_RATE": "0.25"},
    )

    # Nobody needs to be there in time: what the screen has shown stays in the file.
    wait_until(lambda: "The incident has been over" in demo.stdout, ENOUGH, "the end of it")
    wait_until(lambda: shown(demo)[-1:] == ["healthy"], ENOUGH, "the last line of health")
    assert wait_for_health(demo.url, 200, "healthy")["reasons"] == []

    assert re.search(
        r"^Health: degraded.*\d+ of \d+ failed, more than 25 %", demo.stdout, re.MULTILINE
    )
    assert demo.stop(signal.SIGTERM) == 0
    words = [word for word in shown(demo) if word in ("healthy", "degraded")]
    changes = [word for word, before in zip(words, ["", *words], strict=False) if word != before]
    assert changes[:1] + changes[-2:] == ["healthy", "degraded", "healthy"]
    assert "Incident in " in demo.stdout
    assert "INCIDENT: work is 4 times as slow, and 40% of it fails" in demo.stdout
    assert "The incident has been over for " in demo.stdout
    assert re.search(r"OutageError \d+", demo.stdout)


def shown(demo: Running) -> list[str]:
    """Return the statuses that the demo has shown so far."""
    return re.findall(r"^Health: (\w+)", demo.stdout, re.MULTILINE)


def test_the_thresholds_of_the_environment_hold(launch: Launch) -> None:
    """Those that suit the sample workload give way to them."""
    demo = launch(
        *("demo", "--port", "0", "--rate", "80"), env={"METRICS_HEALTH_LATENCY_P95": "0.001"}
    )

    assert "above 0.001 s" in wait_for_health(demo.url, 503, "degraded")["reasons"][0]
    assert "Incident" not in demo.stdout


def test_an_incident_has_a_beginning_and_an_end() -> None:
    """It begins on its second, and is over on its last."""
    incident = Incident(after=10, seconds=5)

    assert [second for second in range(30) if incident.is_on(second)] == [10, 11, 12, 13, 14]


@pytest.mark.parametrize("text", ["30", "30:", ":5", "0:5", "5:0", "a:b", "1:2:3", "inf:1"])
def test_an_incident_that_cannot_be_is_refused(text: str, capsys: pytest.CaptureFixture) -> None:
    """The usual two lines of argparse, with the value."""
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--incident", text])

    assert ended.value.code == 2
    assert "argument --incident: '" in capsys.readouterr().err


def test_an_endpoint_that_does_not_answer_has_no_health() -> None:
    """The demo's line says so, in place of a traceback."""
    assert health("http://127.0.0.1:9/metrics") == "unknown"


WORKER = """
from otel_executor_metrics import ExecutorMetrics, Objective, Operation

train = Operation("train", objective=Objective(success=0.5, latency=(0.5, 30.0)))
with ExecutorMetrics(host="127.0.0.1", metrics_port={port}, operations=[train]) as metrics:
    for number in range(100):
        metrics.record_operation("train", number > 20, duration={seconds}.0)
"""


def test_serve_judges_a_fleet_by_its_objectives(launch: Launch) -> None:
    """What workers promise is known to whoever answers for them, also when they are gone."""
    env = {"METRICS_FLEET": "jobs"}
    serve = launch("serve", "--port", "0", "--host", "127.0.0.1", env=env)
    port = urlsplit(serve.url).port
    assert readyz(serve.url)[1]["status"] == "no_data"

    assert run_program(WORKER.format(port=port, seconds=20), env).returncode == 0
    assert wait_for_health(serve.url, 200, "healthy")["operations"]["train"]["failed"] == 21
    assert run_program(WORKER.format(port=port, seconds=40), env).returncode == 0
    assert run_program(WORKER.format(port=port, seconds=40), env).returncode == 0

    assert wait_for_health(serve.url, 503, "degraded")["reasons"] == [
        "train: p50 is above 30 s (its objective)"
    ]
    assert serve.stop(signal.SIGTERM) == 0
