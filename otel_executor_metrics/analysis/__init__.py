"""Where an executor spends its time, and what goes wrong: judged from a snapshot.

>>> from otel_executor_metrics.snapshot import Recorded, Snapshot
>>> from otel_executor_metrics.analysis import analyze
>>> analyze(Snapshot({("plan", ()): Recorded(3, retries=6)})).operations[0].retry_amplification
3.0
"""

from otel_executor_metrics.analysis.analysis import (
    Analysis,
    Cardinality,
    Errors,
    Performance,
    Share,
    analyze,
)

__all__ = ["Analysis", "Cardinality", "Errors", "Performance", "Share", "analyze"]
