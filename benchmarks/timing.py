"""Samples taken in turn: what slows the machine for a while slows all contestants alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from benchmarks.quartiles import Rounds

Sampler: TypeAlias = Callable[[], float]
"""Take one sample; return its cost."""


def interleaved(samplers: Mapping[str, Sampler], rounds: int, *, warm_up: int = 1) -> Rounds:
    """Return ``rounds`` samples of each, one of each a round, another one first in each round.

    The samples of ``warm_up`` more rounds before are forgotten.
    """
    costs: dict[str, list[float]] = {name: [] for name in samplers}
    shares: list[float] = []
    for number in range(-warm_up, rounds):
        for name in _from(list(samplers), number):
            cost, share = _sampled(samplers[name])
            if number >= 0:
                costs[name].append(cost)
                shares.append(share)
    return Rounds(costs, shares)


def _from(names: Sequence[str], number: int) -> list[str]:
    first = number % len(names)
    return [*names[first:], *names[:first]]


def _sampled(sample: Sampler) -> tuple[float, float]:
    with _without_collector():
        wall, cpu = time.perf_counter(), time.process_time()
        cost = sample()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cost, cpu / wall


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the garbage collector out of a sample, as ``timeit`` does."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
