"""The demo as a user starts it: a process, its output, its endpoint and its end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Callable

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics_families,
)

from tests.demo.exposed import parsed
from tests.demo.processes import COMMAND, ENOUGH, ROOT, Running, get, refuses
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

Launch = Callable[..., Running]
TOTALS = re.compile(r"The workload finished (\d+) operations; the endpoint says (\d+)\.\n$")
FAST = ("--interval", "0.2", "--rate", "50", "--port", "0")


def total(running: Running) -> int:
    """Return the closing total, which the workload and the endpoint agree on."""
    found = TOTALS.search(running.stdout)
    assert found, running.stdout
    assert found.group(1) == found.group(2)
    return int(found.group(1))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_scraped_while_it_runs_and_ends_on_a_signal(launch: Launch, number: int) -> None:
    """Both formats parse and grow; the end is a summary, status 0 and a closed port."""
    demo = launch("demo", *FAST)
    url = demo.url

    def finished() -> float:
        samples = parsed(get(url))
        return samples["intent_latency_seconds_count", frozenset()] if samples else 0

    wait_until(lambda: "intent_latency" in get(url), ENOUGH, "the first intent")
    first = finished()
    wait_until(lambda: finished() > first, ENOUGH, "more intents")
    families = list(open_metrics_families(get(url, "application/openmetrics-text")))

    assert {"intent_latency_seconds", "plan_success", "intent_in_progress"} <= {
        family.name for family in families
    }
    assert demo.stop(number) == 0
    assert total(demo) > first
    assert demo.stderr == ""
    assert refuses(url)


def test_output_to_a_file_is_plain_and_goes_on(launch: Launch) -> None:
    """Block follows block, without an escape code, each with the URL and every task type."""
    demo = launch("demo", *FAST, "--seed", "42")
    wait_until(lambda: demo.stdout.count("Scrape http") >= 3, ENOUGH, "three blocks")
    wait_until(lambda: "execute ml_training" in demo.stdout, ENOUGH, "all task types")
    demo.stop(signal.SIGTERM)

    assert "\x1b" not in demo.stdout
    assert "seed 42" in demo.stdout
    for name in ("intent", "plan", "execute report", "execute web_search"):
        assert re.search(rf"^{name} +\d", demo.stdout, re.MULTILINE)


def test_it_ends_by_itself(launch: Launch) -> None:
    """With --duration nobody needs to end it."""
    demo = launch("demo", *FAST, "--duration", "1")

    assert demo.wait() == 0
    assert total(demo) > 0
    assert re.search(r"^\d+ s of 1 s, 50 requests/s", demo.stdout, re.MULTILINE)


def test_a_taken_port_is_told_and_the_next_one_taken(launch: Launch) -> None:
    """One line says which port it is instead."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", free_ports(1)[0]))
        taken.listen()
        port = taken.getsockname()[1]
        demo = launch("demo", "--port", str(port), "--interval", "0.2")
        url = demo.url
        demo.stop(signal.SIGTERM)

    told = re.fullmatch(rf"port {port} is not free: using (\d+) instead\n", demo.stderr)
    assert told
    assert int(told.group(1)) > port
    assert url == f"http://127.0.0.1:{told.group(1)}/metrics"


def test_the_port_of_the_environment_is_used(launch: Launch) -> None:
    """Without --port the variable says where, as everywhere."""
    (port,) = free_ports(1)
    demo = launch("demo", "--duration", "0.2", env={"METRICS_PORT": str(port)})

    assert demo.wait() == 0
    url = f"http://127.0.0.1:{port}/"
    assert f"Scrape {url}metrics, open {url}\n" in demo.stdout


@pytest.mark.parametrize(
    ("env", "reason"),
    [
        ({"METRICS_HOST": "192.0.2.1"}, "Cannot assign requested address|Can't assign requested"),
        ({"METRICS_ENABLED": "false"}, "unset METRICS_ENABLED"),
        ({"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED"),
        ({"METRICS_EXPORTER": "none"}, "METRICS_EXPORTER"),
        ({"METRICS_TLS_CERTIFICATE": "/nowhere"}, "tls_certificate='/nowhere'"),
    ],
)
def test_without_an_endpoint_it_says_why(launch: Launch, env: dict[str, str], reason: str) -> None:
    """What cannot be shown is not run: one line, status 1, no traceback."""
    demo = launch("demo", "--port", "0" if "METRICS_HOST" not in env else "8001", env=env)

    assert demo.wait() == 1
    assert re.fullmatch(rf"otel-executor-metrics demo: error: .*({reason}).*\n", demo.stderr)
    assert demo.stdout == ""


def test_warnings_of_the_library_are_shown_as_notes(launch: Launch) -> None:
    """They do not break into the table, and none is lost."""
    demo = launch("demo", *FAST, "--duration", "0.5", env={"METRICS_STRICT": "maybe"})

    assert demo.wait() == 0
    assert demo.stderr == ""
    assert demo.stdout.count("note: METRICS_STRICT='maybe': must be true or false") >= 2


def test_an_endpoint_that_asks_for_credentials_is_told(launch: Launch) -> None:
    """The demo does not know them: it says what the endpoint said, and runs on."""
    demo = launch("demo", *FAST, "--duration", "0.5", env={"METRICS_BEARER_TOKEN": "secret"})

    assert demo.wait() == 0
    assert "it answers 401" in demo.stdout
    assert "secret" not in demo.stdout


def test_a_reader_that_leaves_ends_it() -> None:
    """``demo | head`` ends without a traceback."""
    with subprocess.Popen(
        [*COMMAND, "demo", *FAST],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        demo.stdout.readline()
        demo.stdout.close()
        status = demo.wait(ENOUGH)
        complaint = demo.stderr.read()

    assert (status, complaint) == (1, b"")
