"""What happens on one connection, from its first byte to its last."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable

from otel_executor_metrics.server.connection import Connection, Phase
from otel_executor_metrics.server.messages import RefusedRequestError, Request, Response
from otel_executor_metrics.server.wire import Head, encode

_logger = logging.getLogger(__name__)
_NOT_TLS = ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST")  # OpenSSL's words


class Handler:
    """Serve connections one request each, with ``answer`` computing the response."""

    def __init__(
        self,
        answer: Callable[[Request], Response],
        *,
        ssl_context: ssl.SSLContext | None,
        max_head_bytes: int,
    ) -> None:
        self._answer = answer
        self._ssl_context = ssl_context
        self._max_head_bytes = max_head_bytes

    def __call__(self, connection: Connection) -> None:
        """Serve and close ``connection``; raises nothing."""
        try:
            self._serve(connection)
        except Exception:
            # A client that leaves or dawdles is everyday; nothing about it goes to stderr.
            _logger.debug("a connection ended early", exc_info=True)
        finally:
            connection.finish()

    def _serve(self, connection: Connection) -> None:
        head_only = False
        try:
            self._secure(connection)
            request = self._receive(connection)
            if request is None:
                return
            head_only = request.method == "HEAD"
            connection.enter(Phase.ROUTE)
            response = self._answer(request)
        except RefusedRequestError as refused:
            response = refused.response
        connection.enter(Phase.ANSWER)
        connection.send(encode(response, head_only=head_only))

    def _secure(self, connection: Connection) -> None:
        # In this thread, not where connections are accepted: a client that never shakes hands
        # must keep nobody else waiting.
        if self._ssl_context is None:
            return
        try:
            connection.secure(self._ssl_context)
        except ssl.SSLError as error:
            if error.reason not in _NOT_TLS:
                raise
            connection.unsecure()
            raise RefusedRequestError(400, "this port speaks https, not http") from None

    def _receive(self, connection: Connection) -> Request | None:
        """Return the request, or None when the client closed or said nothing at all."""
        head = Head(self._max_head_bytes)
        try:
            while chunk := connection.receive():
                request = head.feed(chunk)
                if request is not None:
                    return request
        except TimeoutError:
            if head.started:
                raise RefusedRequestError(408, "the request took too long") from None
        return None
