"""From labels as a caller passes them to the attributes of one operation's series."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from otel_executor_metrics._labels import OTHER, VALUE_MAX_LENGTH, Cleaner, ValueLimit
from otel_executor_metrics._names import ERROR_TYPE, LABEL_RULE, label_name
from otel_executor_metrics.errors import class_name
from otel_executor_metrics.typing import UNKNOWN, Lock

MAX_LABEL_NAMES = 32
"""Label names of one operation: a caller who makes names of data is stopped here."""

_NAME_RULE = f"a label name {LABEL_RULE}, and not come twice"
_LABELS_RULE = "labels must be a mapping of names to values"
_RESERVED_RULE = "pass error_type as an argument; as a label it is reserved for failures"
_VALUE_RULE = "a label value must be a text, or something that str() can turn into one"
_NAMES_RULE = f"an operation has at most {MAX_LABEL_NAMES} label names"


Items: TypeAlias = tuple[Any, ...]
"""The items of labels as a caller passed them; of a good mapping they are pairs."""


def items_of(labels: Any) -> Items | None:
    """Return the items of ``labels``, or None where they cannot be had.

    Whatever has items will do; it may raise anything.
    """
    with contextlib.suppress(Exception):
        return tuple(labels.items()) if labels else ()
    return None


class Drop(NamedTuple):
    """What could not be taken, and why."""

    reason: str
    value: object
    rule: str


class Cleaned(NamedTuple):
    """Labels as attributes, and what had to be changed for that."""

    attributes: dict[str, str]
    drops: list[Drop]
    overflows: list[str]
    """Labels whose value became ``other``."""

    @property
    def exact(self) -> bool:
        """Whether nothing was lost, so that the same labels need no second look."""
        return not self.drops and not self.overflows


class LabelPolicy:
    """Cleans and limits the labels of one operation.

    Args:
        declared: label names that the limit on names must never refuse.
        clean: makes a label value of what was passed.
        limit: distinct values of one label.
        lock: held where limits are looked at.
    """

    def __init__(self, declared: Iterable[str], *, clean: Cleaner, limit: int, lock: Lock) -> None:
        self._clean = clean
        self._values = ValueLimit(limit, (ERROR_TYPE, *declared))
        self._lock = lock

    def labels(self, items: Items | None, labels: object) -> Cleaned:
        """Return ``items`` of ``labels`` as attributes; those with an empty value are left out."""
        cleaned = Cleaned({}, [], [])
        for raw_name, raw_value in self._pairs(items, labels, cleaned):
            name = self._name(raw_name, cleaned)
            value = self._value(raw_value, cleaned)
            if name and value:
                self._admit(name, value, cleaned)
        return cleaned

    def error_type(self, raw: object) -> Cleaned:
        """Return ``raw`` as the attribute ``error_type``; an empty one is ``unknown``.

        Of an exception, or a class of exceptions, it is the name of the class.
        """
        cleaned = Cleaned({}, [], [])
        self._admit(ERROR_TYPE, self._value(_type_of(raw), cleaned) or UNKNOWN, cleaned)
        return cleaned

    def collapsed(self, attributes: Mapping[str, str]) -> Iterator[Cleaned]:
        """Yield ``attributes`` with one label more given up each time: its value is ``other``.

        The label with the most distinct values goes first: most likely it alone is what makes the
        label sets many, and the others stay exact.
        """
        with self._lock:
            order = self._values.by_distinct_values(attributes)
        left, overflows = dict(attributes), list[str]()
        for label in order:
            if left[label] != OTHER:
                left[label] = OTHER
                overflows.append(label)
            yield Cleaned(left.copy(), [], overflows.copy())

    @staticmethod
    def _pairs(
        items: Items | None, labels: object, cleaned: Cleaned
    ) -> list[tuple[object, object]]:
        if items is not None:
            with contextlib.suppress(Exception):  # an item may be no pair, and raise anything
                return [(name, value) for name, value in items]
        cleaned.drops.append(Drop("invalid_label", labels, _LABELS_RULE))
        return []

    def _name(self, raw: object, cleaned: Cleaned) -> str | None:
        name = label_name(raw)
        if name is None or name in cleaned.attributes:
            cleaned.drops.append(Drop("invalid_label", raw, _NAME_RULE))
            return None
        if name == ERROR_TYPE:
            cleaned.drops.append(Drop("invalid_label", raw, _RESERVED_RULE))
            return None
        with self._lock:
            admitted = self._values.admit_label(name, MAX_LABEL_NAMES)
        if not admitted:
            cleaned.drops.append(Drop("label_limit", raw, _NAMES_RULE))
        return name if admitted else None

    def _value(self, raw: object, cleaned: Cleaned) -> str | None:
        # Not under the lock: str() runs the caller's code.
        try:
            return self._clean(raw)
        except Exception:  # a caller's own __str__ may raise anything
            cleaned.drops.append(Drop("invalid_label", raw, _VALUE_RULE))
            return None

    def _admit(self, name: str, value: str, cleaned: Cleaned) -> None:
        with self._lock:
            cleaned.attributes[name] = self._values.admit(name, value)
        if cleaned.attributes[name] != value:
            cleaned.overflows.append(name)


def _type_of(raw: object) -> object:
    # An exception's own text may hold anything, and differ each time.
    kind: type = raw if issubclass(type(raw), type) else type(raw)  # type: ignore[assignment]
    return class_name(kind) if issubclass(kind, BaseException) else raw


def worth_remembering(text: object) -> bool:
    """Tell whether ``text`` may be a key of a cache of what callers passed.

    Plain strings only: among other types there are equal values with different texts (1, True),
    and a long one would make the cache large.
    """
    return type(text) is str and len(text) <= VALUE_MAX_LENGTH
