"""A terminal that knows the few escape codes that the commands may use, and fails on any other."""

from __future__ import annotations

import io
import re

_TOKEN = re.compile(r"\x1b\[(\d*)([A-Za-z])|(\r|\n|[^\x1b\r\n]+)")


class Stream(io.StringIO):
    """A stream that says what it is."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._terminal


class Terminal:
    """A screen of ``columns`` by ``lines``, which scrolls but does not wrap."""

    def __init__(self, columns: int, lines: int) -> None:
        self._columns = columns
        self._height = lines
        self._cells = [""] * lines
        self._row = self._column = 0

    @property
    def text(self) -> list[str]:
        """The lines as a reader sees them, without the empty ones at the end."""
        lines = [line.rstrip() for line in self._cells]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def feed(self, output: str) -> None:
        """Do what ``output`` says."""
        end = 0
        for token in _TOKEN.finditer(output):
            assert token.start() == end, repr(output[end : token.start()])
            end = token.end()
            number, command, plain = token.groups()
            if plain is not None:
                self._write(plain)
            else:
                self._command(command, number)
        assert end == len(output), repr(output[end:])

    def _command(self, command: str, number: str) -> None:
        if command == "A":
            self._row -= int(number or 1)
            assert self._row >= 0, "the cursor left the screen"
        elif (command, number) == ("K", "2"):
            self._cells[self._row] = ""
        elif (command, number) == ("J", ""):
            self._cells[self._row] = self._cells[self._row][: self._column]
            self._cells[self._row + 1 :] = [""] * (self._height - self._row - 1)
        elif (command, number) == ("J", "2"):
            self._cells = [""] * self._height
        elif (command, number) == ("H", ""):
            self._row = self._column = 0
        else:
            raise AssertionError(f"unknown escape code {number}{command}")

    def _write(self, plain: str) -> None:
        if plain == "\r":
            self._column = 0
        elif plain == "\n":
            self._column = 0  # a terminal's driver makes it \r\n
            self._row += 1
            if self._row == self._height:
                self._cells = [*self._cells[1:], ""]
                self._row -= 1
        else:
            assert self._column + len(plain) < self._columns, f"too wide: {plain!r}"
            line = self._cells[self._row].ljust(self._column)
            self._column += len(plain)
            self._cells[self._row] = (
                line[: self._column - len(plain)] + plain + line[self._column :]
            )
