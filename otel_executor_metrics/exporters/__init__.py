"""Exporters by name: the built-in ones, and those that others register by entry point.

A third party registers a builder, ``Settings -> Exporter``, under the entry-point group
``otel_executor_metrics.exporters``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import show
from otel_executor_metrics.typing import Exporter

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_logger = logging.getLogger(__name__)

GROUP: Final = "otel_executor_metrics.exporters"

Builder: TypeAlias = Callable[[Settings], Exporter]

# Loaded when asked for: an exporter that is not used costs no import.
BUILTIN: Final = ("prometheus", "otlp", "console", "none")


def loaders() -> dict[str, Callable[[], Builder]]:
    """Return, by name, what loads the builder of each exporter that can be asked for."""
    # Not at the top: it brings email and zipfile, and who imports this package may need neither.
    from importlib.metadata import EntryPoint

    builtin = [
        EntryPoint(name, f"otel_executor_metrics.exporters.{name}:build", GROUP) for name in BUILTIN
    ]
    # A third party cannot put itself in the place of a built-in one.
    return {point.name: point.load for point in (*_third_parties(), *builtin)}


def _third_parties() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points

    try:
        return entry_points(group=GROUP)
    except Exception as error:  # a broken distribution, or no file descriptor left to read one
        _logger.warning("exporters of other distributions cannot be found: %s", show(error))
        return ()
