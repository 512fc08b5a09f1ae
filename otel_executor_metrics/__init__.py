"""Metrics of task executors: one call per operation, for Prometheus or an OpenTelemetry Collector.

>>> from otel_executor_metrics import ExecutorMetrics
>>> metrics = ExecutorMetrics(metrics_port=0)
>>> metrics.record_operation("execute", duration=0.2, labels={"task_type": "report"})
>>> metrics.shutdown()
"""

from otel_executor_metrics._ports import check_port_available, find_available_port
from otel_executor_metrics._version import __version__
from otel_executor_metrics.bootstrap import init_metrics_with_retry, validate_metrics_initialization
from otel_executor_metrics.catalog import BUILTIN_OPERATIONS, DEFAULT_BUCKETS, Operation
from otel_executor_metrics.errors import CatalogError, MissingExtraError, SettingError
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.objective import DEFAULT_THRESHOLDS, Objective
from otel_executor_metrics.pipeline import ExecutorViews

__all__ = [
    "BUILTIN_OPERATIONS",
    "DEFAULT_BUCKETS",
    "DEFAULT_THRESHOLDS",
    "CatalogError",
    "ExecutorMetrics",
    "ExecutorViews",
    "MissingExtraError",
    "Objective",
    "Operation",
    "SettingError",
    "__version__",
    "check_port_available",
    "find_available_port",
    "init_metrics_with_retry",
    "validate_metrics_initialization",
]
