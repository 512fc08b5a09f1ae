"""What a Collector shows of one service, as the executor's own endpoint would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.facade.scraping import OPENMETRICS, Scrape, fetch
from tests.support.collector import Collector

RESOURCE_LABELS = ("job", "instance")
_parse: Any = text_string_to_metric_families


def collected(collector: Collector, job: str) -> Scrape:
    """Return the series of ``job``, the labels of its resource taken away."""
    text = _lines_of(collector, job)
    return Scrape(text, _without_resource(text))


def of_all_instances(collector: Collector, job: str) -> Scrape:
    """Return the series of ``job``, each with the identity of its process."""
    text = _lines_of(collector, job)
    return Scrape(text, _parse(text))


def instances(collector: Collector, job: str) -> set[str]:
    """Return the identities of the processes of ``job``."""
    return {
        sample.labels.get("instance", "")
        for family in _parse(_lines_of(collector, job))
        for sample in family.samples
    }


def _lines_of(collector: Collector, job: str) -> str:
    """Return what is shown of ``job``: to parse all that others left there takes seconds."""
    lines = fetch(collector.metrics_url, OPENMETRICS).splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("#") or f'job="{job}"' in line)


def _without_resource(text: str) -> Iterator[Metric]:
    for family in _parse(text):
        family.samples = [
            sample._replace(
                labels={k: v for k, v in sample.labels.items() if k not in RESOURCE_LABELS}
            )
            for sample in family.samples
            if family.name != "target_info"
        ]
        yield family
