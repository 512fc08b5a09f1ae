"""The exporter ``none``: records into the SDK and lets nobody see it."""

from __future__ import annotations

from otel_executor_metrics.config import Settings


class NoExporter:
    """An exporter without a reader; see :class:`~otel_executor_metrics.typing.Exporter`."""

    reader = None
    url = None
    port = None

    def start(self) -> None:
        """Do nothing."""

    def flush(self, timeout: float) -> bool:
        """Have nothing to send."""
        return True

    def stop(self, timeout: float) -> None:
        """Do nothing."""


def build(settings: Settings) -> NoExporter:
    """Return the exporter; no setting concerns it."""
    return NoExporter()
