"""Requests and responses as routes see them: plain values, no socket in reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

PLAIN_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``path`` without the query, header names in lower case.

    A header that came several times is joined with ", " (RFC 9110, section 5.3).
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; the server adds length, date, connection and caching headers itself.

    Raises:
        ValueError: a header is not printable ASCII, so that none can be smuggled in.
    """

    status: int
    body: bytes
    content_type: str = PLAIN_TEXT
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("Content-Type", self.content_type), *self.headers):
            if not (name + value).isascii() or not (name + value).isprintable():
                raise ValueError(f"header {name!r} must be printable ASCII")


Route = Callable[[Request], Response]
"""What answers one path, in any thread. GET and HEAD arrive; the body of HEAD is left out later."""


class RefusedRequestError(Exception):
    """What was received is no request that can be routed; carries the response to it."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.response = text(status, line)


def text(status: int, line: str, *headers: tuple[str, str]) -> Response:
    """Return a response of one line of plain text."""
    return Response(status, f"{line}\n".encode(), headers=headers)
