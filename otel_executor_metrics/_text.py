"""Text of others in a terminal: nothing in it that the terminal obeys, and as wide as it shows."""

from __future__ import annotations

import os
import unicodedata
from typing import Final, TextIO

ELLIPSIS: Final = "~"


def visible(text: str) -> str:
    """Return ``text`` with what a terminal would obey, or not show, as an escape sequence."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def cut(text: str, columns: int) -> str:
    """Return as much of ``text`` as fits into so many columns."""
    if width(text) <= columns:
        return text
    taken = 0
    for index, char in enumerate(text):
        taken += _columns(char)
        if taken > columns:
            return text[:index]
    return text


def fitted(text: str, columns: int) -> str:
    """Return ``text`` in exactly so many columns: with blanks behind it, or cut with a ``~``."""
    if width(text) > columns:
        text = cut(text, columns - 1) + ELLIPSIS
    return text + " " * (columns - width(text))


def can_redraw(stream: TextIO) -> bool:
    """Tell whether ``stream`` is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
