"""The HTTP side: a server that clients cannot exhaust; the routes of metrics, probes and page.

Use ``MetricsServer({"/metrics": metrics_route(registry)}, port=8001)``, then ``start``.
"""

from otel_executor_metrics.server.auth import AnyOf, Authorizer, BasicAuth, BearerToken
from otel_executor_metrics.server.exposition import Registry, healthz_route, metrics_route
from otel_executor_metrics.server.http import MetricsServer
from otel_executor_metrics.server.limits import Limits
from otel_executor_metrics.server.messages import Request, Response, Route
from otel_executor_metrics.server.page_routes import page_routes
from otel_executor_metrics.server.readiness import readyz_route
from otel_executor_metrics.server.tls import server_context

__all__ = [
    "AnyOf",
    "Authorizer",
    "BasicAuth",
    "BearerToken",
    "Limits",
    "MetricsServer",
    "Registry",
    "Request",
    "Response",
    "Route",
    "healthz_route",
    "metrics_route",
    "page_routes",
    "readyz_route",
    "server_context",
]
