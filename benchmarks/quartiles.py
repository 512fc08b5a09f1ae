"""Medians with their spread, and the ratios that the bars are made of."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Quartiles:
    """The median of a sample and the quartiles around it."""

    median: float
    low: float
    high: float


def quartiles(values: Sequence[float]) -> Quartiles:
    """Return the quartiles of ``values``; a single value is all three.

    Raises:
        ValueError: there is no value.
    """
    if not values:
        raise ValueError("quartiles of nothing: at least one value is needed")
    if len(values) == 1:
        return Quartiles(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Quartiles(median, low, high)


@dataclass(frozen=True)
class Rounds:
    """What each contestant cost in each round, in one unit for all.

    ``shares`` are the parts of a CPU that the samples got: 1.0 means undisturbed.
    """

    costs: Mapping[str, Sequence[float]]
    shares: Sequence[float] = ()

    def cost(self, name: str) -> Quartiles:
        """Return the quartiles of what ``name`` cost."""
        return quartiles(self.costs[name])

    def ratio(self, name: str, to: str) -> Quartiles:
        """Return the quartiles of cost over cost within a round, never across rounds."""
        pairs = zip(self.costs[name], self.costs[to], strict=True)
        return quartiles([cost / other for cost, other in pairs])
