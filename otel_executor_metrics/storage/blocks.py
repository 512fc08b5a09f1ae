"""What stands where in the state of a series, and how the states of several processes add up.

A *block* is the state of one series of ours: a list of floats, or a view of a file of them. All
that one label set of an operation records is one block, but for its failures, which have a block
for each type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from operator import add
from typing import Final, Literal, NamedTuple, TypeAlias

from otel_executor_metrics._names import ERROR_TYPE

Block: TypeAlias = "list[float] | memoryview[float]"
Kind: TypeAlias = Literal["operation", "failure", "count"]

# The block of an operation and label set. ENDED and FINISHED come before BEGUN: who reads them in
# this order never finds more ended than begun.
OUTCOME: Final = 0
"""Successes recorded as such; in the block of a failure: failures recorded as such."""
FINISHED: Final = 1
"""Measured work that ended well; in the block of a failure: that ended with this failure."""
RETRIES: Final = 2
ENDED: Final = 3
"""Work taken out of progress without an outcome."""
BEGUN: Final = 4
LOST: Final = 5
"""What was in progress in processes that are gone."""
SUM: Final = 6
MIN: Final = 7
MAX: Final = 8
BUCKETS: Final = 9
"""From here on stand the counts of durations by bucket, that of +Inf last."""

# The block of a count.
COUNT: Final = 0


class Series(NamedTuple):
    """Whose state a block is: the same in every process."""

    kind: Kind
    name: str
    """The operation's; of a count, the key of its instrument."""
    attributes: tuple[tuple[str, str], ...]
    """Sorted by name."""

    def failing(self, error_type: str) -> Series:
        """Return the failures of one type of this label set."""
        attributes = {ERROR_TYPE: error_type, **dict(self.attributes)}
        return series_of("failure", self.name, attributes)

    @property
    def label_set(self) -> Series:
        """The label set that a failure belongs to."""
        others = tuple(pair for pair in self.attributes if pair[0] != ERROR_TYPE)
        return Series("operation", self.name, others)


def series_of(kind: Kind, name: str, attributes: Mapping[str, str]) -> Series:
    """Return the series of ``attributes``, in whatever order they come."""
    return Series(kind, name, tuple(sorted(attributes.items())))


def operation_block(bounds: Sequence[float]) -> list[float]:
    """Return the block of a label set with nothing recorded; its buckets have these ``bounds``."""
    return [0.0] * MIN + [inf, -inf] + [0.0] * (len(bounds) + 1)


def failure_block() -> list[float]:
    """Return the block of a failure that has not happened."""
    return [0.0, 0.0]


def count_block() -> list[float]:
    """Return the block of a count of 0."""
    return [0.0]


def block_of(kind: Kind, bounds: Sequence[float]) -> list[float]:
    """Return the block of a series with nothing recorded; ``bounds`` are those of its operation."""
    if kind == "operation":
        return operation_block(bounds)
    return failure_block() if kind == "failure" else count_block()


Blocks: TypeAlias = dict[Series, list[float]]


def merge(into: Blocks, blocks: Iterable[tuple[Series, list[float]]]) -> None:
    """Add ``blocks``, which are taken over, to those of the same series."""
    for series, block in blocks:
        held = into.setdefault(series, block)
        if held is not block:
            _add(series.kind, held, block)


def settle(blocks: Blocks) -> None:
    """Bring outcomes together that were written apart.

    Measured work ends by one write, to FINISHED, so that a process killed at any moment leaves it
    either in progress or ended, never both. Here FINISHED is added to the outcomes, and ENDED
    becomes all that is no longer in progress.
    """
    for series, block in blocks.items():
        if series.kind == "count":
            continue
        finished, block[FINISHED] = block[FINISHED], 0.0
        block[OUTCOME] += finished
        label_set = block if series.kind == "operation" else blocks.get(series.label_set)
        if label_set is not None:
            label_set[ENDED] += finished


def retire(blocks: Blocks) -> None:
    """Make totals of settled ``blocks`` of processes that are gone: what is not ended is lost."""
    for series, block in blocks.items():
        if series.kind == "operation":
            block[LOST] += max(0.0, block[BEGUN] - block[ENDED])
            block[BEGUN] = block[ENDED] = 0.0


def without_empty(blocks: Blocks) -> Blocks:
    """Return those settled ``blocks`` in which anything was recorded."""
    return {series: block for series, block in blocks.items() if _is_used(series.kind, block)}


def _is_used(kind: Kind, block: list[float]) -> bool:
    return any(block[:MIN]) or block[MIN] < inf if kind == "operation" else any(block)


def _add(kind: Kind, held: list[float], block: list[float]) -> None:
    if kind != "operation":
        held[:] = map(add, held, block)
        return
    least, most = min(held[MIN], block[MIN]), max(held[MAX], block[MAX])
    held[:] = map(add, held, block)
    held[MIN], held[MAX] = least, most
