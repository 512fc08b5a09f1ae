"""Numbers as callers pass them."""

from __future__ import annotations

from math import inf


def non_negative(raw: object) -> float | None:
    """Return ``raw`` as a finite float of at least 0, or None where it is no such number.

    Text is no number, nor is a truth value; whatever else converts (int, Decimal, numpy) is one.
    """
    if type(raw) is float:
        return raw if 0.0 <= raw < inf else None
    if issubclass(type(raw), (str, bytes, bytearray, bool)):  # isinstance would ask the object
        return None
    try:
        number = float(raw)  # type: ignore[arg-type]
    except Exception:  # a caller's own __float__ may raise anything
        return None
    return number if 0.0 <= number < inf else None
