"""A snapshot as JSON."""

from __future__ import annotations

import json
from typing import Any

from otel_executor_metrics.formats.bounds import bound_text
from otel_executor_metrics.snapshot import Key, Recorded, Snapshot


def to_json(snapshot: Snapshot) -> str:
    """Return ``snapshot`` as a JSON object, which ends with a new line.

    ``series`` is a list with ``operation``, ``labels`` and the fields of ``Recorded``; each bucket
    has its upper bound ``le`` as text, as at Prometheus, and ``count``. ``dropped`` is by reason,
    ``overflowed`` a list with ``operation``, ``label`` and ``count``.
    """
    document = {
        "series": [_series(key, recorded) for key, recorded in snapshot.series.items()],
        "dropped": dict(snapshot.dropped),
        "overflowed": [
            {"operation": operation, "label": label, "count": count}
            for (operation, label), count in snapshot.overflowed.items()
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _series(key: Key, recorded: Recorded) -> dict[str, Any]:
    operation, labels = key
    return {
        "operation": operation,
        "labels": dict(labels),
        "success": recorded.success,
        "failures": dict(recorded.failures),
        "retries": recorded.retries,
        "in_progress": recorded.in_progress,
        "lost": recorded.lost,
        "seconds": recorded.seconds,
        "buckets": [{"le": bound_text(le), "count": count} for le, count in recorded.buckets],
    }
