"""One measurement of memory, in a process of its own: ``python -m benchmarks.memory_child``.

Arguments: whose (a key of SUBJECTS), the number of label sets, and ``traced`` or ``resident``.
Prints JSON: bytes by label sets, and the samples that a scrape shows for each label set.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from prometheus_client import generate_latest

from benchmarks import ours, sdk
from benchmarks.floor import Floor
from benchmarks.ours import many_label_sets, recording
from benchmarks.prometheus import Families
from benchmarks.scrapes import EQUAL, PAIR_CREATED
from benchmarks.work import BUCKETS, EXECUTE, D, task_types

FLOOR = "floor"

Subject = tuple[Callable[[str], None], Callable[[], bytes]]
"""What records a task type, and what scrapes."""


def _ours() -> Subject:
    facade = many_label_sets(operations=[EXECUTE], include_builtin=False)
    return recording(facade), facade.scrape


def _equal() -> Subject:
    families = Families()

    def record(task_type: str) -> None:
        families.touch(task_type)
        families.success.labels(task_type=task_type).inc()
        families.latency.labels(task_type=task_type).observe(D)

    return record, lambda: generate_latest(families.registry)


def _pair() -> Subject:
    families = Families()

    def record(task_type: str) -> None:
        families.success.labels(task_type=task_type).inc()
        families.latency.labels(task_type=task_type).observe(D)

    return record, lambda: generate_latest(families.registry)


def _sdk() -> Subject:
    instruments = sdk.Instruments()
    return instruments.record, lambda: generate_latest(instruments.registry)


def _floor() -> Subject:
    floor = Floor(BUCKETS)

    def record(task_type: str) -> None:
        floor.add("execute", {"task_type": task_type}).success(D)

    return record, lambda: b""


SUBJECTS: dict[str, Callable[[], Subject]] = {
    ours.NAME: _ours,
    EQUAL: _equal,
    PAIR_CREATED: _pair,
    sdk.NAME: _sdk,
    FLOOR: _floor,
}


def main() -> None:
    """Measure as the arguments say, and print."""
    whose, count, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if how == "traced":
        tracemalloc.start()
    record, scrape = SUBJECTS[whose]()
    types = task_types(count + 1)
    record(types.pop())  # what is made once for all label sets is not theirs
    used = _traced if how == "traced" else _resident
    before = used()
    for each in types:
        record(each)
    recorded = used() - before
    text = scrape() if how == "resident" else b""
    lines = sum(1 for line in text.splitlines() if line.startswith(b"execute_"))
    print(json.dumps({"bytes": recorded / count, "samples": lines / (count + 1)}))


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _resident() -> int:
    gc.collect()
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    # Elsewhere only the most that it ever was: bytes on macOS, which has no /proc.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
