"""What OpenTelemetry's exporters log while they send for us: kept, so that one line can say it.

They log each attempt, each in its own words, and some with a traceback.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

_LONGEST: Final = 400


class _Filter(logging.Filter):
    """Keeps what the present thread logs inside :meth:`listening`; the rest goes its way."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    @contextmanager
    def listening(self) -> Iterator[list[logging.LogRecord]]:
        self._here.heard = heard = list[logging.LogRecord]()
        try:
            yield heard
        finally:
            del self._here.heard

    def filter(self, record: logging.LogRecord) -> bool:
        heard: list[logging.LogRecord] | None = getattr(self._here, "heard", None)
        if heard is None:
            return True
        heard.append(record)
        return False


_FILTER: Final = _Filter()
listening: Final = _FILTER.listening
"""Enter it to get the list of what the loggers of :func:`listen_to` are told meanwhile."""


def listen_to(loggers: Iterable[str]) -> None:
    """Let :data:`listening` hear these loggers. Idempotent."""
    for name in loggers:
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            # First: some have a filter of their own that drops what was said a moment ago.
            logger.filters.insert(0, _FILTER)


def reason(heard: list[logging.LogRecord]) -> str:
    """Return in one line why it failed: the last word, and what was transient before it."""
    if not heard:
        return "no reason is known"
    text = heard[-1].getMessage()
    for record in reversed(heard[:-1]):
        # "Transient error %s encountered …": what it was is the first argument.
        before = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        if before and before not in text:
            text = f"{text} Before that: {before}"
            break
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
