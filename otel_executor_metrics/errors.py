"""Exceptions of construction time. Recording raises none."""


class SettingError(ValueError):
    """A setting has a value that cannot be used.

    The message is one line with the setting (or the variable that it came from), the value and the
    rule: ``metrics_port='http': must be an integer from 0 to 65535``.
    """

    def __init__(
        self, setting: str, value: object, rule: str, *, shown_as: str | None = None
    ) -> None:
        super().__init__(f"{shown_as or setting}={_shorten(repr(value))}: {rule}")
        self.setting = setting
        self.rule = rule


class CatalogError(ValueError):
    """An operation of the catalogue breaks a rule, or two of them cannot live together."""


class MissingExtraError(ImportError):
    """An exporter needs a package that is not installed; the message names the extra."""


def _shorten(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
