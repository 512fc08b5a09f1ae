"""What an operation of the catalogue must satisfy. Each rule is told with the offending value."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from otel_executor_metrics._labels import ENCODABLE_RULE, encodable
from otel_executor_metrics._names import (
    ERROR_TYPE,
    LABEL_RULE,
    OPERATION_RULE,
    label_name,
    operation_name,
)
from otel_executor_metrics.errors import CatalogError

BUCKET_LIMIT = 1e6
"""From here on, pull and Collector write the same bound differently (1000000.0, 1e+06)."""

LISTED_LIMIT = 1000
"""The most label sets that one operation may list to exist from the start."""


def check_name(name: object) -> None:
    """Refuse a name that could not be exported as it stands."""
    if not isinstance(name, str) or operation_name(name) != name:
        raise CatalogError(f"operation {name!r}: its name {OPERATION_RULE}")


def checked_texts(operation: str, what: str, texts: object) -> tuple[str, ...]:
    """Return ``texts`` as a tuple, or refuse a lone string, a repetition or an empty text."""
    found = _sequence(texts)
    if found is None or not all(isinstance(text, str) and text.strip() for text in found):
        raise CatalogError(
            f"operation {operation!r}: {what}={texts!r}: must be a sequence of non-empty strings"
        )
    if len(set(found)) < len(found):
        raise CatalogError(f"operation {operation!r}: {what}={texts!r}: must not repeat a value")
    return found


def checked_labels(operation: str, labels: object) -> tuple[str, ...]:
    """Return ``labels`` as a tuple of names that Prometheus accepts."""
    found = checked_texts(operation, "labels", labels)
    for label in found:
        if label_name(label) != label:
            raise CatalogError(f"operation {operation!r}: label {label!r}: {LABEL_RULE}")
        if label == ERROR_TYPE:
            raise CatalogError(
                f"operation {operation!r}: label {label!r}: is reserved, the failures series"
                " carries it already; choose another name"
            )
    return found


def checked_buckets(operation: str, buckets: object) -> tuple[float, ...]:
    """Return ``buckets`` as rising finite floats, without a closing +Inf."""
    given = _sequence(buckets) or ()
    found = tuple(map(float, given)) if all(map(_is_bound, given)) else ()
    if found and found[-1] == math.inf:
        found = found[:-1]
    rising = all(low < high for low, high in pairwise(found))
    if not found or not rising or math.inf in found:
        raise CatalogError(
            f"operation {operation!r}: buckets={buckets!r}: must be rising upper bounds in seconds,"
            f" each above 0 and below {BUCKET_LIMIT:.0f} (+Inf is implied)"
        )
    return found


def _is_bound(value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    # Compared as it is: a long integer would not become a float.
    return 0 < value < BUCKET_LIMIT or value == math.inf


def checked_values(
    operation: str, labels: Sequence[str], values: object
) -> dict[str, tuple[str, ...]]:
    """Return the listed ``values`` by label, few enough to create them all at the start."""
    if not isinstance(values, Mapping):
        raise CatalogError(
            f"operation {operation!r}: label_values={values!r}: must map labels to their values"
        )
    found = {
        label: checked_texts(operation, f"label_values[{label!r}]", listed)
        for label, listed in values.items()
    }
    for label in found:
        if label not in labels:
            raise CatalogError(
                f"operation {operation!r}: label_values names {label!r}, which is not among its"
                f" labels {tuple(labels)!r}"
            )
    if math.prod(map(len, found.values())) > LISTED_LIMIT:
        raise CatalogError(
            f"operation {operation!r}: label_values lists more than {LISTED_LIMIT} combinations;"
            " list fewer, the others come into being on first use"
        )
    return found


def check_help(operation: str, text: object, roles: Collection[str]) -> None:
    """Refuse a help that is neither a phrase nor texts by role, or that nobody could write."""
    by_role: Mapping[Any, Any] = text if isinstance(text, Mapping) else {}
    texts: list[Any] = list(by_role.values()) if by_role is text else [text]
    if not all(role in roles for role in by_role) or not all(isinstance(t, str) for t in texts):
        raise CatalogError(
            f"operation {operation!r}: help={text!r}: must be a phrase, or texts by role"
            f" ({', '.join(roles)})"
        )
    if any(encodable(words) != words for words in texts):
        raise CatalogError(
            f"operation {operation!r}: help={text!r}: must be text that {ENCODABLE_RULE}"
        )


def _sequence(values: object) -> tuple[Any, ...] | None:
    """Return ``values`` as a tuple; None where they are one text, or cannot be iterated over."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        return None
    return tuple(values)
