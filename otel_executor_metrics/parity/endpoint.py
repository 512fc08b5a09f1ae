"""Fetches an exposition, from a protected endpoint as well."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.request
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.error import HTTPError, URLError

from otel_executor_metrics.parity.exposition import ExpositionError

ACCEPT: Final = "application/openmetrics-text; version=1.0.0, text/plain; q=0.1"
"""Plain text last, so that an endpoint without OpenMetrics answers and can be told apart."""

LARGEST: Final = 256 * 2**20
"""Bytes; a hundred times what a thousand label sets take."""

_CHUNK: Final = 2**16


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

    def fetch(self, timeout: float) -> str:
        """Return the body of the answer, which takes ``timeout`` seconds at most.

        Raises:
            ExpositionError: there is none in OpenMetrics; one line with the URL and the reason.
        """
        # S310: the command takes http and https only.
        request = urllib.request.Request(self.url, headers={"Accept": ACCEPT})  # noqa: S310
        if self.authorization:  # not sent on to where a redirection may point
            request.add_unredirected_header("Authorization", self.authorization)
        try:
            with self._open(request, timeout) as answer:
                _check_type(answer.headers.get_content_type())
                return _body(answer, time.monotonic() + timeout).decode()
        except HTTPError as error:
            error.close()
            reason: object = f"it answers {error.code} {error.reason}"
        except URLError as error:
            reason = error.reason
        except (OSError, ValueError, http.client.HTTPException, ExpositionError) as error:
            reason = str(error) or type(error).__name__
        raise ExpositionError(f"{self.url}: {' '.join(str(reason).split())}")

    def _open(self, request: urllib.request.Request, timeout: float) -> http.client.HTTPResponse:
        handlers = [urllib.request.HTTPSHandler(context=self.tls)] if self.tls else []
        opener = urllib.request.build_opener(*handlers)
        return opener.open(request, timeout=timeout)  # type: ignore[no-any-return]


def basic(credentials: str) -> str:
    """Return the Authorization header of ``user:password``."""
    return f"Basic {b64encode(credentials.encode()).decode()}"


def bearer(token: str) -> str:
    """Return the Authorization header of ``token``."""
    return f"Bearer {token}"


def _check_type(content_type: str) -> None:
    if content_type != "application/openmetrics-text":
        raise ExpositionError(
            f"it answers {content_type}, not OpenMetrics; a Collector's prometheus exporter needs"
            " enable_open_metrics: true"
        )


def _body(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    # The socket's own time-out is for one read: a body that drips would never end.
    body = bytearray()
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > LARGEST:
            raise ExpositionError(f"more than {LARGEST} bytes")
        if time.monotonic() > deadline:
            raise ExpositionError("the answer does not end in time")
    return bytes(body)
