"""What a message of Celery tells of its way: when its task could have run, and by which queue."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

DUE: Final = "otel_executor_metrics_due"
"""The header with the moment from when on a task could run: seconds since 1970, in UTC.

A wall clock, since it is read on another machine.
"""


def stamp(headers: MutableMapping[str, Any] | None = None, **_: object) -> None:
    """Put the moment into a message that is about to be published.

    A message that is published again, by a retry, comes with the old one in its headers.
    """
    if headers is not None:
        headers[DUE] = max(time.time(), _eta(headers.get("eta")))


def waited(request: Any) -> float | None:
    """Return the seconds that a task has waited for its start, or None where nobody knows.

    Clocks of two machines differ: what seems to have started before it was published has not
    waited. A message that is delivered a second time waited for something else than a worker.
    """
    due: Any = getattr(request, DUE, None)
    if type(due) not in (int, float) or not 0 < due <= sys.float_info.max:
        return None
    if (request.delivery_info or {}).get("redelivered"):
        return None
    return max(0.0, time.time() - float(due))


def queue_of(app: Any, delivery_info: Mapping[str, Any] | None) -> str | None:
    """Return the name of the queue that a message came by, or None where it is not of the app.

    The routing key alone may be anything: a topic exchange takes what publishers make up.
    """
    info = delivery_info or {}
    exchange, key = info.get("exchange"), info.get("routing_key")
    if not exchange and not key:
        return None  # run where it was called
    queues = app.amqp.queues
    if not exchange:  # the default one, whose keys are names of queues
        return key if key in queues else None
    bound = [
        queue for queue in queues.values() if queue.exchange and queue.exchange.name == exchange
    ]
    exact = [queue for queue in bound if queue.routing_key == key]
    found = exact or (bound if len(bound) == 1 else [])
    # A broadcast has a queue of its own for each worker, with a new name at each start.
    return (found[0].alias or found[0].name) if found else None


def _eta(text: object) -> float:
    """Return an ETA in seconds since 1970, as Celery's worker reads it; 0 where there is none."""
    if text is None:
        return 0.0
    from celery.utils import time as celery_time

    try:
        eta = celery_time.maybe_iso8601(text)
        return float(celery_time.maybe_make_aware(eta).timestamp())
    except (AttributeError, OverflowError, TypeError, ValueError):  # the worker will refuse it
        return 0.0
