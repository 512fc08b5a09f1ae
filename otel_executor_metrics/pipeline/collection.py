"""From blocks to the data points of OpenTelemetry: read once for each collection."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeAlias

from opentelemetry.metrics import CallbackOptions, Observation

from otel_executor_metrics.catalog import OWN_INSTRUMENTS, Instrument, Operation, Role
from otel_executor_metrics.pipeline.cells import Distribution, announce
from otel_executor_metrics.pipeline.declaring import Instruments
from otel_executor_metrics.storage.blocks import (
    BEGUN,
    BUCKETS,
    COUNT,
    ENDED,
    LOST,
    MAX,
    MIN,
    OUTCOME,
    RETRIES,
    SUM,
    Blocks,
    Series,
    settle,
)

CALLBACK: Final = "executor_metrics_collection"
"""An instrument that never has a value: the SDK calls it back before each collection."""

_OWN: Final = {instrument.key: instrument for instrument in OWN_INSTRUMENTS}


class Source(Protocol):
    """What is to be exported."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations of the blocks, by name."""

    def read(self) -> Blocks:
        """Return blocks as they are now; they are the caller's to change."""


class Collection:
    """Has the SDK export what a source holds.

    The SDK learns of new series when it collects, not when they come into being: its locks are not
    reentrant, and a signal handler or a finaliser may record something new while its thread holds
    them. All series are read before the first point is made, so that what belongs together is of
    one moment: whatever began has ended, is in progress, or was lost.
    """

    def __init__(self, instruments: Instruments, source: Source) -> None:
        self._instruments = instruments
        self._source = source
        self._blocks: Blocks = {}
        self._known: set[Series] = set()
        self._begun_at = time.time_ns()
        instruments.meter.create_observable_counter(CALLBACK, callbacks=[self._prepare])

    def _prepare(self, options: CallbackOptions) -> Iterable[Observation]:
        blocks = self._source.read()
        settle(blocks)
        self._blocks = blocks
        for series in [series for series in blocks if series not in self._known]:
            self._known.add(series)
            for instrument, attributes, read in self._exported(series):
                reading = functools.partial(self._reading, series, read)
                announce(self._instruments(instrument), attributes, reading, self._begun_at)
        return ()

    def _reading(self, series: Series, read: _Read) -> float | Distribution:
        return read(self._blocks[series])

    def _exported(self, series: Series) -> Iterator[tuple[Instrument, dict[str, str], _Read]]:
        """Yield the instruments that show ``series``, each with attributes and what it reads."""
        attributes = dict(series.attributes)
        if series.kind == "count":
            yield _OWN[series.name], attributes, _count
            return
        instruments = self._source.operations[series.name].instruments
        if series.kind == "failure":
            yield instruments["failures"], attributes, _outcome
            return
        for role, instrument in instruments.items():
            yield instrument, attributes, _READS[role]


_Read: TypeAlias = Callable[[list[float]], float | Distribution]


def _outcome(block: list[float]) -> float:
    return block[OUTCOME]


def _count(block: list[float]) -> float:
    return block[COUNT]


def _distribution(block: list[float]) -> Distribution:
    return Distribution(block[SUM], block[MIN], block[MAX], block[BUCKETS:])


_READS: Final[dict[Role, _Read]] = {
    "latency": _distribution,
    "success": _outcome,
    "retries": lambda block: block[RETRIES],
    # Without an error_type there are no failures. The series lets the success ratio have a value
    # before anything has failed.
    "failures": lambda block: 0.0,
    "in_progress": lambda block: block[BEGUN] - block[ENDED],
    "lost": lambda block: block[LOST],
}
