"""100 000 calls of any kind with anything in them, on 8 threads, while others scrape."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from otel_executor_metrics import ExecutorMetrics, Operation
from tests.facade.conftest import MakeMetrics
from tests.facade.evil import EvilDict, EvilMapping, EvilNumber, EvilObject, EvilText, LyingClass
from tests.facade.model import Model
from tests.facade.scraping import OPENMETRICS, Scrape, fetch, scrape, url_of

THREADS = 8
CALLS = 100_000
KNOWN = ("intent", "plan", "execute", "train")
FREE = "free"
MAX_VALUES = 40

EVIL_TYPES = (EvilObject, EvilNumber, EvilDict, EvilMapping, LyingClass)
NESTED: list[Any] = [
    {"a": {"b": [1, {"c": None}]}},
    [[], [[]], ({},)],
    {"task_type": ["x", {"y": "z"}]},
    (1, (2, (3,))),
]
NO_OPERATIONS: list[Any] = ["", " \t", "x" * 129, None, 5, 2.5, b"plan", True, *NESTED]
LABEL_VALUES: list[Any] = ["a", "c d", "", None, " ", 1, True, "日本", NESTED[0]]
LABEL_NAMES: list[Any] = ["task_type", "kind", "le", "__x", "a-b", "error_type", 5, None, ("t",)]
DURATIONS: list[Any] = [
    *(0, 0.001, 0.25, 3, 11.0, None, -1, float("nan"), float("inf"), "1", b"1", True, 1j, 10**400),
    *NESTED,
]
ATTEMPTS: list[Any] = [0, 1, 2, 3, 2.5, float("nan"), "2", None, *NESTED]
ERROR_TYPES: list[Any] = ["Timeout", "Oops", "", None, 404, *NESTED]


class Caller:
    """One thread's random calls, each made and at the same time told to a model of its own."""

    def __init__(self, metrics: ExecutorMetrics, seed: int) -> None:
        self.metrics = metrics
        self.random = random.Random(seed)
        self.model = Model()
        self.free_calls = 0
        self.dynamic_calls = 0
        self.kinds: list[Callable[[], None]] = [
            self.operation,
            self.success,
            self.failure,
            self.latency,
            self.retry,
            self.batch,
            self.measure,
            self.decorated,
            self.handle,
            self.bound,
            self.free_label,
            self.dynamic_operation,
            self.evil,
        ]

    def run(self, calls: int) -> Caller:
        """Make so many calls."""
        while self.model.calls < calls:
            self.random.choice(self.kinds)()
        return self

    def _operation(self) -> Any:
        return self.random.choice(KNOWN if self.random.random() < 0.9 else NO_OPERATIONS)

    def _labels(self) -> Any:
        shape = self.random.random()
        if shape < 0.3:
            return None
        if shape < 0.35:
            return self.random.choice(["text", 7, ["a"], b"x", {1}, object(), 2.5])
        names = self.random.sample(LABEL_NAMES, self.random.randrange(4))
        return {name: self.random.choice(LABEL_VALUES) for name in names}

    def _text(self) -> str:
        return "".join(chr(self.random.randrange(0x2FFF)) for _ in range(self.random.randrange(12)))

    def operation(self) -> None:
        """``record_operation`` with everything."""
        pick = self.random.choice
        op, labels, duration, error = (
            self._operation(),
            self._labels(),
            pick(DURATIONS),
            pick(ERROR_TYPES),
        )
        success: Any = pick([True, False, 1, 0, None, "yes", ""])
        self.metrics.record_operation(op, success, duration, labels=labels, error_type=error)
        self.model.record_operation(op, success, duration, labels, error)

    def success(self) -> None:
        """``record_operation_success``."""
        op, labels = self._operation(), self._labels()
        self.metrics.record_operation_success(op, labels)
        self.model.record_operation(op, True, None, labels)

    def failure(self) -> None:
        """``record_operation_failure``."""
        op, labels, error = self._operation(), self._labels(), self.random.choice(ERROR_TYPES)
        self.metrics.record_operation_failure(op, error, labels)
        self.model.record_operation(op, False, None, labels, error)

    def latency(self) -> None:
        """Both calls that record a latency alone."""
        op, labels, duration = self._operation(), self._labels(), self.random.choice(DURATIONS)
        record = self.random.choice(
            [self.metrics.record_operation_latency, self.metrics.record_duration]
        )
        record(op, duration, labels)
        self.model.record_latency(op, duration, labels)

    def retry(self) -> None:
        """``record_retry``."""
        op, labels, attempt = self._operation(), self._labels(), self.random.choice(ATTEMPTS)
        self.metrics.record_retry(op, attempt, labels)
        self.model.record_retry(op, attempt, labels)

    def batch(self) -> None:
        """``record_batch_operations``, good and bad entries mixed."""
        entries: list[Any] = []
        for _ in range(self.random.randrange(1, 5)):
            if self.random.random() < 0.2:
                entries.append(self.random.choice([None, 5, "plan", {}, {"op": "plan"}, []]))
                self.model.record_operation(None)
            else:
                entry = {"operation": self._operation(), "labels": self._labels()}
                entries.append({**entry, "duration": self.random.choice(DURATIONS)})
                self.model.record_operation(**entries[-1])
        self.metrics.record_batch_operations(entries)

    def measure(self) -> None:
        """``measure``, with and without an error inside."""
        op, labels, fails = self._operation(), self._labels(), self.random.random() < 0.3
        try:
            with self.metrics.measure(op, labels):
                if fails:
                    raise LookupError
        except LookupError:
            assert fails
        self.model.measured(op, labels, "LookupError" if fails else None)

    def decorated(self) -> None:
        """A function decorated with clean labels: decorating drops nothing then."""
        labels = {"task_type": self.random.choice("abc")}
        op = self.random.choice(KNOWN)
        assert self.metrics.with_metrics(op, labels)(len)("abc") == 3
        self.model.measured(op, labels)

    def handle(self) -> None:
        """prometheus_client's verbs on a handle."""
        labels = {"task_type": self.random.choice("abc")}
        op, duration = self.random.choice(KNOWN), self.random.choice(DURATIONS)
        self.metrics.metrics[f"{op}_latency"].labels(**labels).observe(duration)
        self.model.record_latency(op, duration, labels)

    def bound(self) -> None:
        """A bound operation."""
        labels = {"task_type": self.random.choice("abc")}
        op, duration = self.random.choice(KNOWN), self.random.choice(DURATIONS)
        self.metrics.operation(op, **labels).success(duration)
        self.model.record_operation(op, True, duration, labels)

    def free_label(self) -> None:
        """Any text as a label value, far beyond the limit."""
        self.metrics.record_operation_success(FREE, {"free": f"x{self._text()}", "kind": "k"})
        self.free_calls += 1
        self.model.calls += 1

    def dynamic_operation(self) -> None:
        """Any text as an operation, far beyond the limit."""
        self.metrics.record_operation_success(f"dynamic {self._text()}")
        self.dynamic_calls += 1
        self.model.calls += 1

    def evil(self) -> None:
        """Objects that raise, in each place; each is one drop, and what else there is stands."""
        evil = self.random.choice(EVIL_TYPES)()
        match self.random.randrange(6):
            case 0:
                self.metrics.record_operation(evil)
                self.metrics.record_operation(EvilText("plan"))  # a text, however it behaves
                self.model.record_operation(5)
                self.model.record_operation("plan")
            case 1:
                self.metrics.record_operation("plan", evil)
                self.model.unreadable()
            case 2:
                self.metrics.record_operation("plan", duration=evil)
                self.model.record_operation("plan", True)
                self.model.dropped["invalid_value"] += 1
            case 3:
                self.metrics.record_operation("plan", labels={"kind": evil, "task_type": "a"})
                self.model.record_operation("plan", labels={"kind": [evil], "task_type": "a"})
            case 4:
                self.metrics.record_operation_failure("plan", evil)
                self.model.record_operation("plan", False, error_type=[evil])
            case _:
                self.metrics.record_operation("plan", labels=evil)
                self.model.record_operation("plan", labels=5)


class Scraper:
    """Scrapes both formats again and again; what comes is parsed when the calls are done.

    Parsing in between would take the time of the interpreter from the callers, not the scrapes'.
    """

    def __init__(self, url: str, stop: threading.Event) -> None:
        self.url = url
        self.stop = stop
        self.texts: list[str] = []
        self.openmetrics: list[str] = []

    def run(self) -> Scraper:
        """Scrape until told to stop, and at least once."""
        while not self.texts or not self.stop.wait(1.0):
            self.texts.append(fetch(self.url))
            self.openmetrics.append(fetch(self.url, OPENMETRICS))
        return self

    def expect_readable(self) -> None:
        """Check that each scrape parses, and that no total ever went back."""
        for texts, parse in ((self.texts, parse_text), (self.openmetrics, parse_openmetrics)):
            totals = [_successes(Scrape(text, parse(text))) for text in texts]
            assert totals == sorted(totals)


def _successes(seen: Scrape) -> float:
    return sum(v for (name, _), v in seen.samples.items() if name.endswith("_success_total"))


def merged(callers: list[Caller]) -> Model:
    """Return the sum of the callers' models."""
    model = Model()
    for caller in callers:
        model.calls += caller.model.calls
        model.counters += caller.model.counters
        model.dropped += caller.model.dropped
        for series, durations in caller.model.durations.items():
            model.durations[series] += durations
    return model


def test_a_hundred_thousand_random_calls_add_up(make_metrics: MakeMetrics) -> None:
    """No call raises, every scrape parses, and recorded + dropped = called, series by series."""
    metrics = make_metrics(
        operations=[Operation("train", labels=("task_type",)), Operation(FREE)],
        max_label_values=MAX_VALUES,
        max_operations=20,
    )
    stop = threading.Event()
    with ThreadPoolExecutor(THREADS + 2) as pool:
        scraping = [pool.submit(Scraper(url_of(metrics), stop).run) for _ in range(2)]
        calling = [
            pool.submit(Caller(metrics, seed).run, CALLS // THREADS) for seed in range(THREADS)
        ]
        try:
            callers = [future.result(300) for future in calling]
        finally:
            stop.set()
        scrapers = [future.result(60) for future in scraping]

    model, seen = merged(callers), scrape(metrics)
    assert model.calls >= CALLS
    for scraper in scrapers:
        scraper.expect_readable()
    model.expect(seen, set(KNOWN))
    _expect_free(seen, sum(caller.free_calls for caller in callers))
    refused = _expect_dynamic(seen, sum(caller.dynamic_calls for caller in callers))
    model.dropped["operation_limit"] += int(refused)
    model.expect_drops(seen)


def _expect_free(seen: Scrape, calls: int) -> None:
    """Nothing is lost where values overflow; all beyond the limit are ``other``, and counted."""
    found = seen.series(f"{FREE}_success_total")
    assert sum(found.values()) == calls
    assert seen.total(f"{FREE}_success_total", kind="k") == calls
    assert len(seen.label_values(f"{FREE}_success_total", "free") - {""}) == MAX_VALUES + 1
    others = seen.value(f"{FREE}_success_total", free="other", kind="k")
    assert seen.overflows() == {(FREE, "free"): others}


def _expect_dynamic(seen: Scrape, calls: int) -> float:
    """Return how many calls of dynamic operations were refused; the others are recorded."""
    recorded = sum(
        value
        for (name, _), value in seen.samples.items()
        if name.startswith("dynamic") and name.endswith("_success_total")
    )
    assert 0 < recorded < calls
    return calls - recorded
