"""File descriptors that may be closed behind our back.

What makes a daemon of a program closes all descriptors that it finds, and the next file that is
opened gets one of their numbers. To go on with the number would be to lock, write to or remove what
is somebody else's.
"""

from __future__ import annotations

import errno
import os
from typing import Final

KEPT: Final[list[object]] = []
"""What must never be freed: a mapping closes the number of its descriptor when it ends, whoever
has that number by then. (Python 3.13 can map without one.)"""


class LostError(OSError):
    """A descriptor was closed by somebody else."""


class Descriptor:
    """A file descriptor, and what tells whether it still is the one that was opened."""

    __slots__ = ("_identity", "_number")

    def __init__(self, number: int) -> None:
        self._number = number
        self._identity = _identity(number)

    @property
    def number(self) -> int:
        """The number, for the next call.

        Raises:
            LostError: it is no longer ours.
        """
        if self.lost:
            raise LostError(errno.EBADF, "somebody closed what this program had opened")
        return self._number

    @property
    def lost(self) -> bool:
        """Whether it is no longer ours, or closed."""
        try:
            return self._number < 0 or _identity(self._number) != self._identity
        except OSError:
            return True

    def is_same(self, other: int) -> bool:
        """Tell whether ``other`` is a descriptor of the same file."""
        return _identity(other) == self._identity

    def close(self) -> None:
        """Close it, if it is ours. Idempotent."""
        if not self.lost:
            os.close(self._number)
        self._number = -1


def _identity(number: int) -> tuple[int, int]:
    found = os.fstat(number)
    return found.st_dev, found.st_ino
