"""Health, judged: what is asked of an operation, and what is said of what it did."""

from __future__ import annotations

import math
from typing import Any

import pytest

from otel_executor_metrics import DEFAULT_THRESHOLDS, Objective
from otel_executor_metrics.judging import Criteria, Stretch, judge
from otel_executor_metrics.snapshot import Recorded

BOUNDS = (1.0, 5.0, 10.0, math.inf)


def done(good: int, bad: int = 0, *, lost: int = 0, slow: int = 0, beyond: int = 0) -> Recorded:
    """Return work that took a second; of all durations ``slow`` are of 10 s, ``beyond`` longer."""
    quick = good + bad - slow - beyond
    counts = (quick, quick, quick + slow, good + bad)
    buckets = tuple(zip(BOUNDS, map(float, counts), strict=True))
    return Recorded(good, {"Timeout": bad}, lost=lost, buckets=buckets)


def judged(
    operations: dict[str, Recorded],
    thresholds: Any = DEFAULT_THRESHOLDS,
    objectives: dict[str, Objective] | None = None,
    **criteria: Any,
) -> dict[str, Any]:
    """Judge five minutes."""
    return judge(Stretch(300.0, operations, objectives or {}), Criteria(thresholds, **criteria))


@pytest.mark.parametrize(
    ("recorded", "status", "reasons"),
    [
        (done(95, 5), "healthy", []),
        (done(94, 6), "degraded", ["plan: 6 of 100 failed, more than 5 % (error_rate)"]),
        (done(51, 49), "degraded", ["plan: 49 of 100 failed, more than 5 % (error_rate)"]),
        (done(50, 50), "unhealthy", ["plan: 50 of 100 failed, at least half"]),
        (done(0, 20), "unhealthy", ["plan: 20 of 20 failed, at least half"]),
        (done(20), "healthy", []),
        (done(18, 1, lost=2), "degraded", None),
        (done(100, slow=5), "healthy", []),
        (done(100, slow=6), "degraded", ["plan: p95 is 5.83 s, above 5 s (latency_p95)"]),
        (done(100, beyond=6), "degraded", ["plan: p95 is 10 s, above 5 s (latency_p95)"]),
        (
            done(90, 10, slow=10),
            "degraded",
            [
                "plan: 10 of 100 failed, more than 5 % (error_rate)",
                "plan: p95 is 7.5 s, above 5 s (latency_p95)",
            ],
        ),
    ],
)
def test_a_threshold_is_crossed_or_not(
    recorded: Recorded, status: str, reasons: list[str] | None
) -> None:
    """On the threshold is not beyond it; half of all failing is worse than degraded."""
    verdict = judged({"plan": recorded})

    assert verdict["status"] == verdict["operations"]["plan"]["status"] == status
    assert reasons is None or verdict["reasons"] == reasons
    assert verdict["window_seconds"] == 300.0


def test_what_was_lost_did_not_succeed() -> None:
    """Work whose process was killed counts as failed, and the reason says how much it was."""
    verdict = judged({"plan": done(90, 5, lost=5)})

    assert verdict["reasons"] == [
        "plan: 10 of 100 failed (5 lost with their process), more than 5 % (error_rate)"
    ]
    figures = verdict["operations"]["plan"]
    assert (figures["finished"], figures["failed"], figures["lost"]) == (95, 5, 5)
    assert (figures["error_rate"], figures["success_rate"]) == (0.1, 0.9)
    assert figures["latency_p95"] == pytest.approx(0.95)


def test_too_few_say_nothing() -> None:
    """Below the least number there is no share; the number can be chosen."""
    verdict = judged({"plan": done(0, 19)})

    assert verdict["status"] == "no_data"
    assert verdict["reasons"] == ["no operation has finished 20 times in the last 300 s"]
    assert judged({"plan": done(0, 19)}, least=19)["status"] == "unhealthy"


def test_one_alone_crosses_nothing() -> None:
    """A single failure, and a single slow one, is an accident, whatever is promised."""
    promised = {"plan": Objective(success=0.999, latency=(0.999, 5.0))}

    one = judged({"plan": done(499, 1, slow=1)}, objectives=promised)
    two = judged({"plan": done(498, 2, slow=2)}, objectives=promised)

    assert one["status"] == "healthy"
    assert two["reasons"] == [
        "plan: 498 of 500 succeeded, less than 99.9 % (its objective)",
        "plan: p99.9 is 8.75 s, above 5 s (its objective)",
    ]


def test_all_together_may_fail_where_none_is_judged_alone() -> None:
    """Many operations that are rare: half of all of it failing is unhealthy."""
    verdict = judged({name: done(1, 3) for name in ("a", "b", "c", "d", "e")})

    assert verdict["status"] == "unhealthy"
    assert verdict["reasons"] == ["all together: 15 of 20 failed, at least half"]


def test_the_worst_operation_decides() -> None:
    """One that is well does not make up for another."""
    verdict = judged({"a": done(1000), "b": done(90, 10), "c": done(2)})

    assert verdict["status"] == "degraded"
    statuses = {name: of["status"] for name, of in verdict["operations"].items()}
    assert statuses == {"a": "healthy", "b": "degraded", "c": "no_data"}


def test_nothing_observed_has_no_figures() -> None:
    """Shares and quantiles of nothing are None, which JSON can tell."""
    figures = judged({"plan": Recorded()})["operations"]["plan"]

    assert figures["error_rate"] is figures["success_rate"] is figures["latency_p95"] is None


@pytest.mark.parametrize(
    ("override", "recorded", "status"),
    [
        ({"error_rate": 0.2}, done(85, 15), "healthy"),
        ({"error_rate": 0.2}, done(75, 25), "degraded"),
        ({"success_rate": 0.8}, done(85, 15), "healthy"),
        ({"success_rate": 0.8}, done(75, 25), "degraded"),
        ({"latency_p95": 10}, done(100, slow=50), "healthy"),
        ({"latency_p95": 10}, done(100, beyond=6), "degraded"),
        ({"latency_p95": 10}, done(90, 10), "degraded"),
    ],
)
def test_an_override_goes_before_what_is_asked_of_all(
    override: dict[str, float], recorded: Recorded, status: str
) -> None:
    """Only what it names: the other thresholds stay; the two shares are one."""
    operations = {"Plan": recorded, "other": done(100)}

    assert judged(operations, overrides={"plan": override})["status"] == status


def test_an_objective_goes_before_the_thresholds_and_behind_an_override() -> None:
    """What it does not promise is asked for as of all."""
    lax = {"plan": Objective(success=0.5)}
    recorded = {"plan": done(80, 20, slow=20)}

    assert judged(recorded, objectives=lax)["reasons"] == [
        "plan: p95 is 8.75 s, above 5 s (latency_p95)"
    ]
    overridden = judged(recorded, objectives=lax, overrides={"plan": {"error_rate": 0.1}})
    assert overridden["reasons"][0] == "plan: 20 of 100 failed, more than 10 % (error_rate)"


def test_a_threshold_that_is_taken_away_is_not_asked_for() -> None:
    """Without any, only half failing is bad."""
    assert judged({"plan": done(60, 40, slow=60)}, {})["status"] == "healthy"
    assert judged({"plan": done(50, 50)}, {})["status"] == "unhealthy"


def test_a_success_rate_is_asked_for_by_itself() -> None:
    """It may be stricter than the error rate."""
    verdict = judged({"plan": done(97, 3)}, {**DEFAULT_THRESHOLDS, "success_rate": 0.99})

    assert verdict["reasons"] == ["plan: 97 of 100 succeeded, less than 99 % (success_rate)"]


def test_what_the_buckets_cannot_tell_is_said() -> None:
    """A threshold above the last bound is not judged in silence; on the last bound it is exact."""
    slow = {"plan": done(100, beyond=10)}

    beyond = judged(slow, {"latency_p95": 600})
    on_it = judged(slow, {"latency_p95": 10})

    assert beyond["status"] == "healthy"
    assert beyond["reasons"] == [
        "plan: whether p95 is above 600 s (latency_p95) cannot be told: its buckets end at 10 s,"
        " give it one of 600"
    ]
    assert on_it["reasons"] == ["plan: p95 is above 10 s (latency_p95)"]
    assert judged({"plan": done(100)}, {"latency_p95": 600})["reasons"] == []
