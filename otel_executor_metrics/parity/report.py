"""What the command shows: grouped and bounded for people, whole as JSON for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Final

from otel_executor_metrics.parity.difference import OF_FAMILIES, Difference

WIDTH: Final = 200
"""Characters of a line; label values can be long."""

EXAMPLES: Final = 5
"""Families or series named for one thing that is different."""

GROUPS: Final = 20
"""Groups shown."""


def lines(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield what is different: what is said of whole families first, then family by family."""
    groups = [*_about_families(differences), *_about_series(differences)]
    for title, examples in groups[:GROUPS]:
        yield _cut(title)
        yield from (_cut(f"  {example}") for example in examples[:EXAMPLES])
        if more := len(examples[EXAMPLES:]):
            yield f"  … and {more} more"
    if more := len(groups[GROUPS:]):
        yield f"… and {more} more groups; --json shows all of them"


def document(differences: Sequence[Difference], **about: object) -> dict[str, Any]:
    """Return the whole result in the shape of the command's JSON."""
    return {
        "same": not differences,
        **about,
        "differences": [dataclasses.asdict(difference) for difference in differences],
    }


def _about_families(differences: Sequence[Difference]) -> Iterator[tuple[str, list[str]]]:
    # One wrong setting changes many families in the same way: it is said once.
    families: dict[str, list[str]] = {}
    for difference in differences:
        if difference.kind in OF_FAMILIES:
            title = f"{difference.kind}: {difference.statement}"
            families.setdefault(title, []).append(difference.family)
    yield from families.items()


def _about_series(differences: Sequence[Difference]) -> Iterator[tuple[str, list[str]]]:
    series: dict[tuple[str, str], list[str]] = {}
    for difference in differences:
        if difference.kind not in OF_FAMILIES:
            group = (difference.kind, difference.family)
            series.setdefault(group, []).append(difference.text)
    for (kind, family), texts in series.items():
        yield f"{kind}: {len(texts)} in {family}", texts


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
