"""Endpoints of this package are read as what they hold, protected ones as well."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
from pathlib import Path

import pytest
import trustme

from otel_executor_metrics import ExecutorMetrics, Operation
from otel_executor_metrics.scraping import Endpoint, ScrapeError, parse, scrape
from tests.demo.processes import get
from tests.parity.pages import Page, serving
from tests.scraping.conftest import Serve
from tests.support.ports import free_ports

PLAN = "plan_success_total 3\nplan_failures_total 0\n"
TRAIN = Operation("train", labels=("model",), buckets=(0.5, 60), error_types=("Timeout",))


def url_of(metrics: ExecutorMetrics) -> str:
    """Return where these metrics are served."""
    url: str = metrics.get_metrics_summary()["url"]
    return url


def record(metrics: ExecutorMetrics) -> None:
    """Record something of each kind, what cannot be recorded included."""
    for number in range(4):
        labels = {"model": f"m{number}", "region": ""}
        metrics.record_operation("train", duration=number * 0.3, labels=labels)
    metrics.record_operation("train", False, 61, {"model": "m0"}, error_type="OutOfMemory")
    metrics.record_operation("plan", False)
    metrics.record_retry("train", 2, {"model": "m0"})
    metrics.metrics["train_in_progress"].labels(model="m1").inc(2)
    metrics.record_operation("Tool-Call", duration=math.nan)


def test_a_scrape_is_what_the_program_would_read(serve: Serve) -> None:
    """Every number is the same as in ExecutorMetrics.snapshot, drops and overflow included."""
    metrics = serve(operations=[TRAIN], max_label_values=2, label_values="keep")
    record(metrics)

    found = scrape(url_of(metrics))

    assert found == metrics.snapshot()
    assert found.of("train", {"model": "m0"}).failures == {"Timeout": 0, "OutOfMemory": 1}
    assert found.dropped["invalid_value"] == 1
    assert found.overflowed == {("train", "model"): 2}


def test_what_was_lost_is_read(serve: Serve) -> None:
    """Work in progress in a process that was killed is counted by whoever serves."""
    metrics = serve()
    child = os.fork()
    if child == 0:
        metrics.operation("plan").begin()
        os._exit(9)
    os.waitpid(child, 0)

    assert scrape(url_of(metrics)).of("plan").lost == 1


def test_both_formats_say_the_same(serve: Serve) -> None:
    """Plain text and OpenMetrics are read alike, whatever stands in a label."""
    metrics = serve(label_values="keep")
    for value in ('say "hi"', "back\\slash\\n", "two\nlines", "{x} # 1", "任务", "a=b,c"):
        metrics.record_operation("execute", duration=0.1, labels={"task_type": value})
    types = ("text/plain", "application/openmetrics-text")
    texts = [get(url_of(metrics), accept) for accept in types]

    plain, openmetrics = map(parse, texts)

    assert texts[1].endswith("# EOF\n")
    assert plain == openmetrics == metrics.snapshot()


@pytest.mark.parametrize(
    "access", [{"bearer_token": "s3cret"}, {"basic_auth": ("user", "pass:wörd")}]
)
def test_credentials_open_a_protected_endpoint(serve: Serve, access: dict) -> None:
    """They are the settings of the endpoint; without them the answer is told in one line."""
    url = url_of(serve(**access))

    assert scrape(url, **access).of("plan").finished == 0
    with pytest.raises(ScrapeError, match=rf"^{url}: it answers 401 Unauthorized$"):
        scrape(url)


def test_certificates_open_an_endpoint_with_mutual_tls(serve: Serve, tmp_path: Path) -> None:
    """An authority to trust and a certificate to show; what is missing is told."""
    authority = trustme.CA()
    server, client, ca = tmp_path / "server", tmp_path / "client", tmp_path / "ca"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(server)
    authority.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(client)
    authority.cert_pem.write_to_path(ca)
    url = url_of(serve(tls_certificate=server, tls_client_ca=ca))

    assert ("plan", ()) in scrape(url, ca_file=ca, client_cert_file=client).series
    with pytest.raises(ScrapeError, match="certificate verify failed"):
        scrape(url)
    with pytest.raises(ValueError, match=f"{tmp_path}/absent: not the PEM file that is needed"):
        scrape(url, ca_file=tmp_path / "absent")


def test_a_proxy_is_not_asked_for_this_machine(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a proxy of the environment would not find the endpoint; it is asked for others."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (nobody,) = free_ports(1)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobody}")
    url = url_of(serve())

    assert scrape(url).series
    assert scrape(url.replace("127.0.0.1", "localhost")).series
    with pytest.raises(ScrapeError, match="Connection refused"):
        scrape("http://metrics.example/metrics")


@pytest.mark.parametrize(
    "wrong",
    ["http://no-such-host.invalid/metrics", "nonsense", "file:///etc/passwd", "http://[::1/"],
)
def test_what_cannot_be_reached_is_one_line(wrong: str) -> None:
    """The line begins with the URL, and nothing but HTTP is read."""
    with pytest.raises(ScrapeError) as caught:
        scrape(wrong)

    assert str(caught.value).startswith(f"{wrong}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "text", "reason"),
    [
        ("text/html", "<html>", "it answers text/html: metrics are at /metrics, mostly"),
        ("application/openmetrics-text", "# TYPE a counter\n", "the answer ends too early"),
        ("text/plain", PLAN + 'plan_retries_total{a="\n', "this is no exposition: "),
        ("text/plain", f"{PLAN}plan_retries_total one\n", "this is no exposition: "),
        ("text/plain", PLAN + 'plan_latency_seconds_bucket{le="NaN"} 1\n', "le='NaN' is no bound"),
    ],
)
def test_another_answer_is_one_line(content_type: str, text: str, reason: str) -> None:
    """It names the URL and the reason."""
    page = Page()
    page.content_type, page.texts = content_type, [text]

    with serving(page), pytest.raises(ScrapeError) as caught:
        scrape(page.url)

    assert str(caught.value).startswith(f"{page.url}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("length", ["Content-Length: 99\r\n", ""])
def test_an_answer_that_is_cut_off_is_none(length: str) -> None:
    """Half the counts would look like a restart; without a length the text itself must tell."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kind = "text/plain" if length else "application/openmetrics-text"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{length}\r\n"
        child = os.fork()
        if child == 0:
            client, _ = server.accept()
            client.recv(65536)
            client.sendall(f"{head}plan_success_total 1\n".encode())
            client.close()
            os._exit(0)
        with pytest.raises(ScrapeError, match="the answer ends too early"):
            scrape(f"http://127.0.0.1:{server.getsockname()[1]}/metrics")
        os.waitpid(child, 0)


def test_an_endpoint_that_says_nothing_is_given_up() -> None:
    """The time-out bounds the wait."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/metrics"
        with pytest.raises(ScrapeError, match=f"^{url}: timed out$"):
            scrape(url, timeout=0.2)


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
    ],
    ids=["in a header", "in the size of a chunk", "in the body"],
)
def test_an_answer_that_drips_is_given_up(head: str) -> None:
    """The time-out is for the answer, not for each byte of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            client, _ = server.accept()
            client.recv(65536)
            client.sendall(head.encode())
            with contextlib.suppress(OSError):
                for _ in range(2400):  # two minutes, then it is a whole answer or a torn one
                    if select.select([client], [], [], 0.05)[0]:
                        break
                    client.sendall(b"0")
            os._exit(0)
        with pytest.raises(ScrapeError, match=r"timed out|in time"):
            scrape(f"http://127.0.0.1:{server.getsockname()[1]}/metrics", timeout=0.3)
        os.waitpid(child, 0)


def test_redirections_share_the_time_out() -> None:
    """However many hops there are, and each in time, the answer must come in time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            for number in range(9):
                client, _ = server.accept()
                client.recv(65536)
                select.select([], [], [], 0.2)
                with contextlib.suppress(OSError):
                    head = f"HTTP/1.1 302 No\r\nLocation: /{number}\r\n"
                    client.sendall(f"{head}Content-Length: 0\r\n\r\n".encode())
                client.close()
            os._exit(0)
        with pytest.raises(ScrapeError, match=r"timed out|in time"):
            scrape(f"http://127.0.0.1:{server.getsockname()[1]}/metrics", timeout=0.5)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_redirection_to_no_port_is_an_answer_that_cannot_be_read() -> None:
    """However large the number is."""
    page = Page()
    page.redirect = f"http://127.0.0.1:{10**20}/"
    with serving(page), pytest.raises(ScrapeError, match="too large"):
        scrape(page.url)


def test_an_answer_of_another_status_is_one_where_it_is_accepted() -> None:
    """Its body is what was asked for."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            client, _ = server.accept()
            client.recv(65536)
            client.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nwhy?")
            client.close()
            os._exit(0)
        endpoint = Endpoint(f"http://127.0.0.1:{server.getsockname()[1]}/readyz")
        assert endpoint.fetch(accepted=(503,)).text == "why?"
        os.waitpid(child, 0)
