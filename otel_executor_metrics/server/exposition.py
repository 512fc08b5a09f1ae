"""The routes: /metrics, which shows a registry, and /healthz."""

from __future__ import annotations

import copy
import gzip
import threading
from collections.abc import Collection, Iterable
from typing import Protocol

from prometheus_client import Metric
from prometheus_client.exposition import choose_encoder

from otel_executor_metrics.server.messages import Request, Response, Route, text
from otel_executor_metrics.server.negotiation import accepts_gzip, readable_accept

_GZIP_LEVEL = 6  # the default of Go's client library; 9, Python's, costs twice as much


class Registry(Protocol):
    """What is scraped: prometheus_client's CollectorRegistry has this shape."""

    def collect(self) -> Iterable[Metric]:
        """Return the metric families as they are now."""
        ...


def metrics_route(registry: Registry, *, patience: float = 10.0) -> Route:
    """Return the route that shows ``registry`` as Prometheus text or OpenMetrics, by Accept.

    ``?name[]=`` keeps only the families or samples of that name, as prometheus_client does. One
    scrape collects at a time; one that has waited ``patience`` seconds for its turn gets a 503.
    """
    # Two concurrent scrapes of OpenTelemetry's Prometheus reader can give one answer with
    # everything twice and one empty one. Encoding goes on outside: it is most of the work.
    turn = threading.Lock()
    collecting: list[int] = []  # which thread does

    def metrics(request: Request) -> Response:
        here = threading.get_ident()
        if here in collecting:  # a signal handler's, say: it would wait for itself
            return text(503, "busy: this thread collects already")
        if not turn.acquire(timeout=patience):
            return text(503, "busy: another scrape takes too long")
        try:
            collecting[:] = [here]
            families = list(registry.collect())
        finally:
            collecting.clear()
            turn.release()
        return _exposed(families, request)

    return metrics


def healthz_route() -> Route:
    """Return the route that tells that the process answers, and nothing else."""
    return lambda request: text(200, "ok")


class _Families:
    """Collected families in the shape of a registry, which the encoders ask for."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _exposed(families: list[Metric], request: Request) -> Response:
    if "name[]" in request.query:
        families = _named(families, frozenset(request.query["name[]"]))
    encode, content_type = choose_encoder(readable_accept(request.headers.get("accept", "")))
    body = encode(_Families(families))
    if not accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(200, body, content_type)
    packed = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return Response(200, packed, content_type, (("Content-Encoding", "gzip"),))


def _named(families: Iterable[Metric], names: Collection[str]) -> list[Metric]:
    """Return what ``names`` names of ``families``: whole families, or only some samples.

    The registry's own filter asks collectors to describe themselves; OpenTelemetry's does not.
    """
    found = []
    for family in families:
        kept = copy.copy(family)
        if family.name not in names:
            kept.samples = [sample for sample in family.samples if sample.name in names]
        if kept.samples:
            found.append(kept)
    return found
