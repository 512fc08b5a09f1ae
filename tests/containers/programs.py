"""Programs that come in wheels with the development tools."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.real import give_up, installed


def wheel_program(name: str) -> Path:
    """Find a program in its variable, on ``PATH``, or beside this Python.

    Skips or fails the test where it cannot be had: the wheels are not for every machine.
    """
    found = installed(name) or Path(sys.executable).parent / name
    if not found.exists():
        give_up(f"no {name}: the wheel that brings it is not for this machine")
    return found
