"""Rows as lines of plain text, no wider than the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from otel_executor_metrics._text import GAP, UNKNOWN, aligned, cut, duration, width
from otel_executor_metrics.top.rows import Row

NAME: Final = "operation"
SHORTEST_NAME: Final = 24


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers; where the width does not do, the one of least ``worth`` goes first.

    ``value`` is NaN where there is none.
    """

    title: str
    value: Callable[[Row], float]
    write: Callable[[float], str]
    worth: int

    def show(self, row: Row) -> str:
        """Return the row's number as text."""
        value = self.value(row)
        return UNKNOWN if math.isnan(value) else self.write(value)


def rate(row: Row) -> float:
    """Return how many were finished a second."""
    return row.recorded.finished / row.seconds if row.seconds > 0 else math.nan


def success(row: Row) -> float:
    """Return the percentage that succeeded."""
    finished = row.recorded.finished
    return 100 * row.recorded.success / finished if finished else math.nan


def quantile(quantile: float) -> Callable[[Row], float]:
    """Return what estimates that quantile of a row's durations, in seconds."""
    return lambda row: row.recorded.quantile(quantile)


def percentage(value: float) -> str:
    """Return a percentage; it is 100 only if all did."""
    return f"{math.floor(10 * value) / 10:.1f}"


def count(value: float) -> str:
    """Return a whole number."""
    return f"{value:.0f}"


RATE: Final = Column("rate/s", rate, lambda value: f"{value:.1f}", 8)
OK: Final = Column("ok %", success, percentage, 9)
P50: Final = Column("p50", quantile(0.5), duration, 4)
P95: Final = Column("p95", quantile(0.95), duration, 6)
P99: Final = Column("p99", quantile(0.99), duration, 1)
RETRIES: Final = Column("retries", lambda row: row.recorded.retries, count, 5)
FAILED: Final = Column("failed", lambda row: row.recorded.failed, count, 2)
RUNNING: Final = Column("running", lambda row: row.recorded.in_progress, count, 3)
FINISHED: Final = Column("finished", lambda row: row.recorded.finished, count, 7)

LIVE: Final = (RATE, OK, P50, P95, P99, RETRIES, RUNNING)
TOTALS: Final = (FINISHED, FAILED, OK, P50, P95, P99, RETRIES)


def table(rows: Sequence[Row], columns: Sequence[Column], columns_wide: int) -> list[str]:
    """Return a header and a line for each row, none wider than ``columns_wide``.

    Columns are left out where names would be cut to fewer than 24 columns: their end is what tells
    label sets apart.
    """
    cells = {column: [column.show(row) for row in rows] for column in columns}
    names = [NAME, *(row.name for row in rows)]
    longest = max(map(width, names))
    kept = list(columns)
    while kept and _width_of(cells, kept) + min(longest, SHORTEST_NAME) > columns_wide:
        kept.remove(min(kept, key=lambda column: column.worth))
    name_width = max(1, min(longest, columns_wide - _width_of(cells, kept)))
    shown = [[column.title, *cells[column]] for column in kept]
    return [cut(line, columns_wide) for line in aligned(names, shown, name_width)]


def _width_of(cells: dict[Column, list[str]], columns: Iterable[Column]) -> int:
    return sum(len(GAP) + max(len(column.title), *map(len, cells[column]), 0) for column in columns)
