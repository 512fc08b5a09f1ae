"""HTTP as bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics.server import Request, Response
from otel_executor_metrics.server.messages import RefusedRequestError
from otel_executor_metrics.server.wire import Head, encode, parse_head


def _fed(*chunks: bytes, limit: int = 1000) -> Request | None:
    head = Head(limit)
    request = None
    for chunk in chunks:
        request = head.feed(chunk)
    return request


def test_a_request_is_parsed() -> None:
    """Path, query and headers arrive apart; header names in lower case, repeated ones joined."""
    request = _fed(
        b"GET /metrics?a=1&a=2&b=%20 HTTP/1.1\r\nHost: h\r\nACCEPT: x\r\naccept: y\r\n\r\n"
    )
    assert request == Request(
        "GET", "/metrics", {"a": ["1", "2"], "b": [" "]}, {"host": "h", "accept": "x, y"}
    )


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_head_is_complete_at_its_empty_line(end: bytes) -> None:
    """It may come byte by byte, after empty lines, and with something behind it."""
    whole = end + b"GET / HTTP/1.0" + end + b"A: b" + end + end
    head = Head(1000)
    answers = [head.feed(whole[i : i + 1]) for i in range(len(whole))]
    assert answers[:-1] == [None] * (len(whole) - 1)
    assert answers[-1] == _fed(whole + b"more") == Request("GET", "/", {}, {"a": "b"})


def test_an_absolute_target_is_accepted() -> None:
    """Proxies send the whole URL (RFC 9112, section 3.2.2)."""
    request = _fed(b"GET http://host:80/metrics?q=1 HTTP/1.1\r\n\r\n")
    assert request is not None
    assert (request.path, request.query) == ("/metrics", {"q": ["1"]})


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/x\r\n\r\n", 400),
        (b"GET / HTTP/1.1 more\r\n\r\n", 400),
        (b"POST /\r\n\r\n", 400),
        (b"\x00\xff\xfe\r\n\r\n", 400),
        (b"   \r\n\r\n", 400),
        (b"GET http://[/ HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a" * 1000 + b"\r\n\r\n", 431),
        (b"\r\n" * 501, 431),
    ],
)
def test_what_is_no_request_is_refused(sent: bytes, status: int) -> None:
    """Each kind of nonsense has its status and one line of text, and repeats nothing of itself."""
    with pytest.raises(RefusedRequestError) as refused:
        _fed(sent)
    response = refused.value.response
    assert response.status == status
    assert response.body.count(b"\n") == 1
    assert b"\xff" not in response.body


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(junk: bytes) -> None:
    """Nothing but RefusedRequestError comes out of the parser, whatever goes in."""
    for head in (junk + b"\r\n\r\n", b"GET / HTTP/1.1\r\n" + junk + b"\r\n\r\n"):
        with suppress(RefusedRequestError):
            assert isinstance(parse_head(head), Request)


def test_a_response_is_written_with_its_safety_headers() -> None:
    """The connection closes, nothing is cached or guessed, and no software is named."""
    written = encode(Response(200, b"body", headers=(("X-One", "1"),)), head_only=False)
    head, _, body = written.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert body == b"body"
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert lines[1].startswith(b"Date: ")
    assert lines[1].endswith(b" GMT")
    assert lines[2:] == [
        b"Connection: close",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: 4",
        b"Cache-Control: no-store",
        b"X-Content-Type-Options: nosniff",
        b"X-One: 1",
    ]
    assert encode(Response(200, b"body"), head_only=True).endswith(b"nosniff\r\n\r\n")


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "ü", "\x00"])
def test_a_header_cannot_smuggle_another(value: str) -> None:
    """A response with a header that is not printable ASCII cannot be made."""
    with pytest.raises(ValueError, match="must be printable ASCII"):
        Response(200, b"", headers=(("X", value),))
    with pytest.raises(ValueError, match="must be printable ASCII"):
        Response(200, b"", value)
