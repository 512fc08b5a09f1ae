"""What a setting is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from otel_executor_metrics.errors import SettingError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its argument, its variables in order of rank, and how a value is read.

    ``parse`` raises ``ValueError`` with the rule as its text. A setting that ``guards`` access
    is never replaced by its default: a door that cannot be locked as asked stays shut. The
    value of a ``secret`` one is shown nowhere.
    """

    argument: str
    variables: tuple[str, ...]
    parse: Callable[[object], Any]
    default: Any
    summary: str
    guards: bool = False
    secret: bool = False

    def read(self, shown_as: str, value: object) -> Any:
        """Return ``value`` as parsed, or raise SettingError."""
        try:
            return self.parse(value)
        except ValueError as error:
            shown = "(hidden)" if self.secret else value
            raise SettingError(self.argument, shown, str(error), shown_as=shown_as) from None
