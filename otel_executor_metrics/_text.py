"""Text for a terminal: nothing in it that the terminal obeys, and as wide as it shows."""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TextIO

ELLIPSIS: Final = "~"
GAP: Final = "  "
"""Between two columns of a table."""
UNKNOWN: Final = "-"
"""In the place of a number that there is not."""
LONGEST_COMPLAINT: Final = 200


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


def aligned(
    names: Sequence[str], columns: Iterable[Sequence[str]], name_width: int
) -> Iterator[str]:
    """Yield the lines of a table: a name in so many columns, then a cell of each column.

    ``names`` and each of ``columns`` begin with a title. Cells stand at the right of their column.
    """
    cells = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
    for name, *row in zip(names, *cells, strict=True):
        yield GAP.join([fitted(name, name_width), *row])


def complaint(error: Exception) -> str:
    """Return in one line, not too long, what a parser has to say of the text that it was given."""
    text = " ".join(str(error).split()) or "a line that the parser cannot read"
    return text if len(text) <= LONGEST_COMPLAINT else f"{text[:LONGEST_COMPLAINT]}…"


def duration(seconds: float) -> str:
    """Return a duration in at most six characters, ``-`` for NaN."""
    if math.isnan(seconds):
        return UNKNOWN
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.2f}s" if seconds < 100 else f"{seconds:.0f}s"


def can_redraw(stream: TextIO) -> bool:
    """Tell whether ``stream`` is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
