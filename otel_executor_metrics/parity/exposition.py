"""An exposition in OpenMetrics, as the families and series that Prometheus makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from otel_executor_metrics._text import complaint

LabelSet: TypeAlias = tuple[tuple[str, str], ...]
"""Labels sorted by name; one without a value is left out, as Prometheus does."""

_BOUND_LABELS: Final = {"histogram": "le", "gaugehistogram": "le", "summary": "quantile"}


class ExpositionError(Exception):
    """There is no exposition to compare; the message is one line with the reason."""


class Part(NamedTuple):
    """Which sample of a series: the end of its name, and its ``le`` or ``quantile`` as written."""

    suffix: str
    bound: str = ""


Parts: TypeAlias = Mapping[Part, float]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family; ``series`` holds a counter's one sample, or all those of a histogram."""

    type: str
    help: str
    unit: str
    series: Mapping[LabelSet, Parts]

    @property
    def label_names(self) -> set[str]:
        """Return the names of the labels of all series."""
        return {name for labels in self.series for name, _ in labels}


Exposition: TypeAlias = Mapping[str, Family]
"""Families with at least one sample, by the name in their TYPE line."""


def parse(text: str) -> Exposition:
    """Return what ``text`` exposes, without ``target_info``, which describes the target.

    Timestamps and exemplars are left out.

    Raises:
        ExpositionError: it is not OpenMetrics, or shows a series twice.
    """
    try:
        metrics = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    except Exception as error:  # the parser raises whatever malformed text makes its code run into
        raise ExpositionError(f"this is not OpenMetrics: {complaint(error)}") from None
    # The parser leaves out a sample that comes twice, whatever its second value.
    written = sum(1 for line in text.split("\n") if line and not line.startswith("#"))
    if missing := written - sum(len(metric.samples) for metric in metrics):
        raise ExpositionError(f"{missing} of {written} samples repeat a series shown before")
    return {
        metric.name: Family(metric.type, metric.documentation, metric.unit, _series(metric))
        for metric in metrics
        if metric.samples and not _is_target_info(metric.samples)
    }


def count_series(exposition: Exposition) -> int:
    """Return how many series there are, a histogram's being one."""
    return sum(len(family.series) for family in exposition.values())


def _series(metric: Metric) -> dict[LabelSet, dict[Part, float]]:
    found: dict[LabelSet, dict[Part, float]] = {}
    bound_label = _BOUND_LABELS.get(metric.type, "")
    for sample in metric.samples:
        if sample.native_histogram is not None:
            raise ExpositionError(f"{sample.name} is a native histogram, which is not compared")
        bound = sample.labels.get(bound_label, "")
        parts = found.setdefault(_label_set(sample.labels, bound_label), {})
        part = Part(sample.name.removeprefix(metric.name), bound)
        if part in parts:
            raise ExpositionError(f"{sample.name} shows a series twice but for empty labels")
        parts[part] = float(sample.value)
    return found


def _label_set(labels: Mapping[str, str], without: str) -> LabelSet:
    return tuple(sorted((name, text) for name, text in labels.items() if text and name != without))


def _is_target_info(samples: Iterable[Sample]) -> bool:
    return all(sample.name == "target_info" for sample in samples)
