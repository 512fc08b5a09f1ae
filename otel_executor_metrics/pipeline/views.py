"""The Views of our instruments: they fix names, aggregation and cardinality at the SDK.

Without them the SDK would export names in lower case, latencies as an exponential histogram where
the environment says so, and from the 2 001st label set on a point without any label.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.metrics import Counter, Histogram, UpDownCounter
from opentelemetry.sdk.metrics.view import (
    Aggregation,
    ExplicitBucketHistogramAggregation,
    SumAggregation,
    View,
)

from otel_executor_metrics.catalog import Instrument, Kind
from otel_executor_metrics.pipeline.cells import CellHistogramAggregation, CellSumAggregation

METER_NAME: Final = "otel_executor_metrics"

# The recorder bounds label sets itself, value by value; the SDK's own limit, which would drop all
# labels at once, must never be reached. The option came with SDK 1.45; before, there was no limit.
_UNLIMITED: Final[dict[str, Any]] = (
    {"aggregation_cardinality_limit": 2**31}
    if "aggregation_cardinality_limit" in inspect.signature(View).parameters
    else {}
)


# There is one View for each kind of instrument, since the SDK tries each View on each instrument:
# with one for each, a thousand operations took half a minute. The instruments whose names have
# capitals are kept apart from them by these first two characters, which no other can have.
_CASED: Final = "x/"
_NOT_CASED: Final = "?[!/]*"

_KINDS: Final[dict[Kind, Any]] = {
    "counter": Counter,
    "gauge": UpDownCounter,
    "histogram": Histogram,
}


class ExecutorViews(list[View]):
    """The Views of ``ExecutorMetrics``, for a MeterProvider of one's own.

    ``MeterProvider(metric_readers=[…], views=ExecutorViews())`` exports what the facades that get
    this provider record under the documented names and buckets, and at the full speed. Our Views
    are added when the first of them is made. Views of one's own may be there by then; if so,
    recording goes through the SDK's public calls, since no other View would see what stands in
    cells.
    """

    def __init__(self, views: Iterable[View] = ()) -> None:
        super().__init__(views)
        self.only_ours = True
        self._cells: bool | None = None
        self._cased: set[str] = set()

    def complete(self, *, cells: bool) -> None:
        """Add our Views, once; with ``cells`` series may live in cells."""
        if self._cells is None:
            self._cells = cells
            self.only_ours = not self
            self.extend(
                _view(kind, cells, instrument_type=known, instrument_name=_NOT_CASED)
                for kind, known in _KINDS.items()
            )

    def name_of(self, instrument: Instrument) -> str:
        """Return under which name ``instrument`` must be created to be exported by its key.

        The SDK exports names in lower case. One with capitals has a View that says otherwise.
        """
        key = instrument.key
        if key.islower():
            return key
        name = _CASED + key.lower()  # as the SDK keeps it; before 1.45 the View's case counted
        if key not in self._cased:
            self._cased.add(key)
            self.append(_view(instrument.kind, bool(self._cells), instrument_name=name, name=key))
        return name


def _view(kind: Kind, cells: bool, **criteria: Any) -> View:
    aggregation = _aggregation(kind, cells)
    return View(meter_name=METER_NAME, aggregation=aggregation, **criteria, **_UNLIMITED)


def _aggregation(kind: Kind, cells: bool) -> Aggregation:
    # Without boundaries a histogram has those of its instrument.
    if kind == "histogram":
        return CellHistogramAggregation() if cells else ExplicitBucketHistogramAggregation()
    return CellSumAggregation() if cells else SumAggregation()
