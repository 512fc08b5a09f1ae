"""Signals end the waiting, not the process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from otel_executor_metrics._signals import STOP_SIGNALS, StopSignals


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Check that each test leaves the handlers as they were."""
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    yield
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_ends_the_wait(number: int) -> None:
    """The wait ends when the signal comes, and from then on there is none."""
    with StopSignals() as signals:
        threading.Timer(0.05, os.kill, (os.getpid(), number)).start()

        assert signals.wait(30)
        assert signals.wait()
        assert signal.getsignal(number) == signal.SIG_DFL  # a second one ends the process


def test_a_signal_before_the_wait_is_not_lost() -> None:
    """It may come while the program does something else."""
    with StopSignals() as signals:
        signal.raise_signal(signal.SIGTERM)

        assert signals.wait(30)


def test_a_wait_ends_in_time() -> None:
    """Without a signal the wait says so when the time is up."""
    with StopSignals() as signals:
        start = time.monotonic()

        assert not signals.wait(0.05)
        assert time.monotonic() - start >= 0.04


def test_another_signal_is_none_of_ours() -> None:
    """Signals that the program handles for other purposes do not stop it."""
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        with StopSignals() as signals:
            signal.raise_signal(signal.SIGUSR1)

            assert not signals.wait(30)  # early, and in vain
    finally:
        signal.signal(signal.SIGUSR1, before)
