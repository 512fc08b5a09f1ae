"""What reading an endpoint raises."""

from __future__ import annotations


class ScrapeError(OSError):
    """An endpoint gave no answer that can be read; the message is one line.

    Args:
        message: the line.
        challenge: what its ``WWW-Authenticate`` header says, where it asked for credentials.
    """

    def __init__(self, message: str, *, challenge: str = "") -> None:
        super().__init__(message)
        self.challenge = challenge
