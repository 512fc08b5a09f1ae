"""From the text of an exposition to a snapshot: what an operation's series say of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain_text
from prometheus_client.samples import Sample

from otel_executor_metrics._text import complaint
from otel_executor_metrics.catalog import DROPPED, LABEL_OVERFLOW
from otel_executor_metrics.scraping.error import ScrapeError
from otel_executor_metrics.snapshot import Key, LabelSet, Recorded, Snapshot
from otel_executor_metrics.typing import UNKNOWN

_K = TypeVar("_K")

_EOF: Final = "# EOF"

_LINE: Final = re.compile(
    r"(?:# (?:HELP|TYPE|UNIT) )?"
    r"(?:([a-zA-Z]\w*)_(success|retries|failures|lost|in_progress|latency_seconds)"
    rf"|{DROPPED.key}|{LABEL_OVERFLOW.key}|target)"
    r"(?:_total|_bucket|_sum|_count|_info)?[ \t{]",
    re.ASCII,
)
"""A line of a series of an operation, the operation and role in its groups, or of the library."""

_SAMPLE: Final = re.compile(
    r"([a-zA-Z]\w*)_"
    r"(success_total|retries_total|failures_total|lost_total|in_progress"
    r"|latency_seconds_sum|latency_seconds_bucket)",
    re.ASCII,
)

_OUTCOMES: Final = {"success", "failures"}

_OF_SERIES: Final = ("le", "error_type")
"""Labels that tell apart series of one operation and label set."""

_OF_SCOPE: Final = "otel_scope_"
"""Labels that a Collector adds to the series of a library, unless told not to."""

_Identity: TypeAlias = tuple[str | None, str | None]
"""The labels job and instance, by which a Collector says which process series are of."""


def parse(text: str) -> Snapshot:
    """Return the operations in ``text``, which is in Prometheus's text format or OpenMetrics.

    An operation is told by its counters of both outcomes, ``…_success_total`` and
    ``…_failures_total``; other families are left out. So are the labels by which a Collector says
    which process and library series are of: these series are added up.

    Raises:
        ScrapeError: series of an operation cannot be read.
    """
    try:
        samples = [sample for family in _families(text) for sample in family.samples]
        return _snapshot([sample for sample in samples if math.isfinite(sample.value)])
    except Exception as error:  # the parsers raise whatever malformed text makes them run into
        raise ScrapeError(f"this is no exposition: {complaint(error)}") from None


def _families(text: str) -> Iterable[Metric]:
    lines = _lines(text)
    if text.endswith((_EOF, f"{_EOF}\n")):
        return list(openmetrics("\n".join([*lines, f"{_EOF}\n"])))  # type: ignore[no-untyped-call]
    return plain_text("\n".join([*lines, ""]))


def _lines(text: str) -> list[str]:
    """Return the lines that matter: those of others at this endpoint may be anything."""
    found = [(line, match) for line in text.split("\n") if (match := _LINE.match(line))]
    roles: dict[str | None, set[str]] = {}
    for _, match in found:
        roles.setdefault(match[1], set()).add(match[2])
    known = {operation for operation, told in roles.items() if told >= _OUTCOMES}
    return [line for line, match in found if match[1] is None or match[1] in known]


@dataclass(slots=True)
class _Draft:
    """What samples say of one operation with one label set, of one process."""

    numbers: dict[str, float] = field(default_factory=dict)
    failures: dict[str, float] = field(default_factory=dict)
    buckets: dict[float, float] = field(default_factory=dict)

    def take(self, role: str, sample: Sample) -> None:
        """Take in a sample of the series of that role."""
        if role == "latency_seconds_bucket":
            self.buckets[_bound(sample.labels["le"])] = sample.value
        elif role == "failures_total":
            self._take_failures(sample.labels.get("error_type") or UNKNOWN, sample)
        else:
            self.numbers[_FIELDS[role]] = sample.value

    def _take_failures(self, error_type: str, sample: Sample) -> None:
        # The one without a type is there to be at 0 (docs/contract.md §1).
        if sample.labels.get("error_type") or sample.value:
            self.failures[error_type] = self.failures.get(error_type, 0.0) + sample.value

    @property
    def recorded(self) -> Recorded:
        """The same in its final form."""
        buckets = tuple(sorted(self.buckets.items())) if math.inf in self.buckets else ()
        return Recorded(failures=self.failures, buckets=buckets, **self.numbers)


_FIELDS: Final = {
    "success_total": "success",
    "retries_total": "retries",
    "lost_total": "lost",
    "in_progress": "in_progress",
    "latency_seconds_sum": "seconds",
}
"""Fields of Recorded by the role of a series."""


def _snapshot(samples: list[Sample]) -> Snapshot:
    series: dict[Key, Recorded] = {}
    identities = set(_identities(samples))
    for (operation, labels), draft in _drafts(samples).items():
        key = (operation, _without_identity(labels, identities))
        recorded = draft.recorded
        series[key] = series[key] + recorded if key in series else recorded
    return Snapshot(
        series,
        _counts(samples, DROPPED.exported, lambda labels: labels.get("reason", "")),
        _counts(
            samples,
            LABEL_OVERFLOW.exported,
            lambda labels: (labels.get("operation", ""), labels.get("label", "")),
        ),
    )


def _drafts(samples: Iterable[Sample]) -> dict[Key, _Draft]:
    """Return what is said of operations, as they are labelled at the endpoint."""
    drafts: dict[Key, _Draft] = {}
    for sample in samples:
        if found := _SAMPLE.fullmatch(sample.name):
            key = (found[1], _label_set(sample.labels))
            drafts.setdefault(key, _Draft()).take(found[2], sample)
    return drafts


def _label_set(labels: Mapping[str, str]) -> LabelSet:
    return tuple(
        sorted(
            (name, value)
            for name, value in labels.items()
            if value and name not in _OF_SERIES and not name.startswith(_OF_SCOPE)
        )
    )


def _identities(samples: Iterable[Sample]) -> Iterator[_Identity]:
    for sample in samples:
        if sample.name == "target_info" and "job" in sample.labels:
            yield _identity(sample.labels)


def _identity(labels: Mapping[str, str]) -> _Identity:
    return labels.get("job"), labels.get("instance")


def _without_identity(labels: LabelSet, identities: set[_Identity]) -> LabelSet:
    if _identity(dict(labels)) not in identities:
        return labels
    return tuple(pair for pair in labels if pair[0] not in ("job", "instance"))


def _counts(
    samples: Iterable[Sample], name: str, key_of: Callable[[Mapping[str, str]], _K]
) -> dict[_K, float]:
    counts: dict[_K, float] = {}
    for sample in samples:
        if sample.name == name:
            key = key_of(sample.labels)
            counts[key] = counts.get(key, 0.0) + sample.value
    return counts


def _bound(text: str) -> float:
    bound = float(text)
    if math.isnan(bound):
        raise ValueError(f"le={text!r} is no bound")
    return bound
