"""Series, operations and journals as names of journal entries, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple, get_args

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.objective import Objective
from otel_executor_metrics.storage.blocks import Kind, Series, series_of


def series_name(series: Series) -> str:
    """Return the name of the entry that holds the block of ``series``."""
    return json.dumps(series, ensure_ascii=False)


def definition_name(operation: Operation) -> str:
    """Return the name of the entry, without a block, that tells what ``operation`` is."""
    fields: dict[str, Any] = {
        "name": operation.name,
        "labels": operation.labels,
        "buckets": operation.buckets,
        "help": operation.help if isinstance(operation.help, str) else dict(operation.help),
    }
    if operation.objective is not None:
        fields["objective"] = asdict(operation.objective)
    return json.dumps(fields, ensure_ascii=False)


class ExemplarOf(NamedTuple):
    """Says of which number of a series an exemplar is."""

    series: Series
    number: int
    """Its index in the block."""


def exemplar_name(of: ExemplarOf) -> str:
    """Return the name of the entry that holds an exemplar."""
    return json.dumps(["exemplar", of.number, of.series], ensure_ascii=False)


def folded_name(journal: str) -> str:
    """Return the name of the entry, without a block, that says: ``journal`` is contained here."""
    return json.dumps(journal)


def read_name(name: str) -> Series | Operation | ExemplarOf | str:
    """Return whose block or exemplar an entry holds, or the operation or journal that it tells of.

    Raises:
        ValueError: it is no such name.
    """
    try:
        found: Any = json.loads(name)
        if isinstance(found, str):
            return found
        if isinstance(found, dict):
            return _operation(**found)
        if found[0] == "exemplar":
            return ExemplarOf(_series(*found[2]), int(found[1]))
        return _series(*found)
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"no name of a series: {name[:100]!r}") from error


def _operation(objective: Mapping[str, Any] | None = None, **fields: Any) -> Operation:
    promised = None if objective is None else Objective(**objective)
    return Operation(objective=promised, **fields)


def _series(kind: Any, name: Any, attributes: Any) -> Series:
    labels = dict(attributes)
    texts = (name, *labels, *labels.values())
    if kind not in get_args(Kind) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"no series: {kind!r} {name!r}")
    return series_of(kind, name, labels)
