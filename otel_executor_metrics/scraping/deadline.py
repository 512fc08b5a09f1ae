"""HTTP whose answers end by a deadline, however slowly they come, and over however many hops."""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time
import urllib.request
from typing import Any, Final

_LATE: Final = "the answer does not end in time"


class _Bytes(io.RawIOBase):
    """What a socket receives until ``deadline``: its own time-out is for one read alone."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._deadline))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Bytes(sock, deadline))


class DeadlineHTTPHandler(urllib.request.HTTPHandler):
    """Opens ``http``, until ``deadline`` on the monotonic clock."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer, of which some may still be to come."""
        return self.do_open(_until(self._deadline, http.client.HTTPConnection), req)


class DeadlineHTTPSHandler(urllib.request.HTTPSHandler):
    """Opens ``https``, until ``deadline`` on the monotonic clock."""

    def __init__(self, deadline: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(context=tls)
        self._deadline = deadline
        self._tls = tls

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Return the answer, of which some may still be to come."""
        connect = _until(self._deadline, http.client.HTTPSConnection)
        return self.do_open(connect, req, context=self._tls)


def _until(deadline: float, kind: type[http.client.HTTPConnection]) -> Any:
    def connect(host: str, **options: Any) -> http.client.HTTPConnection:
        connection = kind(host, **{**options, "timeout": _left(deadline)})
        made: Any = functools.partial(_Response, deadline=deadline)
        connection.response_class = made
        return connection

    return connect


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(_LATE)
    return left
