"""A workload for an executor: at its own pace, or all at once."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

from otel_executor_metrics.demo.executor import Executor
from otel_executor_metrics.demo.incident import Incident
from otel_executor_metrics.demo.script import Attempt, Request, Script
from otel_executor_metrics.demo.truth import Truth
from otel_executor_metrics.metrics import ExecutorMetrics

MOST_BEHIND = 1.0
"""Seconds of requests that are made up for after a pause of the process; older ones are not."""


class Workload:
    """Requests of users, of which ``truth`` holds exactly what became.

    :meth:`feed` records drawn durations without waiting; :meth:`run` works in real time and lets
    the library measure. The same seed draws the same requests.

    Args:
        metrics: what is recorded with.
        seed: of the requests; None for another workload each time.
        keep_durations: False where the workload may run for days; see ``Truth``.
        incident: when :meth:`run` is in trouble, if ever.
    """

    def __init__(
        self,
        metrics: ExecutorMetrics,
        *,
        seed: int | None = None,
        keep_durations: bool = True,
        incident: Incident | None = None,
    ) -> None:
        self.truth = Truth(keep_durations=keep_durations)
        self.requests = 0
        self._metrics = metrics
        self._incident = incident
        self._script = Script(seed)
        self._executor = Executor(metrics, self._work, self._watch)

    def feed(self, requests: int) -> None:
        """Record ``requests`` requests at once, with the durations that they would take.

        Every duration is passed to ``record_operation``, so that the truth is exact to the bucket.
        """
        for _ in range(requests):
            for attempt in self._next_request(0.0).attempts:
                self._record(attempt)

    async def run(
        self, stop: asyncio.Event, *, rate: float, workers: int = 256, grace: float = 1.0
    ) -> None:
        """Handle ``rate`` requests a second until ``stop`` is set, in real time.

        At most ``workers`` are handled at a time; where they are too few, the rate is lower. When
        it stops, what is in progress has ``grace`` seconds to finish; the rest is cancelled, and
        counts as such.
        """
        room = asyncio.Semaphore(workers)
        stopping = asyncio.ensure_future(stop.wait())
        tasks: set[asyncio.Task[None]] = set()
        start = due = time.monotonic()
        try:
            while await _has_room(room, stopping):
                request = self._next_request(time.monotonic() - start)
                task = asyncio.create_task(self._handle(request, room))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                due = max(due + self._script.next_gap(rate), time.monotonic() - MOST_BEHIND)
                await asyncio.wait([stopping], timeout=max(0.0, due - time.monotonic()))
        finally:
            stopping.cancel()
            await _end(tasks, grace)

    def _next_request(self, elapsed: float) -> Request:
        self.requests += 1
        in_incident = self._incident is not None and self._incident.is_on(elapsed)
        return self._script.next_request(in_incident=in_incident)

    def _record(self, attempt: Attempt) -> None:
        failed = attempt.error is not None
        error_type = attempt.error.__name__ if attempt.error else "unknown"
        self._metrics.record_retry(attempt.operation, attempt.number, labels=attempt.labels)
        self._metrics.record_operation(
            attempt.operation,
            success=not failed,
            duration=attempt.duration,
            labels=attempt.labels,
            error_type=error_type,
        )
        self.truth.started(attempt.operation, attempt.number, attempt.labels)
        self.truth.ended(
            attempt.operation,
            attempt.labels,
            error_type=error_type if failed else None,
            duration=attempt.duration,
        )

    async def _handle(self, request: Request, room: asyncio.Semaphore) -> None:
        try:
            await self._executor.handle(request)
        finally:
            room.release()
        if request.engagement is not None:
            await self._executor.engage(request.engagement)

    async def _work(self, attempt: Attempt) -> None:
        """Take the time that the script says, then fail if it says so."""
        self.truth.started(attempt.operation, attempt.number, attempt.labels)
        try:
            await asyncio.sleep(attempt.duration)
            if attempt.error is not None:
                raise attempt.error(f"attempt {attempt.number} of {attempt.operation}")
        except BaseException as error:  # cancellation is an outcome as well
            error_type = type(error).__name__
            self.truth.ended(attempt.operation, attempt.labels, error_type=error_type)
            raise
        self.truth.ended(attempt.operation, attempt.labels)

    async def _watch(self, engagement: Attempt) -> float:
        start = time.perf_counter()
        await asyncio.sleep(engagement.duration)
        duration = time.perf_counter() - start
        self.truth.ended(engagement.operation, engagement.labels, duration=duration)
        return duration


async def _has_room(room: asyncio.Semaphore, stopping: asyncio.Future[Literal[True]]) -> bool:
    """Take a place in ``room`` as soon as one is free; False once it is time to stop."""
    taking = asyncio.ensure_future(room.acquire())
    await asyncio.wait([taking, stopping], return_when=asyncio.FIRST_COMPLETED)
    if stopping.done():
        taking.cancel()
    return not stopping.done()


async def _end(tasks: set[asyncio.Task[None]], grace: float) -> None:
    """Give ``tasks`` time to finish; cancel those that do not."""
    if not tasks:
        return
    _, late = await asyncio.wait(list(tasks), timeout=grace)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
