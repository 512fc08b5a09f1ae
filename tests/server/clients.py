"""Clients of the server under test, and a look at its threads."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from otel_executor_metrics.server import MetricsServer

Serve = Callable[..., MetricsServer]


class Reply(NamedTuple):
    """An answer as the client saw it; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    server: MetricsServer,
    path: str = "/metrics",
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    timeout: float = 60.0,
) -> Reply:
    """Make one request and return the answer."""
    host = "::1" if "[::1]" in server.url else "127.0.0.1"
    client: http.client.HTTPConnection
    if context is None:
        client = http.client.HTTPConnection(host, server.port, timeout=timeout)
    else:
        client = http.client.HTTPSConnection(host, server.port, timeout=timeout, context=context)
    try:
        client.request(method, path, headers=dict(headers or {}))
        answer = client.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, names, answer.read())
    finally:
        client.close()


def connect(server: MetricsServer, timeout: float = 30.0) -> socket.socket:
    """Open a connection and say nothing yet."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def read_to_end(client: socket.socket) -> bytes:
    """Return what the server sends until it closes; a reset counts as closing."""
    received = bytearray()
    with suppress(ConnectionError):
        while chunk := client.recv(65_536):
            received += chunk
    return bytes(received)


def exchange(server: MetricsServer, sent: bytes) -> bytes:
    """Send raw bytes and return all that comes back until the server closes."""
    with connect(server, 10.0) as client:
        client.sendall(sent)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def server_threads() -> list[threading.Thread]:
    """List the threads that servers run."""
    return [one for one in threading.enumerate() if one.name.startswith("executor-metrics-")]
