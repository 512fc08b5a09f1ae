"""Quantiles are estimated as Prometheus does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics import DEFAULT_BUCKETS
from otel_executor_metrics._quantiles import histogram_quantile
from otel_executor_metrics.demo.truth import SeriesTruth

INF = math.inf
EDGES = (0.0, *DEFAULT_BUCKETS, INF)


@pytest.mark.parametrize(
    ("quantile", "buckets", "expected"),
    [
        # By hand, from the formula of bucketQuantile in Prometheus's promql/quantile.go.
        (0.2, [(0.1, 50), (0.2, 70), (1.0, 110), (INF, 110)], 0.1 * (22 / 50)),
        (0.5, [(0.1, 50), (0.2, 70), (1.0, 110), (INF, 110)], 0.125),
        (0.8, [(0.1, 50), (0.2, 70), (1.0, 110), (INF, 110)], 0.2 + 0.8 * (18 / 40)),
        (0.5, [(1.0, 10), (INF, 10)], 0.5),
        (0.95, [(1.0, 100), (INF, 100)], 0.95),
        (1.0, [(1.0, 4), (2.0, 8), (INF, 8)], 2.0),
        (0.0, [(1.0, 4), (2.0, 8), (INF, 8)], 0.0),
        (0.5, [(1.0, 0), (2.0, 0), (4.0, 10), (INF, 10)], 3.0),
        (0.99, [(1.0, 10), (2.0, 20), (INF, 100)], 2.0),
        (0.5, [(1.0, 0), (INF, 10)], 1.0),
    ],
)
def test_known_values(quantile: float, buckets: list[tuple[float, float]], expected: float) -> None:
    """Worked examples come out."""
    assert histogram_quantile(quantile, buckets) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("quantile", "buckets"),
    [
        (0.5, []),
        (0.5, [(INF, 10)]),
        (0.5, [(1.0, 10), (2.0, 10)]),
        (0.5, [(1.0, 0), (INF, 0)]),
        (0.0, [(1.0, 0), (2.0, 5), (INF, 5)]),
        (-0.1, [(1.0, 5), (INF, 5)]),
        (1.1, [(1.0, 5), (INF, 5)]),
        (math.nan, [(1.0, 5), (INF, 5)]),
    ],
)
def test_no_value(quantile: float, buckets: list[tuple[float, float]]) -> None:
    """Where there is nothing to estimate from, the answer is NaN."""
    assert math.isnan(histogram_quantile(quantile, buckets))


@given(
    durations=st.lists(st.floats(0.0001, 20.0), min_size=1, max_size=200),
    quantile=st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)
def test_estimate_lies_in_the_bucket_of_the_quantile(
    durations: list[float], quantile: float
) -> None:
    """Whatever the durations, the estimate is within the bucket that holds the true quantile."""
    truth = SeriesTruth(durations=durations)
    counts = truth.bucket_counts(DEFAULT_BUCKETS)

    estimate = histogram_quantile(quantile, list(zip(EDGES[1:], counts, strict=True)))

    low, high = truth.quantile_bucket(quantile, DEFAULT_BUCKETS)
    assert low <= estimate <= high
    assert estimate <= DEFAULT_BUCKETS[-1]


@given(st.lists(st.floats(0.0001, 20.0), min_size=1, max_size=200))
def test_estimates_rise_with_the_quantile(durations: list[float]) -> None:
    """A higher quantile is never estimated lower."""
    counts = SeriesTruth(durations=durations).bucket_counts(DEFAULT_BUCKETS)
    buckets = list(zip(EDGES[1:], counts, strict=True))

    estimates = [histogram_quantile(quantile / 20, buckets) for quantile in range(1, 21)]

    assert estimates == sorted(estimates)


@given(st.lists(st.floats(0.0, 20.0), max_size=100))
def test_bucket_counts_are_cumulative(durations: list[float]) -> None:
    """A bucket counts what is at or below its bound, as Prometheus's ``le`` says."""
    counts = SeriesTruth(durations=durations).bucket_counts(DEFAULT_BUCKETS)

    assert counts == [sum(d <= bound for d in durations) for bound in EDGES[1:]]
