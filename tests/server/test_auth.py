"""Credentials."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server import AnyOf, BasicAuth, BearerToken
from tests.server.clients import Serve, exchange, fetch

USER, PASSWORD, TOKEN = "scraper", "sécret: 1", "tok-en.123=="


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


GOOD = [_basic(USER, PASSWORD), f"Bearer {TOKEN}", f"bearer  {TOKEN} "]
BAD = [
    None,
    "",
    "Basic",
    "Bearer",
    "Basic !!!",
    "Basic ü",
    "Basic " + base64.b64encode(b"nocolon").decode(),
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    "Basic c2NyYXBlcg",
    _basic(USER, ""),
    _basic(USER, PASSWORD + "x"),
    _basic("other", PASSWORD),
    _basic(USER, PASSWORD) + ", " + _basic(USER, PASSWORD),
    "Bearer wrong",
    f"Bearer {TOKEN}x",
    f"Basic {TOKEN}",
    f"Digest {TOKEN}",
    TOKEN,
    "Bearer \xff\xfe",
    "Bearer " + "x" * 10_000,
]
BOTH = AnyOf(BasicAuth(USER, PASSWORD), BearerToken(TOKEN))


@pytest.mark.parametrize("header", GOOD)
def test_right_credentials_admit(header: str) -> None:
    """Either scheme admits, in any case of its name; passwords are UTF-8 and may have colons."""
    assert BOTH(header)


@pytest.mark.parametrize("header", BAD)
def test_wrong_credentials_do_not_admit(header: str | None) -> None:
    """Missing, malformed and wrong ones are refused alike."""
    assert not BOTH(header)


@given(st.text(max_size=80))
def test_no_header_makes_an_authorizer_raise(header: str) -> None:
    """Any text is just refused."""
    for scheme in ("", "Basic ", "Bearer "):
        assert not BOTH(scheme + header)


def test_a_token_may_have_any_letters() -> None:
    """A token that is not ASCII is compared as the UTF-8 bytes that clients send."""
    assert BearerToken("tökén")("Bearer " + "tökén".encode().decode("latin-1"))


def test_the_server_asks_for_credentials(serve: Serve) -> None:
    """/metrics needs them, an open path does not, and a 401 names every scheme."""
    server = serve(authorizer=BOTH, open_paths=["/healthz"])
    assert fetch(server, "/healthz").status == 200
    for header in GOOD:
        assert fetch(server, headers={"Authorization": header}).status == 200
    refused = fetch(server)
    assert (refused.status, refused.body) == (401, b"credentials are required\n")
    assert refused.headers["www-authenticate"] == 'Bearer realm="metrics"'  # the last of two
    for wrong in filter(None, BAD):
        assert fetch(server, headers={"Authorization": wrong}).status == 401


def test_every_scheme_is_offered(serve: Serve) -> None:
    """Each challenge has a header of its own."""
    answer = exchange(serve(authorizer=BOTH), b"GET /metrics HTTP/1.1\r\n\r\n")
    assert b'WWW-Authenticate: Basic realm="metrics", charset="UTF-8"\r\n' in answer
    assert b'WWW-Authenticate: Bearer realm="metrics"\r\n' in answer


def test_an_authorizer_that_raises_admits_nobody(serve: Serve) -> None:
    """A mistake in one's own authorizer closes the door."""

    class Broken:
        challenges = ()

        def __call__(self, authorization: str | None, /) -> bool:
            raise RuntimeError("mistake")

    assert fetch(serve(authorizer=Broken())).status == 500


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: BasicAuth("", "hunter2"), "the user must be a non-empty text"),
        (lambda: BasicAuth("hunter2", ""), "the password must be a non-empty text"),
        (lambda: BasicAuth("hunter2:x", "hunter2"), "the user must not contain ':'"),
        (lambda: BasicAuth("u", "hunter2\n"), "the password must not contain control"),
        (lambda: BasicAuth("u", "hunter2\udcff"), "the password must not contain control"),
        (lambda: BearerToken(""), "the token must be a non-empty text"),
        (lambda: BearerToken("hunter2\n"), "the token must not contain control"),
        (lambda: BearerToken("hunter2 x"), "the token must not contain spaces"),
        (lambda: BearerToken(b"hunter2"), "the token must be a non-empty text"),  # type: ignore[arg-type]
    ],
)
def test_unusable_credentials_are_refused_and_not_shown(
    make: Callable[[], object], rule: str
) -> None:
    """The error has the rule, and nothing of the secret."""
    with pytest.raises(SettingError) as refused:
        make()
    assert rule in str(refused.value)
    assert "hunter2" not in repr(refused.value)


def test_no_secret_shows_in_a_repr() -> None:
    """Authorizers keep digests, and show not even those."""
    assert repr(BOTH) == "AnyOf(BasicAuth(hidden), BearerToken(hidden))"
    for authorizer in (BasicAuth(USER, PASSWORD), BearerToken(TOKEN)):
        assert PASSWORD not in str(vars(authorizer))
        assert TOKEN not in str(vars(authorizer))
