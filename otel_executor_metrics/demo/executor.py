"""An executor as a program of yours might have one: this is how the library is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from otel_executor_metrics.demo.script import Attempt, Request
from otel_executor_metrics.metrics import ExecutorMetrics

Work: TypeAlias = Callable[[Attempt], Awaitable[None]]
"""Does the work of an attempt, or raises."""

Watch: TypeAlias = Callable[[Attempt], Awaitable[float]]
"""Waits until the user has done something, and returns how many seconds it took."""


class Executor:
    """Understands a request, plans it and executes the plan; a failed attempt is tried again."""

    def __init__(self, metrics: ExecutorMetrics, work: Work, watch: Watch) -> None:
        self._metrics = metrics
        self._work = work
        self._watch = watch

        # 1. The decorator: latency, outcome and progress of each call. An exception counts as a
        #    failure with its class name as error_type, and goes on up.
        @metrics.with_metrics("intent")
        async def parse_intent(attempt: Attempt) -> None:
            await work(attempt)

        self._parse_intent = parse_intent

    async def handle(self, request: Request) -> None:
        """Do all that is to do for one request."""
        if not await self._tried(self._parse_intent, request.intent):
            return
        if not await self._tried(self._plan, request.plan):
            return
        await self._tried(self._execute, request.execute)

    # 2. The context manager: the same for a block of code.
    async def _plan(self, attempt: Attempt) -> None:
        async with self._metrics.measure("plan"):
            await self._work(attempt)

    # 3. Labels: each task type gets series of its own.
    async def _execute(self, attempt: Attempt) -> None:
        with self._metrics.measure("execute", labels={"task_type": attempt.labels["task_type"]}):
            await self._work(attempt)

    # 4. Retries: say which attempt it is; the first one is no retry and is not counted.
    async def _tried(
        self, step: Callable[[Attempt], Awaitable[None]], attempts: tuple[Attempt, ...]
    ) -> bool:
        for attempt in attempts:
            self._metrics.record_retry(attempt.operation, attempt.number, labels=attempt.labels)
            try:
                await step(attempt)
            except Exception:  # noqa: S112 - the metrics tell what it was; here it is tried again
                continue
            return True
        return False

    # 5. What was measured elsewhere (here: by the user's browser) is recorded as it is. No
    #    catalogue names this operation: its series come into being on first use.
    async def engage(self, engagement: Attempt) -> None:
        """Let the user do something with the answer."""
        duration = await self._watch(engagement)
        self._metrics.record_operation(
            "user_engagement", success=True, duration=duration, labels=engagement.labels
        )
