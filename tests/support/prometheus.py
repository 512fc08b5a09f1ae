"""A real Prometheus, for tests."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from tests.support.debian import UnavailableError
from tests.support.golang import go, go_program
from tests.support.real import Programs, find_programs, give_up
from tests.support.waiting import wait_until

# Loopback needs no proxy, whatever the environment says.
_open = build_opener(ProxyHandler({})).open


@dataclass(frozen=True)
class Sample:
    """One series of an instant query's answer, or its scalar (without labels)."""

    labels: Mapping[str, str]
    value: float


class QueryError(Exception):
    """Prometheus refused a query; the message is its own."""


def prometheus_programs() -> Programs:
    """Find ``prometheus`` and ``promtool``; skip or fail the test where they cannot be had."""
    return find_programs("prometheus", ("prometheus", "promtool"))


# Prometheus 3.x, whose Go module counts v0.3xx. Service discovery, most of what it consists of, is
# left out.
_RECENT = "github.com/prometheus/prometheus/cmd/prometheus@v0.316.0"
_TAGS = "remove_all_sd"


def recent_prometheus() -> Programs:
    """Build a Prometheus that takes OTLP; skip or fail the test where it cannot be had."""
    found = look_for_recent_prometheus()
    if isinstance(found, UnavailableError):
        give_up(str(found))
    return Programs({"prometheus": found})


@functools.cache
def look_for_recent_prometheus() -> Path | UnavailableError:
    """Return where a Prometheus 3.x is, built if need be, or why there is none."""

    def build(folder: Path) -> None:
        go("install", "-tags", _TAGS, _RECENT, cwd=folder)

    try:
        return go_program("prometheus", f"{_RECENT} {_TAGS}", build)
    except UnavailableError as reason:
        return reason


def promtool_check_metrics(text: str) -> tuple[int, str]:
    """Return the exit status and the complaints of ``promtool check metrics`` about ``text``."""
    programs = prometheus_programs()
    done = subprocess.run(
        [programs.paths["promtool"], "check", "metrics"],
        input=text,
        env=programs.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def scrape_job(*ports: int, name: str = "test", **settings: Any) -> dict[str, Any]:
    """Return a scrape configuration for loopback ``ports``; ``settings`` are Prometheus's own."""
    return {
        "job_name": name,
        "scrape_interval": "500ms",
        "scrape_timeout": "500ms",
        "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}],
        **settings,
    }


class PrometheusServer:
    """A Prometheus with its data below ``folder``, on a free port of the loopback interface.

    Args:
        folder: an empty folder of its own.
        scrape_configs: as in prometheus.yml; see `scrape_job`.
        config: further sections of prometheus.yml, or a file to be used as it stands.
        arguments: further command-line arguments.
        programs: another Prometheus than the one of `prometheus_programs`.
    """

    def __init__(
        self,
        folder: Path,
        scrape_configs: Sequence[Mapping[str, Any]] = (),
        *,
        config: Mapping[str, Any] | Path | None = None,
        arguments: Sequence[str] = (),
        programs: Programs | None = None,
    ) -> None:
        programs = programs or prometheus_programs()
        settings = config if isinstance(config, Path) else folder / "prometheus.yml"
        if not isinstance(config, Path):
            # JSON is YAML, and needs no further library.
            sections = {"scrape_configs": list(scrape_configs), **(config or {})}
            settings.write_text(json.dumps(sections))
        self._data = folder / "data"
        self._log = folder / "prometheus.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    programs.paths["prometheus"],
                    f"--config.file={settings}",
                    f"--storage.tsdb.path={self._data}",
                    "--web.listen-address=127.0.0.1:0",
                    *arguments,
                ],
                cwd=folder,
                env=programs.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.url = f"http://127.0.0.1:{self._until(self._port, 'Prometheus listens')}"
            self._until(self._is_ready, "Prometheus is ready")
        except BaseException:
            self.stop()
            raise

    def query(self, promql: str, time: float | None = None) -> list[Sample]:
        """Ask an instant query, about now or the Unix ``time``.

        Raises:
            QueryError: Prometheus refused it.
        """
        arguments = {"query": promql} | ({} if time is None else {"time": str(time)})
        return _samples(self._get("/api/v1/query", arguments)["data"])

    def exemplars(self, promql: str) -> list[dict[str, Any]]:
        """Return the exemplars of the last hour as Prometheus answers, with their series.

        It keeps any only with ``--enable-feature=exemplar-storage``.
        """
        now = clock.time()
        arguments = {"query": promql, "start": f"{now - 3600}", "end": f"{now + 60}"}
        rows = self._get("/api/v1/query_exemplars", arguments)["data"]
        return [
            {**exemplar, "series": row["seriesLabels"]}
            for row in rows
            for exemplar in row["exemplars"]
        ]

    def wait_for(
        self,
        promql: str,
        predicate: Callable[[list[Sample]], object] = bool,
        timeout: float = 60.0,
    ) -> list[Sample]:
        """Ask until ``predicate`` holds of the answer, and return that answer."""
        answer: list[Sample] = []

        def holds() -> object:
            nonlocal answer
            answer = self.query(promql)
            return predicate(answer)

        try:
            self._until(holds, promql, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\nPrometheus answered: {answer}") from None
        return answer

    def log(self) -> str:
        """Return what Prometheus has logged."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """End the process, by force if it does not go, and remove its data; the log stays."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
        shutil.rmtree(self._data, ignore_errors=True)

    def _get(self, path: str, arguments: Mapping[str, str]) -> Any:
        try:
            with _open(f"{self.url}{path}?{urlencode(arguments)}", timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise QueryError(error.read().decode(errors="replace")) from None

    def _until(self, condition: Callable[[], Any], what: str, timeout: float = 60.0) -> Any:
        def alive_and_so() -> Any:
            if self._process.poll() is not None:
                raise AssertionError(f"Prometheus ended with status {self._process.returncode}")
            return condition()

        try:
            return wait_until(alive_and_so, timeout, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-4000:]}") from None

    def _port(self) -> str | None:
        # Asked for port 0, Prometheus tells in its log which one it got.
        told = re.search(r'msg="Listening on".*address=127\.0\.0\.1:([1-9]\d*)', self.log())
        return told[1] if told else None

    def _is_ready(self) -> bool:
        try:
            with _open(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except URLError:  # 503 while it reads its data
            return False


def _samples(data: Mapping[str, Any]) -> list[Sample]:
    if data["resultType"] == "scalar":
        return [Sample({}, float(data["result"][1]))]
    return [Sample(row["metric"], float(row["value"][1])) for row in data["result"]]
