"""A wire between two ends, on which one sees every byte."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Wire:
    """Listens on ``port``; ``seen`` is what went either way."""

    port: int = 0
    seen: bytearray = field(default_factory=bytearray)
    frozen: int = 0  # connections before this one carry nothing any more, and stay open
    connections: int = 0

    def freeze(self) -> None:
        """Let the present connections hang, as a lost host or a router's restart does."""
        self.frozen = self.connections

    def carry(self, number: int, source: socket.socket, target: socket.socket) -> None:
        """Carry bytes of a connection one way until an end closes."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if number > self.frozen:
                    self.seen += data
                    target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def wire(address: str) -> Iterator[Wire]:
    """Carry what comes to a free port of the loopback interface to ``address``, and back."""
    host, _, port = address.rpartition(":")
    between = Wire()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            between.connections += 1
            number = between.connections
            with socket.create_connection((host, int(port)), 10) as far:
                far.settimeout(None)
                back = threading.Thread(
                    target=between.carry, args=(number, far, self.request), daemon=True
                )
                back.start()
                between.carry(number, self.request, far)
                back.join(10)

    with _Server(("127.0.0.1", 0), Handler) as server:
        between.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield between
        finally:
            server.shutdown()
            thread.join(10)
