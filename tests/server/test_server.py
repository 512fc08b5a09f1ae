"""The life of a server: start, address, stop, fork."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from otel_executor_metrics import check_port_available
from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server import (
    Limits,
    MetricsServer,
    Request,
    Response,
    slots,
)
from otel_executor_metrics.server import http as server_module
from tests.server.clients import Serve, connect, exchange, fetch, read_to_end, server_threads
from tests.support.ports import free_ports
from tests.support.waiting import wait_until


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


def test_the_real_port_is_told(serve: Serve) -> None:
    """With port 0 the system chooses, and the server says which."""
    server = serve()
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert fetch(server).status == 200


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("localhost", "localhost"),
        pytest.param("::", "[::1]", marks=needs_ipv6),
        pytest.param("::1", "[::1]", marks=needs_ipv6),
    ],
)
def test_the_url_can_be_connected_to(serve: Serve, host: str, name: str) -> None:
    """Wildcard addresses become loopback ones, IPv6 ones are bracketed."""
    server = serve(host=host)
    assert server.url == f"http://{name}:{server.port}"
    socket.create_connection((name.strip("[]"), server.port), timeout=60).close()


@needs_ipv6
def test_ipv6_is_served(serve: Serve) -> None:
    """A scrape over IPv6 is answered."""
    assert fetch(serve(host="::1")).body == b"hello\n"


@needs_ipv6
def test_the_ipv6_wildcard_serves_ipv4_too(serve: Serve) -> None:
    """``::`` means every interface of both families."""
    server = serve(host="::")
    connect(server).close()


def test_a_taken_port_is_told_to_the_caller(serve: Serve) -> None:
    """Start raises in the caller's thread, with the address, and leaves nothing behind."""
    taken = serve(port=free_ports(1)[0]).port
    server = MetricsServer({}, host="127.0.0.1", port=taken)
    before = threading.active_count()
    with pytest.raises(OSError, match=f"host '127.0.0.1', port {taken}") as refused:
        server.start()
    assert refused.value.errno == errno.EADDRINUSE
    assert threading.active_count() == before
    server.stop()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a\0b", "x" * 300])
def test_a_host_that_cannot_be_bound_is_told(host: str) -> None:
    """Names that mean nothing, and addresses of other machines, are OSErrors as well."""
    with pytest.raises(OSError, match=r"host|[Nn]ame"):
        MetricsServer({}, host=host, port=0).start()


@pytest.mark.parametrize("port", [-1, 65536, "8001", True, None])
def test_what_is_no_port_is_refused(port: Any) -> None:
    """Only integers from 0 to 65535 are ports."""
    with pytest.raises(SettingError, match="must be an integer from 0 to 65535"):
        MetricsServer({}, port=port)


def test_stop_frees_the_port_and_leaves_no_thread(serve: Serve) -> None:
    """It may be called again, and before start; and is quick when nobody is served."""
    server = serve(port=free_ports(1)[0])
    assert fetch(server).status == 200
    began = time.monotonic()
    server.stop(timeout=300)
    server.stop(timeout=300)
    assert time.monotonic() - began < 60
    assert server_threads() == []
    assert check_port_available(server.port, "127.0.0.1")
    MetricsServer({}).stop()


def test_a_server_starts_once(serve: Serve) -> None:
    """Neither a running one nor a stopped one can be started."""
    server = serve()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="starts once"):
            server.start()
        server.stop()


def test_an_idle_server_is_one_thread(serve: Serve) -> None:
    """After a request only the accepting thread remains."""
    server = serve()
    fetch(server)
    wait_until(lambda: [one.name for one in server_threads()] == ["executor-metrics-accept"])


def test_stop_ends_clients_that_have_asked_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open connection without a request does not keep the server."""
    monkeypatch.setattr(slots, "_PATIENCE", 150.0)
    server = serve(limits=Limits(head_timeout=300, total_timeout=300))
    with connect(server) as client:
        client.sendall(b"GET /metr")
        wait_until(lambda: len(server_threads()) == 2, what="the client is served")
        began = time.monotonic()
        server.stop(timeout=300)
        assert time.monotonic() - began < 60
        assert read_to_end(client) == b""


def test_stop_lets_an_answer_under_way_arrive(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scrape that is being computed when the server stops is still answered."""
    monkeypatch.setattr(slots, "_PATIENCE", 60.0)
    computing, go_on = threading.Event(), threading.Event()

    def slow(request: Request) -> Response:
        computing.set()
        go_on.wait(60)
        return Response(200, b"late")

    server = serve({"/metrics": slow})
    bodies: list[bytes] = []
    scraper = threading.Thread(target=lambda: bodies.append(fetch(server).body))
    scraper.start()
    assert computing.wait(60)
    stopper = threading.Thread(target=server.stop, args=(120,))
    stopper.start()
    wait_until(lambda: check_port_available(server.port, "127.0.0.1"), what="the port is closed")
    go_on.set()
    for thread in (scraper, stopper):
        thread.join(60)
    assert bodies == [b"late"]


def test_stop_is_bounded_when_a_route_hangs(serve: Serve) -> None:
    """A route that does not return costs the time that stop was given, and no more."""
    computing, go_on = threading.Event(), threading.Event()

    def hanging(request: Request) -> Response:
        computing.set()
        go_on.wait(300)
        return Response(200, b"")

    server = serve({"/": hanging})
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert computing.wait(60)
        server.stop(timeout=0.2)
        assert [one.name for one in server_threads()] == ["executor-metrics-request"]  # computes on
    assert check_port_available(server.port, "127.0.0.1")
    go_on.set()


def test_a_route_may_stop_its_own_server(serve: Serve) -> None:
    """Stop called in one of the server's threads does not wait for itself."""
    stopped = threading.Event()
    servers: list[MetricsServer] = []

    def stop(request: Request) -> Response:
        servers[0].stop(timeout=0.1)
        stopped.set()
        return Response(200, b"")

    servers.append(serve({"/": stop}))
    exchange(servers[0], b"GET / HTTP/1.1\r\n\r\n")
    assert stopped.wait(60)


def test_a_machine_without_threads_left_loses_one_client_only(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no thread can be started the connection is closed, and the next one is served."""
    server = serve(limits=Limits(max_connections=1))
    with monkeypatch.context() as patched:

        class Refused(threading.Thread):
            def start(self) -> None:
                raise RuntimeError("can't start new thread")

        patched.setattr(server_module, "threading", SimpleNamespace(Thread=Refused))
        with connect(server) as client:
            assert client.recv(1) == b""
    assert exchange(server, b"GET /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_machine_without_file_descriptors_left_is_waited_for(
    serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client stays in the queue until it can be accepted; one warning tells why it waits."""
    accept = socket.socket.accept
    failures: list[float] = []

    def refusing(listener: socket.socket) -> tuple[socket.socket, Any]:
        if failures and time.monotonic() > failures[0] + 0.3:
            return accept(listener)
        failures.append(time.monotonic())
        raise OSError(errno.EMFILE, "Too many open files")

    server = serve()
    monkeypatch.setattr(socket.socket, "accept", refusing)
    assert exchange(server, b"GET /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert len(failures) < 10
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"no connection can be accepted on {server.url}: [Errno {errno.EMFILE}] Too many open files"
    ]


FORKING = """
import os, socket, sys, threading, warnings
warnings.simplefilter("ignore")
from otel_executor_metrics import check_port_available
from otel_executor_metrics.server import MetricsServer, Response

server = MetricsServer({"/": lambda request: Response(200, b"")}, host="127.0.0.1", port=0)
server.start()
early = socket.create_connection(("127.0.0.1", server.port), timeout=60)
early.sendall(b"GET / HTT")
while not any(one.name == "executor-metrics-request" for one in threading.enumerate()):
    threading.Event().wait(0.01)
quit_read, quit_write = os.pipe()
ready_read, ready_write = os.pipe()
child = os.fork()
if child == 0:
    os.close(quit_write)  # so that the end of the parent ends the child, too
    server.stop()
    os.write(ready_write, b"!")
    os.read(quit_read, 1)
    os._exit(0)
os.read(ready_read, 1)
late = socket.create_connection(("127.0.0.1", server.port), timeout=60)
late.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
early.sendall(b"P/1.1\\r\\n\\r\\n")
for client in (early, late):
    print(client.recv(12).decode())
    client.close()
server.stop()
print(check_port_available(server.port, "127.0.0.1"))
os.write(quit_write, b"!")
os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_lets_go_of_the_port() -> None:
    """Stop in a child frees its copies only: the parent serves on, and its stop frees the port."""
    done = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.stdout.splitlines() == ["HTTP/1.1 200", "HTTP/1.1 200", "True"], done.stderr
