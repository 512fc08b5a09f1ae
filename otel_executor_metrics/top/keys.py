"""Keys of a terminal, as they are pressed."""

from __future__ import annotations

import os
import select
import sys
from types import TracebackType
from typing import Any, Final, TextIO

LEFT: Final = "<"
RIGHT: Final = ">"
QUIT: Final = "q"

_ARROWS: Final = {"\x1b[D": LEFT, "\x1bOD": LEFT, "\x1b[C": RIGHT, "\x1bOC": RIGHT}


class Keys:
    """While entered, the terminal hands on each key at once, and shows none.

    Ctrl-C and the like are signals as ever. On leaving, the terminal is as it was.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._before: list[Any] = []

    def __enter__(self) -> Keys:
        """Take the terminal over."""
        import termios
        import tty

        self._before = termios.tcgetattr(self.fileno())
        tty.setcbreak(self.fileno())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        import termios

        termios.tcsetattr(self.fileno(), termios.TCSAFLUSH, self._before)

    def fileno(self) -> int:
        """Return the descriptor that can be read when a key was pressed."""
        return self._terminal.fileno()

    def read(self) -> str:
        """Return the keys pressed since, the arrows as ``<`` and ``>``.

        A terminal that is gone says ``q``.
        """
        if not select.select([self], [], [], 0)[0]:
            return ""
        pressed = os.read(self.fileno(), 1024).decode(errors="ignore") or QUIT
        for arrow, key in _ARROWS.items():
            pressed = pressed.replace(arrow, key)
        return pressed


def keyboard() -> TextIO | None:
    """Return the terminal that stdin is, where its keys can be had one by one."""
    if sys.platform == "win32" or sys.stdin is None or not sys.stdin.isatty():
        return None
    return sys.stdin
