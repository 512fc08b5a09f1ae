"""What one client, and all of them together, may take from the server."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from otel_executor_metrics.errors import SettingError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what clients may hold; times in seconds, counted from the accepted connection.

    ``head_timeout`` and ``total_timeout`` are totals: a byte now and then extends neither.
    A connection is closed to make room for a new one only when all ``max_connections`` are
    taken, only after ``grace``, and while its answer is sent only once nothing has moved for
    ``stall`` or it has taken five times that.

    Raises:
        SettingError: a limit is not a number above 0.
    """

    max_connections: int = 16
    max_head_bytes: int = 16_384
    head_timeout: float = 5.0
    total_timeout: float = 30.0
    grace: float = 0.25
    stall: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            whole = field.name.startswith("max_")
            if not _is_positive(value, whole=whole):
                kind = "an integer" if whole else "a number of seconds"
                raise SettingError(field.name, value, f"must be {kind} above 0")


def _is_positive(value: object, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    return 0 < value < math.inf
