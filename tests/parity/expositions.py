"""Expositions as values: made by hypothesis, rendered in any order, changed in one place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from hypothesis import strategies as st

Labels: TypeAlias = tuple[tuple[str, str], ...]

LABEL_NAMES = ("task_type", "model", "region")
BOUNDS = ("0.005", "0.1", "1.0", "2.5")


@dataclass(frozen=True)
class Series:
    """One series; a histogram's ``counts`` are for each bucket, +Inf last, not cumulative."""

    labels: Labels
    value: float = 0.0
    counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Family:
    """One family, with series that have distinct labels."""

    name: str
    type: str
    help: str
    unit: str
    bounds: tuple[str, ...]
    series: tuple[Series, ...]

    def blocks(self, chance: random.Random) -> Iterator[str]:
        """Yield the lines of each series, labels in any order."""
        for series in self.series:
            if self.type == "histogram":
                yield "".join(self._histogram(series, chance))
            else:
                suffix = "_total" if self.type == "counter" else ""
                yield f"{self.name}{suffix}{_written(series.labels, chance)} {series.value}\n"

    def _histogram(self, series: Series, chance: random.Random) -> Iterator[str]:
        total = 0
        for bound, count in zip((*self.bounds, "+Inf"), series.counts, strict=True):
            total += count
            labels = (*series.labels, ("le", bound))
            yield f"{self.name}_bucket{_written(labels, chance)} {total}\n"
        yield f"{self.name}_count{_written(series.labels, chance)} {total}\n"
        yield f"{self.name}_sum{_written(series.labels, chance)} {series.value}\n"


def render(families: tuple[Family, ...], seed: int = 0) -> str:
    """Return the exposition; ``seed`` decides the order of families, metadata, series, labels."""
    chance = random.Random(seed)
    text = ""
    for family in chance.sample(families, len(families)):
        metadata = [
            f"# TYPE {family.name} {family.type}\n",
            f"# HELP {family.name} {_escaped(family.help)}\n",
            *([f"# UNIT {family.name} {family.unit}\n"] if family.unit else []),
        ]
        blocks = list(family.blocks(chance))
        text += "".join(chance.sample(metadata, len(metadata)))
        text += "".join(chance.sample(blocks, len(blocks)))
    return f"{text}# EOF\n"


def mutations(families: tuple[Family, ...]) -> Iterator[tuple[Family, ...]]:
    """Yield ``families`` changed in one place, in every way that Prometheus would notice."""
    for index, family in enumerate(families):
        rest = families[:index] + families[index + 1 :]
        yield rest
        yield (*rest, replace(family, help=f"{family.help}."))
        for changed in _with_other_series(family):
            yield (*rest, changed)
        if family.type == "gauge":
            yield (*rest, replace(family, type="unknown"))
        if family.type == "histogram":
            yield (*rest, replace(family, bounds=("0.004", *family.bounds[1:])))


def _with_other_series(family: Family) -> Iterator[Family]:
    for index, series in enumerate(family.series):
        rest = family.series[:index] + family.series[index + 1 :]
        if rest:  # without any series it would be gone, which is another change
            yield replace(family, series=rest)
        for changed in _changed(series):
            if all(dict(changed.labels) != dict(other.labels) for other in rest):
                yield replace(family, series=(*rest, changed))


def _changed(series: Series) -> Iterator[Series]:
    yield replace(series, labels=(*series.labels, ("added", "x")))
    yield replace(series, value=series.value + 1)
    for index, (name, value) in enumerate(series.labels):
        rest = series.labels[:index] + series.labels[index + 1 :]
        yield replace(series, labels=(*rest, (name, f"{value}!")))
        yield replace(series, labels=(*rest, (f"{name}_", value)))
    for index, count in enumerate(series.counts):
        counts = (*series.counts[:index], count + 1, *series.counts[index + 1 :])
        yield replace(series, counts=counts)


def _written(labels: Labels, chance: random.Random) -> str:
    if not labels:
        return ""
    pairs = [f'{name}="{_escaped(value)}"' for name, value in chance.sample(labels, len(labels))]
    return f"{{{','.join(pairs)}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_values = st.integers(0, 10**6).map(float)
_label_sets = st.sets(st.sampled_from(LABEL_NAMES)).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(n), _texts.filter(bool)) for n in sorted(names)))
)


@st.composite
def _families(draw: st.DrawFn, name: str) -> Family:
    kind = draw(st.sampled_from(("counter", "gauge", "histogram")))
    bounds = BOUNDS[: draw(st.integers(1, len(BOUNDS)))] if kind == "histogram" else ()
    counts = st.tuples(*[st.integers(0, 99)] * (len(bounds) + 1)) if bounds else st.just(())
    series = st.builds(Series, _label_sets, _values, counts)
    return Family(
        name=f"{name}_seconds",
        type=kind,
        help=draw(_texts),
        unit=draw(st.sampled_from(("", "seconds"))),
        bounds=bounds,
        series=tuple(draw(st.lists(series, min_size=1, max_size=4, unique_by=lambda s: s.labels))),
    )


expositions = st.sets(st.sampled_from("abcd"), min_size=1).flatmap(
    lambda names: st.tuples(*map(_families, sorted(names)))
)
"""Tuples of families with distinct names."""
