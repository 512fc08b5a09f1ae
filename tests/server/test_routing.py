"""Which answer a request gets."""

from __future__ import annotations

import logging
import socket

import pytest

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server import MetricsServer, Request, Response
from tests.server.clients import Serve, connect, exchange, fetch, read_to_end, server_threads
from tests.support.waiting import wait_until


def test_a_path_is_answered_by_its_route(serve: Serve) -> None:
    """Every answer tells its length and closes the connection."""
    reply = fetch(serve(), "/metrics?x=1")
    assert (reply.status, reply.body) == (200, b"hello\n")
    assert reply.headers["content-length"] == "6"
    assert reply.headers["connection"] == "close"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert "server" not in reply.headers


def test_head_is_answered_without_a_body(serve: Serve) -> None:
    """HEAD has the headers of GET, the length included, and nothing behind them."""
    answer = exchange(serve(), b"HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"Content-Length: 6\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/Metrics", "/favicon.ico", "/..%2f", "*"])
def test_other_paths_are_not_found(serve: Serve, path: str) -> None:
    """A 404 says in one line where the metrics are."""
    reply = fetch(serve(), path)
    assert (reply.status, reply.body) == (404, b"not found; the metrics are at /metrics\n")


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW", "get", "x!"]
)
def test_other_methods_are_not_allowed(serve: Serve, method: str) -> None:
    """Every method but GET and HEAD gets a 405 with Allow, unknown ones too, on every path."""
    server = serve()
    for path in ("/metrics", "/nowhere"):
        reply = fetch(server, path, method)
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_a_body_that_nobody_reads_does_not_lose_the_answer(serve: Serve) -> None:
    """What comes behind the head is dropped, without a reset that takes the answer along."""
    with connect(serve()) as client:
        client.sendall(b"POST /metrics HTTP/1.1\r\nContent-Length: 100000\r\n\r\n")
        assert client.recv(1, socket.MSG_PEEK) == b"H"
        client.sendall(b"x" * 100_000)
        wait_until(lambda: len(server_threads()) == 1)
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert read_to_end(client).startswith(b"HTTP/1.1 405 ")


def test_expect_continue_is_answered_at_once(serve: Serve) -> None:
    """A client that asks before it sends its body gets the final answer."""
    request = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    assert exchange(serve(), request).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/3.0\r\n\r\n", b"505"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"a" * 100_000, b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
    ],
)
def test_what_is_no_request_gets_one_plain_line(serve: Serve, sent: bytes, status: bytes) -> None:
    """Malformed and oversized heads are answered at once, in plain text and not in HTML."""
    answer = exchange(serve(), sent)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Content-Type: text/plain" in answer
    assert answer.partition(b"\r\n\r\n")[2].count(b"\n") == 1


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_a_route_that_raises_gives_a_constant_answer(
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    error: type[BaseException],
) -> None:
    """The client learns nothing of the error; the log has it, once for many requests."""

    def broken(request: Request) -> Response:
        raise error("the secret is 42")

    server = serve({"/metrics": broken})
    for _ in range(3):
        reply = fetch(server)
        assert reply.status == 500
        assert reply.body == b"internal error; the log of the program tells more\n"
    records = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.name for record in records] == ["otel_executor_metrics.server.router"]
    assert "the secret is 42" in caplog.text
    assert capfd.readouterr().err == ""


def test_no_client_makes_the_server_print(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing goes to stdout or stderr, for good requests and bad ones."""
    server = serve()
    for sent in (b"GET /metrics HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"\x16\x03\x01"):
        exchange(server, sent)
    server.stop()
    assert capfd.readouterr() == ("", "")


def test_an_open_path_must_have_a_route() -> None:
    """A misspelt open path is refused, where it would be guarded unnoticed."""
    with pytest.raises(SettingError, match="open_paths='/health': must be one of /healthz"):
        MetricsServer({"/healthz": lambda request: Response(200, b"")}, open_paths=["/health"])
