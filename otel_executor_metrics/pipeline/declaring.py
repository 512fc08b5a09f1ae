"""Instruments of one Meter, made from the catalogue's table."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.metrics import Meter

from otel_executor_metrics.catalog import Instrument
from otel_executor_metrics.pipeline.views import ExecutorViews


class Instruments:
    """The public ``add`` or ``record`` of instruments, each made when it is first asked for.

    ``views`` are ours, where the provider has them.
    """

    def __init__(self, meter: Meter, views: ExecutorViews | None) -> None:
        self.meter = meter
        self._views = views
        self._made: dict[str, Callable[..., None]] = {}

    def __call__(self, instrument: Instrument) -> Callable[..., None]:
        """Return the public call of ``instrument``, always the same."""
        known = self._made.get(instrument.key)
        if known is not None:
            return known
        name = instrument.key if self._views is None else self._views.name_of(instrument)
        created = _created(self.meter, name, instrument)
        return self._made.setdefault(instrument.key, created)


def _created(meter: Meter, name: str, instrument: Instrument) -> Callable[..., None]:
    unit, text = instrument.unit, instrument.help
    if instrument.kind == "counter":
        return meter.create_counter(name, unit, text).add
    if instrument.kind == "gauge":
        return meter.create_up_down_counter(name, unit, text).add
    return meter.create_histogram(
        name, unit, text, explicit_bucket_boundaries_advisory=instrument.buckets
    ).record
