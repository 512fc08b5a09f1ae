"""The contestant of this repository: the facade as users make it, without its socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

from benchmarks.work import D, T
from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.exporters import prometheus
from otel_executor_metrics.server import MetricsServer
from otel_executor_metrics.server.messages import Request, Route

NAME = "ExecutorMetrics"
SUCCESS = 'metrics.record_operation("execute", success=True, duration=d, labels={"task_type": t})'
FAILURE = (
    'metrics.record_operation("execute", success=False, duration=d, labels={"task_type": t},'
    ' error_type="ValueError")'
)
BOUND = "ExecutorMetrics, bound handle"
BOUND_SUCCESS = "execute_ml.success(d)"
BOUND_FAILURE = 'execute_ml.failure("ValueError", d)'


class _Unserved(MetricsServer):
    """A server that binds nothing; its routes are called by hand."""

    def __init__(self, routes: Mapping[str, Route], **options: Any) -> None:
        super().__init__(routes, **options)
        self.routes = routes

    def start(self) -> None:
        """Bind nothing."""


class Facade:
    """An ``ExecutorMetrics`` with its default exporter, and what a scrape of it runs.

    ``settings`` go to ``ExecutorMetrics``. Environment variables hold for it as ever.
    """

    def __init__(self, **settings: Any) -> None:
        served: list[_Unserved] = []

        def unserved(*args: Any, **options: Any) -> _Unserved:
            served.append(_Unserved(*args, **options))
            return served[0]

        with mock.patch.object(prometheus, "MetricsServer", unserved):
            self.metrics = ExecutorMetrics(exporter="prometheus", metrics_port=0, **settings)
        self._metrics_route = served[0].routes["/metrics"]

    def join_fleet(self) -> None:
        """Have a journal, as after the first fork."""
        runtime = self.metrics._runtime
        if runtime is None:
            raise RuntimeError("no metrics: the log says why")
        runtime.before_fork()
        runtime.after_fork_in_parent()

    def scrape(self) -> bytes:
        """Return the text that a scrape gets, uncompressed."""
        return self._metrics_route(Request("GET", "/metrics", {}, {})).body

    def names(self) -> dict[str, Any]:
        """Return what the lines of contestants use."""
        return {
            "metrics": self.metrics,
            "execute_ml": self.metrics.operation("execute", task_type=T),
            "d": D,
            "t": T,
        }


def many_label_sets(**settings: Any) -> Facade:
    """Return a facade whose limits admit 10 000 label sets and more."""
    return Facade(max_label_values=100_000, max_label_sets=100_000, **settings)


Recording = Callable[[str], None]


def recording(facade: Facade) -> Recording:
    """Return what records a success of a task type through ``facade``."""
    record = facade.metrics.record_operation
    return lambda value: record("execute", success=True, duration=D, labels={"task_type": value})
