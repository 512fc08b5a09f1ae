"""Rows as lines of plain text, no wider than the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from otel_executor_metrics.demo.rows import Row

NAME: Final = "operation"
SHORTEST_NAME: Final = 12
NOTHING: Final = "-"
GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers; where the width does not do, the one of least ``worth`` goes first."""

    title: str
    show: Callable[[Row], str]
    worth: int


def rate(row: Row) -> str:
    """Return how many were finished a second."""
    return f"{row.finished / row.seconds:.1f}" if row.seconds > 0 else NOTHING


def success(row: Row) -> str:
    """Return the percentage that succeeded; it is 100 only if all did."""
    if not row.finished:
        return NOTHING
    return f"{math.floor(1000 * (row.finished - row.failed) / row.finished) / 10:.1f}"


def quantile(index: int) -> Callable[[Row], str]:
    """Return what shows the quantile of that index."""
    return lambda row: duration(row.quantiles[index])


def duration(seconds: float) -> str:
    """Return a duration in at most six characters."""
    if math.isnan(seconds):
        return NOTHING
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.2f}s" if seconds < 100 else f"{seconds:.0f}s"


P50, P95, P99 = (
    Column(title, quantile(index), worth)
    for index, (title, worth) in enumerate([("p50", 4), ("p95", 6), ("p99", 2)])
)
LIVE: Final = (
    Column("rate/s", rate, 7),
    Column("ok %", success, 8),
    P50,
    P95,
    P99,
    Column("retries", lambda row: f"{row.retries:.0f}", 5),
    Column("running", lambda row: f"{row.in_progress:.0f}", 3),
)
TOTALS: Final = (
    Column("finished", lambda row: f"{row.finished:.0f}", 8),
    Column("failed", lambda row: f"{row.failed:.0f}", 7),
    Column("ok %", success, 6),
    P50,
    P95,
    P99,
    Column("retries", lambda row: f"{row.retries:.0f}", 5),
)


def table(rows: Sequence[Row], columns: Sequence[Column], width: int) -> list[str]:
    """Return a header and a line for each row, none longer than ``width``.

    Columns are left out where names would be cut to fewer than 12 characters.
    """
    kept = list(columns)
    while kept and _width_of(rows, kept) + SHORTEST_NAME > width:
        kept.remove(min(kept, key=lambda column: column.worth))
    longest = max(len(row.name) for row in rows) if rows else 0
    name_width = max(1, min(max(longest, len(NAME)), width - _width_of(rows, kept)))
    header = [_name(NAME, name_width)]
    lines = [[_name(row.name, name_width)] for row in rows]
    for column in kept:
        cells = [column.title, *(column.show(row) for row in rows)]
        for line, cell in zip([header, *lines], cells, strict=True):
            line.append(cell.rjust(max(map(len, cells))))
    return [GAP.join(line)[:width] for line in (header, *lines)]


def _width_of(rows: Iterable[Row], columns: Iterable[Column]) -> int:
    return sum(
        len(GAP) + max(len(column.title), *(len(column.show(row)) for row in rows), 0)
        for column in columns
    )


def _name(name: str, width: int) -> str:
    return name.ljust(width) if len(name) <= width else f"{name[: width - 1]}~"
