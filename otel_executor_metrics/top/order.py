"""Which rows are shown, and in which order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from otel_executor_metrics.top.rows import Row
from otel_executor_metrics.top.table import (
    FAILED,
    NAME,
    OK,
    P50,
    P95,
    P99,
    RATE,
    RETRIES,
    RUNNING,
    Column,
)

SORTS: Final[dict[str, Column | None]] = {
    NAME: None,
    "rate": RATE,
    "ok": OK,
    "p50": P50,
    "p95": P95,
    "p99": P99,
    "retries": RETRIES,
    "failed": FAILED,
    "running": RUNNING,
}
"""What rows can be sorted by, in the order of the columns; None: by name."""

_RISING: Final = (NAME, "ok")
"""Begins with the lowest: what fails most is what people look for."""


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by, its worst first unless ``reverse``; rows without a value are last."""

    by: str = "rate"
    reverse: bool = False

    def moved(self, steps: int) -> Order:
        """Return the order by the column that is so many to the right, round at the end."""
        names = list(SORTS)
        return replace(self, by=names[(names.index(self.by) + steps) % len(names)])

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows in this order, by name where they are equal."""
        column = SORTS[self.by]
        by_name = sorted(rows, key=lambda row: row.name)
        falling = (self.by not in _RISING) != self.reverse
        if column is None:
            return by_name[::-1] if falling else by_name
        sign = -1 if falling else 1

        def rank(row: Row) -> tuple[bool, float]:
            value = column.value(row)
            return (True, 0.0) if math.isnan(value) else (False, sign * value)

        return sorted(by_name, key=rank)


def matches(row: Row, filters: Sequence[str]) -> bool:
    """Tell whether ``row`` meets all ``filters``.

    ``label=value`` is met by rows whose label has that value (``operation`` counts as one),
    another text by rows whose name has it, in whatever case.
    """
    labels = {*row.labels, (NAME, row.operation)}
    return all(
        tuple(text.split("=", 1)) in labels if "=" in text else text.lower() in row.name.lower()
        for text in filters
    )
