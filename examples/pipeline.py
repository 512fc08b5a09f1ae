"""Intent, plan, execute: a small service, measured from end to end.

``python examples/pipeline.py`` answers requests until Ctrl-C, and serves its metrics at :8001;
``--requests 20`` ends by itself and shows what was counted.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import cycle, islice

from otel_executor_metrics import BUILTIN_OPERATIONS, ExecutorMetrics

# What users write is without bound; what becomes a label is one of these.
TASK_TYPES = ("collect", "analyse", "report")
INTENT, PLAN, EXECUTE = BUILTIN_OPERATIONS
OPERATIONS = (
    replace(INTENT, error_types=("UnknownTaskError",)),
    replace(PLAN, error_types=("ImpossiblePlanError",)),
    # With its values listed, each series is there at 0 before its first event.
    replace(EXECUTE, label_values={"task_type": TASK_TYPES}, error_types=("BusyError",)),
)
ATTEMPTS = 3
SHOWN = "&".join(
    f"name[]={operation.name}_{what}_total"
    for operation in OPERATIONS
    for what in ("success", "failures", "retries")
)


class UnknownTaskError(Exception):
    """A request asks for what nobody can do."""


class ImpossiblePlanError(Exception):
    """Steps are asked for that cannot follow each other."""


class BusyError(Exception):
    """What a step needs is busy; another attempt may get it."""


@dataclass(frozen=True)
class Step:
    """One task: what to do, and with what."""

    task_type: str
    subject: str


class DSLProcessor:
    """Understands ``collect sales; report sales``, and makes a plan of it."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self._metrics = metrics

    def parse(self, text: str) -> list[Step]:
        """Return the steps that a request asks for."""
        with self._metrics.measure("intent"):
            return [self._step(part) for part in text.split(";")]

    def plan(self, steps: list[Step]) -> list[Step]:
        """Return the steps in the order of their execution."""
        with self._metrics.measure("plan"):
            collected = {step.subject for step in steps if step.task_type == "collect"}
            for step in steps:
                if step.subject not in collected:
                    raise ImpossiblePlanError(f"nobody collects {step.subject}")
            return sorted(steps, key=lambda step: TASK_TYPES.index(step.task_type))

    def _step(self, part: str) -> Step:
        task_type, _, subject = part.strip().partition(" ")
        if task_type not in TASK_TYPES:
            raise UnknownTaskError(task_type)
        return Step(task_type, subject)


class TaskService:
    """Executes steps, some more than once."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self._metrics = metrics

    async def execute(self, step: Step) -> str:
        """Return what a step yields; all its attempts together are one operation."""
        labels = {"task_type": step.task_type}
        async with self._metrics.measure("execute", labels):
            attempt = 1
            while True:
                try:
                    return await _work(step, attempt)
                except BusyError:
                    if attempt == ATTEMPTS:
                        raise
                attempt += 1
                self._metrics.record_retry("execute", attempt, labels)


async def _work(step: Step, attempt: int) -> str:
    await asyncio.sleep(0.01 * (1 + TASK_TYPES.index(step.task_type)))
    if step.subject == "archive" or (step.subject == "stock" and attempt == 1):
        raise BusyError(step.subject)
    return f"{step.task_type} {step.subject}: done"


class Service:
    """The whole way of a request."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self._processor = DSLProcessor(metrics)
        self._tasks = TaskService(metrics)

    async def handle(self, text: str) -> list[str]:
        """Return the results of a request's steps; an error of any stage goes to the caller."""
        steps = self._processor.plan(self._processor.parse(text))
        return [await self._tasks.execute(step) for step in steps]


REQUESTS = (
    "collect sales; report sales",
    "report stock; analyse stock; collect stock",  # each step is busy at first
    "collect archive",  # always busy: fails in `execute`
    "report costs",  # nobody collects them: fails in `plan`
    "sing a song",  # fails in `intent`
)


async def client(service: Service, requests: Iterator[str]) -> None:
    """Send requests one after the other until there are none."""
    for text in requests:
        try:
            await service.handle(text)
        except (UnknownTaskError, ImpossiblePlanError, BusyError):
            continue  # a real service answers with an error; it is counted already


async def serve(metrics: ExecutorMetrics, requests: int | None, clients: int = 4) -> None:
    """Let clients send so many requests in all, without end if None."""
    service = Service(metrics)
    shared = islice(cycle(REQUESTS), requests)
    await asyncio.gather(*(client(service, shared) for _ in range(clients)))


def main() -> None:
    """Run the service."""
    parser = argparse.ArgumentParser(description="Intent, plan, execute: a small service.")
    parser.add_argument("--requests", type=int, help="end after so many")
    arguments = parser.parse_args()
    with ExecutorMetrics(operations=OPERATIONS, include_builtin=False) as metrics:
        print("scrape", metrics.get_metrics_summary()["url"], flush=True)
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(metrics, arguments.requests))
        print(metrics.scrape(query=SHOWN).body.decode())


if __name__ == "__main__":
    main()
