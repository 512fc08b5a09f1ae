"""Numbers as callers pass them."""

from __future__ import annotations

from math import inf

from otel_executor_metrics.errors import class_name


def non_negative(raw: object) -> float | None:
    """Return ``raw`` as a finite float of at least 0, or None where it is no such number.

    Text is no number, nor are bytes or a truth value (numpy's included); whatever else converts
    (int, Decimal, numpy) is one.
    """
    if type(raw) is float:
        return raw if 0.0 <= raw < inf else None
    kind = type(raw)  # isinstance would ask the object
    if issubclass(kind, (str, bool)) or class_name(kind) in ("bool", "bool_"):
        return None
    try:
        if not hasattr(kind, "__float__") and not hasattr(kind, "__index__"):
            return None  # float() would read the text in a buffer
        number = float(raw)  # type: ignore[arg-type]
    except Exception:  # a caller's own __float__ may raise anything
        return None
    return number if 0.0 <= number < inf else None
