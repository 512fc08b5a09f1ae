"""What describes this process to whoever receives its metrics."""

from __future__ import annotations

import os
import uuid

from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, OTELResourceDetector, Resource

from otel_executor_metrics.pipeline.environment import resource_of


def process_resource(service_name: str | None = None) -> Resource:
    """Return the resource of this process, with an identity of its own unless the user gave one.

    In a Collector, two processes of one identity would overwrite each other's totals. The SDK's,
    since 1.45, is one for all that run in this process.
    """
    found = resource_of(service_name)
    return found if _given() else found.merge(Resource({SERVICE_INSTANCE_ID: str(uuid.uuid4())}))


def forked_resource(inherited: Resource) -> Resource:
    """Return the resource of a forked child; nothing is detected anew in the midst of a fork.

    The user's identity, where there is one, is its parent's. It stays recognisable.
    """
    given = _given()
    identity = f"{given}-{os.getpid()}" if given else str(uuid.uuid4())
    return inherited.merge(Resource({SERVICE_INSTANCE_ID: identity}))


def _given() -> object:
    return OTELResourceDetector().detect().attributes.get(SERVICE_INSTANCE_ID)
