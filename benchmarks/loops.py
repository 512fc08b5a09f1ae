"""Contestants: a line of code each, repeated in a loop that is compiled around it.

The line stands in the loop itself, as in ``timeit``: a function around it would cost as much as
some of the contestants do.

Costs are CPU time of this process, which nothing waits in: what else the machine does meanwhile
shows in its caches only.
"""

from __future__ import annotations

import asyncio
import itertools
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from benchmarks.timing import Sampler

UNROLLED = 10
"""Copies of the line in a loop: the loop's own cost is divided by as much."""

Loop: TypeAlias = Callable[[int], float]
"""Run the line this many times; return the seconds of CPU."""


@dataclass(frozen=True)
class Contestant:
    """A line of code that does the work of its case, and the global names that it uses."""

    name: str
    code: str
    names: Mapping[str, Any] = field(repr=False)
    remark: str = ""


def loop_of(contestant: Contestant) -> Loop:
    """Return the loop around a contestant's line; it runs multiples of ``UNROLLED`` times."""
    awaits = "await " in contestant.code
    names = dict(contestant.names)
    exec(_source(contestant.code, awaits), names)  # noqa: S102 - lines of this package alone
    run = names["loop"]

    def loop(count: int) -> float:
        repeats = itertools.repeat(None, -(-count // UNROLLED))
        elapsed = run(repeats, time.process_time)
        return float(asyncio.run(elapsed) if awaits else elapsed)

    return loop


def _source(code: str, awaits: bool) -> str:
    body = textwrap.indent("\n".join([code] * UNROLLED), " " * 8)
    return f"""\
{"async " if awaits else ""}def loop(repeats, clock):
    start = clock()
    for _ in repeats:
{body}
    return clock() - start
"""


def sampler(contestant: Contestant, seconds: float) -> Sampler:
    """Return what takes samples of about ``seconds`` each; costs are nanoseconds a line."""
    loop = loop_of(contestant)
    count = calibrated(loop, seconds)
    return lambda: loop(count) / count * 1e9


def calibrated(loop: Loop, seconds: float) -> int:
    """Return how many times the line runs in ``seconds``, a multiple of ``UNROLLED``."""
    count = UNROLLED
    while (elapsed := loop(count)) < seconds / 4:
        count *= 4
    return max(UNROLLED, round(count * seconds / elapsed / UNROLLED) * UNROLLED)
