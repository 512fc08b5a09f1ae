"""Exporters by name: the built-in ones, and those that others register by entry point.

A third party registers a builder, ``Settings -> Exporter``, under the entry-point group
``otel_executor_metrics.exporters``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import SettingError, show
from otel_executor_metrics.typing import Exporter

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_logger = logging.getLogger(__name__)

GROUP: Final = "otel_executor_metrics.exporters"

Builder: TypeAlias = Callable[[Settings], Exporter]

# Loaded when asked for: an exporter that is not used costs no import.
_BUILTIN: Final = ("prometheus", "otlp", "console", "none")


def names() -> list[str]:
    """Return the names of all exporters that can be asked for, sorted."""
    return sorted(_known())


def builder(name: str) -> Builder:
    """Return the builder of the exporter ``name``.

    Raises:
        SettingError: there is none of that name.
        MissingExtraError: it needs a package that is not installed.
    """
    found = _known().get(name)
    if found is None:
        raise SettingError("exporter", name, f"must be among {', '.join(names())}")
    loaded: Builder = found.load()
    return loaded


def _known() -> Mapping[str, EntryPoint]:
    # Not at the top: it brings email and zipfile, and who imports this package may need neither.
    from importlib.metadata import EntryPoint

    builtin = [
        EntryPoint(name, f"otel_executor_metrics.exporters.{name}:build", GROUP)
        for name in _BUILTIN
    ]
    # A third party cannot put itself in the place of a built-in one.
    return {point.name: point for point in (*_third_parties(), *builtin)}


def _third_parties() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points

    try:
        return entry_points(group=GROUP)
    except Exception as error:  # a broken distribution, or no file descriptor left to read one
        _logger.warning("exporters of other distributions cannot be found: %s", show(error))
        return ()
