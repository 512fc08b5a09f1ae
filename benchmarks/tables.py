"""Tables that read well as text and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.quartiles import Quartiles


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Return a Markdown table with even columns; the first ``left`` are set flush left."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * width if at < left else "-" * (width - 1) + ":" for at, width in enumerate(widths)
    ]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def number(value: float) -> str:
    """Return ``value`` with three significant digits, whole from 100 on."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(value: float) -> str:
    """Return a ratio with three significant digits below 1, two decimals above."""
    return f"{value:.3f}" if value < 1 else f"{value:,.2f}"


def spread(found: Quartiles, of_ratio: bool = False) -> tuple[str, str]:
    """Return the median, and the quartiles as a range."""
    shown = ratio if of_ratio else number
    return shown(found.median), f"{shown(found.low)} – {shown(found.high)}"
