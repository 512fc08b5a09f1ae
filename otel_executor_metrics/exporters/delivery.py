"""How sending goes: whether the last export arrived, and one line in the log when it does not."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData

from otel_executor_metrics._throttle import Throttle
from otel_executor_metrics.exporters.overheard import listening, reason
from otel_executor_metrics.typing import Clock

_logger = logging.getLogger(__name__)

LOG_INTERVAL: Final = 600.0


class Delivery:
    """Watches the exports to one place.

    Args:
        where: names the place in the log.
        clock: seconds.

    Attributes:
        unsent: whether the last export has not arrived, or not yet.
        ended: whether there will be no more.
    """

    def __init__(self, where: str, clock: Clock = time.monotonic) -> None:
        self._where = where
        self._throttle = Throttle(LOG_INTERVAL, clock)
        self._failing = False
        self.ended = False
        self.unsent = False

    def attempt(self, send: Callable[[], MetricExportResult]) -> MetricExportResult:
        """Call ``send`` and note how it ended; what it logs or raises becomes one line."""
        if self.ended:
            return MetricExportResult.FAILURE
        self.unsent = True
        with listening() as heard:
            try:
                result = send()
                why = reason(heard)
            except Exception as error:
                result = MetricExportResult.FAILURE
                why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        # A log handler of the program may raise; sending goes on.
        with contextlib.suppress(Exception):
            self._note(result is MetricExportResult.SUCCESS, why)
        return result

    def end(self) -> None:
        """Attempt nothing any more."""
        self.ended = True

    def tell_of_the_unsent(self) -> None:
        """Warn that the last export has not arrived, if so: nothing will be sent any more."""
        if self.unsent:
            _logger.warning("stopped before the last metrics had arrived at %s", self._where)

    def _note(self, arrived: bool, why: str) -> None:
        if arrived:
            self.unsent = False
            if self._failing:
                _logger.info("metrics arrive at %s again", self._where)
        elif not self.ended:
            held_back = self._throttle.admit(self._where)
            if held_back is not None:
                more = f" ({held_back} more times since the last such line)" if held_back else ""
                _logger.warning(
                    "metrics do not arrive at %s: %s; trying again at each export%s",
                    self._where,
                    why,
                    more,
                )
        self._failing = not arrived


class Watched(MetricExporter):
    """Stands before an OpenTelemetry exporter among the bases of a class, and watches it.

    Attributes:
        delivery: set before the first export.
    """

    delivery: Delivery

    def export(self, metrics_data: MetricsData, *args: Any, **kwargs: Any) -> MetricExportResult:
        """Export and note how it ended; raises nothing."""
        export = super().export  # type: ignore[safe-super]
        return self.delivery.attempt(lambda: export(metrics_data, *args, **kwargs))

    def shutdown(self, *args: Any, **kwargs: Any) -> None:
        """Give up what is being retried, and attempt nothing any more."""
        self.delivery.end()
        with listening():
            super().shutdown(*args, **kwargs)  # type: ignore[safe-super]
