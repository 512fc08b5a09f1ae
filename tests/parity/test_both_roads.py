"""What one process recorded is the same at its own /metrics and at a real Collector."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics, Operation
from otel_executor_metrics.cli import main
from otel_executor_metrics.demo.workload import Workload
from otel_executor_metrics.parity import Difference
from otel_executor_metrics.parity.comparison import differences, parse_both
from otel_executor_metrics.parity.exposition import Exposition, Part, count_series
from otel_executor_metrics.scraping import Endpoint
from tests.parity.series import by_series
from tests.support.collector import Collector
from tests.support.prometheus import PrometheusServer, scrape_job
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

TOTAL = Part("_total")


@dataclass
class Roads:
    """A process that goes down both roads, and the Collector at the end of one."""

    metrics: ExecutorMetrics
    collector: Collector

    @property
    def urls(self) -> tuple[str, str]:
        """What the command compares."""
        return self.metrics.get_metrics_summary()["url"], self.collector.metrics_url

    def compared(self) -> tuple[Exposition, list[Difference]]:
        """Flush, and return what the process shows and what is different at the Collector."""
        assert self.metrics.flush()
        texts = [Endpoint(url).fetch(10).text for url in self.urls]
        pull, collector = parse_both(*texts)
        return pull, differences(pull, collector, ())


@pytest.fixture(params=["grpc", "http/protobuf"])
def both_roads(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Roads]]:
    """Start a Collector of its own and a facade with these options, which sends to it."""
    collector = Collector(tmp_path)
    endpoint = collector.grpc_url if request.param == "grpc" else collector.http_url
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", request.param)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    with ExitStack() as started:
        started.callback(collector.stop)

        def start(**options: Any) -> Roads:
            metrics = ExecutorMetrics(
                metrics_port=0,
                host="127.0.0.1",
                exporter="prometheus,otlp",
                service_name="both-roads",
                export_interval_millis=3_600_000,  # only flushes send
                **options,
            )
            return Roads(started.enter_context(metrics), collector)

        yield start


def test_the_default_catalogue_is_the_same(both_roads: Callable[..., Roads]) -> None:
    """Before anything is recorded, and afterwards."""
    roads = both_roads()
    before, different = roads.compared()
    assert different == []
    assert before["intent_success"].series == {(): {TOTAL: 0.0}}

    workload = Workload(roads.metrics, seed=1)
    workload.feed(2000)

    after, different = roads.compared()
    assert different == []
    (recorded,) = after["intent_latency_seconds"].series.values()
    assert recorded[Part("_count")] > 2000
    assert count_series(after) > count_series(before)


def test_a_workload_in_real_time_is_the_same(both_roads: Callable[..., Roads]) -> None:
    """Decorators, cancellation and work in progress leave no trace on one road only."""
    roads = both_roads()
    workload = Workload(roads.metrics, seed=2)

    async def run() -> tuple[Exposition, list[Difference]]:
        stop = asyncio.Event()
        running = asyncio.create_task(workload.run(stop, rate=200, grace=0.1))
        await asyncio.to_thread(wait_until, lambda: workload.requests > 100)
        meanwhile = roads.compared()  # nothing moves: it does not give way to the workload
        stop.set()
        await running
        return meanwhile

    pull, different = asyncio.run(run())
    assert different == []
    assert any(value > 0 for parts in pull["intent_in_progress"].series.values()
               for value in parts.values())  # fmt: skip
    _, different = roads.compared()
    assert different == []


def test_a_catalogue_of_ones_own_is_the_same(both_roads: Callable[..., Roads]) -> None:
    """Buckets, help, labels, listed values and error types are carried by both."""
    train = Operation(
        "train",
        labels=("model", "region"),
        buckets=(0.0001, 0.25, 1, 60, 86_400, 999_999),
        help='training of "models", 100 % \\ done\non any GPU',
        label_values={"model": ("small", "large"), "region": ("eu",)},
        error_types=("Timeout",),
    )
    roads = both_roads(operations=[train], include_builtin=False)
    for seconds in (0, 0.0001, 0.3, 59.9, 86_400, 5_000_000):
        roads.metrics.record_operation(
            "train", duration=seconds, labels={"model": "large", "region": "eu"}
        )
    roads.metrics.record_retry("train", 3, labels={"model": "small"})

    pull, different = roads.compared()

    assert different == []
    assert len(pull["train_latency_seconds"].series) == 3
    assert "intent_success" not in pull


def test_operations_that_come_into_being_are_the_same(both_roads: Callable[..., Roads]) -> None:
    """Names are cleaned before either exporter sees them."""
    roads = both_roads()
    names = ("user_engagement", "Tool-Call", "a__b", "9lives", "任务", "x_ratio", "le", "info")
    for name in names:
        roads.metrics.record_operation(name, duration=0.2, labels={"action": name})
        roads.metrics.record_operation(name, success=False, error_type="E")

    pull, different = roads.compared()

    assert different == []
    made = {name for name in pull if name.endswith("_latency_seconds")}
    assert len(made) == 2 + len(names)  # execute has no series without a label


def test_no_word_of_a_name_makes_a_difference(both_roads: Callable[..., Roads]) -> None:
    """Operations may be called after what exporters add: ``total`` and ``seconds``."""
    roads = both_roads(include_builtin=False)
    for name in ("get_total_cost", "seconds_left"):
        roads.metrics.record_operation(name, duration=0.2)

    pull, different = roads.compared()

    assert different == []
    assert {"get_total_cost_success", "seconds_left_latency_seconds"} <= set(pull)


def test_any_text_is_the_same_label_value(both_roads: Callable[..., Roads]) -> None:
    """With label_values="keep" every script, quote and line end arrives."""
    roads = both_roads(label_values="keep")
    values = (
        "任务 типы", "naïve café", "🚀👩‍🔬", 'say "hi"', "back\\slash", "two\nlines", "tab\there",
        "\u202eright to left", "e\u0301", "{x=\"y\"} # 1", "a" * 256, "\x7f\x01",
    )  # fmt: skip
    for value in values:
        roads.metrics.record_operation("execute", duration=0.1, labels={"task_type": value})

    pull, different = roads.compared()

    assert different == []
    shown = {dict(labels).get("task_type") for labels in pull["execute_success"].series}
    assert shown - {None} == set(values)


def test_a_thousand_label_sets_are_the_same(both_roads: Callable[..., Roads]) -> None:
    """Each with its own count."""
    roads = both_roads(max_label_values=1000)
    for number in range(1000):
        roads.metrics.record_batch_operations(
            [{"operation": "execute", "duration": 0.1, "labels": {"task_type": f"t{number}"}}]
            * (number % 7 + 1)
        )

    pull, different = roads.compared()

    assert different == []
    counts = [parts[TOTAL] for parts in pull["execute_success"].series.values()]
    assert len(counts) >= 1000
    assert sum(counts) == sum(number % 7 + 1 for number in range(1000))


def test_what_is_dropped_or_too_many_is_the_same(both_roads: Callable[..., Roads]) -> None:
    """The library's metrics about itself go both ways as well."""
    roads = both_roads(max_label_values=2)
    for number in range(5):
        roads.metrics.record_operation("execute", duration=-1, labels={"task_type": str(number)})

    pull, different = roads.compared()

    assert different == []
    assert pull["executor_metrics_dropped"].series[(("reason", "invalid_value"),)] == {TOTAL: 5.0}
    assert "executor_metrics_label_overflow" in pull


def test_the_command_tells_a_delay_from_a_difference(
    both_roads: Callable[..., Roads], capsys: pytest.CaptureFixture[str]
) -> None:
    """Until it is flushed, the Collector lacks what was recorded last."""
    roads = both_roads()
    assert roads.metrics.flush()
    assert main(["parity", *roads.urls]) == 0
    roads.metrics.record_operation("intent", duration=0.2)
    assert main(["parity", *roads.urls]) == 1
    assert "intent_success_total: pull 1, collector 0" in capsys.readouterr().out

    assert roads.metrics.flush()
    assert main(["parity", "--wait", "20", *roads.urls]) == 0


def test_prometheus_sees_the_same_on_both_roads(
    both_roads: Callable[..., Roads], start_prometheus: Callable[..., PrometheusServer]
) -> None:
    """One that scrapes both has the same series with the same values, but for their origin."""
    roads = both_roads(label_values="keep")
    Workload(roads.metrics, seed=3).feed(500)
    roads.metrics.record_operation("execute", duration=0.1, labels={"task_type": "任务"})
    assert roads.metrics.flush()

    server = start_prometheus(
        [
            scrape_job(roads.metrics.metrics_port, name="pull"),
            scrape_job(roads.collector.prometheus_port, name="collector", honor_labels=True),
        ]
    )

    everything = '{job="%s", __name__!~"up|scrape_.*|target_info"}'
    pull = by_series(server.wait_for(everything % "pull"))
    collector = by_series(server.wait_for(everything % "both-roads"))
    assert collector == pull
    assert len(pull) > 200
