"""From the blocks of a source to a snapshot of plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from math import inf

from otel_executor_metrics._names import ERROR_TYPE
from otel_executor_metrics.catalog import DROPPED, LABEL_OVERFLOW, Operation
from otel_executor_metrics.pipeline import Source
from otel_executor_metrics.snapshot import Key, Recorded, Snapshot
from otel_executor_metrics.storage.blocks import (
    BEGUN,
    BUCKETS,
    COUNT,
    ENDED,
    LOST,
    OUTCOME,
    RETRIES,
    SUM,
    Blocks,
    Series,
    settle,
)


def snapshot_of(source: Source | None) -> Snapshot:
    """Return what ``source`` holds now; nothing where there is none."""
    if source is None:
        return Snapshot()
    blocks = source.read()
    settle(blocks)
    operations = dict(source.operations)
    failures = _failures(blocks)
    return Snapshot(
        {
            _key(series): _recorded(block, operations[series.name], failures.get(series, {}))
            for series, block in blocks.items()
            if series.kind == "operation"
        },
        {labels["reason"]: count for labels, count in _counts(blocks, DROPPED.key)},
        {
            (labels["operation"], labels["label"]): count
            for labels, count in _counts(blocks, LABEL_OVERFLOW.key)
        },
        {name: each.objective for name, each in operations.items() if each.objective},
    )


def _failures(blocks: Blocks) -> dict[Series, dict[str, float]]:
    found: dict[Series, dict[str, float]] = {}
    for series, block in blocks.items():
        if series.kind == "failure":
            by_type = found.setdefault(series.label_set, {})
            by_type[dict(series.attributes)[ERROR_TYPE]] = block[OUTCOME]
    return found


def _key(series: Series) -> Key:
    return series.name, tuple(pair for pair in series.attributes if pair[1])


def _recorded(block: list[float], operation: Operation, failures: Mapping[str, float]) -> Recorded:
    counts = accumulate(block[BUCKETS:])
    return Recorded(
        success=block[OUTCOME],
        failures=failures,
        retries=block[RETRIES],
        in_progress=block[BEGUN] - block[ENDED],
        lost=block[LOST],
        seconds=block[SUM],
        buckets=tuple(zip((*operation.buckets, inf), counts, strict=True)),
    )


def _counts(blocks: Blocks, key: str) -> Iterable[tuple[dict[str, str], float]]:
    return [
        (dict(series.attributes), block[COUNT])
        for series, block in blocks.items()
        if series.kind == "count" and series.name == key
    ]
