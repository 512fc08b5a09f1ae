"""A real Alertmanager, for tests."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from tests.support.debian import UnavailableError
from tests.support.golang import go, go_program
from tests.support.ports import free_ports
from tests.support.real import give_up
from tests.support.waiting import wait_until

# Loopback needs no proxy, whatever the environment says.
_open = build_opener(ProxyHandler({})).open

# The release of compose.yaml. Debian's package cannot be run from where it is unpacked: its
# templates have a fixed place.
RELEASE = "v0.28.1"
_COMMANDS = [
    f"github.com/prometheus/alertmanager/cmd/{name}" for name in ("alertmanager", "amtool")
]


def alertmanager_program(name: str) -> Path:
    """Build ``alertmanager`` or ``amtool``; skip or fail the test where it cannot be had."""
    found = look_for_alertmanager()
    if isinstance(found, UnavailableError):
        give_up(str(found))
    return found.with_name(name)


@functools.cache
def look_for_alertmanager() -> Path | UnavailableError:
    """Return where an Alertmanager is, built if need be, or why there is none."""

    def build(folder: Path) -> None:
        go("install", *(f"{command}@{RELEASE}" for command in _COMMANDS), cwd=folder)

    try:
        return go_program("alertmanager", f"{RELEASE} with amtool", build)
    except UnavailableError as reason:
        return reason


class AlertmanagerServer:
    """An Alertmanager with its data in ``folder``, on a free port of the loopback interface.

    Args:
        folder: of its own; it need not exist.
        config: the text of its configuration.

    Attributes:
        address: ``host:port``, for Prometheus.
    """

    def __init__(self, folder: Path, config: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "alertmanager.yml").write_text(config)
        (port,) = free_ports(1)
        self.address = f"127.0.0.1:{port}"
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    alertmanager_program("alertmanager"),
                    "--config.file=alertmanager.yml",
                    "--storage.path=data",
                    f"--web.listen-address={self.address}",
                    "--cluster.listen-address=",
                ],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(self._is_ready, 60, "Alertmanager is ready")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process; what it logged is shown if the test fails."""
        self._process.terminate()
        self._process.wait(60)
        print(self._log.read_text(errors="replace")[-4000:])

    def _is_ready(self) -> bool:
        assert self._process.poll() is None
        try:
            with _open(f"http://{self.address}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except URLError:
            return False
