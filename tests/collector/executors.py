"""Executors in processes of their own, and a gateway with its agent."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.collector.conftest import TOKEN, Certificates, StartCollector
from tests.facade.programs import start_program
from tests.support.collector import Collector
from tests.support.ports import free_ports

_EXECUTOR = """
import sys
from otel_executor_metrics import ExecutorMetrics
metrics = ExecutorMetrics(exporter="otlp")
for line in sys.stdin:
    for _ in range(int(line)):
        metrics.record_operation("execute", duration=0.5, labels={"task_type": "ml"})
    print(metrics.flush(20), flush=True)
metrics.measure("plan").__enter__()
metrics.flush(20)
"""


class Executor:
    """A process that records as many operations as it is told, and flushes."""

    def __init__(self, url: str, service: str, **variables: str) -> None:
        self._process: subprocess.Popen[str] = start_program(
            _EXECUTOR,
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": url,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_SERVICE_NAME": service,
                **variables,
            },
        )

    def record(self, count: int) -> None:
        """Record so many; what they were is sent when this returns."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "True\n"

    def end(self) -> None:
        """Let it end by itself."""
        _, errors = self._process.communicate(timeout=60)
        assert (self._process.returncode, errors) == (0, "")

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate(timeout=60)


class Gateway:
    """gateway.yaml, and agents that send to it.

    Args:
        start: the fixture `start_collector`.
        folder: where agents keep their queues.
    """

    def __init__(
        self,
        start: StartCollector,
        certificates: Certificates,
        folder: Path,
        remote_write_url: str = "http://127.0.0.1:1",
    ) -> None:
        listen, peers = free_ports(2)
        self._start, self._certificates, self._folder = start, certificates, folder
        self.address = f"localhost:{listen}"
        self.collector: Collector = start(
            "gateway.yaml",
            {
                **certificates.of_gateway,
                "GATEWAY_TOKEN": TOKEN,
                "GATEWAY_LISTEN": f"127.0.0.1:{listen}",
                "GATEWAY_PEER_LISTEN": f"127.0.0.1:{peers}",
                "GATEWAY_PEERS": f'["localhost:{peers}"]',
                "REMOTE_WRITE_URL": remote_write_url,
            },
        )

    def agent(self, **variables: object) -> Collector:
        """Start an agent; ``variables`` win over those that are right."""
        right = {"GATEWAY_ENDPOINT": self.address, "AGENT_STORAGE": self._folder / "queue"}
        return start_agent(self._start, self._certificates, {**right, **variables})


def start_agent(
    start: StartCollector, certificates: Certificates, variables: Mapping[str, object]
) -> Collector:
    """Start an agent that is quick to send and to try again."""
    defaults = {
        **certificates.of_agent,
        "GATEWAY_TOKEN": TOKEN,
        "GATEWAY_MAX_RETRY_INTERVAL": "1s",
        "AGENT_BATCH_TIMEOUT": "100ms",
    }
    return start("agent.yaml", {**defaults, **variables})
