"""Series, operations and journals as names of journal entries, and back."""

from __future__ import annotations

import json
from typing import Any

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.storage.blocks import Series


def series_name(series: Series) -> str:
    """Return the name of the entry that holds the block of ``series``."""
    return json.dumps(series, ensure_ascii=False)


def definition_name(operation: Operation) -> str:
    """Return the name of the entry, without a block, that tells what ``operation`` is."""
    fields = {
        "name": operation.name,
        "labels": operation.labels,
        "buckets": operation.buckets,
        "help": operation.help if isinstance(operation.help, str) else dict(operation.help),
    }
    return json.dumps(fields, ensure_ascii=False)


def folded_name(journal: str) -> str:
    """Return the name of the entry, without a block, that says: ``journal`` is contained here."""
    return json.dumps(journal)


def read_name(name: str) -> Series | Operation | str:
    """Return the series whose block an entry holds, or the operation or journal that it tells of.

    Raises:
        ValueError: it is no such name.
    """
    try:
        found: Any = json.loads(name)
        if isinstance(found, str):
            return found
        if isinstance(found, dict):
            return Operation(**found)
        kind, of, attributes = found
        return Series(kind, of, tuple((label, value) for label, value in attributes))
    except (TypeError, ValueError) as error:
        raise ValueError(f"no name of a series: {name[:100]!r}") from error
