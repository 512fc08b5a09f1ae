"""The port of a fleet: served by this process, or waited for while another serves it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal, TypeAlias, cast

from opentelemetry.sdk.resources import Resource

from otel_executor_metrics._sockets import knock
from otel_executor_metrics.config import Settings
from otel_executor_metrics.exporters import prometheus
from otel_executor_metrics.fleet_source import Complaints, FleetSource
from otel_executor_metrics.pipeline import Pipeline, abandon
from otel_executor_metrics.storage import forks
from otel_executor_metrics.storage.application import fleet_name
from otel_executor_metrics.storage.directories import runtime_directory
from otel_executor_metrics.storage.fleet import Fleet
from otel_executor_metrics.storage.store import Store
from otel_executor_metrics.typing import Exporter

_logger = logging.getLogger(__name__)

TICK: Final = 1.0
"""Seconds between two looks of a process that does not serve."""

_LONGEST_WAIT: Final = 5.0
"""Seconds that a fork waits for other threads at most."""

Role: TypeAlias = Literal["alone", "holder", "member"]


class SharedPort:
    """The exporter ``prometheus``, among the processes of a fleet.

    See :class:`~otel_executor_metrics.typing.Exporter`. A process that is alone serves, and keeps
    its blocks on the heap. The first fork, or a second process on the port, moves them into a
    journal; from then on every process has one, and whoever serves reads those of the others.

    ``degraded`` is told, once for each reason, why what is recorded here is not shared.
    """

    reader = None  # each time that this process comes to serve, it gets another

    def __init__(
        self,
        exporter: Exporter,
        settings: Settings,
        store: Store,
        resource: Resource,
        degraded: Callable[[OSError], None],
    ) -> None:
        self._exporter = cast("prometheus.PrometheusExporter", exporter)
        self._settings = settings
        self._resource = resource
        self._store = store
        self._degraded = degraded
        self._complaints = Complaints()
        self.source = FleetSource(store, self._complaints)
        """What the whole fleet has recorded, whoever serves it."""
        self.readiness: prometheus.Readiness | None = None
        """What judges it."""
        self._user = os.geteuid()
        self._pipeline: Pipeline | None = None  # while this process serves
        self._spent = False
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._steward: threading.Thread | None = None
        self._forking = False  # the lock is held for it
        self._joined = False  # or wants to be
        self._knocked = False

    @property
    def url(self) -> str:
        """Where to scrape, whoever answers there."""
        return self._exporter.url

    @property
    def port(self) -> int:
        """The port of the fleet."""
        return self._exporter.port

    @property
    def role(self) -> Role:
        """What this process is: alone with its port, its fleet's holder, or another member."""
        if self._pipeline is None:
            return "member"
        return "holder" if self._fleet is not None and self._fleet.journal else "alone"

    @property
    def directory(self) -> str | None:
        """Where the fleet meets, if it can."""
        return self._fleet.path if self._fleet else None

    def start(self) -> None:
        """Serve, or join those who do; raises OSError where neither is possible."""
        with self._lock:  # a connection that comes too early has to wait
            if self._settings.metrics_port == 0:
                self._serve()  # only now is there a port, and with it a fleet
                self._enter()
                self._may_serve()
            else:
                self._enter()
                self._serve_or_join()
            if self._fleet is not None and self._fleet.holds:
                self._fleet.sweep()
                if not forks.is_first():  # it may be replaced, and its totals must outlive it
                    self._join(self._fleet)
                self._look_up()

    def flush(self, timeout: float) -> bool:
        """Have nothing to send: whoever scrapes gets what is recorded by then."""
        return True

    def stop(self, timeout: float) -> None:
        """Leave the port to the others, and the fleet; what was recorded stays with them."""
        self._stopping.set()
        if self._steward is not None and self._steward is not threading.current_thread():
            self._steward.join(timeout)
        with self._lock:
            self._exporter.stop(timeout)
            if self._pipeline is not None:
                self._pipeline.shutdown(timeout)
            if self._fleet is not None:
                self._fleet.leave(for_good=forks.is_first())

    def before_fork(self) -> None:
        """Put what is recorded where it outlives this process: from now on there are several.

        What other threads have half done here is waited for: the child would keep it for ever.
        """
        self._forking = self._lock.acquire(timeout=_LONGEST_WAIT)
        if self._fleet is not None:
            self._join(self._fleet)

    def after_fork_in_parent(self) -> None:
        """Let other threads go on."""
        if self._forking:
            self._forking = False
            self._lock.release()

    def after_fork_in_child(self, resource: Resource) -> None:
        """Become a member of one's own; the parent serves on."""
        self._resource = resource
        self._lock, self._forking = threading.RLock(), False
        self._stopping = threading.Event()
        self._knocked = False
        self._settings = replace(self._settings, metrics_port=self.port)
        self._exporter.stop(0)  # our copies of its sockets
        abandon(self._exporter.reader)
        self._pipeline, self._spent = None, True
        fleet = self._fleet
        if fleet is None:
            lonely = "what this process records is shown nowhere: it has no fleet"
            self._complaints.complain("fleet", lonely)
            return
        try:
            fleet.after_fork()
        except OSError as error:
            self._degraded(error)
        self._join(fleet)
        self._wait_for_port()

    @property
    def _fleet(self) -> Fleet | None:
        return self.source.fleet

    def _enter(self) -> None:
        named = self._settings.fleet or self._settings.service_name
        named = named or os.environ.get("OTEL_SERVICE_NAME")
        base = self._settings.fleet_directory or runtime_directory(os.environ)
        try:
            self.source.fleet = Fleet(base, fleet_name(self.port, named), forks.RUN)
        except OSError as error:
            self._without_fleet(error)

    def _without_fleet(self, error: OSError) -> None:
        self._leave()
        self._complaints.complain(
            "fleet",
            f"this process cannot share its port with others: {error}; mend that, or name"
            " another directory by fleet_directory= or METRICS_FLEET_DIRECTORY",
        )

    def _serve_or_join(self) -> None:
        if self._may_serve():
            try:
                self._serve()
            except OSError:
                self._leave()
                raise
        elif self._fleet is not None:
            self._join(self._fleet)
            knock(self._settings.host, self.port)  # whoever serves may have been alone so far
            self._wait_for_port()

    def _may_serve(self) -> bool:
        """Tell whether nobody else of the fleet has the port; without a fleet, that is unknown."""
        try:
            return self._fleet is None or self._fleet.try_hold()
        except OSError as error:
            self._without_fleet(error)
            return True

    def _serve(self) -> None:
        if self._spent:
            self._exporter = prometheus.build(self._settings)
        self._spent = True
        self._exporter.on_connection = self._look_up
        self._exporter.readiness = self.readiness
        readers, filter = [self._exporter.reader], self._settings.exemplar_filter
        pipeline = Pipeline.over(readers, self._resource, filter)
        pipeline.export(self.source)
        try:
            self._exporter.start()
        except BaseException:
            pipeline.shutdown(TICK)
            raise
        self._pipeline = pipeline

    def _leave(self) -> None:
        fleet, self.source.fleet = self._fleet, None
        if fleet is not None:
            fleet.leave(for_good=False)

    def _join(self, fleet: Fleet) -> None:
        """Have a journal, and all blocks in it that find room."""
        self._joined = True
        if fleet.broken:
            return  # who looks up will mend it
        try:
            self._store.move_to(fleet.join())
            self._complaints.settle("join")
        except OSError as error:
            if self._complaints.note("join", str(error)):
                self._degraded(error)

    def _look_up(self) -> None:
        """See whether anything has changed in the fleet; called by whoever serves, now and then."""
        fleet = self._fleet
        if fleet is None:
            return
        try:
            with self._lock:
                if self._stopping.is_set() or (fleet.broken and not self._mend(fleet)):
                    return
                if self._joined or fleet.has_others():
                    self._join(fleet)
                if self._pipeline is None:
                    self._take_port(fleet)
                else:
                    fleet.try_hold()
            self._complaints.settle("look")
        except (OSError, ValueError) as error:
            self._complaints.complain("look", f"{fleet.path}: {error}")

    def _mend(self, fleet: Fleet) -> bool:
        """Go into the directory again, and make it anew where it was removed.

        The latter is left to whoever serves, who knows the totals best.
        """
        if self._pipeline is None and not self._knocked and not fleet.lost:
            self._knocked = True
            knock(self._settings.host, self.port)
            return False
        _logger.warning("%s was removed, or closed to this process; going in again", fleet.path)
        if not fleet.lost:
            self.source.rest(3 * TICK)  # the others go in again as well, one after another
        if fleet.mend():
            self._store.forget()
        self._knocked = False
        return True

    def _take_port(self, fleet: Fleet) -> None:
        """Serve, if nobody does."""
        if not fleet.try_hold():
            return
        try:
            self._serve()
            _logger.info("this process now serves %s", self.url)
        except BaseException:
            fleet.let_go()
            raise

    def _wait_for_port(self) -> None:
        self._steward = threading.Thread(
            target=self._wait, daemon=True, name="executor-metrics-fleet"
        )
        self._steward.start()

    def _wait(self) -> None:
        # A process that has given up the rights of the one that made the directory cannot serve.
        while not self._stopping.wait(TICK) and os.geteuid() == self._user:
            self._look_up()
            if self._pipeline is not None:
                return
