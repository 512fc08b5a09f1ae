"""``metrics.metrics``: handles that understand prometheus_client's verbs (contract §2)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from otel_executor_metrics import ExecutorMetrics, Operation
from tests.facade.conftest import MakeMetrics
from tests.facade.evil import EVIL
from tests.facade.scraping import Histogram, scrape


def test_handles_are_a_mapping_by_key(metrics: ExecutorMetrics) -> None:
    """Look-up, membership, length, truth and keys work as on the old dictionary."""
    assert isinstance(metrics.metrics, Mapping)
    assert "intent_latency" in metrics.metrics
    assert "nothing" not in metrics.metrics
    assert len(metrics.metrics) == len(list(metrics.metrics.keys())) == 18
    assert metrics.metrics
    with pytest.raises(KeyError):
        metrics.metrics["nothing"]


def test_new_operations_join_the_mapping(metrics: ExecutorMetrics) -> None:
    """An operation has its handles from its first use on; a loop over the old ones goes on."""
    seen = []
    for key in metrics.metrics:
        metrics.record_operation_success(f"after_{key}")
        seen.append(key)

    assert len(seen) == 18
    assert "after_intent_success_success" in metrics.metrics


def test_a_histogram_observes(metrics: ExecutorMetrics) -> None:
    """``observe`` works with and without labels."""
    metrics.metrics["intent_latency"].observe(0.2)
    metrics.metrics["execute_latency"].labels(task_type="a").observe(0.3)
    metrics.metrics["execute_latency"].labels("a").observe(0.3)
    metrics.metrics["execute_latency"].observe(0.4)

    seen = scrape(metrics)
    assert seen.histogram("intent_latency_seconds").sum == pytest.approx(0.2)
    assert seen.histogram("execute_latency_seconds", task_type="a").count == 2
    assert seen.histogram("execute_latency_seconds").count == 1


def test_an_exemplar_is_taken_and_ignored(metrics: ExecutorMetrics) -> None:
    """prometheus_client's verbs take one; a program that passes it goes on counting."""
    trace = {"trace_id": "abc"}
    metrics.metrics["plan_success"].inc(2, exemplar=trace)
    metrics.metrics["plan_success"].labels().inc(exemplar=trace)
    metrics.metrics["plan_latency"].observe(0.1, exemplar=trace)
    metrics.metrics["plan_latency"].labels().observe(0.1, trace)

    seen = scrape(metrics)
    assert seen.value("plan_success_total") == 3
    assert seen.histogram("plan_latency_seconds").count == 2


def test_a_label_may_have_any_name(metrics: ExecutorMetrics) -> None:
    """Also that of the parameter which Python passes itself."""
    metrics.metrics["plan_success"].labels(self="x").inc()

    assert scrape(metrics).value("plan_success_total", self="x") == 1


def test_a_counter_increments(metrics: ExecutorMetrics) -> None:
    """``inc`` adds one or an amount."""
    metrics.metrics["plan_success"].inc()
    metrics.metrics["plan_success"].inc(2.5)
    metrics.metrics["execute_retries"].labels(task_type="a").inc(amount=3)

    seen = scrape(metrics)
    assert seen.value("plan_success_total") == 3.5
    assert seen.value("execute_retries_total", task_type="a") == 3


def test_failures_take_their_type_as_a_label(metrics: ExecutorMetrics) -> None:
    """The failures' ``error_type`` is chosen like the other labels, by name or first."""
    failures = metrics.metrics["execute_failures"]
    failures.labels(error_type="E", task_type="a").inc()
    failures.labels("E", "a").inc()

    assert scrape(metrics).value("execute_failures_total", error_type="E", task_type="a") == 2


def test_a_gauge_goes_up_and_down(metrics: ExecutorMetrics) -> None:
    """What is in progress can be moved by hand."""
    gauge = metrics.metrics["plan_in_progress"]
    gauge.inc(3)
    gauge.dec()

    assert scrape(metrics).value("plan_in_progress") == 2


def test_time_observes_a_block_on_every_way_out(metrics: ExecutorMetrics) -> None:
    """``with handle.time():`` observes once, and lets an exception through unchanged."""
    error = ValueError("x")
    with metrics.metrics["execute_latency"].labels(task_type="a").time():
        pass
    timer = metrics.metrics["intent_latency"].time()
    with pytest.raises(ValueError, match="x") as raised, timer:
        raise error

    seen = scrape(metrics)
    assert raised.value is error
    assert seen.histogram("execute_latency_seconds", task_type="a").count == 1
    assert seen.histogram("intent_latency_seconds").count == 1
    assert seen.total("intent_failures_total") == seen.total("intent_success_total") == 0


def test_time_decorates_a_function(metrics: ExecutorMetrics) -> None:
    """As in prometheus_client, the timer is a decorator too, for overlapping calls as well."""

    @metrics.metrics["plan_latency"].time()
    def countdown(n: int) -> int:
        """Count down."""
        return countdown(n - 1) if n else 0

    assert countdown(3) == 0
    assert countdown.__name__ == "countdown"
    assert scrape(metrics).histogram("plan_latency_seconds").count == 4


def test_time_decorates_functions_of_every_kind(metrics: ExecutorMetrics) -> None:
    """A coroutine or generator is timed to its end, not until it is made."""
    timed = metrics.metrics["plan_latency"].time()
    turned = asyncio.Event()

    @timed
    async def coroutine() -> None:
        await turned.wait()

    @timed
    def generator() -> Iterator[float]:
        yield seen().count

    async def main() -> None:
        running = asyncio.ensure_future(coroutine())
        await asyncio.sleep(0)
        assert seen().count == 0
        turned.set()
        await running

    def seen() -> Histogram:
        return scrape(metrics).histogram("plan_latency_seconds")

    asyncio.run(main())
    assert seen().count == 1
    assert list(generator()) == [1]
    assert seen().count == 2


def test_timed_blocks_may_nest_and_overlap(metrics: ExecutorMetrics) -> None:
    """Each ``time()`` measures for itself."""
    latency = metrics.metrics["plan_latency"]

    async def main() -> None:
        async def one() -> None:
            with latency.time(), latency.time():
                await asyncio.sleep(0)

        await asyncio.gather(one(), one())

    asyncio.run(main())

    assert scrape(metrics).histogram("plan_latency_seconds").count == 4


def test_a_kept_handle_goes_on_writing_to_its_series(metrics: ExecutorMetrics) -> None:
    """Binding once and writing often is the fast way."""
    handle = metrics.metrics["execute_success"].labels(task_type="a")
    for _ in range(100):
        handle.inc()
    metrics.record_operation_success("execute", {"task_type": "a"})

    assert scrape(metrics).value("execute_success_total", task_type="a") == 101


def test_labels_are_cleaned_and_limited_as_in_the_calls(make_metrics: MakeMetrics) -> None:
    """No way leads past the rules for labels."""
    metrics = make_metrics(max_label_values=1)
    family = metrics.metrics["execute_success"]
    family.labels(task_type="a b").inc()
    family.labels(task_type="next").inc()
    family.labels("x", "surplus").inc()
    family.labels(le="x").inc()

    seen = scrape(metrics)
    assert seen.value("execute_success_total", task_type="a_b") == 1
    assert seen.value("execute_success_total", task_type="other") == 2
    assert seen.value("execute_success_total") == 1
    assert seen.dropped() == {"invalid_label": 2}


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), "1", None, True])
@pytest.mark.parametrize(
    ("key", "verb"),
    [
        ("intent_latency", "observe"),
        ("intent_success", "inc"),
        ("intent_retries", "inc"),
        ("intent_in_progress", "inc"),
        ("intent_in_progress", "dec"),
    ],
)
def test_what_is_no_amount_is_dropped(
    metrics: ExecutorMetrics, key: str, verb: str, amount: object
) -> None:
    """A handle raises as little as the calls do: the value is dropped and counted."""
    getattr(metrics.metrics[key], verb)(amount)

    seen = scrape(metrics)
    assert seen.dropped() == {"invalid_value": 1}
    assert seen.value("intent_success_total") == seen.value("intent_in_progress") == 0
    assert seen.total("intent_latency_seconds_count") == 0


@pytest.mark.parametrize("name", EVIL)
def test_a_handle_never_raises(metrics: ExecutorMetrics, name: str) -> None:
    """Objects that raise when looked at are dropped, as amount and as label value."""
    evil = EVIL[name]
    for key, family in metrics.metrics.items():
        family.labels(evil)
        family.labels(task_type=evil)
        if key.endswith("latency"):
            family.observe(evil)
        else:
            family.inc(evil)

    assert sum(scrape(metrics).dropped().values()) >= len(metrics.metrics)


def test_declared_labels_are_taken_in_their_order(make_metrics: MakeMetrics) -> None:
    """Values by position go to the labels of the catalogue, one after another."""
    metrics = make_metrics(operations=[Operation("train", labels=("model", "size"))])

    metrics.metrics["train_success"].labels("m", "s").inc()

    assert scrape(metrics).value("train_success_total", model="m", size="s") == 1
