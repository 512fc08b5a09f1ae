"""The View of each instrument: it fixes name, buckets and cardinality at the SDK.

Without it the SDK would export names in lower case, latencies in buckets made for milliseconds
(opentelemetry-python #4527) or as an exponential histogram where the environment says so, and
from the 2 001st label set on a point without any label.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.sdk.metrics.view import (
    Aggregation,
    ExplicitBucketHistogramAggregation,
    SumAggregation,
    View,
)

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.cells import CellHistogramAggregation, CellSumAggregation

METER_NAME: Final = "otel_executor_metrics"

# The recorder bounds label sets itself, value by value; the SDK's own limit, which would drop all
# labels at once, must never be reached. The option came with SDK 1.45; before, there was no limit.
_UNLIMITED: Final[dict[str, Any]] = (
    {"aggregation_cardinality_limit": 2**31}
    if "aggregation_cardinality_limit" in inspect.signature(View).parameters
    else {}
)


class ExecutorViews(list[View]):
    """The Views of one facade, for a MeterProvider of one's own.

    ``MeterProvider(metric_readers=[…], views=ExecutorViews())`` exports what the facade that gets
    this provider records under the documented names and buckets, and at the full speed. The list
    grows with the operations; the provider reads it when an instrument is first recorded. Views
    of one's own may be among them; then recording goes through the SDK's public calls, since no
    other View would see what stands in cells.
    """

    def __init__(self, views: Iterable[View] = ()) -> None:
        super().__init__(views)
        self.only_ours = not self


def view_of(instrument: Instrument, *, cells: bool) -> View:
    """Return the View that makes the SDK export ``instrument`` as the catalogue says.

    With ``cells`` its series may live in cells.
    """
    return View(
        instrument_name=instrument.key.lower(),  # as the SDK keeps it; before 1.45 case counted
        meter_name=METER_NAME,
        name=instrument.key,
        description=instrument.help,
        aggregation=_aggregation(instrument, cells),
        **_UNLIMITED,
    )


def _aggregation(instrument: Instrument, cells: bool) -> Aggregation:
    if instrument.kind == "histogram":
        kind = CellHistogramAggregation if cells else ExplicitBucketHistogramAggregation
        return kind(boundaries=instrument.buckets)
    return CellSumAggregation() if cells else SumAggregation()
