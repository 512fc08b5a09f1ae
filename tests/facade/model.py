"""What the contract says must come of calls, in plain Python: the ground truth of totals.

Written from contract §1 to §3, without a look at the package: names and values are cleaned here
anew.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from otel_executor_metrics import DEFAULT_BUCKETS, Operation
from tests.facade.scraping import LabelSet, Scrape

Series = tuple[str, LabelSet]

UNKNOWN_REASON = "unknown reason"
"""Drops whose reason the contract leaves open: objects that raise when they are looked at."""

UNTIMED = None
"""The duration of what was measured and not told."""


def _is_text(raw: object) -> bool:
    return issubclass(type(raw), str)


def operation_name(raw: Any) -> str | None:
    """Return the name under which an operation is recorded (§3)."""
    if not _is_text(raw) or not raw.strip() or len(raw) > 128:
        return None
    name = re.sub(r"[^a-zA-Z0-9_]", "_", raw)
    name = name if re.match(r"[a-zA-Z]", name) else f"op_{name}"
    return re.sub(r"_+", "_", name).rstrip("_")


def number(raw: Any) -> float | None:
    """Return a duration as a number, or None where it is none (§3)."""
    if type(raw) not in (int, float):
        return None
    return float(raw) if 0 <= raw < math.inf and raw < 1e308 else None


@dataclass
class Model:
    """The totals that are due after the calls so far.

    Attributes:
        keep: whether label values are kept instead of cleaned.
        max_values: distinct values of one label of one operation.
    """

    keep: bool = False
    max_values: int = 200
    counters: Counter[Series] = field(default_factory=Counter)
    durations: dict[Series, list[float | None]] = field(default_factory=lambda: defaultdict(list))
    dropped: Counter[str] = field(default_factory=Counter)
    overflows: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: int = 0
    _spelling: dict[str, str] = field(default_factory=dict)
    _values: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def record_operation(
        self,
        operation: Any,
        success: Any = True,
        duration: Any = None,
        labels: Any = None,
        error_type: Any = "unknown",
    ) -> None:
        """An outcome and, if there is one, a latency."""
        self.calls += 1
        found = self._series(operation, labels)
        if found is None:
            return
        name, attributes = found
        self._outcome(name, attributes, success=success, error_type=error_type)
        if duration is not None:
            self._observe(name, attributes, duration)

    def record_latency(self, operation: Any, duration: Any, labels: Any = None) -> None:
        """A latency alone."""
        self.calls += 1
        found = self._series(operation, labels)
        if found is not None:
            self._observe(*found, duration)

    def record_retry(self, operation: Any, attempt: Any, labels: Any = None) -> None:
        """A retry, if the attempt is above the first."""
        self.calls += 1
        found = self._series(operation, labels)
        if found is None:
            return
        attempts = number(attempt)
        if attempts is None:
            self.dropped["invalid_value"] += 1
        elif attempts > 1:
            self.counters[f"{found[0]}_retries_total", frozenset(found[1].items())] += 1

    def measured(self, operation: Any, labels: Any = None, error: str | None = None) -> None:
        """A body that was measured; ``error`` is the class of what it raised."""
        self.calls += 1
        found = self._series(operation, labels)
        if found is None:
            return
        self._outcome(*found, success=error is None, error_type=error)
        name, attributes = found
        self.durations[f"{name}_latency_seconds", frozenset(attributes.items())].append(UNTIMED)

    def unreadable(self) -> None:
        """A call of which nothing can be told but that it is one drop."""
        self.calls += 1
        self.dropped[UNKNOWN_REASON] += 1

    def _outcome(
        self, name: str, attributes: dict[str, str], *, success: Any, error_type: Any
    ) -> None:
        if success:
            self.counters[f"{name}_success_total", frozenset(attributes.items())] += 1
            return
        text = self._text(error_type)
        if text is None:
            self.dropped["invalid_label"] += 1
        text = self._admitted(name, "error_type", text or "unknown")
        labels = {**attributes, "error_type": text}
        self.counters[f"{name}_failures_total", frozenset(labels.items())] += 1

    def _observe(self, name: str, attributes: dict[str, str], duration: Any) -> None:
        seconds = number(duration)
        if seconds is None:
            self.dropped["invalid_value"] += 1
            return
        self.durations[f"{name}_latency_seconds", frozenset(attributes.items())].append(seconds)

    def _series(self, operation: Any, labels: Any) -> tuple[str, dict[str, str]] | None:
        name = operation_name(operation)
        if name is None:
            self.dropped["invalid_operation"] += 1
            return None
        name = self._spelling.setdefault(name.lower(), name)
        return name, self._attributes(name, labels)

    def _attributes(self, operation: str, labels: Any) -> dict[str, str]:
        if labels is None:
            return {}
        if not isinstance(labels, dict) or type(labels) is not dict:
            self.dropped["invalid_label"] += 1
            return {}
        found: dict[str, str] = {}
        for raw, value in labels.items():
            self._add_label(operation, found, raw, value)
        return found

    def _add_label(self, operation: str, found: dict[str, str], raw: Any, value: Any) -> None:
        text = self._text(value)
        valid = _is_text(raw) and re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", raw, re.ASCII)
        name = re.sub(r"_+", "_", raw) if valid else ""
        bad_name = not valid or raw.startswith("__") or name in {"le", "error_type", *found}
        self.dropped["invalid_label"] += int(bad_name) + int(text is None)
        if text and not bad_name:
            found[name] = self._admitted(operation, name, text)

    def _text(self, value: Any) -> str | None:
        """Return a value as recorded; "" for none, None where it cannot be read."""
        if value is None:
            return ""
        try:
            text = str.__str__(value) if _is_text(value) else str(value)
        except Exception:
            return None
        if not text.strip():
            return ""
        if self.keep:
            return text[:256]
        return re.sub(r"[^a-zA-Z0-9_:]", "_", text.strip()[:256])

    def _admitted(self, operation: str, label: str, value: str) -> str:
        seen = self._values[operation, label]
        if value in seen or len(seen) < self.max_values:
            seen.add(value)
            return value
        self.overflows[operation, label] += 1
        return "other"

    def expect(self, seen: Scrape, operations: set[str] | None = None) -> None:
        """Check that a scrape shows exactly these totals (of ``operations`` alone, if given)."""
        for kind in ("success_total", "failures_total", "retries_total"):
            expected = {key: n for key, n in self.counters.items() if key[0].endswith(kind)}
            _expect_same(_moved(seen, kind, operations), _of(expected, operations))
        counts = {(f"{name}_count", ls): len(all_) for (name, ls), all_ in self.durations.items()}
        _expect_same(_moved(seen, "_latency_seconds_count", operations), _of(counts, operations))
        for (name, labels), durations in _of(self.durations, operations).items():
            self._expect_histogram(seen, name, dict(labels), durations)
        assert set(_moved(seen, "_in_progress", operations).values()) <= {0}

    def expect_drops(self, seen: Scrape) -> None:
        """Check that a scrape shows exactly these drops, and each value that became ``other``."""
        shown, known = seen.dropped(), self.dropped
        assert sum(shown.values()) == sum(known.values()), (shown, known)
        for reason, count in known.items():
            if reason != UNKNOWN_REASON:
                assert shown.get(reason, 0) >= count, (shown, known)
        if not known[UNKNOWN_REASON]:
            assert shown == {reason: count for reason, count in known.items() if count}

    def _expect_histogram(
        self, seen: Scrape, name: str, labels: Mapping[str, str], durations: list[float | None]
    ) -> None:
        if UNTIMED in durations:
            return
        told = [d for d in durations if d is not None]
        found = seen.histogram(name, **labels)
        assert found.sum == pytest.approx(math.fsum(told), rel=1e-9)
        counts = Counter(bisect_left(DEFAULT_BUCKETS, d) for d in told)
        running = 0
        for index, bound in enumerate([*DEFAULT_BUCKETS, math.inf]):
            running += counts[index]
            assert found.buckets[bound] == running


def _expect_same(shown: Mapping[Series, float], due: Mapping[Series, float]) -> None:
    different = {
        key: (shown.get(key, 0), due.get(key, 0))
        for key in {*shown, *due}
        if shown.get(key, 0) != due.get(key, 0)
    }
    assert not different, f"series: (shown, due): {list(different.items())[:5]}"


def _moved(seen: Scrape, suffix: str, operations: set[str] | None) -> dict[Series, float]:
    found = {key: v for key, v in seen.samples.items() if key[0].endswith(suffix) and v}
    return {
        key: value
        for key, value in _of(found, operations).items()
        if not key[0].startswith("executor_metrics_")
    }


def _of(found: Mapping[Series, Any], operations: set[str] | None) -> dict[Series, Any]:
    """Return what belongs to ``operations`` (None: all)."""
    if operations is None:
        return dict(found)
    roles = (made.exported.removeprefix("x_") for made in Operation("x").instruments.values())
    names = "|".join(map(re.escape, operations))
    pattern = re.compile(rf"({names})_({'|'.join(roles)}).*")
    return {key: value for key, value in found.items() if pattern.fullmatch(key[0])}
