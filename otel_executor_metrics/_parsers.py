"""How the values of settings are read, from arguments and from the environment alike.

Each parser raises ``ValueError`` with the rule as its text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from os import PathLike

from otel_executor_metrics._labels import ENCODABLE_RULE, encodable
from otel_executor_metrics._names import ERROR_TYPE, LABEL_RULE, label_name

LONGEST = 31_536_000.0
"""Seconds, a year: longer times are cut to it, since no lock could wait for them."""

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


def boolean(value: object) -> bool:
    """Read a truth value."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("must be true or false (or 1/0, yes/no, on/off)")
    return word in _TRUE


def whole(low: int, high: int) -> Callable[[object], int]:
    """Return a parser of integers from ``low`` to ``high``, as numbers or as text."""

    def parse(value: object) -> int:
        rule = f"must be an integer from {low} to {high}"
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError(rule)
        try:
            number = int(value)
        except ValueError:
            raise ValueError(rule) from None
        if not low <= number <= high:
            raise ValueError(rule)
        return number

    return parse


def seconds(value: object) -> float:
    """Read a number of seconds above 0."""
    return min(_positive(value, "must be a number of seconds above 0"), LONGEST)


def milliseconds(value: object) -> float:
    """Read a number of milliseconds above 0."""
    return min(_positive(value, "must be a number of milliseconds above 0"), LONGEST * 1000)


def share(value: object) -> float:
    """Read a share: a number from 0 to 1."""
    rule = "must be a number from 0 to 1"
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(rule) from None
    if isinstance(value, bool) or not 0 <= number <= 1:
        raise ValueError(rule)
    return number


def _positive(value: object, rule: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(rule) from None
    if isinstance(value, bool) or not 0 < number < math.inf:
        raise ValueError(rule)
    return number


def text(value: object) -> str:
    """Read a text, spaces around it left out."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a non-empty text")
    return value.strip()


def exported_text(value: object) -> str:
    """Read a text that exporters must be able to write."""
    read = text(value)
    if encodable(read) != read:
        raise ValueError(f"must be a text that {ENCODABLE_RULE}")
    return read


def path(value: object) -> str:
    """Read the path of a file; whether it can be opened is seen when it is."""
    if not isinstance(value, (str, PathLike)) or "\0" in str(value):
        raise ValueError("must be the path of a file")
    return text(str(value))


def names(value: object) -> tuple[str, ...]:
    """Read names of exporters, separated by commas or in a sequence."""
    rule = "must name exporters, separated by commas"
    return tuple(dict.fromkeys(name.lower() for name in _listed(value, rule)))


def label_names(value: object) -> tuple[str, ...]:
    """Read names of labels, separated by commas or in a sequence."""
    rule = f"must name labels, separated by commas; a label's name {LABEL_RULE}"
    found = _listed(value, rule)
    if ERROR_TYPE in found or any(label_name(name) != name for name in found):
        raise ValueError(f"{rule}, nor {ERROR_TYPE!r}")
    return found


def _listed(value: object, rule: str) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, Iterable) or isinstance(names, (bytes, Mapping)):
        raise ValueError(rule)
    found = [name.strip() if isinstance(name, str) else "" for name in names]
    if not found or "" in found:
        raise ValueError(rule)
    return tuple(dict.fromkeys(found))


def one_of(*words: str) -> Callable[[object], str]:
    """Return a parser of one of ``words``."""

    def parse(value: object) -> str:
        word = value.strip().lower() if isinstance(value, str) else None
        if word not in words:
            raise ValueError(f"must be {' or '.join(map(repr, words))}")
        return word

    return parse


def headers(value: object) -> Mapping[str, str] | str:
    """Read headers, as a mapping of texts or as one text, which the exporter takes apart."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and _all_texts(*value, *value.values()):
        return dict(value)
    raise ValueError("must be a mapping of texts, or name=value pairs separated by commas")


def _all_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def credentials(value: object) -> tuple[str, str]:
    """Read a user and a password."""
    rule = "must be a user and a password, as the pair (user, password) or the text user:password"
    pair = tuple(value.partition(":")[::2]) if isinstance(value, str) else value
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(rule)
    user, password = pair
    if not isinstance(user, str) or not isinstance(password, str) or not user or not password:
        raise ValueError(rule)
    return user, password
