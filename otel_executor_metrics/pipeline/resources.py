"""What describes this process to whoever receives its metrics."""

from __future__ import annotations

import os
import uuid

from opentelemetry.sdk.resources import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    OTELResourceDetector,
    Resource,
)


def process_resource(service_name: str | None = None) -> Resource:
    """Return the resource of this process, with an identity of its own unless the user gave one.

    ``service_name`` is its ``service.name``; else what OpenTelemetry's own variables
    (``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``) say. In a Collector, two processes of one
    identity would overwrite each other's totals.
    """
    attributes = {SERVICE_NAME: service_name} if service_name else {}
    if SERVICE_INSTANCE_ID not in OTELResourceDetector().detect().attributes:
        attributes[SERVICE_INSTANCE_ID] = str(uuid.uuid4())
    return Resource.create(attributes)


def forked_resource(inherited: Resource) -> Resource:
    """Return the resource of a forked child; nothing is detected anew in the midst of a fork.

    The user's identity, where there is one, is its parent's. It stays recognisable.
    """
    given = OTELResourceDetector().detect().attributes.get(SERVICE_INSTANCE_ID)
    identity = f"{given}-{os.getpid()}" if given else str(uuid.uuid4())
    return inherited.merge(Resource({SERVICE_INSTANCE_ID: identity}))
