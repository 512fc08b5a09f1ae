"""What reading an endpoint raises."""

from __future__ import annotations


class ScrapeError(OSError):
    """An endpoint gave no answer that can be read; the message is one line."""
