"""The commands as real processes, with their output in files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.support.waiting import wait_until

COMMAND = [sys.executable, "-m", "otel_executor_metrics"]
ROOT = Path(__file__).parents[2]
URL = re.compile(r"http://127\.0\.0\.1:(\d+)/metrics")
ENOUGH = 60.0


class Running:
    """One command that runs; stdout and stderr can be read at any time."""

    def __init__(self, folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self._out, self._err = folder / "stdout", folder / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
            )

    @property
    def stdout(self) -> str:
        """What it has written so far."""
        return self._out.read_text()

    @property
    def stderr(self) -> str:
        """What it has complained of so far."""
        return self._err.read_text()

    @property
    def url(self) -> str:
        """The URL to scrape, as soon as the command tells it."""
        return wait_until(self._url_so_far, ENOUGH, "the URL in the output")

    def _url_so_far(self) -> str:
        assert self.process.poll() is None, self.stdout + self.stderr
        found = URL.search(self.stdout + self.stderr)
        return found.group() if found else ""

    def wait(self) -> int:
        """Return the exit status, when there is one."""
        return self.process.wait(ENOUGH)

    def stop(self, number: int) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(ENOUGH)


def get(url: str, accept: str = "text/plain") -> str:
    """Return what ``url`` answers."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=ENOUGH) as answer:
        text: str = answer.read().decode()
        return text


def refuses(url: str) -> bool:
    """Tell whether nobody listens there."""
    try:
        get(url)
    except urllib.error.URLError:
        return True
    return False
