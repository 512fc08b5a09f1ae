"""Waiting for a condition, bounded."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T],
    timeout: float = 30.0,
    what: str = "the condition",
    interval: float = 0.02,
) -> T:
    """Return what ``condition`` returns as soon as that is true.

    Args:
        condition: asked at least once, and once more when the time is up.
        timeout: seconds; enough for a machine that has much else to do.
        what: names the condition in the error.
        interval: seconds between two questions.

    Raises:
        AssertionError: still not true after ``timeout`` seconds; names the last answer.
    """
    deadline = time.monotonic() + timeout
    pause = Event()
    while True:
        last_time = time.monotonic() >= deadline
        if answer := condition():
            return answer
        if last_time:
            raise AssertionError(f"{what}: not so after {timeout:g} s (last answer: {answer!r})")
        pause.wait(min(interval, max(0.0, deadline - time.monotonic())))
