"""What is drawn is realistic, and hangs together."""

from __future__ import annotations

import math
import statistics

import pytest

from otel_executor_metrics.demo.profiles import ENGAGEMENT, INTENT, PLAN, TASKS
from otel_executor_metrics.demo.script import MAX_ATTEMPTS, Attempt, Script

SCRIPT = Script(seed=11)
REQUESTS = [SCRIPT.next_request() for _ in range(4_000)]


def test_a_stage_is_tried_until_it_is_decided() -> None:
    """Only an error that may pass is followed by another attempt; numbers count from 1."""
    for request in REQUESTS:
        for stage in filter(None, (request.intent, request.plan, request.execute)):
            assert [attempt.number for attempt in stage] == list(range(1, len(stage) + 1))
            assert len(stage) <= MAX_ATTEMPTS
            assert all(attempt.error is not None for attempt in stage[:-1])


def test_what_follows_a_failed_stage_does_not_happen() -> None:
    """No plan without an intent, no execution without a plan, no reader without an answer."""
    for r in REQUESTS:
        for earlier, later in [(r.intent, r.plan), (r.plan, r.execute)]:
            assert bool(later) == bool(earlier and earlier[-1].error is None)
    assert all(r.execute[-1].error is None for r in REQUESTS if r.engagement)


@pytest.mark.parametrize("name", [*TASKS, *ENGAGEMENT])
def test_durations_are_log_normal(name: str) -> None:
    """Their logarithms have the median and the spread of the profile."""
    profile = {**TASKS, **ENGAGEMENT}[name]
    logs = [
        math.log(attempt.duration)
        for request in REQUESTS
        for attempt in request.attempts
        if name in attempt.labels.values()
    ]

    assert len(logs) > 100
    assert math.exp(statistics.median(logs)) == pytest.approx(profile.median, rel=0.2)
    assert statistics.stdev(logs) == pytest.approx(profile.spread, rel=0.2)


def test_errors_have_their_shares() -> None:
    """Intents and plans fail about as often as their profiles say."""
    for profile, attempts in [
        (INTENT, [a for r in REQUESTS for a in r.intent]),
        (PLAN, [a for r in REQUESTS for a in r.plan]),
    ]:
        failed = sum(attempt.error is not None for attempt in attempts) / len(attempts)
        assert failed == pytest.approx(sum(profile.errors.values()), rel=0.4)


def test_requests_come_at_the_rate() -> None:
    """The gaps between requests are random, and on average those of the rate."""
    gaps = [SCRIPT.next_gap(20.0) for _ in range(2_000)]

    assert statistics.mean(gaps) == pytest.approx(1 / 20, rel=0.15)
    assert len(set(gaps)) == len(gaps)


def test_an_attempt_is_the_first_and_succeeds_unless_told_otherwise() -> None:
    """The defaults are those of an operation that simply works."""
    attempt = Attempt("plan", 0.1)

    assert (attempt.number, attempt.error, dict(attempt.labels)) == (1, None, {})
