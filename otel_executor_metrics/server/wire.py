"""HTTP/1.1 as bytes: request heads parsed, responses written. Pure, no socket in reach."""

from __future__ import annotations

import re
from email.utils import formatdate
from http import client
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

from otel_executor_metrics.server.messages import RefusedRequestError, Request, Response

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_TLS_HANDSHAKE = b"\x16\x03"


class Head:
    """Collect received bytes until they hold a whole request head of at most ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._received = 0
        self._buffer = bytearray()

    @property
    def started(self) -> bool:
        """Tell whether anything has been received."""
        return self._received > 0

    def feed(self, chunk: bytes) -> Request | None:
        """Add ``chunk``; return the request once it is complete.

        Raises:
            RefusedRequestError: it is too long, or not HTTP.
        """
        searched = max(0, len(self._buffer) - 3)
        self._received += len(chunk)
        # Empty lines before a request are to be ignored: RFC 9112, section 2.2.
        self._buffer += chunk if self._buffer else chunk.lstrip(b"\r\n")
        if self._buffer.startswith(_TLS_HANDSHAKE):
            raise RefusedRequestError(400, "this port speaks http, not https")
        end = _END_OF_HEAD.search(self._buffer, searched)
        if (end.end() if end else self._received) > self._limit:
            raise RefusedRequestError(431, f"the request head is over {self._limit} bytes")
        return parse_head(bytes(self._buffer[: end.end()])) if end else None


def parse_head(head: bytes) -> Request:
    """Return the request that ``head``, a whole one with its empty line, asks for.

    Raises:
        RefusedRequestError: with status 400, 431 or 505.
    """
    parsed = _StdlibParser(head)
    if not parsed.parse_request():
        raise RefusedRequestError(parsed.status, "the request cannot be read")
    path, query = _split_target(parsed.path)
    headers: dict[str, str] = {}
    for name, value in parsed.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return Request(parsed.command, path, query, headers)


def _split_target(target: str) -> tuple[str, dict[str, list[str]]]:
    try:
        parts = urlsplit(target)
        return parts.path, parse_qs(parts.query)
    except ValueError:
        raise RefusedRequestError(400, "the request target cannot be read") from None


class _StdlibParser(BaseHTTPRequestHandler):
    """The standard library's parser, fed with bytes that are already here.

    It only parses: reading (with a total deadline) and writing are done elsewhere, so none of
    its HTML error pages, its log lines or its 501 for unknown methods can come up.
    """

    default_request_version = "HTTP/1.0"  # HTTP/0.9 answers would have no status line
    status = 400

    def __init__(self, head: bytes) -> None:
        self.raw_requestline, _, rest = head.partition(b"\n")
        self.rfile = BytesIO(rest)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.status = int(code)

    def handle_expect_100(self) -> bool:
        return True  # the final answer follows at once: no body is ever read


def encode(response: Response, *, head_only: bool) -> bytes:
    """Return ``response`` as bytes; ``head_only`` leaves the body out (HEAD).

    Every answer closes its connection: keep-alive would pin one thread per scraper, and saves
    one handshake per scrape interval. No header names the software or its version.
    """
    headers = {
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if response.status == client.NOT_MODIFIED:
        del headers["Content-Length"]  # it would be that of the 200: RFC 9110, section 8.6
    own = {name for name, _ in response.headers}
    lines = [
        f"HTTP/1.1 {response.status} {client.responses.get(response.status, '')}",
        *(f"{name}: {value}" for name, value in headers.items() if name not in own),
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    head = "\r\n".join(lines).encode("ascii") + b"\r\n\r\n"
    return head if head_only else head + response.body
