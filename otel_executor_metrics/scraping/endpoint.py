"""Fetches an exposition over HTTP, from a protected endpoint as well."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import time
import urllib.request
from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from otel_executor_metrics.scraping.deadline import DeadlineHTTPHandler, DeadlineHTTPSHandler
from otel_executor_metrics.scraping.error import ScrapeError
from otel_executor_metrics.scraping.reading import parse
from otel_executor_metrics.snapshot import Snapshot

OPENMETRICS: Final = "application/openmetrics-text"

ACCEPT: Final = f"{OPENMETRICS}; version=1.0.0, text/plain; q=0.1"
"""Plain text last: it is what answers that knows no OpenMetrics."""

LARGEST: Final = 256 * 2**20
"""Bytes; a hundred times what a thousand label sets take."""

TIMEOUT: Final = 10.0
"""Seconds that an answer may take."""

_CHUNK: Final = 2**16


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered: a text, its type without parameters, its Date header if any."""

    text: str
    content_type: str
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an exposition is fetched.

    Args:
        url: http or https.
        authorization: the value of the Authorization header, if any.
        tls: for https; None for the system's authorities.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    def scrape(self, timeout: float = TIMEOUT) -> Snapshot:
        """Return what the endpoint says now, in ``timeout`` seconds at most.

        Raises:
            ScrapeError: it cannot be reached, refuses, or answers something else.
        """
        return self.read(timeout)[0]

    def read(self, timeout: float = TIMEOUT) -> tuple[Snapshot, Answer]:
        """Return what the endpoint says now, and the answer in which it did; as :meth:`scrape`."""
        answer = self.fetch(timeout)
        try:
            _check_whole(answer)
            return parse(answer.text), answer
        except ScrapeError as error:
            raise ScrapeError(f"{self.url}: {error}") from None

    def fetch(self, timeout: float = TIMEOUT, *, accepted: Collection[int] = ()) -> Answer:
        """Return the answer, which takes ``timeout`` seconds at most.

        Statuses that tell of a failure are none, unless ``accepted``.

        Raises:
            ScrapeError: there is none; one line with the URL and the reason.
        """
        reason: object
        challenge = ""
        try:
            # S310: there are no handlers of other schemes.
            request = urllib.request.Request(self.url, headers={"Accept": ACCEPT})  # noqa: S310
            if self.authorization:  # not sent on to where a redirection may point
                request.add_unredirected_header("Authorization", self.authorization)
            with self._open(request, timeout, accepted) as answer:
                text = _body(answer).decode()
                kind = answer.headers.get_content_type()
                return Answer(text, kind, answer.headers.get("Date"))
        except HTTPError as error:
            error.close()
            reason = f"it answers {error.code} {error.reason}"
            challenge = error.headers.get("WWW-Authenticate", "")
        except URLError as error:
            reason = error.reason
        # The last of a port in a redirection that no system has.
        except (OSError, ValueError, http.client.HTTPException, OverflowError) as error:
            reason = str(error) or type(error).__name__
        raise ScrapeError(f"{self.url}: {' '.join(str(reason).split())}", challenge=challenge)

    def _open(
        self, request: urllib.request.Request, timeout: float, accepted: Collection[int]
    ) -> http.client.HTTPResponse:
        # Where a proxy of the environment would not find this machine, none is asked.
        proxies: dict[str, str] | None = {} if _is_here(self.url) else None
        opener = urllib.request.OpenerDirector()
        deadline = time.monotonic() + timeout
        for handler in (
            urllib.request.ProxyHandler(proxies),
            DeadlineHTTPHandler(deadline),
            DeadlineHTTPSHandler(deadline, self.tls),
            *(kind() for kind in _HANDLERS),
        ):
            opener.add_handler(handler)
        try:
            return opener.open(request, timeout=timeout)  # type: ignore[no-any-return]
        except HTTPError as refused:
            if refused.code not in accepted:
                raise
            return refused  # type: ignore[return-value]  # it reads like the answer that it is


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows redirections without reading their bodies, of which there may be no end."""

    def http_error_302(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> Any:
        """Close the answer first, and go on."""
        fp.close()
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


_HANDLERS: Final = (
    urllib.request.HTTPDefaultErrorHandler,
    _Redirections,
    urllib.request.HTTPErrorProcessor,
    urllib.request.UnknownHandler,
)
"""What urllib's usual opener has, without files and FTP, where a redirection could lead to."""


def scrape(
    url: str,
    *,
    bearer_token: str | None = None,
    basic_auth: tuple[str, str] | None = None,
    ca_file: str | PathLike[str] | None = None,
    client_cert_file: str | PathLike[str] | None = None,
    timeout: float = TIMEOUT,
) -> Snapshot:
    """Return what the endpoint at ``url`` says now.

    Args:
        url: of an endpoint of this package, or of a Collector's ``prometheus`` exporter. What
            others show at the same place is left out, and the processes behind a Collector are
            added up.
        bearer_token: that the endpoint asks for.
        basic_auth: user and password, instead.
        ca_file: PEM file of the authorities to trust; the system's otherwise.
        client_cert_file: PEM file of the certificate and its key to show, for mutual TLS.
        timeout: seconds that the answer may take.

    Raises:
        ScrapeError: it cannot be reached, refuses, or answers something else; one line.
        ValueError: a PEM file cannot be used; names it.
    """
    authorization = bearer(bearer_token) if bearer_token else None
    if basic_auth:
        authorization = basic(":".join(basic_auth))
    return Endpoint(url, authorization, tls_context(ca_file, client_cert_file)).scrape(timeout)


def basic(credentials: str) -> str:
    """Return the Authorization header of ``user:password``."""
    return f"Basic {b64encode(credentials.encode()).decode()}"


def bearer(token: str) -> str:
    """Return the Authorization header of ``token``."""
    return f"Bearer {token}"


def tls_context(
    authorities: str | PathLike[str] | None, certificate: str | PathLike[str] | None
) -> ssl.SSLContext | None:
    """Return what trusts and shows the certificates in these PEM files; None without any.

    Raises:
        ValueError: a file cannot be used; one line that names it.
    """
    if not authorities and not certificate:
        return None
    file = authorities
    try:
        context = ssl.create_default_context(cafile=authorities)
        if certificate:
            file = certificate
            context.load_cert_chain(certificate, password="")  # without it a terminal is asked
    except OSError as error:  # ssl's own do not name the file
        raise ValueError(f"{file}: not the PEM file that is needed: {error}") from None
    return context


def _is_here(url: str) -> bool:
    """Tell whether ``url`` is of this machine's loopback interface."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_whole(answer: Answer) -> None:
    if answer.content_type not in (OPENMETRICS, "text/plain"):
        raise ScrapeError(f"it answers {answer.content_type}: metrics are at /metrics, mostly")
    if answer.content_type == OPENMETRICS and not answer.text.endswith("# EOF\n"):
        raise ScrapeError("the answer ends too early")


def _body(answer: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > LARGEST:
            raise ScrapeError(f"more than {LARGEST} bytes")
    if answer.length:
        raise ScrapeError("the answer ends too early")
    return bytes(body)
