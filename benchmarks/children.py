"""Processes of this Python, started to measure what a fresh process shows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
_TIMEOUT = 300.0


def run_python(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run Python with ``arguments`` where this package can be imported; return its output.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    return subprocess.run(  # noqa: S603 - this Python, on code of this package
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},  # the same tables in every run
        check=True,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
    )
