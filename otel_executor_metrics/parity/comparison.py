"""Compares two expositions, family by family and series by series."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from otel_executor_metrics.parity.difference import Difference, Kind
from otel_executor_metrics.parity.exposition import (
    Exposition,
    ExpositionError,
    Family,
    LabelSet,
    Part,
    Parts,
    parse,
)
from otel_executor_metrics.parity.wording import number, part_name, parts_text, series_name

IDENTITY_LABELS: Final = frozenset({"job", "instance"})
"""Labels with which a Collector says whose series these are; Prometheus itself adds them when it
scrapes a process, so that they are the same for queries (with ``honor_labels: true``)."""

SUM_TOLERANCE: Final = 1e-9
"""Relative: sums are added up in other orders, and travel as decimal text."""

_Grouped: TypeAlias = Mapping[LabelSet, list[Parts]]
"""Series by the labels that are left; several where only an ignored label tells them apart."""


def compare(pull: str, collector: str, *, ignore_labels: Collection[str] = ()) -> list[Difference]:
    """Return what differs between two expositions in OpenMetrics, by family and series.

    An empty label is an absent one, and units are compared where both state one. Counters, gauges
    and buckets must be equal, sums to nine digits. Not compared: ``target_info``, exemplars,
    timestamps, the labels in ``ignore_labels``, and those in ``IDENTITY_LABELS`` where only one of
    the two has them.

    Raises:
        ExpositionError: one of the texts is not OpenMetrics; names which, in one line.
    """
    return differences(*parse_both(pull, collector), ignore_labels)


def parse_both(pull: str, collector: str) -> tuple[Exposition, Exposition]:
    """Return both expositions.

    Raises:
        ExpositionError: names the one that cannot be read.
    """
    return _parsed("pull", pull), _parsed("collector", collector)


def differences(
    pull: Exposition, collector: Exposition, ignore_labels: Collection[str]
) -> list[Difference]:
    """Return what differs, as :func:`compare` does, between expositions already parsed."""
    return [
        difference
        for name in sorted({*pull, *collector})
        for difference in _of_family(name, pull.get(name), collector.get(name), ignore_labels)
    ]


def _parsed(side: str, text: str) -> Exposition:
    try:
        return parse(text)
    except ExpositionError as error:
        raise ExpositionError(f"{side}: {error}") from None


def _of_family(
    name: str, pull: Family | None, collector: Family | None, ignore: Collection[str]
) -> Iterator[Difference]:
    if pull is None or collector is None:
        yield Difference("family", name, name, _summary(pull), _summary(collector))
        return
    yield from _of_metadata(name, pull, collector)
    ignored = {*ignore, *IDENTITY_LABELS.intersection(pull.label_names ^ collector.label_names)}
    ours, theirs = _grouped(pull.series, ignored), _grouped(collector.series, ignored)
    extra_here, extra_there = _extra_labels(ours, theirs), _extra_labels(theirs, ours)
    for label in extra_here:
        yield Difference("label", name, name, label, None)
    for label in extra_there:
        yield Difference("label", name, name, None, label)
    yield from _of_series(name, _reduced(ours, extra_here), _reduced(theirs, extra_there))


def _summary(family: Family | None) -> str | None:
    return None if family is None else f"{family.type} of {len(family.series)} series"


def _of_metadata(name: str, pull: Family, collector: Family) -> Iterator[Difference]:
    said: tuple[tuple[Kind, str, str], ...] = (
        ("type", pull.type, collector.type),
        ("help", repr(pull.help), repr(collector.help)),
    )
    for kind, ours, theirs in said:
        if ours != theirs:
            yield Difference(kind, name, name, ours, theirs)
    # Collectors write no unit. It is not lost: OpenMetrics wants it at the end of the name as well.
    if pull.unit and collector.unit and pull.unit != collector.unit:
        yield Difference("unit", name, name, pull.unit, collector.unit)


def _grouped(series: Mapping[LabelSet, Parts], ignored: Collection[str]) -> _Grouped:
    return _reduced({labels: [parts] for labels, parts in series.items()}, ignored)


def _reduced(grouped: _Grouped, without: Collection[str]) -> _Grouped:
    found: dict[LabelSet, list[Parts]] = {}
    for labels, parts in grouped.items():
        kept = tuple(pair for pair in labels if pair[0] not in without)
        found.setdefault(kept, []).extend(parts)
    return found


def _extra_labels(here: _Grouped, there: _Grouped) -> list[str]:
    """Return labels that every series has here and none has there, and that tell none apart.

    Each is one difference, not one for every series.
    """
    everywhere = set.intersection(*({name for name, _ in labels} for labels in here))
    extra = sorted(everywhere - {name for labels in there for name, _ in labels})
    return extra if len(_reduced(here, extra)) == len(here) else []


def _of_series(name: str, ours: _Grouped, theirs: _Grouped) -> Iterator[Difference]:
    for labels in sorted({*ours, *theirs}):
        here, there = ours.get(labels, []), theirs.get(labels, [])
        subject = series_name(name, labels, [*here, *there])
        if len(here) > 1 or len(there) > 1:
            yield Difference("duplicate", name, subject, _number_of(here), _number_of(there))
        elif not here or not there:
            yield Difference("series", name, subject, _only(here), _only(there))
        else:
            yield from _of_parts(name, subject, here[0], there[0])


def _number_of(series: list[Parts]) -> str | None:
    told = ", told apart by ignored labels" if len(series) > 1 else ""
    return f"{len(series)} series{told}" if series else None


def _only(series: list[Parts]) -> str | None:
    return parts_text(series[0]) if series else None


def _of_parts(name: str, subject: str, ours: Parts, theirs: Parts) -> Iterator[Difference]:
    here, there = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
    if here or there:
        kind: Kind = "buckets" if any(part.bound for part in here | there) else "samples"
        yield Difference(kind, name, subject, _names(here), _names(there))
    unequal = [part for part in ours if part in theirs and not _equal(part, ours, theirs)]
    if unequal:
        yield Difference("value", name, subject, _values(ours, unequal), _values(theirs, unequal))


def _names(parts: Iterable[Part]) -> str | None:
    return ", ".join(sorted(map(part_name, parts))) or None


def _equal(part: Part, ours: Parts, theirs: Parts) -> bool:
    here, there = ours[part], theirs[part]
    if part.suffix in ("_sum", "_gsum"):
        return math.isclose(here, there, rel_tol=SUM_TOLERANCE)
    return here == there or (math.isnan(here) and math.isnan(there))


def _values(parts: Parts, shown: list[Part]) -> str:
    if len(parts) == 1:
        return number(parts[shown[0]])
    return parts_text({part: parts[part] for part in shown})
