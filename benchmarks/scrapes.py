"""The case of a scrape: from what is recorded to the text, in process, without compression."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import prometheus_client
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import ours, sdk
from benchmarks.cases import Result
from benchmarks.ours import many_label_sets, recording
from benchmarks.prometheus import Families
from benchmarks.quartiles import Rounds
from benchmarks.timing import interleaved
from benchmarks.work import EXECUTE, D, task_types

EQUAL = "prometheus_client, equal families"
EQUAL_CREATED = "prometheus_client, equal families and _created"
PAIR_CREATED = "prometheus_client, latency and success and _created"
WAYS = (ours.NAME, EQUAL, EQUAL_CREATED, PAIR_CREATED, sdk.NAME)

LINES = {
    ours.NAME: "GET /metrics, as the server's route answers it",
    EQUAL: "generate_latest: latency, success, retries, failures, in_progress, lost;"
    " disable_created_metrics()",
    EQUAL_CREATED: "generate_latest: the same with its defaults",
    PAIR_CREATED: "generate_latest: latency and success with its defaults,"
    " what a user of the pair would have",
    sdk.NAME: "generate_latest of PrometheusMetricReader: the same six instruments",
}

Scrape: TypeAlias = Callable[[], bytes]


class UnequalError(Exception):
    """What is compared is not the same; the message says in what it differs."""


@dataclass(frozen=True)
class Sizes:
    """A scrape's bytes and samples."""

    size: int
    samples: int


@dataclass(frozen=True)
class ScrapeResult:
    """Times (milliseconds) and sizes, each by number of label sets."""

    results: dict[int, Result]
    sizes: dict[int, dict[str, Sizes]]


def scrape_result(rounds_by_count: Mapping[int, int]) -> ScrapeResult:
    """Measure at each number of label sets, in so many rounds.

    Raises:
        UnequalError: ours and prometheus_client's equal families expose different series.
    """
    results, sizes = {}, {}
    for count, rounds in rounds_by_count.items():
        scrapes = dict(_scrapes(count))
        texts = {name: scrape() for name, scrape in scrapes.items()}
        check_equal(texts[ours.NAME], texts[EQUAL])
        sizes[count] = {name: _sizes(text) for name, text in texts.items()}
        samplers = {name: timed(scrape) for name, scrape in scrapes.items()}
        results[count] = _result(count, interleaved(samplers, rounds))
    return ScrapeResult(results, sizes)


def _result(count: int, rounds: Rounds) -> Result:
    return Result(f"scrape, {count:,} label sets", "ms", rounds, ours.NAME, lines=LINES)


def _scrapes(count: int) -> Iterator[tuple[str, Scrape]]:
    types = task_types(count)
    facade = many_label_sets(operations=[EXECUTE], include_builtin=False)
    record(recording(facade), types)
    yield ours.NAME, facade.scrape
    families = Families()
    record(lambda each: record_one(families, each), types)
    yield EQUAL, _without_created(families.registry)
    yield EQUAL_CREATED, lambda: generate_latest(families.registry)
    pair = CollectorRegistry()
    pair.register(families.latency)
    pair.register(families.success)
    yield PAIR_CREATED, lambda: generate_latest(pair)
    instruments = sdk.Instruments()
    record(instruments.record, types)
    yield sdk.NAME, lambda: generate_latest(instruments.registry)


def record(one: Callable[[str], None], types: Iterable[str]) -> None:
    """Call ``one`` with each of ``types``."""
    for each in types:
        one(each)


def record_one(families: Families, task_type: str) -> None:
    """Record a success of a task type with prometheus_client."""
    families.touch(task_type)
    families.success.labels(task_type=task_type).inc()
    families.latency.labels(task_type=task_type).observe(D)


def _without_created(registry: CollectorRegistry) -> Scrape:
    def scrape() -> bytes:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        try:
            return generate_latest(registry)
        finally:
            prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]

    return scrape


def timed(scrape: Scrape) -> Callable[[], float]:
    """Return what takes a sample of ``scrape``: milliseconds of CPU."""

    def sample() -> float:
        start = time.process_time()
        scrape()
        return (time.process_time() - start) * 1e3

    return sample


def _sizes(text: bytes) -> Sizes:
    lines = text.decode().splitlines()
    return Sizes(len(text), sum(1 for line in lines if not line.startswith("#")))


def check_equal(own: bytes, other: bytes) -> None:
    """Raise UnequalError unless both texts show the same samples, our own about ourselves aside."""
    own_samples = {s for s in samples(own) if not s[0].startswith("executor_metrics_")}
    if differing := own_samples ^ samples(other):
        shown = sorted(map(str, differing))[:3]
        raise UnequalError(f"{len(differing)} samples differ, such as {'; '.join(shown)}")


Sample: TypeAlias = tuple[str, frozenset[tuple[str, str]], float]


def samples(text: bytes) -> set[Sample]:
    """Return the samples of an exposition; a label with an empty value is no label."""
    return {
        (sample.name, frozenset((k, v) for k, v in sample.labels.items() if v), sample.value)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
