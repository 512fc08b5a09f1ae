"""What the command shows of an analysis: tables for people, everything as JSON for programs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from otel_executor_metrics._text import UNKNOWN, aligned, duration, visible, width
from otel_executor_metrics.analysis.analysis import (
    Analysis,
    Cardinality,
    Errors,
    Performance,
    Share,
)

WIDEST_NAME: Final = 60
"""Columns; label values can be long."""

_COLUMNS: Final[tuple[tuple[str, Callable[[Performance], str]], ...]] = (
    ("finished", lambda one: f"{one.finished:.0f}"),
    ("failed", lambda one: f"{one.failed:.0f}"),
    ("mean", lambda one: duration(one.mean)),
    ("p50", lambda one: duration(one.p50)),
    ("p95", lambda one: duration(one.p95)),
    ("p99", lambda one: duration(one.p99)),
    ("p99/p50", lambda one: _number(one.tail_ratio, "{:.1f}")),
    ("tries", lambda one: _number(one.retry_amplification, "{:.2f}")),
    ("time", lambda one: _number(one.time_share, "{:.0%}")),
)


def lines(analysis: Analysis, most: int) -> Iterator[str]:
    """Yield the analysis as text, with at most so many rows of a kind."""
    yield "SLOWEST OPERATIONS (tries: for each that finished; time: part of all durations)"
    yield from _performances(analysis.operations, most)
    if analysis.label_values:
        yield from ("", "SLOWEST LABEL VALUES")
        yield from _performances(analysis.label_values, most)
    yield from ("", "ERRORS")
    yield from _errors(analysis.errors, most)
    yield from ("", "CARDINALITY")
    yield from _limited(analysis.cardinality, most, _cardinality)
    yield from _not_recorded(analysis)


def document(analysis: Analysis, **about: object) -> dict[str, Any]:
    """Return everything in the shape of the command's JSON; what is unknown is null."""
    return {**about, **_known(dataclasses.asdict(analysis))}


def _performances(found: Sequence[Performance], most: int) -> Iterator[str]:
    shown = found[:most]
    names = ["", *map(_name, shown)]
    cells = [[title, *map(show, shown)] for title, show in _COLUMNS]
    widest = min(max(map(width, names)), WIDEST_NAME)
    yield from (f"  {line}" for line in aligned(names, cells, widest))
    yield from _more(found, most)


def _name(one: Performance) -> str:
    label = "" if one.label is None else f" {'='.join(one.label)}"
    return visible(one.operation + label)


def _errors(found: Sequence[Errors], most: int) -> Iterator[str]:
    if not found:
        yield "  none"

    def of_one(errors: Errors) -> Iterator[str]:
        yield visible(f"  {errors.operation}: {errors.failed:.0f} failed")
        for what, shares in (("by type", errors.types), ("by label", errors.values)):
            if shares:
                yield visible(f"    {what}: {_shares(shares[:most])}{_and_more(shares, most)}")

    yield from _limited(found, most, of_one)


def _shares(shares: Iterable[Share]) -> str:
    return ", ".join(f"{share.name} {share.failed:.0f} ({share.share:.0%})" for share in shares)


def _cardinality(one: Cardinality) -> Iterator[str]:
    labels = ", ".join(
        f"{label} {count} value{'s' if count != 1 else ''}{_overflowed(one, label)}"
        for label, count in one.values.items()
    )
    sets = f"{one.label_sets} label set{'s' if one.label_sets != 1 else ''}"
    yield visible(f"  {one.operation}: {sets}{f' ({labels})' if labels else ''}")


def _overflowed(one: Cardinality, label: str) -> str:
    count = one.overflowed.get(label, 0.0)
    return f", {count:.0f} records became other" if count else ""


def _not_recorded(analysis: Analysis) -> Iterator[str]:
    if lost := [one for one in analysis.operations if one.lost]:
        told = ", ".join(f"{one.operation} {one.lost:.0f}" for one in lost)
        yield visible(f"  lost in processes that were killed: {told}")
    if analysis.dropped:
        told = ", ".join(f"{reason} {count:.0f}" for reason, count in analysis.dropped.items())
        yield visible(f"  dropped, not recorded: {told}")


def _limited(
    found: Sequence[Any], most: int, show: Callable[[Any], Iterable[str]]
) -> Iterator[str]:
    for one in found[:most]:
        yield from show(one)
    yield from _more(found, most)


def _more(found: Sequence[object], most: int) -> Iterator[str]:
    if len(found) > most:
        yield f" {_and_more(found, most)}"


def _and_more(found: Sequence[object], most: int) -> str:
    return f" … and {len(found) - most} more" if len(found) > most else ""


def _number(value: float, form: str) -> str:
    return UNKNOWN if math.isnan(value) else form.format(value)


def _known(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _known(part) for key, part in value.items()}
    return [_known(part) for part in value] if isinstance(value, (list, tuple)) else value
