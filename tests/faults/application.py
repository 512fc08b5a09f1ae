"""An application under trial: one script, one port, any number of processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from typing import IO

from prometheus_client.parser import text_string_to_metric_families

from tests.facade.programs import environment
from tests.facade.scraping import Scrape, fetch
from tests.faults.page import Page
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

# Files beside the journals of the living: holder, lock, totals, and the dead not yet folded.
SPARE = 3 + 64
SPARE_AFTER_SCRAPE = 3 + 8

_HEAD = """
import os, sys, threading
from otel_executor_metrics import ExecutorMetrics
from tests.faults.page import ACKNOWLEDGED, ANNOUNCED, PID, Page
"""


class Process:
    """One process of an application, and all that descend from it."""

    def __init__(
        self, command: Iterable[str], variables: dict[str, str], folder: Path, log: IO[str]
    ) -> None:
        self._process = subprocess.Popen(
            [*command],
            env=environment(variables),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its own, also the id of its process group."""
        return self._process.pid

    def reads(self) -> str:
        """Return the next line that it writes; fails at its end."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"process {self.pid} wrote nothing and ended: {self._process.wait(20)}"
        return line.rstrip("\n")

    def tell(self, line: str = "") -> None:
        """Write a line to it."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Close its input, and return the status of its end."""
        self._process.communicate(timeout=30)
        return self._process.returncode

    def signal(self, number: int) -> None:
        """Send a signal to this one process."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Return the status of its end."""
        return self._process.wait(timeout=60)

    def kill_alone(self) -> None:
        """End this process, and none that descends from it."""
        self._process.kill()
        self._process.wait(timeout=30)

    def kill(self) -> None:
        """End it and all that descend from it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.communicate(timeout=30)


class Application:
    """A script in ``folder``; the processes that are started of it share a port."""

    def __init__(self, folder: Path, source: str, name: str = "app.py") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.port = free_ports(1)[0]
        self.base = folder / "fleets"
        self.base.mkdir(exist_ok=True)
        self.script = folder / name
        self.script.write_text(_HEAD + textwrap.dedent(source))
        self.page = Page(folder / "page")
        self.processes: list[Process] = []

    def start(self, *arguments: object, **variables: str) -> Process:
        """Start a process of the script."""
        return self.run(sys.executable, str(self.script), *map(str, arguments), **variables)

    def run(self, *command: str, **variables: str) -> Process:
        """Start another command in the script's folder."""
        own = {
            "METRICS_PORT": str(self.port),
            "METRICS_HOST": "127.0.0.1",
            "METRICS_FLEET_DIRECTORY": str(self.base),
            "PAGE": str(self.folder / "page"),
            # Newer Pythons warn of forking with threads.
            "PYTHONWARNINGS": "ignore::DeprecationWarning",
        }
        with (self.folder / "log").open("a") as log:
            self.processes.append(Process(command, own | variables, self.folder, log))
        return self.processes[-1]

    def kill(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.kill()

    def log(self) -> str:
        """Return what the processes wrote to stderr."""
        return (self.folder / "log").read_text()

    def files(self) -> list[str]:
        """Return the names of all files that the fleet has."""
        return sorted(path.name for path in self._paths())

    def largest_file(self) -> int:
        """Return the bytes of the largest file; so much, and as many, is what a scrape reads."""
        return max(path.stat().st_size for path in self._paths())

    def wait_for_files(self, living: int) -> None:
        """Scrape until no more files are left than ``living`` processes may have.

        A process that was killed takes a moment to end; whoever scrapes before takes it for alive.
        """
        most = living + SPARE_AFTER_SCRAPE
        wait_until(lambda: self.try_scrape() and len(self.files()) <= most, what=f"{most} files")

    def _paths(self) -> list[Path]:
        return [path for path in self.base.rglob("*") if path.is_file()]

    def directory(self) -> Path:
        """Return where the processes on our port meet."""
        (found,) = self.base.glob(f"*/{self.port}-*")
        return found

    def scrape(self) -> Scrape:
        """Scrape whoever serves."""
        text = fetch(f"http://127.0.0.1:{self.port}/metrics")
        return Scrape(text, text_string_to_metric_families(text))

    def try_scrape(self) -> Scrape | None:
        """Scrape, or return None where nobody answers."""
        try:
            return self.scrape()
        except (OSError, ValueError, HTTPException):
            return None

    def total(self, name: str) -> float:
        """Return the sum over all series of a name; -1 where nobody answers."""
        found = self.try_scrape()
        return -1.0 if found is None else total(found, name)

    def wait_for(self, name: str, value: float, timeout: float = 20.0) -> None:
        """Wait until the total is ``value``; it must not be more."""
        seen = wait_until(
            lambda: (found := self.total(name)) >= value and found, timeout, f"{name} of {value}"
        )
        assert seen == value, f"{name}: {seen} is more than {value}"


def total(scrape: Scrape, name: str) -> float:
    """Return the sum over all series of a name."""
    return sum(scrape.series(name).values())
