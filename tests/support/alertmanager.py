"""A real Alertmanager, for tests."""

from __future__ import annotations

import functools
from pathlib import Path

from tests.support.debian import UnavailableError
from tests.support.golang import go, go_program
from tests.support.real import give_up

# The release of compose.yaml. Debian's package cannot be run from where it is unpacked: its
# templates have a fixed place.
RELEASE = "v0.28.1"
_COMMANDS = [
    f"github.com/prometheus/alertmanager/cmd/{name}" for name in ("alertmanager", "amtool")
]


def alertmanager_program(name: str) -> Path:
    """Build ``alertmanager`` or ``amtool``; skip or fail the test where it cannot be had."""
    found = look_for_alertmanager()
    if isinstance(found, UnavailableError):
        give_up(str(found))
    return found.with_name(name)


@functools.cache
def look_for_alertmanager() -> Path | UnavailableError:
    """Return where an Alertmanager is, built if need be, or why there is none."""

    def build(folder: Path) -> None:
        go("install", *(f"{command}@{RELEASE}" for command in _COMMANDS), cwd=folder)

    try:
        return go_program("alertmanager", f"{RELEASE} with amtool", build)
    except UnavailableError as reason:
        return reason
