"""Small programs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import otel_executor_metrics

ROOT = Path(otel_executor_metrics.__file__).parent.parent


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment, without proxies and with the package to be found."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**kept, "PYTHONPATH": str(ROOT), **(extra or {})}


def run_program(
    source: str, extra: Mapping[str, str] | None = None, *, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a Python program to its end; what it writes is captured."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(source)],
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def start_program(source: str, extra: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a Python program whose input and output are pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        env=environment(extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
