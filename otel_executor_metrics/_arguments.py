"""Types of command-line arguments; argparse shows what they raise."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from urllib.parse import urlsplit


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a type that accepts the integers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ArgumentTypeError(f"{text!r}: must be an integer from {low} to {high}")
        return number

    return parse


def positive_number(high: float = math.inf) -> Callable[[str], float]:
    """Return a type that accepts the numbers above 0, up to ``high``."""
    rule = "must be a number above 0" + (f", at most {high:g}" if high < math.inf else "")

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 < number <= high or math.isinf(number):
            raise ArgumentTypeError(f"{text!r}: {rule}")
        return number

    return parse


def http_url(text: str) -> str:
    """Return ``text``, a URL of HTTP."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:  # a port that is no number
        usable = False
    if not usable or not text.isascii() or any(char.isspace() for char in text):
        meant = "" if "://" in text else f"; http://{text} perhaps"
        raise ArgumentTypeError(f"{text!r}: must be a URL, http://HOST:PORT{meant}")
    return text


port_number = whole_number(0, 65535)
