"""compose.yaml as Docker Compose reads it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.containers.programs import wheel_program

ROOT = Path(__file__).parent.parent.parent
COMPOSE = ROOT / "compose.yaml"


def load(file: Path, environment: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return what compose makes of ``file``, or what it complains of.

    It checks the file by the schema of the Compose specification and for consistency, and puts in
    the variables of ``environment``.
    """
    done = subprocess.run(
        [wheel_program("docker-compose"), "--file", file, "config", "--format", "json"],
        cwd=file.parent,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return (json.loads(done.stdout), "") if done.returncode == 0 else ({}, done.stderr)


def services(**environment: str) -> dict[str, Any]:
    """Return the services of compose.yaml by name."""
    model, complaint = load(COMPOSE, environment)
    assert complaint == ""
    found: dict[str, Any] = model["services"]
    return found
