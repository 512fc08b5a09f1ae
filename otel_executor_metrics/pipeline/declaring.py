"""Instruments of one Meter, made from the catalogue's table."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.metrics import Meter

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.views import ExecutorViews, view_of


class Instruments:
    """The public ``add`` or ``record`` of instruments, each made when it is first asked for.

    Where the provider has our ``views``, each instrument gets one of its own among them; with
    ``cells`` it is one whose points include readings.
    """

    def __init__(self, meter: Meter, views: ExecutorViews | None, *, cells: bool) -> None:
        self.meter = meter
        self._views = views
        self._cells = cells
        self._made: dict[str, Callable[..., None]] = {}

    def __call__(self, instrument: Instrument) -> Callable[..., None]:
        """Return the public call of ``instrument``, always the same."""
        known = self._made.get(instrument.key)
        if known is not None:
            return known
        created = _created(self.meter, instrument)
        record = self._made.setdefault(instrument.key, created)
        if record is created and self._views is not None:
            self._views.append(view_of(instrument, cells=self._cells))
        return record


def _created(meter: Meter, instrument: Instrument) -> Callable[..., None]:
    key, unit, text = instrument.key, instrument.unit, instrument.help
    if instrument.kind == "counter":
        return meter.create_counter(key, unit, text).add
    if instrument.kind == "gauge":
        return meter.create_up_down_counter(key, unit, text).add
    # The bounds are for a provider without our Views, such as a user's own.
    return meter.create_histogram(
        key, unit, text, explicit_bucket_boundaries_advisory=instrument.buckets
    ).record
