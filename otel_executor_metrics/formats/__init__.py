"""A snapshot as JSON, CSV or OpenMetrics.

>>> from otel_executor_metrics.snapshot import Recorded, Snapshot
>>> from otel_executor_metrics.formats import to_csv
>>> print(to_csv(Snapshot({("plan", ()): Recorded(3)})).splitlines()[1])
plan,success,,3.0
"""

from otel_executor_metrics.formats.as_csv import to_csv
from otel_executor_metrics.formats.as_json import to_json
from otel_executor_metrics.formats.as_openmetrics import to_openmetrics

__all__ = ["to_csv", "to_json", "to_openmetrics"]
