"""What exports weigh, and what a Collector holds of many processes: the steps of scaling out.

``python -m benchmarks.exports [OTELCOL]`` prints a table of one process by its label sets, and,
given a Collector's program, one of many processes by their number.
"""

from __future__ import annotations

import gzip
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.work import D
from otel_executor_metrics import ExecutorMetrics

CONFIG = Path(__file__).parent.parent / "collector-config" / "otelcol.yaml"
LABEL_SETS = (1, 100, 1_000, 10_000)
PROCESSES = (10, 100, 1_000)
SERIES_OF_A_LABEL_SET = 22  # 14 bounds and +Inf, sum, count, four counters, one gauge


class Sink:
    """Takes exports and keeps them; a large one comes in several requests."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.url = ""


@contextmanager
def sink() -> Iterator[Sink]:
    """Serve on a free port until the block ends."""
    kept = Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            kept.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


def exported(label_sets: int, rounds: int = 5) -> tuple[list[bytes], float]:
    """Return the export of a process with so many label sets, and the seconds one takes."""
    with sink() as kept:
        metrics = ExecutorMetrics(
            exporter="otlp",
            otlp_endpoint=kept.url,
            max_label_values=label_sets,
            max_label_sets=label_sets,
            include_builtin=True,
        )
        for number in range(label_sets):
            metrics.record_operation("execute", duration=D, labels={"task_type": f"t{number}"})
        metrics.flush(60)
        taken = []
        for _ in range(rounds):
            kept.bodies.clear()
            begin = time.perf_counter()
            metrics.flush(60)
            taken.append(time.perf_counter() - begin)
        bodies = list(kept.bodies)
        metrics.shutdown()
        return bodies, statistics.median(taken)


def of_one_process() -> None:
    """Print bytes and time of one export, by label sets."""
    print("| label sets | series | bytes | gzip | ms |\n|---|---|---|---|---|")
    for label_sets in LABEL_SETS:
        bodies, seconds = exported(label_sets)
        size = sum(map(len, bodies))
        series = label_sets * SERIES_OF_A_LABEL_SET
        packed = sum(len(gzip.compress(body)) for body in bodies)
        print(f"| {label_sets} | {series} | {size} | {packed} | {seconds * 1000:.0f} |")


def of_many_processes(otelcol: str, label_sets: int = 20) -> None:
    """Print what a Collector holds and Prometheus reads of many processes."""
    (body,), _ = exported(label_sets)
    print("| processes | series | ms of CPU an export | MiB | MB a scrape | s a scrape |")
    print("|---|---|---|---|---|---|")
    for processes in PROCESSES:
        with collector(otelcol) as (pid, otlp, prometheus):
            before = cpu_seconds(pid)
            for number in range(processes):
                post(otlp, _renamed(body, number))
            cpu = (cpu_seconds(pid) - before) / processes
            begin = time.perf_counter()
            with urllib.request.urlopen(prometheus, timeout=120) as answer:  # noqa: S310
                text = answer.read()
            seconds = time.perf_counter() - begin
            series = sum(1 for line in text.splitlines() if not line.startswith(b"#"))
            print(
                f"| {processes} | {series} | {cpu * 1000:.1f} | {resident(pid):.0f}"
                f" | {len(text) / 1e6:.1f} | {seconds:.2f} |"
            )


def _renamed(body: bytes, number: int) -> bytes:
    """Return the export under another identity: the id is 36 characters in its text."""
    at = body.index(b"service.instance.id") + len(b"service.instance.id")
    start = body.index(b"-", at) - 8
    identity = f"{number:08d}-0000-4000-8000-000000000000".encode()
    return body[:start] + identity + body[start + 36 :]


def post(url: str, body: bytes) -> None:
    """Send one export."""
    request = urllib.request.Request(  # noqa: S310
        url, body, {"Content-Type": "application/x-protobuf"}
    )
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310


@contextmanager
def collector(program: str) -> Iterator[tuple[int, str, str]]:
    """Run otelcol.yaml; yield its process, where it takes OTLP, and where it shows metrics."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    names = ("OTLP_GRPC", "OTLP_HTTP", "PROMETHEUS", "OTELCOL_HEALTH")
    ends = {
        f"{name}_ENDPOINT": f"127.0.0.1:{port}" for name, port in zip(names, ports, strict=False)
    }
    process = subprocess.Popen(  # noqa: S603
        [program, "--config", str(CONFIG)],
        env={**os.environ, **ends, "OTELCOL_TELEMETRY_PORT": str(ports[4])},
        stderr=subprocess.DEVNULL,
    )
    try:
        while not answers(ports[3]):
            time.sleep(0.1)
        yield (
            process.pid,
            f"http://127.0.0.1:{ports[1]}/v1/metrics",
            f"http://127.0.0.1:{ports[2]}/metrics",
        )
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    """Tell whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Return the MiB of memory of a process."""
    return (
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    )


if __name__ == "__main__":
    of_one_process()
    if len(sys.argv) > 1:
        of_many_processes(sys.argv[1])
