"""Log records kept, to be shown where and when it suits."""

from __future__ import annotations

import logging
from types import TracebackType

MOST_KEPT = 100


class Notes(logging.Handler):
    """While entered, keeps the text of each warning that any library logs, once each.

    With ``logger`` only those of that logger, and of the ones below it, are kept.
    """

    def __init__(self, logger: str | None = None) -> None:
        super().__init__(logging.WARNING)
        self._logger = logging.getLogger(logger)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's message, in one line."""
        try:
            text = " ".join(record.getMessage().split())
        except Exception:  # arguments that do not fit the message, say: told as by any handler
            self.handleError(record)
            return
        if text not in self.texts and len(self.texts) < MOST_KEPT:
            self.texts.append(text)

    def taken(self) -> list[str]:
        """Return the texts, and forget them."""
        found, self.texts = self.texts, []
        return found

    def __enter__(self) -> Notes:
        """Listen."""
        self._logger.addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Listen no more."""
        self._logger.removeHandler(self)
