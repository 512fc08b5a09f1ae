"""The old component, of which this package takes the place: its one source file, loaded alone.

It is part of the distribution ``aiecs``, of which nothing else is installed or run.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

NAME = "old component"
DISTRIBUTION = "aiecs"
VERSION = "2.2.0"
SOURCE = "aiecs/infrastructure/monitoring/executor_metrics.py"
_TIMEOUT = 120.0  # seconds, for pip


class UnavailableError(Exception):
    """The old component cannot be had here; the message says why."""


@cache
def old_metrics() -> Any:
    """Return an ``ExecutorMetrics`` of the old component, which serves nowhere.

    Its lines of log go nowhere, too: it writes one for each failure, and one for each record whose
    labels it refuses.

    Raises:
        UnavailableError: the distribution can neither be found in the cache nor fetched.
    """
    spec = importlib.util.spec_from_file_location("old_executor_metrics", source_file())
    if spec is None or spec.loader is None:
        raise UnavailableError(f"{SOURCE} of {DISTRIBUTION} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__["start_http_server"] = lambda port: None
    logger = logging.getLogger(module.__name__)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return module.ExecutorMetrics(enable_metrics=True, metrics_port=0)


def cache_folder() -> Path:
    """Return the folder that outlives runs."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "otel-executor-metrics"


def source_file() -> Path:
    """Return the old component's source file, unpacked from its wheel into the cache if need be.

    Raises:
        UnavailableError: it is not in the cache, and pip cannot fetch it or it is not in there.
    """
    folder = cache_folder() / f"{DISTRIBUTION}-{VERSION}"
    file = folder / SOURCE
    if not file.is_file():
        _fetch(folder)
    return file


def _fetch(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--ignore-requires-python", "--dest", str(folder)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(  # noqa: S603 - pip, asked for a distribution of a fixed name
            [*command, f"{DISTRIBUTION}=={VERSION}"],
            check=True,
            capture_output=True,
            timeout=_TIMEOUT,
        )
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(SOURCE, folder)
    except (OSError, subprocess.SubprocessError, StopIteration, KeyError) as error:
        kind = type(error).__name__
        raise UnavailableError(
            f"{DISTRIBUTION} {VERSION} could not be fetched by pip ({kind})"
        ) from None
