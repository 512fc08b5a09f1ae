"""From blocks to the data points of OpenTelemetry: read once for each collection."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics.export import MetricReader

from otel_executor_metrics.catalog import OWN_INSTRUMENTS, Instrument, Operation, Role
from otel_executor_metrics.pipeline.cells import Distribution, announce, suits
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
    merge,
    settle,
)

CALLBACK: Final = "executor_metrics_collection"
"""An instrument that never has a value: the SDK calls it back before each collection."""

_logger = logging.getLogger(__name__)

_Read: TypeAlias = Callable[[list[float]], "float | Distribution"]

_OWN: Final = {instrument.key: instrument for instrument in OWN_INSTRUMENTS}


class Source(Protocol):
    """What is to be exported."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations of the blocks, by name."""

    def read(self) -> Blocks:
        """Return blocks as they are now; they are the caller's to change."""


class _Held:
    """What a series held when the collection began.

    It is what its six readings have in common: each of them would otherwise look the series up, by
    a hash of all its labels. What cannot be read any more stays as it was.
    """

    __slots__ = ("block",)

    def __init__(self, block: list[float]) -> None:
        self.block = block


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads one number of a series. Two of the same are equal: told twice, it counts once."""

    held: _Held
    read: _Read

    def __call__(self) -> float | Distribution:
        """Return what the series held when the collection began."""
        return self.read(self.held.block)


class Collection:
    """Has the SDK export what its sources hold, added up: those of all facades on one provider.

    The SDK learns of new series when it collects, not when they come into being: its locks are not
    reentrant, and a signal handler or a finaliser may record something new while its thread holds
    them. All series are read before the first point is made, so that what belongs together is of
    one moment: whatever began has ended, is in progress, or was lost.

    Args:
        instruments: of the provider.
        readers: returns the readers that the provider has by now. One that was added later is
            told of all series.
    """

    def __init__(
        self, instruments: Instruments, readers: Callable[[], Iterable[MetricReader]]
    ) -> None:
        self._instruments = instruments
        self._sources: list[Source] = []
        self._readers = readers
        self._held: dict[Series, _Held] = {}
        self._told: set[MetricReader] = set()
        self._begun_at = time.time_ns()
        instruments.meter.create_observable_counter(CALLBACK, callbacks=[self._prepare])

    def add(self, source: Source) -> None:
        """Export what ``source`` holds as well, from the next collection on."""
        self._sources.append(source)

    def _prepare(self, options: CallbackOptions) -> Iterable[Observation]:
        if not self._sources:  # whatever is recorded here goes through the public calls
            return ()
        blocks = self._read()
        new_reader = self._readers_not_told()
        for series, block in blocks.items():
            held = self._held.get(series)
            if held is None:
                held = self._held[series] = _Held(block)
                self._announce(series, held)
            elif new_reader:
                self._announce(series, held)
            held.block = block
        return ()

    def _read(self) -> Blocks:
        first, *others = tuple(self._sources)
        blocks = first.read()
        for source in others:
            merge(blocks, source.read().items())
        settle(blocks)
        return blocks

    def _announce(self, series: Series, held: _Held) -> None:
        for instrument, attributes, read in self._exported(series):
            reading = _Reading(held, read)
            announce(self._instruments(instrument), attributes, reading, self._begun_at)

    def _readers_not_told(self) -> bool:
        readers = set(self._readers())
        new = readers - self._told
        if not suits(new):
            _logger.warning(
                "a reader with delta temporality was added after ExecutorMetrics was made: it gets"
                " nothing of it; give it to the MeterProvider before"
            )
        self._told = readers
        return bool(new)

    def _exported(self, series: Series) -> Iterator[tuple[Instrument, dict[str, str], _Read]]:
        """Yield the instruments that show ``series``, each with attributes and what it reads."""
        attributes = dict(series.attributes)
        if series.kind == "count":
            yield _OWN[series.name], attributes, _count
            return
        instruments = self._operation(series.name).instruments
        if series.kind == "failure":
            yield instruments["failures"], attributes, _outcome
            return
        for role, instrument in instruments.items():
            yield instrument, attributes, _READS[role]

    def _operation(self, name: str) -> Operation:
        return next(
            source.operations[name] for source in self._sources if name in source.operations
        )


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
