"""What an enabled facade runs: exporters, pipeline and recorder, started and stopped together."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from otel_executor_metrics._buffers import Buffers
from otel_executor_metrics._child_exit import at_exit_of_children
from otel_executor_metrics._starting import started
from otel_executor_metrics.baggage import recorder_of
from otel_executor_metrics.catalog import Catalog
from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import MissingExtraError, SettingError, show
from otel_executor_metrics.exporters import loaders
from otel_executor_metrics.pipeline import (
    SAMPLINGS,
    Pipeline,
    Sampling,
    Source,
    abandon,
    forked_resource,
    process_resource,
    takes_cells,
)
from otel_executor_metrics.roads import CellRoad, PublicRoad, Road
from otel_executor_metrics.storage import forks
from otel_executor_metrics.storage.store import Store
from otel_executor_metrics.typing import Clock, Exporter

if TYPE_CHECKING:
    from otel_executor_metrics.exporters.prometheus import PrometheusExporter
    from otel_executor_metrics.shared_port import SharedPort

_logger = logging.getLogger(__name__)

_LONGEST_SILENCE = 2.0
"""Seconds that a fork waits, at most, for a line that another thread writes to a log."""


class Runtime:
    """The running parts of one facade; :meth:`start` makes them.

    A forked child keeps the recorder, where all is at zero then, and gets exporters of its own.

    Args:
        store: where is recorded; None for recording through the SDK's public calls.
        pipelines: those that exist from the start; others come with exporters.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        road: Road,
        store: Store | None,
        pipelines: Iterable[Pipeline] = (),
    ) -> None:
        self._settings = settings
        self._road = road
        self._store = store
        self._pipelines = list(pipelines)
        self._shared: SharedPort | None = None
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self.exporters: dict[str, Exporter] = {}
        self.recorder = recorder_of(settings, catalog, road, self._lock)
        self.resource = Resource.get_empty()  # the provider's, where it is the user's
        self._stopped = False
        self._told_of_exits: set[str] = set()
        self.buffers = Buffers(self._lock)
        self._quiet = False  # the log's lock is held for a fork

    @classmethod
    def start(cls, settings: Settings, catalog: Catalog, clock: Clock) -> Runtime | None:
        """Return the running parts, or None where not one exporter could start.

        Raises:
            SettingError: a setting that was passed as an argument cannot be used.
            MissingExtraError: an exporter passed as an argument needs a package that is missing.
        """
        built = _built(settings)
        resource = process_resource(settings.service_name)
        if takes_cells(_readers(built)):
            running = cls._with_cells(settings, catalog, clock, SAMPLINGS[settings.exemplar_filter])
            running.resource = resource
            running._serve_from(built)
        else:
            pipeline = Pipeline.over(_readers(built), resource, settings.exemplar_filter)
            road = PublicRoad(pipeline.public_calls(), clock)
            running = cls(settings, catalog, road, None, [pipeline])
            running.resource = resource
            running._start(built)
        forks.watch(running)
        if running.exporters:
            return running
        running.stop(settings.shutdown_timeout)
        return None

    @classmethod
    def on(
        cls, provider: MeterProvider, settings: Settings, catalog: Catalog, clock: Clock
    ) -> Runtime:
        """Return the running parts on a provider of the user's, who ends it himself."""
        pipeline = Pipeline(provider)
        if pipeline.takes_cells:
            running = cls._with_cells(settings, catalog, clock, pipeline.sampling, [pipeline])
        else:
            road = PublicRoad(pipeline.public_calls(), clock)
            running = cls(settings, catalog, road, None, [pipeline])
        forks.watch(running)
        return running

    @classmethod
    def _with_cells(
        cls,
        settings: Settings,
        catalog: Catalog,
        clock: Clock,
        sampling: Sampling,
        pipelines: Iterable[Pipeline] = (),
    ) -> Runtime:
        # Of the recorder, not of all that runs: a provider of the user's must not hold itself.
        store = Store(
            lambda series, error: recorder.drop_unshared(series.name, error), sampling.sample
        )
        running = cls(settings, catalog, CellRoad(store, clock, sampling.wanted), store, pipelines)
        recorder = running.recorder
        for pipeline in running._pipelines:
            pipeline.export(store)
        return running

    @property
    def url(self) -> str | None:
        """Where to scrape, if anywhere."""
        return next((found.url for found in self.exporters.values() if found.url), None)

    @property
    def port(self) -> int | None:
        """The port that is listened on, if any."""
        return next((found.port for found in self.exporters.values() if found.port), None)

    @property
    def fleet(self) -> dict[str, str | None] | None:
        """This process's role among those that share its port, and where they meet."""
        shared = self._shared
        return {"role": shared.role, "directory": shared.directory} if shared else None

    @property
    def source(self) -> Source | None:
        """What is recorded, by the whole fleet; None on the public road."""
        return self._shared.source if self._shared else self._store

    def flush(self, timeout: float) -> bool:
        """Let every exporter send what is recorded; tell whether all did within ``timeout``."""
        self.buffers.drain()
        deadline = time.monotonic() + timeout
        done = [exporter.flush(_left(deadline)) for exporter in self.exporters.values()]
        done += [pipeline.flush(_left(deadline)) for pipeline in self._pipelines]
        return all(done)

    def stop(self, timeout: float) -> None:
        """Export a last time and stop everything within ``timeout`` seconds."""
        self._stopped = True
        if os.getpid() != self._pid:
            return  # forked without our notice: neither threads nor the right to end the parent's
        deadline = time.monotonic() + timeout
        for pipeline in self._pipelines:
            pipeline.shutdown(_left(deadline))
        for exporter in self.exporters.values():
            exporter.stop(_left(deadline))

    def before_fork(self) -> None:
        """Let nothing new be half made in the child."""
        at_exit_of_children(self, Runtime._end_of_child, self._told_of_exits)
        try:
            if self._shared is not None and not self._stopped:
                self._shared.before_fork()
        finally:
            self._quiet = self.recorder.hush(_LONGEST_SILENCE)
            self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._release()
        if self._shared is not None:
            self._shared.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """Begin at zero, with exporters of one's own."""
        self._release()
        self._pid = os.getpid()
        self.buffers.start_anew()
        if self._stopped:
            return
        if self._store is not None:
            self._store.start_anew()
        self.resource = forked_resource(self.resource)
        inherited, self.exporters = self.exporters, {}
        if self._shared is not None:
            self.exporters["prometheus"] = self._shared
            self._shared.after_fork_in_child(self.resource)
        names = tuple(name for name in inherited if name != "prometheus")
        if inherited:  # else the pipeline is the user's
            self._pipelines = []
            self._replace(inherited.values(), _built(replace(self._settings, exporter=names)))

    def _end_of_child(self) -> None:
        if not self._stopped:
            self.buffers.drain()
            self.stop(self._settings.shutdown_timeout)

    def _release(self) -> None:
        # Whoever forks without Python's notice, as uWSGI does, tells the child alone.
        with contextlib.suppress(RuntimeError):
            self._lock.release()
        if self._quiet:
            self.recorder.unhush()

    def _replace(self, inherited: Iterable[Exporter], built: Mapping[str, Exporter]) -> None:
        for exporter in inherited:
            if exporter.reader is not None:
                abandon(exporter.reader)
        if self._store is not None:
            self._serve_from(built)
        elif isinstance(self._road, PublicRoad):
            pipeline = self._pipeline_over(_readers(built))
            self._pipelines = [pipeline]
            self._road.move_to(pipeline.public_calls())
            self._start(built)

    def _serve_from(self, built: Mapping[str, Exporter]) -> None:
        """Start exporters that each have a pipeline of their own, and read the store."""
        store = cast("Store", self._store)
        exporters = dict(built)
        if "prometheus" in built and sys.platform != "win32":  # no fork there, and no flock
            from otel_executor_metrics.shared_port import SharedPort

            self._shared = exporters["prometheus"] = SharedPort(
                built["prometheus"],
                self._settings,
                store,
                self.resource,
                lambda error: self.recorder.drop_unshared("(all)", error),
            )
        for exporter in exporters.values():
            if exporter.reader is not None:
                pipeline = self._pipeline_over([exporter.reader])
                pipeline.export(store)
                self._pipelines.append(pipeline)
        self._start(exporters)

    def _pipeline_over(self, readers: Sequence[MetricReader]) -> Pipeline:
        return Pipeline.over(readers, self.resource, self._settings.exemplar_filter)

    def _start(self, exporters: Mapping[str, Exporter]) -> None:
        if "prometheus" in exporters:
            from otel_executor_metrics.readiness import Readiness

            port = cast("PrometheusExporter | SharedPort", exporters["prometheus"])
            port.readiness = Readiness(
                lambda: self.source, lambda: len(self.recorder.families), self._settings
            )
        running = {name: each for name, each in exporters.items() if started(each, self._settings)}
        self.exporters |= running


def _readers(built: Mapping[str, Exporter]) -> list[MetricReader]:
    return [exporter.reader for exporter in built.values() if exporter.reader is not None]


def _built(settings: Settings) -> dict[str, Exporter]:
    found: dict[str, Exporter] = {}
    known = loaders()
    for name in _known_names(settings, known):
        try:
            found[name] = known[name]()(settings)
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


def _known_names(settings: Settings, known: Collection[str]) -> tuple[str, ...]:
    unknown = [name for name in settings.exporter if name not in known]
    if not unknown:
        return settings.exporter
    error = SettingError("exporter", unknown[0], f"must be among {', '.join(sorted(known))}")
    if "exporter" not in settings.from_environment:
        raise error
    _logger.warning("%s, as set by %s", error, settings.from_environment["exporter"])
    return tuple(name for name in settings.exporter if name not in unknown) or ("prometheus",)


def _discard(exporters: Iterable[Exporter]) -> None:
    for exporter in exporters:
        if exporter.reader is not None:
            exporter.reader.shutdown()


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
