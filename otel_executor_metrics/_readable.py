"""What can be read of a facade; ``ExecutorMetrics`` adds how it is made, and recording."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from otel_executor_metrics.config import Settings
from otel_executor_metrics.exposition import Exposition
from otel_executor_metrics.recorder import NoopRecorder, Recorder
from otel_executor_metrics.runtime import Runtime
from otel_executor_metrics.typing import Exporter

if TYPE_CHECKING:
    from otel_executor_metrics.server import Response
    from otel_executor_metrics.snapshot import Snapshot


class Readable:
    """Reads a facade's settings, its running parts and what they have recorded.

    What it stands on is imported when it is asked for: few programs ever do.
    """

    _settings: Settings
    _recorder: Recorder | NoopRecorder
    _runtime: Runtime | None
    _exposition: Exposition
    metrics_port: int

    @property
    @abstractmethod
    def enable_metrics(self) -> bool:
        """Whether anything is recorded."""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The families by key (``intent_latency``, …), to record in prometheus_client's words.

        ``labels``, then ``observe`` and ``time`` of latencies, ``inc`` of counters, ``inc`` and
        ``dec`` of what is in progress. Where metrics are disabled from the start there is none;
        after a shutdown they are still there, and what is recorded with them is seen by nobody.
        """
        return self._recorder.families

    def get_metrics_summary(self) -> dict[str, Any]:
        """Return what a person debugging wants to know.

        ``metrics_enabled``, ``metrics_port``, ``available_metrics`` (keys of ``metrics``),
        ``exporters`` (names of those that run), ``url`` (where to scrape, or None), ``page`` (where
        to look with a browser, or None), ``fleet`` (the ``role`` of this process and the
        ``directory`` that it shares, or None), ``label_sets`` (how many have series), ``dropped``
        (how much, by reason).
        """
        summary: dict[str, Any] = {
            "metrics_enabled": self.enable_metrics,
            "metrics_port": self.metrics_port,
            "available_metrics": list(self.metrics) if self.enable_metrics else [],
            "exporters": [],
            "url": None,
            "page": None,
            "fleet": None,
            "label_sets": self._recorder.label_set_count,
            "dropped": self._recorder.drop_counts,
        }
        running = self._runtime  # once: another thread may end it
        if running is not None:
            summary |= {
                "exporters": list(running.exporters),
                "url": running.url,
                "page": self._page(running.exporters.get("prometheus")),
                "fleet": running.fleet,
            }
        return summary

    def snapshot(self) -> Snapshot:
        """Return what is recorded so far: by all processes that share the port, or by this one.

        Empty where metrics are off, and where recording goes through OpenTelemetry's public calls
        (delta temporality, a provider without ExecutorViews): what they got cannot be read back.
        """
        from otel_executor_metrics.snapshots import snapshot_of

        running = self._runtime
        return snapshot_of(running.source if running else None)

    def scrape(self, headers: Mapping[str, str] | None = None, query: str = "") -> Response:
        """Return what the endpoint answers a GET of /metrics, for its whole fleet; without a port.

        Of ``headers``, whose names are in lower case, ``accept`` and ``accept-encoding`` count.
        """
        return self._exposition.answer(self._runtime, headers, query)

    @property
    def health_settings(self) -> dict[str, float]:
        """By what health is judged: ``error_rate``, ``latency_p95``, ``success_rate``, ``window``.

        Shares and seconds, as the settings ``health_…`` say.
        """
        from otel_executor_metrics.judging import thresholds_of

        return {**thresholds_of(self._settings), "window": self._settings.health_window}

    def _page(self, served: Exporter | None) -> str | None:
        shown = self._settings.page and served is not None and served.url
        return shown.removesuffix("metrics") if shown else None
