"""The state of series: cells that handles write to and the SDK reads."""

from otel_executor_metrics.storage.cells import (
    BUCKETS,
    MAX,
    MIN,
    SUM,
    Block,
    Distribution,
    HistogramCell,
    SumCell,
)

__all__ = ["BUCKETS", "MAX", "MIN", "SUM", "Block", "Distribution", "HistogramCell", "SumCell"]
