"""Label values: cleaning, and the limit on how many distinct ones a label may have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from otel_executor_metrics._names import plain_text

VALUE_MAX_LENGTH = 256
OTHER = "other"
"""The value that stands for all values beyond the limit."""
ENCODABLE_RULE = "UTF-8 can encode: without lone surrogates"

LabelValues: TypeAlias = Literal["clean", "keep"]
Cleaner: TypeAlias = Callable[[object], str]

_OUTSIDE = re.compile(r"[^a-zA-Z0-9_:]", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_value(raw: object) -> str:
    """Return ``raw`` with ``_`` for what is outside [a-zA-Z0-9_:]; "" means: leave the label out.

    Source: docs/contract.md §3. Raises whatever ``str(raw)`` raises.
    """
    return _OUTSIDE.sub("_", _text(raw).strip()[:VALUE_MAX_LENGTH])


def keep_value(raw: object) -> str:
    """Return ``raw`` as UTF-8 text of at most 256 characters; "" means: leave the label out.

    Lone surrogates become U+FFFD: no exporter could encode them. Raises whatever ``str(raw)``
    raises.
    """
    text = _text(raw)[:VALUE_MAX_LENGTH]
    if not text.strip():
        return ""
    return encodable(text)


def encodable(text: str) -> str:
    """Return ``text`` with U+FFFD for each lone surrogate, which UTF-8 cannot encode."""
    return _SURROGATE.sub("\ufffd", text)


def cleaner(mode: LabelValues) -> Cleaner:
    """Return the cleaning that ``label_values=mode`` asks for."""
    return keep_value if mode == "keep" else clean_value


def _text(raw: object) -> str:
    if raw is None:
        return ""
    text = plain_text(raw)
    return str(raw) if text is None else text


class ValueLimit:
    """Admits the first ``limit`` distinct values of each label and turns the rest into OTHER.

    One for each operation; the caller holds a lock.
    """

    __slots__ = ("_limit", "_seen")

    def __init__(self, limit: int, labels: Iterable[str] = ()) -> None:
        self._limit = limit
        self._seen: dict[str, set[str]] = {label: set() for label in labels}

    def admit(self, label: str, value: str) -> str:
        """Return ``value`` if it is among the first, else OTHER."""
        seen = self._seen.setdefault(label, set())
        if value in seen:
            return value
        if len(seen) >= self._limit:
            seen.add(OTHER)  # a label that overflows has more distinct values than one that is full
            return OTHER
        seen.add(value)
        return value

    def by_distinct_values(self, labels: Iterable[str]) -> list[str]:
        """Return ``labels``, those with the most distinct values first."""
        return sorted(labels, key=lambda label: (-len(self._seen.get(label, ())), label))

    def admit_label(self, label: str, limit: int) -> bool:
        """Tell whether ``label`` may be used, given that at most ``limit`` names may."""
        return label in self._seen or len(self._seen) < limit
