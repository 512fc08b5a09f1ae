"""Find a Python by its version: by name on the path, else among those of pyenv."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def find(version: str) -> Path | None:
    """Return a program that is Python ``version`` (``3.12``), or None where there is none."""
    named = shutil.which(f"python{version}")
    candidates = [Path(named)] if named else []
    return next((path for path in [*candidates, *_of_pyenv(version)] if _is(path, version)), None)


def _of_pyenv(version: str) -> list[Path]:
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return []
    installed = [name for name in _said(pyenv, "versions", "--bare").split() if _of(name, version)]
    return [Path(_said(pyenv, "prefix", name).strip()) / "bin" / "python" for name in installed]


def _of(name: str, version: str) -> bool:
    return name.startswith(f"{version}.")


def _is(path: Path, version: str) -> bool:
    # A shim of pyenv may be there for a version that is switched off: only running it tells.
    ask = "import sys; print('{}.{}'.format(*sys.version_info))"
    return _said(str(path), "-c", ask).strip() == version


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""
