"""The catalogue that a user names on the command line."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable

from otel_executor_metrics.catalog import BUILTIN_OPERATIONS, Catalog, Operation


def named_operations(name: str | None) -> tuple[Operation, ...]:
    """Return the operations that ``module:attribute`` holds; without a name the built-in ones.

    Modules are looked for in the working directory first, as ``python -m`` does.

    Raises:
        ValueError: there is no such module or attribute, or it does not hold operations that can
            live together; one line that names it.
    """
    if name is None:
        return BUILTIN_OPERATIONS
    found = _attribute(name)
    if not isinstance(found, Iterable) or isinstance(found, (str, bytes)):
        raise ValueError(f"--catalog {name}: must hold Operation objects, is {found!r}")
    operations = tuple(Catalog(found))
    if not operations:
        raise ValueError(f"--catalog {name}: must hold at least one Operation")
    return operations


def _attribute(name: str) -> object:
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ValueError(f"--catalog {name}: must be MODULE:ATTRIBUTE, such as myapp.metrics:ALL")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, TypeError) as error:  # the last of ``..:NAME``
        raise ValueError(f"--catalog {name}: {error}") from error
