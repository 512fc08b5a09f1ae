"""A real Redis, for tests: the broker of Celery."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from tests.support.ports import free_ports
from tests.support.real import find_programs
from tests.support.waiting import wait_until


class RedisServer:
    """A Redis that keeps nothing on disk, on a free port of the loopback interface.

    Skips or fails the test where the program cannot be had.
    """

    def __init__(self, folder: Path) -> None:
        programs = find_programs("redis-server", ("redis-server",), with_dependencies=True)
        (self._port,) = free_ports(1)
        self._log = folder / "redis.log"
        options = {"port": self._port, "bind": "127.0.0.1", "save": "", "dir": folder}
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [programs.paths["redis-server"], *words],
                env=programs.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, 60, "an answer of Redis")

    @property
    def url(self) -> str:
        """What Celery calls its broker."""
        return f"redis://127.0.0.1:{self._port}/0"

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text()

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(30)

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log()
        try:
            with socket.create_connection(("127.0.0.1", self._port), 10) as client:
                client.sendall(b"PING\r\n")
                return client.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
