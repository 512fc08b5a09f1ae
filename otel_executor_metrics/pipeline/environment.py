"""What OpenTelemetry's own variables say, read so that nothing in them stops the program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource

from otel_executor_metrics._labels import encodable
from otel_executor_metrics.errors import show

_logger = logging.getLogger(__name__)


def resource_of(service_name: str | None) -> Resource:
    """Return the resource, in characters that every exporter can write.

    ``service_name`` is its ``service.name``; else ``OTEL_SERVICE_NAME`` and
    ``OTEL_RESOURCE_ATTRIBUTES`` say it. Bytes there that are no UTF-8 reach Python as lone
    surrogates, for which an exporter would fail at each export.
    """
    found = _created(Resource({SERVICE_NAME: service_name} if service_name else {}))
    attributes: dict[str, Any] = {
        encodable(name): _encodable(value) for name, value in found.attributes.items()
    }
    if attributes == dict(found.attributes):
        return found
    shown = show(
        {name: value for name, value in attributes.items() if "\ufffd" in f"{name}{value}"}
    )
    _logger.warning("the resource has bytes that are no UTF-8, exported as U+FFFD: %s", shown)
    return Resource(attributes, found.schema_url)


def _created(asked: Resource) -> Resource:
    try:
        return Resource.create(asked.attributes)
    except Exception as error:  # it starts a thread for each detector, where one may be left
        _logger.warning("no resource detector could run: %s", show(error))
        return OTELResourceDetector().detect().merge(asked)


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return encodable(value)
    return tuple(map(_encodable, value)) if isinstance(value, Sequence) else value
