"""A receiver of OTLP that keeps what it is sent, and can be as bad as a Collector can be.

Where a trial needs to see the request itself; everything else goes to a real Collector.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

_EXPORT = "opentelemetry.proto.collector.metrics.v1.MetricsService"


@dataclass(frozen=True)
class Request:
    """One export: where it was sent, its headers in lower case, and what it said."""

    path: str
    headers: Mapping[str, str]
    body: ExportMetricsServiceRequest


@dataclass
class Received:
    """What has arrived at ``url``.

    ``status`` and ``delay`` say how the next requests are treated: the status of HTTP or of gRPC
    to answer with, and how many seconds to wait before that, at most until ``released`` is set.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    status: Any = None
    delay: float = 0.0
    released: threading.Event = field(default_factory=threading.Event)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep a request, and be slow about it if so wished."""
        request = Request(path, headers, ExportMetricsServiceRequest.FromString(body))
        self.requests.append(request)
        if self.delay:
            self.released.wait(self.delay)

    def points(self, name: str) -> Iterator[Any]:
        """Yield the data points of a metric, over all requests, with its temporality."""
        for request in self.requests:
            for resource in request.body.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        if metric.name == name:
                            data = getattr(metric, metric.WhichOneof("data"))
                            for point in data.data_points:
                                yield data.aggregation_temporality, point


@contextmanager
def http_receiver() -> Iterator[Received]:
    """Receive OTLP over HTTP on a free port of the loopback interface."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # which keeps connections

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            unpack: Callable[[bytes], bytes] = (
                gzip.decompress if headers.get("content-encoding") == "gzip" else bytes
            )
            received.take(self.path, headers, unpack(body))
            self.send_response(received.status or 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield received
    finally:
        received.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def grpc_receiver() -> Iterator[Received]:
    """Receive OTLP over gRPC on a free port of the loopback interface."""
    received = Received()

    def export(body: bytes, context: grpc.ServicerContext) -> bytes:
        headers = {str(name): str(value) for name, value in context.invocation_metadata()}
        received.take(f"/{_EXPORT}/Export", headers, body)
        if received.status:
            context.abort(received.status, "as told")
        return bytes(ExportMetricsServiceResponse().SerializeToString())

    server = grpc.server(ThreadPoolExecutor(4))
    handler: Any = grpc.unary_unary_rpc_method_handler(export)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(_EXPORT, {"Export": handler}),)
    )
    received.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield received
    finally:
        received.released.set()
        server.stop(0).wait(10)


RECEIVERS = {"grpc": grpc_receiver, "http/protobuf": http_receiver}
