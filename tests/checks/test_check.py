"""``check`` finds what is wrong on this machine, and says what to do."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme
from packaging.requirements import Requirement

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.checks import Finding, check
from otel_executor_metrics.checks.clock import check_clock
from otel_executor_metrics.checks.packages import admits
from otel_executor_metrics.checks.ports import owner_of
from otel_executor_metrics.cli import main
from otel_executor_metrics.diagnosis import VARIABLES
from tests.parity.pages import OPENMETRICS, Page, serving
from tests.support.collector import Collector
from tests.support.ports import free_ports


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    """An environment with a free port and a directory of its own, and nothing else."""
    for name in VARIABLES & set(os.environ):
        monkeypatch.delenv(name)
    (free,) = free_ports(1)
    monkeypatch.setenv("METRICS_PORT", str(free))
    monkeypatch.setenv("METRICS_HOST", "127.0.0.1")
    monkeypatch.setenv("METRICS_FLEET_DIRECTORY", str(tmp_path))
    return free


def found(about: str, *arguments, **options) -> list[Finding]:
    """Return what ``check`` says about one thing."""
    return [finding for finding in check(*arguments, **options) if finding.about == about]


def the(about: str, *arguments, **options) -> Finding:
    """Return the one thing that ``check`` says about something."""
    (finding,) = found(about, *arguments, **options)
    return finding


def test_where_all_is_well_all_is_ok(port: int, tmp_path: Path) -> None:
    """Settings, packages, recording, port, fleet and clock, in this order."""
    findings = check()

    assert [(one.about, one.status) for one in findings] == [
        (about, "ok") for about in ("settings", "packages", "recording", "port", "fleet", "clock")
    ]
    assert all(one.remedy == "" for one in findings)
    assert findings[3].message == f"{port} on 127.0.0.1 is free"
    assert findings[4].message.startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("variables", "status", "message", "remedy"),
    [
        ({"METRICS_PORT": "80x"}, "warning", "METRICS_PORT='80x': must be an integer", "unset it"),
        ({"METRICS_PROT": "1"}, "warning", "METRICS_PROT is no variable", "METRICS_PORT?"),
        ({"METRICS_ENABLED": "false"}, "warning", "switched off by the environment", "unset"),
        ({"OTEL_SDK_DISABLED": "true"}, "warning", "switched off by the environment", "unset"),
        ({"METRICS_EXPORTER": "prom"}, "problem", "no exporter 'prom'", "prometheus, otlp"),
        ({"METRICS_BASIC_AUTH": "nocolon"}, "problem", "METRICS_BASIC_AUTH", "correct"),
    ],
)
def test_bad_variables_are_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict, status: str, message: str, remedy: str
) -> None:
    """What cannot be read, is misspelt, or switches metrics off."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    finding = next(one for one in found("settings") if one.status != "ok")

    assert finding.status == status
    assert message in finding.message
    assert remedy in finding.remedy
    assert "nocolon" not in finding.message


def test_a_port_taken_by_a_stranger_is_a_problem(port: int) -> None:
    """Where the system tells, the process is named; the stranger learns no credentials."""
    page = Page()
    with socket.create_server(("127.0.0.1", port)):
        finding = the("port", timeout=0.2)

    assert finding.status == "problem"
    assert finding.message.startswith(f"{port} is taken by ")
    if sys.platform == "linux":
        assert f"pid {os.getpid()} (" in finding.message
    assert "METRICS_PORT" in finding.remedy
    assert page.asked == []


def test_a_stranger_who_answers_learns_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the port is asked without the token of the environment."""
    with serving(Page()) as page:
        monkeypatch.setenv("METRICS_PORT", page.url.rpartition(":")[2].partition("/")[0])
        monkeypatch.setenv("METRICS_BEARER_TOKEN", "s3cret")

        assert the("port").status == "problem"

    assert page.asked
    assert all("authorization" not in asked for asked in page.asked)


def test_a_stranger_who_asks_for_credentials_is_a_stranger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Others ask for them as well, and the program would not get the port."""

    class Guarded(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="Grafana"')
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Guarded) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        monkeypatch.setenv("METRICS_PORT", str(server.server_port))
        finding = the("port")
        answering.join()

    assert finding.status == "problem"


def test_a_port_held_by_this_package_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what runs already, or what may be joined; also where it asks for credentials."""
    for token in (None, "s3cret"):
        with ExecutorMetrics(metrics_port=0, bearer_token=token) as metrics:
            monkeypatch.setenv("METRICS_PORT", str(metrics.metrics_port))

            finding = the("port")

        assert finding.status == "ok"
        assert "held by an endpoint of this package" in finding.message


def test_a_host_of_another_machine_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address cannot be listened on."""
    monkeypatch.setenv("METRICS_HOST", "192.0.2.1")

    finding = the("port")

    assert finding.status == "problem"
    assert "must be an address of this machine" in finding.remedy


def test_the_owner_of_no_port_is_nobody(port: int) -> None:
    """Only who listens has a port."""
    assert owner_of(port) is None


def test_certificates_are_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that is not there, or holds none, is a problem that names it."""
    file = tmp_path / "chain.pem"
    monkeypatch.setenv("METRICS_TLS_CERTIFICATE", str(file))
    absent = the("tls")
    file.write_text("no PEM")
    empty = the("tls")
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(file)
    good = the("tls")

    assert [one.status for one in (absent, empty, good)] == ["problem", "problem", "ok"]
    assert f"{file!s}" in absent.message
    assert "must be a PEM file with a certificate" in empty.message


def test_a_directory_that_cannot_be_used_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor one that others could write to."""
    monkeypatch.setenv("METRICS_FLEET_DIRECTORY", str(tmp_path / "absent"))
    absent = the("fleet")
    monkeypatch.setenv("METRICS_FLEET_DIRECTORY", str(tmp_path))
    (tmp_path / f"otel-executor-metrics-{os.geteuid()}").mkdir(mode=0o755)
    shared = the("fleet")

    assert (absent.status, shared.status) == ("problem", "problem")
    assert "No such file" in absent.message
    assert "must be 0700" in shared.message
    assert "METRICS_FLEET_DIRECTORY" in absent.remedy


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_that_does_not_answer_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, port: int, protocol: str
) -> None:
    """Over either protocol, in bounded time; with a remedy."""
    monkeypatch.setenv("METRICS_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")

    nobody = the("otlp", timeout=2)
    with socket.create_server(("127.0.0.1", port)):
        silent = the("otlp", timeout=0.3)

    for finding in (nobody, silent):
        assert finding.status == "problem"
        assert finding.message.startswith(f"http://127.0.0.1:{port}")
        assert "start a Collector" in finding.remedy
    assert "refused" in nobody.message


def test_a_collector_that_wants_credentials_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is another one; headers are sent along, and shown to nobody."""
    asked: list[str | None] = []

    class Collecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["authorization"])
            self.send_error(401)

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Collecting) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        monkeypatch.setenv("METRICS_EXPORTER", "otlp")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer s3cret")
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        finding = the("otlp")
        answering.join()

    assert asked == ["Bearer s3cret"]
    assert finding.message == f"{endpoint}/v1/metrics: it answers 401 Unauthorized"
    assert "OTEL_EXPORTER_OTLP_HEADERS" in finding.remedy
    assert "s3cret" not in finding.message + finding.remedy


def test_a_port_that_looks_like_a_status_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at 4017: that has nothing to do with credentials."""
    monkeypatch.setenv("METRICS_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4017")

    finding = the("otlp")

    assert "ipv4:127.0.0.1:4017" in finding.message
    assert "start a Collector" in finding.remedy


def test_settings_of_otlp_that_cannot_be_used_are_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endpoint that is no URL, and a certificate that cannot be read."""
    monkeypatch.setenv("METRICS_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318")
    assert "must begin with http://" in the("otlp").message
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem")
    assert "/nowhere.pem" in the("otlp").message


@pytest.mark.real
def test_a_collector_that_takes_metrics_is_fine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A real one, over either protocol; it shows nothing of the check afterwards."""
    collector = Collector(tmp_path)
    monkeypatch.setenv("METRICS_EXPORTER", "otlp")
    try:
        for protocol, url in (("grpc", collector.grpc_url), ("http/protobuf", collector.http_url)):
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
            finding = the("otlp")
            assert finding.status == "ok", finding
            assert f"takes metrics over {protocol}" in finding.message
        shown = found("endpoint", collector.metrics_url)
    finally:
        collector.stop()

    assert [one.status for one in shown] == ["warning"]
    assert "shows no operation" in shown[0].message


def test_an_endpoint_is_looked_at(port: int) -> None:
    """It answers, and tells what was dropped, became other, or was lost; its clock is compared."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1", max_label_values=1) as metrics:
        url = metrics.get_metrics_summary()["url"]
        assert the("endpoint", url).status == "ok"
        metrics.record_operation("plan", duration=-1)
        for task_type in "ab":
            metrics.record_operation("execute", labels={"task_type": task_type})
        answers, *warnings = found("endpoint", url)
        assert "as the endpoint's does" in the("clock", url).message

    assert answers.message.startswith(f"{url} answers in ")
    assert answers.message.endswith("3 operations, 4 label sets")
    assert [one.status for one in warnings] == ["warning", "warning"]
    assert "invalid_value 1" in warnings[0].message
    assert "1 records had too many values of task_type" in warnings[1].message
    (gone,) = found("endpoint", url)
    assert gone.status == "problem"


@pytest.mark.parametrize(
    ("text", "content_type", "reason"),
    [
        ("{}", "application/json", "it answers application/json"),
        ("plan_success_total 1\n", OPENMETRICS, "the answer ends too early"),
        ("plan_success_total x\nplan_failures_total 0\n", "text/plain", "this is no exposition"),
    ],
)
def test_an_endpoint_is_read_as_strictly_as_elsewhere(
    text: str, content_type: str, reason: str
) -> None:
    """What ``scrape`` refuses is a problem, told with the URL."""
    page = Page()
    page.texts, page.content_type = [text], content_type
    with serving(page):
        finding = the("endpoint", page.url)

    assert finding.status == "problem"
    assert finding.message.startswith(f"{page.url}: {reason}")


def test_a_collector_whose_answer_has_no_end_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status is the answer; what comes behind is not waited for."""

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(bytes(2**16))

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Endless) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        monkeypatch.setenv("METRICS_EXPORTER", "otlp")
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        assert the("otlp").status == "ok"
        answering.join()


@pytest.mark.parametrize(
    ("date", "status"),
    [
        (None, "ok"),
        ("no date", "ok"),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "warning"),
        ("Fri, 01 Jan 2100 00:00:00 GMT", "warning"),
    ],
)
def test_a_clock_that_differs_is_told(date: str | None, status: str) -> None:
    """How much, and in which direction."""
    (finding,) = check_clock(date)

    assert finding.status == status
    if status == "warning":
        direction = "ahead of" if date and "2015" in date else "behind"
        assert f"s {direction} the endpoint's" in finding.message


@pytest.mark.parametrize(
    ("specifiers", "version", "admitted"),
    [
        (">=1.43", "1.45.2", True),
        (">=1.43", "1.9", False),
        (">=0.64b0", "0.64b1", True),
        (">=0.64", "0.64b0", False),
        ("==0.66b2", "0.66b2", True),
        (">=1.43", "1.46rc1", True),
        ("", "1.0", True),
    ],
)
def test_versions_are_compared(specifiers: str, version: str, admitted: bool) -> None:
    """As pip does; a pre-release that is installed was chosen."""
    assert admits(Requirement(f"any{specifiers}"), version) is admitted


def test_a_package_that_is_too_old_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names who needs what; a distribution found first counts, as for imports."""
    metadata = tmp_path / "prometheus_client-0.1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: prometheus_client\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert {one.status for one in found("packages")} == {"problem"}
    message = found("packages")[0].message
    assert message.startswith("prometheus-client 0.1.0: otel-executor-metrics needs >=0.")


def test_the_command_says_it_in_lines_or_json(
    port: int, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A problem is status 1; warnings alone are not."""
    monkeypatch.setenv("METRICS_STRICT", "maybe")
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("warning  settings   METRICS_STRICT='maybe': ")
    with socket.create_server(("127.0.0.1", port)):
        assert main(["check", "--timeout", "0.2"]) == 1
        assert f"\nproblem  port       {port} is taken by " in capsys.readouterr().out
        assert main(["check", "--json", "--timeout", "0.2"]) == 1

    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["findings"][0]["status"] == "warning"
    assert {"about", "status", "message", "remedy"} == set(document["findings"][0])


def test_the_command_looks_at_a_protected_endpoint(
    capsys, tmp_path: Path, file_with: Callable[[str], str]
) -> None:
    """With the credentials of a file."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1", bearer_token="s3cret") as metrics:
        url = metrics.get_metrics_summary()["url"]
        assert main(["check", "--url", url]) == 1
        assert "it answers 401" in capsys.readouterr().out
        assert main(["check", "--url", url, "--token-file", file_with("s3cret\n")]) == 0


@pytest.fixture
def file_with(tmp_path: Path) -> Callable[[str], str]:
    """Write a text to a file, and return its path."""

    def write(text: str) -> str:
        file = tmp_path / "file"
        file.write_text(text)
        return str(file)

    return write
