"""Labels from OpenTelemetry's baggage, by an allow-list."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from otel_executor_metrics._labels import cleaner
from otel_executor_metrics.catalog import Catalog
from otel_executor_metrics.config import Settings
from otel_executor_metrics.labelling import Items, items_of
from otel_executor_metrics.measurement import Measurement
from otel_executor_metrics.recorder import Recorder, had_again
from otel_executor_metrics.roads import Road
from otel_executor_metrics.typing import Lock, OperationHandle


def recorder_of(settings: Settings, catalog: Catalog, road: Road, lock: Lock) -> Recorder:
    """Return the recorder that ``settings`` ask for."""
    options: dict[str, Any] = {
        "lock": lock,
        "clean": cleaner(settings.label_values),
        "max_label_values": settings.max_label_values,
        "max_label_sets": settings.max_label_sets,
        "max_operations": None if settings.strict else settings.max_operations,
    }
    if settings.baggage_labels is None:
        return Recorder(catalog, road, **options)
    return BaggageRecorder(catalog, road, settings.baggage_labels, **options)


class BaggageRecorder(Recorder):
    """Gives each call, as further labels, what the current baggage holds under ``names``.

    A label that the caller gives stands, whatever its value. Handles have the labels that they were
    bound with: they are kept, and the baggage of later calls is another.

    What callers pass does not say what is to be recorded, so that nothing is found under it in
    ``remembered``: each call comes to :meth:`bind`, which looks up the completed labels.
    """

    def __init__(
        self, catalog: Catalog, road: Road, names: tuple[str, ...], **options: Any
    ) -> None:
        from opentelemetry import baggage  # which others need not wait for at their start

        super().__init__(catalog, road, **options)
        self._current = baggage.get_all
        self._names = names
        self.remembered = MappingProxyType({})

    def bind(self, operation: object, labels: object, items: Items | None) -> OperationHandle:
        """Return the handles of ``labels`` and baggage."""
        completed = self._completed(had_again(items, labels))
        try:
            return self._memory[operation][completed]  # type: ignore[index]
        except Exception:  # not seen before, or nothing that can be looked up
            return super().bind(operation, labels, completed)

    def handle(self, operation: object, labels: Any = None) -> OperationHandle:
        """Return the handles of ``operation`` with ``labels`` alone. Never raises."""
        return self._bound(super().bind, operation, labels, items_of(labels))

    def measure(self, operation: object, labels: object) -> Callable[[], Measurement]:
        """Return what makes a measurement, with the baggage of the time when it is made."""
        return lambda: Measurement(self.find(operation, labels))

    def _completed(self, items: Items | None) -> Items | None:
        held = self._current()
        if not held or items is None:
            return items
        try:
            given = {name for name, _ in items}
        except Exception:  # an item may be no pair, and raise anything
            return items
        return (*items, *((n, held[n]) for n in self._names if n in held and n not in given))
