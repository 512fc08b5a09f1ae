"""What a journal holds, read again and again while its process writes to it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from otel_executor_metrics.catalog import OWN_INSTRUMENTS, Operation
from otel_executor_metrics.storage.blocks import Blocks, Series, block_of, merge
from otel_executor_metrics.storage.descriptors import Descriptor
from otel_executor_metrics.storage.exemplar_words import DOUBLES, from_doubles
from otel_executor_metrics.storage.exemplars import Exemplar
from otel_executor_metrics.storage.journal import JournalReader
from otel_executor_metrics.storage.names import ExemplarOf, read_name

_logger = logging.getLogger(__name__)

_COUNTS = {instrument.key for instrument in OWN_INSTRUMENTS}


class Definitions(dict[str, Operation]):
    """Operations by name, as all processes of a fleet must agree on them."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def agree(self, operation: Operation) -> bool:
        """Take ``operation`` in if it is new; tell whether its buckets are those that hold here."""
        known = self.setdefault(operation.name, operation)
        if known.buckets == operation.buckets:
            return True
        if operation.name not in self._told:
            self._told.add(operation.name)
            self._warn(known, operation)
        return False

    def describe(self, series: Series, doubles: int) -> bool:
        """Tell whether so many doubles can be the block of ``series``."""
        if series.kind == "count":
            return series.name in _COUNTS and doubles == 1
        known = self.get(series.name)
        return known is not None and doubles == len(block_of(series.kind, known.buckets))

    @staticmethod
    def _warn(known: Operation, operation: Operation) -> None:
        _logger.warning(
            "operation %r has buckets %r in one process and %r in another, which cannot be added"
            " up: what the latter records is left out until its program is restarted",
            operation.name,
            known.buckets,
            operation.buckets,
        )


class Tally:
    """The blocks of one journal; ``descriptor`` is the tally's to close.

    A file that is damaged, or no journal at all, counts as far as it can be read.
    """

    def __init__(self, descriptor: int, definitions: Definitions) -> None:
        self.descriptor = Descriptor(descriptor)
        self._definitions = definitions
        self._reader = JournalReader(self.descriptor)
        self._views: dict[str, list[tuple[Series, memoryview[float]]]] = {}
        self._exemplars: list[tuple[ExemplarOf, memoryview[float]]] = []
        self._left_out: set[str] = set()
        self.folded: list[str] = []
        self.damage: Exception | None = None

    def read(self) -> Blocks:
        """Return copies of all blocks as they are now; failures are read before label sets."""
        self._look()
        blocks: Blocks = {}
        for kind in ("failure", "operation", "count"):
            merge(blocks, ((series, list(view)) for series, view in self._views.get(kind, ())))
        return blocks

    def read_exemplars(self) -> Iterator[tuple[Series, dict[int, Exemplar]]]:
        """Yield exemplars as they are now; none that is being written at this moment."""
        self._look()
        for (series, index), view in self._exemplars:
            with contextlib.suppress(OverflowError, ValueError):  # a damaged file
                found = from_doubles(list(view))
                if found is not None:
                    yield series, {index: found}

    def close(self) -> None:
        """Close the file."""
        if self.descriptor.lost:
            self._reader.keep()
        self.descriptor.close()

    def _look(self) -> None:
        try:
            self._take_new()
        except (IndexError, OSError, OverflowError, ValueError) as error:
            self.damage = error

    def _take_new(self) -> None:
        for name, view in self._reader.new_entries():
            try:
                self._take(read_name(name), view)
            except ValueError as error:  # another release's, perhaps
                self.damage = error

    def _take(self, found: Series | Operation | ExemplarOf | str, view: memoryview[float]) -> None:
        if isinstance(found, str):
            self.folded.append(found)
        elif isinstance(found, Operation):
            if not self._definitions.agree(found):
                self._left_out.add(found.name)
        elif isinstance(found, ExemplarOf):
            if len(view) != DOUBLES:
                raise ValueError(f"no exemplar of {found.series.name!r}: {len(view)} numbers")
            if found.series.name not in self._left_out:
                self._exemplars.append((found, view))
        elif found.kind == "count" or found.name not in self._left_out:
            if not self._definitions.describe(found, len(view)):
                raise ValueError(f"no block of {found.name!r}: {len(view)} numbers")
            self._views.setdefault(found.kind, []).append((found, view))
