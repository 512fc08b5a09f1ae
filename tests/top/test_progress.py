"""What takes more than a second is told on stderr."""

from __future__ import annotations

import sys

import pytest

from otel_executor_metrics import _progress
from otel_executor_metrics._progress import Progress
from tests.support.terminal import Stream, Terminal
from tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second passes soon."""
    monkeypatch.setattr(_progress, "TICK", 0.01)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_counts_and_is_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, written over again and again, and gone at the end."""
    stream = Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("watching", 9):
        wait_until(lambda: stream.getvalue().count("watching: 0 of 9 s") >= 3)
    terminal = Terminal(80, 5)
    terminal.feed(stream.getvalue())

    assert terminal.text == []


def test_elsewhere_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log is not filled with seconds."""
    stream = Stream(terminal=False)
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("watching"):
        wait_until(stream.getvalue)

    assert stream.getvalue() == "watching …\n"


def test_what_is_quick_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is anything where stderr is closed."""
    monkeypatch.setattr(_progress, "TICK", 60)
    stream = Stream(terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress("watching"):
        pass
    monkeypatch.setattr(sys, "stderr", None)
    with Progress("watching"):
        pass

    assert stream.getvalue() == ""
