"""The case of memory: what a label set and a series keep, in a process for each measurement."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks.children import run_python
from benchmarks.memory_child import SUBJECTS
from benchmarks.quartiles import Rounds
from benchmarks.timing import Sampler, interleaved

LABEL_SETS = 10_000


@dataclass(frozen=True)
class MemoryResult:
    """Bytes for each label set: as Python allocates them, and as the process grows by them.

    ``samples`` are those that a scrape shows for each label set.
    """

    label_sets: int
    traced: Rounds
    resident: Rounds
    samples: dict[str, float]


def memory_result(rounds: int, label_sets: int = LABEL_SETS) -> MemoryResult:
    """Measure; traced memory is the same each time, so that one round does."""
    samples: dict[str, float] = {}

    def sampler(name: str, how: str) -> Sampler:
        def sample() -> float:
            measured = _measured(name, label_sets, how)
            samples[name] = max(samples.get(name, 0.0), measured["samples"])
            return measured["bytes"]

        return sample

    traced = {name: sampler(name, "traced") for name in SUBJECTS}
    resident = {name: sampler(name, "resident") for name in SUBJECTS}
    return MemoryResult(
        label_sets,
        Rounds(interleaved(traced, 1, warm_up=0).costs),
        Rounds(interleaved(resident, rounds, warm_up=0).costs),
        samples,
    )


def _measured(name: str, label_sets: int, how: str) -> dict[str, float]:
    arguments = ["-m", "benchmarks.memory_child", name, str(label_sets), how]
    measured: dict[str, float] = json.loads(run_python(arguments).stdout)
    return measured
