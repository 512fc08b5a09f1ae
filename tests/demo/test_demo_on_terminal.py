"""The demo on a terminal: a table that is redrawn in place."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.demo.processes import COMMAND, ENOUGH, ROOT
from tests.support.terminal import Terminal

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

import fcntl
import pty
import termios

COLUMNS, LINES = 72, 30


class OnTerminal:
    """A demo whose output is a pseudo-terminal."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        env = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [*COMMAND, "demo", "--port", "0", "--interval", "0.2"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            env={**env, "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(theirs)
        self.output = ""

    def read_until(self, pattern: str) -> None:
        """Read on until the output has ``pattern``; the end of the output is none too."""
        while not re.search(pattern, self.output):
            try:
                self.output += os.read(self._ours, 4096).decode()
            except OSError:  # what Linux says when the other end is closed
                return

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(ENOUGH)
        os.close(self._ours)


@pytest.fixture
def on_terminal() -> Iterator[OnTerminal]:
    """Start the demo on a terminal; it ends with the test."""
    started = OnTerminal()
    yield started
    started.close()


def test_the_table_is_redrawn_in_place(on_terminal: OnTerminal) -> None:
    """After many tables one is to be seen, under it the summary, and no line was too wide."""
    on_terminal.read_until(r"(?s)(Scrape.*){5}")
    on_terminal.process.send_signal(signal.SIGINT)
    on_terminal.read_until(r"endpoint says \d+")
    status = on_terminal.process.wait(ENOUGH)

    live, end, summary = on_terminal.output.partition(" requests in ")
    terminal = Terminal(COLUMNS, LINES)
    terminal.feed(live.rpartition("\r\n")[0])
    shown = "\n".join(terminal.text)

    assert status == 0
    assert live.count("Scrape http://") >= 5
    assert shown.count("Scrape http://") == 1
    assert shown.count("operation  ") == 1
    assert re.search(r"^intent +\d", shown, re.MULTILINE)
    assert end
    assert "\x1b" not in summary
