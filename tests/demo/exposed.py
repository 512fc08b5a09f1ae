"""What an endpoint exposes, read by prometheus_client's parser and by nothing of the demo."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from otel_executor_metrics import ExecutorMetrics
from tests.demo.processes import get

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def exposed(metrics: ExecutorMetrics) -> Samples:
    """Return every sample of a scrape by name and labels; fails where one comes twice."""
    return parsed(get(metrics.get_metrics_summary()["url"]))


def parsed(text: str) -> Samples:
    """Return every sample of ``text``."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def sample(samples: Samples, name: str, labels: Mapping[str, str], **more: str) -> float:
    """Return the value of one sample; one that is absent counts as 0."""
    return samples.get((name, frozenset({**labels, **more}.items())), 0.0)
