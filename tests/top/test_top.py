"""``top`` as a user starts it: on a terminal with keys, and elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.demo.processes import COMMAND, ENOUGH, ROOT, Running
from tests.parity.pages import Page, serving
from tests.support.ports import free_ports
from tests.support.terminal import Terminal

COLUMNS, LINES = 79, 30
LFLAGS = 3


class OnTerminal:
    """A ``top`` whose input and output are a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self.ours, self.theirs = pty.openpty()
        self.resize(COLUMNS, LINES)
        self.before = termios.tcgetattr(self.theirs)
        env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [*COMMAND, "top", "--interval", "0.2", *arguments],
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            cwd=ROOT,
            env={**env, "TERM": "xterm"},
            start_new_session=True,
        )
        self.output = ""

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.ours, keys.encode())

    def read_until(self, pattern: str) -> None:
        """Read on until what is written from now on has ``pattern``."""
        fresh, deadline = "", time.monotonic() + ENOUGH
        while not re.search(pattern, fresh):
            assert time.monotonic() < deadline, f"no {pattern!r} in {fresh!r}"
            if select.select([self.ours], [], [], 0.2)[0]:
                fresh += os.read(self.ours, 65536).decode(errors="replace")
        self.output += fresh

    def shown(self, columns: int = COLUMNS, lines: int = LINES) -> list[str]:
        """Return what is to be seen."""
        terminal = Terminal(columns, lines)
        whole = self.output[: self.output.rindex("\x1b[J") + len("\x1b[J")]
        terminal.feed(whole)
        return terminal.text

    def ended(self) -> int:
        """Return the exit status; the terminal is as it was before."""
        status = self.process.wait(ENOUGH)
        assert termios.tcgetattr(self.theirs) == self.before
        return status

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(ENOUGH)
        os.close(self.ours)
        os.close(self.theirs)


Start = Callable[..., OnTerminal]


@pytest.fixture
def top() -> Iterator[Start]:
    """Start ``top`` on a terminal of its own; it ends with the test."""
    started: list[OnTerminal] = []

    def start(*arguments: str) -> OnTerminal:
        started.append(OnTerminal(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


def url_of(metrics: ExecutorMetrics) -> str:
    """Return where these metrics are served."""
    url: str = metrics.get_metrics_summary()["url"]
    return url


def test_keys_sort_and_end_it(top: Start, metrics: ExecutorMetrics) -> None:
    """The table is redrawn in place, < > and arrows change its order, q ends it."""
    on_terminal = top(url_of(metrics))
    on_terminal.read_until(r"sorted by rate[\s\S]*plan [\s\S]*sorted by rate")
    assert termios.tcgetattr(on_terminal.theirs)[LFLAGS] & termios.ECHO == 0
    metrics.record_operation("plan", duration=0.2)
    on_terminal.read_until(r"plan +\d+\.\d +100\.0")
    on_terminal.press(">")
    on_terminal.read_until("sorted by ok")
    on_terminal.press("\x1b[D\x1b[Dr")
    on_terminal.read_until("sorted by operation; reversed")
    on_terminal.read_until("q quit")
    shown = on_terminal.shown()
    on_terminal.press("q")

    assert on_terminal.ended() == 0
    assert shown[0] == url_of(metrics)
    assert shown[3].split()[:3] == ["operation", "rate/s", "ok"]
    assert [line.split()[0] for line in shown[4:6]] == ["plan", "intent"]
    assert "\n".join(shown).count("operation  ") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_restores_the_terminal(
    top: Start,
    metrics: ExecutorMetrics,
    number: int,
) -> None:
    """Ctrl-C and SIGTERM are regular ends."""
    on_terminal = top(url_of(metrics))
    on_terminal.read_until("q quit")
    if number == signal.SIGINT:
        os.kill(on_terminal.process.pid, number)
    else:
        on_terminal.process.send_signal(number)

    assert on_terminal.ended() == 0


def test_an_endpoint_that_hangs_does_not_hold_the_keys_up(top: Start) -> None:
    """While an answer is waited for, q ends it at once."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        on_terminal = top(f"http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "300")
        on_terminal.read_until("waiting for the first answer")
        on_terminal.press("q")

        assert on_terminal.ended() == 0


def test_it_goes_on_after_a_restart_of_the_executor(top: Start) -> None:
    """Silence is told, and that all began anew."""
    (port,) = free_ports(1)
    executor = ExecutorMetrics(metrics_port=port, host="127.0.0.1")
    executor.record_operation("plan")
    executor.record_operation("plan")
    on_terminal = top(url_of(executor))
    on_terminal.read_until(r"sorted by rate[\s\S]*sorted by rate")
    executor.shutdown()
    on_terminal.read_until(r"NO ANSWER for \d+ s: .*refused")

    with ExecutorMetrics(metrics_port=port, host="127.0.0.1") as executor:
        executor.record_operation("plan")
        on_terminal.read_until(rf"127\.0\.0\.1:{port}/metrics: BEGAN ANEW \d s ago")
        on_terminal.press("q")

        assert on_terminal.ended() == 0


def test_it_follows_the_size_of_the_terminal(
    top: Start,
    metrics: ExecutorMetrics,
) -> None:
    """A narrower terminal has fewer columns, at once; what does not fit is counted."""
    on_terminal = top(url_of(metrics), "--interval", "300")
    on_terminal.read_until(r"running[\s\S]*q quit")
    for number in range(3):
        metrics.record_operation(f"op{number}")
    on_terminal.output = ""
    on_terminal.resize(50, 8)
    on_terminal.read_until(r"\x1b\[2J\x1b\[H[\s\S]*q quit\r\n\x1b\[J")
    shown = on_terminal.shown(50, 8)

    assert len(shown) == 7
    assert shown[3].split() == ["operation", "rate/s", "ok", "%", "p50", "p95", "retries"]


def test_no_answer_to_begin_with_is_status_1(top: Start) -> None:
    """One line says why, and the terminal is as it was."""
    (port,) = free_ports(1)
    on_terminal = top(f"http://127.0.0.1:{port}")
    on_terminal.read_until(r"top: error: http://127.0.0.1:\d+/metrics: .*refused")

    assert on_terminal.ended() == 1


def test_elsewhere_one_table_is_printed(
    launch: Callable[..., Running],
) -> None:
    """A pipe or a file gets the table of one interval, without escape codes."""
    demo = launch("demo", "--port", "0", "--rate", "100", "--interval", "0.2")
    running = launch("top", demo.url, "--interval", "1.2", "--sort", "operation", "--filter", "n")

    assert running.wait() == 0
    lines = running.stdout.splitlines()
    assert lines[0] == demo.url
    assert re.match(r"last [1-9]\d* s; sorted by operation; \d of \d rows: n$", lines[1])
    assert lines[4].startswith("execute data_processing ")
    assert re.search(r"^intent +\d+\.\d +\d+\.\d +\d+ms", running.stdout, re.MULTILINE)
    assert "\x1b" not in running.stdout
    assert running.stderr == "watching …\n"


def test_hostile_labels_are_shown_and_not_obeyed(
    launch: Callable[..., Running],
) -> None:
    """Neither the terminal nor the table breaks on what stands in a label."""
    page = Page()
    page.content_type = "text/plain"
    page.texts = ['x_success_total{a="\x1b[2J\\n任务"} 1\nx_failures_total{a="\x1b[2J\\n任务"} 0\n']
    with serving(page):
        running = launch(
            "top", page.url, "--once", "--interval", "0.1", env={"PYTHONIOENCODING": "ascii"}
        )

        assert running.wait() == 0
    assert r"x \x1b[2J\n\u4efb\u52a1 " in running.stdout
