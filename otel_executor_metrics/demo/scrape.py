"""Reads an endpoint of the library over HTTP, as Prometheus would."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

SCRAPE_TIMEOUT: Final = 5.0

Key: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""Operation, and its labels by name."""


@dataclass(slots=True)
class Series:
    """What an endpoint says of one operation with one label set, since its start."""

    success: float = 0.0
    retries: float = 0.0
    in_progress: float = 0.0
    failures: dict[str, float] = field(default_factory=dict)
    buckets: dict[float, float] = field(default_factory=dict)

    @property
    def failed(self) -> float:
        """Return the failures of all types."""
        return sum(self.failures.values())

    @property
    def finished(self) -> float:
        """Return successes and failures."""
        return self.success + self.failed


Snapshot: TypeAlias = Mapping[Key, Series]


class ScrapeError(Exception):
    """The endpoint gave no answer that can be read; the message is one line."""


def scrape(url: str) -> Snapshot:
    """Return what ``url`` says now.

    Raises:
        ScrapeError: it cannot be reached, refuses, or answers something else.
    """
    try:
        return snapshot(_read(url))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ScrapeError(f"{url} cannot be read: {error}") from None


def health(url: str) -> str:
    """Return in one line what ``/readyz`` beside ``url`` says: the status, and the reasons."""
    try:
        answer = json.loads(_read(f"{url.removesuffix('/metrics')}/readyz", also=503))
        return ": ".join([answer["status"], "; ".join(answer.get("reasons", ()))]).rstrip(": ")
    except (OSError, ValueError, http.client.HTTPException):
        return "unknown"


def _read(url: str, *, also: int = 200) -> str:
    # The endpoint is on this machine: a proxy of the environment would not find it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=SCRAPE_TIMEOUT) as answer:
            text: str = answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            if refused.code != also:
                raise
            text = refused.read().decode()
    return text


def snapshot(text: str) -> Snapshot:
    """Return the operations in ``text``, which is in Prometheus's text format.

    Raises:
        ValueError: it is not.
    """
    found: dict[Key, Series] = {}
    for sample in _samples(text):
        for suffix, take in _TAKERS.items():
            if sample.name.endswith(suffix):
                take(found.setdefault(_key(sample, suffix), Series()), sample)
    return found


def _samples(text: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        if not family.name.startswith("executor_metrics_"):  # the library about itself
            yield from family.samples


def _key(sample: Sample, suffix: str) -> Key:
    labels = {name: value for name, value in sample.labels.items() if name not in _OF_SERIES}
    return sample.name.removesuffix(suffix), tuple(sorted(labels.items()))


_OF_SERIES: Final = ("le", "error_type")
"""Labels that tell apart series of one operation and label set."""


def _take_success(series: Series, sample: Sample) -> None:
    series.success = sample.value


def _take_retries(series: Series, sample: Sample) -> None:
    series.retries = sample.value


def _take_in_progress(series: Series, sample: Sample) -> None:
    series.in_progress = sample.value


def _take_failures(series: Series, sample: Sample) -> None:
    series.failures[sample.labels.get("error_type", "")] = sample.value


def _take_bucket(series: Series, sample: Sample) -> None:
    series.buckets[float(sample.labels["le"])] = sample.value


_TAKERS: Final = {
    "_success_total": _take_success,
    "_retries_total": _take_retries,
    "_in_progress": _take_in_progress,
    "_failures_total": _take_failures,
    "_latency_seconds_bucket": _take_bucket,
}
