"""Exceptions of construction time. Recording raises none."""

from __future__ import annotations

from collections.abc import Callable


class SettingError(ValueError):
    """A setting has a value that cannot be used.

    The message is one line with the setting (or the variable that it came from), the value and the
    rule: ``metrics_port='http': must be an integer from 0 to 65535``.
    """

    def __init__(
        self, setting: str, value: object, rule: str, *, shown_as: str | None = None
    ) -> None:
        super().__init__(f"{shown_as or setting}={show(value)}: {rule}")
        self.setting = setting


class CatalogError(ValueError):
    """An operation of the catalogue breaks a rule, or two of them cannot live together."""


class MissingExtraError(ImportError):
    """Something needs a package that is not installed; the message names the extra."""


def missing_extra(error: ImportError, what: str, extra: str) -> MissingExtraError:
    """Return the error for ``what``, for which ``extra`` brings the package."""
    remedy = f"pip install 'otel-executor-metrics[{extra}]'"
    return MissingExtraError(f"{error}; needed by {what}: {remedy}", name=error.name)


class_name: Callable[[type], str] = type.__dict__["__name__"].__get__
"""Return the name of a class, whatever a metaclass of the caller's makes of ``__name__``."""

_MAX_SHOWN = 100


def show(value: object) -> str:
    """Return a short ``repr`` of anything, even of what has none, for messages."""
    try:
        text = repr(value[:_MAX_SHOWN] if isinstance(value, (str, bytes)) else value)
    except Exception:  # a caller's own __repr__ may raise anything
        text = f"<{class_name(type(value))}>"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
