"""Record and scrape with the package as installed, all extras included.

Usage: ``python -I scripts/smoke.py``, by an environment that holds the wheel with ``[all]``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import urllib.request
from pathlib import Path

from celery import Celery

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.celery import instrument_celery
from otel_executor_metrics.integrations.tenacity import instrument_retrying
from otel_executor_metrics.integrations.websocket import measured_connection

EXPECTED = (
    'execute_success_total{task_type="smoke"} 2.0',
    'execute_failures_total{error_type="ValueError",task_type="smoke"} 1.0',
    'execute_latency_seconds_count{task_type="smoke"} 3.0',
    'celery_task_success_total{task="double"} 1.0',
    "fetch_retries_total 1.0",
)


def record(metrics: ExecutorMetrics) -> None:
    """Record in each way, and by each extra."""
    labels = {"task_type": "smoke"}

    @metrics.with_metrics("execute", labels=labels)
    async def work() -> None:
        await asyncio.sleep(0)

    asyncio.run(work())
    metrics.record_operation("execute", False, 0.1, labels, ValueError())
    _fork_and_record(metrics, labels)
    _retry(metrics)
    _run_task(metrics)
    _import_websockets(metrics)


def _fork_and_record(metrics: ExecutorMetrics, labels: dict[str, str]) -> None:
    child = os.fork()
    if child == 0:
        metrics.record_operation("execute", duration=0.2, labels=labels)
        os._exit(0)
    os.waitpid(child, 0)


def _retry(metrics: ExecutorMetrics) -> None:
    import tenacity

    answers = iter([OSError(), None])

    def fetch() -> None:
        if error := next(answers):
            raise error

    retrying = tenacity.Retrying(stop=tenacity.stop_after_attempt(2))
    instrument_retrying(retrying, metrics, "fetch")
    retrying(fetch)


def _run_task(metrics: ExecutorMetrics) -> None:
    app = Celery("smoke", broker="memory://", set_as_current=False)
    app.conf.task_always_eager = True

    @app.task(name="double")
    def double(number: int) -> int:
        return 2 * number

    instrument_celery(app, metrics)
    double.delay(2)


def _import_websockets(metrics: ExecutorMetrics) -> None:
    from websockets.asyncio.client import ClientConnection

    measured_connection(ClientConnection, metrics, route="smoke")


def otlp_problems() -> list[str]:
    """Return what is wrong with the exporters of OTLP, of both protocols; nobody listens."""
    problems = []
    for protocol in ("grpc", "http/protobuf"):
        with ExecutorMetrics(
            exporter="otlp",
            otlp_endpoint="http://127.0.0.1:9",
            otlp_protocol=protocol,
            shutdown_timeout=0.1,
        ) as metrics:
            if not metrics.enable_metrics:
                problems.append(f"otlp over {protocol} does not start")
    return problems


def scrape_problems() -> list[str]:
    """Return what a scrape should show, and does not."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1") as metrics:
        record(metrics)
        url = metrics.get_metrics_summary()["url"]
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own URL
            lines = answer.read().decode().splitlines()
    return [f"the scrape lacks: {line}" for line in EXPECTED if line not in lines]


def main() -> int:
    """Print every problem; return the exit status."""
    problems = [*scrape_problems(), *otlp_problems()]
    version = "{}.{}.{}".format(*sys.version_info)
    home = Path(sys.modules[ExecutorMetrics.__module__].__file__ or "").parent
    print("\n".join(problems) or f"Python {version}: recorded and scraped by {home}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
