"""Programs of real servers: where they are found, and what their absence means."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.debian import UnavailableError, debian_package


@dataclass(frozen=True)
class Programs:
    """Where each program is, and the folders of libraries that came with them."""

    paths: Mapping[str, Path]
    libraries: tuple[Path, ...] = ()

    def environment(self) -> dict[str, str]:
        """Return this process's environment, fit for the programs: their libraries, no proxy."""
        found = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        if self.libraries:
            before = found.get("LD_LIBRARY_PATH", "").split(os.pathsep)
            folders = [*map(str, self.libraries), *filter(None, before)]
            found["LD_LIBRARY_PATH"] = os.pathsep.join(folders)
        return found


def find_programs(
    package: str, names: tuple[str, ...], *, with_dependencies: bool = False
) -> Programs:
    """Find each program in its variable, on ``PATH``, or in Debian's ``package``.

    The variable is the program's name in capitals: ``PROMETHEUS``, ``REDIS_SERVER``.

    Skips the test that asks, or fails it where ``REQUIRE_REAL_SERVERS`` is set, when there is no
    way to have them.
    """
    found = _look_for(package, names, with_dependencies=with_dependencies)
    if isinstance(found, UnavailableError):
        give_up(str(found))
    return found


@functools.cache  # the failure as well: without a network it takes its time
def _look_for(
    package: str, names: tuple[str, ...], *, with_dependencies: bool
) -> Programs | UnavailableError:
    here = {name: path for name in names if (path := installed(name)) is not None}
    missing = tuple(name for name in names if name not in here)
    if not missing:
        return Programs(here)
    try:
        unpacked = debian_package(package, missing, with_dependencies=with_dependencies)
    except UnavailableError as reason:
        return UnavailableError(f"no {' and no '.join(missing)}: {reason}")
    return Programs({**here, **unpacked.binaries}, unpacked.libraries)


def installed(name: str) -> Path | None:
    """Return the program that its variable names, or the one on ``PATH``, if any."""
    variable = name.upper().replace("-", "_")
    if named := os.environ.get(variable):
        if not os.access(named, os.X_OK):
            pytest.fail(f"{variable}={named}: must be the path of a program")
        return Path(named)
    found = shutil.which(name)
    return Path(found) if found else None


def give_up(reason: str) -> NoReturn:
    """Skip the test for ``reason``, or fail it where ``REQUIRE_REAL_SERVERS`` is set."""
    if os.environ.get("REQUIRE_REAL_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)
