"""The routes of the live page: static files, read when a browser first asks for them."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import pkgutil
from collections.abc import Iterable
from typing import Final

from otel_executor_metrics.server.messages import Request, Response, Route
from otel_executor_metrics.server.negotiation import accepts_gzip

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FILES: Final = (
    "chart.js",
    "charts.js",
    "choice.js",
    "colours.css",
    "dom.js",
    "failures.js",
    "format.js",
    "health.js",
    "history.js",
    "icon.svg",
    "library.js",
    "main.js",
    "measures.js",
    "model.js",
    "parse.js",
    "poller.js",
    "quantile.js",
    "sets.js",
    "status.js",
    "style.css",
    "theme.js",
    "tiles.js",
    "timeline.js",
    "uplot/uPlot.iife.min.js",
    "uplot/uPlot.min.css",
)
"""What is served below /page/, by its name in the folder ``page``."""

_HEADERS: Final = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        # Text of others (label values) can become markup nowhere, whatever a script does.
        " require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# Kept by the browser, but asked for again each time: whoever may not see it any more does not.
_CACHING: Final = ("Cache-Control", "private, no-cache")


def page_routes(others: Iterable[str]) -> dict[str, Route]:
    """Return the routes of the page: ``/``, and what it consists of below ``/page/``.

    ``others`` are the other paths of the server: the page asks for those that exist only.
    """
    paths = json.dumps({"paths": sorted(others)}).encode()
    return {
        "/": _file_route("index.html"),
        "/page/paths.json": lambda request: Response(200, paths, "application/json"),
        **{f"/page/{name}": _file_route(name) for name in _FILES},
    }


def _file_route(name: str) -> Route:
    def answer(request: Request) -> Response:
        content_type = _TYPES[name.rpartition(".")[2]]
        body, tag = _packed(name)
        headers = (*_HEADERS, _CACHING, ("ETag", tag), ("Vary", "Accept-Encoding"))
        if tag in request.headers.get("if-none-match", ""):
            return Response(304, b"", content_type, headers)
        if accepts_gzip(request.headers.get("accept-encoding", "")):
            return Response(200, body, content_type, (*headers, ("Content-Encoding", "gzip")))
        return Response(200, gzip.decompress(body), content_type, headers)

    return answer


@functools.cache
def _packed(name: str) -> tuple[bytes, str]:
    """Return a file compressed, and its entity tag (RFC 9110, section 8.8.3)."""
    content = pkgutil.get_data(__package__, f"page/{name}")
    if content is None:  # of a loader that cannot read files, which no known one is
        raise FileNotFoundError(name)
    digest = hashlib.sha256(content).hexdigest()
    return gzip.compress(content, mtime=0), f'W/"{digest[:32]}"'
