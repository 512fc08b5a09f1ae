"""What the commands tell to do where an endpoint gives no answer."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trustme

from otel_executor_metrics.cli import main
from tests.parity.pages import Page, only_line, serving
from tests.scraping.conftest import Serve
from tests.scraping.test_scrape import url_of
from tests.support.ports import free_ports


def told(capsys: pytest.CaptureFixture[str], url: str, *arguments: str) -> str:
    """Return the one line of a command that had no answer."""
    assert main(["analyze", url, *arguments]) == 1
    return only_line(capsys.readouterr().err)


def test_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to look at: the program, its host, what stands between."""
    (port,) = free_ports(1)

    line = told(capsys, f"http://127.0.0.1:{port}")
    assert "Connection refused; remedy: see that the program runs, that METRICS_HOST" in line


def test_it_answers_otherwise(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    """Credentials, path and scheme have remedies of their own."""
    url = url_of(serve(bearer_token="s3cret"))

    line = told(capsys, url)
    assert "401 Unauthorized; remedy: give credentials that it admits; --help names" in line
    line = told(capsys, url.replace("/metrics", "/nope"))
    assert "404 Not Found; remedy: give the whole URL; metrics are at /metrics" in line
    line = told(capsys, url.replace("http:", "https:"))
    assert "; remedy: give http:// in place of https://, it speaks no TLS" in line


def test_nobody_vouches_for_its_certificate(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option that is missing is named."""
    certificate = tmp_path / "server"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    url = url_of(serve(tls_certificate=certificate))

    assert "; remedy: give --ca-file, and the host that its" in told(capsys, url)
    unencrypted = told(capsys, url.replace("https:", "http:"))
    assert "400 Bad Request; remedy: give https:// in place of http://" in unencrypted


def test_it_does_not_answer_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    """More time is one remedy."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "timed out; remedy: give a longer --timeout" in told(capsys, url, "--timeout", "0.2")


def test_it_is_something_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the reason is, the line ends with what to do."""
    page = Page()
    page.content_type = "application/json"
    with serving(page):
        line = told(capsys, page.url)
    assert line.endswith(
        "; remedy: see what answers at that URL: it has to be an endpoint of metrics"
    )
