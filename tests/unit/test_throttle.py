"""The throttle of the log: once for each kind, then at intervals."""

from __future__ import annotations

from otel_executor_metrics._throttle import LOG_INTERVAL, Throttle


class FakeClock:
    """A clock that goes on when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_kind_is_admitted_once_and_then_held_back() -> None:
    """The first event passes, what follows within the interval does not."""
    throttle = Throttle(clock=FakeClock())

    assert [throttle.admit("a") for _ in range(3)] == [0, None, None]


def test_each_kind_is_admitted_for_itself() -> None:
    """A noisy kind does not silence another."""
    throttle = Throttle(clock=FakeClock())

    assert [throttle.admit(kind) for kind in "aba"] == [0, 0, None]


def test_after_the_interval_one_tells_how_many_were_held_back() -> None:
    """A lasting problem is told again, with its count."""
    clock = FakeClock()
    throttle = Throttle(clock=clock)
    for _ in range(5):
        throttle.admit("a")
    clock.now = LOG_INTERVAL

    assert throttle.admit("a") == 4
    assert throttle.admit("a") is None


def test_kinds_beyond_a_thousand_share_one() -> None:
    """A caller who makes kinds of data neither floods the log nor fills the memory."""
    throttle = Throttle(clock=FakeClock())

    admitted = sum(throttle.admit(kind) is not None for kind in range(100_000))

    assert admitted <= 1001
