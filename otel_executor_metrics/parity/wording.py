"""Series, samples and values as text for people."""

from __future__ import annotations

from collections.abc import Sequence

from otel_executor_metrics._text import visible
from otel_executor_metrics.parity.exposition import LabelSet, Part, Parts


def series_name(family: str, labels: LabelSet, series: Sequence[Parts]) -> str:
    """Return the name that a query would use, with the labels.

    ``jobs_total{kind="a"}`` for what has one sample, else the family's name.
    """
    suffixes = {part.suffix for parts in series for part in parts}
    name = family + suffixes.pop() if len(suffixes) == 1 else family
    shown = ",".join(f'{label}="{_quoted(value)}"' for label, value in labels)
    return f"{name}{{{shown}}}" if shown else name


def part_name(part: Part) -> str:
    """Return which sample of its series this is: ``count``, or ``le=0.1``."""
    suffix = part.suffix.removeprefix("_") or "value"
    if not part.bound:
        return suffix
    return f"{'quantile' if suffix == 'value' else 'le'}={part.bound}"


def parts_text(parts: Parts) -> str:
    """Return the samples of a series with their values, or its one value."""
    if len(parts) == 1:
        return number(*parts.values())
    return ", ".join(f"{part_name(part)} {number(value)}" for part, value in parts.items())


def number(value: float) -> str:
    """Return a value in full, a whole one without its ``.0``."""
    return repr(value).removesuffix(".0")


def _quoted(text: str) -> str:
    """Return a label value as it stands between quotes, with nothing that a terminal obeys."""
    return visible(text.replace("\\", r"\\").replace('"', r"\""))
