"""Clients that hold connections cannot exhaust the server."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import trustme

from otel_executor_metrics.server import Limits, MetricsServer, Request, Response, connection
from tests.server.clients import Serve, connect, fetch, read_to_end, server_threads
from tests.support.waiting import wait_until

PATIENT = Limits(head_timeout=120, total_timeout=120)  # no timeout helps before the test fails
LARGE = b"x" * 20_000_000  # more than the buffers of a connection hold


def _large(request: Request) -> Response:
    return Response(200, LARGE)


def _small(request: Request) -> Response:
    return Response(200, b"hello\n")


@contextmanager
def _attackers(server: MetricsServer, count: int, opening: bytes, trickle: bytes) -> Iterator[None]:
    """Keep ``count`` connections open that trickle and never read; reopen each that is closed."""
    stop = threading.Event()

    def attack() -> None:
        with selectors.DefaultSelector() as held:
            while not stop.is_set():
                while len(held.get_map()) < count and not stop.is_set():
                    with suppress(OSError):
                        client = socket.create_connection(("127.0.0.1", server.port), timeout=1)
                        client.sendall(opening)
                        client.setblocking(False)
                        held.register(client, selectors.EVENT_READ)
                for key, _ in held.select(0.02):
                    _let_go_if_closed(held, key.fileobj)  # type: ignore[arg-type]
                for key in list(held.get_map().values()):
                    with suppress(OSError):
                        key.fileobj.send(trickle)  # type: ignore[union-attr]
            for key in list(held.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]

    thread = threading.Thread(target=attack)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


def _let_go_if_closed(held: selectors.BaseSelector, client: socket.socket) -> None:
    try:
        if client.recv(1, socket.MSG_PEEK):
            held.modify(client, selectors.EVENT_WRITE)  # it has an answer, and leaves it unread
            return
    except BlockingIOError:
        return
    except OSError:
        pass
    held.unregister(client)
    client.close()


def test_a_head_has_a_total_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not extend it; a client that began gets told."""
    monkeypatch.setattr(connection, "_LINGER_SECONDS", 120.0)  # the answer is there to be read
    server = serve(limits=Limits(head_timeout=0.6))
    began = time.monotonic()
    with connect(server) as client:
        client.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < began + 60:
            try:
                client.sendall(b"x")
                answer = client.recv(100)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began > 0.5


def test_a_client_that_says_nothing_is_closed_without_a_word(serve: Serve) -> None:
    """A connection opened in advance is not answered."""
    server = serve(limits=Limits(head_timeout=0.2))
    with connect(server) as client:
        assert read_to_end(client) == b""


def test_an_answer_has_a_total_time(serve: Serve) -> None:
    """A client that keeps reading, but slowly, is cut off."""
    server = serve({"/": _large}, limits=Limits(total_timeout=0.8))
    began, received = time.monotonic(), 0
    with connect(server) as client, suppress(ConnectionError):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")

        def handler_ended() -> bool:
            nonlocal received
            received += len(client.recv(50_000))
            return len(server_threads()) == 1

        wait_until(handler_ended, 120)
        received += len(read_to_end(client))
    assert received < len(LARGE)
    assert time.monotonic() - began > 0.5


def test_a_client_that_does_not_close_is_closed(serve: Serve) -> None:
    """After the answer the server waits a moment for the client's end, and no longer."""
    server = serve()
    with connect(server) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert read_to_end(client).endswith(b"hello\n")
        wait_until(lambda: len(server_threads()) == 1)


def test_there_are_never_more_threads_than_allowed(serve: Serve) -> None:
    """However many connections come, handlers stay within the limit."""
    limits = Limits(max_connections=4, grace=0.01, head_timeout=120, total_timeout=120)
    server = serve(limits=limits)
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connect(server)).sendall(b"GET")
            # One that has given its place away may take a moment to end.
            wait_until(lambda: len(server_threads()) <= 1 + 4, what="no more than allowed")


def test_the_oldest_goes_and_the_others_stay(serve: Serve) -> None:
    """A newcomer costs one connection: of those that ask nothing the one that is oldest."""
    limits = Limits(max_connections=2, grace=0.05, head_timeout=120, total_timeout=120)
    server = serve(limits=limits)
    with connect(server) as first, connect(server) as second:
        assert fetch(server).status == 200
        assert read_to_end(first) == b""
        second.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert read_to_end(second).endswith(b"hello\n")


def test_an_answered_client_makes_room_at_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's wait for the client's end keeps nobody waiting."""
    monkeypatch.setattr(connection, "_LINGER_SECONDS", 120.0)
    server = serve(limits=Limits(max_connections=1, head_timeout=120, total_timeout=120))
    with connect(server) as answered:
        answered.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert read_to_end(answered).endswith(b"hello\n")
        assert fetch(server).status == 200


@pytest.mark.parametrize("trickle", [b"", b"a"])
def test_slow_loris_clients_do_not_lock_scrapers_out(serve: Serve, trickle: bytes) -> None:
    """With 50 that hold and reopen connections a scrape is answered, before any had its time."""
    server = serve({"/metrics": _small}, limits=PATIENT)
    with _attackers(server, 50, b"GET /metrics HTTP/1.1\r\nX: ", trickle):
        for _ in range(3):
            assert fetch(server).body == b"hello\n"


def test_clients_that_never_read_do_not_lock_scrapers_out(serve: Serve) -> None:
    """With more of them than slots a scrape is still answered."""
    limits = Limits(max_connections=4, total_timeout=120, stall=0.2)
    server = serve({"/large": _large, "/metrics": _small}, limits=limits)
    with _attackers(server, 8, b"GET /large HTTP/1.1\r\n\r\n", b""):
        for _ in range(3):
            assert fetch(server).body == b"hello\n"


def test_clients_that_never_shake_hands_do_not_lock_scrapers_out(serve: Serve) -> None:
    """With TLS the same holds for connections on which nothing is ever said."""
    ca = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert("127.0.0.1").configure_cert(ours)
    ca.configure_trust(theirs)
    server = serve(ssl_context=ours, limits=PATIENT)
    with _attackers(server, 30, b"\x16\x03\x01", b""):
        assert fetch(server, context=theirs).body == b"hello\n"


def test_a_response_being_computed_is_never_cut_off(serve: Serve) -> None:
    """When all slots compute, a newcomer waits for its turn instead of taking one."""
    computing, go_on = threading.Semaphore(0), threading.Event()

    def slow(request: Request) -> Response:
        computing.release()
        go_on.wait(60)
        return Response(200, b"slow")

    limits = Limits(max_connections=2, grace=0.01, stall=0.01)
    server = serve({"/slow": slow, "/metrics": _small}, limits=limits)
    bodies: list[bytes] = []
    paths = ["/slow", "/slow", "/metrics"]
    scrapers = [
        threading.Thread(target=lambda path=path: bodies.append(fetch(server, path).body))
        for path in paths
    ]
    for scraper in scrapers[:2]:
        scraper.start()
        assert computing.acquire(timeout=60)
    scrapers[2].start()
    with connect(server):
        scrapers[2].join(0.3)
        assert bodies == []
        go_on.set()
        for scraper in scrapers:
            scraper.join(60)
    assert sorted(bodies) == [b"hello\n", b"slow", b"slow"]


def test_a_slow_reader_is_kept_while_there_is_room(serve: Serve) -> None:
    """Nobody is cut off for being slow as long as no one else needs the slot."""
    limits = Limits(stall=0.001, total_timeout=300)
    server = serve({"/": _large, "/metrics": _small}, limits=limits)
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
        for _ in range(10):
            assert fetch(server).status == 200
        assert read_to_end(client).endswith(b"xxx")


def test_stop_ends_clients_that_never_read(serve: Serve) -> None:
    """An answer that nobody takes keeps stop for a bounded time."""
    server = serve({"/": _large}, limits=PATIENT)
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
        server.stop(timeout=300)
        assert time.monotonic() - began < 60
        assert server_threads() == []
