"""What a whole fleet has recorded, and what is to be said of it once."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.storage.blocks import Blocks, Series, merge
from otel_executor_metrics.storage.exemplars import ByIndex, add_exemplars
from otel_executor_metrics.storage.fleet import Fleet
from otel_executor_metrics.storage.store import Store

_logger = logging.getLogger(__name__)


class Complaints:
    """Warns of what goes wrong: of each topic once, until it is well again or something else."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def complain(self, topic: str, complaint: str) -> bool:
        """Warn, unless this was the last of its topic; tell whether it was not."""
        if self.note(topic, complaint):
            _logger.warning("%s", complaint)
            return True
        return False

    def note(self, topic: str, complaint: str) -> bool:
        """Tell whether this was not the last of its topic, and is now."""
        known = self._last.get(topic) == complaint
        self._last[topic] = complaint
        return not known

    def settle(self, topic: str) -> None:
        """Warn again the next time."""
        self._last.pop(topic, None)


class FleetSource:
    """What a fleet has recorded: this process's store, and what the others hold.

    While the others cannot be read, what they held last stands in.
    """

    def __init__(self, store: Store, complaints: Complaints) -> None:
        self._store = store
        self._complaints = complaints
        self._others: Blocks = {}
        self._resting_until = 0.0
        self.fleet: Fleet | None = None

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations of all processes, by name."""
        return self.fleet.operations if self.fleet else self._store.operations

    def rest(self, seconds: float) -> None:
        """Let what the others held last stand in for them: they are coming back."""
        self._resting_until = time.monotonic() + seconds

    def read_exemplars(self) -> Mapping[Series, ByIndex]:
        """Return the exemplars of all processes."""
        own = self._store.read_exemplars()
        fleet = self.fleet
        if fleet is None:
            return own
        left_out = fleet.define(self._store.operations)
        found = {series: each for series, each in own.items() if series.name not in left_out}
        add_exemplars(found, fleet.read_exemplars().items())
        return found

    def read(self) -> Blocks:
        """Return the blocks of all processes, added up; those of this one come first."""
        fleet = self.fleet
        own = self._store.read()
        if fleet is None:
            return own
        left_out = fleet.define(self._store.operations)
        blocks = {series: block for series, block in own.items() if series.name not in left_out}
        if time.monotonic() >= self._resting_until:
            self._read_others(fleet)
        merge(blocks, ((series, list(block)) for series, block in self._others.items()))
        return blocks

    def _read_others(self, fleet: Fleet) -> None:
        try:
            self._others = fleet.read()
            self._complaints.settle("read")
        except (OSError, ValueError) as error:
            self._complaints.complain("read", f"those in {fleet.path} cannot be read: {error}")
