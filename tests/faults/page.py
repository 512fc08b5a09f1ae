"""What processes say they have done, in a mapped file: it outlives any of them."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

_WORDS: Final = 4_096
_COLUMNS: Final = 3
ANNOUNCED, ACKNOWLEDGED, PID = range(_COLUMNS)


class Page:
    """Rows of three numbers. Each row is written to by one thread at a time, and read by anyone."""

    def __init__(self, path: str | Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, _WORDS * 8)
            self._words = memoryview(mmap.mmap(descriptor, _WORDS * 8)).cast("Q")
        finally:
            os.close(descriptor)

    def add(self, row: int, column: int) -> None:
        """Add 1."""
        self._words[row * _COLUMNS + column] += 1

    def put(self, row: int, column: int, value: int) -> None:
        """Replace a number."""
        self._words[row * _COLUMNS + column] = value

    def get(self, row: int, column: int) -> int:
        """Return a number."""
        return self._words[row * _COLUMNS + column]

    def total(self, column: int) -> int:
        """Return the sum over all rows."""
        return sum(self._words[column::_COLUMNS])
