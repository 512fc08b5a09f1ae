"""A real OpenTelemetry Collector, for tests."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from tests.support.debian import UnavailableError
from tests.support.golang import go, go_program
from tests.support.ports import free_ports
from tests.support.real import Programs, give_up, installed
from tests.support.waiting import wait_until

CONFIGS = Path(__file__).parent.parent.parent / "collector-config"
MANIFEST = CONFIGS / "builder.yaml"
_NAMES = ("otelcol", "otelcol-contrib")
# Loopback needs no proxy, whatever the environment says.
_open = build_opener(ProxyHandler({})).open


def collector_program() -> Path:
    """Find a Collector: ``$OTELCOL``, on ``PATH``, in the cache, else built from builder.yaml.

    Skips or fails the test where none can be had.
    """
    found = look_for_collector()
    if isinstance(found, UnavailableError):
        give_up(str(found))
    return found


@functools.cache
def look_for_collector() -> Path | UnavailableError:
    """Return where a Collector is, built if need be, or why there is none."""
    for name in _NAMES:
        if (here := installed(name)) is not None:
            return here
    try:
        return go_program("otelcol", MANIFEST.read_text(), _build)
    except UnavailableError as reason:
        return UnavailableError(f"no {' and no '.join(_NAMES)} on PATH: {reason}")


def _build(folder: Path) -> None:
    text = MANIFEST.read_text()
    (release,) = re.findall(r"^  version: (\S+)$", text, re.MULTILINE)
    shutil.copy(MANIFEST, folder)
    builder = f"go.opentelemetry.io/collector/cmd/builder@v{release}"
    go("run", builder, "--config", MANIFEST.name, cwd=folder)
    (folder / "build" / "otelcol").rename(folder / "otelcol")
    shutil.rmtree(folder / "build")


class Collector:
    """A Collector that runs a file of ``collector-config/``, on free ports of loopback.

    Args:
        folder: where its log goes; it may keep other things there.
        config: the file, by name in ``collector-config/`` or as a path.
        overlay: a second one of ``collector-config/``, on top of it.
        variables: the environment variables of the file; listeners have free ports already.
        ready: False returns before it is up, for one that must not come up.

    Attributes:
        grpc_port: where ``otlp`` listens for gRPC.
        http_port: where ``otlp`` listens for HTTP.
        prometheus_port: where the ``prometheus`` exporter shows what arrived.
        telemetry_port: where its own metrics are.
    """

    def __init__(
        self,
        folder: Path,
        config: str | Path = "otelcol.yaml",
        variables: Mapping[str, object] | None = None,
        *,
        overlay: str | None = None,
        ready: bool = True,
    ) -> None:
        files = [CONFIGS / config, *([CONFIGS / overlay] if overlay else [])]
        self._command = [str(collector_program()), *(f"--config={file}" for file in files)]
        ports = free_ports(5)
        self.grpc_port, self.http_port, self.prometheus_port, self.telemetry_port = ports[:4]
        self._health = f"127.0.0.1:{ports[4]}"
        self._variables = {
            "OTLP_GRPC_ENDPOINT": f"127.0.0.1:{self.grpc_port}",
            "OTLP_HTTP_ENDPOINT": f"127.0.0.1:{self.http_port}",
            "PROMETHEUS_ENDPOINT": f"127.0.0.1:{self.prometheus_port}",
            "OTELCOL_HEALTH_ENDPOINT": self._health,
            "OTELCOL_TELEMETRY_HOST": "127.0.0.1",
            "OTELCOL_TELEMETRY_PORT": str(self.telemetry_port),
            **{name: str(value) for name, value in (variables or {}).items()},
        }
        self._log = folder / f"otelcol-{self.grpc_port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start(ready=ready)

    @property
    def grpc_url(self) -> str:
        """What ``OTEL_EXPORTER_OTLP_ENDPOINT`` is for gRPC."""
        return f"http://127.0.0.1:{self.grpc_port}"

    @property
    def http_url(self) -> str:
        """What ``OTEL_EXPORTER_OTLP_ENDPOINT`` is for HTTP."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def metrics_url(self) -> str:
        """What Prometheus scrapes."""
        return f"http://127.0.0.1:{self.prometheus_port}/metrics"

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, ready: bool = True) -> None:
        """Start it, again after :meth:`kill` or :meth:`stop`: on the same ports."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**Programs({}).environment(), **self._variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if ready:
            try:
                self.until(self._is_ready, "the Collector is ready")
            except BaseException:
                self.stop()
                raise

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it, by force if it does not go."""
        self._end(signal.SIGTERM)

    def wait(self, timeout: float = 30.0) -> int:
        """Wait for its own end, and return its status."""
        assert self._process is not None
        return self._process.wait(timeout)

    def log(self) -> str:
        """Return what it has logged, over all its starts."""
        return self._log.read_text(errors="replace")

    def until(self, condition: Any, what: str, timeout: float = 60.0) -> Any:
        """Wait until ``condition()`` is true; fail at once if the Collector ends."""

        def alive_and_so() -> Any:
            assert self._process is not None
            status = self._process.poll()
            assert status is None, f"the Collector ended with status {status}"
            return condition()

        try:
            return wait_until(alive_and_so, timeout, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-4000:]}") from None

    def own_metrics(self) -> str:
        """Return the Collector's metrics about itself."""
        with _open(f"http://127.0.0.1:{self.telemetry_port}/metrics", timeout=60) as answer:
            return str(answer.read().decode())

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)

    def _is_ready(self) -> bool:
        try:
            with _open(f"http://{self._health}", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def validate(*configs: Path, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Return the exit status and the complaints of ``otelcol validate`` of files on one another."""
    done = subprocess.run(
        [collector_program(), "validate", *(f"--config={config}" for config in configs)],
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@functools.cache
def shared_collector() -> Collector:
    """Return one that runs ``otelcol.yaml`` and lives until the tests have ended.

    Whoever uses it tells their own series by ``job``: their ``service_name``.
    """
    folder = tempfile.TemporaryDirectory(prefix="otelcol-")
    collector = Collector(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(collector.stop)
    return collector
