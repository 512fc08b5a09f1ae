"""Snapshots: sums, differences, and what a restart in between does to them."""

from __future__ import annotations

import math

import pytest

from otel_executor_metrics.snapshot import Recorded, Snapshot

INF = math.inf


def recorded(success: float, timeouts: float = 0.0, **more) -> Recorded:
    """Return successes, each within a second, and failures by time-out, each after it."""
    all_of_them = success + timeouts
    buckets = ((1.0, success), (INF, all_of_them))
    failures = {"Timeout": timeouts} if timeouts else {}
    return Recorded(success, failures, buckets=buckets, seconds=2 * all_of_them, **more)


def test_what_is_recorded_adds_up() -> None:
    """Two label sets together are the sum of each number."""
    both = recorded(3, 1, retries=2, in_progress=1, lost=1) + recorded(4, in_progress=2)

    assert both == Recorded(
        7, {"Timeout": 1}, 2, 3, 1, seconds=16, buckets=((1.0, 7.0), (INF, 8.0))
    )
    assert (both.failed, both.finished, both.durations) == (1, 8, 8)


def test_of_different_buckets_the_common_ones_are_kept() -> None:
    """A bound that one of both does not know says nothing about their sum."""
    one = Recorded(buckets=((1.0, 1.0), (2.0, 2.0), (INF, 3.0)))
    other = Recorded(buckets=((2.0, 5.0), (INF, 5.0)))

    assert (one + other).buckets == ((2.0, 7.0), (INF, 8.0))
    assert (Recorded() + other).buckets == other.buckets


def test_a_difference_is_what_came_in_between() -> None:
    """All counts are differences; what is in progress is of the later moment."""
    later = recorded(10, 3, retries=5, lost=2, in_progress=4)
    earlier = recorded(7, 1, retries=1, lost=1, in_progress=9)

    assert later.since(earlier) == Recorded(
        3, {"Timeout": 2}, 4, 4, 1, seconds=10, buckets=((1.0, 3.0), (INF, 5.0))
    )


@pytest.mark.parametrize(
    "earlier", [recorded(11), recorded(10, 4), recorded(10, retries=1), recorded(1, lost=1)]
)
def test_after_a_restart_all_counts_from_zero(earlier: Recorded) -> None:
    """Counts only grow: a lower one was begun anew, with all others of its label set."""
    assert recorded(10, 3).since(earlier) == recorded(10, 3)


def test_durations_are_exact_at_a_bound() -> None:
    """Between two bounds only those below the lower one are known."""
    durations = Recorded(buckets=((1.0, 4.0), (2.0, 6.0), (INF, 7.0)))

    assert [durations.at_most(seconds) for seconds in (0.5, 1, 1.5, 2, INF)] == [0, 4, 4, 6, 7]
    assert durations.quantile(0.5) == pytest.approx(3.5 / 4)
    assert math.isnan(Recorded().quantile(0.5))


def test_a_snapshot_answers_by_operation_and_labels() -> None:
    """Label sets are added up, all of an operation or those with certain labels."""
    snapshot = Snapshot(
        {
            ("execute", (("task_type", "a"), ("tier", "x"))): recorded(1),
            ("execute", (("task_type", "b"), ("tier", "x"))): recorded(2),
            ("plan", ()): recorded(4),
        }
    )

    assert snapshot.of("execute").success == 3
    assert snapshot.of("execute", {"task_type": "b"}).success == 2
    assert snapshot.of("execute", {"tier": "x"}).success == 3
    assert snapshot.of("nothing") == Recorded()
    assert {name: of.success for name, of in snapshot.operations.items()} == {
        "execute": 3,
        "plan": 4,
    }


def test_the_difference_of_snapshots_is_that_of_their_parts() -> None:
    """A label set that is new counts from zero; one that is gone is left out."""
    earlier = Snapshot(
        {("plan", ()): recorded(4), ("gone", ()): recorded(1)}, {"error": 2}, {("a", "b"): 5}
    )
    later = Snapshot(
        {("plan", ()): recorded(6), ("new", ()): recorded(3)}, {"error": 3}, {("a", "b"): 1}
    )

    between = later.since(earlier)

    assert {key[0]: part.success for key, part in between.series.items()} == {"plan": 2, "new": 3}
    assert between.dropped == {"error": 1}
    assert between.overflowed == {("a", "b"): 1}
