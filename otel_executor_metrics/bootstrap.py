"""Setting up on a port that is free, and looking whether it worked."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import Any

from otel_executor_metrics import _parsers
from otel_executor_metrics._ports import find_available_port
from otel_executor_metrics.config import value_of
from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.metrics import ExecutorMetrics

_logger = logging.getLogger(__name__)

RETRY_INTERVAL = 1.0


def init_metrics_with_retry(
    max_retries: int = 3, start_port: int = 8001, **arguments: Any
) -> ExecutorMetrics:
    """Return metrics on the first free port from ``start_port`` on, in at most ``max_retries``.

    It is free on the host that will be listened on, passed or from the environment. Between two
    tries lies a second. Where another process took the port each time, the last, disabled facade
    is returned: its warning is in the log. ``arguments`` go to ``ExecutorMetrics``.

    Raises:
        ValueError: an argument cannot be used, ``max_retries`` below 1 included.
        RuntimeError: none of the 100 ports from ``start_port`` on was free at the last try.
    """
    try:
        tries = _parsers.whole(1, 1_000_000)(max_retries)
    except ValueError as error:
        raise SettingError("max_retries", max_retries, str(error)) from None
    host = value_of("host", arguments, os.environ)

    def attempt() -> ExecutorMetrics:
        return ExecutorMetrics(metrics_port=find_available_port(start_port, host), **arguments)

    for _ in range(tries - 1):
        with contextlib.suppress(RuntimeError):
            metrics = attempt()
            if not metrics.degraded:
                return metrics
        threading.Event().wait(RETRY_INTERVAL)
    return attempt()


def validate_metrics_initialization(metrics: ExecutorMetrics) -> bool:
    """Tell whether ``metrics`` records, and say in the log why not."""
    if not metrics.enable_metrics:
        _logger.warning("metrics are disabled: by a setting, or see the warning at their start")
        return False
    if not metrics.metrics:
        _logger.warning("metrics have no instruments: give operations or the built-in ones")
        return False
    _logger.info("metrics are initialised: %s", ", ".join(metrics.metrics))
    return True
