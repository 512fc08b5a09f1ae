"""The workload knows what it did, and the library says the same."""

from __future__ import annotations

import asyncio
import math
import time
from itertools import islice

import pytest

from otel_executor_metrics import DEFAULT_BUCKETS, ExecutorMetrics
from otel_executor_metrics.demo.background import InBackground
from otel_executor_metrics.demo.script import Script
from otel_executor_metrics.demo.truth import SeriesTruth, Truth
from otel_executor_metrics.demo.workload import Workload
from tests.demo.exposed import Samples, exposed, sample
from tests.support.waiting import wait_until

BOUNDS = [*map(str, DEFAULT_BUCKETS), "+Inf"]
COUNTED = ("_success_total", "_failures_total", "_retries_total")


def differences(samples: Samples, truth: Truth) -> list[str]:
    """Return where the counts of ``samples`` are not those of ``truth``, in either direction."""
    expected: dict[tuple[str, frozenset], float] = {}
    for operation, labels, series in truth:
        key = frozenset(labels.items())
        expected[f"{operation}_success_total", key] = series.successes
        expected[f"{operation}_retries_total", key] = series.retries
        expected[f"{operation}_latency_seconds_count", key] = series.finished
        for error_type, count in series.failures.items():
            expected[f"{operation}_failures_total", key | {("error_type", error_type)}] = count
    counted = {k: v for k, v in samples.items() if k[0].endswith((*COUNTED, "_seconds_count"))}
    return [
        f"{key}: {counted.get(key, 0)} is not {expected.get(key, 0)}"
        for key in counted.keys() | expected.keys()
        if counted.get(key, 0) != expected.get(key, 0)
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_fed_workload_is_exposed_exactly(metrics: ExecutorMetrics, seed: int) -> None:
    """After thousands of operations every counter and every bucket equals the truth."""
    workload = Workload(metrics, seed=seed)
    workload.feed(1_000)

    samples = exposed(metrics)

    assert workload.truth.finished > 3_000
    assert differences(samples, workload.truth) == []
    for operation, labels, series in workload.truth:
        name = f"{operation}_latency_seconds"
        buckets = [sample(samples, f"{name}_bucket", labels, le=bound) for bound in BOUNDS]
        assert buckets == series.bucket_counts(DEFAULT_BUCKETS)
        assert sample(samples, f"{name}_sum", labels) == pytest.approx(math.fsum(series.durations))


def test_every_road_of_the_workload_is_taken(metrics: ExecutorMetrics) -> None:
    """There are several task types, error types, actions of users, and retries."""
    workload = Workload(metrics, seed=1)
    workload.feed(1_000)
    found = list(workload.truth)

    assert {operation for operation, _, _ in found} == {
        *("intent", "plan", "execute", "user_engagement")
    }
    assert len({labels["task_type"] for name, labels, _ in found if name == "execute"}) == 4
    assert len({labels["action"] for name, labels, _ in found if name == "user_engagement"}) == 3
    assert len({error_type for _, _, series in found for error_type in series.failures}) == 7
    assert all(series.retries for name, _, series in found if name in ("intent", "plan"))


def test_workload_in_real_time_is_counted_exactly(metrics: ExecutorMetrics) -> None:
    """Through decorator and context manager, cancelled at the end: no outcome is lost."""
    workload = Workload(metrics, seed=3)
    with InBackground(workload, rate=200, workers=100):
        wait_until(lambda: workload.truth.finished > 200, what="200 operations")
        assert any(
            value > 0 for (name, _), value in exposed(metrics).items() if name.endswith("_progress")
        )

    samples = exposed(metrics)

    assert differences(samples, workload.truth) == []
    assert {v for (name, _), v in samples.items() if name.endswith("_in_progress")} == {0.0}
    assert any("CancelledError" in series.failures for _, _, series in workload.truth)


def test_latencies_in_real_time_are_what_was_waited(metrics: ExecutorMetrics) -> None:
    """The library measures at least the time that the script takes."""
    least = Script(seed=4).next_request().intent[0].duration
    workload = Workload(metrics, seed=4)
    with InBackground(workload, rate=0.001, workers=1):
        wait_until(lambda: workload.truth.of("intent").finished, what="the first intent")

    assert sample(exposed(metrics), "intent_latency_seconds_sum", {}) >= least


def test_explicit_durations_in_real_time_are_true_to_the_bucket(metrics: ExecutorMetrics) -> None:
    """What was passed to record_operation is in the truth as it was passed."""
    workload = Workload(metrics, seed=5)
    with InBackground(workload, rate=200, workers=100):
        wait_until(
            lambda: any(name == "user_engagement" for name, _, _ in workload.truth),
            what="an engaged user",
        )
    samples = exposed(metrics)

    engaged = [(labels, s) for name, labels, s in workload.truth if name == "user_engagement"]
    assert engaged
    for labels, series in engaged:
        name = "user_engagement_latency_seconds"
        buckets = [sample(samples, f"{name}_bucket", labels, le=bound) for bound in BOUNDS]
        assert buckets == series.bucket_counts(DEFAULT_BUCKETS)
        assert sample(samples, f"{name}_sum", labels) == pytest.approx(math.fsum(series.durations))


def test_too_few_workers_slow_it_down_and_do_not_stop_its_end(metrics: ExecutorMetrics) -> None:
    """Requests that find no worker are not piled up, and a stop is not kept waiting by them."""
    workload = Workload(metrics, seed=184)  # short tasks
    start = time.monotonic()
    with InBackground(workload, rate=1_000, workers=2):
        wait_until(lambda: workload.requests >= 7, what="more requests than workers")
    elapsed = time.monotonic() - start

    samples = exposed(metrics)
    assert differences(samples, workload.truth) == []
    worked = {f"{name}_latency_seconds_sum" for name in ("intent", "plan", "execute")}
    # More than two would have worked for longer than two can.
    assert sum(v for (name, _), v in samples.items() if name in worked) <= 2 * elapsed


def test_same_seed_same_requests(metrics: ExecutorMetrics) -> None:
    """Two workloads of one seed do the same, one of another seed something else."""
    runs = [Workload(metrics, seed=seed) for seed in (7, 7, 8)]
    for run in runs:
        run.feed(50)

    assert list(runs[0].truth) == list(runs[1].truth) != list(runs[2].truth)


def test_durations_need_not_be_kept(metrics: ExecutorMetrics) -> None:
    """A workload that runs for days keeps counts only."""
    workload = Workload(metrics, seed=9, keep_durations=False)
    workload.feed(20)

    assert workload.truth.finished > 20
    assert all(not series.durations for _, _, series in workload.truth)


def test_disabled_metrics_change_nothing_for_the_workload() -> None:
    """The workload runs on a facade that records nothing."""
    workload = Workload(ExecutorMetrics(enable_metrics=False), seed=1)
    stop = asyncio.Event()
    stop.set()

    workload.feed(10)
    asyncio.run(workload.run(stop, rate=10))

    assert workload.truth.finished > 10


def test_error_of_the_workload_reaches_who_runs_it(metrics: ExecutorMetrics) -> None:
    """A workload that breaks is seen while it runs, and raised when it is left."""
    workload = Workload(metrics)
    broken = InBackground(workload, rate=-math.inf, workers=1)
    workload._script.next_gap = lambda rate: 1 / 0  # type: ignore[method-assign]

    with pytest.raises(ZeroDivisionError), broken:
        wait_until(lambda: broken.failed, what="the failure")


def test_truth_finds_the_bucket_of_a_quantile() -> None:
    """The bucket is the one of the observation at that rank."""
    series = SeriesTruth(durations=[0.1, 0.2, 0.3, 5.0])

    assert series.quantile_bucket(0.5, [0.15, 0.25, 1.0]) == (0.15, 0.25)
    assert series.quantile_bucket(0.75, [0.15, 0.3, 1.0]) == (0.15, 0.3)
    assert series.quantile_bucket(0.99, [0.15, 0.25, 1.0]) == (1.0, math.inf)
    assert series.quantile_bucket(0.01, [0.15, 0.25, 1.0]) == (0.0, 0.15)
    assert series.bucket_counts([0.1, 0.2, 1.0]) == [1, 2, 3, 4]
    for quantile in (0.0, 1.0):
        with pytest.raises(ValueError, match=r"no .* quantile"):
            series.quantile_bucket(quantile, [1.0])
    with pytest.raises(ValueError, match="of 0 durations"):
        SeriesTruth().quantile_bucket(0.5, [1.0])


def test_asking_the_truth_changes_nothing() -> None:
    """What was never done is all zero, and does not appear for having been asked."""
    truth = Truth()

    assert truth.of("intent").finished == 0
    assert list(islice(truth, 1)) == []
