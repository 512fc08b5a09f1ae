"""Where the table is shown: redrawn in place on a terminal, block after block elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Final, Protocol, TextIO

from otel_executor_metrics._text import can_redraw, cut

LOG_WIDTH: Final = 100


class Screen(Protocol):
    """Shows lines, and then other lines in their place."""

    interval: float
    """Seconds between two showings that suit a reader."""

    @property
    def width(self) -> int:
        """The columns that the longest line can take now."""

    @property
    def height(self) -> int | None:
        """The number of lines that can be shown now; None for any."""

    def show(self, lines: Sequence[str]) -> None:
        """Show ``lines`` in the place of those shown before."""


def screen_for(stream: TextIO) -> Screen:
    """Return the screen that suits ``stream``."""
    return TerminalScreen(stream) if can_redraw(stream) else PlainScreen(stream)


class TerminalScreen:
    """A terminal. Only cursor movements of ANSI X3.64 are used, and no colours."""

    interval = 1.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = 0
        self._size = shutil.get_terminal_size()

    @property
    def width(self) -> int:
        """One less than the terminal has: in its last column some wrap."""
        return shutil.get_terminal_size().columns - 1

    @property
    def height(self) -> int:
        """One less than the terminal has: the way back from the last one would scroll."""
        return shutil.get_terminal_size().lines - 1

    def show(self, lines: Sequence[str]) -> None:
        """Write over what was shown last."""
        before, self._size = self._size, shutil.get_terminal_size()
        way_back = f"\x1b[{self._shown}A" if self._shown else ""
        if self._shown and before != self._size:
            way_back = "\x1b[2J\x1b[H"  # lines wrapped anew: nobody knows how many there are
        # A line beyond the last one would scroll the first away; the way back ends at the top.
        fitting = [cut(line, self.width) for line in lines[: self._size.lines - 1]]
        drawn = "".join(f"\x1b[2K{line}\n" for line in fitting)
        self._stream.write(f"{way_back}{drawn}\x1b[J")
        self._stream.flush()
        self._shown = len(fitting)


class PlainScreen:
    """A pipe, a file or a terminal that can do nothing: no escape codes."""

    interval = 5.0
    height = None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._first = True

    @property
    def width(self) -> int:
        """A width that logs can bear, or that of ``COLUMNS``."""
        return shutil.get_terminal_size((LOG_WIDTH, 24)).columns

    def show(self, lines: Sequence[str]) -> None:
        """Write a block, with a blank line before it."""
        blank = [] if self._first else [""]
        self._stream.write("".join(f"{line}\n" for line in (*blank, *lines)))
        self._stream.flush()
        self._first = False
