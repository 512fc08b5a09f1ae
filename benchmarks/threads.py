"""The cases of many threads: how fast all of them together record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import ours, prometheus, sdk
from benchmarks.cases import Effort, Result
from benchmarks.floor import Floor
from benchmarks.loops import Contestant, Loop, calibrated, loop_of
from benchmarks.ours import Facade
from benchmarks.prometheus import Families
from benchmarks.timing import Sampler, interleaved
from benchmarks.work import BUCKETS, task_types

SAME = "threads, the same series"
DIFFERENT = "threads, different series"
THREADS = (1, 2, 4, 8)
WAYS = (
    ours.NAME,
    ours.BOUND,
    "floor",
    prometheus.LABELS_EACH_TIME,
    prometheus.CHILDREN_KEPT,
    sdk.NAME,
)


def of(way: str, threads: int) -> str:
    """Return the name of the contestant that records that way on so many threads."""
    return f"{way}, {threads} thread{'s' if threads > 1 else ''}"


@dataclass(frozen=True)
class ThreadsCase:
    """Threads that record into one series, or (``different``) each into its own."""

    different: bool
    threads: Sequence[int] = THREADS

    @property
    def title(self) -> str:
        """What the case is called."""
        return DIFFERENT if self.different else SAME

    def run(self, effort: Effort) -> Result:
        """Measure: nanoseconds from the first start to the last end, by records of all threads."""
        samplers = dict(self._samplers(effort.seconds))
        return Result(
            title=self.title,
            unit="ns",
            rounds=interleaved(samplers, effort.rounds),
            ours=of(ours.NAME, self.threads[-1]),
            own={of(way, count): of(ours.NAME, count) for way in WAYS for count in self.threads},
            note="Time from the first thread's start to the last one's end, divided by the records"
            " of all: one over the total throughput. The ratios are those at as many threads.",
        )

    def _samplers(self, seconds: float) -> Iterator[tuple[str, Sampler]]:
        series = task_types(self.threads[-1])
        for way, make in _makers():
            own = [make(each if self.different else series[0]) for each in series]
            loops = [loop_of(each) for each in own]
            count = calibrated(loops[0], seconds)
            for threads in self.threads:
                yield of(way, threads), together(loops[:threads], count // threads)


def together(loops: Sequence[Loop], count: int) -> Sampler:
    """Return what runs each loop ``count`` times in a thread of its own, all at once."""

    def sample() -> float:
        meet = threading.Barrier(len(loops))
        spans: list[tuple[float, float]] = []
        threads = [threading.Thread(target=_run, args=(loop, count, meet, spans)) for loop in loops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = max(end for _, end in spans) - min(start for start, _ in spans)
        return elapsed / (count * len(loops)) * 1e9

    return sample


def _run(loop: Loop, count: int, meet: threading.Barrier, spans: list[tuple[float, float]]) -> None:
    meet.wait()
    start = time.perf_counter()
    loop(count)
    spans.append((start, time.perf_counter()))


def _makers() -> Iterator[tuple[str, Callable[[str], Contestant]]]:
    """Yield for each way what makes its contestant for a task type."""
    facade, families, floor, instruments = Facade(), Families(), Floor(BUCKETS), sdk.Instruments()

    def names(task_type: str) -> dict[str, Any]:
        floor.add("execute", {"task_type": task_type})
        own = {
            "floor": floor,
            "execute_ml": facade.metrics.operation("execute", task_type=task_type),
            "latency_ml": families.latency.labels(task_type=task_type),
            "success_ml": families.success.labels(task_type=task_type),
        }
        return facade.names() | families.names() | own | {"t": task_type}

    codes = {
        ours.NAME: ours.SUCCESS,
        ours.BOUND: ours.BOUND_SUCCESS,
        "floor": ours.SUCCESS.replace("metrics.", "floor."),
        prometheus.LABELS_EACH_TIME: prometheus.SUCCESS,
        prometheus.CHILDREN_KEPT: prometheus.SUCCESS_KEPT,
    }
    for way, code in codes.items():
        yield way, lambda value, way=way, code=code: Contestant(way, code, names(value))  # type: ignore[misc]
    yield (
        sdk.NAME,
        lambda value: Contestant(sdk.NAME, sdk.SUCCESS, instruments.names() | {"t": value}),
    )
