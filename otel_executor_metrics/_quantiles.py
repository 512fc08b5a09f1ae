"""Quantiles estimated from the buckets of a histogram, as Prometheus does it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeAlias

Buckets: TypeAlias = Sequence[tuple[float, float]]
"""Upper bounds, rising, the last one +Inf; and how many observations lie at or below each."""


def histogram_quantile(quantile: float, buckets: Buckets) -> float:
    """Return the estimate of the ``quantile`` (0 to 1) of what ``buckets`` hold, or NaN.

    Within a bucket the observations are taken as evenly spread, the lowest one beginning at 0. An
    observation above the highest finite bound counts as being on it.

    Source: Prometheus's ``bucketQuantile`` (promql/quantile.go).
    """
    if len(buckets) < 2 or buckets[-1][0] != math.inf or not 0 <= quantile <= 1:
        return math.nan
    counts = [count for _, count in buckets]
    if not counts[-1] > 0:
        return math.nan
    rank = quantile * counts[-1]
    index = bisect_left(counts, rank, hi=len(counts) - 1)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    return _within(rank, (0.0, 0.0) if index == 0 else buckets[index - 1], buckets[index])


def _within(rank: float, below: tuple[float, float], bucket: tuple[float, float]) -> float:
    start, counted = below
    end, up_to = bucket
    if up_to == counted:  # the rank is 0, and the lowest bucket empty
        return math.nan
    return start + (end - start) * ((rank - counted) / (up_to - counted))
