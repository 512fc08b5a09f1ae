"""Bounds of buckets as Prometheus writes them."""

from __future__ import annotations

from prometheus_client.utils import floatToGoString


def bound_text(bound: float) -> str:
    """Return an upper bound as the value of the label ``le``: ``1.0``, ``+Inf``."""
    return str(floatToGoString(bound))  # type: ignore[no-untyped-call]
