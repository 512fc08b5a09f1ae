"""The program of ``before.py``, as one would write it now: ``python examples/migration/after.py``.

What is gone: taking the time by hand, counting each outcome by hand, and the ``finally`` that must
not be forgotten. What is new: failures by class, cancellation counted, work in progress, latency by
task type, and series of each task type that are at 0 before the first event.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from otel_executor_metrics import BUILTIN_OPERATIONS, ExecutorMetrics

INTENT, PLAN, EXECUTE = BUILTIN_OPERATIONS
TASKS = ("train", "fly", "read", "report")
LISTED = replace(
    EXECUTE,
    label_values={"task_type": TASKS},
    error_types=("TimeoutError", "RuntimeError"),
)

metrics = ExecutorMetrics(operations=[INTENT, PLAN, LISTED], include_builtin=False)


@metrics.with_metrics("intent")
async def parse_user_intent(user_input: str) -> str:
    """Return what the user wants."""
    await asyncio.sleep(0.01)
    return user_input


@metrics.with_metrics("plan")
async def generate_task_plan(goal: str) -> list[str]:
    """Return the tasks that lead to a goal."""
    await asyncio.sleep(0.02)
    return [goal, "report"]


async def attempt_task(task: str, attempt: int) -> str:
    """Try once."""
    await asyncio.sleep(0.01)
    if task == "train" and attempt == 1:
        raise TimeoutError(task)
    if task == "fly":
        raise RuntimeError(task)
    return task


async def execute_task(task: str, attempts: int = 3) -> str:
    """Return the result of a task, after some attempts if need be."""
    labels = {"task_type": task}
    async with metrics.measure("execute", labels):
        for attempt in range(1, attempts):
            try:
                return await attempt_task(task, attempt)
            except TimeoutError:
                metrics.record_retry("execute", attempt + 1, labels)
        return await attempt_task(task, attempts)


async def process_user_request(user_input: str) -> list[str | None]:
    """Return what each task of a request yields; None where it failed."""
    results: list[str | None] = []
    for task in await generate_task_plan(await parse_user_intent(user_input)):
        try:
            results.append(await execute_task(task))
        except RuntimeError:
            results.append(None)
    return results


def main() -> None:
    """Process some requests."""
    for user_input in ("train", "fly", "read"):
        print(asyncio.run(process_user_request(user_input)))
    print(metrics.get_metrics_summary()["available_metrics"])


if __name__ == "__main__":
    main()
