"""A fork in the midst of what an integration measures: the parent ends it, the child does not."""

from __future__ import annotations

import os

import pytest

from tests.facade.programs import run_program

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# Each child leaves by SystemExit, up the stack of what measures; {begin} says what that is.
PROGRAM = """
import asyncio, os, sys
from otel_executor_metrics import ExecutorMetrics
metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")

def fork():
    child = os.fork()
    if child == 0:
        sys.exit()
    os.waitpid(child, 0)

{begin}

seen = metrics.snapshot().of("{operation}")
print(seen.success, dict(seen.failures), seen.in_progress)
"""
WAYS = {
    "http_request": """
from otel_executor_metrics.integrations.wsgi import MetricsMiddleware
def app(environ, start_response):
    fork()
    start_response("200 OK", [])
    return [b"x"]
MetricsMiddleware(app, metrics)({"REQUEST_METHOD": "GET"}, lambda *started: None)
""",
    "websocket_connection": """
from otel_executor_metrics.integrations.asgi import MetricsMiddleware
async def app(scope, receive, send):
    await send({"type": "websocket.accept"})
    fork()
async def send(message):
    pass
asyncio.run(MetricsMiddleware(app, metrics)({"type": "websocket"}, None, send))
""",
    "fetch": """
import tenacity
from otel_executor_metrics.integrations.tenacity import instrument_retrying
retrying = tenacity.Retrying()
instrument_retrying(retrying, metrics, "fetch")
retrying(fork)
""",
    "executor_task": """
from otel_executor_metrics.integrations.futures import instrumented_task
async def task():
    fork()
async def main():
    await instrumented_task(task(), metrics, "tasks")
asyncio.run(main())
""",
}


@pytest.mark.parametrize("operation", WAYS)
def test_what_began_before_a_fork_ends_in_the_parent(operation: str) -> None:
    """Once, with a success."""
    program = PROGRAM.replace("{begin}", WAYS[operation]).replace("{operation}", operation)

    done = run_program(program, {"PYTHONWARNINGS": "ignore"})

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["1.0 {} 0.0"]
