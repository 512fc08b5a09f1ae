"""What an enabled facade runs: exporters, pipeline and recorder, started and stopped together."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Iterable, Sequence

from opentelemetry.metrics import MeterProvider

from otel_executor_metrics._labels import cleaner
from otel_executor_metrics.catalog import Catalog
from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import MissingExtraError, SettingError, show
from otel_executor_metrics.exporters import builder, names
from otel_executor_metrics.pipeline import Pipeline
from otel_executor_metrics.recorder import Recorder
from otel_executor_metrics.roads import CellRoad, PublicRoad, Road
from otel_executor_metrics.storage.store import Store
from otel_executor_metrics.typing import Exporter

_logger = logging.getLogger(__name__)


class Runtime:
    """The running parts of one facade; :meth:`start` makes them."""

    def __init__(
        self, settings: Settings, catalog: Catalog, road: Road, pipelines: Sequence[Pipeline]
    ) -> None:
        self._pid = os.getpid()
        self._pipelines = pipelines
        self.exporters: dict[str, Exporter] = {}
        self.recorder = Recorder(
            catalog,
            road,
            lock=threading.RLock(),
            clean=cleaner(settings.label_values),
            max_label_values=settings.max_label_values,
            max_label_sets=settings.max_label_sets,
            max_operations=None if settings.strict else settings.max_operations,
        )

    @classmethod
    def start(cls, settings: Settings, catalog: Catalog) -> Runtime | None:
        """Return the running parts, or None where not one exporter could start.

        Raises:
            SettingError: a setting that was passed as an argument cannot be used.
            MissingExtraError: an exporter passed as an argument needs a package that is missing.
        """
        built = _built(settings)
        readers = [exporter.reader for exporter in built.values() if exporter.reader is not None]
        running = cls._on(Pipeline.over(readers, settings.service_name), settings, catalog)
        running.exporters = {
            name: exporter for name, exporter in built.items() if _started(exporter, settings)
        }
        if running.exporters:
            return running
        running.stop(settings.shutdown_timeout)
        return None

    @classmethod
    def on(cls, provider: MeterProvider, settings: Settings, catalog: Catalog) -> Runtime:
        """Return the running parts on a provider of the user's, who ends it himself."""
        return cls._on(Pipeline(provider), settings, catalog)

    @classmethod
    def _on(cls, pipeline: Pipeline, settings: Settings, catalog: Catalog) -> Runtime:
        if not pipeline.takes_cells:
            return cls(settings, catalog, PublicRoad(pipeline.public_calls()), [pipeline])
        store = Store()
        pipeline.export(store)
        return cls(settings, catalog, CellRoad(store), [pipeline])

    @property
    def url(self) -> str | None:
        """Where to scrape, if anywhere."""
        return next((found.url for found in self.exporters.values() if found.url), None)

    @property
    def port(self) -> int | None:
        """The port that is listened on, if any."""
        return next((found.port for found in self.exporters.values() if found.port), None)

    def flush(self, timeout: float) -> bool:
        """Let every exporter send what is recorded; tell whether all did within ``timeout``."""
        deadline = time.monotonic() + timeout
        done = [exporter.flush(_left(deadline)) for exporter in self.exporters.values()]
        done += [pipeline.flush(_left(deadline)) for pipeline in self._pipelines]
        return all(done)

    def stop(self, timeout: float) -> None:
        """Export a last time and stop everything within ``timeout`` seconds."""
        if os.getpid() != self._pid:
            return  # a forked child has neither the threads nor the right to end its parent's
        deadline = time.monotonic() + timeout
        for pipeline in self._pipelines:
            pipeline.shutdown(_left(deadline))
        for exporter in self.exporters.values():
            exporter.stop(_left(deadline))


def _built(settings: Settings) -> dict[str, Exporter]:
    found: dict[str, Exporter] = {}
    for name in _known_names(settings):
        try:
            found[name] = builder(name)(settings)
        except (SettingError, MissingExtraError) as error:
            setting = error.setting if isinstance(error, SettingError) else "exporter"
            if setting not in settings.from_environment:
                _discard(found.values())
                raise
            variable = settings.from_environment[setting]
            _logger.warning("exporter %s is off: %s, as set by %s", name, error, variable)
        except Exception as error:  # no thread is left, or a third party's builder raises
            _logger.warning("exporter %s is off: %s", name, show(error))
    return found


def _known_names(settings: Settings) -> tuple[str, ...]:
    unknown = [name for name in settings.exporter if name not in names()]
    if not unknown:
        return settings.exporter
    error = SettingError("exporter", unknown[0], f"must be among {', '.join(names())}")
    if "exporter" not in settings.from_environment:
        raise error
    _logger.warning("%s, as set by %s", error, settings.from_environment["exporter"])
    return tuple(name for name in settings.exporter if name not in unknown) or ("prometheus",)


def _discard(exporters: Iterable[Exporter]) -> None:
    for exporter in exporters:
        if exporter.reader is not None:
            exporter.reader.shutdown()


def _started(exporter: Exporter, settings: Settings) -> bool:
    try:
        exporter.start()
    except OSError as error:
        _logger.warning(
            "Failed to start metrics server on %s port %d: %s. %s Until then there are no metrics.",
            settings.host,
            settings.metrics_port,
            error.strerror or error,
            _remedy(error),
        )
        return False
    except Exception as error:  # no thread is left, or a third party's exporter raises
        _logger.warning("%s could not start: %s", type(exporter).__name__, show(error))
        return False
    if exporter.url:
        _logger.info("Prometheus metrics at %s, listening on %s", exporter.url, settings.host)
    return True


def _remedy(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            "Another process has the port: choose a free one with metrics_port= or METRICS_PORT"
            " (0 takes any)."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return "This user may not: choose a port from 1024 on."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "No file descriptor is left: close some, or raise the limit (ulimit -n)."
    return "The host must be an address of this machine: see host= or METRICS_HOST."


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
