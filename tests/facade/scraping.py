"""What Prometheus would read: one scrape, parsed, with labels of no value left out."""

from __future__ import annotations

import gzip
import http.client
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from otel_executor_metrics import ExecutorMetrics

LabelSet: TypeAlias = frozenset[tuple[str, str]]

TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def label_set(labels: Mapping[str, object]) -> LabelSet:
    """Return ``labels`` as Prometheus compares them: an empty one is none."""
    return frozenset((name, str(value)) for name, value in labels.items() if value != "")


@dataclass(frozen=True)
class Histogram:
    """One histogram series; the buckets are cumulative, by upper bound as a number."""

    count: float
    sum: float
    buckets: Mapping[float, float]


class Scrape:
    """The samples of one scrape by name and label set, and the text they came from."""

    def __init__(self, text: str, families: Iterable[Metric]) -> None:
        self.text = text
        self.samples: dict[tuple[str, LabelSet], float] = {}
        self._by_name: dict[str, dict[LabelSet, float]] = {}
        self._bounds: dict[str, dict[str, None]] = {}  # texts of "le", in the order shown
        for family in families:
            for sample in family.samples:
                key = (sample.name, label_set(sample.labels))
                assert key not in self.samples, f"twice in one scrape: {key}"
                self.samples[key] = sample.value
                self._by_name.setdefault(key[0], {})[key[1]] = sample.value
                if "le" in sample.labels:
                    self._bounds.setdefault(key[0], {})[sample.labels["le"]] = None

    @property
    def types(self) -> dict[str, str]:
        """The type of each family, by the name in its TYPE line."""
        return dict(re.findall(r"^# TYPE (\S+) (\S+)$", self.text, re.MULTILINE))

    @property
    def helps(self) -> dict[str, str]:
        """The help of each family, by the name in its HELP line."""
        return dict(re.findall(r"^# HELP (\S+) (.*)$", self.text, re.MULTILINE))

    @property
    def names(self) -> set[str]:
        """The names of all samples."""
        return {name for name, _ in self.samples}

    def series(self, name: str) -> dict[LabelSet, float]:
        """Return the samples of one name by label set."""
        return dict(self._by_name.get(name, {}))

    def value(self, name: str, /, **labels: str) -> float:
        """Return the sample with exactly these labels."""
        found = self._by_name.get(name, {})
        assert label_set(labels) in found, f"no {name}{labels} among {list(found.items())[:20]}"
        return found[label_set(labels)]

    def total(self, name: str, /, **labels: str) -> float:
        """Return the sum of the samples that have these labels among theirs; 0 without any."""
        wanted = label_set(labels)
        return sum(value for found, value in self.series(name).items() if wanted <= found)

    def label_values(self, name: str, label: str) -> set[str]:
        """Return the values that one label has in the samples of a name."""
        return {dict(labels).get(label, "") for labels in self.series(name)}

    def histogram(self, name: str, /, **labels: str) -> Histogram:
        """Return the histogram with exactly these labels; its buckets in the order shown."""
        buckets = self._by_name.get(f"{name}_bucket", {})
        return Histogram(
            count=self.value(f"{name}_count", **labels),
            sum=self.value(f"{name}_sum", **labels),
            buckets={
                float(bound): buckets[label_set({**labels, "le": bound})]
                for bound in self._bounds.get(f"{name}_bucket", ())
            },
        )

    def dropped(self) -> dict[str, float]:
        """Return the drops by reason, reasons without any left out."""
        found = self.series("executor_metrics_dropped_total")
        return {dict(labels)["reason"]: value for labels, value in found.items() if value}

    def overflows(self) -> dict[tuple[str, str], float]:
        """Return by operation and label how many values became ``other``."""
        found = self.series("executor_metrics_label_overflow_total")
        by_name = {tuple(sorted(labels)): value for labels, value in found.items() if value}
        return {(dict(key)["operation"], dict(key)["label"]): v for key, v in by_name.items()}


def fetch(url: str, accept: str = TEXT) -> str:
    """Return the body that ``url`` answers with status 200, compressed on its way."""
    parts = urlsplit(url)
    client = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        client.request("GET", parts.path, headers={"Accept": accept, "Accept-Encoding": "gzip"})
        answer = client.getresponse()
        body = answer.read()
    finally:
        client.close()
    assert answer.status == 200, f"{answer.status}: {body[:200]!r}"
    return gzip.decompress(body).decode()


def url_of(metrics: ExecutorMetrics) -> str:
    """Return where ``metrics`` can be scraped."""
    url = metrics.get_metrics_summary()["url"]
    assert isinstance(url, str), f"no URL: {url!r}"
    return url


def scrape(metrics: ExecutorMetrics) -> Scrape:
    """Scrape the Prometheus text format and parse it."""
    text = fetch(url_of(metrics))
    return Scrape(text, parse_text(text))


def scrape_openmetrics(metrics: ExecutorMetrics) -> Scrape:
    """Scrape OpenMetrics and parse it; the parser is the stricter one."""
    text = fetch(url_of(metrics), OPENMETRICS)
    return Scrape(text, parse_openmetrics(text))
