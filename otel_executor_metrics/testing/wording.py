"""What was recorded, compared and put into words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from otel_executor_metrics.snapshot import Recorded, Snapshot
from otel_executor_metrics.typing import Labels

_COUNTS = ("success", "failures", "retries", "in_progress", "lost", "durations", "seconds")


def texts(labels: Labels | None) -> dict[str, str]:
    """Return ``labels`` as they are exported, but for the cleaning of characters."""
    return {name: str(value) for name, value in (labels or {}).items()}


def is_nothing(recorded: Recorded) -> bool:
    """Tell whether nothing was recorded; what is in progress is not recorded yet."""
    return not (recorded.finished or recorded.retries or recorded.lost or recorded.durations)


def check_numbers(wanted: Mapping[str, Any]) -> None:
    """Check that each can be compared with what was recorded.

    Raises:
        TypeError: it cannot; names it, its value and the rule.
    """
    for name, value in wanted.items():
        by_type = name == "failures" and isinstance(value, Mapping)
        numbers = value.values() if by_type else (value,)
        if not all(isinstance(number, (int, float)) for number in numbers):
            or_by_type = ', or numbers by type, {"Timeout": 1}' if name == "failures" else ""
            raise TypeError(f"{name}={value!r}: must be a number{or_by_type}")


def differing(recorded: Recorded, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each number that is not as ``wanted``."""
    for name, value in wanted.items():
        found, expected = _comparable(name, getattr(recorded, name), value)
        if not _same(found, expected):
            yield f"{name}: {_shown(found)}, not {_shown(expected)}"


def name_of(operation: str, labels: Mapping[str, str]) -> str:
    """Return an operation with its labels, as Prometheus writes series."""
    pairs = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{operation}{{{pairs}}}" if pairs else operation


def recorded_lines(snapshot: Snapshot) -> list[str]:
    """Return a line for each operation and label set that has something, and for what was lost."""
    lines = [
        f"  {name_of(operation, dict(pairs))}: {_numbers(recorded)}"
        for (operation, pairs), recorded in snapshot.series.items()
        if _numbers(recorded)
    ]
    lines += [f"  dropped ({reason}): {n:g}" for reason, n in snapshot.dropped.items() if n]
    lines += [
        f"  label {label} of {operation} became 'other': {n:g}"
        for (operation, label), n in snapshot.overflowed.items()
        if n
    ]
    return lines or ["  nothing"]


def _comparable(name: str, found: Any, wanted: Any) -> tuple[Any, Any]:
    """Return both as they are compared: failures by type, or of all types together."""
    if name != "failures":
        return found, wanted
    if not isinstance(wanted, Mapping):
        return sum(found.values()), wanted
    return _without_zeros(found), _without_zeros(wanted)


def _without_zeros(counts: Mapping[str, float]) -> dict[str, float]:
    return {name: count for name, count in counts.items() if count}


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return bool(found == wanted)
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)


def _numbers(recorded: Recorded) -> str:
    found = {name: getattr(recorded, name) for name in _COUNTS}
    found["failures"] = _without_zeros(recorded.failures)
    return ", ".join(f"{name} {_shown(value)}" for name, value in found.items() if value)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name!r}: {count:g}' for name, count in value.items())}}}"
    return f"{value:g}"
