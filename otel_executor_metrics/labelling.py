"""From labels as a caller passes them to the attributes of one operation's series."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping

from otel_executor_metrics._labels import VALUE_MAX_LENGTH, Cleaner, ValueLimit
from otel_executor_metrics._names import ERROR_TYPE, LABEL_RULE, label_name
from otel_executor_metrics.instruments import Drop

MAX_LABEL_NAMES = 32
"""Label names of one operation: a caller who makes names of data is stopped here."""

UNKNOWN = "unknown"
"""The ``error_type`` of a failure that came without one."""

_LABELS_RULE = "labels must be a mapping of names to values"
_RESERVED_RULE = "pass error_type as an argument; as a label it is reserved for failures"
_VALUE_RULE = "a label value must be a text, or something that str() can turn into one"
_NAMES_RULE = f"an operation has at most {MAX_LABEL_NAMES} label names"


class LabelPolicy:
    """Cleans and limits the labels of one operation; tells of all that it changes.

    Both methods return next to their result whether it is *exact*: nothing was dropped and no
    value became ``other``. What is exact may be remembered; the rest must be counted each time.

    Args:
        declared: label names that the limit on names must never refuse.
        clean: makes a label value of what was passed.
        limit: distinct values of one label.
        drop: counts what is dropped.
        overflow: counts a value that became ``other``, by label.
    """

    def __init__(
        self,
        declared: Iterable[str],
        *,
        clean: Cleaner,
        limit: int,
        drop: Drop,
        overflow: Callable[[str], None],
    ) -> None:
        self._clean = clean
        self._values = ValueLimit(limit, (ERROR_TYPE, *declared))
        self._drop = drop
        self._overflow = overflow
        self._lock = threading.Lock()

    def attributes(self, labels: object) -> tuple[dict[str, str], bool]:
        """Return ``labels`` as attributes; labels with an empty value are left out."""
        found: dict[str, str] = {}
        items = self._items(labels)
        exact = items is not None
        for raw_name, raw_value in items or ():
            name = self._name(raw_name, found)
            value = self._value(raw_value)
            if name is None or value is None:
                exact = False
            elif value:
                found[name] = self._admitted(name, value)
                exact &= found[name] == value
        return found, exact

    def error_type(self, raw: object) -> tuple[str, bool]:
        """Return ``raw`` as the value of ``error_type``; an empty one is ``unknown``."""
        value = self._value(raw)
        exact = value is not None
        admitted = self._admitted(ERROR_TYPE, value or UNKNOWN)
        return admitted, exact and admitted == (value or UNKNOWN)

    def _items(self, labels: object) -> list[tuple[object, object]] | None:
        # A caller's own mapping may raise anything, at any of its items.
        with contextlib.suppress(Exception):
            if not labels:
                return []
            if isinstance(labels, Mapping):
                return [(name, value) for name, value in labels.items()]
        self._drop("invalid_label", labels, _LABELS_RULE)
        return None

    def _name(self, raw: object, taken: Mapping[str, str]) -> str | None:
        name = label_name(raw)
        if name is None or name in taken:
            self._drop("invalid_label", raw, f"a label name {LABEL_RULE}, and not come twice")
            return None
        if name == ERROR_TYPE:
            self._drop("invalid_label", raw, _RESERVED_RULE)
            return None
        with self._lock:
            admitted = self._values.admit_label(name, MAX_LABEL_NAMES)
        if not admitted:
            self._drop("label_limit", raw, _NAMES_RULE)
            return None
        return name

    def _value(self, raw: object) -> str | None:
        # Not under the lock: str() runs the caller's code.
        try:
            return self._clean(raw)
        except Exception:  # a caller's own __str__ may raise anything
            self._drop("invalid_label", raw, _VALUE_RULE)
            return None

    def _admitted(self, name: str, value: str) -> str:
        with self._lock:
            admitted = self._values.admit(name, value)
        if admitted != value:
            self._overflow(name)
        return admitted

    def count_overflow(self, names: Iterable[str]) -> None:
        """Count for each of ``names`` that its value became ``other``."""
        for name in names:
            self._overflow(name)


def worth_remembering(text: object) -> bool:
    """Tell whether ``text`` may be a key of a cache of what callers passed.

    Plain strings only: among other types there are equal values with different texts (1, True),
    and a long one would make the cache large.
    """
    return type(text) is str and len(text) <= VALUE_MAX_LENGTH
