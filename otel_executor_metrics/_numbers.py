"""Numbers as callers pass them."""

from __future__ import annotations

from otel_executor_metrics.errors import class_name

MAX_DURATION = 1e9
"""Seconds, 31 years: what is longer is a point in time, or another unit."""

MAX_AMOUNT = 1e15
"""What is more would soon make a total in which the next 1 is lost."""


def non_negative(raw: object, limit: float) -> float | None:
    """Return ``raw`` as a float from 0 to below ``limit``, or None where it is no such number.

    Text is no number, nor are bytes or a truth value (numpy's included); whatever else converts
    (int, Decimal, numpy) is one.
    """
    if type(raw) is float:
        return raw if 0.0 <= raw < limit else None
    kind = type(raw)  # isinstance would ask the object
    if issubclass(kind, (str, bool)) or class_name(kind) in ("bool", "bool_"):
        return None
    try:
        if not hasattr(kind, "__float__") and not hasattr(kind, "__index__"):
            return None  # float() would read the text in a buffer
        number = float(raw)  # type: ignore[arg-type]
    except Exception:  # a caller's own __float__ may raise anything
        return None
    return number if 0.0 <= number < limit else None
