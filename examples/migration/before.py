"""A program for the old component, as it was written: only the import is another.

``python examples/migration/before.py``; ``after.py`` is the same program as one would write it now.
"""

import asyncio
import time
from typing import Any, Dict, List, Optional

# was: from aiecs.infrastructure.monitoring.executor_metrics import ExecutorMetrics
from otel_executor_metrics import ExecutorMetrics

metrics = ExecutorMetrics()


@metrics.with_metrics("intent")
async def parse_user_intent(user_input: str) -> Dict[str, Any]:
    await asyncio.sleep(0.01)
    return {"goal": user_input}


async def generate_task_plan(intent: Dict[str, Any]) -> List[str]:
    start_time = time.time()
    await asyncio.sleep(0.02)
    metrics.record_operation("plan", success=True, duration=time.time() - start_time)
    return [intent["goal"], "report"]


async def attempt_task(task: str, attempt: int) -> str:
    await asyncio.sleep(0.01)
    if task == "train" and attempt == 0:
        raise TimeoutError(task)
    if task == "fly":
        raise RuntimeError(task)
    return task


async def execute_task(task: str, max_retries: int = 3) -> Optional[str]:
    labels = {"task_type": task}
    start_time = time.time()
    try:
        for attempt in range(max_retries):
            try:
                metrics.record_retry("execute", attempt + 1)
                result = await attempt_task(task, attempt)
                metrics.record_operation_success("execute", labels=labels)
                return result
            except TimeoutError:
                continue
            except Exception:
                metrics.record_operation_failure("execute", "execution_error", labels=labels)
                return None
        return None
    finally:
        metrics.record_operation_latency("execute", time.time() - start_time)


async def process_user_request(user_input: str) -> List[Optional[str]]:
    intent = await parse_user_intent(user_input)
    return [await execute_task(task) for task in await generate_task_plan(intent)]


def main() -> None:
    for user_input in ("train", "fly", "read"):
        print(asyncio.run(process_user_request(user_input)))
    print(metrics.get_metrics_summary()["available_metrics"])


if __name__ == "__main__":
    main()
