"""From blocks to the data points of OpenTelemetry: read once for each collection."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import Exemplar
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
from otel_executor_metrics.storage.exemplars import ByIndex, add_exemplars
from otel_executor_metrics.storage.exemplars import Exemplar as Kept

CALLBACK: Final = "executor_metrics_collection"
"""An instrument that never has a value: the SDK calls it back before each collection."""

_logger = logging.getLogger(__name__)

_OWN: Final = {instrument.key: instrument for instrument in OWN_INSTRUMENTS}


class Source(Protocol):
    """What is to be exported."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations of the blocks, by name."""

    def read_exemplars(self) -> Mapping[Series, ByIndex]:
        """Return exemplars of what is read next: they are contained in it."""

    def read(self) -> Blocks:
        """Return blocks as they are now; they are the caller's to change."""


class _Held:
    """What a series held when the collection began.

    It is what its six readings have in common: each of them would otherwise look the series up, by
    a hash of all its labels. What cannot be read any more stays as it was.
    """

    __slots__ = ("block", "exemplars")

    def __init__(self, block: list[float]) -> None:
        self.block = block
        self.exemplars = _NO_EXEMPLARS


_NO_EXEMPLARS: Final[ByIndex] = MappingProxyType({})


class _Shown(NamedTuple):
    """What an instrument shows of a block, and of which numbers of it the exemplars."""

    read: Callable[[list[float]], float | Distribution]
    indices: range


class _Reading(NamedTuple):
    """Reads one number of a series. Two of the same are equal: told twice, it counts once."""

    held: _Held
    shown: _Shown

    @property
    def exemplars(self) -> list[Exemplar]:
        """What leads from the number to traces."""
        kept = self.held.exemplars
        if not kept:  # nearly all of them
            return []
        indices = self.shown.indices
        return [_as_sdk(found) for index, found in sorted(kept.items()) if index in indices]

    def __call__(self) -> float | Distribution:
        """Return what the series held when the collection began."""
        return self.shown.read(self.held.block)


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
        self._exemplary: list[_Held] = []  # those with exemplars
        self._told: set[MetricReader] = set()
        self._begun_at = time.time_ns()
        instruments.meter.create_observable_counter(CALLBACK, callbacks=[self._prepare])

    def add(self, source: Source) -> None:
        """Export what ``source`` holds as well, from the next collection on."""
        self._sources.append(source)

    def _prepare(self, options: CallbackOptions) -> Iterable[Observation]:
        if not self._sources:  # whatever is recorded here goes through the public calls
            return ()
        exemplars = self._read_exemplars()
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
        self._hold(exemplars)
        return ()

    def _read_exemplars(self) -> dict[Series, ByIndex]:
        found: dict[Series, ByIndex] = {}
        for source in tuple(self._sources):
            add_exemplars(found, source.read_exemplars().items())
        return found

    def _hold(self, exemplars: Mapping[Series, ByIndex]) -> None:
        for held in self._exemplary:
            held.exemplars = _NO_EXEMPLARS
        self._exemplary.clear()
        for series, by_index in exemplars.items():
            if series in self._held:
                self._held[series].exemplars = by_index
                self._exemplary.append(self._held[series])

    def _read(self) -> Blocks:
        first, *others = tuple(self._sources)
        blocks = first.read()
        for source in others:
            merge(blocks, source.read().items())
        settle(blocks)
        return blocks

    def _announce(self, series: Series, held: _Held) -> None:
        for instrument, attributes, shown in self._exported(series):
            reading = _Reading(held, shown)
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

    def _exported(self, series: Series) -> Iterator[tuple[Instrument, dict[str, str], _Shown]]:
        """Yield the instruments that show ``series``, each with attributes and what it reads."""
        attributes = dict(series.attributes)
        if series.kind == "count":
            yield _OWN[series.name], attributes, _COUNT
            return
        instruments = self._operation(series.name).instruments
        if series.kind == "failure":
            yield instruments["failures"], attributes, _OUTCOME
            return
        for role, instrument in instruments.items():
            yield instrument, attributes, _SHOWN[role]

    def _operation(self, name: str) -> Operation:
        return next(
            source.operations[name] for source in self._sources if name in source.operations
        )


def _as_sdk(found: Kept) -> Exemplar:
    value, at, span = found
    ids = (span.span_id, span.trace_id) if span.is_valid else (None, None)
    return Exemplar(None, value, at, *ids)


def _distribution(block: list[float]) -> Distribution:
    return Distribution(block[SUM], block[MIN], block[MAX], block[BUCKETS:])


def _number(index: int) -> _Shown:
    return _Shown(itemgetter(index), range(index, index + 1))


_COUNT: Final = _number(COUNT)
_OUTCOME: Final = _number(OUTCOME)
_SHOWN: Final[Mapping[Role, _Shown]] = {
    "latency": _Shown(_distribution, range(BUCKETS, sys.maxsize)),
    "success": _OUTCOME,
    "retries": _number(RETRIES),
    # Without an error_type there are no failures. The series lets the success ratio have a value
    # before anything has failed.
    "failures": _Shown(lambda block: 0.0, range(0)),
    "in_progress": _Shown(lambda block: block[BEGUN] - block[ENDED], range(0)),
    "lost": _number(LOST),
}
