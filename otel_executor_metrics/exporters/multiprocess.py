"""What an application records with prometheus_client in its multi-process mode, beside ours.

It keeps files in a directory that ``PROMETHEUS_MULTIPROC_DIR`` names, and leaves it to somebody
to serve what they add up to.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from otel_executor_metrics.server import Registry

_logger = logging.getLogger(__name__)


class SharedRegistry:
    """Our families, and then those of prometheus_client's files in ``directory``.

    A family of theirs that has the name of one of ours is left out: both in one exposition would
    make it unreadable as a whole.
    """

    def __init__(self, ours: Registry, directory: str) -> None:
        self._ours = ours
        self._directory = directory
        self._told: set[str] = set()

    def collect(self) -> Iterator[Metric]:
        """Yield the families as they are now."""
        names = set()
        for family in self._ours.collect():
            names.add(family.name)
            yield family
        for family in self._theirs():
            if family.name not in names:
                yield family
            else:
                self._tell(f"{family.name} of prometheus_client is left out: ours has that name")

    def _theirs(self) -> Iterable[Metric]:
        try:
            collector: Registry = MultiProcessCollector(None, self._directory)  # type: ignore[no-untyped-call]
            return list(collector.collect())
        except Exception as error:  # a file that its process was killed over; ours is shown anyway
            self._tell(f"PROMETHEUS_MULTIPROC_DIR={self._directory} cannot be read: {error!r}")
            return []

    def _tell(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            _logger.warning("%s", line)
