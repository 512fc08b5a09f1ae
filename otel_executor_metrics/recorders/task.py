"""The task that records what waits: apart, since importing asyncio takes tens of milliseconds."""

from __future__ import annotations

import asyncio
import contextlib

from otel_executor_metrics.recorders.backlog import Backlog


class DrainingTask:
    """A task of the running event loop that drains a backlog whenever it is woken."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._task = self._loop.create_task(self._run())

    @property
    def running(self) -> bool:
        """Whether it goes on; not if its event loop was closed without ending it."""
        return not (self._task.done() or self._loop.is_closed())

    def is_here(self) -> bool:
        """Tell whether it goes on in the event loop that runs, which alone may wake it."""
        try:
            return self._loop is asyncio.get_running_loop() and not self._task.done()
        except RuntimeError:  # what runs is another library's event loop
            return False

    async def begin(self) -> None:
        """Let it take its first step: cancelled before that, it would not even drain."""
        await asyncio.sleep(0)

    def wake(self) -> None:
        """Have it drain at the next turn of the event loop."""
        self._woken.set()

    def cancel(self) -> None:
        """Have it end at the next turn of its event loop; any thread may say so."""
        if self.is_here():
            self._task.cancel()
            return
        with contextlib.suppress(RuntimeError):  # closed: nothing is left to end
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def end(self) -> None:
        """Have it end, and wait for that."""
        self.cancel()
        if self.is_here():
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                self._backlog.drain()
        finally:
            self._backlog.drain()
